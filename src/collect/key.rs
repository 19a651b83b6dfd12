//! The key of this installation, with which marks stand for secrets.

use std::fs::File;
use std::io::{self, Read as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;

use rustix::fs::OFlags;
use rustix::rand::{GetRandomFlags, getrandom};

use crate::collect::state;
use crate::snapshot::{Incident, IncidentKind};

/// What the file is called in the state folder.
const FILE_NAME: &str = "installation.key";

/// The key in a state folder, made when there is none; without a state folder, or when it cannot be used, one for this run, and why.
///
/// With the same key equal secrets have equal marks in each run. The file is for its owner alone, appears whole, and is never replaced: two
/// runs at once agree on one.
///
/// # Errors
/// When the system gives no random numbers: with a key that can be guessed, so can short secrets.
pub fn installation_key(state_dir: Option<&Path>) -> io::Result<([u8; 32], Option<Incident>)> {
    let Some(folder) = state_dir else { return Ok((random()?, None)) };
    let fresh = random()?;
    let file = folder.join(FILE_NAME);
    match read(&file).and_then(|known| known.map_or_else(|| create(folder, &file, fresh), Ok)) {
        Ok(key) => Ok((key, None)),
        // That the folder as a whole cannot be used is said by whoever keeps more in it.
        Err(error) => Ok((fresh, state::prepare(folder).is_ok().then(|| note(&file, &error)))),
    }
}

/// What is wrong with the key in a state folder, if there is one and something is.
pub(super) fn damage(folder: &Path) -> Option<Incident> {
    let file = folder.join(FILE_NAME);
    read(&file).err().map(|error| note(&file, &error))
}

fn random() -> io::Result<[u8; 32]> {
    let mut key = [0; 32];
    let mut filled = 0;
    while filled < key.len() {
        filled += getrandom(&mut key[filled..], GetRandomFlags::empty())?;
    }
    Ok(key)
}

fn read(path: &Path) -> io::Result<Option<[u8; 32]>> {
    // Neither a link nor a named pipe under this name is a key.
    let flags = OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
    let file = match File::options().read(true).custom_flags(flags.bits().cast_signed()).open(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        file => file?,
    };
    if !file.metadata()?.is_file() {
        return Err(io::Error::other("it is not a regular file"));
    }
    let mut bytes = Vec::new();
    file.take(33).read_to_end(&mut bytes)?;
    let key = bytes.try_into().map_err(|_| io::Error::other("it does not have the 32 bytes of a key"))?;
    Ok(Some(key))
}

fn create(folder: &Path, file: &Path, key: [u8; 32]) -> io::Result<[u8; 32]> {
    state::prepare(folder)?;
    if state::create(file, &key)? {
        return Ok(key);
    }
    read(file)?.ok_or_else(|| io::Error::other("it went away while it was read"))
}

fn note(file: &Path, error: &io::Error) -> Incident {
    Incident {
        path: None,
        kind: IncidentKind::Note,
        message: format!("secrets have other marks in each run: cannot use the key `{}`: {error}", file.display()),
        hint: Some(
            "make the state folder writable, remove the key if it is damaged, or choose another with --state-dir"
                .to_owned(),
        ),
    }
}
