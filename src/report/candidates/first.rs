//! Candidates on the first screen: a table of the few that are most worth a look, and the same as data.

use serde::Serialize;

use crate::insight::candidates::{Brief, BriefKind, BriefTarget, BriefUnit, Fit, Scope, Standing};
use crate::path::EnvironmentName;
use crate::report::escape;
use crate::report::layout::{count, counted, fit, fit_path, pad, width};
use crate::report::model::{EnvironmentReport, PathReport, StatusReport};
use crate::report::style::{Look, Styles};

/// So many are shown.
const SHOWN: usize = 5;
/// Beyond this the end of a line is too far from its beginning.
const WIDEST: usize = 130;
/// Less of what it is says nothing.
const NARROWEST: usize = 14;
/// With less room for what it is, the place is told by its numbers alone.
const ENOUGH: usize = 34;
/// The widest that the place becomes.
const PLACE: usize = 28;

const NOTHING_TO_COMPARE: &str = "there are no two environments to compare";
const NO_HISTORY: &str = "no environment has a history";

/// What a first look at candidates found. `driftline candidates` has the evidence; names and numbers are the same there.
#[derive(Debug, Clone, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct FirstLookReport {
    /// Whether the environments were looked at for candidates at all.
    pub looked_at: bool,
    /// Why not, in words; else null.
    pub because: Option<String>,
    /// What at least one environment may lack, without bookkeeping, the most worth a look first.
    pub units: Vec<BriefUnitReport>,
    /// How many changed files were left out because they hold secrets.
    pub sensitive: u64,
    /// What could not be read or judged. The answer is incomplete when there is anything.
    pub failures: Vec<String>,
    /// What to type to see all of it.
    pub command: Option<String>,
}

/// A unit of change, in brief.
#[derive(Debug, Clone, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct BriefUnitReport {
    /// Its lasting name, in hexadecimal.
    pub id: String,
    /// Its name in the listing of `driftline candidates` over the same environments.
    pub short: String,
    /// `commit`, `staged`, `unstaged`, `stash`, `tree`, `artifact`.
    pub kind: &'static str,
    /// The commit, in full, of a commit or a stash; else null.
    pub commit: Option<String>,
    /// The environment that has it.
    pub from: String,
    /// What it is called, secrets masked.
    pub title: String,
    /// Who made it; null where nothing says so.
    pub author: Option<String>,
    /// When it was made, in seconds since 1970 in UTC; null where it is not known.
    pub authored: Option<i64>,
    /// How many files it changes.
    pub files: u64,
    /// The first few of them.
    pub paths: Vec<PathReport>,
    /// Lines that come; null when a side of a file is no text.
    pub added: Option<u64>,
    /// Lines that go.
    pub removed: Option<u64>,
    /// How much it is worth a look.
    pub score: i32,
    /// What is known of it in each other environment, in order.
    pub targets: Vec<BriefTargetReport>,
}

/// A unit in an environment, in brief.
#[derive(Debug, Clone, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct BriefTargetReport {
    /// The environment.
    pub env: String,
    /// `present`, `absent`, `partly`, `unproven`.
    pub verdict: &'static str,
    /// `clean`, `offset`, `conflict`, `not-tried`; null where it is present.
    pub applies: Option<&'static str>,
    /// By how many lines at most it is elsewhere, of `offset`.
    pub offset: Option<u64>,
    /// The short names of the units without which it is in conflict.
    pub needs: Vec<String>,
    /// It stands in files that this environment has under the same paths without it: a deploy of this environment onto `from` destroys it.
    pub destroyed: bool,
}

