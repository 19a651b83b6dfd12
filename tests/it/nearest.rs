//! The commit that is nearest to a tree without a history in common with others, asked of the binary.

use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::support::collecting::Plan;
use crate::support::repo::Repo;
use crate::support::run::TestEnv;
use crate::support::tree::{Tree, settle};

/// Commits of the history of `staging`.
const COMMITS: usize = 12;

fn number(value: &Value) -> u64 {
    value.as_u64().unwrap_or_else(|| panic!("{value} is no number"))
}

fn environment<'a>(report: &'a Value, name: &str) -> &'a Value {
    report["environments"].as_array().unwrap().iter().find(|environment| environment["name"] == name).unwrap()
}

fn json(env: &TestEnv, arguments: &[&str]) -> Value {
    env.driftline(["--format", "json", "--fail-on", "never"].iter().chain(arguments)).expect(0).json()
}

/// Files that no commit changes after the first.
fn steady() -> impl Iterator<Item = (String, String)> {
    (0..40).map(|at| (format!("app/module{}/file{at}.py", at % 4), format!("def f{at}():\n    return {at}\n")))
}

/// What every commit changes, as it is after so many.
fn changed(commits: usize) -> String {
    (0..=commits).map(|at| format!("step {at}\n")).collect()
}

/// A history in which each commit changes one file, and a merge of a branch near its end.
fn staging(env: &TestEnv) -> Repo {
    let repo = Repo::init(env.path("staging"));
    for (name, text) in steady() {
        repo.write(&name, text);
    }
    for at in 0..COMMITS - 3 {
        let date = format!("{} +0000", 1_700_000_000 + at * 1000);
        repo.write("app/log.py", changed(at)).git(&["add", "-A"]);
        repo.git_at(&date, &["commit", "-q", "-m", &format!("step {at}")]);
    }
    repo.git(&["checkout", "-q", "-b", "side", "HEAD~1"]);
    repo.write("side.py", "side\n").git(&["add", "-A"]);
    repo.git_at("1700020000 +0000", &["commit", "-q", "-m", "on the side"]);
    repo.git(&["checkout", "-q", "main"]);
    repo.git_at("1700021000 +0000", &["merge", "-q", "--no-ff", "-m", "merge the side", "side"]);
    repo.write("app/log.py", changed(COMMITS)).git(&["add", "-A"]);
    repo.git_at("1700022000 +0000", &["commit", "-q", "-m", "last"]);
    repo.settle();
    repo
}

/// What was copied to prod after five commits, under other names of folders, with CR LF in one module, and edited there.
fn prod(root: &Path) {
    let mut tree = Tree::at(root).file("server/log.py", changed(5)).file("uploads/photo.bin", "photo");
    for (name, text) in steady() {
        let text = if name.contains("module1/") { text.replace('\n', "\r\n") } else { text };
        let text = if name.ends_with("/file2.py") { "hotfix\n".to_owned() } else { text };
        tree = tree.file(name.replace("app/", "server/"), text);
    }
}

/// Folders of the fixture, `prod` first.
fn mapped(env: &TestEnv, names: &[&str]) -> Plan {
    let folders: Vec<PathBuf> = names.iter().map(|name| env.path(name)).collect();
    Plan::of(&folders.iter().map(PathBuf::as_path).collect::<Vec<_>>()).map(0, &[("app", "server")])
}

fn fixture() -> TestEnv {
    let env = TestEnv::new();
    staging(&env);
    prod(&env.path("prod"));
    env.write(
        "driftline.toml",
        "[env.prod]\npath = \"prod\"\nmap = { \"app\" = \"server\" }\n\n[env.staging]\npath = \"staging\"\n",
    );
    settle();
    env
}

