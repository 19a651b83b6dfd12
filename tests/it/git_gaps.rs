//! Where libgit2's status is wrong or nothing, and where git itself would run something: never a false answer.

use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use driftline::snapshot::{Distance, GitState, Head};
use tempfile::tempdir;

use crate::support::git_status::{agree, lines, snapshot, status, unknown};
use crate::support::repo::Repo;

fn with_folders(root: &Path, options: &[&str]) -> Repo {
    let repo = Repo::init_with(root, options);
    for folder in ["kept", "kept/deep", "skipped", "skipped/deep"] {
        repo.write(&format!("{folder}/a"), format!("{folder} a\n"))
            .write(&format!("{folder}/b"), format!("{folder} b\n"));
    }
    repo.write("top", "top\n").commit("one");
    repo
}

#[test]
fn a_sparse_checkout_has_no_deleted_files() {
    let home = tempdir().unwrap();
    for (name, index) in [("full", "--no-sparse-index"), ("sparse", "--sparse-index")] {
        let repo = with_folders(&home.path().join(name), &[]);
        repo.git(&["sparse-checkout", "set", "--cone", index, "kept"]);
        assert!(!repo.path("skipped").exists());
        let has_folders = repo.git(&["ls-files", "--sparse", "--stage"]).contains("skipped/\n")
            || repo.git(&["ls-files", "--sparse"]).lines().any(|line| line == "skipped/");
        assert_eq!(has_folders, name == "sparse");
        assert_eq!(lines(&agree(&repo)).len(), 0, "{name}");
        repo.write("kept/a", "another\n").remove("kept/b").write("kept/new", "");
        assert_eq!(lines(&agree(&repo)).len(), 3, "{name}");
        // A file that is there although it is not meant to be is judged by what it holds.
        repo.write("skipped/a", "skipped a\n").write("skipped/b", "another\n");
        let ours = lines(&status(repo.root()));
        assert!(!ours.contains("unstaged M skipped/a") && ours.contains("unstaged M skipped/b"), "{ours:?}");
    }
}

#[test]
fn a_split_index_is_read_whole() {
    let home = tempdir().unwrap();
    let repo = with_folders(&home.path().join("r"), &[]);
    repo.git(&["config", "splitIndex.maxPercentChange", "100"]);
    repo.git(&["update-index", "--split-index"]);
    repo.write("kept/a", "staged\n").write("new", "new\n").write("kept/0", "new\n");
    repo.git(&["add", "kept/a", "new", "kept/0"]);
    repo.git(&["rm", "-q", "--cached", "skipped/a"]);
    repo.write("kept/b", "unstaged\n");
    assert!(std::fs::read(repo.path(".git/index")).unwrap().windows(4).any(|four| four == b"link"));
    assert_eq!(lines(&agree(&repo)).len(), 6);
    for entry in std::fs::read_dir(repo.path(".git")).unwrap() {
        let path = entry.unwrap().path();
        if path.file_name().unwrap().to_string_lossy().starts_with("sharedindex.") {
            std::fs::remove_file(path).unwrap();
        }
    }
    assert!(unknown(repo.root()).ends_with("is the other half of the index, and is not there"));
}

#[test]
fn every_version_of_the_index_is_read() {
    let home = tempdir().unwrap();
    for version in ["2", "3", "4"] {
        let repo = with_folders(&home.path().join(version), &[]);
        repo.git(&["update-index", "--index-version", version]);
        repo.write("kept/a", "x\n").write("later", "x\n");
        repo.git(&["add", "-N", "later"]);
        assert_eq!(lines(&agree(&repo)).len(), 2);
        repo.git(&["config", "index.skipHash", "true"]);
        repo.write("new", "x\n");
        repo.git(&["add", "new"]);
        assert_eq!(lines(&agree(&repo)).len(), 3);
    }
}

