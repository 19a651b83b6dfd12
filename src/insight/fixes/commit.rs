//! Fixes that are known by a commit.

use super::files::Files;
use super::{FixState, FixVerdict, Looking, Part, PartFact, PartState, Unproven, hunks};
use crate::config::{Fix, KnownBy};
use crate::insight::units::{
    FileChange, Side, Unit, UnitKind, Version, commit_id, file_changes, is_bookkeeping, is_supporting,
};
use crate::insight::verdict::{self, Asked, Doubt, Verdict};
use crate::path::{EnvironmentName, TreePath};
use crate::snapshot::{Blob, CommitRecord, CommitSummary, ReadFailure, Recent};
use crate::text::patch::FilePatch;
use crate::text::{Document, Limits};

/// A commit that was found.
pub(super) struct Resolved {
    pub(super) summary: CommitSummary,
    /// What it changes in files that count.
    pub(super) files: Vec<FilePatch>,
    unit: Unit,
}

/// Finds the commits of fixes that are known by one; `None` for the others.
pub(super) fn resolve(fixes: &[Fix], looking: &Looking<'_>) -> Vec<Option<Result<Resolved, Unproven>>> {
    let mut histories: Option<Vec<Result<Recent, ReadFailure>>> = None;
    let mut resolve = |fix: &Fix| {
        let KnownBy::Commit { commit, within } = &fix.known else { return None };
        let all = 0..looking.reading.snapshots.len();
        let histories = histories.get_or_insert_with(|| all.map(|at| looking.reading.commits.recent(at)).collect());
        Some(find(commit, within.as_ref(), histories, looking))
    };
    fixes.iter().map(&mut resolve).collect()
}

fn find(
    digits: &str,
    within: Option<&EnvironmentName>,
    histories: &[Result<Recent, ReadFailure>],
    looking: &Looking<'_>,
) -> Result<Resolved, Unproven> {
    let mut found: Option<(usize, &CommitRecord)> = None;
    let mut unread = None;
    for (at, history) in histories.iter().enumerate() {
        if within.is_some_and(|within| looking.reading.snapshots[at].environment != *within) {
            continue;
        }
        let history = match history {
            Ok(history) => history,
            Err(failure) => {
                unread = Some(failure.0.clone());
                continue;
            }
        };
        for record in &history.commits {
            if !record.summary.id.to_string().starts_with(digits) {
                continue;
            }
            match found {
                Some((_, known)) if known.summary.id != record.summary.id => return Err(Unproven::SeveralCommits),
                Some(_) => {}
                None => found = Some((at, record)),
            }
        }
    }
    let Some((at, record)) = found else { return Err(unread.map_or(Unproven::NoCommit, Unproven::Unreadable)) };
    if record.is_cut {
        // Its parent was never fetched: what it changed is not known.
        return Err(Unproven::Nothing);
    }
    loaded(at, record, looking)
        .map_err(|failure| Unproven::Unreadable(failure.0))
        .and_then(|resolved| if resolved.files.is_empty() { Err(Unproven::Nothing) } else { Ok(resolved) })
}

fn loaded(at: usize, record: &CommitRecord, looking: &Looking<'_>) -> Result<Resolved, ReadFailure> {
    let summary = record.summary.clone();
    let changes = looking.reading.commits.changes(at, record.parents.first(), &summary.id)?;
    let changes = file_changes(at, &changes);
    let mut files = Vec::new();
    for change in counting(&changes) {
        files.push(patch(at, change, looking)?);
    }
    let unit = Unit {
        id: commit_id(&summary.id),
        kind: UnitKind::Commit { commit: summary.id.clone() },
        from: at,
        title: summary.subject.clone(),
        author: summary.author.clone(),
        authored: Some(summary.authored),
        changes,
    };
    Ok(Resolved { summary, files, unit })
}

/// The changes that make the fix: neither changelogs and lock files nor tests and documentation, unless there is nothing else.
fn counting(changes: &[FileChange]) -> Vec<&FileChange> {
    let doing: Vec<&FileChange> =
        changes.iter().filter(|it| !is_bookkeeping(it.path()) && !is_supporting(it.path())).collect();
    if doing.is_empty() { changes.iter().collect() } else { doing }
}

