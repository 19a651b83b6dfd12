//! What one environment has and another lacks: units of change with their verdicts, tried on the target, most worth a look first.

mod brief;
mod obstacles;
mod rank;
mod series;
mod undone;

use brief::wanted;
pub use brief::{Bounds, Brief, BriefKind, BriefTarget, BriefUnit, Fit, Place, Scope, Standing, brief, scope};
use obstacles::replay;
pub use rank::{Rank, Reason};
pub use series::{LeftOut, Series, Step, WhyLeftOut, series};

use std::collections::{BTreeMap, BTreeSet, HashSet};

use rayon::prelude::*;

use crate::compare::Cell;
use crate::insight::units::{self, FileChange, Found, Sources, Unit, UnitId, UnitKind, is_bookkeeping};
use crate::insight::verdict::{
    self, Applies, Asked, Doubt, Fact, Judgement, Places, Proof, Reading, Replay, Tier, Verdict,
};
use crate::path::TreePath;
use crate::snapshot::{CommitId, EntryRef, ReadFailure};

/// What is asked.
#[derive(Clone, Copy)]
pub struct Question<'a> {
    /// Where units are found.
    pub sources: Sources<'a>,
    /// How they are held against targets.
    pub reading: Reading<'a>,
    /// From which environment to which.
    pub pairs: &'a [(usize, usize)],
    /// Paths of special interest, with everything below them.
    pub focus: &'a [TreePath],
    /// The time, in seconds since 1970 in UTC, for ages.
    pub now: i64,
}

/// What was found.
#[derive(Debug, Default)]
pub struct Candidates {
    /// All units, whatever their verdicts, the most worth a look first: those that a target may lack before those that are everywhere, then
    /// by their score.
    pub units: Vec<Candidate>,
    /// How many files were left out because they hold secrets.
    pub sensitive: usize,
    /// What could not be read or judged, in words. The answer is incomplete then.
    pub failures: Vec<String>,
    /// Names of units that have numbers already, in the order of these: those that they have in a listing of more pairs.
    pub numbered: Vec<UnitId>,
    /// What was judged together, in the order in which it was made.
    trials: Vec<Trial>,
}

/// Units that were judged together.
#[derive(Debug)]
struct Trial {
    from: usize,
    to: usize,
    units: Vec<UnitId>,
    places: Places,
}

/// A unit, and what is known of it in each target.
#[derive(Debug)]
pub struct Candidate {
    /// The unit.
    pub unit: Unit,
    /// It changes nothing but changelogs and lock files.
    pub is_bookkeeping: bool,
    /// How much it is worth a look, and why.
    pub rank: Rank,
    /// Each target it was looked for in, ascending.
    pub targets: Vec<Target>,
}

/// A unit in a target.
#[derive(Debug)]
pub struct Target {
    /// Whether it is there.
    pub judgement: Judgement,
    /// Whether it would apply; `None` where it is there.
    pub applies: Option<Applies>,
    /// The units without which it is in conflict.
    pub needs: Vec<UnitId>,
}

impl Candidate {
    /// What is known of it in an environment.
    pub fn target(&self, environment: usize) -> Option<&Target> {
        self.targets.iter().find(|target| target.judgement.target == environment)
    }

    /// Whether it was taken back where it is, and no target has it: there is nothing to carry over, nor is there in what takes it back.
    pub fn is_idle(&self) -> bool {
        let mut open = self.targets.iter().filter(|target| target.judgement.verdict != Verdict::Present).peekable();
        open.peek().is_some() && open.all(undone::is_idle)
    }

    /// Whether every target has it.
    pub fn is_everywhere(&self) -> bool {
        self.targets.iter().all(|target| target.judgement.verdict == Verdict::Present)
    }
}

impl Target {
    /// Whether it lacks the unit and would take it as it is.
    pub fn is_absent_and_fits(&self) -> bool {
        self.judgement.verdict == Verdict::Absent
            && matches!(self.applies, Some(Applies::Clean | Applies::Offset { .. }))
    }
}

