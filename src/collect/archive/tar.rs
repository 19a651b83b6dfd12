//! Reads a tar from its beginning to its end, member by member.
//!
//! The blocks are read here rather than by the `tar` crate's own loop, which takes PAX records for lines (a name may have a line end in
//! it), takes an archive that is cut off between two members for a whole one, and bounds no long name. The fields of a header are
//! that crate's.

use std::io::Read;

use tar::Header;

use super::input::{Fault, Unpacked};
use super::sparse::{self, Piece};
use crate::snapshot::{Special, Timestamp};

/// Everything in a tar comes in blocks of this size.
pub(super) const BLOCK: usize = 512;

/// Longer names, and larger sets of attributes, are no archive that anybody wrote.
const LONGEST_TEXT: u64 = 1 << 20;

/// One member.
#[derive(Debug)]
pub(super) struct Member {
    /// Its place among all members, from 0.
    pub(super) ordinal: u64,
    pub(super) name: Vec<u8>,
    pub(super) kind: Kind,
    pub(super) mode: u32,
    pub(super) uid: u32,
    pub(super) gid: u32,
    pub(super) user: Option<String>,
    pub(super) group: Option<String>,
    pub(super) modified: Timestamp,
}

/// What a member is.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Kind {
    File {
        /// Bytes of the content, holes included.
        size: u64,
        /// Where the content begins in the tar; `None` when it has holes.
        at: Option<u64>,
        /// Bytes that are stored of it.
        stored: u64,
    },
    Folder,
    Symlink(Vec<u8>),
    HardLink(Vec<u8>),
    Special(Special),
    /// A part of a file that began in another volume.
    Continued,
}

/// Whether a block has the checksum of a header.
pub(super) fn is_header(block: &[u8]) -> bool {
    let Some(block) = block.first_chunk::<BLOCK>() else { return false };
    let sum = |byte: fn(u8) -> i64| {
        let field = 148..156;
        block.iter().enumerate().map(|(at, &b)| if field.contains(&at) { 32 } else { byte(b) }).sum::<i64>()
    };
    let stated = Header::from_byte_slice(block).cksum().map(i64::from);
    // Some old programs added signed bytes.
    stated.is_ok_and(|stated| stated == sum(i64::from) || stated == sum(|b| i64::from(b.cast_signed())))
}

/// Walks over the members of a tar, each with its content.
pub(super) struct Members {
    input: Unpacked,
    next: u64,
    /// Bytes of the current member that are stored and not read yet, and the padding after them.
    left: u64,
    padding: u64,
    /// What of the current content is stored, in order; what lies between is zeros.
    pieces: std::vec::IntoIter<Piece>,
    piece: Option<Piece>,
    /// Where in the content reading is, and where it ends.
    position: u64,
    size: u64,
}

impl Members {
    pub(super) fn new(input: Unpacked) -> Self {
        Self { input, next: 0, left: 0, padding: 0, pieces: Vec::new().into_iter(), piece: None, position: 0, size: 0 }
    }

    /// Bytes of the file that were taken so far.
    pub(super) fn taken(&self) -> u64 {
        self.input.taken()
    }

    /// The next member; `None` at the end that is marked as such.
    pub(super) fn next(&mut self) -> Result<Option<Member>, Fault> {
        self.skip(self.left + self.padding)?;
        (self.left, self.padding, self.size, self.position, self.piece) = (0, 0, 0, 0, None);
        let (mut name, mut link, mut pax) = (None, None, Pax::default());
        loop {
            let Some(block) = self.block()? else { return Ok(None) };
            let header = Header::from_byte_slice(&block);
            let size = header.entry_size().map_err(|error| Fault::Header(error.to_string()))?;
            match header.entry_type().as_byte() {
                b'L' => name = Some(self.text(size)?),
                b'K' => link = Some(self.text(size)?),
                b'x' | b'X' => pax = Pax::parse(&self.text_whole(size)?)?,
                // Attributes of all members, and the name of the volume: nothing that is compared.
                b'g' | b'V' => self.skip(padded(size))?,
                _ => return self.member(header, name, link, &pax).map(Some),
            }
        }
    }

