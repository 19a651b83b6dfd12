//! What one environment has and another lacks, as data, and its inks.
//!
//! A nightly report has the same, and keeps it until something changes: so these types can be read back as well.
//!
//! The documentation of these types is the specification of `driftline candidates --format json`. Fields are added without notice; a field
//! that changes its meaning or goes away raises [`VERSION`].

mod build;
pub(in crate::report) mod first;
mod show;
mod terminal;
mod words;

use std::borrow::Cow;

use serde::{Deserialize, Serialize};

use crate::report::model::PathReport;

pub use build::{About, not_looked, report, short_ids, unread};
pub use first::{BriefTargetReport, BriefUnitReport, FirstLookReport, first_look};
pub use show::{Shown, ShownFile, ThreeWay, json, write_shown};
pub use terminal::write;
pub use words::conflict_words;

/// The version of the format, in [`CandidatesReport::version`].
pub const VERSION: u32 = 1;

/// A word out of those that the documentation of its place names.
pub type Word = Cow<'static, str>;

/// Units of change that are in one environment, and what is known of each in others.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct CandidatesReport {
    /// `driftline-candidates`.
    pub format: Word,
    /// [`VERSION`].
    pub version: u32,
    /// The version of the program.
    pub driftline: Word,
    /// The names of the environments, in order.
    pub environments: Vec<String>,
    /// Whether the environments were looked at for candidates. A report of a night looks as far as `driftline status`.
    pub looked_at: bool,
    /// Why not, in words; else null.
    pub because: Option<String>,
    /// Every pair that was asked about, in order of its environments; empty where nothing was looked at.
    pub pairs: Vec<PairReport>,
    /// Units, the most worth a look first: without `--all`, those that a target may lack, without bookkeeping.
    pub units: Vec<UnitReport>,
    /// How many changed files were left out because they hold secrets.
    pub sensitive: u64,
    /// What could not be read or judged. The answer is incomplete when there is anything.
    pub failures: Vec<String>,
    /// The environments that were not read, or not in full, each with the first reason; the answer is incomplete then. Empty in a report of a
    /// night, which tells it elsewhere.
    #[serde(default)]
    pub unread: Vec<String>,
    /// What to type next, most useful first.
    pub next: Vec<String>,
}

impl CandidatesReport {
    /// That nothing was looked at, and why; `None` where it was.
    pub fn not_looked(&self) -> Option<String> {
        Some(format!("not looked at, {}", self.because.as_deref()?))
    }

    /// The same where there is too much to look at, which is worth a line where there is little room.
    pub fn too_much(&self) -> Option<String> {
        self.not_looked().filter(|_| self.because.as_deref().is_some_and(first::is_too_much))
    }
}

/// From one environment to another: how many units have which verdict. Bookkeeping is counted apart and in no other number.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct PairReport {
    /// Where the units are.
    pub from: String,
    /// Where they were looked for.
    pub to: String,
    /// Not there.
    pub absent: u64,
    /// There.
    pub present: u64,
    /// Some of it is there.
    pub partly: u64,
    /// It cannot be said.
    pub unproven: u64,
    /// Units that change nothing but changelogs and lock files.
    pub bookkeeping: u64,
}

/// A unit of change.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct UnitReport {
    /// Its lasting name, in hexadecimal: a further run gives the same one for the same unit.
    pub id: String,
    /// Its name in this listing: `f1` is the first.
    pub short: String,
    /// `commit`, `staged`, `unstaged` (untracked files among them), `stash`, `tree` (what a tree without shared history has of its own),
    /// `artifact` (what a file has over a copy of it that was put aside).
    pub kind: Word,
    /// The commit, in full, of a commit or a stash; else null.
    pub commit: Option<String>,
    /// The environment that has it.
    pub from: String,
    /// The first line of the message of a commit or stash, secrets masked; else what happens to which files.
    pub title: String,
    /// Who made it; null where nothing says so.
    pub author: Option<String>,
    /// When, in seconds since 1970 in UTC: when a commit was authored, a stash made, a file that is not committed changed last. Null where it
    /// is not known.
    pub authored: Option<i64>,
    /// The copy that was put aside, of an artifact.
    pub copy: Option<PathReport>,
    /// The files it changes, sorted by path.
    pub files: Vec<FileReport>,
    /// Lines that come; null when a side of a file is no text, or when every target has it.
    pub added: Option<u64>,
    /// Lines that go.
    pub removed: Option<u64>,
    /// It changes nothing but changelogs and lock files.
    pub bookkeeping: bool,
    /// How much it is worth a look: the sum of the points.
    pub score: i32,
    /// Why; empty when every target has it.
    pub reasons: Vec<ReasonReport>,
    /// What is known of it in each target, in order.
    pub targets: Vec<TargetReport>,
}

/// A reason of a score.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct ReasonReport {
    /// In words.
    pub reason: Word,
    /// What it adds.
    pub points: i32,
}

/// A file that a unit changes.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct FileReport {
    /// Its common path.
    #[serde(flatten)]
    pub path: PathReport,
    /// `added`, `removed`, `changed`, `renamed`.
    pub change: Word,
    /// Where it was before, of a renamed one.
    pub before: Option<PathReport>,
}

/// What is known of a unit in a target.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct TargetReport {
    /// The target.
    pub env: String,
    /// `present`, `absent`, `partly`, `unproven`.
    pub verdict: Word,
    /// How strong the evidence is that there is anything of it, 1 (the same content) to 7 (only words); null when there is none.
    pub tier: Option<u8>,
    /// `clean`, `offset`, `conflict`, `not-tried`; null where it is present.
    pub applies: Option<Word>,
    /// By how many lines at most it is elsewhere, of `offset`.
    pub offset: Option<u64>,
    /// Where it is in conflict, of `conflict`.
    pub conflicts: Vec<ConflictReport>,
    /// The names of the units without which it is in conflict.
    pub needs: Vec<String>,
    /// The verdict's evidence in a few words.
    pub summary: String,
    /// The facts in words, strongest first.
    pub evidence: Vec<String>,
    /// What is lacking of it, of `partly`.
    pub missing: Vec<MissingReport>,
    /// Why nothing can be said, of `unproven`, or why it was not tried; else null.
    pub because: Option<String>,
}

/// A place where a unit and a target disagree.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct ConflictReport {
    /// The file in the target.
    #[serde(flatten)]
    pub path: PathReport,
    /// `region` (both changed the same lines), `no-file`, `exists`, `edited` (to be removed, and another), `binary`, `kind`.
    pub kind: Word,
    /// The first line of a region in the target's file, from 1.
    pub line: Option<u64>,
}

/// What a target lacks of a unit in one file.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct MissingReport {
    /// The file.
    #[serde(flatten)]
    pub path: PathReport,
    /// How many of the lines that come are not there.
    pub added: u64,
    /// How many of the lines that go are still there.
    pub removed: u64,
}
