//! Keeps what runs found: one `SQLite` file for each project, in the state folder, for the owner's eyes only.
//!
//! A run is written in one transaction, so that it is there or is not; what was known before is read in the same transaction, so that runs
//! that end at the same time come one after the other. The journal is `SQLite`'s rollback journal and not the write-ahead log: one small
//! transaction a night gains nothing from that, and this one works on network file systems, and is readable in a folder that cannot be
//! written to. Nothing is ever repaired, renamed or deleted that is not understood.

mod load;
mod record;
mod schema;
mod told;

use std::fs::{DirBuilder, File, OpenOptions};
use std::io;
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use rusqlite::{Connection, ErrorCode, OpenFlags, Transaction, TransactionBehavior};

use super::{Night, Outcome, Past, Told};

/// So many days of runs are kept unless the configuration says otherwise.
pub const KEEP_DAYS: u32 = 400;

/// Another run is asked again so often whether it has finished.
const ASK_AGAIN: Duration = Duration::from_millis(100);

/// Whoever reads is waited for so long, and whoever reads waits so long for a run that is being written down.
const READERS: Duration = Duration::from_secs(10);

/// What a history belongs to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum MadeOf {
    /// A configuration, by its absolute path.
    Config(PathBuf),
    /// Environments that were typed: names and places, in order.
    Typed(Vec<(String, String)>),
}

/// The history of a project.
#[derive(Debug)]
pub struct Store {
    file: PathBuf,
    connection: Connection,
}

/// A history that nobody else writes until this is dropped. What is not committed is as if it had not been.
#[derive(Debug)]
pub struct Writing<'s> {
    file: &'s Path,
    transaction: Transaction<'s>,
}

/// Why a history cannot be used. Nothing was changed.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The folder or file cannot be made or opened.
    #[error("cannot open the history `{}`: {source}", file.display())]
    Open {
        /// The history.
        file: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// It is no history, or not a whole one.
    #[error("the history `{}` is damaged: {why}", file.display())]
    Damaged {
        /// The history.
        file: PathBuf,
        /// What is wrong with it.
        why: String,
    },
    /// A later version of driftline wrote it.
    #[error("the history `{}` was written by a newer driftline: it has version {version}, and {known} is the latest that this one knows", file.display())]
    Newer {
        /// The history.
        file: PathBuf,
        /// Its version.
        version: i64,
        /// The version that is understood.
        known: i64,
    },
    /// Another run has been writing it all the time.
    #[error("another driftline has been writing the history `{}` for {} seconds", file.display(), waited.as_secs())]
    Busy {
        /// The history.
        file: PathBuf,
        /// For how long.
        waited: Duration,
    },
    /// It can be read, and nothing can be added to it.
    #[error("cannot add to the history `{}`: {why}", file.display())]
    NotWritable {
        /// The history.
        file: PathBuf,
        /// Why.
        why: String,
    },
    /// Something else failed.
    #[error("cannot use the history `{}`: {source}", file.display())]
    Failed {
        /// The history.
        file: PathBuf,
        /// What.
        source: rusqlite::Error,
    },
}

impl StoreError {
    /// What to do about it.
    pub fn hint(&self) -> &'static str {
        match self {
            Self::Open { .. } | Self::NotWritable { .. } => {
                "make room and the state folder writable, or choose another one with --state-dir"
            }
            Self::Damaged { .. } => "put a backup in its place, or move it away to begin a new history",
            Self::Newer { .. } => {
                "use that driftline here too, or keep a history of its own for this one with --state-dir"
            }
            Self::Busy { .. } => "wait until it has finished; it is let go by itself when the other one ends",
            Self::Failed { .. } => "look at the file with the sqlite3 program, or move it away to begin a new history",
        }
    }
}

impl Store {
    /// Opens the history of a project, and makes it when there is none.
    ///
    /// # Errors
    /// When it is damaged or from a newer version, or cannot be made. One that can only be read is no error here.
    pub fn open(state: &Path, made_of: &MadeOf) -> Result<Self, StoreError> {
        let file = file(state, made_of);
        prepare(&file)?;
        Self::connect(file)
    }

    /// Opens the history of a project to read it; `None` when there is none.
    ///
    /// # Errors
    /// As [`Store::open`].
    pub fn look(state: &Path, made_of: &MadeOf) -> Result<Option<Self>, StoreError> {
        let file = file(state, made_of);
        match file.symlink_metadata() {
            // What a killed run left by half is rolled back first, and that is writing; where nothing can be written, it is only read.
            Ok(_) => Self::connect(file).map(Some),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(source) => Err(StoreError::Open { file, source }),
        }
    }

    fn connect(file: PathBuf) -> Result<Self, StoreError> {
        let flags =
            OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX | OpenFlags::SQLITE_OPEN_NOFOLLOW;
        // The folder may be reached by a link; the file itself may be none.
        let real = file.parent().and_then(|folder| folder.canonicalize().ok()).zip(file.file_name());
        let real = real.map_or_else(|| file.clone(), |(folder, name)| folder.join(name));
        let connection = Connection::open_with_flags(real, flags).map_err(|error| failed(&file, error))?;
        connection.busy_timeout(READERS).map_err(|error| failed(&file, error))?;
        let store = Self { file, connection };
        schema::check(&store.connection).map_err(|problem| problem.about(&store.file))?;
        Ok(store)
    }

    /// Where it is.
    pub fn file(&self) -> &Path {
        &self.file
    }

    /// What is known, to be looked at only.
    pub fn past(&self) -> Result<Past, StoreError> {
        load::past(&self.connection).map_err(|error| failed(&self.file, error))
    }

