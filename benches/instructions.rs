//! Instruction counts of pure code, which hold on a noisy machine. Needs valgrind and `gungraun-runner`; see README.md beside this file.

#![allow(clippy::unwrap_used, reason = "a bench that cannot go on fails")]
#![expect(missing_docs, reason = "its macros make items of their own")]

#[expect(dead_code, reason = "what is on a disk is not counted")]
mod support;

use std::hint::black_box;

use driftline::collect::text_fold;
use driftline::compare::text::{Region, regions};
use driftline::compare::{self, Comparison};
use driftline::report::model::StatusReport;
use driftline::report::style::Styles;
use driftline::report::{escape, terminal};
use driftline::snapshot::{Question, Snapshot, TextFold};
use gungraun::prelude::*;

use support::snapshots::{report, snapshots};
use support::texts::{Versions, texts};
use support::workload::Workload::{self, Disjoint, FewLarge, InSync, ManySmall, Sparse};

const PATHS: usize = 2_000;

fn unread(workload: Workload) -> Vec<Snapshot> {
    snapshots(workload, PATHS, false)
}

fn digested(workload: Workload) -> Vec<Snapshot> {
    snapshots(workload, PATHS, true)
}

fn reported(workload: Workload) -> StatusReport {
    report(&digested(workload))
}

fn contents(workload: Workload) -> Vec<Vec<u8>> {
    texts(workload).iter().map(|file| file.inputs()[0].concat()).collect()
}

#[library_benchmark]
#[bench::in_sync(unread(InSync))]
#[bench::sparse(unread(Sparse))]
#[bench::disjoint(unread(Disjoint))]
fn questions(snapshots: Vec<Snapshot>) -> (Vec<Question>, Vec<Snapshot>) {
    // What came in goes out, so that dropping it is not counted.
    (black_box(compare::questions(black_box(&snapshots))), snapshots)
}

#[library_benchmark]
#[bench::in_sync(digested(InSync))]
#[bench::sparse(digested(Sparse))]
#[bench::disjoint(digested(Disjoint))]
fn rows(snapshots: Vec<Snapshot>) -> (Comparison, Vec<Snapshot>) {
    (black_box(compare::compare(black_box(&snapshots))), snapshots)
}

#[library_benchmark]
#[bench::in_sync(texts(InSync))]
#[bench::sparse(texts(Sparse))]
#[bench::disjoint(texts(Disjoint))]
#[bench::many_small(texts(ManySmall))]
#[bench::few_large(texts(FewLarge))]
fn three_way(files: Vec<Versions>) -> (Vec<Vec<Region>>, Vec<Versions>) {
    let found = files.iter().map(|file| regions(black_box(file.base()), &file.inputs())).collect();
    (black_box(found), files)
}

#[library_benchmark]
#[bench::many_small(contents(ManySmall))]
#[bench::few_large(contents(FewLarge))]
fn fold(texts: Vec<Vec<u8>>) -> (Vec<Option<TextFold>>, Vec<Vec<u8>>) {
    (black_box(texts.iter().map(|text| text_fold(black_box(text))).collect()), texts)
}

#[library_benchmark]
#[bench::in_sync(reported(InSync))]
#[bench::sparse(reported(Sparse))]
#[bench::disjoint(reported(Disjoint))]
fn render_text(report: StatusReport) -> (Vec<u8>, StatusReport) {
    let mut out = Vec::new();
    terminal::status(black_box(&report), 100, Styles::new(true), &mut out).unwrap();
    (black_box(out), report)
}

#[library_benchmark]
#[bench::in_sync(reported(InSync))]
#[bench::sparse(reported(Sparse))]
#[bench::disjoint(reported(Disjoint))]
fn render_json(report: StatusReport) -> (Vec<u8>, StatusReport) {
    let mut out = Vec::new();
    escape::write_json(black_box(&report), &mut out).unwrap();
    (black_box(out), report)
}

library_benchmark_group!(name = comparing, benchmarks = [questions, rows]);
library_benchmark_group!(name = texts_side_by_side, benchmarks = [three_way, fold]);
library_benchmark_group!(name = rendering, benchmarks = [render_text, render_json]);

main!(library_benchmark_groups = comparing, texts_side_by_side, rendering);
