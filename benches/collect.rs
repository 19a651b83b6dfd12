//! Folders on disk, in the page cache: listing and hashing, and the second run.

use divan::Bencher;
use divan::counter::{BytesCount, ItemsCount};
use driftline::collect;

use crate::support::folders::Folders;
use crate::support::texts::texts;
use crate::support::workload::{ALL, Workload};

const PATHS: usize = 2_000;

/// Nothing is remembered: lists three folders and tells their files apart.
#[divan::bench(args = ALL, sample_count = 10)]
fn first_run(bencher: Bencher<'_, '_>, workload: Workload) {
    let folders = Folders::new(workload, PATHS);
    bencher.counter(BytesCount::new(folders.bytes)).bench_local(|| folders.survey(false, None));
}

/// Everything is remembered: lists three folders, and opens no file.
#[divan::bench(args = ALL, sample_count = 10)]
fn second_run(bencher: Bencher<'_, '_>, workload: Workload) {
    let folders = Folders::new(workload, PATHS);
    folders.survey(true, None);
    bencher.counter(ItemsCount::new(folders.entries)).bench_local(|| {
        let collected = folders.survey(true, None);
        assert_eq!(collected.counters().files_opened, 0);
        collected
    });
}

/// What is left of texts that differ, once for each version.
#[divan::bench(args = ALL)]
fn fold(bencher: Bencher<'_, '_>, workload: Workload) {
    let texts: Vec<Vec<u8>> = texts(workload).iter().map(|file| file.inputs()[0].concat()).collect();
    let bytes: usize = texts.iter().map(Vec::len).sum();
    bencher
        .counter(BytesCount::new(bytes))
        .bench_local(|| texts.iter().map(|text| collect::text_fold(text)).collect::<Vec<_>>());
}
