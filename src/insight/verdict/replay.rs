//! Replays a unit in memory onto the files of a target.

use std::collections::BTreeMap;

use super::load::LARGEST;
use super::places::Places;
use super::types::{Applies, Conflict, ConflictKind, NotTried};
use super::{Asked, Reading, lines};
use crate::compare::text::regions::{RegionClass, regions};
use crate::insight::units::{FileChange, Side, Unit};
use crate::path::TreePath;
use crate::snapshot::BlobKind;
use crate::text::ends::{has_crlf, with_cr, without_cr};

/// What replaying a unit gave.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Replay {
    /// Whether it applies.
    pub applies: Applies,
    /// What happens to the target's files, sorted by path; of a unit in conflict, only to those that are in none.
    pub files: Vec<ReplayedFile>,
}

/// What happens to one file of the target.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReplayedFile {
    /// What the target has; `None` when the file is new.
    pub before: Option<Held>,
    /// What it gets; `None` when the file goes away.
    pub after: Option<Held>,
}

/// A file with its content.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Held {
    /// Its path in the target, common.
    pub path: TreePath,
    /// What it is.
    pub kind: BlobKind,
    /// Its content.
    pub content: Vec<u8>,
}

/// Files that are not as they are, but as other units would leave them; nothing where one went away.
pub(super) type Overlay = BTreeMap<TreePath, Option<Held>>;

/// Tries what would become of the target's present files if a unit were applied to them. A text is merged by [`Reading::merger`] with the
/// unit's own text before as the base; a content that is no text is replaced only where the target has the one it was made on. Line ends are
/// those of the target's file.
///
/// # Cost
/// Reads three versions of each file and merges them.
pub fn replay(unit: &Unit, asked: &Asked<'_>, places: &Places, reading: &Reading<'_>) -> Replay {
    replay_over(unit, asked.target, places, reading, &Overlay::new())
}

/// As [`replay`], onto files of which some are as other units would leave them.
pub(super) fn replay_over(
    unit: &Unit,
    target: usize,
    places: &Places,
    reading: &Reading<'_>,
    overlay: &Overlay,
) -> Replay {
    let mut trial = Trial { target, places, reading, overlay, files: Vec::new(), conflicts: Vec::new(), offset: 0 };
    for change in &unit.changes {
        if let Err(words) = trial.file(change) {
            return Replay { applies: Applies::NotTried { because: NotTried::Unreadable(words) }, files: Vec::new() };
        }
    }
    let applies = match (trial.conflicts.is_empty(), trial.offset) {
        (false, _) => Applies::Conflict { conflicts: trial.conflicts },
        (true, 0) => Applies::Clean,
        (true, lines) => Applies::Offset { lines },
    };
    Replay { applies, files: trial.files }
}

struct Trial<'a> {
    target: usize,
    places: &'a Places,
    reading: &'a Reading<'a>,
    overlay: &'a Overlay,
    files: Vec<ReplayedFile>,
    conflicts: Vec<Conflict>,
    offset: usize,
}

