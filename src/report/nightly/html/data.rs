//! What the script of the page draws from. Names and texts are escaped here, so that whatever the script shows is safe to look at.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::io;

use serde::Serialize;

use super::candidates::UNITS;
use super::{code, day, days, name, text};
use crate::report::escape;
use crate::report::layout::{count, counted};
use crate::report::model::{AttributeReport, MoveReport, MoveSide, PathReport, RowReport};
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
    /// Folders that are elsewhere under another name.
    moves: Vec<PageMove>,
    /// The patches of [`NightlyReport::patches`] to the byte: what is copied must apply. Empty where a patch is not shown.
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

/// A folder of the matrix that is elsewhere under another name.
#[derive(Debug, Serialize)]
struct PageMove {
    path: String,
    /// Where else, in a few words.
    to: String,
    /// How much of it is the same.
    same: String,
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
        let mut rows: Rows<'r> = BTreeMap::new();
        let key = |bytes: &'r [u8], folder| (parts(bytes), folder);
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
        for moved in tree.moves.iter().filter(|moved| moved.kind == "file") {
            for place in &moved.places {
                let others = moved.places.iter().filter(|other| other.path != place.path);
                let others = others.map(|other| format!("{} in {}", name(&other.path), join(&other.environments)));
                note(
                    &mut rows,
                    &place.path,
                    "moved",
                    format!("the same content is {}", join(&others.collect::<Vec<_>>())),
                );
            }
        }
        let folders = tree.moves.iter().filter(|moved| moved.kind == "folder");
        let moves = folders.clone().flat_map(page_moves).collect();
        for moved in folders {
            for place in &moved.places {
                for other in moved.places.iter().filter(|other| other.path != place.path) {
                    mark_moved(&mut rows, &place.path.bytes, other);
                }
            }
        }
        for artifact in &tree.artifacts {
            note(&mut rows, &artifact.path, "artifact", format!("{}: {}", artifact.environment, text(&artifact.is)));
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
        let units = report.candidates.iter().flat_map(|candidates| candidates.units.iter().take(UNITS));
        let shown: HashSet<&str> = units.map(|unit| &*unit.id).collect();
        let is_shown = |id: &str| shown.contains(id);
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
            moves,
            patches: report
                .patches
                .iter()
                .map(|patch| patch.patch.as_deref().filter(|_| is_shown(&patch.id)).unwrap_or_default())
                .collect(),
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

/// Rows by the parts of their paths, and whether they are folders.
type Rows<'r> = BTreeMap<(Vec<&'r [u8]>, bool), PageRow<'r>>;

fn parts(path: &[u8]) -> Vec<&[u8]> {
    path.split(|&byte| byte == b'/').collect()
}

impl PageRow<'_> {
    fn note(&mut self, kind: &'static str, words: String) {
        if !self.kinds.contains(&kind) {
            self.kinds.push(kind);
        }
        self.notes.push(words);
    }
}

fn note<'r>(rows: &mut Rows<'r>, path: &'r PathReport, kind: &'static str, words: String) {
    if let Some(row) = rows.get_mut(&(parts(&path.bytes), false)) {
        row.note(kind, words);
    }
}

/// Both sides of a folder that is elsewhere under another name.
fn page_moves(moved: &MoveReport) -> impl Iterator<Item = PageMove> {
    let edited = if moved.edited > 0 { format!(", {} edited", count(moved.edited)) } else { String::new() };
    let same = format!("{} equal{edited}", counted(moved.files, "file", "files"));
    moved.places.iter().map(move |place| {
        let others = moved.places.iter().filter(|other| other.path != place.path);
        let to = others.map(|other| format!("{}/ in {}", name(&other.path), join(&other.environments)));
        PageMove { path: name(&place.path).into_owned(), to: join(&to.collect::<Vec<_>>()), same: same.clone() }
    })
}

/// Says of each row below a folder which row below the other it is there.
fn mark_moved<'r>(rows: &mut Rows<'r>, folder: &'r [u8], other: &'r MoveSide) {
    let [from, to] = [parts(folder), parts(&other.path.bytes)];
    let below = rows.range((from.clone(), false)..).map(|(key, _)| key.clone());
    let below: Vec<_> = below.take_while(|(path, _)| path.starts_with(&from)).collect();
    for (path, is_folder) in below.into_iter().filter(|(path, _)| path.len() > from.len()) {
        let there = ([&to[..], &path[from.len()..]].concat(), is_folder);
        let is_known = rows.get(&(path.clone(), is_folder)).is_some_and(|row| row.kinds.contains(&"moved"));
        if !is_known
            && rows.contains_key(&there)
            && let Some(row) = rows.get_mut(&(path, is_folder))
        {
            let there = there.0.join(&b'/');
            row.note("moved", format!("{} in {}", escape::name(&there), join(&other.environments)));
        }
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
    if finding.status == "new" || (finding.age_days == 0 && finding.streak < 2) {
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
