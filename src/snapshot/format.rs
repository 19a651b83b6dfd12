//! The stored form of a snapshot: newline-delimited JSON in one zstd stream.
//!
//! The documentation of the records is the specification. Each line is one record; `record` says which. First comes one `header`, then
//! all `incident`s, then an `entry` for each path in path order, then `content`s, and last one `end`. A file without its `end` is incomplete.
//! Keys whose value would be null are left out. Fields are added without notice; a field that changes its meaning or goes away raises
//! [`VERSION`], and files of all earlier versions stay readable.
//!
//! `entry` records are flat and repeat environment, host and date, so that a folder of such files is a table for any engine that
//! reads newline-delimited JSON, without looking at file names.

use std::collections::BTreeMap;
use std::io::{self, BufRead, Read, Write};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use serde::{Deserialize, Serialize};

use crate::path::TreePath;
use crate::snapshot::{
    Attributes, CommitId, Content, Digests, Entry, File, Incident, IncidentId, IncidentKind, Knows, Names, Snapshot,
    Special, TextFold, Timestamp,
};

/// The version that is written, and the latest that is read.
pub const VERSION: u32 = 1;

/// What the format is called in its header.
pub const FORMAT: &str = "driftline-snapshot";

/// A file with more records is not read.
const MOST_RECORDS: u64 = 20_000_000;

/// Nor one with a longer line.
const LONGEST_LINE: u64 = 64 << 20;

/// One line.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "record", rename_all = "lowercase")]
pub enum Record {
    /// The first line.
    Header(Header),
    /// Something that went wrong when the environment was read.
    Incident(IncidentRecord),
    /// One path.
    Entry(Box<EntryRecord>),
    /// The content of a file.
    Content(ContentRecord),
    /// The last line.
    End(End),
}

/// What was read, when and how.
#[expect(clippy::struct_excessive_bools, reason = "each is a key of its own in the stored form")]
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Header {
    /// [`FORMAT`].
    pub format: String,
    /// The version of the format.
    pub version: u32,
    /// The version of the program that wrote it.
    pub driftline: String,
    /// The name of the environment.
    pub env: String,
    /// The machine on which it lies.
    pub host: String,
    /// Where it was read, as a person would type it.
    pub origin: String,
    /// When it was read, in seconds since 1970 in UTC.
    pub taken: i64,
    /// The day of `taken` in UTC, as `2026-01-31`.
    pub date: String,
    /// Modes are known; otherwise only whether the owner may execute a file.
    pub knows_permissions: bool,
    /// Owners and groups are known.
    pub knows_owners: bool,
    /// Times are known.
    pub knows_times: bool,
    /// Not even whether the owner may execute a file is known.
    #[serde(default)]
    pub executable_unknown: bool,
    /// Paths were translated by `map`: they are common paths already.
    pub mapped: bool,
    /// gitignore rules by which paths were left out.
    pub ignore: Vec<String>,
}

