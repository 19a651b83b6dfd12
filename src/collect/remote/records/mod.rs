//! Reads what the script on the far side writes. Pure: bytes in, records out.
//!
//! Everything before the start marker is noise (what a login shell prints). Then come fields, each with a zero byte behind it: a
//! record of what the far side can do, records of what was asked for, and a closing record. A stream that ends before its closing record is
//! incomplete, and nothing may be concluded from what it does not have. All of it is hostile: sizes are capped, and what makes no sense
//! ends the reading.

mod capabilities;
mod fields;
mod git;
mod types;

pub(super) use capabilities::{Capabilities, Driftline, Tier};
pub(super) use fields::{digest, fold};
pub(super) use git::PackStop;
pub(super) use types::{Before, Failing, Item, Kind, Look, Record, Refusal, Told};

use std::io::{self, BufRead, Read as _};

use fields::{kind_of_letter, look, number, refusal, stat_line, text, time};

/// A login shell that prints more than this before it answers does not answer.
const NOISE_LIMIT: usize = 1 << 20;

/// No single field is longer.
const FIELD_LIMIT: u64 = 64 << 20;

/// So much of a content is read before its length is looked at.
const CONTENT_STEP: u64 = 1 << 20;

/// Why reading ended early.
#[derive(Debug)]
pub(super) enum Stop {
    /// The stream ended, before the start marker or before the closing record.
    Cut,
    /// The stream could not be read, or stalled.
    Io(io::Error),
    /// The far side refused, in the script's word for it.
    Refused(String),
    /// It is not what the script writes.
    Garbled,
    /// The far side wrote so much of it, and so much came.
    Miscounted { what: &'static str, wrote: u64, came: u64 },
}

impl From<io::Error> for Stop {
    fn from(error: io::Error) -> Self {
        Self::Io(error)
    }
}

/// Reads a line about a file: what it says, or why there is nothing to say.
type Parse<T> = fn(&[u8]) -> Result<Result<T, Refusal>, Stop>;

/// The fields of a stream.
#[derive(Debug)]
pub(super) struct Records<R> {
    input: R,
    nonce: String,
    /// Bytes since counting began there.
    taken: u64,
    /// The same, before the record that was begun last.
    before: u64,
    /// Files that it was about.
    files: u64,
}

impl<R: BufRead> Records<R> {
    pub(super) fn new(input: R, nonce: &str) -> Self {
        Self { input, nonce: nonce.to_owned(), taken: 0, before: 0, files: 0 }
    }

    /// The stream.
    pub(super) fn input(&mut self) -> &mut R {
        &mut self.input
    }

    /// The word that nobody there could know.
    pub(super) fn nonce(&self) -> &str {
        &self.nonce
    }

    /// Gives the stream back.
    pub(super) fn into_input(self) -> R {
        self.input
    }

    /// Skips to the start marker and gives what came before it, in `noise` also when there is none.
    pub(super) fn start(&mut self, noise: &mut Vec<u8>) -> Result<(), Stop> {
        let marker = format!("\nDRIFTLINE1 {}\0", self.nonce).into_bytes();
        loop {
            let read = (&mut self.input).take(NOISE_LIMIT as u64).read_until(0, noise)?;
            if noise.ends_with(&marker) {
                noise.truncate(noise.len() - marker.len());
                return Ok(());
            }
            if read == 0 || noise.len() > NOISE_LIMIT {
                return Err(Stop::Cut);
            }
        }
    }

    /// What the far side can do.
    pub(super) fn capabilities(&mut self) -> Result<Capabilities, Stop> {
        let head = self.head()?;
        if head != b"C" {
            return Err(Stop::Garbled);
        }
        let tier = match &*self.field()? {
            b"gnu" => Tier::Gnu,
            b"stat" => Tier::Stat,
            b"bsd" => Tier::Bsd,
            b"none" => Tier::None,
            _ => return Err(Stop::Garbled),
        };
        let blake3 = !self.field()?.is_empty();
        let sha256 = !self.field()?.is_empty();
        let batches = self.field()? == b"yes";
        let stays = self.field()? == b"yes";
        let now = time(&self.field()?).unwrap_or_default();
        let host = self.field()?;
        let git = Some(self.field()?).filter(|path| !path.is_empty());
        let driftline = match (&*self.field()?, self.field()?) {
            (b"yes", _) => Driftline::Yes,
            (_, version) if version.is_empty() => Driftline::No,
            (_, version) => Driftline::Other(version),
        };
        self.taken = 0;
        Ok(Capabilities { tier, blake3, sha256, batches, stays, now, host, git, driftline })
    }

