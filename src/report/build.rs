//! From what was found to the report.

use crate::compare::moves::{Move, MoveKind, Place};
use crate::compare::text::Redactor;
use crate::compare::{Comparison, Differences, Row};
use crate::config::PathMap;
use crate::insight::{self, ArtifactEvidence, Finding, FolderLine, Inputs};
use crate::path::{EnvironmentName, TreePath};
use crate::report::candidates::first_look;
use crate::report::git::git_report;
use crate::report::labels::initials;
use crate::report::layout::count;
use crate::report::maps::map_report;
use crate::report::model::{
    ArtifactReport, AttributeReport, EnvironmentReport, FindingReport, FolderReport, IncidentReport, LikenessReport,
    MoveReport, MoveSide, NearestReport, PathReport, RowReport, StatusReport, VERSION,
};
use crate::report::redact::redact;
use crate::report::wording::{Sentence, Words};
use crate::snapshot::{Content, Counters, Entry, IncidentKind, Snapshot};

/// More folders than this say no more about where the drift is.
const FOLDERS: usize = 24;

/// What the report is made of, beside what was judged.
#[derive(Debug)]
pub struct About {
    /// The name of the project.
    pub project: Option<String>,
    /// The environment others are measured against.
    pub baseline: Option<String>,
    /// What each environment is for, in order.
    pub roles: Vec<Option<String>>,
    /// What is mapped in each environment, in order.
    pub maps: Vec<PathMap>,
    /// The time, in seconds since 1970 in UTC, for ages.
    pub now: i64,
    /// The work that was done.
    pub counters: Counters,
    /// What to type to see all candidates.
    pub candidates: Option<String>,
    /// What to type next.
    pub next: Vec<String>,
}

/// Makes the report of a status, secrets in foreign words masked. Findings are reported in the order in which they are given.
pub fn status_report(inputs: &Inputs<'_>, findings: &[Finding], about: About, redactor: &Redactor) -> StatusReport {
    let Inputs { snapshots, comparison, moves, artifacts, .. } = *inputs;
    let words = Words { snapshots, now: about.now };
    let totals = insight::totals(comparison);
    let drift = insight::where_the_drift_is(comparison, snapshots, FOLDERS);
    let mut report = StatusReport {
        format: "driftline-status",
        version: VERSION,
        driftline: env!("CARGO_PKG_VERSION"),
        project: about.project,
        baseline: about.baseline,
        environments: environments(inputs, about.roles),
        map_proposals: inputs.maps.iter().map(|proposal| map_report(proposal, inputs, &about.maps)).collect(),
        paths: totals.paths as u64,
        in_sync: totals.in_sync as u64,
        quiet: totals.quiet as u64,
        patterns: patterns(comparison, snapshots),
        rows: comparison
            .rows()
            .filter(|row| !row.is_folder && !row.is_in_sync())
            .map(|row| row_report(&row, snapshots))
            .collect(),
        folders: folders(comparison, snapshots),
        attributes: attributes(comparison, snapshots),
        moves: moves.iter().map(|moved| move_report(moved, snapshots)).collect(),
        artifacts: artifacts.iter().map(|artifact| artifact_report(artifact, &words)).collect(),
        drift: drift.lines.iter().map(folder_report).collect(),
        drift_elsewhere: drift.elsewhere as u64,
        candidates: first_look(inputs.candidates, comparison.environments(), about.candidates),
        findings: findings.iter().map(|finding| finding_report(finding, inputs.focus, &words)).collect(),
        incidents: snapshots.iter().flat_map(incidents).collect(),
        notes: notes(inputs),
        counters: about.counters,
        next: about.next,
    };
    redact(&mut report, redactor);
    report
}

/// Patterns of files and links, by name.
fn patterns(comparison: &Comparison, snapshots: &[Snapshot]) -> std::collections::BTreeMap<String, u64> {
    let mut patterns = std::collections::BTreeMap::new();
    let counted = |content: &Content| !matches!(content, Content::Special(_));
    for row in comparison.rows().filter(|row| !row.is_folder) {
        let contents = (0..snapshots.len()).filter_map(|at| row.content(snapshots, at));
        if contents.into_iter().any(counted) {
            *patterns.entry(row.pattern().as_str().to_owned()).or_default() += 1;
        }
    }
    patterns
}

