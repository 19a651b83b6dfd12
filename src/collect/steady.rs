//! Reads one state of a file: what changes while it is read is read once more, and is then given up as unstable.

use std::io;
use std::time::{SystemTime, UNIX_EPOCH};

use rustix::io::Errno;

use crate::collect::walk::in_words;
use crate::collect::{OpenError, OpenFile, SourceReader, Stamp};
use crate::path::TreePath;
use crate::snapshot::{Counters, Incident, IncidentKind, Timestamp};

/// What was read of one state of a file.
#[derive(Debug)]
pub struct Reading<T> {
    /// It.
    pub value: T,
    /// Which state; `None` for contents that cannot change.
    pub stamp: Option<Stamp>,
    /// When reading began, by the system's clock.
    pub began: Timestamp,
}

/// Why a file could not be read.
#[derive(Debug, Clone)]
pub enum Trouble {
    /// It changed since it was listed, or while it was read.
    Changed,
    /// It is not there any more, or is no regular file any more.
    Gone,
    /// The system or the repository refused, in words; `true` when permission is what lacks.
    Refused(String, bool),
    /// The way to it failed, in words that are the same for all files that were lost with it.
    Lost(String),
}

/// Reads a file of a known size by `read`, a second time when it changes meanwhile.
pub(super) fn steadily<T>(
    reader: &mut dyn SourceReader,
    path: &TreePath,
    size: u64,
    counters: &mut Counters,
    mut read: impl FnMut(&mut dyn OpenFile, &mut Counters) -> io::Result<T>,
) -> Result<Reading<T>, Trouble> {
    match once(reader, path, size, counters, &mut read) {
        Err(Trouble::Changed) => once(reader, path, size, counters, &mut read),
        other => other,
    }
}

/// Reads a file of a known size by `read`, which reads all of it; reading less is a change too.
pub(super) fn once<T>(
    reader: &mut dyn SourceReader,
    path: &TreePath,
    size: u64,
    counters: &mut Counters,
    read: &mut impl FnMut(&mut dyn OpenFile, &mut Counters) -> io::Result<T>,
) -> Result<Reading<T>, Trouble> {
    let began = clock();
    let mut file = reader.open(path)?;
    let stamp = file.stamp();
    counters.files_opened += u64::from(file.is_opened());
    if file.size() != size {
        return Err(Trouble::Changed);
    }
    let value = read(&mut *file, counters)?;
    if file.is_unchanged()? { Ok(Reading { value, stamp, began }) } else { Err(Trouble::Changed) }
}

/// The system's clock, which also stamps the files.
pub(super) fn clock() -> Timestamp {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Timestamp { seconds: i64::try_from(since.as_secs()).unwrap_or(i64::MAX), nanos: since.subsec_nanos() }
}

impl Trouble {
    /// How it is told in a snapshot.
    pub(super) fn incident(&self, path: &TreePath) -> Incident {
        let (kind, hint) = match self {
            Self::Changed | Self::Gone => {
                (IncidentKind::Unstable, Some("run again when nothing writes to it, or add it to `ignore`"))
            }
            Self::Refused(_, true) => {
                (IncidentKind::File, Some("run as a user who may read it, or add it to `ignore`"))
            }
            Self::Refused(_, false) => (IncidentKind::File, None),
            Self::Lost(_) => {
                (IncidentKind::File, Some("run again; if it stays so, check the connection and the tools there"))
            }
        };
        Incident { path: Some(path.clone()), kind, message: self.message(path), hint: hint.map(str::to_owned) }
    }

    /// What failed and why.
    pub(super) fn message(&self, path: &TreePath) -> String {
        let path = String::from_utf8_lossy(path.as_bytes());
        match self {
            Self::Changed => format!("`{path}` is unstable: it changed while it was read"),
            Self::Gone => format!("`{path}` is unstable: it went away, or became something else, before it was read"),
            Self::Refused(why, _) | Self::Lost(why) => format!("cannot read `{path}`: {why}"),
        }
    }
}

impl From<OpenError> for Trouble {
    fn from(error: OpenError) -> Self {
        match error {
            OpenError::NotAFile => Self::Gone,
            OpenError::Io(error) => error.into(),
            OpenError::Repository(error) => Self::Refused(error.message().to_owned(), false),
        }
    }
}

impl From<io::Error> for Trouble {
    fn from(error: io::Error) -> Self {
        match (Errno::from_io_error(&error), error.kind()) {
            (_, io::ErrorKind::UnexpectedEof) => Self::Changed,
            (Some(Errno::NOENT | Errno::NOTDIR | Errno::LOOP | Errno::STALE), _) => Self::Gone,
            (_, kind) => Self::Refused(in_words(&error), kind == io::ErrorKind::PermissionDenied),
        }
    }
}
