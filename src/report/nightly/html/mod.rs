//! The report as one page that needs nothing but itself: no network, no other file, no server.
//!
//! What a person reads first is in the page as text, also where scripts do not run. The matrix and the texts side by side are drawn by
//! the page's own script from data beside it, and only as much of them as is in view. The policy of the page allows this one style sheet
//! and this one script, by their digests, and nothing else.

mod candidates;
mod data;
mod first;
mod sections;
mod trend;

use std::borrow::Cow;
use std::io::{self, Write};

use base64::Engine as _;
use maud::{DOCTYPE, Markup, PreEscaped, html};
use sha2::Digest as _;

use super::{NightlyReport, Screen};
use crate::report::escape;
use crate::report::layout::{count, counted};
use crate::report::model::PathReport;
use crate::report::wording::date;

const STYLE: &str = include_str!("page/page.css");
const SCRIPT: &str = concat!(
    "\"use strict\";\n{\n",
    include_str!("page/dom.js"),
    include_str!("page/syntax.js"),
    include_str!("page/matrix.js"),
    include_str!("page/panes.js"),
    include_str!("page/page.js"),
    "}\n"
);

/// Writes the page.
pub(super) fn write(report: &NightlyReport, _: Screen, out: &mut dyn Write) -> io::Result<()> {
    let page = data::Page::new(report);
    let json = page.json()?;
    out.write_all(document(report, &page, &json).into_string().as_bytes())
}

fn document(report: &NightlyReport, page: &data::Page<'_>, json: &str) -> Markup {
    let project = text(report.project.as_deref().unwrap_or("driftline"));
    html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta http-equiv="Content-Security-Policy" content=(policy());
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                meta name="referrer" content="no-referrer";
                meta name="robots" content="noindex";
                title { (project) " drift, " (moment(report.run.at)) }
                style { (PreEscaped(STYLE)) }
            }
            body {
                a.skip href="#matrix-title" { "To the matrix" }
                header.top {
                    h1 { (project) " drift" }
                    p.when {
                        time datetime=(report.run.date) { (moment(report.run.at)) }
                        @if let Some(number) = report.run.number { " · report " (count(number)) }
                    }
                    button #theme type="button" hidden { "Colours: as the system" }
                }
                main {
                    (first::screen(report, page))
                    (matrix())
                    (candidates::units(report, page))
                    (sections::fixes(report))
                    (sections::accepted(report, page))
                    (trend::section(&report.trend))
                }
                (sections::foot(report))
                div.unseen #said role="status" aria-live="polite" {}
                script type="application/json" id="data" { (PreEscaped(json)) }
                script { (PreEscaped(SCRIPT)) }
            }
        }
    }
}

/// The place of the matrix; the script fills it.
fn matrix() -> Markup {
    html! {
        section aria-labelledby="matrix-title" {
            h2 #matrix-title { "The matrix" }
            noscript {
                p.note { "The matrix of all paths and the texts side by side are drawn by a script of this page, which does not run here. All of it is in the JSON of the same report." }
            }
            div #matrix-part hidden {
                div.filters #filters {
                    div.search {
                        label.unseen for="search" { "Search paths, rules and ids" }
                        input #search type="search" placeholder="Search paths, rules and ids   /" autocomplete="off" spellcheck="false" aria-controls="tree";
                    }
                }
                div.bar {
                    span.count #found role="status" aria-live="polite" {}
                    button #clear type="button" hidden { "Clear filters" }
                    button #open-all type="button" { "Unfold all" }
                    button #fold-all type="button" { "Fold all" }
                }
                p.legend {
                    "Letters are versions: equal letters, equal content."
                    span { span.letter.absent { "." } " absent" }
                    span { span.letter.unread { "!" } " could not be read" }
                    span { "A number on a folder: in so many paths below it differs from most. = as most." }
                }
                div.work #work {
                    div.matrix #tree role="treegrid" tabindex="0" aria-labelledby="matrix-title" {
                        div role="rowgroup" {
                            div.head #tree-head role="row" aria-rowindex="1" { div role="columnheader" { "Path" } }
                        }
                        div.body #tree-body role="rowgroup" {}
                    }
                    aside.detail #detail aria-labelledby="detail-title" hidden {}
                }
            }
        }
    }
}

/// What the page may load and run. Names and texts could at worst become markup by a mistake; they could not become a script.
fn policy() -> String {
    let digest = |text: &str| base64::engine::general_purpose::STANDARD.encode(sha2::Sha256::digest(text));
    format!(
        "default-src 'none'; style-src 'sha256-{}'; script-src 'sha256-{}'; base-uri 'none'; form-action 'none'; \
         require-trusted-types-for 'script'",
        digest(STYLE),
        digest(SCRIPT)
    )
}

/// Foreign text in a line; the markup escapes what HTML would take for its own.
fn text(words: &str) -> Cow<'_, str> {
    escape::text(words.as_bytes())
}

fn name(path: &PathReport) -> Cow<'_, str> {
    escape::name(&path.bytes)
}

/// Lines of a text, in which tabulators and line ends stay.
fn code(text: &str) -> String {
    let line = |line: &str| line.split('\t').map(|part| self::text(part)).collect::<Vec<_>>().join("\t");
    text.split('\n').map(line).collect::<Vec<_>>().join("\n")
}

/// `2026-01-31 03:00 UTC`.
fn moment(at: i64) -> String {
    let date = date(at);
    match (date.get(..10), date.get(11..16)) {
        (Some(day), Some(time)) if date.as_bytes()[10] == b'T' => format!("{day} {time} UTC"),
        _ => date,
    }
}

fn day(at: i64) -> String {
    let date = date(at);
    date.split('T').next().unwrap_or(&date).to_owned()
}

fn days(number: u64) -> String {
    counted(number, "day", "days")
}

/// The letters of a pattern, each with its environment for who cannot see the columns.
fn letters(pattern: &str, environments: &[super::NightEnvironment]) -> Markup {
    html! {
        span.letters {
            @for (letter, environment) in pattern.chars().zip(environments) {
                @let (shown, class, words) = letter_of(letter);
                span class={ "letter " (class) } title={ (environment.environment.name) ": " (words) } { (shown) }
            }
        }
    }
}

/// How a letter of a pattern is shown, its class in the style sheet, and what it says.
fn letter_of(letter: char) -> (char, &'static str, String) {
    const CLASSES: [&str; 5] = ["v1", "v2", "v3", "v4", "v5"];
    let number = match letter {
        '-' => return ('.', "absent", "absent".to_owned()),
        '!' => return ('!', "unread", "could not be read".to_owned()),
        'a'..='z' => letter as usize - 'a' as usize + 26,
        _ => (letter as usize).saturating_sub('A' as usize),
    };
    let class = if number == 0 { "v0" } else { CLASSES[(number - 1) % CLASSES.len()] };
    (letter, class, format!("version {letter}"))
}

fn mark(severity: &str) -> &'static str {
    match severity {
        "critical" => "!!",
        "warning" => "!",
        "notice" => "-",
        _ => "·",
    }
}
