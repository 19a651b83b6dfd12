//! One test binary: a room each.

mod support;
