//! The order of the steps, from a plan to what was found.
//!
//! Each step asks the next question only about what the steps before it left open, so that a file is opened only where its content
//! decides something.

use std::sync::OnceLock;

use crate::collect::{CollectError, CollectPlan, Collected, Watch, collect};
use crate::compare::maps::{self, MapProposal};
use crate::compare::{self, Comparison, artifacts, moves};
use crate::config::{Expect, Fix};
use crate::insight::fixes::{self, KnownFix};
use crate::insight::nearest::{self, Lineage};
use crate::insight::verdict;
use crate::insight::{self, ArtifactEvidence, Finding, Inputs, Wishes};
use crate::path::TreePath;
use crate::snapshot::{CommitId, ContentReader as _};

/// What was found.
pub struct Picture<'w> {
    /// The environments, and the means to read more of them.
    pub collected: Collected<'w>,
    /// All paths, side by side.
    pub comparison: Comparison,
    /// What is under another path.
    pub moves: Vec<moves::Move>,
    /// What editing left behind, and what it is.
    pub artifacts: Vec<ArtifactEvidence>,
    /// Folders that look like one under two names.
    pub maps: Vec<MapProposal>,
    /// Whose histories are related, and which commits are near to those that are without one.
    pub lineage: Lineage,
    /// Fixes that must be somewhere.
    pub fixes: Vec<KnownFix>,
    /// What the rules say, most severe first.
    pub findings: Vec<Finding>,
    /// How each environment should be, in order.
    expect: Vec<Expect>,
    /// Severities that rules have instead of their own.
    severities: Vec<(String, &'static str)>,
}

impl Picture<'_> {
    /// What findings and reports are made of.
    pub fn inputs<'a>(&'a self, focus: &'a [TreePath]) -> Inputs<'a> {
        Inputs {
            snapshots: &self.collected.snapshots,
            comparison: &self.comparison,
            moves: &self.moves,
            artifacts: &self.artifacts,
            maps: &self.maps,
            lineage: &self.lineage,
            fixes: &self.fixes,
            focus,
            wishes: Wishes {
                expect: &self.expect,
                severities: &self.severities,
                redactor: Some(self.collected.redactor()),
            },
        }
    }
}

/// Looks at everything: rows, moves, artifacts, and what the rules say about them.
///
/// # Errors
/// When the environments do not fit together, or no thread can be started. An environment that cannot be read is no error: it is unknown.
pub fn survey<'w>(
    plan: &CollectPlan<'_>,
    focus: &[TreePath],
    fixes: &[Fix],
    severities: &[(String, &'static str)],
    watch: &'w dyn Watch,
) -> Result<Picture<'w>, CollectError> {
    let mut collected = collect(plan, watch)?;
    let questions = collected.compute(|| compare::questions(&collected.snapshots));
    collected.answer(&questions);
    let (mut comparison, leftovers) = collected.compute(|| {
        let comparison = compare::compare(&collected.snapshots);
        let leftovers = artifacts::find(&comparison, &collected.snapshots);
        (comparison, leftovers)
    });
    let mut questions = moves::questions(&comparison, &collected.snapshots);
    questions.extend(artifacts::questions(&leftovers, &collected.snapshots));
    let folders = maps::candidates(&comparison, &collected.snapshots);
    questions.extend(maps::questions(&folders, &collected.snapshots));
    let known = incidents(&collected);
    collected.answer(&questions);
    if incidents(&collected) > known {
        // Files that turned out to be unreadable or unstable meanwhile are unknown in all rows. Otherwise there are only more digests,
        // of files that their rows did not ask about.
        comparison = collected.compute(|| compare::compare(&collected.snapshots));
    }
    let mut texts = compare::fold_candidates(&comparison, &collected.snapshots);
    texts.extend(maps::fold_candidates(&folders, &collected.snapshots));
    let folds = collected.fold(&texts);
    let collected = collected;
    // Nearly all that will be read was read: it is written down while the rest is thought over.
    let (moves, artifacts, maps, lineage) = std::thread::scope(|scope| {
        scope.spawn(|| collected.save_digests());
        compare::classify(&mut comparison, &collected.snapshots, &folds);
        let maps = maps::propose(&folders, &collected.snapshots, &folds);
        let mut moves = moves::find(&comparison, &collected.snapshots);
        moves.extend(moves::find_edited(&comparison, &collected.snapshots, &moves, &collected));
        moves::sort(&mut moves);
        collected.prefetch(&insight::wanted(&leftovers, &collected.snapshots, &collected));
        let artifacts = insight::examine(&leftovers, &collected.snapshots, &collected, &collected);
        (moves, artifacts, maps, lineage(&collected))
    });
    let fixes = known_fixes(&collected, fixes, &|environment| lineage.commit_near(environment));
    let findings = Vec::new();
    let expect = plan.environments.iter().map(|environment| environment.expect.clone()).collect();
    let severities = severities.to_vec();
    let mut picture =
        Picture { collected, comparison, moves, artifacts, maps, lineage, fixes, findings, expect, severities };
    picture.findings = insight::judge(&picture.inputs(focus));
    Ok(picture)
}

/// Proposes maps for environments that were collected, reading what that takes and nothing else.
pub fn map_proposals(collected: &mut Collected<'_>) -> Vec<MapProposal> {
    let folders = maps::candidates(&compare::compare(&collected.snapshots), &collected.snapshots);
    collected.answer(&maps::questions(&folders, &collected.snapshots));
    let folds = collected.fold(&maps::fold_candidates(&folders, &collected.snapshots));
    maps::propose(&folders, &collected.snapshots, &folds)
}

/// Looks for fixes in environments that were collected, reading the files that they name, and histories where these leave a commit open.
pub fn find_fixes(collected: &Collected<'_>, fixes: &[Fix]) -> Vec<KnownFix> {
    let lineage = OnceLock::new();
    known_fixes(collected, fixes, &|environment| {
        lineage.get_or_init(|| self::lineage(collected)).commit_near(environment)
    })
}

fn known_fixes(
    collected: &Collected<'_>,
    fixes: &[Fix],
    nearest: &(dyn Fn(usize) -> Option<(usize, CommitId)> + Sync),
) -> Vec<KnownFix> {
    let reading = verdict::Reading {
        snapshots: &collected.snapshots,
        contents: collected,
        commits: collected,
        merger: collected,
    };
    collected.compute(|| {
        let is_sensitive = |path: &TreePath| collected.is_sensitive(path);
        let is_left_out = |path: &TreePath| collected.leaves_out(path);
        let looking = fixes::Looking { reading, is_sensitive: &is_sensitive, is_left_out: &is_left_out, nearest };
        fixes::judge(fixes, &looking)
    })
}

fn lineage(collected: &Collected<'_>) -> Lineage {
    nearest::lineage(&nearest::Search {
        snapshots: &collected.snapshots,
        contents: collected,
        commits: collected,
        leaves_out: &|path| collected.leaves_out(path),
    })
}

fn incidents(collected: &Collected<'_>) -> usize {
    collected.snapshots.iter().map(|snapshot| snapshot.incidents.len()).sum()
}
