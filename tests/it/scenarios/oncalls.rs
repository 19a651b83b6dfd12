//! Three servers of one application, drifted apart: the situation itself is what it claims to be.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

use driftline::demo::{self, DemoError, Variant};

use crate::support::run::{TestEnv, folder_of_this_process};

/// The situation with prod lacking a repository, laid out once for all tests, which only read it.
pub(crate) fn before() -> &'static Path {
    static FOLDER: OnceLock<PathBuf> = OnceLock::new();
    FOLDER.get_or_init(|| {
        let folder = folder_of_this_process("driftline-oncalls-");
        demo::lay_out(&folder, Variant::Before).unwrap();
        folder
    })
}

/// The same after prod's files were committed and debug's work was.
pub(crate) fn after() -> &'static Path {
    static FOLDER: OnceLock<PathBuf> = OnceLock::new();
    FOLDER.get_or_init(|| {
        let folder = folder_of_this_process("driftline-oncalls-");
        demo::lay_out(&folder, Variant::After).unwrap();
        folder
    })
}

/// The situation for a test of its own, which may change it.
pub(super) fn laid_out(variant: Variant) -> tempfile::TempDir {
    let folder = tempfile::Builder::new().prefix("driftline-oncalls-").tempdir().unwrap();
    demo::lay_out(folder.path(), variant).unwrap();
    folder
}

