use proptest::prelude::*;

use super::*;

/// Lines of a program, none like another.
fn program(lines: usize) -> Vec<String> {
    (0..lines).map(|at| format!("    step_{at}(value_{at})\n")).collect()
}

/// The program with other lines in the place of some, first ones first.
fn edited(lines: usize, edits: &[(usize, usize, &str)]) -> (String, String) {
    let old = program(lines);
    let mut new = old.clone();
    for &(at, gone, come) in edits.iter().rev() {
        new.splice(at..at + gone, come.split_inclusive('\n').map(str::to_owned));
    }
    (old.concat(), new.concat())
}

fn parts(lines: usize, edits: &[(usize, usize, &str)]) -> Vec<Vec<usize>> {
    let (old, new) = edited(lines, edits);
    Edit::new(old.as_bytes(), new.as_bytes()).parts()
}

#[test]
fn unrelated_fixes_are_apart_and_near_ones_are_one() {
    let (retry, escape) = ("    retry(3)\n", "    name = escape(name)\n");
    assert_eq!(parts(60, &[(5, 0, retry), (40, 1, escape)]), [[0], [1]]);
    assert_eq!(parts(60, &[(5, 0, retry), (15, 1, escape)]), [[0, 1]]);
    assert_eq!(parts(60, &[(5, 0, retry), (16, 1, escape)]), [[0], [1]]);
}

#[test]
fn a_name_that_one_hunk_defines_and_another_uses_connects() {
    for (defines, uses) in [
        ("import time\n", "    time.sleep(1)\n"),
        ("def backoff(count):\n", "    wait = backoff(3)\n"),
        ("    limit = 5\n", "    if left > limit:\n"),
        ("static int depth;\n", "    depth++;\n"),
    ] {
        assert_eq!(parts(80, &[(2, 0, defines), (30, 0, uses), (60, 0, "    other()\n")]), [vec![0, 1], vec![2]]);
    }
    // What the file had before connects nothing, nor does a word of a comment.
    assert_eq!(parts(80, &[(2, 0, "    kept = step_9\n"), (30, 0, "    step_9(None)\n")]), [[0], [1]]);
    assert_eq!(parts(80, &[(2, 0, "    # hotfix = here\n    a()\n"), (30, 0, "    b()  # hotfix\n")]), [[0], [1]]);
}

#[test]
fn a_name_that_goes_everywhere_connects() {
    let old = program(80).concat();
    let with = |lines: &str| lines.replace("step_2(", "def helper(").replace("step_40(", "x = helper(");
    let edit = with(&old);
    let new = old.replace("step_60(", "step_61(");
    let new = new.replacen("    step_2(value_2)\n", "", 1).replacen("    step_40(value_40)\n", "    y()\n", 1);
    assert_eq!(Edit::new(edit.as_bytes(), new.as_bytes()).parts(), [vec![0, 1], vec![2]]);
}

#[test]
fn the_same_edit_and_a_line_that_moved_connect() {
    let old = program(80).concat().replace("value_5)", "old=1)").replace("value_50)", "old=1)");
    let new = old.replace("old=1", "new=2");
    assert_eq!(Edit::new(old.as_bytes(), new.as_bytes()).parts(), [[0, 1]]);
    let moved = parts(80, &[(10, 1, ""), (50, 0, "        step_10(value_10)\n")]);
    assert_eq!(moved, [[0, 1]]);
}

#[test]
fn blank_lines_go_with_their_neighbours() {
    assert_eq!(parts(80, &[(5, 0, "\n"), (30, 0, "    a()\n"), (75, 0, "    b()\n")]), [vec![0, 1], vec![2]]);
    assert_eq!(parts(80, &[(5, 0, "\n"), (40, 0, "\n\n")]), [[0, 1]]);
}

