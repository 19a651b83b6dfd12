//! One server against its repository: a work branch, modules that moved, rights and owners by hand.

use std::fs;
use std::os::unix::fs::{PermissionsExt as _, chown};
use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use crate::support::repo::Repo;
use crate::support::run::{Run, TestEnv};

const MODULES: [&str; 3] = ["auth.py", "routes.py", "wallet.py"];
const WORK: &str = "audit-production-readiness";
/// Noon of 1 December 2026 in UTC.
const FIRST: i64 = 1_796_126_400;
const DAY: i64 = 86_400;

/// The repository with `main`, and the server with a clone of it on a work branch.
struct Hodlxxi {
    env: TestEnv,
}

fn fixture(layer: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/scenarios/hodlxxi").join(layer)
}

impl Hodlxxi {
    fn new() -> Self {
        let env = TestEnv::new();
        let main = Repo::init(env.path("repository"));
        super::backfill::copy(&fixture("main"), main.root());
        let mode = |path: PathBuf, mode: u32| fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
        for script in ["db_backup.sh", "db_restore.sh"] {
            mode(main.path(format!("scripts/{script}")), 0o755);
        }
        main.write(".gitignore", ".env\n").commit("Begin");

        let folder = env.path("server");
        main.git(&["clone", "-q", ".", folder.to_str().unwrap()]);
        let server = Repo::at(&folder);
        server.git(&["checkout", "-q", "-b", WORK]);
        fs::create_dir_all(server.path("app")).unwrap();
        for module in MODULES {
            fs::rename(server.path(module), server.path(format!("app/{module}"))).unwrap();
        }
        super::backfill::copy(&fixture("server"), &folder);
        server.commit("Make the modules a package");
        mode(server.path("scripts/db_backup.sh"), 0o644);
        mode(server.path("scripts/db_restore.sh"), 0o755);
        mode(server.path(".env"), 0o644);
        let script = fs::read_to_string(server.path("static/app.js")).unwrap();
        fs::write(server.path("static/app.js"), script.replace('\n', "\r\n")).unwrap();
        give_away(&folder, 33);
        chown(server.path("wsgi.py"), Some(0), Some(0)).unwrap();
        chown(server.path(".env"), Some(0), Some(0)).unwrap();
        fs::copy(fixture("driftline.toml"), env.path("driftline.toml")).unwrap();
        Self { env }
    }

    fn run(&self, night: i64, words: &[&str]) -> Run {
        let now = (FIRST + (night - 1) * DAY).to_string();
        self.env.run(self.env.command().env("DRIFTLINE_NOW", now).args(words))
    }

    fn report(&self, night: i64, words: &[&str], status: i32) -> Value {
        let words: Vec<&str> = ["report", "--format", "json"].into_iter().chain(words.iter().copied()).collect();
        self.run(night, &words).expect(status).json()
    }
}

/// Everything but the repository itself belongs to one user.
fn give_away(folder: &Path, owner: u32) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.ends_with(".git") {
            continue;
        }
        chown(&path, Some(owner), Some(owner)).expect("files are given away by root");
        if path.is_dir() {
            give_away(&path, owner);
        }
    }
}

fn with<'r>(report: &'r Value, code: &str) -> Vec<&'r Value> {
    report["findings"].as_array().unwrap().iter().filter(|finding| finding["code"] == code).collect()
}

fn paths(findings: &[&Value]) -> Vec<String> {
    findings.iter().map(|finding| finding["path"].as_str().unwrap_or(".").to_owned()).collect()
}

#[test]
fn the_branch_is_not_the_expected_one() {
    let report = Hodlxxi::new().report(1, &[], 1);
    let [branch] = with(&report, "unexpected-branch")[..] else { panic!("{report:#}") };
    assert_eq!(branch["environments"], json!(["server"]));
    assert_eq!(branch["message"], format!("is on {WORK}, and should be on main"));
}

#[test]
fn modules_that_moved_are_neither_deleted_nor_added() {
    let report = Hodlxxi::new().report(1, &[], 1);
    let moved: Vec<String> =
        report["tree"]["moves"].as_array().unwrap().iter().map(|it| it["places"].to_string()).collect();
    for module in MODULES {
        assert!(moved.iter().any(|places| places.contains(module)), "{module} in {moved:#?}");
    }
    for code in ["only-in", "absent-in"] {
        let wrong: Vec<String> = paths(&with(&report, code))
            .into_iter()
            .filter(|path| MODULES.iter().any(|it| path.ends_with(it)))
            .collect();
        assert!(wrong.is_empty(), "{code}: {wrong:?}");
    }
}