/// The data of a first look.
pub fn first_look(brief: &Brief, environments: &[EnvironmentName], command: Option<String>) -> FirstLookReport {
    let name = |at: usize| environments.get(at).map(ToString::to_string).unwrap_or_default();
    let target = |target: &BriefTarget| BriefTargetReport {
        env: name(target.environment),
        verdict: match target.standing {
            Standing::Present => "present",
            Standing::Absent => "absent",
            Standing::Partly => "partly",
            Standing::Unproven => "unproven",
        },
        applies: target.applies.map(|fit| match fit {
            Fit::Clean => "clean",
            Fit::Offset(_) => "offset",
            Fit::Conflict => "conflict",
            Fit::NotTried => "not-tried",
        }),
        offset: match target.applies {
            Some(Fit::Offset(lines)) => Some(lines),
            _ => None,
        },
        needs: target.needs.iter().map(|number| format!("f{number}")).collect(),
        destroyed: target.is_destroyed,
    };
    let unit = |unit: &BriefUnit| BriefUnitReport {
        id: unit.id.to_string(),
        short: format!("f{}", unit.number),
        kind: match unit.kind {
            BriefKind::Commit => "commit",
            BriefKind::Staged => "staged",
            BriefKind::Unstaged => "unstaged",
            BriefKind::Stash => "stash",
            BriefKind::Tree => "tree",
            BriefKind::Artifact => "artifact",
        },
        commit: unit.commit.clone(),
        from: name(unit.from),
        title: unit.title.clone(),
        author: (!unit.author.is_empty()).then(|| unit.author.clone()),
        authored: unit.authored,
        files: unit.files,
        paths: unit.paths.iter().map(|path| PathReport::new(path)).collect(),
        added: unit.lines.map(|lines| lines.0),
        removed: unit.lines.map(|lines| lines.1),
        score: unit.score,
        targets: unit.targets.iter().map(target).collect(),
    };
    FirstLookReport {
        looked_at: brief.scope == Scope::All,
        because: because(brief.scope),
        units: brief.units.iter().map(unit).collect(),
        sensitive: brief.sensitive,
        failures: brief.failures.clone(),
        command,
    }
}

/// Whether a reason not to look is that there is too much, and not that there is nothing.
pub(super) fn is_too_much(because: &str) -> bool {
    ![NOTHING_TO_COMPARE, NO_HISTORY].contains(&because)
}

/// Why a look did not go on, in words.
pub(super) fn because(scope: Scope) -> Option<String> {
    Some(match scope {
        Scope::All => return None,
        Scope::NotAsked => NOTHING_TO_COMPARE.to_owned(),
        Scope::NoHistory => NO_HISTORY.to_owned(),
        Scope::Files(files) => format!("{} to look into", counted(files, "file", "files")),
        Scope::Bytes(bytes) => format!("{} to look into", counted(bytes, "byte", "bytes")),
        Scope::Far(bytes) => format!("{} to fetch", counted(bytes, "byte", "bytes")),
        Scope::Commits(commits) => format!("{} to look for", counted(commits, "commit", "commits")),
    })
}

/// The table, with a blank line before it; nothing when there is nothing to say, or no room for it in `most` lines.
pub(in crate::report) fn lines(report: &StatusReport, columns: usize, styles: Styles, most: usize) -> Vec<String> {
    let look = &report.candidates;
    let command = look.command.as_ref().map(|command| format!(": {command}")).unwrap_or_default();
    let mut lines = vec![String::new()];
    let too_much = look.because.as_deref().filter(|because| is_too_much(because));
    if let Some(because) = too_much {
        let words = format!("Fixes in one place only: not looked at, {because}{command}");
        lines.push(styles.paint(Look::Dim, fit(&words, columns)).to_string());
    }
    if !look.units.is_empty() && most >= 5 {
        let shown = shown(report, SHOWN.min(most - 4));
        lines.extend(Table::new(report, &shown, columns.min(WIDEST), styles).lines(&shown));
        let more = match look.units.len() - shown.len() {
            0 => "all with their evidence".to_owned(),
            left => format!("and {} more", count(left as u64)),
        };
        lines.push(styles.paint(Look::Dim, fit(&format!("  {more}{command}"), columns)).to_string());
    }
    if let [first, rest @ ..] = &look.failures[..] {
        let more = if rest.is_empty() { String::new() } else { format!(", and {} more", rest.len()) };
        let words = format!("Fixes in one place only: not all judged: {}{more}", escape::text(first.as_bytes()));
        lines.push(styles.paint(Look::Unreadable, fit(&words, columns)).to_string());
    }
    if lines.len() > 1 { lines } else { Vec::new() }
}