#[test]
fn a_reworked_file_is_one() {
    let lines: Vec<String> = (0..9).map(|at| format!("    other{at}{at}()\n")).collect();
    let edits = |count: usize| lines.iter().take(count).enumerate().map(|(at, line)| (at * 20, 0, line.as_str()));
    assert_eq!(parts(200, &edits(8).collect::<Vec<_>>()).len(), 8);
    assert_eq!(parts(200, &edits(9).collect::<Vec<_>>()).len(), 1);
    let much = "    x()\n    y()\n".repeat(21);
    assert_eq!(parts(80, &[(0, 41, &much), (70, 1, "    a()\n")]).len(), 1);
}

/// Edits of a program: where, how many lines go, and which words come.
fn edits() -> impl Strategy<Value = Vec<(usize, usize, Vec<u8>)>> {
    proptest::collection::vec((0_usize..400, 0_usize..3, proptest::collection::vec(0_u8..40, 0..4)), 0..7)
}

fn texts(edits: &[(usize, usize, Vec<u8>)], has_end: bool) -> (String, String) {
    let mut old = program(400);
    let mut new = old.clone();
    let mut edits = edits.to_vec();
    edits.sort();
    for (at, gone, come) in edits.into_iter().rev() {
        let end = (at + gone).min(new.len());
        let line = |word: &u8| match word {
            0 => "\n".to_owned(),
            1..10 => format!("    step_{word}0(value_{word}0)\n"),
            10..20 => format!("    name{word} = 1\n"),
            _ => format!("    call{word}(name{})\n", word - 10),
        };
        new.splice(at..end, come.iter().map(line));
    }
    if !has_end {
        for lines in [&mut old, &mut new] {
            let line = lines.last_mut().expect("a program has lines");
            line.truncate(line.trim_end_matches('\n').len());
        }
    }
    (old.concat(), new.concat())
}

proptest! {
    #[test]
    fn parts_hold_each_hunk_once_and_make_the_edit(edits in edits(), has_end: bool) {
        let (old, new) = texts(&edits, has_end);
        let edit = Edit::new(old.as_bytes(), new.as_bytes());
        let parts = edit.parts();
        let mut all: Vec<usize> = parts.iter().flatten().copied().collect();
        prop_assert!(parts.iter().all(|part| !part.is_empty() && part.is_sorted()));
        all.sort_unstable();
        prop_assert_eq!(&all, &(0..edit.hunks.len()).collect::<Vec<_>>());
        prop_assert!(parts.len() <= MOST_PARTS);
        prop_assert_eq!(edit.with(&all), new.as_bytes());
        prop_assert_eq!(edit.with(&[]), old.as_bytes());
        // One after the other, in any order, each upon what the others left.
        for order in [false, true] {
            let mut done: Vec<usize> = Vec::new();
            let mut order_of: Vec<&Vec<usize>> = parts.iter().collect();
            if order { order_of.reverse() }
            for part in order_of {
                done.extend(part);
                done.sort_unstable();
            }
            prop_assert_eq!(edit.with(&done), new.as_bytes());
        }
    }

    #[test]
    fn a_part_is_the_same_whatever_else_is_done_far_from_it(edits in edits()) {
        // Blank lines and lines that are there twice may go with something else.
        let plain = |(at, gone, come): &(usize, usize, Vec<u8>)| {
            (*at, *gone, come.iter().map(|&word| word.max(10)).collect::<Vec<u8>>())
        };
        let (old, new) = texts(&edits.iter().map(plain).collect::<Vec<_>>(), true);
        let head: String = (0..40).map(|at| format!("head_{at}(far{at})\n")).collect();
        let other = head.replace("head_7(far7)\n", "quite_another_thing(1)\n");
        let parts = |head_now: &str| {
            let (old, new) = (format!("{head}{old}"), format!("{head_now}{new}"));
            let edit = Edit::new(old.as_bytes(), new.as_bytes());
            let lines = |part: &Vec<usize>| {
                let (come, gone) = edit.lines_of(part);
                (come.concat(), gone.concat())
            };
            edit.parts().iter().map(lines).collect::<Vec<_>>()
        };
        let (alone, beside) = (parts(&head), parts(&other));
        // What would come apart into more is one.
        if alone.len() < MOST_PARTS {
            prop_assert_eq!(&beside[1..], &alone[..]);
        }
    }
}
