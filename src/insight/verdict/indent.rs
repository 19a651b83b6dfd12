//! Texts that are indented otherwise: a block that lies deeper in the target, or one with tabs where the source has blanks.
//!
//! How lines are indented counts, as they lie to each other. So the target's text is brought to the indentation of the unit's, each line by as
//! much as the lines around it that the unit's text has as well.

use super::lines::{self, DigestMap, Line, number};
use crate::compare::text::replacements::quick_replacements;

/// The lines of a unit's text before and afterwards, and those of the target's, in one indentation: as numbers that no other text has.
pub(super) struct Reindented {
    pub(super) before: Vec<Line>,
    pub(super) after: Vec<Line>,
    pub(super) ours: Vec<Line>,
    /// How deep the lines of `after` and of `ours` lie; nothing for a blank one.
    depths: [Vec<Option<usize>>; 2],
    /// As what lines are known otherwise.
    known: DigestMap<Line>,
}

/// How the lines of a unit's text before and those of the target's lie to each other.
pub(super) struct Layout<'a> {
    before: Text<'a>,
    ours: Text<'a>,
    shifts: Vec<isize>,
}

impl<'a> Layout<'a> {
    /// Nothing when all lie alike.
    pub(super) fn between(before: &'a [u8], ours: &'a [u8]) -> Option<Self> {
        let [before, ours] = [before, ours].map(Text::new);
        let shifts = shifts(&before, &ours);
        let is_plain = |text: &Text<'_>| text.indents.iter().all(Indent::is_plain);
        let is_alike = shifts.iter().all(|&shift| shift == 0) && is_plain(&ours) == is_plain(&before);
        (!is_alike).then_some(Self { before, ours, shifts })
    }

    /// Together with the unit's text afterwards.
    pub(super) fn with(&self, after: &[u8]) -> Reindented {
        let Self { before: old, ours: here, shifts } = self;
        let new = &Text::new(after);
        let mut known = DigestMap::default();
        let mut all = |text: &Text<'_>| -> Vec<Line> {
            let lines: Vec<Line> = (0..text.words.len()).map(|at| text.at(at, 0)).collect();
            known.extend(lines.iter().zip(&text.indents).map(|(&line, indent)| (line, number(indent.line))));
            lines
        };
        let (before, after) = (all(old), all(new));
        let ours = (0..here.words.len()).map(|at| here.at(at, shifts[at])).collect();
        let depths = |text: &Text<'_>, shift: &dyn Fn(usize) -> isize| {
            let depth = |at: usize| text.indents[at].columns.saturating_add_signed(shift(at));
            (0..text.words.len()).map(|at| (!text.is_blank(at)).then(|| depth(at))).collect()
        };
        let depths = [depths(new, &|_| 0), depths(here, &|at| shifts[at])];
        Reindented { before, after, ours, depths, known }
    }
}

impl Reindented {
    /// As [`lines::enclosing`], of a line of `after`.
    pub(super) fn enclosing_after(&self, at: usize) -> Option<Line> {
        enclosing(&self.after, &self.depths[0], at)
    }

    /// As [`lines::enclosing`], of a line of `ours`.
    pub(super) fn enclosing_ours(&self, at: usize) -> Option<Line> {
        enclosing(&self.ours, &self.depths[1], at)
    }

    /// As what a line is known otherwise.
    pub(super) fn known(&self, line: Line) -> Line {
        self.known.get(&line).copied().unwrap_or(line)
    }
}

fn enclosing(lines: &[Line], depths: &[Option<usize>], at: usize) -> Option<Line> {
    let own = (*depths.get(at)?)?;
    let outside = depths[..at].iter().rposition(|depth| depth.is_some_and(|depth| depth < own))?;
    Some(lines[outside])
}

/// How a line begins.
struct Indent<'a> {
    /// The line as it is.
    line: &'a [u8],
    /// How many bytes it is indented by.
    bytes: usize,
    /// How many columns these are, a tab to the next multiple of eight.
    columns: usize,
}

impl<'a> Indent<'a> {
    fn of(line: &'a [u8]) -> Self {
        let bytes = line.iter().take_while(|byte| matches!(byte, b' ' | b'\t')).count();
        let column = |columns: usize, byte: &u8| if *byte == b'\t' { columns / 8 * 8 + 8 } else { columns + 1 };
        Self { line, bytes, columns: line[..bytes].iter().fold(0, column) }
    }

