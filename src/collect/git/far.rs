//! Judges a folder of another machine: its repository's files as bytes, its objects in a quarantine here.

use std::collections::BTreeSet;
use std::io;
use std::num::NonZeroU32;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use git2::Oid;

use super::checkout::Surroundings;
use super::config::GitConfig;
use super::facts;
use super::fault::GitFault;
use super::fetched::Fetched;
use super::files::{GitFiles, SMALL};
use super::judge::{Judgement, judge_in};
use super::objects::{Objects, parse_id};
use super::place::GitPlace;
use super::quarantine::{Quarantine, request};
use super::refs::{Refs, Target};
use super::repo::Repo;
use super::store::{Stock, Store};
use crate::collect::far::{FarGit, GitFile, GitItem, PackFault, PackRequest};
use crate::collect::{BlobHasher, Filter, Listing};
use crate::config::PathMap;
use crate::path::TreePath;
use crate::snapshot::{Content, Counters, GitState, Incident, IncidentKind};
use crate::text::Redactor;

/// No history has more bytes.
const LARGEST_PACK: u64 = 4 << 30;

/// Where there is no git program to make a pack, no more than so many bytes of files are copied.
const LARGEST_COPY: u64 = 256 << 20;

/// What is needed to judge a folder of another machine.
pub(crate) struct FarCheckout<'a> {
    pub(crate) git: &'a dyn FarGit,
    pub(crate) map: &'a PathMap,
    pub(crate) filter: &'a Filter,
    pub(crate) listing: &'a Listing,
    pub(crate) hasher: &'a dyn BlobHasher,
    /// Does what only computes.
    pub(crate) pool: &'a rayon::ThreadPool,
    /// Where objects are kept for the next run.
    pub(crate) state: Option<&'a Path>,
    /// The name of the source.
    pub(crate) identity: &'a [u8],
    /// How many of the newest commits of each branch are fetched.
    pub(crate) depth: Option<NonZeroU32>,
    pub(crate) redactor: &'a Redactor,
    pub(crate) work: &'a Mutex<Counters>,
}

/// Judges it.
///
/// # Cost
/// Round trips: one for the files of the repository, one for its history where something of it is new, one for what is staged and new, and those
/// of `hasher`. None grows with the number of files or commits. Called outside of any pool.
pub(crate) fn judge_far(checkout: &FarCheckout<'_>) -> Judgement {
    let unknown = |reason: String| Judgement::without(GitState::Unknown { reason });
    let git = checkout.git;
    if git.dot().is_none() && bare(checkout.listing, checkout.map).is_empty() {
        return Judgement::without(GitState::None);
    }
    if checkout.listing.snapshot.incidents.iter().any(|incident| incident.kind == IncidentKind::Environment) {
        // What was not listed would look as if it were deleted.
        return unknown("its listing is not complete".to_owned());
    }
    let told = match git.dot() {
        None => Ok(None),
        Some(_) => checkout.counted(|counters| git.files(counters)).map(Some),
    };
    let (root, has_git, files) = match told {
        Ok(Some(told)) => (told.root, told.has_git, told.files),
        Ok(None) => ("/".into(), false, Vec::new()),
        Err(why) => return unknown(format!("its files could not be read: {why}")),
    };
    // That there is a repository is known also of those about which no more was told.
    let nested = git.nested().iter().map(|folder| GitFile {
        path: root.join(super::patterns::as_path(folder.as_bytes())).join(".git"),
        item: GitItem::Other,
    });
    let marks = bare(checkout.listing, checkout.map)
        .into_iter()
        .map(|name| GitFile { path: root.join(super::patterns::as_path(name.as_bytes())), item: GitItem::Other });
    let mut all: Vec<GitFile> = nested.chain(marks).collect();
    all.extend(files);
    let files: Arc<dyn GitFiles> = Arc::new(Fetched::new(all));
    let quarantine = match Quarantine::open(checkout.state, checkout.identity) {
        Ok(quarantine) => quarantine,
        Err(error) => return unknown(format!("there is no place for its objects: {error}")),
    };
    // What an earlier run left out is wanted now, and cannot be told from what is there.
    let is_too_short = |(kept, _): (u32, Vec<Oid>)| checkout.depth.is_none_or(|depth| depth.get() > kept);
    if quarantine.cut().is_some_and(is_too_short)
        && let Err(error) = quarantine.clear()
    {
        return unknown(format!("there is no place for its objects: {error}"));
    }
    let around = Surroundings {
        files: &files,
        root: &root,
        map: checkout.map,
        filter: checkout.filter,
        listing: checkout.listing,
        hasher: checkout.hasher,
        pool: Some(checkout.pool),
    };
    let store = FarStore { checkout, quarantine: &quarantine, has_git };
    let had = !quarantine.tips().is_empty();
    let judged = match judge_in(around, &store) {
        // What an earlier run left is not what it is taken for: once more, from the beginning.
        Err(GitFault::Object { .. } | GitFault::Malformed { .. }) if had && quarantine.clear().is_ok() => {
            judge_in(around, &store)
        }
        judged => judged,
    };
    let mut judgement = judged.unwrap_or_else(|fault| unknown(fault.to_string()));
    if checkout.depth.is_some() && !has_git {
        judgement.incidents.push(Incident {
            path: None,
            kind: IncidentKind::Note,
            message: "there is no git there, so its history comes as files and whole, whatever `depth` says".to_owned(),
            hint: Some("install git there, or leave `depth` out".to_owned()),
        });
    }
    judgement
}

