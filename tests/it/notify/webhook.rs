//! Webhooks: what is tried again and what is not, how long, and where to.

use super::servers::{Authority, Hook, nobody};
use super::{CHAT, report, two};

#[test]
fn what_may_pass_is_tried_again() {
    let hook = Hook::new(&["503 Busy", "429 Too Many\nretry-after: 0", "200 OK"]);
    let project = two(CHAT);
    let _ = report(&project, 1, &[("HOOK", &hook.url())], 1);
    let requests = hook.requests();
    assert_eq!(requests.len(), 3);
    assert!(requests.iter().all(|request| request.body == requests[0].body));
    assert!(requests[0].first.starts_with("POST /services/T000/S3CRETTOKEN?key=S3CRETQUERY "), "{requests:?}");
    assert!(requests[0].headers.contains(&"content-type: application/json".to_owned()), "{requests:?}");
}

#[test]
fn what_lasts_is_not_tried_again() {
    for answer in ["400 Bad\n\ninvalid_payload", "403 No", "410 Gone"] {
        let hook = Hook::new(&[answer]);
        let project = two(CHAT);
        let run = report(&project, 1, &[("HOOK", &hook.url())], 3);
        assert_eq!(hook.requests().len(), 1);
        assert!(!answer.contains("payload") || run.stderr().contains("answered 400 (invalid_payload)"), "{run}");
    }
}

#[test]
fn a_server_that_says_nothing_ends_with_the_time_limit() {
    let hook = Hook::new(&["hang"]);
    let project = two("[notify.chat]\nurl_env = \"HOOK\"\ntimeout = 1\n");
    let run = report(&project, 1, &[("HOOK", &hook.url())], 3);
    assert!(run.stderr().contains("no answer"), "{run}");
    assert!(project.env.path("out/report.json").exists());
    let _ = report(&project, 2, &[("HOOK", &hook.url())], 1);
    assert_eq!(hook.requests().len(), 2, "the next report told it");
}

#[test]
fn an_answer_cannot_send_it_elsewhere() {
    let elsewhere = Hook::new(&[]);
    let there = format!("307 Over There\nlocation: {}", elsewhere.url());
    let hook = Hook::new(&[&there]);
    let project = two(CHAT);
    let run = report(&project, 1, &[("HOOK", &hook.url())], 3);
    assert!(run.stderr().contains("answered 307: it wants to be asked elsewhere"), "{run}");
    assert_eq!((hook.requests().len(), elsewhere.requests().len()), (1, 0));
}

#[test]
fn only_authorities_that_are_named_vouch_for_a_private_server() {
    let authority = Authority::new();
    let hook = Hook::start(Some(&authority), &[]);
    let url = format!("https://localhost:{}/services/S3CRETTOKEN", hook.port);
    let project = two("[notify.chat]\nurl_env = \"HOOK\"\nca_file = \"ca.pem\"\n");
    project.env.write("ca.pem", &authority.pem);
    let _ = report(&project, 1, &[("HOOK", &url)], 1);
    assert_eq!(hook.requests().len(), 1);
    let project = two(CHAT);
    let run = report(&project, 1, &[("HOOK", &url)], 3);
    assert!(run.stderr().contains("certificate"), "{run}");
    assert_eq!(hook.requests().len(), 1);
}

#[test]
fn a_far_address_without_tls_is_not_used() {
    let project = two(CHAT);
    let run = report(&project, 1, &[("HOOK", "http://chat.invalid/S3CRETTOKEN")], 3);
    assert!(run.stderr().contains("the address at chat.invalid has no TLS"), "{run}");
    assert!(!run.stderr().contains("S3CRETTOKEN"), "{run}");
}

#[test]
fn a_test_message_says_whether_it_arrives() {
    let hook = Hook::new(&["200 OK", "404 Not Found"]);
    let project = two(CHAT);
    let mut test = project.command(1, &["report", "--notify-test"]);
    let run = project.env.run(test.env("HOOK", hook.url())).expect(0);
    assert!(run.stderr().contains("told chat (webhook)") && run.stdout().is_empty(), "{run}");
    let told = hook.take();
    assert_eq!(told[0]["driftline"]["test"], true);
    assert!(told[0]["text"].as_str().unwrap().contains("a test, nothing happened"), "{}", told[0]);
    let run = project.env.run(test.env("HOOK", hook.url())).expect(3);
    assert!(run.stderr().contains("answered 404"), "{run}");
    assert!(project.histories().is_empty(), "no report was made");
    let refused = two("").run(1, &["report", "--notify-test"]).expect(2);
    assert!(refused.stderr().contains("there is no `[notify.NAME]`"), "{refused}");
}

#[test]
fn names_of_files_are_no_commands_of_a_chat() {
    let hook = Hook::new(&[]);
    let project = two(CHAT);
    let names = ["<!channel> & <click|here>", "@all @here", "```", "line\nbreak\u{202e}\u{7}"];
    for name in names {
        project.write("prod", name, "x\n");
    }
    let _ = report(&project, 1, &[("HOOK", &hook.url())], 1);
    let told = hook.take();
    let text = told[0]["text"].as_str().unwrap();
    assert!(text.contains("&lt;!channel&gt; &amp; &lt;click|here&gt;"), "{text}");
    assert!(!text.contains(['<', '>', '@', '\u{202e}', '\u{7}']), "{text}");
    assert_eq!(text.matches("```").count(), 2, "one fence around all of it: {text}");
    let new = told[0]["driftline"]["new"].as_array().unwrap();
    let subjects: Vec<&str> = new.iter().map(|finding| finding["subject"].as_str().unwrap()).collect();
    assert!(subjects.contains(&"<!channel> & <click|here>"), "programs get names as they are: {subjects:?}");
}

#[test]
fn nobody_at_the_other_end_is_an_incident() {
    let project = two("[notify.chat]\nurl_env = \"HOOK\"\ntimeout = 1\n");
    let run = report(&project, 1, &[("HOOK", &format!("http://127.0.0.1:{}/S3CRETTOKEN", nobody()))], 3);
    assert!(run.stderr().contains("127.0.0.1: connection refused"), "{run}");
    assert!(run.stderr().contains("what to do: the next report tells it"), "{run}");
}