#[test]
fn secrets_that_everybody_reads_and_foreign_owners_are_told() {
    let report = Hodlxxi::new().report(1, &[], 1);
    let readable = with(&report, "secret-readable");
    assert_eq!(paths(&readable), [".env"]);
    assert_eq!(readable[0]["message"], "holds secrets, and every user may read it: 0644 in server");
    let foreign = with(&report, "unexpected-owner");
    assert_eq!(paths(&foreign), [".env", "wsgi.py"]);
    assert!(foreign[1]["message"].as_str().unwrap().contains("owner root"), "{foreign:#?}");
}

#[test]
fn a_script_that_cannot_be_run_is_told_and_line_endings_are_quiet() {
    let report = Hodlxxi::new().report(1, &[], 1);
    let modes = with(&report, "mode-differs");
    assert_eq!(paths(&modes), ["scripts/db_backup.sh"]);
    assert_eq!(
        (&modes[0]["severity"], modes[0]["message"].as_str().unwrap().contains("executable bit")),
        (&json!("warning"), true)
    );
    assert_eq!(paths(&with(&report, "line-endings")), ["static/app.js"]);
    assert_eq!(with(&report, "line-endings")[0]["severity"], "info");
    assert!(!paths(&with(&report, "content-differs")).contains(&"static/app.js".to_owned()));
}

/// First, one change, one fix and one new, the server down, one accepted, one expired.
#[test]
fn three_nights_and_more() {
    let hodlxxi = Hodlxxi::new();
    let status_of = |report: &Value, code: &str, path: &str| -> Option<String> {
        let mut all = report["findings"].as_array().unwrap().iter().chain(report["accepted"].as_array().unwrap());
        let found = all.find(|it| it["code"] == code && it["path"].as_str().unwrap_or(".") == path)?;
        Some(found["status"].as_str().unwrap().to_owned())
    };
    let fresh = |report: &Value| -> Vec<String> {
        // That the others lack a change is said of each change besides.
        let is_fresh = |it: &&Value| it["status"] == "new" && it["code"] != "unshared-fix";
        let fresh = report["findings"].as_array().unwrap().iter().filter(is_fresh);
        fresh.map(|it| format!("{} {}", it["code"].as_str().unwrap(), it["path"].as_str().unwrap_or("."))).collect()
    };
    let first = hodlxxi.report(1, &[], 1);
    assert_eq!(first["run"]["first"], true);
    assert!(first["findings"].as_array().unwrap().iter().all(|it| it["status"] == "new"));

    // One change.
    let server = Repo::at(hodlxxi.env.path("server"));
    server.write("hotfix.py", "print('now')\n");
    chown(server.path("hotfix.py"), Some(33), Some(33)).unwrap();
    let second = hodlxxi.report(2, &[], 1);
    assert_eq!(fresh(&second), ["only-in hotfix.py", "uncommitted ."]);
    assert_eq!(second["counts"]["resolved"], 0);

    // One fix, and one new.
    fs::set_permissions(server.path(".env"), fs::Permissions::from_mode(0o600)).unwrap();
    fs::write(server.path("scripts/db_restore.sh"), "#!/bin/sh\nexit 1\n").unwrap();
    let third = hodlxxi.report(3, &[], 1);
    assert_eq!(status_of(&third, "secret-readable", ".env").as_deref(), Some("resolved"));
    assert_eq!(
        fresh(&third),
        ["would-be-destroyed scripts/db_restore.sh", "content-differs scripts/db_restore.sh", "uncommitted ."]
    );

    // The server is down.
    let (here, away) = (hodlxxi.env.path("server"), hodlxxi.env.path("away"));
    fs::rename(&here, &away).unwrap();
    let fourth = hodlxxi.report(4, &[], 3);
    assert_eq!(fresh(&fourth), ["unreadable ."]);
    assert_eq!(fourth["counts"]["resolved"], 0);
    assert_eq!(fourth["counts"]["stale"], fourth["counts"]["still"]);
    fs::rename(&away, &here).unwrap();

    // One accepted, until the next day.
    let id = with(&third, "unexpected-branch")[0]["id"].as_str().unwrap().to_owned();
    let _ = hodlxxi.run(5, &["accept", &id, "--because", "until the audit is done", "--until", "2026-12-06"]).expect(0);
    let fifth = hodlxxi.report(5, &[], 1);
    assert_eq!(fresh(&fifth), [] as [String; 0]);
    assert_eq!(fifth["accepted"][0]["id"], json!(id));
    assert_eq!(fifth["accepted"][0]["streak"], 5);

    // Expired.
    let seventh = hodlxxi.report(7, &["--fail-on", "new:warning"], 1);
    let [branch] = with(&seventh, "unexpected-branch")[..] else { panic!("{seventh:#}") };
    assert_eq!((&branch["status"], &branch["reopened"]), (&json!("reopened"), &json!("acceptance-expired")));
    assert_eq!(seventh["exit"]["failing"], 1);
}
