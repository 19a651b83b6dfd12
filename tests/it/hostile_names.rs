//! Names from an environment cannot drive a terminal, break a line, or get lost, in any output.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt as _;

use base64::Engine as _;

use crate::support::repo::Repo;
use crate::support::run::TestEnv;

/// Newline, tab, escape sequences (7 and 8 bit), not UTF-8, bidirectional controls, leading dash, quotes, 255 bytes, and names that look like options
/// or patterns.
fn names() -> Vec<Vec<u8>> {
    vec![
        b"new\nline.py".to_vec(),
        b"tab\tquote\".py".to_vec(),
        b"esc\x1b[2J\x1b]0;owned\x07.py".to_vec(),
        "c1\u{9b}31m.py".as_bytes().to_vec(),
        b"latin-\xe9\xff.py".to_vec(),
        "bidi\u{202e}yp.exe".as_bytes().to_vec(),
        "zero\u{200b}width.py".as_bytes().to_vec(),
        b"--output=x".to_vec(),
        b"-rf".to_vec(),
        b" leading and trailing ".to_vec(),
        b"back\\slash$(touch marker)`id`.py".to_vec(),
        b"<img src=x onerror=alert(1)>.py".to_vec(),
        [b"x".repeat(252), b".py".to_vec()].concat(),
    ]
}

fn environment() -> TestEnv {
    let env = TestEnv::new();
    for name in names() {
        for (folder, text) in [("a", "same\nold\nsame\n"), ("b", "same\nnew\x1b[31m\u{202e}\nsame\n")] {
            let path = env.path(folder);
            std::fs::create_dir_all(&path).unwrap();
            std::fs::write(path.join(OsStr::from_bytes(&name)), text).unwrap();
        }
    }
    env
}

/// Whether a terminal would only see text and line ends.
fn is_harmless(bytes: &[u8]) -> bool {
    std::str::from_utf8(bytes).is_ok_and(|text| {
        !text.chars().any(|c| {
            (c.is_control() && c != '\n')
                || matches!(c, '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
        })
    })
}

#[test]
fn the_names_are_hostile() {
    let env = environment();
    let listing = std::process::Command::new("ls").arg("--show-control-chars").arg(env.path("a")).output().unwrap();
    assert!(!is_harmless(&listing.stdout), "a plain listing would drive the terminal");
}

#[test]
fn no_output_lets_them_through() {
    let env = environment();
    for arguments in [
        &["a=a", "b=b"][..],
        &["status", "a=a", "b=b", "--format", "json"],
        &["report", "a=a", "b=b"],
        &["report", "a=a", "b=b", "--format", "json"],
        &["diff", "--all", "a=a", "b=b"],
        &["diff", "--all", "--view", "columns", "--width", "160", "a=a", "b=b"],
        &["diff", "--all", "--view", "unified", "a=a", "b=b"],
        &["diff", "--all", "--format", "json", "a=a", "b=b"],
        &["diff", "py", "a=a", "b=b"],
        &["diff", "no\x1b[2Jsuch\nfile", "a=a", "b=b"],
        &["status", "x\x1b[2J\n=a"],
        &["status", "a=no\x1b[2Jsuch", "b=b"],
        &["--config", "no\x1b[2Jsuch"],
        &["--ignore", "[\x1b[2J", "a=a", "b=b"],
        &["diff", "x", "--base", "\x1b[2J", "a=a", "b=b"],
        &["--skip", "\x1b[2J", "a=a", "b=b"],
        &["explain", "bidi\u{202e}yp.exe", "a=a", "b=b"],
        &["explain", "tab\tquote\".py", "a=a", "b=b", "--format", "json"],
        &["explain", "no\x1b[2Jsuch", "a=a", "b=b"],
        &["explain", "a\x1b[2J", "b\u{202e}", "a=a", "b=b"],
        &["explain", "\x1b[2J/x", "--ignore", "\x1b[2J", "a=a", "b=b"],
    ] {
        let run = env.driftline(arguments);
        // A patch ends a name that has blanks in it by a tab, as git does.
        let stdout: Vec<u8> = run.output.stdout.iter().copied().filter(|&b| b != b'\t').collect();
        assert!(is_harmless(&stdout) && is_harmless(&run.output.stderr), "{arguments:?}: {run}");
    }
}

#[test]
fn neither_do_proposed_maps_and_nearest_commits() {
    let env = TestEnv::new();
    let repo = Repo::init(env.path("staging"));
    let (common, here) = ("back\x1b[31m\u{202e}end", "on\ncall\x1b[2J");
    for (file, text) in [("one", "1\n"), ("two", "22\n"), ("three", "333\n")] {
        repo.write(&format!("{common}/{file}"), text);
        env.write(format!("old/{common}/{file}"), text);
        env.write(format!("prod/{here}/{file}"), text);
    }
    repo.commit("subject \x1b[2J \u{202e} of it");
    repo.write(&format!("{common}/three"), "new\n").commit("next");
    let environments = ["prod=prod", "old=old", "staging=staging", "--no-state", "--fail-on", "never"];
    let file = format!("{common}/three");
    let plain = ["old=old", "staging=staging", "--no-state", "--fail-on", "never"];
    for (words, of, wanted) in [
        (&["status"][..], &environments[..], "looks like"),
        (&["status", "--format", "json"], &environments, "map_proposals"),
        (&["explain", here], &environments, "Proposed map"),
        (&["explain", common, "--format", "json"], &environments, "\"paste\": \"map = {"),
        (&["diff", &file], &plain, "nearest to old"),
        (&["diff", &file, "--format", "json"], &plain, "nearest to old"),
    ] {
        let run = env.driftline(words.iter().chain(of)).expect(0);
        assert!(is_harmless(&run.output.stdout) && is_harmless(&run.output.stderr), "{words:?}: {run}");
        assert!(run.stdout().contains(wanted), "{wanted}: {run}");
    }
}

#[test]
fn json_gives_every_name_back() {
    let env = environment();
    let json = env.driftline(["status", "a=a", "b=b", "--format", "json"]).expect(1).json();
    let mut given: Vec<Vec<u8>> = json["rows"].as_array().unwrap().iter().map(exact).collect();
    let mut expected = names();
    given.sort();
    expected.sort();
    assert_eq!(given, expected);
}

#[test]
fn every_name_can_be_asked_for() {
    let env = environment();
    for name in names() {
        let mut command = env.command();
        command
            .args(["diff", "--format", "json", "a=a", "b=b", "--"])
            .arg(OsStr::from_bytes(&[b"./", &name[..]].concat()));
        let json = env.run(&mut command).expect(1).json();
        assert_eq!(exact(&json["files"][0]), name, "{}", name.escape_ascii());
    }
}

fn exact(row: &serde_json::Value) -> Vec<u8> {
    match row.get("path_base64") {
        Some(bytes) => base64::engine::general_purpose::STANDARD.decode(bytes.as_str().unwrap()).unwrap(),
        None => row["path"].as_str().unwrap().as_bytes().to_vec(),
    }
}
