//! Texts that a file has to contain or to lack.

use super::files::{Files, Found, Held};
use super::{Part, PartFact, PartState};
use crate::config::FixPlace;

/// Holds a place against the file that an environment has there.
pub(super) fn part(place: &FixPlace, environment: usize, files: &Files<'_>) -> Part {
    let part = |found_at, state, facts| Part { path: place.file.clone(), found_at, state, facts };
    let names_texts = !(place.contains.is_empty() && place.lacks.is_empty());
    match files.find(environment, &place.file) {
        // What has to be gone may be where the rest of the file went.
        Found::Absent if names_texts && place.contains.is_empty() => {
            part(None, PartState::Unknown, vec![PartFact::NoFile])
        }
        Found::Absent => part(None, PartState::Undone, vec![PartFact::NoFile]),
        Found::Unknown(why) => part(None, PartState::Unknown, vec![why]),
        Found::File(at, _) if !names_texts => part(at, PartState::Done, vec![PartFact::IsThere]),
        Found::File(at, held) => match &*held {
            Held::Text(text) => {
                let facts = facts(place, text);
                part(at, state(&facts), facts)
            }
            Held::Sensitive => part(at, PartState::Unknown, vec![PartFact::Sensitive]),
            Held::Opaque(why) | Held::Unread(why) => part(at, PartState::Unknown, vec![PartFact::Unread(why.clone())]),
        },
    }
}

fn facts(place: &FixPlace, text: &[u8]) -> Vec<PartFact> {
    let line = |pattern: &String| {
        let at = memchr::memmem::find(text, pattern.as_bytes())?;
        Some(memchr::memchr_iter(b'\n', &text[..at]).count() + 1)
    };
    let contains = place.contains.iter().map(|pattern| match line(pattern) {
        Some(line) => PartFact::Has(pattern.clone(), line),
        None => PartFact::Misses(pattern.clone()),
    });
    let lacks = place.lacks.iter().map(|pattern| match line(pattern) {
        Some(line) => PartFact::StillHas(pattern.clone(), line),
        None => PartFact::IsWithout(pattern.clone()),
    });
    contains.chain(lacks).collect()
}

/// A text that is not there says little: where something has to be contained and nothing of it is, the fix is not there.
fn state(facts: &[PartFact]) -> PartState {
    if !facts.iter().any(PartFact::is_missing) {
        return PartState::Done;
    }
    let names_contained = facts.iter().any(|fact| matches!(fact, PartFact::Has(..) | PartFact::Misses(_)));
    let is_there = |fact: &PartFact| match fact {
        PartFact::Has(..) => true,
        PartFact::IsWithout(_) => !names_contained,
        _ => false,
    };
    if facts.iter().any(is_there) { PartState::Some } else { PartState::Undone }
}
