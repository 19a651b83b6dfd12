//! Rows 5 and 7 of `oncalls`: fixes that exist in one place only, carried over by the programs that people carry them over with.

use std::path::Path;
use std::process::Command;

use driftline::demo::Variant;
use serde_json::Value;

use super::oncalls;
use crate::support::run::{Run, TestEnv};

const MEMBERS: &str = "backend/app/services/MemberService.py";
const HOME: &str = "backend/app/services/HomeService.py";
const MAILER: &str = "backend/app/services/mailer.py";
const SLOW: &str = "backend/app/services/ScheduleQuery.py";

fn candidates(env: &TestEnv, folder: &Path, arguments: &[&str]) -> Run {
    let config = folder.join("driftline.toml");
    let common = ["candidates", "--config", config.to_str().unwrap(), "--no-state"];
    env.driftline(common.iter().chain(arguments))
}

/// The listing of all units from one environment to another.
fn listing(folder: &Path, from: &str, to: &str) -> Value {
    candidates(&TestEnv::new(), folder, &["--from", from, "--to", to, "--all", "--format", "json"]).json()
}

/// What is known of the unit that changes a file and is not of this kind.
fn target<'a>(listing: &'a Value, path: &str, kind: &str) -> (&'a Value, &'a Value) {
    let changes = |unit: &&Value| {
        let files = unit["files"].as_array().unwrap();
        unit["kind"] == kind && files.iter().any(|file| file["path"] == path)
    };
    let unit = listing["units"].as_array().unwrap().iter().find(changes);
    let unit = unit.unwrap_or_else(|| panic!("no {kind} unit changes {path}: {listing:#}"));
    (unit, &unit["targets"][0])
}

fn verdict(folder: &Path, to: &str, path: &str, kind: &str) -> String {
    target(&listing(folder, "debug", to), path, kind).1["verdict"].as_str().unwrap().to_owned()
}

/// Runs a program in a folder, as anybody.
fn run(folder: &Path, program: &str, arguments: &[&str]) {
    let output = Command::new(program)
        .args(arguments)
        .current_dir(folder)
        .env_clear()
        .env("PATH", std::env::var_os("PATH").unwrap_or_default())
        .env("HOME", "/nonexistent")
        .env("GIT_CONFIG_NOSYSTEM", "1")
        .envs([("GIT_COMMITTER_NAME", "Carl Committer"), ("GIT_COMMITTER_EMAIL", "carl@example.org")])
        .output()
        .unwrap();
    assert!(output.status.success(), "{program} {arguments:?}: {output:?}");
}

/// The exported patches, in order: name and content.
fn export(env: &TestEnv, folder: &Path, to: &str) -> Vec<(String, String)> {
    let into = env.path("patches");
    let arguments = ["--from", "debug", "--to", to, "--export", into.to_str().unwrap()];
    let _ = candidates(env, folder, &arguments).expect(1);
    let series = std::fs::read_to_string(into.join("series")).unwrap();
    let read =
        |name: &str| (into.join(name).to_str().unwrap().to_owned(), std::fs::read_to_string(into.join(name)).unwrap());
    series.lines().map(read).collect()
}

#[test]
fn row_5_fixes_of_debug_are_candidates_for_prod_and_staging() {
    let folder = oncalls::before();
    let prod = listing(folder, "debug", "prod");
    for path in [MEMBERS, HOME] {
        let (unit, target) = target(&prod, path, "unstaged");
        assert_eq!((&target["verdict"], &target["applies"]), (&"absent".into(), &"clean".into()), "{unit:#}");
        assert_eq!(unit["from"], "debug");
        assert_eq!(unit["commit"], Value::Null);
    }
    let staging = listing(folder, "debug", "staging");
    let (_, home) = target(&staging, HOME, "unstaged");
    assert_eq!((&home["verdict"], &home["applies"], &home["offset"]), (&"absent".into(), &"offset".into(), &5.into()));
    let (_, members) = target(&staging, MEMBERS, "unstaged");
    assert_eq!((&members["verdict"], &members["applies"]), (&"absent".into(), &"conflict".into()));
    assert_eq!(members["conflicts"][0]["path"], "backend/app/controllers/MemberController.py");
    assert_eq!(members["conflicts"][0]["line"], 22);
    let (commit, _) = target(&staging, SLOW, "commit");
    assert_eq!(commit["commit"].as_str().unwrap().len(), 40);
}

