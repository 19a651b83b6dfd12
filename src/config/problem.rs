//! What is wrong in a configuration, as data, and how it is shown.

use std::fmt::{self, Write as _};
use std::ops::Range;
use std::string::FromUtf8Error;

use annotate_snippets::{AnnotationKind, Level, Renderer, Snippet};

use crate::text::secrets;

/// More problems than this are counted, not shown.
const MAX_SHOWN: usize = 50;

/// What stands for a secret in the words of a problem.
const BLOT: &str = "***";

/// Words up to this length are equal to a secret by chance.
const CHANCE: usize = 4;

/// One mistake in a configuration.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// Which bytes of the text are underlined.
    pub span: Range<usize>,
    /// What is wrong, in one line; holds words of the file as they are.
    pub message: String,
    /// What is to be seen at the underlined place.
    pub label: String,
    /// What would be right.
    pub help: Option<String>,
    /// Another place that has to do with it, and how.
    pub related: Option<(Range<usize>, String)>,
    /// A place that must not be shown, because of what it is for and not of how it looks.
    secret: Option<Range<usize>>,
}

impl Problem {
    pub(super) fn new(span: Range<usize>, message: impl Into<String>, label: impl Into<String>) -> Self {
        Self { span, message: message.into(), label: label.into(), help: None, related: None, secret: None }
    }

    pub(super) fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }

    pub(super) fn secret(mut self, span: Range<usize>) -> Self {
        self.secret = Some(span);
        self
    }

    /// Takes secrets out of the words, as far as they are of the places that the problem is about or cannot be there by chance.
    fn blot_out(&mut self, text: &str, secrets: &[Range<usize>]) {
        let spans = [Some(&self.span), self.related.as_ref().map(|(span, _)| span)];
        let is_near = |secret: &Range<usize>| {
            secret.len() > CHANCE
                || spans
                    .iter()
                    .flatten()
                    .any(|span| span.start < secret.end && secret.start < span.end.max(span.start + 1))
        };
        let near: Vec<&str> =
            secrets.iter().filter(|secret| is_near(secret)).filter_map(|at| text.get(at.clone())).collect();
        let related = self.related.as_mut().map(|(_, label)| label);
        for words in [Some(&mut self.message), Some(&mut self.label), self.help.as_mut(), related].into_iter().flatten()
        {
            for secret in &near {
                *words = words.replace(secret, BLOT);
            }
        }
    }

    pub(super) fn related(mut self, span: Range<usize>, label: impl Into<String>) -> Self {
        self.related = Some((span, label.into()));
        self
    }
}

/// A text that is no configuration, with all that is wrong in it. What looks like a secret was taken out of the text and of all words.
///
/// Shown (`{}`) without colour; see [`Invalid::render`].
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub struct Invalid {
    file: String,
    text: String,
    problems: Vec<Problem>,
}

impl Invalid {
    pub(super) fn new(file: &str, text: &str, mut problems: Vec<Problem>) -> Self {
        problems.sort_by_key(|problem| (problem.span.start, problem.span.end));
        let mut secrets = secrets::in_settings(text);
        secrets.extend(problems.iter().filter_map(|problem| problem.secret.clone()));
        secrets.extend(paths_of_addresses(text));
        let long: Vec<&str> =
            secrets.iter().filter_map(|at| text.get(at.clone())).filter(|it| it.len() > CHANCE).collect();
        let again = long.iter().flat_map(|secret| text.match_indices(secret).map(|(at, found)| at..at + found.len()));
        // Overlapping ones are blotted out twice.
        secrets.extend(again.collect::<Vec<_>>());
        for problem in &mut problems {
            problem.blot_out(text, &secrets);
        }
        Self { file: file.to_owned(), text: blotted(text, &secrets), problems }
    }

    /// The one problem of bytes that are not UTF-8.
    pub(super) fn not_text(file: &str, error: &FromUtf8Error) -> Self {
        let at = error.utf8_error().valid_up_to();
        // Everything before the first bad byte keeps its place; the bad one becomes one replacement character of three bytes.
        let text = String::from_utf8_lossy(error.as_bytes()).into_owned();
        let problem = Problem::new(at..at + 3, "the configuration is not UTF-8", "this is no character")
            .help("save the file as UTF-8");
        Self::new(file, &text, vec![problem])
    }

