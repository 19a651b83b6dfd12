//! The stored form of the hash cache.
//!
//! `driftline hashes` and a line feed; the version as four bytes, low first; then, in postcard's form, the source's identity
//! and the number of records, and that many records in path order; last the BLAKE3 of all that. A record's path is the number of leading
//! bytes it shares with the one before, and the rest.

use std::io;

use serde::{Deserialize, Serialize};

use crate::collect::Stamp;
use crate::collect::cache::{Extra, Folded, Normalized};
use crate::snapshot::{Digests, TextFold, Timestamp};

const MAGIC: &[u8] = b"driftline hashes\n";
const VERSION: u32 = 3;
const CHECKSUM: usize = 32;

/// How much is encoded before it is written.
const PIECE: usize = 64 * 1024;

/// What was known of one file.
#[derive(Debug)]
pub(super) struct Record<'a> {
    /// In the environment.
    pub(super) path: &'a [u8],
    pub(super) stamp: Stamp,
    pub(super) digests: Digests,
    pub(super) extra: Extra,
    pub(super) rules: Option<&'a [u8]>,
    /// When it was last read, in seconds since 1970.
    pub(super) verified: i64,
}

#[derive(Serialize, Deserialize)]
struct Head<'a> {
    #[serde(borrow)]
    identity: Bytes<'a>,
    records: u64,
}

#[derive(Serialize, Deserialize)]
struct Line<'a> {
    shared: usize,
    #[serde(borrow)]
    rest: Bytes<'a>,
    device: u64,
    inode: u64,
    size: u64,
    modified: (i64, u32),
    changed: (i64, u32),
    verified: i64,
    blake3: Option<Bytes<'a>>,
    git_blob: Option<Bytes<'a>>,
    sha256: Option<Bytes<'a>>,
    normalized: Option<Normalized>,
    fold: Option<Fold>,
    #[serde(borrow)]
    rules: Option<Bytes<'a>>,
}

#[derive(Serialize, Deserialize)]
enum Fold {
    Binary,
    Text { has_bom: bool, has_crlf: bool, plain: [u8; 32], trimmed: [u8; 32] },
}

/// Bytes that go in and out as a whole; serde takes slices byte by byte.
#[derive(Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(transparent)]
struct Bytes<'a>(&'a [u8]);

impl Serialize for Bytes<'_> {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_bytes(self.0)
    }
}

/// Reads records one by one.
pub(super) struct Records<'a> {
    rest: &'a [u8],
    left: u64,
    path: Vec<u8>,
}

impl<'a> Records<'a> {
    /// Checks the whole file.
    ///
    /// # Errors
    /// Why it cannot be used, in words.
    pub(super) fn open(bytes: &'a [u8], identity: &[u8]) -> Result<Self, String> {
        let damaged = || "is damaged".to_owned();
        let after = bytes.strip_prefix(MAGIC).ok_or_else(damaged)?;
        let (version, after) = after.split_first_chunk::<4>().ok_or_else(damaged)?;
        if u32::from_le_bytes(*version) != VERSION {
            return Err("was written by another version of driftline".to_owned());
        }
        let (body, _) = after.split_last_chunk::<CHECKSUM>().ok_or_else(damaged)?;
        let (checked, checksum) = bytes.split_at(bytes.len() - CHECKSUM);
        if blake3::hash(checked).as_bytes() != checksum {
            return Err(damaged());
        }
        let (head, rest) = postcard::take_from_bytes::<Head<'_>>(body).map_err(|_| damaged())?;
        if head.identity.0 != identity {
            return Err("belongs to another place".to_owned());
        }
        Ok(Self { rest, left: head.records, path: Vec::new() })
    }

    /// The next record.
    pub(super) fn next(&mut self) -> Result<Option<Record<'_>>, String> {
        if self.left == 0 {
            return Ok(None);
        }
        let (line, rest) = postcard::take_from_bytes::<Line<'_>>(self.rest).map_err(|_| "is damaged".to_owned())?;
        self.rest = rest;
        self.left -= 1;
        self.path.truncate(line.shared);
        self.path.extend_from_slice(line.rest.0);
        let time = |(seconds, nanos)| Timestamp { seconds, nanos };
        Ok(Some(Record {
            path: &self.path,
            stamp: Stamp {
                device: line.device,
                inode: line.inode,
                size: line.size,
                modified: time(line.modified),
                changed: time(line.changed),
            },
            digests: Digests {
                blake3: array(line.blake3)?,
                git_blob: array(line.git_blob)?,
                sha256: array(line.sha256)?,
            },
            extra: Extra {
                normalized: line.normalized,
                fold: line.fold.map(|fold| match fold {
                    Fold::Binary => Folded::Binary,
                    Fold::Text { has_bom, has_crlf, plain, trimmed } => {
                        Folded::Text(TextFold { has_bom, has_crlf, plain, trimmed })
                    }
                }),
            },
            rules: line.rules.map(|rules| rules.0),
            verified: line.verified,
        }))
    }
}

