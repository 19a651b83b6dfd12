//! What a rule found.

use std::fmt;

use crate::insight::Evidence;
use crate::path::TreePath;

/// What a rule found.
#[derive(Debug, Clone, PartialEq)]
pub struct Finding {
    /// Names the matter over many runs. It does not change with the order of environments or of findings, and changes when something
    /// else was found: another environment, another size, another set of changes. It does not depend on what was hashed, so an edit
    /// that changes neither size nor which environments agree keeps it.
    pub id: FindingId,
    /// The code of the rule, such as `content-differs`.
    pub code: &'static str,
    /// How much it matters.
    pub severity: Severity,
    /// Where, as a common path; `None` for an environment as a whole.
    pub path: Option<TreePath>,
    /// The environments that it is about, in order: who has the path, the changes, the artifact; for `absent-in` who lacks the path; all
    /// that have the path when it says that they differ.
    pub environments: Vec<usize>,
    /// The facts.
    pub evidence: Evidence,
}

impl Finding {
    /// Whether the answer is incomplete because of it (exit status 3).
    pub fn is_incomplete(&self) -> bool {
        matches!(self.evidence, Evidence::Unread { .. })
    }
}

/// How much a finding matters; later ones matter more.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Severity {
    /// For the record.
    Info,
    /// Worth a look.
    Notice,
    /// Drift, or something that gets lost.
    Warning,
    /// Act now.
    Critical,
}

impl Severity {
    /// All of them, least first.
    pub const ALL: [Self; 4] = [Self::Info, Self::Notice, Self::Warning, Self::Critical];

    /// Its lasting name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Info => "info",
            Self::Notice => "notice",
            Self::Warning => "warning",
            Self::Critical => "critical",
        }
    }
}

impl fmt::Display for Severity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

/// The name of a finding: ten hexadecimal digits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct FindingId(u64);

impl fmt::Display for FindingId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:010x}", self.0)
    }
}

/// Makes a [`FindingId`] out of what was found, field by field.
#[derive(Debug, Clone)]
pub(super) struct Matter(u64);

impl Matter {
    pub(super) fn new(code: &str) -> Self {
        Self(0xcbf2_9ce4_8422_2325).with(code)
    }

    /// Adds a field. Its length goes in as well, so that fields do not run into each other.
    pub(super) fn with(mut self, field: impl AsRef<[u8]>) -> Self {
        let field = field.as_ref();
        for byte in (field.len() as u64).to_le_bytes().iter().chain(field) {
            // FNV-1a: the same on every machine and in every version, which the standard hasher does not promise.
            self.0 = (self.0 ^ u64::from(*byte)).wrapping_mul(0x100_0000_01b3);
        }
        self
    }

    /// Adds a number.
    pub(super) fn number(self, number: u64) -> Self {
        self.with(number.to_le_bytes())
    }

    pub(super) fn id(self) -> FindingId {
        // The low bits of the sum are mixed into the ones that are kept.
        FindingId((self.0 ^ (self.0 << 24)) >> 24)
    }
}