impl Trial<'_> {
    fn file(&mut self, change: &FileChange) -> Result<(), String> {
        let ours = self.ours(change)?;
        let path = ours.as_ref().map_or_else(|| change.path().clone(), |ours| ours.path.clone());
        let [before, after] = [&change.before, &change.after].map(|side| self.held(side.as_ref()));
        let outcome = match (before?, after?, ours) {
            (None, Some(after), None) => Ok(Some((None, Some(after)))),
            (None, Some(after), Some(ours)) if same_text(&ours.content, &after.content) => {
                Ok(self.with_kind(ours, &after, None))
            }
            (None, Some(_), Some(_)) => Err(vec![ConflictKind::Exists]),
            (Some(_), None, None) | (None, None, _) => Ok(None),
            (Some(before), None, Some(ours)) if same_text(&ours.content, &before.content) => {
                Ok(Some((Some(ours), None)))
            }
            (Some(_), None, Some(_)) => Err(vec![ConflictKind::Edited]),
            (Some(_), Some(_), None) => Err(vec![ConflictKind::NoFile]),
            (Some(before), Some(after), Some(ours)) => self.change(&before, &after, ours)?,
        };
        match outcome {
            Ok(None) => {}
            Ok(Some((before, after))) => self.files.push(ReplayedFile { before, after }),
            Err(kinds) => self.conflicts.extend(kinds.into_iter().map(|kind| Conflict { path: path.clone(), kind })),
        }
        Ok(())
    }

    fn change(&mut self, before: &Held, after: &Held, ours: Held) -> Result<Outcome, String> {
        let family = |kind| match kind {
            BlobKind::File | BlobKind::Executable => 0,
            BlobKind::Link => 1,
            BlobKind::Submodule => 2,
        };
        let renamed = (before.path != after.path && ours.path == before.path).then(|| after.path.clone());
        if family(ours.kind) != family(before.kind) {
            return Ok(if ours.kind == after.kind && ours.content == after.content {
                Ok(None)
            } else {
                Err(vec![ConflictKind::Kind])
            });
        }
        if before.content == after.content || same_text(&ours.content, &after.content) {
            let kept = ours.clone();
            return Ok(Ok(self
                .with_kind(kept, after, renamed)
                .filter(|_| before.kind != after.kind || before.path != after.path)));
        }
        if same_text(&ours.content, &before.content) {
            let content = in_line_ends_of(&ours.content, &before.content, &after.content);
            return Ok(Ok(Some(changed(ours, content, before, after, renamed))));
        }
        let contents = [&before.content, &after.content, &ours.content];
        if contents.into_iter().any(|content| lines::is_binary(content)) || family(before.kind) != 0 {
            return Ok(Err(vec![ConflictKind::Binary]));
        }
        let [base, theirs] = [before, after].map(|side| in_line_ends_of(&ours.content, &before.content, &side.content));
        let merged = self.reading.merger.merge(&base, &ours.content, &theirs).map_err(|failure| failure.to_string())?;
        let places = places(&base, &ours.content, &theirs);
        if !merged.is_clean {
            return Ok(Err(places.conflicts));
        }
        self.offset = self.offset.max(places.offset);
        if merged.bytes == ours.content && renamed.is_none() && before.kind == after.kind {
            return Ok(Ok(None));
        }
        Ok(Ok(Some(changed(ours, merged.bytes, before, after, renamed))))
    }

    /// Our file with nothing but its name or kind changed, if there is anything to change.
    fn with_kind(&self, ours: Held, after: &Held, renamed: Option<TreePath>) -> Option<(Option<Held>, Option<Held>)> {
        let kind = if self.knows_kinds() { after.kind } else { ours.kind };
        let path = renamed.unwrap_or_else(|| ours.path.clone());
        let new = Held { path, kind, content: ours.content.clone() };
        (new != ours).then_some((Some(ours), Some(new)))
    }

    fn knows_kinds(&self) -> bool {
        !self.reading.snapshots[self.target].knows.executable_unknown
    }

    fn ours(&self, change: &FileChange) -> Result<Option<Held>, String> {
        let before = change.before.as_ref().map_or(change.path(), |side| &side.path);
        let present = |path: &TreePath| match self.overlay.get(path) {
            Some(held) => held.is_some(),
            None => Side::present(self.reading.snapshots, self.target, path).is_some(),
        };
        // A new file belongs where the unit puts it, whatever has its name elsewhere.
        let path = if change.before.is_none() {
            let unknown = self.places.unknown_because(change.path()).map(str::to_owned);
            unknown.map_or(Ok(()), Err)?;
            Some(change.path().clone()).filter(|path| present(path))
        } else {
            self.places.find_known(before, change.path(), &present)?
        };
        let Some(path) = path else { return Ok(None) };
        match self.overlay.get(&path) {
            Some(held) => Ok(held.clone()),
            None => self.held(Side::present(self.reading.snapshots, self.target, &path).as_ref()),
        }
    }

    fn held(&self, side: Option<&Side>) -> Result<Option<Held>, String> {
        let Some(side) = side else { return Ok(None) };
        if side.kind == BlobKind::Submodule {
            return Err(format!("{:?} is the place of another repository", side.path));
        }
        let content = self.reading.side(side, LARGEST).map_err(|failure| failure.0)?;
        let content = content.ok_or_else(|| format!("{:?} is too large to be tried", side.path))?;
        Ok(Some(Held { path: side.path.clone(), kind: side.kind, content }))
    }
}

