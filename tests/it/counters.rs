//! How little is read, seen from the outside: the counters of `--format json`.

use serde_json::Value;

use crate::support::collecting::Plan;
use crate::support::repo::Repo;
use crate::support::run::TestEnv;
use crate::support::tree::{Tree, settle};

fn counters(env: &TestEnv, arguments: &[&str]) -> Value {
    let run = env.driftline(["--format", "json", "--fail-on", "never"].iter().chain(arguments)).expect(0);
    run.json()["counters"].clone()
}

/// Three environments with drift of every kind that makes somebody open a file.
fn drifted() -> TestEnv {
    let env = TestEnv::new();
    let tree = |name: &str| Tree::at(env.path(name)).file("same.py", "same\n").file("empty", "");
    let lines = |kept: &[&str]| kept.iter().map(|line| format!("{line}\n")).collect::<String>();
    tree("a").file("edited.py", "one\n").file("quiet.txt", "a\nb\n").file("old/moved.py", "moved away\n");
    tree("b").file("edited.py", "two\n").file("quiet.txt", "a\r\nb\r\n").file("new/moved.py", "moved away\n");
    tree("c")
        .file("edited.py", "six\n")
        .file("quiet.txt", "a\nb \n")
        // Each is a step on the way to the next.
        .file("view.py.orig", lines(&["start", "end"]))
        .file("view.py.bak", lines(&["start", "fix 1", "end"]))
        .file("view.py", lines(&["start", "fix 1", "fix 2", "end"]));
    settle();
    env
}

#[test]
fn a_second_run_opens_nothing() {
    let env = drifted();
    let status = ["a=a", "b=b", "c=c", "--state-dir", "state"];
    let first = counters(&env, &status);
    assert!(first["files_opened"].as_u64() > Some(0), "{first}");
    let second = counters(&env, &status);
    let read = |counters: &Value| ["files_opened", "bytes_read", "bytes_hashed"].map(|name| counters[name].as_u64());
    assert_eq!(read(&second), [Some(0); 3], "{second}");
    assert_eq!(second["entries_listed"], first["entries_listed"]);
}

/// Rules that are in no repository decide what is untracked, and what a line ending is.
#[test]
fn a_second_run_does_not_read_rules_again() {
    let env = TestEnv::new();
    let repo = Repo::init(env.path("a"));
    repo.write(".gitattributes", "*.txt text\n").write("a.txt", "a\n").commit("first");
    repo.write(".gitattributes", "*.txt text\n*.md text\n").write("docs/.gitignore", "*.log\n").write("docs/x.log", "");
    Tree::at(env.path("b")).file("a.txt", "a\n");
    settle();
    let run = || {
        let run = env.driftline(["--format", "json", "--fail-on", "never", "a=a", "b=b", "--state-dir", "state"]);
        run.expect(0).json()
    };
    let (first, second) = (run(), run());
    let untracked = first["environments"][0]["git"].to_string();
    assert!(untracked.contains("docs/.gitignore") && !untracked.contains("x.log"), "{untracked}");
    assert_eq!(second["environments"][0]["git"], first["environments"][0]["git"]);
    assert!(first["counters"]["files_opened"].as_u64() > Some(0));
    assert_eq!(second["counters"]["files_opened"], 0);
    let plan = Plan::of(&[repo.root(), &env.path("b")]).state(&env.path("of-surveys"));
    plan.surveyed();
    assert_eq!(plan.surveyed().files_opened, 0);
    repo.write("docs/.gitignore", "*.log\n*.tmp\n").write("docs/x.tmp", "");
    settle();
    assert_eq!(plan.surveyed().files_opened, 1, "what changed is read, and nothing else");
    let third = run();
    let untracked = third["environments"][0]["git"].to_string();
    assert!(untracked.contains("docs/.gitignore") && !untracked.contains("x.tmp"), "what changed is read: {untracked}");
    assert_eq!(run()["counters"]["files_opened"], 0);
}

#[test]
fn a_second_run_says_the_same() {
    let env = drifted();
    let run = |state: &[&str]| {
        let all = ["--format", "json", "a=a", "b=b", "c=c"].iter().chain(state);
        let mut json = env.driftline(all).expect(1).json();
        json.as_object_mut().unwrap().remove("counters");
        json
    };
    let first = run(&["--state-dir", "state"]);
    assert!(first["artifacts"].to_string().contains("view.py.orig"), "{first:#}");
    assert_eq!(run(&["--state-dir", "state"]), first);
    assert_eq!(run(&["--no-state"]), first);
}

#[test]
fn sizes_that_decide_spare_the_reading() {
    let env = TestEnv::new();
    Tree::at(env.path("a")).file("size", "1").file("here", "x").file("folder/same", "").link("link", "size");
    Tree::at(env.path("b")).file("size", "22").file("there", "yy").file("folder/same", "").link("link", "here");
    Tree::at(env.path("c")).file("size", "333").folder("folder");
    let counters = counters(&env, &["a=a", "b=b", "c=c", "--no-state"]);
    // The texts that differ are looked at, to know whether they differ only in line endings; nothing is hashed to tell them apart.
    assert_eq!([&counters["files_opened"], &counters["bytes_hashed"]], [3, 0], "{counters}");
}

#[test]
fn three_equal_files_are_hashed_once() {
    let env = TestEnv::new();
    for name in ["a", "b", "c"] {
        Tree::at(env.path(name)).file("same", [b'x'; 1000]);
    }
    let counters = counters(&env, &["a=a", "b=b", "c=c", "--no-state"]);
    let work = ["files_opened", "bytes_read", "bytes_hashed"].map(|name| counters[name].as_u64().unwrap());
    assert_eq!(work, [3, 3000, 1000], "{counters}");
}
