//! What becomes of findings from one night to the next.

use serde_json::json;

use super::{DAY, FIRST, Project, find, lines};

fn three() -> Project {
    Project::new(
        "focus = [\"app.py\"]\n",
        &[
            ("prod", "app.py", "a = 1\n"),
            ("staging", "app.py", "a = 1\n"),
            ("debug", "app.py", "a = 22\n"),
            ("prod", "lib.py", "lib\n"),
            ("staging", "lib.py", "lib\n"),
        ],
    )
}

#[test]
fn a_first_night_is_all_new_and_a_second_one_is_not() {
    let project = three();
    let first = project.report(1, &[], 1);
    assert_eq!(lines(&first["findings"]), ["new content-differs app.py", "new absent-in lib.py"]);
    assert_eq!((&first["run"]["first"], &first["run"]["number"]), (&json!(true), &json!(1)));
    assert_eq!(first["run"]["date"], "2026-12-01T12:00:00Z");
    assert_eq!(first["counts"]["fresh"], json!({ "critical": 0, "warning": 2, "notice": 0, "info": 3 }));
    let finding = find(&first["findings"], "content-differs", "app.py");
    assert_eq!(finding["environments"], json!(["debug", "prod", "staging"]));
    assert_eq!(finding["severity"], "warning");
    let second = project.report(2, &[], 1);
    assert_eq!(lines(&second["findings"]), ["still content-differs app.py", "still absent-in lib.py"]);
    let finding = find(&second["findings"], "content-differs", "app.py");
    assert_eq!(
        (&finding["streak"], &finding["age_days"], &finding["first_seen"]),
        (&json!(2), &json!(1), &json!(FIRST))
    );
    assert_eq!(second["run"]["previous"], FIRST);
    assert_eq!(second["trend"].as_array().unwrap().len(), 2);
}

#[test]
fn what_is_mended_is_resolved_once() {
    let project = three();
    project.report(1, &[], 1);
    project.write("debug", "lib.py", "lib\n");
    project.write("debug", "new.py", "new\n");
    let second = project.report(2, &[], 1);
    let expected = ["new only-in new.py", "resolved absent-in lib.py", "still content-differs app.py"];
    let mut found = lines(&second["findings"]);
    found.sort();
    assert_eq!(found, expected);
    let third = project.report(3, &[], 1);
    let mut found = lines(&third["findings"]);
    found.sort();
    assert_eq!(found, ["still content-differs app.py", "still only-in new.py"]);
    project.remove("debug", "lib.py");
    let fourth = project.report(4, &[], 1);
    let finding = find(&fourth["findings"], "absent-in", "lib.py");
    assert_eq!((&finding["status"], &finding["reopened"]), (&json!("reopened"), &json!("came-back")));
}

#[test]
fn the_status_says_whether_anything_is_new() {
    let project = three();
    let new = ["--fail-on", "new:warning"];
    project.report(1, &new, 1);
    project.report(2, &new, 0);
    project.report(2, &["--fail-on", "critical"], 0);
    project.write("prod", "hotfix.py", "now\n");
    let third = project.report(3, &new, 1);
    assert_eq!((&third["exit"]["failing"], &third["exit"]["fail_on"]), (&json!(1), &json!("new:warning")));
    project.report(4, &["--fail-on", "new:critical"], 0);
    let refused = project.run(4, &["status", "--fail-on", "new:warning"]).expect(2);
    assert!(refused.stderr().contains("only `driftline report` knows what is new"), "{refused}");
}

