//! Changes of lines that a file has, or has not.

use super::files::{Files, Found, Held};
use super::{Part, PartFact, PartState};
use crate::text::patch::{FilePatch, Hunk, HunkLine, lines};

/// So many lines of context at either end may be others.
const FUZZ: usize = 2;
/// A line with so many letters and digits is found by chance nowhere else.
const TELLING: usize = 12;

/// Where the lines of a hunk stand.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Side {
    Old,
    New,
    Neither,
}

/// Holds the changes of one file against the file that an environment has.
pub(super) fn part(change: &FilePatch, environment: usize, files: &Files<'_>) -> Part {
    let path = change.path();
    let mut found = files.find(environment, path);
    let mut is_before = change.after.is_none();
    if let (Found::Absent, Some(before), Some(_)) = (&found, &change.before, &change.after)
        && before != path
    {
        found = files.find(environment, before);
        is_before = true;
    }
    let part = |found_at, state, facts| Part { path: path.clone(), found_at, state, facts };
    let (at, held) = match found {
        Found::Absent if change.after.is_none() => return part(None, PartState::Done, vec![PartFact::IsGone]),
        Found::Absent => return part(None, PartState::Undone, vec![PartFact::NoFile]),
        Found::Unknown(why) => return part(None, PartState::Unknown, vec![why]),
        Found::File(Some(_), _) if change.after.is_none() => {
            return part(None, PartState::Done, vec![PartFact::IsGone]);
        }
        Found::File(at, held) => (at.or_else(|| change.before.clone().filter(|_| is_before)), held),
    };
    if change.after.is_none() {
        return part(None, PartState::Undone, vec![PartFact::StillThere]);
    }
    if change.hunks.is_empty() {
        let state = if is_before { PartState::Undone } else { PartState::Done };
        return part(at, state, vec![if is_before { PartFact::NoFile } else { PartFact::IsThere }]);
    }
    match &*held {
        Held::Text(bytes) => {
            let (state, facts) = judged(&change.hunks, bytes);
            part(at, state, facts)
        }
        Held::Sensitive => part(at, PartState::Unknown, vec![PartFact::Sensitive]),
        Held::Opaque(why) | Held::Unread(why) => part(at, PartState::Unknown, vec![PartFact::Unread(why.clone())]),
    }
}

fn judged(hunks: &[Hunk], bytes: &[u8]) -> (PartState, Vec<PartFact>) {
    let text = lines(bytes);
    let sides: Vec<Side> = hunks.iter().map(|hunk| side(hunk, &text)).collect();
    let count = |side: Side| sides.iter().filter(|other| **other == side).count();
    let (new, old, neither) = (count(Side::New), count(Side::Old), count(Side::Neither));
    let state = match (new, old, neither) {
        (_, 0, 0) => PartState::Done,
        (0, 0, _) => PartState::Unknown,
        (0, _, _) => PartState::Undone,
        _ => PartState::Some,
    };
    let of = hunks.len();
    let facts = [
        (new, PartFact::Changed(new, of)),
        (old, PartFact::Unchanged(old, of)),
        (neither, PartFact::Otherwise(neither, of)),
    ];
    (state, facts.into_iter().filter(|(number, _)| *number > 0).map(|(_, fact)| fact).collect())
}

