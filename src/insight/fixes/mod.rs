//! Whether environments have the fixes that the configuration names.
//!
//! A fix is known by texts in certain files, by a patch, or by a commit. Each comes down to [`Part`]s, one for a file, that are held
//! against the present files; only what that leaves open of a commit is asked of [`super::verdict`].

mod commit;
mod files;
mod hunks;
mod patterns;

use crate::config::{Fix, FixPlace, KnownBy};
use crate::insight::verdict::{Doubt, Proof, Reading};
use crate::path::TreePath;
use crate::snapshot::{CommitId, CommitSummary, EntryRef};
use crate::text::patch::FilePatch;

use self::commit::Resolved;
use self::files::Files;

/// One fix over all environments.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KnownFix {
    /// What the configuration says.
    pub fix: Fix,
    /// The commit that it is, where it is known by one that was found.
    pub commit: Option<CommitSummary>,
    /// Whether it must be there, by environment.
    pub expected: Vec<bool>,
    /// What was found, by environment.
    pub states: Vec<FixState>,
}

/// A fix in one environment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FixState {
    /// Whether it is there.
    pub verdict: FixVerdict,
    /// What the present files show, in the order of the fix.
    pub parts: Vec<Part>,
    /// What histories show, strongest first; only for a commit that the files leave open.
    pub proofs: Vec<Proof>,
}

/// Whether a fix is there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FixVerdict {
    /// It is.
    Present,
    /// It is not.
    Absent,
    /// Some of it is: [`Part`]s say what is missing.
    Partly,
    /// It cannot be said.
    Unproven(Unproven),
}

/// Why nothing can be said about a fix.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Unproven {
    /// No history that was read has the commit.
    NoCommit,
    /// The digits begin the names of several commits.
    SeveralCommits,
    /// The commit changes nothing that could be looked for.
    Nothing,
    /// A part is [`PartState::Unknown`].
    Parts,
    /// The evidence does not reach.
    Doubt(Doubt),
    /// A history could not be read, in words.
    Unreadable(String),
}

/// One file of a fix in one environment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Part {
    /// The file, as the fix calls it.
    pub path: TreePath,
    /// Where the environment has it, when that is elsewhere.
    pub found_at: Option<TreePath>,
    /// Whether the file is as the fix wants it.
    pub state: PartState,
    /// The facts.
    pub facts: Vec<PartFact>,
}

/// Whether a file is as a fix wants it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PartState {
    /// It is.
    Done,
    /// In part.
    Some,
    /// Not at all.
    Undone,
    /// It cannot be said.
    Unknown,
}

/// What a file shows. Of its content nothing is in here but texts that the configuration has; lines count from 1.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PartFact {
    /// It is there, as it has to be.
    IsThere,
    /// It is not there.
    NoFile,
    /// It is there and has to go.
    StillThere,
    /// It is gone, as it has to be.
    IsGone,
    /// A text is in it, first in this line.
    Has(String, usize),
    /// A text is not in it.
    Misses(String),
    /// A text that has to go is in it, first in this line.
    StillHas(String, usize),
    /// A text that has to go is not in it.
    IsWithout(String),
    /// So many of so many changes are there.
    Changed(usize, usize),
    /// So many of so many changes are not there: the lines are those before.
    Unchanged(usize, usize),
    /// So many of so many changes are neither there nor not: the lines are others.
    Otherwise(usize, usize),
    /// Its content is not known, in words.
    Unread(String),
    /// It holds secrets: its texts are not looked at.
    Sensitive,
    /// A rule of the configuration leaves it out.
    LeftOut,
}

/// The means to look.
#[derive(Clone, Copy)]
pub struct Looking<'a> {
    /// Files and histories.
    pub reading: Reading<'a>,
    /// Which files hold secrets.
    pub is_sensitive: &'a dyn Fn(&TreePath) -> bool,
    /// Which paths are looked at in no environment.
    pub is_left_out: &'a dyn Fn(&TreePath) -> bool,
    /// The commit that an environment is nearest to, and in whose history it is.
    pub nearest: &'a dyn Fn(usize) -> Option<(usize, CommitId)>,
}

