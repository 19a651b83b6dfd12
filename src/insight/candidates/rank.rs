//! How much a unit is worth a look.

use super::undone::is_idle;
use super::{Question, Target};
use crate::compare::text::replacements::changes;
use crate::insight::units::{Sources, Unit, UnitKind};
use crate::insight::verdict::{Applies, Verdict};
use crate::path::TreePath;

/// Words of a subject that speak of something that was wrong.
const FIX: [&str; 22] = [
    "bug",
    "bugfix",
    "bugs",
    "correct",
    "corrects",
    "crash",
    "crashes",
    "cve",
    "fix",
    "fixed",
    "fixes",
    "hotfix",
    "leak",
    "patch",
    "prevent",
    "prevents",
    "regression",
    "reject",
    "rejects",
    "repair",
    "security",
    "wrong",
];
/// A change of no more lines is small.
const SMALL: usize = 40;
/// A month, in seconds.
pub(super) const MONTH: i64 = 30 * 86_400;

/// How much a unit is worth a look, and why.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Rank {
    /// The reasons, strongest first.
    pub reasons: Vec<Reason>,
    /// Lines that come and lines that go; `None` when a side is no text or too large.
    pub lines: Option<(usize, usize)>,
}

/// A reason to look at a unit, or not to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reason {
    /// Its subject says that it mends something.
    SaysFix,
    /// It changes files of special interest.
    InFocus,
    /// It applies to a target that lacks it, where it was made.
    AppliesCleanly,
    /// It applies elsewhere in the files.
    AppliesWithOffset,
    /// It is in no commit: it could be lost.
    InNoCommit,
    /// It changes a few lines.
    Small,
    /// It brings tests.
    AddsTests,
    /// It was made in the last 30 days.
    Recent,
    /// It only brings new files.
    OnlyNewFiles,
    /// It may as well be the target that has something newer.
    TwoWay,
    /// It was taken back where it is, or takes back what no target has.
    TakenBack,
}

impl Reason {
    /// What it adds to the score.
    pub fn points(self) -> i32 {
        match self {
            Self::SaysFix | Self::InFocus => 30,
            Self::AppliesCleanly => 20,
            Self::AppliesWithOffset => 15,
            Self::InNoCommit | Self::Small => 10,
            Self::AddsTests | Self::Recent => 5,
            Self::OnlyNewFiles | Self::TwoWay => -20,
            Self::TakenBack => -80,
        }
    }

    /// What it is called.
    pub fn words(self) -> &'static str {
        match self {
            Self::SaysFix => "the subject says fix",
            Self::InFocus => "touches focus",
            Self::AppliesCleanly => "applies cleanly",
            Self::AppliesWithOffset => "applies with an offset",
            Self::InNoCommit => "in no commit",
            Self::Small => "small",
            Self::AddsTests => "adds tests",
            Self::Recent => "made in the last 30 days",
            Self::OnlyNewFiles => "only new files",
            Self::TwoWay => "which side is newer is not known",
            Self::TakenBack => "taken back",
        }
    }
}

impl Rank {
    /// The sum of the points.
    pub fn score(&self) -> i32 {
        self.reasons.iter().map(|reason| reason.points()).sum()
    }

    pub(super) fn of(unit: &Unit, targets: &[Target], question: &Question<'_>) -> Self {
        let lines = lines(unit, &question.sources);
        let is_in_focus = |path: &TreePath| question.focus.iter().any(|focus| path.is_within(focus));
        let open = || targets.iter().filter(|target| target.judgement.verdict != Verdict::Present);
        let is_clean = open().any(|target| target.applies == Some(Applies::Clean));
        let has_offset = open().any(|target| matches!(target.applies, Some(Applies::Offset { .. })));
        let is_commit = unit.commit().is_some();
        let subject = unit.title.to_lowercase();
        let mut words = subject.split(|c: char| !c.is_alphanumeric());
        let is_said = is_commit || matches!(unit.kind, UnitKind::Stash { .. });
        let all = [
            (Reason::SaysFix, is_said && words.any(|word| FIX.contains(&word))),
            (Reason::InFocus, unit.changes.iter().any(|change| is_in_focus(change.path()))),
            (Reason::AppliesCleanly, is_clean),
            (Reason::AppliesWithOffset, !is_clean && has_offset),
            (Reason::InNoCommit, !is_commit),
            (Reason::Small, lines.is_some_and(|(added, removed)| added + removed <= SMALL)),
            (Reason::AddsTests, unit.changes.iter().any(|change| change.after.is_some() && is_test(change.path()))),
            (Reason::Recent, unit.authored.is_some_and(|made| question.now.saturating_sub(made) < MONTH)),
            (Reason::TakenBack, open().count() > 0 && open().all(is_idle)),
            (Reason::TwoWay, unit.kind == UnitKind::Tree { two_way: true }),
            (Reason::OnlyNewFiles, unit.changes.iter().all(|change| change.before.is_none())),
        ];
        Self { reasons: all.into_iter().filter(|(_, holds)| *holds).map(|(reason, _)| reason).collect(), lines }
    }
}

fn is_test(path: &TreePath) -> bool {
    let lower = path.as_bytes().to_ascii_lowercase();
    let mut parts: Vec<&[u8]> = lower.split(|&byte| byte == b'/').collect();
    let name = parts.pop().unwrap_or_default();
    let contains = |part: &[u8]| name.windows(part.len()).any(|window| window == part);
    parts.iter().any(|part| matches!(*part, b"test" | b"tests" | b"spec" | b"__tests__"))
        || name.starts_with(b"test_")
        || [&b"_test."[..], b".test.", b".spec."].into_iter().any(contains)
}

/// Lines that come and go.
fn lines(unit: &Unit, sources: &Sources<'_>) -> Option<(usize, usize)> {
    let mut count = (0, 0);
    for change in &unit.changes {
        let read = |side: &Option<_>| side.as_ref().map_or(Some(Vec::new()), |side| sources.text(side));
        let (before, after) = (read(&change.before)?, read(&change.after)?);
        let split =
            |text: &'_ [u8]| text.split_inclusive(|&byte| byte == b'\n').map(<[u8]>::to_vec).collect::<Vec<_>>();
        for (old, new) in changes(&split(&before), &split(&after)) {
            count = (count.0 + new.len(), count.1 + old.len());
        }
    }
    Some(count)
}
