//! Snapshots as files: what is in them, what is not, and what becomes of broken ones.

use std::fs;
use std::io::Read as _;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

use driftline::compare::Cell;
use driftline::config::SourceSpec;
use driftline::path::EnvironmentName;
use driftline::snapshot::{Content, ContentReader as _, GitState, IncidentKind, Snapshot, Special, format};

use crate::support::collecting::{Plan, entry, path, paths};
use crate::support::pack;
use crate::support::run::TestEnv;
use crate::support::tree::Tree;

fn list(file: &Path) -> Snapshot {
    let mut plan = Plan::of(&[Path::new("/")]);
    plan.environments[0].source = SourceSpec::Snapshot { path: file.to_owned() };
    plan.collect().snapshots.remove(0)
}

fn text_of(file: &Path) -> String {
    let mut text = String::new();
    zstd::stream::read::Decoder::new(fs::File::open(file).unwrap()).unwrap().read_to_string(&mut text).unwrap();
    text
}

/// A tree with everything that a snapshot has to hold.
fn tree(env: &TestEnv) -> Tree {
    Tree::at(env.path("tree"))
        .file("app/main.py", "print(1)\n")
        .file("app/dos.py", "a\r\nb  \r\n")
        .file("app/.env", "PASSWORD=hunter2")
        .file("server.key.orig", "PRIVATE")
        .file(b"odd \xff\n", "x")
        .file("blob", b"\0binary")
        .folder("empty")
        .link("link", b"to \xfe")
        .fifo("pipe")
        .mode("app/main.py", 0o4755)
}

#[test]
fn what_was_there_is_read_back() {
    let env = TestEnv::new();
    let tree = tree(&env);
    let here = Plan::of(&[tree.root()]).run().snapshots.remove(0);
    let SourceSpec::Snapshot { path: file } = pack::snapshot(&tree) else { panic!() };
    let there = list(&file);
    assert_eq!(paths(&there), paths(&here));
    assert_eq!(there.names, here.names);
    assert_eq!(there.knows, here.knows);
    assert_eq!(there.git, GitState::NotKept);
    for (here, there) in here.entries.iter().zip(&there.entries) {
        assert_eq!(here.attributes, there.attributes, "{:?}", here.path);
        match (&here.content, &there.content) {
            (Content::File(a), Content::File(b)) => assert_eq!(a.size, b.size),
            (a, b) => assert_eq!(a, b),
        }
    }
    assert_eq!(entry(&there, "pipe").content, Content::Special(Special::Fifo));
    let digest = |name: &[u8]| match entry(&there, name).content {
        Content::File(file) => file.digests.blake3,
        _ => panic!(),
    };
    assert_eq!(digest(b"odd \xff\n"), Some(*blake3::hash(b"x").as_bytes()));
    assert_eq!((digest(b"app/.env"), digest(b"server.key.orig")), (None, None));
    let written = fs::metadata(&file).unwrap();
    assert_eq!(written.mode() & 0o777, 0o600);
}

#[test]
fn secrets_are_not_in_it_in_any_form() {
    let env = TestEnv::new();
    let tree = tree(&env).file("app/tokens.txt", "t0ken").file("app/conf.py", "password = \"Xk29dkw0Qpz81mvb\"\n");
    env.write(
        "driftline.toml",
        "focus = [\"app\", \"server.key.orig\"]\nsensitive = [\"tokens.txt\"]\n[env.prod]\npath = \"tree\"\n",
    );
    let _ = env.driftline(["snapshot", "prod", "--contents", "-o", "prod.ndjson.zst"]).expect(0);
    let text = text_of(&env.path("prod.ndjson.zst"));
    assert!(!text.contains(&base64::Engine::encode(
        &base64::engine::general_purpose::STANDARD,
        "password = \"Xk29dkw0Qpz81mvb\"\n"
    )));
    for secret in [&b"PASSWORD=hunter2"[..], b"PRIVATE", b"t0ken"] {
        let digest = blake3::hash(secret).to_hex().to_string();
        assert!(!text.contains(&digest) && !text.contains("hunter2"));
        let base64 = base64::Engine::encode(&base64::engine::general_purpose::STANDARD, secret);
        assert!(!text.contains(&base64));
    }
    // What was asked for is there.
    let mut plan = Plan::of(&[tree.root()]);
    plan.environments[0].source = SourceSpec::Snapshot { path: env.path("prod.ndjson.zst") };
    let collected = plan.collect();
    assert_eq!(collected.read(0, &path("app/main.py"), 1000).unwrap(), b"print(1)\n");
    assert!(collected.read(0, &path("app/.env"), 1000).is_err());
    assert!(collected.read(0, &path("blob"), 1000).is_err(), "not in focus");
}

