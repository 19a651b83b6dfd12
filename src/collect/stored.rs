//! A snapshot as an environment: everything in it is known, and nothing is read but the file.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, Cursor};
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};

use super::naming::Naming;
use super::places::Places;
use super::walk::Walked;
use super::{archive, settle};
use crate::collect::{CollectError, Filter, Listing, OpenError, OpenFile, Source, SourceReader, Stamp, Watch};
use crate::config::PathMap;
use crate::path::{EnvironmentName, TreePath};
use crate::snapshot::format::{self, FormatError, Stored};
use crate::snapshot::{Content, Counters, Incident, IncidentKind, TextFold};
use crate::text::Redactor;
use crate::text::secrets::Sealed;

/// A file that `driftline snapshot` wrote.
pub struct StoredSnapshot {
    environment: EnvironmentName,
    path: PathBuf,
    canonical: PathBuf,
    file: Arc<File>,
    map: PathMap,
    redactor: Redactor,
    known: OnceLock<Known>,
}

/// What a listing left for later, by common paths.
struct Known {
    folds: BTreeMap<TreePath, TextFold>,
    contents: BTreeMap<TreePath, Vec<u8>>,
    sealed: BTreeMap<TreePath, Sealed>,
    /// It was taken under another key, so nothing can be said of what is sealed in it.
    is_foreign: bool,
}

impl StoredSnapshot {
    /// Opens the file; what is in it is read when it is listed. What is sealed in it can be used when it was sealed by this redactor.
    ///
    /// # Errors
    /// [`CollectError::Stored`] when there is no such file or it may not be read.
    pub fn open(
        environment: EnvironmentName,
        path: &Path,
        map: PathMap,
        redactor: &Redactor,
    ) -> Result<Self, CollectError> {
        let (file, _) = archive::open_file(path)?;
        let canonical = path.canonicalize().map_err(|error| archive::cannot_read(path, &error))?;
        Ok(Self {
            environment,
            path: path.to_owned(),
            canonical,
            file,
            map,
            redactor: redactor.clone(),
            known: OnceLock::new(),
        })
    }

    fn unusable(&self, error: FormatError) -> CollectError {
        let path = self.path.display();
        let hint = match error {
            FormatError::Io(error) => return archive::cannot_read(&self.path, &error),
            FormatError::Foreign => "name a file that `driftline snapshot` wrote",
            FormatError::TooNew { .. } => "update driftline, or take the snapshot again with this version",
            FormatError::Damaged(_) => "take the snapshot, or fetch it, again",
        };
        let message = format!("cannot use the snapshot `{path}`: {error}");
        CollectError::Stored { path: self.path.clone(), message, hint: Some(hint.to_owned()) }
    }

    /// Takes what the filter leaves, under common paths.
    fn chosen(&self, stored: &mut Stored, filter: &Filter) -> Result<Counters, CollectError> {
        let no_map = PathMap::default();
        let map = if stored.header.mapped { &no_map } else { &self.map };
        let mut places = Places::new(Naming::new(map), filter);
        let mut walked = Walked::default();
        for mut entry in std::mem::take(&mut stored.entries) {
            let is_folder = matches!(entry.content, Content::Directory | Content::Unreadable { folder: true, .. });
            let Some(place) = places.place(&entry.path, is_folder) else { continue };
            let Some(common) = place.common().filter(|_| !place.is_passage()) else { continue };
            if *common != entry.path {
                let common = common.clone();
                rename(&mut stored.folds, &entry.path, &common);
                rename(&mut stored.contents, &entry.path, &common);
                rename(&mut stored.sealed, &entry.path, &common);
                entry.path = common;
            }
            walked.entries.push(entry);
            walked.stamps.push(None);
        }
        for incident in &mut stored.incidents {
            incident.path = incident.path.take().map(|path| map.to_common(&path));
        }
        walked.incidents = std::mem::take(&mut stored.incidents);
        walked.counters.entries_listed = walked.entries.len() as u64;
        if !map.is_empty() {
            settle::settle(&mut walked, map, filter, &self.environment)?;
        }
        (stored.entries, stored.incidents) = (walked.entries, walked.incidents);
        Ok(walked.counters)
    }