#[test]
fn the_commit_that_was_deployed_is_found() {
    let report = json(&fixture(), &["--no-state"]);
    let nearest = &environment(&report, "prod")["nearest"];
    assert_eq!(nearest["commit"]["subject"], "step 5", "{nearest:#}");
    // All but the hotfix, whatever the line ends; side.py is in none of the commits that are near.
    assert_eq!((number(&nearest["agree"]), number(&nearest["paths"])), (40, 41), "{nearest:#}");
    assert_eq!(nearest["share"], 0.9756);
    assert_eq!((nearest["of"].as_str(), number(&nearest["elsewhere"])), (Some("staging"), 1));
    assert_eq!(number(&nearest["runner_up"]["agree"]), 39);
    assert_eq!((number(&nearest["searched"]), nearest["capped"].as_bool()), (COMMITS as u64, Some(false)));
    assert_eq!(environment(&report, "staging")["nearest"], Value::Null);
}

#[test]
fn each_commit_is_compared_once_and_a_second_run_reads_nothing() {
    let env = fixture();
    let run = || json(&env, &["--state-dir", "state"]);
    let first = run();
    assert_eq!(mapped(&env, &["prod", "staging"]).surveyed().trees_compared, COMMITS as u64);
    let second = run();
    let read = ["files_opened", "bytes_read", "bytes_hashed"].map(|name| number(&second["counters"][name]));
    assert_eq!(read, [0; 3], "{}", second["counters"]);
    assert_eq!(environment(&first, "prod"), environment(&second, "prod"));
    let alone = json(&env, &["--no-state", "--threads", "1"]);
    assert_eq!(environment(&alone, "prod"), environment(&first, "prod"));
}

#[test]
fn no_history_is_looked_at_where_all_share_one() {
    let env = TestEnv::new();
    let repo = staging(&env);
    let debug = env.path("debug");
    repo.git(&["clone", "-q", ".", debug.to_str().unwrap()]);
    Repo::at(&debug).write("app/log.py", "mine\n").commit("mine");
    let report = json(&env, &["--no-state", "staging=staging", "debug=debug"]);
    assert_eq!(Plan::of(&[repo.root(), &debug]).surveyed().trees_compared, 0);
    assert!(!report.to_string().contains("unrelated-history"), "{report:#}");
}

#[test]
fn a_history_that_many_share_is_gone_along_once() {
    let env = fixture();
    let clone = env.path("debug");
    Repo::at(env.path("staging")).git(&["clone", "-q", ".", clone.to_str().unwrap()]);
    Repo::at(&clone).write("app/log.py", "mine\n").commit("mine");
    let report =
        json(&env, &["--no-state", "prod=prod", "staging=staging", "debug=debug", "--config", "driftline.toml"]);
    assert_eq!(mapped(&env, &["prod", "staging", "debug"]).surveyed().trees_compared, COMMITS as u64 + 1);
    assert_eq!(environment(&report, "prod")["nearest"]["commit"]["subject"], "step 5");
}

#[test]
fn only_files_that_may_agree_are_hashed() {
    let env = TestEnv::new();
    let repo = Repo::init(env.path("staging"));
    repo.write("a", "one\n").write("b", "b\n").commit("first");
    repo.write("a", "three\n").commit("second");
    repo.settle();
    // Neither has the size of any version; `a` has that of an earlier one.
    Tree::at(env.path("prod")).file("a", "ONE\n").file("b", "something else\n").file("mine", "mine\n");
    let report = json(&env, &["--no-state", "prod=prod", "staging=staging"]);
    let counters = Plan::of(&[&env.path("prod"), repo.root()]).surveyed();
    assert_eq!(counters.bytes_hashed, 4, "{counters:?}");
    assert_eq!(environment(&report, "prod")["nearest"], Value::Null, "nothing agrees");
}

