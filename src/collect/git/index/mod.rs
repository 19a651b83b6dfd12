//! git's index file: bytes in, entries out. Pure.
//!
//! Versions 2, 3 and 4 with all flags, the split index (its two files are joined by [`Index::join`]) and the folders of a sparse index,
//! which the caller expands from their trees. What git itself may not skip and is not understood here is an error, never a guess.
//! Source: git's `Documentation/gitformat-index.adoc`.

mod ewah;

use sha1::{Digest as _, Sha1};

use crate::path::{TreePath, TreePathError};
use crate::snapshot::Timestamp;

/// A parsed index.
#[derive(Debug)]
pub(crate) struct Index {
    /// Sorted by path and stage as git sorts them: by plain bytes.
    pub(crate) entries: Vec<IndexEntry>,
    /// The shared index to which these entries are a change; [`Index::join`] puts them together.
    pub(crate) link: Option<Link>,
    /// The checksum by which a shared index is named.
    pub(crate) checksum: [u8; 20],
}

/// One tracked path.
#[derive(Debug, Clone)]
pub(crate) struct IndexEntry {
    /// Its path from the top of the repository. A folder of a sparse index is here without the `/` at its end.
    pub(crate) path: TreePath,
    /// What it is.
    pub(crate) mode: FileMode,
    /// The blob, the commit of a submodule, or the tree of a folder of a sparse index.
    pub(crate) id: [u8; 20],
    /// 0; or 1, 2, 3 for base, ours and theirs of a conflict.
    pub(crate) stage: u8,
    /// The file is not meant to be there.
    pub(crate) skip_worktree: bool,
    /// Only the intention to add it was recorded.
    pub(crate) intent_to_add: bool,
    /// What the file was when the entry was known to hold its content.
    pub(crate) stat: IndexStat,
}

/// What a tracked path or an entry of a tree is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum FileMode {
    /// A regular file.
    File,
    /// A regular file that its owner may execute.
    Executable,
    /// A symbolic link.
    Link,
    /// A submodule.
    Gitlink,
    /// A folder.
    Folder,
}

/// Stat data as the index keeps them: cut to 32 bits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct IndexStat {
    pub(crate) changed: (u32, u32),
    pub(crate) modified: (u32, u32),
    pub(crate) inode: u32,
    pub(crate) uid: u32,
    pub(crate) gid: u32,
    pub(crate) size: u32,
}

/// The part of a split index that says what to change in the shared one.
#[derive(Debug)]
pub(crate) struct Link {
    /// The checksum of the shared index.
    pub(crate) base: [u8; 20],
    bitmaps: Vec<u8>,
    /// Entries without a path, which replace those that the second bitmap names.
    replacements: Vec<RawEntry>,
}

