//! One test binary: a room each.

mod bad_input;
mod base;
#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod cache;
mod config;
mod conformance;
mod diff3;
mod exit_status;
mod hostile_names;
mod local;
mod local_hostile;
mod read_only;
mod scenarios;
mod support;
mod text_view;