#[test]
fn a_server_that_is_down_keeps_its_last_good_picture() {
    let project = three();
    project.report(1, &[], 1);
    std::fs::rename(project.env.path("debug"), project.env.path("away")).unwrap();
    let second = project.report(3, &[], 3);
    assert_eq!(
        lines(&second["findings"]),
        ["new unreadable [\"debug\"]", "still content-differs app.py", "still absent-in lib.py"]
    );
    let stale = &find(&second["findings"], "absent-in", "lib.py")["stale"];
    assert_eq!(stale, &json!({ "seen": FIRST, "age_days": 2, "unread": ["debug"], "without_them": null }));
    let debug = &second["environments"][0];
    assert_eq!(debug["name"], "debug");
    assert_eq!(debug["read"]["state"], "failed");
    assert_eq!((&debug["read"]["last_complete"], &debug["read"]["age_days"]), (&json!(FIRST), &json!(2)));
    assert_eq!(second["counts"]["stale"], 3, "what it has no repository is from then too");
    // Nothing is new, so nothing fails but that it is incomplete.
    project.report(4, &["--allow-incomplete", "--fail-on", "new:warning"], 0);
    std::fs::rename(project.env.path("away"), project.env.path("debug")).unwrap();
    let back = project.report(5, &[], 1);
    let mut found = lines(&back["findings"]);
    found.sort();
    assert_eq!(found, ["resolved unreadable [\"debug\"]", "still absent-in lib.py", "still content-differs app.py"]);
    let trend: Vec<_> = back["trend"].as_array().unwrap().iter().map(|run| &run["coverage"]["debug"]).collect();
    assert_eq!(trend, ["all", "failed", "failed", "all"]);
}

#[test]
fn a_finding_is_explained_by_its_id_although_it_cannot_be_seen_now() {
    let project = three();
    let first = project.report(1, &[], 1);
    let id = find(&first["findings"], "absent-in", "lib.py")["id"].as_str().unwrap().to_owned();
    std::fs::rename(project.env.path("debug"), project.env.path("away")).unwrap();
    project.report(2, &[], 3);
    let shown = project.run(2, &["explain", &id]).expect(3).stdout();
    assert!(shown.contains("not to be seen now; the last report had: absent in debug"), "{shown}");
    std::fs::rename(project.env.path("away"), project.env.path("debug")).unwrap();
    project.write("debug", "lib.py", "lib\n");
    project.report(3, &[], 1);
    let refused = project.run(3, &["explain", &id]).expect(2).stderr();
    assert!(refused.contains(&format!("the finding `{id}` is resolved")), "{refused}");
    let refused = project.run(3, &["explain", "0000000000"]).expect(2).stderr();
    assert!(refused.contains("there is no finding `0000000000`"), "{refused}");
}

#[test]
fn an_environment_that_is_left_out_is_not_resolved() {
    let project = three();
    project.report(1, &[], 1);
    let second = project.report(2, &["--skip", "debug"], 1);
    assert_eq!(lines(&second["findings"]), ["still content-differs app.py", "still absent-in lib.py"]);
    let stale = &find(&second["findings"], "absent-in", "lib.py")["stale"];
    assert_eq!(stale["unread"], json!(["debug"]));
}

