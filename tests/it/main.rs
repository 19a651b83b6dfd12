//! One test binary: a room each.

mod config;
mod diff3;
mod local;
mod support;
