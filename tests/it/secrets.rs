//! Secrets reach neither output nor state, wherever they are.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use driftline::compare::compare;
use driftline::compare::text::{Limits, Redactor};
use driftline::insight::origin::Tracer;
use driftline::path::EnvironmentName;
use driftline::report::labels::initials;
use driftline::report::style::Styles;
use driftline::report::text_view::{Inputs, Screen, TextView, json, view, write_columns, write_regions, write_unified};
use proptest::prelude::*;

use crate::support::memory::{Memory, path};
use crate::support::repo::Repo;
use crate::support::run::TestEnv;
use crate::support::tree::Tree;

const MARKER: &str = "Xq7rT9mK2pL4vB8n";

/// Two environments in which the marker is everywhere; that it is, is shown first.
fn planted(env: &TestEnv) {
    for (name, secret) in [("prod", format!("{MARKER}a")), ("debug", format!("{MARKER}b"))] {
        let repo = Repo::init(env.path(name));
        repo.write("app/other.py", "x = 1\n").commit("begin");
        repo.write("app/config.py", "DEBUG = False\nSECRET_KEY = None\n").commit(&format!("rotate password={secret}"));
        repo.write("app/config.py", format!("DEBUG = True\nSECRET_KEY = '{secret}'\n"));
        repo.git(&["stash", "push", "-m", &format!("token={secret}")]);
        repo.git(&["branch", "-m", &format!("fix-token={secret}")]);
        repo.git(&["remote", "add", "origin", &format!("https://bob:{secret}@example.invalid/r.git")]);
        let database = format!("def f():\n    return 'postgres://bob:{secret}@db/x'\n\n\npassword = \"{secret}\"\n");
        let kept = [
            (".env", format!("A=1\nDB_PASSWORD={secret}\nNOTE=\"first\n{secret}\"\n# OLD={secret}\n")),
            (".env.bak", format!("DB_PASSWORD={secret}9\n")),
            ("app/database.py", database),
            ("app/config.py.orig", format!("SECRET_KEY = '{secret}'\n")),
            ("app/config.py", format!("DEBUG = False\nSECRET_KEY = '{secret}'\nURL = 'x'\n")),
            ("deploy.yml", format!("db:\n  password: {secret}\n  host: h\n")),
            ("credentials.json", format!("{{\"user\": \"bob\", \"note\": \"{secret}\"}}\n")),
            ("keys/server.pem", format!("-----BEGIN PRIVATE KEY-----\n{secret}\n-----END PRIVATE KEY-----\n")),
            ("keys/inline.txt", format!("-----BEGIN PRIVATE KEY-----\n{secret}\n-----END PRIVATE KEY-----\n")),
            ("keys/own.special", format!("{secret}\n")),
        ];
        for (file, content) in kept {
            repo.write(file, content);
        }
        std::os::unix::fs::symlink(format!("/run/token={secret}"), repo.path("link")).unwrap();
    }
    let config = "sensitive = [\"*.special\"]\n[env.prod]\npath = \"prod\"\n[env.debug]\npath = \"debug\"\n";
    env.write("driftline.toml", config);
    for name in ["prod", "debug"] {
        let root = env.path(name);
        let files = [".env", ".env.bak", "app/database.py", "app/config.py.orig", "deploy.yml", "credentials.json"];
        for file in files.iter().chain(&["keys/server.pem", "keys/inline.txt", "keys/own.special"]) {
            assert!(holds(&fs::read(root.join(file)).unwrap()), "{file}");
        }
        assert!(holds(fs::read_link(root.join("link")).unwrap().as_os_str().as_encoded_bytes()));
        for words in [&["log", "--format=%s"][..], &["stash", "list"], &["branch"], &["remote", "-v"]] {
            assert!(holds(Repo::at(&root).git(words).as_bytes()), "{words:?}");
        }
    }
}

fn holds(bytes: &[u8]) -> bool {
    bytes.windows(MARKER.len()).any(|window| window == MARKER.as_bytes())
}

