//! From what was found to the report.

use std::collections::BTreeMap;

use super::first::because;
use super::words;
use super::{
    CandidatesReport, ConflictReport, FileReport, MissingReport, PairReport, ReasonReport, TargetReport, UnitReport,
    VERSION,
};
use crate::compare::text::Redactor;
use crate::insight::candidates::{Brief, Candidate, Candidates, Scope, Target};
use crate::insight::units::{FileChange, Unit, UnitId, UnitKind};
use crate::insight::verdict::{Applies, Conflict, ConflictKind, Tier, Verdict};
use crate::path::EnvironmentName;
use crate::report::model::PathReport;
use crate::snapshot::Snapshot;

/// What the report is made of, beside what was found.
#[derive(Debug)]
pub struct About<'a> {
    /// All environments, in order.
    pub environments: &'a [EnvironmentName],
    /// The pairs that were asked about.
    pub pairs: &'a [(usize, usize)],
    /// Every unit is reported, whatever its verdict.
    pub all: bool,
    /// The environments that were not read in full, as from [`unread`], where nothing else tells it.
    pub unread: Vec<String>,
    /// What to type next.
    pub next: Vec<String>,
}

/// The short names of units: `f1`, `f2`... in the order of the listing. The same unit of two environments has one name.
pub fn short_ids(candidates: &Candidates) -> BTreeMap<UnitId, String> {
    candidates.numbers().into_iter().map(|(id, number)| (id, format!("f{number}"))).collect()
}

/// Makes the report, secrets in foreign words masked.
pub fn report(candidates: &Candidates, about: About<'_>, redactor: &Redactor) -> CandidatesReport {
    let names = short_ids(candidates);
    let build = Build { environments: about.environments, redactor, names: &names };
    let is_reported = |it: &&Candidate| about.all || !(it.is_everywhere() || it.is_bookkeeping);
    CandidatesReport {
        looked_at: true,
        because: None,
        pairs: about.pairs.iter().map(|&pair| build.pair(candidates, pair)).collect(),
        units: candidates.units.iter().filter(is_reported).map(|candidate| build.unit(candidate)).collect(),
        sensitive: candidates.sensitive as u64,
        failures: candidates.failures.iter().map(|words| redactor.words(words).into_owned()).collect(),
        unread: about.unread,
        next: about.next,
        ..empty(about.environments)
    }
}

/// The report where nothing was looked at, or not with success.
pub fn not_looked(brief: &Brief, environments: &[EnvironmentName], next: Vec<String>) -> CandidatesReport {
    CandidatesReport {
        looked_at: brief.scope == Scope::All,
        because: because(brief.scope),
        failures: brief.failures.clone(),
        next,
        ..empty(environments)
    }
}

fn empty(environments: &[EnvironmentName]) -> CandidatesReport {
    CandidatesReport {
        format: "driftline-candidates".into(),
        version: VERSION,
        driftline: env!("CARGO_PKG_VERSION").into(),
        environments: environments.iter().map(ToString::to_string).collect(),
        looked_at: false,
        because: None,
        pairs: Vec::new(),
        units: Vec::new(),
        sensitive: 0,
        failures: Vec::new(),
        unread: Vec::new(),
        next: Vec::new(),
    }
}

/// The environments that were not read, or not in full, in order, each with the first reason; secrets in foreign words masked.
pub fn unread(snapshots: &[Snapshot], redactor: &Redactor) -> Vec<String> {
    let words = |snapshot: &Snapshot| {
        let mut gaps = snapshot.incidents.iter().filter(|incident| incident.kind.is_incomplete());
        let first = gaps.next()?;
        let how = if first.path.is_some() { "not read in full" } else { "not read" };
        let others = gaps.count();
        let more = if others > 0 { format!(", and {others} more") } else { String::new() };
        Some(format!("{how}: {}: {}{more}", snapshot.environment, redactor.words(&first.message)))
    };
    snapshots.iter().filter_map(words).collect()
}

/// Makes the report of one unit.
pub(super) struct Build<'a> {
    pub(super) environments: &'a [EnvironmentName],
    pub(super) redactor: &'a Redactor,
    pub(super) names: &'a BTreeMap<UnitId, String>,
}