    /// Waits until the far side takes paths.
    pub(super) fn ready(&mut self) -> Result<(), Stop> {
        let head = self.head()?;
        self.taken = 0;
        if head == b"R" { Ok(()) } else { Err(Stop::Garbled) }
    }

    /// Hands over a listing, item by item, and gives the status with which listing ended there.
    pub(super) fn listing(&mut self, tier: Tier, each: &mut dyn FnMut(Item)) -> Result<i32, Stop> {
        loop {
            let head = self.head()?;
            match (&*head, tier) {
                (b"G", _) => each(Item::Repository(self.field()?)),
                ([mark @ (b'=' | b'!' | b'?' | b'~'), kind @ ..], Tier::Gnu) => {
                    let kind = kind_of_letter(kind).ok_or(Stop::Garbled)?;
                    let mut record = self.gnu(kind, *mark == b'=')?;
                    if matches!(mark, b'?' | b'~') {
                        let mut words = || Ok::<_, Stop>(String::from_utf8_lossy(&self.field()?).into_owned());
                        record.trouble = Some(Failing { unstable: *mark == b'~', act: words()?, why: words()? });
                    }
                    each(Item::Entry(Box::new(record)));
                }
                (b"B", Tier::Stat | Tier::Bsd) => self.batch(each)?,
                (b"L", Tier::Stat | Tier::Bsd) => {
                    let path = self.field()?;
                    let target = self.field()?;
                    let target = (self.field()? == b"0").then_some(target);
                    each(Item::Target { path, target });
                }
                _ => return self.closing(&head),
            }
        }
    }

    /// Hands over what is said of files in a line for each, in the order in which their paths were sent; `kind` heads such records.
    pub(super) fn lines<T>(
        &mut self,
        kind: &[u8],
        parse: Parse<T>,
        each: &mut dyn FnMut(Told<T>),
    ) -> Result<i32, Stop> {
        loop {
            let head = self.head()?;
            if head != kind {
                return self.closing(&head);
            }
            let count = self.count()?;
            let before = self.looks_before(count)?;
            let out = self.field()?;
            let values: Vec<&[u8]> = out.split(|&byte| byte == b'\n').collect();
            let after = self.looks(count)?;
            if values.len() != count {
                return Err(Stop::Garbled);
            }
            for (at, (after, line)) in after.into_iter().zip(values).enumerate() {
                each(Told { before: before.at(at), after, value: parse(line)? });
            }
        }
    }

    /// Hands over contents of files, in the order in which their paths were sent; one that has more bytes than `limit` says for
    /// its number has failed.
    pub(super) fn contents(
        &mut self,
        mut limit: impl FnMut(usize) -> u64,
        each: &mut dyn FnMut(Told<Vec<u8>>),
    ) -> Result<i32, Stop> {
        let mut number = 0;
        loop {
            let head = self.head()?;
            if head != b"T" {
                return self.closing(&head);
            }
            let count = self.count()?;
            let before = self.looks_before(count)?;
            let mut values = Vec::new();
            for _ in 0..count {
                values.push(self.content(limit(number))?);
                number += 1;
            }
            let after = self.looks(count)?;
            for (at, (after, value)) in after.into_iter().zip(values).enumerate() {
                each(Told { before: before.at(at), after, value });
            }
        }
    }

    /// One content, and behind it, between zero bytes, the word that nobody there can know.
    fn content(&mut self, limit: u64) -> Result<Result<Vec<u8>, Refusal>, Stop> {
        let end = format!("{} ", self.nonce).into_bytes();
        let mut content = Vec::new();
        let mut part = 0;
        let mut too_long = false;
        loop {
            let read = (&mut self.input).take(CONTENT_STEP).read_until(0, &mut content)?;
            self.taken += read as u64;
            if read == 0 {
                return Err(Stop::Cut);
            }
            let is_whole = content.last() == Some(&0);
            if is_whole && part > 0 && content[part..].starts_with(&end) {
                let word = content[part + end.len()..content.len() - 1].to_vec();
                content.truncate(part - 1);
                return match &*word {
                    _ if too_long || content.len() as u64 > limit => Ok(Err(Refusal::Failed)),
                    b"ok" => Ok(Ok(content)),
                    word => Ok(Err(refusal(word)?)),
                };
            }
            if content.len() as u64 > limit + CONTENT_STEP {
                too_long = true;
                content.clear();
                content.push(0);
            }
            if is_whole {
                part = content.len();
            }
        }
    }

