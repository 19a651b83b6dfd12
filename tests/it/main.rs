//! One test binary: a room each.

mod diff3;
mod config;
mod support;