    /// What is not in the snapshot although it may be there.
    fn gaps(&self, stored: &Stored, filter: &Filter) -> Vec<Incident> {
        let path = self.path.display();
        let mut gaps = Vec::new();
        let mut say = |kind, message, hint: &str| {
            gaps.push(Incident { path: None, kind, message, hint: Some(hint.to_owned()) });
        };
        if !stored.complete {
            let entries = stored.entries.len();
            say(
                IncidentKind::Environment,
                format!(
                    "the snapshot `{path}` has no closing record: what follows its first {entries} entries is unknown"
                ),
                "take the snapshot, or fetch it, again",
            );
        }
        let mut left_out: Vec<&str> = stored.header.ignore.iter().map(String::as_str).collect();
        left_out.retain(|rule| !filter.lines().iter().any(|line| line == rule));
        if !left_out.is_empty() {
            let rules = left_out.join("`, `");
            say(
                IncidentKind::Note,
                format!("the snapshot `{path}` was taken without what `{rules}` leaves out: such paths are not in it"),
                "compare with the same `ignore`",
            );
        }
        gaps
    }
}

impl Source for StoredSnapshot {
    fn environment(&self) -> &EnvironmentName {
        &self.environment
    }

    fn origin(&self) -> String {
        self.path.to_string_lossy().into_owned()
    }

    fn identity(&self) -> Vec<u8> {
        [b"snapshot\0", self.canonical.as_os_str().as_bytes()].concat()
    }

    fn list(&self, filter: &Filter, watch: &dyn Watch) -> Result<Listing, CollectError> {
        let file = archive::at_start(&self.file);
        let mut stored = format::read(file).map_err(|error| self.unusable(error))?;
        let mut counters = self.chosen(&mut stored, filter)?;
        watch.listed(0, stored.entries.len() as u64);
        counters.files_opened += 1;
        counters.bytes_read += self.file.metadata().map_or(0, |there| there.len());
        let gaps = self.gaps(&stored, filter);
        stored.incidents.extend(gaps);
        let key = stored.header.key.as_deref();
        let is_foreign = key.is_some_and(|key| key != self.redactor.key_id());
        if is_foreign {
            for entry in &mut stored.entries {
                if let Content::File(file) = &mut entry.content {
                    file.digests.keyed = None;
                }
            }
        }
        let sealed = std::mem::take(&mut stored.sealed).into_iter();
        let known = Known {
            folds: std::mem::take(&mut stored.folds),
            contents: std::mem::take(&mut stored.contents),
            sealed: sealed
                .filter_map(|(path, bytes)| Some((path, self.redactor.sealed_before(key?, bytes)?)))
                .collect(),
            is_foreign,
        };
        // A second listing, which does not happen, would find the same.
        let _ = self.known.set(known);
        let snapshot = stored.into_snapshot(self.environment.clone(), self.origin());
        let stamps = vec![None; snapshot.entries.len()];
        Ok(Listing { snapshot, stamps, counters })
    }

    fn reader(&self) -> Box<dyn SourceReader + '_> {
        Box::new(Reader { source: self })
    }

    fn has_contents(&self) -> bool {
        false
    }

    fn known_fold(&self, path: &TreePath) -> Option<TextFold> {
        self.known.get()?.folds.get(path).copied()
    }

    fn known_seal(&self, path: &TreePath) -> Option<Sealed> {
        self.known.get()?.sealed.get(path).cloned()
    }
}

fn rename<T>(all: &mut BTreeMap<TreePath, T>, from: &TreePath, to: &TreePath) {
    if let Some(it) = all.remove(from) {
        all.insert(to.clone(), it);
    }
}

struct Reader<'a> {
    source: &'a StoredSnapshot,
}

impl SourceReader for Reader<'_> {
    fn open<'a>(&'a mut self, path: &TreePath) -> Result<Box<dyn OpenFile + 'a>, OpenError> {
        let known = self.source.known.get();
        let content = known.and_then(|known| known.contents.get(path));
        let content = content.ok_or_else(|| {
            io::Error::other(match (self.source.redactor.is_sensitive(path), known.is_some_and(|it| it.is_foreign)) {
                (true, true) => "it holds secrets, and what the snapshot says of it is sealed by another installation",
                (true, false) => "it holds secrets, and the snapshot does not say enough of it to compare it",
                (false, _) => "its content is not in the snapshot (`--contents` takes files in focus along)",
            })
        })?;
        Ok(Box::new(Held(Cursor::new(content))))
    }
}

/// A content that is in the snapshot.
struct Held<'a>(Cursor<&'a Vec<u8>>);

impl io::Read for Held<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.0.read(buffer)
    }
}

impl OpenFile for Held<'_> {
    fn stamp(&self) -> Option<Stamp> {
        None
    }

    fn size(&self) -> u64 {
        self.0.get_ref().len() as u64
    }

    fn is_unchanged(&mut self) -> io::Result<bool> {
        Ok(true)
    }
}
