//! What is to be taken down when a signal ends a run: programs that reach other machines, and the sockets that they share.

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsString;
use std::io;
use std::path::PathBuf;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process_group};
use tempfile::TempDir;

/// How long a connection may take to end when it is told to.
const FAREWELL: Duration = Duration::from_secs(2);

/// All ways to other machines that a run has open; clones are the same ones.
#[derive(Debug, Clone, Default)]
pub struct Connections(Arc<Mutex<Open>>);

#[derive(Debug, Default)]
struct Open {
    /// They were taken down, and no more may be opened.
    is_over: bool,
    /// Process groups of programs that run.
    groups: BTreeSet<i32>,
    /// Folders of sockets, and the words by which `ssh` ends the connection behind it.
    sockets: BTreeMap<PathBuf, Vec<OsString>>,
}

impl Connections {
    /// Kills the programs, ends the connections and removes their folders. Nothing can be opened afterwards; whoever waits for an answer
    /// finds that there is none.
    pub fn take_down(&self) {
        let mut open = self.lock();
        open.is_over = true;
        for group in std::mem::take(&mut open.groups).into_iter().filter_map(Pid::from_raw) {
            let _ = kill_process_group(group, Signal::KILL);
        }
        for (folder, farewell) in std::mem::take(&mut open.sockets) {
            hang_up(&folder, &farewell);
            let _ = std::fs::remove_dir_all(folder);
        }
    }

    /// Starts a program in a process group of its own.
    pub(super) fn start(&self, command: &mut Command) -> io::Result<Child> {
        let mut open = self.lock();
        if open.is_over {
            return Err(io::ErrorKind::Interrupted.into());
        }
        let child = command.spawn()?;
        open.groups.extend(i32::try_from(child.id()));
        Ok(child)
    }

    /// Looks whether a program has ended. Its number is forgotten before it can be another's.
    pub(super) fn look(&self, child: &mut Child) -> Option<ExitStatus> {
        let mut open = self.lock();
        let status = child.try_wait().ok().flatten();
        if status.is_some() {
            open.forget(child);
        }
        status
    }

    /// Kills a program, with all that it has started, and waits for its end; nothing happens when it has ended.
    pub(super) fn kill(&self, child: &mut Child) {
        let mut open = self.lock();
        if matches!(child.try_wait(), Ok(None)) {
            if let Some(group) = i32::try_from(child.id()).ok().and_then(Pid::from_raw) {
                let _ = kill_process_group(group, Signal::KILL);
            }
            let _ = child.wait();
        }
        open.forget(child);
    }

    /// Makes a folder for a socket; `farewell` ends the connection behind a socket in it.
    pub(super) fn folder(
        &self,
        make: impl FnOnce() -> io::Result<TempDir>,
        farewell: impl FnOnce(&TempDir) -> Vec<OsString>,
    ) -> io::Result<TempDir> {
        let mut open = self.lock();
        if open.is_over {
            return Err(io::ErrorKind::Interrupted.into());
        }
        let folder = make()?;
        open.sockets.insert(folder.path().to_owned(), farewell(&folder));
        Ok(folder)
    }

    /// Ends the connection of one folder, and removes it.
    pub(super) fn close(&self, folder: TempDir) {
        let farewell = self.lock().sockets.get(folder.path()).cloned();
        if let Some(farewell) = farewell {
            hang_up(folder.path(), &farewell);
        }
        let path = folder.path().to_owned();
        drop(folder);
        self.lock().sockets.remove(&path);
    }

    fn lock(&self) -> MutexGuard<'_, Open> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Open {
    fn forget(&mut self, child: &Child) {
        if let Ok(group) = i32::try_from(child.id()) {
            self.groups.remove(&group);
        }
    }
}

/// What `ssh` calls its socket in a folder.
pub(super) const SOCKET: &str = "s";

/// Tells the process behind a socket to go; it speaks to that process, not to the host.
fn hang_up(folder: &std::path::Path, farewell: &[OsString]) {
    if !folder.join(SOCKET).exists() {
        return;
    }
    let mut command = Command::new("ssh");
    command.args(farewell).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    let Ok(mut child) = command.spawn() else { return };
    let until = Instant::now() + FAREWELL;
    while matches!(child.try_wait(), Ok(None)) {
        if Instant::now() >= until {
            let _ = child.kill();
            let _ = child.wait();
            return;
        }
        thread::sleep(Duration::from_millis(2));
    }
}