#[test]
fn what_is_ignored_counts_nowhere() {
    let env = TestEnv::new();
    let repo = Repo::init(env.path("staging"));
    for at in 0..20 {
        repo.write(&format!("vendor/lib{at}"), format!("{at}\n"));
    }
    repo.write("a", "a\n").commit("all");
    Tree::at(env.path("prod")).file("a", "a\n");
    let nearest = |more: &[&str]| {
        let arguments = ["--no-state", "prod=prod", "staging=staging"];
        environment(&json(&env, &[&arguments, more].concat()), "prod")["nearest"].clone()
    };
    assert_eq!(nearest(&[]), Value::Null);
    let found = nearest(&["--ignore", "vendor/"]);
    assert_eq!((number(&found["agree"]), number(&found["paths"])), (1, 1), "{found:#}");
}

#[test]
fn it_is_the_base_of_a_view_and_stated() {
    let env = fixture();
    let diff = |format: &str| {
        let arguments = ["diff", "app/log.py", "--state-dir", "state", "--fail-on", "never", "--format", format];
        env.driftline(arguments).expect(0)
    };
    let report = diff("json").json();
    let base = &report["files"][0]["base"];
    assert_eq!((base["kind"].as_str(), &base["environments"]), (Some("nearest"), &serde_json::json!(["prod"])));
    assert_eq!((&base["of"], number(&base["nearest"]["agree"])), (&serde_json::json!(["prod"]), 40), "{base:#}");
    let id = base["commit"].as_str().unwrap();
    assert_eq!(Repo::at(env.path("staging")).git(&["log", "-1", "--format=%s", id]), "step 5");
    let text = diff("text").stdout();
    let next = base["runner_up"]["commit"]["id"].as_str().unwrap();
    let near = "nearest to prod, 97.5 % of 41 paths";
    let stated = format!("base: P, commit {} 'step 5' ({near}; next {}, 95.1 %)", &id[..7], &next[..7]);
    assert!(text.contains(&stated), "{stated} in\n{text}");
    assert!(text.contains("only staging"), "{text}");
}

#[test]
fn a_common_ancestor_comes_first_and_asks_for_no_nearest_commit() {
    let env = fixture();
    let clone = env.path("debug");
    Repo::at(env.path("staging")).git(&["clone", "-q", ".", clone.to_str().unwrap()]);
    Repo::at(&clone).write("app/log.py", "mine\n").commit("mine");
    let words = ["prod=prod", "staging=staging", "debug=debug", "--config", "driftline.toml"];
    let report = json(&env, &[&["diff", "app/log.py", "--no-state"], &words[..]].concat());
    assert_eq!(report["files"][0]["base"]["kind"], "common-ancestor");
}

#[test]
fn an_archive_has_a_nearest_commit_too() {
    let env = TestEnv::new();
    let repo = Repo::init(env.path("staging"));
    repo.write("a", "one\n").write("b", "b\n").commit("first");
    repo.git(&["archive", "-o", "../old.tar", "HEAD"]);
    repo.write("a", "two\n").commit("second");
    let report = json(&env, &["--no-state", "old=old.tar", "staging=staging"]);
    let old = environment(&report, "old");
    assert_eq!(old["nearest"]["commit"]["subject"], "first", "{old:#}");
    assert_eq!(old["nearest"]["share"], 1.0);
}

#[test]
fn so_has_a_tree_that_is_reached_by_a_command_and_only_what_may_decide_is_fetched_once() {
    let env = fixture();
    let there = env.path("prod");
    env.write(
        "driftline.toml",
        format!(
            "[env.prod]\nexec = [\"env\"]\npath = {there:?}\nmap = {{ \"app\" = \"server\" }}\n\n[env.staging]\npath = \"staging\"\n"
        ),
    );
    let run = || json(&env, &["--state-dir", "state"]);
    let first = run();
    let nearest = environment(&first, "prod")["nearest"].clone();
    assert_eq!(nearest["commit"]["subject"], "step 5", "{nearest:#}");
    assert_eq!((number(&nearest["agree"]), number(&nearest["unknown"])), (40, 0), "{nearest:#}");
    let second = run();
    assert_eq!(environment(&second, "prod")["nearest"], nearest);
    assert_eq!(number(&second["counters"]["far_files_read"]), 0, "{}", second["counters"]);
}
