//! What the evidence amounts to.
//!
//! The limits were found on histories with known backports; `benches/backports.rs` measures what they give.

use std::collections::BTreeMap;

use super::delta::Hunk;
use super::index::{Weights, comes, goes};
use super::lines::Line;
use super::look::{Look, NEARER};
use super::looking::Looking;
use super::others::Others;
use super::pairs::{Pair, Pairs, Same};
use super::said::Said;
use super::tip::Standing;
use super::types::{Doubt, Fact, Judgement, Missing, Proof, Tier, Verdict};
use crate::insight::units::Unit;
use crate::insight::verdict::load::Delta;

/// Below this share of its weight among all that the target ever did, a unit cannot be there, and nothing is read.
pub(super) const TRACE: f32 = 0.15;
/// Changes that agree in this share are one change, even if the files that the target began with had something of it.
const ALIKE: f32 = 0.75;
/// Changes that agree in this share are one change when the present files do not say otherwise.
const SIMILAR: f32 = 0.5;
/// A step that does this share of a unit carries it, together with others or with more.
const CARRIED: f32 = 0.8;
/// The present files have the unit.
const STANDS: f32 = 0.9;
/// The files that the target began with had most of it already, so that having it says little.
const BEGAN: f32 = 0.7;
/// What a few telling lines weigh. Less is found elsewhere by chance when the lines themselves are not the same.
const TELLING: f32 = 3.5;
/// A part that is missing: more than this share should be in places that are as they were.
const LEFT: f32 = 0.25;
/// Less than half a line.
const NOTHING: f32 = 0.4;

/// What was decided about one unit.
pub(super) struct Decided {
    pub(super) judgement: Judgement,
    /// Lines that it brings and the target lacks, where that leaves something open.
    pub(super) lacked: Vec<Line>,
}

impl From<Judgement> for Decided {
    fn from(judgement: Judgement) -> Self {
        Self { judgement, lacked: Vec::new() }
    }
}

/// All that is known about one unit.
pub(super) struct Case<'a> {
    pub(super) at: usize,
    pub(super) unit: &'a Unit,
    pub(super) delta: &'a Delta,
    pub(super) pairs: &'a Pairs<'a>,
    pub(super) said: &'a [Said],
    /// Steps that a later one says it takes back, with that one.
    pub(super) undone: &'a BTreeMap<usize, usize>,
    /// The target's history has the very commit.
    pub(super) is_reached: bool,
    /// The share of its lines among all that the target did.
    pub(super) trace: f32,
    /// What its lines weigh.
    pub(super) weight: f32,
}

