//! Names without a machine in them: [`TreePath`] for a place in a tree, [`EnvironmentName`] for an environment.
//!
//! A path here is bytes. What it looks like on a terminal or in JSON is decided where it leaves the program
//! ([`crate::report::escape`]), never here.

use std::cmp::Ordering;
use std::fmt;

/// A relative path inside an environment: bytes, parts separated by `/`.
///
/// It is never empty, has no empty, `.` or `..` part and no zero byte, so joining it to a root cannot leave the root.
///
/// Paths are ordered part by part, so that everything below a folder directly follows it (`a`, `a/b`, `a-b`).
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct TreePath(Box<[u8]>);

/// Why some bytes are not a [`TreePath`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum TreePathError {
    /// There is nothing in it.
    #[error("the path is empty")]
    Empty,
    /// It starts at the root of a file system.
    #[error("the path is absolute, and a path inside an environment is meant")]
    Absolute,
    /// A part is `..`.
    #[error("the path leaves its environment by `..`")]
    Parent,
    /// A part is empty or `.`.
    #[error("the path has an empty part or a `.` in it")]
    Part,
    /// There is a zero byte in it.
    #[error("the path has a zero byte in it")]
    Zero,
}

impl TreePath {
    /// Takes bytes that are already in the form of a path.
    pub fn new(bytes: impl Into<Box<[u8]>>) -> Result<Self, TreePathError> {
        let bytes = bytes.into();
        if bytes.is_empty() {
            return Err(TreePathError::Empty);
        }
        if bytes[0] == b'/' {
            return Err(TreePathError::Absolute);
        }
        for part in bytes.split(|&b| b == b'/') {
            match part {
                b"" | b"." => return Err(TreePathError::Part),
                b".." => return Err(TreePathError::Parent),
                _ if part.contains(&0) => return Err(TreePathError::Zero),
                _ => {}
            }
        }
        Ok(Self(bytes))
    }

    /// Takes a path as a person types it: `./` in front and `/` at the end are allowed.
    pub fn from_typed(text: &[u8]) -> Result<Self, TreePathError> {
        if text.starts_with(b"/") {
            return Err(TreePathError::Absolute);
        }
        let parts: Vec<&[u8]> = text.split(|&b| b == b'/').filter(|part| !matches!(*part, b"" | b".")).collect();
        Self::new(parts.join(&b'/'))
    }

    /// The path of `name` inside this folder.
    pub fn join(&self, name: &[u8]) -> Result<Self, TreePathError> {
        let mut bytes = Vec::with_capacity(self.0.len() + 1 + name.len());
        bytes.extend_from_slice(&self.0);
        bytes.push(b'/');
        bytes.extend_from_slice(name);
        Self::new(bytes)
    }

    /// Its bytes.
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    /// The last part.
    pub fn file_name(&self) -> &[u8] {
        let start = self.0.iter().rposition(|&b| b == b'/').map_or(0, |at| at + 1);
        &self.0[start..]
    }

    /// The folder it is in; `None` directly below the root.
    pub fn parent(&self) -> Option<TreePath> {
        let at = self.0.iter().rposition(|&b| b == b'/')?;
        Some(Self(self.0[..at].into()))
    }

    /// The folders it is in, nearest first.
    pub fn ancestors(&self) -> impl Iterator<Item = &[u8]> {
        let bytes = &*self.0;
        (0..bytes.len()).rev().filter(move |&at| bytes[at] == b'/').map(move |at| &bytes[..at])
    }

    /// Its parts, outermost first.
    pub fn parts(&self) -> impl Iterator<Item = &[u8]> {
        self.0.split(|&b| b == b'/')
    }

    /// Whether this is `folder` itself or something below it.
    pub fn is_within(&self, folder: &TreePath) -> bool {
        self.strip(folder).is_some()
    }

    /// What follows `folder` in this path: empty when they are equal, `None` when this is not within `folder`.
    pub fn strip(&self, folder: &TreePath) -> Option<&[u8]> {
        match self.0.strip_prefix(&*folder.0)? {
            [] => Some(&[]),
            [b'/', rest @ ..] => Some(rest),
            _ => None,
        }
    }

