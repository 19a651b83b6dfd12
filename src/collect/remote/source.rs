//! A folder of another machine as a source.

use std::collections::hash_map::RandomState;
use std::hash::{BuildHasher as _, Hasher as _};
use std::io;
use std::num::NonZeroU64;
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;
use std::time::Duration;

use super::PROTOCOL;
use super::connections::Connections;
use super::listing::{self, Gathering, LeftOut};
use super::records::{Capabilities, Records, Refusal, Stop, Told};
use super::runner::{Ended, Invocation, Parcel, Running};
use super::ssh::Ssh;
use super::words::{self, Fault};
use crate::collect::far::{Each, Far, FarFile, FarGit, Tools};
use crate::collect::steady::{Reading, Trouble};
use crate::collect::{
    CollectError, CollectPlan, Filter, Listing, OpenError, OpenFile, Source, SourceReader, Stage, Watch, settle,
};
use crate::config::{Environment, PathMap, SourceSpec};
use crate::path::{EnvironmentName, TreePath};
use crate::snapshot::{Algorithms, Counters, Digests, GitState, Incident, IncidentKind, Knows, Snapshot};

const SCRIPT: &str = include_str!("script.sh");

/// How many files one process of the far side takes at a time.
const BATCH: usize = 64;

/// A far side that reads more slowly than this, in bytes per second, is taken for one that hangs.
const SLOWEST: u64 = 4 << 20;

/// How often a crowded host is tried, and the longest pause before the next time.
const TRIES: u32 = 4;
const PAUSE: Duration = Duration::from_millis(400);

/// How many entries make one sign of progress.
const STEP: u64 = 500;

/// A folder of another machine, reached by `ssh` or by another command that runs a command.
#[derive(Debug)]
pub(in crate::collect) struct RemoteFolder {
    environment: EnvironmentName,
    spec: SourceSpec,
    way: Way,
    root: PathBuf,
    map: PathMap,
    rate: Option<NonZeroU64>,
    patience: Duration,
    connections: Connections,
    /// Known once it was listed.
    met: OnceLock<Capabilities>,
    /// Folders (as they are called there) that have a `.git`; known once it was listed.
    repositories: OnceLock<Vec<TreePath>>,
}

#[derive(Debug)]
enum Way {
    Ssh(Ssh),
    Exec(Invocation),
}

/// What the script is asked to do.
#[derive(Debug, Clone, Copy)]
pub(super) enum Mode<'a> {
    List {
        left_out: &'a LeftOut,
    },
    Digest {
        algorithm: &'static str,
    },
    Contents,
    /// Contents of files of a repository, by any path.
    Raw,
}

/// Reads what is told of these files.
pub(super) type Read<'a, T> =
    &'a dyn Fn(&mut Records<Running>, &[FarFile<'_>], &mut dyn FnMut(Told<T>)) -> Result<i32, Stop>;

/// An answer that has begun.
pub(super) struct Answer {
    pub(super) records: Records<Running>,
    capabilities: Capabilities,
    noise: Vec<u8>,
}

impl RemoteFolder {
    /// Prepares; nothing is connected yet.
    ///
    /// # Errors
    /// [`CollectError::Remote`] when no private folder for the connection's socket can be made.
    ///
    /// # Panics
    /// When the environment is of this machine.
    pub(in crate::collect) fn new(environment: &Environment, plan: &CollectPlan<'_>) -> Result<Self, CollectError> {
        let (way, path, rate) = match &environment.source {
            SourceSpec::Ssh { place, path, rate } => {
                let ssh = Ssh::new(place, plan).map_err(|error| CollectError::Remote {
                    message: format!("cannot make a private folder for the connection: {error}"),
                    hint: None,
                    stage: Stage::Program,
                })?;
                (Way::Ssh(ssh), path, *rate)
            }
            SourceSpec::Exec { command, path, rate } => {
                let (program, arguments) = command.split_first().expect("a command has at least one word");
                let arguments = arguments.iter().map(String::as_str).chain(["sh", "-s"]).map(Into::into).collect();
                (Way::Exec(Invocation { program: program.into(), arguments }), path, *rate)
            }
            SourceSpec::Folder { .. }
            | SourceSpec::Git { .. }
            | SourceSpec::Archive { .. }
            | SourceSpec::Snapshot { .. } => panic!("this environment is not remote"),
        };
        Ok(Self {
            environment: environment.name.clone(),
            spec: environment.source.clone(),
            way,
            root: path.clone(),
            map: environment.map.clone(),
            rate,
            patience: plan.patience,
            connections: plan.connections.clone(),
            met: OnceLock::new(),
            repositories: OnceLock::new(),
        })
    }

