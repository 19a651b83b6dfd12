//! Unstaged changes: the index against the listing.

use rayon::prelude::*;
use sha1::{Digest as _, Sha1};

use super::attributes::Conversion;
use super::checkout::{Checkout, Tracked, file_of};
use super::index::FileMode;
use super::objects::oid;
use super::place::GitPlace;
use super::{lfs, repo};
use crate::collect::Wanted;
use crate::snapshot::{Change, ChangeKind, Content, Entry, NotJudged, ReadFailure, Stage, Submodule};

/// What the files say.
#[derive(Debug, Default)]
pub(super) struct Files {
    pub(super) changes: Vec<Change>,
    pub(super) not_judged: Vec<NotJudged>,
    pub(super) submodules: Vec<Submodule>,
    /// Entries of the listing that are byte for byte the blob of their index entry, in order.
    pub(super) known: Vec<(usize, [u8; 20])>,
    /// How many tracked paths the configuration ignores.
    pub(super) left_out: usize,
}

/// Texts above this are not converted to be judged.
const LARGEST_TEXT: u64 = 1 << 28;

enum Verdict {
    Same { known: bool },
    Changed(ChangeKind),
    NotJudged(String),
    LeftOut,
}

/// Judges every tracked path below the root.
pub(super) fn judge(checkout: &Checkout<'_>) -> Files {
    ask_ahead(checkout);
    let all = || checkout.tracked.par_iter().with_min_len(64).map(|path| verdict(checkout, path)).collect();
    let verdicts: Vec<(Verdict, Option<Submodule>)> = checkout.around.compute(all);
    let mut files = Files::default();
    for (path, (verdict, submodule)) in checkout.tracked.iter().zip(verdicts) {
        files.submodules.extend(submodule);
        match verdict {
            Verdict::Same { known: false } => {}
            Verdict::Same { known: true } => files.known.extend(path.listed.map(|at| (at, path.entry.id))),
            Verdict::Changed(kind) => {
                files.changes.push(Change { path: path.common.clone(), from: None, stage: Stage::Unstaged, kind });
            }
            Verdict::NotJudged(reason) => files.not_judged.push(NotJudged { path: path.common.clone(), reason }),
            Verdict::LeftOut => files.left_out += 1,
        }
    }
    files.known.sort_unstable();
    files
}

/// The entries of the listing that the index proves to be byte for byte the blob of their index entry, in order.
pub(super) fn vouched(checkout: &Checkout<'_>) -> Vec<(usize, [u8; 20])> {
    let is_plain =
        |path: &Tracked| checkout.attributes.conversion(&checkout.repository_path(&path.here)) == Conversion::None;
    let vouched = checkout.tracked.iter().filter(|path| checkout.vouches(path) && is_plain(path));
    let mut known: Vec<_> = vouched.filter_map(|path| Some((path.listed?, path.entry.id))).collect();
    known.sort_unstable();
    known
}

/// Announces what will be asked of the files.
fn ask_ahead(checkout: &Checkout<'_>) {
    let hasher = checkout.around.hasher;
    if !hasher.is_far() {
        return;
    }
    let mut wanted = Wanted::default();
    let mut texts = Vec::new();
    for path in &checkout.tracked {
        let Some(at) = path.listed else { continue };
        let Some(file) = file_of(&checkout.around.listing.snapshot.entries[at].content) else { continue };
        let is_link = path.entry.mode == FileMode::Link;
        let is_file = matches!(path.entry.mode, FileMode::File | FileMode::Executable);
        if path.entry.stage != 0 || path.entry.intent_to_add || !(is_file || is_link) || checkout.vouches(path) {
            continue;
        }
        let blob = checkout.repo.objects.blob_size(oid(&path.entry.id)).ok();
        match checkout.attributes.conversion(&checkout.repository_path(&path.here)) {
            _ if is_link => wanted.names.push(at),
            Conversion::None if blob.is_none_or(|blob| blob == file.size) => wanted.names.push(at),
            Conversion::LineEndings(_) => {
                wanted.names.push(at);
                texts.push((at, path.entry.id));
            }
            Conversion::Lfs if blob == Some(file.size) => wanted.names.push(at),
            Conversion::Lfs if lfs::size(checkout, path) == Some(file.size) => wanted.sha256.push(at),
            _ => {}
        }
    }
    hasher.expect(&wanted);
    // Line endings can only be told where the bytes are.
    let changed = texts.into_iter().filter(|(at, id)| hasher.raw(*at).is_ok_and(|name| name != *id));
    hasher.expect(&Wanted { texts: changed.map(|(at, _)| at).collect(), ..Wanted::default() });
}