/// The first ones; the last of them gives way to one that a deploy to production would destroy, when none of the others is.
fn shown(report: &StatusReport, most: usize) -> Vec<&BriefUnitReport> {
    let units = &report.candidates.units;
    let mut shown: Vec<&BriefUnitReport> = units.iter().take(most).collect();
    let is_threatened = |unit: &&BriefUnitReport| threats(report, unit).is_some();
    if !shown.iter().any(is_threatened)
        && let Some(threatened) = units.iter().skip(most).find(is_threatened)
    {
        shown.pop();
        shown.push(threatened);
    }
    shown
}

/// Whose deploy would destroy a unit that nobody else has: said of what runs in production, or is in no history that anybody shares.
fn threats<'a>(report: &'a StatusReport, unit: &BriefUnitReport) -> Option<Vec<&'a str>> {
    let from = report.environments.iter().find(|environment| environment.name == unit.from)?;
    let is_production = from.role.as_deref() == Some("production") || report.baseline.as_deref() == Some(&from.name);
    let is_alone = unit.targets.iter().all(|target| target.verdict == "absent");
    let label = |name: &str| {
        let environment = report.environments.iter().find(|environment| environment.name == name);
        environment.map(|environment| environment.label.as_str())
    };
    let threats: Vec<&str> =
        unit.targets.iter().filter(|target| target.destroyed).filter_map(|target| label(&target.env)).collect();
    ((is_production || unit.kind == "tree") && is_alone && !threats.is_empty()).then_some(threats)
}

/// How the table is laid out.
struct Table<'a> {
    report: &'a StatusReport,
    styles: Styles,
    columns: usize,
    /// The only environment that the units are from; `None` when there are several, each named in its line.
    source: Option<&'a EnvironmentReport>,
    /// The environments that have a column.
    targets: Vec<&'a EnvironmentReport>,
    /// The width of each of these; 0 when there are too many, and one column says how many.
    cell: usize,
    /// The least width of all of these together: a danger is said in any case.
    least: usize,
    id: usize,
    what: usize,
    place: usize,
    /// Of the place only the numbers.
    is_short: bool,
}

impl<'a> Table<'a> {
    fn new(report: &'a StatusReport, shown: &[&BriefUnitReport], columns: usize, styles: Styles) -> Self {
        let all = &report.environments;
        let from = |unit: &&BriefUnitReport| all.iter().find(|environment| environment.name == unit.from);
        let first = shown.first().and_then(from);
        let source = first.filter(|first| shown.iter().all(|unit| unit.from == first.name));
        let is_target = |environment: &&EnvironmentReport| source.is_none_or(|source| source.name != environment.name);
        let targets: Vec<&EnvironmentReport> = all.iter().filter(is_target).collect();
        let mut table = Self {
            report,
            styles,
            columns,
            source,
            targets,
            cell: 0,
            least: 0,
            id: 2,
            what: 0,
            place: 0,
            is_short: false,
        };
        table.id = shown.iter().map(|unit| width(&unit.short)).max().unwrap_or(2);
        let is_threatened = shown.iter().any(|unit| threats(report, unit).is_some());
        table.least = if is_threatened { 2 + width(SHORTEST) } else { 0 };
        let heads = table.targets.iter().map(|target| width(&table.head(target)));
        let words = shown.iter().filter(|unit| threats(report, unit).is_none());
        let words = words.flat_map(|unit| table.targets.iter().map(|target| width(&cell(unit, &target.name))));
        let cell = heads.chain(words).max().unwrap_or(0);
        table.cell = if table.targets.len() * (cell + 2) <= columns / 2 { cell } else { 0 };
        let rest = columns.saturating_sub(table.lead() + table.tail());
        let widest = |words: &dyn Fn(&BriefUnitReport) -> String| {
            shown.iter().map(|unit| width(&words(unit))).max().unwrap_or(0).min(PLACE)
        };
        let (long, short) = (widest(&place), widest(&lines_changed));
        table.is_short = rest < ENOUGH + 2 + long;
        table.place = if table.is_short { short } else { long };
        table.place = if rest >= NARROWEST + 2 + table.place { table.place } else { 0 };
        let gap = if table.place > 0 { table.place + 2 } else { 0 };
        let titles = shown.iter().map(|unit| width(&escape::text(unit.title.as_bytes())));
        table.what = rest.saturating_sub(gap).min(titles.max().unwrap_or(0).max("Fixes in one place only".len()));
        table
    }