fn environments(inputs: &Inputs<'_>, roles: Vec<Option<String>>) -> Vec<EnvironmentReport> {
    let names: Vec<&str> = inputs.snapshots.iter().map(|snapshot| snapshot.environment.as_str()).collect();
    let labels = initials(&names);
    let summaries = insight::summaries(inputs);
    let each = inputs.snapshots.iter().zip(labels).zip(roles).zip(summaries);
    each.map(|(((snapshot, label), role), summary)| EnvironmentReport {
        name: snapshot.environment.to_string(),
        label,
        origin: snapshot.origin.clone(),
        role,
        entries: snapshot.entries.len() as u64,
        drift: summary.drift as u64,
        only_here: summary.only_here as u64,
        uncommitted: summary.uncommitted.map(|number| number as u64),
        artifacts: summary.artifacts as u64,
        unreadable: summary.unreadable as u64,
        complete: !snapshot.incidents.iter().any(|incident| incident.kind.is_incomplete()),
        git: git_report(&snapshot.git),
        nearest: nearest_report(inputs, &snapshot.environment),
    })
    .collect()
}

fn notes(inputs: &Inputs<'_>) -> Vec<String> {
    let capped = inputs.lineage.nearest.iter().filter(|nearest| nearest.is_capped).map(|nearest| {
        let searched = count(nearest.searched as u64);
        let name = &inputs.snapshots[nearest.environment].environment;
        format!("{name}: of the commits that could be nearest, only the newest {searched} were looked at")
    });
    inputs.lineage.notes.iter().cloned().chain(capped).collect()
}

fn nearest_report(inputs: &Inputs<'_>, environment: &EnvironmentName) -> Option<NearestReport> {
    let name = |at: usize| &inputs.snapshots[at].environment;
    let nearest = inputs.lineage.nearest.iter().find(|nearest| name(nearest.environment) == environment)?;
    Some(NearestReport {
        of: name(nearest.history).to_string(),
        likeness: LikenessReport::new(&nearest.likeness),
        runner_up: nearest.runner_up.as_ref().map(LikenessReport::new),
        elsewhere: nearest.elsewhere as u64,
        unknown: nearest.unknown as u64,
        searched: nearest.searched as u64,
        capped: nearest.is_capped,
    })
}

fn row_report(row: &Row<'_>, snapshots: &[Snapshot]) -> RowReport {
    const CONTENT: [Differences; 4] =
        [Differences::PRESENCE, Differences::KIND, Differences::CONTENT, Differences::TARGET];
    const QUIET: [Differences; 3] =
        [Differences::LINE_ENDINGS, Differences::BYTE_ORDER_MARK, Differences::TRAILING_SPACE];
    RowReport {
        path: PathReport::from(row.path(snapshots)),
        pattern: row.pattern().as_str().to_owned(),
        differences: named(row.differences, &CONTENT),
        quiet: named(row.differences, &QUIET),
    }
}

fn named(found: Differences, wanted: &[Differences]) -> Vec<&'static str> {
    wanted.iter().filter(|one| found.contains(**one)).flat_map(|one| one.names()).collect()
}

/// Folders whose own row says something that no row below them says.
fn folders(comparison: &Comparison, snapshots: &[Snapshot]) -> Vec<RowReport> {
    let says = |row: &Row<'_>| {
        let is_telling = |at: usize| match row.content(snapshots, at) {
            Some(Content::Unreadable { .. }) => true,
            Some(_) => is_empty(&snapshots[at], row.entry(at)),
            None => false,
        };
        !row.is_in_sync() && (0..snapshots.len()).any(is_telling)
    };
    comparison.rows().filter(|row| row.is_folder && says(row)).map(|row| row_report(&row, snapshots)).collect()
}

/// Whether nothing follows a folder in the listing that is inside it.
fn is_empty(snapshot: &Snapshot, entry: Option<usize>) -> bool {
    entry.is_some_and(|at| {
        let folder = &snapshot.entries[at].path;
        !snapshot.entries.get(at + 1).is_some_and(|next: &Entry| next.path.is_within(folder))
    })
}

