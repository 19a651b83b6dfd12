//! Repositories on other machines: the same answer as of a folder.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use driftline::snapshot::{Counters, GitState, HistoryReader as _, Snapshot};
use tempfile::tempdir;

use super::exec;
use crate::support::collecting::{Plan, path};
use crate::support::git_status::{far, lines, status};
use crate::support::repo::Repo;
use crate::support::sshd::{Kind, busybox, held};

/// A clone with everything that a state can have: an upstream that moved on, commits of its own, a stash, staged, unstaged and untracked
/// changes, ignored files, a submodule.
pub(super) fn full(home: &Path) -> Repo {
    let origin = Repo::init(home.join("origin"));
    let many = (0..40).fold(String::new(), |text, number| text + "line " + &number.to_string() + "\n");
    origin.write("a", "1\n").write("dir/b", many.clone()).write(".gitignore", "*.log\n").write("crlf.txt", "1\n2\n");
    origin.write(".gitattributes", "*.txt text=auto\n").commit("one");
    let library = Repo::init(home.join("library"));
    library.write("l", "1").commit("library");
    let root = home.join("r");
    origin.git(&["clone", "-q", ".", root.to_str().unwrap()]);
    let repo = Repo::at(root);
    repo.git(&["submodule", "add", "-q", library.root().to_str().unwrap(), "lib"]);
    repo.commit("here");
    origin.write("a", "2\n").commit("there");
    repo.git(&["fetch", "-q"]);
    for message in ["older", "newer"] {
        repo.write("a", message);
        repo.git(&["stash", "push", "-q", "-m", message]);
    }
    repo.git(&["mv", "dir/b", "dir/moved"]);
    repo.write("dir/moved", many.replace("line 7\n", "line seven\n")).write("new", "new\n");
    repo.git(&["add", "-A"]);
    repo.write("a", "3\n").write("crlf.txt", "1\r\n2\r\n").write("untracked", "").write("x.log", "");
    Repo::at(repo.path("lib")).write("l", "2").commit("moved on");
    repo
}

pub(super) fn collected(plan: &Plan) -> (Snapshot, Counters) {
    let mut outcome = plan.run();
    (outcome.snapshots.remove(0), outcome.counters)
}

pub(super) fn reason(snapshot: &Snapshot) -> &str {
    match &snapshot.git {
        GitState::Unknown { reason } => reason,
        other => panic!("not unknown: {other:#?}"),
    }
}

/// Links to the tools of this machine, without git.
pub(super) fn without_git(home: &Path) -> PathBuf {
    let tools = home.join("tools");
    fs::create_dir(&tools).unwrap();
    let names = [
        "sh",
        "find",
        "stat",
        "xargs",
        "readlink",
        "date",
        "cat",
        "uname",
        "sha1sum",
        "sha256sum",
        "nice",
        "wc",
        "ls",
        "env",
    ];
    for name in names {
        let of = ["/bin", "/usr/bin"].map(|folder| Path::new(folder).join(name)).into_iter().find(|tool| tool.exists());
        std::os::unix::fs::symlink(of.unwrap(), tools.join(name)).unwrap();
    }
    tools
}

#[test]
fn the_state_is_that_of_a_folder_whatever_tools_there_are() {
    let home = tempdir().unwrap();
    let repo = full(home.path());
    let near = status(repo.root());
    assert_eq!(lines(&near).len(), 5, "{:#?}", near.changes);
    assert_eq!((near.stashes.len(), near.unpushed.as_ref().map_or(0, Vec::len), near.submodules.len()), (2, 1, 1));
    let tools = without_git(home.path());
    let busybox = busybox();
    for (name, source) in [
        ("ssh", held(Kind::default(), repo.root())),
        ("ssh with busybox", held(Kind { path: Some(busybox.clone()), ..Kind::default() }, repo.root())),
        ("without git", exec(&["/usr/bin/env", "-i", &format!("PATH={}", tools.display())], repo.root())),
    ] {
        let mut plan = Plan::of(&[repo.root()]);
        plan.environments[0].source = source;
        assert_eq!(collected(&plan).0.git, GitState::Checkout(Box::new(near.clone())), "{name}");
    }
    // What was packed long ago is copied too.
    repo.git(&["gc", "-q"]);
    let plan = far(repo.root(), tools.to_str().unwrap());
    assert_eq!(collected(&plan).0.git, GitState::Checkout(Box::new(status(repo.root()))));
}

