//! What stands between here and a folder of another machine, step by step.

use std::ffi::OsString;
use std::os::unix::ffi::OsStrExt as _;
use std::path::Path;

use super::source::RemoteFolder;
use super::ssh::{self, Resolved};
use crate::collect::far::Tools;
use crate::collect::{CollectError, CollectPlan, Stage};
use crate::config::{Environment, SourceSpec, SshPlace};
use crate::snapshot::{Algorithms, Fix, Step, StepKind};

/// The steps on the way to a folder over `ssh`, in order; the folder itself is the last of them.
const OVER_SSH: &[StepKind] =
    &[StepKind::SshConfig, StepKind::Connection, StepKind::Login, StepKind::Shell, StepKind::Tools, StepKind::Folder];

/// The same by way of another command.
const BY_COMMAND: &[StepKind] = &[StepKind::Command, StepKind::Shell, StepKind::Tools, StepKind::Folder];

/// The way to a folder of another machine.
pub(in crate::collect) struct Way<'a> {
    environment: &'a Environment,
    plan: &'a CollectPlan<'a>,
    /// What the ssh configuration makes of the host.
    resolved: Resolved,
}

impl<'a> Way<'a> {
    /// Asks what the name of the host means; nothing is connected.
    ///
    /// # Errors
    /// All steps, when that is where it ends.
    pub(in crate::collect) fn find(environment: &'a Environment, plan: &'a CollectPlan<'a>) -> Result<Self, Vec<Step>> {
        let mut way = Self { environment, plan, resolved: Resolved::default() };
        let Some(place) = way.ssh() else { return Ok(way) };
        match ssh::resolve(place, plan) {
            Ok(resolved) => way.resolved = resolved,
            Err(error) => {
                let words = if error.kind() == std::io::ErrorKind::NotFound {
                    "install the OpenSSH client"
                } else {
                    "correct the ssh configuration; ssh says the same to"
                };
                let fix = Fix::here(words, &command(&["ssh", "-G"], place, &[]));
                let message = match error.kind() {
                    std::io::ErrorKind::NotFound => "there is no program `ssh`".to_owned(),
                    _ => error.to_string(),
                };
                return Err(way.until(Step::failed(StepKind::SshConfig, message, Some(fix)), None));
            }
        }
        Ok(way)
    }

    /// The steps when the folder could be listed.
    pub(in crate::collect) fn passed(&self, tools: Option<&Tools>) -> Vec<Step> {
        self.kinds().iter().map(|&kind| self.step(kind, tools)).collect()
    }

    /// The steps when it could not.
    pub(in crate::collect) fn ended(&self, error: &CollectError, message: &str, hint: Option<&str>) -> Vec<Step> {
        let &CollectError::Remote { stage, .. } = error else {
            // It answered, and the plan does not fit what is there.
            let step = Step::failed(StepKind::Folder, message, hint.map(Fix::words));
            return self.until(step, self.tools().as_ref());
        };
        let is_ssh = self.ssh().is_some();
        let kind = match stage {
            Stage::NoFolder | Stage::ClosedFolder => StepKind::Folder,
            Stage::Tools => StepKind::Tools,
            Stage::Shell | Stage::Answer => StepKind::Shell,
            _ if !is_ssh => StepKind::Command,
            Stage::Login => StepKind::Login,
            Stage::Program | Stage::Connection | Stage::HostKey | Stage::ChangedHostKey => StepKind::Connection,
        };
        // What is there to read with is known only to a shell that was asked about a folder that can be entered.
        let tools = if kind == StepKind::Folder { self.tools() } else { None };
        let fix = self.fix(stage, hint).or_else(|| hint.map(Fix::words));
        self.until(Step::failed(kind, message, fix), tools.as_ref())
    }

    /// Who logs in there, if it is known.
    pub(in crate::collect) fn user(&self) -> Option<&str> {
        Some(&*self.resolved.user).filter(|user| !user.is_empty())
    }