    /// The problems in the order of the text; at least one.
    pub fn problems(&self) -> &[Problem] {
        &self.problems
    }

    /// The line and column of a problem, both counted from 1; columns count characters.
    pub fn position(&self, problem: &Problem) -> (usize, usize) {
        let before = &self.text[..floor(&self.text, problem.span.start)];
        let line_start = before.rfind('\n').map_or(0, |at| at + 1);
        (before.matches('\n').count() + 1, before[line_start..].chars().count() + 1)
    }

    /// All problems with the text they are about underlined, with colour if wanted. Control characters of the file are escaped.
    pub fn render(&self, coloured: bool) -> String {
        let renderer = if coloured { Renderer::styled() } else { Renderer::plain() };
        let text = escaped(&self.text);
        let place = |span: &Range<usize>| {
            let start = escaped(&self.text[..floor(&self.text, span.start)]).len();
            let end = escaped(&self.text[..floor(&self.text, span.end)]).len();
            start..end.max(start)
        };
        let mut out = String::new();
        for problem in self.problems.iter().take(MAX_SHOWN) {
            let mut snippet = Snippet::source(&text)
                .path(one_line(&self.file))
                .annotation(AnnotationKind::Primary.span(place(&problem.span)).label(one_line(&problem.label)));
            if let Some((span, label)) = &problem.related {
                snippet = snippet.annotation(AnnotationKind::Context.span(place(span)).label(one_line(label)));
            }
            let mut group = Level::ERROR.primary_title(one_line(&problem.message)).element(snippet);
            if let Some(help) = &problem.help {
                group = group.element(Level::HELP.message(one_line(help)));
            }
            out.push_str(&renderer.render(&[group]));
            out.push_str("\n\n");
        }
        match self.problems.len() {
            1 => out.push_str("1 problem in the configuration"),
            count => {
                let _ = write!(out, "{count} problems in the configuration");
                if count > MAX_SHOWN {
                    let _ = write!(out, ", the first {MAX_SHOWN} of them shown");
                }
            }
        }
        out
    }
}

impl fmt::Display for Invalid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.render(false))
    }
}

/// What follows the host in web addresses: that of a webhook is a secret, wherever somebody put it.
fn paths_of_addresses(text: &str) -> impl Iterator<Item = Range<usize>> {
    let ends = |c: char| c.is_whitespace() || c.is_control() || matches!(c, '"' | '\'' | '`' | '<' | '>');
    text.match_indices("://").filter_map(move |(at, _)| {
        let start = at + "://".len();
        let (before, rest) = (&text[..at], &text[start..]);
        let rest = &rest[..rest.find(ends).unwrap_or(rest.len())];
        let path = rest.find(['/', '?', '#']).filter(|slash| slash + 1 < rest.len())?;
        (before.ends_with("http") || before.ends_with("https")).then(|| start + path + 1..start + rest.len())
    })
}

/// The text with a sign for each byte of a secret, so that all other places stay where they are.
fn blotted(text: &str, secrets: &[Range<usize>]) -> String {
    let mut out = text.to_owned();
    for secret in secrets.iter().filter(|secret| text.get((*secret).clone()).is_some()) {
        out.replace_range(secret.clone(), &"*".repeat(secret.len()));
    }
    out
}

/// The text with everything escaped that could drive a terminal or hide what is written; tabs stay, line ends
/// become `\n`.
fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        if c == '\r' && matches!(chars.peek(), Some('\n') | None) {
            continue;
        }
        let hides =
            matches!(c, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}');
        if (c.is_control() && !matches!(c, '\n' | '\t')) || hides {
            let _ = write!(out, "{}", c.escape_unicode());
        } else {
            out.push(c);
        }
    }
    out
}

/// As [`escaped`], for words that stand in a line of ours.
fn one_line(text: &str) -> String {
    escaped(text).replace('\n', "\\n").replace('\t', "\\t")
}

/// The nearest character boundary that is not after `at`.
fn floor(text: &str, at: usize) -> usize {
    (0..=at.min(text.len())).rev().find(|&at| text.is_char_boundary(at)).unwrap_or(0)
}
