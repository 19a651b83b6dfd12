//! Folders that hold what should not be opened, may not be read, or does not stand still.

use std::collections::BTreeSet;
use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};

use driftline::collect::{CollectPlan, Watch, collect};
use driftline::snapshot::{Content, IncidentKind, Special, Timestamp};
use driftline::text::Redactor;
use tempfile::tempdir;

use crate::support::collecting::{Outcome, Plan, entry, paths};
use crate::support::tree::Tree;
use crate::support::user::as_ordinary_user;

#[test]
fn special_files_are_listed_and_never_opened() {
    let home = tempdir().unwrap();
    let build = |name: &str| Tree::at(home.path().join(name)).fifo("fifo").socket("socket").file("file", "x");
    let (one, two) = (build("one"), build("two"));
    let mut special = vec![("fifo", Special::Fifo), ("socket", Special::Socket)];
    let (one, two) = if rustix::process::geteuid().is_root() {
        special.push(("device", Special::CharacterDevice));
        (one.null_device("device"), two.null_device("device"))
    } else {
        (one, two)
    };
    // An opened FIFO without a writer would wait for ever.
    let outcome = Plan::of(&[one.root(), two.root()]).run();
    for (path, kind) in special {
        assert_eq!(outcome.entry(0, path).content, Content::Special(kind));
    }
    assert_eq!(outcome.counters.files_opened, 2);
    assert!(outcome.snapshots.iter().all(|snapshot| snapshot.incidents.is_empty()));
}

#[test]
fn what_may_not_be_read_is_unknown_and_said() {
    as_ordinary_user("local_hostile::what_may_not_be_read_is_unknown_and_said", || {
        let home = tempdir().unwrap();
        let one = Tree::at(home.path().join("one"))
            .file("file", "1")
            .mode("file", 0o000)
            .file("open", "2")
            .file("closed/below", "3")
            .mode("closed", 0o000)
            .file("names only/below", "4")
            .mode("names only", 0o400);
        let two = Tree::at(home.path().join("two")).file("file", "another size").file("open", "2");
        let outcome = Plan::of(&[one.root(), two.root()]).run();
        let one = one.mode("closed", 0o700).mode("names only", 0o700);
        assert_eq!(paths(&outcome.snapshots[0]), ["closed", "file", "names only", "open"]);
        let said: Vec<(IncidentKind, &str)> =
            outcome.snapshots[0].incidents.iter().map(|incident| (incident.kind, &*incident.message)).collect();
        assert_eq!(
            said,
            [
                (IncidentKind::Folder, "cannot open the folder `closed`: permission denied"),
                (IncidentKind::File, "cannot open `file`: permission denied"),
                (IncidentKind::Folder, "cannot look into `names only`: permission denied"),
            ]
        );
        for (path, is_folder) in [("closed", true), ("file", false), ("names only", true)] {
            let content = &outcome.entry(0, path).content;
            assert!(
                matches!(content, Content::Unreadable { folder, .. } if *folder == is_folder),
                "{path}: {content:?}"
            );
        }
        drop(one);
        let closed = Tree::at(home.path().join("closed root")).mode(".", 0o000);
        let unread = Plan::of(&[closed.root()]).collect();
        let message = &unread.snapshots[0].incidents[0].message;
        assert!(message.ends_with("closed root`: permission denied"), "{message}");
    });
}

#[test]
fn a_chain_of_3000_folders_is_walked_and_read() {
    let home = tempdir().unwrap();
    for name in ["one", "two"] {
        deep(&home.path().join(name), 3000);
    }
    let outcome = Plan::of(&[&home.path().join("one"), &home.path().join("two")]).run();
    let path = [b"d/".repeat(3000), b"file".to_vec()].concat();
    assert_eq!(outcome.snapshots[0].entries.len(), 3001);
    assert_eq!(outcome.same(&path), Some(true));
    assert_eq!(outcome.counters.files_opened, 2);
    for name in ["one", "two"] {
        fell(&home.path().join(name));
    }
}

/// Builds a chain of folders longer than any path that the system takes.
fn deep(root: &Path, depth: usize) {
    use rustix::fs::{CWD, Mode, OFlags, mkdirat, openat};
    fs::create_dir(root).unwrap();
    let flags = OFlags::DIRECTORY | OFlags::CLOEXEC;
    let mut at = openat(CWD, root, flags, Mode::empty()).unwrap();
    for _ in 0..depth {
        mkdirat(&at, "d", Mode::from(0o755)).unwrap();
        at = openat(&at, "d", flags, Mode::empty()).unwrap();
    }
    let file = openat(&at, "file", OFlags::CREATE | OFlags::WRONLY, Mode::from(0o644)).unwrap();
    rustix::io::write(&file, b"deep").unwrap();
}

/// Takes such a chain down from above, which deleting by recursion could not.
fn fell(root: &Path) {
    let parent = root.parent().unwrap();
    for step in 0.. {
        let (below, kept) = (root.join("d"), parent.join(format!("kept {step}")));
        if fs::rename(&below, &kept).is_err() {
            break;
        }
        fs::remove_dir(root).unwrap();
        fs::rename(&kept, root).unwrap();
    }
}

