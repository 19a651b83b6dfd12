//! What is compared: environments, where they are, what their folders are called, what is left out.
//!
//! Takes the text of `driftline.toml` ([`parse`]) or `NAME=SOURCE` arguments ([`from_arguments`]) and gives a [`Config`] in which
//! every name exists and every rule parses, or all problems at once. Only [`find`], [`load`] and, to tell a folder from a host,
//! [`from_arguments`] look at the file system.

mod accept;
mod adhoc;
mod fix;
mod map;
mod notify;
mod problem;
mod raw;
mod remote;
mod rules;
mod validate;

pub use accept::Accept;
pub use adhoc::{ArgumentError, from_argument, from_arguments};
pub use fix::{Fix, FixPlace, KnownBy};
pub use map::{MapConflict, MapPair, PathMap};
pub use notify::{Channel, Mail, Notify, SecretPlace, Tls, is_loopback};
pub use problem::{Invalid, Problem};
pub use remote::SshPlace;
pub use rules::RULE_CODES;
pub use validate::check_ignore_rule;

use std::fs::File;
use std::io::{self, Read as _};
use std::num::{NonZeroU32, NonZeroU64};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use crate::path::{EnvironmentName, TreePath};

/// What the file is called.
pub const FILE_NAME: &str = "driftline.toml";

/// More environments than this have no letters left to be told apart by.
pub const MAX_ENVIRONMENTS: usize = 52;

/// A configuration is written by people: what is larger is another file under this name.
const MAX_BYTES: u64 = 1 << 20;

/// What to compare.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Config {
    /// At least one, in the order of the file or of the arguments; names are unique.
    pub environments: Vec<Environment>,
    /// The environment against which others are measured, if one was chosen.
    pub baseline: Option<EnvironmentName>,
    /// Paths of special interest: files, or folders with everything below them. Common paths.
    pub focus: Vec<TreePath>,
    /// gitignore rules on common paths, in order.
    pub ignore: Vec<String>,
    /// gitignore rules on common paths, in order: files that are sensitive beside those that are so by name.
    pub sensitive: Vec<String>,
    /// Fixes that must be somewhere, in the order of the file; ids are unique.
    pub fixes: Vec<Fix>,
    /// Findings that somebody accepted, in the order of the file; ids are unique.
    pub accepts: Vec<Accept>,
    /// How severe the findings of rules are, where that is not as usual: codes of rules, and names of severities.
    pub severities: Vec<(String, &'static str)>,
    /// How many days of reports are kept, if that is not as usual.
    pub keep_days: Option<u32>,
    /// Who is told about reports, in the order of the file; names are unique.
    pub notify: Vec<Notify>,
    /// The file it came from; `None` for arguments alone.
    pub file: Option<PathBuf>,
}

/// A named place that is compared.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Environment {
    /// Its name.
    pub name: EnvironmentName,
    /// What it is for, in the user's words, such as `production`.
    pub role: Option<String>,
    /// Where it is.
    pub source: SourceSpec,
    /// What its folders are called elsewhere.
    pub map: PathMap,
    /// How it should be.
    pub expect: Expect,
}

/// How an environment should be, as far as somebody said so.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Expect {
    /// The branch that is checked out.
    pub branch: Option<String>,
    /// The user who owns its files, by name or number.
    pub user: Option<String>,
    /// Their group.
    pub group: Option<String>,
}

/// The way to read an environment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SourceSpec {
    /// A folder of this machine.
    Folder {
        /// Where; relative paths in a file are relative to that file's folder.
        path: PathBuf,
    },
    /// A repository of this machine, read at a commit, never checked out.
    Git {
        /// A checkout or a bare repository.
        repository: PathBuf,
        /// Anything that names a commit, such as `origin/main`.
        reference: String,
    },
    /// An archive on this machine, never unpacked: a tar, plain or packed by gzip, zstd or xz, or a zip.
    Archive {
        /// The file.
        path: PathBuf,
        /// So many leading parts of each name are taken away, as by `tar --strip-components`.
        strip: u32,
    },
    /// A snapshot that `driftline snapshot` wrote.
    Snapshot {
        /// The file.
        path: PathBuf,
    },
    /// A folder of another machine, read over `ssh`.
    Ssh {
        /// How the machine is reached.
        place: SshPlace,
        /// Where; relative to the login folder unless it begins with `/`.
        path: PathBuf,
        /// How many bytes of files are read there in a second at most.
        rate: Option<NonZeroU64>,
        /// How many of the newest commits of each branch are fetched; all of them when `None`.
        depth: Option<NonZeroU32>,
    },
    /// A folder that is read by way of another command, which runs a command with stdin and stdout: `docker exec -i C`, `sudo -n`.
    Exec {
        /// The command and its arguments; never empty, and no shell has a part in it.
        command: Vec<String>,
        /// Where; relative to the folder in which the command runs things.
        path: PathBuf,
        /// As for `Ssh`.
        rate: Option<NonZeroU64>,
        /// As for `Ssh`.
        depth: Option<NonZeroU32>,
    },
}

