//! A folder of another machine as a source.

use std::io;
use std::num::NonZeroU64;
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, OnceLock, PoisonError};
use std::time::Duration;

use super::connections::Connections;
use super::listing::{Gathering, LeftOut};
use super::records::{Capabilities, Records, Stop};
use super::runner::{Ended, Invocation, Parcel, Running};
use super::script::{self, Mode, Order};
use super::ssh::Ssh;
use super::words::{self, Fault, noise_note, origin, unlisted};
use crate::collect::far::{Far, FarFile, Tools};
use crate::collect::{
    CollectError, CollectPlan, Filter, Listing, OpenError, OpenFile, Source, SourceReader, Stage, Watch, settle,
};
use crate::config::{Environment, PathMap, SourceSpec};
use crate::path::{EnvironmentName, TreePath};
use crate::snapshot::{Counters, GitState, Incident, IncidentKind, Knows, Snapshot};

/// How often a crowded host is tried, and the longest pause before the next time.
const TRIES: u32 = 6;
const PAUSE: Duration = Duration::from_millis(400);

/// How many entries make one sign of progress.
const STEP: u64 = 500;

/// A folder of another machine, reached by `ssh` or by another command that runs a command.
#[derive(Debug)]
pub(in crate::collect) struct RemoteFolder {
    /// What answered last, where it waits for more.
    waiting: Mutex<Option<Running>>,
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

/// An answer that has begun.
pub(super) struct Answer {
    pub(super) records: Records<Running>,
    pub(super) capabilities: Capabilities,
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
            SourceSpec::Ssh { place, path, rate, .. } => {
                let ssh = Ssh::new(place, plan).map_err(|error| CollectError::Remote {
                    message: format!("cannot make a private folder for the connection: {error}"),
                    hint: None,
                    stage: Stage::Program,
                })?;
                (Way::Ssh(ssh), path, *rate)
            }
            SourceSpec::Exec { command, path, rate, .. } => {
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
            waiting: Mutex::default(),
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
            self.ask_in_turn(Mode::List { left_out: &left_out }, &[], true, self.patience, counters)?;
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
        let ended = self.leave(records, outcome.is_ok(), counters);
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
    pub(super) fn ask_in_turn(
        &self,
        mode: Mode<'_>,
        files: &[FarFile<'_>],
        looks_twice: bool,
        patience: Duration,
        counters: &mut Counters,
    ) -> Result<Answer, Fault> {
        let mut tries = 1;
        loop {
            match self.ask(mode, self.parcel(files), looks_twice, patience, counters) {
                Err(fault) if fault.is_crowded && tries < TRIES => {
                    std::thread::sleep(script::jitter(PAUSE * tries));
                    tries += 1;
                }
                other => return other,
            }
        }
    }

    /// Starts the script, or asks once more of one that waits, and reads what it says of itself.
    pub(super) fn ask(
        &self,
        mode: Mode<'_>,
        parcel: Parcel,
        looks_twice: bool,
        patience: Duration,
        counters: &mut Counters,
    ) -> Result<Answer, Fault> {
        let nonce = script::nonce();
        let batch = if self.rate.is_some() { 1 } else { mode.batch() };
        let order = Order { mode, batch, looks_twice, bytes: parcel.bytes() };
        let mut noise = Vec::new();
        let again = match mode {
            Mode::List { .. } => None,
            _ => self.order_again(&order, &nonce, &parcel, patience, counters),
        };
        let (mut records, begun) = if let Some(again) = again {
            again
        } else {
            // A login may cost more than an answer. Another command is started for each, as whoever configured it may count on.
            let stay = matches!(self.way, Way::Ssh(_));
            let running = self.run(script::script(&nonce, &self.root, &order, stay), parcel, patience, counters)?;
            let mut records = Records::new(running, &nonce);
            let begun = records.start(&mut noise);
            (records, begun)
        };
        let has_begun = begun.is_ok();
        match begun.and_then(|()| records.capabilities()) {
            Ok(capabilities) => {
                if capabilities.stays {
                    records.input().stay();
                }
                Ok(Answer { records, capabilities, noise })
            }
            Err(stop) => {
                let ended = finish(records, matches!(stop, Stop::Refused(_)), counters);
                Err(self.fault(&stop, &ended, (!has_begun).then_some(&noise)))
            }
        }
    }

    /// Asks what waits for more; `None` when nothing does any more, which is found out before it says anything.
    fn order_again(
        &self,
        order: &Order<'_>,
        nonce: &str,
        parcel: &Parcel,
        patience: Duration,
        counters: &mut Counters,
    ) -> Option<(Records<Running>, Result<(), Stop>)> {
        let mut running = lock(&self.waiting).take()?;
        running.order(order.line(nonce), parcel.clone(), patience);
        let mut records = Records::new(running, nonce);
        let begun = records.start(&mut Vec::new());
        match &begun {
            Err(Stop::Cut) => {
                finish(records, false, counters);
                return None;
            }
            Err(Stop::Io(error)) if error.kind() != io::ErrorKind::TimedOut => {
                finish(records, false, counters);
                return None;
            }
            _ => counters.round_trips += 1,
        }
        Some((records, begun))
    }

    /// Ends an answer, or lets what gave it wait for more.
    pub(super) fn leave(&self, mut records: Records<Running>, complete: bool, counters: &mut Counters) -> Ended {
        if !complete || !records.input().stays() {
            return finish(records, complete, counters);
        }
        let mark = records.nonce().to_owned();
        let mut running = records.into_input();
        let ended = running.pause(&mark);
        count(&ended, counters);
        lock(&self.waiting).get_or_insert(running);
        ended
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
        let Answer { records, capabilities, .. } =
            self.ask(mode, Parcel::default(), true, self.patience, &mut counters)?;
        finish(records, false, &mut counters);
        Ok(capabilities.tools())
    }

    pub(super) fn fault(&self, stop: &Stop, ended: &Ended, noise: Option<&[u8]>) -> Fault {
        words::fault(&self.spec, &self.root.to_string_lossy(), stop, ended, noise)
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

/// Its files are asked for in batches.
struct Nothing;

impl SourceReader for Nothing {
    fn open<'a>(&'a mut self, _: &TreePath) -> Result<Box<dyn OpenFile + 'a>, OpenError> {
        Err(io::Error::from(io::ErrorKind::Unsupported).into())
    }
}

pub(super) fn finish(mut records: Records<Running>, complete: bool, counters: &mut Counters) -> Ended {
    records.input().go();
    let ended = records.into_input().end(complete);
    count(&ended, counters);
    ended
}

fn count(ended: &Ended, counters: &mut Counters) {
    counters.bytes_sent += ended.sent;
    counters.bytes_received += ended.received;
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
