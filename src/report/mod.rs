//! What people and programs read.
//!
//! [`model`] gathers everything into plain data; the other files only write it. Each output escapes foreign bytes by itself
//! ([`escape`]), words come from [`wording`], colour from [`style`] alone.

pub mod build;
pub mod candidates;
pub mod doctor;
pub mod escape;
pub mod explain;
pub mod fixes;
mod git;
pub mod init;
pub mod labels;
pub mod layout;
pub mod maps;
pub mod model;
pub mod nightly;
pub mod notice;
pub mod patch;
mod redact;
pub mod schedule;
pub mod style;
pub mod terminal;
pub mod text_view;
pub mod wording;