    /// The same path with its leading `from` replaced by `to`; `None` when it is not within `from`.
    pub fn rebase(&self, from: &TreePath, to: &TreePath) -> Option<TreePath> {
        match self.strip(from)? {
            [] => Some(to.clone()),
            rest => Some(Self([to.as_bytes(), b"/", rest].concat().into())),
        }
    }
}

/// Compares as paths are ordered here, for bytes that are not (yet) a [`TreePath`].
pub fn compare_bytes(a: &[u8], b: &[u8]) -> Ordering {
    match first_difference(a, b) {
        None => a.len().cmp(&b.len()),
        // A separator sorts before every other byte: a folder's content directly follows it.
        Some(at) => match (a[at], b[at]) {
            (b'/', _) => Ordering::Less,
            (_, b'/') => Ordering::Greater,
            (x, y) => x.cmp(&y),
        },
    }
}

/// Where two byte strings differ first, within the length of the shorter one.
fn first_difference(a: &[u8], b: &[u8]) -> Option<usize> {
    // Neighbours in a listing share long beginnings.
    let equal = a.as_chunks::<8>().0.iter().zip(b.as_chunks::<8>().0).take_while(|(a, b)| a == b).count() * 8;
    let rest = a[equal..].iter().zip(&b[equal..]).position(|(a, b)| a != b)?;
    Some(equal + rest)
}

impl Ord for TreePath {
    fn cmp(&self, other: &Self) -> Ordering {
        compare_bytes(&self.0, &other.0)
    }
}

impl PartialOrd for TreePath {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl fmt::Debug for TreePath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}`", self.0.escape_ascii())
    }
}

/// The name of an environment: letters, digits, `.`, `_`, `-`; it starts with a letter or digit and has at most 64 bytes.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct EnvironmentName(String);

impl EnvironmentName {
    /// Takes a name; `None` when it is not of the form above.
    pub fn new(name: &str) -> Option<Self> {
        let first = name.bytes().next()?;
        let good = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'_' | b'-');
        (name.len() <= 64 && first.is_ascii_alphanumeric() && name.bytes().all(good)).then(|| Self(name.to_owned()))
    }

    /// Its text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for EnvironmentName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_cannot_leave_its_root() {
        for (bytes, error) in [
            (&b""[..], TreePathError::Empty),
            (b"/etc", TreePathError::Absolute),
            (b"a/../b", TreePathError::Parent),
            (b"a//b", TreePathError::Part),
            (b"a/", TreePathError::Part),
            (b"./a", TreePathError::Part),
            (b"a\0b", TreePathError::Zero),
        ] {
            assert_eq!(TreePath::new(bytes), Err(error), "{}", bytes.escape_ascii());
        }
        assert_eq!(TreePath::from_typed(b"./a//b/").unwrap().as_bytes(), b"a/b");
        assert_eq!(TreePath::from_typed(b"../a"), Err(TreePathError::Parent));
    }

    #[test]
    fn a_folder_is_directly_followed_by_its_content() {
        let mut paths: Vec<TreePath> = [&b"a-b"[..], b"a/b", b"a", b"a/b/c", b"a!b", b"a\x01"]
            .iter()
            .map(|bytes| TreePath::new(*bytes).unwrap())
            .collect();
        paths.sort();
        let sorted: Vec<&[u8]> = paths.iter().map(TreePath::as_bytes).collect();
        assert_eq!(sorted, [&b"a"[..], b"a/b", b"a/b/c", b"a\x01", b"a!b", b"a-b"]);
    }

    #[test]
    fn within_means_whole_parts() {
        let path = |text: &str| TreePath::new(text.as_bytes()).unwrap();
        assert!(path("backend/app").is_within(&path("backend")));
        assert!(path("backend").is_within(&path("backend")));
        assert!(!path("backends/app").is_within(&path("backend")));
        assert_eq!(path("backend/app").rebase(&path("backend"), &path("x/y")), Some(path("x/y/app")));
        assert_eq!(path("a/b/c").ancestors().collect::<Vec<_>>(), [&b"a/b"[..], b"a"]);
    }

    #[test]
    fn environment_names_are_plain() {
        for good in ["prod", "web-1", "v2.1", "A_b"] {
            assert!(EnvironmentName::new(good).is_some(), "{good}");
        }
        for bad in ["", "-x", "a b", "a/b", "a=b", "é", "a\n"] {
            assert!(EnvironmentName::new(bad).is_none(), "{bad:?}");
        }
    }
}