fn all_files(folder: &Path) -> Vec<std::path::PathBuf> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() { files.extend(all_files(&path)) } else { files.push(path) }
    }
    files
}

#[test]
fn no_secret_is_in_output_or_state() {
    let env = TestEnv::new();
    planted(&env);
    let commands: [&[&str]; 16] = [
        &["status"],
        &["status", "--format", "json"],
        &["diff", "--all"],
        &["diff", "--all", "--view", "columns", "--width", "200"],
        &["diff", "--all", "--view", "unified"],
        &["diff", "--all", "--format", "json"],
        &["diff", ".env", "app/config.py", "--base", "prod"],
        &["diff", "nothing", "--no-state"],
        &["candidates", "--all"],
        &["candidates", "--all", "--format", "json"],
        &["candidates", "show", "f1"],
        &["candidates", "show", "f1", "--format", "json"],
        &["report"],
        &["report", "--format", "json"],
        &["accept", "--all", "--because", "it is known", "--format", "json"],
        &["diff", "--all", "--no-state", "--color", "always"],
    ];
    for words in commands {
        let run = env.driftline(words);
        assert!(!holds(&run.output.stdout) && !holds(&run.output.stderr), "{words:?}: {run}");
    }
    let shown = env.driftline(["diff", "--all"]).expect(1).stdout();
    for said in [
        "DB_PASSWORD=<secret ",
        "password = \"<secret ",
        "SECRET_KEY = '<secret ",
        "  password: <secret ",
        "bob:<secret ",
    ] {
        assert!(shown.contains(said), "{said}: {shown}");
    }
    assert!(shown.contains("sensitive: its lines are not shown"), "{shown}");
    let unified = env.driftline(["diff", "app/database.py", "--view", "unified"]).expect(1).stdout();
    assert!(unified.contains("# it cannot be applied: secrets are masked"), "{unified}");
    let status = env.driftline(["status", "--format", "json"]).stdout();
    assert!(status.contains("rotate password=<secret ") && status.contains("token=<secret "), "{status}");

    let state = env.path("home/.local/state/driftline");
    let files = all_files(&state);
    assert!(files.len() > 1, "there is a key and a cache: {files:?}");
    for file in files {
        assert!(!holds(&fs::read(&file).unwrap()), "{}", file.display());
    }
}

#[test]
fn marks_stay_with_the_installation() {
    let env = TestEnv::new();
    let content = |secret: &str, same: &str| format!("A={secret}\nB={same}\n");
    Tree::at(env.path("a")).file(".env", content("one", "same"));
    Tree::at(env.path("b")).file(".env", content("two", "same"));
    let words = ["diff", ".env", "a=a", "b=b", "--format", "json"];
    let first = env.driftline(words).expect(1);
    assert_eq!(first.stdout(), env.driftline(words).stdout(), "the same bytes in each run");
    let region = &first.json()["files"][0]["regions"][0];
    assert_eq!(first.json()["files"][0]["regions"].as_array().unwrap().len(), 1, "equal secrets are equal");
    let (one, other) = (&region["base"]["lines"][0], &region["sides"]["b"]["lines"][0]);
    assert!(one.as_str().unwrap().starts_with("A=<secret ") && one != other, "{first}");

    let key = env.path("home/.local/state/driftline/installation.key");
    let made = fs::metadata(&key).unwrap();
    assert_eq!((made.len(), made.permissions().mode() & 0o777), (32, 0o600));
    fs::remove_file(&key).unwrap();
    let without = env.driftline(words.iter().chain(&["--no-state"])).expect(1);
    assert_ne!(first.stdout(), without.stdout(), "another key, another mark");
    assert!(!key.exists(), "no key is made where no state is kept");

    fs::write(&key, "short").unwrap();
    let damaged = env.driftline(words).expect(1);
    assert!(damaged.stderr().contains("it does not have the 32 bytes of a key"), "{damaged}");
    assert!(damaged.stdout().contains("A=<secret "), "{damaged}");
    assert_eq!(fs::read(&key).unwrap(), b"short", "what is there is not replaced");
}