/// Why there is no configuration.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// The file could not be read.
    #[error("cannot read the configuration `{}`", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The file was read, and there are mistakes in it; all of them are listed.
    #[error(transparent)]
    Invalid(Box<Invalid>),
}

/// What relative paths and `~/` mean.
#[derive(Debug, Clone, Copy)]
pub struct Places<'a> {
    /// The folder to which relative paths are relative.
    pub folder: &'a Path,
    /// The user's home folder, if it is known.
    pub home: Option<&'a Path>,
}

/// Finds the configuration that holds for a folder: in itself, else in the nearest folder above it that has one.
pub fn find(start: &Path) -> Option<PathBuf> {
    start.ancestors().map(|folder| folder.join(FILE_NAME)).find(|path| path.symlink_metadata().is_ok())
}

/// Reads a configuration file. Relative paths in it are relative to its folder, `~/` is `home`.
///
/// # Errors
/// [`ConfigError::Read`] when it is no regular file of at most 1 MiB or the system refuses; [`ConfigError::Invalid`] for what is
/// written in it.
pub fn load(path: &Path, home: Option<&Path>) -> Result<Config, ConfigError> {
    let bytes = read(path).map_err(|source| ConfigError::Read { path: path.to_owned(), source })?;
    let file = path.display().to_string();
    let text =
        String::from_utf8(bytes).map_err(|error| ConfigError::Invalid(Box::new(Invalid::not_text(&file, &error))))?;
    let folder = path.parent().unwrap_or(Path::new(""));
    let places = Places { folder, home };
    let mut config = parse_with(&text, &file, places, &|path| read(path).map(Some))
        .map_err(|invalid| ConfigError::Invalid(Box::new(invalid)))?;
    config.file = Some(path.to_owned());
    Ok(config)
}

/// Reads the text of a configuration; `file` is what problems call it. Pure. [`Config::file`] is left empty.
///
/// Patches of fixes are not read: they change nothing here.
pub fn parse(text: &str, file: &str, places: Places<'_>) -> Result<Config, Invalid> {
    parse_with(text, file, places, &|_| Ok(None))
}

/// Gives the text of a patch that the configuration names; `None` when patches are not read.
type PatchReader<'a> = &'a dyn Fn(&Path) -> io::Result<Option<Vec<u8>>>;

fn parse_with(text: &str, file: &str, places: Places<'_>, patches: PatchReader<'_>) -> Result<Config, Invalid> {
    let mut problems = Vec::new();
    let mut raw = raw::read(text, &mut problems);
    let broken = std::mem::take(&mut raw.broken);
    let config = validate::validate(raw, !broken.is_empty(), places, patches, &mut problems);
    problems.retain(|problem| {
        let before = broken.partition_point(|(place, _)| place.start <= problem.span.start);
        before.checked_sub(1).is_none_or(|at| problem.span.start >= broken[at].0.end)
    });
    problems.extend(broken.into_iter().map(|(_, problem)| problem));
    if problems.is_empty() { Ok(config) } else { Err(Invalid::new(file, text, problems)) }
}

fn read(path: &Path) -> io::Result<Vec<u8>> {
    // A named pipe under this name would be waited for for ever.
    let flags = rustix::fs::OFlags::NONBLOCK | rustix::fs::OFlags::CLOEXEC;
    let file = File::options().read(true).custom_flags(flags.bits().cast_signed()).open(path)?;
    let metadata = file.metadata()?;
    if !metadata.is_file() {
        return Err(io::Error::other("it is not a regular file"));
    }
    let mut bytes = Vec::new();
    file.take(MAX_BYTES + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > MAX_BYTES {
        return Err(io::Error::other("it is larger than 1 MiB, too large for what people write"));
    }
    Ok(bytes)
}

/// Replaces a leading `~/` by the home folder.
fn expand_home(path: &Path, home: Option<&Path>) -> Result<PathBuf, &'static str> {
    let Some(first) = path.components().next() else { return Ok(path.to_owned()) };
    let first = first.as_os_str();
    if first == "~" {
        let home = home.ok_or("the home folder is not known: HOME is not set")?;
        let rest = path.strip_prefix("~").unwrap_or(path);
        return Ok(if rest.as_os_str().is_empty() { home.to_owned() } else { home.join(rest) });
    }
    if first.as_encoded_bytes().starts_with(b"~") {
        return Err("only `~/` is understood; write `./~...` for a folder of that name");
    }
    Ok(path.to_owned())
}
