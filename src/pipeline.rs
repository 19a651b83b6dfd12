//! The order of the steps, from a plan to what was found.
//!
//! Each step asks the next question only about what the steps before it left open, so that a file is opened only where its content
//! decides something.

use std::sync::OnceLock;

use crate::collect::{CollectError, CollectPlan, Collected, Watch, collect};
use crate::compare::maps::{self, MapProposal};
use crate::compare::{self, Comparison, artifacts, moves};
use crate::config::{Expect, Fix};
use crate::insight::candidates::{self, Bounds, Brief, Scope};
use crate::insight::fixes::{self, KnownFix};
use crate::insight::nearest::{self, Lineage};
use crate::insight::units::Sources;
use crate::insight::verdict;
use crate::insight::{self, ArtifactEvidence, Finding, Inputs, Wishes};
use crate::path::TreePath;
use crate::snapshot::{CommitId, ContentReader as _, Snapshot};
use crate::text::Redactor;

/// Changes when a first look at the same environments finds something else than it did before.
const LOOK: u32 = 2;

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
    /// What one environment has and another lacks, as far as [`look_for_candidates`] was asked.
    pub candidates: Brief,
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
            candidates: &self.candidates,
            focus,
            wishes: Wishes {
                expect: &self.expect,
                severities: &self.severities,
                redactor: Some(self.collected.redactor()),
            },
        }
    }
}

/// What is asked about candidates beside the environments themselves.
#[derive(Debug, Clone, Copy)]
pub struct Asked<'a> {
    /// The environment others are measured against.
    pub baseline: Option<usize>,
    /// Paths of special interest.
    pub focus: &'a [TreePath],
    /// Masks secrets in foreign words.
    pub redactor: &'a Redactor,
    /// Names of files that the configuration calls sensitive.
    pub sensitive: &'a [String],
    /// The time, in seconds since 1970 in UTC, for ages.
    pub now: i64,
}

