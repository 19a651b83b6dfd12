//! In which forms a report can be written. A further one is a file beside this and a line in [`FORMATS`].

use std::io::{self, Write};

use super::{NightlyReport, html, junit, markdown, prometheus, sarif, terminal};
use crate::report::escape;
use crate::report::style::Styles;

/// A form in which a report is written.
#[derive(Debug, Clone, Copy)]
pub struct Format {
    /// What it is called on the command line.
    pub name: &'static str,
    /// How the name of its file ends.
    pub extension: &'static str,
    /// What it is for, in a few words.
    pub about: &'static str,
    /// Writes a report; `screen` is for texts that people read.
    pub write: fn(report: &NightlyReport, screen: Screen, out: &mut dyn Write) -> io::Result<()>,
}

/// What a text is laid out for.
#[derive(Debug, Clone, Copy)]
pub struct Screen {
    /// How many columns it has.
    pub columns: usize,
    /// In colour or plain.
    pub styles: Styles,
}

/// All forms.
pub static FORMATS: &[Format] = &[
    Format { name: "text", extension: "txt", about: "for people, on a terminal", write: terminal::write },
    Format { name: "json", extension: "json", about: "for programs", write: json },
    Format {
        name: "html",
        extension: "html",
        about: "one page for people, which needs no network",
        write: html::write,
    },
    Format { name: "markdown", extension: "md", about: "for tickets and merge requests", write: markdown::write },
    Format { name: "junit", extension: "xml", about: "test results, for pipelines", write: junit::write },
    Format { name: "sarif", extension: "sarif", about: "results of an analysis, for code hosts", write: sarif::write },
    Format { name: "prometheus", extension: "prom", about: "figures, for node_exporter", write: prometheus::write },
];

fn json(report: &NightlyReport, _: Screen, out: &mut dyn Write) -> io::Result<()> {
    escape::write_json(report, out)
}
