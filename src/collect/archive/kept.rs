//! The listing of an archive, kept so that an archive that is the same file as in the last run is not unpacked again.
//!
//! One file per archive and way of reading it (what is stripped, ignored and mapped) in the state folder. It holds while device, inode, size and
//! both times of change of the archive are the same, and is made only when these were safely past when reading began. What it says is
//! what the members are and what their digests are, never what they hold.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::tree::Locator;
use crate::collect::walk::Walked;
use crate::collect::{Filter, Stamp, cache, state};
use crate::config::PathMap;
use crate::path::TreePath;
use crate::snapshot::{
    Attributes, Content, Digests, Entry, File, Incident, IncidentId, IncidentKind, Knows, Names, Special, Timestamp,
};
use crate::text::Redactor;

const MAGIC: &[u8] = b"driftline archive 1\n";
const CHECKSUM: usize = 32;

/// Where listings of an archive are kept.
#[derive(Debug)]
pub(super) struct Shelf {
    folder: PathBuf,
    distrust: bool,
    redactor: Redactor,
}

/// What a pass over an archive found.
#[derive(Debug)]
pub(super) struct Kept {
    pub(super) walked: Walked,
    pub(super) names: Names,
    pub(super) knows: Knows,
    pub(super) locators: BTreeMap<TreePath, Locator>,
}

impl Shelf {
    /// In a state folder; `distrust`: what is there is not used, and replaced.
    pub(in crate::collect) fn new(state: &Path, distrust: bool, redactor: &Redactor) -> Self {
        Self { folder: state.join("archives"), distrust, redactor: redactor.clone() }
    }

    /// The listing of the archive in this state; `None` when there is none that can be used, for whatever reason.
    pub(super) fn take(&self, identity: &[u8], filter: &Filter, map: &PathMap, stamp: Stamp) -> Option<Kept> {
        if self.distrust {
            return None;
        }
        let key = key(identity, filter, map);
        let bytes = std::fs::read(self.file(&key)).ok()?;
        let (body, checksum) = bytes.split_last_chunk::<CHECKSUM>()?;
        let records = body.strip_prefix(MAGIC).filter(|_| blake3::hash(body) == *checksum)?;
        let shelved: Shelved = postcard::from_bytes(records).ok()?;
        (shelved.key == key && shelved.stamp == numbers(stamp)).then(|| shelved.kept()).flatten()
    }

    /// Keeps a listing of the archive in this state, reading of which began at `began`. That it cannot be kept is told by whoever keeps
    /// more in the state folder; one in which something looks like a secret is not kept.
    pub(super) fn put(
        &self,
        identity: &[u8],
        filter: &Filter,
        map: &PathMap,
        (stamp, began): (Stamp, Timestamp),
        kept: &Kept,
    ) {
        if !cache::is_past(&stamp, began) || self.tells(kept) {
            return;
        }
        let key = key(identity, filter, map);
        let file = self.file(&key);
        let Ok(records) = postcard::to_stdvec(&Shelved::new(key, stamp, kept)) else { return };
        let mut bytes = [MAGIC, &records].concat();
        bytes.extend_from_slice(blake3::hash(&bytes).as_bytes());
        let _ = state::replace(&file, |out| out.write_all(&bytes));
    }

    fn file(&self, key: &[u8; 32]) -> PathBuf {
        self.folder.join(format!("{}.listing", &blake3::Hash::from_bytes(*key).to_hex()[..32]))
    }

    /// Whether a secret is in what would be kept: links may lead to `?token=...`.
    fn tells(&self, kept: &Kept) -> bool {
        let is_masked = |text: &[u8]| matches!(self.redactor.line(text), std::borrow::Cow::Owned(_));
        let links = kept.walked.entries.iter().filter_map(|entry| match &entry.content {
            Content::Symlink { target } => Some(&**target),
            _ => None,
        });
        links.chain(kept.walked.incidents.iter().map(|incident| incident.message.as_bytes())).any(is_masked)
    }
}

/// What a listing depends on beside the archive.
fn key(identity: &[u8], filter: &Filter, map: &PathMap) -> [u8; 32] {
    let mut key = blake3::Hasher::new();
    let mut add = |bytes: &[u8]| {
        key.update(&(bytes.len() as u64).to_le_bytes()).update(bytes);
    };
    add(identity);
    for line in filter.lines() {
        add(line.as_bytes());
    }
    add(b"map");
    for pair in map.pairs() {
        add(pair.common.as_bytes());
        add(pair.here.as_bytes());
    }
    *key.finalize().as_bytes()
}

type Numbers = (u64, u64, u64, (i64, u32), (i64, u32));

fn numbers(stamp: Stamp) -> Numbers {
    let time = |time: Timestamp| (time.seconds, time.nanos);
    (stamp.device, stamp.inode, stamp.size, time(stamp.modified), time(stamp.changed))
}