/// Writes records in path order, and holds none of them.
pub(super) struct Writer<'w> {
    out: &'w mut dyn io::Write,
    checksum: blake3::Hasher,
    buffer: Vec<u8>,
    last: Vec<u8>,
}

impl<'w> Writer<'w> {
    /// `records` will be added.
    pub(super) fn new(out: &'w mut dyn io::Write, identity: &[u8], records: u64) -> io::Result<Self> {
        let mut writer = Self { out, checksum: blake3::Hasher::new(), buffer: Vec::new(), last: Vec::new() };
        writer.buffer = encode(&Head { identity: Bytes(identity), records }, [MAGIC, &VERSION.to_le_bytes()].concat());
        writer.flush()?;
        Ok(writer)
    }

    pub(super) fn add(&mut self, record: &Record<'_>) -> io::Result<()> {
        let shared = record.path.iter().zip(&self.last).take_while(|(a, b)| a == b).count();
        let Stamp { device, inode, size, modified, changed } = record.stamp;
        let line = Line {
            shared,
            rest: Bytes(&record.path[shared..]),
            device,
            inode,
            size,
            modified: (modified.seconds, modified.nanos),
            changed: (changed.seconds, changed.nanos),
            verified: record.verified,
            blake3: record.digests.blake3.as_ref().map(|digest| Bytes(digest)),
            git_blob: record.digests.git_blob.as_ref().map(|name| Bytes(name)),
            sha256: record.digests.sha256.as_ref().map(|digest| Bytes(digest)),
            normalized: record.extra.normalized,
            fold: record.extra.fold.map(|fold| match fold {
                Folded::Binary => Fold::Binary,
                Folded::Text(TextFold { has_bom, has_crlf, plain, trimmed }) => {
                    Fold::Text { has_bom, has_crlf, plain, trimmed }
                }
            }),
            rules: record.rules.map(Bytes),
        };
        self.buffer = encode(&line, std::mem::take(&mut self.buffer));
        self.last.truncate(shared);
        self.last.extend_from_slice(&record.path[shared..]);
        if self.buffer.len() >= PIECE { self.flush() } else { Ok(()) }
    }

    /// Writes what proves the rest.
    pub(super) fn finish(mut self) -> io::Result<()> {
        self.flush()?;
        self.out.write_all(self.checksum.finalize().as_bytes())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.checksum.update(&self.buffer);
        self.out.write_all(&self.buffer)?;
        self.buffer.clear();
        Ok(())
    }
}

fn array<const N: usize>(bytes: Option<Bytes<'_>>) -> Result<Option<[u8; N]>, String> {
    bytes.map(|bytes| bytes.0.try_into().map_err(|_| "is damaged".to_owned())).transpose()
}

fn encode<T: Serialize>(value: &T, onto: Vec<u8>) -> Vec<u8> {
    postcard::to_extend(value, onto).expect("plain records always have a postcard form")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record(path: &[u8], fill: u8) -> Record<'_> {
        let time = Timestamp { seconds: -5, nanos: 999_999_999 };
        Record {
            path,
            stamp: Stamp { device: u64::MAX, inode: 3, size: 9, modified: time, changed: time },
            digests: Digests { blake3: Some([fill; 32]), git_blob: None, sha256: Some([7; 32]) },
            extra: Extra {
                normalized: Some(Normalized::Same),
                fold: Some(Folded::Text(TextFold {
                    has_bom: true,
                    has_crlf: false,
                    plain: [fill; 32],
                    trimmed: [0; 32],
                })),
            },
            rules: (fill == 2).then_some(b"*.log\n"),
            verified: 1_700_000_000,
        }
    }

    fn file() -> Vec<u8> {
        let mut bytes = Vec::new();
        let mut writer = Writer::new(&mut bytes, b"here", 3).unwrap();
        for (path, fill) in [(&b"a/b\xff"[..], 1), (b"a/bc\n", 2), (b"z", 3)] {
            writer.add(&record(path, fill)).unwrap();
        }
        writer.finish().unwrap();
        bytes
    }

    #[test]
    fn what_is_written_is_read() {
        let bytes = file();
        let mut records = Records::open(&bytes, b"here").unwrap();
        for (path, fill) in [(&b"a/b\xff"[..], 1), (b"a/bc\n", 2), (b"z", 3)] {
            assert_eq!(format!("{:?}", records.next().unwrap().unwrap()), format!("{:?}", record(path, fill)));
        }
        assert!(records.next().unwrap().is_none());
    }

    #[test]
    fn no_damaged_file_is_trusted() {
        let bytes = file();
        for length in 0..bytes.len() {
            assert!(Records::open(&bytes[..length], b"here").is_err(), "cut to {length}");
        }
        for at in 0..bytes.len() {
            let mut bytes = bytes.clone();
            bytes[at] ^= 0x10;
            assert!(Records::open(&bytes, b"here").is_err(), "byte {at}");
        }
        assert!(Records::open(&bytes, b"there").is_err());
    }
}