    fn member(
        &mut self,
        header: &Header,
        name: Option<Vec<u8>>,
        link: Option<Vec<u8>>,
        pax: &Pax,
    ) -> Result<Member, Fault> {
        let wrong = |error: std::io::Error| Fault::Header(error.to_string());
        let stored = match pax.number(b"size") {
            Some(size) => size,
            None => header.entry_size().map_err(wrong)?,
        };
        let name = pax.get(b"path").map(<[u8]>::to_vec).or(name).unwrap_or_else(|| header.path_bytes().into_owned());
        let link = pax.get(b"linkpath").map(<[u8]>::to_vec).or(link);
        let link = || link.clone().or_else(|| Some(header.link_name_bytes()?.into_owned())).unwrap_or_default();
        let (mut data, mut sparse_name) = (None, None);
        let kind = match header.entry_type().as_byte() {
            b'1' => Kind::HardLink(link()),
            b'2' => Kind::Symlink(link()),
            b'3' => Kind::Special(Special::CharacterDevice),
            b'4' => Kind::Special(Special::BlockDevice),
            b'5' | b'D' => Kind::Folder,
            b'6' => Kind::Special(Special::Fifo),
            b'M' => Kind::Continued,
            // Programs before POSIX marked a folder by its name alone.
            0 | b'0' if name.ends_with(b"/") => Kind::Folder,
            0 | b'0' | b'7' | b'S' => {
                let (map, read) = if header.entry_type().as_byte() == b'S' {
                    sparse::of_gnu(header, stored, || self.raw_block())?
                } else {
                    let (map, read) = sparse::of_pax(pax, stored, || self.raw_block())?;
                    sparse_name = pax.get(b"GNU.sparse.name").map(<[u8]>::to_vec);
                    (map, read)
                };
                let stored = stored - read;
                let at = map.is_none().then(|| self.input.position());
                let (size, pieces) =
                    map.map_or_else(|| (stored, vec![Piece { at: 0, length: stored }]), |map| (map.size, map.pieces));
                data = Some((stored, size, pieces));
                Kind::File { size, at, stored }
            }
            _ => Kind::Special(Special::Other),
        };
        let is_empty = matches!(kind, Kind::HardLink(_) if pax.is_empty());
        let (left, size, pieces) = data.unwrap_or((if is_empty { 0 } else { stored }, 0, Vec::new()));
        (self.left, self.padding, self.size, self.position) = (left, padded(left) - left, size, 0);
        self.pieces = pieces.into_iter();
        self.piece = self.pieces.next();
        let owner = |key: &[u8], field: Option<&[u8]>| {
            let name = pax.get(key).or(field).filter(|name| !name.is_empty())?;
            Some(String::from_utf8_lossy(name).into_owned())
        };
        let number = |key: &[u8], field: std::io::Result<u64>| {
            let number = pax.number(key).or(field.ok()).unwrap_or(0);
            u32::try_from(number).unwrap_or(u32::MAX)
        };
        let ordinal = self.next;
        self.next += 1;
        Ok(Member {
            ordinal,
            name: sparse_name.unwrap_or(name),
            kind,
            mode: header.mode().unwrap_or(0) & 0o7777,
            uid: number(b"uid", header.uid()),
            gid: number(b"gid", header.gid()),
            user: owner(b"uname", header.username_bytes()),
            group: owner(b"gname", header.groupname_bytes()),
            modified: pax.get(b"mtime").and_then(moment).unwrap_or_else(|| Timestamp {
                // A time before 1970 is written as a negative number, in all its 64 bits.
                seconds: header.mtime().map_or(0, u64::cast_signed),
                nanos: 0,
            }),
        })
    }

    /// Reads on in the content of the current member.
    pub(super) fn read(&mut self, buffer: &mut [u8]) -> Result<usize, Fault> {
        let room = usize::try_from(self.size - self.position).unwrap_or(usize::MAX).min(buffer.len());
        if room == 0 {
            return Ok(0);
        }
        let next = self.piece.map_or(self.size, |piece| piece.at);
        let read = if self.position < next {
            let hole = usize::try_from(next - self.position).unwrap_or(usize::MAX).min(room);
            buffer[..hole].fill(0);
            self.input.give(hole as u64)?;
            hole
        } else {
            let Some(piece) = &mut self.piece else { return Ok(0) };
            let room = usize::try_from(piece.length).unwrap_or(usize::MAX).min(room);
            let read = self.input.read(&mut buffer[..room])?;
            if read == 0 {
                return Err(Fault::CutOff);
            }
            self.left -= read as u64;
            piece.at += read as u64;
            piece.length -= read as u64;
            read
        };
        self.position += read as u64;
        while self.piece.is_some_and(|piece| piece.length == 0) {
            self.piece = self.pieces.next();
        }
        Ok(read)
    }

    /// Reads what is packed after the end, so that checksums at its end are checked; whether there is anything but zeros.
    pub(super) fn finish(&mut self) -> Result<bool, Fault> {
        let mut more = false;
        let mut buffer = vec![0; 64 * 1024];
        loop {
            match self.input.read(&mut buffer)? {
                0 => return Ok(more),
                read => more |= buffer[..read].iter().any(|&b| b != 0),
            }
        }
    }

    /// The next header; `None` for a block of zeros, which ends the archive.
    fn block(&mut self) -> Result<Option<[u8; BLOCK]>, Fault> {
        let block = self.raw_block()?;
        if block.iter().all(|&b| b == 0) {
            return Ok(None);
        }
        if !is_header(&block) {
            return Err(Fault::Header("a header has not the checksum that it states".to_owned()));
        }
        Ok(Some(block))
    }

    fn raw_block(&mut self) -> Result<[u8; BLOCK], Fault> {
        let mut block = [0; BLOCK];
        self.input.read_exact(&mut block)?;
        Ok(block)
    }

