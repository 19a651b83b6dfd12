//! Commits as environments.

use std::path::Path;

use driftline::collect::Collected;
use driftline::config::SourceSpec;
use driftline::snapshot::{Algorithms, CommitId, Content, ContentReader, GitState, IncidentKind, Knows, Snapshot};
use tempfile::tempdir;

use crate::support::collecting::{Plan, entry, path, paths, reference};
use crate::support::repo::Repo;
use crate::support::run::TestEnv;

fn at(repository: &Path, reference: &str) -> Collected<'static> {
    let mut plan = Plan::of(&[repository]);
    plan.environments[0].source =
        SourceSpec::Git { repository: repository.to_owned(), reference: reference.to_owned() };
    plan.collect()
}

fn snapshot(repository: &Path, reference: &str) -> Snapshot {
    at(repository, reference).snapshots.remove(0)
}

fn failure(repository: &Path, reference: &str) -> String {
    let snapshot = snapshot(repository, reference);
    assert!(matches!(snapshot.git, GitState::Unknown { .. }) && snapshot.unread_because().is_some());
    snapshot.incidents[0].message.clone()
}

#[test]
fn a_commit_is_listed_without_being_checked_out() {
    let home = tempdir().unwrap();
    let library = Repo::init(home.path().join("library"));
    library.write("l", "1").commit("one");
    let repo = Repo::init(home.path().join("r"));
    repo.write("a/b", "content\n").write("run", "#!/bin/sh\n").write(".gitattributes", "* text eol=crlf\n");
    std::os::unix::fs::symlink("a/b", repo.path("link")).unwrap();
    repo.git(&["submodule", "add", "-q", "../library", "lib"]);
    repo.git(&["add", "-A"]);
    repo.git(&["update-index", "--chmod=+x", "run"]);
    repo.git(&["commit", "-q", "-m", "one"]);
    repo.write("a/b", "not committed\n").write("c", "");

    let collected = at(repo.root(), "HEAD");
    let snapshot = &collected.snapshots[0];
    assert_eq!(paths(snapshot), [".gitattributes", ".gitmodules", "a", "a/b", "lib", "link", "run"]);
    let commit = CommitId(hex(&library.git(&["rev-parse", "HEAD"])).into());
    assert_eq!(entry(snapshot, "lib").content, Content::Submodule { commit });
    assert_eq!(entry(snapshot, "link").content, Content::Symlink { target: b"a/b"[..].into() });
    assert_eq!((entry(snapshot, "run").attributes.mode, entry(snapshot, "a/b").attributes.mode), (0o755, 0o644));
    let Content::File(file) = entry(snapshot, "a/b").content else { panic!() };
    assert_eq!(file.size, 8);
    assert_eq!(snapshot.knows, Knows::default());
    let GitState::Commit { reference: named, commit } = &snapshot.git else { panic!() };
    assert_eq!((named.as_str(), commit.subject.as_str(), commit.authored), ("HEAD", "one", 1_700_000_000));
    assert_eq!(commit.id.to_string(), repo.git(&["rev-parse", "HEAD"]));
    // As in the repository: the line endings of a checkout are not made.
    assert_eq!(collected.read(0, &path("a/b"), 100).unwrap(), b"content\n");
    assert!(collected.read(0, &path("link"), 100).is_err());
    let wanted = Algorithms { blake3: true, ..Algorithms::default() };
    let digests = collected.digests(reference(snapshot, 0, "a/b"), wanted).unwrap();
    assert_eq!(digests.blake3, Some(*blake3::hash(b"content\n").as_bytes()));
    assert_eq!(collected.counters().files_opened, 0, "contents out of a repository are not files");
}