#[test]
fn the_second_night_fetches_only_what_is_new() {
    let home = tempdir().unwrap();
    let repo = Repo::init(home.path().join("r"));
    for number in 0..60 {
        // Not to be made small by packing.
        let noise: String =
            (0..200).map(|at| blake3::hash(format!("{number} {at}").as_bytes()).to_hex().to_string()).collect();
        repo.write(&format!("f{number}"), noise);
    }
    repo.commit("one").settle();
    for tools in ["/usr/local/bin:/usr/bin:/bin".to_owned(), without_git(home.path()).display().to_string()] {
        let state = home.path().join(format!("state{}", tools.len()));
        let plan = far(repo.root(), &tools).state(&state);
        let (first, work) = collected(&plan);
        let listing = 60 * 200 + 20_000;
        assert!(work.bytes_received > 300_000, "the history came: {work:?}");
        assert_eq!(work.far_files_read, 0, "the index vouches for all files");
        let (second, work) = collected(&plan);
        assert!(work.bytes_received < listing && work.round_trips == 2, "nothing is new: {work:?}");
        assert_eq!(first, second);
        repo.write("f1", format!("changed {tools}")).commit("two").settle();
        let (third, work) = collected(&plan);
        let GitState::Checkout(status) = &third.git else { panic!("{:?}", third.git) };
        assert_eq!(status.commit.as_ref().unwrap().subject, "two");
        assert!(work.bytes_received < listing + 20_000, "one commit is new: {work:?}");
        assert_eq!(collected(&plan).0, third);
        let mode = |path: PathBuf| fs::metadata(path).unwrap().permissions().mode() & 0o777;
        let kept = fs::read_dir(state.join("git")).unwrap().next().unwrap().unwrap().path();
        assert_eq!(
            (mode(state.join("git")), mode(kept.clone()), mode(kept.join("objects/pack"))),
            (0o700, 0o700, 0o700)
        );
        let mut names: Vec<_> = fs::read_dir(&kept).unwrap().map(|entry| entry.unwrap().file_name()).collect();
        names.sort();
        assert_eq!(names, ["objects", "tips"], "there is nothing that could be obeyed");
        // An earlier run may have left less than it says.
        fs::remove_dir_all(kept.join("objects")).unwrap();
        fs::create_dir_all(kept.join("objects/pack")).unwrap();
        assert_eq!(collected(&plan).0, third, "what is lost is fetched again");
    }
}

#[test]
fn round_trips_do_not_grow_with_history_or_changes() {
    let home = tempdir().unwrap();
    let mut trips = Vec::new();
    for size in [2, 120] {
        let repo = Repo::init(home.path().join(format!("r{size}")));
        repo.write(".gitattributes", "*.txt text=auto\n").commit("attributes");
        for number in 0..size {
            repo.write(&format!("d{}/{number}.txt", number % 7), "1\n").write(&format!("{number}.py"), "1\n");
            if number < 10 {
                repo.commit("more");
            }
        }
        repo.commit("all");
        for number in 0..size {
            repo.write(&format!("d{}/{number}.txt", number % 7), "1\r\n").write(&format!("{number}.py"), "2\n");
        }
        let (snapshot, work) = collected(&far(repo.root(), "/usr/bin:/bin"));
        let GitState::Checkout(status) = &snapshot.git else { panic!("{:?}", snapshot.git) };
        assert_eq!(status.changes.len(), size);
        trips.push(work.round_trips);
    }
    assert!(trips[0] == trips[1] && trips[0] <= 6, "{trips:?}");
}

