//! What is kept of a run.

use crate::cli::session::Session;
use crate::compare::{Cell, Comparison};
use crate::history::{Coverage, Night, Read, sighting};
use crate::insight::candidates::Scope;
use crate::pipeline::Picture;
use crate::report::model::{EnvironmentReport, StatusReport};
use crate::snapshot::{IncidentKind, Snapshot};

/// What was found tonight, in the words of the report.
pub(super) fn night(session: &Session, picture: &Picture<'_>, status: &StatusReport) -> Night {
    let snapshots = &picture.collected.snapshots;
    let both = picture.findings.iter().zip(&status.findings);
    let sightings =
        both.map(|(finding, report)| sighting(finding, snapshots, report.subject.clone(), report.message.clone()));
    let environments = snapshots.iter().zip(&status.environments).enumerate();
    let process = &session.process;
    Night {
        at: process.now.seconds,
        took_ms: (!process.is_clock_fixed).then(|| process.began.elapsed().as_millis() as u64),
        environments: environments
            .map(|(at, (snapshot, report))| coverage(at, snapshot, report, &picture.comparison, snapshots))
            .collect(),
        configured: session.configured.clone(),
        not_judged: not_judged(picture),
        drift: picture.comparison.rows().filter(|row| !row.is_folder && row.is_drift()).count() as u64,
        sightings: sightings.collect(),
    }
}

/// The rules about candidates, when there was too much to look at, or not all of it could be read.
fn not_judged(picture: &Picture<'_>) -> Vec<String> {
    let brief = &picture.candidates;
    let is_judged = matches!(brief.scope, Scope::All) && brief.failures.is_empty();
    if is_judged { Vec::new() } else { ["unshared-fix", "would-be-destroyed"].map(str::to_owned).to_vec() }
}

fn coverage(
    at: usize,
    snapshot: &Snapshot,
    report: &EnvironmentReport,
    comparison: &Comparison,
    snapshots: &[Snapshot],
) -> Coverage {
    let gaps = || snapshot.incidents.iter().filter(|incident| incident.kind.is_incomplete());
    let is_cut = snapshot.unread_because().is_some();
    let read = match (is_cut, gaps().next()) {
        (true, _) if snapshot.entries.is_empty() => Read::Failed,
        (false, None) => Read::All,
        _ => Read::Part,
    };
    let mut unread: Vec<Box<[u8]>> = Vec::new();
    if read != Read::Failed {
        // Of what came before the answer was cut off nobody knows whether it is all.
        let is_anywhere = |kind: IncidentKind| kind == IncidentKind::Environment;
        if gaps().any(|incident| is_anywhere(incident.kind) || incident.path.is_none()) {
            unread.push(Box::default());
        }
        unread.extend(gaps().filter_map(|incident| Some(incident.path.as_ref()?.as_bytes().into())));
        for row in comparison.rows().filter(|row| matches!(row.cells[at], Cell::Unreadable(_))) {
            let path = row.path(snapshots).as_bytes();
            // Rows come in order, so that what is below an unread folder follows it.
            let is_below = |folder: &[u8]| path.strip_prefix(folder).is_some_and(|rest| rest.starts_with(b"/"));
            if !unread.last().is_some_and(|last| is_below(last)) {
                unread.push(path.into());
            }
        }
    }
    Coverage {
        environment: report.name.clone(),
        read,
        unread,
        entries: report.entries,
        drift: report.drift,
        uncommitted: report.uncommitted,
        unreadable: report.unreadable,
    }
}
