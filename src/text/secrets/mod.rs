//! What must not be shown: which files are sensitive by name, which parts of a text hold a secret, and the marks that stand in their place.
//!
//! Of a sensitive file nothing later than collecting ever holds the values: it is sealed ([`Redactor::seal`]), with a keyed fingerprint in
//! the place of each, so that equal and changed stay visible. In all other texts what looks like a secret is masked where it is shown: there
//! classes, regions and bases come from the true bytes, and a [`Redacted`] text is what people and programs get to see of them. The same
//! [`Redactor`] serves all outputs.

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

use crate::path::TreePath;
use crate::text::{Document, Encoding, Limits};

pub use names::Treatment;

/// Replaces secrets by marks that are equal for equal secrets, and say nothing else about them.
#[derive(Debug, Clone)]
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

    /// Whether a file is sensitive, by its name or because the configuration says so: its content does not travel but for its keys, and is
    /// kept nowhere.
    pub fn is_sensitive(&self, path: &TreePath) -> bool {
        !matches!(self.treatment(path), Treatment::Content(_))
    }

    /// Takes the secrets out of a sensitive file. Sealing what is sealed changes nothing; of a content that is no text all is one secret.
    pub fn seal(&self, path: &TreePath, content: Vec<u8>) -> Sealed {
        let whole = self.fingerprint_of(&content);
        Sealed(match Document::new(content, Limits::NONE) {
            Ok(document) => self.sealed(&document, &self.secrets(path, &document)).bytes().to_vec(),
            Err(_) => [b"\0", whole.as_bytes()].concat(),
        })
    }

    /// What was sealed before, if it was under the key of this name.
    pub fn sealed_before(&self, key_id: &str, sealed: Vec<u8>) -> Option<Sealed> {
        (key_id == self.key_id()).then_some(Sealed(sealed))
    }

    /// A text of which only what is no secret is shown; of a sensitive file nothing else is left. Some passes over it.
    pub fn document(&self, path: &TreePath, document: Document) -> Redacted {
        let secrets = self.secrets(path, &document);
        let shown = |(line, secrets): (&usize, &Vec<_>)| (*line, self.mask(&document.text(*line), secrets));
        let lines = secrets.iter().map(shown).collect();
        let document = if self.is_sensitive(path) { self.sealed(&document, &secrets) } else { document };
        Redacted { document, lines }
    }

    /// By what marks of one installation are told from those of others.
    pub fn key_id(&self) -> String {
        blake3::keyed_hash(&self.key.0, b"driftline key id").to_hex()[..16].to_owned()
    }

    /// A fingerprint of a digest, so that a short content cannot be found by trying.
    pub fn fingerprint(&self, digest: &[u8; 32]) -> [u8; 32] {
        *blake3::keyed_hash(&self.key.0, &[b"driftline digest ", &digest[..]].concat()).as_bytes()
    }

    /// The secret ranges of the lines that have some.
    fn secrets(&self, path: &TreePath, document: &Document) -> BTreeMap<usize, Vec<Range<usize>>> {
        let texts: Vec<Cow<'_, [u8]>> = (0..document.line_count()).map(|line| document.text(line)).collect();
        let secrets = match self.treatment(path) {
            Treatment::Content(form) => content::secrets(&texts, form),
            Treatment::Values => values::secrets(&texts),
            Treatment::Hidden => texts.iter().map(|text| whole(text)).collect(),
        };
        secrets.into_iter().enumerate().filter(|(_, secrets)| !secrets.is_empty()).collect()
    }

    fn sealed(&self, document: &Document, secrets: &BTreeMap<usize, Vec<Range<usize>>>) -> Document {
        let seal = |(line, secrets): (&usize, &Vec<_>)| {
            (*line, replace(&document.text(*line), secrets, |secret| self.fingerprint_of(secret)).text)
        };
        document.with_lines(&secrets.iter().map(seal).collect())
    }

    /// A single line that is no file's: a commit's subject, a message, the target of a link, an error.
    pub fn line<'a>(&self, text: &'a [u8]) -> Cow<'a, [u8]> {
        let secrets = content::secrets(&[Cow::Borrowed(text)], content::Form::Prose).swap_remove(0);
        if secrets.is_empty() { Cow::Borrowed(text) } else { Cow::Owned(self.mask(text, &secrets).text) }
    }

    /// Whether what looks like a secret is in bytes that are no text: in what stands between zeros, or, in text of two bytes for a character,
    /// in what is left without them. Some passes over it.
    pub fn hides_in(&self, content: &[u8]) -> bool {
        let without: Vec<u8> = content.iter().copied().filter(|&byte| byte != 0).collect();
        let pieces = content.split(|byte| matches!(byte, 0 | b'\n'));
        let mut pieces = pieces.chain(without.split(|&byte| byte == b'\n'));
        pieces.any(|piece| matches!(self.line(piece), Cow::Owned(_)))
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
        replace(text, secrets, |secret| {
            let fingerprint = self.fingerprint_of(secret);
            // 32 bits: two of a thousand secrets share a mark once in 8000 installations.
            format!("{}>", &fingerprint[..BEGIN.len() + 8])
        })
    }

    /// What stands for a secret in a sealed text; a fingerprint stands for itself.
    fn fingerprint_of(&self, secret: &[u8]) -> String {
        match fingerprint_in(secret) {
            Some(fingerprint) => fingerprint.to_owned(),
            None => format!("{BEGIN}{}>", blake3::keyed_hash(&self.key.0, secret).to_hex()),
        }
    }
}

