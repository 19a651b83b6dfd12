//! The report as plain data: ordered, serialisable, free of colour and width.
//!
//! The documentation of these types is the specification of `--format json`. Fields are added without notice; a field that changes
//! its meaning or goes away raises [`VERSION`]. Names that are not UTF-8 stand as text with U+FFFD in place of what is not,
//! and beside them, as `path_base64`, exactly.

mod git;

pub use git::{
    ChangeReport, CheckoutReport, CommitReport, GitReport, NotJudgedReport, StashReport, SubmoduleReport,
    UpstreamReport, WorktreeReport,
};

use std::collections::BTreeMap;

use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize};

use crate::insight::nearest::Likeness;
use crate::path::TreePath;
use crate::report::candidates::FirstLookReport;
use crate::report::escape::{self, json_name};
use crate::report::git::commit_report;
use crate::snapshot::Counters;

/// The version of the format, in [`StatusReport::version`].
pub const VERSION: u32 = 1;

/// Who differs from whom.
#[derive(Debug, Clone, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct StatusReport {
    /// `driftline-status`.
    pub format: &'static str,
    /// [`VERSION`].
    pub version: u32,
    /// The version of the program.
    pub driftline: &'static str,
    /// The name of the folder in which the configuration stands; null for environments that were typed.
    pub project: Option<String>,
    /// The environment others are measured against, if one was chosen.
    pub baseline: Option<String>,
    /// The environments in order; every pattern has its characters in this order.
    pub environments: Vec<EnvironmentReport>,
    /// How many common paths there are: files, links and special files, not folders.
    pub paths: u64,
    /// How many of them are in sync: one content, present everywhere, nothing unreadable.
    pub in_sync: u64,
    /// How many of them differ only in line endings, a byte-order mark or blanks at line ends.
    pub quiet: u64,
    /// For each pattern over files and links, how many paths have it. A pattern is a character for each environment: `A`, `B`, `C`…
    /// by equal content, `-` absent, `!` unreadable.
    pub patterns: BTreeMap<String, u64>,
    /// Every path but folders that is not in sync, sorted by path.
    pub rows: Vec<RowReport>,
    /// Folders that are not in sync although nothing in them says so: they are empty, unreadable, or something else elsewhere. Sorted by path.
    pub folders: Vec<RowReport>,
    /// Paths whose mode or owner differs, whatever their content. Sorted by path.
    pub attributes: Vec<AttributeReport>,
    /// Contents that are under one path here and under another there.
    pub moves: Vec<MoveReport>,
    /// Folders that look like one under two names. Sorted by environment, then common name. Nothing of it is applied.
    pub map_proposals: Vec<MapReport>,
    /// Leftovers such as `X.orig`, with what they are equal to. Sorted by environment, then path.
    pub artifacts: Vec<ArtifactReport>,
    /// Where the drift is: folders that hold it, outermost first.
    pub drift: Vec<FolderReport>,
    /// How many paths differ that are below none of these folders.
    pub drift_elsewhere: u64,
    /// What one environment has and another lacks, as far as a first look goes.
    pub candidates: FirstLookReport,
    /// What the rules say, most severe first.
    pub findings: Vec<FindingReport>,
    /// What could not be read, and other things worth saying about the reading; in the order of environments.
    pub incidents: Vec<IncidentReport>,
    /// What else is worth saying: histories that could not be searched, or not to their end.
    pub notes: Vec<String>,
    /// The work that was done.
    pub counters: Counters,
    /// What to type next, most useful first.
    pub next: Vec<String>,
}

