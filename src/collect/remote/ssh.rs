//! The command lines of the system's `ssh`: the user's own configuration, agent, jump hosts and known hosts count.
//!
//! One connection for each environment is shared by all its commands, through a socket in a private folder that goes away with it.
//! Host keys are checked as the user's configuration says; nothing is asked, since nobody answers.

use std::ffi::OsString;
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};
use std::time::Duration;

use tempfile::TempDir;

use super::connections::{Connections, SOCKET};
use super::runner::{Invocation, Parcel, Running};
use crate::collect::CollectPlan;
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
    pub(super) fn new(place: &SshPlace, plan: &CollectPlan<'_>) -> io::Result<Self> {
        let connections = plan.connections;
        // Where the user's configuration names a socket it knows better, and its connection may be the only one that needs no second factor.
        let shared = resolve(place, plan).is_ok_and(|resolved| resolved.shares_connections);
        let farewell = |folder: &TempDir| {
            let mut words: Vec<OsString> = vec!["-O".into(), "exit".into(), "-o".into(), socket_in(folder)];
            words.extend(destination(place));
            words
        };
        let sockets = if shared { None } else { Some(connections.folder(private_folder, farewell)?) };
        Ok(Self { place: place.clone(), sockets, connections: connections.clone() })
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
        arguments.extend(destination(&self.place));
        arguments.extend(["sh".into(), "-s".into()]);
        Invocation { program: "ssh".into(), arguments }
    }

    fn socket(&self) -> Option<OsString> {
        self.sockets.as_ref().map(socket_in)
    }
}

/// What a place is by the ssh configuration.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Resolved {
    pub(super) user: String,
    /// A name or address of the machine.
    pub(super) host: String,
    pub(super) port: String,
    /// By way of which host, if any.
    pub(super) jump: Option<String>,
    /// The first file of known host keys, and under which name the host is there.
    pub(super) known_hosts: Option<String>,
    pub(super) alias: Option<String>,
    /// The configuration names a socket for connections that are shared.
    pub(super) shares_connections: bool,
}

/// Asks `ssh` what its configuration makes of a place; nothing is connected.
///
/// # Errors
/// What `ssh` says where it cannot be asked, or does not understand its configuration.
pub(super) fn resolve(place: &SshPlace, plan: &CollectPlan<'_>) -> io::Result<Resolved> {
    let arguments = [OsString::from("-G")].into_iter().chain(destination(place)).collect();
    let invocation = Invocation { program: "ssh".into(), arguments };
    let mut running = Running::start(&invocation, Vec::new(), Parcel::default(), plan.patience, plan.connections)?;
    let mut said = Vec::new();
    let read = running.read_to_end(&mut said);
    let ended = running.end(read.is_ok());
    if ended.code() != Some(0) {
        let first = ended.complaints.lines().map(str::trim).find(|line| !line.is_empty()).map(str::to_owned);
        return Err(io::Error::other(first.unwrap_or_else(|| format!("ssh {}", ended.in_words()))));
    }
    Ok(Resolved::parse(&String::from_utf8_lossy(&said)))
}

impl Resolved {
    /// Takes the lines of `ssh -G`: a keyword in lower case, a blank, and the value.
    fn parse(text: &str) -> Self {
        let value = |key: &str| {
            let mut lines = text.lines().filter_map(|line| line.split_once(' '));
            lines.find(|(known, _)| *known == key).map(|(_, value)| value.trim().to_owned())
        };
        let set = |key: &str| value(key).filter(|value| value != "none");
        let known_hosts = value("userknownhostsfile").and_then(|files| Some(files.split(' ').next()?.to_owned()));
        Self {
            user: value("user").unwrap_or_default(),
            host: value("hostname").unwrap_or_default(),
            port: value("port").unwrap_or_default(),
            jump: set("proxyjump"),
            known_hosts,
            alias: value("hostkeyalias"),
            shares_connections: set("controlpath").is_some(),
        }
    }

    /// What the host is called among the known keys.
    pub(super) fn known_as(&self) -> String {
        match &self.alias {
            Some(alias) => alias.clone(),
            None if self.port == "22" => self.host.clone(),
            None => format!("[{}]:{}", self.host, self.port),
        }
    }
}

/// Which configuration, which port, which host.
pub(super) fn destination(place: &SshPlace) -> Vec<OsString> {
    let mut arguments: Vec<OsString> = Vec::new();
    if let Some(config) = &place.config {
        arguments.extend(["-F".into(), config.as_os_str().to_owned()]);
    }
    if let Some(port) = place.port {
        arguments.extend(["-p".into(), port.to_string().into()]);
    }
    arguments.extend(["--".into(), place.destination().into()]);
    arguments
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
    fn what_the_configuration_says_is_understood() {
        let text = "user deploy\nhostname 10.1.2.3\nport 2222\ncontrolpath none\nproxyjump bastion\n\
                    userknownhostsfile /home/me/known /home/me/known2\n";
        let resolved = Resolved::parse(text);
        assert_eq!((&*resolved.user, &*resolved.host, &*resolved.port), ("deploy", "10.1.2.3", "2222"));
        assert_eq!(resolved.jump.as_deref(), Some("bastion"));
        assert_eq!(resolved.known_hosts.as_deref(), Some("/home/me/known"));
        assert_eq!(resolved.known_as(), "[10.1.2.3]:2222");
        assert!(!resolved.shares_connections);
        assert!(Resolved::parse("controlpath /tmp/s\n").shares_connections);
        assert_eq!(Resolved::parse("hostname web\nport 22\n").known_as(), "web");
    }

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