    fn gnu(&mut self, kind: Kind, readable: bool) -> Result<Record, Stop> {
        let mode = u32::from_str_radix(text(&self.field()?)?, 8).map_err(|_| Stop::Garbled)? & 0o7777;
        let size = number(&self.field()?)?;
        let modified = time(&self.field()?).ok_or(Stop::Garbled)?;
        let changed = time(&self.field()?).ok_or(Stop::Garbled)?;
        let device = number(&self.field()?)?;
        let inode = number(&self.field()?)?;
        let uid = number(&self.field()?)? as u32;
        let gid = number(&self.field()?)? as u32;
        let (user, group, path, target) = (self.field()?, self.field()?, self.field()?, self.field()?);
        let look = Look { device, inode, size, modified, changed };
        let target = (kind == Kind::Symlink).then_some(target);
        Ok(Record { path, kind, mode, uid, gid, user, group, look, target, readable, trouble: None })
    }

    fn batch(&mut self, each: &mut dyn FnMut(Item)) -> Result<(), Stop> {
        let mut paths = Vec::new();
        loop {
            let path = self.field()?;
            if path.is_empty() {
                break;
            }
            paths.push(path);
        }
        self.files += paths.len() as u64;
        let flags = self.field()?;
        let lines = self.field()?;
        let lines: Vec<&[u8]> = lines.split(|&byte| byte == b'\n').collect();
        if flags.len() != paths.len() || lines.len() != paths.len() {
            return Err(Stop::Garbled);
        }
        for ((path, flag), line) in paths.into_iter().zip(flags).zip(lines) {
            // It went away since it was named.
            if line == b"?" {
                continue;
            }
            each(Item::Entry(Box::new(stat_line(path, flag == b'=', line).ok_or(Stop::Garbled)?)));
        }
        Ok(())
    }

    fn looks_before(&mut self, count: usize) -> Result<Seen, Stop> {
        let field = self.field()?;
        if field.is_empty() { Ok(Seen(None)) } else { Self::looks_in(&field, count).map(Some).map(Seen) }
    }

    fn looks(&mut self, count: usize) -> Result<Vec<Option<Look>>, Stop> {
        Self::looks_in(&self.field()?, count)
    }

    fn looks_in(field: &[u8], count: usize) -> Result<Vec<Option<Look>>, Stop> {
        let looks = field.split(|&byte| byte == b'\n').map(look).collect::<Result<Vec<_>, _>>()?;
        if looks.len() == count { Ok(looks) } else { Err(Stop::Garbled) }
    }

    fn count(&mut self) -> Result<usize, Stop> {
        let count = number(&self.field()?)?;
        self.files = self.files.saturating_add(count);
        Ok(count as usize)
    }

    /// A field that begins a record; a refusal ends the reading, and signs of life say nothing.
    fn head(&mut self) -> Result<Vec<u8>, Stop> {
        loop {
            self.before = self.taken;
            match &*self.field()? {
                b"E" => return Err(Stop::Refused(String::from_utf8_lossy(&self.field()?).into_owned())),
                b"W" => {}
                head => return Ok(head.to_vec()),
            }
        }
    }

    /// The status in a closing record, if it is one and all came that was counted there.
    fn closing(&self, head: &[u8]) -> Result<i32, Stop> {
        let rest = || head.strip_prefix(b"END ")?.strip_prefix(self.nonce.as_bytes())?.strip_prefix(b" ");
        let mut parts = text(rest().ok_or(Stop::Garbled)?)?.split(' ');
        let status = parts.next().and_then(|status| status.parse().ok()).ok_or(Stop::Garbled)?;
        for (what, came) in [("bytes", self.before), ("files", self.files)] {
            let wrote = match parts.next() {
                None | Some("-") => continue,
                Some(wrote) => number(wrote.as_bytes())?,
            };
            if wrote != came {
                return Err(Stop::Miscounted { what, wrote, came });
            }
        }
        Ok(status)
    }

    fn field(&mut self) -> Result<Vec<u8>, Stop> {
        let mut field = Vec::new();
        self.taken += (&mut self.input).take(FIELD_LIMIT).read_until(0, &mut field)? as u64;
        if field.pop() == Some(0) { Ok(field) } else { Err(Stop::Cut) }
    }
}

/// What was seen before files were read, if anybody looked.
struct Seen(Option<Vec<Option<Look>>>);

impl Seen {
    fn at(&self, number: usize) -> Before {
        let Some(looks) = &self.0 else { return Before::NotLooked };
        looks.get(number).copied().flatten().map_or(Before::Gone, Before::Seen)
    }
}

#[cfg(test)]
mod recorded;
#[cfg(test)]
mod tests;
