//! One test binary: a room each.

mod cache;
mod config;
mod conformance;
mod diff3;
mod local;
mod local_hostile;
mod support;
