//! Holds a unit against the present files of the target, and against the files it began with.

use std::collections::BTreeSet;

use super::delta::TextDelta;
use super::end;
use super::hold::{Found, Held, Texts};
use super::lines::Line;
use super::load::{Body, Delta};
use super::looking::Looking;
use super::others::Others;
use super::tip::{Standing, WHOLE};
use crate::insight::units::{FileChange, Side, Unit, Version, is_supporting};
use crate::path::TreePath;

/// By so much the present files have to be nearer to the unit than those that the target began with.
pub(super) const NEARER: f32 = 0.1;

/// How a unit stands in the target.
#[derive(Debug, Default)]
pub(super) struct Look {
    /// In the present files.
    pub(super) tip: Standing,
    /// In the files that the target began with.
    pub(super) base: Standing,
    /// As `tip` and `base`, of the files that do not merely test or explain the others.
    pub(super) core: (Standing, Standing),
    /// Each file with what it lacks.
    pub(super) files: Vec<(TreePath, Standing)>,
    /// Files whose present content is exactly the unit's.
    pub(super) same: usize,
    /// Texts that the target has without anything of what should have come to them; of those that do not merely test or explain the others,
    /// and of the rest.
    pub(super) bare: (usize, usize),
    /// Files that are changed and that the target has under no name.
    pub(super) no_file: usize,
    /// Files that are taken away, and that the target may never have had.
    pub(super) untold: usize,
    /// Files that have another content than before and after, and no lines to compare.
    pub(super) opaque: usize,
    /// Why a file could not be read.
    pub(super) unreadable: Option<String>,
    /// Lines that should have come to texts that the target has, and are not there.
    pub(super) lacked: Vec<Line>,
}

impl Look {
    /// The share of the unit that is there.
    pub(super) fn share(&self) -> f32 {
        self.tip.share().unwrap_or(0.0)
    }

    /// The share of it that was there from the beginning.
    pub(super) fn began_with(&self) -> f32 {
        self.base.share().unwrap_or(0.0)
    }

    /// Whether a part is missing altogether: a text that the target has, and that does not merely test or explain the others.
    pub(super) fn lacks_a_part(&self) -> bool {
        if self.core.0.share().is_some() { self.bare.0 > 0 } else { self.bare.1 > 0 }
    }

    /// The smallest share of a text that does not merely test or explain the others.
    pub(super) fn least(&self) -> f32 {
        let is_core = |path: &TreePath| self.core.0.share().is_none() || !is_supporting(path);
        let texts = self.files.iter().filter(|(path, standing)| standing.lines.1 > 0 && is_core(path));
        texts.filter_map(|(_, standing)| standing.share()).fold(1.0, f32::min)
    }
}

/// A file of a unit that was held against the present one.
struct Seen<'a> {
    change: &'a FileChange,
    body: &'a Body,
    /// Where it is judged by its end alone: whether its last line has one afterwards.
    end: Option<bool>,
    /// It before and afterwards, where that was needed.
    texts: Option<Texts>,
    /// It is there in another indentation.
    is_reindented: bool,
    /// What the target began with.
    base: Option<Side>,
    /// How it stands in the target, where that has what it began with.
    untouched: Option<Standing>,
}

