//! Wall-clock benches, for people. What is timed and how to run one: README.md beside this file.

#![allow(clippy::unwrap_used, reason = "a bench that cannot go on fails")]

mod collect;
mod compare;
mod merge3;
mod render;
mod support;

fn main() {
    divan::main();
}
