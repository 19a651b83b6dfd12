//! What the process was started with, read once.

use std::env;
use std::ffi::OsString;
use std::io::{self, IsTerminal};
use std::path::{Path, PathBuf};
use std::time::{Instant, SystemTime, UNIX_EPOCH};

use crate::snapshot::Timestamp;

/// The surroundings of a run.
#[derive(Debug)]
pub(crate) struct Process {
    /// The working folder.
    pub(crate) folder: PathBuf,
    /// The user's home folder.
    pub(crate) home: Option<PathBuf>,
    /// Where state is kept unless told otherwise; `None` when the user has no home.
    pub(crate) state_dir: Option<PathBuf>,
    /// What this machine is called.
    pub(crate) host: String,
    /// The file of this program, if the system tells.
    pub(crate) program: Option<PathBuf>,
    /// The login name of the user, or the number of one who has none, or an odd one.
    pub(crate) user: String,
    /// The user is the superuser.
    pub(crate) is_root: bool,
    /// The folders in which programs are looked for.
    pub(crate) search: Vec<PathBuf>,
    /// The time.
    pub(crate) now: Timestamp,
    /// The time was fixed, for tests and for repeating a run: nothing that is reported depends on a clock.
    pub(crate) is_clock_fixed: bool,
    /// When the run began.
    pub(crate) began: Instant,
    /// Whether errors and progress go to a terminal.
    pub(crate) stderr_is_terminal: bool,
    /// Columns of the terminal that data goes to.
    pub(crate) terminal_width: Option<u16>,
}

impl Process {
    pub(crate) fn read() -> io::Result<Self> {
        let folder_from =
            |name: &str| env::var_os(name).filter(|value| Path::new(value).is_absolute()).map(PathBuf::from);
        let home = folder_from("HOME");
        let state_dir = folder_from("XDG_STATE_HOME")
            .or_else(|| home.as_ref().map(|home| home.join(".local/state")))
            .map(|state| state.join("driftline"));
        Ok(Self {
            folder: env::current_dir()?,
            home,
            state_dir,
            began: Instant::now(),
            host: rustix::system::uname().nodename().to_string_lossy().into_owned(),
            program: env::current_exe().ok().filter(|program| program.is_file()),
            user: user(),
            is_root: rustix::process::geteuid().is_root(),
            search: env::var_os("PATH").iter().flat_map(env::split_paths).collect(),
            now: now(env::var_os("DRIFTLINE_NOW")),
            is_clock_fixed: env::var_os("DRIFTLINE_NOW").is_some(),
            stderr_is_terminal: io::stderr().is_terminal(),
            terminal_width: terminal_width(),
        })
    }
}

/// The wall clock, or the seconds since 1970 that `DRIFTLINE_NOW` fixes for tests and for repeating a run.
fn now(fixed: Option<OsString>) -> Timestamp {
    if let Some(seconds) = fixed.and_then(|text| text.to_str()?.parse().ok()) {
        return Timestamp { seconds, nanos: 0 };
    }
    // A clock before 1970 makes every file look new, and so nothing is trusted that should not be.
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Timestamp { seconds: i64::try_from(since.as_secs()).unwrap_or(i64::MAX), nanos: since.subsec_nanos() }
}

fn user() -> String {
    let is_plain = |name: &String| {
        let mut letters = name.chars();
        letters.next().is_some_and(|c| c.is_ascii_alphabetic() || c == '_')
            && letters.all(|c| c.is_ascii_alphanumeric() || "._-".contains(c))
    };
    let named = uzers::get_effective_username().and_then(|name| name.into_string().ok()).filter(is_plain);
    named.unwrap_or_else(|| rustix::process::geteuid().as_raw().to_string())
}

fn terminal_width() -> Option<u16> {
    if let Some(columns) = env::var("COLUMNS").ok().and_then(|text| text.parse().ok()) {
        return Some(columns);
    }
    let stdout = io::stdout();
    if !stdout.is_terminal() {
        return None;
    }
    rustix::termios::tcgetwinsize(&stdout).ok().map(|size| size.ws_col).filter(|&columns| columns > 0)
}