#[test]
fn histories_of_other_machines_are_histories() {
    let home = tempdir().unwrap();
    let repo = Repo::init(home.path().join("r"));
    repo.write("a", "base\n").commit("base");
    let clone = home.path().join("clone");
    repo.git(&["clone", "-q", ".", clone.to_str().unwrap()]);
    let clone = Repo::at(clone);
    repo.write("a", "here\n").commit("here");
    clone.write("a", "there\n").commit("there").write("a", "uncommitted\n");
    let mut plan =
        super::plan(repo.root(), vec![exec(&["/usr/bin/env"], clone.root()), exec(&["/usr/bin/env"], repo.root())]);
    for state in [None, Some(home.path().join("state"))] {
        plan.state = state;
        let collected = plan.collect();
        let (commit, content) = collected.common_ancestor(&[0, 1], &path("a")).unwrap().unwrap();
        assert_eq!((commit.subject.as_str(), content.as_slice()), ("base", &b"base\n"[..]));
        assert_eq!(collected.committed(1, &path("a")).unwrap().unwrap(), b"there\n");
        let versions = collected.versions(1, &path("a")).unwrap();
        assert_eq!(versions.len(), 2);
        assert_eq!(collected.common_ancestor(&[0, 2], &path("a")).unwrap().unwrap().0.subject, "here");
    }
}

#[test]
fn a_repository_there_is_not_touched() {
    let home = tempdir().unwrap();
    let repo = full(home.path());
    // Times in the index are wrong: git itself would write it anew.
    fs::File::options()
        .append(true)
        .open(repo.path("crlf.txt"))
        .unwrap()
        .set_modified(std::time::SystemTime::now())
        .unwrap();
    let before = crate::read_only::picture(repo.root());
    for tools in ["/usr/local/bin:/usr/bin:/bin", "/usr/bin:/bin", busybox().to_str().unwrap()] {
        let trace = home.path().join("trace");
        let snapshot = super::reading::traced(&trace, tools, repo.root());
        assert!(matches!(snapshot.git, GitState::Checkout(_)), "{tools}: {:?}", snapshot.git);
        super::reading::assert_nothing_is_written(&trace, tools);
        let after = crate::read_only::picture(repo.root());
        for (path, was) in &before {
            assert_eq!(after.get(path).map(|it| &it.1), Some(&was.1), "{tools}: {}", path.display());
            assert_eq!(after[path].0[..10], was.0[..10], "{tools}: {}", path.display());
        }
        assert_eq!(after.len(), before.len(), "{tools}");
    }
}

#[test]
fn what_is_secret_is_judged_where_it_is() {
    let home = tempdir().unwrap();
    let repo = Repo::init(home.path().join("r"));
    repo.write(".gitattributes", "* text=auto\n")
        .write("a", "1\n")
        .write(".env", "KEY=one\n")
        .write("b.env", "KEY=same\n");
    repo.commit("one");
    repo.write(".env", "KEY=a-new-secret\n").write("b.env", "KEY=same\n").write("a", "2\n");
    repo.git(&["add", ".env"]);
    let heard = home.path().join("heard");
    let listen = format!("\"$@\" | /usr/bin/tee -a {}", heard.display());
    let mut plan = Plan::of(&[repo.root()]);
    plan.environments[0].source = exec(&["sh", "-c", &listen, "listen"], repo.root());
    let (snapshot, _) = collected(&plan);
    let GitState::Checkout(far) = &snapshot.git else { panic!("{:?}", snapshot.git) };
    assert_eq!(lines(far), lines(&status(repo.root())));
    let heard = fs::read(heard).unwrap();
    let has = |text: &[u8]| heard.windows(text.len()).any(|part| part == text);
    assert!(has(b"2\n") && !has(b"a-new-secret"));
}

#[test]
fn a_listing_that_is_cut_says_nothing_about_the_repository() {
    let home = tempdir().unwrap();
    let repo = Repo::init(home.path().join("r"));
    for number in 0..50 {
        repo.write(&format!("f{number}"), "x");
    }
    repo.commit("one");
    let cut = "\"$@\" | /usr/bin/dd bs=1 count=1500 2>/dev/null";
    let mut plan = Plan::of(&[repo.root()]);
    plan.environments[0].source = exec(&["sh", "-c", cut, "cut"], repo.root());
    let (snapshot, _) = collected(&plan);
    assert_eq!(reason(&snapshot), "its listing is not complete");
}
