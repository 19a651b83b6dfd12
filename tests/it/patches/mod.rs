//! Exported patches over generated histories: applied by real programs, each makes its unit present; taken back, absent.

mod world;

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsStr;
use std::fmt::Write as _;
use std::fs;
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use serde_json::Value;

use crate::support::numbers::Numbers;
use crate::support::repo::Repo;
use crate::support::run::TestEnv;
use world::World;

/// How many histories are tried; `DRIFTLINE_CASES` says otherwise, and `DRIFTLINE_SEED` which one is the first.
const CASES: u64 = 16;

#[test]
fn patches_make_present_and_taken_back_make_absent() {
    let number = |name: &str| std::env::var(name).ok().map(|text| text.parse().expect("a number"));
    let first: u64 = number("DRIFTLINE_SEED").unwrap_or(1);
    let cases = number("DRIFTLINE_CASES").unwrap_or(CASES);
    let mut exported = 0;
    let mut failed = String::new();
    for seed in first..first + cases {
        let case = Case::new(seed);
        match case.check() {
            Ok(count) => exported += count,
            Err(words) => writeln!(failed, "DRIFTLINE_SEED={seed} {:?}: {words}", case.shape).unwrap(),
        }
    }
    assert!(failed.is_empty(), "{failed}");
    assert!(exported >= cases, "{exported} patches in {cases} cases");
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Target {
    /// It shares the first commit.
    Related,
    /// It has one root commit.
    Unrelated,
    /// It has no repository.
    Plain,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Way {
    /// `git am` what is a commit, `git apply` and a commit for the rest; `git revert`.
    Commit,
    /// `git apply`, and with `-R`.
    Apply,
    /// `patch -p1`, and with `-R`; `git apply` for what is no text.
    Patch,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Late {
    Nothing,
    Unstaged,
    Staged,
    Stash,
}

#[derive(Debug)]
#[expect(clippy::struct_excessive_bools, reason = "each is drawn by itself")]
struct Shape {
    /// The source has no repository: what it has of its own is in its files alone.
    is_bare: bool,
    target: Target,
    way: Way,
    late: Late,
    commits: usize,
    /// The environments are folders of their repositories.
    is_below: bool,
    /// The target calls a folder otherwise.
    is_mapped: bool,
    has_crlf: bool,
    /// The target has changes of its own.
    has_own: bool,
}

struct Case {
    env: TestEnv,
    shape: Shape,
    source: Repo,
    target: Repo,
}

impl Case {
    fn new(seed: u64) -> Self {
        let mut numbers = Numbers(seed);
        let target = *numbers.one_of(&[Target::Related, Target::Unrelated, Target::Plain]);
        let is_bare = numbers.percent(30);
        let ways = [Way::Apply, Way::Patch, Way::Commit, Way::Commit];
        let shape = Shape {
            is_bare,
            target,
            way: *numbers.one_of(&ways[..if target == Target::Plain { 2 } else { 4 }]),
            late: *numbers.one_of(&[Late::Nothing, Late::Unstaged, Late::Staged, Late::Stash]),
            commits: 1 + numbers.below(3),
            is_below: numbers.percent(25),
            is_mapped: numbers.percent(40),
            has_crlf: numbers.percent(25),
            has_own: numbers.percent(60),
        };
        let env = TestEnv::new();
        let folder = |name: &str| if shape.is_below { format!("{name}/app") } else { name.to_owned() };
        let map = if shape.is_mapped { "map = { 'backend' = 'server/back end' }\n" } else { "" };
        let (a, b) = (folder("a"), folder("b"));
        env.write("driftline.toml", format!("[env.a]\npath = '{a}'\n[env.b]\npath = '{b}'\n{map}"));
        let case = Self { source: Repo::init(env.path("a")), target: Repo::at(env.path("b")), env, shape };
        case.make(&mut numbers);
        case
    }

    fn make(&self, numbers: &mut Numbers) {
        let Shape { target, .. } = self.shape;
        let write = |world: &World| world.write(&self.folder("a"), false, str::to_owned);
        let mut world = World::new(numbers);
        let mut own = world.clone();
        write(&world);
        self.source.commit("The first one");
        match target {
            Target::Related => drop(self.source.git(&["clone", "-q", ".", self.target.root().to_str().unwrap()])),
            Target::Unrelated => drop(Repo::init(self.target.root())),
            Target::Plain => {}
        }
        if self.shape.has_own {
            for turn in 0..=numbers.below(2) {
                own.edit(numbers, &format!("the target's own {turn}"));
            }
        }
        own.write(&self.folder("b"), self.shape.has_crlf, |path| match path.strip_prefix("backend/") {
            Some(rest) if self.shape.is_mapped => format!("server/back end/{rest}"),
            _ => path.to_owned(),
        });
        if target != Target::Plain {
            self.target.commit("As it is here");
        }
        for at in 0..self.shape.commits {
            world.change(numbers, &format!("commit {at}"));
            write(&world);
            self.source.commit(&format!("Change {at}"));
        }
        if self.shape.is_bare {
            fs::remove_dir_all(self.source.path(".git")).unwrap();
        } else if self.shape.late != Late::Nothing {
            self.change_late(&mut world, numbers);
        }
    }

    fn change_late(&self, world: &mut World, numbers: &mut Numbers) {
        world.change(numbers, "no commit");
        world.write(&self.folder("a"), false, str::to_owned);
        match self.shape.late {
            Late::Staged => drop(self.source.git(&["add", "-A"])),
            // A change may come to nothing, and then there is nothing to put aside.
            Late::Stash => drop(self.source.try_git(&["stash", "push", "-q", "-u", "-m", "put aside"])),
            Late::Nothing | Late::Unstaged => {}
        }
    }

    fn folder(&self, name: &str) -> PathBuf {
        self.env.path(if self.shape.is_below { format!("{name}/app") } else { name.to_owned() })
    }

    /// How many patches there were.
    fn check(&self) -> Result<u64, String> {
        let listed = self.candidates(&["--all"])?;
        let is_tree = |unit: &Value| {
            let units = listed["units"].as_array().unwrap();
            units.iter().any(|it| it["id"] == unit["id"] && it["kind"] == "tree")
        };
        let report = self.candidates(&["--export", "out"])?;
        let written = report["written"].as_array().ok_or("no patches")?;
        let patch = |unit: &Value| self.env.path("out").join(unit["file"].as_str().unwrap());
        let mut done = Vec::new();
        for unit in written {
            let before = self.tree();
            let said = |words| format!("{unit} does not apply: {words}\n{}", text(&fs::read(patch(unit)).unwrap()));
            self.apply(&patch(unit)).map_err(said)?;
            self.expect(unit, "present", is_tree(unit))?;
            let is_committed = self.shape.way == Way::Commit;
            let commit = if is_committed { self.target.git(&["rev-parse", "HEAD"]) } else { String::new() };
            done.push((before, commit));
        }
        let applied = self.tree();
        for (unit, (before, commit)) in written.iter().zip(&done).rev() {
            self.take_back(&patch(unit), before, commit)
                .map_err(|words| format!("{unit} cannot be taken back: {words}"))?;
            self.expect(unit, "absent", is_tree(unit) && self.shape.way == Way::Commit)?;
        }
        if let Some(next) = report["next"][0].as_str() {
            let mut command = Command::new("sh");
            let said = run(git_names(command.args(["-c", next]).current_dir(self.folder("b"))))?;
            let tree = self.tree();
            let names: BTreeSet<&PathBuf> = tree.keys().chain(applied.keys()).collect();
            let other: Vec<&&PathBuf> = names.iter().filter(|name| tree.get(**name) != applied.get(**name)).collect();
            if !other.is_empty() {
                return Err(format!("`{next}` gives other files than the patches one by one: {other:?}\n{said}"));
            }
        }
        Ok(written.len() as u64)
    }

    fn candidates(&self, words: &[&str]) -> Result<Value, String> {
        let common = ["candidates", "--no-state", "--format", "json", "--from", "a", "--to", "b"];
        let run = self.env.driftline(common.iter().chain(words));
        if run.status() > 1 { Err(run.to_string()) } else { Ok(run.json()) }
    }

    /// A file of a tree without shared history is nothing of its own once another history has it, or had it: then it is listed no more.
    fn expect(&self, unit: &Value, verdict: &str, may_be_known: bool) -> Result<(), String> {
        let report = self.candidates(&["--all"])?;
        let units = report["units"].as_array().ok_or("no units")?;
        let Some(found) = units.iter().find(|it| it["id"] == unit["id"]) else {
            return if may_be_known { Ok(()) } else { Err(format!("{unit} is no unit any more")) };
        };
        if found["targets"][0]["verdict"] == verdict {
            return Ok(());
        }
        let patch = fs::read(self.env.path("out").join(unit["file"].as_str().unwrap())).unwrap();
        Err(format!("is not {verdict}: {found:#}\n{}", text(&patch)))
    }

    fn apply(&self, patch: &Path) -> Result<(), String> {
        match self.way(patch) {
            Way::Commit if is_mail(patch) => self.git(&["am", "-q", "--keep-cr"], patch),
            Way::Commit => {
                self.git(&["apply", "--index"], patch)?;
                self.target.git(&["commit", "-qm", "by hand"]);
                Ok(())
            }
            Way::Apply => self.git(&["apply"], patch),
            Way::Patch => self.patch(&["-s", "-p1", "-i"], patch),
        }
    }

    /// Takes back a patch, which was committed as that, and before which these were the files.
    fn take_back(&self, patch: &Path, before: &Tree, commit: &str) -> Result<(), String> {
        match self.way(patch) {
            Way::Commit => drop(self.target.git(&["revert", "--no-edit", commit])),
            Way::Apply => {
                let after = self.tree();
                self.git(&["apply", "-R"], patch)?;
                // It brings a link or a program that went away back as a plain file, from its own patches as well.
                let now = self.tree();
                for (path, (kind, content)) in before.iter().filter(|(path, _)| !after.contains_key(*path)) {
                    if now.get(path).is_some_and(|it| it.0 == Kind::Plain && it.1 == *content) {
                        kind.give(path, content);
                    }
                }
            }
            Way::Patch => self.patch(&["-s", "-R", "-p1", "-i"], patch)?,
        }
        Ok(())
    }

    fn way(&self, patch: &Path) -> Way {
        let is_binary = contains(patch, b"GIT binary patch");
        if self.shape.way == Way::Patch && is_binary { Way::Apply } else { self.shape.way }
    }

    fn git(&self, words: &[&str], patch: &Path) -> Result<(), String> {
        run(git_names(Command::new("git").args(words).arg(patch).current_dir(self.top()))).map(drop)
    }

    fn patch(&self, words: &[&str], patch: &Path) -> Result<(), String> {
        run(Command::new("patch").args(words).arg(patch).current_dir(self.top())).map(drop)
    }

    /// Where patches are applied.
    fn top(&self) -> PathBuf {
        if self.shape.target == Target::Plain { self.folder("b") } else { self.target.root().to_owned() }
    }

    /// All files of the target with kinds and contents.
    fn tree(&self) -> Tree {
        let mut files = BTreeMap::new();
        let mut folders = vec![self.folder("b")];
        while let Some(folder) = folders.pop() {
            for entry in fs::read_dir(folder).unwrap() {
                let path = entry.unwrap().path();
                if path.is_symlink() {
                    let target = fs::read_link(&path).unwrap();
                    files.insert(path, (Kind::Link, target.as_os_str().as_bytes().to_vec()));
                } else if !path.is_dir() {
                    let is_executable = path.metadata().unwrap().permissions().mode() & 0o100 != 0;
                    let content = fs::read(&path).unwrap();
                    files.insert(path, (if is_executable { Kind::Program } else { Kind::Plain }, content));
                } else if !path.ends_with(".git") {
                    folders.push(path);
                }
            }
        }
        files
    }
}

type Tree = BTreeMap<PathBuf, (Kind, Vec<u8>)>;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Plain,
    Program,
    Link,
}

impl Kind {
    /// Makes a plain file with this content one of this kind.
    fn give(self, path: &Path, content: &[u8]) {
        match self {
            Self::Plain => {}
            Self::Program => fs::set_permissions(path, fs::Permissions::from_mode(0o755)).unwrap(),
            Self::Link => {
                fs::remove_file(path).unwrap();
                symlink(OsStr::from_bytes(content), path).unwrap();
            }
        }
    }
}

fn contains(patch: &Path, words: &[u8]) -> bool {
    fs::read(patch).unwrap().windows(words.len()).any(|part| part == words)
}

fn is_mail(patch: &Path) -> bool {
    fs::read(patch).unwrap().starts_with(b"From ")
}

/// Whoever applies is somebody else, later.
fn git_names(command: &mut Command) -> &mut Command {
    command
        .env("HOME", "/nonexistent")
        .env("GIT_CONFIG_NOSYSTEM", "1")
        .env("GIT_CONFIG_GLOBAL", "/dev/null")
        .env("GIT_COMMITTER_NAME", "Olga Operator")
        .env("GIT_COMMITTER_EMAIL", "olga@example.org")
        .env("GIT_COMMITTER_DATE", "1700000500 +0000")
        .env("LC_ALL", "C")
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// What it said.
fn run(command: &mut Command) -> Result<String, String> {
    let Output { status, stdout, stderr } = command.output().unwrap();
    let said = text(&stdout) + &text(&stderr);
    if status.success() { Ok(said) } else { Err(format!("{command:?}: {said}")) }
}
