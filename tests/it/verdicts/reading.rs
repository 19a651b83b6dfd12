//! What is read for a verdict.

use std::collections::BTreeSet;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use driftline::collect::Collected;
use driftline::insight::units;
use driftline::insight::verdict::{self, Asked, Doubt, Reading, Verdict};
use driftline::path::TreePath;
use driftline::snapshot::{
    Algorithms, Beyond, Blob, BlobId, CommitId, CommitReader, CommitRecord, ContentReader, Digests, EntryRef,
    ReadFailure, TreeChange,
};
use tempfile::tempdir;

use super::{Sides, commit_id, reading};
use crate::support::collecting::Plan;
use crate::support::repo::Repo;

/// Notes which committed contents are read.
struct Noting<'a, 'b> {
    commits: &'a Collected<'b>,
    read: Mutex<BTreeSet<String>>,
}

impl CommitReader for Noting<'_, '_> {
    fn beyond(&self, environment: usize, others: &[usize]) -> Result<Beyond, ReadFailure> {
        self.commits.beyond(environment, others)
    }

    fn since(&self, environment: usize, commit: &CommitId) -> Result<Vec<CommitRecord>, ReadFailure> {
        self.commits.since(environment, commit)
    }

    fn changes(&self, at: usize, from: Option<&CommitId>, to: &CommitId) -> Result<Vec<TreeChange>, ReadFailure> {
        self.commits.changes(at, from, to)
    }

    fn at(&self, environment: usize, commit: &CommitId, path: &TreePath) -> Result<Option<Blob>, ReadFailure> {
        self.commits.at(environment, commit, path)
    }

    fn blob_size(&self, environment: usize, id: &BlobId) -> Result<u64, ReadFailure> {
        self.commits.blob_size(environment, id)
    }

    fn blob(&self, environment: usize, path: &TreePath, blob: Blob, limit: u64) -> Result<Vec<u8>, ReadFailure> {
        self.read.lock().unwrap().insert(format!("{path:?}"));
        self.commits.blob(environment, path, blob, limit)
    }

    fn message(&self, environment: usize, commit: &CommitId) -> Result<Vec<u8>, ReadFailure> {
        self.commits.message(environment, commit)
    }

    fn record(&self, environment: usize, commit: &CommitId) -> Result<Option<CommitRecord>, ReadFailure> {
        self.commits.record(environment, commit)
    }

    fn author(&self, environment: usize, commit: &CommitId) -> Result<Vec<u8>, ReadFailure> {
        self.commits.author(environment, commit)
    }

    fn staged(&self, environment: usize, path: &TreePath) -> Option<Blob> {
        self.commits.staged(environment, path)
    }
}

#[test]
fn what_one_side_alone_changes_is_read_only_where_the_rest_leaves_a_trace() {
    let names = ["a.py", "b/b.py", "c/c.py", "d/d.py", "e/e.py"];
    let sides = Sides::new(&names.map(|name| (name, "one\ntwo\nthree\n")));
    for name in names {
        sides.source.write(name, format!("one\ntwo\nthree\nwritten into {name}\n"));
    }
    sides.source.commit("everywhere");
    let read = || {
        let collected = sides.collected();
        let noting = Noting { commits: &collected, read: Mutex::default() };
        let units = units::commits(&collected.beyond(0, &[1]).unwrap(), 0, &collected).unwrap();
        let asked = Asked { units: &units, source: 0, target: 1, base: None, is_in_nearest: false };
        let judged = verdict::judge(&asked, &Reading { commits: &noting, ..reading(&collected) }).unwrap();
        (judged.judgements[0].verdict.clone(), noting.read.into_inner().unwrap())
    };
    let all: BTreeSet<String> = names.iter().map(|name| format!("`{name}`")).collect();
    let (verdict, seen) = read();
    assert_eq!((verdict, seen.len()), (Verdict::Absent, 0), "the target did nothing");
    sides.target.write("b/b.py", "one\ntwo\nthree and a half\n").commit("something else");
    let (verdict, seen) = read();
    assert_eq!((verdict, seen), (Verdict::Absent, BTreeSet::from(["`b/b.py`".to_owned()])));
    sides.target.write("b/b.py", "one\ntwo\nthree\nwritten into b/b.py\n").commit("a part of it");
    let (verdict, seen) = read();
    assert!(matches!(verdict, Verdict::Partly { .. }), "{verdict:?}");
    assert_eq!(seen, all);
}

/// Reads present files so many times, and fails then.
struct Failing<'a, 'b> {
    contents: &'a Collected<'b>,
    left: AtomicUsize,
    failed: AtomicUsize,
}

impl ContentReader for Failing<'_, '_> {
    fn read(&self, environment: usize, path: &TreePath, limit: u64) -> Result<Vec<u8>, ReadFailure> {
        let is_left = self.left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| left.checked_sub(1)).is_ok();
        if !is_left {
            self.failed.fetch_add(1, Ordering::Relaxed);
            return Err(ReadFailure("the line went dead".to_owned()));
        }
        self.contents.read(environment, path, limit)
    }

    fn digests(&self, at: EntryRef, wanted: Algorithms) -> Result<Digests, ReadFailure> {
        self.contents.digests(at, wanted)
    }
}

#[test]
fn nothing_is_said_of_a_file_that_cannot_be_read_to_the_end() {
    let before = "def one():\n    go()\n\n\ndef two():\n    stay()\n".to_owned();
    let home = tempdir().unwrap();
    let source = Repo::init(home.path().join("source"));
    source.write("a.py", &before).write("b.py", "b = 1\n").commit("base");
    let base = commit_id(&source.git(&["rev-parse", "HEAD"]));
    source.write("a.py", before.replace("    go", "    check()\n    go")).commit("fix");
    let prod = home.path().join("prod");
    std::fs::create_dir(&prod).unwrap();
    std::fs::write(prod.join("a.py"), before.replace("    stay", "    check()\n    stay")).unwrap();
    std::fs::write(prod.join("b.py"), "b = 1\n").unwrap();
    let collected = Plan::of(&[source.root(), &prod]).collect();
    let units = units::commits(&collected.beyond(0, &[1]).unwrap(), 0, &collected).unwrap().split_off(1);
    let asked = Asked { units: &units, source: 0, target: 1, base: Some((0, base)), is_in_nearest: false };
    let mut reads = 0;
    loop {
        let failing = Failing { contents: &collected, left: AtomicUsize::new(reads), failed: AtomicUsize::new(0) };
        let judged = verdict::judge(&asked, &Reading { contents: &failing, ..reading(&collected) }).unwrap();
        let verdict = judged.judgements[0].verdict.clone();
        if failing.failed.into_inner() == 0 {
            assert_eq!(verdict, Verdict::Absent, "it is in another function");
            break;
        }
        let is_open = matches!(&verdict, Verdict::Unproven { because: Doubt::Unreadable(_) });
        assert!(is_open, "it was read {reads} times and then no more: {verdict:?}");
        reads += 1;
    }
    assert!(reads > 2, "it is read for its changes, for its lines, and for what they belong to");
}
