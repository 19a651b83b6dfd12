//! From findings to what is kept of them.

use super::{Part, Sighting};
use crate::compare::Pattern;
use crate::insight::{Evidence, Finding};
use crate::snapshot::Snapshot;

/// What is kept of a finding; the words are the report's, secrets masked.
pub fn sighting(finding: &Finding, snapshots: &[Snapshot], subject: String, message: String) -> Sighting {
    let name = |at: usize| snapshots[at].environment.to_string();
    Sighting {
        id: finding.id.to_string(),
        code: finding.code.to_owned(),
        severity: finding.severity,
        path: finding.path.as_ref().map(|path| path.as_bytes().into()),
        environments: finding.environments.iter().map(|&at| name(at)).collect(),
        subject,
        message,
        is_of_one: is_of_one(&finding.evidence),
        is_incomplete: finding.is_incomplete(),
        paths: paths(&finding.evidence),
        parts: parts(&finding.evidence, snapshots),
    }
}

/// Whether nothing was compared with another environment.
fn is_of_one(evidence: &Evidence) -> bool {
    match evidence {
        Evidence::NotVersioned
        | Evidence::Uncommitted { .. }
        | Evidence::Unpushed { .. }
        | Evidence::Stashed { .. }
        | Evidence::UnfinishedOperation { .. }
        | Evidence::Branch { .. }
        | Evidence::Foreign { .. }
        | Evidence::Unread { .. }
        | Evidence::GitUnknown { .. }
        | Evidence::NotJudged { .. } => true,
        Evidence::Content { .. }
        | Evidence::Quiet { .. }
        | Evidence::Presence { .. }
        | Evidence::Moved(_)
        | Evidence::Kinds { .. }
        | Evidence::Targets { .. }
        | Evidence::Modes { .. }
        | Evidence::Owners { .. }
        | Evidence::UsualOwners { .. }
        | Evidence::UnrelatedHistory { .. }
        | Evidence::KnownFix(_)
        | Evidence::Unshared(_)
        | Evidence::Destroyed { .. }
        | Evidence::Readable { .. }
        | Evidence::PrivateKey
        | Evidence::Artifact(_) => false,
    }
}

fn paths(evidence: &Evidence) -> u64 {
    match evidence {
        Evidence::Presence { paths, .. } => *paths as u64,
        Evidence::Modes { paths, .. } | Evidence::Owners { paths, .. } | Evidence::Foreign { paths, .. } => {
            paths.len() as u64
        }
        _ => 1,
    }
}

fn parts(evidence: &Evidence, snapshots: &[Snapshot]) -> Vec<Part> {
    let part = |at: usize, class: String, detail: String| Part {
        environment: snapshots[at].environment.to_string(),
        class,
        detail,
    };
    let of_pattern = |pattern: &Pattern, detail: &dyn Fn(usize) -> String| -> Vec<Part> {
        let letters = pattern.as_str().chars().enumerate();
        // Unknown is what nothing is known of, and no class.
        let known = letters.filter(|(_, letter)| *letter != '!');
        known.map(|(at, letter)| part(at, letter.to_string(), detail(at))).collect()
    };
    let mut parts = match evidence {
        Evidence::Content { pattern, sizes } => {
            of_pattern(pattern, &|at| sizes[at].map(|size| size.to_string()).unwrap_or_default())
        }
        Evidence::Quiet { pattern, .. } | Evidence::Presence { pattern, .. } => of_pattern(pattern, &|_| String::new()),
        Evidence::Kinds { kinds } => each(kinds, |kind| format!("{kind:?}"), part),
        // Who agrees is enough: a target may hold a secret, and nothing foreign is kept but in masked words.
        Evidence::Targets { targets } => {
            let first = |target: &[u8]| targets.iter().position(|other| other.as_deref() == Some(target));
            each(
                targets,
                |target| first(target).unwrap_or_default().to_string(),
                |at, class, _| part(at, class, String::new()),
            )
        }
        Evidence::Modes { modes, .. } | Evidence::Readable { modes } => each(modes, |mode| format!("{mode:o}"), part),
        Evidence::Owners { owners, .. } => each(owners, |owner| format!("{}:{}", owner.user, owner.group), part),
        Evidence::UsualOwners { usual } => each(usual, |usual| format!("{:?}:{:?}", usual.user, usual.group), part),
        Evidence::KnownFix(known) => {
            let expected = known.expected.iter().enumerate().filter(|(_, expected)| **expected);
            let verdict = |at: usize| known.states[at].verdict.word().to_owned();
            // What is unproven may be for want of reading.
            let proven = expected.map(|(at, _)| (at, verdict(at))).filter(|(_, verdict)| verdict != "unproven");
            proven.map(|(at, verdict)| part(at, verdict.clone(), verdict)).collect()
        }
        // Who lacks it, and by its detail which change it is.
        Evidence::Unshared(unit) => {
            let lacking = unit.lacking().into_iter();
            lacking.map(|at| part(at, "lacks".to_owned(), unit.id.to_string())).collect()
        }
        Evidence::Destroyed { unit, by } => {
            by.iter().map(|&at| part(at, "destroys".to_owned(), unit.id.to_string())).collect()
        }
        _ => Vec::new(),
    };
    parts.sort_by(|a, b| a.environment.cmp(&b.environment));
    parts
}

fn each<T>(
    values: &[Option<T>],
    words: impl Fn(&T) -> String,
    part: impl Fn(usize, String, String) -> Part,
) -> Vec<Part> {
    let known = values.iter().enumerate().filter_map(|(at, value)| Some((at, words(value.as_ref()?))));
    known.map(|(at, words)| part(at, words.clone(), words)).collect()
}