#[test]
fn wide_and_branching_trees_need_few_descriptors() {
    let home = tempdir().unwrap();
    let mut tree = Tree::at(home.path().join("tree"));
    for number in 0..1500 {
        tree = tree.folder(format!("{}/{}/{number}/a/b", number % 5, number % 37));
    }
    let most = AtomicBool::new(false);
    let watch = Descriptors { too_many: &most };
    let plan = Plan::of(&[tree.root()]);
    let plan = CollectPlan {
        environments: &plan.environments,
        ignore: &[],
        threads: std::num::NonZeroUsize::new(4),
        state_dir: None,
        rehash: false,
        redactor: &Redactor::new([7; 32], &[]),
        patience: std::time::Duration::from_secs(60),
        connections: &driftline::collect::Connections::default(),
        now: Timestamp::default(),
    };
    let collected = collect(&plan, &watch).unwrap();
    assert_eq!(collected.counters().folders_listed as usize, collected.snapshots[0].entries.len() + 1);
    assert!(!most.load(Ordering::Relaxed));
}

/// Looks after each folder at how many descriptors below the temporary folder are open. Other tests have some of their own.
struct Descriptors<'a> {
    too_many: &'a AtomicBool,
}

impl Watch for Descriptors<'_> {
    fn listed(&self, _: usize, _: u64) {
        let open = fs::read_dir("/proc/self/fd").map_or(0, Iterator::count);
        if open > 700 {
            self.too_many.store(true, Ordering::Relaxed);
        }
    }
    fn listing_ended(&self, _: usize) {}
    fn expects(&self, _: usize, _: u64, _: u64) {}
    fn read(&self, _: usize, _: u64, _: u64) {}
}

/// Changes a file at the moment when its reading is announced, or while it is read.
struct Meddler<F: Fn(Moment) + Sync>(F);

#[derive(Clone, Copy, PartialEq, Eq)]
enum Moment {
    /// It is listed, and about to be opened.
    Before,
    /// Its first bytes were read.
    During,
}

impl<F: Fn(Moment) + Sync> Watch for Meddler<F> {
    fn listed(&self, _: usize, _: u64) {}
    fn listing_ended(&self, _: usize) {}
    fn expects(&self, environment: usize, _: u64, _: u64) {
        if environment == 1 {
            (self.0)(Moment::Before);
        }
    }
    fn read(&self, environment: usize, files: u64, _: u64) {
        if environment == 1 && files == 0 {
            (self.0)(Moment::During);
        }
    }
}

const LENGTH: usize = 600_000;

/// Compares two equal files of which the second is meddled with.
fn meddled(meddle: impl Fn(Moment, &Path) + Sync) -> Outcome {
    let home = tempdir().unwrap();
    let one = Tree::at(home.path().join("one")).file("file", vec![b'x'; LENGTH]).file("other", "o");
    let two = Tree::at(home.path().join("two")).file("file", vec![b'x'; LENGTH]).file("other", "o");
    let file = two.path("file");
    let watch = Meddler(|moment| meddle(moment, &file));
    let plan = Plan::of(&[one.root(), two.root()]);
    let plan = CollectPlan {
        environments: &plan.environments,
        ignore: &[],
        threads: std::num::NonZeroUsize::new(1),
        state_dir: None,
        rehash: false,
        redactor: &Redactor::new([7; 32], &[]),
        patience: std::time::Duration::from_secs(60),
        connections: &driftline::collect::Connections::default(),
        now: Timestamp::default(),
    };
    let mut collected = collect(&plan, &watch).unwrap();
    let questions = driftline::compare::questions(&collected.snapshots);
    collected.answer(&questions);
    let outcome = Outcome { counters: collected.counters(), notes: Vec::new(), snapshots: collected.snapshots };
    assert_eq!(outcome.same("other"), Some(true), "the rest goes on");
    outcome
}

fn assert_unstable(outcome: &Outcome) {
    let Content::Unreadable { incident, folder: false } = outcome.entry(1, "file").content else {
        panic!("{:?}", outcome.entry(1, "file"));
    };
    let incident = &outcome.snapshots[1].incidents[incident.0 as usize];
    assert_eq!(incident.kind, IncidentKind::Unstable);
    assert!(incident.message.starts_with("`file` is unstable: "), "{}", incident.message);
    assert!(matches!(outcome.entry(0, "file").content, Content::File(file) if file.digests.blake3.is_some()));
}

fn append(file: &Path) {
    use std::io::Write;
    fs::File::options().append(true).open(file).unwrap().write_all(b"more").unwrap();
}

#[test]
fn a_growing_file_is_unstable() {
    assert_unstable(&meddled(|moment, file| {
        if moment == Moment::During {
            append(file);
        }
    }));
    assert_unstable(&meddled(|moment, file| {
        if moment == Moment::Before {
            append(file);
        }
    }));
}

