//! Facts, doubts and conflicts in words. Foreign text in them is escaped and masked.

use crate::insight::candidates::{Reason, Target};
use crate::insight::units::{Unit, UnitKind};
use crate::insight::verdict::{Applies, Conflict, ConflictKind, Doubt, Fact, NotTried, Proof, Verdict};
use crate::report::escape;
use crate::report::layout::counted;

pub(super) fn of_kind(kind: &UnitKind) -> &'static str {
    match kind {
        UnitKind::Commit { .. } => "commit",
        UnitKind::Staged => "staged",
        UnitKind::Unstaged => "unstaged",
        UnitKind::Stash { .. } => "stash",
        UnitKind::Tree { .. } => "tree",
        UnitKind::Artifact { .. } => "artifact",
    }
}

pub(super) fn of_verdict(verdict: &Verdict) -> &'static str {
    match verdict {
        Verdict::Present => "present",
        Verdict::Absent => "absent",
        Verdict::Partly { .. } => "partly",
        Verdict::Unproven { .. } => "unproven",
    }
}

pub(super) fn of_applies(applies: &Applies) -> &'static str {
    match applies {
        Applies::Clean => "clean",
        Applies::Offset { .. } => "offset",
        Applies::Conflict { .. } => "conflict",
        Applies::NotTried { .. } => "not-tried",
    }
}

pub(super) fn of_conflict(kind: &ConflictKind) -> &'static str {
    match kind {
        ConflictKind::Region { .. } => "region",
        ConflictKind::NoFile => "no-file",
        ConflictKind::Exists => "exists",
        ConflictKind::Edited => "edited",
        ConflictKind::Binary => "binary",
        ConflictKind::Kind => "kind",
    }
}

pub(super) fn fact(proof: &Proof) -> String {
    let files = |some: usize, all: usize| match (some, all) {
        (1, 1) => "the file".to_owned(),
        (some, all) if some == all => format!("all {all} files"),
        (some, all) => format!("{some} of {all} files"),
    };
    let words = match proof.fact {
        Fact::SameCommit => "the history has the very commit".to_owned(),
        Fact::SameFiles(some, all) => format!("same content in {}", files(some, all)),
        Fact::SamePatch => "same patch".to_owned(),
        Fact::SamePatchButBlanks => "same patch but for white space".to_owned(),
        Fact::ReplayChangesNothing(some, all) => format!("replay changes nothing in {}", files(some, all)),
        Fact::LinesInPlace(some, all) => format!("{some} of {} in place", counted(all as u64, "line", "lines")),
        Fact::TakenBack => "a later commit takes it back".to_owned(),
        Fact::TakenBackAtSource(_) => "a later change of the source takes it back".to_owned(),
        Fact::TakesBack(_) => "it takes back an earlier change of the source".to_owned(),
        Fact::ChangeId => "same change id".to_owned(),
        Fact::SameSubject => "same subject, author and date".to_owned(),
        Fact::Similar(share) => format!("similar (0.{:02})", share.min(999) / 10),
        Fact::Trailer => "a commit says that it is a copy".to_owned(),
    };
    match &proof.commit {
        Some(commit) => format!("{commit:.7}: {words}"),
        None => words,
    }
}

pub(super) fn doubt(doubt: &Doubt) -> String {
    match doubt {
        Doubt::SimilarOnly(share) => format!("similar only (0.{:02})", share.min(&999) / 10),
        Doubt::SaidOnly => "only words say so".to_owned(),
        Doubt::Unreadable(words) => format!("not read: {}", escape::text(words.as_bytes())),
        Doubt::Nothing => "nothing in it that could be told apart".to_owned(),
        Doubt::Overtaken => "later changes of it are there".to_owned(),
        Doubt::NoFile => "the file is under no known name".to_owned(),
        Doubt::Opaque => "no text or too large, and another content".to_owned(),
    }
}

pub(super) fn not_tried(because: &NotTried) -> String {
    match because {
        NotTried::Present => "it is there".to_owned(),
        NotTried::Unreadable(words) => escape::text(words.as_bytes()).into_owned(),
    }
}

/// The strongest evidence for a verdict, in a few words.
pub(super) fn evidence(target: &Target, unit: &Unit) -> String {
    let files = unit.changes.len();
    let strongest = || target.judgement.evidence.first().map(fact);
    match &target.judgement.verdict {
        Verdict::Present => strongest().unwrap_or_default(),
        Verdict::Absent => {
            let says = |fact: &Fact| matches!(fact, Fact::TakenBack | Fact::TakenBackAtSource(_) | Fact::TakesBack(_));
            let taken_back = target.judgement.evidence.iter().find(|proof| says(&proof.fact));
            match taken_back {
                Some(taken_back) => fact(taken_back),
                None if unit.kind == UnitKind::Tree { two_way: true } => Reason::TwoWay.words().to_owned(),
                None => format!("{} to change", counted(files as u64, "file", "files")),
            }
        }
        Verdict::Partly { missing } => {
            format!("{} of {} there", files.saturating_sub(missing.len()), counted(files as u64, "file", "files"))
        }
        Verdict::Unproven { because } => doubt(because),
    }
}

/// Where a unit is in conflict, in a few words.
pub fn conflict_words(conflicts: &[Conflict]) -> String {
    let name = |conflict: &Conflict| escape::name(conflict.path.as_bytes()).into_owned();
    match conflicts {
        [only] => match &only.kind {
            ConflictKind::Region { line, .. } => format!("conflict at {}:{line}", name(only)),
            ConflictKind::NoFile => format!("there is no {}", name(only)),
            ConflictKind::Exists => format!("there is another {}", name(only)),
            ConflictKind::Edited => format!("{} would be removed, and was edited", name(only)),
            ConflictKind::Binary => format!("{} is no text, and another one", name(only)),
            ConflictKind::Kind => format!("{} is something else", name(only)),
        },
        [first, ..] => format!("conflict in {} places, the first in {}", conflicts.len(), name(first)),
        [] => "conflict".to_owned(),
    }
}
