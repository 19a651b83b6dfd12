//! Six fixes that must be in production: as commits, a patch, and texts in files.

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::support::repo::Repo;
use crate::support::run::TestEnv;

/// The situation, laid out anew: a repository with the fixes, a server without git that calls its folders differently, and a checkout of
/// an old commit with one fix typed in.
struct Backfill {
    env: TestEnv,
}

fn fixture(layer: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/scenarios/backfill").join(layer)
}

/// Copies a layer over what is there.
pub(super) fn copy(from: &Path, to: &Path) {
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let to = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            fs::create_dir_all(&to).unwrap();
            copy(&entry.path(), &to);
        } else {
            fs::create_dir_all(to.parent().unwrap()).unwrap();
            fs::copy(entry.path(), to).unwrap();
        }
    }
}

impl Backfill {
    fn new() -> Self {
        let env = TestEnv::new();
        let main = Repo::init(env.path("main"));
        copy(&fixture("before"), main.root());
        main.commit("Import the service");
        let take = |files: &[&str], message: &str| {
            for file in files {
                fs::create_dir_all(main.path(file).parent().unwrap()).unwrap();
                fs::copy(fixture("after").join(file), main.path(file)).unwrap();
            }
            main.commit(message);
            main.git(&["rev-parse", "HEAD"])
        };
        let production = take(&[".do/app.yaml"], "Run in production mode");
        take(&["src/tasks/celery_app.py"], "Limit results and connections");
        let secret = take(&["src/services/auth.py"], "Refuse to sign with a built-in secret");
        let rest = ["src/web_interface.py", "requirements.txt", "src/routes/auth.py"];
        take(&rest, "Allow known sites only, and limit logging in");
        take(&["src/models/validators.py", "src/routes/backfill.py"], "Check requests");

        copy(&fixture("after"), &env.path("prod"));
        copy(&fixture("prod"), &env.path("prod"));
        fs::rename(env.path("prod/src"), env.path("prod/app")).unwrap();

        let folder = env.path("staging");
        main.git(&["clone", "-q", ".", folder.to_str().unwrap()]);
        Repo::at(&folder).git(&["reset", "-q", "--hard", "HEAD~5"]);
        copy(&fixture("staging"), &folder);

        let config = fs::read_to_string(fixture("driftline.toml")).unwrap();
        let config = config.replace("COMMIT_OF_PRODUCTION_MODE", &production[..10]);
        env.write("driftline.toml", config.replace("COMMIT_OF_NO_FALLBACK_SECRET", &secret));
        copy(&fixture("fixes"), &env.path("fixes"));
        Self { env }
    }

    fn json(&self, words: &[&str], status: i32) -> Value {
        self.env.driftline(words.iter().chain(&["--format", "json", "--no-state"])).expect(status).json()
    }
}

fn state<'a>(report: &'a Value, fix: &str, environment: &str) -> &'a Value {
    let fixes = report["fixes"].as_array().unwrap();
    let fix = fixes.iter().find(|it| it["id"] == fix).unwrap();
    fix["states"].as_array().unwrap().iter().find(|it| it["environment"] == environment).unwrap()
}

