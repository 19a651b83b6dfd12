//! What must not be shown: which files are sensitive by name, which parts of a text hold a secret, and the marks that stand in their place.
//!
//! Nothing is compared by what is shown: classes, regions and bases come from the true bytes, and a [`Redacted`] text is what people and
//! programs get to see of them. The same [`Redactor`] serves all outputs.

mod content;
mod literals;
mod names;
mod shapes;
mod values;

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::ops::Range;
use std::os::unix::ffi::OsStrExt as _;
use std::path::Path;

use ignore::gitignore::{Gitignore, GitignoreBuilder};

use crate::compare::text::{Document, Encoding};
use crate::path::TreePath;

pub use names::Treatment;

/// Replaces secrets by marks that are equal for equal secrets, and say nothing else about them.
#[derive(Debug)]
pub struct Redactor {
    key: Key,
    sensitive: Gitignore,
}

/// The key of the marks. Without it nobody can find a short secret by trying.
#[derive(Clone, Copy)]
struct Key([u8; 32]);

impl std::fmt::Debug for Key {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Key")
    }
}

impl Redactor {
    /// Takes the key of the marks, and gitignore rules for common paths that are sensitive beside those known by name; each was checked
    /// by [`crate::config`].
    pub fn new(key: [u8; 32], sensitive: &[String]) -> Self {
        let mut builder = GitignoreBuilder::new("");
        for rule in sensitive {
            // A rule that does not parse was refused by the configuration.
            let _ = builder.add_line(None, rule);
        }
        Self { key: Key(key), sensitive: builder.build().unwrap_or_else(|_| Gitignore::empty()) }
    }

    /// What of a file may be shown, as far as its common path tells.
    pub fn treatment(&self, path: &TreePath) -> Treatment {
        let here = Path::new(OsStr::from_bytes(path.as_bytes()));
        let is_named = self.sensitive.matched_path_or_any_parents(here, false).is_ignore();
        names::treatment(path.file_name(), is_named)
    }

    /// A text of which only what is no secret is shown. Some passes over it.
    pub fn document(&self, path: &TreePath, document: Document) -> Redacted {
        let treatment = self.treatment(path);
        let texts: Vec<Cow<'_, [u8]>> = (0..document.line_count()).map(|line| document.text(line)).collect();
        let secrets = match treatment {
            Treatment::Content(form) => content::secrets(&texts, form),
            Treatment::Values => values::secrets(&texts),
            Treatment::Hidden => texts.iter().map(|text| whole(text)).collect(),
        };
        let masked = texts.iter().zip(secrets).enumerate().filter(|(_, (_, secrets))| !secrets.is_empty());
        let lines = masked.map(|(line, (text, secrets))| (line, self.mask(text, &secrets))).collect();
        drop(texts);
        Redacted { document, lines }
    }

    /// A single line that is no file's: a commit's subject, a message, the target of a link, an error.
    pub fn line<'a>(&self, text: &'a [u8]) -> Cow<'a, [u8]> {
        let secrets = content::secrets(&[Cow::Borrowed(text)], content::Form::Prose).swap_remove(0);
        if secrets.is_empty() { Cow::Borrowed(text) } else { Cow::Owned(self.mask(text, &secrets).text) }
    }

    /// As [`Redactor::line`], for text of any number of lines.
    pub fn words<'a>(&self, text: &'a str) -> Cow<'a, str> {
        let lines: Vec<Cow<'_, [u8]>> = text.split('\n').map(|line| Cow::Borrowed(line.as_bytes())).collect();
        let secrets = content::secrets(&lines, content::Form::Prose);
        if secrets.iter().all(Vec::is_empty) {
            return Cow::Borrowed(text);
        }
        let masked: Vec<Vec<u8>> =
            lines.iter().zip(&secrets).map(|(line, secrets)| self.mask(line, secrets).text).collect();
        Cow::Owned(String::from_utf8_lossy(&masked.join(&b'\n')).into_owned())
    }

    fn mask(&self, text: &[u8], secrets: &[Range<usize>]) -> Masked {
        let mut masked = Masked::default();
        let mut done = 0;
        for secret in secrets {
            masked.text.extend_from_slice(&text[done..secret.start]);
            let start = masked.text.len();
            masked.text.extend_from_slice(self.mark(&text[secret.clone()]).as_bytes());
            masked.masks.push(start..masked.text.len());
            done = secret.end;
        }
        masked.text.extend_from_slice(&text[done..]);
        masked
    }

    fn mark(&self, secret: &[u8]) -> String {
        let hash = blake3::keyed_hash(&self.key.0, secret).to_hex();
        // 32 bits: two of a thousand secrets share a mark once in 8000 installations.
        format!("<secret {}>", &hash.as_str()[..8])
    }
}

