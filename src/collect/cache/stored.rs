//! The stored form of the hash cache.
//!
//! `driftline hashes` and a line feed; the version as four bytes, low first; then pieces, each with its length before it in the same
//! way and in postcard's form: the source's identity with the number of records, and that many records in path order; last the BLAKE3 of
//! all that. A record's path is the number of leading bytes it shares with the one before, and the rest.

use std::io::{self, Read as _};

use serde::{Deserialize, Serialize};

use crate::collect::Stamp;
use crate::collect::cache::{Extra, Folded, Normalized};
use crate::snapshot::{Digests, TextFold, Timestamp};

const MAGIC: &[u8] = b"driftline hashes\n";
const VERSION: u32 = 4;
const CHECKSUM: usize = 32;

/// How much is encoded before it is written.
const AT_A_TIME: usize = 64 * 1024;

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
    Whole,
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
pub(super) struct Records<I> {
    input: io::Take<I>,
    left: u64,
    path: Vec<u8>,
    buffer: Vec<u8>,
}

impl<I: io::Read + io::Seek> Records<I> {
    /// Goes over the whole file once to check it, and begins again at its start.
    ///
    /// # Errors
    /// Why it cannot be used, in words.
    pub(super) fn open(mut input: I, identity: &[u8]) -> Result<Self, String> {
        let length = input.seek(io::SeekFrom::End(0)).map_err(|_| damaged())?;
        let checked = length.checked_sub(CHECKSUM as u64).ok_or_else(damaged)?;
        input.rewind().map_err(|_| damaged())?;
        let mut start = [0; MAGIC.len() + 4];
        input.read_exact(&mut start).map_err(|_| damaged())?;
        let version = start.strip_prefix(MAGIC).ok_or_else(damaged)?;
        if version != VERSION.to_le_bytes() {
            return Err("was written by another version of driftline".to_owned());
        }
        let mut hasher = blake3::Hasher::new();
        hasher.update(&start);
        let body = checked.checked_sub(start.len() as u64).ok_or_else(damaged)?;
        let mut input = input.take(body);
        hasher.update_reader(&mut input).map_err(|_| damaged())?;
        let mut checksum = [0; CHECKSUM];
        input.get_mut().read_exact(&mut checksum).map_err(|_| damaged())?;
        if *hasher.finalize().as_bytes() != checksum {
            return Err(damaged());
        }
        input.get_mut().seek(io::SeekFrom::Start(start.len() as u64)).map_err(|_| damaged())?;
        input.set_limit(body);
        let mut records = Self { input, left: 0, path: Vec::new(), buffer: Vec::new() };
        records.piece()?;
        let head: Head<'_> = postcard::from_bytes(&records.buffer).map_err(|_| damaged())?;
        if head.identity.0 != identity {
            return Err("belongs to another place".to_owned());
        }
        records.left = head.records;
        Ok(records)
    }

    /// Fills the buffer with the next piece.
    fn piece(&mut self) -> Result<(), String> {
        let mut length = [0; 4];
        self.input.read_exact(&mut length).map_err(|_| damaged())?;
        let length = u32::from_le_bytes(length);
        if u64::from(length) > self.input.limit() {
            return Err(damaged());
        }
        self.buffer.resize(length as usize, 0);
        self.input.read_exact(&mut self.buffer).map_err(|_| damaged())
    }

    /// The next record.
    pub(super) fn next(&mut self) -> Result<Option<Record<'_>>, String> {
        if self.left == 0 {
            return Ok(None);
        }
        self.piece()?;
        let line: Line<'_> = postcard::from_bytes(&self.buffer).map_err(|_| damaged())?;
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
                keyed: None,
            },
            extra: Extra {
                normalized: line.normalized,
                fold: line.fold.map(|fold| match fold {
                    Fold::Binary => Folded::Binary,
                    Fold::Whole => Folded::Whole,
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
        let buffer = [MAGIC, &VERSION.to_le_bytes()].concat();
        let mut writer = Self { out, checksum: blake3::Hasher::new(), buffer, last: Vec::new() };
        writer.piece(&Head { identity: Bytes(identity), records })?;
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
                Folded::Whole => Fold::Whole,
                Folded::Text(TextFold { has_bom, has_crlf, plain, trimmed }) => {
                    Fold::Text { has_bom, has_crlf, plain, trimmed }
                }
            }),
            rules: record.rules.map(Bytes),
        };
        self.last.truncate(shared);
        self.last.extend_from_slice(&record.path[shared..]);
        self.piece(&line)
    }

    fn piece<T: Serialize>(&mut self, value: &T) -> io::Result<()> {
        let start = self.buffer.len();
        self.buffer.extend_from_slice(&[0; 4]);
        self.buffer = postcard::to_extend(value, std::mem::take(&mut self.buffer))
            .expect("plain records always have a postcard form");
        let length = u32::try_from(self.buffer.len() - start - 4).map_err(io::Error::other)?;
        self.buffer[start..start + 4].copy_from_slice(&length.to_le_bytes());
        if self.buffer.len() >= AT_A_TIME { self.flush() } else { Ok(()) }
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
    bytes.map(|bytes| bytes.0.try_into().map_err(|_| damaged())).transpose()
}

fn damaged() -> String {
    "is damaged".to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record(path: &[u8], fill: u8) -> Record<'_> {
        let time = Timestamp { seconds: -5, nanos: 999_999_999 };
        Record {
            path,
            stamp: Stamp { device: u64::MAX, inode: 3, size: 9, modified: time, changed: time },
            digests: Digests { blake3: Some([fill; 32]), sha256: Some([7; 32]), ..Digests::default() },
            extra: Extra {
                normalized: Some(Normalized::Same),
                fold: Some(match fill {
                    1 => Folded::Binary,
                    2 => Folded::Whole,
                    _ => Folded::Text(TextFold { has_bom: true, has_crlf: false, plain: [fill; 32], trimmed: [0; 32] }),
                }),
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

    fn open<'b>(bytes: &'b [u8], identity: &[u8]) -> Result<Records<io::Cursor<&'b [u8]>>, String> {
        Records::open(io::Cursor::new(bytes), identity)
    }

    #[test]
    fn what_is_written_is_read() {
        let bytes = file();
        let mut records = open(&bytes, b"here").unwrap();
        for (path, fill) in [(&b"a/b\xff"[..], 1), (b"a/bc\n", 2), (b"z", 3)] {
            assert_eq!(format!("{:?}", records.next().unwrap().unwrap()), format!("{:?}", record(path, fill)));
        }
        assert!(records.next().unwrap().is_none());
    }

    #[test]
    fn no_damaged_file_is_trusted() {
        let bytes = file();
        for length in 0..bytes.len() {
            assert!(open(&bytes[..length], b"here").is_err(), "cut to {length}");
        }
        for at in 0..bytes.len() {
            let mut bytes = bytes.clone();
            bytes[at] ^= 0x10;
            assert!(open(&bytes, b"here").is_err(), "byte {at}");
        }
        assert!(open(&bytes, b"there").is_err());
    }
}
