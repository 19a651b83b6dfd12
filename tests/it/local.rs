//! Folders of this machine: what is read of them, and how little.

use driftline::config::SourceSpec;
use driftline::snapshot::{Content, ContentReader, IncidentKind, Timestamp};
use tempfile::tempdir;

use crate::support::collecting::{Plan, alone, entry, paths, reference};
use crate::support::tree::Tree;

#[test]
fn only_files_of_equal_size_are_opened() {
    let home = tempdir().unwrap();
    let one = Tree::at(home.path().join("one"))
        .file("same", "equal")
        .file("size", "longer")
        .file("bytes", "abc")
        .file("only", "here")
        .file("empty", "")
        .link("link", "same");
    let two = Tree::at(home.path().join("two"))
        .file("same", "equal")
        .file("size", "short")
        .file("bytes", "abd")
        .file("empty", "")
        .link("link", "other");
    let outcome = Plan::of(&[one.root(), two.root()]).run();
    assert_eq!(outcome.same("same"), Some(true));
    assert_eq!(outcome.same("bytes"), Some(false));
    assert_eq!(outcome.same("empty"), Some(true));
    assert_eq!(outcome.counters.files_opened, 4, "`same` and `bytes` on both sides");
    assert_eq!(outcome.counters.bytes_read, 5 + 5 + 3 + 3);
    assert_eq!(outcome.counters.bytes_hashed, 5 + 3 + 3, "equal bytes go through the digest once");
    assert_eq!(outcome.counters.entries_listed, 6 + 5);
    assert_eq!(outcome.counters.folders_listed, 2);
}

#[test]
fn equal_files_are_hashed_once_however_many_there_are() {
    let home = tempdir().unwrap();
    let mut large = vec![b'x'; 700_000];
    let trees: Vec<Tree> = (0..4)
        .map(|number| {
            // The last one leaves the others behind in its last byte.
            *large.last_mut().unwrap() = u8::from(number == 3);
            Tree::at(home.path().join(number.to_string())).file("large", &large)
        })
        .collect();
    let roots: Vec<_> = trees.iter().map(Tree::root).collect();
    let outcome = Plan::of(&roots).run();
    assert_eq!(outcome.same("large"), Some(true));
    let digests: Vec<_> = (0..4)
        .map(|number| match outcome.entry(number, "large").content {
            Content::File(file) => file.digests.blake3.unwrap(),
            _ => unreachable!(),
        })
        .collect();
    assert_eq!(digests[1], digests[2]);
    assert_eq!(digests[2], *blake3_of(&trees[2]).as_bytes());
    assert_eq!(digests[3], *blake3_of(&trees[3]).as_bytes());
    assert_eq!(outcome.counters.bytes_read, 4 * 700_000);
    assert!(outcome.counters.bytes_hashed < 700_000 + 200_000, "{:?}", outcome.counters);
}

fn blake3_of(tree: &Tree) -> blake3::Hash {
    blake3::hash(&std::fs::read(tree.path("large")).unwrap())
}

#[test]
fn contents_are_read_and_folded() {
    let home = tempdir().unwrap();
    let one = Tree::at(home.path().join("one")).file("text", "a\nb\n").file("binary", "a\0b");
    let two = Tree::at(home.path().join("two")).file("text", "a\r\nb\r\n").file("binary", "c\0d");
    let mut collected = Plan::of(&[one.root(), two.root()]).collect();
    let entries: Vec<_> = (0..2)
        .flat_map(|number| ["text", "binary"].map(|path| reference(&collected.snapshots[number], number, path)))
        .collect();
    let folds = collected.fold(&alone(&entries));
    assert_eq!(folds.len(), 2, "binary files have no fold");
    assert_eq!(folds[&entries[0]].plain, folds[&entries[2]].plain);
    assert!(folds[&entries[2]].has_crlf);
    let path = crate::support::collecting::path("text");
    assert_eq!(collected.read(1, &path, 100).unwrap(), b"a\r\nb\r\n");
    assert_eq!(collected.read(1, &path, 3).unwrap_err().to_string(), "`e1`: `text` has 6 bytes, and 3 is the limit");
}

#[test]
fn a_root_that_is_no_folder_is_said_and_the_others_go_on() {
    let home = tempdir().unwrap();
    let tree = Tree::at(home.path().join("tree")).file("file", "").link("gone", "nowhere");
    let (file, gone, absent) = (tree.path("file"), tree.path("gone"), tree.path("absent"));
    let below = file.join("below");
    let collected = Plan::of(&[&file, tree.root(), &gone, &absent, &below]).collect();
    let said: Vec<String> = collected
        .snapshots
        .iter()
        .flat_map(|snapshot| &snapshot.incidents)
        .map(|incident| {
            assert_eq!(incident.kind, IncidentKind::Environment);
            incident.message.replace(home.path().to_str().unwrap(), "")
        })
        .collect();
    assert_eq!(
        said,
        [
            "`/tree/file` is a file, not a folder",
            "`/tree/gone` is a link to something that is not there",
            "`/tree/absent` is not there",
            "`/tree/file/below` is not a folder",
        ]
    );
    assert_eq!(paths(&collected.snapshots[1]), ["file", "gone"]);
}