/// One environment.
#[derive(Debug, Clone, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct EnvironmentReport {
    /// Its name.
    pub name: String,
    /// A short mark for it, unique in this report.
    pub label: String,
    /// Where it was read.
    pub origin: String,
    /// What it is for, in the user's words.
    pub role: Option<String>,
    /// Entries that were listed, folders included.
    pub entries: u64,
    /// Rows in which it does not have what another environment has. Quiet differences and unreadable paths are not counted.
    pub drift: u64,
    /// Paths that only it has.
    pub only_here: u64,
    /// Uncommitted changes; null where there is no checkout or it could not be judged.
    pub uncommitted: Option<u64>,
    /// Leftovers such as `X.orig`.
    pub artifacts: u64,
    /// Paths that could not be read; what lies below an unreadable folder is not counted, as nobody knows it.
    pub unreadable: u64,
    /// Whether all of it was read.
    pub complete: bool,
    /// What its repository says.
    pub git: GitReport,
    /// Where it has no repository, or one whose history has nothing in common with others: the commit of the others' histories that agrees with
    /// most of its files; null elsewhere, and where none is near.
    pub nearest: Option<NearestReport>,
}

/// The commit that is nearest to an environment.
#[derive(Debug, Clone, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct NearestReport {
    /// The first environment whose history has the commit.
    pub of: String,
    /// The commit, and how near it is.
    #[serde(flatten)]
    pub likeness: LikenessReport,
    /// The one that comes next.
    pub runner_up: Option<LikenessReport>,
    /// Files of the environment at paths that no commit has; they are not counted.
    pub elsewhere: u64,
    /// Files of the environment whose content could not be compared; they are not counted.
    pub unknown: u64,
    /// How many commits were looked at.
    pub searched: u64,
    /// Older commits were not looked at.
    pub capped: bool,
}

/// How much of a commit is in an environment.
#[derive(Debug, Clone, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct LikenessReport {
    /// The commit.
    pub commit: CommitReport,
    /// Paths at which both have the same content; CR LF here for LF there is the same.
    pub agree: u64,
    /// Paths that at least one of them has.
    pub paths: u64,
    /// The share that agrees, from 0 to 1 with four digits, rounded down.
    pub share: f64,
}

impl LikenessReport {
    /// The report of a likeness.
    pub fn new(likeness: &Likeness) -> Self {
        Self {
            commit: commit_report(&likeness.commit),
            agree: likeness.agree as u64,
            paths: likeness.paths as u64,
            share: likeness.share() as f64 / 10_000.0,
        }
    }
}

/// A folder that looks like a folder with another name in other environments: a map that could be configured.
#[derive(Debug, Clone, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct MapReport {
    /// The environment that could get the map.
    pub environment: String,
    /// What the folder is called there.
    pub here: PathReport,
    /// What the others call it.
    pub common: PathReport,
    /// The others, in order; the first was compared.
    pub others: Vec<String>,
    /// Files at the same place with the same bytes.
    pub equal: u64,
    /// Files at the same place that differ only in line endings or a byte-order mark.
    pub quiet: u64,
    /// How many files the smaller of the two folders has.
    pub files: u64,
    /// Files at the same place with other content, by their paths from the folder on.
    pub unequal: Vec<PathReport>,
    /// Files that only the environment has at their place.
    pub only_here: u64,
    /// Files that only the first of the others has at their place.
    pub only_there: u64,
    /// The line for the environment's part of the configuration, with all that is mapped there and proposed for it; null when the names
    /// cannot stand in one, or do not fit together.
    pub paste: Option<String>,
}

/// A path.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct PathReport {
    /// As text.
    pub path: String,
    /// Its bytes in base64, when they are not UTF-8.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub path_base64: Option<String>,
    /// The bytes themselves, for outputs that have a way to show them.
    #[serde(skip)]
    pub bytes: Box<[u8]>,
}

impl PathReport {
    /// The report of a path; no bytes stand for the root.
    pub fn new(bytes: &[u8]) -> Self {
        let (path, path_base64) = json_name(bytes);
        Self { path, path_base64, bytes: bytes.into() }
    }
}

impl<'de> Deserialize<'de> for PathReport {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        struct Written {
            path: String,
            #[serde(default)]
            path_base64: Option<String>,
        }
        let Written { path, path_base64 } = Written::deserialize(deserializer)?;
        match path_base64 {
            Some(exact) => Ok(Self::new(&escape::from_base64(&exact).ok_or_else(|| D::Error::custom("no base64"))?)),
            None => Ok(Self::new(path.as_bytes())),
        }
    }
}

