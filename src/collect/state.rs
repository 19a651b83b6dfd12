//! The state folder: private, written in whole files, and never in the way.

use std::fs::DirBuilder;
use std::io::{self, Write as _};
use std::os::unix::fs::DirBuilderExt as _;
use std::path::Path;

/// Makes sure that there is such a folder and that it can be written to.
pub(super) fn prepare(folder: &Path) -> io::Result<()> {
    DirBuilder::new().recursive(true).mode(0o700).create(folder)?;
    let may = rustix::fs::Access::WRITE_OK | rustix::fs::Access::EXEC_OK;
    Ok(rustix::fs::access(folder, may)?)
}

/// Replaces a file at once by one that `write` fills, for the owner's eyes only.
pub(super) fn replace(file: &Path, write: impl FnOnce(&mut dyn io::Write) -> io::Result<()>) -> io::Result<()> {
    let folder = file.parent().unwrap_or(Path::new("."));
    DirBuilder::new().recursive(true).mode(0o700).create(folder)?;
    let mut new = io::BufWriter::with_capacity(64 * 1024, tempfile::NamedTempFile::new_in(folder)?);
    write(&mut new)?;
    // Not forced to the disk: what a power cut leaves is told by its checksum, and costs one reading.
    new.into_inner()?.persist(file).map_err(|error| error.error)?;
    Ok(())
}

/// Makes a file with this content, for the owner's eyes only, whole or not at all; `false` when there is one already.
pub(super) fn create(file: &Path, content: &[u8]) -> io::Result<bool> {
    let mut new = tempfile::NamedTempFile::new_in(file.parent().unwrap_or(Path::new(".")))?;
    new.write_all(content)?;
    new.as_file().sync_all()?;
    match new.persist_noclobber(file) {
        Ok(_) => Ok(true),
        Err(error) if error.error.kind() == io::ErrorKind::AlreadyExists => Ok(false),
        Err(error) => Err(error.error),
    }
}
