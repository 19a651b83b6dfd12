//! What is written of a report, read back by who reads such things.

mod night;
mod page;
mod read_back;

use std::path::{Path, PathBuf};

use driftline::report::nightly::{FORMATS, NightlyReport, Screen};
use driftline::report::style::Styles;

/// A report in a form, as a text.
fn text_of(report: &NightlyReport, format: &str) -> String {
    let format = FORMATS.iter().find(|known| known.name == format).unwrap();
    let mut out = Vec::new();
    (format.write)(report, Screen { columns: 100, styles: Styles::new(false) }, &mut out).unwrap();
    String::from_utf8(out).unwrap()
}

/// A file in a folder with a report in a form.
fn written(report: &NightlyReport, format: &str, folder: &Path) -> PathBuf {
    let file = folder.join("report.html");
    std::fs::write(&file, text_of(report, format)).unwrap();
    file
}