#[test]
fn a_file_under_a_filter_is_not_judged_by_its_bytes() {
    let home = tempdir().unwrap();
    let repo = Repo::init(home.path().join("r"));
    let marker = home.path().join("marker");
    repo.git(&["config", "filter.up.clean", &format!("touch '{}'; tr a-z A-Z", marker.display())]);
    repo.write(".gitattributes", "*.up filter=up\n").write("f.up", "text\n").write("g", "g\n").commit("one").settle();
    assert_eq!(agree(&repo).changes, []);
    std::fs::remove_file(&marker).unwrap();
    // Only its times are others.
    repo.write("f.up", "text\n");
    let status = status(repo.root());
    assert_eq!(status.changes, []);
    assert_eq!(status.not_judged.len(), 1);
    assert_eq!(status.not_judged[0].path.as_bytes(), b"f.up");
    assert!(status.not_judged[0].reason.contains("the filter `up` would have to run"));
    assert!(!marker.exists());
}

#[test]
fn a_file_under_lfs_is_judged_by_its_pointer() {
    let home = tempdir().unwrap();
    let repo = Repo::init(home.path().join("r"));
    // The pointer of `hello\n`.
    let pointer = "version https://git-lfs.github.com/spec/v1\n\
        oid sha256:5891b5b522d5df086d0ff0b110fbd9d21bb4fc7163af34d08286a2e846f6be03\nsize 6\n";
    repo.write("f.bin", pointer)
        .commit("pointer")
        .write(".gitattributes", "*.bin filter=lfs -text\n")
        .commit("attributes");
    for (content, changes) in [("hello\n", 0), (pointer, 0), ("hullo\n", 1), ("hello, world\n", 1)] {
        repo.write("f.bin", content);
        let status = status(repo.root());
        assert_eq!((status.changes.len(), status.not_judged.len()), (changes, 0), "{content}");
    }
    repo.write("g.bin", "committed without lfs\n");
    repo.git(&["-c", "core.attributesFile=/dev/null", "add", "g.bin"]);
    repo.git(&["commit", "-q", "-m", "x"]);
    repo.write("g.bin", "something else\n");
    assert_eq!(status(repo.root()).not_judged.len(), 1);
}

#[test]
fn other_conversions_are_not_guessed() {
    let home = tempdir().unwrap();
    let repo = Repo::init(home.path().join("r"));
    repo.write(".gitattributes", "*.u working-tree-encoding=UTF-16LE\n*.i ident\n");
    repo.write("a.u", "a\0b\0").write("b.i", "$Id$\n").commit("one").settle();
    assert_eq!(agree(&repo).changes, []);
    repo.write("a.u", "a\0b\0").write("b.i", "$Id: 0123 $\n");
    let status = status(repo.root());
    assert_eq!((status.changes.len(), status.not_judged.len()), (0, 2));
}

#[test]
fn kinds_of_repositories_that_are_not_understood_are_unknown() {
    let home = tempdir().unwrap();
    for (name, options, reason) in [
        ("reftable", &["--ref-format=reftable"][..], "keeps its branches as reftable"),
        ("sha256", &["--object-format=sha256"], "names its objects by SHA-256"),
    ] {
        let repo = with_folders(&home.path().join(name), options);
        assert!(unknown(repo.root()).contains(reason), "{}", unknown(repo.root()));
    }
    for (key, value, reason) in [
        ("extensions.somethingNew", "1", "the repository has the extension `somethingnew` = `1`, which is not known"),
        ("core.repositoryFormatVersion", "2", "format version 2"),
        ("core.bare", "true", "configured as bare"),
        ("core.worktree", "/elsewhere", "`/elsewhere`"),
    ] {
        let repo = with_folders(&home.path().join(key), &[]);
        repo.git(&["config", key, value]);
        assert!(unknown(repo.root()).contains(reason), "{}", unknown(repo.root()));
    }
    let repo = with_folders(&home.path().join("files"), &[]);
    repo.git(&["config", "core.repositoryFormatVersion", "1"]);
    repo.git(&["config", "extensions.refStorage", "files"]);
    repo.git(&["config", "extensions.preciousObjects", "true"]);
    repo.write("top", "x\n");
    assert_eq!(lines(&agree(&repo)).len(), 1);
}

#[test]
fn unborn_and_bare() {
    let home = tempdir().unwrap();
    let repo = Repo::init(home.path().join("unborn"));
    repo.write("a", "1").write("b", "1");
    repo.git(&["add", "a"]);
    let status = agree(&repo);
    assert_eq!((status.head, status.commit), (Head::Unborn("main".to_owned()), None));
    let bare = Repo::init_with(home.path().join("bare"), &["--bare"]);
    assert!(unknown(bare.root()).contains("bare repository"));
}

