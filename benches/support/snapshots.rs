//! Workloads as snapshots, as if they had been collected.

use driftline::compare::text::Redactor;
use driftline::compare::{Comparison, compare};
use driftline::insight::{Finding, Inputs, judge};
use driftline::path::{EnvironmentName, TreePath};
use driftline::report::build::{About, status_report};
use driftline::report::model::StatusReport;
use driftline::snapshot::{
    Attributes, Content, Counters, Digests, Entry, File, GitState, Knows, Names, Snapshot, Timestamp,
};

use super::workload::{ENVIRONMENTS, Planned, Workload};

/// A snapshot for each environment; with all digests known, or none.
pub(crate) fn snapshots(workload: Workload, paths: usize, digests: bool) -> Vec<Snapshot> {
    let plan = workload.plan(paths);
    (0..ENVIRONMENTS).map(|environment| snapshot(&plan, environment, digests)).collect()
}

/// How many entries there are in all.
pub(crate) fn entries(snapshots: &[Snapshot]) -> usize {
    snapshots.iter().map(|snapshot| snapshot.entries.len()).sum()
}

/// What a status is written from.
pub(crate) fn report(snapshots: &[Snapshot]) -> StatusReport {
    let comparison: Comparison = compare(snapshots);
    let inputs = Inputs {
        snapshots,
        comparison: &comparison,
        moves: &[],
        artifacts: &[],
        maps: &[],
        lineage: &driftline::insight::nearest::Lineage::default(),
        fixes: &[],
        candidates: &driftline::insight::candidates::Brief::default(),
        focus: &[],
        wishes: driftline::insight::Wishes::default(),
    };
    let findings: Vec<Finding> = judge(&inputs);
    let about = About {
        candidates: None,
        maps: Vec::new(),
        project: Some("bench".to_owned()),
        baseline: None,
        roles: vec![None; snapshots.len()],
        now: 1_800_000_000,
        counters: Counters::default(),
        next: Vec::new(),
    };
    status_report(&inputs, &findings, about, &Redactor::new([0; 32], &[]))
}

fn snapshot(plan: &[Planned], environment: usize, digests: bool) -> Snapshot {
    let mut entries: Vec<Entry> = Vec::new();
    for planned in plan {
        let Some(blob) = planned.contents[environment] else { continue };
        let path = TreePath::new(planned.path.as_bytes()).unwrap();
        entries.extend(path.ancestors().map(|folder| entry(TreePath::new(folder).unwrap(), Content::Directory, 0o755)));
        let known = Digests { blake3: digests.then(|| blob.digest()), ..Digests::default() };
        entries.push(entry(path, Content::File(File { size: blob.size as u64, digests: known }), 0o644));
    }
    entries.sort_by(|a, b| a.path.cmp(&b.path));
    entries.dedup_by(|a, b| a.path == b.path);
    Snapshot {
        environment: EnvironmentName::new(&format!("e{environment}")).unwrap(),
        origin: format!("/srv/e{environment}"),
        entries,
        incidents: Vec::new(),
        knows: Knows { permissions: true, owners: true, times: true, executable_unknown: false },
        names: Names::default(),
        git: GitState::None,
    }
}

fn entry(path: TreePath, content: Content, mode: u32) -> Entry {
    let modified = Timestamp { seconds: 1_700_000_000, nanos: 0 };
    Entry { path, content, attributes: Attributes { mode, uid: 1000, gid: 1000, modified } }
}
