//! Mail: by a server, with and without TLS, and by a command; read back by a parser of mail.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;

use mail_parser::{Message, MessageParser, MimeHeaders as _};

use super::servers::{Authority, Manners, Post};
use super::{report, two};
use crate::report::Project;
use crate::support::run::Run;

const ADDRESSES: &str =
    "[notify.mail]\nto = [\"ops@example.org\", \"boss@example.org\"]\nfrom = \"drift@example.org\"\n";

fn parsed(mail: &[u8]) -> Message<'_> {
    MessageParser::default().parse(mail).expect("this is mail")
}

/// Names and raw values of all headers.
fn headers(mail: &Message<'_>) -> Vec<(String, String)> {
    mail.headers_raw().map(|(name, value)| (name.to_owned(), value.trim().to_owned())).collect()
}

#[test]
fn a_mail_says_first_what_is_new() {
    let post = Post::new(None, Manners::default());
    let project = two(&format!(
        "{ADDRESSES}smtp = \"127.0.0.1:{}\"\nlink = \"https://reports.example.org/oncalls/\"\n",
        post.port
    ));
    let _ = report(&project, 1, &[], 1);
    project.write("prod", "lib.py", "hotfix\n");
    project.write("staging", "app.py", "a\n");
    let _ = report(&project, 2, &[], 1);
    let posted = post.posted();
    assert_eq!(posted.len(), 2);
    let commands = &posted[1].commands;
    for command in ["MAIL FROM:<drift@example.org>", "RCPT TO:<ops@example.org>", "RCPT TO:<boss@example.org>"] {
        assert!(commands.iter().any(|it| it.starts_with(command)), "{commands:?}");
    }
    let mail = parsed(&posted[1].mail);
    let name = project.env.root().file_name().unwrap().to_str().unwrap().to_owned();
    assert_eq!(mail.subject().unwrap(), format!("{name} drift: 1 new, 1 resolved, 2 still (oldest 1 day)"));
    assert_eq!(mail.date().unwrap().to_rfc3339(), "2026-12-02T12:00:00Z");
    assert!(
        headers(&mail).contains(&("Auto-Submitted".to_owned(), "auto-generated".to_owned())),
        "{:?}",
        headers(&mail)
    );
    assert_ne!(mail.message_id(), parsed(&posted[0].mail).message_id());
    let body = mail.body_text(0).unwrap().replace("\r\n", "\n").replace(&name, "[NAME]");
    insta::assert_snapshot!(body, @r"
    [NAME]: 1 new, 1 resolved, 2 still (oldest 1 day)
    report of 2026-12-02T12:00:00Z, since that of 2026-12-01T12:00:00Z

    New  1
      !  lib.py  prod and staging differ  (content-differs aca3b9e954)

    Resolved  1
      -  app.py  was: prod and staging differ  (content-differs cfb54c9ab1)

    Trend    ██  3 to 3 open findings in 2 reports
    Report   https://reports.example.org/oncalls/
    ");
}

#[test]
fn names_put_nothing_into_a_mail() {
    let post = Post::new(None, Manners::default());
    let project = two("");
    let folder = "prö\r\nBcc: evil@example.org\r\n\r\n<b>";
    let config = format!(
        "{ADDRESSES}smtp = \"127.0.0.1:{}\"\n\n[env.prod]\npath = \"../prod\"\n\n[env.staging]\npath = \"../staging\"\n",
        post.port
    );
    let config = project.env.write(format!("{folder}/driftline.toml"), config);
    project.write("prod", "x\r\n.\r\nBcc: evil@example.org\r\n\r\nb\u{202e}ody", "x\n");
    let mut command = project.command(1, &["report", "--config"]);
    let _ = project.env.run(command.arg(&config)).expect(1);
    let posted = post.posted();
    let mail = parsed(&posted[0].mail);
    let subject = mail.subject().unwrap();
    assert!(
        subject.starts_with(r"prö\r\nBcc: evil(at)") || subject.starts_with(r"prö\r\nBcc: evil@example.org"),
        "{subject}"
    );
    let names: Vec<String> = headers(&mail).into_iter().map(|(name, _)| name.to_lowercase()).collect();
    assert!(!names.contains(&"bcc".to_owned()), "{names:?}");
    assert!(posted[0].mail.is_ascii(), "headers and body are encoded");
    let body = mail.body_text(0).unwrap();
    assert!(body.contains(r"x\r\n.\r\nBcc: evil@example.org\r\n\r\nb\u{202e}ody"), "{body}");
    let recipients = posted[0].commands.iter().filter(|command| command.starts_with("RCPT")).count();
    assert_eq!(recipients, 2);
}

#[test]
fn the_page_comes_along_where_that_is_wanted() {
    let post = Post::new(None, Manners::default());
    let project = two(&format!("{ADDRESSES}smtp = \"127.0.0.1:{}\"\nattach = true\n", post.port));
    let _ = report(&project, 1, &[], 1);
    let posted = post.posted();
    let mail = parsed(&posted[0].mail);
    assert_eq!(mail.attachment_count(), 1);
    let page = mail.attachment(0).unwrap();
    assert_eq!(page.attachment_name(), Some("report.html"));
    let text = String::from_utf8_lossy(page.contents()).replace("\r\n", "\n");
    assert_eq!(text, fs::read_to_string(project.env.path("out/report.html")).unwrap());
    assert!(mail.body_text(0).unwrap().contains("Report   attached"));
}

fn over_tls(authority: &Authority, tls: &str, manners: Manners, ca: bool) -> (Run, Post) {
    let post = Post::new(Some(authority), manners);
    let ca = if ca { "ca_file = \"ca.pem\"\n" } else { "" };
    let config = format!(
        "{ADDRESSES}smtp = \"localhost:{}\"\ntls = \"{tls}\"\nuser = \"drift\"\npassword_env = \"WORD\"\n{ca}",
        post.port
    );
    let project = two(&config);
    project.env.write("ca.pem", &authority.pem);
    let mut command = project.command(1, &["report"]);
    let run = project.env.run(command.env("WORD", "S3CRETWORD"));
    (run, post)
}

#[test]
fn a_login_goes_over_tls() {
    let authority = Authority::new();
    for (tls, starttls) in [("starttls", true), ("implicit", false)] {
        let (run, post) = over_tls(&authority, tls, Manners { starttls, login: true, refuses: None }, true);
        let run = run.expect(1);
        let posted = post.posted();
        assert_eq!(posted.len(), 1, "{run}");
        assert!(posted[0].encrypted);
        let at = |word: &str| posted[0].commands.iter().position(|command| command.starts_with(word));
        assert!(at("AUTH PLAIN ").is_some(), "{posted:?}");
        assert!(!starttls || at("STARTTLS") < at("AUTH"), "{posted:?}");
    }
}

#[test]
fn a_server_that_nobody_vouches_for_or_that_has_no_tls_gets_nothing() {
    let authority = Authority::new();
    let (run, post) = over_tls(&authority, "implicit", Manners { login: true, ..Manners::default() }, false);
    let run = run.expect(3);
    assert!(run.stderr().contains("certificate"), "{run}");
    assert!(post.posted().is_empty());
    // It does not offer STARTTLS, as if somebody on the way had taken that out.
    let post = Post::new(None, Manners { login: true, ..Manners::default() });
    let config = format!(
        "{ADDRESSES}smtp = \"127.0.0.1:{}\"\ntls = \"starttls\"\nuser = \"drift\"\npassword_env = \"WORD\"\n",
        post.port
    );
    let run = report(&two(&config), 1, &[("WORD", "S3CRETWORD")], 3);
    assert!(run.stderr().to_lowercase().contains("starttls"), "{run}");
    assert!(post.posted().is_empty());
}

/// A command that takes mail as `sendmail` does, and keeps it.
fn mailer(project: &Project, script: &str) {
    let file = project.env.write("bin/sendmail", format!("#!/bin/sh\n{script}\n"));
    fs::set_permissions(file, fs::Permissions::from_mode(0o755)).unwrap();
}

fn by_command(script: &str, timeout: u32) -> Project {
    let project = two("");
    let path = project.env.path("bin/sendmail").display().to_string();
    let rest = fs::read_to_string(project.config()).unwrap();
    let config = format!("{ADDRESSES}sendmail = [\"{path}\", \"-t\", \"-i; touch x\"]\ntimeout = {timeout}\n{rest}");
    project.env.write("driftline.toml", config);
    mailer(&project, script);
    project
}

#[test]
fn a_command_takes_mail_on_stdin() {
    let project = by_command("printf '%s\\n' \"$@\" > arguments; cat > mail", 30);
    let _ = report(&project, 1, &[], 1);
    let arguments = fs::read_to_string(project.env.path("arguments")).unwrap();
    assert_eq!(arguments, "-t\n-i; touch x\n", "no shell has a part in it");
    let bytes = fs::read(project.env.path("mail")).unwrap();
    assert!(!bytes.contains(&b'\r'), "lines end as such commands want it");
    let mail = parsed(&bytes);
    let to: Vec<&str> = mail.to().unwrap().iter().filter_map(|it| it.address()).collect();
    assert_eq!(to, ["ops@example.org", "boss@example.org"]);
    assert!(mail.body_text(0).unwrap().contains("app.py"));
    fs::remove_file(project.env.path("mail")).unwrap();
    let _ = report(&project, 2, &[], 1);
    assert!(!project.env.path("mail").exists(), "nothing changed");
}

#[test]
fn a_command_that_fails_or_hangs_is_an_incident() {
    let project = by_command("echo 'no\x1b[2J queue' >&2; exit 75", 30);
    let run = report(&project, 1, &[], 3);
    assert!(run.stderr().contains(r"ended with exit status: 75: no\x1b[2J queue"), "{run}");
    let project = by_command("sleep 1000", 1);
    let run = report(&project, 1, &[], 3);
    assert!(run.stderr().contains("there was no answer within 1 second"), "{run}");
    let project = by_command("exit 0", 30);
    fs::remove_file(project.env.path("bin/sendmail")).unwrap();
    let run = report(&project, 1, &[], 3);
    assert!(run.stderr().contains("bin/sendmail`: entity not found"), "{run}");
}
