//! The order of the steps, from a plan to what was found.
//!
//! Each step asks the next question only about what the steps before it left open, so that a file is opened only where its content
//! decides something.

use std::sync::OnceLock;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::collect::{CollectError, CollectPlan, Collected, Watch, collect};
use crate::compare::maps::{self, MapProposal};
use crate::compare::{self, Comparison, artifacts, moves};
use crate::config::{Expect, Fix, PathMap};
use crate::insight::candidates::{self, Bounds, Brief, Candidates, Scope};
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
    /// What the rules say, most severe first, once [`look_for_candidates`] was asked.
    pub findings: Vec<Finding>,
    /// How each environment should be, in order.
    expect: Vec<Expect>,
    /// Which environments are production, in order.
    production: Vec<bool>,
    /// What each environment calls its paths, in order.
    names: Vec<PathMap>,
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
                production: &self.production,
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

/// Takes a first look at what one environment has and another lacks, within [`candidates::Bounds`], and says what the rules say.
///
/// What was found is kept: when nothing that it rests on has changed, the next run opens no file for it.
///
/// # Errors
/// Nothing is an error: what could not be read is in [`Brief::failures`].
pub fn look_for_candidates(picture: &mut Picture<'_>, asked: &Asked<'_>) {
    let look = Look::new(picture, asked);
    picture.candidates = look.recall(Topic::Brief).unwrap_or_else(|| look.search(|_| None::<()>).0);
    if let Some(baseline) = asked.baseline {
        picture.production[baseline] = true;
    }
    picture.findings = insight::judge(&picture.inputs(asked.focus));
}

/// The same, and gives what `detail` makes of all that was found; `None` where nothing was looked at. Both come of one search, and are kept.
pub fn look_into_candidates<T: Serialize + DeserializeOwned>(
    picture: &mut Picture<'_>,
    asked: &Asked<'_>,
    detail: impl FnOnce(&Picture<'_>, &Candidates) -> T,
) -> Option<T> {
    let look = Look::new(picture, asked);
    let known = look.recall::<Brief>(Topic::Brief).and_then(|brief| match brief.scope {
        Scope::All => Some((brief, Some(look.recall(Topic::Detail)?))),
        _ => Some((brief, None)),
    });
    let (brief, detail) = known.unwrap_or_else(|| look.search(|candidates| Some(detail(look.picture, candidates))));
    picture.candidates = brief;
    if let Some(baseline) = asked.baseline {
        picture.production[baseline] = true;
    }
    picture.findings = insight::judge(&picture.inputs(asked.focus));
    detail
}

/// Whether a first look goes far enough for units to have numbers of it, which are the same in every listing.
pub fn is_looked_at(picture: &Picture<'_>, asked: &Asked<'_>) -> bool {
    let is_far = |environment: usize| picture.collected.is_elsewhere(environment);
    let pairs = pairs(&picture.collected.snapshots);
    with_question(picture, asked, &pairs, |question| {
        matches!(candidates::scope(question, Bounds::default(), &is_far), Ok(Scope::All))
    })
}

/// What the last look at the same environments found, without looking again: the numbers that units had on the last first screen.
pub fn last_look(collected: &Collected<'_>) -> Option<Brief> {
    let kept: Kept<Brief> = serde_json::from_slice(&collected.last_conclusion(Topic::Brief.name())?).ok()?;
    Some(kept.what)
}

/// What is kept of a look, each in a file of its own.
#[derive(Debug, Clone, Copy)]
enum Topic {
    /// A [`Brief`].
    Brief,
    /// What a report shows of it.
    Detail,
}

impl Topic {
    fn name(self) -> &'static str {
        match self {
            Self::Brief => "brief",
            Self::Detail => "detail",
        }
    }
}

/// The basis of a look on which no later one may rest; no digest is this.
const NOTHING: [u8; 32] = [0; 32];