type Damage = fn(&Repo);

#[test]
fn damage_is_unknown() {
    let home = tempdir().unwrap();
    let cases: [(&str, Damage, &str); 9] = [
        ("index", |repo| truncate(&repo.path(".git/index"), 100), "index of the repository cannot be used"),
        ("head", |repo| std::fs::write(repo.path(".git/HEAD"), "garbage").unwrap(), "does not name a commit"),
        ("no-head", |repo| std::fs::remove_file(repo.path(".git/HEAD")).unwrap(), "it has no HEAD"),
        ("no-refs", |repo| std::fs::remove_dir_all(repo.path(".git/refs")).unwrap(), "no `refs`"),
        ("objects", |repo| empty(&repo.path(".git/objects")), "cannot read the object"),
        ("config", |repo| std::fs::write(repo.path(".git/config"), "[core").unwrap(), "is not a config file of git"),
        ("fifo", |repo| fifo(&repo.path(".git/packed-refs")), "is not a regular file"),
        (
            "fifo-object",
            |repo| {
                let id = repo.git(&["rev-parse", "HEAD"]);
                let path = repo.path(format!(".git/objects/{}/{}", &id[..2], &id[2..]));
                std::fs::remove_file(&path).unwrap();
                fifo(&path);
            },
            "is not a regular file",
        ),
        (
            "gitfile",
            |repo| {
                std::fs::remove_dir_all(repo.path(".git")).unwrap();
                repo.write(".git", "gitdir: ../gone\n");
            },
            "names a repository that is not there",
        ),
    ];
    for (name, damage, reason) in cases {
        let repo = with_folders(&home.path().join(name), &[]);
        damage(&repo);
        assert!(unknown(repo.root()).contains(reason), "{name}: {}", unknown(repo.root()));
    }
}

fn truncate(path: &Path, length: u64) {
    std::fs::File::options().write(true).open(path).unwrap().set_len(length).unwrap();
}

fn empty(folder: &Path) {
    std::fs::remove_dir_all(folder).unwrap();
    std::fs::create_dir(folder).unwrap();
}

fn fifo(path: &Path) {
    rustix::fs::mknodat(rustix::fs::CWD, path, rustix::fs::FileType::Fifo, rustix::fs::Mode::from(0o644), 0).unwrap();
}

#[test]
fn a_repository_of_another_owner_is_read_where_it_can_be() {
    let home = tempdir().unwrap();
    let repo = with_folders(&home.path().join("r"), &[]);
    if !rustix::process::geteuid().is_root() {
        // Only root can give files away; for others, what may not be read is the same question.
        std::fs::set_permissions(repo.path(".git"), std::fs::Permissions::from_mode(0o0)).unwrap();
        assert!(unknown(repo.root()).contains("cannot read"));
        std::fs::set_permissions(repo.path(".git"), std::fs::Permissions::from_mode(0o755)).unwrap();
        return;
    }
    repo.write("top", "changed\n");
    for path in [repo.root().to_owned(), repo.path(".git")] {
        std::os::unix::fs::chown(path, Some(65534), Some(65534)).unwrap();
    }
    let refused = repo.try_git(&["status"]);
    assert!(String::from_utf8_lossy(&refused.stderr).contains("dubious ownership"));
    assert_eq!(lines(&status(repo.root())).into_iter().collect::<Vec<_>>(), ["unstaged M top"]);
}

