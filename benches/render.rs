//! A status as text and as JSON, and the report that both are written from; throughput in entries of all environments.

use divan::Bencher;
use divan::counter::ItemsCount;
use driftline::report::style::Styles;
use driftline::report::{escape, terminal};

use crate::support::snapshots::{entries, report, snapshots};
use crate::support::workload::Workload;

const PATHS: usize = 20_000;
const WORKLOADS: [Workload; 3] = [Workload::InSync, Workload::Sparse, Workload::Disjoint];

#[divan::bench(args = WORKLOADS)]
fn text(bencher: Bencher<'_, '_>, workload: Workload) {
    let snapshots = snapshots(workload, PATHS, true);
    let report = report(&snapshots);
    bencher.counter(ItemsCount::new(entries(&snapshots))).bench_local(|| {
        let mut out = Vec::new();
        terminal::status(&report, 100, Styles::new(true), &mut out).unwrap();
        out
    });
}

#[divan::bench(args = WORKLOADS)]
fn json(bencher: Bencher<'_, '_>, workload: Workload) {
    let snapshots = snapshots(workload, PATHS, true);
    let report = report(&snapshots);
    bencher.counter(ItemsCount::new(entries(&snapshots))).bench_local(|| {
        let mut out = Vec::new();
        escape::write_json(&report, &mut out).unwrap();
        out
    });
}
