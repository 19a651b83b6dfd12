//! What judging a checkout asks of the files: their names as git blobs, and some of their contents.

use std::io::{self, Read};
use std::sync::Mutex;

use sha1::Digest as _;
use sha2::Sha256;

use crate::collect::cache::{Cache, Extra, Learned, Normalized};
use crate::collect::collected::{lock, whole};
use crate::collect::steady::{self, Reading, Trouble};
use crate::collect::{Listing, OpenFile, Source, fold};
use crate::path::TreePath;
use crate::snapshot::{BlobNames, Content, Counters, Digests, ReadFailure};

/// How much is read of a file at a time.
const CHUNK: usize = 128 * 1024;

/// Names files as git names blobs, reading only what is not known from an earlier run.
pub(crate) trait BlobHasher: Sync {
    /// The names of a listed regular file; `entry` counts into the snapshot's entries.
    fn blob(&self, entry: usize) -> Result<BlobNames, ReadFailure>;

    /// Reads a whole regular file; one above `limit` bytes is a failure that says so, and is not read.
    fn read(&self, entry: usize, limit: u64) -> Result<Vec<u8>, ReadFailure>;

    /// The name of a file's bytes as they are.
    fn raw(&self, entry: usize) -> Result<[u8; 20], ReadFailure> {
        Ok(self.blob(entry)?.raw)
    }

    /// The SHA-256 of a file; one above `limit` bytes is a failure that says so, and is not read.
    fn sha256(&self, entry: usize, limit: u64) -> Result<[u8; 32], ReadFailure> {
        Ok(Sha256::digest(self.read(entry, limit)?).into())
    }

    /// The name of a file's bytes, where it is known without reading.
    fn known(&self, _: usize) -> Option<[u8; 20]> {
        None
    }

    /// Whether each question costs a round trip, unless it was announced.
    fn is_far(&self) -> bool {
        false
    }

    /// Announces what will be asked.
    fn expect(&self, _: &Wanted) {}
}

/// What will be asked, by entries of the listing.
#[derive(Debug, Default)]
pub(crate) struct Wanted {
    /// Their names as they are.
    pub(crate) names: Vec<usize>,
    /// Their SHA-256.
    pub(crate) sha256: Vec<usize>,
    /// What is in them.
    pub(crate) contents: Vec<usize>,
    /// Their names with other line endings.
    pub(crate) texts: Vec<usize>,
}

/// Names the files of one environment while it is being collected.
pub(super) struct FileHasher<'a> {
    pub(super) source: &'a dyn Source,
    pub(super) listing: &'a Listing,
    pub(super) cache: &'a Mutex<Cache>,
    pub(super) work: &'a Mutex<Counters>,
    /// The time by the wall clock of the plan, in seconds.
    pub(super) now: i64,
}

impl BlobHasher for FileHasher<'_> {
    fn blob(&self, entry: usize) -> Result<BlobNames, ReadFailure> {
        let (digests, extra) = {
            let cache = lock(self.cache);
            (cache.digests(entry), cache.extra(entry))
        };
        if let (Some(raw), Some(normalized)) = (digests.git_blob, extra.normalized) {
            return Ok(BlobNames { raw, normalized: normalized.other() });
        }
        let reading = self.steadily(entry, |file, length, counters| name_raw(file, length, counters))?;
        let Survey { raw, pairs, is_binary } = reading.value;
        let normalized = if pairs == 0 || is_binary {
            Normalized::Same
        } else {
            let size = self.size(entry)? - pairs;
            let again = self.steadily(entry, |file, length, counters| name_normalized(file, length, size, counters))?;
            if again.stamp != reading.stamp {
                return Err(self.failure(entry, &Trouble::Changed));
            }
            Normalized::Other(again.value)
        };
        let learned = Learned {
            stamp: reading.stamp,
            began: reading.began,
            digests: Digests { git_blob: Some(raw), ..Digests::default() },
            extra: Extra { normalized: Some(normalized), fold: None },
            now: self.now,
        };
        lock(self.cache).learn(entry, &learned);
        Ok(BlobNames { raw, normalized: normalized.other() })
    }

    fn read(&self, entry: usize, limit: u64) -> Result<Vec<u8>, ReadFailure> {
        let size = self.size(entry)?;
        if size > limit {
            let name = String::from_utf8_lossy(self.path(entry).as_bytes());
            return Err(ReadFailure(format!("`{name}` has {size} bytes, and {limit} is the limit")));
        }
        if let Some(rules) = lock(self.cache).rules(entry) {
            return Ok(rules);
        }
        let reading = self.steadily(entry, whole)?;
        // Nothing but rules is kept, since contents may be secret.
        if matches!(self.path(entry).file_name(), b".gitignore" | b".gitattributes") {
            lock(self.cache).learn_rules(entry, &reading);
        }
        Ok(reading.value)
    }
}

impl FileHasher<'_> {
    fn path(&self, entry: usize) -> &TreePath {
        &self.listing.snapshot.entries[entry].path
    }

    fn size(&self, entry: usize) -> Result<u64, ReadFailure> {
        match self.listing.snapshot.entries[entry].content {
            Content::File(file) => Ok(file.size),
            _ => Err(ReadFailure(format!("{:?} is no readable file", self.path(entry)))),
        }
    }

    /// Reads the file in the state in which it was listed.
    fn steadily<T>(
        &self,
        entry: usize,
        read: impl Fn(&mut dyn OpenFile, u64, &mut Counters) -> io::Result<T>,
    ) -> Result<Reading<T>, ReadFailure> {
        let size = self.size(entry)?;
        let mut counters = Counters::default();
        let reading =
            steady::steadily(&mut *self.source.reader(), self.path(entry), size, &mut counters, |file, counters| {
                read(file, size, counters)
            });
        *lock(self.work) += counters;
        match reading {
            Ok(reading) if reading.stamp == self.listing.stamps[entry] => Ok(reading),
            Ok(_) => Err(self.failure(entry, &Trouble::Changed)),
            Err(trouble) => Err(self.failure(entry, &trouble)),
        }
    }

    fn failure(&self, entry: usize, trouble: &Trouble) -> ReadFailure {
        ReadFailure(trouble.message(self.path(entry)))
    }
}

