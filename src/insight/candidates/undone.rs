//! What an environment took back itself.

use std::collections::BTreeMap;

use super::Target;
use crate::insight::units::Unit;
use crate::insight::verdict::{Fact, Judgement, Proof, Reading, Tier, Verdict};
use crate::snapshot::ReadFailure;

/// How `git revert` says what it takes back.
const REVERTS: &[u8] = b"This reverts commit ";

/// Units that a later one says it takes back, each with that one, by their numbers. What was taken back again does not count.
///
/// # Cost
/// Reads the messages of commits whose subject speaks of it.
pub(super) fn undone(units: &[Unit], reading: &Reading<'_>) -> Result<BTreeMap<usize, usize>, ReadFailure> {
    let mut undone = BTreeMap::new();
    for (at, unit) in units.iter().enumerate().rev() {
        let Some(commit) = unit.commit().filter(|_| speaks_of_it(&unit.title) && !undone.contains_key(&at)) else {
            continue;
        };
        let message = reading.commits.message(unit.from, commit)?;
        let named = message.split(|&byte| byte == b'\n').find_map(|line| line.strip_prefix(REVERTS));
        let named = named.and_then(|rest| rest.split(|byte| !byte.is_ascii_hexdigit()).next());
        let Some(named) = named.filter(|named| named.len() >= 10) else { continue };
        let is_it = |other: &Unit| {
            other.commit().is_some_and(|id| id.to_string().as_bytes().starts_with(&named.to_ascii_lowercase()))
        };
        if let Some(earlier) = units[..at].iter().position(is_it) {
            undone.insert(earlier, at);
        }
    }
    Ok(undone)
}

fn speaks_of_it(title: &str) -> bool {
    let title = title.to_ascii_lowercase();
    ["revert", "reapply", "back out", "undo"].into_iter().any(|word| title.contains(word))
}

/// Says so of both, where a target has not even the earlier one: then there is nothing to carry over.
pub(super) fn say(judgements: &mut [Judgement], undone: &BTreeMap<usize, usize>, units: &[Unit]) {
    for (&earlier, &later) in undone {
        if judgements[earlier].verdict == Verdict::Present {
            continue;
        }
        let facts = [(earlier, later, Fact::TakenBackAtSource(later)), (later, earlier, Fact::TakesBack(earlier))];
        for (at, other, fact) in facts {
            if judgements[at].verdict != Verdict::Present {
                let commit = units[other].commit().cloned();
                judgements[at].evidence.push(Proof { tier: Tier::Said, commit, fact });
            }
        }
    }
}

/// Whether a unit and the one that takes it back are both missing in a target: together they do nothing.
pub(super) fn is_idle(target: &Target) -> bool {
    let says = |proof: &Proof| matches!(proof.fact, Fact::TakenBackAtSource(_) | Fact::TakesBack(_));
    target.judgement.verdict != Verdict::Present && target.judgement.evidence.iter().any(says)
}
