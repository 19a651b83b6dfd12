//! The hash cache: what is not read again, and what is never trusted.

use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::PathBuf;

use driftline::snapshot::Counters;
use tempfile::{TempDir, tempdir};

use crate::support::collecting::{Outcome, Plan, alone, reference};
use crate::support::tree::{Tree, set_modified, settle};
use crate::support::user::as_ordinary_user;

/// Two trees with three files of equal sizes, old enough to be remembered, and a state folder.
struct Pair {
    home: TempDir,
    one: Tree,
    two: Tree,
}

impl Pair {
    fn new() -> Self {
        let home = tempdir().unwrap();
        let one = Tree::at(home.path().join("one")).file("a/x", "equal").file("b", "left!").file("c", "12345");
        let two = Tree::at(home.path().join("two")).file("a/x", "equal").file("b", "right").file("c", "12345");
        settle();
        Self { home, one, two }
    }

    fn plan(&self) -> Plan {
        Plan::of(&[self.one.root(), self.two.root()]).state(&self.home.path().join("state"))
    }

    fn caches(&self) -> Vec<PathBuf> {
        let mut files: Vec<PathBuf> =
            fs::read_dir(self.home.path().join("state/hashes")).unwrap().map(|file| file.unwrap().path()).collect();
        files.sort();
        files
    }
}

fn judged(outcome: &Outcome) -> [Option<bool>; 3] {
    ["a/x", "b", "c"].map(|path| outcome.same(path))
}

const EXPECTED: [Option<bool>; 3] = [Some(true), Some(false), Some(true)];

#[test]
fn a_second_run_opens_nothing() {
    let two = Pair::new();
    let first = two.plan().run();
    assert_eq!((judged(&first), first.counters.files_opened, first.counters.digests_reused), (EXPECTED, 6, 0));
    let second = two.plan().run();
    assert_eq!(judged(&second), EXPECTED);
    let nothing = Counters {
        entries_listed: second.counters.entries_listed,
        folders_listed: second.counters.folders_listed,
        digests_reused: 6,
        ..Counters::default()
    };
    assert_eq!(second.counters, nothing);
    assert_eq!(second.snapshots, first.snapshots, "a warm cache changes no answer");
    let without = Plan { state: None, ..two.plan() }.run();
    assert_eq!(without.snapshots, first.snapshots);
    assert_eq!(without.counters.files_opened, 6);
}

#[test]
fn a_change_that_hides_in_size_and_time_is_noticed() {
    let two = Pair::new();
    two.plan().run();
    let file = two.two.path("c");
    let before = fs::metadata(&file).unwrap();
    fs::write(&file, "54321").unwrap();
    set_modified(&file, before.modified().unwrap());
    let after = fs::metadata(&file).unwrap();
    assert_eq!(
        (before.len(), before.ino(), before.modified().unwrap()),
        (after.len(), after.ino(), after.modified().unwrap())
    );
    let second = two.plan().run();
    assert_eq!(second.same("c"), Some(false));
    assert_eq!(second.counters.files_opened, 1, "only what changed is read");
}

#[test]
fn a_file_that_was_just_written_is_not_remembered() {
    let two = Pair::new();
    // A time of change that is not past is as good as one within the clock's grain.
    let later = std::time::SystemTime::now() + std::time::Duration::from_secs(3600);
    set_modified(&two.one.path("c"), later);
    two.plan().run();
    let second = two.plan().run();
    assert_eq!(judged(&second), EXPECTED);
    assert_eq!(second.counters.files_opened, 1);
}

#[test]
fn a_damaged_cache_is_left_aside_and_said() {
    let two = Pair::new();
    let first = two.plan().run();
    let caches = two.caches();
    assert_eq!(caches.len(), 2);
    for cache in &caches {
        let mut bytes = fs::read(cache).unwrap();
        let middle = bytes.len() / 2;
        bytes[middle] ^= 1;
        fs::write(cache, bytes).unwrap();
    }
    let second = two.plan().run();
    assert_eq!((judged(&second), second.counters.files_opened), (EXPECTED, 6));
    for (before, after) in first.snapshots.iter().zip(&second.snapshots) {
        assert_eq!(before.entries, after.entries);
        let said: Vec<&str> = after.incidents.iter().map(|incident| &*incident.message).collect();
        assert_eq!(said, ["the hash cache is damaged and was left aside; files are read again"]);
        assert!(after.incidents.iter().all(|incident| !incident.kind.is_incomplete()));
    }
    assert_eq!(two.plan().run().counters.files_opened, 0, "it was written anew");
    fs::write(&caches[0], b"").unwrap();
    assert_eq!(two.plan().run().counters.files_opened, 3);
}

#[test]
fn the_cache_is_for_its_owner_only() {
    let two = Pair::new();
    two.plan().run();
    for cache in two.caches() {
        assert_eq!(fs::metadata(cache).unwrap().permissions().mode() & 0o777, 0o600);
    }
    let folder = fs::metadata(two.home.path().join("state/hashes")).unwrap();
    assert_eq!(folder.permissions().mode() & 0o777, 0o700);
}