/// Looks for fixes in all environments; they come in their order.
///
/// # Cost
/// Each file that a fix names is read once in each environment that has it, and nothing else. A commit is searched for among the
/// newest 10,000 of each history; where the files have neither what it brings nor what it takes away, histories are read as
/// [`super::verdict::judge`] says. Call it on the pool of the run.
pub fn judge(fixes: &[Fix], looking: &Looking<'_>) -> Vec<KnownFix> {
    let commits = commit::resolve(fixes, looking);
    let snapshots = looking.reading.snapshots;
    let wanted: Vec<Wanted<'_>> = fixes
        .iter()
        .zip(&commits)
        .map(|(fix, commit)| match (&fix.known, commit) {
            (KnownBy::Places(places), _) => Wanted::Places(places),
            (KnownBy::Patch { files, .. }, _) => Wanted::Patch(files),
            (KnownBy::Commit { .. }, Some(Ok(resolved))) => Wanted::Commit(resolved),
            (KnownBy::Commit { .. }, Some(Err(why))) => Wanted::Nothing(why.clone()),
            (KnownBy::Commit { .. }, None) => Wanted::Nothing(Unproven::NoCommit),
        })
        .collect();
    let present = Files::new(looking);
    let read: Vec<EntryRef> = wanted
        .iter()
        .flat_map(Wanted::paths)
        .flat_map(|path| (0..snapshots.len()).filter_map(|at| present.entry(at, path)).collect::<Vec<_>>())
        .collect();
    looking.reading.contents.prefetch(&read);
    let known = |(fix, wanted): (&Fix, &Wanted<'_>)| KnownFix {
        fix: fix.clone(),
        commit: match wanted {
            Wanted::Commit(resolved) => Some(resolved.summary.clone()),
            _ => None,
        },
        expected: snapshots.iter().map(|snapshot| fix.expect.contains(&snapshot.environment)).collect(),
        states: (0..snapshots.len()).map(|at| wanted.state(at, &present, looking)).collect(),
    };
    fixes.iter().zip(&wanted).map(known).collect()
}

impl KnownFix {
    /// The environments that must have it and are known to lack it, or some of it; in order.
    pub fn lacking(&self) -> Vec<usize> {
        self.expected_where(|verdict| matches!(verdict, FixVerdict::Absent | FixVerdict::Partly))
    }

    /// The environments that must have it and of which nothing can be said; in order.
    pub fn unproven(&self) -> Vec<usize> {
        self.expected_where(|verdict| matches!(verdict, FixVerdict::Unproven(_)))
    }

    fn expected_where(&self, is: impl Fn(&FixVerdict) -> bool) -> Vec<usize> {
        (0..self.states.len()).filter(|&at| self.expected[at] && is(&self.states[at].verdict)).collect()
    }
}

impl FixVerdict {
    /// Its lasting word.
    pub fn word(&self) -> &'static str {
        match self {
            Self::Present => "present",
            Self::Absent => "absent",
            Self::Partly => "partly",
            Self::Unproven(_) => "unproven",
        }
    }

    /// What parts amount to. One that is known to be done and one that is known not to be make a fix partly there, whatever others are.
    fn of(parts: &[Part]) -> Self {
        let has = |state: PartState| parts.iter().any(|part| part.state == state);
        let (done, some, undone) = (has(PartState::Done), has(PartState::Some), has(PartState::Undone));
        match (done || some, undone || some, has(PartState::Unknown)) {
            (true, true, _) => Self::Partly,
            (_, _, true) => Self::Unproven(Unproven::Parts),
            (true, false, false) => Self::Present,
            (false, true, false) => Self::Absent,
            (false, false, false) => Self::Unproven(Unproven::Nothing),
        }
    }
}

impl PartFact {
    /// Whether the file is not as it should be because of it.
    pub fn is_missing(&self) -> bool {
        matches!(
            self,
            Self::NoFile
                | Self::StillThere
                | Self::Misses(_)
                | Self::StillHas(..)
                | Self::Unchanged(..)
                | Self::Otherwise(..)
        )
    }

    /// Whether it says why nothing is known.
    pub fn is_unknown(&self) -> bool {
        matches!(self, Self::Unread(_) | Self::Sensitive | Self::LeftOut)
    }
}

/// What is looked for.
enum Wanted<'a> {
    Places(&'a [FixPlace]),
    Patch(&'a [FilePatch]),
    Commit(&'a Resolved),
    Nothing(Unproven),
}

impl<'a> Wanted<'a> {
    /// The files that it is about.
    fn paths(&self) -> Vec<&'a TreePath> {
        let sides = |files: &'a [FilePatch]| files.iter().flat_map(|file| [&file.before, &file.after]).flatten();
        match self {
            Self::Places(places) => places.iter().map(|place| &place.file).collect(),
            Self::Patch(files) => sides(files).collect(),
            Self::Commit(resolved) => sides(&resolved.files).collect(),
            Self::Nothing(_) => Vec::new(),
        }
    }

    fn state(&self, environment: usize, files: &Files<'_>, looking: &Looking<'_>) -> FixState {
        let of = |parts: Vec<Part>| FixState { verdict: FixVerdict::of(&parts), parts, proofs: Vec::new() };
        match self {
            Self::Places(places) => of(places.iter().map(|place| patterns::part(place, environment, files)).collect()),
            Self::Patch(patches) => of(patches.iter().map(|file| hunks::part(file, environment, files)).collect()),
            Self::Commit(resolved) => commit::state(resolved, environment, files, looking),
            Self::Nothing(why) => {
                FixState { verdict: FixVerdict::Unproven(why.clone()), parts: Vec::new(), proofs: Vec::new() }
            }
        }
    }
}