/// One path.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct EntryRecord {
    /// The name of the environment, as in the header.
    pub env: String,
    /// The machine, as in the header.
    pub host: String,
    /// The day, as in the header.
    pub date: String,
    /// The common path, relative to the environment's root, parts separated by `/`; U+FFFD stands for what is not UTF-8.
    pub path: String,
    /// The bytes of the path in base64; null when `path` is exact.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub path_base64: Option<String>,
    /// `file`, `link`, `folder`, `fifo`, `socket`, `block-device`, `character-device`, `submodule`
    /// (its place in a git tree), `other`; `unreadable` for something of
    /// which it is not known what it is, `unreadable-folder` for a folder whose content is unknown.
    pub kind: String,
    /// Permission bits, as four octal digits; null when they are not known at all.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mode: Option<String>,
    /// Bytes of a file; null for everything else.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub size: Option<u64>,
    /// Time of the last change in seconds since 1970 in UTC; null when times are not known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mtime: Option<i64>,
    /// Nanoseconds after `mtime`; null for none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mtime_nanos: Option<u32>,
    /// The algorithm of `digest`: `blake3`, or `git-commit` for the commit that a submodule is at; null when there is none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub digest_kind: Option<String>,
    /// The digest of a file's content in hexadecimal; null for what is no file and for files that usually hold secrets, since short ones
    /// could be guessed by it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub digest: Option<String>,
    /// What a link points to; U+FFFD stands for what is not UTF-8. Null for everything else.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub target: Option<String>,
    /// The bytes of `target` in base64; null when `target` is exact.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub target_base64: Option<String>,
    /// The name of the owner; null when there is none, or it is not known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub owner: Option<String>,
    /// The name of the group, likewise.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub group: Option<String>,
    /// The number of the owner; null when it is not known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub uid: Option<u32>,
    /// The number of the group, likewise.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub gid: Option<u32>,
    /// For texts that were looked at: `lf`, `crlf` (at least one line ends with CR LF), `bom` (a byte-order mark is before it) or `bom-crlf`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
    /// BLAKE3 of the text without byte-order mark and with every CR LF as LF, in hexadecimal; null when it is `digest`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub plain: Option<String>,
    /// The same without blanks and tabs at line ends; null when it is that of `plain`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub trimmed: Option<String>,
    /// For unreadable entries: which `incident` says why, counted from 0.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub incident: Option<u32>,
}

/// Something that went wrong, or is worth saying.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct IncidentRecord {
    /// `environment`, `folder`, `file`, `unstable` or `note`.
    pub kind: String,
    /// Where, as in [`EntryRecord::path`]; null for the environment.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub path: Option<String>,
    /// As [`EntryRecord::path_base64`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub path_base64: Option<String>,
    /// What failed and why.
    pub message: String,
    /// What to do about it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hint: Option<String>,
}

/// The content of a file.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ContentRecord {
    /// As in [`EntryRecord`].
    pub path: String,
    /// As in [`EntryRecord`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub path_base64: Option<String>,
    /// The bytes in base64.
    pub content: String,
}

/// The closing record.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct End {
    /// How many `entry` records there are.
    pub entries: u64,
    /// How many `incident` records.
    pub incidents: u64,
    /// How many `content` records.
    pub contents: u64,
    /// BLAKE3 of all bytes before this line, decompressed, in hexadecimal.
    pub checksum: String,
}

/// Why a file is no snapshot that can be used.
#[derive(Debug, thiserror::Error)]
pub enum FormatError {
    /// It is something else.
    #[error("it is no snapshot of driftline")]
    Foreign,
    /// A later program wrote it.
    #[error("it has version {version} of the format, and this driftline reads up to {VERSION}")]
    TooNew {
        /// Its version.
        version: u32,
    },
    /// Its content is not what was written.
    #[error("it is damaged: {0}")]
    Damaged(String),
    /// The system refused to read it.
    #[error(transparent)]
    Io(io::Error),
}

/// Writes records and counts them.
pub struct Writer<W: Write> {
    out: zstd::stream::write::Encoder<'static, W>,
    checksum: blake3::Hasher,
    header: Header,
    knows: Knows,
    end: End,
}

impl<W: Write> Writer<W> {
    /// Begins with the header.
    pub fn new(out: W, header: Header) -> io::Result<Self> {
        let mut out = zstd::stream::write::Encoder::new(out, 9)?;
        out.include_checksum(true)?;
        let knows = header.knows();
        let end = End { entries: 0, incidents: 0, contents: 0, checksum: String::new() };
        let mut writer = Self { out, checksum: blake3::Hasher::new(), header: header.clone(), knows, end };
        writer.line(&Record::Header(header))?;
        Ok(writer)
    }

    /// Adds an incident; all of them come before the first entry.
    pub fn incident(&mut self, incident: &Incident) -> io::Result<()> {
        self.end.incidents += 1;
        let (path, path_base64) = incident.path.as_ref().map(|path| text(path.as_bytes())).unzip();
        let kind = incident_kind(incident.kind).to_owned();
        let (message, hint) = (incident.message.clone(), incident.hint.clone());
        self.line(&Record::Incident(IncidentRecord { kind, path, path_base64: path_base64.flatten(), message, hint }))
    }

