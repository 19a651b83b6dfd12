//! Files with holes, in the four ways in which tars describe them.

use tar::{GnuExtSparseHeader, Header};

use super::input::Fault;
use super::tar::{BLOCK, Pax, decimal};

/// A part of a content that is stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Piece {
    /// Where it is in the content.
    pub(super) at: u64,
    pub(super) length: u64,
}

/// Where a content has holes.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Map {
    /// Bytes of the content, holes included.
    pub(super) size: u64,
    /// What is stored, in order, without overlaps.
    pub(super) pieces: Vec<Piece>,
}

/// More pieces than this are no file.
const MOST: usize = 1 << 20;

fn wrong() -> Fault {
    Fault::Header("the map of a sparse file makes no sense".to_owned())
}

impl Map {
    fn new(size: u64, mut pieces: Vec<Piece>, stored: u64) -> Result<Self, Fault> {
        pieces.retain(|piece| piece.length > 0);
        let (mut end, mut total) = (0, 0u64);
        for piece in &pieces {
            let after = piece.at.checked_add(piece.length).filter(|&after| after <= size).ok_or_else(wrong)?;
            if piece.at < end {
                return Err(wrong());
            }
            end = after;
            total += piece.length;
        }
        if total == stored { Ok(Self { size, pieces }) } else { Err(wrong()) }
    }
}

/// The map in GNU's own header and the blocks after it. Gives no stored bytes for the map: those blocks are not counted as content.
pub(super) fn of_gnu(
    header: &Header,
    stored: u64,
    mut block: impl FnMut() -> Result<[u8; BLOCK], Fault>,
) -> Result<(Option<Map>, u64), Fault> {
    let gnu = header.as_gnu().ok_or_else(wrong)?;
    let mut pieces = Vec::new();
    let mut add = |all: &[tar::GnuSparseHeader]| {
        for piece in all.iter().filter(|piece| !piece.is_empty()) {
            let at = piece.offset().map_err(|_| wrong())?;
            let length = piece.length().map_err(|_| wrong())?;
            pieces.push(Piece { at, length });
        }
        if pieces.len() > MOST { Err(wrong()) } else { Ok(()) }
    };
    add(&gnu.sparse)?;
    let mut more = gnu.is_extended();
    while more {
        let mut extension = GnuExtSparseHeader::new();
        extension.as_mut_bytes().copy_from_slice(&block()?);
        add(&extension.sparse)?;
        more = extension.is_extended();
    }
    let size = gnu.real_size().map_err(|_| wrong())?;
    Ok((Some(Map::new(size, pieces, stored)?), 0))
}

/// The map in PAX records, or (from version 1.0 on) at the beginning of the content; `None` for a file without holes. The number says
/// how many of the stored bytes were the map.
pub(super) fn of_pax(
    pax: &Pax,
    stored: u64,
    mut block: impl FnMut() -> Result<[u8; BLOCK], Fault>,
) -> Result<(Option<Map>, u64), Fault> {
    let size = pax.number(b"GNU.sparse.realsize").or(pax.number(b"GNU.sparse.size"));
    let Some(size) = size else { return Ok((None, 0)) };
    if pax.number(b"GNU.sparse.major") == Some(1) {
        let mut numbers =
            Numbers { text: Vec::new(), at: 0, blocks: 0, limit: stored / BLOCK as u64, block: &mut block };
        let count = usize::try_from(numbers.next()?).ok().filter(|&count| count <= MOST).ok_or_else(wrong)?;
        let mut pieces = Vec::new();
        for _ in 0..count {
            pieces.push(Piece { at: numbers.next()?, length: numbers.next()? });
        }
        let read = numbers.blocks * BLOCK as u64;
        return Ok((Some(Map::new(size, pieces, stored - read)?), read));
    }
    let mut numbers: Vec<u64> = Vec::new();
    for (key, value) in pax.all() {
        match key {
            b"GNU.sparse.map" => {
                numbers.clear();
                for number in value.split(|&b| b == b',') {
                    numbers.push(decimal(number).ok_or_else(wrong)?);
                }
            }
            b"GNU.sparse.offset" | b"GNU.sparse.numbytes" => numbers.push(decimal(value).ok_or_else(wrong)?),
            _ => {}
        }
    }
    let pairs = numbers.chunks_exact(2);
    if !pairs.remainder().is_empty() {
        return Err(wrong());
    }
    let pieces = pairs.map(|pair| Piece { at: pair[0], length: pair[1] }).collect();
    Ok((Some(Map::new(size, pieces, stored)?), 0))
}

/// Numbers in decimal, a line each, in whole blocks.
struct Numbers<'a> {
    text: Vec<u8>,
    at: usize,
    blocks: u64,
    limit: u64,
    block: &'a mut dyn FnMut() -> Result<[u8; BLOCK], Fault>,
}

impl Numbers<'_> {
    fn next(&mut self) -> Result<u64, Fault> {
        loop {
            if let Some(end) = self.text[self.at..].iter().position(|&b| b == b'\n') {
                let number = decimal(&self.text[self.at..self.at + end]).ok_or_else(wrong)?;
                self.at += end + 1;
                return Ok(number);
            }
            if self.blocks >= self.limit || self.text.len() - self.at > BLOCK {
                return Err(wrong());
            }
            self.text.drain(..self.at);
            self.at = 0;
            self.text.extend_from_slice(&(self.block)()?);
            self.blocks += 1;
        }
    }
}
