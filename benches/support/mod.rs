//! The same workloads for all benches: as folders, as snapshots, as texts. Seeded, so that every run measures the same work.

pub(crate) mod folders;
pub(crate) mod snapshots;
pub(crate) mod texts;
pub(crate) mod workload;
