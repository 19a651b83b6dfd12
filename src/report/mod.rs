//! What people and programs read.
//!
//! [`model`] gathers everything into plain data; the other files only write it. Each output escapes foreign bytes by itself
//! ([`escape`]), words come from [`wording`], colour from [`style`] alone.

pub mod build;
pub mod candidates;
pub mod escape;
mod git;
pub mod labels;
pub mod layout;
pub mod model;
pub mod patch;
mod redact;
pub mod style;
pub mod terminal;
pub mod text_view;
pub mod wording;
