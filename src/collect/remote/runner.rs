//! Runs a program that runs a script on the far side: the script by stdin, its answer by stdout, complaints read beside it.
//!
//! No shell has a part in it on this side. The program has a process group of its own, which is killed when it goes silent for too long or
//! is not needed any more.

use std::ffi::OsString;
use std::io::{self, BufRead, Read, Write as _};
use std::os::unix::process::{CommandExt as _, ExitStatusExt as _};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, Sender};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use super::connections::Connections;

/// So much of what a program complains about is kept.
const COMPLAINTS: usize = 64 * 1024;

/// How much is read at a time, and how many such pieces wait to be taken.
const PIECE: usize = 64 * 1024;
const PIECES: usize = 16;

/// How long a program may take to end after its answer is complete.
const FAREWELL: Duration = Duration::from_secs(3);

/// How long what it complains about is waited for.
const COMPLAINING: Duration = Duration::from_millis(500);

/// A program and its arguments.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Invocation {
    pub(super) program: OsString,
    pub(super) arguments: Vec<OsString>,
}

/// What is sent after the script, once the far side asks for it.
#[derive(Debug, Clone, Default)]
pub(super) struct Parcel {
    /// Pieces, each with the number of bytes that reading on its behalf costs there.
    pub(super) pieces: Vec<(Vec<u8>, u64)>,
    /// How many such bytes are asked for in a second at most.
    pub(super) rate: Option<std::num::NonZeroU64>,
}

/// A program that is running; reading from it gives its stdout.
#[derive(Debug)]
pub(super) struct Running {
    child: Child,
    connections: Connections,
    pieces: Receiver<io::Result<Vec<u8>>>,
    piece: Vec<u8>,
    taken: usize,
    complaints: Arc<Mutex<Vec<u8>>>,
    complained: Receiver<()>,
    /// What is to be sent; `None` when there will be no more.
    sender: Option<Sender<Sending>>,
    /// What is sent once the far side asks for it.
    parcel: Option<Parcel>,
    /// The far side waits for more when it has answered.
    stays: bool,
    shared: Arc<Shared>,
    patience: Duration,
    received: u64,
    stalled: bool,
    /// Its stdout has ended.
    silent: bool,
}

/// What goes to a program's stdin.
#[derive(Debug)]
enum Sending {
    Words(Vec<u8>),
    Parcel(Parcel),
}

/// How a program ended, or how it is left waiting for more.
#[derive(Debug)]
pub(super) struct Ended {
    /// `None` when it had to be killed.
    pub(super) status: Option<ExitStatus>,
    /// What it said on stderr, lossily as text.
    pub(super) complaints: String,
    pub(super) sent: u64,
    pub(super) received: u64,
    /// It was silent for longer than it may be.
    pub(super) stalled: bool,
}

#[derive(Debug, Default)]
struct Shared {
    sent: AtomicU64,
    /// The answer is complete: stdin may be closed.
    over: AtomicBool,
    /// Bumped while a limited rate keeps the sender waiting: silence is no stall then.
    pacing: AtomicU64,
}

