//! The report of one night: what drifts, what of it is new since the last one, and what could not be read.
//!
//! [`NightlyReport`] is plain data: ordered, serialisable, free of colour and width, secrets in foreign words masked. Every format only
//! writes it, and escapes foreign bytes by itself. Its documentation is the specification of `driftline report --format json`: fields are
//! added without notice; a field that changes its meaning or goes away raises [`VERSION`]. Times are seconds since 1970 in UTC.

mod build;
mod focus;
mod formats;
mod history;
mod html;
mod junit;
mod markdown;
mod prometheus;
mod sarif;
mod terminal;

pub use build::{FailOn, Kept, Parts, nightly_report};
pub use focus::{BaseText, FocusFile, FocusRegion, FocusSide, FocusText};
pub use formats::{FORMATS, Format, Screen};
pub use history::{HistoryReport, sparkline, write_history};

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::report::candidates::CandidatesReport;
use crate::report::fixes::FixesReport;
use crate::report::model::{
    ArtifactReport, AttributeReport, EnvironmentReport, FolderReport, IncidentReport, MapReport, MoveReport,
    PathReport, RowReport,
};
use crate::snapshot::Counters;

/// The version of the format, in [`NightlyReport::version`].
pub const VERSION: u32 = 1;

/// The report of one night.
#[derive(Debug, Clone, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct NightlyReport {
    /// `driftline-report`.
    pub format: &'static str,
    /// [`VERSION`].
    pub version: u32,
    /// The version of the program.
    pub driftline: &'static str,
    /// The name of the folder in which the configuration stands; null for environments that were typed.
    pub project: Option<String>,
    /// When it ran, and what it knows of the runs before.
    pub run: RunReport,
    /// The environment others are measured against, if one was chosen.
    pub baseline: Option<String>,
    /// The environments in order; every pattern has its characters in this order.
    pub environments: Vec<NightEnvironment>,
    /// How many findings there are of each kind.
    pub counts: CountsReport,
    /// What the rules say, most severe first, and after that what they do not say any more (`resolved`). Without what is accepted. The exit
    /// status is computed from these and nothing else.
    pub findings: Vec<NightFinding>,
    /// Findings that somebody accepted, in the same order. They have no part in the exit status.
    pub accepted: Vec<NightFinding>,
    /// Acceptances that accept nothing any more, in the order of the configuration.
    pub acceptances: Vec<AcceptanceReport>,
    /// All paths that are not in sync.
    pub tree: TreeReport,
    /// Folders that look like one under two names. Sorted by environment, then common name. Nothing of it is applied.
    pub map_proposals: Vec<MapReport>,
    /// What one environment has and another lacks; null where there are no two environments to compare.
    pub candidates: Option<CandidatesReport>,
    /// Units of [`Self::candidates`] as patches, in their order, then by target.
    pub patches: Vec<PatchReport>,
    /// Which environment has which known fix; null when the configuration names none.
    pub fixes: Option<FixesReport>,
    /// The texts of files in focus that are not in sync, by path.
    pub focus: Vec<FocusFile>,
    /// The last nights, oldest first; this one is the last.
    pub trend: Vec<TrendReport>,
    /// What could not be read, and other things worth saying about the reading; in the order of environments.
    pub incidents: Vec<IncidentReport>,
    /// What else is worth saying.
    pub notes: Vec<String>,
    /// The work that was done.
    pub counters: Counters,
    /// The exit status, and why.
    pub exit: ExitReport,
    /// What to type next, most useful first.
    pub next: Vec<String>,
}

/// A run, and what it knows of those before.
#[derive(Debug, Clone, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct RunReport {
    /// Its number in the history of this project, from 1; null when it is not kept.
    pub number: Option<u64>,
    /// No run before it is known: everything is new because nothing was looked at before.
    pub first: bool,
    /// When it began.
    pub at: i64,
    /// The same as `2026-01-31T03:00:00Z`.
    pub date: String,
    /// How long it took, in milliseconds; null when the clock was fixed.
    pub took_ms: Option<u64>,
    /// When the run before it was; null when there is none.
    pub previous: Option<i64>,
    /// `kept`; `read-only`: findings were held against the history, and this run is not in it; `off`: no history was wanted;
    /// `unavailable`: there may be one, and it could not be read. In the last two cases every finding is called new.
    #[cfg_attr(test, schemars(extend("enum" = ["kept", "read-only", "off", "unavailable"])))]
    pub history: &'static str,
    /// Why it is `read-only` or `unavailable`, in words; else null.
    pub because: Option<String>,
}

