//! From what was found, and what has become of it, to the report of a night.

use std::collections::BTreeMap;

use super::{
    AcceptanceReport, AcceptedReport, CountsReport, ExitReport, FindingPath, FocusFile, NightEnvironment, NightFinding,
    NightRow, NightlyReport, PatchReport, ReadReport, RunReport, SeverityCounts, StaleReport, TreeReport, TrendReport,
    VERSION,
};
use crate::history::{Night, Outcome, Past, Read, Standing, Status, Summary};
use crate::insight::Severity;
use crate::path::TreePath;
use crate::report::candidates::CandidatesReport;
use crate::report::fixes::FixesReport;
use crate::report::model::{EnvironmentReport, IncidentReport, PathReport, RowReport, StatusReport};
use crate::report::terminal::table::git_words;
use crate::report::wording::date;

const DAY: i64 = 86_400;

/// What the report is made of beside the status.
#[derive(Debug)]
pub struct Parts<'a> {
    /// What was found.
    pub night: &'a Night,
    /// What has become of it.
    pub outcome: &'a Outcome,
    /// What was known before.
    pub past: &'a Past,
    /// Whether this run is in the history, and if not, why.
    pub kept: Kept,
    /// What is accepted, by id.
    pub accepted: &'a BTreeMap<String, AcceptedReport>,
    /// Why findings that are not accepted any more were reopened, by id.
    pub reopened: &'a BTreeMap<String, &'static str>,
    /// Acceptances that accept nothing.
    pub acceptances: Vec<AcceptanceReport>,
    /// Paths of special interest.
    pub focus: &'a [TreePath],
    /// What one environment has and another lacks.
    pub candidates: Option<CandidatesReport>,
    /// The same as patches.
    pub patches: Vec<PatchReport>,
    /// Known fixes.
    pub fixes: Option<FixesReport>,
    /// Texts of files in focus.
    pub texts: Vec<FocusFile>,
    /// What makes the run fail.
    pub fail_on: FailOn,
}

/// Whether a run is in the history.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Kept {
    /// It is.
    Yes,
    /// Findings were held against the history, and the run could not be added; why, in words.
    ReadOnly(String),
    /// The history could not be read; why, in words.
    Unavailable(String),
    /// No history was wanted.
    Off,
}

/// What makes a run fail.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FailOn {
    /// Only findings that are new or reopened count.
    pub fresh: bool,
    /// The least severity that counts; `None` when nothing does.
    pub severity: Option<Severity>,
    /// What could not be read or kept does not count.
    pub allow_incomplete: bool,
}

impl FailOn {
    fn words(self) -> String {
        let severity = self.severity.map_or("never", Severity::name);
        if self.fresh { format!("new:{severity}") } else { severity.to_owned() }
    }
}

/// Makes the report. `status` has the same findings as the night, secrets masked.
pub fn nightly_report(status: StatusReport, parts: Parts<'_>) -> NightlyReport {
    let Parts { outcome, past, .. } = parts;
    let (listed, accepted): (Vec<_>, Vec<_>) =
        outcome.standings.iter().map(|it| finding(it, &parts)).partition(|it| it.accepted.is_none());
    let open = || listed.iter().filter(|it| it.status != Status::Resolved.name()).chain(&accepted);
    let about = by_path(open());
    let mut trend: Vec<TrendReport> = past.trend.iter().map(trend_report).collect();
    let mut tonight = outcome.summary.clone();
    tonight.number = (parts.kept == Kept::Yes).then_some(outcome.number);
    trend.push(trend_report(&tonight));
    let environments = status.environments.into_iter();
    let exit = exit(&listed, &parts.kept, parts.fail_on);
    NightlyReport {
        format: "driftline-report",
        version: VERSION,
        driftline: env!("CARGO_PKG_VERSION"),
        project: status.project,
        run: run(&parts),
        baseline: status.baseline,
        environments: environments.map(|it| environment(it, &parts, &status.incidents)).collect(),
        counts: counts(&listed, accepted.len()),
        tree: TreeReport {
            paths: status.paths,
            in_sync: status.in_sync,
            quiet: status.quiet,
            patterns: status.patterns,
            rows: status.rows.into_iter().map(|row| night_row(row, &about)).collect(),
            folders: status.folders,
            attributes: status.attributes,
            moves: status.moves,
            artifacts: status.artifacts,
            drift: status.drift,
            drift_elsewhere: status.drift_elsewhere,
        },
        findings: listed,
        accepted,
        acceptances: parts.acceptances,
        map_proposals: status.map_proposals,
        candidates: parts.candidates,
        patches: parts.patches,
        fixes: parts.fixes,
        focus: parts.texts,
        trend,
        incidents: status.incidents,
        notes: status.notes,
        counters: status.counters,
        exit,
        next: status.next,
    }
}

