//! What the script of the page draws from. Names and texts are escaped here, so that whatever the script shows is safe to look at.

use std::collections::{BTreeMap, HashMap};
use std::io;

use serde::Serialize;

use super::{code, day, days, name, text};
use crate::report::escape;
use crate::report::layout::counted;
use crate::report::model::{AttributeReport, PathReport, RowReport};
use crate::report::nightly::{FocusFile, FocusRegion, FocusSide, NightFinding, NightlyReport};
use crate::report::wording::join;

/// The data of a page, and where in it things are.
#[derive(Debug, Serialize)]
pub(super) struct Page<'r> {
    environments: Vec<PageEnvironment<'r>>,
    /// The number of the environment that others are measured against.
    baseline: Option<usize>,
    rows: Vec<PageRow<'r>>,
    findings: Vec<PageFinding<'r>>,
    focus: Vec<PageFocus<'r>>,
    /// The patches of [`NightlyReport::patches`] to the byte: what is copied must apply.
    patches: Vec<&'r str>,
    /// Rows by path.
    #[serde(skip)]
    places: HashMap<&'r [u8], usize>,
}

#[derive(Debug, Serialize)]
struct PageEnvironment<'r> {
    name: &'r str,
    label: &'r str,
}

/// A path of the matrix.
#[derive(Debug, Serialize)]
struct PageRow<'r> {
    path: String,
    /// The path as a shell takes it; null when nobody could type it.
    word: Option<String>,
    pattern: String,
    folder: bool,
    kinds: Vec<&'static str>,
    /// Numbers of [`Page::findings`].
    findings: Vec<usize>,
    /// A number of [`Page::focus`].
    focus: Option<usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    modes: Option<&'r [Option<String>]>,
    #[serde(skip_serializing_if = "Option::is_none")]
    owners: Option<Vec<Option<String>>>,
    notes: Vec<String>,
}

#[derive(Debug, Serialize)]
struct PageFinding<'r> {
    id: String,
    code: String,
    severity: &'r str,
    /// As in the report, and `accepted`.
    status: &'r str,
    message: String,
    since: String,
    stale: Option<String>,
    accepted: Option<String>,
}

#[derive(Debug, Serialize)]
struct PageFocus<'r> {
    pattern: &'r str,
    sides: &'r [FocusSide],
    texts: Vec<PageText<'r>>,
    base: Option<PageBase<'r>>,
    regions: &'r [FocusRegion],
    notes: Vec<String>,
}

#[derive(Debug, Serialize)]
struct PageText<'r> {
    environments: &'r [String],
    lines: Vec<String>,
}

#[derive(Debug, Serialize)]
struct PageBase<'r> {
    description: String,
    environments: &'r [String],
    lines: Vec<String>,
}

impl<'r> Page<'r> {
    /// The data of a report. Linear in its size but for sorting.
    pub(super) fn new(report: &'r NightlyReport) -> Self {
        let tree = &report.tree;
        let all = || report.findings.iter().chain(&report.accepted);
        let by_id: HashMap<&str, usize> = all().enumerate().map(|(at, finding)| (&*finding.id, at)).collect();
        let mut by_path: HashMap<&[u8], Vec<usize>> = HashMap::new();
        for (at, finding) in all().enumerate().filter(|(_, finding)| finding.status != "resolved") {
            if let Some(bytes) = &finding.path.bytes {
                by_path.entry(bytes).or_default().push(at);
            }
        }
        let at_path = |bytes: &[u8]| by_path.get(bytes).cloned().unwrap_or_default();
        // Sorted part by part; a folder and a file may have one path, in different environments.
        let mut rows: BTreeMap<(Vec<&[u8]>, bool), PageRow<'r>> = BTreeMap::new();
        let key = |bytes: &'r [u8], folder| (bytes.split(|&byte| byte == b'/').collect::<Vec<_>>(), folder);
        for row in &tree.rows {
            let findings = row.findings.iter().filter_map(|id| by_id.get(&**id).copied()).collect();
            rows.insert(key(&row.row.path.bytes, false), page_row(&row.row, false, findings));
        }
        for row in &tree.folders {
            rows.insert(key(&row.path.bytes, true), page_row(row, true, at_path(&row.path.bytes)));
        }
        for attributes in &tree.attributes {
            let bytes = &attributes.path.bytes;
            let known = [false, true].into_iter().find(|&folder| rows.contains_key(&key(bytes, folder)));
            let row = rows.entry(key(bytes, known.unwrap_or(false)));
            let row = row.or_insert_with(|| in_sync(attributes, at_path(bytes)));
            row.kinds.push("attributes");
            row.modes = Some(&attributes.modes);
            let owner = |owner: &Option<String>| owner.as_deref().map(|owner| text(owner).into_owned());
            row.owners = Some(attributes.owners.iter().map(owner).collect());
        }
        let mut note = |path: &'r PathReport, kind: &'static str, words: String| {
            if let Some(row) = rows.get_mut(&key(&path.bytes, false)) {
                if !row.kinds.contains(&kind) {
                    row.kinds.push(kind);
                }
                row.notes.push(words);
            }
        };
        for moved in tree.moves.iter().filter(|moved| moved.kind == "file") {
            for place in &moved.places {
                let others = moved.places.iter().filter(|other| other.path != place.path);
                let others = others.map(|other| format!("{} in {}", name(&other.path), join(&other.environments)));
                note(&place.path, "moved", format!("the same content is {}", join(&others.collect::<Vec<_>>())));
            }
        }
        for artifact in &tree.artifacts {
            note(&artifact.path, "artifact", format!("{}: {}", artifact.environment, text(&artifact.is)));
        }
        for (at, file) in report.focus.iter().enumerate() {
            if let Some(row) = rows.get_mut(&key(&file.path.bytes, false)) {
                row.focus = Some(at);
            }
        }
        let sources = tree.rows.iter().map(|row| &row.row.path).chain(tree.folders.iter().map(|row| &row.path));
        let sources = sources.chain(tree.attributes.iter().map(|row| &row.path));
        let numbers: HashMap<_, usize> = rows.keys().enumerate().map(|(at, key)| (key.clone(), at)).collect();
        let number = |bytes| [false, true].into_iter().find_map(|folder| numbers.get(&key(bytes, folder)).copied());
        let places = sources.filter_map(|path| Some((&*path.bytes, number(&path.bytes)?))).collect();
        let environments = report.environments.iter().map(|environment| &environment.environment);
        Self {
            environments: environments
                .map(|environment| PageEnvironment { name: &environment.name, label: &environment.label })
                .collect(),
            baseline: report.baseline.as_ref().and_then(|baseline| {
                report.environments.iter().position(|environment| environment.environment.name == *baseline)
            }),
            rows: rows.into_values().collect(),
            findings: all().map(page_finding).collect(),
            focus: report.focus.iter().map(page_focus).collect(),
            patches: report.patches.iter().map(|patch| patch.patch.as_deref().unwrap_or_default()).collect(),
            places,
        }
    }

