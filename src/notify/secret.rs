//! Secrets, from where the configuration says that they are.

use std::ffi::OsString;
use std::fmt;
use std::fs::File;
use std::io::{self, Read as _};
use std::os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};

use crate::config::SecretPlace;

/// What is longer is another file.
const LONGEST: u64 = 16 * 1024;

/// A secret. It is in no output, not even for those who look for faults.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    pub(super) fn text(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(***)")
    }
}

/// Gives the value of an environment variable.
pub type Variables<'a> = &'a dyn Fn(&str) -> Option<OsString>;

/// Why there is no secret.
#[derive(Debug, thiserror::Error)]
pub enum SecretError {
    /// The variable is not set.
    #[error("the environment variable `{0}` is not set")]
    NotSet(String),
    /// The file cannot be read.
    #[error("cannot read `{}`: {}", .path.display(), .source.kind())]
    Unread {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// Others may read it.
    #[error("`{}` may be read by others: its mode is {mode:04o}", .path.display())]
    Open {
        /// The file.
        path: PathBuf,
        /// Its permissions.
        mode: u32,
    },
    /// There is something else in it.
    #[error("{place} holds no secret: {why}")]
    None {
        /// The variable or file.
        place: String,
        /// What there is.
        why: &'static str,
    },
}

impl SecretError {
    /// What to do about it.
    pub fn hint(&self) -> String {
        match self {
            Self::NotSet(name) => {
                format!("set `{name}` where driftline is started, or name a file in the configuration")
            }
            Self::Unread { .. } => "put the secret into that file, alone, and let only its owner read it".to_owned(),
            Self::Open { path, .. } => format!("chmod 600 {}", path.display()),
            Self::None { .. } => "put the secret there, alone, in one line".to_owned(),
        }
    }
}

/// Looks a secret up.
pub fn find(place: &SecretPlace, variables: Variables<'_>) -> Result<Secret, SecretError> {
    let (shown, bytes) = match place {
        SecretPlace::Variable(name) => {
            let value = variables(name).ok_or_else(|| SecretError::NotSet(name.clone()))?;
            (format!("the environment variable `{name}`"), value.into_encoded_bytes())
        }
        SecretPlace::File(path) => (format!("`{}`", path.display()), read(path)?),
    };
    judge(bytes).map_err(|why| SecretError::None { place: shown, why })
}

fn read(path: &Path) -> Result<Vec<u8>, SecretError> {
    let failed = |source| SecretError::Unread { path: path.to_owned(), source };
    // A named pipe would be waited for for ever.
    let flags = rustix::fs::OFlags::NONBLOCK | rustix::fs::OFlags::CLOEXEC;
    let file = File::options().read(true).custom_flags(flags.bits().cast_signed()).open(path).map_err(failed)?;
    let metadata = file.metadata().map_err(failed)?;
    if !metadata.is_file() {
        let (place, why) = (format!("`{}`", path.display()), "it is not a regular file");
        return Err(SecretError::None { place, why });
    }
    let mode = metadata.permissions().mode() & 0o7777;
    if mode & 0o077 != 0 {
        return Err(SecretError::Open { path: path.to_owned(), mode });
    }
    let mut bytes = Vec::new();
    file.take(LONGEST + 1).read_to_end(&mut bytes).map_err(failed)?;
    Ok(bytes)
}

fn judge(bytes: Vec<u8>) -> Result<Secret, &'static str> {
    if bytes.len() as u64 > LONGEST {
        return Err("it is too long for one");
    }
    let text = String::from_utf8(bytes).map_err(|_| "it is not UTF-8")?;
    let line = text.strip_suffix('\n').unwrap_or(&text);
    let line = line.strip_suffix('\r').unwrap_or(line);
    match line {
        "" => Err("it is empty"),
        line if line.contains(char::is_control) => Err("there are several lines or control characters in it"),
        line => Ok(Secret(line.to_owned())),
    }
}

/// Takes secrets out of the words of others.
pub(super) fn without(text: &str, secrets: &[&str]) -> String {
    let mut text = text.to_owned();
    for secret in secrets.iter().filter(|secret| !secret.is_empty()) {
        text = text.replace(secret, "***");
    }
    text
}
