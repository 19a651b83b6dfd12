//! Three-way regions, held against `diff3 -m`, `git merge-file` and similar's own merge.

use std::fs;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::process::Command;

use driftline::compare::text::replacements::changes;
use driftline::compare::text::{Document, Limits, Region, RegionClass, regions};
use proptest::prelude::*;
use similar::{MergeResolution, TextMerge};

use crate::support::numbers::Numbers;

/// What a merge says: the text, or `None` when there is a conflict.
type Merged = Option<Vec<u8>>;

fn document(bytes: &[u8]) -> Document {
    Document::new(bytes.to_vec(), Limits::default()).expect("it is text")
}

fn lines(document: &Document) -> Vec<&[u8]> {
    document.lines().collect()
}

/// Merges by our regions: each changed stretch is taken from who changed it.
fn merged(base: &[u8], ours: &[u8], theirs: &[u8]) -> Merged {
    let documents = [base, ours, theirs].map(document);
    let [base, ours, theirs] = [0, 1, 2].map(|at| lines(&documents[at]));
    let mut text = Vec::new();
    for region in regions(&base, &[&ours, &theirs]) {
        match region.class {
            RegionClass::Unchanged => text.extend(base[region.base].concat()),
            RegionClass::Only(0) | RegionClass::Shared(_) => text.extend(ours[region.sides[0].clone()].concat()),
            RegionClass::Only(_) => text.extend(theirs[region.sides[1].clone()].concat()),
            RegionClass::Conflict(_) => return None,
        }
    }
    Some(text)
}

/// Runs a merge program in a folder of its own; status 0 is a clean merge, 1 (git: the number of conflicts) a conflict.
fn run(folder: &Path, program: &str, arguments: &[&str]) -> Merged {
    let output = Command::new(program)
        .args(arguments)
        .current_dir(folder)
        .env("LC_ALL", "C")
        .env("GIT_CONFIG_GLOBAL", "/dev/null")
        .env("GIT_CONFIG_SYSTEM", "/dev/null")
        .output()
        .unwrap_or_else(|error| panic!("cannot run `{program}`: {error}"));
    match output.status.code() {
        Some(0) => Some(output.stdout),
        Some(1..=127) if output.stderr.is_empty() => None,
        status => panic!("`{program}` ended with {status:?}: {}", String::from_utf8_lossy(&output.stderr)),
    }
}

struct Verdicts {
    driftline: Merged,
    diff3: Merged,
    git: Merged,
}

fn verdicts(folder: &Path, base: &[u8], ours: &[u8], theirs: &[u8]) -> Verdicts {
    for (name, bytes) in [("base", base), ("ours", ours), ("theirs", theirs)] {
        fs::write(folder.join(name), bytes).expect("the folder is ours");
    }
    Verdicts {
        driftline: merged(base, ours, theirs),
        // GNU's order is MINE OLDER YOURS. Without `-E` it brackets changes that both made alike as if they were conflicts.
        diff3: run(folder, "diff3", &["-m", "-E", "ours", "base", "theirs"]),
        git: run(folder, "git", &["merge-file", "-p", "-q", "ours", "base", "theirs"]),
    }
}

/// A text of lines out of `words` different ones.
fn text(numbers: &mut Numbers, length: usize, words: usize) -> Vec<String> {
    (0..length).map(|_| format!("line {}\n", numbers.below(words))).collect()
}

/// The text with some lines inserted, removed or replaced.
fn edited(numbers: &mut Numbers, text: &[String], edits: usize, words: usize) -> Vec<String> {
    let mut text = text.to_vec();
    for _ in 0..edits {
        let at = numbers.below(text.len() + 1);
        let line = format!("line {}\n", numbers.below(words));
        match numbers.below(3) {
            0 => text.insert(at, line),
            1 if at < text.len() => drop(text.remove(at)),
            _ if at < text.len() => text[at] = line,
            _ => text.push(line),
        }
    }
    text
}

