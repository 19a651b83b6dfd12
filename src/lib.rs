//! driftline finds drift across environments, reading only.
//!
//! Data goes one way, through rooms that each have one door:
//!
//! ```text
//! config ──> collect ──> snapshot ──> compare ──> insight ──> report
//!   what       the only    what was     rows,       rules,      data, then
//!   where      room that   there at     cells,      findings,   text or JSON
//!              touches     one moment   texts       bases
//!              anything
//! ```
//!
//! [`pipeline`] puts the steps in order, [`cli`] is the command line around them. Everything between [`collect`] and [`report`] is
//! pure: data in, data out. [`history`] remembers what reports found, between one night and the next.

pub mod cli;
pub mod collect;
pub mod compare;
pub mod config;
pub mod demo;
pub mod history;
pub mod insight;
mod lately;
#[cfg(feature = "notify")]
pub mod notify;
pub mod path;
pub mod pipeline;
pub mod report;
pub mod snapshot;
pub mod text;