fn attributes(comparison: &Comparison, snapshots: &[Snapshot]) -> Vec<AttributeReport> {
    const ATTRIBUTES: [Differences; 4] =
        [Differences::EXECUTABLE, Differences::MODE, Differences::OWNER, Differences::GROUP];
    let any = ATTRIBUTES.iter().fold(Differences::NONE, |all, one| all | *one);
    let report = |row: Row<'_>| {
        let entry = |at: usize| Some(&snapshots[at].entries[row.entry(at)?]);
        let of = |value: fn(&Snapshot, &Entry) -> Option<String>| {
            (0..snapshots.len()).map(|at| value(&snapshots[at], entry(at)?)).collect()
        };
        AttributeReport {
            path: PathReport::from(row.path(snapshots)),
            differences: named(row.differences, &ATTRIBUTES),
            modes: of(|snapshot, entry| snapshot.knows.permissions.then(|| format!("{:04o}", entry.attributes.mode))),
            owners: of(owner),
        }
    };
    comparison.rows().filter(|row| row.differences.intersects(any)).map(report).collect()
}

fn owner(snapshot: &Snapshot, entry: &Entry) -> Option<String> {
    let name = |names: &std::collections::BTreeMap<u32, String>, number: u32| {
        names.get(&number).cloned().unwrap_or_else(|| number.to_string())
    };
    let user = name(&snapshot.names.users, entry.attributes.uid);
    let group = name(&snapshot.names.groups, entry.attributes.gid);
    snapshot.knows.owners.then(|| format!("{user}:{group}"))
}

fn move_report(moved: &Move, snapshots: &[Snapshot]) -> MoveReport {
    let side = |place: &Place| MoveSide {
        path: PathReport::from(&place.path),
        environments: place.environments.iter().map(|&at| snapshots[at].environment.to_string()).collect(),
    };
    MoveReport {
        kind: match moved.kind {
            MoveKind::File => "file",
            MoveKind::Folder => "folder",
        },
        places: moved.places.iter().map(side).collect(),
        files: moved.files as u64,
        edited: moved.edited as u64,
    }
}

fn artifact_report(evidence: &ArtifactEvidence, words: &Words<'_>) -> ArtifactReport {
    let artifact = &evidence.artifact;
    ArtifactReport {
        path: PathReport::from(&artifact.path),
        environment: words.snapshots[artifact.at.environment].environment.to_string(),
        of: artifact.original.as_ref().map(|path| PathReport::from(path).path),
        is: words.artifact(evidence),
        unique: evidence.is_unique(),
    }
}

fn folder_report(line: &FolderLine) -> FolderReport {
    FolderReport {
        path: line.path.as_ref().map_or_else(|| PathReport::new(b""), PathReport::from),
        depth: line.depth,
        pattern: line.pattern.as_str().to_owned(),
        is_uniform: line.is_uniform,
        paths: line.paths as u64,
        quiet: line.quiet as u64,
        names: line.names.iter().map(|path| PathReport::new(path.file_name())).collect(),
    }
}

fn finding_report(finding: &Finding, focus: &[TreePath], words: &Words<'_>) -> FindingReport {
    let Sentence { subject, words: message } = words.finding(finding);
    let is_focus = |path: &TreePath| focus.iter().any(|focus| path.is_within(focus));
    FindingReport {
        id: finding.id.to_string(),
        code: finding.code,
        severity: finding.severity.name(),
        path: finding.path.as_ref().map(PathReport::from),
        environments: finding.environments.iter().map(|&at| words.snapshots[at].environment.to_string()).collect(),
        focus: finding.path.as_ref().is_some_and(is_focus),
        subject,
        message,
    }
}

fn incidents(snapshot: &Snapshot) -> impl Iterator<Item = IncidentReport> {
    snapshot.incidents.iter().map(|incident| IncidentReport {
        environment: snapshot.environment.to_string(),
        path: incident.path.as_ref().map(|path: &TreePath| PathReport::from(path)),
        kind: match incident.kind {
            IncidentKind::Environment => "environment",
            IncidentKind::Folder => "folder",
            IncidentKind::File => "file",
            IncidentKind::Unstable => "unstable",
            IncidentKind::Note => "note",
        },
        message: incident.message.clone(),
        hint: incident.hint.clone(),
    })
}