impl Running {
    /// Starts a program and sends it the script. `patience` is how long it may say nothing.
    pub(super) fn start(
        invocation: &Invocation,
        script: Vec<u8>,
        parcel: Parcel,
        patience: Duration,
        connections: &Connections,
    ) -> io::Result<Self> {
        let mut command = Command::new(&invocation.program);
        command.args(&invocation.arguments).process_group(0);
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = connections.start(&mut command)?;
        let missing = || io::Error::other("a pipe is missing");
        let mut stdin = child.stdin.take().ok_or_else(missing)?;
        let mut stdout = child.stdout.take().ok_or_else(missing)?;
        let mut stderr = child.stderr.take().ok_or_else(missing)?;
        let shared = Arc::new(Shared::default());
        let (sender, to_send) = mpsc::channel();
        let pace = Arc::clone(&shared);
        thread::spawn(move || {
            let mut send = |bytes: &[u8]| {
                // Before it goes, so that it is counted when the answer to it is there.
                pace.sent.fetch_add(bytes.len() as u64, Ordering::Relaxed);
                stdin.write_all(bytes)?;
                stdin.flush()
            };
            while let Ok(sending) = to_send.recv() {
                let outcome = match sending {
                    Sending::Words(words) => send(&words),
                    Sending::Parcel(parcel) => parcel.send(&pace, &mut send),
                };
                // Whoever does not read to the end has ended, and says so otherwise.
                if outcome.is_err() {
                    break;
                }
            }
        });
        let _ = sender.send(Sending::Words(script));
        let (pieces, taken) = mpsc::sync_channel(PIECES);
        thread::spawn(move || {
            loop {
                let mut piece = vec![0; PIECE];
                let read = stdout.read(&mut piece);
                let is_end = !matches!(read, Ok(1..));
                let piece = read.map(|length| {
                    piece.truncate(length);
                    piece
                });
                if pieces.send(piece).is_err() || is_end {
                    break;
                }
            }
        });
        let complaints = Arc::new(Mutex::new(Vec::new()));
        let (quiet, complained) = mpsc::sync_channel(1);
        let heap = Arc::clone(&complaints);
        thread::spawn(move || {
            let mut piece = [0; 4096];
            while let Ok(length @ 1..) = stderr.read(&mut piece) {
                let mut heap = heap.lock().unwrap_or_else(PoisonError::into_inner);
                let room = COMPLAINTS.saturating_sub(heap.len()).min(length);
                heap.extend_from_slice(&piece[..room]);
            }
            drop(quiet);
        });
        Ok(Self {
            child,
            connections: connections.clone(),
            pieces: taken,
            piece: Vec::new(),
            taken: 0,
            complaints,
            complained,
            sender: Some(sender),
            parcel: Some(parcel),
            stays: false,
            shared,
            patience,
            received: 0,
            stalled: false,
            silent: false,
        })
    }

    /// Lets the parcel be sent, and nothing behind it unless the far side stays.
    pub(super) fn go(&mut self) {
        if let (Some(sender), Some(parcel)) = (&self.sender, self.parcel.take()) {
            // A sender that is gone has found the program gone.
            let _ = sender.send(Sending::Parcel(parcel));
        }
        if !self.stays {
            self.sender = None;
        }
    }

    /// Says that the far side waits for more when it has answered.
    pub(super) fn stay(&mut self) {
        self.stays = true;
    }

    pub(super) fn stays(&self) -> bool {
        self.stays
    }

    /// Asks once more of a far side that stays.
    pub(super) fn order(&mut self, line: Vec<u8>, parcel: Parcel, patience: Duration) {
        if let Some(sender) = &self.sender {
            let _ = sender.send(Sending::Words(line));
        }
        self.parcel = Some(parcel);
        self.patience = patience;
    }

    /// What is to be said of it when it has answered and stays: behind `mark`, nothing that it complains about belongs to that answer.
    pub(super) fn pause(&mut self, mark: &str) -> Ended {
        let until = Instant::now() + COMPLAINING;
        let complaints = loop {
            let mut heap = self.complaints.lock().unwrap_or_else(PoisonError::into_inner);
            let end = format!("\n{mark}\n").into_bytes();
            let at = heap.windows(end.len()).position(|bytes| bytes == end);
            if at.is_some() || heap.len() >= COMPLAINTS || Instant::now() >= until {
                let complaints = String::from_utf8_lossy(&heap[..at.unwrap_or(heap.len())]).into_owned();
                let taken = at.map_or(heap.len(), |at| at + end.len());
                heap.drain(..taken);
                break complaints;
            }
            drop(heap);
            thread::sleep(Duration::from_millis(1));
        };
        Ended {
            status: Some(ExitStatus::default()),
            complaints,
            sent: self.shared.sent.swap(0, Ordering::Relaxed),
            received: std::mem::take(&mut self.received),
            stalled: false,
        }
    }

