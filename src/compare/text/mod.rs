//! Texts side by side: what bytes are as text ([`document`]), which stretches of lines differ and who has which
//! ([`regions()`]), what inside a line differs ([`inline`]), and what of it must not be shown ([`secrets`]).
//!
//! Pure. Which version serves as the base is decided elsewhere; how it looks is the report's.

pub mod document;
pub mod inline;
pub mod regions;
pub mod secrets;
pub mod select;

pub use document::{Document, Encoding, Limits, LineEndings, NotText};
pub use regions::{Region, RegionClass, regions};
pub use secrets::{Redacted, Redactor};
