//! Why a command could not be carried out.

use std::error::Error;
use std::fmt;
use std::io;

use crate::report::escape;
use crate::report::style::{Look, Styles};

/// An error for a person: what failed, why, and what to do. Ends the run with [`crate::cli::exit::Exit::Error`].
#[derive(Debug)]
pub(crate) enum Failure {
    /// A message of one line, its causes, and hints.
    Plain { message: String, causes: Vec<String>, hints: Vec<String> },
    /// A text that is already laid out, such as problems of a configuration with the places underlined.
    Rendered(String),
    /// Whoever read the output has gone away: a quiet end.
    BrokenPipe,
}

impl Failure {
    /// A failure without a cause.
    pub(crate) fn new(message: impl Into<String>) -> Self {
        Self::Plain { message: message.into(), causes: Vec::new(), hints: Vec::new() }
    }

    /// A failure and the chain of causes of an error, outermost first.
    pub(crate) fn because(message: impl Into<String>, error: &dyn Error) -> Self {
        let chain = std::iter::successors(Some(error), |error| error.source());
        Self::Plain { message: message.into(), causes: chain.map(ToString::to_string).collect(), hints: Vec::new() }
    }

    /// Adds what to do.
    pub(crate) fn hint(mut self, hint: impl Into<String>) -> Self {
        if let Self::Plain { hints, .. } = &mut self {
            hints.push(hint.into());
        }
        self
    }

    /// Writes it for a person.
    pub(crate) fn write(&self, out: &mut dyn io::Write, styles: Styles) -> io::Result<()> {
        match self {
            Self::BrokenPipe => Ok(()),
            Self::Rendered(text) => writeln!(out, "{}", text.trim_end()),
            Self::Plain { message, causes, hints } => {
                writeln!(out, "{} {}", styles.paint(Look::Alarm, "error:"), line(message))?;
                for cause in causes {
                    writeln!(out, "  caused by: {}", line(cause))?;
                }
                for hint in hints {
                    writeln!(out, "{} {}", styles.paint(Look::Command, "hint:"), line(hint))?;
                }
                Ok(())
            }
        }
    }
}

/// Messages quote names of files and what systems answered; neither may drive the terminal.
fn line(text: &str) -> impl fmt::Display {
    escape::text(text.as_bytes())
}

impl From<io::Error> for Failure {
    /// For what is written to stdout; everything else names its objects.
    fn from(error: io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::BrokenPipe => Self::BrokenPipe,
            _ => Self::because("cannot write the output", &error),
        }
    }
}
