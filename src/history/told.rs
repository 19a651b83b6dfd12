//! What somebody was told last.

use std::collections::BTreeMap;

use super::Read;
use crate::insight::Severity;

/// The picture that somebody has who was told about a report. What is not in it is news, whatever happened in between: so a message that
/// did not arrive is made up for by the next one, and one that did is not sent twice.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Told {
    /// The number of the run whose report they were told of.
    pub run: u64,
    /// When that run began: seconds since 1970 in UTC.
    pub at: i64,
    /// The findings that were open and not accepted, by id.
    pub findings: BTreeMap<String, ToldFinding>,
    /// How each environment was read; one that is not here was never told of.
    pub environments: BTreeMap<String, Read>,
}

/// What was said of a finding.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ToldFinding {
    /// The rule.
    pub code: String,
    /// How much it matters.
    pub severity: Severity,
    /// What it is about, in words.
    pub subject: String,
    /// What was found, in words.
    pub message: String,
    /// The answer was incomplete because of it.
    pub incomplete: bool,
}