/// Why some bytes are no index that is understood.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum IndexError {
    #[error("it is cut off or damaged ({0})")]
    Damaged(&'static str),
    #[error("its version {0} is not known")]
    Version(u32),
    #[error("it has the extension `{}`, which must be understood and is not", .0.escape_ascii())]
    Extension([u8; 4]),
    #[error("it holds a path that cannot be one: {0}")]
    Path(#[from] TreePathError),
}

impl FileMode {
    /// The mode that is written in a tree or an index.
    pub(crate) fn from_bits(bits: u32) -> Option<Self> {
        match bits & 0o170_000 {
            0o100_000 if bits & 0o100 != 0 => Some(Self::Executable),
            0o100_000 => Some(Self::File),
            0o120_000 => Some(Self::Link),
            0o160_000 => Some(Self::Gitlink),
            0o040_000 => Some(Self::Folder),
            _ => None,
        }
    }

    /// Whether both are of one type, executable or not.
    pub(crate) fn is_like(self, other: Self) -> bool {
        let plain = |mode| if mode == Self::Executable { Self::File } else { mode };
        plain(self) == plain(other)
    }
}

impl IndexStat {
    /// Whether a file still has exactly this stat data. The device is not compared: it changes from one mount to the next.
    pub(crate) fn is_of(&self, now: &IndexStat, size: u64) -> bool {
        // Size 0 of a file that has content is git's mark for "look again".
        self == now && (self.size != 0 || size == 0)
    }

    /// Whether a file may have been changed after its entry was made without this showing: it was changed no earlier than the index.
    pub(crate) fn is_racy(&self, index: Timestamp) -> bool {
        let (seconds, nanos) = self.modified;
        let index_seconds = cut_seconds(index.seconds);
        // Some file systems keep whole seconds only.
        if nanos == 0 || index.nanos == 0 {
            seconds >= index_seconds
        } else {
            (seconds, nanos) >= (index_seconds, index.nanos)
        }
    }
}

/// An index keeps the lower 32 bits of a time.
#[expect(clippy::cast_sign_loss, reason = "the bits are what counts")]
pub(crate) fn cut_seconds(seconds: i64) -> u32 {
    seconds as u32
}

#[derive(Debug, Clone)]
struct RawEntry {
    path: Vec<u8>,
    mode: u32,
    id: [u8; 20],
    flags: u16,
    extended: u16,
    stat: IndexStat,
}

const EXTENDED: u16 = 0x4000;
const SKIP_WORKTREE: u16 = 0x4000;
const INTENT_TO_ADD: u16 = 0x2000;
/// The fixed part of an entry.
const FIXED: usize = 62;

impl Index {
    /// Parses the bytes of an index file.
    ///
    /// # Errors
    /// When they are damaged (a checksum of zeros, as `index.skipHash` writes it, is not checked), or not understood.
    pub(crate) fn parse(bytes: &[u8]) -> Result<Self, IndexError> {
        let (content, checksum) =
            bytes.split_last_chunk::<20>().ok_or(IndexError::Damaged("its checksum is missing"))?;
        if *checksum != [0; 20] && Sha1::digest(content).as_slice() != checksum {
            return Err(IndexError::Damaged("its checksum is another"));
        }
        let mut rest = Reader { bytes: content };
        if rest.take::<4>()? != *b"DIRC" {
            return Err(IndexError::Damaged("it does not begin as an index"));
        }
        let version = rest.u32()?;
        if !matches!(version, 2..=4) {
            return Err(IndexError::Version(version));
        }
        let count = rest.u32()? as usize;
        if count > content.len() / FIXED {
            return Err(IndexError::Damaged("it promises more entries than it can hold"));
        }
        let mut raw = Vec::with_capacity(count);
        for _ in 0..count {
            let previous = raw.last().map(|entry: &RawEntry| entry.path.as_slice()).unwrap_or_default();
            let entry = rest.entry(version, previous)?;
            raw.push(entry);
        }
        let mut link = None;
        while !rest.bytes.is_empty() {
            let name = rest.take::<4>()?;
            let size = rest.u32()? as usize;
            let body = rest.slice(size)?;
            match &name {
                b"link" => link = parse_link(body)?,
                // The format lets a reader skip extensions that begin with a capital letter, and no others. The folders that
                // `sdir` announces are entries like others.
                b"sdir" | [b'A'..=b'Z', ..] => {}
                _ => return Err(IndexError::Extension(name)),
            }
        }
        if let Some(link) = &mut link {
            let named = raw.iter().position(|entry| !entry.path.is_empty()).unwrap_or(raw.len());
            link.replacements = raw.drain(..named).collect();
        }
        let entries = raw.into_iter().map(IndexEntry::try_from).collect::<Result<Vec<_>, _>>()?;
        check_order(&entries)?;
        Ok(Self { entries, link, checksum: *checksum })
    }

    /// Puts a split index together: `self` with its link, and the shared index that the link names.
    pub(crate) fn join(self, shared: Index) -> Result<Self, IndexError> {
        let Some(link) = self.link else { return Ok(self) };
        let damaged = IndexError::Damaged("its link to the shared index is broken");
        if shared.link.is_some() || (shared.checksum != [0; 20] && shared.checksum != link.base) {
            return Err(damaged);
        }
        let mut entries: Vec<Option<IndexEntry>> = shared.entries.into_iter().map(Some).collect();
        if link.bitmaps.is_empty() && link.replacements.is_empty() {
            // Nothing of the shared index was removed or replaced.
        } else {
            let (deleted, rest) = ewah::read(&link.bitmaps, entries.len()).ok_or(damaged.clone())?;
            let (replaced, _) = ewah::read(rest, entries.len()).ok_or(damaged.clone())?;
            if replaced.len() != link.replacements.len() {
                return Err(damaged);
            }
            for (at, mut raw) in replaced.into_iter().zip(link.replacements) {
                let old = entries[at].as_ref().ok_or(damaged.clone())?;
                raw.path = old.path.as_bytes().to_vec();
                entries[at] = Some(IndexEntry::try_from(raw)?);
            }
            for at in deleted {
                entries[at] = None;
            }
        }
        let mut entries: Vec<IndexEntry> = entries.into_iter().flatten().collect();
        // An entry that is new in the split part takes the place of an equal one that was kept in the shared part.
        let is_new = |entry: &IndexEntry| self.entries.binary_search_by(|new| new.order(entry)).is_ok();
        entries.retain(|entry| !is_new(entry));
        entries.extend(self.entries.iter().cloned());
        entries.sort_by(IndexEntry::order);
        check_order(&entries)?;
        Ok(Self { entries, link: None, checksum: self.checksum })
    }
}

impl IndexEntry {
    fn order(&self, other: &Self) -> std::cmp::Ordering {
        sort_key(self).cmp(&sort_key(other)).then(self.stage.cmp(&other.stage))
    }
}

/// Folders of a sparse index sort with the `/` that ends their names in the file.
fn sort_key(entry: &IndexEntry) -> impl Ord + use<'_> {
    let end: &[u8] = if entry.mode == FileMode::Folder { b"/" } else { b"" };
    Chained(entry.path.as_bytes(), end)
}

#[derive(PartialEq, Eq)]
struct Chained<'a>(&'a [u8], &'a [u8]);

