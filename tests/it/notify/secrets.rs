//! What it takes to reach somebody is in no output, whatever goes wrong, and is not taken from where others can read it.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use super::servers::{Hook, Manners, Post, nobody};
use super::{CHAT, report, two};
use crate::report::Project;
use crate::support::run::Run;

/// All that a run wrote anywhere.
fn written(project: &Project, run: &Run) -> Vec<u8> {
    let mut all = [run.output.stdout.clone(), run.output.stderr.clone()].concat();
    add(&project.env.path("out"), &mut all);
    add(&project.env.path("home"), &mut all);
    all
}

fn add(folder: &Path, all: &mut Vec<u8>) {
    for entry in fs::read_dir(folder).into_iter().flatten() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            add(&path, all);
        } else {
            all.extend(fs::read(path).unwrap());
        }
    }
}

fn holds(all: &[u8], secret: &str) -> bool {
    all.windows(secret.len()).any(|part| part == secret.as_bytes())
}

#[test]
fn the_address_of_a_webhook_is_nowhere() {
    let echo = Hook::new(&["500 Oh\n\nno S3CRETTOKEN here", "404 No\n\nS3CRETQUERY"]);
    let moved = Hook::new(&["301 Moved\nlocation: /services/T000/S3CRETTOKEN"]);
    let fine = Hook::new(&[]);
    let gone = format!("http://127.0.0.1:{}/services/S3CRETTOKEN?key=S3CRETQUERY", nobody());
    let urls = [
        echo.url(),
        moved.url(),
        fine.url(),
        gone,
        "http://user:S3CRETTOKEN@127.0.0.1:1/S3CRETQUERY".to_owned(),
        "https:// S3CRETTOKEN".to_owned(),
        "S3CRETTOKEN".to_owned(),
        "ftp://127.0.0.1/S3CRETTOKEN".to_owned(),
        "https://127.0.0.1:99999/S3CRETTOKEN".to_owned(),
    ];
    for url in urls {
        let project = two("[notify.chat]\nurl_env = \"HOOK\"\ntimeout = 1\n");
        let status = if url == fine.url() { 1 } else { 3 };
        let run = report(&project, 1, &[("HOOK", &url)], status);
        let all = written(&project, &run);
        assert!(holds(&all, "app.py"), "the output was looked at");
        assert!(!holds(&all, "S3CRETTOKEN") && !holds(&all, "S3CRETQUERY"), "{url}: {run}");
    }
}

#[test]
fn a_password_is_nowhere() {
    use base64::Engine as _;
    let post =
        Post::new(None, Manners { login: true, refuses: Some("550 no S3CRETWORD for you"), ..Manners::default() });
    let config = format!(
        "[notify.mail]\nto = \"ops@example.org\"\nfrom = \"drift@example.org\"\nsmtp = \"127.0.0.1:{}\"\nuser = \"drift\"\npassword_env = \"WORD\"\n",
        post.port
    );
    let project = two(&config);
    let run = report(&project, 1, &[("WORD", "S3CRETWORD")], 3);
    let all = written(&project, &run);
    let login = base64::engine::general_purpose::STANDARD.encode("\0drift\0S3CRETWORD");
    assert!(run.stderr().contains("550"), "{run}");
    assert!(!holds(&all, "S3CRETWORD") && !holds(&all, &login), "{run}");
    let posted = post.posted();
    assert_eq!(posted.len(), 1, "what is refused for good is not tried again");
    assert!(posted[0].commands.contains(&format!("AUTH PLAIN {login}")), "{posted:?}");
}

#[test]
fn a_file_that_others_can_read_is_not_used() {
    let hook = Hook::new(&[]);
    let project = two("[notify.chat]\nurl_file = \"secret/hook\"\n");
    let file = project.env.write("secret/hook", format!("{}\n", hook.url()));
    for (mode, status) in [(0o644, 3), (0o640, 3), (0o604, 3), (0o600, 1)] {
        fs::set_permissions(&file, fs::Permissions::from_mode(mode)).unwrap();
        let run = report(&project, 1, &[], status);
        let words = format!("secret/hook` may be read by others: its mode is {mode:04o}");
        assert_eq!(run.stderr().contains(&words), status == 3, "{run}");
        assert_eq!(run.stderr().contains("what to do: chmod 600 "), status == 3, "{run}");
    }
    assert_eq!(hook.requests().len(), 1, "the line end of the file is no part of it");
}

#[test]
fn what_is_missing_is_said_by_reports_and_by_the_doctor() {
    let project = two("[notify.chat]\nurl_env = \"HOOK\"\n\n[notify.other]\nurl_file = \"nothing\"\n");
    let run = report(&project, 1, &[], 3);
    assert!(run.stderr().contains("the environment variable `HOOK` is not set"), "{run}");
    assert!(run.stderr().contains("cannot read `[ROOT]/nothing`: entity not found"), "{run}");
    let doctor = project.run(1, &["doctor"]).expect(3).stdout();
    assert!(doctor.contains("the environment variable `HOOK` is not set"), "{doctor}");
    let hook = Hook::new(&[]);
    project.env.write("nothing", hook.url());
    fs::set_permissions(project.env.path("nothing"), fs::Permissions::from_mode(0o600)).unwrap();
    let mut well = project.command(1, &["doctor"]);
    let run = project.env.run(well.env("HOOK", hook.url())).expect(0);
    assert!(run.stdout().contains("chat (webhook): its address is in `HOOK`"), "{run}");
    assert!(!run.stdout().contains("S3CRETTOKEN"), "{run}");
    assert!(hook.requests().is_empty(), "the doctor sends nothing");
}