impl Build<'_> {
    fn name(&self, environment: usize) -> String {
        self.environments[environment].to_string()
    }

    fn pair(&self, candidates: &Candidates, (from, to): (usize, usize)) -> PairReport {
        let (from_name, to_name) = (self.name(from), self.name(to));
        let mut pair =
            PairReport { from: from_name, to: to_name, absent: 0, present: 0, partly: 0, unproven: 0, bookkeeping: 0 };
        for candidate in candidates.units.iter().filter(|candidate| candidate.unit.from == from) {
            let Some(target) = candidate.target(to) else { continue };
            let count = match &target.judgement.verdict {
                _ if candidate.is_bookkeeping => &mut pair.bookkeeping,
                Verdict::Present => &mut pair.present,
                Verdict::Absent => &mut pair.absent,
                Verdict::Partly { .. } => &mut pair.partly,
                Verdict::Unproven { .. } => &mut pair.unproven,
            };
            *count += 1;
        }
        pair
    }

    pub(super) fn unit(&self, candidate: &Candidate) -> UnitReport {
        let Candidate { unit, is_bookkeeping, rank, targets } = candidate;
        let commit = match &unit.kind {
            UnitKind::Commit { commit } | UnitKind::Stash { commit } => Some(commit.to_string()),
            _ => None,
        };
        let mask = |text: &str| self.redactor.words(text).into_owned();
        UnitReport {
            id: unit.id.to_string(),
            short: self.names.get(&unit.id).cloned().unwrap_or_default(),
            kind: words::of_kind(&unit.kind).into(),
            commit,
            from: self.name(unit.from),
            title: mask(&unit.title),
            author: (!unit.author.is_empty()).then(|| mask(&unit.author)),
            authored: unit.authored,
            copy: match &unit.kind {
                UnitKind::Artifact { copy } => Some(PathReport::from(copy)),
                _ => None,
            },
            files: unit.changes.iter().map(file).collect(),
            added: rank.lines.map(|lines| lines.0 as u64),
            removed: rank.lines.map(|lines| lines.1 as u64),
            bookkeeping: *is_bookkeeping,
            score: rank.score(),
            reasons: rank
                .reasons
                .iter()
                .map(|reason| ReasonReport { reason: reason.words().into(), points: reason.points() })
                .collect(),
            targets: targets.iter().map(|target| self.target(target, unit)).collect(),
        }
    }

    fn target(&self, target: &Target, unit: &Unit) -> TargetReport {
        let mask = |text: String| self.redactor.words(&text).into_owned();
        let judgement = &target.judgement;
        let not_tried = match &target.applies {
            Some(Applies::NotTried { because }) => Some(words::not_tried(because)),
            _ => None,
        };
        let doubt = match &judgement.verdict {
            Verdict::Unproven { because } => Some(words::doubt(because)),
            _ => None,
        };
        let missing = match &judgement.verdict {
            Verdict::Partly { missing } => &missing[..],
            _ => &[],
        };
        TargetReport {
            env: self.name(judgement.target),
            verdict: words::of_verdict(&judgement.verdict).into(),
            tier: judgement.tier.map(Tier::number),
            applies: target.applies.as_ref().map(|applies| words::of_applies(applies).into()),
            offset: match target.applies {
                Some(Applies::Offset { lines }) => Some(lines as u64),
                _ => None,
            },
            conflicts: match &target.applies {
                Some(Applies::Conflict { conflicts }) => conflicts.iter().map(conflict).collect(),
                _ => Vec::new(),
            },
            needs: target.needs.iter().map(ToString::to_string).collect(),
            summary: mask(words::evidence(target, unit)),
            evidence: judgement.evidence.iter().map(|proof| mask(words::fact(proof))).collect(),
            missing: missing
                .iter()
                .map(|missing| MissingReport {
                    path: PathReport::from(&missing.path),
                    added: missing.added as u64,
                    removed: missing.removed as u64,
                })
                .collect(),
            because: doubt.or(not_tried).map(mask),
        }
    }
}

fn file(change: &FileChange) -> FileReport {
    FileReport {
        path: PathReport::from(change.path()),
        change: match (&change.before, &change.after) {
            (None, _) => "added",
            (_, None) => "removed",
            _ if change.renamed_from().is_some() => "renamed",
            _ => "changed",
        }
        .into(),
        before: change.renamed_from().map(PathReport::from),
    }
}

fn conflict(conflict: &Conflict) -> ConflictReport {
    ConflictReport {
        path: PathReport::from(&conflict.path),
        kind: words::of_conflict(&conflict.kind).into(),
        line: match conflict.kind {
            ConflictKind::Region { line, .. } => Some(line as u64),
            _ => None,
        },
    }
}
