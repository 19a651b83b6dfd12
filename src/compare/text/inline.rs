//! What inside replaced lines differs.

use std::ops::Range;

use similar::{Algorithm, ChangeTag, DiffOp, InlineChangeOptions, TextDiff};

/// The parts of lines that differ, for lines that replaced others.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Marks {
    /// For each old line, ranges of its bytes, ascending.
    pub old: Vec<Vec<Range<usize>>>,
    /// For each new line, the same.
    pub new: Vec<Vec<Range<usize>>>,
}

/// Above so many bytes together nobody reads marks any more, and finding them costs more than the line diff did.
const MOST_BYTES: usize = 16 << 10;

/// Marks what differs inside lines that replaced others, by words. Lines that have little in common get no marks.
///
/// There is no deadline: work is limited by size, so that the same lines always get the same marks.
pub fn marks(old: &[&[u8]], new: &[&[u8]]) -> Marks {
    let mut marks = Marks { old: vec![Vec::new(); old.len()], new: vec![Vec::new(); new.len()] };
    let size: usize = old.iter().chain(new).map(|line| line.len()).sum();
    if old.is_empty() || new.is_empty() || size > MOST_BYTES {
        return marks;
    }
    let diff = TextDiff::configure().diff_slices(old, new);
    let whole = DiffOp::Replace { old_index: 0, old_len: old.len(), new_index: 0, new_len: new.len() };
    let mut options = InlineChangeOptions::new();
    options.algorithm(Algorithm::Myers);
    for change in diff.iter_inline_changes_with_options_deadline(&whole, options, None) {
        let line = match change.tag() {
            ChangeTag::Delete => change.old_index().and_then(|at| marks.old.get_mut(at)),
            ChangeTag::Insert => change.new_index().and_then(|at| marks.new.get_mut(at)),
            ChangeTag::Equal => None,
        };
        let Some(line) = line else { continue };
        let mut start = 0;
        for &(is_marked, part) in change.values() {
            let end = start + part.len();
            if is_marked && start < end {
                line.push(start..end);
            }
            start = end;
        }
    }
    marks
}

#[cfg(test)]
mod tests {
    use super::*;

    fn marked<'a>(line: &'a str, ranges: &[Range<usize>]) -> Vec<&'a str> {
        ranges.iter().map(|range| &line[range.clone()]).collect()
    }

    #[test]
    fn words_that_differ_are_marked() {
        let (old, new) = ("    if day > 30 and open:", "    if day > last and open:");
        let marks = marks(&[old.as_bytes()], &[new.as_bytes()]);
        assert_eq!(marked(old, &marks.old[0]), ["30"]);
        assert_eq!(marked(new, &marks.new[0]), ["last"]);
    }

    #[test]
    fn unlike_lines_have_no_marks() {
        let marks = marks(&[b"alpha beta gamma"], &[b"return None", b"pass"]);
        assert!(marks.old.iter().chain(&marks.new).all(Vec::is_empty), "{marks:?}");
    }

    #[test]
    fn a_huge_line_is_left_alone() {
        let (old, new) = (vec![b'a'; 1 << 20], vec![b'b'; 1 << 20]);
        assert_eq!(marks(&[&old], &[&new]), Marks { old: vec![vec![]], new: vec![vec![]] });
    }
}