impl Case<'_> {
    /// Decides, knowing what other units tell.
    pub(super) fn decide(&self, looking: &Looking<'_>, others: &Others<'_>) -> Decided {
        let mut evidence: Vec<Proof> = Vec::new();
        if self.is_reached {
            evidence.push(Proof {
                tier: Tier::SameContent,
                commit: self.unit.commit().cloned(),
                fact: Fact::SameCommit,
            });
            return self.judgement(Verdict::Present, evidence, looking).into();
        }
        let pairs = &self.pairs.of[self.at];
        let others = &Others { is_same_but_blanks: pairs.iter().any(|pair| pair.same >= Same::ButBlanks), ..*others };
        self.say(pairs, looking, &mut evidence);
        if self.trace < TRACE
            && evidence.is_empty()
            && !others.is_left_out
            && self.is_told_by_trace(looking)
            && !looking.may_have_other(self.unit, self.delta)
            && !looking.has_unseen(self.unit, self.delta)
            && !looking.has_moved(self.unit, self.delta)
        {
            return self.judgement(self.without_trace(pairs), evidence, looking).into();
        }
        if let Some(same) = self.carried_over(pairs, looking) {
            let count = self.delta.counts.iter().filter(|counts| **counts).count();
            if same == count {
                let fact = Fact::SameFiles(count, count);
                evidence.push(Proof { tier: Tier::SameContent, commit: None, fact });
            }
            return self.judgement(Verdict::Present, evidence, looking).into();
        }
        let look = looking.look(self.unit, self.delta, others);
        let verdict = self.verdict(pairs, &look, looking, &mut evidence);
        Self::stand(&look, &mut evidence);
        let is_open = matches!(verdict, Verdict::Partly { .. } | Verdict::Unproven { .. });
        let lacked = if is_open { look.lacked } else { Vec::new() };
        Decided { judgement: self.judgement(verdict, evidence, looking), lacked }
    }

    /// Whether a unit that is there leaves a trace. What goes leaves one only where it is known what was there: not in a file that came and
    /// lost it in one step.
    fn is_told_by_trace(&self, looking: &Looking<'_>) -> bool {
        !self.goes_mostly(looking.weights) || looking.steps.base.is_some() && !looking.has_come(self.unit, self.delta)
    }

    /// Whether a step of the target is the very change and no later one takes it back: then no content has to be read. Gives in how many
    /// files the target has the very contents, where their names tell.
    fn carried_over(&self, pairs: &[Pair], looking: &Looking<'_>) -> Option<usize> {
        let is_carried = pairs.iter().any(|pair| self.is_same(pair, looking) && pair.same == Same::Patch);
        if !is_carried || self.pairs.taken_back(self.at, 0.0).is_some() || looking.is_as_before(self.unit, self.delta) {
            return None;
        }
        looking.same_by_name(self.unit, self.delta)
    }

    /// Whether a step of the target is the very change, in the target's files of the unit: the same patch to other files is another change. So are
    /// the same lines in another context, unless they say enough.
    fn is_same(&self, pair: &Pair, looking: &Looking<'_>) -> bool {
        let is_patch = pair.same == Same::Patch || pair.same == Same::ButContext && self.weight >= TELLING;
        pair.same_files || is_patch && looking.is_in_place(self.unit, self.delta, pair.step)
    }

    /// Whether what goes says more than what comes.
    fn goes_mostly(&self, weights: &Weights) -> bool {
        let hunks = || self.delta.texts().flat_map(|text| &text.hunks);
        let go: f32 = hunks().flat_map(Hunk::removed).map(|&line| weights.of(goes(line))).sum();
        let come: f32 = hunks().flat_map(Hunk::added).map(|&line| weights.of(comes(line))).sum();
        go > come
    }

    /// What commits of the target say and do.
    fn say(&self, pairs: &[Pair], looking: &Looking<'_>, evidence: &mut Vec<Proof>) {
        let commit = |step: usize| looking.steps.all[step].commit();
        for pair in pairs {
            if pair.same_files {
                let count = self.delta.counts.iter().filter(|counts| **counts).count();
                let fact = Fact::SameFiles(count, count);
                evidence.push(Proof { tier: Tier::SameContent, commit: commit(pair.step), fact });
            }
            if pair.same == Same::Patch && looking.is_in_place(self.unit, self.delta, pair.step) {
                evidence.push(Proof { tier: Tier::PatchId, commit: commit(pair.step), fact: Fact::SamePatch });
            } else if pair.same >= Same::ButBlanks {
                let fact = Fact::SamePatchButBlanks;
                evidence.push(Proof { tier: Tier::BlankPatchId, commit: commit(pair.step), fact });
            }
        }
        if let Some(pair) = self.assigned().filter(|pair| pair.lines.jaccard() >= SIMILAR / 2.0) {
            let fact = Fact::Similar(thousandths(pair.lines.jaccard()));
            evidence.push(Proof { tier: Tier::Similarity, commit: commit(pair.step), fact });
        }
        for said in self.said {
            evidence.push(Proof { tier: Tier::Said, commit: commit(said.step), fact: said.fact.clone() });
        }
    }

    fn assigned(&self) -> Option<&Pair> {
        self.pairs.assigned[self.at].map(|pair| &self.pairs.of[self.at][pair])
    }

    /// The verdict on a unit of which hardly a line is among all that the target did.
    fn without_trace(&self, pairs: &[Pair]) -> Verdict {
        let alike = |pair: &Pair| self.weight >= TELLING && pair.words.jaccard() >= 0.6 && pair.paths >= 0.5;
        match self.assigned().filter(|pair| alike(pair)) {
            Some(pair) if !pairs.is_empty() => {
                Verdict::Unproven { because: Doubt::SimilarOnly(thousandths(pair.lines.jaccard())) }
            }
            _ => Verdict::Absent,
        }
    }

    fn verdict(&self, pairs: &[Pair], look: &Look, looking: &Looking<'_>, evidence: &mut Vec<Proof>) -> Verdict {
        let (tip, base) = (look.share(), look.began_with());
        let came = look.tip.came();
        let is_nearer = tip >= base + NEARER;
        let core = &look.core;
        let core_stands = is_nearer && core.0.weight() >= TELLING && stands(&core.0, &core.1);
        let is_whole = look.opaque == 0 && !look.lacks_a_part();
        let stands = is_whole && (stands(&look.tip, &look.base) || core_stands);
        if !stands && let Some(undo) = self.pairs.taken_back(self.at, came) {
            let commit = looking.steps.all[undo].commit();
            evidence.push(Proof { tier: Tier::Containment, commit, fact: Fact::TakenBack });
            return Verdict::Absent;
        }
        // Whatever was carried over, the files are as they were before; or all that should go is there, and nothing that should come.
        let is_as_before = |pair: &Pair| {
            looking.is_as_before(self.unit, self.delta)
                || pair.same == Same::ButContext && look.tip.lines.0 == 0 && look.tip.lacks.1 > 0
        };
        let is_same = |pair: &&Pair| self.is_same(pair, looking) && !is_as_before(pair);
        if stands || pairs.iter().filter(is_same).any(|pair| !self.undone.contains_key(&pair.step)) {
            return Verdict::Present;
        }
        if let Some(undo) = pairs.iter().filter(is_same).find_map(|pair| self.undone.get(&pair.step)) {
            let commit = looking.steps.all[*undo].commit();
            evidence.push(Proof { tier: Tier::Containment, commit, fact: Fact::TakenBack });
            return Verdict::Absent;
        }
        if let Some(words) = &look.unreadable {
            return Verdict::Unproven { because: Doubt::Unreadable(words.clone()) };
        }
        if self.is_similar(look, is_nearer, looking) || Self::is_carried(pairs, look, is_nearer) {
            return Verdict::Present;
        }
        if !self.said.is_empty() && is_nearer && tip >= SIMILAR {
            return Verdict::Present;
        }
        self.rest(look, is_nearer, looking, evidence)
    }

    /// Whether one step, paired with no other unit, does the same, and the files bear it out.
    fn is_similar(&self, look: &Look, is_nearer: bool, looking: &Looking<'_>) -> bool {
        let Some(pair) = self.assigned() else { return false };
        // All that a tree has over its base is no one's change: that it is like this one says nothing of what is not there.
        let is_tree = looking.steps.all[pair.step].summary.is_none();
        if is_tree && (look.lacks_a_part() || look.share() <= SIMILAR) {
            return false;
        }
        let (lines, words, tip) = (pair.lines.jaccard(), pair.words.jaccard(), look.share());
        // A file that neither the step touches nor the target has otherwise is a part that is missing.
        let is_whole = pair.paths >= 0.99 || look.least() >= 0.15;
        let is_adapted = self.weight >= TELLING && tip >= 0.2 && words >= 0.6 && lines >= 0.15 && pair.paths >= 0.5;
        let is_reworked =
            self.weight >= 3.0 * TELLING && tip >= 0.2 && words >= 0.44 && lines >= 0.38 && pair.paths >= 0.7;
        // So is what should be in places that nobody touched: there is nothing it could have been adapted to.
        if look.tip.left > LEFT * look.tip.weight() {
            return false;
        }
        // That what goes is gone is no sign by itself: another version of it may have come.
        let has_come = look.tip.came() >= 0.2;
        let is_alike = lines >= ALIKE && tip >= 0.2;
        let is_nearly = is_nearer && (lines >= SIMILAR && tip >= 0.25 && is_whole || is_adapted || is_reworked);
        has_come && (is_alike || is_nearly)
    }

    /// Whether a step that does more, or several together, do the same, and the files bear it out.
    fn is_carried(pairs: &[Pair], look: &Look, is_nearer: bool) -> bool {
        let is_carried = pairs.iter().any(|pair| pair.lines.of_a() >= CARRIED && pair.paths > 0.5);
        is_carried
            && !look.lacks_a_part()
            && is_nearer
            && look.share() >= 0.6
            && look.least() >= 0.3
            && look.tip.came() >= SIMILAR
    }

    fn rest(&self, look: &Look, is_nearer: bool, looking: &Looking<'_>, evidence: &mut Vec<Proof>) -> Verdict {
        let (tip, base) = (look.share(), look.began_with());
        let there = look.tip.replayed + look.tip.contained;
        if look.no_file > 0 && look.no_file + look.untold == look.files.len() {
            return Verdict::Unproven { because: Doubt::NoFile };
        }
        if look.opaque > 0 {
            return Verdict::Unproven { because: Doubt::Opaque };
        }
        if look.tip.lines.1 == 0 && look.share() == 0.0 && look.opaque == 0 && look.tip.missing <= 0.0
            || tip >= STANDS && base >= BEGAN
            || self.weight < NOTHING && tip > 0.5
        {
            // Nothing would change, and nothing says that the target did it, unless what it is nearest to has the unit.
            if looking.is_gone(self.unit, self.delta) {
                let count = look.files.len();
                let fact = Fact::SameFiles(count, count);
                evidence.push(Proof { tier: Tier::SameContent, commit: None, fact });
                return Verdict::Present;
            }
            return Verdict::Unproven { because: Doubt::Nothing };
        }
        if is_nearer && tip >= base + 0.2 && there - look.base.replayed - look.base.contained >= 1.0 {
            let missing = look.files.iter().filter(|(_, it)| it.missing > 0.0 || it.lacks != (0, 0));
            let mut missing = missing.peekable();
            if missing.peek().is_none() {
                return Verdict::Unproven { because: Doubt::Overtaken };
            }
            let missing = missing.map(|(path, standing)| Missing {
                path: path.clone(),
                added: standing.lacks.0,
                removed: standing.lacks.1,
            });
            return Verdict::Partly { missing: missing.collect() };
        }
        match self.assigned().filter(|pair| pair.lines.jaccard() >= SIMILAR / 2.0 && is_nearer) {
            Some(pair) => Verdict::Unproven { because: Doubt::SimilarOnly(thousandths(pair.lines.jaccard())) },
            None if !self.said.is_empty() => Verdict::Unproven { because: Doubt::SaidOnly },
            None => Verdict::Absent,
        }
    }

    /// That what goes is gone is no part of a unit of which nothing came: another version of it may have come.
    pub(super) fn without_mere_absence(&self, mut judgement: Judgement) -> Judgement {
        let Verdict::Partly { missing } = &judgement.verdict else { return judgement };
        let comes: usize = self.delta.texts().flat_map(|text| &text.hunks).map(|hunk| hunk.added().len()).sum();
        let lacks: usize = missing.iter().map(|missing| missing.added).sum();
        if comes == 0 || lacks < comes {
            return judgement;
        }
        let is_like = |pair: &&Pair| pair.lines.jaccard() >= SIMILAR / 2.0 && pair.words.jaccard() >= SIMILAR;
        judgement.verdict = match self.assigned().filter(is_like) {
            Some(pair) => Verdict::Unproven { because: Doubt::SimilarOnly(thousandths(pair.lines.jaccard())) },
            None => Verdict::Absent,
        };
        if judgement.verdict == Verdict::Absent {
            judgement.tier = None;
        }
        judgement
    }

    /// What the present files show, as evidence.
    fn stand(look: &Look, evidence: &mut Vec<Proof>) {
        let (tip, files) = (&look.tip, look.files.len());
        let there = tip.replayed + tip.contained;
        if there <= 0.0 || look.share() < look.began_with() + NEARER {
            return;
        }
        let proof = |tier, fact| Proof { tier, commit: None, fact };
        let replayed = look.files.iter().filter(|(_, file)| file.missing <= 0.0 && file.contained <= 0.0).count();
        if look.same > 0 {
            let tier = if look.same == files { Tier::SameContent } else { Tier::Containment };
            evidence.push(proof(tier, Fact::SameFiles(look.same, files)));
        }
        if replayed > 0 {
            let tier = if replayed == files { Tier::Replay } else { Tier::Containment };
            evidence.push(proof(tier, Fact::ReplayChangesNothing(replayed, files)));
        }
        if replayed < files && tip.lines.1 > 0 {
            let tier = if tip.missing <= 0.0 { Tier::Containment } else { Tier::Similarity };
            evidence.push(proof(tier, Fact::LinesInPlace(tip.lines.0, tip.lines.1)));
        }
    }

    fn judgement(&self, verdict: Verdict, mut evidence: Vec<Proof>, looking: &Looking<'_>) -> Judgement {
        evidence.sort_by_key(|proof| proof.tier);
        let tier = evidence.iter().find(|proof| !matches!(proof.fact, Fact::TakenBack)).map(|proof| proof.tier);
        let tier = if verdict == Verdict::Absent { None } else { tier };
        Judgement { unit: self.at, target: looking.asked.target, verdict, tier, evidence }
    }
}

/// Whether files have what they should, and did not from the beginning.
fn stands(tip: &Standing, base: &Standing) -> bool {
    let share = |standing: &Standing| standing.share().unwrap_or(0.0);
    share(tip) >= STANDS && share(base) < BEGAN && tip.came() >= SIMILAR
}

#[expect(clippy::cast_sign_loss, reason = "the share is not negative")]
fn thousandths(share: f32) -> u16 {
    (share.clamp(0.0, 1.0) * 1000.0).round() as u16
}
