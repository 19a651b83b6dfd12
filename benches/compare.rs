//! Snapshots side by side: pure code, throughput in entries of all environments.

use divan::Bencher;
use divan::counter::ItemsCount;
use driftline::compare::{self, artifacts, moves};
use driftline::insight;

use crate::support::snapshots::{entries, snapshots};
use crate::support::workload::Workload;

const PATHS: usize = 20_000;

/// Contents play no part here, so neither do their sizes.
const WORKLOADS: [Workload; 3] = [Workload::InSync, Workload::Sparse, Workload::Disjoint];

#[divan::bench(args = WORKLOADS)]
fn questions(bencher: Bencher<'_, '_>, workload: Workload) {
    let snapshots = snapshots(workload, PATHS, false);
    bencher.counter(ItemsCount::new(entries(&snapshots))).bench_local(|| compare::questions(&snapshots));
}

#[divan::bench(args = WORKLOADS)]
fn rows(bencher: Bencher<'_, '_>, workload: Workload) {
    let snapshots = snapshots(workload, PATHS, true);
    bencher.counter(ItemsCount::new(entries(&snapshots))).bench_local(|| compare::compare(&snapshots));
}

#[divan::bench(args = WORKLOADS)]
fn moves_and_artifacts(bencher: Bencher<'_, '_>, workload: Workload) {
    let snapshots = snapshots(workload, PATHS, true);
    let comparison = compare::compare(&snapshots);
    bencher
        .counter(ItemsCount::new(entries(&snapshots)))
        .bench_local(|| (moves::find(&comparison, &snapshots), artifacts::find(&comparison, &snapshots)));
}

#[divan::bench(args = WORKLOADS)]
fn judge(bencher: Bencher<'_, '_>, workload: Workload) {
    let snapshots = snapshots(workload, PATHS, true);
    let comparison = compare::compare(&snapshots);
    let inputs = insight::Inputs {
        snapshots: &snapshots,
        comparison: &comparison,
        moves: &[],
        artifacts: &[],
        maps: &[],
        lineage: &driftline::insight::nearest::Lineage::default(),
        fixes: &[],
        candidates: &driftline::insight::candidates::Brief::default(),
        focus: &[],
        wishes: insight::Wishes::default(),
    };
    bencher.counter(ItemsCount::new(entries(&snapshots))).bench_local(|| insight::judge(&inputs));
}