impl Candidates {
    /// The number of each unit, from 1: those that are numbered already, then the others in the order of the listing. The same unit of two
    /// environments has one number.
    pub fn numbers(&self) -> BTreeMap<UnitId, usize> {
        let mut numbers = BTreeMap::new();
        for id in self.numbered.iter().chain(self.units.iter().map(|candidate| &candidate.unit.id)) {
            let next = numbers.len() + 1;
            numbers.entry(*id).or_insert(next);
        }
        numbers
    }

    /// The candidate that a word names: its number in the listing by `names`, or the beginning of its lasting name. Of the same unit in
    /// several environments the first.
    pub fn named(&self, word: &str, names: &BTreeMap<UnitId, String>) -> Named {
        let mut found: Vec<usize> = Vec::new();
        let mut ids: BTreeSet<UnitId> = BTreeSet::new();
        for (at, candidate) in self.units.iter().enumerate() {
            let id = candidate.unit.id;
            if names.get(&id).is_some_and(|name| name == word) {
                return Named::One(at);
            }
            let commit = candidate.unit.commit().map(ToString::to_string);
            let is_long = word.len() >= 4;
            if is_long
                && (id.to_string().starts_with(word) || commit.is_some_and(|it| it.starts_with(word)))
                && ids.insert(id)
            {
                found.push(at);
            }
        }
        match found[..] {
            [] => Named::None,
            [only] => Named::One(only),
            _ => Named::Several(found.len()),
        }
    }

    /// The numbers of these units of one environment, and of all those without which they are in conflict with a target.
    pub fn with_needs(&self, units: impl IntoIterator<Item = usize>, to: usize) -> BTreeSet<usize> {
        let mut found = BTreeSet::new();
        let mut open: Vec<usize> = units.into_iter().collect();
        let mut number: BTreeMap<(usize, UnitId), usize> = BTreeMap::new();
        for (at, candidate) in self.units.iter().enumerate() {
            number.insert((candidate.unit.from, candidate.unit.id), at);
        }
        while let Some(at) = open.pop() {
            if found.insert(at) {
                let candidate = &self.units[at];
                let needs = candidate.target(to).map_or(&[][..], |target| &target.needs);
                open.extend(needs.iter().filter_map(|id| number.get(&(candidate.unit.from, *id))));
            }
        }
        found
    }

    /// The target's file that a change of a unit is about, under the common name that it has there.
    ///
    /// # Cost
    /// A replay of that change.
    pub fn place(&self, of: &Unit, change: &FileChange, to: usize, reading: &Reading<'_>) -> Option<TreePath> {
        let is_it = |trial: &&Trial| (trial.from, trial.to) == (of.from, to) && trial.units.contains(&of.id);
        let trial = self.trials.iter().find(is_it)?;
        let unit = Unit { changes: vec![change.clone()], ..of.clone() };
        let units = std::slice::from_ref(&unit);
        let asked = Asked { units, source: of.from, target: to, base: None, is_in_nearest: false };
        let replayed = verdict::replay(&unit, &asked, &trial.places, reading);
        let held = replayed.files.into_iter().next().and_then(|file| Some(file.before?.path));
        held.or_else(|| match replayed.applies {
            Applies::Conflict { conflicts } => conflicts.into_iter().next().map(|conflict| conflict.path),
            _ => None,
        })
    }
}

/// Which candidate a word names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Named {
    /// No one.
    None,
    /// This one of [`Candidates::units`].
    One(usize),
    /// So many.
    Several(usize),
}