    /// Adds an entry. What is not to be known of its content (`secret`) is not written.
    pub fn entry(&mut self, entry: &Entry, names: &Names, fold: Option<&TextFold>, secret: bool) -> io::Result<()> {
        self.end.entries += 1;
        let Header { env, host, date, .. } = self.header.clone();
        let mut record = EntryRecord { env, host, date, ..EntryRecord::default() };
        (record.path, record.path_base64) = text(entry.path.as_bytes());
        let Attributes { mode, uid, gid, modified } = entry.attributes;
        // A git tree and the like know one bit, which is written as the mode that it stands for.
        record.mode = (!self.knows.executable_unknown).then(|| format!("{mode:04o}"));
        if self.knows.owners {
            (record.uid, record.gid) = (Some(uid), Some(gid));
            (record.owner, record.group) = (names.users.get(&uid).cloned(), names.groups.get(&gid).cloned());
        }
        if self.knows.times {
            record.mtime = Some(modified.seconds);
            record.mtime_nanos = Some(modified.nanos).filter(|&nanos| nanos > 0);
        }
        let kind = match &entry.content {
            Content::File(file) => {
                record.size = Some(file.size);
                if !secret {
                    record.digest_of(file.digests, fold);
                }
                "file"
            }
            Content::Symlink { target } => {
                let (target, base64) = text(target);
                (record.target, record.target_base64) = (Some(target), base64);
                "link"
            }
            Content::Directory => "folder",
            Content::Submodule { commit } => {
                (record.digest_kind, record.digest) = (Some("git-commit".to_owned()), Some(commit.to_string()));
                "submodule"
            }
            Content::Special(special) => special_kind(*special),
            Content::Unreadable { incident, folder } => {
                record.incident = Some(incident.0);
                if *folder { "unreadable-folder" } else { "unreadable" }
            }
        };
        kind.clone_into(&mut record.kind);
        self.line(&Record::Entry(Box::new(record)))
    }

    /// Adds the content of a file, after all entries.
    pub fn content(&mut self, path: &TreePath, content: &[u8]) -> io::Result<()> {
        self.end.contents += 1;
        let (path, path_base64) = text(path.as_bytes());
        self.line(&Record::Content(ContentRecord { path, path_base64, content: BASE64.encode(content) }))
    }

    /// Closes the snapshot; gives back what it was written to.
    pub fn finish(mut self) -> io::Result<W> {
        let checksum = self.checksum.finalize().to_hex().to_string();
        self.line(&Record::End(End { checksum, ..self.end.clone() }))?;
        self.out.finish()
    }

    fn line(&mut self, record: &Record) -> io::Result<()> {
        let mut line = serde_json::to_vec(record)?;
        line.push(b'\n');
        self.checksum.update(&line);
        self.out.write_all(&line)
    }
}

impl EntryRecord {
    fn digest_of(&mut self, digests: Digests, fold: Option<&TextFold>) {
        let Some(digest) = digests.blake3 else { return };
        (self.digest_kind, self.digest) = (Some("blake3".to_owned()), Some(hex(&digest)));
        let Some(fold) = fold else { return };
        let kind = match (fold.has_bom, fold.has_crlf) {
            (false, false) => "lf",
            (false, true) => "crlf",
            (true, false) => "bom",
            (true, true) => "bom-crlf",
        };
        self.text = Some(kind.to_owned());
        self.plain = (fold.plain != digest).then(|| hex(&fold.plain));
        self.trimmed = (fold.trimmed != fold.plain).then(|| hex(&fold.trimmed));
    }
}

