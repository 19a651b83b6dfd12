//! What the situation must show: rows of the list for `oncalls`, asked of the binary.

use std::collections::BTreeSet;
use std::path::Path;

use serde_json::Value;

use super::oncalls;
use crate::support::run::TestEnv;

const FOCUS: [&str; 4] = [
    "backend/app/controllers/HomeController.py",
    "backend/app/controllers/MemberController.py",
    "backend/app/services/HomeService.py",
    "backend/app/services/MemberService.py",
];

/// Runs a command on the situation and gives its JSON; there is drift.
fn json(arguments: &[&str]) -> Value {
    json_of(&oncalls::before().join("driftline.toml"), arguments)
}

fn json_of(config: &Path, arguments: &[&str]) -> Value {
    let common = ["--config", config.to_str().unwrap(), "--no-state", "--format", "json"];
    TestEnv::new().driftline(arguments.iter().chain(&common)).expect(1).json()
}

fn environment<'a>(report: &'a Value, name: &str) -> &'a Value {
    report["environments"].as_array().unwrap().iter().find(|environment| environment["name"] == name).unwrap()
}

fn paths(list: &Value) -> BTreeSet<&str> {
    list.as_array().unwrap().iter().map(|item| item["path"].as_str().unwrap()).collect()
}

fn pattern<'a>(report: &'a Value, path: &str) -> Option<&'a str> {
    report["rows"]
        .as_array()
        .unwrap()
        .iter()
        .find(|row| row["path"] == path)
        .map(|row| row["pattern"].as_str().unwrap())
}

#[test]
fn prod_has_no_version_control() {
    let report = json(&[]);
    assert_eq!(environment(&report, "prod")["git"]["state"], "none");
    assert_eq!(environment(&report, "staging")["git"]["state"], "checkout");
    assert_eq!(environment(&report, "staging")["uncommitted"], 0);
}

#[test]
fn the_commit_that_prod_was_copied_from_is_named() {
    let nearest = environment(&json(&[]), "prod")["nearest"].clone();
    assert_eq!(nearest["commit"]["subject"], "Test what a member needs");
    assert!(nearest["share"].as_f64().unwrap() > 0.97, "{nearest:#}");
    // It is a commit of staging's, and the one that debug was cloned at.
    let staging = oncalls::before().join("staging");
    assert_eq!(nearest["commit"]["id"], oncalls::git(&staging, &["rev-parse", "main~2"]).trim());
    assert!(nearest["runner_up"]["agree"].as_u64() < nearest["agree"].as_u64(), "{nearest:#}");
}

#[test]
fn afterwards_prod_is_a_root_commit_that_nobody_else_has() {
    let report = json_of(&oncalls::after().join("driftline.toml"), &[]);
    let prod = environment(&report, "prod");
    assert_eq!(prod["git"]["state"], "checkout");
    let findings = report["findings"].as_array().unwrap();
    let unrelated: Vec<&Value> = findings.iter().filter(|finding| finding["code"] == "unrelated-history").collect();
    let [finding] = unrelated[..] else { panic!("{unrelated:#?}") };
    assert_eq!(finding["environments"], serde_json::json!(["prod"]));
    assert_eq!(finding["message"], "none of its 1 commit is in the history of staging and debug");
    assert_eq!(prod["nearest"]["commit"]["subject"], "Test what a member needs", "{:#}", prod["nearest"]);
    assert_eq!(prod["nearest"]["of"], "staging");
    assert_eq!(environment(&report, "staging")["nearest"], Value::Null);
}