/// One environment, with how well it was read.
#[derive(Debug, Clone, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct NightEnvironment {
    /// What `driftline status` says of it.
    #[serde(flatten)]
    pub environment: EnvironmentReport,
    /// How well it was read.
    pub read: ReadReport,
    /// What its repository says, in a few words such as `main 4c1d2e9 = origin`.
    pub git_words: String,
}

/// How well an environment was read.
#[derive(Debug, Clone, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct ReadReport {
    /// `all`, `part` or `failed`.
    #[cfg_attr(test, schemars(extend("enum" = ["all", "part", "failed"])))]
    pub state: &'static str,
    /// What could not be read and why, in words, most far-reaching first. Empty for `all`.
    pub reasons: Vec<String>,
    /// When all of it was read last: now for `all`; null when no run is known that did.
    pub last_complete: Option<i64>,
    /// How many whole days ago that was.
    pub age_days: Option<u64>,
}

/// How many findings there are of each kind.
#[derive(Debug, Clone, Default, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct CountsReport {
    /// Never seen before, or changed since.
    pub new: u64,
    /// Seen by the run before as well.
    pub still: u64,
    /// Seen by the run before, and gone.
    pub resolved: u64,
    /// Gone or accepted before, and here again.
    pub reopened: u64,
    /// Accepted; in no other number.
    pub accepted: u64,
    /// Those of `still` whose environments could not be read, so that the last picture stands in.
    pub stale: u64,
    /// Open ones (`new`, `still`, `reopened`) by severity.
    pub open: SeverityCounts,
    /// Of these the ones that are `new` or `reopened`.
    pub fresh: SeverityCounts,
}

/// A number for each severity.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct SeverityCounts {
    /// Act now.
    pub critical: u64,
    /// Drift, or something that gets lost.
    pub warning: u64,
    /// Worth a look.
    pub notice: u64,
    /// For the record.
    pub info: u64,
}

/// What a rule found, and since when.
#[derive(Debug, Clone, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct NightFinding {
    /// Made of what was found: the same as long as the matter is the same.
    pub id: String,
    /// The rule.
    pub code: String,
    /// `info`, `notice`, `warning` or `critical`.
    #[cfg_attr(test, schemars(extend("enum" = ["info", "notice", "warning", "critical"])))]
    pub severity: &'static str,
    /// `new`, `still`, `resolved` or `reopened`.
    #[cfg_attr(test, schemars(extend("enum" = ["new", "still", "resolved", "reopened"])))]
    pub status: &'static str,
    /// The path; null when it is about a whole environment.
    #[serde(flatten)]
    pub path: FindingPath,
    /// The environments it is about.
    pub environments: Vec<String>,
    /// Whether the path is in `focus`.
    pub focus: bool,
    /// What it is about, in words: a path, or environments.
    pub subject: String,
    /// What was found, in words.
    pub message: String,
    /// The answer is incomplete because of it.
    pub incomplete: bool,
    /// When it was seen first; for `reopened`, when it came back.
    pub first_seen: i64,
    /// How many whole days ago that was.
    pub age_days: u64,
    /// In how many runs in a row it was there, this one included; 0 for `resolved`.
    pub streak: u64,
    /// The finding that it took the place of: the same rule at the same place, and something changed.
    pub replaces: Option<String>,
    /// For `reopened`: `came-back`, `acceptance-expired`, `acceptance-removed` or `matter-changed`.
    pub reopened: Option<&'static str>,
    /// Set where the environments it is about could not be read: it is what was seen last.
    pub stale: Option<StaleReport>,
    /// Set in [`NightlyReport::accepted`].
    pub accepted: Option<AcceptedReport>,
}

/// A path, or none.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct FindingPath {
    /// As text; null when there is none.
    pub path: Option<String>,
    /// Its bytes in base64, when they are not UTF-8.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub path_base64: Option<String>,
    /// The bytes themselves, for outputs that have a way to show them.
    #[serde(skip)]
    pub bytes: Option<Box<[u8]>>,
}

impl From<Option<PathReport>> for FindingPath {
    fn from(path: Option<PathReport>) -> Self {
        let Some(PathReport { path, path_base64, bytes }) = path else { return Self::default() };
        Self { path: Some(path), path_base64, bytes: Some(bytes) }
    }
}

/// That a finding is the last good picture of something that could not be read.
#[derive(Debug, Clone, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct StaleReport {
    /// When it was really seen last.
    pub seen: i64,
    /// How many whole days ago that was.
    pub age_days: u64,
    /// The environments that could not be read.
    pub unread: Vec<String>,
    /// What can be said of the same place without them, in words.
    pub without_them: Option<String>,
}

/// That somebody accepted a finding.
#[derive(Debug, Clone, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct AcceptedReport {
    /// Why, in the user's words.
    pub because: String,
    /// The last day on which it holds, as `2027-01-31`; null for no end.
    pub until: Option<String>,
}

