//! Chosen files over all environments, as text: what `driftline diff` shows.
//!
//! [`view`] gathers a file into plain data; [`write_regions`], [`write_columns`], [`write_unified`] and [`json`] only write it.

mod build;
mod columns;
pub mod json;
mod lines;
mod origins;
mod regions;
pub(in crate::report) mod unified;
mod words;

pub use build::{Inputs, view};
pub use columns::write_columns;
pub use origins::number;
pub use regions::write_regions;
pub use unified::write_unified;

use std::borrow::Cow;
use std::ops::Range;

use crate::compare::Pattern;
use crate::compare::text::{Document, Encoding, LineEndings, NotText, Redacted, RegionClass};
use crate::insight::base::Base;
use crate::insight::origin::Origin;
use crate::path::{EnvironmentName, TreePath};
use crate::report::style::Styles;

/// Files over all environments.
#[derive(Debug, Clone)]
pub struct TextView {
    /// All environments, in order.
    pub environments: Vec<EnvironmentName>,
    /// A label for each, from [`crate::report::labels::initials`].
    pub labels: Vec<String>,
    /// The files, in the order in which they were asked for.
    pub files: Vec<FileView>,
    /// What to type next, most useful first.
    pub next: Vec<String>,
    /// The time, in seconds since 1970 in UTC, for ages.
    pub now: i64,
}

/// How a terminal shows it.
#[derive(Debug, Clone, Copy)]
pub struct Screen {
    /// How many columns it has.
    pub columns: usize,
    /// In colour or plain.
    pub styles: Styles,
}

/// One file over all environments. Environments are given by number.
#[derive(Debug, Clone)]
pub struct FileView {
    /// Its common path.
    pub path: TreePath,
    /// Who has equal content.
    pub pattern: Pattern,
    /// What is there, for each environment.
    pub sides: Vec<Side>,
    /// The distinct texts, in the order of the first environments that have them.
    pub texts: Vec<Text>,
    /// What the texts are measured against; `None` when there is no text, or one alone and nothing earlier.
    pub base: Option<BaseText>,
    /// The base and all texts without gaps, in base order.
    pub regions: Vec<FileRegion>,
    /// What is left out when lines are compared.
    pub comparing: Comparing,
    /// What else is to be said.
    pub notes: Vec<Note>,
}

/// What is there in one environment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Side {
    /// Nothing.
    Absent,
    /// It is not known what.
    Unknown {
        /// Why, in words.
        why: String,
    },
    /// A symbolic link.
    Symlink {
        /// To what.
        target: Box<[u8]>,
    },
    /// A folder, device, pipe or the like.
    Other {
        /// What, in words with an article.
        kind: &'static str,
    },
    /// A file that is not shown as text.
    NotText {
        /// Why.
        why: NotText,
        /// Its size in bytes.
        size: u64,
    },
    /// A file that is sensitive by its name: no line of it is shown, and it is not opened for that.
    Hidden {
        /// Its size in bytes.
        size: u64,
    },
    /// A text.
    Text {
        /// Which of [`FileView::texts`].
        text: usize,
    },
}

/// A text, and who has it.
#[derive(Debug, Clone)]
pub struct Text {
    /// The environments, ascending.
    pub environments: Vec<usize>,
    /// The text, and what may be shown of it.
    pub document: Redacted,
}

/// What the texts are measured against.
#[derive(Debug, Clone)]
pub struct BaseText {
    /// Which version it is, and why.
    pub base: Base,
    /// The version as text, and what may be shown of it.
    pub document: Redacted,
}

/// A region of a file. Environments are given by number.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileRegion {
    /// Who has what in it.
    pub class: RegionClass,
    /// Its lines in the base, from 0.
    pub base: Range<usize>,
    /// Its lines in each of [`FileView::texts`].
    pub texts: Vec<Range<usize>>,
    /// Where what differs in it comes from, as far as that can be told: by the first environment that has it, then by lines.
    pub origins: Vec<RegionOrigin>,
}

/// Where something in a region comes from. Secrets in the words of a commit are masked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RegionOrigin {
    /// Whose lines, ascending.
    pub environments: Vec<usize>,
    /// Where they come from.
    pub origin: Origin,
    /// How many lines it accounts for, those that went among them.
    pub lines: usize,
    /// The number of the unit in the listing of candidates, where it has one: see [`number`].
    pub unit: Option<u64>,
}

/// What is left out when lines are compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Comparing {
    /// Encodings and byte-order marks: what lines say is compared, not their bytes.
    pub without_encoding: bool,
    /// Whether lines end with LF or CR LF.
    pub without_endings: bool,
}

/// Something to be said about a file beside its regions.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Note {
    /// It is the same everywhere.
    InSync,
    /// The mode differs, with those that have each.
    Modes(Vec<(u32, Vec<usize>)>),
    /// Only this environment has it, and no other one is unknown.
    OnlyIn(usize),
    /// Texts end their lines in different ways, and these are left out of the comparison: counts, and who has the text.
    LineEndings(Vec<(LineEndings, Vec<usize>)>),
    /// Texts are stored in different ways, and these are left out of the comparison.
    Encodings(Vec<(Encoding, Vec<usize>)>),
    /// Nothing but what is left out differs.
    QuietOnly,
    /// These have no newline at the end of the file, and others do.
    NoFinalNewline(Vec<usize>),
    /// The base is not shown as text, so there is nothing to measure against.
    BaseNotText(NotText),
    /// What could not be asked when the base was chosen, in words.
    Base(String),
}

impl FileView {
    /// The regions in which something differs.
    pub fn changed(&self) -> impl Iterator<Item = &FileRegion> {
        self.regions.iter().filter(|region| region.class.is_changed())
    }

    /// The text of an environment, if it has one.
    pub fn text_of(&self, environment: usize) -> Option<usize> {
        match self.sides.get(environment)? {
            Side::Text { text } => Some(*text),
            _ => None,
        }
    }

    /// Whether what an environment has in a region is all uncommitted there: it was traced to that, or, where nothing was traced, the base is what
    /// it has committed.
    pub fn is_uncommitted(&self, region: &FileRegion, environment: usize) -> bool {
        use crate::insight::base::{Also, BaseKind};
        let mut origins = region.origins.iter().filter(|origin| origin.environments.contains(&environment)).peekable();
        if origins.peek().is_some() {
            return origins.all(|origin| origin.origin.is_uncommitted());
        }
        let Some(base) = self.base.as_ref().map(|text| &text.base) else { return false };
        matches!(base.kind, BaseKind::Committed { environment: at } if at == environment)
            || base.also.contains(&Also::Committed { environment })
    }
}

impl Comparing {
    /// By what a line is equal to another one.
    pub fn key(self, document: &Document, line: usize) -> Cow<'_, [u8]> {
        if self == Self::default() {
            return Cow::Borrowed(document.line(line));
        }
        let mut key = document.text(line).into_owned();
        if document.is_terminated(line) {
            let is_crlf = !self.without_endings && document.is_crlf(line);
            key.extend_from_slice(if is_crlf { b"\r\n" } else { b"\n" });
        }
        Cow::Owned(key)
    }

    /// The keys of all lines.
    pub fn keys(self, document: &Document) -> Vec<Cow<'_, [u8]>> {
        (0..document.line_count()).map(|line| self.key(document, line)).collect()
    }
}