fn verdict(checkout: &Checkout<'_>, path: &Tracked) -> (Verdict, Option<Submodule>) {
    // A conflict was reported with the staged changes.
    if path.entry.stage != 0 {
        return (Verdict::Same { known: false }, None);
    }
    let Some(at) = path.listed else { return (missing(checkout, path), None) };
    let listed = &checkout.around.listing.snapshot.entries[at];
    if let Content::Unreadable { incident, .. } = &listed.content {
        let incident = checkout.around.listing.snapshot.incidents.get(incident.0 as usize);
        let reason = incident.map_or_else(|| "it cannot be read".to_owned(), |incident| incident.message.clone());
        return (Verdict::NotJudged(reason), None);
    }
    if path.entry.mode == FileMode::Gitlink {
        return submodule(checkout, path, &listed.content);
    }
    if path.entry.intent_to_add {
        return (Verdict::Changed(ChangeKind::Added), None);
    }
    let verdict = match (&listed.content, path.entry.mode) {
        (Content::File(_), FileMode::File | FileMode::Executable) => regular(checkout, path, at, listed),
        (Content::File(_), FileMode::Link) if checkout.repo.config.get_bool("core.symlinks") == Some(false) => {
            // Where links cannot be made, a file holds what the link would point to.
            match checkout.around.hasher.raw(at) {
                Ok(name) if name == path.entry.id => Verdict::Same { known: false },
                Ok(_) => Verdict::Changed(ChangeKind::Modified),
                Err(failure) => Verdict::NotJudged(failure.to_string()),
            }
        }
        (Content::Symlink { target }, FileMode::Link) if blob_name(target) == path.entry.id => {
            Verdict::Same { known: false }
        }
        (Content::Symlink { .. }, FileMode::Link) => Verdict::Changed(ChangeKind::Modified),
        // Whatever is in the folder now is reported for itself.
        (Content::Directory, _) => Verdict::Changed(ChangeKind::Deleted),
        _ => Verdict::Changed(ChangeKind::TypeChanged),
    };
    (verdict, None)
}

fn missing(checkout: &Checkout<'_>, path: &Tracked) -> Verdict {
    if checkout.is_left_out(&path.common) {
        return Verdict::LeftOut;
    }
    let snapshot = &checkout.around.listing.snapshot;
    let above = path.common.ancestors().filter_map(|folder| {
        let at = snapshot.find(&crate::path::TreePath::new(folder).ok()?)?;
        match &snapshot.entries[at].content {
            Content::Unreadable { incident, .. } => Some(*incident),
            _ => None,
        }
    });
    if let Some(incident) = above.into_iter().next().and_then(|incident| snapshot.incidents.get(incident.0 as usize)) {
        return Verdict::NotJudged(incident.message.clone());
    }
    if path.entry.skip_worktree { Verdict::Same { known: false } } else { Verdict::Changed(ChangeKind::Deleted) }
}

fn regular(checkout: &Checkout<'_>, path: &Tracked, at: usize, listed: &Entry) -> Verdict {
    let keeps_modes = checkout.repo.config.get_bool("core.filemode") != Some(false);
    let executable = listed.attributes.mode & 0o100 != 0;
    let mode_changed = keeps_modes && executable != (path.entry.mode == FileMode::Executable);
    let conversion = checkout.attributes.conversion(&checkout.repository_path(&path.here));
    let same = if checkout.vouches(path) { Ok(true) } else { content_is_same(checkout, path, at, listed, &conversion) };
    match same {
        Err(reason) => Verdict::NotJudged(reason),
        Ok(false) => Verdict::Changed(ChangeKind::Modified),
        Ok(true) if mode_changed => Verdict::Changed(ChangeKind::ModeChanged),
        Ok(true) => Verdict::Same { known: conversion == Conversion::None && checkout.vouches(path) },
    }
}

