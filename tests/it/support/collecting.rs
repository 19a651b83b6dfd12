//! Plans, and runs of collecting, on folders.

use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};

use driftline::collect::{CollectError, CollectPlan, Collected, Unwatched, collect};
use driftline::config::{Environment, Expect, MapPair, PathMap, SourceSpec};
use driftline::path::{EnvironmentName, TreePath};
use driftline::pipeline::survey;
use driftline::snapshot::{Content, Counters, Entry, EntryRef, Incident, Snapshot, TextQuestion, Timestamp};
use driftline::text::Redactor;

/// A plan that owns what it refers to. Environments are called `e0`, `e1`, ...
pub(crate) struct Plan {
    pub(crate) environments: Vec<Environment>,
    pub(crate) ignore: Vec<String>,
    pub(crate) threads: usize,
    pub(crate) state: Option<PathBuf>,
    pub(crate) rehash: bool,
    pub(crate) now: i64,
}

impl Plan {
    pub(crate) fn of(folders: &[&Path]) -> Self {
        let environments = folders.iter().enumerate().map(|(number, folder)| Environment {
            name: EnvironmentName::new(&format!("e{number}")).unwrap(),
            role: None,
            expect: Expect::default(),
            source: SourceSpec::Folder { path: folder.to_path_buf() },
            map: PathMap::default(),
        });
        Self {
            environments: environments.collect(),
            ignore: Vec::new(),
            threads: 2,
            state: None,
            rehash: false,
            now: 1_800_000_000,
        }
    }

    pub(crate) fn state(mut self, folder: &Path) -> Self {
        self.state = Some(folder.to_owned());
        self
    }

    pub(crate) fn ignore(mut self, rules: &[&str]) -> Self {
        self.ignore = rules.iter().map(|&rule| rule.to_owned()).collect();
        self
    }

    /// Maps common names to names in one environment.
    pub(crate) fn map(mut self, environment: usize, pairs: &[(&str, &str)]) -> Self {
        let pairs = pairs.iter().map(|(common, here)| MapPair { common: path(common), here: path(here) }).collect();
        self.environments[environment].map = PathMap::new(pairs).unwrap();
        self
    }

    pub(crate) fn try_collect(&self) -> Result<Collected<'static>, CollectError> {
        self.with(|plan| collect(plan, &Unwatched))
    }

    /// The work of a survey that keeps what it learned, without the look at candidates that a status adds to it.
    pub(crate) fn surveyed(&self) -> Counters {
        self.with(|plan| {
            let collected = survey(plan, &[], &[], &Unwatched).unwrap().collected;
            collected.save();
            collected.counters()
        })
    }

    fn with<T>(&self, then: impl FnOnce(&CollectPlan<'_>) -> T) -> T {
        then(&CollectPlan {
            environments: &self.environments,
            ignore: &self.ignore,
            threads: NonZeroUsize::new(self.threads),
            state_dir: self.state.as_deref(),
            rehash: self.rehash,
            redactor: &Redactor::new([7; 32], &[]),
            patience: std::time::Duration::from_secs(60),
            connections: &driftline::collect::Connections::default(),
            now: Timestamp { seconds: self.now, nanos: 0 },
        })
    }

    pub(crate) fn collect(&self) -> Collected<'static> {
        self.try_collect().unwrap()
    }

    /// Collects, answers what comparing asks, and saves.
    pub(crate) fn run(&self) -> Outcome {
        let mut collected = self.collect();
        let questions = driftline::compare::questions(&collected.snapshots);
        collected.answer(&questions);
        let notes = collected.save();
        Outcome { counters: collected.counters(), notes, snapshots: collected.snapshots }
    }
}

pub(crate) struct Outcome {
    pub(crate) snapshots: Vec<Snapshot>,
    pub(crate) counters: Counters,
    pub(crate) notes: Vec<Incident>,
}

impl Outcome {
    pub(crate) fn entry(&self, environment: usize, path: impl AsRef<[u8]>) -> &Entry {
        entry(&self.snapshots[environment], path)
    }

    /// Whether the contents of a path in the first two environments are known to be equal.
    pub(crate) fn same(&self, path: impl AsRef<[u8]>) -> Option<bool> {
        let digests = |environment| match self.entry(environment, path.as_ref()).content {
            Content::File(file) => Some(file.digests),
            _ => None,
        };
        digests(0)?.same(&digests(1)?)
    }
}

pub(crate) fn path(bytes: impl AsRef<[u8]>) -> TreePath {
    TreePath::new(bytes.as_ref()).unwrap()
}

pub(crate) fn entry(snapshot: &Snapshot, at: impl AsRef<[u8]>) -> &Entry {
    let found = snapshot.find(&path(at.as_ref()));
    &snapshot.entries[found.unwrap_or_else(|| panic!("no {} in {snapshot:#?}", at.as_ref().escape_ascii()))]
}

pub(crate) fn reference(snapshot: &Snapshot, environment: usize, at: &str) -> EntryRef {
    EntryRef { environment, entry: snapshot.find(&path(at)).unwrap() }
}

/// Asks what folding leaves of each.
pub(crate) fn alone(entries: &[EntryRef]) -> Vec<TextQuestion> {
    entries.iter().map(|&at| TextQuestion { members: vec![at] }).collect()
}

/// All paths of a snapshot, escaped.
pub(crate) fn paths(snapshot: &Snapshot) -> Vec<String> {
    snapshot.entries.iter().map(|entry| entry.path.as_bytes().escape_ascii().to_string()).collect()
}
