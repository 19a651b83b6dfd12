//! Every rule finds what its fixture shows: `fixtures/rules/CODE/*.toml`.

use std::collections::BTreeMap;
use std::fs;
use std::io::{Seek as _, Write as _};
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, mpsc};

use driftline::insight::RULES;
use serde::Deserialize;
use serde_json::Value;

use crate::support::repo::Repo;
use crate::support::run::TestEnv;

/// A situation, and what the rule says about it.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Case {
    /// What stands in the configuration before the environments.
    #[serde(default)]
    config: String,
    /// Environments by name; they are compared in the order of their names.
    env: BTreeMap<String, Place>,
    /// `SEVERITY PATH ENVIRONMENT...` for each finding of the rule; `.` where there is no path.
    findings: Vec<String>,
}

/// An environment; what is given is done in this order.
#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields, default)]
struct Place {
    /// Keys of its part of the configuration.
    config: String,
    /// It is not there.
    missing: bool,
    files: BTreeMap<String, String>,
    folders: Vec<String>,
    links: BTreeMap<String, String>,
    /// The message under which all of it is committed.
    commit: Option<String>,
    after: BTreeMap<String, String>,
    /// Calls of git.
    git: Vec<Vec<String>>,
    modes: BTreeMap<String, u32>,
    /// Numbers of users and groups.
    owners: BTreeMap<String, (u32, u32)>,
    /// A file that changes all the time.
    changing: Option<String>,
}

#[test]
fn every_rule_has_a_fixture_and_finds_what_it_shows() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/rules");
    let cases: Vec<(&str, std::path::PathBuf)> = RULES
        .iter()
        .flat_map(|rule| {
            let files = super::files_in(&root.join(rule.code));
            assert!(!files.is_empty(), "the rule {} has no fixture", rule.code);
            files.into_iter().map(|file| (rule.code, file))
        })
        .collect();
    let known: Vec<_> = RULES.iter().map(|rule| root.join(rule.code)).collect();
    let strange: Vec<_> = super::files_in(&root).into_iter().filter(|folder| !known.contains(folder)).collect();
    assert!(strange.is_empty(), "no rule has these codes: {strange:?}");
    let wrong = Mutex::new(Vec::new());
    std::thread::scope(|scope| {
        for cases in cases.chunks(cases.len().div_ceil(4)) {
            let wrong = &wrong;
            scope.spawn(move || {
                for (code, file) in cases {
                    let (expected, found) = judge(code, file);
                    if expected != found {
                        wrong.lock().unwrap().push((file.clone(), expected, found));
                    }
                }
            });
        }
    });
    let wrong = wrong.into_inner().unwrap();
    assert!(wrong.is_empty(), "{wrong:#?}");
}

fn judge(code: &str, file: &Path) -> (Vec<String>, Vec<String>) {
    let case: Case = toml::from_str(&fs::read_to_string(file).unwrap())
        .unwrap_or_else(|error| panic!("{}: {error}", file.display()));
    let env = TestEnv::new();
    let mut config = case.config.clone();
    let stop = Arc::new(AtomicBool::new(false));
    let mut changing = Vec::new();
    for (name, place) in &case.env {
        config.push_str(&format!("\n[env.{name}]\npath = \"{name}\"\n{}\n", place.config));
        if !place.missing {
            lay_out(&env, name, place);
        }
        if let Some(file) = &place.changing {
            let (path, stop) = (env.path(name).join(file), Arc::clone(&stop));
            let (begun, begins) = mpsc::channel();
            changing.push(std::thread::spawn(move || keep_changing(&path, &begun, &stop)));
            begins.recv().unwrap();
        }
    }
    env.write("driftline.toml", config);
    let run = env.driftline(["report", "--format", "json", "--no-state", "--allow-incomplete", "--fail-on", "never"]);
    stop.store(true, Ordering::Relaxed);
    for thread in changing {
        thread.join().unwrap();
    }
    let report = run.expect(0).json();
    let words = |finding: &Value| {
        let environments = finding["environments"].as_array().unwrap().iter().map(|name| name.as_str().unwrap());
        let mut words = vec![finding["severity"].as_str().unwrap(), finding["path"].as_str().unwrap_or(".")];
        words.extend(environments);
        words.join(" ")
    };
    let of_rule = report["findings"].as_array().unwrap().iter().filter(|finding| finding["code"] == code);
    (case.findings, of_rule.map(words).collect())
}

fn lay_out(env: &TestEnv, name: &str, place: &Place) {
    let root = env.path(name);
    fs::create_dir_all(&root).unwrap();
    for folder in &place.folders {
        fs::create_dir_all(root.join(folder)).unwrap();
    }
    for (path, text) in &place.files {
        env.write(format!("{name}/{path}"), text);
    }
    for (path, target) in &place.links {
        std::os::unix::fs::symlink(target, root.join(path)).unwrap();
    }
    if let Some(message) = &place.commit {
        Repo::init(&root).commit(message);
    }
    for (path, text) in &place.after {
        env.write(format!("{name}/{path}"), text);
    }
    for words in &place.git {
        Repo::at(&root).git(&words.iter().map(String::as_str).collect::<Vec<_>>());
    }
    for (path, mode) in &place.modes {
        fs::set_permissions(root.join(path), fs::Permissions::from_mode(*mode)).unwrap();
    }
    for (path, (user, group)) in &place.owners {
        std::os::unix::fs::chown(root.join(path), Some(*user), Some(*group)).expect("owners are given away by root");
    }
}

/// Writes the same length over and over, so that no two looks at the file are alike: it is so long that whoever reads it takes many turns of the
/// scheduler, of which some are the writer's.
fn keep_changing(path: &Path, begun: &mpsc::Sender<()>, stop: &AtomicBool) {
    let mut file = fs::File::options().write(true).open(path).unwrap();
    let size = 192 << 20;
    file.set_len(size).unwrap();
    let mut byte = 0u8;
    while !stop.load(Ordering::Relaxed) {
        byte = byte.wrapping_add(1);
        file.rewind().unwrap();
        file.write_all(&[byte]).unwrap();
        // Nobody listens any more after the first time.
        let _ = begun.send(());
    }
}

#[test]
fn a_rule_is_as_severe_as_the_configuration_says() {
    let files = [("prod", "app.py", "a\n"), ("staging", "app.py", "bb\n")];
    let severity = |config: &str, status: i32| {
        let report = super::Project::new(config, &files).report(1, &[], status);
        super::find(&report["findings"], "content-differs", "app.py")["severity"].clone()
    };
    assert_eq!(severity("", 1), "warning");
    assert_eq!(severity("[rules]\ncontent-differs = \"notice\"\n", 0), "notice");
    assert_eq!(severity("[rules]\ncontent-differs = \"critical\"\n", 1), "critical");
}

#[test]
fn each_rule_is_explained_in_the_same_form() {
    let env = TestEnv::new();
    for rule in RULES {
        let run = env.driftline(["explain", rule.code]).expect(0);
        let shown = run.stdout().split_whitespace().collect::<Vec<_>>().join(" ");
        for part in [rule.finds, rule.matters, rule.example, rule.wrong] {
            assert!(shown.contains(&part.split_whitespace().collect::<Vec<_>>().join(" ")), "{}: {shown}", rule.code);
        }
    }
}