fn content_is_same(
    checkout: &Checkout<'_>,
    path: &Tracked,
    at: usize,
    listed: &Entry,
    conversion: &Conversion,
) -> Result<bool, String> {
    let hasher = checkout.around.hasher;
    let words = |failure: ReadFailure| failure.to_string();
    let size = file_of(&listed.content).map_or(0, |file| file.size);
    match conversion {
        Conversion::None => {
            // Without conversion another length is another content; the object's header knows its length.
            let blob = checkout.repo.objects.blob_size(oid(&path.entry.id));
            if blob.is_ok_and(|blob| blob != size) {
                return Ok(false);
            }
            Ok(hasher.raw(at).map_err(words)? == path.entry.id)
        }
        Conversion::LineEndings(endings) => {
            if hasher.raw(at).map_err(words)? == path.entry.id {
                return Ok(true);
            }
            let normalized = hasher.blob(at).map_err(words)?.normalized;
            if normalized == Some(path.entry.id) {
                return Ok(true);
            }
            if endings.auto || normalized.is_some() {
                return Ok(false);
            }
            // What an attribute calls text is converted even where it does not look like text.
            let bytes = hasher.read(at, LARGEST_TEXT).map_err(words)?;
            Ok(blob_name(&without_cr(&bytes)) == path.entry.id)
        }
        Conversion::Lfs => lfs::is_same(checkout, path, at, size),
        Conversion::Filter(name) => {
            Err(format!("the filter `{name}` would have to run to tell whether it was changed, and nothing is run"))
        }
        Conversion::Encoding => {
            Err("it was touched, and is kept in another encoding (`working-tree-encoding`), which is not converted"
                .to_owned())
        }
        Conversion::Ident => {
            Err("it was touched, and its `$Id$` is expanded (`ident`), which is not undone".to_owned())
        }
    }
}

fn submodule(checkout: &Checkout<'_>, path: &Tracked, content: &Content) -> (Verdict, Option<Submodule>) {
    let recorded = super::objects::commit_id(oid(&path.entry.id));
    let mut submodule = Submodule { path: path.common.clone(), recorded, checked_out: None };
    if !matches!(content, Content::Directory) {
        return (Verdict::Changed(ChangeKind::TypeChanged), Some(submodule));
    }
    let folder = checkout.around.root.join(super::patterns::as_path(path.here.as_bytes()));
    let head = GitPlace::of_checkout(checkout.around.files, &folder).and_then(|place| match place {
        Some(place) => repo::head_of(&place),
        None => Ok(None),
    });
    let verdict = match head {
        Ok(None) => Verdict::Same { known: false },
        Ok(Some(id)) => {
            submodule.checked_out = Some(super::objects::commit_id(id));
            if submodule.checked_out.as_ref() == Some(&submodule.recorded) {
                Verdict::Same { known: false }
            } else {
                Verdict::Changed(ChangeKind::Modified)
            }
        }
        Err(fault) => Verdict::NotJudged(fault.to_string()),
    };
    (verdict, Some(submodule))
}

/// git's name for a content.
pub(super) fn blob_name(bytes: &[u8]) -> [u8; 20] {
    let mut digest = Sha1::new();
    digest.update(format!("blob {}\0", bytes.len()));
    digest.update(bytes);
    digest.finalize().into()
}

fn without_cr(bytes: &[u8]) -> Vec<u8> {
    let followed_by_lf = |at: usize| bytes.get(at + 1) == Some(&b'\n');
    let kept = bytes.iter().enumerate().filter(|&(at, &byte)| byte != b'\r' || !followed_by_lf(at));
    kept.map(|(_, &byte)| byte).collect()
}
