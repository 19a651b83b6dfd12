//! The stored form of a snapshot: newline-delimited JSON in one zstd stream.
//!
//! The documentation of the records is the specification. Each line is one record; `record` says which. First comes one `header`, then
//! all `incident`s, then an `entry` for each path in path order, then `content`s and `sealed`s, and last one `end`. A file without its `end` is incomplete.
//! Keys whose value would be null are left out. Fields are added without notice; a field that changes its meaning or goes away raises
//! [`VERSION`], and files of all earlier versions stay readable.
//!
//! `entry` records are flat and repeat environment, host and date, so that a folder of such files is a table for any engine that
//! reads newline-delimited JSON, without looking at file names.
//!
//! Versions: 1 said nothing of the contents of sensitive files; 2 has keyed digests and `sealed` records of them.

mod read;
mod write;

pub use read::{Stored, read};
pub use write::Writer;

use std::io;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use serde::{Deserialize, Serialize};

use crate::path::TreePath;
use crate::snapshot::{CommitId, IncidentKind, Knows, Special};

/// The version that is written, and the latest that is read.
pub const VERSION: u32 = 2;

/// What the format is called in its header.
pub const FORMAT: &str = "driftline-snapshot";

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
    /// What sealing leaves of the content of a sensitive file: its keys, with keyed fingerprints in the place of values.
    Sealed(ContentRecord),
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
    /// The key of keyed digests and fingerprints, by a name that says nothing else about it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key: Option<String>,
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
    /// The algorithm of `digest`: `blake3`; `sha256` where a machine could compute no other; `blake3-keyed:` and the name of the key
    /// for sensitive files; `git-commit` for the commit that a submodule is at; null when there is none. Unlike kinds are never compared.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub digest_kind: Option<String>,
    /// The digest of a file's content in hexadecimal; null for what is no file. Of a sensitive file, whose short content could be guessed by it, it
    /// is made of the BLAKE3 under a key: equal for equal contents of one key, and nothing else; null where a machine could compute no BLAKE3.
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

/// The content of a file, or what sealing leaves of it.
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
    /// How many `sealed` records.
    #[serde(default)]
    pub sealed: u64,
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

/// How the kind of a keyed digest begins; the name of the key follows.
const KEYED: &str = "blake3-keyed:";

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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::snapshot::{Attributes, Content, Digests, Entry, File, Names};

    fn header() -> Header {
        Header {
            format: FORMAT.to_owned(),
            version: VERSION,
            driftline: "0.1.0".to_owned(),
            env: "prod".to_owned(),
            host: "web-1".to_owned(),
            origin: "web-1:/srv".to_owned(),
            taken: 0,
            date: "1970-01-01".to_owned(),
            knows_permissions: true,
            knows_owners: false,
            knows_times: false,
            executable_unknown: false,
            mapped: false,
            ignore: Vec::new(),
            key: None,
        }
    }

    #[test]
    fn a_machine_without_blake3_keeps_what_it_computes() {
        let digests = Digests { sha256: Some([7; 32]), ..Digests::default() };
        let content = Content::File(File { size: 3, digests });
        let path = TreePath::new(&b"app.py"[..]).unwrap();
        let entry = Entry { path, content, attributes: Attributes { mode: 0o644, ..Attributes::default() } };
        let mut writer = Writer::new(Vec::new(), header()).unwrap();
        writer.entry(&entry, &Names::default(), None, false).unwrap();
        let stored = read(&*writer.finish().unwrap()).unwrap();
        assert_eq!(stored.entries, [entry]);
        assert!(stored.complete);
    }
}