/// What happens to a file, nothing if nothing; or what is in the way.
type Outcome = Result<Option<(Option<Held>, Option<Held>)>, Vec<ConflictKind>>;

fn changed(
    ours: Held,
    content: Vec<u8>,
    before: &Held,
    after: &Held,
    renamed: Option<TreePath>,
) -> (Option<Held>, Option<Held>) {
    let kind = if before.kind == after.kind { ours.kind } else { after.kind };
    let new = Held { path: renamed.unwrap_or_else(|| ours.path.clone()), kind, content };
    (Some(ours), Some(new))
}

/// Whether two contents are equal but for their line ends.
fn same_text(a: &[u8], b: &[u8]) -> bool {
    a == b || !lines::is_binary(a) && has_crlf(a) != has_crlf(b) && without_cr(a) == without_cr(b)
}

/// A version of the unit's text with the line ends that the target's has, where they differ as a whole.
fn in_line_ends_of(ours: &[u8], before: &[u8], text: &[u8]) -> Vec<u8> {
    match (has_crlf(ours), has_crlf(before)) {
        (true, false) => with_cr(&without_cr(text)),
        (false, true) if !ours.is_empty() => without_cr(text),
        _ => text.to_vec(),
    }
}

/// Where a unit's lines go in the target's text.
struct InPlace {
    /// By how many lines at most they are elsewhere.
    offset: usize,
    /// Where both changed the same lines; if nowhere, all places of the unit.
    conflicts: Vec<ConflictKind>,
}

fn places(base: &[u8], ours: &[u8], theirs: &[u8]) -> InPlace {
    let [base, ours, theirs] =
        [base, ours, theirs].map(|text| text.split_inclusive(|&byte| byte == b'\n').collect::<Vec<_>>());
    let mut found = InPlace { offset: 0, conflicts: Vec::new() };
    let mut alone = Vec::new();
    for region in regions(&base, &[&ours, &theirs]) {
        let conflict = || ConflictKind::Region {
            line: region.sides[0].start + 1,
            ours: ours[region.sides[0].clone()].concat(),
            theirs: theirs[region.sides[1].clone()].concat(),
        };
        match region.class {
            RegionClass::Only(1) => {
                found.offset = found.offset.max(region.sides[0].start.abs_diff(region.base.start));
                alone.push(conflict());
            }
            RegionClass::Conflict(_) => found.conflicts.push(conflict()),
            _ => {}
        }
    }
    if found.conflicts.is_empty() {
        found.conflicts = alone;
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn line_ends_are_those_of_the_target() {
        assert_eq!(in_line_ends_of(b"a\r\n", b"a\n", b"a\nb\n"), b"a\r\nb\r\n");
        assert_eq!(in_line_ends_of(b"a\n", b"a\r\n", b"a\r\nb"), b"a\nb");
        assert_eq!(in_line_ends_of(b"a\n", b"a\n", b"a\r\n"), b"a\r\n");
        assert!(same_text(b"a\r\nb", b"a\nb"));
        assert!(!same_text(b"a\0\r\n", b"a\0\n"));
    }

    #[test]
    fn places_are_told_by_line() {
        let found = places(b"a\nb\nc\nd\n", b"x\ny\na\nb\nc\nd\n", b"a\nb\nc\nD\n");
        assert_eq!((found.offset, found.conflicts.len()), (2, 1));
        let found = places(b"a\nb\nc\n", b"a\nours\nc\n", b"a\ntheirs\nc\n");
        let region = ConflictKind::Region { line: 2, ours: b"ours\n".to_vec(), theirs: b"theirs\n".to_vec() };
        assert_eq!(found.conflicts, [region]);
    }
}
