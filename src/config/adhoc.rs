//! Environments as arguments: `NAME=SOURCE`.

use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Path, PathBuf};

use super::validate::DEFAULT_REFERENCE;
use super::{Environment, Expect, MAX_ENVIRONMENTS, PathMap, SourceSpec, SshPlace, expand_home};
use crate::path::EnvironmentName;

/// Name endings of archives.
const ARCHIVE_ENDINGS: &[&str] = &[".tar", ".tar.gz", ".tgz", ".tar.zst", ".tzst", ".tar.xz", ".txz", ".zip"];

/// Those of archives that cannot be read.
const UNREAD_ENDINGS: &[&str] = &[".tar.bz2", ".tbz", ".tbz2", ".7z", ".rar"];

/// The name ending of snapshots.
const SNAPSHOT_ENDING: &str = ".ndjson.zst";

/// Why an argument is no environment. Arguments are quoted with their special bytes escaped.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ArgumentError {
    /// There is no `=`.
    #[error("`{argument}` is not of the form NAME=SOURCE; write for instance `prod={argument}`")]
    NoName {
        /// The argument.
        argument: String,
    },
    /// What is before `=` cannot name an environment.
    #[error(
        "`{name}` cannot name an environment: use letters, digits, `.`, `_` and `-`, a letter or digit first, at most 64 of them"
    )]
    Name {
        /// What is before `=`.
        name: String,
    },
    /// Nothing is after `=`, or a repository has no path or an empty ref.
    #[error("`{name}`: {reason}")]
    Source {
        /// The environment.
        name: EnvironmentName,
        /// What is missing, and what would be right.
        reason: &'static str,
    },
    /// A kind of source that is planned and not there yet.
    #[error(
        "`{name}`: `{source_text}` looks like {kind}, which is not supported by this version; name a folder, host:path, git:REPO@REF, a .tar.gz or .zip file, or a snapshot"
    )]
    Unsupported {
        /// The environment.
        name: EnvironmentName,
        /// What is after `=`.
        source_text: String,
        /// What it looks like.
        kind: &'static str,
    },
    /// Two arguments have one name.
    #[error("the name `{name}` is given twice; give each environment a name of its own")]
    Twice {
        /// The name.
        name: EnvironmentName,
    },
    /// There are more than can be told apart.
    #[error("{count} environments are too many: at most {MAX_ENVIRONMENTS} can be told apart")]
    TooMany {
        /// How many were given.
        count: usize,
    },
}

/// Reads all arguments; environments come in their order.
///
/// # Errors
/// All that is wrong with any of them.
pub fn from_arguments<S: AsRef<OsStr>>(
    arguments: &[S],
    home: Option<&Path>,
) -> Result<Vec<Environment>, Vec<ArgumentError>> {
    let mut environments: Vec<Environment> = Vec::new();
    let mut errors = Vec::new();
    for argument in arguments {
        match from_argument(argument.as_ref(), home) {
            Ok(environment) if environments.iter().any(|known| known.name == environment.name) => {
                errors.push(ArgumentError::Twice { name: environment.name });
            }
            Ok(environment) => environments.push(environment),
            Err(error) => errors.push(error),
        }
    }
    if arguments.len() > MAX_ENVIRONMENTS {
        errors.push(ArgumentError::TooMany { count: arguments.len() });
    }
    if errors.is_empty() { Ok(environments) } else { Err(errors) }
}

/// Reads `NAME=FOLDER`, `NAME=git:REPOSITORY` (its HEAD), `NAME=git:REPOSITORY@REF`, `NAME=HOST:PATH`, `NAME=ssh://HOST/PATH`,
/// `NAME=FILE.tar.gz` (and the endings of other archives) or `NAME=FILE.ndjson.zst`, a snapshot.
///
/// The last `@` that is not part of `@{...}` begins the ref, unless only the whole text is a path that exists. A folder that exists under
/// the very name is meant before anything else. Relative paths are left as they are; `~/` is `home`.
pub fn from_argument(argument: &OsStr, home: Option<&Path>) -> Result<Environment, ArgumentError> {
    let bytes = argument.as_bytes();
    let Some(at) = bytes.iter().position(|&b| b == b'=') else {
        return Err(ArgumentError::NoName { argument: bytes.escape_ascii().to_string() });
    };
    let (name, source) = (&bytes[..at], &bytes[at + 1..]);
    let Some(name) = std::str::from_utf8(name).ok().and_then(EnvironmentName::new) else {
        return Err(ArgumentError::Name { name: name.escape_ascii().to_string() });
    };
    let source = match source_spec(source, home) {
        Ok(source) => source,
        Err(Refusal::Reason(reason)) => return Err(ArgumentError::Source { name, reason }),
        Err(Refusal::Unsupported(kind)) => {
            return Err(ArgumentError::Unsupported { name, source_text: source.escape_ascii().to_string(), kind });
        }
    };
    Ok(Environment { name, role: None, source, map: PathMap::default(), expect: Expect::default() })
}

