//! What went wrong on the way to the far side, in words, and what to do about it.

use super::records::{Capabilities, Driftline, Stop};
use super::runner::Ended;
use crate::collect::{CollectError, Stage};
use crate::config::SourceSpec;
use crate::snapshot::{Incident, IncidentKind};

/// What failed and why, and what helps.
#[derive(Debug)]
pub(super) struct Fault {
    pub(super) message: String,
    pub(super) hint: Option<String>,
    /// How far it came.
    pub(super) stage: Stage,
    /// The host turned a connection away because it had too many; a moment later it may not.
    pub(super) is_crowded: bool,
    /// The far side answered, and the plan does not fit what is there.
    pub(super) collision: Option<Box<CollectError>>,
}

impl Fault {
    /// The plan itself is at fault.
    pub(super) fn plan(collision: CollectError) -> Self {
        Self {
            message: String::new(),
            hint: None,
            stage: Stage::Answer,
            is_crowded: false,
            collision: Some(Box::new(collision)),
        }
    }
}

/// Tells why nothing, or not everything, came from the far side. `noise` is what came before the start marker, when that never came.
pub(super) fn fault(spec: &SourceSpec, root: &str, stop: &Stop, ended: &Ended, noise: Option<&[u8]>) -> Fault {
    let plain = |message: String, hint: Option<String>, stage| Fault {
        message,
        hint,
        stage,
        is_crowded: false,
        collision: None,
    };
    match stop {
        Stop::Refused(word) => {
            let (message, hint, stage) = refused(word, root);
            plain(message, Some(hint.to_owned()), stage)
        }
        Stop::Miscounted { what, wrote, came } => plain(
            format!("{came} {what} came of {wrote} that were sent"),
            Some("run again; if it stays so, what connects the two loses data".to_owned()),
            Stage::Answer,
        ),
        Stop::Garbled => plain(
            "what came back is not what was asked for".to_owned(),
            Some("check that `sh`, `find` and `stat` there are what they are called".to_owned()),
            Stage::Answer,
        ),
        Stop::Cut | Stop::Io(_) => {
            let program = program(spec);
            let how = match stop {
                Stop::Io(error) if !ended.stalled => error.to_string(),
                _ => ended.in_words(),
            };
            let (cause, hint, stage) = cause(spec, ended, noise);
            let message = match cause {
                Some(cause) => format!("{program} {how}: {cause}"),
                None => format!("{program} {how}"),
            };
            let crowded = ["kex_exchange_identification", "Session open refused", "Connection reset by peer"];
            let is_crowded = noise.is_some() && crowded.iter().any(|words| ended.complaints.contains(words));
            Fault { message, hint, stage, is_crowded, collision: None }
        }
    }
}

/// That there is a driftline which is of no use here.
pub(super) fn other_driftline(met: &Capabilities) -> Option<Incident> {
    let Driftline::Other(version) = &met.driftline else { return None };
    let version: String = String::from_utf8_lossy(version).chars().take(60).collect();
    Some(Incident {
        path: None,
        kind: IncidentKind::Note,
        message: format!("`{version}` is installed there and speaks otherwise; plain tools were used instead"),
        hint: Some(format!("install driftline {} there", env!("CARGO_PKG_VERSION"))),
    })
}

fn refused(word: &str, root: &str) -> (String, &'static str, Stage) {
    let leave = "correct the path, or leave this environment out";
    match word {
        "missing" => {
            (format!("`{root}` is not there, or lies in a folder that may not be entered"), leave, Stage::NoFolder)
        }
        "dangling" => (format!("`{root}` is a link to something that is not there"), leave, Stage::NoFolder),
        "file" => (format!("`{root}` is a file, not a folder"), "name the folder to compare", Stage::NoFolder),
        "denied" => (
            format!("cannot read `{root}`: permission denied"),
            "log in as a user who may read it",
            Stage::ClosedFolder,
        ),
        "null" => (
            "there is no `/dev/null`".to_owned(),
            "give that place its devices, or compare an archive of it",
            Stage::Tools,
        ),
        "tools" => (
            "there is neither GNU find nor a `stat` that is understood".to_owned(),
            "install findutils or busybox there, or compare an archive of it",
            Stage::Tools,
        ),
        "sha1" => (
            "there is no tool for SHA-1 (sha1sum, shasum, sha1, openssl), so no file can be held against the repository"
                .to_owned(),
            "install coreutils or busybox there",
            Stage::Tools,
        ),
        "xargs" => (
            "there is no `xargs -0`, so no file there can be read".to_owned(),
            "install findutils or busybox there, or compare an archive of it",
            Stage::Tools,
        ),
        _ => ("what came back is not what was asked for".to_owned(), leave, Stage::Answer),
    }
}

