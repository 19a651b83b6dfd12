//! Real trees against an oracle that knows nothing but bytes: every pattern and every row of generated environments.

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;

use crate::support::repo::Repo;
use crate::support::run::{Run, TestEnv};
use crate::support::tree::Tree;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Thing {
    File(&'static str),
    Link(&'static str),
    Folder,
}

/// How an environment is read; all of them hold the same things.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Folder,
    Checkout,
    Commit,
}

type Things = BTreeMap<String, Thing>;

fn thing() -> impl Strategy<Value = Thing> {
    prop_oneof![
        // Empty, of one size and of several, differing in nothing but line ends, binary.
        6 => prop::sample::select(vec!["", "one\n", "two\n", "one\r\n", "a longer text\n", "\0\n"]).prop_map(Thing::File),
        1 => prop::sample::select(vec!["a", "nowhere"]).prop_map(Thing::Link),
        2 => Just(Thing::Folder),
    ]
}

/// A tree over few names, so that environments share paths; nothing is below what is no folder, and every folder above a thing is in it.
fn things() -> impl Strategy<Value = Things> {
    let name = prop::sample::select(vec!["a", "b", "a.txt", "-x", "new\nline", "é"]);
    let path = prop::collection::vec(name, 1..4).prop_map(|parts| parts.join("/"));
    prop::collection::btree_map(path, thing(), 0..14).prop_map(|drawn| {
        let mut things = Things::new();
        for (path, thing) in drawn {
            let above = || path.match_indices('/').map(|(at, _)| path[..at].to_owned());
            if above().all(|folder| matches!(things.get(&folder), None | Some(Thing::Folder))) {
                things.extend(above().map(|folder| (folder, Thing::Folder)).collect::<Vec<_>>());
                things.insert(path, thing);
            }
        }
        things
    })
}

fn kind() -> impl Strategy<Value = Kind> {
    prop_oneof![2 => Just(Kind::Folder), 1 => Just(Kind::Checkout), 1 => Just(Kind::Commit)]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn every_pattern_is_what_the_bytes_say(environments in prop::collection::vec((things(), kind()), 2..5)) {
        let env = TestEnv::new();
        let mut arguments = Vec::new();
        let mut seen = Vec::new();
        for (number, (things, kind)) in environments.iter().enumerate() {
            let source = lay_out(&env, number, things, *kind);
            arguments.push(format!("e{number}={source}"));
            seen.push(if *kind == Kind::Commit { committed(things) } else { things.clone() });
        }
        let expected = rows(&seen);
        let mut reports = Vec::new();
        // Without a cache, filling it, and with it; on one thread and on several.
        for options in [&["--threads", "1", "--no-state"][..], &["--threads", "8"], &["--threads", "2"]] {
            let words = arguments.iter().map(String::as_str).chain(["--format", "json"]).chain(options.iter().copied());
            reports.push(check(&env.driftline(words), &expected));
        }
        prop_assert!(reports.iter().all(|report| *report == reports[0]));
    }
}

fn lay_out(env: &TestEnv, number: usize, things: &Things, kind: Kind) -> String {
    let name = format!("tree{number}");
    let mut tree = Tree::at(env.path(&name));
    for (path, thing) in things {
        tree = match thing {
            Thing::File(content) => tree.file(path, content),
            Thing::Link(target) => tree.link(path, target),
            Thing::Folder => tree.folder(path),
        };
    }
    if kind != Kind::Folder {
        Repo::init(tree.root()).commit("all");
    }
    if kind == Kind::Commit { format!("git:{name}@main") } else { name }
}

/// A commit has no empty folders.
fn committed(things: &Things) -> Things {
    let holds = |folder: &str| {
        let below = format!("{folder}/");
        things.iter().any(|(path, thing)| path.starts_with(&below) && *thing != Thing::Folder)
    };
    let kept = things.iter().filter(|(path, thing)| **thing != Thing::Folder || holds(path));
    kept.map(|(path, thing)| (path.clone(), *thing)).collect()
}

/// The pattern of every path that is not a folder wherever it is.
fn rows(environments: &[Things]) -> BTreeMap<String, String> {
    let paths: BTreeSet<&String> = environments.iter().flat_map(Things::keys).collect();
    let mut rows = BTreeMap::new();
    for path in paths {
        let mut variants: Vec<Thing> = Vec::new();
        let mut pattern = String::new();
        for things in environments {
            let Some(thing) = things.get(path) else {
                pattern.push('-');
                continue;
            };
            if !variants.contains(thing) {
                variants.push(*thing);
            }
            let number = variants.iter().position(|variant| variant == thing).unwrap();
            pattern.push(char::from(b'A' + u8::try_from(number).unwrap()));
        }
        if variants != [Thing::Folder] {
            rows.insert(path.clone(), pattern);
        }
    }
    rows
}

/// Holds a report against what is expected; gives it without the counters, which may differ from run to run.
fn check(run: &Run, expected: &BTreeMap<String, String>) -> serde_json::Value {
    let mut report = run.json();
    let text = |value: &serde_json::Value| value.as_str().unwrap().to_owned();
    let listed = report["rows"].as_array().unwrap().iter();
    let listed: BTreeMap<String, String> = listed.map(|row| (text(&row["path"]), text(&row["pattern"]))).collect();
    let is_in_sync = |pattern: &str| pattern.bytes().all(|letter| letter == b'A');
    let drifting = expected.iter().filter(|(_, pattern)| !is_in_sync(pattern));
    assert_eq!(listed, drifting.map(|(path, pattern)| (path.clone(), pattern.clone())).collect(), "{run}");
    let mut counts: BTreeMap<&str, u64> = BTreeMap::new();
    for pattern in expected.values() {
        *counts.entry(pattern).or_default() += 1;
    }
    assert_eq!(report["patterns"], serde_json::json!(counts), "{run}");
    let is_real = |row: &serde_json::Value| row["quiet"].as_array().unwrap().is_empty();
    let drifts = report["rows"].as_array().unwrap().iter().any(is_real);
    // An empty folder that others lack is drift as well, and what git says of a checkout may be.
    assert!(run.status() == 1 || (run.status() == 0 && !drifts), "{run}");
    report.as_object_mut().unwrap().remove("counters");
    report
}