enum Refusal {
    Reason(&'static str),
    Unsupported(&'static str),
}

fn source_spec(source: &[u8], home: Option<&Path>) -> Result<SourceSpec, Refusal> {
    let path = Path::new(OsStr::from_bytes(source));
    if source.is_empty() {
        return Err(Refusal::Reason("nothing follows `=`; name a folder or git:REPO@REF"));
    }
    if path.is_dir() {
        return Ok(SourceSpec::Folder { path: path.to_owned() });
    }
    if let Some(rest) = source.strip_prefix(b"git:") {
        return git(rest, home);
    }
    if let Some(spec) = ssh(source)? {
        return Ok(spec);
    }
    if let Some(kind) = later_kind(source) {
        return Err(Refusal::Unsupported(kind));
    }
    let path = expand_home(path, home).map_err(Refusal::Reason)?;
    Ok(if ends_with(source, ARCHIVE_ENDINGS) {
        SourceSpec::Archive { path, strip: 0 }
    } else if ends_with(source, &[SNAPSHOT_ENDING]) {
        SourceSpec::Snapshot { path }
    } else {
        SourceSpec::Folder { path }
    })
}

fn git(rest: &[u8], home: Option<&Path>) -> Result<SourceSpec, Refusal> {
    let path = |bytes: &[u8]| -> Result<PathBuf, Refusal> {
        let path = OsString::from(OsStr::from_bytes(bytes));
        expand_home(Path::new(&path), home).map_err(Refusal::Reason)
    };
    let split = (0..rest.len()).rev().find(|&at| rest[at] == b'@' && rest.get(at + 1) != Some(&b'{'));
    let (repository, reference) = match split {
        Some(at) if path(&rest[..at])?.exists() || !path(rest)?.exists() => (&rest[..at], Some(&rest[at + 1..])),
        _ => (rest, None),
    };
    if repository.is_empty() {
        return Err(Refusal::Reason("`git:` names no repository; write git:REPO@REF"));
    }
    let reference = match reference {
        None => DEFAULT_REFERENCE,
        Some(b"") => {
            return Err(Refusal::Reason("nothing follows `@`; write a branch, a tag or a commit, or leave `@` out"));
        }
        Some(bytes) => std::str::from_utf8(bytes).map_err(|_| Refusal::Reason("the ref is not UTF-8"))?,
    };
    Ok(SourceSpec::Git { repository: path(repository)?, reference: reference.to_owned() })
}

/// `ssh://user@host:port/path`, or `user@host:path` where no `/` comes before the colon.
fn ssh(source: &[u8]) -> Result<Option<SourceSpec>, Refusal> {
    let (host, path) = if let Some(rest) = source.strip_prefix(b"ssh://") {
        let at = rest
            .iter()
            .position(|&b| b == b'/')
            .ok_or(Refusal::Reason("no folder follows the host; write ssh://user@host:port/path"))?;
        (&source[..at + b"ssh://".len()], &rest[at..])
    } else {
        let first_part = source.split(|&b| b == b'/').next().unwrap_or_default();
        let from = if first_part.starts_with(b"[") { first_part.iter().position(|&b| b == b']') } else { Some(0) };
        let colon = from.and_then(|from| Some(from + first_part[from..].iter().position(|&b| b == b':')?));
        match colon.filter(|_| !first_part.starts_with(b".")) {
            Some(at) => (&source[..at], &source[at + 1..]),
            None => return Ok(None),
        }
    };
    let host = std::str::from_utf8(host).map_err(|_| Refusal::Reason("the host is not UTF-8"))?;
    let place = SshPlace::parse(host).map_err(Refusal::Reason)?;
    // The home folder in a URL is `/~/`.
    let path = if path.starts_with(b"/~") { &path[1..] } else { path };
    let path = far_path(path).map_err(Refusal::Reason)?;
    Ok(Some(SourceSpec::Ssh { place, path, rate: None, depth: None }))
}

/// A folder of another machine.
pub(super) fn far_path(path: &[u8]) -> Result<PathBuf, &'static str> {
    let path = match path {
        b"~" | b"~/" => b".",
        [b'~', b'/', rest @ ..] => rest,
        path => path,
    };
    match path {
        b"" => Err("no folder is named; write `.` for the one in which one logs in"),
        [b'~', ..] => Err("only `~/` is understood; write the whole path"),
        path if path.iter().any(|&b| b == 0 || b == b'\n') => Err("a zero byte or a line feed is in it"),
        path => Ok(PathBuf::from(OsStr::from_bytes(path))),
    }
}

fn later_kind(source: &[u8]) -> Option<&'static str> {
    ends_with(source, UNREAD_ENDINGS).then_some("an archive of a kind")
}

fn ends_with(source: &[u8], endings: &[&str]) -> bool {
    let name = source.to_ascii_lowercase();
    endings.iter().any(|ending| name.ends_with(ending.as_bytes()))
}