#[test]
fn a_secret_of_one_size_is_not_compared_under_another_key_and_others_are_by_size() {
    let env = TestEnv::new();
    let tree = tree(&env);
    let snapshot = pack::snapshot(&tree);
    fs::write(tree.path("app/.env"), "PASSWORD=hunter3").unwrap();
    fs::write(tree.path("server.key.orig"), "of another size").unwrap();
    let mut plan = Plan::of(&[tree.root(), tree.root()]);
    plan.environments[1].source = snapshot;
    let outcome = plan.run();
    let comparison = driftline::compare::compare(&outcome.snapshots);
    let row = |name: &str| comparison.row(comparison.find(&outcome.snapshots, &path(name)).unwrap());
    assert!(matches!(row("app/.env").cells[1], Cell::Unreadable(_)));
    assert_eq!(row("server.key.orig").cells, [Cell::Variant(0), Cell::Variant(1)]);
    let incident = &outcome.snapshots[1].incidents[0];
    assert_eq!(
        (incident.kind, &*incident.message),
        (
            IncidentKind::File,
            "cannot read `app/.env`: it holds secrets, and what the snapshot says of it is sealed by another installation"
        )
    );
}

/// The demo's staging as an archive and as a snapshot is staging.
#[test]
fn staging_is_staging_in_every_form() {
    let env = TestEnv::new();
    let _ = env.driftline(["demo", "--keep", "demo"]).expect(0);
    let config = fs::read_to_string(env.path("demo/driftline.toml")).unwrap();
    let config = ["prod", "staging", "debug"]
        .iter()
        .fold(config, |text, name| text.replace(&format!("path = \"{name}\""), &format!("path = \"demo/{name}\"")));
    env.write("folder.toml", &config);
    let _ = env.driftline(["snapshot", "--config", "folder.toml", "staging", "-o", "staging.ndjson.zst"]).expect(0);
    let folder = env.path("demo/staging");
    let picture = |config: &str| {
        let arguments = ["status", "--config", config, "--format", "json"];
        let report = env.driftline(arguments).expect(1).json();
        let of = |key: &str| report[key].clone();
        let all = ["patterns", "rows", "folders", "paths", "in_sync", "quiet", "moves", "drift", "attributes"];
        all.map(of)
    };
    let expected = picture("folder.toml");
    assert!(expected[1].as_array().unwrap().len() > 10, "{expected:?}");
    let as_given = "path = \"demo/staging\"";
    assert!(config.contains(as_given), "{config}");
    let mut forms: Vec<(String, String)> = ["tar", "tar.gz", "tar.zst", "tar.xz"]
        .map(|ending| (ending.to_owned(), pack::tar_file(&folder, ending, &[])))
        .map(|(ending, file)| (ending, format!("archive = \"{}\"", file.display())))
        .to_vec();
    forms.push(("zip".to_owned(), format!("archive = \"{}\"", pack::zip_file(&folder).display())));
    forms.push(("snapshot".to_owned(), "snapshot = \"staging.ndjson.zst\"".to_owned()));
    for (form, source) in forms {
        let name = format!("{form}.toml");
        env.write(&name, config.replace(as_given, &source));
        let mut found = picture(&name);
        if form == "zip" {
            // A zip keeps no owners.
            found[8] = expected[8].clone();
        }
        for (found, expected) in found.iter().zip(&expected) {
            assert_eq!(found, expected, "{form}");
        }
    }
}