#[derive(Debug, Default, PartialEq, Eq)]
struct Tally {
    clean: usize,
    conflicts: usize,
    other_verdict: usize,
    other_text: usize,
}

impl Tally {
    fn count(&mut self, ours: &Merged, theirs: &Merged) {
        match (ours, theirs) {
            (None, None) => self.conflicts += 1,
            (Some(a), Some(b)) if a == b => self.clean += 1,
            (Some(_), Some(_)) => self.other_text += 1,
            _ => self.other_verdict += 1,
        }
    }

    fn cases(&self) -> usize {
        self.clean + self.conflicts + self.other_verdict + self.other_text
    }

    fn assert_agreement(&self, per_thousand: usize) {
        let differing = self.other_verdict + self.other_text;
        assert!(differing * 1000 <= per_thousand * self.cases(), "{self:?}");
        assert!(self.clean * 5 > self.cases() && self.conflicts * 20 > self.cases(), "both kinds are tried: {self:?}");
    }
}

fn tallies(seed: u64, cases: usize, length: usize, words: usize, edits: usize) -> (Tally, Tally) {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let mut numbers = Numbers(seed);
    let (mut with_diff3, mut with_git) = (Tally::default(), Tally::default());
    for _ in 0..cases {
        let base = text(&mut numbers, length, words);
        let (ours, theirs) = (edited(&mut numbers, &base, edits, words), edited(&mut numbers, &base, edits, words));
        let [base, ours, theirs] = [base, ours, theirs].map(|text| text.concat().into_bytes());
        let verdicts = verdicts(folder.path(), &base, &ours, &theirs);
        with_diff3.count(&verdicts.driftline, &verdicts.diff3);
        with_git.count(&verdicts.driftline, &verdicts.git);
    }
    (with_diff3, with_git)
}

/// Texts as they are: hardly a line is like another, and nothing is a matter of taste.
#[test]
fn ordinary_texts_merge_as_elsewhere() {
    let (with_diff3, with_git) = tallies(1, 400, 60, 500, 3);
    with_diff3.assert_agreement(10);
    with_git.assert_agreement(10);
}

/// Texts of a handful of different lines, the worst case. What differs (counted when this was written: 1 and 6 of 600) comes from several
/// shortest diffs between equal lines: which of them are paired is each program's choice, and decides whether two changes touch.
/// `diff3` and git differ from each other there as well.
#[test]
fn repetitive_texts_mostly_merge_as_elsewhere() {
    let (with_diff3, with_git) = tallies(2, 600, 12, 6, 2);
    with_diff3.assert_agreement(5);
    with_git.assert_agreement(12);
}

/// Every folder of `fixtures/merge3`: `expected` is what `git merge-file --diff3` printed, and still prints.
#[test]
fn telling_cases_merge_as_expected() {
    let cases = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/merge3");
    let mut folders: Vec<PathBuf> =
        fs::read_dir(cases).expect("the fixtures are there").map(|entry| entry.expect("readable").path()).collect();
    folders.sort();
    assert!(folders.len() >= 12, "{folders:?}");
    for folder in folders {
        let read = |name: &str| fs::read(folder.join(name)).expect("a case has base, ours, theirs and expected");
        let [base, ours, theirs] = ["base", "ours", "theirs"].map(|name| document(&read(name)));
        let expected = String::from_utf8(read("expected")).expect("fixtures are UTF-8");
        assert_eq!(String::from_utf8_lossy(&marked(&base, &ours, &theirs)), expected, "{}", folder.display());

        let labels = ["-L", "ours", "-L", "base", "-L", "theirs"];
        let arguments = [&["merge-file", "-p", "-q", "--diff3"][..], &labels, &["ours", "base", "theirs"]].concat();
        let output = Command::new("git").args(arguments).current_dir(&folder).output().expect("git is there");
        assert_eq!(String::from_utf8_lossy(&output.stdout), expected, "{}", folder.display());
    }
}

