//! Workloads as folders.

use std::collections::BTreeSet;
use std::fs;
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::time::Duration;

use driftline::collect::{CollectPlan, Collected, Unwatched, collect};
use driftline::compare;
use driftline::config::{Environment, Expect, PathMap, SourceSpec};
use driftline::path::EnvironmentName;
use driftline::snapshot::Timestamp;
use driftline::text::Redactor;
use tempfile::TempDir;

use super::workload::{ENVIRONMENTS, Workload};

/// Three environments in a temporary folder.
pub(crate) struct Folders {
    root: TempDir,
    environments: Vec<Environment>,
    /// Of all files together.
    pub(crate) bytes: u64,
    /// Files and folders.
    pub(crate) entries: usize,
}

impl Folders {
    /// Writes a workload, and waits until its files are old enough to be remembered.
    pub(crate) fn new(workload: Workload, paths: usize) -> Self {
        let root = tempfile::Builder::new().prefix("driftline-bench-").tempdir().unwrap();
        let mut made: BTreeSet<PathBuf> = BTreeSet::new();
        let (mut bytes, mut files) = (0, 0);
        for planned in workload.plan(paths) {
            for (environment, blob) in planned.contents.iter().enumerate() {
                let Some(blob) = blob else { continue };
                let path = root.path().join(name(environment)).join(&planned.path);
                make_above(&path, root.path(), &mut made);
                fs::write(path, blob.bytes()).unwrap();
                bytes += blob.size as u64;
                files += 1;
            }
        }
        std::thread::sleep(Duration::from_millis(100));
        let environments = (0..ENVIRONMENTS).map(|number| Environment {
            name: EnvironmentName::new(&name(number)).unwrap(),
            role: None,
            expect: Expect::default(),
            source: SourceSpec::Folder { path: root.path().join(name(number)) },
            map: PathMap::default(),
        });
        Self { environments: environments.collect(), bytes, entries: files + made.len() - ENVIRONMENTS, root }
    }

    /// Lists, answers what comparing asks, and remembers it if it is told to.
    pub(crate) fn survey(&self, remember: bool, threads: Option<NonZeroUsize>) -> Collected<'static> {
        let state = self.root.path().join("state");
        let plan = CollectPlan {
            environments: &self.environments,
            ignore: &[],
            threads,
            state_dir: remember.then_some(&*state),
            rehash: false,
            redactor: &Redactor::new([7; 32], &[]),
            patience: std::time::Duration::from_secs(60),
            connections: &driftline::collect::Connections::default(),
            now: Timestamp { seconds: 1_800_000_000, nanos: 0 },
        };
        let mut collected = collect(&plan, &Unwatched).unwrap();
        collected.answer(&compare::questions(&collected.snapshots));
        collected.save();
        collected
    }
}

fn name(environment: usize) -> String {
    format!("e{environment}")
}

/// Makes the folders above a path, down from `root`.
fn make_above(path: &Path, root: &Path, made: &mut BTreeSet<PathBuf>) {
    let folder = path.parent().unwrap();
    if folder != root && !made.contains(folder) {
        make_above(folder, root, made);
        fs::create_dir(folder).unwrap();
        made.insert(folder.to_owned());
    }
}