/// An acceptance that accepts nothing any more.
#[derive(Debug, Clone, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct AcceptanceReport {
    /// The id that it names.
    pub id: String,
    /// Why it was accepted.
    pub because: String,
    /// The last day on which it held.
    pub until: Option<String>,
    /// `stale`: there is no such finding any more; `expired`: its day has passed; `changed`: something else is found there now.
    #[cfg_attr(test, schemars(extend("enum" = ["stale", "expired", "changed"])))]
    pub state: &'static str,
    /// The same in words, with what to do.
    pub message: String,
}

/// All paths that are not in sync, and where they are.
#[derive(Debug, Clone, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct TreeReport {
    /// How many common paths there are: files, links and special files, not folders.
    pub paths: u64,
    /// How many of them are in sync.
    pub in_sync: u64,
    /// How many of them differ only in line endings, a byte-order mark or blanks at line ends.
    pub quiet: u64,
    /// For each pattern over files and links, how many paths have it, as in `driftline status`.
    pub patterns: BTreeMap<String, u64>,
    /// Every path but folders that is not in sync, sorted by path.
    pub rows: Vec<NightRow>,
    /// Folders that are not in sync although nothing in them says so. Sorted by path.
    pub folders: Vec<RowReport>,
    /// Paths whose mode or owner differs, whatever their content. Sorted by path.
    pub attributes: Vec<AttributeReport>,
    /// Contents that are under one path here and under another there.
    pub moves: Vec<MoveReport>,
    /// Leftovers such as `X.orig`, with what they are equal to.
    pub artifacts: Vec<ArtifactReport>,
    /// Folders that hold the drift, outermost first.
    pub drift: Vec<FolderReport>,
    /// How many paths differ that are below none of these folders.
    pub drift_elsewhere: u64,
}

/// A path that is not in sync, with the findings about it.
#[derive(Debug, Clone, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct NightRow {
    /// The path.
    #[serde(flatten)]
    pub row: RowReport,
    /// The ids of the findings about it or about a folder that it is in, in the order of [`NightlyReport::findings`], then
    /// [`NightlyReport::accepted`]. Without resolved ones.
    pub findings: Vec<String>,
}

/// A unit of change as a patch for one target.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct PatchReport {
    /// The unit, by its name in [`CandidatesReport::units`].
    pub id: String,
    /// For which environment.
    pub to: String,
    /// The patch, in the target's own paths, as `git apply` and `patch -p1` take it; null when there is none.
    pub patch: Option<String>,
    /// Why there is none, in words.
    pub refused: Option<String>,
}

/// A night.
#[derive(Debug, Clone, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct TrendReport {
    /// The number of the run; null for one that is not kept.
    pub number: Option<u64>,
    /// When it began.
    pub at: i64,
    /// The same as `2026-01-31T03:00:00Z`.
    pub date: String,
    /// Open findings by severity.
    pub open: SeverityCounts,
    /// Findings that were new.
    pub new: u64,
    /// Findings that were resolved.
    pub resolved: u64,
    /// Findings that were reopened.
    pub reopened: u64,
    /// Findings that were accepted.
    pub accepted: u64,
    /// Paths that were not in sync, quiet ones not counted.
    pub drift: u64,
    /// For each environment of that night how it was read: `all`, `part` or `failed`.
    pub coverage: BTreeMap<String, String>,
}

/// How the run ended.
#[derive(Debug, Clone, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct ExitReport {
    /// The exit status: 0 in sync, 1 drift, 3 incomplete.
    pub status: u8,
    /// What `--fail-on` was, such as `warning` or `new:warning`.
    pub fail_on: String,
    /// How many findings are at or above it.
    pub failing: u64,
    /// What could not be read or kept, in words; the answer is incomplete when there is anything.
    pub incomplete: Vec<String>,
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The JSON Schema that is shipped is made of these types: with `UPDATE_SCHEMA=1` this test writes it.
    #[test]
    fn the_schema_that_is_shipped_is_the_one_of_these_types() {
        let settings = schemars::generate::SchemaSettings::draft2020_12().for_serialize();
        let mut schema = settings.into_generator().into_root_schema_for::<NightlyReport>();
        schema.insert("title".to_owned(), "driftline report --format json".into());
        let made = format!("{}\n", serde_json::to_string_pretty(&schema).unwrap());
        let file = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/report.schema.json");
        if std::env::var_os("UPDATE_SCHEMA").is_some() {
            std::fs::write(file, &made).unwrap();
        }
        let shipped = std::fs::read_to_string(file).unwrap();
        assert!(made == shipped, "docs/report.schema.json is not up to date: run this test with UPDATE_SCHEMA=1");
    }
}
