//! Fixes in one place only, as the status shows them, and what is kept of them between runs.

use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::scenarios::oncalls;
use crate::support::repo::Repo;
use crate::support::run::{Run, TestEnv};
use crate::support::tree::{Tree, settle};

const TEN: &str = "one\ntwo\nthree\nfour\nfive\nsix\nseven\neight\nnine\nten\n";

/// A checkout `a` with two fixes of its own, one of them committed, and a clone `b` without them.
fn two() -> (TestEnv, Repo) {
    let env = TestEnv::new();
    let a = Repo::init(env.path("a"));
    a.write("app.py", TEN).write("lib.py", TEN).write("same.py", TEN).commit("base");
    a.git(&["clone", "-q", ".", env.path("b").to_str().unwrap()]);
    a.write("lib.py", TEN.replace("two\n", "two fixed\n")).commit("Fix the second line");
    a.write("app.py", TEN.replace("nine\n", "nine fixed\n"));
    settle();
    (env, a)
}

fn status(env: &TestEnv, words: &[&str]) -> Run {
    env.driftline(["a=a", "b=b"].iter().chain(words))
}

fn json(env: &TestEnv, words: &[&str]) -> Value {
    status(env, &[&["--format", "json"], words].concat()).expect(1).json()
}

fn files_below(folder: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for entry in std::fs::read_dir(folder).into_iter().flatten() {
        let path = entry.unwrap().path();
        if path.is_dir() { files.extend(files_below(&path)) } else { files.push(path) }
    }
    files
}

#[test]
fn status_lists_what_candidates_lists() {
    let (env, _) = two();
    let look = &json(&env, &["--no-state"])["candidates"];
    assert_eq!((&look["looked_at"], &look["because"]), (&Value::Bool(true), &Value::Null), "{look:#}");
    let listing = env.driftline(["candidates", "a=a", "b=b", "--no-state", "--format", "json"]).expect(1).json();
    let names = |units: &Value| -> Vec<[Value; 3]> {
        let name = |unit: &Value| [unit["id"].clone(), unit["short"].clone(), unit["from"].clone()];
        units.as_array().unwrap().iter().map(name).collect()
    };
    assert_eq!(names(&look["units"]), names(&listing["units"]));
    let units = look["units"].as_array().unwrap();
    assert_eq!(units.len(), 2, "{look:#}");
    for unit in units {
        let target = &unit["targets"][0];
        assert_eq!((&unit["added"], &unit["removed"]), (&1.into(), &1.into()));
        assert_eq!(
            [&target["env"], &target["verdict"], &target["applies"], &target["destroyed"]],
            [&Value::from("b"), &"absent".into(), &"clean".into(), &true.into()]
        );
    }
}

