//! One test binary: a room each.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod acceptance;
mod archive;
mod bad_input;
mod base;
mod cache;
mod candidates;
mod commits;
mod config;
mod conformance;
mod counters;
mod diff3;
mod doctor;
mod documents;
mod exit_status;
mod explain;
mod first_look;
mod fixes;
mod formats;
mod git_gaps;
mod git_history;
mod git_reference;
mod git_state;
mod hostile_changes;
mod hostile_names;
mod init;
mod local;
mod local_hostile;
mod nearest;
#[cfg(feature = "notify")]
mod notify;
mod origins;
mod patches;
mod plain_trees;
mod planted;
mod read_only;
mod remote;
mod report;
mod scenarios;
mod schedule;
mod secrets;
mod status;
mod stored;
mod support;
mod text_view;
mod trees;
mod verdicts;
#[cfg(not(feature = "notify"))]
mod without_notify;
