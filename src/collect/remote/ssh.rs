//! The command lines of the system's `ssh`: the user's own configuration, agent, jump hosts and known hosts count.
//!
//! One connection for each environment is shared by all its commands, through a socket in a private folder that goes away with it.
//! Host keys are checked as the user's configuration says; nothing is asked, since nobody answers.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use tempfile::TempDir;

use super::connections::{Connections, SOCKET};
use super::runner::Invocation;
use crate::config::SshPlace;

/// How long connecting may take, and how often and how long a silent connection is asked for a sign of life, in seconds.
const CONNECT_TIMEOUT: u64 = 10;
const ALIVE_INTERVAL: u64 = 5;
const ALIVE_COUNT: u64 = 3;

/// How long an unused connection stays, in seconds; it is closed earlier, unless this process is killed.
const PERSIST: u64 = 60;

/// The longest folder name in which a socket fits: about 100 bytes are allowed, and ssh adds a suffix of its own.
const FOLDER_LIMIT: usize = 60;

/// A way to one host.
#[derive(Debug)]
pub(super) struct Ssh {
    place: SshPlace,
    /// Where the shared connection's socket is; `None` where the user's own configuration shares connections.
    sockets: Option<TempDir>,
    connections: Connections,
}

impl Ssh {
    /// Prepares; nothing is connected yet.
    pub(super) fn new(place: &SshPlace, connections: &Connections) -> std::io::Result<Self> {
        let mut ssh = Self { place: place.clone(), sockets: None, connections: connections.clone() };
        if !ssh.user_shares_connections() {
            let farewell = |folder: &TempDir| {
                let mut words: Vec<OsString> = vec!["-O".into(), "exit".into(), "-o".into(), socket_in(folder)];
                words.extend(ssh.destination());
                words
            };
            ssh.sockets = Some(connections.folder(private_folder, farewell)?);
        }
        Ok(ssh)
    }

    /// The command that runs `sh -s` there.
    pub(super) fn invocation(&self, patience: Duration) -> Invocation {
        let mut arguments: Vec<OsString> = Vec::new();
        let connect = CONNECT_TIMEOUT.min(patience.as_secs().max(1));
        let interval = ALIVE_INTERVAL.min((patience.as_secs() / ALIVE_COUNT).max(1));
        arguments.push("-T".into());
        for option in [
            "BatchMode=yes".to_owned(),
            format!("ConnectTimeout={connect}"),
            format!("ServerAliveInterval={interval}"),
            format!("ServerAliveCountMax={ALIVE_COUNT}"),
            // Nothing of this side is lent to the other one.
            "ForwardAgent=no".to_owned(),
            "ForwardX11=no".to_owned(),
            "ClearAllForwardings=yes".to_owned(),
            "PermitLocalCommand=no".to_owned(),
            "RemoteCommand=none".to_owned(),
            "RequestTTY=no".to_owned(),
        ] {
            arguments.extend(["-o".into(), option.into()]);
        }
        if let Some(socket) = self.socket() {
            arguments.extend(["-o".into(), "ControlMaster=auto".into()]);
            arguments.extend(["-o".into(), socket]);
            arguments.extend(["-o".into(), format!("ControlPersist={PERSIST}").into()]);
        }
        arguments.extend(self.destination());
        arguments.extend(["sh".into(), "-s".into()]);
        Invocation { program: "ssh".into(), arguments }
    }

    fn socket(&self) -> Option<OsString> {
        self.sockets.as_ref().map(socket_in)
    }

    /// Which configuration, which port, which host.
    fn destination(&self) -> Vec<OsString> {
        let mut arguments: Vec<OsString> = Vec::new();
        if let Some(config) = &self.place.config {
            arguments.extend(["-F".into(), config.as_os_str().to_owned()]);
        }
        if let Some(port) = self.place.port {
            arguments.extend(["-p".into(), port.to_string().into()]);
        }
        arguments.extend(["--".into(), self.place.destination().into()]);
        arguments
    }

    /// Whether the user's configuration names a socket for this host; then it knows better, and its connection may be the only one that
    /// needs no second factor.
    fn user_shares_connections(&self) -> bool {
        let mut command = Command::new("ssh");
        command.arg("-G").args(self.destination());
        let Ok(output) = command.stdin(Stdio::null()).output() else { return false };
        let text = String::from_utf8_lossy(&output.stdout);
        text.lines().any(|line| line.strip_prefix("controlpath ").is_some_and(|path| path != "none"))
    }
}

impl Drop for Ssh {
    fn drop(&mut self) {
        if let Some(folder) = self.sockets.take() {
            self.connections.close(folder);
        }
    }
}

fn socket_in(folder: &TempDir) -> OsString {
    let mut option = OsString::from("ControlPath=");
    option.push(folder.path().join(SOCKET));
    option
}

fn private_folder() -> std::io::Result<TempDir> {
    let usual = std::env::temp_dir();
    let folder: PathBuf = if usual.as_os_str().len() > FOLDER_LIMIT { Path::new("/tmp").to_owned() } else { usual };
    tempfile::Builder::new().prefix("driftline-").rand_bytes(8).tempdir_in(folder)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_host_comes_last_and_behind_two_dashes() {
        let place = SshPlace {
            user: Some("deploy".to_owned()),
            host: "web-1".to_owned(),
            port: Some(2222),
            config: Some("my config".into()),
        };
        let ssh = Ssh { place, sockets: None, connections: Connections::default() };
        let invocation = ssh.invocation(Duration::from_secs(60));
        let words: Vec<&str> = invocation.arguments.iter().map(|word| word.to_str().unwrap()).collect();
        let end = ["-F", "my config", "-p", "2222", "--", "deploy@web-1", "sh", "-s"];
        assert!(words.ends_with(&end), "{words:?}");
        assert!(words.contains(&"BatchMode=yes") && words[0] == "-T");
        assert!(!words.iter().any(|word| word.contains("StrictHostKeyChecking") || word.contains("KnownHosts")));
    }
}
