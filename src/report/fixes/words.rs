//! What is said about fixes, in words. Foreign names and texts in it are escaped.

use crate::insight::fixes::{FixState, FixVerdict, PartFact, Unproven};
use crate::insight::verdict::{Doubt, Fact};
use crate::report::escape;
use crate::report::layout::counted;
use crate::report::wording::percent;

/// What an environment lacks of a fix, file by file, each with its path first.
pub fn missing(state: &FixState) -> Vec<String> {
    if !matches!(state.verdict, FixVerdict::Partly | FixVerdict::Absent) {
        return Vec::new();
    }
    let mut missing = Vec::new();
    for part in &state.parts {
        let at = part.found_at.as_ref().unwrap_or(&part.path);
        let lacks = part.facts.iter().filter(|fact| fact.is_missing());
        missing.extend(lacks.map(|lack| format!("{} {}", escape::name(at.as_bytes()), fact(lack))));
    }
    missing
}

/// Why nothing can be said.
pub(super) fn because(state: &FixState) -> Option<String> {
    let FixVerdict::Unproven(why) = &state.verdict else { return None };
    Some(match why {
        Unproven::NoCommit => "no history that was read has the commit".to_owned(),
        Unproven::SeveralCommits => "the names of several commits begin so".to_owned(),
        Unproven::Nothing => "it changes nothing that could be looked for".to_owned(),
        Unproven::Parts => unknown_parts(state),
        Unproven::Doubt(doubt) => self::doubt(doubt),
        Unproven::Unreadable(words) => escape::text(words.as_bytes()).into_owned(),
    })
}

fn unknown_parts(state: &FixState) -> String {
    let is_unknown = |fact: &&PartFact| fact.is_unknown() || fact.is_missing();
    let unknown = state.parts.iter().filter(|part| part.state == crate::insight::fixes::PartState::Unknown);
    let words = unknown.filter_map(|part| {
        let fact = part.facts.iter().find(is_unknown)?;
        Some(format!("{} {}", escape::name(part.path.as_bytes()), self::fact(fact)))
    });
    words.collect::<Vec<_>>().join("; ")
}

/// What a file shows; the file is the subject.
pub(super) fn fact(fact: &PartFact) -> String {
    let quoted = |text: &str| format!("`{}`", escape::name(text.as_bytes()));
    let of = |some: usize, all: usize| {
        if some == all {
            counted(all as u64, "change", "changes")
        } else {
            format!("{some} of {}", counted(all as u64, "change", "changes"))
        }
    };
    match fact {
        PartFact::IsThere => "is there".to_owned(),
        PartFact::NoFile => "is not there".to_owned(),
        PartFact::StillThere => "is still there".to_owned(),
        PartFact::IsGone => "is gone".to_owned(),
        PartFact::Has(text, line) => format!("has {} in line {line}", quoted(text)),
        PartFact::Misses(text) => format!("has no {}", quoted(text)),
        PartFact::StillHas(text, line) => format!("still has {} in line {line}", quoted(text)),
        PartFact::IsWithout(text) => format!("is without {}", quoted(text)),
        PartFact::Changed(some, all) => format!("has {}", of(*some, *all)),
        PartFact::Unchanged(some, all) => format!("lacks {}: the lines are those before it", of(*some, *all)),
        PartFact::Otherwise(some, all) => {
            format!("has neither the lines before nor those after {}", of(*some, *all))
        }
        PartFact::Unread(why) => format!("is not known: {}", escape::text(why.as_bytes())),
        PartFact::Sensitive => "holds secrets, and its text is not looked at".to_owned(),
        PartFact::LeftOut => "is left out by a rule of the configuration".to_owned(),
    }
}

fn doubt(doubt: &Doubt) -> String {
    match doubt {
        Doubt::SimilarOnly(share) => {
            format!("something is {} alike, and nothing proves that it is the same", percent(u64::from(*share), 1000))
        }
        Doubt::SaidOnly => "only what commits say about it agrees".to_owned(),
        Doubt::Unreadable(words) => escape::text(words.as_bytes()).into_owned(),
        Doubt::Nothing => "the files were like this before".to_owned(),
        Doubt::Overtaken => "what it brings was changed again by later changes, which are there".to_owned(),
        Doubt::NoFile => "the file is there under no name that is known".to_owned(),
        Doubt::Opaque => "a file is no text, or too large, and has another content".to_owned(),
    }
}

/// What a proof says.
pub(super) fn proof(fact: &Fact) -> String {
    let of = |some: &usize, all: &usize, what: &str| format!("{some} of {all} {what}");
    match fact {
        Fact::SameCommit => "the history has the very commit".to_owned(),
        Fact::SameFiles(some, all) => of(some, all, "files have the same content"),
        Fact::SamePatch => "a commit has the same patch".to_owned(),
        Fact::SamePatchButBlanks => "a commit has the same patch but for white space".to_owned(),
        Fact::ReplayChangesNothing(some, all) => format!("replaying it changes nothing in {some} of {all} files"),
        Fact::LinesInPlace(some, all) => of(some, all, "changed lines are in place"),
        Fact::Similar(share) => format!("a commit is {} alike", percent(u64::from(*share), 1000)),
        Fact::Trailer => "a commit says that it is a copy".to_owned(),
        Fact::ChangeId => "a commit has the same change id".to_owned(),
        Fact::SameSubject => "a commit has the same subject, author and date".to_owned(),
        Fact::TakenBack => "a later commit takes it back".to_owned(),
        Fact::TakenBackAtSource(_) => "a later commit of its own history takes it back".to_owned(),
        Fact::TakesBack(_) => "it takes an earlier commit back".to_owned(),
    }
}