/// Calls `then` with what is needed to find candidates.
pub fn with_question<T>(
    picture: &Picture<'_>,
    asked: &Asked<'_>,
    pairs: &[(usize, usize)],
    then: impl FnOnce(&candidates::Question<'_>) -> T,
) -> T {
    let collected: &Collected<'_> = &picture.collected;
    let is_sensitive = |path: &TreePath| collected.is_sensitive(path);
    let sources = Sources {
        snapshots: &collected.snapshots,
        comparison: &picture.comparison,
        artifacts: &picture.artifacts,
        baseline: asked.baseline,
        contents: collected,
        commits: collected,
        history: collected,
        lineage: &picture.lineage,
        is_sensitive: &is_sensitive,
    };
    let reading = reading(collected);
    then(&candidates::Question { sources, reading, pairs, focus: asked.focus, now: asked.now })
}

/// All pairs of environments of which something is known, in order.
pub fn pairs(snapshots: &[Snapshot]) -> Vec<(usize, usize)> {
    let is_read = |at: usize| snapshots[at].unread_because().is_none();
    let number = snapshots.len();
    let all = (0..number).flat_map(|from| (0..number).map(move |to| (from, to)));
    all.filter(|&(from, to)| from != to && is_read(from) && is_read(to)).collect()
}

/// Takes a first look at what one environment has and another lacks, within [`candidates::Bounds`], and judges anew with what it finds.
///
/// What was found is kept: when nothing that it rests on has changed, the next run opens no file for it.
///
/// # Errors
/// Nothing is an error: what could not be read is in [`Brief::failures`].
pub fn look_for_candidates(picture: &mut Picture<'_>, asked: &Asked<'_>) {
    let pairs = pairs(&picture.collected.snapshots);
    if pairs.is_empty() {
        return;
    }
    let basis = basis(picture, asked);
    let known = basis.and_then(|basis| picture.collected.recall_conclusion(&basis));
    let known = known.and_then(|bytes| postcard::from_bytes::<(i64, Brief)>(&bytes).ok());
    let holds = |(made, brief): &(i64, Brief)| asked.now >= *made && brief.until.is_none_or(|until| asked.now < until);
    let look = || {
        let brief = with_question(picture, asked, &pairs, |question| {
            let is_far = |environment: usize| picture.collected.is_elsewhere(environment);
            first_look(question, asked.redactor, &is_far)
        });
        // What could not be read this time may be readable the next time.
        if let (Some(basis), true) = (basis, brief.failures.is_empty())
            && let Ok(bytes) = postcard::to_stdvec(&(asked.now, &brief))
        {
            picture.collected.keep_conclusion(&basis, &bytes);
        }
        brief
    };
    let brief = known.filter(holds).map_or_else(look, |(_, brief)| brief);
    picture.candidates = brief;
    if !picture.candidates.units.is_empty() {
        picture.findings = insight::judge(&picture.inputs(asked.focus));
    }
}

fn first_look(question: &candidates::Question<'_>, redactor: &Redactor, is_far: &dyn Fn(usize) -> bool) -> Brief {
    let wanted = candidates::wanted(&question.sources);
    match candidates::scope(question, &wanted, Bounds::default(), is_far) {
        Ok(Scope::All) => candidates::brief(&candidates::find(question), question, redactor),
        Ok(scope) => Brief { scope, ..Brief::default() },
        Err(failure) => {
            let failures = vec![redactor.words(&failure.0).into_owned()];
            Brief { scope: Scope::All, failures, ..Brief::default() }
        }
    }
}

/// What a first look rests on; see [`Collected::basis`].
fn basis(picture: &Picture<'_>, asked: &Asked<'_>) -> Option<[u8; 32]> {
    let snapshots = &picture.collected.snapshots;
    let mut question = blake3::Hasher::new();
    let mut add = |bytes: &[u8]| {
        question.update(&(bytes.len() as u64).to_le_bytes()).update(bytes);
    };
    add(format!("{LOOK} {} {:?}", env!("CARGO_PKG_VERSION"), Bounds::default()).as_bytes());
    add(asked.redactor.key_id().as_bytes());
    add(format!("{:?} {:?}", asked.baseline, asked.sensitive).as_bytes());
    asked.focus.iter().for_each(|path| add(path.as_bytes()));
    for nearest in &picture.lineage.nearest {
        add(format!("{} {} {}", nearest.environment, nearest.history, nearest.likeness.commit.id).as_bytes());
    }
    let mut entries = Vec::new();
    for row in picture.comparison.rows() {
        add(row.path(snapshots).as_bytes());
        if !row.is_in_sync() {
            add(row.pattern().as_str().as_bytes());
            add(format!("{:?}", row.differences).as_bytes());
            entries.extend((0..snapshots.len()).filter_map(|environment| row.entry_ref(environment)));
        }
    }
    picture.collected.basis(question.finalize().as_bytes(), &entries)
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
    let (findings, candidates) = (Vec::new(), Brief::default());
    let expect = plan.environments.iter().map(|environment| environment.expect.clone()).collect();
    let severities = severities.to_vec();
    let mut picture = Picture {
        collected,
        comparison,
        moves,
        artifacts,
        maps,
        lineage,
        fixes,
        candidates,
        findings,
        expect,
        severities,
    };
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
    let reading = reading(collected);
    collected.compute(|| {
        let is_sensitive = |path: &TreePath| collected.is_sensitive(path);
        let is_left_out = |path: &TreePath| collected.leaves_out(path);
        let looking = fixes::Looking { reading, is_sensitive: &is_sensitive, is_left_out: &is_left_out, nearest };
        fixes::judge(fixes, &looking)
    })
}

fn reading<'a>(collected: &'a Collected<'_>) -> verdict::Reading<'a> {
    verdict::Reading { snapshots: &collected.snapshots, contents: collected, commits: collected, merger: collected }
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