impl Ord for Chained<'_> {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.0.iter().chain(self.1).cmp(other.0.iter().chain(other.1))
    }
}

impl PartialOrd for Chained<'_> {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

fn check_order(entries: &[IndexEntry]) -> Result<(), IndexError> {
    let sorted = entries.is_sorted_by(|a, b| a.order(b).is_lt());
    sorted.then_some(()).ok_or(IndexError::Damaged("its entries are not in order"))
}

fn parse_link(body: &[u8]) -> Result<Option<Link>, IndexError> {
    let (base, bitmaps) =
        body.split_first_chunk::<20>().ok_or(IndexError::Damaged("its link to the shared index is cut off"))?;
    // A null name says that the index could be split and is not.
    Ok((*base != [0; 20]).then(|| Link { base: *base, bitmaps: bitmaps.to_vec(), replacements: Vec::new() }))
}

impl TryFrom<RawEntry> for IndexEntry {
    type Error = IndexError;

    fn try_from(raw: RawEntry) -> Result<Self, IndexError> {
        let mode = FileMode::from_bits(raw.mode).ok_or(IndexError::Damaged("an entry has an impossible mode"))?;
        let mut path = raw.path;
        let is_sparse = raw.extended & SKIP_WORKTREE != 0;
        if mode == FileMode::Folder && (path.pop() != Some(b'/') || !is_sparse) {
            return Err(IndexError::Damaged("a folder is tracked as if it were a file"));
        }
        Ok(Self {
            path: TreePath::new(path)?,
            mode,
            id: raw.id,
            stage: (raw.flags >> 12 & 3) as u8,
            skip_worktree: raw.extended & SKIP_WORKTREE != 0,
            intent_to_add: raw.extended & INTENT_TO_ADD != 0,
            stat: raw.stat,
        })
    }
}

struct Reader<'a> {
    bytes: &'a [u8],
}

impl<'a> Reader<'a> {
    fn slice(&mut self, length: usize) -> Result<&'a [u8], IndexError> {
        let (slice, rest) = self.bytes.split_at_checked(length).ok_or(IndexError::Damaged("it ends too early"))?;
        self.bytes = rest;
        Ok(slice)
    }

    fn take<const N: usize>(&mut self) -> Result<[u8; N], IndexError> {
        let (array, rest) = self.bytes.split_first_chunk::<N>().ok_or(IndexError::Damaged("it ends too early"))?;
        self.bytes = rest;
        Ok(*array)
    }

    fn u32(&mut self) -> Result<u32, IndexError> {
        self.take().map(u32::from_be_bytes)
    }

    fn u16(&mut self) -> Result<u16, IndexError> {
        self.take().map(u16::from_be_bytes)
    }

    fn entry(&mut self, version: u32, previous: &[u8]) -> Result<RawEntry, IndexError> {
        let start = self.bytes.len();
        let changed = (self.u32()?, self.u32()?);
        let modified = (self.u32()?, self.u32()?);
        let _device = self.u32()?;
        let inode = self.u32()?;
        let mode = self.u32()?;
        let (uid, gid, size) = (self.u32()?, self.u32()?, self.u32()?);
        let id = self.take()?;
        let flags = self.u16()?;
        let extended = if flags & EXTENDED == 0 {
            0
        } else if version >= 3 {
            self.u16()?
        } else {
            return Err(IndexError::Damaged("an entry has flags that its version does not know"));
        };
        let path = if version == 4 {
            let kept = self.strip_length(previous.len())?;
            let mut path = previous[..kept].to_vec();
            let end =
                self.bytes.iter().position(|&byte| byte == 0).ok_or(IndexError::Damaged("a path does not end"))?;
            path.extend_from_slice(self.slice(end)?);
            self.slice(1)?;
            path
        } else {
            let length = match usize::from(flags & 0xfff) {
                0xfff => {
                    self.bytes.iter().position(|&byte| byte == 0).ok_or(IndexError::Damaged("a path does not end"))?
                }
                length => length,
            };
            let path = self.slice(length)?.to_vec();
            // Entries are filled up with 1 to 8 zero bytes to a multiple of 8.
            let used = start - self.bytes.len();
            self.slice(8 - used % 8)?;
            path
        };
        Ok(RawEntry { path, mode, id, flags, extended, stat: IndexStat { changed, modified, inode, uid, gid, size } })
    }

    /// How much of the previous path of `length` bytes is kept: the number that is written is what is cut off its end.
    fn strip_length(&mut self, length: usize) -> Result<usize, IndexError> {
        let damaged = IndexError::Damaged("a path is cut off by more than it has");
        let [mut byte] = self.take()?;
        let mut number = usize::from(byte & 0x7f);
        while byte & 0x80 != 0 {
            [byte] = self.take()?;
            number = number.checked_add(1).and_then(|n| n.checked_mul(128)).ok_or(damaged.clone())?;
            number += usize::from(byte & 0x7f);
        }
        length.checked_sub(number).ok_or(damaged)
    }
}

#[cfg(test)]
mod tests;