/// The merge with markers, as git prints it.
fn marked(base: &Document, ours: &Document, theirs: &Document) -> Vec<u8> {
    let mut text = Vec::new();
    for region in regions(&lines(base), &[&lines(ours), &lines(theirs)]) {
        let [in_ours, in_theirs] = [0, 1].map(|side: usize| region.sides[side].clone());
        match region.class {
            RegionClass::Unchanged => text.extend(base.slice(region.base)),
            RegionClass::Only(0) | RegionClass::Shared(_) => text.extend(ours.slice(in_ours)),
            RegionClass::Only(_) => text.extend(theirs.slice(in_theirs)),
            RegionClass::Conflict(_) => {
                for (marker, part) in [
                    ("<<<<<<< ours\n", ours.slice(in_ours)),
                    ("||||||| base\n", base.slice(region.base)),
                    ("=======\n", theirs.slice(in_theirs)),
                ] {
                    text.extend(marker.bytes().chain(part.iter().copied()));
                    if !text.ends_with(b"\n") {
                        text.push(b'\n');
                    }
                }
                text.extend(b">>>>>>> theirs\n");
            }
        }
    }
    text
}

/// A base and some descendants of few different lines, some without a final newline.
fn family(inputs: Range<usize>) -> impl Strategy<Value = (Vec<u8>, Vec<Vec<u8>>)> {
    let text = || prop::collection::vec(prop::sample::select(vec!["a\n", "b\n", "c\n", "\n", "d\r\n", "e"]), 0..14);
    let glue = |lines: Vec<&str>| lines.concat().into_bytes();
    (text().prop_map(glue), prop::collection::vec(text().prop_map(glue), inputs))
}

fn regions_of(base: &Document, inputs: &[Document]) -> Vec<Region> {
    let inputs: Vec<Vec<&[u8]>> = inputs.iter().map(lines).collect();
    let inputs: Vec<&[&[u8]]> = inputs.iter().map(Vec::as_slice).collect();
    regions(&lines(base), &inputs)
}