    /// What stands before what it is.
    fn lead(&self) -> usize {
        let from = if self.source.is_some() { 0 } else { 2 + self.widest_label() };
        2 + self.id + from + 2
    }

    /// What stands after what it is and where; nothing when there is no room for it.
    fn tail(&self) -> usize {
        match self.cell {
            0 if self.lead() + NARROWEST + 2 + SUMMARY > self.columns => 0,
            0 => 2 + SUMMARY,
            cell => self.least.max(self.targets.len() * (cell + 2)),
        }
    }

    fn widest_label(&self) -> usize {
        self.report.environments.iter().map(|environment| width(&environment.label)).max().unwrap_or(1)
    }

    fn head(&self, target: &EnvironmentReport) -> String {
        match self.source {
            Some(source) => format!("{} -> {}", source.label, target.label),
            None => format!("-> {}", target.label),
        }
    }

    fn lines(&self, shown: &[&BriefUnitReport]) -> Vec<String> {
        let gap = if self.place > 0 { self.place + 2 } else { 0 };
        let title = pad(&fit("Fixes in one place only", self.columns), self.lead() + self.what + gap);
        let heads = match self.cell {
            0 => String::new(),
            cell => self.targets.iter().map(|target| format!("  {}", pad(&self.head(target), cell))).collect(),
        };
        let heads = self.styles.paint(Look::Dim, heads.trim_end()).to_string();
        let mut lines = vec![format!("{}{heads}", self.styles.paint(Look::Heading, title))];
        lines.extend(shown.iter().map(|unit| self.line(unit)));
        lines
    }

    fn line(&self, unit: &BriefUnitReport) -> String {
        let label = |name: &str| {
            let environment = self.report.environments.iter().find(|environment| environment.name == name);
            environment.map_or("", |environment| environment.label.as_str())
        };
        let from = match self.source {
            Some(_) => String::new(),
            None => format!("  {}", pad(label(&unit.from), self.widest_label())),
        };
        let title = escape::text(unit.title.as_bytes());
        let what = pad(&fit(&title, self.what), self.what);
        let id = self.styles.paint(Look::Heading, pad(&unit.short, self.id));
        let head = format!("  {id}{from}  {what}");
        let beside = |words: &str, room: usize| match room {
            0 => String::new(),
            room => format!("  {}", pad(&fit(words, room), room)),
        };
        let room = self.tail().saturating_sub(2);
        if room == 0 {
            return format!("{head}{}", beside(&lines_changed(unit), self.place)).trim_end().to_owned();
        }
        if let Some(threats) = threats(self.report, unit) {
            // It says more than where, and may take its room, and all that is left of the line.
            let numbers = lines_changed(unit);
            let least = width(&numbers).min(self.place);
            let gap = if self.place > 0 { self.place + 2 } else { 0 };
            let room = self.columns.saturating_sub(self.lead() + self.what + gap + 2);
            let words = threatened(label(&unit.from), &threats, room + self.place - least);
            let place = beside(&numbers, least.max(self.place.saturating_sub(width(&words).saturating_sub(room))));
            return format!("{head}{place}  {}", self.styles.paint(Look::Warning, words));
        }
        let place = beside(&if self.is_short { lines_changed(unit) } else { place(unit) }, self.place);
        if self.cell == 0 {
            return format!("{head}{place}  {}", fit(&summary(unit), room));
        }
        let last = self.targets.len() - 1;
        let cells = self.targets.iter().enumerate().map(|(at, target)| {
            let words = cell(unit, &target.name);
            // Nothing stands behind the last one: blanks there would only stand in the way of colours.
            let room = if at == last { 0 } else { self.cell };
            let look = match &words[..] {
                "applies" => Look::Good,
                "conflict" => Look::Conflict,
                _ => Look::Dim,
            };
            format!("  {}", self.styles.paint(look, pad(&words, room)))
        });
        format!("{head}{place}{}", cells.collect::<String>())
    }
}

