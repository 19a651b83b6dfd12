//! Reads the stored form.

use std::collections::BTreeMap;
use std::io::{self, BufRead, Read};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use serde::Deserialize;

use super::{
    ContentRecord, EntryRecord, FORMAT, FormatError, Header, INCIDENTS, IncidentRecord, KEYED, Record, SPECIALS,
    VERSION, bytes, commit, damaged, from_hex, path,
};
use crate::path::TreePath;
use crate::snapshot::{
    Attributes, Content, Digests, Entry, File, Incident, IncidentId, Names, Snapshot, Special, TextFold, Timestamp,
};

/// A file with more records is not read.
const MOST_RECORDS: u64 = 20_000_000;

/// Nor one with a longer line.
const LONGEST_LINE: u64 = 64 << 20;

/// A snapshot that was read.
#[derive(Debug)]
pub struct Stored {
    /// Its header.
    pub header: Header,
    /// Sorted by path and unique.
    pub entries: Vec<Entry>,
    /// As they were written.
    pub incidents: Vec<Incident>,
    /// Names of owners and groups.
    pub names: Names,
    /// What is known of texts. Files that are not in it are binary, or were not looked at.
    pub folds: BTreeMap<TreePath, TextFold>,
    /// Contents, as far as they were taken along.
    pub contents: BTreeMap<TreePath, Vec<u8>>,
    /// What sealing left of sensitive contents, under the key that the header names.
    pub sealed: BTreeMap<TreePath, Vec<u8>>,
    /// Its closing record was there; without it what was read is good and something is missing.
    pub complete: bool,
}

/// Reads a whole snapshot and checks it.
///
/// # Errors
/// [`FormatError`]. A file that merely ends too early is no error: see [`Stored::complete`].
pub fn read(from: impl Read) -> Result<Stored, FormatError> {
    let decoder = zstd::stream::read::Decoder::new(from).map_err(FormatError::Io)?;
    let mut lines = Lines { from: io::BufReader::new(decoder), checksum: blake3::Hasher::new(), first: true };
    let Some((Record::Header(header), _)) = lines.next()? else { return Err(FormatError::Foreign) };
    let mut stored = Stored {
        header,
        entries: Vec::new(),
        incidents: Vec::new(),
        names: Names::default(),
        folds: BTreeMap::new(),
        contents: BTreeMap::new(),
        sealed: BTreeMap::new(),
        complete: false,
    };
    let mut records = 0;
    while let Some((record, checksum)) = lines.next()? {
        records += 1;
        if records > MOST_RECORDS {
            return Err(damaged("it has too many records"));
        }
        match record {
            Record::Header(_) => return Err(damaged("it has two headers")),
            Record::Incident(record) => stored.incidents.push(incident(record)?),
            Record::Entry(record) => stored.add(*record)?,
            Record::Content(record) => stored.contents.extend([content(record)?]),
            Record::Sealed(record) => stored.sealed.extend([content(record)?]),
            Record::End(end) => {
                let Stored { entries, incidents, contents, sealed, .. } = &stored;
                let counts = [entries.len(), incidents.len(), contents.len(), sealed.len()].map(|count| count as u64);
                if counts != [end.entries, end.incidents, end.contents, end.sealed] || end.checksum != checksum {
                    return Err(damaged("it has not the checksum that it states"));
                }
                stored.complete = true;
                // The rest of the stream has its own checksum at its end.
                if lines.next()?.is_some() {
                    return Err(damaged("something follows its closing record"));
                }
                break;
            }
        }
    }
    if !stored.entries.is_sorted_by(|a, b| a.path < b.path) {
        return Err(damaged("its entries are not in order"));
    }
    Ok(stored)
}

struct Lines<R> {
    from: R,
    checksum: blake3::Hasher,
    first: bool,
}

impl<R: BufRead> Lines<R> {
    /// The next record with the checksum of all lines before it; `None` at the end, or where the file is cut off.
    fn next(&mut self) -> Result<Option<(Record, String)>, FormatError> {
        let first = std::mem::take(&mut self.first);
        let mut line = Vec::new();
        match self.from.by_ref().take(LONGEST_LINE).read_until(b'\n', &mut line) {
            Ok(0) => return Ok(None),
            Ok(_) => {}
            Err(error) if error.raw_os_error().is_some() => return Err(FormatError::Io(error)),
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => return Ok(None),
            Err(_) if first => return Err(FormatError::Foreign),
            Err(error) => return Err(FormatError::Damaged(error.to_string())),
        }
        if line.last() != Some(&b'\n') {
            if line.len() as u64 >= LONGEST_LINE {
                return Err(damaged("a line is too long"));
            }
            return Ok(None);
        }
        let checksum = self.checksum.finalize().to_hex().to_string();
        self.checksum.update(&line);
        if first {
            check_version(&line)?;
        }
        let record = serde_json::from_slice(&line);
        Ok(Some((record.map_err(|error| damaged(&format!("a line is no record: {error}")))?, checksum)))
    }
}

