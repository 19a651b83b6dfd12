//! Texts side by side: a base and three versions of it, throughput in bytes of all of them.

use divan::Bencher;
use divan::counter::BytesCount;
use driftline::compare::text;

use crate::support::texts::{Versions, texts};
use crate::support::workload::{ALL, Workload};

#[divan::bench(args = ALL)]
fn regions(bencher: Bencher<'_, '_>, workload: Workload) {
    let files = texts(workload);
    let bytes: usize = files.iter().map(Versions::bytes).sum();
    bencher.counter(BytesCount::new(bytes)).bench_local(|| {
        let regions = |file: &Versions| text::regions(file.base(), &file.inputs());
        files.iter().map(regions).collect::<Vec<_>>()
    });
}
