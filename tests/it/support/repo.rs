//! Repositories made by the `git` program, the same on every machine: no config but their own, fixed people and times.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

/// A folder under version control.
pub(crate) struct Repo {
    root: PathBuf,
}

impl Repo {
    /// Makes an empty repository on the branch `main`.
    pub(crate) fn init(root: impl Into<PathBuf>) -> Self {
        Self::init_with(root, &[])
    }

    /// As [`Repo::init`], with options of `git init`.
    pub(crate) fn init_with(root: impl Into<PathBuf>, options: &[&str]) -> Self {
        let repo = Self::at(root);
        std::fs::create_dir_all(&repo.root).unwrap();
        let mut words = vec!["init", "-q"];
        words.extend(options);
        repo.git(&words);
        repo
    }

    /// Takes a repository that is there.
    pub(crate) fn at(root: impl Into<PathBuf>) -> Self {
        Self { root: root.into() }
    }

    pub(crate) fn root(&self) -> &Path {
        &self.root
    }

    pub(crate) fn path(&self, name: impl AsRef<OsStr>) -> PathBuf {
        self.root.join(name.as_ref())
    }

    /// Writes a file and the folders above it.
    pub(crate) fn write(&self, name: &str, content: impl AsRef<[u8]>) -> &Self {
        let path = self.path(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, content).unwrap();
        self
    }

    pub(crate) fn remove(&self, name: &str) -> &Self {
        std::fs::remove_file(self.path(name)).unwrap();
        self
    }

    /// Stages everything and commits it.
    pub(crate) fn commit(&self, message: &str) -> &Self {
        self.git(&["add", "-A"]);
        self.git(&["commit", "-q", "--allow-empty", "-m", message]);
        self
    }

    /// Runs git and gives what it printed, without the line end; it must succeed.
    pub(crate) fn git(&self, words: &[&str]) -> String {
        let output = self.try_git(words);
        let errors = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "git {words:?} in {}: {errors}", self.root.display());
        String::from_utf8_lossy(&output.stdout).trim_end_matches('\n').to_owned()
    }

    /// As [`Repo::git`], with another date than the fixed one for what is committed.
    pub(crate) fn git_at(&self, date: &str, words: &[&str]) {
        let dates = [("GIT_AUTHOR_DATE", date), ("GIT_COMMITTER_DATE", date)];
        assert!(command(&self.root).args(words).envs(dates).status().unwrap().success(), "git {words:?}");
    }

    pub(crate) fn try_git(&self, words: &[&str]) -> Output {
        command(&self.root).args(words).output().expect("the `git` program makes repositories for tests")
    }

    /// Makes all files older than the index, as they are a moment after any checkout, so that stat data alone can vouch for them.
    pub(crate) fn settle(&self) -> &Self {
        let index = self.git(&["rev-parse", "--git-path", "index"]);
        let later = std::time::SystemTime::now() + std::time::Duration::from_secs(10);
        self.git(&["update-index", "-q", "--really-refresh"]);
        let file = std::fs::File::options().write(true).open(self.root.join(index)).unwrap();
        file.set_modified(later).unwrap();
        self
    }
}

/// git without any config but the repository's own.
fn command(folder: &Path) -> Command {
    let mut command = Command::new("git");
    command
        .current_dir(folder)
        .env_clear()
        .env("PATH", std::env::var_os("PATH").unwrap_or_default())
        .env("HOME", "/nonexistent")
        .env("GIT_CONFIG_NOSYSTEM", "1")
        .env("GIT_CONFIG_GLOBAL", "/dev/null")
        .env("GIT_CEILING_DIRECTORIES", folder.parent().unwrap_or(folder))
        .env("GIT_AUTHOR_NAME", "Ada Author")
        .env("GIT_AUTHOR_EMAIL", "ada@example.org")
        .env("GIT_AUTHOR_DATE", "1700000000 +0000")
        .env("GIT_COMMITTER_NAME", "Carl Committer")
        .env("GIT_COMMITTER_EMAIL", "carl@example.org")
        .env("GIT_COMMITTER_DATE", "1700000000 +0000")
        .env("LC_ALL", "C")
        .args(["-c", "init.defaultBranch=main", "-c", "protocol.file.allow=always", "-c", "core.safecrlf=false"]);
    command
}
