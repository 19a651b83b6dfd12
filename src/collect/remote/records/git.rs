//! Reads what is told of a repository: its own files, the list of its objects, a pack of them.

use std::ffi::OsString;
use std::io::{BufRead, Read as _, Write};
use std::os::unix::ffi::OsStringExt as _;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use super::{FIELD_LIMIT, Records, Refusal, Stop, number, text, time};
use crate::collect::far::{GitFile, GitItem, PackFault};
use crate::snapshot::Timestamp;

/// All files of a repository that are no objects together have no more bytes.
const FILES_LIMIT: u64 = 4 << 30;

/// No far side tells of more of them.
const FILES_COUNT: usize = 4 << 20;

/// What comes before a pack, such as the list of all references.
const GREETING_LIMIT: u64 = 256 << 20;

/// The longest packet of git's protocol.
const PACKET_LIMIT: usize = 65_520;

/// What a repository is made of, apart from its objects.
#[derive(Debug)]
pub(in crate::collect::remote) struct Told {
    /// The folder that is compared, from the root of the file system there.
    pub(in crate::collect::remote) root: PathBuf,
    /// There is a git program.
    pub(in crate::collect::remote) has_git: bool,
}

impl<R: BufRead> Records<R> {
    /// What is said before paths are taken.
    pub(in crate::collect::remote) fn git_head(&mut self) -> Result<Told, Stop> {
        if self.head()? != b"T" {
            return Err(Stop::Garbled);
        }
        let root = PathBuf::from(OsString::from_vec(self.field()?));
        if self.head()? != b"H" {
            return Err(Stop::Garbled);
        }
        let has_git = self.field()? == b"yes";
        self.ready()?;
        Ok(Told { root, has_git })
    }

    /// Hands over the files of repositories and gives the status in the closing record. Paths that begin with `./` are below `root`.
    pub(in crate::collect::remote) fn git_files(
        &mut self,
        root: &Path,
        each: &mut dyn FnMut(GitFile),
    ) -> Result<i32, Stop> {
        let mut left = FILES_LIMIT;
        for _ in 0..FILES_COUNT {
            let head = self.head()?;
            if !matches!(&*head, b"F" | b"V" | b"K" | b"D" | b"P" | b"X") {
                return self.closing(&head);
            }
            let path = self.field()?;
            let path = match path.strip_prefix(b"./") {
                Some(below) => root.join(PathBuf::from(OsString::from_vec(below.to_vec()))),
                None => PathBuf::from(OsString::from_vec(path)),
            };
            let item = match &*head {
                b"F" => {
                    let seen = self.field()?;
                    let (size, modified) = stat(&seen)?;
                    left = left.checked_sub(size).ok_or(Stop::Garbled)?;
                    // It may have grown since; what is read stays one file, and is judged by its own checksum or lines.
                    match self.content(size.saturating_mul(2).saturating_add(4096))? {
                        Ok(bytes) => GitItem::File { bytes, modified },
                        Err(refusal) => GitItem::Closed(words(refusal)),
                    }
                }
                b"V" => GitItem::File { bytes: self.field()?, modified: None },
                b"K" => GitItem::Link(self.field()?),
                b"D" => GitItem::Folder,
                b"P" => GitItem::Other,
                _ => match &*self.field()? {
                    b"odd" => GitItem::Other,
                    b"large" => GitItem::TooLarge,
                    b"denied" => GitItem::Closed(words(Refusal::Denied)),
                    _ => GitItem::Closed(words(Refusal::Failed)),
                },
            };
            each(GitFile { path, item });
        }
        Err(Stop::Garbled)
    }

    /// The names below a folder of objects, and their lengths.
    pub(in crate::collect::remote) fn git_objects(&mut self) -> Result<(Vec<(String, u64)>, i32), Stop> {
        if self.head()? != b"O" {
            return Err(Stop::Garbled);
        }
        let lines = self.field()?;
        let head = self.head()?;
        let status = self.closing(&head)?;
        Ok((lines.split(|&byte| byte == b'\n').filter_map(object).collect(), status))
    }

