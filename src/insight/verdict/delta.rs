//! What a change does to a text, as numbers: hunks, and the ids of patches.

use std::hash::{DefaultHasher, Hasher};
use std::ops::Range;

use super::lines::{self, DigestMap, DigestSet, Line};
use crate::compare::text::replacements::small_replacements;

/// So many lines around a change belong to a patch, as in git.
const CONTEXT: usize = 3;
/// So many equal lines below the last change are kept, since it may slide down among them.
const SLIDE: usize = 40;
/// Words are counted in changes of at most so many lines; larger ones have lines enough to be known by.
const WORDED: usize = 4000;

/// What happens to the text of one file.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct TextDelta {
    /// In order.
    pub(super) hunks: Box<[Hunk]>,
    /// Each word with how often more it is there afterwards than before, hunk by hunk; sorted, never zero.
    pub(super) words: Box<[(u64, i32)]>,
    /// The changed lines without their blanks, as one number; zero when nothing is left of them.
    pub(super) blank: u64,
    /// Where nothing changes but whether the last line has an end: whether it has one afterwards.
    pub(super) end: Option<bool>,
}

/// Neighbouring lines that are replaced.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Hunk {
    /// The first line in the text before, from 0.
    pub(super) at: u32,
    /// The first line in the text afterwards, from 0.
    pub(super) to: u32,
    /// The lines that go away and those that come, the first so many of which go.
    lines: Box<[Line]>,
    gone: u32,
    /// Unchanged lines above and below, the first so many of which are above; fewer than three only at the ends of the text or where the
    /// next hunk begins.
    context: Box<[Line]>,
    above: u8,
}

impl TextDelta {
    /// The stretches of lines that are replaced, and what replaces them, by line numbers.
    pub(super) fn replaced(&self) -> Vec<(Range<usize>, Range<usize>)> {
        let range = |start: u32, lines: &[Line]| start as usize..start as usize + lines.len();
        self.hunks.iter().map(|hunk| (range(hunk.at, hunk.removed()), range(hunk.to, hunk.added()))).collect()
    }

    /// The lines afterwards, of those before.
    pub(super) fn applied(&self, before: &[Line]) -> Vec<Line> {
        let (mut after, mut done) = (Vec::with_capacity(before.len()), 0);
        for hunk in &self.hunks {
            let at = hunk.at as usize;
            after.extend_from_slice(&before[done..at]);
            after.extend_from_slice(hunk.added());
            done = at + hunk.removed().len();
        }
        after.extend_from_slice(&before[done..]);
        after
    }
}

impl Hunk {
    pub(super) fn removed(&self) -> &[Line] {
        &self.lines[..self.gone as usize]
    }

    pub(super) fn added(&self) -> &[Line] {
        &self.lines[self.gone as usize..]
    }

    pub(super) fn above(&self) -> &[Line] {
        &self.context[..usize::from(self.above)]
    }

    pub(super) fn below(&self) -> &[Line] {
        &self.context[usize::from(self.above)..]
    }
}

/// What is known of a text where it was changed, by which line numbers are told trivial or not.
#[derive(Debug, Default)]
pub(super) struct Trivial(DigestSet);

impl Trivial {
    pub(super) fn iter(&self) -> impl Iterator<Item = Line> + use<'_> {
        self.0.iter().copied()
    }

    pub(super) fn has(&self, line: Line) -> bool {
        self.0.contains(&line)
    }

    pub(super) fn extend(&mut self, lines: impl IntoIterator<Item = Line>) {
        self.0.extend(lines);
    }
}

/// The lines of a text between what two texts have in common at both ends, as numbers.
struct Middle<'a> {
    lines: Vec<&'a [u8]>,
    numbers: Vec<Line>,
}

impl<'a> Middle<'a> {
    fn new(text: &'a [u8]) -> Self {
        let mut lines: Vec<&[u8]> = Vec::with_capacity(lines::most_lines(text));
        lines.extend(lines::split(text));
        let numbers = lines.iter().map(|line| lines::number(line)).collect();
        Self { lines, numbers }
    }
}