#[test]
fn row_5_what_is_exported_applies_and_is_present_afterwards() {
    let (laid_out, env) = (oncalls::laid_out(Variant::Before), TestEnv::new());
    let folder = laid_out.path();
    let prod = folder.join("prod");
    let patches = export(&env, folder, "prod");
    let own = patches.iter().any(|(_, text)| text.contains("+++ b/oncall_backend/app/services/MemberService.py\n"));
    assert!(own, "{patches:#?}");
    assert!(patches.iter().all(|(_, text)| !text.contains("b/backend/")));
    for (patch, _) in &patches {
        run(&prod, "patch", &["-s", "-p1", "-i", patch]);
    }
    for (path, kind) in [(MEMBERS, "unstaged"), (HOME, "unstaged"), (SLOW, "commit")] {
        assert_eq!(verdict(folder, "prod", path, kind), "present", "{path}");
    }
    for (patch, _) in patches.iter().rev() {
        run(&prod, "patch", &["-s", "-R", "-p1", "-i", patch]);
    }
    for (path, kind) in [(MEMBERS, "unstaged"), (HOME, "unstaged"), (SLOW, "commit")] {
        assert_eq!(verdict(folder, "prod", path, kind), "absent", "{path}");
    }
}

#[test]
fn row_5_git_takes_what_is_exported() {
    let (laid_out, env) = (oncalls::laid_out(Variant::Before), TestEnv::new());
    let folder = laid_out.path();
    let staging = folder.join("staging");
    let patches = export(&env, folder, "staging");
    run(&staging, "git", &["update-index", "-q", "--refresh"]);
    let (mails, others): (Vec<_>, Vec<_>) = patches.iter().partition(|(_, text)| text.starts_with("From "));
    assert_eq!(mails.len(), 1);
    run(&staging, "git", &["am", "-q", &mails[0].0]);
    for (patch, _) in &others {
        run(&staging, "git", &["apply", patch]);
    }
    for (path, kind) in [(HOME, "unstaged"), (SLOW, "commit")] {
        assert_eq!(verdict(folder, "staging", path, kind), "present", "{path}");
    }
    assert_eq!(verdict(folder, "staging", MEMBERS, "unstaged"), "absent");
    for (patch, _) in others.iter().rev() {
        run(&staging, "git", &["apply", "-R", patch]);
    }
    run(&staging, "git", &["reset", "-q", "--hard", "HEAD~1"]);
    for (path, kind) in [(HOME, "unstaged"), (SLOW, "commit")] {
        assert_eq!(verdict(folder, "staging", path, kind), "absent", "{path}");
    }
}

#[test]
fn row_7_a_hotfix_of_prod_is_found() {
    let after = oncalls::laid_out(Variant::After);
    for folder in [oncalls::before(), after.path()] {
        for to in ["staging", "debug"] {
            let listing = listing(folder, "prod", to);
            let (unit, target) = target(&listing, MAILER, "tree");
            assert_eq!((&target["verdict"], &target["applies"]), (&"absent".into(), &"clean".into()), "{unit:#}");
            assert_eq!(unit["files"].as_array().unwrap().len(), 1);
            let paths = |unit: &Value| unit["files"].as_array().unwrap().clone();
            let all: Vec<Value> = listing["units"].as_array().unwrap().iter().flat_map(paths).collect();
            assert!(
                all.iter().all(|file| file["path"] != HOME && file["path"] != MEMBERS),
                "prod is only behind in these"
            );
        }
    }
}

#[test]
fn one_candidate_is_shown_with_the_conflict_on_its_target() {
    let folder = oncalls::before();
    let listing = listing(folder, "debug", "staging");
    let (unit, _) = target(&listing, MEMBERS, "unstaged");
    for name in [&unit["short"], &unit["id"]] {
        let name = name.as_str().unwrap();
        let shown = candidates(&TestEnv::new(), folder, &["show", name, "--from", "debug", "--to", "staging"]);
        let text = shown.expect(1).stdout();
        for part in ["unstaged in debug", "+class DuplicateMember(MemberError):", "@@ 22 @@ conflict: both changed it"]
        {
            assert!(text.contains(part), "{part} in {text}");
        }
    }
    let unknown = candidates(&TestEnv::new(), folder, &["show", "f99"]).expect(2);
    assert!(unknown.stderr().contains("there is no candidate `f99`"), "{unknown}");
}
