//! Judges what was compared: rules make [`Finding`]s out of rows, moves, artifacts and the state of repositories.
//!
//! Pure. A finding carries facts ([`Evidence`]); wording is the report's. [`judge`] is the one door for findings; [`examine()`] finds out
//! what an artifact is before that, and [`summaries`] and [`where_the_drift_is`] count.

mod accepted;
pub mod base;
pub mod candidates;
mod evidence;
mod examine;
mod finding;
pub mod fixes;
mod folders;
mod ignorable;
mod matter;
pub mod nearest;
pub mod origin;
mod rules;
mod shape;
mod summary;
pub mod units;
pub mod verdict;

pub use accepted::{Acceptances, Ended, judge_acceptances};
pub use evidence::{ArtifactEvidence, Between, Evidence, Kind, Older, Owner, Usual};
pub use examine::{examine, wanted};
pub use finding::{Finding, FindingId, Severity};
pub use folders::{DriftMap, FolderLine, where_the_drift_is};
pub use ignorable::{IgnoreProposal, ignore_proposals};
pub use matter::{Matters, is_same_matter};
pub use rules::{RULES, Rule, judge, rule, severity};
pub use shape::{shared_folders, single_folder};
pub use summary::{Summary, Totals, summaries, totals};

use nearest::Lineage;

use crate::compare::maps::MapProposal;
use crate::compare::{Comparison, moves::Move};
use crate::config::Expect;
use crate::path::TreePath;
use crate::snapshot::Snapshot;
use crate::text::Redactor;

/// What is judged.
#[derive(Debug, Clone, Copy)]
pub struct Inputs<'a> {
    /// All environments.
    pub snapshots: &'a [Snapshot],
    /// The same, compared and classified.
    pub comparison: &'a Comparison,
    /// Paths that moved.
    pub moves: &'a [Move],
    /// Artifacts, and what they are.
    pub artifacts: &'a [ArtifactEvidence],
    /// Folders that look like one under two names.
    pub maps: &'a [MapProposal],
    /// Whose histories are related, and which commits are near to those that are without one.
    pub lineage: &'a Lineage,
    /// Fixes that must be somewhere.
    pub fixes: &'a [fixes::KnownFix],
    /// What one environment has and another lacks.
    pub candidates: &'a candidates::Brief,
    /// Paths of special interest, with everything below them: their findings come first among equally severe ones.
    pub focus: &'a [TreePath],
    /// What the configuration says about how it should be.
    pub wishes: Wishes<'a>,
}

/// What the configuration says about how environments should be and how much that matters.
#[derive(Debug, Clone, Copy, Default)]
pub struct Wishes<'a> {
    /// How each environment should be, in order; may be shorter.
    pub expect: &'a [Expect],
    /// Which environments are production, in order; may be shorter.
    pub production: &'a [bool],
    /// Severities that rules have instead of their own: codes, and names of severities.
    pub severities: &'a [(String, &'static str)],
    /// Which files hold secrets; without it none is known to.
    pub redactor: Option<&'a Redactor>,
}

impl Wishes<'_> {
    /// The severity that a rule has instead of its own.
    fn severity(&self, code: &str) -> Option<Severity> {
        let (_, name) = self.severities.iter().find(|(rule, _)| rule == code)?;
        Severity::ALL.into_iter().find(|severity| severity.name() == *name)
    }
}
