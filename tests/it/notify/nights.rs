//! Who is told what, night by night.

use std::fs;

use serde_json::json;

use super::servers::Hook;
use super::{CHAT, named, report, two};

#[test]
fn only_what_changed_is_told() {
    let hook = Hook::new(&[]);
    let url = hook.url();
    let project = two(CHAT);
    let night = |night: i64, status: i32| {
        let run = report(&project, night, &[("HOOK", &url)], status);
        let told = hook.take();
        assert_eq!(run.stderr().contains("told chat (webhook)"), !told.is_empty(), "{run}");
        told
    };
    let first = night(1, 1);
    assert_eq!(first.len(), 1);
    let data = &first[0]["driftline"];
    assert_eq!(
        (&data["format"], &data["version"], &data["test"]),
        (&json!("driftline-notice"), &json!(1), &json!(false))
    );
    assert_eq!((&data["report"], &data["since"]), (&json!(1), &json!(null)));
    assert_eq!(named(&data["new"]), ["content-differs app.py"]);
    assert!(night(2, 1).is_empty(), "nothing changed");

    project.write("prod", "lib.py", "hotfix\n");
    let changed = night(3, 1);
    let data = &changed[0]["driftline"];
    assert_eq!(named(&data["new"]), ["content-differs lib.py"]);
    let counts = json!({ "new": 1, "reopened": 0, "resolved": 0, "still": 3, "oldest_days": 2 });
    assert_eq!(data["counts"], counts);
    assert_eq!(data["since"], "2026-12-01T12:00:00Z");
    let text = changed[0]["text"].as_str().unwrap();
    assert!(text.contains(" drift: 1 new, 0 resolved, 3 still (oldest 2 days)*\n"), "{text}");

    project.write("staging", "lib.py", "hotfix\n");
    let mended = night(4, 1);
    assert_eq!(named(&mended[0]["driftline"]["resolved"]), ["content-differs lib.py"]);
    assert_eq!(named(&mended[0]["driftline"]["new"]), [""; 0]);
    assert!(night(5, 1).is_empty());
}

#[test]
fn that_an_environment_cannot_be_read_is_told_once_and_that_it_can_be_again() {
    let hook = Hook::new(&[]);
    let url = hook.url();
    let project = two(CHAT);
    let night = |night: i64, status: i32| {
        let _ = report(&project, night, &[("HOOK", &url)], status);
        hook.take()
    };
    assert_eq!(night(1, 1).len(), 1);
    let (here, away) = (project.env.path("staging"), project.env.path("away"));
    fs::rename(&here, &away).unwrap();
    let unread = night(18, 3);
    let text = unread[0]["text"].as_str().unwrap();
    assert!(
        text.contains(" drift: 0 new, 0 resolved, 3 still (oldest 17 days) - staging not read since 1 Dec*\n"),
        "{text}"
    );
    let staging = &unread[0]["driftline"]["environments"][1];
    let expected = json!({ "name": "staging", "read": "failed", "last_complete": "2026-12-01T12:00:00Z", "worse": true, "better": false });
    assert_eq!(*staging, expected);
    assert!(night(19, 3).is_empty(), "the same failure is told once");

    // Something else changes meanwhile: then it is said again that it is not read, and for how long.
    project.write("prod", ".env", "A=1\n");
    let more = night(40, 3);
    let text = more[0]["text"].as_str().unwrap();
    assert!(
        text.contains(" drift: 1 new, 0 resolved, 3 still (oldest 39 days) - staging not read since 1 Dec 2026*\n"),
        "{text}"
    );

    fs::remove_file(project.env.path("prod/.env")).unwrap();
    fs::rename(&away, &here).unwrap();
    let back = night(41, 1);
    let text = back[0]["text"].as_str().unwrap();
    assert!(text.contains(" - staging read again*\n"), "{text}");
    assert!(night(42, 1).is_empty());
}

#[test]
fn another_reason_for_the_same_failure_is_no_news() {
    let hook = Hook::new(&[]);
    let url = hook.url();
    let project = two(CHAT);
    let night = |night: i64, status: i32| {
        let _ = report(&project, night, &[("HOOK", &url)], status);
        hook.take().len()
    };
    assert_eq!(night(1, 1), 1);
    let (here, away) = (project.env.path("staging"), project.env.path("away"));
    fs::rename(&here, &away).unwrap();
    assert_eq!(night(2, 3), 1);
    fs::write(&here, "a file and no folder").unwrap();
    assert_eq!((night(3, 3), night(4, 3)), (0, 0));
    fs::remove_file(&here).unwrap();
    assert_eq!(night(5, 3), 0);
    fs::rename(&away, &here).unwrap();
    assert_eq!((night(6, 1), night(7, 1)), (1, 0));
}