fn run(parts: &Parts<'_>) -> RunReport {
    let (history, because) = match &parts.kept {
        Kept::Yes => ("kept", None),
        Kept::ReadOnly(why) => ("read-only", Some(why.clone())),
        Kept::Unavailable(why) => ("unavailable", Some(why.clone())),
        Kept::Off => ("off", None),
    };
    let is_known = matches!(parts.kept, Kept::Yes | Kept::ReadOnly(_));
    RunReport {
        number: (parts.kept == Kept::Yes).then_some(parts.outcome.number),
        first: is_known && parts.outcome.previous.is_none(),
        at: parts.night.at,
        date: date(parts.night.at),
        took_ms: parts.night.took_ms,
        previous: parts.outcome.previous,
        history,
        because,
    }
}

fn environment(environment: EnvironmentReport, parts: &Parts<'_>, incidents: &[IncidentReport]) -> NightEnvironment {
    let name = &environment.name;
    let coverage = parts.night.environments.iter().find(|it| it.environment == *name);
    let state = coverage.map_or(Read::Failed, |it| it.read);
    let rank = |incident: &&IncidentReport| match incident.kind {
        "environment" => 0,
        "folder" => 1,
        _ => 2,
    };
    let mut unread: Vec<&IncidentReport> =
        incidents.iter().filter(|it| it.environment == *name && it.kind != "note").collect();
    unread.sort_by_key(rank);
    let last = match state {
        Read::All => Some(parts.night.at),
        _ => parts.past.complete.get(name).copied(),
    };
    NightEnvironment {
        read: ReadReport {
            state: state.name(),
            reasons: unread.into_iter().map(|it| it.message.clone()).collect(),
            last_complete: last,
            age_days: last.map(|last| days(last, parts.night.at)),
        },
        git_words: git_words(&environment.git),
        environment,
    }
}

fn finding(standing: &Standing, parts: &Parts<'_>) -> NightFinding {
    let Standing { sighting, status, since, streak, replaces, stale, is_accepted, .. } = standing;
    let now = parts.night.at;
    let path = sighting.path.as_ref().map(|path| PathReport::new(path));
    let is_focus =
        |path: &[u8]| TreePath::new(path).is_ok_and(|path| parts.focus.iter().any(|focus| path.is_within(focus)));
    NightFinding {
        id: sighting.id.clone(),
        code: sighting.code.clone(),
        severity: sighting.severity.name(),
        status: status.name(),
        focus: sighting.path.as_deref().is_some_and(is_focus),
        path: FindingPath::from(path),
        environments: sighting.environments.clone(),
        subject: sighting.subject.clone(),
        message: sighting.message.clone(),
        incomplete: sighting.is_incomplete,
        first_seen: *since,
        age_days: days(*since, now),
        streak: *streak,
        replaces: replaces.clone(),
        reopened: match status {
            Status::CameBack => Some("came-back"),
            Status::NotAccepted => Some(parts.reopened.get(&sighting.id).copied().unwrap_or("acceptance-removed")),
            _ => None,
        },
        stale: stale.as_ref().map(|stale| StaleReport {
            seen: stale.seen,
            age_days: days(stale.seen, now),
            unread: stale.unread.clone(),
            without_them: stale.without_them.clone(),
        }),
        accepted: is_accepted
            .then(|| parts.accepted.get(&sighting.id).cloned())
            .flatten()
            .filter(|_| *status != Status::Resolved),
    }
}