proptest! {
    /// Whoever has a region holds its text; all others hold the base's. So each side can be rebuilt from the base and the regions that
    /// name it.
    #[test]
    fn sides_can_be_rebuilt((base, inputs) in family(1..5)) {
        let (base, inputs) = (document(&base), inputs.iter().map(|input| document(input)).collect::<Vec<_>>());
        let regions = regions_of(&base, &inputs);
        let mut done = vec![0; inputs.len()];
        let mut base_done = 0;
        let mut rebuilt = vec![Vec::<u8>::new(); inputs.len()];
        for region in &regions {
            prop_assert_eq!(region.base.start, base_done, "no gap in the base");
            base_done = region.base.end;
            let groups = region.class.groups();
            for (at, input) in inputs.iter().enumerate() {
                prop_assert_eq!(region.sides[at].start, done[at], "no gap in an input");
                done[at] = region.sides[at].end;
                let changed = groups.iter().any(|group| group.contains(&at));
                let own = input.slice(region.sides[at].clone());
                prop_assert_eq!(changed, own != base.slice(region.base.clone()));
                rebuilt[at].extend(if changed { own } else { base.slice(region.base.clone()) });
            }
            for group in &groups {
                let text = |at: usize| inputs[at].slice(region.sides[at].clone());
                prop_assert!(group.iter().all(|&at| text(at) == text(group[0])));
                prop_assert!(groups.iter().all(|other| other == group || text(other[0]) != text(group[0])));
            }
        }
        prop_assert_eq!(base_done, base.line_count());
        prop_assert!(regions.windows(2).all(|pair| pair[0].class.is_changed() || pair[1].class.is_changed()));
        for (at, input) in inputs.iter().enumerate() {
            prop_assert_eq!(done[at], input.line_count());
            prop_assert_eq!(&rebuilt[at][..], input.bytes());
        }
    }

    /// What lies between changes is equal, and no two texts are turned into each other by fewer lines (told by a table of all prefixes).
    #[test]
    fn changes_are_as_few_as_can_be((old, new) in family(1..2)) {
        let (old, new) = (document(&old), document(&new[0]));
        let (old, new) = (lines(&old), lines(&new));
        let changes = changes(&old, &new);
        let mut done = (0, 0);
        let mut changed = 0;
        for (from, to) in changes.into_iter().chain([(old.len()..old.len(), new.len()..new.len())]) {
            prop_assert_eq!(&old[done.0..from.start], &new[done.1..to.start]);
            changed += from.len() + to.len();
            done = (from.end, to.end);
        }
        let mut longest = vec![vec![0; new.len() + 1]; old.len() + 1];
        for (at, line) in old.iter().enumerate() {
            for (to, other) in new.iter().enumerate() {
                longest[at + 1][to + 1] =
                    if line == other { longest[at][to] + 1 } else { longest[at][to + 1].max(longest[at + 1][to]) };
            }
        }
        prop_assert_eq!(changed, old.len() + new.len() - 2 * longest[old.len()][new.len()]);
    }

    /// The order of the inputs permutes the classes and nothing else.
    #[test]
    fn the_order_of_inputs_means_nothing((base, inputs) in family(2..5)) {
        let base = document(&base);
        let inputs: Vec<Document> = inputs.iter().map(|input| document(input)).collect();
        let turned: Vec<Document> = inputs.iter().rev().cloned().collect();
        let last = inputs.len() - 1;
        let there = regions_of(&base, &inputs);
        let back = regions_of(&base, &turned);
        prop_assert_eq!(there.len(), back.len());
        for (mut region, other) in there.into_iter().zip(back) {
            region.sides.reverse();
            prop_assert_eq!(&region.base, &other.base);
            prop_assert_eq!(&region.sides, &other.sides);
            let mut groups = region.class.groups();
            for group in &mut groups {
                for at in group.iter_mut() { *at = last - *at; }
                group.sort_unstable();
            }
            groups.sort();
            let mut expected = other.class.groups();
            expected.sort();
            prop_assert_eq!(groups, expected);
        }
    }

    /// For two inputs of unlike lines (where no change could as well stand elsewhere) the regions are those of similar's merge.
    #[test]
    fn two_inputs_are_merged_as_similar_does(
        edits in prop::collection::vec((0..3_usize, 0..3_usize, 0..5_usize), 0..24)
    ) {
        let base: Vec<String> = (0..edits.len()).map(|at| format!("{at}\n")).collect();
        let side = |of: fn(&(usize, usize, usize)) -> (usize, usize)| {
            let edited = edits.iter().enumerate().map(|(at, edit)| match of(edit) {
                (0, 4) => String::new(),
                (1, 4) => format!("replaced {at}\n"),
                (2, 4) => format!("inserted {at}\n{at}\n"),
                (kind, 3) => format!("{kind} of {at}\n"),
                _ => format!("{at}\n"),
            });
            edited.collect::<String>()
        };
        let (base, ours, theirs) = (base.concat(), side(|edit| (edit.0, edit.2)), side(|edit| (edit.1, 4 - edit.2 % 4)));
        let inputs = [document(ours.as_bytes()), document(theirs.as_bytes())];
        let found: Vec<_> = regions_of(&document(base.as_bytes()), &inputs).into_iter().map(|region| {
            let class = match region.class {
                RegionClass::Unchanged => MergeResolution::Unchanged,
                RegionClass::Only(0) => MergeResolution::Ours,
                RegionClass::Only(_) => MergeResolution::Theirs,
                RegionClass::Shared(_) => MergeResolution::Both,
                RegionClass::Conflict(_) => MergeResolution::Conflict,
            };
            (class, region.base, region.sides[0].clone(), region.sides[1].clone())
        }).collect();
        let merge = TextMerge::from_lines(base.as_str(), ours.as_str(), theirs.as_str());
        let expected: Vec<_> = merge.regions().iter().map(|region| {
            (region.resolution(), region.base_range(), region.ours_range(), region.theirs_range())
        }).collect();
        prop_assert_eq!(found, expected);
    }
}