#[test]
fn several_runs_at_once_do_not_disturb_each_other() {
    let two = Pair::new();
    std::thread::scope(|scope| {
        let runs: Vec<_> = (0..8)
            .map(|_| {
                scope.spawn(|| {
                    for _ in 0..5 {
                        let outcome = two.plan().run();
                        assert_eq!(judged(&outcome), EXPECTED);
                        assert_eq!(outcome.notes, []);
                        assert!(outcome.snapshots.iter().all(|snapshot| snapshot.incidents.is_empty()));
                    }
                })
            })
            .collect();
        for run in runs {
            run.join().unwrap();
        }
    });
    assert_eq!(two.plan().run().counters.files_opened, 0);
    assert_eq!(two.caches().len(), 2, "nothing half-written is left");
}

#[test]
fn rehash_reads_everything_again() {
    let two = Pair::new();
    two.plan().run();
    let again = Plan { rehash: true, ..two.plan() }.run();
    assert_eq!((judged(&again), again.counters.files_opened, again.counters.digests_reused), (EXPECTED, 6, 0));
    assert_eq!(two.plan().run().counters.files_opened, 0);
}

#[test]
fn a_run_that_asks_less_keeps_what_is_known() {
    let two = Pair::new();
    two.plan().run();
    let other = Tree::at(two.home.path().join("other")).file("c", "54321").file("b", "other size");
    Plan::of(&[two.one.root(), other.root()]).state(&two.home.path().join("state")).run();
    assert_eq!(two.plan().run().counters.files_opened, 0);
    fs::remove_file(two.one.path("b")).unwrap();
    two.plan().run();
    let back = Pair { one: Tree::at(two.one.root()).file("b", "left!"), two: two.two, home: two.home };
    assert_eq!(back.plan().run().counters.files_opened, 1, "what was gone is forgotten");
}

#[test]
fn folds_are_remembered() {
    let two = Pair::new();
    let fold = || {
        let mut collected = two.plan().collect();
        let entries: Vec<_> = (0..2).map(|number| reference(&collected.snapshots[number], number, "b")).collect();
        let folds = collected.fold(&alone(&entries));
        assert_eq!(collected.save(), []);
        (folds, collected.counters().files_opened)
    };
    let (first, opened) = fold();
    assert_eq!((first.len(), opened), (2, 2));
    assert_eq!(fold(), (first, 0));
}

#[test]
fn old_records_are_looked_at_again() {
    let two = Pair::new();
    two.plan().run();
    let later = Plan { now: 1_800_000_000 + 86_401, ..two.plan() };
    let checked = later.run();
    assert_eq!((judged(&checked), checked.counters.cache_checked, checked.counters.files_opened), (EXPECTED, 6, 6));
    assert_eq!(later.run().counters.cache_checked, 0, "they were just looked at");
}

#[test]
fn a_cache_that_is_wrong_about_a_file_is_distrusted_altogether() {
    let two = Pair::new();
    two.plan().run();
    // The content of one place under the records of another: as a file system that hides changes would do.
    let caches = two.caches();
    let forged: Vec<u8> = {
        let bytes = fs::read(&caches[0]).unwrap();
        let digest = blake3::hash(b"12345");
        let at = bytes.windows(32).position(|window| window == digest.as_bytes()).unwrap();
        let mut bytes = bytes[..bytes.len() - 32].to_vec();
        bytes[at] ^= 1;
        let checksum = blake3::hash(&bytes);
        [&bytes[..], checksum.as_bytes()].concat()
    };
    fs::write(&caches[0], forged).unwrap();
    let later = Plan { now: 1_800_000_000 + 86_401, ..two.plan() }.run();
    assert_eq!(judged(&later), EXPECTED);
    let said: Vec<&str> =
        later.snapshots.iter().flat_map(|snapshot| &snapshot.incidents).map(|incident| &*incident.message).collect();
    assert_eq!(
        said,
        ["the hash cache is wrong about `c`, though its times are unchanged, and was left aside; files are read again"]
    );
}

#[test]
fn a_map_does_not_matter_to_what_is_remembered() {
    let home = tempdir().unwrap();
    let one = Tree::at(home.path().join("one")).file("backend/x", "12345").file("zoo", "1");
    let two = Tree::at(home.path().join("two")).file("a_backend/x", "12345").file("zoo", "1");
    settle();
    let plan = || Plan::of(&[one.root(), two.root()]).state(&home.path().join("state"));
    let mapped = || plan().map(1, &[("backend", "a_backend")]);
    assert_eq!(mapped().run().counters.files_opened, 4);
    assert_eq!(mapped().run().counters.files_opened, 0);
    assert_eq!(plan().run().counters.digests_reused, 4, "records are kept under the names of the environment");
}

#[test]
fn no_place_for_the_cache_is_said_and_changes_nothing() {
    as_ordinary_user("cache::no_place_for_the_cache_is_said_and_changes_nothing", || {
        let two = Pair::new();
        let state = two.home.path().join("state");
        fs::create_dir(&state).unwrap();
        fs::set_permissions(&state, fs::Permissions::from_mode(0o500)).unwrap();
        let outcome = two.plan().run();
        assert_eq!(judged(&outcome), EXPECTED);
        let [note] = &outcome.notes[..] else { panic!("one note: {:?}", outcome.notes) };
        assert!(
            note.message.ends_with("cannot be written to, so the next run reads everything again: permission denied")
        );
    });
}

#[test]
fn a_state_folder_that_is_a_file_is_said() {
    let two = Pair::new();
    fs::write(two.home.path().join("state"), "").unwrap();
    let outcome = two.plan().run();
    assert_eq!(judged(&outcome), EXPECTED);
    assert_eq!(outcome.notes.len(), 1);
}
