//! Holds a text of the target against what a unit makes of it.

use std::cell::Cell;
use std::sync::Arc;

use super::delta::TextDelta;
use super::indent::Layout;
use super::index::{comes, goes};
use super::lines::{self, Line};
use super::looking::Looking;
use super::others::Others;
use super::tip::{Known, Standing, standing, standing_whole};
use crate::insight::units::{FileChange, Side};

/// The lines of a file before and afterwards.
pub(super) struct Texts {
    before: Arc<[Line]>,
    after: Vec<Line>,
}

/// What a unit makes of a file, and what it is held against.
#[derive(Clone, Copy)]
pub(super) struct Held<'a> {
    pub(super) change: &'a FileChange,
    pub(super) delta: &'a TextDelta,
    /// The target's file, present or from the beginning.
    pub(super) present: Option<&'a Side>,
    /// The target began with the file.
    pub(super) was_there: bool,
    /// The target's lines may lie deeper or less deep than the unit's.
    pub(super) may_be_reindented: bool,
}

/// How a text stands.
pub(super) struct Found {
    pub(super) standing: Standing,
    /// It is just what the unit makes of it.
    pub(super) is_same: bool,
    /// It is so in another indentation.
    pub(super) is_reindented: bool,
}

impl Found {
    pub(super) fn new(standing: Standing, is_same: bool) -> Self {
        Self { standing, is_same, is_reindented: false }
    }
}

impl Looking<'_> {
    /// Holds a text of the target, if there is one, against what a unit makes of it. `texts` is what was read of the unit. Where names tell that
    /// the text is what the unit begins or ends with, nothing is read.
    pub(super) fn hold(
        &self,
        held: &Held<'_>,
        texts: &mut Option<Texts>,
        others: &Others<'_>,
        lacked: &mut Vec<Line>,
    ) -> Result<Found, String> {
        let Held { change, delta, present, was_there, may_be_reindented } = *held;
        let weight = |line: Line| self.weights.of(comes(line)).max(self.weights.of(goes(line)));
        let Some(present) = present else {
            return Ok(match change.after {
                // It went away, as it does in the unit; one that never was there says nothing.
                None if !was_there => Found::new(Standing::default(), false),
                None => Found::new(standing_whole(delta, true, &weight, others, lacked), false),
                Some(_) => Found::new(standing_whole(delta, false, &weight, &Others::none(), &mut Vec::new()), false),
            });
        };
        let is = |side: &Option<Side>| {
            let name = side.as_ref().and_then(|side| self.known(side));
            name.is_some() && name == self.known(present)
        };
        if is(&change.before) {
            let standing = standing_whole(delta, false, &weight, others, lacked);
            return Ok(Found::new(Standing { left: standing.missing, ..standing }, false));
        }
        if is(&change.after) {
            return Ok(Found::new(standing_whole(delta, true, &weight, others, lacked), true));
        }
        let ours = self.lines(Some(present))?;
        let texts = match texts {
            Some(texts) => &*texts,
            texts => texts.insert(self.texts(change, delta)?),
        };
        // Asked for hardly ever, so that the texts are read again then.
        let failed = Cell::new(None);
        let enclosing = |side: Option<&Side>, at| match self.content(side) {
            Ok(text) => lines::enclosing(&text, at),
            Err(words) => {
                failed.set(Some(words));
                None
            }
        };
        let (of_theirs, of_ours) = (|at| enclosing(change.after.as_ref(), at), |at| enclosing(Some(present), at));
        let known = Known { weight: &weight, others, enclosing: (&of_theirs, &of_ours) };
        let lacking = lacked.len();
        let standing = standing(&texts.before, (&texts.after, delta.replaced()), &ours, &known, lacked);
        if let Some(words) = failed.take() {
            return Err(words);
        }
        // What the unit does to the indentation itself weighs nothing in one indentation.
        let is_better =
            |other: &Standing| other.share() > standing.share() && other.weight() >= 0.95 * standing.weight();
        if may_be_reindented
            && standing.may_be_reindented(others.is_same_but_blanks)
            && let Some((other, other_lacked)) = self.reindented(held, present, others)?
            && is_better(&other)
        {
            lacked.truncate(lacking);
            lacked.extend(other_lacked);
            return Ok(Found { standing: other, is_same: false, is_reindented: true });
        }
        let is_same = texts.after[..] == ours[..] && self.is(change.after.as_ref(), Some(present))?;
        Ok(Found::new(standing, is_same))
    }

    /// As [`Looking::hold`], of texts in one indentation; nothing where that makes no difference.
    fn reindented(
        &self,
        held: &Held<'_>,
        present: &Side,
        others: &Others<'_>,
    ) -> Result<Option<(Standing, Vec<Line>)>, String> {
        let Held { change, delta, .. } = *held;
        let (before, ours) = (self.content(change.before.as_ref())?, self.content(Some(present))?);
        let Some(layout) = Layout::between(&before, &ours) else { return Ok(None) };
        let texts = layout.with(&self.content(change.after.as_ref())?);
        let weight = |line: Line| {
            let line = texts.known(line);
            self.weights.of(comes(line)).max(self.weights.of(goes(line)))
        };
        let others = Others {
            take: &|line| (others.take)(texts.known(line)),
            left_out: &|line| (others.left_out)(texts.known(line)),
            ..*others
        };
        let mut lacked = Vec::new();
        let enclosing: (&dyn Fn(usize) -> _, &dyn Fn(usize) -> _) =
            (&|at| texts.enclosing_after(at), &|at| texts.enclosing_ours(at));
        let known = Known { weight: &weight, others: &others, enclosing };
        let found = standing(&texts.before, (&texts.after, delta.replaced()), &texts.ours, &known, &mut lacked);
        for line in &mut lacked {
            *line = texts.known(*line);
        }
        // A replay would not leave the target's text as it is.
        let found = Standing { replayed: 0.0, contained: found.replayed + found.contained, ..found };
        Ok(Some((found, lacked)))
    }

    fn texts(&self, change: &FileChange, delta: &TextDelta) -> Result<Texts, String> {
        let before = self.lines(change.before.as_ref())?;
        let after = delta.applied(&before);
        Ok(Texts { before, after })
    }
}