/// A later header may be of another shape; its version is not.
fn check_version(line: &[u8]) -> Result<(), FormatError> {
    #[derive(Deserialize)]
    struct Version {
        format: String,
        version: u32,
    }
    match serde_json::from_slice::<Version>(line) {
        Ok(Version { format, version }) if format == FORMAT && version > VERSION => {
            Err(FormatError::TooNew { version })
        }
        Ok(Version { format, .. }) if format == FORMAT => Ok(()),
        _ => Err(FormatError::Foreign),
    }
}

impl Stored {
    fn add(&mut self, record: EntryRecord) -> Result<(), FormatError> {
        let path = path(record.path, record.path_base64)?;
        let mode = record.mode.as_deref().map(|mode| u32::from_str_radix(mode, 8)).transpose();
        let mode = mode.map_err(|_| damaged("a mode is not octal"))?;
        let (uid, gid) = (record.uid.unwrap_or(0), record.gid.unwrap_or(0));
        if let Some(owner) = record.owner {
            self.names.users.insert(uid, owner);
        }
        if let Some(group) = record.group {
            self.names.groups.insert(gid, group);
        }
        let modified = Timestamp { seconds: record.mtime.unwrap_or(0), nanos: record.mtime_nanos.unwrap_or(0) };
        let attributes = Attributes { mode: mode.unwrap_or(0o644) & 0o7777, uid, gid, modified };
        let content = match &*record.kind {
            "file" => {
                let size = record.size.ok_or_else(|| damaged("a file has no size"))?;
                let mut digests = Digests::default();
                match (record.digest_kind.as_deref(), record.digest) {
                    (Some("blake3"), Some(digest)) => digests.blake3 = Some(from_hex(&digest)?),
                    (Some(kind), Some(digest))
                        if kind.strip_prefix(KEYED).is_some_and(|key| Some(key) == self.header.key.as_deref()) =>
                    {
                        digests.keyed = Some(from_hex(&digest)?);
                    }
                    (Some("sha256"), Some(digest)) => digests.sha256 = Some(from_hex(&digest)?),
                    // An algorithm of a later program: nothing to compare with.
                    _ => {}
                }
                if let (Some(text), Some(digest)) = (record.text, digests.blake3) {
                    let plain = record.plain.as_deref().map_or(Ok(digest), from_hex)?;
                    let trimmed = record.trimmed.as_deref().map_or(Ok(plain), from_hex)?;
                    let (has_bom, has_crlf) = (text.starts_with("bom"), text.ends_with("crlf"));
                    self.folds.insert(path.clone(), TextFold { has_bom, has_crlf, plain, trimmed });
                }
                Content::File(File { size, digests })
            }
            "link" => {
                let target = record.target.ok_or_else(|| damaged("a link has no target"))?;
                Content::Symlink { target: bytes(target, record.target_base64)?.into() }
            }
            "folder" => Content::Directory,
            "submodule" => Content::Submodule { commit: commit(record.digest.as_deref())? },
            kind @ ("unreadable" | "unreadable-folder") => {
                let incident = record.incident.filter(|&at| (at as usize) < self.incidents.len());
                let incident = incident.ok_or_else(|| damaged("an unreadable entry has no incident"))?;
                Content::Unreadable { incident: IncidentId(incident), folder: kind == "unreadable-folder" }
            }
            other => {
                Content::Special(SPECIALS.iter().find(|(_, name)| *name == other).map_or(Special::Other, |it| it.0))
            }
        };
        self.entries.push(Entry { path, content, attributes });
        Ok(())
    }

    /// As a snapshot under a name.
    pub fn into_snapshot(self, environment: crate::path::EnvironmentName, origin: String) -> Snapshot {
        Snapshot {
            environment,
            origin,
            knows: self.header.knows(),
            entries: self.entries,
            incidents: self.incidents,
            names: self.names,
            git: crate::snapshot::GitState::NotKept,
        }
    }
}

fn content(record: ContentRecord) -> Result<(TreePath, Vec<u8>), FormatError> {
    let content = BASE64.decode(record.content).map_err(|_| damaged("a content is not base64"))?;
    Ok((path(record.path, record.path_base64)?, content))
}

fn incident(record: IncidentRecord) -> Result<Incident, FormatError> {
    let kind = INCIDENTS.iter().find(|(_, name)| *name == record.kind).map(|it| it.0);
    Ok(Incident {
        path: record.path.map(|text| path(text, record.path_base64)).transpose()?,
        kind: kind.ok_or_else(|| damaged("an incident is of no known kind"))?,
        message: record.message,
        hint: record.hint,
    })
}
