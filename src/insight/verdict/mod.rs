//! Whether a target has a unit of change, by which evidence, and whether it would apply where it is absent.
//!
//! [`judge`] tells which units a target has. [`replay()`] tries one that it lacks on its files, in memory, and [`needs()`] tells what else has to
//! be applied before.

mod decide;
mod delta;
mod end;
mod hold;
mod indent;
mod index;
mod lines;
mod load;
mod look;
mod looking;
mod moved;
mod needs;
mod others;
mod pairs;
mod places;
mod replay;
mod said;
mod steps;
mod tip;
mod touched;
mod tree;
mod types;

use std::collections::HashSet;

use rayon::prelude::*;

pub use needs::needs;
pub use places::Places;
pub use replay::{Held, Replay, ReplayedFile, replay};
pub use types::{Applies, Conflict, ConflictKind, Doubt, Fact, Judgement, Missing, NotTried, Proof, Tier, Verdict};

use self::decide::{Case, Decided};
use self::load::{Body, Changes, Delta};
use self::looking::{KnownLines, Looking};
use self::others::{Others, There};
use self::pairs::Pairs;
use self::steps::Steps;
use crate::insight::units::{FileChange, Unit};
use crate::path::TreePath;
use crate::snapshot::{CommitId, CommitReader, ContentReader, ReadFailure, Snapshot, TextMerger};

/// How often it is asked again what units that were found present since say of those still open: a line may be changed over and over.
const CHAIN: usize = 4;

/// Which units are looked for where.
#[derive(Debug, Clone)]
pub struct Asked<'a> {
    /// The units of one source, parents before children where they are commits.
    pub units: &'a [Unit],
    /// The environment that the units are from.
    pub source: usize,
    /// The environment they are looked for in.
    pub target: usize,
    /// The commit that the target's tree is nearest to, and the environment in whose repository it is. It counts only where source and
    /// target share no history.
    pub base: Option<(usize, CommitId)>,
    /// The commit that the target's tree is nearest to has all of the units that are commits; then there is no base.
    pub is_in_nearest: bool,
}

/// The means to read what is asked about.
#[derive(Clone, Copy)]
pub struct Reading<'a> {
    /// All environments.
    pub snapshots: &'a [Snapshot],
    /// Present files.
    pub contents: &'a (dyn ContentReader + Sync),
    /// Commits and what they name.
    pub commits: &'a dyn CommitReader,
    /// What applies.
    pub merger: &'a dyn TextMerger,
}

/// What was found out about units in one target.
#[derive(Debug)]
pub struct Judged {
    /// One for each unit, in their order.
    pub judgements: Vec<Judgement>,
    /// Under which paths the target has the files.
    pub places: Places,
}

