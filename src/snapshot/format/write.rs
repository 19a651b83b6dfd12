//! Writes the stored form.

use std::io::{self, Write};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;

use super::{
    ContentRecord, End, EntryRecord, Header, IncidentRecord, KEYED, Record, hex, incident_kind, special_kind, text,
};
use crate::path::TreePath;
use crate::snapshot::{Attributes, Content, Digests, Entry, Incident, Knows, Names, TextFold};

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
        let end = End { entries: 0, incidents: 0, contents: 0, sealed: 0, checksum: String::new() };
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

    /// Adds an entry. Of a sensitive one only the keyed digest is written.
    pub fn entry(&mut self, entry: &Entry, names: &Names, fold: Option<&TextFold>, sensitive: bool) -> io::Result<()> {
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
                if sensitive {
                    let key = self.header.key.as_deref().unwrap_or_default();
                    record.digest_kind = file.digests.keyed.map(|_| format!("{KEYED}{key}"));
                    record.digest = file.digests.keyed.map(|digest| hex(&digest));
                } else {
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
        self.line(&Record::Content(content_record(path, content)))
    }

    /// Adds what sealing leaves of a sensitive file, after all entries.
    pub fn sealed(&mut self, path: &TreePath, sealed: &[u8]) -> io::Result<()> {
        self.end.sealed += 1;
        self.line(&Record::Sealed(content_record(path, sealed)))
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

fn content_record(path: &TreePath, content: &[u8]) -> ContentRecord {
    let (path, path_base64) = text(path.as_bytes());
    ContentRecord { path, path_base64, content: BASE64.encode(content) }
}

impl EntryRecord {
    fn digest_of(&mut self, digests: Digests, fold: Option<&TextFold>) {
        let Some(digest) = digests.blake3 else {
            // Another machine may compute no other.
            self.digest_kind = digests.sha256.map(|_| "sha256".to_owned());
            self.digest = digests.sha256.map(|digest| hex(&digest));
            return;
        };
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