    /// What somebody was told last; `None` for nothing.
    pub fn told(&self, target: &str) -> Result<Option<Told>, StoreError> {
        told::load(&self.connection, target).map_err(|error| failed(&self.file, error))
    }

    /// Waits until nobody else tells anybody about reports of this project, and keeps all others from it until what is returned is dropped.
    ///
    /// The history itself stays free meanwhile: telling takes as long as networks do.
    ///
    /// # Errors
    /// [`StoreError::Open`] when the file that stands for it cannot be made.
    pub fn telling(&self) -> Result<File, StoreError> {
        let file = self.file.with_extension("telling");
        let open = || {
            let lock = OpenOptions::new().write(true).create(true).truncate(false).mode(0o600).open(&file)?;
            rustix::fs::flock(&lock, rustix::fs::FlockOperation::LockExclusive)?;
            Ok(lock)
        };
        open().map_err(|source| StoreError::Open { file: file.clone(), source })
    }

    /// Waits until nobody else writes, for `patience` at most, and keeps all others from writing. `waiting` is called once when there
    /// is somebody.
    pub fn begin(&mut self, patience: Duration, waiting: impl FnOnce(&Path)) -> Result<Writing<'_>, StoreError> {
        let began = Instant::now();
        let mut waiting = Some(waiting);
        let file = &self.file;
        self.connection.busy_timeout(Duration::ZERO).map_err(|error| failed(file, error))?;
        loop {
            match Transaction::new_unchecked(&self.connection, TransactionBehavior::Immediate) {
                Ok(transaction) => {
                    // Somebody may be reading while it is written down in the end.
                    self.connection.busy_timeout(READERS).map_err(|error| failed(file, error))?;
                    schema::migrate(&transaction).map_err(|problem| problem.about(file))?;
                    return Ok(Writing { file, transaction });
                }
                Err(error) if is_busy(&error) => {
                    if let Some(waiting) = waiting.take() {
                        waiting(file);
                    }
                    if began.elapsed() >= patience {
                        return Err(StoreError::Busy { file: file.clone(), waited: began.elapsed() });
                    }
                    std::thread::sleep(ASK_AGAIN);
                }
                Err(error) => return Err(failed(file, error)),
            }
        }
    }
}

impl Writing<'_> {
    /// What is known.
    pub fn past(&self) -> Result<Past, StoreError> {
        load::past(&self.transaction).map_err(|error| failed(self.file, error))
    }

    /// Adds a run, and lets go of runs that are older than so many days.
    pub fn add(&self, night: &Night, outcome: &Outcome, keep_days: u32) -> Result<(), StoreError> {
        let added = record::add(&self.transaction, night, outcome)
            .and_then(|()| record::forget(&self.transaction, night.at, keep_days));
        added.map_err(|error| failed(self.file, error))
    }

    /// Keeps what somebody was told, in the place of what that was before.
    pub fn tell(&self, target: &str, told: &Told) -> Result<(), StoreError> {
        told::write(&self.transaction, target, told).map_err(|error| failed(self.file, error))
    }

    /// Makes it last.
    pub fn commit(self) -> Result<(), StoreError> {
        let file = self.file;
        self.transaction.commit().map_err(|error| failed(file, error))
    }
}

/// The file of a project: a name that people know, and one that is unique.
fn file(state: &Path, made_of: &MadeOf) -> PathBuf {
    use std::os::unix::ffi::OsStrExt as _;
    let mut hasher = blake3::Hasher::new();
    let name = match made_of {
        MadeOf::Config(path) => {
            hasher.update(b"config\0").update(path.as_os_str().as_bytes());
            let folder = path.parent().and_then(Path::file_name).map(|name| name.to_string_lossy().into_owned());
            folder.unwrap_or_default()
        }
        MadeOf::Typed(environments) => {
            hasher.update(b"typed\0");
            for word in environments.iter().flat_map(|(name, place)| [name, place]) {
                hasher.update(&(word.len() as u64).to_le_bytes()).update(word.as_bytes());
            }
            environments.iter().map(|(name, _)| name.as_str()).collect::<Vec<_>>().join("-")
        }
    };
    let plain = |c: char| if c.is_ascii_alphanumeric() || c == '-' || c == '_' { c } else { '-' };
    let name: String = name.chars().map(plain).take(40).collect();
    let hash = hasher.finalize().to_hex();
    state.join("history").join(format!("{name}.{}.sqlite", &hash[..16]))
}

/// Makes an empty file where there is none.
fn prepare(file: &Path) -> Result<(), StoreError> {
    let failed = |source| StoreError::Open { file: file.to_owned(), source };
    if file.symlink_metadata().is_ok() {
        return Ok(());
    }
    if let Some(folder) = file.parent() {
        DirBuilder::new().recursive(true).mode(0o700).create(folder).map_err(failed)?;
    }
    match OpenOptions::new().write(true).create_new(true).mode(0o600).open(file) {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => Err(failed(error)),
        _ => Ok(()),
    }
}

fn is_busy(error: &rusqlite::Error) -> bool {
    matches!(error.sqlite_error_code(), Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked))
}

fn failed(file: &Path, error: rusqlite::Error) -> StoreError {
    let file = file.to_owned();
    let why = error.to_string();
    match error.sqlite_error_code() {
        Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase) => StoreError::Damaged { file, why },
        Some(ErrorCode::DiskFull) => StoreError::NotWritable { file, why: "there is no room left".to_owned() },
        Some(
            ErrorCode::ReadOnly | ErrorCode::CannotOpen | ErrorCode::SystemIoFailure | ErrorCode::PermissionDenied,
        ) => StoreError::NotWritable { file, why },
        Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => StoreError::Busy { file, waited: READERS },
        _ => StoreError::Failed { file, source: error },
    }
}

#[cfg(test)]
mod tests;
