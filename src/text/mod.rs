//! What bytes are as text ([`document`]), what changes a text ([`patch`]), and what of a text must not be shown ([`secrets`]).
//!
//! Pure, and below all rooms: what a sensitive file holds is replaced while it is collected, and everything later speaks of such texts.

pub mod document;
pub mod patch;
pub mod secrets;

pub use document::{Document, Encoding, Limits, LineEndings, NotText};
pub use secrets::{Redacted, Redactor};