/// Finds what was done to a text, and notes which of the changed lines say little.
///
/// # Cost
/// What both have in common at the ends is compared as bytes and not split into lines.
pub(super) fn text_delta(before: &[u8], after: &[u8], trivial: &mut Vec<Line>) -> TextDelta {
    let (start, skipped) = common_start(before, after);
    let end = common_end(&before[start..], &after[start..]);
    let (old, new) = (Middle::new(&before[start..before.len() - end]), Middle::new(&after[start..after.len() - end]));
    let changes = small_replacements(&old.numbers, &new.numbers);
    let mut words = Vec::new();
    let mut blank = DefaultHasher::new();
    let mut is_blank = true;
    let mut scratch = Vec::new();
    let is_worded = changes.iter().map(|(from, to)| from.len() + to.len()).sum::<usize>() <= WORDED;
    let mut hunks = Vec::with_capacity(changes.len());
    for (rank, (from, to)) in changes.iter().enumerate() {
        let (gone, come) = (&old.lines[from.clone()], &new.lines[to.clone()]);
        for (lines, numbers) in [(gone, &old.numbers[from.clone()]), (come, &new.numbers[to.clone()])] {
            let little = lines.iter().zip(numbers).filter(|(line, _)| lines::is_trivial(line));
            trivial.extend(little.map(|(_, number)| *number));
            for line in lines {
                if let Some(line) = lines::without_blanks(line, &mut scratch) {
                    blank.write_u64(line);
                    is_blank = false;
                }
            }
            blank.write_u8(b'/');
        }
        if is_worded {
            count_words(gone, come, &mut words);
        }
        let above =
            rank.checked_sub(1).map_or(0, |before| changes[before].0.end).max(from.start.saturating_sub(CONTEXT));
        let below = changes.get(rank + 1).map_or(old.numbers.len(), |next| next.0.start).min(from.end + CONTEXT);
        hunks.push(Hunk {
            at: (skipped + from.start) as u32,
            to: (skipped + to.start) as u32,
            lines: [&old.numbers[from.clone()], &new.numbers[to.clone()]].concat().into(),
            gone: from.len() as u32,
            context: [&old.numbers[above..from.start], &old.numbers[from.end..below]].concat().into(),
            above: (from.start - above) as u8,
        });
    }
    words.sort_unstable();
    let blank = if is_blank { 0 } else { blank.finish() };
    TextDelta { hunks: hunks.into(), words: summed(words), blank, end: end_alone(before, after) }
}

/// Whether the last line has an end afterwards, where nothing else changes.
fn end_alone(before: &[u8], after: &[u8]) -> Option<bool> {
    let (short, long) = if before.len() < after.len() { (before, after) } else { (after, before) };
    let is_end = lines::has_end(short) == Some(false) && matches!(long.strip_prefix(short), Some(b"\n" | b"\r\n"));
    is_end.then_some(after.len() > before.len())
}

/// Equal bytes at the start up to a line's beginning, [`CONTEXT`] lines before the first difference; and how many lines they are.
fn common_start(a: &[u8], b: &[u8]) -> (usize, usize) {
    let equal = equal_start(a, b);
    let mut start = equal;
    // The line of the first difference is not skipped, nor are those that are its context.
    for _ in 0..=CONTEXT {
        start = a[..start].iter().rposition(|&byte| byte == b'\n').unwrap_or(0);
        if start == 0 {
            return (0, 0);
        }
    }
    let start = start + 1;
    (start, memchr::memchr_iter(b'\n', &a[..start]).count())
}

/// Equal bytes at the end, beginning with a line, some lines after the last difference.
fn common_end(a: &[u8], b: &[u8]) -> usize {
    let equal = equal_end(a, b);
    let tail = &a[a.len() - equal..];
    // The first line of the tail may be the end of one that differs.
    let mut skipped = 0;
    for _ in 0..=SLIDE {
        match tail[skipped..].iter().position(|&byte| byte == b'\n') {
            Some(at) => skipped += at + 1,
            None => return 0,
        }
    }
    equal - skipped
}

fn equal_start(a: &[u8], b: &[u8]) -> usize {
    let blocks = a.as_chunks::<64>().0.iter().zip(b.as_chunks::<64>().0).take_while(|(a, b)| a == b).count() * 64;
    blocks + a[blocks..].iter().zip(&b[blocks..]).take_while(|(a, b)| a == b).count()
}

fn equal_end(a: &[u8], b: &[u8]) -> usize {
    let (backwards_a, backwards_b) = (a.as_rchunks::<64>().1.iter().rev(), b.as_rchunks::<64>().1.iter().rev());
    let blocks = backwards_a.zip(backwards_b).take_while(|(a, b)| a == b).count() * 64;
    let (a, b) = (&a[..a.len() - blocks], &b[..b.len() - blocks]);
    blocks + a.iter().rev().zip(b.iter().rev()).take_while(|(a, b)| a == b).count()
}

/// Adds what one hunk does to each word.
fn count_words(gone: &[&[u8]], come: &[&[u8]], into: &mut Vec<(u64, i32)>) {
    let mut counts: DigestMap<i32> = DigestMap::default();
    for (lines, sign) in [(gone, -1), (come, 1)] {
        for word in lines.iter().flat_map(|line| lines::words(line)) {
            *counts.entry(lines::number(word)).or_default() += sign;
        }
    }
    into.extend(counts.into_iter().filter(|(_, count)| *count != 0));
}

