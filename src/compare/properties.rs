//! What holds for any snapshots.

use std::collections::BTreeSet;

use proptest::prelude::*;

use super::testing::Tree;
use super::*;
use crate::snapshot::{Digests, File, Special, TextFold, TextFolds};

/// What may be at a path; texts that differ only quietly are among them.
const TEXTS: [&str; 7] = ["", "a\nb\n", "a\r\nb\r\n", "\u{feff}a\nb\n", "a \nb\n", "c\nb\n", "a\nc\n"];

#[derive(Debug, Clone)]
enum Thing {
    Text(usize),
    /// A file of which only git's name is known, or nothing.
    Other(Option<u8>),
    Link(bool),
    Folder,
    Submodule(bool),
    Fifo,
    Unreadable(bool),
}

fn thing() -> impl Strategy<Value = Thing> {
    prop_oneof![
        4 => (0..TEXTS.len()).prop_map(Thing::Text),
        2 => proptest::option::of(0..2u8).prop_map(Thing::Other),
        1 => any::<bool>().prop_map(Thing::Link),
        2 => Just(Thing::Folder),
        1 => any::<bool>().prop_map(Thing::Submodule),
        1 => Just(Thing::Fifo),
        1 => any::<bool>().prop_map(Thing::Unreadable),
    ]
}

/// A tree over few names, so that environments share paths. Nothing is below what is no folder.
fn snapshot(name: &'static str) -> impl Strategy<Value = Snapshot> {
    let path = proptest::collection::vec(prop_oneof![Just("a"), Just("b"), Just("a-b.py")], 1..4);
    let entries = proptest::collection::btree_map(path.prop_map(|parts| parts.join("/")), thing(), 0..12);
    (entries, proptest::bool::weighted(0.1)).prop_map(move |(entries, unread)| {
        if unread {
            let name = EnvironmentName::new(name).unwrap();
            return Snapshot::unread(name, "/".to_owned(), "no such host".to_owned(), None);
        }
        let mut tree = Tree::new(name);
        let mut leaves: Vec<String> = Vec::new();
        for (path, thing) in entries {
            if leaves.iter().any(|leaf| path.starts_with(&format!("{leaf}/"))) {
                continue;
            }
            if !matches!(thing, Thing::Folder) {
                leaves.push(path.clone());
            }
            tree = match thing {
                Thing::Text(text) => tree.file(&path, TEXTS[text]),
                Thing::Other(git_blob) => {
                    let digests = Digests { git_blob: git_blob.map(|byte| [byte; 20]), ..Digests::default() };
                    tree.put(&path, Content::File(File { size: 4, digests }), 0o644)
                }
                Thing::Link(there) => tree.link(&path, if there { "there" } else { "here" }),
                Thing::Folder => tree.folder(&path),
                Thing::Submodule(later) => tree.submodule(&path, u8::from(later)),
                Thing::Fifo => tree.put(&path, Content::Special(Special::Fifo), 0o644),
                Thing::Unreadable(folder) => tree.unreadable(&path, folder),
            };
        }
        tree.done()
    })
}

fn snapshots() -> impl Strategy<Value = Vec<Snapshot>> {
    (snapshot("one"), snapshot("two"), snapshot("three"), 1..4usize).prop_map(|(one, two, three, count)| {
        let mut snapshots = vec![one, two, three];
        snapshots.truncate(count);
        snapshots
    })
}

/// Whether something above the path, or the whole environment, is unknown.
fn is_unknown(snapshot: &Snapshot, path: &TreePath) -> bool {
    snapshot.unread_because().is_some()
        || path.ancestors().any(|above| {
            snapshot.entries.iter().any(|entry| {
                entry.path.as_bytes() == above
                    && matches!(entry.content, Content::Unreadable { folder: true, .. } | Content::Submodule { .. })
            })
        })
}

fn folds(comparison: &Comparison, snapshots: &[Snapshot]) -> TextFolds {
    let text = |at: &EntryRef| {
        let Content::File(file) = snapshots[at.environment].entries[at.entry].content else { return None };
        TEXTS.iter().find(|text| Some(*blake3::hash(text.as_bytes()).as_bytes()) == file.digests.blake3)
    };
    let hash = |text: &str| *blake3::hash(text.as_bytes()).as_bytes();
    let fold = |text: &str| {
        let plain = text.trim_start_matches('\u{feff}').replace("\r\n", "\n");
        let trimmed = plain.replace(" \n", "\n");
        TextFold {
            has_bom: text.starts_with('\u{feff}'),
            has_crlf: text.contains('\r'),
            plain: hash(&plain),
            trimmed: hash(&trimmed),
        }
    };
    let asked = fold_candidates(comparison, snapshots).into_iter().flat_map(|question| question.members);
    asked.filter_map(|at| Some((at, fold(text(&at)?)))).collect()
}

