//! What bytes are as text ([`document`]), how its lines end ([`ends`]), what changes a text ([`patch`]), and what of a text must not be shown
//! ([`secrets`]).
//!
//! Pure, and below all rooms: what a sensitive file holds is replaced while it is collected, and everything later speaks of such texts.

pub mod document;
pub mod ends;
pub mod patch;
pub mod secrets;

pub use document::{Document, Encoding, Limits, LineEndings, NotText};
pub use secrets::{Redacted, Redactor};
