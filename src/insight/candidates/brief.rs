//! Candidates in brief: as much as a first screen shows of them, and how far a first look goes.

use std::collections::BTreeSet;
use std::ops::Range;

use serde::{Deserialize, Serialize};

use super::rank::MONTH;
use super::{Candidate, Candidates, Question, Target};
use crate::insight::units::{FileChange, Sources, Unit, UnitId, UnitKind, Version};
use crate::insight::verdict::{Applies, Fact, Verdict};
use crate::path::TreePath;
use crate::snapshot::{Content, EntryRef, GitState, ReadFailure};
use crate::text::Redactor;

/// Larger files are not looked into, so they cost nothing.
const LOOKED_INTO: u64 = 1 << 20;
/// So many paths of a unit are named.
const NAMED: usize = 3;

/// What a first look found. Secrets in foreign words are masked; there is no line of any file in it.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Brief {
    /// How far the look went.
    pub scope: Scope,
    /// The units that a target may lack, without bookkeeping, the most worth a look first.
    pub units: Vec<BriefUnit>,
    /// How many files were left out because they hold secrets.
    pub sensitive: u64,
    /// What could not be read or judged, in words. The answer is incomplete then.
    pub failures: Vec<String>,
    /// The names of all units, in the order of the listing of all candidates: their numbers, from 1.
    pub order: Vec<UnitId>,
    /// Where what is in no commit stands in the files of its environment.
    pub places: Vec<Place>,
    /// When the order may become another one though nothing changed, in seconds since 1970: a unit is recent no more.
    pub until: Option<i64>,
}

/// Where a unit that is in no commit stands, one for each of its files.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Place {
    /// Its number.
    pub number: u64,
    /// What it is.
    pub kind: BriefKind,
    /// The environment that has it.
    pub environment: usize,
    /// The file, by its common path, as bytes.
    pub path: Vec<u8>,
    /// The first of its lines and the one after the last, from 0, of each of its places; empty when it is all that was done to the file.
    pub lines: Vec<(u64, u64)>,
}

/// How far a first look goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub enum Scope {
    /// Nobody asked.
    #[default]
    NotAsked,
    /// All was looked at.
    All,
    /// Nothing was: no environment has a history, so nothing but numbers would say who changed what.
    NoHistory,
    /// Nothing was: there are so many files to look into.
    Files(u64),
    /// Nothing was: the files to look into have so many bytes.
    Bytes(u64),
    /// Nothing was: so many bytes would come from other machines.
    Far(u64),
    /// Nothing was: there are so many commits to look for.
    Commits(u64),
}

/// How much a first look takes upon itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Bounds {
    /// How many files it looks into.
    pub files: u64,
    /// How many bytes they may have.
    pub bytes: u64,
    /// How many bytes may come from other machines.
    pub far: u64,
    /// How many commits it looks for, each counted for each target.
    pub commits: u64,
}

impl Default for Bounds {
    /// A second or two of work, and what a slow line carries in that time.
    fn default() -> Self {
        Self { files: 4_000, bytes: 64 << 20, far: 4 << 20, commits: 4_000 }
    }
}

/// A unit in brief.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BriefUnit {
    /// Its lasting name.
    pub id: UnitId,
    /// Its number in the listing of all candidates, from 1.
    pub number: u64,
    /// What it is.
    pub kind: BriefKind,
    /// The commit of a commit or stash, in hexadecimal.
    pub commit: Option<String>,
    /// The environment that has it.
    pub from: usize,
    /// What it is called, secrets masked.
    pub title: String,
    /// Who made it, secrets masked; empty when nothing says so.
    pub author: String,
    /// When it was made, in seconds since 1970 in UTC.
    pub authored: Option<i64>,
    /// How many files it changes.
    pub files: u64,
    /// The first of them, as bytes.
    pub paths: Vec<Vec<u8>>,
    /// Lines that come, and lines that go; `None` when a side is no text.
    pub lines: Option<(u64, u64)>,
    /// How much it is worth a look.
    pub score: i32,
    /// What is known of it in each target, ascending.
    pub targets: Vec<BriefTarget>,
}

/// What a unit is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum BriefKind {
    /// A commit.
    Commit,
    /// What the index has over HEAD.
    Staged,
    /// What the files have over the index, untracked ones among them.
    Unstaged,
    /// A stash.
    Stash,
    /// What a tree without shared history has over its base.
    Tree,
    /// What a file has over a copy beside it.
    Artifact,
}

/// A unit in a target.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BriefTarget {
    /// The target.
    pub environment: usize,
    /// Whether it is there.
    pub standing: Standing,
    /// Whether it would apply; `None` where it is there.
    pub applies: Option<Fit>,
    /// The numbers of the units without which it is in conflict.
    pub needs: Vec<u64>,
    /// It stands in files of its environment that the target has under the same paths without it: a copy of the target's files over them takes
    /// it away.
    pub is_destroyed: bool,
}

/// Whether a unit is in a target.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Standing {
    /// It is.
    Present,
    /// It is not.
    Absent,
    /// Some of it is.
    Partly,
    /// It cannot be said.
    Unproven,
}

