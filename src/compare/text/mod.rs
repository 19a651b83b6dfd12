//! Texts side by side: which stretches of lines differ and who has which ([`regions()`]), and what inside a line differs ([`inline`]).
//!
//! Pure. Which version serves as the base is decided elsewhere; how it looks is the report's.

pub mod inline;
pub mod regions;
pub mod replacements;
pub mod select;

pub use crate::text::{Document, Encoding, Limits, LineEndings, NotText, Redacted, Redactor, document, secrets};
pub use regions::{Region, RegionClass, regions};