#[test]
fn the_matrix_has_all_four_verdicts() {
    let backfill = Backfill::new();
    let run = backfill.env.driftline(["fixes", "--no-state"]).expect(3);
    insta::assert_snapshot!(run.stdout(), @r#"
    fix                 main        prod        staging
    production-mode     present     present *   absent *
    queue-limits        present     unproven *  absent
    strict-cors         present     present *   absent
    no-fallback-secret  present     absent *    present *
    rate-limits         present     partly *    absent
    checked-requests    present     present *   absent

    production-mode is absent in staging
      .do/app.yaml lacks 1 change: the lines are those before it
    queue-limits is unproven in prod
      src/tasks/celery_app.py has neither the lines before nor those after 1 change
    no-fallback-secret is absent in prod
      src/services/auth.py lacks 1 change: the lines are those before it
    rate-limits is only partly in prod
      src/routes/auth.py has no `@limiter.limit(`
    present in 4 of 8 places where a fix is expected (marked with *)
    Next: driftline fixes production-mode
    "#);
}

#[test]
fn a_fix_that_lost_one_of_its_places_is_partly_there() {
    let backfill = Backfill::new();
    let report = backfill.json(&["fixes"], 3);
    assert_eq!((&report["format"], &report["version"]), (&"driftline-fixes".into(), &1.into()));
    let limits = state(&report, "rate-limits", "prod");
    assert_eq!(limits["verdict"], "partly");
    assert_eq!(limits["missing"], serde_json::json!(["src/routes/auth.py has no `@limiter.limit(`"]));
    let states: Vec<&Value> = limits["files"].as_array().unwrap().iter().map(|file| &file["state"]).collect();
    assert_eq!(states, ["done", "done", "undone"]);
    // Put back, it is there; and only then.
    fs::copy(fixture("after/src/routes/auth.py"), backfill.env.path("prod/app/routes/auth.py")).unwrap();
    assert_eq!(state(&backfill.json(&["fixes", "rate-limits"], 0), "rate-limits", "prod")["verdict"], "present");
}

#[test]
fn the_evidence_is_shown_for_each_environment() {
    let backfill = Backfill::new();
    let run = backfill.env.driftline(["fixes", "strict-cors", "no-fallback-secret", "--no-state"]).expect(1);
    let shown = run.stdout();
    let digits = shown.split("known by commit ").nth(1).unwrap()[..12].to_owned();
    insta::assert_snapshot!(shown.replace(&digits, "[COMMIT]"), @r#"
    strict-cors: Only known sites may call the interface (known by what files contain)
      main  present
        src/web_interface.py has `origins=ALLOWED_ORIGINS` in line 15, is without `origins="*"`
      prod  present, where it is expected
        src/web_interface.py has `origins=ALLOWED_ORIGINS` in line 15, is without `origins="*"`
      staging  absent
        src/web_interface.py has no `origins=ALLOWED_ORIGINS`, still has `origins="*"` in line 9

    no-fallback-secret: There is no built-in secret to sign with (known by commit [COMMIT])
      main  present
        src/services/auth.py has 1 change
      prod  absent, where it is expected
        src/services/auth.py lacks 1 change: the lines are those before it
      staging  present, where it is expected
        src/services/auth.py has 1 change
    "#);
}

#[test]
fn a_patch_and_its_reverse_turn_the_verdict() {
    let backfill = Backfill::new();
    let patch = backfill.env.path("fixes/queue-limits.patch");
    let staging = Repo::at(backfill.env.path("staging"));
    let verdict = |status| {
        let report = backfill.json(&["fixes", "queue-limits", "staging"], status);
        state(&report, "queue-limits", "staging")["verdict"].as_str().unwrap().to_owned()
    };
    assert_eq!(verdict(0), "absent");
    staging.git(&["apply", patch.to_str().unwrap()]);
    assert_eq!(verdict(0), "present");
    staging.git(&["apply", "-R", patch.to_str().unwrap()]);
    assert_eq!(verdict(0), "absent");
}

#[test]
fn what_is_lacked_is_found_in_the_status_too() {
    let backfill = Backfill::new();
    let report = backfill.json(&["status"], 3);
    let findings: Vec<(&str, &Value, &str)> = report["findings"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|finding| finding["code"] == "known-fix-absent")
        .map(|it| (it["severity"].as_str().unwrap(), &it["environments"], it["message"].as_str().unwrap()))
        .collect();
    insta::assert_snapshot!(format!("{findings:#?}"), @r#"
    [
        (
            "warning",
            Array [
                String("prod"),
            ],
            "is absent in prod: There is no built-in secret to sign with",
        ),
        (
            "warning",
            Array [
                String("prod"),
            ],
            "whether it has the fix `queue-limits` cannot be said",
        ),
        (
            "warning",
            Array [
                String("prod"),
            ],
            "is partly in prod (src/routes/auth.py has no `@limiter.limit(`): Logging in is limited",
        ),
        (
            "warning",
            Array [
                String("staging"),
            ],
            "is absent in staging: The service runs in production mode",
        ),
    ]
    "#);
}