/// Whether a unit would apply.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Fit {
    /// Where it was made.
    Clean,
    /// So many lines away at most.
    Offset(u64),
    /// Not without a decision.
    Conflict,
    /// Nothing was tried.
    NotTried,
}

impl Brief {
    /// The number of a unit in the listing of all candidates.
    pub fn number(&self, id: &UnitId) -> Option<u64> {
        self.order.iter().position(|known| known == id).map(|at| at as u64 + 1)
    }

    /// The number of the unit of one of these kinds that has lines of a file: where several have lines of it, the one whose lines are nearest.
    pub fn number_at(
        &self,
        environment: usize,
        kinds: &[BriefKind],
        path: &TreePath,
        lines: &Range<usize>,
    ) -> Option<u64> {
        let is_of_it = |place: &&Place| {
            place.environment == environment && kinds.contains(&place.kind) && place.path == path.as_bytes()
        };
        let (start, end) = (lines.start as u64, lines.end as u64);
        let distance = |place: &&Place| {
            let of = |&(first, last): &(u64, u64)| first.saturating_sub(end).max(start.saturating_sub(last));
            place.lines.iter().map(of).min().unwrap_or(0)
        };
        self.places.iter().filter(is_of_it).min_by_key(distance).map(|place| place.number)
    }
}

impl BriefUnit {
    /// The environments that lack it or some of it, ascending.
    pub fn lacking(&self) -> Vec<usize> {
        let lacks = |target: &&BriefTarget| matches!(target.standing, Standing::Absent | Standing::Partly);
        self.targets.iter().filter(lacks).map(|target| target.environment).collect()
    }

    /// The one file it changes, if it changes one alone.
    pub fn path(&self) -> Option<TreePath> {
        match &self.paths[..] {
            [only] if self.files == 1 => TreePath::new(&only[..]).ok(),
            _ => None,
        }
    }
}

/// The files that a first look may have to read, sorted and unique: those of rows that drift, those with uncommitted changes, and leftovers of
/// editing with what they are left of.
pub(super) fn wanted(sources: &Sources<'_>) -> Vec<EntryRef> {
    let snapshots = sources.snapshots;
    let mut wanted: BTreeSet<EntryRef> = BTreeSet::new();
    let mut want = |at: EntryRef| {
        if matches!(snapshots[at.environment].entries[at.entry].content, Content::File(file) if file.size <= LOOKED_INTO)
        {
            wanted.insert(at);
        }
    };
    for row in sources.comparison.rows().filter(|row| row.is_drift() && !row.is_folder) {
        (0..snapshots.len()).filter_map(|environment| row.entry_ref(environment)).for_each(&mut want);
    }
    let mut everywhere = |path: &TreePath| {
        let at = |environment: usize| Some(EntryRef { environment, entry: snapshots[environment].find(path)? });
        (0..snapshots.len()).filter_map(at).for_each(&mut want);
    };
    for snapshot in snapshots {
        if let GitState::Checkout(status) = &snapshot.git {
            status.changes.iter().for_each(|change| everywhere(&change.path));
        }
    }
    for artifact in sources.artifacts.iter().map(|evidence| &evidence.artifact) {
        everywhere(&artifact.path);
        artifact.original.iter().for_each(&mut everywhere);
    }
    wanted.into_iter().collect()
}

/// How far a look at all pairs would go. It depends on what there is and not on how fast it is read, so that the same input always gets the same
/// answer.
///
/// # Errors
/// When a history cannot be read.
pub fn scope(question: &Question<'_>, bounds: Bounds, is_far: &dyn Fn(usize) -> bool) -> Result<Scope, ReadFailure> {
    let Sources { snapshots, commits, .. } = question.sources;
    if !(0..snapshots.len()).any(|environment| question.sources.commit_id(environment).is_some()) {
        return Ok(Scope::NoHistory);
    }
    let wanted = wanted(&question.sources);
    let size = |at: &EntryRef| match snapshots[at.environment].entries[at.entry].content {
        Content::File(file) => file.size,
        _ => 0,
    };
    let files = wanted.len() as u64;
    let bytes: u64 = wanted.iter().map(size).sum();
    let far: u64 = wanted.iter().filter(|at| is_far(at.environment)).map(size).sum();
    if files > bounds.files {
        return Ok(Scope::Files(files));
    }
    if bytes > bounds.bytes {
        return Ok(Scope::Bytes(bytes));
    }
    if far > bounds.far {
        return Ok(Scope::Far(far));
    }
    let mut number = 0;
    for &(from, to) in question.pairs {
        number += commits.beyond(from, &[to])?.commits.len() as u64;
    }
    Ok(if number > bounds.commits { Scope::Commits(number) } else { Scope::All })
}

