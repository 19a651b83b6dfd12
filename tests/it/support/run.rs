//! Runs the binary as a user would, with nothing of this machine's user around it.

use std::ffi::OsStr;
use std::fmt;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use tempfile::TempDir;

/// A private folder with an own home, in which the binary is run.
pub(crate) struct TestEnv {
    root: PathBuf,
    /// Removes the folder in the end.
    _owner: Option<TempDir>,
}

impl TestEnv {
    pub(crate) fn new() -> Self {
        let owner = tempfile::Builder::new().prefix("driftline-test-").tempdir().unwrap();
        Self::at(owner.path().to_owned(), Some(owner))
    }

    /// One for a static, shared by all tests of this process.
    pub(crate) fn of_this_process() -> Self {
        Self::at(folder_of_this_process("driftline-test-"), None)
    }

    fn at(root: PathBuf, owner: Option<TempDir>) -> Self {
        std::fs::create_dir(root.join("home")).unwrap();
        Self { root, _owner: owner }
    }

    /// The folder in which everything happens; the working folder of runs.
    pub(crate) fn root(&self) -> &Path {
        &self.root
    }

    pub(crate) fn path(&self, name: impl AsRef<OsStr>) -> PathBuf {
        self.root.join(name.as_ref())
    }

    /// Writes a file and the folders above it.
    pub(crate) fn write(&self, name: impl AsRef<OsStr>, content: impl AsRef<[u8]>) -> PathBuf {
        let path = self.path(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, content).unwrap();
        path
    }

    /// The binary, ready to be run here.
    pub(crate) fn command(&self) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_driftline"));
        command.env_clear().env("HOME", self.path("home")).env("PATH", std::env::var_os("PATH").unwrap_or_default());
        command.current_dir(self.root()).stdin(Stdio::null());
        command
    }

    /// Runs the binary to its end.
    pub(crate) fn driftline<S: AsRef<OsStr>>(&self, arguments: impl IntoIterator<Item = S>) -> Run {
        self.run(self.command().args(arguments))
    }

    /// Runs a prepared command to its end.
    pub(crate) fn run(&self, command: &mut Command) -> Run {
        let output = command.output().unwrap();
        Run { output, root: self.root().to_str().unwrap().to_owned() }
    }
}

/// Makes a folder for all tests of this process; it goes when the process ends, however that happens.
///
/// What is kept in a static is never dropped, so somebody else has to wait for the end and clear up.
pub(crate) fn folder_of_this_process(prefix: &str) -> PathBuf {
    let folder = tempfile::Builder::new().prefix(prefix).tempdir().unwrap().keep();
    #[expect(clippy::zombie_processes, reason = "it outlives this process, on purpose")]
    let mut clearing = Command::new("sh")
        .args(["-c", "cat >/dev/null; rm -rf -- \"$1\"", "sh"])
        .arg(&folder)
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    // Open until this process is gone: that is what the other one waits for.
    std::mem::forget(clearing.stdin.take());
    folder
}

/// What a run gave. As text: status, stdout and stderr, with the private folder as `[ROOT]`.
#[must_use]
pub(crate) struct Run {
    pub(crate) output: Output,
    root: String,
}

impl Run {
    pub(crate) fn status(&self) -> i32 {
        self.output.status.code().unwrap_or_else(|| panic!("ended by a signal: {self}"))
    }

    pub(crate) fn stdout(&self) -> String {
        String::from_utf8(self.output.stdout.clone()).unwrap()
    }

    /// What was written to stderr, with the private folder as `[ROOT]`.
    pub(crate) fn stderr(&self) -> String {
        String::from_utf8(self.output.stderr.clone()).unwrap().replace(&self.root, "[ROOT]")
    }

    /// Demands an exit status, and shows everything when it is another.
    #[track_caller]
    pub(crate) fn expect(self, status: i32) -> Self {
        assert_eq!(self.status(), status, "{self}");
        self
    }

    /// What was written to stdout, as JSON.
    #[track_caller]
    pub(crate) fn json(&self) -> serde_json::Value {
        serde_json::from_slice(&self.output.stdout).unwrap_or_else(|error| panic!("{error}: {self}"))
    }
}

impl fmt::Display for Run {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).replace(&self.root, "[ROOT]");
        writeln!(f, "status: {}", self.output.status.code().map_or("signal".to_owned(), |code| code.to_string()))?;
        writeln!(f, "----- stdout\n{}----- stderr\n{}", text(&self.output.stdout), text(&self.output.stderr))
    }
}
