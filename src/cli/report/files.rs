//! Files of a report: each appears whole or not at all, and is for its owner alone.

use std::fs;
use std::io::{self, BufWriter, Write as _};
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Path, PathBuf};

use tempfile::NamedTempFile;

use crate::cli::failure::Failure;
use crate::report::escape;
use crate::report::nightly::{Format, NightlyReport, Screen};
use crate::report::style::Styles;

/// Columns of texts in files.
const COLUMNS: usize = 100;

/// Makes the folder, and makes sure that files can be made in it, before the long work is done.
pub(super) fn prepare(folder: &Path) -> Result<(), Failure> {
    fs::create_dir_all(folder).and_then(|()| temporary(folder).map(drop)).map_err(|error| failed(folder, &error))
}

/// All files of a report, under names of their own until they are put in place.
pub(super) struct Staged {
    folder: PathBuf,
    files: Vec<(NamedTempFile, PathBuf)>,
}

impl Staged {
    /// Writes a report in all forms.
    pub(super) fn new(folder: &Path, formats: &[&'static Format], report: &NightlyReport) -> Result<Self, Failure> {
        let write = |format: &&'static Format| -> io::Result<(NamedTempFile, PathBuf)> {
            let mut out = BufWriter::with_capacity(64 * 1024, temporary(folder)?);
            let screen = Screen { columns: COLUMNS, styles: Styles::new(false) };
            (format.write)(report, screen, &mut out)?;
            out.flush()?;
            let file = out.into_inner().map_err(io::IntoInnerError::into_error)?;
            file.as_file().sync_all()?;
            Ok((file, folder.join(format!("report.{}", format.extension))))
        };
        let files = formats.iter().map(write).collect::<io::Result<Vec<_>>>();
        let files = files.map_err(|error| failed(folder, &error))?;
        Ok(Self { folder: folder.to_owned(), files })
    }

    /// Puts all files in place of those of an earlier report, and gives their names.
    pub(super) fn put(self) -> Result<Vec<PathBuf>, Failure> {
        let Self { folder, files } = self;
        let put = |(file, place): (NamedTempFile, PathBuf)| file.persist(&place).map(|_| place);
        let placed: Result<Vec<PathBuf>, _> = files.into_iter().map(put).collect();
        placed.map_err(|error| failed(&folder, &error.error))
    }
}

/// A file that only its owner can read.
fn temporary(folder: &Path) -> io::Result<NamedTempFile> {
    tempfile::Builder::new().prefix(".driftline-report-").tempfile_in(folder)
}

fn failed(folder: &Path, error: &io::Error) -> Failure {
    let shown = escape::name(folder.as_os_str().as_bytes()).into_owned();
    Failure::because(format!("cannot write a report to `{shown}`"), error)
        .hint("make room and the folder writable, or name another one with --out")
}