proptest! {
    #[test]
    fn every_path_is_in_exactly_one_row(snapshots in snapshots()) {
        let comparison = compare(&snapshots);
        let paths: Vec<&TreePath> = comparison.rows().map(|row| row.path(&snapshots)).collect();
        let all: BTreeSet<&TreePath> = snapshots.iter().flat_map(|one| one.entries.iter().map(|entry| &entry.path)).collect();
        prop_assert_eq!(paths, all.into_iter().collect::<Vec<_>>());
        for row in comparison.rows() {
            let path = row.path(&snapshots);
            prop_assert_eq!(comparison.find(&snapshots, path), Some(row.index));
            for (environment, snapshot) in snapshots.iter().enumerate() {
                prop_assert_eq!(row.entry(environment), snapshot.find(path));
            }
        }
    }

    #[test]
    fn absent_is_what_is_known_to_be_absent(snapshots in snapshots()) {
        for row in compare(&snapshots).rows() {
            let path = row.path(&snapshots);
            for (environment, snapshot) in snapshots.iter().enumerate() {
                let absent = snapshot.find(path).is_none() && !is_unknown(snapshot, path);
                prop_assert_eq!(row.cells[environment] == Cell::Absent, absent);
                let unreadable = matches!(row.content(&snapshots, environment), Some(Content::Unreadable { .. }));
                prop_assert!(!unreadable || matches!(row.cells[environment], Cell::Unreadable(_)));
            }
        }
    }

    #[test]
    fn equal_letters_are_equal_contents(snapshots in snapshots()) {
        for row in compare(&snapshots).rows() {
            for a in 0..snapshots.len() {
                for b in 0..snapshots.len() {
                    let (Cell::Variant(x), Cell::Variant(y)) = (row.cells[a], row.cells[b]) else { continue };
                    let (Some(Content::File(f)), Some(Content::File(g))) =
                        (row.content(&snapshots, a), row.content(&snapshots, b)) else { continue };
                    let same = if f.size == g.size && f.size > 0 { f.digests.same(&g.digests) } else { Some(f.size == g.size) };
                    prop_assert!(same.is_none_or(|same| same == (x == y)));
                }
            }
        }
    }

    #[test]
    fn the_order_of_environments_only_permutes_cells(snapshots in snapshots(), turn in 0..3usize) {
        let count = snapshots.len();
        let mut turned = snapshots.clone();
        turned.rotate_left(turn % count);
        let (before, after) = (compare(&snapshots), compare(&turned));
        prop_assert_eq!(before.len(), after.len());
        for (x, y) in before.rows().zip(after.rows()) {
            prop_assert_eq!(x.differences, y.differences);
            prop_assert_eq!(x.is_folder, y.is_folder);
            let cells: Vec<Cell> = (0..count).map(|at| y.cells[(at + count - turn % count) % count]).collect();
            for a in 0..count {
                prop_assert_eq!(x.cells[a].is_present(), cells[a].is_present());
                prop_assert_eq!(x.cells[a] == Cell::Absent, cells[a] == Cell::Absent);
                for b in 0..count {
                    prop_assert_eq!(x.cells[a] == x.cells[b], cells[a] == cells[b]);
                }
            }
        }
    }

    #[test]
    fn nothing_but_equal_texts_is_quiet(snapshots in snapshots()) {
        let mut comparison = compare(&snapshots);
        let before = comparison.clone();
        let folds = folds(&comparison, &snapshots);
        classify(&mut comparison, &snapshots, &folds);
        for (old, new) in before.rows().zip(comparison.rows()) {
            if old.differences == new.differences {
                continue;
            }
            prop_assert!(old.differences.contains(Differences::CONTENT));
            prop_assert!(old.cells.iter().all(|cell| cell.is_present()));
            // Every file is the text `a`, `b` once blanks, line endings and marks are gone; blanks never are in Python.
            let python = new.path(&snapshots).as_bytes().ends_with(b".py");
            for environment in 0..snapshots.len() {
                let Some(Content::File(file)) = new.content(&snapshots, environment) else { panic!("not a file") };
                let quiet = TEXTS[1..if python { 4 } else { 5 }].iter();
                prop_assert!(quiet.map(|text| Some(*blake3::hash(text.as_bytes()).as_bytes())).any(|hash| hash == file.digests.blake3));
            }
        }
    }

    #[test]
    fn after_its_questions_everything_is_decided(snapshots in snapshots()) {
        let mut answered = snapshots;
        for question in questions(&answered) {
            prop_assert!(question.members.len() > 1 && question.members.is_sorted());
            for (number, at) in question.members.iter().enumerate() {
                let Content::File(file) = &mut answered[at.environment].entries[at.entry].content else { panic!("not a file") };
                file.digests.blake3.get_or_insert([number as u8; 32]);
            }
        }
        prop_assert_eq!(questions(&answered), vec![]);
        for row in compare(&answered).rows() {
            // A folder does not say which of several commits of a submodule it is.
            let content = |at| row.content(&answered, at);
            let commits: BTreeSet<_> = (0..answered.len())
                .filter_map(|at| match content(at) {
                    Some(Content::Submodule { commit }) => Some(commit.clone()),
                    _ => None,
                })
                .collect();
            let is_decided = |at| commits.len() < 2 || !matches!(content(at), Some(Content::Directory));
            for at in (0..answered.len()).filter(|&at| is_decided(at)) {
                prop_assert_ne!(row.cells[at], Cell::Unreadable(NOT_COMPARED));
            }
        }
    }
}