/// A text as it may be shown. [`Redacted::exact`] is for comparing only.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Redacted {
    document: Document,
    /// The lines in which something is masked.
    lines: BTreeMap<usize, Masked>,
}

/// A line with marks in the place of secrets.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
struct Masked {
    text: Vec<u8>,
    /// Where the marks are in it, ascending.
    masks: Vec<Range<usize>>,
}

impl Redacted {
    /// The text as it is, secrets included: to be compared, never to be shown.
    pub fn exact(&self) -> &Document {
        &self.document
    }

    /// What is shown of a line, as [`Document::text`].
    pub fn text(&self, line: usize) -> Cow<'_, [u8]> {
        match self.lines.get(&line) {
            Some(masked) => Cow::Borrowed(&masked.text),
            None => self.document.text(line),
        }
    }

    /// Where marks stand in [`Redacted::text`], ascending.
    pub fn masks(&self, line: usize) -> &[Range<usize>] {
        self.lines.get(&line).map_or(&[], |masked| &masked.masks)
    }

    /// Whether anything is masked.
    pub fn hides(&self) -> bool {
        !self.lines.is_empty()
    }

    /// As [`Document::line_count`].
    pub fn line_count(&self) -> usize {
        self.document.line_count()
    }

    /// As [`Document::encoding`].
    pub fn encoding(&self) -> Encoding {
        self.document.encoding()
    }

    /// As [`Document::is_terminated`].
    pub fn is_terminated(&self, line: usize) -> bool {
        self.document.is_terminated(line)
    }

    /// As [`Document::lacks_final_newline`].
    pub fn lacks_final_newline(&self) -> bool {
        self.document.lacks_final_newline()
    }

    /// As [`Document::is_crlf`].
    pub fn is_crlf(&self, line: usize) -> bool {
        self.document.is_crlf(line)
    }

    /// Widens ranges of [`Redacted::text`] so that none ends inside a mark. Ascending and apart before and after.
    pub fn widen(&self, line: usize, ranges: &[Range<usize>]) -> Vec<Range<usize>> {
        let masks = self.masks(line);
        let touched =
            masks.iter().filter(|mask| ranges.iter().any(|range| range.start < mask.end && mask.start < range.end));
        let all = touched.cloned().chain(ranges.iter().cloned()).collect();
        merged(all)
    }
}

/// The line from its first to its last byte that is no blank.
fn whole(text: &[u8]) -> Vec<Range<usize>> {
    let start = text.iter().take_while(|byte| byte.is_ascii_whitespace()).count();
    let end = text.trim_ascii_end().len();
    if start < end { std::iter::once(start..end).collect() } else { Vec::new() }
}

/// Ranges in ascending order, none empty, none touching another.
fn merged(mut ranges: Vec<Range<usize>>) -> Vec<Range<usize>> {
    ranges.retain(|range| range.start < range.end);
    ranges.sort_by_key(|range| (range.start, range.end));
    let mut merged: Vec<Range<usize>> = Vec::new();
    for range in ranges {
        match merged.last_mut() {
            Some(last) if range.start <= last.end => last.end = last.end.max(range.end),
            _ => merged.push(range),
        }
    }
    merged
}

#[cfg(test)]
mod tests;