/// What a program that ran to its end there had to complain about.
pub(super) fn last(ended: &Ended, status: i32) -> String {
    let mut lines = ended.complaints.lines().map(str::trim).filter(|line| !line.is_empty());
    // git says first what is wrong, and then what a person might do about it.
    let fatal = lines.clone().find(|line| line.starts_with("fatal: ") || line.starts_with("error: "));
    match fatal.or_else(|| lines.next_back()) {
        Some(line) => line.to_owned(),
        None => format!("it ended with status {status} there"),
    }
}

/// What a person calls the program: `ssh`, `docker exec`.
fn program(spec: &SourceSpec) -> String {
    match spec {
        SourceSpec::Exec { command, .. } => {
            let words = command.iter().take(2).filter(|word| !word.starts_with('-'));
            format!("`{}`", words.map(String::as_str).collect::<Vec<_>>().join(" "))
        }
        _ => "ssh".to_owned(),
    }
}

fn cause(spec: &SourceSpec, ended: &Ended, noise: Option<&[u8]>) -> (Option<String>, Option<String>, Stage) {
    let complaints = ended.complaints.as_str();
    let has = |words: &str| complaints.contains(words);
    let by_hand = match spec {
        SourceSpec::Ssh { place, .. } => {
            let config = place.config.as_ref().map(|file| format!("-F {} ", file.display())).unwrap_or_default();
            let port = place.port.map(|port| format!("-p {port} ")).unwrap_or_default();
            format!("`ssh {config}{port}{} true`", place.destination())
        }
        _ => "the command".to_owned(),
    };
    let last = complaints.lines().map(str::trim).rfind(|line| !line.is_empty()).map(str::to_owned);
    let (hint, stage) = if has("REMOTE HOST IDENTIFICATION HAS CHANGED") {
        let cause = "Host key verification failed: it is not the key that is known for this host".to_owned();
        let hint = format!("find out why the key changed before you trust it; {by_hand} shows it");
        return (Some(cause), Some(hint), Stage::ChangedHostKey);
    } else if has("Host key verification failed") {
        return (
            Some("Host key verification failed".to_owned()),
            Some(format!("run {by_hand} once by hand and check the key")),
            Stage::HostKey,
        );
    } else if has("a password is required") || has("a terminal is required") {
        return (Some("sudo asks for a password".to_owned()), Some(sudoers(spec)), Stage::Login);
    } else if has("Permission denied (") {
        let hint = format!("run {by_hand} by hand; no password is asked for here, so it takes a key or an agent");
        (Some(hint), Stage::Login)
    } else if has("Connection refused") || has("Could not resolve") || has("No route to host") || has("timed out") {
        (Some(format!("check name and port, and that {by_hand} works")), Stage::Connection)
    } else if has("is not running") || has("No such container") || has("is paused") {
        (Some("start it, or correct its name".to_owned()), Stage::Connection)
    } else if ended.stalled {
        let stage = if noise.is_some() { Stage::Shell } else { Stage::Answer };
        (Some("give it more time with --timeout SECONDS".to_owned()), stage)
    } else if is_without_shell(ended) {
        return (
            last.or_else(|| Some("there is no `sh`".to_owned())),
            Some(
                "there is no shell to ask; compare an archive of it (such as `docker export` writes) instead"
                    .to_owned(),
            ),
            Stage::Shell,
        );
    } else if let Some(noise) = noise.filter(|noise| !noise.trim_ascii().is_empty()) {
        let said = String::from_utf8_lossy(noise.trim_ascii());
        let first = said.lines().next().unwrap_or_default().to_owned();
        return (
            Some(last.unwrap_or(first)),
            Some("check that the account there has a shell that runs `sh -s`".to_owned()),
            Stage::Shell,
        );
    } else if noise.is_some() {
        let is_ssh = matches!(spec, SourceSpec::Ssh { .. });
        // ssh keeps a status of its own for what is its own fault.
        let stage = match ended.code() {
            Some(255) if is_ssh => Stage::Connection,
            _ if is_ssh => Stage::Shell,
            _ => Stage::Program,
        };
        (Some(format!("check that {by_hand} works")), stage)
    } else {
        (Some("run again when the connection holds".to_owned()), Stage::Answer)
    };
    (last, hint, stage)
}

