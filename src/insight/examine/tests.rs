use std::collections::BTreeMap;

use super::*;
use crate::compare::compare;
use crate::compare::testing::{Tree, path};
use crate::snapshot::{CommitId, CommitSummary, Digests, ReadFailure};

const FIRST: &str = "def create():\n    check()\n    save()\n    mail()\n";
const MIDDLE: &str = "def create():\n    check()\n    reject_duplicate()\n    save()\n    mail()\n";
const LAST: &str =
    "def create():\n    check()\n    reject_duplicate()\n    hash_password()\n    save()\n    retry_mail()\n";
const OTHER: &str = "def create():\n    check()\n    nobody_else_has_this()\n    save()\n    mail()\n";

/// Texts by environment and path, and committed versions of paths.
#[derive(Default)]
struct Texts {
    files: BTreeMap<(usize, TreePath), Vec<u8>>,
    versions: BTreeMap<TreePath, Vec<CommittedVersion>>,
    refuses: bool,
}

/// Stands in for git's name of a content.
fn name(bytes: &[u8]) -> [u8; 20] {
    blake3::hash(bytes).as_bytes()[..20].try_into().unwrap()
}

impl ContentReader for Texts {
    fn read(&self, environment: usize, path: &TreePath, _: u64) -> Result<Vec<u8>, ReadFailure> {
        if self.refuses {
            return Err(ReadFailure("debug: cannot read it: permission denied".to_owned()));
        }
        Ok(self.files[&(environment, path.clone())].clone())
    }

    fn digests(&self, at: EntryRef, wanted: Algorithms) -> Result<Digests, ReadFailure> {
        if self.refuses {
            return Err(ReadFailure("debug: cannot read it: permission denied".to_owned()));
        }
        let bytes = self.files.iter().filter(|((environment, _), _)| *environment == at.environment).nth(at.entry);
        let bytes = bytes.unwrap().1;
        Ok(Digests {
            blake3: wanted.blake3.then(|| *blake3::hash(bytes).as_bytes()),
            git_blob: wanted.git_blob.then(|| name(bytes)),
            ..Digests::default()
        })
    }
}

impl HistoryReader for Texts {
    fn committed(&self, _: usize, _: &TreePath) -> Result<Option<Vec<u8>>, ReadFailure> {
        Ok(Some(FIRST.as_bytes().to_vec()))
    }

    fn common_ancestor(&self, _: &[usize], _: &TreePath) -> Result<Option<(CommitSummary, Vec<u8>)>, ReadFailure> {
        Ok(None)
    }

    fn versions(&self, _: usize, path: &TreePath) -> Result<Vec<CommittedVersion>, ReadFailure> {
        Ok(self.versions.get(path).cloned().unwrap_or_default())
    }
}

fn commit() -> CommitSummary {
    CommitSummary { id: CommitId(vec![7; 20].into()), subject: "V2".to_owned(), author: "A".to_owned(), authored: 0 }
}

/// Environments prod and debug with these files, all in the root.
fn examined(
    prod: &[(&str, &str)],
    debug: &[(&str, &str)],
    committed: Option<&str>,
    refuses: bool,
) -> Vec<ArtifactEvidence> {
    let mut texts = Texts { refuses, ..Texts::default() };
    let mut snapshots = Vec::new();
    for (environment, (label, files)) in [("prod", prod), ("debug", debug)].into_iter().enumerate() {
        let mut tree = Tree::new(label);
        for (at, text) in files {
            tree = tree.file(at, text);
            texts.files.insert((environment, path(at)), text.as_bytes().to_vec());
        }
        snapshots.push(tree.done());
    }
    if let Some(text) = committed {
        snapshots[1].git = GitState::Commit { reference: "main".to_owned(), commit: commit() };
        let version = CommittedVersion { commit: commit(), git_blob: name(text.as_bytes()) };
        texts.versions.insert(path("X.py"), vec![version]);
    }
    examine(&artifacts::find(&compare(&snapshots), &snapshots), &snapshots, &texts, &texts)
}

#[test]
fn an_original_is_prods_and_a_backup_lies_between() {
    let debug = [("X.py", LAST), ("X.py.original", FIRST), ("X.py.backup", MIDDLE)];
    let [backup, original] = &examined(&[("X.py", FIRST)], &debug, None, false)[..] else { panic!() };
    assert_eq!((original.equals_current, &*original.equals), (false, &[0][..]));
    assert!(backup.equals.is_empty());
    assert_eq!(backup.between, Some(Between { older: Older::Artifact(path("X.py.original")), own_lines: 0 }));
    assert!(!backup.is_unique());

    // Without the other artifact, prod's version is the older end.
    let debug = [("X.py", LAST), ("X.py.backup", MIDDLE)];
    assert_eq!(
        examined(&[("X.py", FIRST)], &debug, None, false)[0].between,
        Some(Between { older: Older::Environment(0), own_lines: 0 })
    );
    // And without prod's, the committed one.
    let between = examined(&[], &debug, Some("never"), false)[0].between.clone();
    assert_eq!(between, Some(Between { older: Older::Commit(1, commit()), own_lines: 0 }));
}

#[test]
fn what_nobody_has_is_unique() {
    let found = examined(&[("X.py", FIRST)], &[("X.py", LAST), ("X.py~", OTHER), ("gone.bak", "x")], None, false);
    assert!(found.iter().all(ArtifactEvidence::is_unique));
    assert_eq!(found.len(), 2);
}

#[test]
fn a_committed_version_is_known() {
    let debug = [("X.py", LAST), ("X.py.bak", OTHER)];
    assert_eq!(examined(&[], &debug, Some(OTHER), false)[0].committed, Some((1, commit())));
    // Also when the original is nowhere any more.
    assert_eq!(examined(&[], &[("X.py.bak", OTHER)], Some(OTHER), false)[0].committed, Some((1, commit())));
}

#[test]
fn the_current_file_needs_no_reading() {
    let found = examined(&[], &[("X.py", LAST), ("X.py.bak", LAST)], Some("never"), true);
    assert!(found[0].equals_current && !found[0].is_unique());
}

#[test]
fn what_cannot_be_read_is_not_unique() {
    let found = examined(&[], &[("X.py", LAST), ("X.py.bak", OTHER)], None, true);
    assert_eq!(found[0].unknown.as_deref(), Some("debug: cannot read it: permission denied"));
    assert!(!found[0].is_unique());
}

#[test]
fn a_middle_state_shares_a_change_and_its_own_lines_are_counted() {
    let own =
        |older: &str, middle: &str, newer: &str| on_the_way(older.as_bytes(), middle.as_bytes(), newer.as_bytes());
    assert_eq!(own(FIRST, MIDDLE, LAST), Some(0));
    assert_eq!(own(FIRST, OTHER, LAST), None);
    assert_eq!(own(FIRST, FIRST, LAST), None);
    assert_eq!(own(FIRST, LAST, LAST), None);
    // It took something away that the newer one kept, and has nothing of the newer one.
    assert_eq!(own("a\nb\nc\n", "a\nc\n", "a\nb\nc\nd\n"), None);
    assert_eq!(own("a\nb\nc\n", "a\nc\n", "a\nc\nd\n"), Some(0));
    // One change is the newer one's too, two lines are of its own.
    assert_eq!(own("a\nb\nc\n", "new\na\nb\nmine\ntoo\nc\n", "new\na\nb\nc\nd\n"), Some(2));
}
