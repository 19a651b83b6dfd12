//! The bytes of an archive: which form it has, and how much may come out of it.

use std::cell::Cell;
use std::fs::File;
use std::io::{self, BufReader, Read, Seek, SeekFrom};
use std::os::unix::fs::FileExt as _;
use std::rc::Rc;
use std::sync::Arc;

/// How much an archive may hold before it is taken for a bomb.
#[derive(Debug, Clone, Copy)]
pub(super) struct Limits {
    /// Members, and folders above them that have no member of their own.
    pub(super) entries: u64,
    /// Bytes of one content.
    pub(super) content: u64,
    /// Bytes that decompressing gives.
    pub(super) total: u64,
    /// Bytes of all paths.
    pub(super) names: u64,
    /// So many bytes may come out of one, as soon as `floor` bytes have come out.
    pub(super) ratio: u64,
    /// See `ratio`.
    pub(super) floor: u64,
}

const GIB: u64 = 1 << 30;

impl Limits {
    /// Far above what is kept in backups of applications, and still an end.
    pub(super) const USUAL: Self =
        Self { entries: 5_000_000, content: 128 * GIB, total: 1024 * GIB, names: GIB, ratio: 500, floor: GIB };
}

/// What lies in a file, by its first bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    /// tar, packed in some way.
    Tar(Packing),
    /// zip.
    Zip,
}

/// How a tar is packed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Packing {
    /// Not at all.
    Plain,
    /// gzip, one member or several.
    Gzip,
    /// Zstandard, one frame or several.
    Zstd,
    /// xz, one stream or several.
    Xz,
}

/// Recognises an archive by its first bytes; the error says what lies there instead.
pub(super) fn recognise(head: &[u8]) -> Result<Form, &'static str> {
    Ok(match head {
        [] => return Err("is empty"),
        [0x1f, 0x8b, ..] => Form::Tar(Packing::Gzip),
        [0x28, 0xb5, 0x2f, 0xfd, ..] | [0x50..=0x5f, 0x2a, 0x4d, 0x18, ..] => Form::Tar(Packing::Zstd),
        [0xfd, b'7', b'z', b'X', b'Z', 0, ..] => Form::Tar(Packing::Xz),
        [b'P', b'K', 3, 4, ..] | [b'P', b'K', 5, 6, ..] => Form::Zip,
        [b'B', b'Z', b'h', ..] => return Err("is packed by bzip2, which is not read here"),
        [b'7', b'z', 0xbc, 0xaf, ..] => return Err("is a 7z archive, which is not read here"),
        _ if head.len() < super::tar::BLOCK => return Err("is neither a tar nor a zip archive"),
        _ if head.iter().all(|&b| b == 0) || super::tar::is_header(head) => Form::Tar(Packing::Plain),
        _ => return Err("is neither a tar nor a zip archive"),
    })
}

/// Reads a file from a place of its own on: many of them share one descriptor.
#[derive(Debug, Clone)]
pub(super) struct FileAt {
    file: Arc<File>,
    at: u64,
}

impl FileAt {
    pub(super) fn new(file: &Arc<File>, at: u64) -> Self {
        Self { file: Arc::clone(file), at }
    }
}

impl Read for FileAt {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.file.read_at(buffer, self.at)?;
        self.at += read as u64;
        Ok(read)
    }
}

impl Seek for FileAt {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        let from = |base: u64, offset: i64| {
            base.checked_add_signed(offset).ok_or_else(|| io::Error::from(io::ErrorKind::InvalidInput))
        };
        self.at = match to {
            SeekFrom::Start(at) => at,
            SeekFrom::Current(offset) => from(self.at, offset)?,
            SeekFrom::End(offset) => from(self.file.metadata()?.len(), offset)?,
        };
        Ok(self.at)
    }
}

/// Why reading an archive ends before its end.
#[derive(Debug)]
pub(super) enum Fault {
    /// There is no more, and there should be.
    CutOff,
    /// A header that is none: what came before it is good.
    Header(String),
    /// Its bytes are not what was packed: what came before may be wrong too.
    Damaged(String),
    /// More comes out of it than a [`Limits`] allows.
    Bomb(String),
    /// The system refused to read the file.
    Io(io::Error),
}

impl From<io::Error> for Fault {
    fn from(error: io::Error) -> Self {
        if let Some(Bomb(words)) = error.get_ref().and_then(|inner| inner.downcast_ref()) {
            return Self::Bomb(words.clone());
        }
        match (error.raw_os_error(), error.kind()) {
            (Some(_), _) => Self::Io(error),
            (None, io::ErrorKind::UnexpectedEof) => Self::CutOff,
            (None, _) => Self::Damaged(error.to_string()),
        }
    }
}

impl From<Fault> for io::Error {
    fn from(fault: Fault) -> Self {
        match fault {
            Fault::CutOff => io::ErrorKind::UnexpectedEof.into(),
            Fault::Header(words) | Fault::Damaged(words) => Self::new(io::ErrorKind::InvalidData, words),
            Fault::Bomb(words) => Self::other(Bomb(words)),
            Fault::Io(error) => error,
        }
    }
}

#[derive(Debug, thiserror::Error)]
#[error("{0}")]
struct Bomb(String);

/// What comes out of a packed file, counted.
pub(super) struct Unpacked {
    from: Box<dyn Read>,
    taken: Rc<Cell<u64>>,
    given: u64,
    position: u64,
    limits: Limits,
}

/// Counts what a decoder takes.
struct Counted {
    file: FileAt,
    taken: Rc<Cell<u64>>,
}

impl Read for Counted {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.file.read(buffer)?;
        self.taken.set(self.taken.get() + read as u64);
        Ok(read)
    }
}

/// An xz header may ask for so much memory, in KiB: what `xz -9` takes and twice as much again.
const XZ_MEMORY: u32 = 256 * 1024;

impl Unpacked {
    pub(super) fn new(file: &Arc<File>, packing: Packing, limits: Limits) -> io::Result<Self> {
        let taken = Rc::new(Cell::new(0));
        let counted = Counted { file: FileAt::new(file, 0), taken: Rc::clone(&taken) };
        let counted = BufReader::with_capacity(128 * 1024, counted);
        let from: Box<dyn Read> = match packing {
            Packing::Plain => Box::new(counted),
            Packing::Gzip => Box::new(flate2::bufread::MultiGzDecoder::new(counted)),
            Packing::Zstd => Box::new(zstd::stream::read::Decoder::with_buffer(counted)?),
            Packing::Xz => Box::new(lzma_rust2::XzReader::new_mem_limit(counted, true, XZ_MEMORY)),
        };
        Ok(Self { from, taken, given: 0, position: 0, limits })
    }

    /// Bytes of the file that were taken so far.
    pub(super) fn taken(&self) -> u64 {
        self.taken.get()
    }

    /// Where in what is packed reading is.
    pub(super) fn position(&self) -> u64 {
        self.position
    }

    /// Counts bytes that came out, the holes of sparse files too.
    pub(super) fn give(&mut self, bytes: u64) -> Result<(), Fault> {
        self.given += bytes;
        let Limits { total, ratio, floor, .. } = self.limits;
        if self.given > total {
            return Err(Fault::Bomb(format!("more than {total} bytes come out of it")));
        }
        if self.given > floor && self.given / ratio > self.taken.get() {
            return Err(Fault::Bomb(format!("more than {ratio} bytes come out of each byte of it")));
        }
        Ok(())
    }
}

impl Read for Unpacked {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.from.read(buffer)?;
        self.position += read as u64;
        self.give(read as u64)?;
        Ok(read)
    }
}