fn is_without_shell(ended: &Ended) -> bool {
    let says = ["executable file not found", "no such file or directory", "not found"];
    let complaints = ended.complaints.to_lowercase();
    matches!(ended.code(), Some(126 | 127)) && (complaints.is_empty() || says.iter().any(|it| complaints.contains(it)))
}

/// The line that lets the shell be started without a password.
fn sudoers(spec: &SourceSpec) -> String {
    let SourceSpec::Exec { command, .. } = spec else { return "let it run without a password".to_owned() };
    let sudo = command.iter().position(|word| word == "sudo" || word.ends_with("/sudo"));
    let mut rest = command[sudo.map_or(0, |at| at + 1)..].iter();
    let mut target = "root".to_owned();
    while let Some(word) = rest.next() {
        match word.strip_prefix("-u").or_else(|| word.strip_prefix("--user=")) {
            Some("") => target = rest.next().cloned().unwrap_or(target),
            Some(name) => name.clone_into(&mut target),
            None if word == "--user" => target = rest.next().cloned().unwrap_or(target),
            None => {}
        }
    }
    let own = uzers::get_current_username().map(|name| name.to_string_lossy().into_owned());
    let who = own.filter(|_| sudo == Some(0)).unwrap_or_else(|| "LOGIN-NAME".to_owned());
    format!("add this line with `visudo` there: {who} ALL=({target}) NOPASSWD: /bin/sh -s, /usr/bin/sh -s")
}

/// Where a remote environment is, as a person would type it.
pub(in crate::collect) fn origin(spec: &SourceSpec) -> String {
    match spec {
        SourceSpec::Ssh { place, path, .. } => {
            let path = path.to_string_lossy();
            match place.port {
                None => format!("{}:{path}", place.destination()),
                Some(port) => {
                    let slash = if path.starts_with('/') { "" } else { "/~/" };
                    format!("ssh://{}:{port}{slash}{path}", place.destination())
                }
            }
        }
        SourceSpec::Exec { command, path, .. } => format!("{}: {}", command.join(" "), path.to_string_lossy()),
        SourceSpec::Folder { path } | SourceSpec::Archive { path, .. } | SourceSpec::Snapshot { path } => {
            path.to_string_lossy().into_owned()
        }
        SourceSpec::Git { repository, reference } => format!("git:{}@{reference}", repository.to_string_lossy()),
    }
}

/// Says what a login shell printed before the answer, if anything.
pub(super) fn noise_note(noise: &[u8]) -> Option<Incident> {
    let noise = String::from_utf8_lossy(noise.trim_ascii()).into_owned();
    let first = noise.lines().next()?;
    let more = if noise.lines().count() > 1 { " and more" } else { "" };
    Some(Incident {
        path: None,
        kind: IncidentKind::Note,
        message: format!("the login shell there prints `{}`{more} before it answers; that was skipped", short(first)),
        hint: Some("let its start-up files print nothing where nobody reads it".to_owned()),
    })
}

/// Why something of a listing that came to its end is missing all the same. Folders that are closed are known one by one, and what went away
/// while it was listed is not there.
pub(super) fn unlisted(status: i32, complaints: &str, closed: u64) -> Option<Fault> {
    let is_known =
        |line: &str| line.contains("No such file or directory") || (closed > 0 && line.contains("Permission denied"));
    let mut said = complaints.lines().map(str::trim).filter(|line| line.starts_with("find: ")).peekable();
    let is_explained = closed > 0 || said.peek().is_some();
    let message = match (status, said.find(|line| !is_known(line))) {
        (0, _) => return None,
        (_, Some(complaint)) => complaint.to_owned(),
        (1, None) if is_explained => return None,
        (status, None) => format!("`find` ended with status {status}"),
    };
    Some(Fault { message, hint: None, stage: Stage::Answer, is_crowded: false, collision: None })
}

fn short(text: &str) -> String {
    text.chars().take(100).collect()
}