    fn ssh(&self) -> Option<&'a SshPlace> {
        match &self.environment.source {
            SourceSpec::Ssh { place, .. } => Some(place),
            _ => None,
        }
    }

    fn kinds(&self) -> &'static [StepKind] {
        if self.ssh().is_some() { OVER_SSH } else { BY_COMMAND }
    }

    /// Everything works before the step, and nothing was tried behind it.
    fn until(&self, step: Step, tools: Option<&Tools>) -> Vec<Step> {
        let at = self.kinds().iter().position(|&kind| kind == step.kind).unwrap_or_default();
        let before = self.kinds()[..at].iter().map(|&kind| self.step(kind, tools));
        let behind = self.kinds()[at + 1..].iter().map(|&kind| Step::not_tried(kind));
        before.chain([step]).chain(behind).collect()
    }

    /// A step that was passed.
    fn step(&self, kind: StepKind, tools: Option<&Tools>) -> Step {
        let Resolved { user, host, port, jump, .. } = &self.resolved;
        let detail = match kind {
            StepKind::SshConfig => {
                let jump = jump.as_ref().map(|jump| format!(", by way of {jump}")).unwrap_or_default();
                format!("{user}@{host}, port {port}{jump}")
            }
            StepKind::Connection => "reached, and its key is accepted".to_owned(),
            StepKind::Login => format!("as {user}"),
            StepKind::Shell => match tools {
                Some(tools) if !tools.host.is_empty() => format!("answers as {}", tools.host),
                _ => "answers".to_owned(),
            },
            StepKind::Tools => return tools.map_or_else(|| Step::not_tried(kind), tools_step),
            StepKind::Folder => format!("{} can be listed", root(self.environment).display()),
            _ => "can be run".to_owned(),
        };
        Step::fine(kind, detail)
    }

    fn tools(&self) -> Option<Tools> {
        RemoteFolder::new(self.environment, self.plan).ok()?.probe().ok()
    }

    fn fix(&self, stage: Stage, hint: Option<&str>) -> Option<Fix> {
        let root = root(self.environment).as_os_str().as_bytes();
        match (stage, self.ssh()) {
            (Stage::HostKey, Some(place)) => Some(Fix::here(
                "connect once by hand, and compare the key that is shown with the server's own",
                &command(&["ssh"], place, &["true"]),
            )),
            (Stage::ChangedHostKey, Some(_)) => {
                let known_as = self.resolved.known_as();
                let mut words = vec!["ssh-keygen".as_bytes()];
                if let Some(file) = &self.resolved.known_hosts {
                    words.extend(["-f".as_bytes(), file.as_bytes()]);
                }
                words.extend(["-R".as_bytes(), known_as.as_bytes()]);
                let why = "find out why the key changed: a new server, or somebody in between. Only then forget the old one, and \
                           connect once by hand";
                Some(Fix::here(why, &words))
            }
            (Stage::Connection, Some(place)) => Some(Fix::here(
                "check name and port, and see how far it comes",
                &command(&["ssh", "-v"], place, &["true"]),
            )),
            (Stage::Shell, Some(place)) => {
                let hint = hint.map(|hint| format!("{hint}; ")).unwrap_or_default();
                Some(Fix::here(format!("{hint}see whether it answers"), &command(&["ssh"], place, &["true"])))
            }
            (Stage::Login, Some(place)) => Some(Fix::here(
                "no password is asked for here: load your key into the agent (ssh-add), or put it there",
                &command(&["ssh-copy-id"], place, &[]),
            )),
            (Stage::Connection | Stage::Program, None) => {
                let SourceSpec::Exec { command, .. } = &self.environment.source else { return None };
                let words: Vec<&str> = command.iter().map(String::as_str).chain(["true"]).collect();
                Some(Fix::here("correct the command, or see what it says", &words))
            }
            (Stage::NoFolder, _) => {
                Some(Fix::there("correct `path`, or see what is there", &[&b"ls"[..], b"-ld", root]))
            }
            (Stage::ClosedFolder, _) => Some(open_to(self.user(), root, true)),
            _ => None,
        }
    }
}

/// Lets somebody read what is at a path and below it.
pub(in crate::collect) fn open_to(user: Option<&str>, path: &[u8], there: bool) -> Fix {
    let Some(user) = user else {
        return Fix::words(
            "run the command as a user who may read it (`sudo -n -u OWNER`, `docker exec -u OWNER`), or leave it out with `ignore`",
        );
    };
    let words = format!("let {user} read it, as its owner or as root");
    let entry = format!("u:{user}:rX");
    let command = [b"setfacl", &b"-R"[..], b"-m", entry.as_bytes(), b"--", path];
    if there { Fix::there(words, &command) } else { Fix::here(words, &command) }
}

fn tools_step(tools: &Tools) -> Step {
    let Algorithms { blake3, sha256, .. } = tools.digests;
    let digests: Vec<&str> =
        [(blake3, "BLAKE3"), (sha256, "SHA-256")].into_iter().filter_map(|(has, name)| has.then_some(name)).collect();
    let Some(lists) = tools.lists else {
        let fix = Fix::words("install findutils or busybox there, or compare an archive of it");
        return Step::failed(StepKind::Tools, "there is neither GNU find nor a `stat` that is understood", Some(fix));
    };
    if digests.is_empty() {
        let fix = Fix::words("install coreutils (sha256sum) and findutils (xargs -0), or busybox, there");
        let message = format!("{lists}; none for digests, so files of one size cannot be told apart");
        return Step::failed(StepKind::Tools, message, Some(fix));
    }
    Step::fine(StepKind::Tools, format!("{lists}; digests by {}", digests.join(" and ")))
}

fn command(program: &[&str], place: &SshPlace, rest: &[&str]) -> Vec<Vec<u8>> {
    let program = program.iter().map(OsString::from);
    // A host never begins with `-`.
    let destination = ssh::destination(place).into_iter().filter(|word| word != "--");
    let words = program.chain(destination).chain(rest.iter().map(OsString::from));
    words.map(|word| word.as_bytes().to_owned()).collect()
}

/// The folder there.
fn root(environment: &Environment) -> &Path {
    match &environment.source {
        SourceSpec::Ssh { path, .. } | SourceSpec::Exec { path, .. } => path,
        _ => Path::new("."),
    }
}
