//! Where output goes: data to stdout, everything else to stderr.

use std::io::{self, BufWriter, Write};

use anstream::{AutoStream, ColorChoice};

use crate::report::style::Styles;

/// The streams of a run and how to style what is written to them.
#[derive(Debug)]
pub(crate) struct Output {
    /// Looks for stdout.
    pub(crate) styles: Styles,
    /// Looks for stderr.
    pub(crate) error_styles: Styles,
    /// Columns for text.
    pub(crate) width: usize,
}

impl Output {
    /// Decides by the user's wish, `NO_COLOR` and its like, and whether a terminal is listening.
    pub(crate) fn new(colour: clap::ColorChoice, width: u16) -> Self {
        let wish = match colour {
            clap::ColorChoice::Auto => ColorChoice::Auto,
            clap::ColorChoice::Always => ColorChoice::Always,
            clap::ColorChoice::Never => ColorChoice::Never,
        };
        let coloured = |choice| Styles::new(choice != ColorChoice::Never);
        let decide = |found: ColorChoice| if wish == ColorChoice::Auto { found } else { wish };
        Self {
            styles: coloured(decide(AutoStream::choice(&io::stdout()))),
            error_styles: coloured(decide(AutoStream::choice(&io::stderr()))),
            width: usize::from(width),
        }
    }
}

/// Writes data to stdout, all of it or an error.
pub(crate) fn data(write: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> io::Result<()> {
    let mut out = BufWriter::with_capacity(64 * 1024, io::stdout().lock());
    write(&mut out)?;
    out.flush()
}

/// Writes something beside the data to stderr. That nobody can read it is no reason to fail.
pub(crate) fn aside(write: impl FnOnce(&mut dyn Write) -> io::Result<()>) {
    let _ = write(&mut io::stderr().lock());
}