#[test]
fn what_is_accepted_is_no_news_until_its_day_has_passed() {
    let hook = Hook::new(&[]);
    let url = hook.url();
    let project = two(CHAT);
    let _ = report(&project, 1, &[("HOOK", &url)], 1);
    let first = hook.take();
    let new = first[0]["driftline"]["new"].as_array().unwrap();
    let id = new.iter().find(|it| it["code"] == "content-differs").unwrap()["id"].as_str().unwrap().to_owned();
    let words = ["accept", &id, "--because", "until the move", "--until", "2026-12-02"];
    let _ = project.run(1, &words).expect(0);
    let _ = report(&project, 2, &[("HOOK", &url)], 0);
    assert!(hook.take().is_empty(), "whoever accepts knows it");
    let _ = report(&project, 4, &[("HOOK", &url)], 1);
    let reopened = hook.take();
    assert_eq!(named(&reopened[0]["driftline"]["new"]), ["content-differs app.py"]);
    assert_eq!(reopened[0]["driftline"]["counts"]["reopened"], 1);
    let text = reopened[0]["text"].as_str().unwrap();
    assert!(text.contains("no longer accepted, the day has passed"), "{text}");
}

#[test]
fn a_message_that_did_not_arrive_is_made_up_for_and_no_other_is_sent_twice() {
    let (chat, other) = (Hook::new(&[]), Hook::new(&["404 Not Found", "404 Not Found"]));
    let project = two("[notify.chat]\nurl_env = \"HOOK\"\n\n[notify.other]\nurl_env = \"OTHER\"\n");
    let variables = [("HOOK", &*chat.url()), ("OTHER", &*other.url())];
    let failed = report(&project, 1, &variables, 3);
    assert!(failed.stderr().contains("error: other was not told of this"), "{failed}");
    assert!(failed.stderr().contains("127.0.0.1 answered 404"), "{failed}");
    assert!(failed.stderr().contains("told chat (webhook)"), "{failed}");
    let page = fs::read_to_string(project.env.path("out/report.html")).unwrap();
    assert!(page.contains("app.py"), "the report is not lost");
    assert_eq!((chat.take().len(), other.take().len()), (1, 1), "what lasts is not tried again");

    // One finding goes and one comes before the other is told of anything.
    project.write("prod", "lib.py", "hotfix\n");
    let _ = report(&project, 2, &variables, 3);
    assert_eq!((chat.take().len(), other.take().len()), (1, 1));
    project.write("prod", "lib.py", "l\n");
    let _ = report(&project, 3, &variables, 1);
    let (chat_told, other_told) = (chat.take(), other.take());
    assert_eq!(named(&chat_told[0]["driftline"]["resolved"]), ["content-differs lib.py"]);
    let text = other_told[0]["text"].as_str().unwrap();
    assert!(text.contains("app.py"), "what was never told is listed: {text}");
    let _ = report(&project, 4, &variables, 1);
    assert_eq!((chat.take().len(), other.take().len()), (0, 0), "each was told once");

    // Of what came and went unseen in between nothing is said; what stays is.
    other.answer("404 Not Found");
    project.write("prod", "lib.py", "again\n");
    let _ = report(&project, 5, &variables, 3);
    assert_eq!((chat.take().len(), other.take().len()), (1, 1));
    let _ = report(&project, 6, &variables, 1);
    let other_told = other.take();
    assert_eq!(named(&other_told[0]["driftline"]["new"]), ["content-differs lib.py"]);
    assert!(chat.take().is_empty());
}

#[test]
fn nobody_is_told_where_that_is_not_wanted_and_the_next_report_does() {
    let hook = Hook::new(&[]);
    let url = hook.url();
    let project = two(CHAT);
    let mut quiet = project.command(1, &["report", "--no-notify"]);
    let run = project.env.run(quiet.env("HOOK", &url)).expect(1);
    assert!(hook.take().is_empty() && !run.stderr().contains("told"), "{run}");
    let _ = report(&project, 2, &[("HOOK", &url)], 1);
    assert_eq!(hook.take().len(), 1);
}

#[test]
fn without_a_history_every_report_is_told() {
    let hook = Hook::new(&[]);
    let project = two(CHAT);
    for night in [1, 2] {
        let mut command = project.command(night, &["report", "--no-state"]);
        let _ = project.env.run(command.env("HOOK", hook.url())).expect(1);
        assert_eq!(hook.take().len(), 1);
    }
}

#[test]
fn two_reports_at_once_tell_of_one_change_once() {
    let hook = Hook::new(&[]);
    let project = two(CHAT);
    let spawn = || {
        let mut command = project.command(1, &["report"]);
        command.env("HOOK", hook.url()).stdout(std::process::Stdio::null()).stderr(std::process::Stdio::null());
        command.spawn().unwrap()
    };
    let running = [spawn(), spawn(), spawn()];
    for mut child in running {
        assert_eq!(child.wait().unwrap().code(), Some(1));
    }
    assert_eq!(hook.take().len(), 1);
}