/// With the key of this installation a snapshot says of a secret whether it is the same, and of its keys which ones changed.
#[test]
fn a_secret_is_compared_with_a_snapshot_by_digest_and_by_keys() {
    let env = TestEnv::new();
    let tree = Tree::at(env.path("tree"))
        .file("app/.env", "# Database\nHOST=one\nPASSWORD=hunter2\n")
        .file("app/tls.pem", "PRIVATE")
        .file("app/.env.example", "PASSWORD=\n")
        .mode("app/.env", 0o600)
        .mode("app/tls.pem", 0o600);
    env.write("driftline.toml", "focus = [\"app\"]\n[env.now]\npath = \"tree\"\n[env.then]\nsnapshot = \"then.zst\"\n");
    let _ = env.driftline(["snapshot", "now", "--contents", "-o", "then.zst"]).expect(0);
    let _ = env.driftline(["status"]).expect(0);
    fs::write(tree.path("app/.env"), "# Database\nHOST=one\nPASSWORD=hunter3\n").unwrap();
    fs::write(tree.path("app/tls.pem"), "CHANGED").unwrap();
    let status = env.driftline(["status", "--format", "json"]).expect(1).json();
    let rows: Vec<(&str, &str)> = status["rows"]
        .as_array()
        .unwrap()
        .iter()
        .map(|row| (row["path"].as_str().unwrap(), row["pattern"].as_str().unwrap()))
        .collect();
    assert_eq!(rows, [("app/.env", "AB"), ("app/tls.pem", "AB")]);
    let file = &env.driftline(["diff", ".env", "--format", "json"]).expect(1).json()["files"][0];
    let regions = file["regions"].as_array().unwrap();
    assert_eq!(regions.len(), 1, "{file}");
    assert_eq!(regions[0]["base"]["start"], 2, "{file}");
    for lines in [&regions[0]["base"]["lines"], &regions[0]["sides"]["then"]["lines"]] {
        assert!(lines[0].as_str().unwrap().starts_with("PASSWORD=<secret "), "{file}");
    }
    let text = text_of(&env.path("then.zst"));
    let sealed: Vec<serde_json::Value> = text
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .filter(|record: &serde_json::Value| record["record"] == "sealed")
        .collect();
    assert!(matches!(&sealed[..], [record] if record["path"] == "app/.env"), "{sealed:?}");
    // Another installation can say nothing about it, and does not guess.
    fs::remove_file(env.path("home/.local/state/driftline/installation.key")).unwrap();
    let foreign = env.driftline(["diff", ".env"]).expect(3);
    assert!(foreign.stdout().contains("is sealed by another installation"), "{foreign}");
}

#[test]
fn a_folder_gets_files_that_engines_read_as_partitions() {
    let env = TestEnv::new();
    env.write("a/x", "1");
    env.write("b/x", "2");
    let mut command = env.command();
    command.args(["snapshot", "one=a", "two=b", "-o", "out/", "--host", "web 1/x"]).env("DRIFTLINE_NOW", "1769817600");
    let run = env.run(&mut command).expect(0);
    assert!(run.stdout().starts_with("one: 1 entries in "), "{run}");
    for name in ["one", "two"] {
        assert!(env.path(format!("out/env={name}/host=web%201%2Fx/date=2026-01-31.ndjson.zst")).is_file());
    }
    let text = text_of(&env.path("out/env=one/host=web%201%2Fx/date=2026-01-31.ndjson.zst"));
    assert!(text.lines().nth(1).unwrap().starts_with(
        "{\"record\":\"entry\",\"env\":\"one\",\"host\":\"web 1/x\",\"date\":\"2026-01-31\",\"path\":\"x\",\"kind\":\"file\""
    ));
}

#[test]
fn wrong_wishes_are_answered_and_nothing_is_written() {
    let env = TestEnv::new();
    env.write("a/x", "1");
    env.write("b/x", "1");
    let said = |arguments: &[&str], status: i32| {
        let run = env.driftline(arguments).expect(status);
        run.stderr().lines().next().unwrap_or_default().to_owned()
    };
    assert_eq!(said(&["snapshot", "a=a", "b=b", "-o", "f"], 2), "error: one file cannot hold 2 environments");
    assert_eq!(said(&["snapshot", "a=a", "-o", "a/f"], 2), "error: `[ROOT]/a/f` lies in the environment `a`");
    assert_eq!(
        said(&["snapshot", "a=a", "-o", "a/new/folder/"], 2),
        "error: `[ROOT]/a/new/folder/` lies in the environment `a`"
    );
    assert_eq!(said(&["snapshot", "a=a", "word", "-o", "f"], 2), "error: `word` is no environment");
    assert_eq!(said(&["snapshot", "a=nowhere", "-o", "f"], 3), "error: a could not be read: `nowhere` is not there");
    assert!(!env.path("f").exists());
    assert_eq!(fs::read_dir(env.path("a")).unwrap().count(), 1);
}

#[test]
fn what_was_unknown_stays_unknown() {
    let env = TestEnv::new();
    let tar = env.path("cut.tar");
    let tree = Tree::at(env.path("tree")).file("a", "1").file("b", "2").file("c", "3");
    let whole = pack::tar_file(tree.root(), "whole.tar", &["--sort=name"]);
    fs::write(&tar, &fs::read(whole).unwrap()[..512 * 5]).unwrap();
    let _ = env.driftline(["snapshot", "cut=cut.tar", "-o", "cut.ndjson.zst"]).expect(3);
    let mut plan = Plan::of(&[tree.root(), tree.root()]);
    plan.environments[1].source = SourceSpec::Snapshot { path: env.path("cut.ndjson.zst") };
    let outcome = plan.run();
    let comparison = driftline::compare::compare(&outcome.snapshots);
    let cells: Vec<Cell> = comparison.rows().map(|row| row.cells[1]).collect();
    assert!(matches!(cells[..], [Cell::Variant(0), Cell::Variant(0), Cell::Unreadable(_)]), "{cells:?}");
}