fn patch(environment: usize, change: &FileChange, looking: &Looking<'_>) -> Result<FilePatch, ReadFailure> {
    let content = |side: &Option<Side>| -> Result<Vec<u8>, ReadFailure> {
        let Some((path, blob)) = side.as_ref().and_then(blob_of) else { return Ok(Vec::new()) };
        looking.reading.commits.blob(environment, path, blob, Limits::default().bytes)
    };
    let (before, after) = (content(&change.before)?, content(&change.after)?);
    let path = |side: &Option<Side>| side.as_ref().map(|side| side.path.clone());
    let (from, to) = (path(&change.before), path(&change.after));
    for content in [&before, &after] {
        if let Err(why) = Document::new(content.clone(), Limits::default()) {
            let path = change.path();
            return Err(ReadFailure(format!("{path:?} of the commit cannot be looked for: {why}")));
        }
    }
    Ok(FilePatch::between((from, &before), (to, &after)))
}

fn blob_of(side: &Side) -> Option<(&TreePath, Blob)> {
    match side.version {
        Version::Blob { id, .. } => Some((&side.path, Blob { id, kind: side.kind })),
        _ => None,
    }
}

/// Holds the commit against the present files; where they have neither its lines nor those before, all that is known decides.
pub(super) fn state(resolved: &Resolved, environment: usize, files: &Files<'_>, looking: &Looking<'_>) -> FixState {
    let parts: Vec<Part> = resolved.files.iter().map(|file| hunks::part(file, environment, files)).collect();
    let is_open = |part: &Part| part.facts.iter().any(|fact| matches!(fact, PartFact::Otherwise(..)));
    let of_parts = FixVerdict::of(&parts);
    // A file that could not be read is unknown to whoever asks.
    let is_unread = parts.iter().any(|part| part.facts.iter().any(PartFact::is_unknown));
    if is_unread || !parts.iter().any(is_open) {
        return FixState { verdict: of_parts, parts, proofs: Vec::new() };
    }
    let asked = Asked {
        units: std::slice::from_ref(&resolved.unit),
        source: resolved.unit.from,
        target: environment,
        base: (looking.nearest)(environment),
        is_in_nearest: false,
    };
    let judgement = match verdict::judge(&asked, &looking.reading) {
        Ok(mut judged) if judged.judgements.len() == 1 => judged.judgements.remove(0),
        Ok(_) => return FixState { verdict: of_parts, parts, proofs: Vec::new() },
        Err(failure) => {
            let verdict = FixVerdict::Unproven(Unproven::Unreadable(failure.0));
            return FixState { verdict, parts, proofs: Vec::new() };
        }
    };
    let verdict = match judgement.verdict {
        // Lines that are just those before the fix are not there, whatever the history says.
        Verdict::Present if lacks_something(&parts) => FixVerdict::Partly,
        Verdict::Present => FixVerdict::Present,
        Verdict::Partly { .. } => FixVerdict::Partly,
        Verdict::Absent if has_something(&parts) => FixVerdict::Partly,
        Verdict::Absent => FixVerdict::Absent,
        Verdict::Unproven { .. } if has_something(&parts) && lacks_something(&parts) => FixVerdict::Partly,
        Verdict::Unproven { because: Doubt::Unreadable(words) } => FixVerdict::Unproven(Unproven::Unreadable(words)),
        Verdict::Unproven { because } => FixVerdict::Unproven(Unproven::Doubt(because)),
    };
    FixState { verdict, parts, proofs: judgement.evidence }
}

fn has_something(parts: &[Part]) -> bool {
    parts.iter().any(|part| {
        part.state == PartState::Done || part.facts.iter().any(|fact| matches!(fact, PartFact::Changed(..)))
    })
}

fn lacks_something(parts: &[Part]) -> bool {
    let is_undone = |fact: &PartFact| matches!(fact, PartFact::Unchanged(..) | PartFact::NoFile | PartFact::StillThere);
    parts.iter().any(|part| part.facts.iter().any(is_undone))
}