#[test]
fn without_a_map_it_is_proposed_with_its_evidence() {
    let written = std::fs::read_to_string(oncalls::before().join("driftline.toml")).unwrap();
    let root = format!("\"{}/", oncalls::before().display());
    let unmapped: Vec<String> = written
        .lines()
        .filter(|line| !line.starts_with("map"))
        .map(|line| if line.starts_with("path") { line.replacen('"', &root, 1) } else { line.to_owned() })
        .collect();
    assert!(unmapped.len() < written.lines().count(), "{written}");
    let env = TestEnv::new();
    let config = env.write("driftline.toml", unmapped.join("\n"));
    let report = json_of(&config, &[]);
    let proposals = report["map_proposals"].as_array().unwrap();
    let told: Vec<_> = proposals
        .iter()
        .map(|proposal| {
            let name = |side: &str| proposal[side]["path"].as_str().unwrap().to_owned();
            let count = |what: &str| proposal[what].as_u64().unwrap();
            (name("here"), name("common"), [count("equal"), count("quiet"), count("files")])
        })
        .collect();
    let expected = [
        ("oncall_backend".to_owned(), "backend".to_owned(), [305, 0, 312]),
        ("oncalls_react".to_owned(), "oncallsreact".to_owned(), [2_201, 80, 2_284]),
    ];
    assert_eq!(told, expected);
    assert_eq!(proposals[0]["environment"], "prod");
    assert_eq!(proposals[0]["others"], serde_json::json!(["staging", "debug"]));
    let unequal = paths(&proposals[0]["unequal"]);
    for path in FOCUS {
        assert!(unequal.contains(path.strip_prefix("backend/").unwrap()), "{path} in {unequal:?}");
    }
    // Nothing of it was applied.
    assert_eq!(pattern(&report, "backend/app/models.py"), Some("-AB"));
    // What is to be pasted is what makes the map of the situation.
    let paste = proposals[0]["paste"].as_str().unwrap();
    assert_eq!(paste, r#"map = { "backend" = "oncall_backend", "oncallsreact" = "oncalls_react" }"#);
    let mapped = unmapped.join("\n").replace("[env.prod]\n", &format!("[env.prod]\n{paste}\n"));
    let report = json_of(&env.write("driftline.toml", mapped), &[]);
    assert_eq!(report["map_proposals"], serde_json::json!([]));
    assert_eq!(report["rows"], json(&[])["rows"]);
    // A person sees it first, and how to see more.
    let env = TestEnv::new();
    let config = env.write("driftline.toml", unmapped.join("\n"));
    let run = |words: &[&str]| {
        env.driftline(words.iter().chain(&["--no-state", "--config", config.to_str().unwrap(), "--fail-on", "never"]))
            .expect(0)
            .stdout()
    };
    let status = run(&["--width", "120"]);
    let line = "prod's oncalls_react/  looks like oncallsreact/: 2,281 of 2,284 files equal";
    assert!(status.contains(line) && status.contains("next: driftline explain oncalls_react"), "{status}");
    let explained = run(&["explain", "oncall_backend"]);
    assert!(explained.contains("305 of 312 files equal") && explained.contains(paste), "{explained}");
}

#[test]
fn every_uncommitted_change_of_debug_has_its_path_and_stage() {
    let report = json(&[]);
    let debug = environment(&report, "debug");
    assert_eq!(debug["uncommitted"], 53);
    let from_git = oncalls::status(&oncalls::before().join("debug"));
    let by_git = |stage: fn(&[u8]) -> bool| -> BTreeSet<&str> {
        from_git.iter().filter(|line| stage(line.as_bytes())).map(|line| &line[3..]).collect()
    };
    assert_eq!(paths(&debug["git"]["staged"]), by_git(|line| !matches!(line[0], b' ' | b'?')));
    assert_eq!(paths(&debug["git"]["unstaged"]), by_git(|line| !matches!(line[1], b' ' | b'?')));
    assert_eq!(paths(&debug["git"]["untracked"]), by_git(|line| line[0] == b'?'));
    let unpushed = debug["git"]["unpushed"].as_array().unwrap();
    assert_eq!(unpushed.len(), 1);
    assert_eq!(unpushed[0]["subject"], "Log slow schedule queries");
}

#[test]
fn folders_pair_up_by_the_configured_map() {
    let report = json(&[]);
    for row in report["rows"].as_array().unwrap() {
        let path = row["path"].as_str().unwrap();
        assert!(!path.starts_with("oncall_backend/") && !path.starts_with("oncalls_react/"), "{path}");
    }
    assert_eq!(pattern(&report, "backend/app/__init__.py"), None, "in sync");
    assert_eq!(pattern(&report, "backend/app/services/mailer.py"), Some("ABB"), "edited on prod, and nowhere else");
    assert_eq!(pattern(&report, "frontend/index.html"), Some("-AA"));
    assert_eq!(pattern(&report, "oncall_frontend/index.php"), Some("A--"));
    for path in FOCUS {
        assert_eq!(pattern(&report, path), Some("ABC"), "{path}");
    }
    // What is ignored is not walked, so none of prod's packages is in a row or in a count.
    assert_eq!(report["quiet"], 80);
    let counts: u64 = report["patterns"].as_object().unwrap().values().map(|count| count.as_u64().unwrap()).sum();
    assert_eq!(report["paths"], counts);
    assert!(counts < 3_000, "{counts}");
}

#[test]
fn every_priority_file_is_shown_three_ways() {
    let mut arguments = vec!["diff"];
    arguments.extend(FOCUS);
    let report = json(&arguments);
    let files = report["files"].as_array().unwrap();
    assert_eq!(paths(&report["files"]), BTreeSet::from(FOCUS));
    let regions = |name: &str| -> Vec<(String, Vec<String>)> {
        let file = files.iter().find(|file| file["path"].as_str().unwrap().ends_with(name)).unwrap();
        assert_eq!(file["base"]["kind"], "common-ancestor");
        assert_eq!(file["base"]["environments"], serde_json::json!(["prod"]), "prod has the base's version");
        let names =
            |list: &Value| list.as_array().unwrap().iter().map(|name| name.as_str().unwrap().to_owned()).collect();
        let region = |region: &Value| (region["class"].as_str().unwrap().to_owned(), names(&region["environments"]));
        file["regions"].as_array().unwrap().iter().map(region).collect()
    };
    let only = |name: &str| ("only".to_owned(), vec![name.to_owned()]);
    let members = regions("MemberService.py");
    assert_eq!(members.iter().filter(|region| **region == only("debug")).count(), 2, "{members:?}");
    assert_eq!(members.iter().filter(|region| **region == only("staging")).count(), 3, "{members:?}");
    assert_eq!(members.len(), 5);
    let home = regions("HomeService.py");
    assert_eq!(home, [only("debug"), only("staging"), only("debug")]);
    let conflict = ("conflict".to_owned(), vec!["staging".to_owned(), "debug".to_owned()]);
    assert!(regions("MemberController.py").contains(&conflict), "{:?}", regions("MemberController.py"));
    assert_eq!(regions("HomeController.py"), [only("staging"), only("debug")]);
}

#[test]
fn both_leftovers_tell_what_they_are() {
    let report = json(&[]);
    let artifacts = report["artifacts"].as_array().unwrap();
    assert_eq!(artifacts.len(), 2);
    for artifact in artifacts {
        assert_eq!(artifact["environment"], "debug");
        assert_eq!(artifact["of"], "backend/app/services/MemberService.py");
    }
    let [backup, original] = &artifacts[..] else { panic!("two artifacts") };
    assert_eq!(original["path"], "backend/app/services/MemberService.py.original");
    assert_eq!(original["is"], "equals prod's MemberService.py");
    assert_eq!(original["unique"], false);
    assert_eq!(backup["path"], "backend/app/services/MemberService.py.backup");
    let words = "a middle state between MemberService.py.original and MemberService.py, with 2 lines of its own";
    assert_eq!(backup["is"], words);
    assert_eq!(backup["unique"], true, "two of its lines are nowhere else");
}
