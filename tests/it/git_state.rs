//! What is uncommitted and unfinished in a checkout, held against `git status`.

use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use driftline::snapshot::{ChangeKind, CommitId, Content, Distance, GitState, Head, IncidentKind, Operation, Stage};
use proptest::prelude::*;
use tempfile::tempdir;

use crate::support::collecting::{Plan, entry};
use crate::support::git_status::{agree, lines, snapshot, status};
use crate::support::repo::Repo;

fn numbered(lines: usize) -> String {
    (0..lines).fold(String::new(), |text, number| text + "line " + &number.to_string() + "\n")
}

#[test]
fn every_kind_of_change_is_as_git_has_it() {
    let home = tempdir().unwrap();
    let repo = Repo::init(home.path().join("r"));
    for name in ["same", "edited", "gone", "mode", "typed", "unlinked", "staged", "both", "dropped", "a b\n\u{e9}"] {
        repo.write(name, format!("{name}\n"));
    }
    repo.write("moved", numbered(40)).write("exact", "exact content\n").write("dir/file", "x").write("into", "x");
    std::os::unix::fs::symlink("same", repo.path("link")).unwrap();
    std::os::unix::fs::symlink("same", repo.path("relinked")).unwrap();
    repo.write(".gitignore", "*.log\n/out/\n!keep.log\n").write("tracked.log", "1").write("out/tracked", "1");
    repo.git(&["add", "-f", "tracked.log", "out/tracked"]);
    repo.commit("first");

    repo.write("edited", "another\n").remove("gone").write("tracked.log", "2").write("out/tracked", "2");
    std::fs::set_permissions(repo.path("mode"), std::fs::Permissions::from_mode(0o755)).unwrap();
    repo.remove("typed").remove("unlinked").remove("relinked").remove("into");
    std::os::unix::fs::symlink("same", repo.path("typed")).unwrap();
    std::os::unix::fs::symlink("other", repo.path("relinked")).unwrap();
    repo.write("into/now-a-folder", "x");
    repo.write("staged", "staged\nmore\n").write("both", "1\n").write("new", "new\n").write("planned", "planned\n");
    repo.git(&["add", "staged", "both", "new"]);
    repo.git(&["add", "-N", "planned"]);
    repo.write("both", "2\n");
    repo.git(&["rm", "-q", "--cached", "dropped"]);
    repo.git(&["mv", "exact", "dir/exact-elsewhere"]);
    repo.git(&["mv", "moved", "dir/moved"]);
    repo.write("dir/moved", numbered(40).replace("line 7\n", "line seven\n"));
    repo.git(&["add", "dir/moved"]);
    repo.write("a.log", "").write("keep.log", "").write("out/x", "").write("deep/er/new", "").write("dir/y.log", "");

    let status = agree(&repo);
    assert!(status.changes.is_sorted_by(|a, b| (&a.path, a.stage) < (&b.path, b.stage)));
    let kind = |name: &str, stage| {
        let found =
            status.changes.iter().find(|change| change.path.as_bytes() == name.as_bytes() && change.stage == stage);
        found.map(|change| change.kind)
    };
    assert_eq!(kind("mode", Stage::Unstaged), Some(ChangeKind::ModeChanged));
    assert_eq!(kind("tracked.log", Stage::Unstaged), Some(ChangeKind::Modified));
    assert_eq!(kind("dir/moved", Stage::Staged), Some(ChangeKind::Renamed));

    repo.git(&["config", "core.fileMode", "false"]);
    assert!(!lines(&agree(&repo)).contains("unstaged M mode"));
}

#[test]
fn a_clean_checkout_is_clean_and_its_contents_are_known_without_reading() {
    let home = tempdir().unwrap();
    let repo = Repo::init(home.path().join("r"));
    repo.write("a", "one").write("b/c", "two").write("empty", "").commit("first").settle();
    let plan = Plan::of(&[repo.root()]);
    let collected = plan.collect();
    let snapshot = &collected.snapshots[0];
    let GitState::Checkout(status) = &snapshot.git else { panic!("{:?}", snapshot.git) };
    assert_eq!((status.changes.len(), status.head.clone()), (0, Head::Branch("main".to_owned())));
    assert_eq!(collected.counters().files_opened, 0);
    for (path, spec) in [("a", ":a"), ("b/c", ":b/c")] {
        let Content::File(file) = entry(snapshot, path).content else { panic!() };
        let id = CommitId(file.digests.git_blob.unwrap()[..].into());
        assert_eq!(id.to_string(), repo.git(&["rev-parse", spec]));
    }
}

