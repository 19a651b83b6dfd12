//! What people and programs read.
//!
//! [`model`] gathers everything into plain data; the other files only write it. Each output escapes foreign bytes by itself
//! ([`escape`]), colour comes from [`style`] alone.

pub mod escape;
pub mod style;