#[test]
fn regions_come_from_true_bytes() {
    let env = TestEnv::new();
    Tree::at(env.path("a")).file("x.py", "password = 'one'\n").file("y.key", "1");
    Tree::at(env.path("b")).file("x.py", "password = 'two'\n").file("y.key", "2");
    let json = env.driftline(["diff", "--all", "a=a", "b=b", "--format", "json"]).expect(1).json();
    assert_eq!(json["files"][0]["pattern"], "AB");
    assert_eq!(json["files"][0]["regions"].as_array().unwrap().len(), 1);
    assert_eq!(json["files"][1]["kinds"]["a"], "hidden");
    assert_eq!(json["files"][1]["regions"].as_array().unwrap().len(), 0);
}

/// All renderings of a file in two environments.
fn renderings(name: &str, one: &str, other: &str) -> String {
    let memory = Memory::new(&["a", "b"]).file(0, name, one).file(1, name, other);
    let comparison = compare(&memory.snapshots);
    let row = comparison.find(&memory.snapshots, &path(name)).unwrap();
    let redactor = Redactor::new([3; 32], &[]);
    let tracer = Tracer::new(&memory.snapshots, &memory, &memory, &memory.commits, Limits::default());
    let inputs = Inputs {
        snapshots: &memory.snapshots,
        artifacts: &[],
        base: None,
        baseline: None,
        limits: Limits::default(),
        contents: &memory,
        history: &memory,
        commits: &memory.commits,
        nearest: &memory.nearest,
        tracer: &tracer,
        redactor: &redactor,
    };
    let environments: Vec<_> = memory.snapshots.iter().map(|snapshot| snapshot.environment.clone()).collect();
    let labels = initials(&environments.iter().map(EnvironmentName::as_str).collect::<Vec<_>>());
    let files = vec![view(&comparison.row(row), &inputs)];
    let text = TextView { environments, labels, files, next: Vec::new(), now: 0 };
    let mut out = Vec::new();
    for styles in [Styles::default(), Styles::new(true)] {
        let screen = Screen { columns: 160, styles };
        write_regions(&text, screen, &mut out).unwrap();
        write_columns(&text, screen, &mut out).unwrap();
        write_unified(&text, screen, &mut out).unwrap();
    }
    out.extend(serde_json::to_vec(&json::report(&text)).unwrap());
    String::from_utf8(out).unwrap()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_secret_in_an_assignment_is_in_no_rendering(
        secret in "[A-Za-z0-9]{3}[A-Za-z0-9+/_.!@%=-]{5,24}[A-Za-z0-9]{2}",
        other in "[A-Za-z0-9]{10,24}",
        prefix in "(db_|DB_|my|x-)?",
        name in "(password|PASSWORD|passwd|secret|token|api_key|apiKey|client_secret|private_key|auth)",
        form in 0_usize..9,
    ) {
        let name = format!("{prefix}{name}");
        let file = |secret: &str| match form {
            0 => ("x.py", format!("a = 1\n{name} = \"{secret}\"\n")),
            1 => ("x.js", format!("const o = {{ \"{name}\": '{secret}', a: 1 }};\n")),
            2 => ("x.yml", format!("a: 1\n{name}: {secret}\n")),
            3 => (".env", format!("A=1\nexport {name}={secret}\n")),
            4 => ("x.json", format!("{{\n  \"{name}\": \"{secret}\"\n}}\n")),
            5 => ("x.php", format!("define('{name}', '{secret}');\n")),
            6 => ("x.py", format!("connect(1, {name}=\"{secret}\")\n")),
            7 => ("x.toml", format!("[{name}]\n{name} = \"{secret}\"\n")),
            _ => ("x.env", format!("{name}='{secret}'\n# {name} = {secret}\n")),
        };
        let (path, one) = file(&secret);
        let (_, two) = file(&other);
        let shown = renderings(path, &one, &two);
        prop_assert!(!shown.contains(&secret), "{path}: {one}: {shown}");
        prop_assert!(!shown.contains(&other), "{path}: {two}: {shown}");
    }
}