#[test]
fn a_change_in_the_instant_of_the_index_is_seen() {
    let home = tempdir().unwrap();
    let repo = Repo::init(home.path().join("r"));
    repo.write("f", "aaaa").commit("first");
    let time = repo.path("f").metadata().unwrap().modified().unwrap();
    repo.write("f", "bbbb");
    // Same size, same time of change, and an index that is no newer: only the content can tell.
    for path in ["f", ".git/index"] {
        std::fs::File::options().write(true).open(repo.path(path)).unwrap().set_modified(time).unwrap();
    }
    assert_eq!(lines(&status(repo.root())).into_iter().collect::<Vec<_>>(), ["unstaged M f"]);
}

#[test]
fn conflicts_and_operations() {
    let home = tempdir().unwrap();
    let repo = Repo::init(home.path().join("r"));
    repo.write("f", "base\n").write("g", "g\n").commit("base");
    repo.git(&["checkout", "-q", "-b", "other"]);
    repo.write("f", "theirs\n").commit("theirs");
    repo.git(&["checkout", "-q", "main"]);
    repo.write("f", "ours\n").remove("g").commit("ours");
    for (words, end, operation) in [
        (&["merge", "other"][..], &["merge", "--abort"][..], Operation::Merge),
        (&["cherry-pick", "other"], &["cherry-pick", "--abort"], Operation::CherryPick),
        (&["rebase", "other"], &["rebase", "--abort"], Operation::Rebase),
        (&["revert", "--no-edit", "HEAD~1"], &["revert", "--abort"], Operation::Revert),
        (&["bisect", "start"], &["bisect", "reset"], Operation::Bisect),
    ] {
        repo.try_git(words);
        let status = agree(&repo);
        assert_eq!(status.operation, Some(operation), "{words:?}");
        if operation == Operation::Merge {
            assert!(lines(&status).contains("conflict f"));
        }
        repo.git(end);
    }
    assert_eq!(agree(&repo).operation, None);
}

#[test]
fn head_upstream_and_unpushed() {
    let home = tempdir().unwrap();
    let origin = Repo::init(home.path().join("origin"));
    origin.write("a", "1").commit("one");
    let root = home.path().join("r");
    origin.git(&["clone", "-q", ".", root.to_str().unwrap()]);
    let repo = Repo::at(&root);
    origin.write("a", "2").commit("two on origin");
    repo.git(&["fetch", "-q"]);
    repo.write("b", "1").commit("first here");
    repo.write("b", "2").commit("second here");
    repo.git(&["branch", "side", "main~1"]);

    let status = agree(&repo);
    let upstream = status.upstream.unwrap();
    assert_eq!((upstream.name.as_str(), upstream.distance), ("origin/main", Distance::Known { ahead: 2, behind: 1 }));
    let subjects: Vec<&str> = status.unpushed.iter().flatten().map(|commit| commit.subject.as_str()).collect();
    assert_eq!(subjects.len(), 2);
    assert!(subjects.contains(&"first here") && subjects.contains(&"second here"));
    assert_eq!(status.commit.unwrap().author, "Ada Author");

    repo.git(&["update-ref", "-d", "refs/remotes/origin/main"]);
    assert_eq!(agree(&repo).upstream.unwrap().distance, Distance::Gone);
    repo.git(&["checkout", "-q", "--detach"]);
    let status = agree(&repo);
    assert_eq!((status.head, status.upstream), (Head::Detached, None));
    repo.git(&["pack-refs", "--all"]);
    repo.git(&["gc", "-q"]);
    repo.git(&["checkout", "-q", "side"]);
    assert_eq!(agree(&repo).head, Head::Branch("side".to_owned()));
    repo.git(&["checkout", "-q", "--orphan", "fresh"]);
    let status = agree(&repo);
    assert_eq!((status.head, status.commit), (Head::Unborn("fresh".to_owned()), None));
    assert!(!status.changes.is_empty());
}