/// Of each word, what goes and what comes apart: a word that one hunk takes and another brings is in both.
fn summed(sorted: Vec<(u64, i32)>) -> Box<[(u64, i32)]> {
    let mut sums: Vec<(u64, i32)> = Vec::with_capacity(sorted.len());
    for (word, count) in sorted {
        match sums.last_mut() {
            Some((last, sum)) if *last == word && sum.signum() == count.signum() => *sum += count,
            _ => sums.push((word, count)),
        }
    }
    sums.into()
}

/// Names the hunks of one file by their lines and context, wherever they are: equal for what git calls equal patches of one file, but for
/// the path.
pub(super) fn patch_number(delta: &TextDelta) -> u64 {
    let mut hasher = DefaultHasher::new();
    for hunk in &delta.hunks {
        for (mark, lines) in [(b' ', hunk.above()), (b'-', hunk.removed()), (b'+', hunk.added()), (b'=', hunk.below())]
        {
            hasher.write_u8(mark);
            hasher.write_usize(lines.len());
            for &line in lines {
                hasher.write_u64(line);
            }
        }
    }
    hasher.finish()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn numbers(text: &[u8]) -> Vec<Line> {
        lines::split(text).map(lines::number).collect()
    }

    #[test]
    fn a_patch_is_the_same_wherever_its_hunks_are() {
        let text = |above: usize, word: &str| {
            let lines: Vec<String> = (0..above).map(|at| format!("above {at}")).collect();
            format!("{}\none\ntwo\nthree\n{word}\nfour\nfive\nsix\n{}", lines.join("\n"), "below\n".repeat(90))
                .into_bytes()
        };
        let number = |above: usize, word: &str| {
            patch_number(&text_delta(&text(above, "old"), &text(above, word), &mut Vec::new()))
        };
        assert_eq!(number(5, "new"), number(500, "new"));
        assert_ne!(number(5, "new"), number(5, "newer"));
        let delta = text_delta(&text(500, "old"), &text(500, "new"), &mut Vec::new());
        assert_eq!((delta.hunks.len(), delta.hunks[0].at, delta.hunks[0].to), (1, 503, 503));
    }

    #[test]
    fn the_end_of_the_last_line_is_a_change_by_itself() {
        let end = |before: &str, after: &str| {
            let delta = text_delta(before.as_bytes(), after.as_bytes(), &mut Vec::new());
            assert!(delta.end.is_none() || delta.hunks.is_empty(), "{before:?} {after:?}");
            delta.end
        };
        assert_eq!((end("a\nb", "a\nb\n"), end("a\nb\n", "a\nb")), (Some(true), Some(false)));
        assert_eq!((end("a\r\nb", "a\r\nb\r\n"), end("b\r\n", "b")), (Some(true), Some(false)));
        for (before, after) in [("", "\n"), ("a\n", "a\n\n"), ("a\nb", "a\nc\n"), ("a\r\nb\r\n", "a\nb"), ("a", "a")] {
            assert_eq!((end(before, after), end(after, before)), (None, None), "{before:?} {after:?}");
        }
    }

    #[test]
    fn line_ends_are_no_change_and_blanks_are() {
        let delta = |before: &[u8], after: &[u8]| text_delta(before, after, &mut Vec::new());
        assert!(delta(b"a\r\nb\r\n", b"a\nb").hunks.is_empty());
        assert!(delta(b"", b"").hunks.is_empty());
        assert_eq!(delta(b"a\n", b"a\n\n").hunks[0].added().len(), 1);
        let (one, two) = (delta(b"f(x)\n", b"  f( x )\n"), delta(b"f(x)\n", b"\tf(x)\n"));
        assert_eq!(one.blank, two.blank);
        assert_ne!(patch_number(&one), patch_number(&two));
    }

    proptest! {
        #[test]
        fn hunks_make_the_one_text_of_the_other(
            before in prop::collection::vec(0..4u8, 0..120),
            cuts in prop::collection::vec((0..120usize, 0..4usize, prop::collection::vec(0..6u8, 0..4)), 0..5),
        ) {
            let mut after = before.clone();
            for (at, gone, come) in cuts {
                let at = at.min(after.len());
                let end = (at + gone).min(after.len());
                after.splice(at..end, come);
            }
            let text = |lines: &[u8]| lines.iter().map(|line| format!("l{line}\n")).collect::<String>().into_bytes();
            let (before, after) = (text(&before), text(&after));
            let delta = text_delta(&before, &after, &mut Vec::new());
            let (before, after) = (numbers(&before), numbers(&after));
            prop_assert_eq!(&delta.applied(&before), &after);
            prop_assert_eq!(delta.hunks.is_empty(), before == after);
            for (hunk, (from, to)) in delta.hunks.iter().zip(delta.replaced()) {
                prop_assert_eq!((hunk.removed(), hunk.added()), (&before[from.clone()], &after[to]));
                prop_assert!(before[..from.start].ends_with(hunk.above()));
                prop_assert!(before[from.end..].starts_with(hunk.below()));
            }
        }
    }
}