#[derive(Serialize, Deserialize)]
struct Shelved {
    key: [u8; 32],
    stamp: Numbers,
    /// Permissions, owners, times, and whether not even executable bits are known.
    knows: [bool; 4],
    users: BTreeMap<u32, String>,
    groups: BTreeMap<u32, String>,
    incidents: Vec<Trouble>,
    entries: Vec<Line>,
    /// By path: member, place, size.
    locators: Vec<(Vec<u8>, u64, Option<u64>, u64)>,
}

#[derive(Serialize, Deserialize)]
struct Line {
    path: Vec<u8>,
    what: What,
    mode: u32,
    uid: u32,
    gid: u32,
    modified: (i64, u32),
}

#[derive(Serialize, Deserialize)]
enum What {
    File { size: u64, blake3: Option<[u8; 32]>, git_blob: Option<[u8; 20]> },
    Link(Vec<u8>),
    Folder,
    Special(u8),
    Unreadable { incident: u32, folder: bool },
}

#[derive(Serialize, Deserialize)]
struct Trouble {
    path: Option<Vec<u8>>,
    kind: u8,
    message: String,
    hint: Option<String>,
}

const SPECIALS: [Special; 5] =
    [Special::Fifo, Special::Socket, Special::BlockDevice, Special::CharacterDevice, Special::Other];
const KINDS: [IncidentKind; 5] =
    [IncidentKind::Environment, IncidentKind::Folder, IncidentKind::File, IncidentKind::Unstable, IncidentKind::Note];

impl Shelved {
    fn new(key: [u8; 32], stamp: Stamp, kept: &Kept) -> Self {
        let Kept { walked, names, knows, locators } = kept;
        let line = |entry: &Entry| {
            let Attributes { mode, uid, gid, modified } = entry.attributes;
            let what = match &entry.content {
                Content::File(File { size, digests }) => {
                    What::File { size: *size, blake3: digests.blake3, git_blob: digests.git_blob }
                }
                Content::Symlink { target } => What::Link(target.to_vec()),
                Content::Directory | Content::Submodule { .. } => What::Folder,
                Content::Special(special) => What::Special(place(&SPECIALS, special)),
                Content::Unreadable { incident, folder } => What::Unreadable { incident: incident.0, folder: *folder },
            };
            let path = entry.path.as_bytes().to_vec();
            Line { path, what, mode, uid, gid, modified: (modified.seconds, modified.nanos) }
        };
        let trouble = |incident: &Incident| Trouble {
            path: incident.path.as_ref().map(|path| path.as_bytes().to_vec()),
            kind: place(&KINDS, &incident.kind),
            message: incident.message.clone(),
            hint: incident.hint.clone(),
        };
        let locator = |(path, at): (&TreePath, &Locator)| (path.as_bytes().to_vec(), at.member, at.at, at.size);
        Self {
            key,
            stamp: numbers(stamp),
            knows: [knows.permissions, knows.owners, knows.times, knows.executable_unknown],
            users: names.users.clone(),
            groups: names.groups.clone(),
            incidents: walked.incidents.iter().map(trouble).collect(),
            entries: walked.entries.iter().map(line).collect(),
            locators: locators.iter().map(locator).collect(),
        }
    }

    /// `None` when it says something that no listing says.
    fn kept(self) -> Option<Kept> {
        let mut walked = Walked::default();
        for Trouble { path, kind, message, hint } in self.incidents {
            let path = path.map(TreePath::new).transpose().ok()?;
            walked.incidents.push(Incident { path, kind: *KINDS.get(usize::from(kind))?, message, hint });
        }
        for Line { path, what, mode, uid, gid, modified: (seconds, nanos) } in self.entries {
            let content = match what {
                What::File { size, blake3, git_blob } => {
                    Content::File(File { size, digests: Digests { blake3, git_blob, ..Digests::default() } })
                }
                What::Link(target) => Content::Symlink { target: target.into() },
                What::Folder => Content::Directory,
                What::Special(special) => Content::Special(*SPECIALS.get(usize::from(special))?),
                What::Unreadable { incident, folder } => {
                    walked.incidents.get(incident as usize)?;
                    Content::Unreadable { incident: IncidentId(incident), folder }
                }
            };
            let attributes = Attributes { mode, uid, gid, modified: Timestamp { seconds, nanos } };
            walked.entries.push(Entry { path: TreePath::new(path).ok()?, content, attributes });
        }
        let locators = self.locators.into_iter();
        let locators =
            locators.map(|(path, member, at, size)| Some((TreePath::new(path).ok()?, Locator { member, at, size })));
        let [permissions, owners, times, executable_unknown] = self.knows;
        Some(Kept {
            walked,
            names: Names { users: self.users, groups: self.groups },
            knows: Knows { permissions, owners, times, executable_unknown },
            locators: locators.collect::<Option<_>>()?,
        })
    }
}

/// All values are in their list.
fn place<T: PartialEq>(all: &[T], one: &T) -> u8 {
    all.iter().position(|other| other == one).unwrap_or(all.len()) as u8
}