    /// Ends it: in peace when its answer is `complete`, otherwise at once.
    pub(super) fn end(mut self, complete: bool) -> Ended {
        self.sender = None;
        let until = Instant::now() + if self.stalled { Duration::ZERO } else { FAREWELL };
        let mut status = None;
        // Only a program that has no more to say ends by itself.
        while (complete || self.silent) && status.is_none() && Instant::now() < until {
            status = self.connections.look(&mut self.child);
            if status.is_none() {
                thread::sleep(Duration::from_millis(2));
            }
        }
        if status.is_none() {
            self.kill();
        }
        // What lives on behind the program may hold its stderr open.
        let _ = self.complained.recv_timeout(COMPLAINING);
        let complaints = self.complaints.lock().unwrap_or_else(PoisonError::into_inner);
        Ended {
            status,
            complaints: String::from_utf8_lossy(&complaints).into_owned(),
            sent: self.shared.sent.load(Ordering::Relaxed),
            received: self.received,
            stalled: self.stalled,
        }
    }

    fn kill(&mut self) {
        self.shared.over.store(true, Ordering::Relaxed);
        self.connections.kill(&mut self.child);
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.kill();
    }
}

impl BufRead for Running {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        let mut pace = self.shared.pacing.load(Ordering::Relaxed);
        while self.taken == self.piece.len() {
            match self.pieces.recv_timeout(self.patience) {
                Ok(piece) => {
                    self.piece = piece?;
                    self.taken = 0;
                    self.received += self.piece.len() as u64;
                    if self.piece.is_empty() {
                        self.silent = true;
                        break;
                    }
                }
                Err(RecvTimeoutError::Disconnected) => {
                    self.silent = true;
                    break;
                }
                Err(RecvTimeoutError::Timeout) => {
                    let now = self.shared.pacing.load(Ordering::Relaxed);
                    if now == pace {
                        self.stalled = true;
                        self.kill();
                        return Err(io::ErrorKind::TimedOut.into());
                    }
                    pace = now;
                }
            }
        }
        Ok(&self.piece[self.taken..])
    }

    fn consume(&mut self, amount: usize) {
        self.taken += amount;
    }
}

impl Read for Running {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let available = self.fill_buf()?;
        let length = available.len().min(buffer.len());
        buffer[..length].copy_from_slice(&available[..length]);
        self.consume(length);
        Ok(length)
    }
}

impl Parcel {
    /// How long it is.
    pub(super) fn bytes(&self) -> usize {
        self.pieces.iter().map(|(bytes, _)| bytes.len()).sum()
    }

    fn send(self, shared: &Shared, send: &mut dyn FnMut(&[u8]) -> io::Result<()>) -> io::Result<()> {
        let Some(rate) = self.rate else {
            for pieces in self.pieces.chunks(1024) {
                send(&pieces.iter().flat_map(|(bytes, _)| bytes.iter().copied()).collect::<Vec<u8>>())?;
            }
            return Ok(());
        };
        let began = Instant::now();
        let mut cost = 0_u64;
        for (bytes, more) in self.pieces {
            send(&bytes)?;
            cost = cost.saturating_add(more);
            let due = Duration::from_secs_f64(cost as f64 / rate.get() as f64);
            while began.elapsed() < due && !shared.over.load(Ordering::Relaxed) {
                shared.pacing.fetch_add(1, Ordering::Relaxed);
                thread::sleep(due.saturating_sub(began.elapsed()).min(Duration::from_millis(200)));
            }
        }
        Ok(())
    }
}

impl Ended {
    /// How it ended, in words: `ended with status 255`.
    pub(super) fn in_words(&self) -> String {
        match self.status {
            _ if self.stalled => "said nothing for too long and was ended".to_owned(),
            None => "did not end and was killed".to_owned(),
            Some(status) => match (status.code(), status.signal()) {
                (Some(code), _) => format!("ended with status {code}"),
                (None, Some(signal)) => format!("was ended by signal {signal}"),
                (None, None) => "ended in an unknown way".to_owned(),
            },
        }
    }

    pub(super) fn code(&self) -> Option<i32> {
        self.status.and_then(|status| status.code())
    }
}