#[test]
fn stashes_are_listed_newest_first() {
    let home = tempdir().unwrap();
    let repo = Repo::init(home.path().join("r"));
    repo.write("a", "1").commit("one");
    for message in ["older", "newer"] {
        repo.write("a", message);
        repo.git(&["stash", "push", "-q", "-m", message]);
    }
    let messages: Vec<String> = agree(&repo).stashes.into_iter().map(|stash| stash.message).collect();
    assert_eq!(messages, ["On main: newer", "On main: older"]);
    // Without the records the newest one is left, and nothing is made in place of them.
    std::fs::remove_file(repo.path(".git/logs/refs/stash")).unwrap();
    let stashes = status(repo.root()).stashes;
    assert_eq!((stashes.len(), stashes[0].made), (1, 1_700_000_000));
    assert!(!repo.path(".git/logs/refs/stash").exists());
}

#[test]
fn worktrees_and_submodules() {
    let home = tempdir().unwrap();
    let library = Repo::init(home.path().join("library"));
    library.write("l", "1").commit("one");
    let repo = Repo::init(home.path().join("r"));
    repo.write("a", "1").commit("one");
    repo.git(&["submodule", "add", "-q", "../library", "lib"]);
    repo.commit("with a submodule");
    let tree = home.path().join("tree");
    repo.git(&["worktree", "add", "-q", "-b", "side", tree.to_str().unwrap()]);
    repo.git(&["worktree", "lock", tree.to_str().unwrap()]);

    let first = agree(&repo);
    assert_eq!(first.worktrees.len(), 1);
    assert!(first.worktrees[0].locked && first.worktrees[0].present && first.worktrees[0].name == "tree");
    assert_eq!(first.submodules[0].checked_out.as_ref(), Some(&first.submodules[0].recorded));
    assert_eq!(first.nested, []);

    let checkout = Repo::at(repo.path("lib"));
    checkout.write("l", "2").commit("two");
    checkout.write("untracked-in-the-submodule", "");
    let second = status(repo.root());
    assert_eq!(lines(&second).into_iter().collect::<Vec<_>>(), ["unstaged M lib"]);
    assert_ne!(second.submodules[0].checked_out.as_ref(), Some(&second.submodules[0].recorded));
    assert_eq!(agree(&checkout).head, Head::Branch("main".to_owned()));

    let linked = Repo::at(&tree);
    linked.write("a", "2");
    let status = agree(&linked);
    assert_eq!((status.head, status.worktrees[0].name.as_str()), (Head::Branch("side".to_owned()), "(main)"));
    assert_eq!(status.submodules[0].checked_out, None);
    std::fs::remove_dir_all(&tree).unwrap();
    assert!(!crate::support::git_status::status(repo.root()).worktrees[0].present);
}

#[test]
fn a_root_inside_a_larger_repository() {
    let home = tempdir().unwrap();
    let repo = Repo::init(home.path().join("r"));
    repo.write("app/src/a", "1").write("app/b", "1").write("other/c", "1").write(".gitignore", "*.log\napp/tmp/\n");
    repo.write("app/.gitignore", "!wanted.log\n")
        .write(".gitattributes", "*.bat text eol=crlf\n")
        .write("app/x.bat", "1\r\n2\r\n");
    repo.commit("one");
    repo.write("app/src/a", "2")
        .write("other/c", "2")
        .write("app/new", "")
        .write("app/a.log", "")
        .write("app/wanted.log", "");
    repo.write("app/tmp/t", "").write("app/x.bat", "1\r\n2\r\n");
    let status = status(&repo.path("app"));
    assert_eq!(
        lines(&status).into_iter().collect::<Vec<_>>(),
        ["unstaged M src/a", "untracked A new", "untracked A wanted.log"]
    );
    assert_eq!(status.prefix.unwrap().as_bytes(), b"app");

    repo.write("unversioned/x", "");
    assert_eq!(snapshot(&repo.path("unversioned")).git, GitState::None);
}

