//! What commits of the target say about themselves: that they are copies, that they take others back, or by whom and when they were made.

use std::collections::{BTreeMap, HashMap};

use super::Reading;
use super::steps::Steps;
use super::types::Fact;
use crate::insight::units::Unit;
use crate::snapshot::ReadFailure;

/// Something that a step says about a unit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Said {
    pub(super) step: usize,
    pub(super) fact: Fact,
}

/// What all steps say.
#[derive(Debug, Default)]
pub(super) struct Sayings {
    /// What is said about each unit.
    pub(super) of: BTreeMap<usize, Vec<Said>>,
    /// Steps that a later one says it takes back, with that one. What was taken back again does not count.
    pub(super) undone: BTreeMap<usize, usize>,
}

/// A name of a commit is taken for one from so many digits on.
const DIGITS: usize = 10;
/// How `git revert` says what it takes back.
const REVERTS: &[u8] = b"This reverts commit ";

/// Reads the messages of the target's commits; those of units only where a change id may tell.
pub(super) fn said(
    units: &[Unit],
    steps: &Steps,
    target: usize,
    reading: &Reading<'_>,
) -> Result<Sayings, ReadFailure> {
    let mut steps_by_commit: HashMap<String, usize> = HashMap::new();
    let mut takes_back: Vec<(usize, usize)> = Vec::new();
    let mut by_commit: HashMap<String, usize> = HashMap::new();
    let mut by_author: HashMap<(&str, &str, i64), usize> = HashMap::new();
    for (at, unit) in units.iter().enumerate() {
        if let Some(commit) = unit.commit() {
            by_commit.insert(format!("{commit:.DIGITS$}"), at);
            by_author.insert((&unit.title, &unit.author, unit.authored.unwrap_or(0)), at);
        }
    }
    let mut found: BTreeMap<usize, Vec<Said>> = BTreeMap::new();
    let mut changes: HashMap<Vec<u8>, usize> = HashMap::new();
    for (at, step) in steps.all.iter().enumerate() {
        let Some(summary) = &step.summary else { continue };
        let key = (&*summary.subject, &*summary.author, summary.authored);
        if let Some(&unit) = by_author.get(&key) {
            found.entry(unit).or_default().push(Said { step: at, fact: Fact::SameSubject });
        }
        let message = reading.commits.message(target, &summary.id)?;
        for line in message.split(|&byte| byte == b'\n') {
            if let Some(id) = line.strip_prefix(b"Change-Id: ") {
                changes.insert(id.trim_ascii().to_vec(), at);
            }
            for word in line.split(|byte| !byte.is_ascii_hexdigit()).filter(|word| (DIGITS..=40).contains(&word.len()))
            {
                let digits = String::from_utf8_lossy(&word[..DIGITS]).to_ascii_lowercase();
                let earlier = steps_by_commit.get(&digits).filter(|_| line.starts_with(REVERTS));
                takes_back.extend(earlier.map(|&earlier| (at, earlier)));
                let unit = by_commit.get(&digits).filter(|_| !says_revert(line));
                if let Some(&unit) = unit.filter(|&&unit| names(&units[unit], word)) {
                    found.entry(unit).or_default().push(Said { step: at, fact: Fact::Trailer });
                }
            }
        }
        steps_by_commit.insert(format!("{:.DIGITS$}", summary.id), at);
    }
    let mut undone: BTreeMap<usize, usize> = BTreeMap::new();
    for (at, earlier) in takes_back.into_iter().rev() {
        if !undone.contains_key(&at) {
            undone.insert(earlier, at);
        }
    }
    if !changes.is_empty() {
        for (at, unit) in units.iter().enumerate() {
            let Some(commit) = unit.commit() else { continue };
            let message = reading.commits.message(unit.from, commit)?;
            let id = message.split(|&byte| byte == b'\n').find_map(|line| line.strip_prefix(b"Change-Id: "));
            if let Some(&step) = id.and_then(|id| changes.get(id.trim_ascii())) {
                found.entry(at).or_default().push(Said { step, fact: Fact::ChangeId });
            }
        }
    }
    for said in found.values_mut() {
        said.retain(|said| !undone.contains_key(&said.step));
    }
    found.retain(|_, said| !said.is_empty());
    Ok(Sayings { of: found, undone })
}

fn says_revert(line: &[u8]) -> bool {
    line.to_ascii_lowercase().windows(6).any(|word| word == b"revert")
}

fn names(unit: &Unit, digits: &[u8]) -> bool {
    let digits = digits.to_ascii_lowercase();
    unit.commit().is_some_and(|commit| commit.to_string().as_bytes().starts_with(&digits))
}
