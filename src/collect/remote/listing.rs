//! From what the far side saw to entries under common names.

use std::collections::{BTreeMap, HashMap};

use super::records::{Failing, Item, Kind, Look, Record};
use crate::collect::naming::{Naming, Place};
use crate::collect::walk::Walked;
use crate::collect::{Filter, Stamp};
use crate::config::PathMap;
use crate::path::TreePath;
use crate::snapshot::{
    Attributes, Content, Counters, Digests, Entry, File, Incident, IncidentId, IncidentKind, Names, Special,
};

/// Everything that was seen, before it is put in order.
#[derive(Debug, Default)]
pub(super) struct Gathering {
    records: Vec<(TreePath, Record)>,
    targets: HashMap<Vec<u8>, Option<Vec<u8>>>,
    names: Names,
    /// Folders below the root that have a `.git`.
    repositories: Vec<TreePath>,
    pub(super) folders: u64,
    /// Folders that may not be listed or entered there.
    pub(super) closed: u64,
}

impl Gathering {
    /// Takes one more item; gives whether it is one more entry.
    pub(super) fn take(&mut self, item: Item) -> bool {
        match item {
            Item::Target { path, target } => {
                self.targets.insert(path, target);
                false
            }
            Item::Repository(path) => {
                // That of the root itself leads to nothing here.
                let folder = path.strip_prefix(b"./").and_then(|path| path.strip_suffix(b"/.git"));
                self.repositories.extend(folder.and_then(|folder| TreePath::new(folder).ok()));
                false
            }
            Item::Entry(record) => {
                if record.kind == Kind::Directory {
                    self.folders += u64::from(record.readable);
                    self.closed += u64::from(!record.readable);
                }
                // The root itself is no entry, and what leads out of it is none of ours.
                let Some(path) = record.path.strip_prefix(b"./").and_then(|path| TreePath::new(path).ok()) else {
                    return false;
                };
                name(&mut self.names.users, record.uid, &record.user);
                name(&mut self.names.groups, record.gid, &record.group);
                self.records.push((path, *record));
                true
            }
        }
    }

    /// Folders (as they are called there) that have a `.git`, sorted.
    pub(super) fn repositories(&mut self) -> Vec<TreePath> {
        self.repositories.sort_unstable();
        std::mem::take(&mut self.repositories)
    }

    /// Names of owners and groups.
    pub(super) fn names(&mut self) -> Names {
        std::mem::take(&mut self.names)
    }

    /// Entries under common names, without those that are left out or below what could not be listed; in path order where nothing
    /// is mapped.
    pub(super) fn walked(mut self, map: &PathMap, filter: &Filter) -> Walked {
        let naming = Naming::new(map);
        self.records.sort_by(|a, b| a.0.cmp(&b.0));
        self.records.dedup_by(|later, first| later.0 == first.0);
        let mut walked =
            Walked { counters: Counters { folders_listed: self.folders, ..Counters::default() }, ..Walked::default() };
        let mut open: HashMap<TreePath, Place> = HashMap::new();
        let root = Place::root();
        for (here, record) in self.records {
            let parent = match here.parent() {
                None => &root,
                Some(parent) => match open.get(&parent) {
                    Some(place) => place,
                    // It is left out or closed; or it went away while it was listed.
                    None => continue,
                },
            };
            let is_folder = record.kind == Kind::Directory;
            let Some(place) = naming.child(parent, here.file_name(), is_folder, filter) else { continue };
            let Some(common) = place.common().cloned() else { continue };
            let is_passage = place.is_passage();
            let closed = !record.readable;
            if is_folder && !closed {
                open.insert(here, place);
            }
            if is_passage && !closed {
                continue;
            }
            let target = match &record.target {
                Some(target) => Some(target.clone()),
                None => self.targets.get(&record.path).cloned().flatten(),
            };
            let stamp = stamp(&record.look);
            let entry = entry(common, &record, target, &mut walked.incidents);
            walked.entries.push(entry);
            walked.stamps.push(Some(stamp));
        }
        walked.counters.entries_listed = walked.entries.len() as u64;
        walked
    }
}

/// By what a file is recognised as unchanged.
pub(super) fn stamp(look: &Look) -> Stamp {
    let Look { device, inode, size, modified, changed } = *look;
    Stamp { device, inode, size, modified, changed }
}