/// What a bare repository has in its folder, when the root looks like one.
fn bare(listing: &Listing, map: &PathMap) -> Vec<TreePath> {
    let is_there = |name: &&str| {
        let path = TreePath::new(name.as_bytes()).ok().map(|here| map.to_common(&here));
        path.is_some_and(|path| listing.snapshot.find(&path).is_some())
    };
    let names = ["HEAD", "objects", "refs"];
    if !names.iter().all(is_there) {
        return Vec::new();
    }
    let has_head = TreePath::new(*b"HEAD").ok().and_then(|head| listing.snapshot.find(&map.to_common(&head)));
    let is_file = has_head.is_some_and(|at| matches!(listing.snapshot.entries[at].content, Content::File(_)));
    let paths = names.iter().filter_map(|name| TreePath::new(name.as_bytes()).ok());
    if is_file { paths.collect() } else { Vec::new() }
}

impl FarCheckout<'_> {
    fn counted<T>(&self, ask: impl FnOnce(&mut Counters) -> T) -> T {
        let mut counters = Counters::default();
        let answer = ask(&mut counters);
        *self.work.lock().unwrap_or_else(PoisonError::into_inner) += counters;
        answer
    }
}

/// Fetches objects into a quarantine.
struct FarStore<'a> {
    checkout: &'a FarCheckout<'a>,
    quarantine: &'a Quarantine,
    has_git: bool,
}

impl Store for FarStore<'_> {
    fn open(&self, place: &GitPlace, config: &GitConfig, refs: &Refs) -> Result<Stock, GitFault> {
        let shallow = place.files.read(&place.common_dir.join("shallow"), SMALL)?.unwrap_or_default();
        let mut objects = self.quarantine.objects(&shallow)?;
        objects.cut_off(&self.cut())?;
        let (tips, older) = wanted(config, refs)?;
        let lacking = |ids: &BTreeSet<Oid>| ids.iter().copied().filter(|&id| !objects.contains(id)).collect::<Vec<_>>();
        let (new, mut all) = (lacking(&tips), lacking(&older));
        if new.is_empty() && all.is_empty() {
            return Ok(Stock { objects, lacks: None });
        }
        all.extend(&new);
        let fetched = if let Some(why) = self.no_pack(config) {
            self.copy(place, &objects, why)
        } else {
            // All but the newest stash are named by a file alone, and need not be there.
            let depth = self.checkout.depth;
            let outcome = match self.pack(place, &all, depth) {
                Err(PackFault::Refused(_)) if all.len() > new.len() => self.pack(place, &new, depth),
                outcome => outcome,
            };
            match outcome.map_err(|fault| (format!("its history could not be fetched: {}", in_words(&fault)), fault)) {
                Ok(()) => Ok(()),
                // A git that is too old for the repository, or that it is damaged for, may still leave files to read.
                Err((why, PackFault::Refused(_))) => self.copy(place, &objects, &why).and_then(|()| {
                    match new.iter().find(|&&id| !objects.contains(id)) {
                        None => Ok(()),
                        Some(id) => Err(format!("{why}, and the object {id} is in no file")),
                    }
                }),
                Err((why, _)) => Err(why),
            }
        };
        objects.cut_off(&self.cut())?;
        if fetched.is_ok() {
            // Not to know them next time costs a longer answer, and no more.
            let _ = self.quarantine.add_tips(&tips.into_iter().collect::<Vec<_>>());
        }
        Ok(Stock { objects, lacks: fetched.err() })
    }

    fn complete(&self, repo: &Repo, named: &mut dyn Iterator<Item = (&TreePath, Oid)>) -> Result<(), String> {
        let Repo { place, config, objects, lacks, .. } = repo;
        let missing: BTreeSet<Oid> = named
            .filter(|(path, id)| !objects.contains(*id) && !self.checkout.redactor.is_sensitive(path))
            .map(|(_, id)| id)
            .collect();
        let missing: Vec<Oid> = missing.into_iter().collect();
        if missing.is_empty() || lacks.is_some() {
            return Ok(());
        }
        // What is nowhere cannot be had, and is judged without; what could not be asked for is another thing.
        let outcome = match self.no_pack(config) {
            Some(why) => return self.copy(place, objects, why),
            None => self.pack(place, &missing, None),
        };
        match outcome {
            Err(fault @ PackFault::Refused(_)) => drop(self.copy(place, objects, &in_words(&fault))),
            Err(fault) => return Err(format!("what is staged could not be fetched: {}", in_words(&fault))),
            Ok(()) => {}
        }
        Ok(())
    }
}