/// Finds the units of all environments that are asked about and looks for them in their targets.
///
/// # Cost
/// That of [`verdict::judge`] for each pair, and a replay for each unit that a target lacks.
pub fn find(question: &Question<'_>) -> Candidates {
    let mut candidates = Candidates::default();
    question.sources.contents.prefetch(&wanted(&question.sources));
    let froms: BTreeSet<usize> = question.pairs.iter().map(|&(from, _)| from).collect();
    for from in froms {
        let found = of_environment(from, &question.sources);
        candidates.sensitive += found.sensitive;
        candidates.failures.extend(found.failures);
        let targets = question.pairs.iter().filter(|pair| pair.0 == from).map(|pair| pair.1);
        let mut search = Search { question, from, own: &found.units, all: BTreeMap::new(), trials: Vec::new() };
        for to in targets {
            if let Err(failure) = search.target(to) {
                let [source, target] = [from, to].map(|at| &question.sources.snapshots[at].environment);
                candidates.failures.push(format!("{source} -> {target}: {failure}"));
            }
        }
        candidates.trials.append(&mut search.trials);
        candidates.units.extend(search.finish());
    }
    list_once(&mut candidates.units, &question.sources);
    candidates.units.sort_by(|a, b| {
        let key = |it: &Candidate| (it.is_everywhere(), it.is_bookkeeping, std::cmp::Reverse(it.rank.score()));
        let when = |it: &Candidate| std::cmp::Reverse(it.unit.authored);
        key(a)
            .cmp(&key(b))
            .then(when(a).cmp(&when(b)))
            .then(a.unit.id.cmp(&b.unit.id))
            .then(a.unit.from.cmp(&b.unit.from))
    });
    candidates
}

/// Where a file has two versions and nothing says which is newer, what the one has over the other is the same turned around: where both are
/// asked about, it stays with the first of the two environments.
fn list_once(units: &mut Vec<Candidate>, sources: &Sources<'_>) {
    let has_two_versions = |path: &TreePath| {
        let row = sources.comparison.find(sources.snapshots, path).map(|row| sources.comparison.row(row));
        let cells = row.iter().flat_map(|row| row.cells).filter(|cell| matches!(cell, Cell::Variant(_)));
        cells.collect::<HashSet<&Cell>>().len() == 2
    };
    let edits = |it: &Candidate| -> BTreeSet<TreePath> {
        let is_two_way = it.unit.kind == UnitKind::Tree { two_way: true };
        let edits = it.unit.changes.iter().filter(|change| is_two_way && change.before.is_some());
        edits.map(|change| change.path().clone()).filter(has_two_versions).collect()
    };
    let mut listed: BTreeSet<(usize, usize, TreePath)> = BTreeSet::new();
    for candidate in &*units {
        for path in edits(candidate) {
            let (from, tos) = (candidate.unit.from, candidate.targets.iter().map(|target| target.judgement.target));
            listed.extend(tos.map(|to| (from, to, path.clone())));
        }
    }
    for candidate in units.iter_mut() {
        let (from, paths) = (candidate.unit.from, edits(candidate));
        let is_turned = |to: usize| paths.iter().all(|path| listed.contains(&(to, from, path.clone())));
        if paths.len() == candidate.unit.changes.len() {
            candidate.targets.retain(|target| from < target.judgement.target || !is_turned(target.judgement.target));
        }
    }
    units.retain(|candidate| !candidate.targets.is_empty());
}

/// All units of an environment that are no commits.
fn of_environment(from: usize, sources: &Sources<'_>) -> Found {
    let mut found = units::trees(from, sources);
    found.add(units::uncommitted(from, sources));
    found.add(units::stashes(from, sources.snapshots, sources.commits));
    let copies = units::copies(from, &found.units, sources);
    found.add(copies);
    found
}

/// Units that are judged together.
#[derive(Debug)]
pub struct Batch {
    /// In the order in which they were made.
    pub units: Vec<Unit>,
    /// The commit that the target's tree is near to, as in [`Asked::base`].
    pub base: Option<(usize, CommitId)>,
    /// As in [`Asked::is_in_nearest`].
    pub is_in_nearest: bool,
}