#[test]
fn attributes_are_listed() {
    let home = tempdir().unwrap();
    let tree = Tree::at(home.path().join("tree"))
        .file("script", "#!")
        .mode("script", 0o4751)
        .modified("script", 1_500_000_000);
    let collected = Plan::of(&[tree.root()]).collect();
    let snapshot = &collected.snapshots[0];
    let attributes = entry(snapshot, "script").attributes;
    assert_eq!(attributes.mode, 0o4751);
    assert_eq!(attributes.modified, Timestamp { seconds: 1_500_000_000, nanos: 0 });
    assert_eq!(attributes.uid, rustix::process::geteuid().as_raw());
    if attributes.uid == 0 {
        assert_eq!(snapshot.names.users[&0], "root");
    }
    assert!(snapshot.knows.permissions && snapshot.knows.owners && snapshot.knows.times);
}

#[test]
fn one_thread_and_eight_give_the_same() {
    let home = tempdir().unwrap();
    let trees: Vec<Tree> = (0..3_usize)
        .map(|number| {
            let mut tree = Tree::at(home.path().join(number.to_string()));
            for file in 0..200_usize {
                // Some are equal everywhere, some differ in one place, some everywhere, some in size.
                let content = match file % 4 {
                    0 => "equal".repeat(file),
                    1 => format!("{}{}", number / 2, "x".repeat(file)),
                    2 => format!("{number}{}", "x".repeat(file)),
                    _ => "x".repeat(file + number),
                };
                tree = tree.file(format!("{}/{file}", file % 7), content);
            }
            // Large enough for all threads to work at one file.
            tree.file("large", vec![b'l'; 17 * 1024 * 1024])
        })
        .collect();
    let roots: Vec<_> = trees.iter().map(Tree::root).collect();
    let run = |threads| Plan { threads, ..Plan::of(&roots) }.run();
    let (one, eight) = (run(1), run(8));
    assert_eq!(one.snapshots, eight.snapshots);
    assert_eq!(one.counters, eight.counters);
    assert_eq!(one.same("large"), Some(true));
    let Content::File(file) = one.entry(0, "large").content else { panic!() };
    assert_eq!(file.digests.blake3, Some(*blake3_of(&trees[0]).as_bytes()));
}

#[test]
fn an_ignored_folder_is_passed_through_to_what_is_mapped() {
    let home = tempdir().unwrap();
    let tree = Tree::at(home.path().join("tree"))
        .file("vendor/ours/app/x.py", "x")
        .file("vendor/theirs/y.py", "y")
        .file("top", "t");
    let plan = Plan::of(&[tree.root()]).ignore(&["vendor/", "app/tmp"]).map(0, &[("app", "vendor/ours/app")]);
    let collected = plan.collect();
    assert_eq!(paths(&collected.snapshots[0]), ["app", "app/x.py", "top"]);
    assert_eq!(collected.snapshots[0].incidents, []);
    let other = Plan::of(&[tree.root()]).ignore(&["app/"]).map(0, &[("app", "vendor/ours/app")]).collect();
    assert_eq!(paths(&other.snapshots[0]), ["top", "vendor", "vendor/theirs", "vendor/theirs/y.py"]);
}

#[test]
fn the_digest_that_costs_the_least_reading_is_used() {
    let home = tempdir().unwrap();
    let tree = Tree::at(home.path().join("tree")).file("same", "equal").file("bytes", "abc");
    let checkout = Tree::at(home.path().join("repository")).file("same", "equal").file("bytes", "abd");
    let repository = git2::Repository::init(checkout.root()).unwrap();
    let mut index = repository.index().unwrap();
    index.add_all(["*"], git2::IndexAddOption::DEFAULT, None).unwrap();
    let written = repository.find_tree(index.write_tree().unwrap()).unwrap();
    let author = git2::Signature::new("A", "a@example.com", &git2::Time::new(1_700_000_000, 0)).unwrap();
    repository.commit(Some("HEAD"), &author, &author, "first", &written, &[]).unwrap();
    let mut plan = Plan::of(&[tree.root(), checkout.root()]);
    plan.environments[1].source =
        SourceSpec::Git { repository: checkout.root().to_owned(), reference: "HEAD".to_owned() };
    let outcome = plan.run();
    assert_eq!((outcome.same("same"), outcome.same("bytes")), (Some(true), Some(false)));
    assert_eq!((outcome.counters.files_opened, outcome.counters.bytes_read), (2, 8), "a commit names its contents");
    assert_eq!(outcome.counters.bytes_hashed, 8);
}