impl FarStore<'_> {
    /// Why git is not asked for a pack.
    fn no_pack(&self, config: &GitConfig) -> Option<&'static str> {
        if !self.has_git {
            Some("there is no git program there")
        } else if runs_other_programs(config) {
            Some("its config makes git run other programs to get objects")
        } else {
            None
        }
    }

    /// Commits below which nothing was fetched.
    fn cut(&self) -> Vec<Oid> {
        self.quarantine.cut().map(|(_, cut)| cut).unwrap_or_default()
    }

    fn pack(&self, place: &GitPlace, wants: &[Oid], depth: Option<NonZeroU32>) -> Result<(), PackFault> {
        if wants.is_empty() {
            return Ok(());
        }
        let words = request(wants, &self.quarantine.tips(), &self.cut(), depth);
        let dot = self.checkout.git.dot().unwrap_or_default();
        let request = PackRequest {
            top: dot.parent().unwrap_or(&dot),
            git_dir: &place.git_dir,
            common_dir: &place.common_dir,
            words: &words,
            limit: LARGEST_PACK,
        };
        let unusable = |error: git2::Error| PackFault::Unusable(error.message().to_owned());
        let mut incoming = self.quarantine.receive().map_err(unusable)?;
        let cut = self.checkout.counted(|counters| self.checkout.git.pack(request, counters, &mut incoming))?;
        incoming.finish().map_err(unusable)?;
        let cut: Vec<Oid> = cut.iter().filter_map(|id| parse_id(id)).collect();
        match depth.filter(|_| !cut.is_empty()) {
            None => Ok(()),
            Some(depth) => self
                .quarantine
                .add_cut(depth.get(), &cut)
                .map_err(|error| PackFault::Unusable(format!("where it is cut off cannot be kept: {error}"))),
        }
    }

    /// Copies packs and single objects as files, as far as they are not here already. `why` says why that is done.
    fn copy(&self, place: &GitPlace, objects: &Objects, why: &str) -> Result<(), String> {
        let git = self.checkout.git;
        let alternates = place.files.read(&place.common_dir.join("objects/info/alternates"), SMALL);
        if !matches!(alternates, Ok(None)) {
            return Err(format!("{why}, and the repository borrows objects from another one"));
        }
        let listed = self.checkout.counted(|counters| git.objects(&place.common_dir, counters));
        let listed = listed.map_err(|words| format!("its objects could not be listed: {words}"))?;
        let (mut files, mut names, mut bytes) = (Vec::new(), Vec::new(), 0_u64);
        for (name, size) in listed {
            let is_wanted = match (pack_name(&name), loose_id(&name)) {
                (Some(pack), _) => !self.quarantine.has_pack(pack),
                (_, Some(id)) => !objects.contains(id),
                _ => false,
            };
            if is_wanted {
                bytes = bytes.saturating_add(size);
                files.push((place.common_dir.join("objects").join(&name), size));
                names.push(name);
            }
        }
        if bytes > LARGEST_COPY {
            return Err(format!(
                "{why}, and its objects have {bytes} bytes, more than the {LARGEST_COPY} that are copied as files"
            ));
        }
        if files.is_empty() {
            return Ok(());
        }
        let mut damaged = None;
        let copied = self.checkout.counted(|counters| {
            git.raw(&files, counters, &mut |at, bytes| {
                if let Err(error) = self.take(&names[at], &bytes) {
                    damaged.get_or_insert_with(|| format!("`{}`: {error}", files[at].0.display()));
                }
            })
        });
        copied.map_err(|words| format!("its objects could not be copied: {words}"))?;
        damaged.map_or(Ok(()), |what| Err(format!("its objects cannot be used: {what}")))
    }

    fn take(&self, name: &str, bytes: &[u8]) -> io::Result<()> {
        let unusable = |error: git2::Error| io::Error::other(error.message().to_owned());
        if let Some(id) = loose_id(name) {
            return self.quarantine.keep_loose(id, bytes);
        }
        let mut incoming = self.quarantine.receive().map_err(unusable)?;
        io::copy(&mut &*bytes, &mut incoming)?;
        incoming.finish().map_err(unusable)
    }
}