#[test]
fn repositories_inside_the_root() {
    let home = tempdir().unwrap();
    let repo = Repo::init(home.path().join("r"));
    repo.write("a", "1").commit("one");
    let inner = Repo::init(repo.path("vendor/inner"));
    inner.write("x", "1").commit("inner");
    Repo::init(repo.path("vendor/inner/innermost")).write("y", "1").commit("innermost");
    std::fs::create_dir_all(repo.path("not-one/.git")).unwrap();
    repo.write("not-one/file", "");
    let status = agree(&repo);
    assert_eq!(status.nested.len(), 1);
    assert_eq!(status.nested[0].as_bytes(), b"vendor/inner");
}

#[test]
fn what_the_configuration_ignores_is_not_deleted() {
    let home = tempdir().unwrap();
    let repo = Repo::init(home.path().join("r"));
    repo.write("a", "1").write("logs/x", "1").write("b.pyc", "1").commit("one");
    repo.write("logs/x", "2");
    let snapshot = Plan::of(&[repo.root()]).ignore(&["logs/", "*.pyc"]).collect().snapshots.remove(0);
    let GitState::Checkout(status) = snapshot.git else { panic!() };
    assert_eq!((status.changes, status.not_judged), (vec![], vec![]));
    assert_eq!(snapshot.incidents.len(), 1);
    assert_eq!(snapshot.incidents[0].kind, IncidentKind::Note);
    assert_eq!(snapshot.incidents[0].message, "2 tracked paths are left out by `ignore` and not judged");
}

#[test]
fn names_are_common_names() {
    let home = tempdir().unwrap();
    let repo = Repo::init(home.path().join("r"));
    repo.write("oncall_backend/app.py", "1\n").write("oncall_backend/old.py", numbered(9)).commit("one");
    repo.write("oncall_backend/app.py", "2\n").write("oncall_backend/new", "");
    repo.git(&["mv", "oncall_backend/old.py", "oncall_backend/moved.py"]);
    let snapshot = Plan::of(&[repo.root()]).map(0, &[("backend", "oncall_backend")]).collect().snapshots.remove(0);
    let GitState::Checkout(status) = snapshot.git else { panic!() };
    let expected =
        ["staged R backend/moved.py from backend/old.py", "unstaged M backend/app.py", "untracked A backend/new"];
    assert_eq!(lines(&status).into_iter().collect::<Vec<_>>(), expected);
}

#[test]
fn line_endings_do_not_make_files_modified() {
    let home = tempdir().unwrap();
    for (name, config, attributes) in [
        ("auto", &[][..], "* text=auto\n"),
        ("eol", &[], "*.txt eol=crlf\n"),
        ("autocrlf", &["core.autocrlf", "true"], ""),
        ("input", &["core.autocrlf", "input"], ""),
    ] {
        let repo = Repo::init(home.path().join(name));
        if let [key, value] = config {
            repo.git(&["config", key, value]);
        }
        repo.write(".gitattributes", attributes).write("a.txt", "1\n2\n").write("b.bin", b"\0\r\n").commit("one");
        repo.write("a.txt", "1\r\n2\r\n");
        // `git status` calls any file of another size modified until someone stages it; what would be staged decides.
        assert!(!repo.git(&["diff"]).contains("@@"), "{name}");
        assert_eq!(lines(&status(repo.root())).len(), 0, "{name}");
        repo.write("a.txt", "1\r\n3\r\n");
        assert_eq!(lines(&agree(&repo)).len(), 1, "{name}");
    }
    // Without attributes it is a change like any other.
    let repo = Repo::init(home.path().join("plain"));
    repo.write("a.txt", "1\n2\n").commit("one").write("a.txt", "1\r\n2\r\n");
    assert_eq!(lines(&agree(&repo)).len(), 1);
}

/// What may happen to a repository.
#[derive(Debug, Clone)]
enum Edit {
    Write(usize, u8),
    Remove(usize),
    Link(usize),
    Executable(usize),
    Stage(usize),
    Unstage(usize),
    Rename(usize, usize),
    Commit,
}

const NAMES: [&str; 8] = ["a", "b.txt", "d/a", "d/e/f", "d-x", "z.log", "d/z.log", "-dash"];