#[test]
fn a_clean_checkout_and_its_commit_are_compared_without_reading() {
    let home = tempdir().unwrap();
    let repo = Repo::init(home.path().join("r"));
    repo.write("a", "1").write("b/c", "2").commit("one").settle();
    let mut plan = Plan::of(&[repo.root(), repo.root()]);
    plan.environments[1].source = SourceSpec::Git { repository: repo.root().to_owned(), reference: "main".to_owned() };
    let outcome = plan.run();
    assert_eq!((outcome.same("a"), outcome.same("b/c")), (Some(true), Some(true)));
    assert_eq!((outcome.counters.files_opened, outcome.counters.bytes_hashed), (0, 0));
}

#[test]
fn what_judging_reads_is_known_to_comparing() {
    let home = tempdir().unwrap();
    let repo = Repo::init(home.path().join("r"));
    repo.write("a", "1").write("b", "2").commit("one");
    // An index that vouches for nothing.
    std::fs::File::options()
        .write(true)
        .open(repo.path(".git/index"))
        .unwrap()
        .set_modified(std::time::UNIX_EPOCH)
        .unwrap();
    crate::support::tree::settle();
    let mut plan = Plan::of(&[repo.root(), repo.root()]);
    plan.environments[1].source = SourceSpec::Git { repository: repo.root().to_owned(), reference: "main".to_owned() };
    let plan = plan.state(&home.path().join("state"));
    for opened in [2, 0] {
        let outcome = plan.run();
        assert_eq!((outcome.same("a"), outcome.same("b")), (Some(true), Some(true)));
        assert_eq!(outcome.counters.files_opened, opened);
    }
}

#[test]
fn commits_are_found_under_every_spelling() {
    let home = tempdir().unwrap();
    let repo = Repo::init(home.path().join("r"));
    for number in 0..4 {
        repo.write("n", number.to_string()).commit(&format!("commit {number}"));
    }
    repo.git(&["tag", "-a", "-m", "x", "v1.0", "HEAD~1"]);
    repo.git(&["tag", "-a", "-m", "x", "nested", "v1.0"]);
    repo.git(&["update-ref", "refs/remotes/origin/main", "HEAD~2"]);
    repo.git(&["symbolic-ref", "refs/remotes/origin/HEAD", "refs/remotes/origin/main"]);
    repo.git(&["checkout", "-q", "-b", "feature/x", "HEAD~3"]);
    repo.write("m", "1").commit("side");
    repo.git(&["merge", "-q", "--no-ff", "-m", "merged", "main~2"]);
    let full = repo.git(&["rev-parse", "main"]);
    let names = [
        "main",
        "HEAD",
        "@",
        "feature/x",
        "refs/heads/main",
        "heads/main",
        "v1.0",
        "nested",
        "tags/v1.0",
        "origin/main",
        "origin",
        "HEAD~1",
        "HEAD^2",
        "HEAD^2~1",
        "main^",
        "main^^",
        "main~2^0",
        "v1.0^{commit}",
        "nested^{}",
        &full,
        &full[..8],
        "v1.0~1^0",
    ];
    for packed in [false, true] {
        if packed {
            repo.git(&["pack-refs", "--all"]);
            repo.git(&["gc", "-q"]);
        }
        for name in names {
            let GitState::Commit { commit, .. } = snapshot(repo.root(), name).git else { panic!("{name}") };
            assert_eq!(commit.id.to_string(), repo.git(&["rev-parse", &format!("{name}^{{commit}}")]), "{name}");
        }
    }
}