/// What is needed of a repository: commits that must be there, and such as a file of records names alone.
fn wanted(config: &GitConfig, refs: &Refs) -> Result<(BTreeSet<Oid>, BTreeSet<Oid>), GitFault> {
    let mut tips: BTreeSet<Oid> = refs.head_id()?.into_iter().collect();
    for prefix in ["refs/heads/", "refs/remotes/"] {
        tips.extend(refs.below(prefix)?.into_values());
    }
    if let Target::Symbolic(branch) = refs.head()?
        && let Some(followed) = facts::followed(config, &branch)
    {
        tips.extend(refs.resolve(&followed)?);
    }
    let mut older = BTreeSet::new();
    if let Some(newest) = refs.resolve(b"refs/stash")? {
        tips.insert(newest);
        older.extend(refs.log("refs/stash")?.iter().filter_map(|line| parse_id(line.get(41..81)?)));
    }
    older.retain(|id| !tips.contains(id));
    Ok((tips, older))
}

/// Whether packing could make git get objects from elsewhere, by programs that the config names. What it includes is not read here, and may say
/// so too.
fn runs_other_programs(config: &GitConfig) -> bool {
    config.has_includes() || config.has_promisor()
}

fn pack_name(name: &str) -> Option<&str> {
    let pack = name.strip_prefix("pack/")?;
    let digits = pack.strip_prefix("pack-")?.strip_suffix(".pack")?;
    (digits.len() == 40 && is_hex(digits)).then_some(pack)
}

fn loose_id(name: &str) -> Option<Oid> {
    let (first, rest) = name.split_once('/')?;
    (first.len() == 2 && rest.len() == 38 && is_hex(first) && is_hex(rest)).then_some(())?;
    Oid::from_str(&[first, rest].concat()).ok()
}

fn is_hex(digits: &str) -> bool {
    digits.bytes().all(|digit| matches!(digit, b'0'..=b'9' | b'a'..=b'f'))
}

fn in_words(fault: &PackFault) -> String {
    match fault {
        PackFault::Refused(words) => format!("git says `{words}` there"),
        PackFault::TooLarge(limit) => format!("it has more than {limit} bytes"),
        PackFault::Unusable(words) => format!("what came is damaged: {words}"),
        PackFault::Lost(words) => words.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_names_of_objects_are_copied() {
        let (pack, id) = ("a".repeat(40), "b".repeat(38));
        assert!(pack_name(&format!("pack/pack-{pack}.pack")).is_some());
        for name in
            [format!("pack/../pack-{pack}.pack"), format!("pack/pack-{pack}.idx"), "pack/pack-x.pack".to_owned()]
        {
            assert_eq!(pack_name(&name), None, "{name}");
        }
        assert!(loose_id(&format!("cc/{id}")).is_some());
        for name in [format!("../{id}"), format!("cc/{id}a"), format!("CC/{id}"), "info/packs".to_owned()] {
            assert_eq!(loose_id(&name), None, "{name}");
        }
    }
}