/// The units of one environment that a target may lack. Where they share no history, what the target's base has already is apart: it
/// is held against the target's files alone.
///
/// # Errors
/// When the history cannot be read.
pub fn batches(from: usize, to: usize, own: &[Unit], sources: &Sources<'_>) -> Result<Vec<Batch>, ReadFailure> {
    let beyond = sources.commits.beyond(from, &[to])?;
    let is_related = beyond.base.is_some();
    // A root brings a whole tree in, which is nothing to carry over.
    let roots: BTreeSet<UnitId> = beyond
        .commits
        .iter()
        .filter(|record| !is_related && record.parents.is_empty())
        .map(|record| units::commit_id(&record.summary.id))
        .collect();
    let mut units = units::commits(&beyond, from, sources.commits)?;
    units.retain(|unit| !roots.contains(&unit.id));
    let base = if is_related { None } else { base(from, to, sources)? };
    let mut older = Vec::new();
    if let Some((_, base)) = &base
        && beyond.commits.iter().any(|record| record.summary.id == *base)
    {
        let newer: BTreeSet<UnitId> =
            sources.commits.since(from, base)?.iter().map(|record| units::commit_id(&record.summary.id)).collect();
        (units, older) = units.into_iter().partition(|unit| newer.contains(&unit.id));
    }
    // A commit that is nearest to the source's tree may have whatever that has: from there on the target need not have done it.
    let is_of_source = |(_, base): &(usize, CommitId)| {
        let near = |environment: usize| sources.lineage.commit_near(environment);
        near(to).is_none() && near(from).is_some_and(|(_, near)| near == *base)
    };
    let is_of_source = base.as_ref().is_some_and(is_of_source);
    if is_of_source {
        older.append(&mut units);
    }
    for unit in own {
        // The base is a commit of the very tree, or the tree was held against it and has the unit over it.
        let is_of_tree = matches!(unit.kind, UnitKind::Tree { .. });
        let is_in_base = is_of_tree && base.as_ref().is_some_and(|(environment, _)| *environment == from);
        let may_be_in_base = is_of_source && !is_of_tree;
        if is_in_base || may_be_in_base { older.push(unit.clone()) } else { units.push(unit.clone()) }
    }
    // What is a base for want of a better one is near to nothing.
    let is_near = base.is_some() && base == sources.lineage.commit_near(to);
    let batches =
        [Batch { units: older, base: None, is_in_nearest: is_near }, Batch { units, base, is_in_nearest: false }];
    Ok(batches.into_iter().filter(|batch| !batch.units.is_empty()).collect())
}

/// Where source and target, which share no history, parted: the commit that the target's tree is nearest to; else, where the target has it too,
/// the one that the source's tree is nearest to. Where no commit is near: the newest that all the others have that share a history, else the
/// one that the first of them is at.
fn base(source: usize, target: usize, sources: &Sources<'_>) -> Result<Option<(usize, CommitId)>, ReadFailure> {
    if let Some(near) = sources.lineage.commit_near(target) {
        return Ok(Some(near));
    }
    if let Some((_, commit)) = sources.lineage.commit_near(source)
        // A repository that does not have the commit says so as a failure.
        && sources.commits.record(target, &commit).is_ok_and(|record| record.is_some())
    {
        return Ok(Some((target, commit)));
    }
    let others: Vec<usize> =
        (0..sources.snapshots.len()).filter(|&other| other != target && sources.commit_id(other).is_some()).collect();
    let Some((&first, rest)) = others.split_first() else { return Ok(None) };
    for &other in rest {
        if let Some(base) = sources.commits.beyond(first, &[other])?.base {
            return Ok(Some((first, base.id)));
        }
    }
    Ok(sources.commit_id(first).map(|commit| (first, commit.clone())))
}

struct Search<'a> {
    question: &'a Question<'a>,
    from: usize,
    /// The units that are no commits.
    own: &'a [Unit],
    all: BTreeMap<UnitId, (Unit, Vec<Target>)>,
    trials: Vec<Trial>,
}

