//! Why a command could not be carried out.

use std::error::Error;
use std::fmt;
use std::io;

use crate::collect::installation_key;
use crate::compare::text::Redactor;
use crate::config::Invalid;
use crate::report::escape;
use crate::report::style::{Look, Styles};

/// An error for a person: what failed, why, and what to do. Ends the run with [`crate::cli::exit::Exit::Error`].
#[derive(Debug)]
pub(crate) enum Failure {
    /// A message of one line, its causes, further messages of the same weight, and hints.
    Plain { message: String, causes: Vec<String>, also: Vec<String>, hints: Vec<String> },
    /// All that is wrong in a configuration, with the places underlined.
    Invalid(Box<Invalid>),
    /// Whoever read the output has gone away: a quiet end.
    BrokenPipe,
}

impl Failure {
    /// A failure without a cause.
    pub(crate) fn new(message: impl Into<String>) -> Self {
        Self::Plain { message: message.into(), causes: Vec::new(), also: Vec::new(), hints: Vec::new() }
    }

    /// A failure and the chain of causes of an error, outermost first.
    pub(crate) fn because(message: impl Into<String>, error: &dyn Error) -> Self {
        let mut causes = vec![words(error)];
        let mut cause = error.source();
        while let Some(error) = cause {
            causes.push(words(error));
            cause = error.source();
        }
        Self::Plain { message: message.into(), causes, also: Vec::new(), hints: Vec::new() }
    }

    /// Adds something else that is wrong.
    pub(crate) fn also(mut self, message: impl Into<String>) -> Self {
        if let Self::Plain { also, .. } = &mut self {
            also.push(message.into());
        }
        self
    }

    /// Adds what to do.
    pub(crate) fn hint(mut self, hint: impl Into<String>) -> Self {
        if let Self::Plain { hints, .. } = &mut self {
            hints.push(hint.into());
        }
        self
    }

    /// Adds a line below the last hint.
    pub(crate) fn detail(mut self, line: &str) -> Self {
        if let Self::Plain { hints, .. } = &mut self
            && let Some(hint) = hints.last_mut()
        {
            hint.push('\n');
            hint.push_str(line);
        }
        self
    }

    /// Writes it for a person.
    pub(crate) fn write(&self, out: &mut dyn io::Write, styles: Styles) -> io::Result<()> {
        match self {
            Self::BrokenPipe => Ok(()),
            Self::Invalid(invalid) => writeln!(out, "{}", invalid.render(styles.is_coloured()).trim_end()),
            Self::Plain { message, causes, also, hints } => {
                let error = styles.paint(Look::Alarm, "error:");
                writeln!(out, "{error} {}", line(message))?;
                for cause in causes {
                    writeln!(out, "  caused by: {}", line(cause))?;
                }
                for message in also {
                    writeln!(out, "{error} {}", line(message))?;
                }
                for hint in hints {
                    let mut lines = hint.lines().map(line);
                    if let Some(first) = lines.next() {
                        writeln!(out, "{} {first}", styles.paint(Look::Command, "hint:"))?;
                    }
                    lines.try_for_each(|line| writeln!(out, "{line}"))?;
                }
                Ok(())
            }
        }
    }
}

/// What an error says; the number of a system error says nothing to a person.
fn words(error: &dyn Error) -> String {
    let text = error.to_string();
    match text.rsplit_once(" (os error ") {
        Some((words, _)) => words.to_owned(),
        None => text,
    }
}

/// Messages quote names of files and what systems answered; neither may drive the terminal, or tell a secret.
fn line(text: &str) -> impl fmt::Display {
    // Nobody compares marks of errors: their key may be any that cannot be guessed.
    let (key, _) = installation_key(None).unwrap_or_default();
    let text = Redactor::new(key, &[]).words(text).into_owned();
    escape::text(text.as_bytes()).into_owned()
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