/// Looks for the lines of a hunk with all of its context first, then with less.
fn side(hunk: &Hunk, text: &[&[u8]]) -> Side {
    let (head, tail) = hunk.context();
    for fuzz in 0..=FUZZ.max(head.max(tail)) {
        let (skip_head, skip_tail) = (fuzz.min(head), fuzz.min(tail));
        let is_bare = skip_head == head && skip_tail == tail && head + tail > 0;
        if fuzz > FUZZ && !is_bare {
            continue;
        }
        let lines = &hunk.lines[skip_head..hunk.lines.len() - skip_tail];
        let of = |is_other: fn(&HunkLine) -> bool| -> Vec<&[u8]> {
            lines.iter().filter(|line| !is_other(line)).map(HunkLine::text).collect()
        };
        let old = of(|line| matches!(line, HunkLine::New(_)));
        let new = of(|line| matches!(line, HunkLine::Old(_)));
        let places = |block: &[&[u8]]| {
            let places = places(block, text);
            // Without anything around them only lines that stand once, and say something, prove anything.
            if is_bare && (places.len() != 1 || !is_telling(block)) { Vec::new() } else { places }
        };
        let at = hunk.line + skip_head;
        let nearest = |places: Vec<usize>| places.into_iter().map(|place| place.abs_diff(at.saturating_sub(1))).min();
        match (nearest(places(&old)), nearest(places(&new))) {
            (None, None) => {}
            (Some(_), None) => return Side::Old,
            (None, Some(_)) => return Side::New,
            // What only brings lines has its context in both: the longer one tells.
            (Some(_), Some(_)) if old.len() != new.len() => {
                return if new.len() > old.len() { Side::New } else { Side::Old };
            }
            (Some(old), Some(new)) => return if new <= old { Side::New } else { Side::Old },
        }
    }
    Side::Neither
}

/// Where lines stand one below the other.
fn places(block: &[&[u8]], text: &[&[u8]]) -> Vec<usize> {
    if block.is_empty() {
        return Vec::new();
    }
    text.windows(block.len()).enumerate().filter(|(_, window)| *window == block).map(|(at, _)| at).collect()
}

fn is_telling(block: &[&[u8]]) -> bool {
    let letters = |line: &&[u8]| line.iter().filter(|byte| byte.is_ascii_alphanumeric()).count() >= TELLING;
    block.iter().any(letters)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::path::TreePath;

    fn state(before: &str, after: &str, here: &str) -> PartState {
        let path = Some(TreePath::new(&b"x"[..]).unwrap());
        let change = FilePatch::between((path.clone(), before.as_bytes()), (path, after.as_bytes()));
        judged(&change.hunks, here.as_bytes()).0
    }

    #[test]
    fn a_file_has_a_change_or_not_wherever_it_stands() {
        let before = "a\nb\nc\nd\ne\nf\ng\n";
        let after = "a\nb\nc\nD\ne\nf\ng\n";
        assert_eq!(state(before, after, before), PartState::Undone);
        assert_eq!(state(before, after, after), PartState::Done);
        assert_eq!(state(before, after, &format!("1\n2\n3\n{after}")), PartState::Done);
        assert_eq!(state(before, after, &after.replace('\n', "\r\n")), PartState::Done);
        assert_eq!(state(before, after, &after.replace(['a', 'g'], "x")), PartState::Done);
        assert_eq!(state(before, after, "something else\n"), PartState::Unknown);
    }

    #[test]
    fn lines_that_are_only_added_or_only_removed_are_told_apart() {
        let (short, long) = ("a\nb\nc\nd\ne\n", "a\nb\nc\nnew\nd\ne\n");
        assert_eq!(state(short, long, short), PartState::Undone);
        assert_eq!(state(short, long, long), PartState::Done);
        assert_eq!(state(long, short, short), PartState::Done);
        assert_eq!(state(long, short, long), PartState::Undone);
    }

    #[test]
    fn some_of_several_changes_is_partly() {
        let before: String = (0..40).map(|line| format!("line {line}\n")).collect();
        let after = before.replace("line 5\n", "five\n").replace("line 30\n", "thirty\n");
        assert_eq!(state(&before, &after, &before.replace("line 5\n", "five\n")), PartState::Some);
        assert_eq!(state(&before, &after, &after), PartState::Done);
    }

    #[test]
    fn bare_lines_count_only_when_they_say_something() {
        let before = "x\nreturn default_secret_of_all()\ny\n";
        let after = "x\nraise MissingSecretError(name)\ny\n";
        assert_eq!(state(before, after, "1\nraise MissingSecretError(name)\n2\n"), PartState::Done);
        assert_eq!(state("x\n1\ny\n", "x\n}\ny\n", "1\n}\n2\n"), PartState::Unknown);
    }
}