impl From<&TreePath> for PathReport {
    fn from(path: &TreePath) -> Self {
        Self::new(path.as_bytes())
    }
}

/// A path that is not in sync.
#[derive(Debug, Clone, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct RowReport {
    /// The path.
    #[serde(flatten)]
    pub path: PathReport,
    /// A character for each environment, as in [`StatusReport::patterns`].
    pub pattern: String,
    /// In what the environments differ: `presence`, `kind`, `content`, `target`.
    pub differences: Vec<&'static str>,
    /// The classes that explain all of it: `line-endings`, `byte-order-mark`, `trailing-space`. Empty for real drift.
    pub quiet: Vec<&'static str>,
}

/// A path whose mode or owner differs.
#[derive(Debug, Clone, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct AttributeReport {
    /// The path.
    #[serde(flatten)]
    pub path: PathReport,
    /// In what the environments differ: `executable`, `mode`, `owner`, `group`.
    pub differences: Vec<&'static str>,
    /// For each environment its mode in octal, such as `0755`; null where absent or not known.
    pub modes: Vec<Option<String>>,
    /// For each environment `owner:group`; null where absent or not known.
    pub owners: Vec<Option<String>>,
}

/// A content under several paths.
#[derive(Debug, Clone, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct MoveReport {
    /// `file` or `folder`.
    pub kind: &'static str,
    /// The paths, at least two, and the environments that have it there.
    pub places: Vec<MoveSide>,
    /// How many files are equal at all of them.
    pub files: u64,
    /// How many files are at all of them and were edited.
    pub edited: u64,
}

/// One path of a move.
#[derive(Debug, Clone, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct MoveSide {
    /// The path.
    #[serde(flatten)]
    pub path: PathReport,
    /// The environments that have the content there.
    pub environments: Vec<String>,
}

/// A leftover.
#[derive(Debug, Clone, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct ArtifactReport {
    /// The path.
    #[serde(flatten)]
    pub path: PathReport,
    /// The environment it is in.
    pub environment: String,
    /// What it is a leftover of; null when that is not there.
    pub of: Option<String>,
    /// What it is equal to, in words.
    pub is: String,
    /// Its content is known nowhere else.
    pub unique: bool,
}

/// A folder with drift.
#[derive(Debug, Clone, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct FolderReport {
    /// The path of the folder; empty for the root.
    #[serde(flatten)]
    pub path: PathReport,
    /// How deep it is shown.
    pub depth: usize,
    /// A character for each environment: the pattern of everything that differs below it, or of the path that differs most.
    pub pattern: String,
    /// Everything that differs below it has this pattern.
    pub is_uniform: bool,
    /// How many paths differ below it, quiet ones included.
    pub paths: u64,
    /// How many of these differ only quietly.
    pub quiet: u64,
    /// The first few names that differ directly in it.
    pub names: Vec<PathReport>,
}

/// What a rule found.
#[derive(Debug, Clone, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct FindingReport {
    /// Made of what was found: the same as long as the matter is the same.
    pub id: String,
    /// The rule.
    pub code: &'static str,
    /// `info`, `notice`, `warning` or `critical`.
    pub severity: &'static str,
    /// The path; null when it is about a whole environment.
    pub path: Option<PathReport>,
    /// The environments it is about.
    pub environments: Vec<String>,
    /// Whether the path is in `focus`.
    pub focus: bool,
    /// What it is about, in words: a path, or environments.
    pub subject: String,
    /// What was found, in words.
    pub message: String,
}

/// Something that went wrong, or is worth saying, about the reading.
#[derive(Debug, Clone, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct IncidentReport {
    /// Which environment.
    pub environment: String,
    /// Where; null for the whole environment.
    pub path: Option<PathReport>,
    /// `environment`, `folder`, `file`, `unstable` or `note`.
    pub kind: &'static str,
    /// What failed and why.
    pub message: String,
    /// What to do.
    pub hint: Option<String>,
}