fn entry(path: TreePath, record: &Record, target: Option<Vec<u8>>, incidents: &mut Vec<Incident>) -> Entry {
    let attributes = Attributes { mode: record.mode, uid: record.uid, gid: record.gid, modified: record.look.modified };
    let mut closed = |kind: IncidentKind, act: &str, why: &str| {
        let message = format!("cannot {act} `{}`: {why}", String::from_utf8_lossy(path.as_bytes()));
        let hint = match kind {
            IncidentKind::Unstable => "run again when the environment is at rest",
            _ => "read as a user who may, or add it to `ignore`",
        };
        incidents.push(Incident { path: Some(path.clone()), kind, message, hint: Some(hint.to_owned()) });
        let folder = record.kind == Kind::Directory;
        Content::Unreadable { incident: IncidentId((incidents.len() - 1) as u32), folder }
    };
    if let Some(Failing { unstable, act, why }) = &record.trouble {
        let kind = match record.kind {
            _ if *unstable => IncidentKind::Unstable,
            Kind::Directory => IncidentKind::Folder,
            _ => IncidentKind::File,
        };
        let content = closed(kind, act, why);
        return Entry { path, content, attributes };
    }
    let content = match (record.kind, target) {
        (Kind::Directory, _) if !record.readable => {
            closed(IncidentKind::Folder, "open the folder", "permission denied")
        }
        (Kind::File, _) if !record.readable => closed(IncidentKind::File, "open", "permission denied"),
        (Kind::Symlink, None) => closed(IncidentKind::File, "read the link", "nothing came back"),
        (Kind::Symlink, Some(target)) => Content::Symlink { target: target.into() },
        (Kind::File, _) => Content::File(File { size: record.look.size, digests: Digests::default() }),
        (Kind::Directory, _) => Content::Directory,
        (Kind::Fifo, _) => Content::Special(Special::Fifo),
        (Kind::Socket, _) => Content::Special(Special::Socket),
        (Kind::BlockDevice, _) => Content::Special(Special::BlockDevice),
        (Kind::CharacterDevice, _) => Content::Special(Special::CharacterDevice),
        (Kind::Other, _) => Content::Special(Special::Other),
    };
    Entry { path, content, attributes }
}

/// Tools print the number, or a word for unknown, where there is no name.
fn name(names: &mut BTreeMap<u32, String>, number: u32, name: &[u8]) {
    if name.is_empty() || name == b"UNKNOWN" || name.iter().all(u8::is_ascii_digit) || names.contains_key(&number) {
        return;
    }
    names.insert(number, String::from_utf8_lossy(name).into_owned());
}

/// The words with which folders are left out there that rules leave out by plain names.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct LeftOut {
    /// For `find`.
    pub(super) find: String,
    /// For driftline itself.
    pub(super) driftline: String,
}

impl LeftOut {
    /// Never more than what the rules leave out, and often less: the rest is left out here. With a rule that takes something back, or where a
    /// map could lead through such a folder, nothing is left out there.
    pub(super) fn new(rules: &[String], map: &PathMap) -> Self {
        let mut words = Self::default();
        if rules.iter().any(|rule| rule.trim_start().starts_with('!')) {
            return words;
        }
        let is_plain = |text: &str| {
            let odd = |c: char| !(c.is_ascii_alphanumeric() || "._-/".contains(c));
            !text.is_empty() && !text.contains(odd) && !text.split('/').any(|part| matches!(part, "" | "." | ".."))
        };
        let is_mapped = |name: &str| {
            map.pairs().iter().any(|pair| {
                let parts = pair.here.parts().chain(pair.common.parts());
                parts.into_iter().any(|part| part == name.as_bytes())
            })
        };
        for rule in rules {
            let anchored = rule.strip_prefix('/');
            let name = anchored.unwrap_or(rule);
            let name = name.strip_suffix('/').unwrap_or(name);
            if !is_plain(name) {
                continue;
            }
            if name.contains('/') || anchored.is_some() {
                if map.is_empty() {
                    words.find += &format!("-path ./{name} -type d -prune -o ");
                    words.driftline += &format!("--ignore=/{name}/ ");
                }
            } else if !is_mapped(name) {
                words.find += &format!("-name {name} -type d -prune -o ");
                words.driftline += &format!("--ignore={name}/ ");
            }
        }
        words
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::MapPair;

    #[test]
    fn only_plain_rules_are_handed_on() {
        let rules = |rules: &[&str]| -> Vec<String> { rules.iter().map(|&rule| rule.to_owned()).collect() };
        let none = PathMap::default();
        let words = LeftOut::new(
            &rules(&["node_modules/", "*.pyc", "/logs", "a/b/", ".venv", "x y", "$(id)", "../up", "# c"]),
            &none,
        );
        assert_eq!(words.driftline, "--ignore=node_modules/ --ignore=/logs/ --ignore=/a/b/ --ignore=.venv/ ");
        assert_eq!(
            words.find,
            "-name node_modules -type d -prune -o -path ./logs -type d -prune -o -path ./a/b -type d -prune -o \
             -name .venv -type d -prune -o "
        );
        assert_eq!(LeftOut::new(&rules(&["node_modules/", "!node_modules/keep"]), &none), LeftOut::default());
        let path = |text: &str| TreePath::new(text.as_bytes()).unwrap();
        let map = PathMap::new(vec![MapPair { common: path("web"), here: path("build/web") }]).unwrap();
        assert_eq!(LeftOut::new(&rules(&["build/", "/logs", "tmp/"]), &map).find, "-name tmp -type d -prune -o ");
    }
}