/// What was found, in brief.
pub fn brief(candidates: &Candidates, question: &Question<'_>, redactor: &Redactor) -> Brief {
    let numbers = candidates.numbers();
    let number = |id: &UnitId| numbers.get(id).copied().unwrap_or(0) as u64;
    let is_shown =
        |candidate: &&Candidate| !candidate.is_everywhere() && !candidate.is_bookkeeping && !candidate.is_idle();
    let mask = |text: &str| redactor.words(text).into_owned();
    let unit = |candidate: &Candidate| {
        let unit = &candidate.unit;
        let target = |target: &Target| BriefTarget {
            environment: target.judgement.target,
            standing: match target.judgement.verdict {
                Verdict::Present => Standing::Present,
                Verdict::Absent => Standing::Absent,
                Verdict::Partly { .. } => Standing::Partly,
                Verdict::Unproven { .. } => Standing::Unproven,
            },
            applies: target.applies.as_ref().map(|applies| match applies {
                Applies::Clean => Fit::Clean,
                Applies::Offset { lines } => Fit::Offset(*lines as u64),
                Applies::Conflict { .. } => Fit::Conflict,
                Applies::NotTried { .. } => Fit::NotTried,
            }),
            needs: target.needs.iter().map(number).collect(),
            is_destroyed: is_destroyed(candidate, target, &question.sources),
        };
        let commit = match &unit.kind {
            UnitKind::Commit { commit } | UnitKind::Stash { commit } => Some(commit),
            _ => None,
        };
        BriefUnit {
            id: unit.id,
            number: number(&unit.id),
            kind: BriefKind::of(&unit.kind),
            commit: commit.map(ToString::to_string),
            from: unit.from,
            title: mask(&unit.title),
            author: mask(&unit.author),
            authored: unit.authored,
            files: unit.changes.len() as u64,
            paths: unit.changes.iter().take(NAMED).map(|change| change.path().as_bytes().to_vec()).collect(),
            lines: candidate.rank.lines.map(|(added, removed)| (added as u64, removed as u64)),
            score: candidate.rank.score(),
            targets: candidate.targets.iter().map(target).collect(),
        }
    };
    let mut order: Vec<(usize, UnitId)> = numbers.iter().map(|(id, number)| (*number, *id)).collect();
    order.sort_unstable();
    let ends = candidates.units.iter().filter_map(|it| it.unit.authored?.checked_add(MONTH));
    Brief {
        scope: Scope::All,
        units: candidates.units.iter().filter(is_shown).map(unit).collect(),
        sensitive: candidates.sensitive as u64,
        failures: candidates.failures.iter().map(|words| mask(words)).collect(),
        order: order.into_iter().map(|(_, id)| id).collect(),
        places: candidates
            .units
            .iter()
            .flat_map(|candidate| places(&candidate.unit, number(&candidate.unit.id)))
            .collect(),
        until: ends.filter(|end| *end > question.now).min(),
    }
}

impl BriefKind {
    fn of(kind: &UnitKind) -> Self {
        match kind {
            UnitKind::Commit { .. } => Self::Commit,
            UnitKind::Stash { .. } => Self::Stash,
            UnitKind::Staged => Self::Staged,
            UnitKind::Unstaged => Self::Unstaged,
            UnitKind::Tree { .. } => Self::Tree,
            UnitKind::Artifact { .. } => Self::Artifact,
        }
    }
}

fn places(unit: &Unit, number: u64) -> Vec<Place> {
    let kind = BriefKind::of(&unit.kind);
    if matches!(kind, BriefKind::Commit | BriefKind::Stash) {
        return Vec::new();
    }
    let place = |change: &FileChange| {
        let lines = match change.after.as_ref().map(|side| &side.version) {
            Some(Version::Part { lines, .. }) => &lines[..],
            _ => &[],
        };
        Place {
            number,
            kind,
            environment: unit.from,
            path: change.path().as_bytes().to_vec(),
            lines: lines.iter().map(|lines| (lines.start as u64, lines.end as u64)).collect(),
        }
    };
    unit.changes.iter().map(place).collect()
}

/// Whether copying the target's files over those of the unit's environment takes it away: it stands in files that are there, and the target has
/// other files under all of their paths, proven to be without it.
fn is_destroyed(candidate: &Candidate, target: &Target, sources: &Sources<'_>) -> bool {
    let unit = &candidate.unit;
    let judgement = &target.judgement;
    let stands = matches!(
        unit.kind,
        UnitKind::Commit { .. } | UnitKind::Unstaged | UnitKind::Tree { .. } | UnitKind::Artifact { .. }
    );
    let is_taken_back = judgement.evidence.iter().any(|proof| matches!(proof.fact, Fact::TakenBackAtSource(_)));
    let mut edits = unit.changes.iter().filter(|change| change.before.is_some()).peekable();
    let row = |path: &TreePath| Some(sources.comparison.row(sources.comparison.find(sources.snapshots, path)?));
    let is_replaced = |path: &TreePath| {
        row(path).is_some_and(|row| {
            let (own, other) = (row.cells[unit.from], row.cells[judgement.target]);
            own.is_present() && other.is_present() && own != other
        })
    };
    stands
        && judgement.verdict == Verdict::Absent
        && !is_taken_back
        && edits.peek().is_some()
        && edits.all(|change| change.after.is_some() && is_replaced(change.path()))
}