    /// Whether it is as many blanks as columns.
    fn is_plain(&self) -> bool {
        !self.line[..self.bytes].contains(&b'\t')
    }
}

struct Text<'a> {
    indents: Vec<Indent<'a>>,
    /// The lines without their indentation.
    words: Vec<Line>,
}

impl<'a> Text<'a> {
    fn new(text: &'a [u8]) -> Self {
        let indents: Vec<Indent<'_>> = lines::split(text).map(Indent::of).collect();
        let words = indents.iter().map(|indent| number(&indent.line[indent.bytes..])).collect();
        Self { indents, words }
    }

    fn is_blank(&self, at: usize) -> bool {
        self.indents[at].bytes == self.indents[at].line.len()
    }

    /// A line with its indentation, moved by `shift` columns.
    fn at(&self, at: usize, shift: isize) -> Line {
        if self.is_blank(at) {
            return number(self.indents[at].line);
        }
        let mut both = [0; 16];
        both[..8].copy_from_slice(&self.words[at].to_le_bytes());
        both[8..].copy_from_slice(&self.indents[at].columns.saturating_add_signed(shift).to_le_bytes());
        number(&both)
    }
}

/// By how many columns each line of `ours` has to be moved to lie as in `base`: as far as one that both have; or as those above and below it
/// have to, where they agree; or as the one above where it lies as deep or deeper.
fn shifts(base: &Text<'_>, ours: &Text<'_>) -> Vec<isize> {
    let mut shared: Vec<Option<isize>> = vec![None; ours.words.len()];
    // Which bracket is which is a guess.
    let mut guessed = shared.clone();
    let changes = quick_replacements(&base.words, &ours.words);
    let (mut from, mut to) = (0, 0);
    let ends = (base.words.len()..base.words.len(), ours.words.len()..ours.words.len());
    for (gone, come) in changes.iter().chain([&ends]) {
        for (old, new) in (from..gone.start).zip(to..come.start) {
            let which = if lines::is_trivial(ours.indents[new].line) { &mut guessed } else { &mut shared };
            which[new] = Some(base.indents[old].columns.cast_signed() - ours.indents[new].columns.cast_signed());
        }
        (from, to) = (gone.end, come.end);
    }
    let mut above: Vec<Option<usize>> = Vec::with_capacity(shared.len());
    for (at, shift) in shared.iter().enumerate() {
        above.push(if shift.is_some() { Some(at) } else { above.last().copied().flatten() });
    }
    let mut below = None;
    let mut shifts = vec![0; shared.len()];
    for at in (0..shared.len()).rev() {
        below = shared[at].or(below);
        let is_within = |other: usize| ours.indents[at].columns >= ours.indents[other].columns;
        shifts[at] = match above[at] {
            Some(other) if below.is_none() || shared[other] == below || is_within(other) => shared[other],
            _ => below.filter(|_| above[at].is_none()).or(guessed[at]),
        }
        .unwrap_or(0);
    }
    shifts
}

#[cfg(test)]
mod tests {
    use super::*;

    fn are_one(before: &str, after: &str, ours: &str) -> bool {
        let found = Layout::between(before.as_bytes(), ours.as_bytes()).map(|layout| layout.with(after.as_bytes()));
        found.is_some_and(|it| it.after == it.ours && it.before != it.ours)
    }

    #[test]
    fn a_block_that_lies_deeper_is_one_where_its_lines_lie_alike() {
        let before = "if x:\n    one()\n    two()\n    three()\nend\n";
        let after = before.replace("    two()\n", "    two(safe)\n    if x:\n        more()\n");
        let deeper = |text: &str| text.replace("\n    ", "\n      ").replace("if x:\n      one", "  if x:\n      one");
        assert!(are_one(before, &after, &deeper(&after)));
        assert!(are_one(before, &after, &after.replace("        ", "\t")), "a tab is eight columns");
        // In another block than it should be.
        assert!(!are_one(before, &after, &deeper(&after).replace("        more()", "      more()")));
        assert!(!are_one(before, &after, &after.replace("        more()", "    more()")));
    }

    #[test]
    fn what_lies_alike_makes_no_difference() {
        assert!(Layout::between(b"a\n  b\n", b"a\n  d\n").is_none());
        assert!(Layout::between(b"a\n\tb\n", b"a\n\td\n").is_none());
        assert!(Layout::between(b"a\n        b\n", b"a\n\tb\n").is_some());
    }
}
