//! Lines of `.gitignore` and `.gitattributes` files, and the folders they speak about.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use ignore::gitignore::{Gitignore, GitignoreBuilder};

/// The lines of a file: without a byte-order mark, and without the CR of files that were written elsewhere.
pub(super) fn lines(bytes: &[u8]) -> impl Iterator<Item = &[u8]> {
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    bytes.split(|&byte| byte == b'\n').map(|line| line.strip_suffix(b"\r").unwrap_or(line))
}

/// What of a path lies below a folder; the top of the repository is the empty folder.
pub(super) fn below<'a>(path: &'a [u8], folder: &[u8]) -> Option<&'a [u8]> {
    if folder.is_empty() {
        return Some(path);
    }
    path.strip_prefix(folder)?.strip_prefix(b"/")
}

/// The folders that a path is in, innermost first, with the top as the empty one.
pub(super) fn folders(path: &[u8]) -> impl Iterator<Item = &[u8]> {
    (0..path.len()).rev().filter(|&at| path[at] == b'/').map(|at| &path[..at]).chain(std::iter::once(&path[..0]))
}

/// A path as the matcher takes it.
pub(super) fn as_path(bytes: &[u8]) -> &Path {
    Path::new(OsStr::from_bytes(bytes))
}

/// Rules of one ignore file over paths relative to its folder. A line that is not UTF-8 or no pattern matches nothing.
pub(super) fn ignore_rules(bytes: &[u8], ignore_case: bool) -> Gitignore {
    let mut builder = GitignoreBuilder::new("");
    let _ = builder.case_insensitive(ignore_case);
    for line in lines(bytes) {
        if let Ok(line) = std::str::from_utf8(line) {
            let _ = builder.add_line(None, line);
        }
    }
    builder.build().unwrap_or_else(|_| Gitignore::empty())
}

/// One pattern of an attributes file.
#[derive(Debug)]
pub(super) enum Pattern {
    /// A name in any folder.
    Name(Vec<u8>),
    /// The end of a name in any folder.
    Suffix(Vec<u8>),
    /// Anything else.
    Rules(Box<Gitignore>),
}

impl Pattern {
    /// Takes a pattern; `None` when git takes no notice of it (negative ones, and those for folders, whose attributes mean nothing).
    pub(super) fn new(text: &[u8], ignore_case: bool) -> Option<Self> {
        if text.first() == Some(&b'!') || text.last() == Some(&b'/') {
            return None;
        }
        let special = |byte: &u8| matches!(byte, b'*' | b'?' | b'[' | b'\\' | b'/');
        if !ignore_case && !text.iter().any(special) {
            return Some(Self::Name(text.to_vec()));
        }
        if let Some(end) = text.strip_prefix(b"*").filter(|end| !ignore_case && !end.iter().any(special)) {
            return Some(Self::Suffix(end.to_vec()));
        }
        // A leading `#` is no comment here, as it would be in an ignore file.
        let text = if text.first() == Some(&b'#') { [b"\\", text].concat() } else { text.to_vec() };
        Some(Self::Rules(Box::new(ignore_rules(&text, ignore_case))))
    }

    /// Whether a path relative to the folder of the file matches.
    pub(super) fn matches(&self, path: &[u8]) -> bool {
        let name = path.rsplit(|&byte| byte == b'/').next().unwrap_or_default();
        match self {
            Self::Name(wanted) => name == wanted,
            Self::Suffix(end) => name.ends_with(end),
            Self::Rules(rules) => rules.matched(as_path(path), false).is_ignore(),
        }
    }
}
