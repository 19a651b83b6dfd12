//! Scenario 1 over ssh: three servers, three aliases, and the same answer as from folders.

use std::fs;

use serde_json::Value;

use crate::support::pack;
use crate::support::run::TestEnv;
use crate::support::sshd::{Kind, Servers, busybox};

const ALIASES: [(&str, &str); 3] =
    [("prod", "oncalls-direct"), ("staging", "oncalls-staging"), ("debug", "oncalls-debug")];

/// What of a report depends on how an environment is reached, and why; everything else is the same, byte for byte.
const OWN: [(&str, &str); 4] = [
    ("/counters", "work that is done there is not done here"),
    ("/next", "names the configuration that was typed"),
    ("/candidates/command", "does so too"),
    ("/environments/*/origin", "says how it is reached"),
];

/// What archives and snapshots do not keep of an environment.
const NOT_KEPT: [(&str, &str); 2] = [
    ("/environments/*/git", "no repository is kept"),
    ("/findings/not-versioned", "so it is not known to be under no version control either"),
];

/// A report without some of its fields, and without findings of some codes.
fn without(report: &Value, left_out: &[&[(&str, &str)]]) -> String {
    let mut report = report.clone();
    for (pointer, _) in left_out.concat() {
        match pointer.strip_prefix("/findings/") {
            Some(code) => report["findings"].as_array_mut().unwrap().retain(|finding| finding["code"] != code),
            None => remove(&mut report, &pointer[1..].split('/').collect::<Vec<_>>()),
        }
    }
    serde_json::to_string_pretty(&report).unwrap()
}

fn remove(value: &mut Value, path: &[&str]) {
    match (path, value) {
        (["*", rest @ ..], Value::Array(all)) => all.iter_mut().for_each(|one| remove(one, rest)),
        ([last], Value::Object(fields)) => assert!(fields.remove(*last).is_some(), "there is no {last}"),
        ([first, rest @ ..], Value::Object(fields)) => remove(fields.get_mut(*first).unwrap(), rest),
        (path, value) => panic!("{path:?} does not lead into {value}"),
    }
}

/// The first lines that differ, with what is around them.
#[track_caller]
fn assert_same(near: &str, far: &str, what: &str) {
    if near != far {
        let at = near.lines().zip(far.lines()).position(|(near, far)| near != far).unwrap_or_default();
        let part = |text: &str| text.lines().skip(at.saturating_sub(8)).take(16).collect::<Vec<_>>().join("\n");
        panic!("{what}, from line {at} on:\n{}\n----- is not\n{}", part(far), part(near));
    }
}

/// The demo's environments, reached in every way; the configurations are `WAY.toml`.
struct Oncalls {
    env: TestEnv,
    _servers: Servers,
}

impl Oncalls {
    fn new() -> Self {
        let env = TestEnv::new();
        let _ = env.driftline(["demo", "--keep", "demo"]).expect(0);
        let busybox = Kind { path: Some(busybox()), ..Kind::default() };
        let servers = Servers::start(&[
            ("oncalls-direct", Kind::default()),
            ("oncalls-staging", Kind::default()),
            ("oncalls-debug", busybox),
        ]);
        let ssh_config = format!("ssh_config = \"{}\"\n", servers.config().display());
        let oncalls = Self { env, _servers: servers };
        oncalls.configure("ssh", &ssh_config, &|root, alias| format!("ssh = \"{alias}\"\npath = {root:?}"));
        let through = r#"exec = ["sh", "-c", 'exec "$@"', "through"]"#;
        oncalls.configure("exec", "", &|root, _| format!("{through}\npath = {root:?}"));
        oncalls.configure("archive", "", &|root, _| format!("archive = \"{root}.tar.gz\""));
        oncalls.configure("snapshot", "", &|root, _| format!("snapshot = \"{root}.ndjson.zst\""));
        oncalls
    }

    fn configure(&self, way: &str, head: &str, source: &dyn Fn(&str, &str) -> String) {
        let local = fs::read_to_string(self.env.path("demo/driftline.toml")).unwrap();
        let text = ALIASES.iter().fold(local, |text, (name, alias)| {
            let root = self.env.path("demo").join(name);
            text.replace(&format!("path = \"{name}\""), &source(root.to_str().unwrap(), alias))
        });
        self.env.write(format!("demo/{way}.toml"), format!("{head}{text}"));
    }