impl Looking<'_> {
    /// Looks at all files of a unit that are evidence, knowing what other units tell.
    ///
    /// The files that the target began with are looked at only where the present ones have enough of the unit for that to matter.
    ///
    /// # Cost
    /// Reads three versions of each file and makes a diff; twice that where the present files have something of the unit.
    pub(super) fn look(&self, unit: &Unit, delta: &Delta, others: &Others<'_>) -> Look {
        let mut look = Look::default();
        let mut seen = Vec::new();
        let counted = delta.read_through(&unit.changes, self.reading);
        // Beside lines of which it can be told whether they are there, the end of a file is no evidence: editors put it there and take it away.
        let says = |(change, body): (&FileChange, &Body)| {
            body.text().is_some_and(|text| !text.hunks.is_empty()) && !self.may_never_have_been(change)
        };
        let has_lines = counted.clone().any(says);
        for (change, body) in counted {
            let end = body.text().and_then(|text| text.end).filter(|_| !has_lines);
            if let Body::Unreadable(words) = body {
                look.unreadable.get_or_insert_with(|| words.clone());
                continue;
            }
            match self.file((change, body), end, others, &mut look) {
                Ok(file) => seen.push(file),
                Err(words) => _ = look.unreadable.get_or_insert(words),
            }
        }
        if [&look.tip, &look.core.0].into_iter().all(|tip| tip.share().is_none_or(|share| share < NEARER)) {
            return look;
        }
        for mut file in seen {
            match self.began(&mut file, others) {
                Ok(began) => {
                    look.base.add(began);
                    if !is_supporting(file.change.path()) {
                        look.core.1.add(began);
                    }
                }
                Err(words) => _ = look.unreadable.get_or_insert(words),
            }
        }
        look
    }

    /// Whether a file is taken away that the target began with, and may never have had.
    fn is_untold(&self, change: &FileChange) -> bool {
        !self.steps.untold.is_empty()
            && change.after.is_none()
            && self.began_with(change).is_some_and(|base| self.steps.untold.contains(&base.path))
    }

    /// Whether a file is taken away that the target does not have, and may never have had.
    fn may_never_have_been(&self, change: &FileChange) -> bool {
        self.is_untold(change)
            || change.after.is_none() && self.tip(change) == Ok(None) && self.began_with(change).is_none()
    }

    fn began_with(&self, change: &FileChange) -> Option<Side> {
        let before = change.before.as_ref().map_or(change.path(), |side| &side.path);
        self.base(before, change.path()).ok().flatten()
    }

    /// Holds a file of a unit against the present one; by its end alone where that is given.
    fn file<'a>(
        &self,
        (change, body): (&'a FileChange, &'a Body),
        end: Option<bool>,
        others: &Others<'_>,
        look: &mut Look,
    ) -> Result<Seen<'a>, String> {
        let before = change.before.as_ref().or(change.after.as_ref()).map_or(change.path(), |side| &side.path);
        let tip = self.tip(change)?;
        // A file that comes, and is there by its own name, was not there before by another.
        let has_come = change.before.is_none() && tip.as_ref().is_some_and(|tip| tip.path == *change.path());
        let base = self.base(before, change.path())?.filter(|base| !has_come || base.path == *change.path());
        if self.is_untold(change) {
            look.untold += 1;
            let nothing = Standing::default();
            look.files.push((change.path().clone(), nothing));
            return Ok(Seen { change, body, end, texts: None, is_reindented: false, base, untouched: Some(nothing) });
        }
        let mut texts = None;
        let found = if let Some(has_end) = end {
            look.no_file += usize::from(tip.is_none());
            let standing = self.end(change, has_end, (tip.as_ref(), base.as_ref()))?;
            let is_same = self.is(change.after.as_ref(), tip.as_ref())?;
            look.same += usize::from(is_same);
            Found::new(standing, is_same)
        } else if let Some(text) = lines_of(change, body) {
            look.no_file += usize::from(tip.is_none() && change.before.is_some() && change.after.is_some());
            let held =
                Held { change, delta: text, present: tip.as_ref(), was_there: base.is_some(), may_be_reindented: true };
            let found = self.hold(&held, &mut texts, &Others { left_out: &|_| false, ..*others }, &mut look.lacked)?;
            look.same += usize::from(found.is_same && change.after.is_some());
            found
        } else {
            let there = self.whole(change, body, tip.as_ref())?;
            look.same += usize::from(there && change.after.is_some() && self.is(change.after.as_ref(), tip.as_ref())?);
            let is_other = || Ok::<_, String>(tip.is_some() && !self.is(change.before.as_ref(), tip.as_ref())?);
            look.opaque += usize::from(matches!(body, Body::Opaque(_)) && !there && is_other()?);
            Found::new(whole(there), there)
        };
        let Found { standing, is_reindented, .. } = found;
        look.tip.add(standing);
        let is_bare = usize::from(tip.is_some() && standing.is_bare());
        if is_supporting(change.path()) {
            look.bare.1 += is_bare;
        } else {
            look.bare.0 += is_bare;
            look.core.0.add(standing);
        }
        look.files.push((change.path().clone(), standing));
        let is_untouched = match (&base, &tip) {
            (Some(base), Some(tip)) => {
                (&base.path, base.kind) == (&tip.path, tip.kind)
                    && self.known(base).is_some_and(|name| self.known(tip) == Some(name))
            }
            _ => false,
        };
        Ok(Seen { change, body, end, texts, is_reindented, base, untouched: is_untouched.then_some(standing) })
    }

    /// Holds a file of a unit against the one that the target began with.
    fn began(&self, file: &mut Seen<'_>, others: &Others<'_>) -> Result<Standing, String> {
        if let Some(standing) = file.untouched.filter(|_| !others.is_left_out) {
            return Ok(standing);
        }
        if let Some(has_end) = file.end {
            let base = file.base.as_ref();
            return self.end(file.change, has_end, (base, base));
        }
        let Some(text) = lines_of(file.change, file.body) else {
            return Ok(whole(self.whole(file.change, file.body, file.base.as_ref())?));
        };
        let base = file.base.as_ref();
        let held = Held {
            change: file.change,
            delta: text,
            present: base,
            was_there: base.is_some(),
            may_be_reindented: file.is_reindented,
        };
        Ok(self.hold(&held, &mut file.texts, &Others { take: &|_| false, ..*others }, &mut Vec::new())?.standing)
    }

    /// In how many files the target has the very contents of a unit, by their names; `None` when a name is not known.
    pub(super) fn same_by_name(&self, unit: &Unit, delta: &Delta) -> Option<usize> {
        let mut same = 0;
        for (change, _) in unit.changes.iter().zip(&delta.counts).filter(|(_, counts)| **counts) {
            let Some(after) = &change.after else { continue };
            let Version::Blob { id, .. } = &after.version else { return None };
            let Some(there) = self.tip(change).ok()? else { continue };
            same += usize::from(self.known(&there)? == *id);
        }
        Some(same)
    }

    /// Whether the target has the very contents that a unit begins with in all of its files, as far as their names tell. Of a unit with files that
    /// are no text these decide, and are read where they have no names: lines that were taken back are seen otherwise.
    pub(super) fn is_as_before(&self, unit: &Unit, delta: &Delta) -> bool {
        let is_opaque = |at: &usize| matches!(delta.files[*at], Body::Opaque(_));
        let counted: Vec<usize> = (0..unit.changes.len()).filter(|&at| delta.counts[at]).collect();
        let has_opaque = counted.iter().any(is_opaque);
        let mut deciding = counted.iter().filter(|at| !has_opaque || is_opaque(at)).map(|&at| &unit.changes[at]);
        deciding.all(|change| match (&change.before, self.tip(change)) {
            (Some(before), Ok(Some(there))) => {
                let is_same = match (self.known(before), self.known(&there)) {
                    (Some(before), Some(there)) => before == there,
                    // What cannot be read is looked at again, and is found out then.
                    _ => has_opaque && self.is(Some(before), Some(&there)).unwrap_or(true),
                };
                is_same && (&there.path, there.kind) == (&before.path, before.kind)
            }
            (None, Ok(None)) => has_opaque,
            _ => false,
        })
    }

    /// Whether a step changes one of the files that the target has for those of a unit; of what it does not have nothing can be said.
    pub(super) fn is_in_place(&self, unit: &Unit, delta: &Delta, step: usize) -> bool {
        let tip = |change: &FileChange| self.tip(change).ok().flatten().map(|side| side.path);
        let own = unit.changes.iter().zip(&delta.counts).filter(|(_, counts)| **counts);
        let own: BTreeSet<TreePath> = own.filter_map(|(change, _)| tip(change)).collect();
        own.is_empty() || self.steps.all[step].changes.iter().filter_map(tip).any(|path| own.contains(&path))
    }

    /// Whether the target has a file that a unit changes, and did not begin with it.
    pub(super) fn has_come(&self, unit: &Unit, delta: &Delta) -> bool {
        let is_read = |at: &usize| delta.counts[*at] && !matches!(delta.files[*at], Body::Unread);
        (0..unit.changes.len()).filter(is_read).any(|at| {
            let change = &unit.changes[at];
            let (Some(before), Some(after)) = (&change.before, &change.after) else { return false };
            self.tip(change).is_ok_and(|tip| tip.is_some())
                && self.base(&before.path, &after.path).is_ok_and(|base| base.is_none())
        })
    }

    /// Whether the target has, as a whole, anything of a unit that is no change of lines; or of a unit that changes no lines, whether there is
    /// anything to look at.
    pub(super) fn may_have_other(&self, unit: &Unit, delta: &Delta) -> bool {
        let is_text = |body: &Body| body.text().is_some_and(|text| !text.hunks.is_empty());
        let counted = (0..unit.changes.len()).filter(|&at| delta.counts[at]);
        let (texts, others): (Vec<usize>, Vec<usize>) =
            counted.filter(|&at| !matches!(delta.files[at], Body::Unread)).partition(|&at| is_text(&delta.files[at]));
        let is_there = |at: usize| {
            let change = &unit.changes[at];
            let there = self.tip(change);
            there.and_then(|there| self.whole(change, &delta.files[at], there.as_ref())).unwrap_or(true)
        };
        if texts.is_empty() { !others.is_empty() } else { others.into_iter().any(is_there) }
    }

    /// Whether a unit brings or takes away a file that has another name somewhere: who moves it does both, and no line comes or goes.
    pub(super) fn has_moved(&self, unit: &Unit, delta: &Delta) -> bool {
        let mut counted =
            unit.changes.iter().zip(&delta.counts).filter(|(_, counts)| **counts).map(|(change, _)| change);
        counted
            .any(|change| (change.before.is_none() || change.after.is_none()) && self.places.has_names(change.path()))
    }

    /// Whether a unit changes a file that could not be read, or lines of one of which it is not known what the target did to it.
    pub(super) fn has_unseen(&self, unit: &Unit, delta: &Delta) -> bool {
        let is_unseen = |change: &FileChange| {
            let before = change.before.as_ref().map_or(change.path(), |side| &side.path);
            let is_unseen = |path: &TreePath| self.unseen.contains(path);
            let there = || match self.tip(change) {
                Ok(side) => side.is_some_and(|side| is_unseen(&side.path)),
                Err(_) => true,
            };
            is_unseen(before) || is_unseen(change.path()) || there()
        };
        let counted = || (0..unit.changes.len()).filter(|&at| delta.counts[at]);
        let mut texts = counted().filter(|&at| matches!(delta.files[at], Body::Text(_) | Body::Unread));
        counted().any(|at| matches!(delta.files[at], Body::Unreadable(_)))
            || !(self.unseen.is_empty() && self.places.are_known()) && texts.any(|at| is_unseen(&unit.changes[at]))
    }

    /// Whether a commit does nothing but take files away, the target has none of them, and its tree is nearest to a commit that has this one,
    /// so that a file which never was there is a file that went.
    pub(super) fn is_gone(&self, unit: &Unit, delta: &Delta) -> bool {
        let mut counted = unit.changes.iter().zip(&delta.counts).filter(|(_, counts)| **counts);
        let is_gone = |change: &FileChange| change.after.is_none() && self.tip(change) == Ok(None);
        self.asked.is_in_nearest && unit.commit().is_some() && counted.all(|(change, _)| is_gone(change))
    }

    /// Holds the end of a text of the target, if there is one, against what a unit makes of it.
    fn end(
        &self,
        change: &FileChange,
        has_end: bool,
        (there, base): (Option<&Side>, Option<&Side>),
    ) -> Result<Standing, String> {
        let (Some(there), Some(after)) = (there, &change.after) else { return Ok(end::missing()) };
        let standing =
            end::standing(&self.content(Some(after))?, &self.content(Some(there))?, &self.content(base)?, has_end);
        let is_there = standing.missing <= 0.0 && standing.share().is_some();
        Ok(if is_there && !has_name_and_kind(change, after, there) { whole(false) } else { standing })
    }

    /// Whether a place has what the change makes of it, as a whole. Where it gives a file another name or kind and nothing else, the
    /// target's own content is neither for nor against it.
    fn whole(&self, change: &FileChange, body: &Body, there: Option<&Side>) -> Result<bool, String> {
        match (&change.after, there) {
            (None, there) => Ok(there.is_none()),
            (Some(after), Some(there)) => {
                let is_there = has_name_and_kind(change, after, there);
                Ok(is_there && (matches!(body, Body::Same) || self.is(Some(after), Some(there))?))
            }
            (Some(_), None) => Ok(false),
        }
    }
}

/// What is done to the lines of a text. An empty file that comes or goes has none, and is there or not.
fn lines_of<'a>(change: &FileChange, body: &'a Body) -> Option<&'a TextDelta> {
    let is_edit = change.before.is_some() && change.after.is_some();
    body.text().filter(|text| is_edit || !text.hunks.is_empty())
}

/// Whether a place has the name and the kind that a change gives a file, where it gives it another one.
fn has_name_and_kind(change: &FileChange, after: &Side, there: &Side) -> bool {
    let is_name = change.renamed_from().is_none() || there.path == after.path;
    let is_kind = change.before.as_ref().is_none_or(|before| before.kind == after.kind) || there.kind == after.kind;
    is_name && is_kind
}

fn whole(is_there: bool) -> Standing {
    let (replayed, missing) = if is_there { (WHOLE, 0.0) } else { (0.0, WHOLE) };
    Standing { replayed, missing, ..Standing::default() }
}