/// The names of bytes.
pub(super) fn names_of(bytes: &[u8]) -> io::Result<BlobNames> {
    let mut counters = Counters::default();
    let size = bytes.len() as u64;
    let Survey { raw, pairs, is_binary } = name_raw(&mut &*bytes, size, &mut counters)?;
    let is_same = pairs == 0 || is_binary;
    let normalized =
        if is_same { None } else { Some(name_normalized(&mut &*bytes, size, size - pairs, &mut counters)?) };
    Ok(BlobNames { raw, normalized })
}

/// What one pass over a file tells.
pub(super) struct Survey {
    pub(super) raw: [u8; 20],
    /// How many CR LF there are.
    pub(super) pairs: u64,
    pub(super) is_binary: bool,
}

pub(super) fn name_raw<F: Read + ?Sized>(file: &mut F, size: u64, counters: &mut Counters) -> io::Result<Survey> {
    let mut hasher = blob_hasher(size);
    let (mut pairs, mut last, mut is_binary, mut first) = (0, 0, false, true);
    chunks(file, size, counters, |bytes| {
        hasher.update(bytes);
        is_binary |= std::mem::take(&mut first) && fold::is_binary(bytes);
        for &byte in bytes {
            pairs += u64::from(last == b'\r' && byte == b'\n');
            last = byte;
        }
    })?;
    Ok(Survey { raw: hasher.finalize().into(), pairs, is_binary })
}

/// Names the content without the CR of every CR LF; `normalized` is its size then.
pub(super) fn name_normalized<F: Read + ?Sized>(
    file: &mut F,
    size: u64,
    normalized: u64,
    counters: &mut Counters,
) -> io::Result<[u8; 20]> {
    let mut hasher = blob_hasher(normalized);
    let mut held = false;
    let mut kept = Vec::new();
    chunks(file, size, counters, |bytes| {
        kept.clear();
        for &byte in bytes {
            if std::mem::take(&mut held) && byte != b'\n' {
                kept.push(b'\r');
            }
            if byte == b'\r' {
                held = true;
            } else {
                kept.push(byte);
            }
        }
        hasher.update(&kept);
    })?;
    if held {
        hasher.update(b"\r");
    }
    Ok(hasher.finalize().into())
}

fn blob_hasher(size: u64) -> sha1::Sha1 {
    sha1::Sha1::new_with_prefix(format!("blob {size}\0"))
}

/// Hands out all of a file in pieces; the first has at least 8000 bytes when the file has.
fn chunks<F: Read + ?Sized>(
    file: &mut F,
    size: u64,
    counters: &mut Counters,
    mut take: impl FnMut(&[u8]),
) -> io::Result<()> {
    let room = usize::try_from(size).unwrap_or(CHUNK).min(CHUNK);
    let mut buffer = vec![0; room];
    let mut left = size;
    while left > 0 {
        let length = room.min(usize::try_from(left).unwrap_or(room));
        file.read_exact(&mut buffer[..length])?;
        take(&buffer[..length]);
        counters.bytes_read += length as u64;
        counters.bytes_hashed += length as u64;
        left -= length as u64;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::snapshot::CommitId;

    struct Text(io::Cursor<Vec<u8>>);

    impl io::Read for Text {
        fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            self.0.read(buffer)
        }
    }

    impl OpenFile for Text {
        fn stamp(&self) -> Option<crate::collect::Stamp> {
            None
        }
        fn size(&self) -> u64 {
            self.0.get_ref().len() as u64
        }
        fn is_unchanged(&mut self) -> io::Result<bool> {
            Ok(true)
        }
    }

    fn name(text: &[u8]) -> String {
        let mut hasher = blob_hasher(text.len() as u64);
        hasher.update(text);
        hex(&hasher.finalize())
    }

    fn hex(name: &[u8]) -> String {
        CommitId(name.into()).to_string()
    }

    #[test]
    fn names_are_those_that_git_gives() {
        // `printf 'one\n' | git hash-object --stdin`
        assert_eq!(name(b"one\n"), "5626abf0f72e58d7a153368ba57db4c673c0e171");
        assert_eq!(name(b""), "e69de29bb2d1d6434b8b29ae775ad8c2e48c5391");
    }

    #[test]
    fn line_ends_across_pieces_are_seen() {
        let mut crlf = vec![b'x'; CHUNK - 1];
        crlf.extend_from_slice(b"\r\nend\r\r\n\r");
        let mut lf = vec![b'x'; CHUNK - 1];
        lf.extend_from_slice(b"\nend\r\n\r");
        let size = crlf.len() as u64;
        let mut counters = Counters::default();
        let survey = name_raw(&mut Text(io::Cursor::new(crlf.clone())), size, &mut counters).unwrap();
        assert_eq!(survey.pairs, 2);
        let normalized =
            name_normalized(&mut Text(io::Cursor::new(crlf)), size, size - survey.pairs, &mut counters).unwrap();
        assert_eq!(hex(&normalized), name(&lf));
    }
}