/// Runs the real git, with nobody's configuration and without its refreshing an index.
pub(super) fn git(repository: &Path, arguments: &[&str]) -> String {
    let output = Command::new("git")
        .arg("-C")
        .arg(repository)
        .args(arguments)
        .env_clear()
        .env("PATH", std::env::var_os("PATH").unwrap_or_default())
        .env("HOME", "/nonexistent")
        .env("GIT_CONFIG_NOSYSTEM", "1")
        .env("GIT_OPTIONAL_LOCKS", "0")
        .output()
        .unwrap();
    assert!(output.status.success(), "git {arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

pub(super) fn status(repository: &Path) -> Vec<String> {
    git(repository, &["status", "--porcelain", "--untracked-files=all"]).lines().map(str::to_owned).collect()
}

fn files_below(folder: &Path) -> usize {
    let below = |path: PathBuf| if path.is_dir() { files_below(&path) } else { 1 };
    fs::read_dir(folder).unwrap().map(|entry| below(entry.unwrap().path())).sum()
}

#[test]
fn debug_has_53_uncommitted_changes() {
    let changes = status(&before().join("debug"));
    let count = |matches: fn(&str) -> bool| changes.iter().filter(|line| matches(line)).count();
    assert_eq!(changes.len(), 53, "{changes:#?}");
    assert_eq!(count(|line| line.starts_with("??")), 21);
    assert_eq!(count(|line| line.starts_with(' ')), 24);
    assert_eq!(count(|line| line.as_bytes()[1] == b' '), 8);
    for line in [
        " M backend/app/services/MemberService.py",
        " M backend/app/services/HomeService.py",
        " M backend/app/controllers/MemberController.py",
        " M backend/app/controllers/HomeController.py",
        " M backend/scripts/db_backup.sh",
        " D oncallsreact/src/locales/l07.json",
        "M  backend/app/models.py",
        "A  backend/tests/test_schedules.py",
        "?? backend/app/services/MemberService.py.backup",
        "?? backend/app/services/MemberService.py.original",
    ] {
        assert!(changes.iter().any(|found| found == line), "{line} in {changes:#?}");
    }
}

#[test]
fn debug_has_one_commit_that_was_never_pushed() {
    let debug = before().join("debug");
    assert_eq!(git(&debug, &["log", "--format=%s", "origin/main..main"]), "Log slow schedule queries\n");
    assert_eq!(git(&debug, &["rev-list", "--count", "main..origin/main"]), "0\n");
}

#[test]
fn staging_is_a_clean_checkout_of_what_was_pushed() {
    let staging = before().join("staging");
    assert_eq!(status(&staging), [] as [String; 0]);
    assert_eq!(git(&staging, &["rev-parse", "main"]), git(&staging, &["rev-parse", "origin/main"]));
    assert_eq!(git(&staging, &["symbolic-ref", "HEAD"]), "refs/heads/main\n");
    let shared = git(&before().join("debug"), &["rev-parse", "origin/main"]);
    git(&staging, &["merge-base", "--is-ancestor", shared.trim(), "main"]);
}

#[test]
fn repositories_are_sound() {
    for name in ["staging", "debug"] {
        git(&before().join(name), &["fsck", "--strict", "--no-dangling"]);
    }
}

#[test]
fn prod_is_9150_files_without_a_repository() {
    let prod = before().join("prod");
    assert_eq!(files_below(&prod), 9_150);
    assert!(!prod.join(".git").exists());
    let mut names: Vec<_> = fs::read_dir(&prod).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    names.sort();
    assert_eq!(names, ["oncall_backend", "oncall_frontend", "oncalls_react"]);
}

#[test]
fn the_leftovers_on_debug_tell_a_story() {
    let read = |path: &str| fs::read_to_string(before().join(path)).unwrap();
    let debug = "debug/backend/app/services/MemberService.py";
    let prod = read("prod/oncall_backend/app/services/MemberService.py");
    assert_eq!(read(&format!("{debug}.original")), prod);
    let middle = read(&format!("{debug}.backup"));
    assert_ne!(middle, prod);
    assert_ne!(middle, read(debug));
}

#[test]
fn eighty_files_of_prod_differ_in_line_endings_only() {
    let views = before().join("prod/oncalls_react/src/views");
    let mut count = 0;
    for entry in fs::read_dir(views).unwrap() {
        let entry = entry.unwrap();
        let here = fs::read_to_string(entry.path()).unwrap();
        let there = before().join("staging/oncallsreact/src/views").join(entry.file_name());
        assert!(here.contains("\r\n"));
        assert_eq!(here.replace("\r\n", "\n"), fs::read_to_string(there).unwrap());
        count += 1;
    }
    assert_eq!(count, 80);
}

#[test]
fn afterwards_prod_is_one_commit_and_debug_is_clean() {
    let (prod, debug) = (after().join("prod"), after().join("debug"));
    assert_eq!(git(&prod, &["rev-list", "--count", "--all"]), "1\n");
    assert_eq!(git(&prod, &["ls-files"]).lines().count(), 9_150);
    for repository in [&prod, &debug] {
        assert_eq!(status(repository), [] as [String; 0]);
        git(repository, &["fsck", "--strict", "--no-dangling"]);
    }
    assert_eq!(git(&debug, &["show", "--no-renames", "--format=", "--name-only", "main"]).lines().count(), 211);
    assert_eq!(git(&debug, &["rev-list", "--count", "origin/main..main"]), "2\n");
}

#[test]
fn it_is_the_same_on_every_run_whatever_umask_and_user_configuration_say() {
    let env = TestEnv::new();
    env.write(
        "home/.gitconfig",
        "[core]\n\tautocrlf = true\n\tsharedRepository = group\n[init]\n\ttemplateDir = template\n",
    );
    env.write("home/template/info/exclude", "*\n");
    let binary = env.command();
    let mut shell = Command::new("sh");
    shell.args(["-c", "umask 077; exec \"$0\" demo --keep kept"]).arg(binary.get_program()).current_dir(env.root());
    shell.env_clear().envs(binary.get_envs().filter_map(|(key, value)| Some((key, value?))));
    let run = env.run(&mut shell);
    assert!(env.path("kept/driftline.toml").exists(), "{run}");
    let (here, there) = (everything(before()), everything(&env.path("kept")));
    let others: Vec<_> = here.iter().filter(|(path, found)| there.get(*path) != Some(*found)).collect();
    assert!(others.is_empty(), "{others:#?}");
    assert_eq!(here.len(), there.len());
    for name in ["staging", "debug"] {
        let entries = |folder: &Path| git(&folder.join(name), &["ls-files", "--stage"]);
        assert_eq!(entries(before()), entries(&env.path("kept")));
    }
}

/// Mode, time and digest of everything below a folder; of an index its length only, because it holds inode numbers.
fn everything(root: &Path) -> BTreeMap<PathBuf, (u32, i64, blake3::Hash)> {
    let mut found = BTreeMap::new();
    let mut folders = vec![root.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            let metadata = path.symlink_metadata().unwrap();
            let relative = path.strip_prefix(root).unwrap().to_owned();
            let content = if metadata.is_dir() {
                folders.push(path);
                blake3::hash(b"")
            } else if path.ends_with(".git/index") {
                blake3::hash(&metadata.len().to_be_bytes())
            } else {
                blake3::hash(&fs::read(&path).unwrap())
            };
            found.insert(relative, (metadata.mode(), metadata.mtime(), content));
        }
    }
    found
}

#[test]
fn a_folder_with_something_in_it_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("mine"), "").unwrap();
    match demo::lay_out(folder.path(), Variant::Before) {
        Err(DemoError::NotEmpty { path }) => assert_eq!(path, folder.path()),
        other => panic!("{other:?}"),
    }
    assert_eq!(files_below(folder.path()), 1);
}

#[test]
fn its_configuration_is_valid() {
    let folder = before();
    let config = driftline::config::load(&folder.join("driftline.toml"), None).unwrap();
    let names: Vec<&str> = config.environments.iter().map(|environment| environment.name.as_str()).collect();
    assert_eq!(names, ["prod", "staging", "debug"]);
    assert_eq!(config.focus.len(), 4);
}
