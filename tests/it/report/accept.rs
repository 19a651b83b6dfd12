//! Known drift, with a reason and an end.

use serde_json::json;

use super::{Project, find, lines};

fn two() -> Project {
    Project::new(
        "# who compares what\nfocus = [ \"app.py\", ]   # the heart\n",
        &[
            ("prod", "app.py", "a = 1\n"),
            ("staging", "app.py", "a = 22\n"),
            ("prod", ".env", "PASSWORD=hunter2hunter2\n"),
            ("staging", ".env", "PASSWORD=tr0ubad0ur3\n"),
        ],
    )
    .private(&["prod/.env", "staging/.env"])
}

fn id(project: &Project, night: i64, path: &str) -> String {
    let report = project.report(night, &["--fail-on", "never"], 0);
    find(&report["findings"], "content-differs", path)["id"].as_str().unwrap().to_owned()
}

#[test]
fn an_accepted_finding_is_listed_apart_until_its_day() {
    let project = two();
    let app = id(&project, 1, "app.py");
    let words = ["accept", &app, "--because", "goes away with V3", "--until", "2026-12-03"];
    let run = project.run(2, &words).expect(0);
    assert!(run.stdout().starts_with("accepted 1 finding until 2026-12-03, in "), "{run}");
    let config = std::fs::read_to_string(project.config()).unwrap();
    assert!(config.starts_with("# who compares what\nfocus = [ \"app.py\", ]   # the heart\n"), "{config}");
    assert!(config.contains("because = \"goes away with V3\"\nuntil = 2026-12-03\nmatter = \""), "{config}");
    for night in [2, 3] {
        let report = project.report(night, &[], 1);
        assert_eq!(lines(&report["findings"]), ["still content-differs .env"]);
        let accepted = find(&report["accepted"], "content-differs", "app.py");
        assert_eq!(accepted["accepted"], json!({ "because": "goes away with V3", "until": "2026-12-03" }));
        assert_eq!((&report["counts"]["accepted"], &report["acceptances"]), (&json!(1), &json!([])));
    }
    let expired = project.report(4, &["--fail-on", "new:warning"], 1);
    let finding = find(&expired["findings"], "content-differs", "app.py");
    assert_eq!((&finding["status"], &finding["reopened"]), (&json!("reopened"), &json!("acceptance-expired")));
    assert_eq!(expired["acceptances"][0]["state"], "expired");
    let later = project.report(5, &["--fail-on", "new:warning"], 0);
    assert_eq!(find(&later["findings"], "content-differs", "app.py")["status"], "still");
}

#[test]
fn another_change_of_equal_length_reopens() {
    let project = two();
    let app = id(&project, 1, "app.py");
    let _ = project.run(1, &["accept", &app, "--because", "known"]).expect(0);
    assert_eq!(project.report(2, &[], 1)["counts"]["accepted"], 1);
    crate::support::tree::settle();
    project.write("staging", "app.py", "a = 33\n");
    let report = project.report(3, &[], 1);
    let finding = find(&report["findings"], "content-differs", "app.py");
    assert_eq!(finding["id"].as_str(), Some(&*app), "its length is the same, and so is its name");
    assert_eq!((&finding["status"], &finding["reopened"]), (&json!("reopened"), &json!("matter-changed")));
    assert_eq!(report["acceptances"][0]["state"], "changed");
    // Accepted again, in the same place.
    let _ = project.run(3, &["accept", &app[..6], "--because", "that too"]).expect(0);
    let config = std::fs::read_to_string(project.config()).unwrap();
    assert_eq!((config.matches("[[accept]]").count(), config.matches("that too").count()), (1, 1), "{config}");
    assert_eq!(project.report(4, &[], 1)["counts"]["accepted"], 1);
}

#[test]
fn a_secret_that_changes_reopens_and_is_never_told() {
    let project = two();
    let secret = id(&project, 1, ".env");
    let _ = project.run(1, &["accept", &secret, "--because", "each has its own"]).expect(0);
    assert_eq!(project.report(2, &[], 1)["counts"]["accepted"], 1);
    let config = std::fs::read_to_string(project.config()).unwrap();
    for file in ["PASSWORD=hunter2hunter2\n", "PASSWORD=tr0ubad0ur3\n"] {
        let digest = blake3::hash(file.as_bytes()).to_hex();
        assert!(!config.contains(&digest[..16]), "{config}");
    }
    crate::support::tree::settle();
    project.write("staging", ".env", "PASSWORD=tr0ubad0ur4\n");
    assert_eq!(find(&project.report(3, &[], 1)["findings"], "content-differs", ".env")["reopened"], "matter-changed");
    // Another machine has another key: it cannot tell, and believes.
    project.write("staging", ".env", "PASSWORD=tr0ubad0ur3\n");
    let elsewhere = project.report(3, &["--state-dir", "elsewhere"], 1);
    assert_eq!(elsewhere["counts"]["accepted"], 1);
}