    /// The number of the row that a finding is about.
    pub(super) fn row_of(&self, finding: &NightFinding) -> Option<usize> {
        self.row_at(finding.path.bytes.as_deref()?)
    }

    /// The number of the row of a path.
    pub(super) fn row_at(&self, path: &[u8]) -> Option<usize> {
        self.places.get(path).copied()
    }

    /// All of it as JSON that can stand in an element of HTML.
    pub(super) fn json(&self) -> io::Result<String> {
        escape::script_json(self)
    }
}

fn page_row<'r>(row: &RowReport, folder: bool, findings: Vec<usize>) -> PageRow<'r> {
    let mut kinds = if row.quiet.is_empty() { row.differences.clone() } else { vec!["quiet"] };
    if row.pattern.contains('!') {
        kinds.push("unreadable");
    }
    PageRow {
        path: name(&row.path).into_owned(),
        word: escape::shell_word(&row.path.bytes),
        pattern: row.pattern.clone(),
        folder,
        kinds,
        findings,
        focus: None,
        modes: None,
        owners: None,
        notes: if row.quiet.is_empty() { Vec::new() } else { vec![format!("only {}", join(&row.quiet))] },
    }
}

/// A path of which nothing differs but mode or owner.
fn in_sync<'r>(attributes: &AttributeReport, findings: Vec<usize>) -> PageRow<'r> {
    PageRow {
        path: name(&attributes.path).into_owned(),
        word: escape::shell_word(&attributes.path.bytes),
        pattern: "A".repeat(attributes.modes.len()),
        folder: false,
        kinds: Vec::new(),
        findings,
        focus: None,
        modes: None,
        owners: None,
        notes: vec![format!("the contents are in sync, and differ in {}", join(&attributes.differences))],
    }
}

fn page_finding(finding: &NightFinding) -> PageFinding<'_> {
    PageFinding {
        id: text(&finding.id).into_owned(),
        code: text(&finding.code).into_owned(),
        severity: finding.severity,
        status: if finding.accepted.is_some() { "accepted" } else { finding.status },
        message: text(&finding.message).into_owned(),
        since: since(finding),
        stale: stale(finding),
        accepted: accepted(finding),
    }
}

/// `since 2026-01-03 (28 days, 28 reports in a row)`.
pub(super) fn since(finding: &NightFinding) -> String {
    if finding.status == "new" {
        return format!("since {}", day(finding.first_seen));
    }
    let streak = match finding.streak {
        0 | 1 => String::new(),
        streak => format!(", {} in a row", counted(streak, "report", "reports")),
    };
    format!("since {} ({}{streak})", day(finding.first_seen), days(finding.age_days))
}

/// What is said of a finding that could not be looked at again.
pub(super) fn stale(finding: &NightFinding) -> Option<String> {
    let stale = finding.stale.as_ref()?;
    let without = stale.without_them.as_deref().map(|words| format!("; without: {}", text(words))).unwrap_or_default();
    Some(format!("seen last {} ago, {} could not be read{without}", days(stale.age_days), join(&stale.unread)))
}

/// Why a finding is accepted, and until when.
pub(super) fn accepted(finding: &NightFinding) -> Option<String> {
    let accepted = finding.accepted.as_ref()?;
    let until = accepted.until.as_deref().map(|until| format!(" until {}", text(until))).unwrap_or_default();
    Some(format!("accepted{until}: {}", text(&accepted.because)))
}

fn page_focus(file: &FocusFile) -> PageFocus<'_> {
    let lines = |lines: &[String]| lines.iter().map(|line| code(line)).collect::<Vec<_>>();
    PageFocus {
        pattern: &file.pattern,
        sides: &file.sides,
        texts: file
            .texts
            .iter()
            .map(|text| PageText { environments: &text.environments, lines: lines(&text.lines) })
            .collect(),
        base: file.base.as_ref().map(|base| PageBase {
            description: text(&base.description).into_owned(),
            environments: &base.environments,
            lines: lines(&base.lines),
        }),
        regions: &file.regions,
        notes: file.notes.iter().map(|note| text(note).into_owned()).collect(),
    }
}
