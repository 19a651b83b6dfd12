//! The nightly report of three servers: rows 9 and 10.

use std::fs;
use std::path::Path;

use driftline::demo::Variant;
use serde_json::Value;

use super::oncalls::laid_out;
use crate::support::run::{Run, TestEnv};

const FIRST: i64 = 1_796_126_400;
const DAY: i64 = 86_400;

struct Nights {
    env: TestEnv,
    folder: tempfile::TempDir,
}

impl Nights {
    fn new() -> Self {
        Self { env: TestEnv::new(), folder: laid_out(Variant::Before) }
    }

    fn path(&self, path: &str) -> std::path::PathBuf {
        Path::new(self.folder.path()).join(path)
    }

    fn run(&self, night: i64, words: &[&str]) -> Run {
        let mut command = self.env.command();
        command.env("DRIFTLINE_NOW", (FIRST + (night - 1) * DAY).to_string());
        self.env.run(command.args(words).arg("--config").arg(self.path("driftline.toml")))
    }

    fn report(&self, night: i64, words: &[&str], status: i32) -> Value {
        let words: Vec<&str> = ["report", "--format", "json"].into_iter().chain(words.iter().copied()).collect();
        self.run(night, &words).expect(status).json()
    }
}

fn of<'r>(report: &'r Value, status: &str) -> Vec<(&'r str, &'r str)> {
    // That the others lack a change is said of each change besides.
    let is_of = |it: &&Value| it["status"] == status && it["code"] != "unshared-fix";
    let findings = report["findings"].as_array().unwrap().iter().filter(is_of);
    findings.map(|it| (it["code"].as_str().unwrap(), it["path"].as_str().unwrap_or("."))).collect()
}

#[test]
fn nine_and_ten_first_all_is_new_then_only_what_changed_and_nobody_is_missing_who_is_down() {
    let nights = Nights::new();
    let first = nights.report(1, &[], 1);
    assert_eq!((&first["run"]["first"], &first["run"]["history"]), (&true.into(), &"kept".into()));
    let all = of(&first, "new").len();
    assert!(first["findings"].as_array().unwrap().iter().all(|finding| finding["status"] == "new"));
    assert!(all > 20, "{all}");

    // Only what changed: a hotfix on prod, and a leftover that went away.
    fs::write(nights.path("prod/oncall_backend/hotfix.py"), "print('now')\n").unwrap();
    fs::remove_file(nights.path("prod/oncall_frontend/index.php")).unwrap();
    let second = nights.report(2, &[], 1);
    assert!(of(&second, "new").contains(&("only-in", "backend/hotfix.py")), "{:?}", of(&second, "new"));
    assert!(of(&second, "new").len() <= 2, "{:?}", of(&second, "new"));

    // A fixed item is resolved, once.
    fs::remove_file(nights.path("prod/oncall_backend/hotfix.py")).unwrap();
    let third = nights.report(3, &[], 1);
    assert_eq!(of(&third, "resolved"), [("only-in", "backend/hotfix.py")]);
    assert_eq!(of(&third, "new"), []);

    // Staging cannot be reached: said, nothing of it missing or resolved, incomplete.
    fs::rename(nights.path("staging"), nights.path("away")).unwrap();
    let fourth = nights.report(4, &[], 3);
    assert_eq!(of(&fourth, "resolved"), []);
    let new = of(&fourth, "new");
    assert_eq!(new, [("unreadable", ".")], "{new:#?}");
    let missing = |it: &&Value| {
        it["code"] == "absent-in"
            && it["stale"].is_null()
            && it["environments"].as_array().unwrap().contains(&"staging".into())
    };
    assert_eq!(fourth["findings"].as_array().unwrap().iter().filter(missing).count(), 0);
    let staging = &fourth["environments"][1]["read"];
    assert_eq!((&staging["state"], &staging["age_days"]), (&"failed".into(), &1.into()));
    let text = nights.run(4, &["report"]).expect(3);
    assert!(text.stdout().contains("staging could not be read"), "{text}");
    assert!(text.stderr().contains("the comparison went on with prod and debug (exit status 3)"), "{text}");

    fs::rename(nights.path("away"), nights.path("staging")).unwrap();
    let fifth = nights.report(5, &["--fail-on", "new:info"], 0);
    assert_eq!(of(&fifth, "new"), []);
    assert_eq!(of(&fifth, "resolved"), [("unreadable", ".")]);
    // What applies somewhere comes with a patch to copy.
    let patches = fifth["patches"].as_array().unwrap();
    assert!(patches.iter().any(|it| it["to"] == "prod" && it["patch"].as_str().is_some_and(|it| it.contains("+++ "))));
}