/// A conclusion as it is kept.
#[derive(Serialize, Deserialize)]
struct Kept<T> {
    /// When it was made; one from the future is not believed.
    at: i64,
    /// When it may become another one though nothing changed.
    until: Option<i64>,
    what: T,
}

struct Look<'a, 'w> {
    picture: &'a Picture<'w>,
    asked: &'a Asked<'a>,
    pairs: Vec<(usize, usize)>,
    /// `None` when nothing is kept.
    basis: Option<[u8; 32]>,
}

impl<'a, 'w> Look<'a, 'w> {
    fn new(picture: &'a Picture<'w>, asked: &'a Asked<'a>) -> Self {
        let collected = &picture.collected;
        let pairs = pairs(&collected.snapshots);
        let has_history = collected.snapshots.iter().any(|snapshot| snapshot.git.commit().is_some());
        // Without a pair or a history there is nothing to search, and so nothing to keep.
        let is_kept = !pairs.is_empty() && has_history && collected.keeps_conclusions();
        let basis = is_kept.then(|| basis(picture, asked)).flatten();
        Self { picture, asked, pairs, basis }
    }

    fn recall<T: DeserializeOwned>(&self, topic: Topic) -> Option<T> {
        let bytes = self.picture.collected.recall_conclusion(topic.name(), &self.basis?)?;
        let kept: Kept<T> = serde_json::from_slice(&bytes).ok()?;
        let holds = self.asked.now >= kept.at && kept.until.is_none_or(|until| self.asked.now < until);
        holds.then_some(kept.what)
    }

    fn keep<T: Serialize>(&self, topic: Topic, basis: &[u8; 32], until: Option<i64>, what: T) {
        let kept = Kept { at: self.asked.now, until, what };
        if let Ok(bytes) = serde_json::to_vec(&kept) {
            self.picture.collected.keep_conclusion(topic.name(), basis, &bytes);
        }
    }

    /// Looks at everything within the bounds, and keeps what comes of it.
    fn search<T: Serialize>(&self, detail: impl FnOnce(&Candidates) -> Option<T>) -> (Brief, Option<T>) {
        if self.pairs.is_empty() {
            return (Brief::default(), None);
        }
        let collected = &self.picture.collected;
        let (brief, detail) = with_question(self.picture, self.asked, &self.pairs, |question| {
            let is_far = |environment: usize| collected.is_elsewhere(environment);
            match candidates::scope(question, Bounds::default(), &is_far) {
                Ok(Scope::All) => {
                    let found = candidates::find(question);
                    (candidates::brief(&found, question, self.asked.redactor), detail(&found))
                }
                Ok(scope) => (Brief { scope, ..Brief::default() }, None),
                Err(failure) => {
                    let failures = vec![self.asked.redactor.words(&failure.0).into_owned()];
                    (Brief { scope: Scope::All, failures, ..Brief::default() }, None)
                }
            }
        });
        // What could not be read this time may be readable the next time: then it is kept for its numbers alone.
        let basis = self.basis.filter(|_| brief.failures.is_empty());
        self.keep(Topic::Brief, &basis.unwrap_or(NOTHING), brief.until, &brief);
        if let (Some(detail), Some(basis)) = (&detail, basis) {
            self.keep(Topic::Detail, &basis, brief.until, detail);
        }
        (brief, detail)
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
    add(format!("{:?}", picture.names).as_bytes());
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

/// Looks at everything that rules speak about: rows, moves, artifacts, fixes.
///
/// # Errors
/// When the environments do not fit together, or no thread can be started. An environment that cannot be read is no error: it is unknown.
pub fn survey<'w>(
    plan: &CollectPlan<'_>,
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
    let is_production = |role: &Option<String>| role.as_deref() == Some("production");
    let production = plan.environments.iter().map(|environment| is_production(&environment.role)).collect();
    let names = plan.environments.iter().map(|environment| environment.map.clone()).collect();
    let severities = severities.to_vec();
    Ok(Picture {
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
        production,
        names,
        severities,
    })
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
