//! driftline finds drift across environments, reading only.

pub mod collect;
pub mod compare;
pub mod config;
pub mod insight;
pub mod demo;
pub mod path;
pub mod report;
pub mod snapshot;