#[test]
fn broken_files_are_told_apart() {
    let env = TestEnv::new();
    let tree = tree(&env);
    let SourceSpec::Snapshot { path: file } = pack::snapshot(&tree) else { panic!() };
    let text = text_of(&file);
    let with = |text: &str| {
        let file = env.path("changed.ndjson.zst");
        fs::write(&file, zstd::stream::encode_all(text.as_bytes(), 1).unwrap()).unwrap();
        let snapshot = list(&file);
        let message = snapshot.incidents.last().map(|it| it.message.replace(env.root().to_str().unwrap(), ""));
        (snapshot.entries.len(), message.unwrap_or_default())
    };
    assert_eq!(with(&text), (tree_entries(), String::new()));
    let later = text.replace("\"version\":2", "\"version\":3,\"more\":[]");
    let too_new = "cannot use the snapshot `/changed.ndjson.zst`: it has version 3 of the format, and this driftline reads up to 2";
    assert_eq!(with(&later), (0, too_new.to_owned()));
    let wrong = text.replace("\"size\":9", "\"size\":8");
    let damaged =
        "cannot use the snapshot `/changed.ndjson.zst`: it is damaged: it has not the checksum that it states";
    assert_eq!(with(&wrong), (0, damaged.to_owned()));
    let lines: Vec<&str> = text.lines().collect();
    let short = lines[..lines.len() - 3].join("\n") + "\n";
    let entries = tree_entries() - 2;
    let no_end = format!(
        "the snapshot `/changed.ndjson.zst` has no closing record: what follows its first {entries} entries is unknown"
    );
    assert_eq!(with(&short), (entries, no_end));
    assert_eq!(
        with("{\"some\":\"json\"}\n"),
        (0, "cannot use the snapshot `/changed.ndjson.zst`: it is no snapshot of driftline".to_owned())
    );
    let out = text.replace("\"path\":\"app/main.py\"", "\"path\":\"../main.py\"");
    assert!(with(&out).1.ends_with("it is damaged: the path leaves its environment by `..`"));
    fs::write(env.path("text.ndjson.zst"), "no zstd").unwrap();
    assert!(list(&env.path("text.ndjson.zst")).incidents[0].message.ends_with("it is no snapshot of driftline"));
    // Cut off anywhere, nothing becomes absent, and nothing else.
    let bytes = fs::read(&file).unwrap();
    for cut in (0..bytes.len()).step_by(37) {
        fs::write(env.path("cut.ndjson.zst"), &bytes[..cut]).unwrap();
        assert!(list(&env.path("cut.ndjson.zst")).unread_because().is_some(), "cut at {cut}");
    }
}

fn tree_entries() -> usize {
    10
}

/// Files of every version that was ever written are read for ever.
#[test]
fn the_first_version_is_still_read() {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("fixtures/stored/v1");
    let snapshot = list(&folder.join("tree.ndjson.zst"));
    assert_eq!(
        paths(&snapshot),
        [
            "app",
            "app/.env",
            "app/dos.py",
            "app/main.py",
            "blob",
            "empty",
            "link",
            "odd \\xff\\n",
            "pipe",
            "server.key.orig"
        ]
    );
    assert_eq!(entry(&snapshot, "link").content, Content::Symlink { target: b"to \xfe"[..].into() });
    assert_eq!(entry(&snapshot, "app/main.py").attributes.mode, 0o4755);
    let stored = format::read(fs::File::open(folder.join("tree.ndjson.zst")).unwrap()).unwrap();
    assert!(stored.complete && stored.header.version == 1 && stored.header.host == "host");
    let fold = stored.folds[&path("app/dos.py")];
    assert!(fold.has_crlf && fold.plain != fold.trimmed);
    assert_eq!(fold.plain, *blake3::hash(b"a\nb  \n").as_bytes());
    assert!(!stored.folds.contains_key(&path("blob")));
    let name = EnvironmentName::new("e").unwrap();
    assert_eq!(stored.into_snapshot(name, String::new()).incidents, []);
}