fn edits() -> impl Strategy<Value = Vec<Edit>> {
    let name = 0..NAMES.len();
    let edit = prop_oneof![
        4 => (name.clone(), 0u8..4).prop_map(|(name, content)| Edit::Write(name, content)),
        1 => name.clone().prop_map(Edit::Remove),
        1 => name.clone().prop_map(Edit::Link),
        1 => name.clone().prop_map(Edit::Executable),
        3 => name.clone().prop_map(Edit::Stage),
        1 => name.clone().prop_map(Edit::Unstage),
        1 => (name.clone(), name).prop_map(|(from, to)| Edit::Rename(from, to)),
        1 => Just(Edit::Commit),
    ];
    proptest::collection::vec(edit, 1..25)
}

fn apply(repo: &Repo, edit: &Edit) {
    // What cannot be done in the present state is left undone.
    match *edit {
        Edit::Write(name, content) => {
            let path = repo.path(NAMES[name]);
            let _ = std::fs::create_dir_all(path.parent().unwrap());
            let _ = std::fs::remove_file(&path);
            let _ = std::fs::write(path, numbered(usize::from(content) * 5).replace('3', &content.to_string()));
        }
        Edit::Remove(name) => {
            let _ = std::fs::remove_file(repo.path(NAMES[name]));
        }
        Edit::Link(name) => {
            let _ = std::fs::remove_file(repo.path(NAMES[name]));
            let _ = std::os::unix::fs::symlink("a", repo.path(NAMES[name]));
        }
        Edit::Executable(name) => {
            let path = repo.path(NAMES[name]);
            if path.symlink_metadata().is_ok_and(|metadata| metadata.is_file()) {
                std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o755)).unwrap();
            }
        }
        Edit::Stage(name) => drop(repo.try_git(&["add", "-A", "-f", "--", NAMES[name]])),
        Edit::Unstage(name) => drop(repo.try_git(&["reset", "-q", "--", NAMES[name]])),
        Edit::Rename(from, to) => drop(repo.try_git(&["mv", "-f", "--", NAMES[from], NAMES[to]])),
        Edit::Commit => drop(repo.try_git(&["commit", "-q", "-m", "x"])),
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 12, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_edits_are_judged_as_git_judges_them(edits in edits()) {
        let home = tempdir().unwrap();
        let repo = Repo::init(home.path().join("r"));
        repo.write(".gitignore", "*.log\n").write("a", numbered(10)).write("d/e/f", "f\n").commit("first");
        for edit in &edits {
            apply(&repo, edit);
        }
        let ours = without_renames(lines(&status(repo.root())));
        let gits = without_renames(crate::support::git_status::oracle(&repo));
        prop_assert_eq!(ours, gits);
    }
}

/// Which of several equally good pairs is called a rename is a matter of taste: as what it does to each path.
fn without_renames(lines: std::collections::BTreeSet<String>) -> std::collections::BTreeSet<String> {
    let split = |line: String| match line.strip_prefix("staged R ").and_then(|rest| rest.split_once(" from ")) {
        Some((to, from)) => vec![format!("staged A {to}"), format!("staged D {from}")],
        None => vec![line],
    };
    lines.into_iter().flat_map(split).collect()
}

#[test]
fn judging_changes_nothing() {
    let home = tempdir().unwrap();
    let repo = Repo::init(home.path().join("r"));
    repo.write("a", "1").write("b", "1").commit("one");
    repo.git(&["tag", "-a", "-m", "t", "v1"]);
    repo.write("a", "2");
    repo.git(&["stash", "-q"]);
    repo.write("a", "3").write("c", "");
    repo.git(&["add", "c"]);
    let before = picture(repo.root());
    status(repo.root());
    let _ = Plan::of(&[repo.root()]).run();
    assert_eq!(picture(repo.root()), before);
}

/// Names, contents, modes and times of everything, `.git` included.
fn picture(folder: &Path) -> Vec<String> {
    use std::os::unix::fs::MetadataExt;
    let mut lines = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        let metadata = folder.metadata().unwrap();
        lines.push(format!("{} {}.{}", folder.display(), metadata.mtime(), metadata.mtime_nsec()));
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            let metadata = path.symlink_metadata().unwrap();
            if metadata.is_dir() {
                folders.push(path);
            } else {
                let content = blake3::hash(&std::fs::read(&path).unwrap());
                let modified = metadata.mtime_nsec();
                lines.push(format!("{} {content} {:o} {modified}", path.display(), metadata.mode()));
            }
        }
    }
    lines.sort();
    lines
}