/// Where secrets are in the text of settings, as ranges of its bytes, ascending. What shows a text without a key at hand blots them out.
pub fn in_settings(text: &str) -> Vec<Range<usize>> {
    let lines: Vec<Cow<'_, [u8]>> = text.split('\n').map(|line| Cow::Borrowed(line.as_bytes())).collect();
    let mut start = 0;
    let mut found = Vec::new();
    for (line, secrets) in lines.iter().zip(content::secrets(&lines, content::Form::Data)) {
        found.extend(secrets.into_iter().map(|secret| start + secret.start..start + secret.end));
        start += line.len() + 1;
    }
    found
}

/// How a mark begins.
const BEGIN: &str = "<secret ";

/// Whether a text is a fingerprint, and nothing else.
fn fingerprint_in(text: &[u8]) -> Option<&str> {
    let inner = text.strip_prefix(BEGIN.as_bytes())?.strip_suffix(b">")?;
    let is_hex = |byte: &u8| matches!(byte, b'0'..=b'9' | b'a'..=b'f');
    (inner.len() == 64 && inner.iter().all(is_hex)).then(|| std::str::from_utf8(text).ok()).flatten()
}

fn replace(text: &[u8], secrets: &[Range<usize>], mark: impl Fn(&[u8]) -> String) -> Masked {
    let mut masked = Masked::default();
    let mut done = 0;
    for secret in secrets {
        masked.text.extend_from_slice(&text[done..secret.start]);
        let start = masked.text.len();
        masked.text.extend_from_slice(mark(&text[secret.clone()]).as_bytes());
        masked.masks.push(start..masked.text.len());
        done = secret.end;
    }
    masked.text.extend_from_slice(&text[done..]);
    masked
}

/// The content of a sensitive file without its secrets: a keyed fingerprint stands in the place of each. Nothing else can be put into it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sealed(Vec<u8>);

impl Sealed {
    /// What is left of the content.
    pub fn bytes(&self) -> &[u8] {
        &self.0
    }
}

/// A text as it may be shown. [`Redacted::exact`] is for comparing only, and sealed where the file is sensitive.
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
    /// The text by which it is compared, and which is never shown: as it is, secrets included, unless the file is sensitive; then sealed.
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