#[test]
fn what_is_accepted_and_gone_is_said() {
    let project = two();
    let app = id(&project, 1, "app.py");
    let _ = project.run(1, &["accept", &app, "--because", "known"]).expect(0);
    project.write("staging", "app.py", "a = 1\n");
    let report = project.report(2, &[], 1);
    assert_eq!(report["acceptances"][0]["state"], "stale");
    assert!(report["acceptances"][0]["message"].as_str().unwrap().contains("take it out"), "{report:#}");
    // Whoever is down may still have it.
    std::fs::rename(project.env.path("staging"), project.env.path("away")).unwrap();
    assert_eq!(project.report(3, &[], 3)["acceptances"], json!([]));
}

#[test]
fn a_server_that_is_down_takes_nothing_out_of_what_is_accepted() {
    let project = two();
    let app = id(&project, 1, "app.py");
    let _ = project.run(1, &["accept", &app, "--because", "known"]).expect(0);
    project.report(2, &[], 1);
    std::fs::rename(project.env.path("staging"), project.env.path("away")).unwrap();
    let down = project.report(3, &[], 3);
    assert!(find(&down["accepted"], "content-differs", "app.py")["stale"].is_object());
    std::fs::rename(project.env.path("away"), project.env.path("staging")).unwrap();
    assert_eq!(find(&project.report(4, &[], 1)["accepted"], "content-differs", "app.py")["streak"], 4);
}

#[test]
fn a_first_day_is_accepted_at_once_and_status_agrees() {
    let project = two();
    let _ = project.run(1, &["status"]).expect(1);
    let _ = project.run(1, &["accept", "--all", "--because", "as we found it"]).expect(0);
    let status = project.run(1, &["status"]).expect(0);
    assert!(status.stdout().contains("accepted findings are not listed"), "{status}");
    let report = project.report(1, &[], 0);
    assert_eq!((lines(&report["findings"]), &report["counts"]["accepted"]), (Vec::new(), &json!(4)));
    let again = project.run(1, &["accept", "--all", "--because", "more"]).expect(0);
    assert!(again.stdout().starts_with("accepted 0 findings"), "{again}");
}

#[test]
fn what_cannot_be_accepted_changes_nothing() {
    let project = two();
    let app = id(&project, 1, "app.py");
    let before = std::fs::read(project.config()).unwrap();
    for words in [
        &["accept", "0123456789", "--because", "x"][..],
        &["accept", &app, "--because", " "],
        &["accept", &app, "--because", "x", "--until", "2026-11-30"],
        &["accept", &app],
        &["accept", "--because", "x"],
        &["accept", &app, "--all", "--because", "x"],
    ] {
        let run = project.run(1, words).expect(2);
        assert!(run.stdout().is_empty(), "{run}");
    }
    assert_eq!(std::fs::read(project.config()).unwrap(), before);
}

#[test]
fn the_configuration_of_acceptances_and_rules_is_judged_at_once() {
    let project = two();
    let text = "[rules]\nowner-difers = \"info\"\nmoved = \"loud\"\n\n[[accept]]\nid = \"xyz\"\n\n[[accept]]\nid = \"0123456789\"\nbecause = \"a\"\nuntil = \"someday\"\n\n[[accept]]\nid = \"0123456789\"\nbecause = \"b\"\n\n[history]\nkeep_days = 0\n\n[env.a]\npath = \"prod\"\nowner = \"a:b:c\"\nbranch = \"\"\n";
    std::fs::write(project.config(), text).unwrap();
    let run = project.run(1, &["status"]).expect(2);
    let said = run.stderr();
    for words in [
        "there is no rule `owner-difers`",
        "did you mean `owner-differs`?",
        "`loud` is no severity",
        "`xyz` is no name of a finding",
        "`xyz` is accepted without a reason",
        "`someday` is no day",
        "`0123456789` is accepted twice",
        "`keep_days` must be a number of days",
        "this is no owner",
        "no branch is called so",
    ] {
        assert!(said.contains(words), "{words} in {said}");
    }
}