impl Header {
    /// Which attributes are in it.
    pub fn knows(&self) -> Knows {
        Knows {
            permissions: self.knows_permissions,
            owners: self.knows_owners,
            times: self.knows_times,
            executable_unknown: self.executable_unknown,
        }
    }
}

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
            Record::Content(record) => {
                let content = BASE64.decode(record.content).map_err(|_| damaged("a content is not base64"))?;
                stored.contents.insert(path(record.path, record.path_base64)?, content);
            }
            Record::End(end) => {
                let counts = (stored.entries.len(), stored.incidents.len(), stored.contents.len());
                let stated = (end.entries, end.incidents, end.contents);
                if stated != (counts.0 as u64, counts.1 as u64, counts.2 as u64) || end.checksum != checksum {
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
                let digest = match (record.digest_kind.as_deref(), record.digest) {
                    (Some("blake3"), Some(digest)) => Some(from_hex(&digest)?),
                    // An algorithm of a later program: nothing to compare with.
                    _ => None,
                };
                if let (Some(text), Some(digest)) = (record.text, digest) {
                    let plain = record.plain.as_deref().map_or(Ok(digest), from_hex)?;
                    let trimmed = record.trimmed.as_deref().map_or(Ok(plain), from_hex)?;
                    let (has_bom, has_crlf) = (text.starts_with("bom"), text.ends_with("crlf"));
                    self.folds.insert(path.clone(), TextFold { has_bom, has_crlf, plain, trimmed });
                }
                Content::File(File { size, digests: Digests { blake3: digest, ..Digests::default() } })
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

fn incident(record: IncidentRecord) -> Result<Incident, FormatError> {
    let kind = INCIDENTS.iter().find(|(_, name)| *name == record.kind).map(|it| it.0);
    Ok(Incident {
        path: record.path.map(|text| path(text, record.path_base64)).transpose()?,
        kind: kind.ok_or_else(|| damaged("an incident is of no known kind"))?,
        message: record.message,
        hint: record.hint,
    })
}

const INCIDENTS: [(IncidentKind, &str); 5] = [
    (IncidentKind::Environment, "environment"),
    (IncidentKind::Folder, "folder"),
    (IncidentKind::File, "file"),
    (IncidentKind::Unstable, "unstable"),
    (IncidentKind::Note, "note"),
];

const SPECIALS: [(Special, &str); 5] = [
    (Special::Fifo, "fifo"),
    (Special::Socket, "socket"),
    (Special::BlockDevice, "block-device"),
    (Special::CharacterDevice, "character-device"),
    (Special::Other, "other"),
];

fn incident_kind(kind: IncidentKind) -> &'static str {
    INCIDENTS.iter().find(|it| it.0 == kind).map_or("note", |it| it.1)
}

fn special_kind(special: Special) -> &'static str {
    SPECIALS.iter().find(|it| it.0 == special).map_or("other", |it| it.1)
}

/// Bytes as text, and in base64 where the text is not exact.
fn text(bytes: &[u8]) -> (String, Option<String>) {
    match std::str::from_utf8(bytes) {
        Ok(text) => (text.to_owned(), None),
        Err(_) => (String::from_utf8_lossy(bytes).into_owned(), Some(BASE64.encode(bytes))),
    }
}

fn bytes(text: String, base64: Option<String>) -> Result<Vec<u8>, FormatError> {
    match base64 {
        None => Ok(text.into_bytes()),
        Some(base64) => BASE64.decode(base64).map_err(|_| damaged("a name is not base64")),
    }
}

fn path(text: String, base64: Option<String>) -> Result<TreePath, FormatError> {
    TreePath::new(bytes(text, base64)?).map_err(|error| damaged(&error.to_string()))
}

fn damaged(what: &str) -> FormatError {
    FormatError::Damaged(what.to_owned())
}

fn hex(digest: &[u8; 32]) -> String {
    blake3::Hash::from_bytes(*digest).to_hex().to_string()
}

fn commit(text: Option<&str>) -> Result<CommitId, FormatError> {
    let text = text.filter(|text| matches!(text.len(), 40 | 64) && text.is_ascii());
    let text = text.ok_or_else(|| damaged("a submodule has no commit"))?;
    let bytes = (0..text.len()).step_by(2).map(|at| u8::from_str_radix(&text[at..at + 2], 16));
    let bytes: Result<Vec<u8>, _> = bytes.collect();
    Ok(CommitId(bytes.map_err(|_| damaged("a commit is not hexadecimal"))?.into()))
}

fn from_hex(text: &str) -> Result<[u8; 32], FormatError> {
    blake3::Hash::from_hex(text).map(Into::into).map_err(|_| damaged("a digest is not hexadecimal"))
}