impl Search<'_> {
    fn target(&mut self, to: usize) -> Result<(), ReadFailure> {
        for batch in batches(self.from, to, self.own, &self.question.sources)? {
            self.judge(to, batch)?;
        }
        Ok(())
    }

    fn judge(&mut self, to: usize, Batch { units, base, is_in_nearest }: Batch) -> Result<(), ReadFailure> {
        let reading = &self.question.reading;
        reading.contents.prefetch(&self.present(to, &units));
        let asked = Asked { units: &units, source: self.from, target: to, base, is_in_nearest };
        let mut judged = verdict::judge(&asked, reading)?;
        undone::say(&mut judged.judgements, &undone::undone(&units, reading)?, &units);
        let lacks = |judgement: &&Judgement| judgement.verdict != Verdict::Present;
        let wanted: Vec<usize> = judged.judgements.iter().filter(lacks).map(|judgement| judgement.unit).collect();
        // Whether each applies, and whether that would change nothing.
        let tried = |&at: &usize| {
            let Replay { applies, files } = replay(&units[at], &asked, &judged.places, reading);
            let is_idle = files.is_empty() && applies == Applies::Clean;
            (at, (applies, is_idle))
        };
        let mut tried: BTreeMap<usize, (Applies, bool)> = wanted.par_iter().map(tried).collect();
        for judgement in &mut judged.judgements {
            // What would change nothing is not lacking, though nothing says that the target has it.
            let is_idle = tried.get(&judgement.unit).is_some_and(|(_, is_idle)| *is_idle);
            if is_idle && judgement.verdict == Verdict::Absent && judgement.evidence.is_empty() {
                judgement.verdict = Verdict::Unproven { because: Doubt::Nothing };
            }
        }
        let in_conflict: Vec<usize> = wanted
            .iter()
            .copied()
            .filter(|at| matches!(tried.get(at), Some((Applies::Conflict { .. }, _))))
            .filter(|&at| matches!(judged.judgements[at].verdict, Verdict::Absent | Verdict::Partly { .. }))
            .collect();
        let mut needs = verdict::needs(&in_conflict, &judged.judgements, &asked, &judged.places, reading);
        let ids: Vec<UnitId> = units.iter().map(|unit| unit.id).collect();
        self.trials.push(Trial { from: self.from, to, units: ids.clone(), places: judged.places });
        for (unit, judgement) in units.into_iter().zip(judged.judgements) {
            let at = judgement.unit;
            let target = Target {
                judgement,
                applies: tried.remove(&at).map(|(applies, _)| applies),
                needs: needs.remove(&at).unwrap_or_default().into_iter().map(|need| ids[need]).collect(),
            };
            self.all.entry(unit.id).or_insert_with(|| (unit, Vec::new())).1.push(target);
        }
        Ok(())
    }

    /// The files of source and target that units are about, as far as they are there under the units' paths.
    fn present(&self, to: usize, units: &[Unit]) -> Vec<EntryRef> {
        let snapshots = self.question.reading.snapshots;
        let paths: BTreeSet<&TreePath> = units.iter().flat_map(|unit| &unit.changes).map(FileChange::path).collect();
        let at = |environment: usize| {
            let entry = move |path: &&TreePath| snapshots[environment].find(path);
            paths.iter().filter_map(entry).map(move |entry| EntryRef { environment, entry })
        };
        at(to).chain(at(self.from)).collect()
    }

    /// A commit that was not looked for in a target is one that the target's history has.
    fn finish(self) -> Vec<Candidate> {
        let tos: BTreeSet<usize> =
            self.question.pairs.iter().filter(|pair| pair.0 == self.from).map(|pair| pair.1).collect();
        let question = self.question;
        let finish = |(unit, mut targets): (Unit, Vec<Target>)| {
            let looked: BTreeSet<usize> = targets.iter().map(|target| target.judgement.target).collect();
            let is_searched = |to: &&usize| question.sources.commit_id(**to).is_some() && unit.commit().is_some();
            targets.extend(tos.difference(&looked).filter(is_searched).map(|&to| reached(to)));
            targets.sort_by_key(|target| target.judgement.target);
            let is_bookkeeping = unit.changes.iter().all(|change| is_bookkeeping(change.path()));
            let is_open = targets.iter().any(|target| target.judgement.verdict != Verdict::Present);
            let rank = if is_open { Rank::of(&unit, &targets, question) } else { Rank::default() };
            Candidate { unit, is_bookkeeping, rank, targets }
        };
        self.all.into_values().collect::<Vec<_>>().into_iter().map(finish).collect()
    }
}

fn reached(target: usize) -> Target {
    let proof = Proof { tier: Tier::SameContent, commit: None, fact: Fact::SameCommit };
    let judgement =
        Judgement { unit: 0, target, verdict: Verdict::Present, tier: Some(Tier::SameContent), evidence: vec![proof] };
    Target { judgement, applies: None, needs: Vec::new() }
}