#[test]
fn what_is_not_there_is_said_with_what_would_help() {
    let home = tempdir().unwrap();
    let repo = Repo::init(home.path().join("r"));
    let root = repo.root().display().to_string();
    assert_eq!(
        failure(repo.root(), "main"),
        format!("cannot find `main` in the repository `{root}`: it has no branches and no tags")
    );
    repo.write("sub/a", "1").commit("one");
    repo.git(&["branch", "feature/login"]);
    repo.git(&["tag", "v1"]);
    for (name, words) in [
        ("login", "it has `feature/login`"),
        ("origin/main", "it has `main`"),
        ("zzz", "it has `feature/login`, `main`, `v1`"),
        ("main@{1}", "only branches, tags, commits and steps back from them (`~2`, `^`) are understood"),
        ("main~7", "it has `main`"),
    ] {
        let message = failure(repo.root(), name);
        assert_eq!(message, format!("cannot find `{name}` in the repository `{root}`: {words}"));
    }
    let nowhere = home.path().join("nowhere");
    assert!(failure(&nowhere, "main").ends_with("`: there is no such folder"));
    assert!(failure(home.path(), "main").ends_with("it is neither a checkout nor a bare repository"));
    assert!(failure(&repo.path("sub"), "main").contains("lies inside the repository"));
    let sha256 = Repo::init_with(home.path().join("sha256"), &["--object-format=sha256"]);
    sha256.commit("one");
    assert!(failure(sha256.root(), "main").contains("SHA-256"));
}

#[test]
fn bare_repositories_worktrees_and_alternates_are_read() {
    let home = tempdir().unwrap();
    let repo = Repo::init(home.path().join("r"));
    repo.write("a", "1").commit("one");
    let bare = home.path().join("bare.git");
    repo.git(&["clone", "-q", "--bare", ".", bare.to_str().unwrap()]);
    let shared = home.path().join("shared");
    repo.git(&["clone", "-q", "--shared", ".", shared.to_str().unwrap()]);
    let tree = home.path().join("tree");
    repo.git(&["worktree", "add", "-q", tree.to_str().unwrap()]);
    for root in [bare, shared, tree, repo.path(".git")] {
        assert_eq!(paths(&snapshot(&root, "HEAD")), ["a"], "{}", root.display());
    }
}

#[test]
fn objects_that_are_missing_are_unreadable_and_not_absent() {
    let home = tempdir().unwrap();
    let repo = Repo::init(home.path().join("r"));
    repo.write("a", "lost").write("b", "kept").write("folder/c", "1").commit("one");
    for spec in ["HEAD:a", "HEAD:folder"] {
        let id = repo.git(&["rev-parse", spec]);
        std::fs::remove_file(repo.path(format!(".git/objects/{}/{}", &id[..2], &id[2..]))).unwrap();
    }
    let snapshot = snapshot(repo.root(), "main");
    assert_eq!(paths(&snapshot), ["a", "b", "folder"]);
    assert!(matches!(entry(&snapshot, "a").content, Content::Unreadable { folder: false, .. }));
    assert!(matches!(entry(&snapshot, "folder").content, Content::Unreadable { folder: true, .. }));
    let kinds: Vec<IncidentKind> = snapshot.incidents.iter().map(|incident| incident.kind).collect();
    assert_eq!(kinds, [IncidentKind::File, IncidentKind::Folder]);
}

#[test]
fn commits_with_a_submodule_at_other_commits_differ() {
    let env = TestEnv::new();
    let library = Repo::init(env.path("library"));
    library.write("l", "1").commit("one");
    let repo = Repo::init(env.path("r"));
    repo.git(&["submodule", "add", "-q", "../library", "lib"]);
    repo.commit("one").git(&["tag", "v1"]);
    library.write("l", "2").commit("two");
    repo.git(&["-C", "lib", "pull", "-q"]);
    repo.commit("two").git(&["tag", "v2"]);

    let run = env.driftline(["v1=git:r@v1", "v2=git:r@v2", "--format", "json"]).expect(1);
    let report = run.json();
    assert_eq!(report["rows"][0]["path"], "lib");
    assert_eq!(report["rows"][0]["pattern"], "AB");
    assert_eq!(report["rows"][0]["differences"], serde_json::json!(["target"]));
    let _ = env.driftline(["v1=git:r@v1", "same=git:r@main~1"]).expect(0);
}

fn hex(text: &str) -> Vec<u8> {
    (0..text.len()).step_by(2).map(|at| u8::from_str_radix(&text[at..at + 2], 16).unwrap()).collect()
}