/// Looks for units in a target.
///
/// A unit is held against every step that the target made since it parted from the source (or, where they share no history, against all
/// that its tree has over [`Asked::base`]), and where that leaves anything open, against its present files. Nothing that merely looks
/// alike is called present: what is similar has to be borne out by the files.
///
/// # Errors
/// When the target's history cannot be read. A file that cannot be read makes its units [`Verdict::Unproven`].
///
/// # Cost
/// Every change of both sides is read and compared once, on the threads of the current pool; memory grows with the number of changed lines.
/// Four versions of each file of a unit are read again when the target has a trace of it.
pub fn judge(asked: &Asked<'_>, reading: &Reading<'_>) -> Result<Judged, ReadFailure> {
    let mut places = Places::default();
    places.add_present(&reading.snapshots[asked.target]);
    places.add_renames(asked.units.iter().flat_map(|unit| &unit.changes));
    let steps = steps::steps(asked, &mut places, reading)?;
    places.add_renames(steps.all.iter().flat_map(|step| &step.changes));
    let Changes { units, steps: done, trivial, union } = load::shared(asked.units, &steps.all, &mut places, reading);
    let pairs = Pairs::find((asked.units, &units), (&steps.all, &done), &trivial);
    let said = said::said(asked.units, &steps, asked.target, reading)?;
    let reached = reached(asked, reading)?;
    let case = |at: usize| {
        let (trace, weight) = pairs.units[at].lines.trace(&union);
        Case {
            at,
            unit: &asked.units[at],
            delta: &units[at],
            pairs: &pairs,
            said: said.of.get(&at).map_or(&[], |said| &said[..]),
            undone: &said.undone,
            is_reached: reached[at],
            trace,
            weight,
        }
    };
    let unseen = unseen(&steps, &done);
    let looking = Looking {
        asked,
        reading,
        steps: &steps,
        places: &places,
        weights: &pairs.weights,
        unseen: &unseen,
        lines: &KnownLines::new(),
    };
    let judge = |at: usize| case(at).decide(&looking, &Others::none());
    let mut found: Vec<Decided> = by_path(asked.units).into_par_iter().map(judge).collect();
    found.sort_unstable_by_key(|decided| decided.judgement.unit);
    for _ in 0..CHAIN {
        let is_present = |at: &usize| found[*at].judgement.verdict == Verdict::Present;
        let there = There::new((0..units.len()).filter(is_present), &units, &union);
        let is_open = |at: &usize| {
            found[*at].lacked.iter().any(|&line| there.is_taken_after(*at, line))
                || !is_present(at) && there.omits(*at, &units[*at], &pairs.weights)
        };
        let open: Vec<usize> = (0..units.len()).into_par_iter().filter(is_open).collect();
        if open.is_empty() {
            break;
        }
        let again = |&at: &usize| {
            let others = Others {
                take: &|line| there.is_taken_after(at, line),
                left_out: &|line| there.is_left_out(at, line),
                is_left_out: there.omits(at, &units[at], &pairs.weights),
                ..Others::none()
            };
            case(at).decide(&looking, &others)
        };
        let judged: Vec<Decided> = open.par_iter().map(again).collect();
        let mut is_settled = true;
        for (at, decided) in open.into_iter().zip(judged) {
            is_settled &= found[at].judgement.verdict == decided.judgement.verdict;
            found[at] = decided;
        }
        if is_settled {
            break;
        }
    }
    let found = found.into_iter().map(|it| case(it.judgement.unit).without_mere_absence(it.judgement)).collect();
    Ok(Judged { judgements: found, places })
}

/// The files of which it is not known what the target did to their lines: they could not be read, are no text, or may never have been there.
fn unseen<'a>(steps: &'a Steps, deltas: &[Delta]) -> HashSet<&'a TreePath> {
    let bodies = steps.all.iter().zip(deltas).flat_map(|(step, delta)| step.changes.iter().zip(&delta.files));
    let unseen = bodies.filter(|(_, body)| matches!(body, Body::Opaque(_) | Body::Unreadable(_)));
    let sides = unseen.flat_map(|(change, _)| [&change.before, &change.after]).flatten();
    sides.map(|side| &side.path).chain(&steps.untold).collect()
}

/// The units, those that change a file together: the same present file is looked at for each.
fn by_path(units: &[Unit]) -> Vec<usize> {
    let mut order: Vec<usize> = (0..units.len()).collect();
    order.sort_by_key(|&at| units[at].changes.first().map(FileChange::path));
    order
}

/// Which units are commits that the target's history has.
fn reached(asked: &Asked<'_>, reading: &Reading<'_>) -> Result<Vec<bool>, ReadFailure> {
    if asked.units.iter().all(|unit| unit.commit().is_none()) {
        return Ok(vec![false; asked.units.len()]);
    }
    let beyond = reading.commits.beyond(asked.source, &[asked.target])?;
    let beyond: HashSet<&CommitId> = beyond.commits.iter().map(|record| &record.summary.id).collect();
    Ok(asked.units.iter().map(|unit| unit.commit().is_some_and(|commit| !beyond.contains(commit))).collect())
}
