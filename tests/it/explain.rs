//! `driftline explain`: rules, findings, paths.

use serde_json::Value;

use crate::support::repo::Repo;
use crate::support::run::TestEnv;
use crate::support::tree::Tree;

fn fixture() -> TestEnv {
    let env = TestEnv::new();
    Tree::at(env.path("prod")).file("oncall/app.py", "old\n").file("oncall/logs/today", "1").file("same", "same\n");
    Tree::at(env.path("staging")).file("backend/app.py", "new!\n").file("same", "same\n").file("only", "here\n");
    env.write(
        "driftline.toml",
        "ignore = [\"logs/\"]\n[env.prod]\npath = \"prod\"\nmap = { backend = \"oncall\" }\n[env.staging]\npath = \"staging\"\n",
    );
    env
}

fn text(env: &TestEnv, word: &str) -> String {
    env.driftline(["explain", "--no-state", word]).expect(0).stdout()
}

fn json(env: &TestEnv, word: &str) -> Value {
    env.driftline(["explain", "--no-state", "--format", "json", word]).expect(0).json()
}

#[test]
fn a_rule_is_explained_without_a_configuration() {
    let env = TestEnv::new();
    let shown = text(&env, "only-in");
    for part in ["only-in   usually a warning", "What it finds", "Why it matters", "Example", "When it is wrong"] {
        assert!(shown.contains(part), "{part} in\n{shown}");
    }
    assert_eq!(json(&env, "unrelated-history")["rules"][0]["severity"], "notice");
}

#[test]
fn a_path_says_what_it_is_called_where_and_what_is_reported() {
    insta::assert_snapshot!(text(&fixture(), "app.py"), @r"
    backend/app.py   differs in content
      prod     A  file, 4 bytes, called oncall/app.py (map: backend is oncall)
      staging  B  file, 5 bytes

    Reported
      !  content-differs  21ca6e741b  backend/app.py
           prod and staging differ

    what a rule means: driftline explain content-differs
    ");
    let report = json(&fixture(), "oncall/app.py");
    assert_eq!(report["path"]["path"], "backend/app.py");
    assert_eq!(report["path"]["environments"][0]["mapped"], serde_json::json!(["backend", "oncall"]));
}

#[test]
fn what_has_no_history_says_which_commit_it_is_near_to_and_which_comes_next() {
    let env = TestEnv::new();
    let repo = Repo::init(env.path("a"));
    for name in ["1", "2", "3", "4"] {
        repo.write(name, format!("{name}\n"));
    }
    repo.commit("base");
    for name in ["1", "2", "3"] {
        repo.write(name, format!("{name} anew\n")).commit(&format!("step {name}"));
    }
    let tree = Tree::at(env.path("b")).file("1", "1 anew\n").file("2", "2 anew\n").file("3", "3\n");
    tree.file("4", "4 of its own\n").file("own", "own\n");
    let status = env.driftline(["--no-state", "--format", "json", "a=a", "b=b"]).json();
    let findings = status["findings"].as_array().unwrap();
    let id = findings.iter().find(|it| it["code"] == "not-versioned").unwrap()["id"].as_str().unwrap().to_owned();
    let shown = env.driftline(["explain", "--no-state", &id, "a=a", "b=b"]).expect(0).stdout();
    let commit = |back: &str| repo.git(&["rev-parse", back])[..7].to_owned();
    let near = format!(
        "\n\nThe commit that b is nearest to\n  {} \"step 2\" of a: 3 of 4 paths equal (75.0 %)\n  next: {} \"step 3\": 2 of 4 \
         paths equal (50.0 %)\n  not counted: 1 file at paths that no commit has\n  of 4 commits\n\n",
        commit("HEAD~1"),
        commit("HEAD")
    );
    assert!(shown.contains(&near), "{shown}\n{near}");
    let diff = env.driftline(["diff", "--no-state", "4", "a=a", "b=b"]).expect(1).stdout();
    let base = format!("(nearest to b, 75.0 % of 4 paths; next {}, 50.0 %)", commit("HEAD"));
    assert!(diff.split_whitespace().collect::<Vec<_>>().join(" ").contains(&base), "{diff}");
}

#[test]
fn a_path_that_is_left_out_names_the_rule() {
    let env = fixture();
    for word in ["backend/logs/today", "oncall/logs/today", "oncall/logs"] {
        let shown = text(&env, word);
        assert!(shown.contains("`backend/logs` is left out by the rule `logs/` of `ignore`"), "{word}:\n{shown}");
    }
    assert!(text(&env, "x/.git/config").contains("`x/.git` belongs to a repository itself"));
}

#[test]
fn a_path_that_is_in_sync_says_so() {
    let shown = text(&fixture(), "same");
    assert!(shown.starts_with("same   in sync\n") && shown.contains("Nothing is reported about it."), "{shown}");
}

#[test]
fn a_finding_is_explained_by_its_id() {
    let env = fixture();
    let report = json(&env, "only");
    let finding = &report["findings"][0];
    assert_eq!(finding["code"], "only-in");
    let shown = text(&env, finding["id"].as_str().unwrap());
    assert!(shown.contains("only in staging") && shown.contains("Why it matters"), "{shown}");
}

#[test]
fn what_is_not_there_is_an_error_with_names_that_are_alike() {
    let run = fixture().driftline(["explain", "--no-state", "sane"]).expect(2);
    assert!(run.stderr().contains("no environment has a path that is called `sane`"), "{run}");
    assert!(run.stderr().contains("same"), "{run}");
    let run = fixture().driftline(["explain", "--no-state", "same", "only"]).expect(2);
    assert!(run.stderr().contains("one thing can be explained at a time"), "{run}");
}

#[test]
fn an_environment_that_cannot_be_read_makes_it_incomplete() {
    let env = fixture();
    std::fs::remove_dir_all(env.path("staging")).unwrap();
    let run = env.driftline(["explain", "--no-state", "same"]).expect(3);
    assert!(run.stdout().contains("staging  !  unknown"), "{run}");
}