#[test]
fn a_truncated_file_is_unstable() {
    for wanted in [Moment::Before, Moment::During] {
        assert_unstable(&meddled(|moment, file| {
            if moment == wanted {
                fs::File::options().write(true).open(file).unwrap().set_len(1000).unwrap();
            }
        }));
    }
}

#[test]
fn a_file_that_vanishes_is_unstable() {
    assert_unstable(&meddled(|moment, file| {
        if moment == Moment::Before {
            fs::remove_file(file).unwrap();
        }
    }));
}

#[test]
fn a_file_that_becomes_a_pipe_or_a_link_is_unstable_and_nobody_waits() {
    assert_unstable(&meddled(|moment, file| {
        if moment == Moment::Before {
            fs::remove_file(file).unwrap();
            rustix::fs::mknodat(rustix::fs::CWD, file, rustix::fs::FileType::Fifo, rustix::fs::Mode::from(0o644), 0)
                .unwrap();
        }
    }));
    assert_unstable(&meddled(|moment, file| {
        if moment == Moment::Before {
            fs::remove_file(file).unwrap();
            std::os::unix::fs::symlink("other", file).unwrap();
        }
    }));
}

#[test]
fn a_file_that_changes_once_is_read_again() {
    let once = AtomicBool::new(false);
    let outcome = meddled(|moment, file| {
        if moment == Moment::During && !once.swap(true, Ordering::Relaxed) {
            fs::write(file, vec![b'y'; LENGTH]).unwrap();
        }
    });
    assert_eq!(outcome.same("file"), Some(false));
    let Content::File(file) = outcome.entry(1, "file").content else { panic!() };
    assert_eq!(file.digests.blake3, Some(*blake3::hash(&vec![b'y'; LENGTH]).as_bytes()));
    assert_eq!(outcome.snapshots[1].incidents, []);
}

#[test]
fn access_times_stay() {
    let home = tempdir().unwrap();
    let build = |name: &str| Tree::at(home.path().join(name)).file("folder/file", "12345").file("top", "1");
    let (one, two) = (build("one"), build("two"));
    // Long before the last change: the next reader would move it, even where access times are kept lazily.
    let places: BTreeSet<_> = [&one, &two]
        .iter()
        .flat_map(|tree| ["folder/file", "top", "folder", "."].map(|path| tree.path(path)))
        .collect();
    for place in &places {
        let past = rustix::fs::Timespec { tv_sec: 1_000_000_000, tv_nsec: 5 };
        let keep = rustix::fs::Timespec { tv_sec: 0, tv_nsec: rustix::fs::UTIME_OMIT };
        let times = rustix::fs::Timestamps { last_access: past, last_modification: keep };
        rustix::fs::utimensat(rustix::fs::CWD, place, &times, rustix::fs::AtFlags::empty()).unwrap();
    }
    let mut collected = Plan::of(&[one.root(), two.root()]).collect();
    let questions = driftline::compare::questions(&collected.snapshots);
    collected.answer(&questions);
    assert_eq!(collected.counters().files_opened, 4);
    for place in &places {
        let there = fs::metadata(place).unwrap();
        assert_eq!((there.atime(), there.atime_nsec()), (1_000_000_000, 5), "{}", place.display());
    }
}

#[test]
fn a_root_may_be_reached_through_links() {
    let home = tempdir().unwrap();
    let tree = Tree::at(home.path().join("tree")).file("real/file", "x").link("link", "real").link("far", "link");
    let collected = Plan::of(&[&tree.path("far")]).collect();
    assert_eq!(paths(&collected.snapshots[0]), ["file"]);
    assert_eq!(entry(&collected.snapshots[0], "file").attributes.mode & 0o600, 0o600);
}

#[test]
fn git_folders_are_no_part_of_a_tree() {
    let home = tempdir().unwrap();
    let tree = Tree::at(home.path().join("tree"))
        .file(".git/config", "x")
        .file("sub/.git", "gitdir: elsewhere")
        .file("sub/.github/x", "x")
        .file(".gitignore", "x");
    let collected = Plan::of(&[tree.root()]).collect();
    assert_eq!(paths(&collected.snapshots[0]), [".gitignore", "sub", "sub/.github", "sub/.github/x"]);
}

#[test]
fn what_is_mapped_from_an_unreadable_folder_is_unknown() {
    as_ordinary_user("local_hostile::what_is_mapped_from_an_unreadable_folder_is_unknown", || {
        let home = tempdir().unwrap();
        let tree = Tree::at(home.path().join("tree")).file("closed/backend/x", "x").mode("closed", 0o000);
        let collected = Plan::of(&[tree.root()]).map(0, &[("backend", "closed/backend")]).collect();
        let tree = tree.mode("closed", 0o700);
        let snapshot = &collected.snapshots[0];
        assert_eq!(paths(snapshot), ["backend", "closed"]);
        assert!(matches!(entry(snapshot, "backend").content, Content::Unreadable { folder: true, .. }));
        assert_eq!(snapshot.incidents.len(), 1);
        drop(tree);
    });
}