    fn list_once(&self, filter: &Filter, watch: &dyn Watch, counters: &mut Counters) -> Result<Listing, Fault> {
        let left_out = LeftOut::new(filter.lines(), &self.map);
        let Answer { mut records, capabilities, noise } =
            self.ask_in_turn(Mode::List { left_out: &left_out }, &[], self.patience, counters)?;
        let mut gathering = Gathering::default();
        let (mut fresh, mut seen) = (0, 0);
        let outcome = records.listing(capabilities.form(), &mut |item| {
            if gathering.take(item) {
                seen += 1;
                fresh += 1;
            }
            if fresh == STEP {
                watch.listed(0, std::mem::take(&mut fresh));
            }
        });
        watch.listed(0, fresh);
        let ended = finish(records, outcome.is_ok(), counters);
        let missing = match outcome {
            Err(stop @ Stop::Refused(_)) => return Err(self.fault(&stop, &ended, None)),
            Err(stop) => Some(self.fault(&stop, &ended, None)),
            Ok(status) => unlisted(status, &ended.complaints, gathering.closed),
        };
        let missing = missing.map(|fault| Incident {
            path: None,
            kind: IncidentKind::Environment,
            message: format!(
                "the listing is not complete ({seen} {} came): {}",
                if seen == 1 { "entry" } else { "entries" },
                fault.message
            ),
            hint: fault.hint,
        });
        let names = gathering.names();
        let _ = self.repositories.set(gathering.repositories());
        let mut walked = gathering.walked(&self.map, filter);
        if !self.map.is_empty() {
            settle::settle(&mut walked, &self.map, filter, &self.environment).map_err(Fault::plan)?;
        }
        if missing.is_some() {
            // What is missing may still be there.
            walked.incidents.retain(|incident| incident.kind != IncidentKind::Note);
        }
        walked.incidents.extend(missing);
        walked.incidents.extend(noise_note(&noise));
        walked.incidents.extend(words::other_driftline(&capabilities));
        // A later run of the same source would say the same.
        let _ = self.met.set(capabilities);
        *counters += walked.counters;
        let snapshot = Snapshot {
            environment: self.environment.clone(),
            origin: self.origin(),
            entries: walked.entries,
            incidents: walked.incidents,
            knows: Knows { permissions: true, executable_unknown: false, owners: true, times: true },
            names,
            git: GitState::None,
        };
        Ok(Listing { snapshot, stamps: walked.stamps, counters: Counters::default() })
    }