#[test]
fn the_first_screen_has_a_table_of_them() {
    let (env, _) = two();
    let run = status(&env, &["--no-state"]).expect(1);
    let text = run.stdout();
    let table: Vec<&str> =
        text.lines().skip_while(|line| !line.starts_with("Fixes in one")).take_while(|it| !it.is_empty()).collect();
    insta::assert_snapshot!(table.join("\n"), @r"
    Fixes in one place only                        A -> B
      f1  Fix the second line      lib.py +1 -1    applies
      f2  change app.py            unstaged +1 -1  applies
      all with their evidence: driftline candidates a=a b=b
    ");
    assert!(text.lines().count() <= 40, "{run}");
    assert!(text.contains("driftline candidates a=a b=b"), "{run}");
}

#[test]
fn a_second_run_opens_nothing_and_says_the_same() {
    let (env, a) = two();
    let run = || json(&env, &["--state-dir", "state"]);
    let (first, second) = (run(), run());
    assert!(first["counters"]["files_opened"].as_u64() > Some(0));
    assert_eq!(second["counters"]["files_opened"], 0, "{}", second["counters"]);
    assert_eq!(first["candidates"], second["candidates"]);
    assert_eq!(first["candidates"], json(&env, &["--no-state"])["candidates"]);
    assert_eq!(first["candidates"], json(&env, &["--state-dir", "state", "--threads", "1", "--rehash"])["candidates"]);
    // What changed is looked at again.
    a.write("app.py", TEN);
    settle();
    let third = run();
    assert_eq!(third["candidates"]["units"].as_array().unwrap().len(), 1, "{:#}", third["candidates"]);
    a.git(&["reset", "-q", "--hard", "HEAD~1"]);
    settle();
    let fourth = status(&env, &["--state-dir", "state", "--format", "json"]).json();
    assert_eq!(fourth["candidates"]["units"], Value::Array(Vec::new()), "{:#}", fourth["candidates"]);
}

#[test]
fn what_is_kept_is_never_the_truth() {
    let (env, _) = two();
    let run = || json(&env, &["--state-dir", "state"])["candidates"].clone();
    let first = run();
    let kept = files_below(&env.path("state/conclusions"));
    let [kept] = &kept[..] else { panic!("one file is kept: {kept:?}") };
    let whole = std::fs::read(kept).unwrap();
    for damaged in [&whole[..whole.len() / 2], b"", b"driftline conclusion 1\n"] {
        std::fs::write(kept, damaged).unwrap();
        assert_eq!(run(), first);
    }
    let mut other = whole.clone();
    let last = other.len() - 40;
    other[last] ^= 1;
    std::fs::write(kept, &other).unwrap();
    assert_eq!(run(), first);
    assert_ne!(std::fs::read(kept).unwrap(), other, "it is made anew");
}

#[test]
fn no_secret_of_a_message_is_kept_in_clear() {
    const SECRET: &str = "hV7kQz93LmPw2XcT";
    let (env, a) = two();
    a.write("lib.py", TEN.replace("five\n", "5\n")).commit(&format!("set password={SECRET}"));
    settle();
    let run = status(&env, &["--state-dir", "state", "--format", "json"]);
    assert!(run.stdout().contains("set password="), "{run}");
    assert!(!run.stdout().contains(SECRET), "{run}");
    let files = files_below(&env.path("state"));
    assert!(files.iter().any(|file| file.extension().is_some_and(|it| it == "conclusion")), "{files:?}");
    for file in files {
        let bytes = std::fs::read(&file).unwrap();
        assert!(!bytes.windows(SECRET.len()).any(|window| window == SECRET.as_bytes()), "{}", file.display());
    }
}

#[test]
fn where_nobody_has_a_history_status_leaves_it_to_candidates() {
    let env = TestEnv::new();
    Tree::at(env.path("a")).file("x", "1\n");
    Tree::at(env.path("b")).file("x", "2\n");
    let look = &json(&env, &["--no-state"])["candidates"];
    assert_eq!((&look["looked_at"], &look["because"]), (&false.into(), &"no environment has a history".into()));
    assert!(!status(&env, &["--no-state"]).stdout().contains("Fixes"));
}

#[test]
fn too_much_is_said_and_not_done() {
    let env = TestEnv::new();
    let a = Repo::init(env.path("a"));
    a.write("kept", "").commit("base");
    for number in 0..2_100 {
        a.write(&format!("x/{number}"), "a\n");
        std::fs::create_dir_all(env.path("b/x")).unwrap();
        std::fs::write(env.path(format!("b/x/{number}")), "b\n").unwrap();
    }
    let run = status(&env, &["--no-state"]).expect(1);
    let said = "Fixes in one place only: not looked at, 4,201 files to look into: driftline candidates a=a b=b";
    let half = &said[..70];
    assert!(run.stdout().lines().any(|line| line.starts_with(half)), "{run}");
    let look = &json(&env, &["--no-state"])["candidates"];
    assert_eq!((&look["looked_at"], &look["because"]), (&false.into(), &"4,201 files to look into".into()));
}

fn report(env: &TestEnv, words: &[&str]) -> Value {
    let words = ["report", "a=a", "b=b", "--format", "json"].into_iter().chain(words.iter().copied());
    env.driftline(words).expect(1).json()
}

#[test]
fn a_second_night_searches_nothing_and_has_the_same_patches() {
    let (env, a) = two();
    let state = ["--state-dir", "state"];
    let (first, second) = (report(&env, &state), report(&env, &state));
    assert!(first["counters"]["files_opened"].as_u64() > Some(0));
    for counter in ["files_opened", "trees_compared"] {
        assert_eq!(second["counters"][counter], 0, "{}", second["counters"]);
    }
    assert_eq!(first["candidates"]["units"].as_array().unwrap().len(), 2, "{:#}", first["candidates"]);
    assert_eq!(first["patches"].as_array().unwrap().len(), 2);
    let without = report(&env, &["--no-state"]);
    for part in ["candidates", "patches"] {
        assert_eq!(first[part], second[part], "{part}");
        assert_eq!(first[part], without[part], "{part}");
    }
    // A status finds what the report kept.
    assert_eq!(json(&env, &state)["counters"]["files_opened"], 0);
    a.write("app.py", TEN);
    settle();
    assert_eq!(report(&env, &state)["candidates"]["units"].as_array().unwrap().len(), 1);
}

#[test]
fn a_night_looks_as_far_as_a_status_does() {
    let env = TestEnv::new();
    let a = Repo::init(env.path("a"));
    a.write("kept", "").commit("base");
    Tree::at(env.path("b")).file("x/0", "");
    for number in 0..2_100 {
        a.write(&format!("x/{number}"), "a\n");
        std::fs::write(env.path(format!("b/x/{number}")), "b\n").unwrap();
    }
    let night = report(&env, &["--no-state"]);
    let look = &night["candidates"];
    assert_eq!((&look["looked_at"], &look["because"]), (&false.into(), &"4,201 files to look into".into()));
    assert_eq!((&look["units"], &night["patches"]), (&Value::Array(Vec::new()), &Value::Array(Vec::new())));
    let said = "not looked at, 4,201 files to look into";
    let run = env.driftline(["report", "a=a", "b=b", "--no-state"]).expect(1);
    assert!(run.stdout().contains(&format!("Fixes in one place only: {said}: driftline candidates a=a b=b")), "{run}");
    for format in ["markdown", "html"] {
        let run = env.driftline(["report", "a=a", "b=b", "--no-state", "--format", format]).expect(1);
        assert!(run.stdout().contains(said), "{format}");
    }
}

#[test]
fn each_is_a_finding_that_can_be_explained() {
    let (env, _) = two();
    let report = json(&env, &["--no-state"]);
    let findings: Vec<&Value> =
        report["findings"].as_array().unwrap().iter().filter(|finding| finding["code"] == "unshared-fix").collect();
    assert_eq!(findings.len(), 2, "{findings:#?}");
    let of_commit = findings.iter().find(|finding| finding["path"]["path"] == "lib.py").unwrap();
    assert_eq!(of_commit["severity"], "notice");
    assert_eq!(of_commit["subject"], "Fix the second line");
    let id = of_commit["id"].as_str().unwrap();
    let explained = env.driftline(["explain", id, "a=a", "b=b", "--no-state"]).expect(0);
    assert!(explained.stdout().contains("not in b"), "{explained}");
}

fn of_oncalls() -> Value {
    let config = oncalls::before().join("driftline.toml");
    let words = ["--config", config.to_str().unwrap(), "--no-state", "--format", "json"];
    TestEnv::new().driftline(words).expect(1).json()
}

/// What was edited on prod is in no repository, and staging and debug have the file without it.
#[test]
fn a_deploy_that_would_destroy_a_fix_is_named() {
    let look = &of_oncalls()["candidates"];
    let is_hotfix = |unit: &&Value| unit["from"] == "prod" && unit["title"] == "change mailer.py";
    let hotfix = look["units"].as_array().unwrap().iter().find(is_hotfix).unwrap_or_else(|| panic!("{look:#}"));
    // Held against the version of the commit that prod is nearest to, it is the edit and nothing else.
    assert_eq!((&hotfix["kind"], &hotfix["added"], &hotfix["removed"]), (&"tree".into(), &12.into(), &2.into()));
    for (target, env) in hotfix["targets"].as_array().unwrap().iter().zip(["staging", "debug"]) {
        assert_eq!((&target["env"], &target["destroyed"]), (&env.into(), &true.into()), "{hotfix:#}");
    }
    let config = oncalls::before().join("driftline.toml");
    let run = TestEnv::new().driftline(["--config", config.to_str().unwrap(), "--no-state"]).expect(1);
    assert!(run.stdout().contains("P only: a deploy of S or D destroys it"), "{run}");
    assert!(run.stdout().lines().count() <= 40, "{run}");
    // However narrow the screen is, the danger is said.
    for columns in ["60", "70", "80", "90", "100", "130"] {
        let words = ["--config", config.to_str().unwrap(), "--no-state", "--width", columns];
        let run = TestEnv::new().driftline(words).expect(1);
        let text = run.stdout();
        let line = text.lines().find(|line| line.contains("change mailer.py")).unwrap_or_else(|| panic!("{run}"));
        assert!(["destroys it", "would destroy it", "lost on deploy"].iter().any(|end| line.ends_with(end)), "{run}");
    }
}