    /// Hands the bytes of a pack to `sink`, at most `limit` of them, and no more than `rate` in a second; gives the names of commits below
    /// which history is cut off for it.
    pub(in crate::collect::remote) fn git_pack(
        &mut self,
        sink: &mut dyn Write,
        limit: u64,
        rate: Option<std::num::NonZeroU64>,
    ) -> Result<Vec<Vec<u8>>, PackStop> {
        let mut greeting = 0;
        while let Packet::Line(line) = self.packet()? {
            greeting += line.len() as u64;
            if greeting > GREETING_LIMIT {
                return Err(Stop::Garbled.into());
            }
            refused(&line)?;
        }
        // Where history is cut off for it; then what it has of what is there already, or nothing of it.
        let mut cut = Vec::new();
        loop {
            match self.packet()? {
                Packet::Line(line) if line.starts_with(b"shallow ") || line.starts_with(b"unshallow ") => {
                    greeting += line.len() as u64;
                    if greeting > GREETING_LIMIT {
                        return Err(Stop::Garbled.into());
                    }
                    cut.extend(line.strip_prefix(b"shallow ").map(|id| id.trim_ascii().to_vec()));
                }
                Packet::Line(line) if line.starts_with(b"NAK") || line.starts_with(b"ACK ") => break,
                Packet::Line(line) => {
                    refused(&line)?;
                    return Err(Stop::Garbled.into());
                }
                // The end of what is said about where history was cut.
                Packet::Flush => {}
            }
        }
        let began = Instant::now();
        let mut received = 0_u64;
        loop {
            let line = match self.packet()? {
                Packet::Flush => break,
                Packet::Line(line) => line,
            };
            match line.split_first() {
                Some((1, data)) => {
                    received += data.len() as u64;
                    if received > limit {
                        return Err(PackStop::Fault(PackFault::TooLarge(limit)));
                    }
                    sink.write_all(data).map_err(|error| PackStop::Fault(PackFault::Unusable(error.to_string())))?;
                    if let Some(rate) = rate {
                        let due = Duration::from_secs_f64(received as f64 / rate.get() as f64);
                        std::thread::sleep(due.saturating_sub(began.elapsed()));
                    }
                }
                Some((2, _)) => {}
                // One is said for each commit that is known on both sides until there is a second one.
                _ if received == 0 && line.starts_with(b"ACK ") => {}
                Some((3, words)) => {
                    return Err(PackStop::Fault(PackFault::Refused(String::from_utf8_lossy(words).trim().to_owned())));
                }
                _ => return Err(Stop::Garbled.into()),
            }
        }
        let head = self.head()?;
        match self.closing(&head)? {
            0 => Ok(cut),
            status => Err(PackStop::Ended(status)),
        }
    }

    fn packet(&mut self) -> Result<Packet, PackStop> {
        let mut digits = [0; 4];
        self.input.read_exact(&mut digits).map_err(cut)?;
        if digits == *b"END " {
            let mut rest = digits.to_vec();
            (&mut self.input).take(FIELD_LIMIT).read_until(0, &mut rest).map_err(Stop::from)?;
            rest.pop();
            return Err(self.closing(&rest).map_or_else(PackStop::Stream, PackStop::Ended));
        }
        let length = std::str::from_utf8(&digits).ok().and_then(|digits| usize::from_str_radix(digits, 16).ok());
        match length {
            Some(0) => Ok(Packet::Flush),
            Some(length @ 4..=PACKET_LIMIT) => {
                let mut line = vec![0; length - 4];
                self.input.read_exact(&mut line).map_err(cut)?;
                Ok(Packet::Line(line))
            }
            _ => Err(Stop::Garbled.into()),
        }
    }
}

enum Packet {
    Line(Vec<u8>),
    Flush,
}

/// Why there is no pack.
#[derive(Debug)]
pub(in crate::collect::remote) enum PackStop {
    /// The stream is at fault.
    Stream(Stop),
    /// The program that packs ended with a status before it was through.
    Ended(i32),
    /// It said why, or what it sent cannot be used.
    Fault(PackFault),
}

impl From<Stop> for PackStop {
    fn from(stop: Stop) -> Self {
        Self::Stream(stop)
    }
}

fn cut(error: std::io::Error) -> PackStop {
    PackStop::Stream(if error.kind() == std::io::ErrorKind::UnexpectedEof { Stop::Cut } else { Stop::Io(error) })
}

fn refused(line: &[u8]) -> Result<(), PackStop> {
    match line.strip_prefix(b"ERR ") {
        None => Ok(()),
        Some(words) => Err(PackStop::Fault(PackFault::Refused(String::from_utf8_lossy(words).trim().to_owned()))),
    }
}

fn words(refusal: Refusal) -> std::io::ErrorKind {
    match refusal {
        Refusal::Denied => std::io::ErrorKind::PermissionDenied,
        Refusal::Gone | Refusal::Failed => std::io::ErrorKind::Other,
    }
}

/// `size|modified`; a tool that does not tell the time tells the size.
fn stat(seen: &[u8]) -> Result<(u64, Option<Timestamp>), Stop> {
    let (size, modified) = text(seen)?.split_once('|').ok_or(Stop::Garbled)?;
    Ok((number(size.as_bytes())?, time(modified.as_bytes())))
}

/// A line of `ls -ln`: the length is the fifth word, the name is what follows `/objects/./`.
fn object(line: &[u8]) -> Option<(String, u64)> {
    let line = std::str::from_utf8(line).ok()?;
    let size = line.split_ascii_whitespace().nth(4)?.parse().ok()?;
    let (_, name) = line.rsplit_once("/objects/./")?;
    Some((name.to_owned(), size))
}