    /// Asks, and asks again after a while when the host turns connections away because it has too many.
    fn ask_in_turn(
        &self,
        mode: Mode<'_>,
        files: &[FarFile<'_>],
        patience: Duration,
        counters: &mut Counters,
    ) -> Result<Answer, Fault> {
        let mut tries = 1;
        loop {
            match self.ask(mode, self.parcel(files), patience, counters) {
                Err(fault) if fault.is_crowded && tries < TRIES => {
                    std::thread::sleep(jitter(PAUSE * tries));
                    tries += 1;
                }
                other => return other,
            }
        }
    }

    /// Starts the script and reads what it says of itself.
    pub(super) fn ask(
        &self,
        mode: Mode<'_>,
        parcel: Parcel,
        patience: Duration,
        counters: &mut Counters,
    ) -> Result<Answer, Fault> {
        let nonce = nonce();
        let batch = if self.rate.is_some() { 1 } else { BATCH };
        let running = self.run(script(&nonce, &self.root, mode, batch), parcel, patience, counters)?;
        let mut records = Records::new(running, &nonce);
        let mut noise = Vec::new();
        let begun = records.start(&mut noise);
        let has_begun = begun.is_ok();
        match begun.and_then(|()| records.capabilities()) {
            Ok(capabilities) => Ok(Answer { records, capabilities, noise }),
            Err(stop) => {
                let ended = finish(records, matches!(stop, Stop::Refused(_)), counters);
                Err(self.fault(&stop, &ended, (!has_begun).then_some(&noise)))
            }
        }
    }

    /// Starts a script.
    pub(super) fn run(
        &self,
        script: Vec<u8>,
        parcel: Parcel,
        patience: Duration,
        counters: &mut Counters,
    ) -> Result<Running, Fault> {
        let invocation = match &self.way {
            Way::Ssh(ssh) => ssh.invocation(self.patience),
            Way::Exec(invocation) => invocation.clone(),
        };
        counters.round_trips += 1;
        Running::start(&invocation, script, parcel, patience, &self.connections).map_err(|error| Fault {
            message: match error.kind() {
                io::ErrorKind::NotFound => format!("there is no program `{}`", invocation.program.to_string_lossy()),
                _ => format!("cannot run `{}`: {error}", invocation.program.to_string_lossy()),
            },
            hint: Some("install it, or correct the configuration".to_owned()),
            stage: Stage::Program,
            is_crowded: false,
            collision: None,
        })
    }

    pub(super) fn root(&self) -> &Path {
        &self.root
    }

    pub(super) fn rate(&self) -> Option<NonZeroU64> {
        self.rate
    }

    pub(super) fn patience(&self) -> Duration {
        self.patience
    }

    /// What the far side can do, once it was listed.
    pub(super) fn met(&self) -> Option<&Capabilities> {
        self.met.get()
    }

    /// Folders (as they are called there) that have a `.git`, once it was listed.
    pub(super) fn repositories(&self) -> &[TreePath] {
        self.repositories.get().map(Vec::as_slice).unwrap_or_default()
    }

    /// What the far side is read with, whatever its folder is like.
    ///
    /// # Errors
    /// When it cannot be asked.
    pub(super) fn probe(mut self) -> Result<Tools, Fault> {
        self.root = PathBuf::from("/");
        let mode = Mode::Digest { algorithm: "sha256" };
        let mut counters = Counters::default();
        let Answer { records, capabilities, .. } = self.ask(mode, Parcel::default(), self.patience, &mut counters)?;
        finish(records, false, &mut counters);
        Ok(capabilities.tools())
    }

    pub(super) fn fault(&self, stop: &Stop, ended: &Ended, noise: Option<&[u8]>) -> Fault {
        words::fault(&self.spec, &self.root.to_string_lossy(), stop, ended, noise)
    }

    /// Asks about files in one round trip, and in a second one about those that changed meanwhile.
    pub(super) fn about<T>(
        &self,
        mode: Mode<'_>,
        files: &[FarFile<'_>],
        counters: &mut Counters,
        read: Read<'_, T>,
        each: Each<'_, T>,
    ) {
        let mut left: Vec<usize> = (0..files.len()).collect();
        for is_last in [false, true] {
            if left.is_empty() {
                return;
            }
            let asked: Vec<FarFile<'_>> = left.iter().map(|&at| files[at]).collect();
            let mut told = 0;
            let mut changed = Vec::new();
            let mut held = Vec::new();
            let mut far_files_read = 0;
            let fault = self
                .ask_in_turn(mode, &asked, self.patience + time_for(&asked), counters)
                .and_then(|Answer { mut records, capabilities, .. }| {
                    let outcome = records.ready().and_then(|()| {
                        records.input().go();
                        read(&mut records, &asked, &mut |one| {
                            let Some(file) = asked.get(told) else { return };
                            far_files_read += u64::from(one.value.is_ok());
                            match judge(one, file.size, &capabilities) {
                                Err(Trouble::Changed) if !is_last => changed.push(left[told]),
                                // Contents are handed on at once: all of them would take too much room.
                                result if matches!(mode, Mode::Contents) => each(left[told], result),
                                result => held.push((left[told], result)),
                            }
                            told += 1;
                        })
                    });
                    let ended = finish(records, outcome.is_ok(), counters);
                    // Something is missing, and nobody knows before which answer.
                    if matches!((&outcome, mode), (Err(Stop::Miscounted { .. }), Mode::Digest { .. })) {
                        (told, held) = (0, Vec::new());
                        changed.clear();
                    }
                    outcome.map(drop).map_err(|stop| self.fault(&stop, &ended, None))
                })
                .err();
            for (at, result) in held {
                each(at, result);
            }
            counters.far_files_read += far_files_read;
            let why = fault.map_or_else(|| "nothing was said about it".to_owned(), |fault| fault.message);
            for &at in left.iter().skip(told) {
                each(at, Err(Trouble::Lost(why.clone())));
            }
            left = changed;
        }
    }

    fn digests_by<const N: usize>(
        &self,
        algorithm: &'static str,
        files: &[FarFile<'_>],
        counters: &mut Counters,
        digests: &dyn Fn([u8; N]) -> Digests,
        each: Each<'_, Digests>,
    ) {
        let read = |records: &mut Records<Running>, _: &[FarFile<'_>], each: &mut dyn FnMut(Told<[u8; N]>)| {
            records.digests(each)
        };
        self.about(Mode::Digest { algorithm }, files, counters, &read, &mut |at, result| {
            let result = result.map(|Reading { value, stamp, began }| Reading { value: digests(value), stamp, began });
            each(at, result);
        });
    }

    /// Paths as the far side calls them, with what reading each costs there.
    fn parcel(&self, files: &[FarFile<'_>]) -> Parcel {
        let piece = |file: &FarFile<'_>| {
            let here = self.map.to_here(file.path);
            ([b"./", here.as_bytes(), b"\0"].concat(), file.size)
        };
        Parcel { pieces: files.iter().map(piece).collect(), rate: self.rate }
    }
}

impl Source for RemoteFolder {
    fn environment(&self) -> &EnvironmentName {
        &self.environment
    }

    fn origin(&self) -> String {
        origin(&self.spec)
    }

    fn identity(&self) -> Vec<u8> {
        let host = self.met.get().map_or(&[][..], |met| &met.host);
        [b"remote", origin(&self.spec).as_bytes(), host, self.root.as_os_str().as_bytes()].join(&0)
    }

    fn list(&self, filter: &Filter, watch: &dyn Watch) -> Result<Listing, CollectError> {
        let mut counters = Counters::default();
        match self.list_once(filter, watch, &mut counters) {
            Ok(listing) => Ok(Listing { counters, ..listing }),
            Err(Fault { collision: Some(collision), .. }) => Err(*collision),
            Err(Fault { message, hint, stage, .. }) => Err(CollectError::Remote { message, hint, stage }),
        }
    }

    fn reader(&self) -> Box<dyn SourceReader + '_> {
        Box::new(Nothing)
    }

    fn far(&self) -> Option<&dyn Far> {
        Some(self)
    }
}

impl Far for RemoteFolder {
    fn computes(&self) -> Algorithms {
        let usable = self.met.get().filter(|met| met.batches);
        usable.map(|met| met.tools().digests).unwrap_or_default()
    }

    fn tools(&self) -> Option<Tools> {
        self.met.get().map(Capabilities::tools)
    }

    fn digests(&self, files: &[FarFile<'_>], wanted: Algorithms, counters: &mut Counters, each: Each<'_, Digests>) {
        let none = Digests::default();
        match wanted {
            Algorithms { blake3: true, .. } if self.computes().blake3 => {
                self.digests_by("blake3", files, counters, &|digest| Digests { blake3: Some(digest), ..none }, each);
            }
            Algorithms { git_blob: true, .. } if self.computes().git_blob => {
                self.digests_by("git", files, counters, &|digest| Digests { git_blob: Some(digest), ..none }, each);
            }
            _ => self.digests_by("sha256", files, counters, &|digest| Digests { sha256: Some(digest), ..none }, each),
        }
    }

    fn contents(&self, files: &[FarFile<'_>], counters: &mut Counters, each: Each<'_, Vec<u8>>) {
        let read = |records: &mut Records<Running>, asked: &[FarFile<'_>], each: &mut dyn FnMut(Told<Vec<u8>>)| {
            records.contents(|number| asked.get(number).map_or(0, |file| file.size), each)
        };
        self.about(Mode::Contents, files, counters, &read, &mut |at, result| {
            let result = match result {
                Ok(reading) if reading.value.len() as u64 != files[at].size => Err(Trouble::Changed),
                other => other,
            };
            each(at, result);
        });
    }

    fn git(&self) -> &dyn FarGit {
        self
    }
}

/// Its files are asked for in batches.
struct Nothing;

impl SourceReader for Nothing {
    fn open<'a>(&'a mut self, _: &TreePath) -> Result<Box<dyn OpenFile + 'a>, OpenError> {
        Err(io::Error::from(io::ErrorKind::Unsupported).into())
    }
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

pub(super) fn finish(mut records: Records<Running>, complete: bool, counters: &mut Counters) -> Ended {
    records.input().go();
    let ended = records.into_input().end(complete);
    counters.bytes_sent += ended.sent;
    counters.bytes_received += ended.received;
    ended
}

/// How long the far side may be silent because it reads: nothing comes from a batch before all of it was read.
fn time_for(files: &[FarFile<'_>]) -> Duration {
    let mut sizes: Vec<u64> = files.iter().map(|file| file.size).collect();
    sizes.sort_unstable_by(|a, b| b.cmp(a));
    Duration::from_secs(sizes.iter().take(BATCH).sum::<u64>() / SLOWEST)
}

/// Whether what was told is one state of the file, of the size in which it was listed.
fn judge<T>(told: Told<T>, size: u64, met: &Capabilities) -> Result<Reading<T>, Trouble> {
    let seen = told.before.zip(told.after);
    match (seen, told.value) {
        (_, Err(Refusal::Denied)) => Err(Trouble::Refused("permission denied".to_owned(), true)),
        (_, Err(Refusal::Gone)) | (None, Ok(_)) => Err(Trouble::Gone),
        (Some((before, after)), _) if before != after || after.size != size => Err(Trouble::Changed),
        (_, Err(Refusal::Failed)) => Err(Trouble::Refused("it could not be read there".to_owned(), false)),
        (Some((_, after)), Ok(value)) => Ok(Reading { value, stamp: Some(listing::stamp(&after)), began: met.now }),
    }
}

/// Why something of a listing that came to its end is missing all the same. Folders that are closed are known one by one, and what went away
/// while it was listed is not there.
fn unlisted(status: i32, complaints: &str, closed: u64) -> Option<Fault> {
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

fn noise_note(noise: &[u8]) -> Option<Incident> {
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

fn short(text: &str) -> String {
    text.chars().take(100).collect()
}

fn script(nonce: &str, root: &Path, mode: Mode<'_>, batch: usize) -> Vec<u8> {
    let nothing = LeftOut::default();
    let (mode, left_out, algorithm) = match mode {
        Mode::List { left_out } => ("list", left_out, ""),
        Mode::Digest { algorithm } => ("digest", &nothing, algorithm),
        Mode::Contents => ("contents", &nothing, ""),
        Mode::Raw => ("contents", &nothing, "git"),
    };
    let LeftOut { find, driftline } = left_out;
    let mut script = Vec::with_capacity(SCRIPT.len() + 512);
    script.extend_from_slice(b"ROOT=");
    script.extend_from_slice(&quoted(root.as_os_str().as_bytes()));
    let rest = format!(
        "\nN='{nonce}'\nMODE='{mode}'\nPRUNE='{find}'\nLEAVE='{driftline}'\nALGORITHM='{algorithm}'\nBATCH='{batch}'\n\
         PROTOCOL='{PROTOCOL}'\n"
    );
    script.extend_from_slice(rest.as_bytes());
    script.extend_from_slice(SCRIPT.as_bytes());
    script
}

/// A word of a shell script that stands for these bytes.
pub(super) fn quoted(bytes: &[u8]) -> Vec<u8> {
    let mut word = vec![b'\''];
    for &byte in bytes {
        match byte {
            b'\'' => word.extend_from_slice(br"'\''"),
            byte => word.push(byte),
        }
    }
    word.push(b'\'');
    word
}

/// A word that nothing on the far side can know beforehand: from the random keys that the standard library takes from the system.
pub(super) fn nonce() -> String {
    format!("{:016x}{:016x}", random(), random())
}

fn random() -> u64 {
    RandomState::new().build_hasher().finish()
}

/// Somewhere between half of it and all of it, so that those who were turned away together do not come back together.
fn jitter(pause: Duration) -> Duration {
    pause / 2 + pause.mul_f64((random() % 1024) as f64 / 2048.0)
}