#[test]
fn the_text_is_short_when_nothing_changed() {
    let project = three();
    let first = project.run(1, &["report"]).expect(1);
    let name = project.env.root().file_name().unwrap().to_str().unwrap().to_owned();
    let shown = |run: &crate::support::run::Run| {
        let short: String = name.chars().take(23).collect();
        run.stdout().replace(&format!("{short}…"), "[NAME]").replace(&name, "[NAME]")
    };
    insta::assert_snapshot!(shown(&first), @r"
    [NAME]   report 1   2026-12-01T12:00:00Z
    5 new, 0 resolved, 0 still
    the first report: all of it is new, because nothing was looked at before

    New  5
      !  app.py  prod and staging alike, debug differs                       content-differs  f1daddffdf
      !  lib.py  absent in debug                                                   absent-in  41d2f2ab94
      -  debug  under no version control                                       not-versioned  95a694d309
      -  prod  under no version control                                        not-versioned  43d9423395
      -  staging  under no version control                                     not-versioned  c3d83be4cf

    exit status 1: 2 findings at or above warning
    next: driftline status
    ");
    let second = project.run(2, &["report"]).expect(1);
    insta::assert_snapshot!(shown(&second), @r"
    [NAME]   report 2   2026-12-02T12:00:00Z
    0 new, 0 resolved, 5 still (oldest 1 day)

    Still    3 not-versioned, 1 absent-in and 1 content-differs

    Trend    ██  5 to 5 open findings in 2 reports
    exit status 1: 2 findings at or above warning
    next: driftline status
    ");
}

#[test]
fn the_history_shows_how_the_drift_grew() {
    let project = three();
    let refused = project.run(1, &["history"]).expect(2);
    assert!(refused.stderr().contains("there is no report of these environments yet"), "{refused}");
    project.report(1, &[], 1);
    project.write("prod", "hotfix.py", "now\n");
    project.report(2, &[], 1);
    project.write("debug", "app.py", "a = 1\n");
    project.report(3, &[], 1);
    let shown = project.run(3, &["history"]).expect(0).stdout();
    let shown: Vec<&str> = shown.lines().skip(1).collect();
    insta::assert_snapshot!(shown.join("\n"), @r"
    critical           ▁▁▁  0
    warning            ▆█▆  2
    notice             ▁▁▁  0
    info               ███  3
    paths that differ  ▆█▆  2

    report  when                 open  new  resolved  reopened  accepted  not read in full
         3  2026-12-03 12:00:00     5    0         1         0         0
         2  2026-12-02 12:00:00     6    1         0         0         0
         1  2026-12-01 12:00:00     5    5         0         0         0
    ");
    let data = project.run(3, &["history", "--format", "json"]).expect(0).json();
    let news: Vec<_> = data["runs"].as_array().unwrap().iter().map(|run| (&run["new"], &run["resolved"])).collect();
    assert_eq!(news, [(&json!(5), &json!(0)), (&json!(1), &json!(0)), (&json!(0), &json!(1))]);
}

#[test]
fn files_appear_whole_and_private_in_several_forms() {
    use std::os::unix::fs::PermissionsExt as _;
    let project = three();
    let refused = project.run(1, &["report", "--format", "json", "--format", "text"]).expect(2);
    assert!(refused.stderr().contains("--out"), "{refused}");
    let words = ["report", "--format", "json", "--format", "text", "--out", "reports/night"];
    let run = project.run(1, &words).expect(1);
    assert!(run.stderr().contains("wrote"), "{run}");
    let files = super::files_in(&project.env.path("reports/night"));
    let names: Vec<_> = files.iter().map(|file| file.file_name().unwrap().to_str().unwrap()).collect();
    assert_eq!(names, ["report.json", "report.txt"]);
    for file in &files {
        assert_eq!(file.metadata().unwrap().permissions().mode() & 0o777, 0o600);
    }
    let report: serde_json::Value = serde_json::from_slice(&std::fs::read(&files[0]).unwrap()).unwrap();
    assert_eq!(report["format"], "driftline-report");
    let inside = project.run(2, &["report", "--out", "prod/reports"]).expect(2);
    assert!(inside.stderr().contains("lies in the environment `prod`"), "{inside}");
    assert_eq!(project.report(2, &[], 1)["run"]["number"], 2, "a report that was refused is not kept");
}

#[test]
fn without_a_state_folder_there_is_no_history() {
    let project = three();
    for night in [1, 2] {
        let report = project.report(night, &["--no-state"], 1);
        assert_eq!((&report["run"]["history"], &report["run"]["first"]), (&json!("off"), &json!(false)));
        assert_eq!(lines(&report["findings"])[0], "new content-differs app.py");
    }
    assert!(project.histories().is_empty());
}

#[test]
fn old_nights_are_let_go() {
    let project =
        Project::new("[history]\nkeep_days = 3\n", &[("prod", "app.py", "a\n"), ("staging", "app.py", "bb\n")]);
    for night in 1..=6 {
        project.report(night, &[], 1);
    }
    let last = project.report(7, &[], 1);
    let numbers: Vec<_> = last["trend"].as_array().unwrap().iter().map(|run| run["number"].as_u64().unwrap()).collect();
    assert_eq!(numbers, [3, 4, 5, 6, 7]);
    let finding = find(&last["findings"], "content-differs", "app.py");
    assert_eq!((&finding["streak"], &finding["first_seen"]), (&json!(7), &json!(FIRST)));
    assert_eq!(last["run"]["at"], FIRST + 6 * DAY);
}

#[test]
fn files_in_focus_come_with_their_texts() {
    let project = three();
    let report = project.report(1, &[], 1);
    let file = &report["focus"][0];
    assert_eq!((&file["path"], &file["pattern"]), (&json!("app.py"), &json!("ABB")));
    assert_eq!(file["texts"][0], json!({ "environments": ["debug"], "lines": ["a = 22"] }));
    assert_eq!(file["sides"][1], json!({ "environment": "prod", "kind": "text", "text": 1 }));
    let row = &report["tree"]["rows"][0];
    assert_eq!(row["findings"], json!([find(&report["findings"], "content-differs", "app.py")["id"]]));
}