fn days(since: i64, now: i64) -> u64 {
    u64::try_from(now.saturating_sub(since) / DAY).unwrap_or(0)
}

fn counts(findings: &[NightFinding], accepted: usize) -> CountsReport {
    let mut counts = CountsReport { accepted: accepted as u64, ..CountsReport::default() };
    for finding in findings {
        let is_fresh = matches!(finding.status, "new" | "reopened");
        match finding.status {
            "new" => counts.new += 1,
            "reopened" => counts.reopened += 1,
            "resolved" => counts.resolved += 1,
            _ => counts.still += 1,
        }
        counts.stale += u64::from(finding.stale.is_some());
        if finding.status != "resolved" {
            counts.open.add(finding.severity);
        }
        if is_fresh {
            counts.fresh.add(finding.severity);
        }
    }
    counts
}

impl SeverityCounts {
    fn add(&mut self, severity: &str) {
        *match severity {
            "critical" => &mut self.critical,
            "warning" => &mut self.warning,
            "notice" => &mut self.notice,
            _ => &mut self.info,
        } += 1;
    }
}

/// The status that the listed findings amount to.
fn exit(findings: &[NightFinding], kept: &Kept, fail_on: FailOn) -> ExitReport {
    let open = || findings.iter().filter(|finding| finding.status != "resolved");
    let fails = |finding: &&NightFinding| {
        let severity = Severity::ALL.into_iter().find(|severity| severity.name() == finding.severity);
        let is_fresh = matches!(finding.status, "new" | "reopened");
        fail_on.severity.is_some_and(|least| severity >= Some(least)) && (is_fresh || !fail_on.fresh)
    };
    let failing = open().filter(|finding| !finding.incomplete).filter(fails).count() as u64;
    let gap = |finding: &NightFinding| format!("{}: {}", finding.environments.join(", "), finding.message);
    let mut incomplete: Vec<String> = open().filter(|finding| finding.incomplete).map(gap).collect();
    if let Kept::ReadOnly(why) | Kept::Unavailable(why) = kept {
        incomplete.push(why.clone());
    }
    let status = match (incomplete.is_empty() || fail_on.allow_incomplete, failing) {
        (false, _) => 3,
        (true, 0) => 0,
        (true, _) => 1,
    };
    ExitReport { status, fail_on: fail_on.words(), failing, incomplete }
}

/// Ids of open findings by the path that they are about.
fn by_path<'f>(findings: impl Iterator<Item = &'f NightFinding>) -> BTreeMap<&'f [u8], Vec<(usize, &'f str)>> {
    let mut about: BTreeMap<&[u8], Vec<(usize, &str)>> = BTreeMap::new();
    for (at, finding) in findings.enumerate() {
        if let Some(path) = &finding.path.bytes {
            about.entry(path).or_default().push((at, &finding.id));
        }
    }
    about
}

fn night_row(row: RowReport, about: &BTreeMap<&[u8], Vec<(usize, &str)>>) -> NightRow {
    let path = &row.path.bytes;
    let folders = path.iter().enumerate().filter(|(_, byte)| **byte == b'/').map(|(at, _)| &path[..at]);
    let places = folders.chain([&path[..]]);
    let mut ids: Vec<(usize, &str)> = places.filter_map(|place| about.get(place)).flatten().copied().collect();
    ids.sort_unstable();
    let findings = ids.into_iter().map(|(_, id)| id.to_owned()).collect();
    NightRow { row, findings }
}

pub(super) fn trend_report(summary: &Summary) -> TrendReport {
    let [info, notice, warning, critical] = summary.open;
    TrendReport {
        number: summary.number,
        at: summary.at,
        date: date(summary.at),
        open: SeverityCounts { critical, warning, notice, info },
        new: summary.new,
        resolved: summary.resolved,
        reopened: summary.reopened,
        accepted: summary.accepted,
        drift: summary.drift,
        coverage: summary.coverage.iter().map(|(name, read)| (name.clone(), read.name().to_owned())).collect(),
    }
}