    /// Archives and snapshots of the trees as they are now.
    fn keep(&self) {
        for (name, _) in ALIASES {
            let root = self.env.path("demo").join(name);
            let _ = pack::tar_file(&root, "tar.gz", &[]);
            let kept = format!("{}.ndjson.zst", root.to_str().unwrap());
            let words = ["snapshot", name, "--config", "demo/driftline.toml", "--contents", "-o", &kept];
            let _ = self.env.driftline(words).expect(0);
        }
    }

    fn json(&self, way: &str, words: &[&str]) -> Value {
        let config = format!("demo/{way}.toml");
        self.env.driftline([words, &["--config", &config, "--format", "json"]].concat()).json()
    }
}

#[test]
fn three_servers_with_repositories_give_what_three_folders_give() {
    let oncalls = Oncalls::new();
    let status = |way: &str| oncalls.json(way, &["status", "--no-state"]);
    let (near, far) = (status("driftline"), status("ssh"));
    for (way, far) in [("ssh", &far), ("exec", &status("exec"))] {
        assert_same(&without(&near, &[&OWN]), &without(far, &[&OWN]), &format!("{way}, with repositories"));
    }
    for words in [&["candidates"][..], &["diff", "--all"], &["diff", "MemberService", "--base", "prod"]] {
        // The commands that are proposed name the configuration.
        let shown = |way: &str| {
            let shown = serde_json::to_string_pretty(&oncalls.json(way, words)).unwrap();
            shown.replace(&format!("demo/{way}.toml"), "CONFIGURATION")
        };
        let near = shown("driftline");
        for way in ["ssh", "exec"] {
            assert_same(&near, &shown(way), &format!("{words:?} over {way}, with repositories"));
        }
    }
    // For each: the listing, twice digests under two algorithms, which texts may differ only quietly, contents of these, of what artifacts
    // are held against, and of what candidates and their targets are made of. For each with a repository: its files, its history, names
    // and contents of what its index does not vouch for.
    assert!(far["counters"]["round_trips"].as_u64().unwrap() <= 3 * 10 + 2 * 4, "{}", far["counters"]);
    let changes = |stage: &str| far["environments"][2]["git"][stage].as_array().unwrap().len();
    assert_eq!(changes("staged") + changes("unstaged") + changes("untracked"), 53);
    assert_eq!(far["counters"]["files_opened"], 0);
}

/// Without repositories, which archives and snapshots do not keep.
#[test]
fn every_way_to_three_trees_gives_the_same() {
    let oncalls = Oncalls::new();
    for name in ["staging", "debug"] {
        fs::remove_dir_all(oncalls.env.path("demo").join(name).join(".git")).unwrap();
    }
    oncalls.keep();
    let status = |way: &str| oncalls.json(way, &["status"]);
    let near = status("driftline");
    assert!(near["rows"].as_array().unwrap().len() > 100 && near["findings"].as_array().unwrap().len() > 100);
    for (way, left_out) in
        [("ssh", &[&OWN[..]][..]), ("exec", &[&OWN]), ("archive", &[&OWN, &NOT_KEPT]), ("snapshot", &[&OWN, &NOT_KEPT])]
    {
        assert_same(&without(&near, left_out), &without(&status(way), left_out), way);
    }
    let again = status("archive");
    assert_same(&without(&near, &[&OWN, &NOT_KEPT]), &without(&again, &[&OWN, &NOT_KEPT]), "archives, a second time");
    assert_eq!(again["counters"]["archive_passes"], 0, "what was not changed is not unpacked again");
    let diff = |way: &str, words: &[&str]| {
        let shown = oncalls.json(way, &[&["diff"], words].concat());
        serde_json::to_string_pretty(&shown).unwrap()
    };
    let near = diff("driftline", &["--all"]);
    assert!(near.contains("DB_PASSWORD=<secret ") || near.contains("=<secret "), "a secret is compared by its keys");
    for way in ["ssh", "exec", "archive"] {
        assert_same(&near, &diff(way, &["--all"]), &format!("diff over {way}"));
    }
    // A snapshot has the contents of what is in focus.
    let focus = ["MemberService", "HomeService", "MemberController"];
    assert_same(&diff("driftline", &focus), &diff("snapshot", &focus), "diff with snapshots");
}