    /// A long name, up to its zero byte.
    fn text(&mut self, size: u64) -> Result<Vec<u8>, Fault> {
        let mut text = self.text_whole(size)?;
        let end = text.iter().position(|&b| b == 0).unwrap_or(text.len());
        text.truncate(end);
        Ok(text)
    }

    fn text_whole(&mut self, size: u64) -> Result<Vec<u8>, Fault> {
        if size > LONGEST_TEXT {
            return Err(Fault::Header(format!("a name, or the attributes of one, has {size} bytes")));
        }
        let mut text = vec![0; size as usize];
        self.input.read_exact(&mut text)?;
        self.skip(padded(size) - size)?;
        Ok(text)
    }

    fn skip(&mut self, mut bytes: u64) -> Result<(), Fault> {
        let mut buffer = [0; 16 * 1024];
        while bytes > 0 {
            let room = usize::try_from(bytes).unwrap_or(usize::MAX).min(buffer.len());
            match self.input.read(&mut buffer[..room])? {
                0 => return Err(Fault::CutOff),
                read => bytes -= read as u64,
            }
        }
        Ok(())
    }
}

/// With the padding to whole blocks.
fn padded(size: u64) -> u64 {
    size.checked_next_multiple_of(BLOCK as u64).unwrap_or(u64::MAX)
}

/// PAX records: attributes of one member that have no room in its header. Later ones come after earlier ones of the same key.
#[derive(Debug, Default)]
pub(super) struct Pax(Vec<(Vec<u8>, Vec<u8>)>);

impl Pax {
    /// Takes records `LENGTH KEY=VALUE\n`, where the length counts all of the record.
    fn parse(mut text: &[u8]) -> Result<Self, Fault> {
        let wrong = || Fault::Header("the attributes of a member are not in the form of PAX".to_owned());
        let mut records = Vec::new();
        while !text.is_empty() && text[0] != 0 {
            let blank = text.iter().position(|&b| b == b' ').ok_or_else(wrong)?;
            let length = decimal(&text[..blank]).and_then(|length| usize::try_from(length).ok()).ok_or_else(wrong)?;
            if length <= blank + 1 || length > text.len() {
                return Err(wrong());
            }
            let record = text[blank + 1..length].strip_suffix(b"\n").ok_or_else(wrong)?;
            let equals = record.iter().position(|&b| b == b'=').ok_or_else(wrong)?;
            records.push((record[..equals].to_vec(), record[equals + 1..].to_vec()));
            text = &text[length..];
        }
        Ok(Self(records))
    }

    fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The last value of a key.
    pub(super) fn get(&self, key: &[u8]) -> Option<&[u8]> {
        self.all().filter(|(known, _)| *known == key).last().map(|(_, value)| value)
    }

    pub(super) fn number(&self, key: &[u8]) -> Option<u64> {
        decimal(self.get(key)?)
    }

    pub(super) fn all(&self) -> impl Iterator<Item = (&[u8], &[u8])> {
        self.0.iter().map(|(key, value)| (&**key, &**value))
    }
}

/// A number in decimal digits and nothing else.
pub(super) fn decimal(text: &[u8]) -> Option<u64> {
    std::str::from_utf8(text).ok().filter(|text| text.bytes().all(|b| b.is_ascii_digit()))?.parse().ok()
}

/// Seconds since 1970 with a fraction, as PAX writes times.
fn moment(text: &[u8]) -> Option<Timestamp> {
    let text = std::str::from_utf8(text).ok()?;
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    let seconds: i64 = whole.parse().ok()?;
    let digits: String = fraction.chars().chain(std::iter::repeat('0')).take(9).collect();
    let nanos: u32 = digits.parse().ok()?;
    Some(if whole.starts_with('-') && nanos > 0 {
        Timestamp { seconds: seconds.checked_sub(1)?, nanos: 1_000_000_000 - nanos }
    } else {
        Timestamp { seconds, nanos }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn attributes_are_cut_by_their_lengths() {
        let pax = Pax::parse(b"17 path=new\nline\n6 a=b\n30 mtime=1700000000.123456789\n").unwrap();
        assert_eq!(pax.get(b"path"), Some(&b"new\nline"[..]));
        assert_eq!(pax.get(b"a"), Some(&b"b"[..]));
        for wrong in [&b"x"[..], b"3 \n", b"99 a=b\n", b"6 a=bc\n", b"5 ab\n", b"0 a=b\n"] {
            assert!(Pax::parse(wrong).is_err(), "{}", wrong.escape_ascii());
        }
    }

    #[test]
    fn times_have_fractions_before_1970_too() {
        let at = |seconds, nanos| Some(Timestamp { seconds, nanos });
        assert_eq!(moment(b"1700000000.5"), at(1_700_000_000, 500_000_000));
        assert_eq!(moment(b"7"), at(7, 0));
        assert_eq!(moment(b"-1.25"), at(-2, 750_000_000));
        assert_eq!(moment(b"1.0000000019"), at(1, 1));
        assert_eq!(moment(b"x"), None);
    }
}