#[test]
fn what_may_not_be_read_is_unknown() {
    crate::support::user::as_ordinary_user("git_gaps::what_may_not_be_read_is_unknown", || {
        let home = tempdir().unwrap();
        let repo = with_folders(&home.path().join("r"), &[]);
        std::fs::set_permissions(repo.path("kept/a"), std::fs::Permissions::from_mode(0o0)).unwrap();
        std::fs::set_permissions(repo.path("skipped"), std::fs::Permissions::from_mode(0o0)).unwrap();
        let found = status(repo.root());
        std::fs::set_permissions(repo.path("skipped"), std::fs::Permissions::from_mode(0o755)).unwrap();
        assert_eq!(found.changes, []);
        let open: Vec<_> =
            found.not_judged.iter().map(|path| path.path.as_bytes().escape_ascii().to_string()).collect();
        assert_eq!(open, ["kept/a", "skipped/a", "skipped/b", "skipped/deep/a", "skipped/deep/b"]);

        repo.write(".gitattributes", "*.bat eol=crlf\n");
        std::fs::set_permissions(repo.path(".gitattributes"), std::fs::Permissions::from_mode(0o0)).unwrap();
        assert!(unknown(repo.root()).contains("decides how files are to be judged"));
        repo.remove(".gitattributes");

        std::fs::set_permissions(repo.path(".git/index"), std::fs::Permissions::from_mode(0o0)).unwrap();
        assert!(unknown(repo.root()).contains("index`: permission denied"), "{}", unknown(repo.root()));
        std::fs::set_permissions(repo.path(".git"), std::fs::Permissions::from_mode(0o0)).unwrap();
        assert!(unknown(repo.root()).contains("permission denied"));
        std::fs::set_permissions(repo.path(".git"), std::fs::Permissions::from_mode(0o755)).unwrap();
    });
}

#[test]
fn nothing_of_a_repository_runs() {
    let home = tempdir().unwrap();
    let repo = Repo::init(home.path().join("r"));
    let marker = |name: &str| home.path().join(format!("marker-{name}"));
    let script = |name: &str| {
        let path = home.path().join(name);
        std::fs::write(&path, format!("#!/bin/sh\ntouch '{}'\ncat\n", marker(name).display())).unwrap();
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).unwrap();
        path.display().to_string()
    };
    repo.write(".gitattributes", "*.f filter=mark\n*.t diff=mark\n")
        .write("a.f", "1\n")
        .write("b.t", "1\n")
        .commit("one");
    repo.git(&["config", "core.fsmonitor", &script("fsmonitor")]);
    repo.git(&["config", "filter.mark.clean", &script("clean")]);
    repo.git(&["config", "diff.mark.textconv", &script("textconv")]);
    repo.git(&["config", "core.hooksPath", &home.path().join("hooks").display().to_string()]);
    std::fs::create_dir(home.path().join("hooks")).unwrap();
    std::fs::rename(script("hook"), home.path().join("hooks/post-index-change")).unwrap();
    let included = home.path().join("included");
    std::fs::write(&included, format!("[filter \"mark\"]\n\tprocess = {}\n", script("process"))).unwrap();
    let touch = || {
        repo.write("a.f", "2\n").write("b.t", "2\n");
    };
    touch();

    let names = ["fsmonitor", "clean", "textconv", "hook", "process"];
    let left = || -> Vec<&str> { names.into_iter().filter(|name| marker(name).exists()).collect() };
    let clear = || left().into_iter().for_each(|name| std::fs::remove_file(marker(name)).unwrap());
    // The hazards bite when git is asked.
    repo.git(&["status"]);
    repo.git(&["diff"]);
    assert_eq!(left(), ["fsmonitor", "clean", "textconv", "hook"]);
    clear();
    repo.git(&["config", "include.path", &included.display().to_string()]);
    repo.try_git(&["status"]);
    assert!(marker("process").exists());
    clear();

    touch();
    let snapshot = snapshot(repo.root());
    let GitState::Checkout(status) = &snapshot.git else { panic!("{:?}", snapshot.git) };
    assert_eq!(left(), Vec::<&str>::new());
    assert_eq!(lines(status).into_iter().collect::<Vec<_>>(), ["unstaged M b.t"]);
    assert_eq!(status.not_judged.len(), 1);
    assert!(snapshot.incidents.iter().any(|incident| incident.message.contains("includes other files")));
}

#[test]
fn a_shallow_clone_ends_where_it_was_cut() {
    let home = tempdir().unwrap();
    let origin = Repo::init(home.path().join("origin"));
    for number in 0..5 {
        origin.write("a", number.to_string()).commit(&format!("commit {number}"));
    }
    let root = home.path().join("shallow");
    let url = format!("file://{}", origin.root().display());
    origin.git(&["clone", "-q", "--depth", "2", &url, root.to_str().unwrap()]);
    let repo = Repo::at(&root);
    repo.write("b", "1").commit("here");
    let status = agree(&repo);
    assert_eq!(
        (status.unpushed.unwrap().len(), status.upstream.unwrap().distance),
        (1, Distance::Known { ahead: 1, behind: 0 })
    );
}