/// How wide the column is that says how many have it, where there are too many environments for a column each.
const SUMMARY: usize = 30;

/// What is known of a unit in one environment.
fn cell(unit: &BriefUnitReport, environment: &str) -> String {
    if unit.from == environment {
        return "-".to_owned();
    }
    let Some(target) = unit.targets.iter().find(|target| target.env == environment) else {
        return "not known".to_owned();
    };
    match (target.verdict, target.applies) {
        ("present", _) => "there already".to_owned(),
        ("partly", _) => "partly there".to_owned(),
        ("unproven", _) => "unproven".to_owned(),
        (_, Some("conflict")) if !target.needs.is_empty() => format!("needs {}", target.needs.join(" ")),
        (_, Some("conflict")) => "conflict".to_owned(),
        (_, Some("clean" | "offset")) => "applies".to_owned(),
        _ => "not tried".to_owned(),
    }
}

/// The same over many environments.
fn summary(unit: &BriefUnitReport) -> String {
    let all = unit.targets.len();
    let number = |is: &dyn Fn(&BriefTargetReport) -> bool| unit.targets.iter().filter(|target| is(target)).count();
    let there = number(&|target| target.verdict == "present");
    let applies = number(&|target| matches!(target.applies, Some("clean" | "offset")));
    format!("there in {there} of {all}, applies to {applies}")
}

/// The least that is said of a danger.
const SHORTEST: &str = "lost on deploy";

/// That one environment alone has it, and what would destroy it, in as many words as there is room for.
fn threatened(from: &str, threats: &[&str], room: usize) -> String {
    let whose = threats.join(" or ");
    let all = [
        format!("{from} only: a deploy of {whose} destroys it"),
        format!("{from} only: {whose} would destroy it"),
        format!("a deploy of {whose} destroys it"),
        format!("{whose} would destroy it"),
    ];
    all.into_iter().find(|words| width(words) <= room).unwrap_or_else(|| SHORTEST.to_owned())
}

/// The file of a commit, or how many; of what is in no commit, in which state it is: its title says the files.
fn place(unit: &BriefUnitReport) -> String {
    let place = match (unit.kind, &unit.paths[..]) {
        ("commit", [only]) if unit.files == 1 => {
            let name = only.bytes.rsplit(|&byte| byte == b'/').next().unwrap_or_default();
            fit_path(&escape::name(name), PLACE - 8).into_owned()
        }
        ("commit", _) => counted(unit.files, "file", "files"),
        ("tree", _) => "in no history".to_owned(),
        ("artifact", _) => "over its copy".to_owned(),
        (kind, _) => kind.to_owned(),
    };
    format!("{place} {}", lines_changed(unit)).trim_end().to_owned()
}

/// `+14 -3`; nothing when a side is no text.
fn lines_changed(unit: &BriefUnitReport) -> String {
    match (unit.added, unit.removed) {
        (Some(added), Some(removed)) => format!("+{added} -{removed}"),
        _ => String::new(),
    }
}
