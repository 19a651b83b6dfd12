//! Lines that are in no commit, and that a stash has as well.

use std::collections::HashSet;
use std::ops::Range;

use super::{Lines, Origin, Traced, Tracer, Version, is_file};
use crate::compare::text::replacements::changes;
use crate::path::TreePath;
use crate::snapshot::{GitState, ReadFailure, Stash};

impl Tracer<'_> {
    /// Stretches of lines that are in no commit come from a stash that brings all of them that say something: from one of their own environment, the
    /// newest first, else from one of the others.
    pub(super) fn look_into_stashes(&self, version: &Version<'_>, traced: &mut Traced) -> Result<(), ReadFailure> {
        let mut open = open(traced);
        let own = version.environment;
        let others = (0..self.snapshots.len()).filter(|&other| other != own);
        for environment in [own].into_iter().chain(others) {
            let GitState::Checkout(status) = &self.snapshots[environment].git else { continue };
            for stash in &status.stashes {
                if open.is_empty() {
                    return Ok(());
                }
                let brings = self.brought_by(environment, stash, version.path)?;
                let is_of_it = |lines: &Range<usize>| {
                    let mut telling = lines.clone().map(|line| version.text.line(line).trim_ascii_end());
                    let mut telling = telling.by_ref().filter(|line| says_something(line)).peekable();
                    telling.peek().is_some() && telling.all(|line| brings.contains(line))
                };
                let (found, left) = open.into_iter().partition(is_of_it);
                open = left;
                let found: Vec<Range<usize>> = found;
                for lines in found {
                    let is_uncommitted =
                        traced.came[lines.start].is_some_and(|origin| traced.origins[origin].is_uncommitted());
                    let origin = Origin::Stash { environment, stash: stash.clone(), is_uncommitted };
                    let origin = traced.add(origin);
                    lines.for_each(|line| traced.came[line] = Some(origin));
                }
            }
        }
        Ok(())
    }

    /// The lines that a stash brings to a file, without the blanks at their ends.
    fn brought_by(&self, environment: usize, stash: &Stash, path: &TreePath) -> Result<HashSet<Vec<u8>>, ReadFailure> {
        let Some(record) = self.commits.record(environment, &stash.id)? else { return Ok(HashSet::new()) };
        let text = |commit| -> Result<Option<Lines>, ReadFailure> {
            let blob = self.commits.at(environment, commit, path)?.filter(is_file);
            blob.map(|blob| self.blob(environment, path, blob)).transpose()
        };
        let old = record.parents.first().map(text).transpose()?.flatten().unwrap_or_default();
        let new = match text(&stash.id)? {
            Some(new) => new,
            // What git did not know is in a commit of its own.
            None => record.parents.get(2).map(text).transpose()?.flatten().unwrap_or_default(),
        };
        let brought = changes(&old, &new).into_iter().flat_map(|(_, lines)| new[lines].to_vec());
        Ok(brought.map(|line| line.trim_ascii_end().to_vec()).collect())
    }
}

/// Stretches of lines from one place that no commit has.
fn open(traced: &Traced) -> Vec<Range<usize>> {
    let is_open = |origin: Option<usize>| {
        origin.is_some_and(|at| traced.origins[at].is_uncommitted() || traced.origins[at] == Origin::NoHistory)
    };
    let mut found: Vec<Range<usize>> = Vec::new();
    for (line, &origin) in traced.came.iter().enumerate().filter(|(_, origin)| is_open(**origin)) {
        match found.last_mut() {
            Some(last) if last.end == line && traced.came[last.start] == origin => last.end += 1,
            _ => found.push(line..line + 1),
        }
    }
    found
}

fn says_something(line: &[u8]) -> bool {
    line.iter().filter(|byte| byte.is_ascii_alphanumeric() || **byte >= 0x80).count() >= 3
}