#[test]
fn a_secret_in_the_configuration_is_refused_and_not_shown() {
    for wrong in [
        "[notify.chat]\nurl = \"https://hooks.example.org/services/S3CRETTOKEN\"\n",
        "[notify.chat]\nwebhook = \"hooks.example.org/S3CRETTOKEN\"\n",
        "[notify.chat]\nurl_env = \"https://hooks.example.org/S3CRETTOKEN\"\n",
        "[notify.chat]\nurl_file = \"https://hooks.example.org/S3CRETTOKEN\"\n",
        "[notify.chat]\nurll = \"https://hooks.example.org/S3CRETTOKEN\"\n",
        "[notify]\nurl = \"https://hooks.example.org/S3CRETTOKEN\"\n",
        "[notify.chat]\nurl = \"https://hooks.example.org/S3CRETTOKEN\n",
        "[notify.mail]\nsmtp = \"mail.example.org\"\npassword = \"S3CRETTOKEN\"\n",
    ] {
        let run = two(wrong).run(1, &["report"]).expect(2);
        assert!(!run.stderr().contains("S3CRETTOKEN"), "{run}");
    }
    let run =
        two("[notify.chat]\nurl = \"https://hooks.example.org/services/S3CRETTOKEN\"\n").run(1, &["status"]).expect(2);
    insta::assert_snapshot!(run.stderr(), @r#"
    error: `url` in a file that is committed
     --> [ROOT]/driftline.toml:2:1
      |
    2 | url = ************************************************
      | ^^^ whoever knows the address of a webhook can write there: it is a secret
      |
      = help: make a new one if this was committed; put it into an environment variable and write `url_env = "ITS_NAME"`, or into a file that only you can read and write `url_file = "..."`

    1 problem in the configuration
    "#);
}

#[test]
fn what_makes_no_sense_is_refused_with_words() {
    let cases = [
        ("[notify.a]\n", "`[notify.a]` has no way to tell anybody"),
        ("[notify.a]\nurl_env = \"A\"\nurl_file = \"b\"\n", "both `url_env` and `url_file`"),
        ("[notify.a]\nurl_env = \"A\"\nsendmail = [\"x\"]\n", "two ways to tell one"),
        ("[notify.a]\nurl_env = \"A\"\nto = \"a@b\"\n", "`to` with a webhook"),
        ("[notify.a]\nsendmail = [\"x\"]\nto = \"a@b\"\n", "mail without `from`"),
        ("[notify.a]\nsendmail = [\"x\"]\nto = \"a@b\\r\\nBcc: c@d\"\nfrom = \"a@b\"\n", "this is no address of mail"),
        ("[notify.a]\nsendmail = []\nto = \"a@b\"\nfrom = \"a@b\"\n", "`sendmail` names no command"),
        ("[notify.a]\nsmtp = \"x:y\"\nto = \"a@b\"\nfrom = \"a@b\"\n", "`smtp` names no server"),
        ("[notify.a]\nsmtp = \"x\"\nto = \"a@b\"\nfrom = \"a@b\"\nuser = \"u\"\n", "`user` without a password"),
        ("[notify.a]\nsmtp = \"x\"\nto = \"a@b\"\nfrom = \"a@b\"\npassword_env = \"P\"\n", "a password without `user`"),
        (
            "[notify.a]\nsmtp = \"x\"\ntls = \"none\"\nto = \"a@b\"\nfrom = \"a@b\"\nuser = \"u\"\npassword_env = \"P\"\n",
            "a password over a way that is not protected",
        ),
        ("[notify.a]\nurl_env = \"A\"\ntls = \"maybe\"\n", "`tls` is none of the ways there are"),
        ("[notify.a]\nurl_env = \"A\"\ntimeout = 0\n", "`timeout` must be a number of seconds"),
        ("[notify.a]\nurl_env = \"A\"\nlink = \"javascript:alert(1)\"\n", "`link` is no address of a page"),
        ("[notify.\"a b\"]\nurl_env = \"A\"\n", "this cannot name who is told"),
        ("[notify]\nurl_env = \"A\"\n", "give it a name: `[notify.chat]` instead of `[notify]`"),
        ("notify = 1\n", "`notify` must be a table"),
    ];
    for (config, words) in cases {
        let run = two(config).run(1, &["status"]).expect(2);
        assert!(run.stderr().contains(words), "{words}: {run}");
    }
    let _ = two(CHAT).run(1, &["status"]).expect(1);
}
