//! Compares modes and owners of one row.

use std::collections::BTreeMap;

use crate::compare::differences::Differences;
use crate::compare::habits::{self, Habits};
use crate::snapshot::{Content, Entry, Snapshot};

/// Compares what is known about modes and owners, and only where it is known.
pub(super) struct AttributeComparer<'a> {
    snapshots: &'a [Snapshot],
    habits: &'a [Habits],
    users: Names,
    groups: Names,
}

impl<'a> AttributeComparer<'a> {
    pub(super) fn new(snapshots: &'a [Snapshot], habits: &'a [Habits]) -> Self {
        let users = Names::new(habits.iter().map(|habits| habits.owner.as_deref()));
        let groups = Names::new(habits.iter().map(|habits| habits.group.as_deref()));
        Self { snapshots, habits, users, groups }
    }

    /// The differences among the entries of one row, of which there is one place for each environment.
    ///
    /// Modes are compared among files and among folders; links have none of their own. Owners are compared among all.
    pub(super) fn compare(&mut self, entries: &[Option<&Entry>]) -> Differences {
        let executable = executable(self.snapshots, entries);
        executable | self.modes(entries, executable) | self.owners(entries)
    }

    /// An environment whose mode its umask explains has the usual mode; two usual modes differ quietly.
    fn modes(&self, entries: &[Option<&Entry>], executable: Differences) -> Differences {
        // The executable bit has a mark of its own: what follows from it is not said twice.
        let file_bits = if executable.is_empty() { 0o7777 } else { 0o7666 };
        let mut found = Differences::NONE;
        for folders in [false, true] {
            let known = || {
                present(entries).filter(move |(environment, entry)| {
                    self.snapshots[*environment].knows.permissions
                        && match entry.content {
                            Content::File(_) => !folders,
                            Content::Directory => folders,
                            _ => false,
                        }
                })
            };
            let bits = |entry: &Entry| entry.attributes.mode & if folders { 0o7777 } else { file_bits };
            if all_equal(known().map(|(_, entry)| bits(entry))) {
                continue;
            }
            let departures = known().map(|(environment, entry)| {
                let usual = self.habits[environment].explains(&entry.content, entry.attributes);
                if usual { None } else { Some(bits(entry)) }
            });
            found |= if all_equal(departures) { Differences::UMASK } else { Differences::MODE };
        }
        found
    }

    fn owners(&mut self, entries: &[Option<&Entry>]) -> Differences {
        let mut found = Differences::NONE;
        let snapshots = self.snapshots;
        // What could not be read may not have told its owner either.
        let is_known = |(environment, entry): &(usize, &Entry)| {
            snapshots[*environment].knows.owners && !matches!(entry.content, Content::Unreadable { .. })
        };
        let known: Vec<(usize, &Entry)> = present(entries).filter(is_known).collect();
        if self.users.depart(known.iter().map(|&(at, entry)| (at, entry.attributes.uid, &snapshots[at].names.users))) {
            found |= Differences::OWNER;
        }
        if self.groups.depart(known.iter().map(|&(at, entry)| (at, entry.attributes.gid, &snapshots[at].names.groups)))
        {
            found |= Differences::GROUP;
        }
        found
    }
}

/// Nearly every source knows whether the owner may execute a file.
fn executable(snapshots: &[Snapshot], entries: &[Option<&Entry>]) -> Differences {
    let bits = present(entries).filter_map(|(environment, entry)| match entry.content {
        _ if snapshots[environment].knows.executable_unknown => None,
        Content::File(_) => Some(entry.attributes.mode & 0o100),
        _ => None,
    });
    if all_equal(bits) { Differences::NONE } else { Differences::EXECUTABLE }
}

fn present<'e>(entries: &'e [Option<&'e Entry>]) -> impl Iterator<Item = (usize, &'e Entry)> {
    entries.iter().enumerate().filter_map(|(environment, entry)| Some((environment, (*entry)?)))
}

/// Names of owners (or of groups) of all environments, as numbers that are equal where the names are.
struct Names {
    interned: BTreeMap<String, u32>,
    /// For each environment, what the numbers there stand for, as far as they were met.
    met: Vec<BTreeMap<u32, u32>>,
    /// For each environment, the usual one.
    usual: Vec<Option<u32>>,
}

impl Names {
    fn new<'a>(usual: impl Iterator<Item = Option<&'a str>>) -> Self {
        let mut names = Self { interned: BTreeMap::new(), met: Vec::new(), usual: Vec::new() };
        for name in usual {
            let name = name.map(|name| names.intern(name.to_owned()));
            names.usual.push(name);
            names.met.push(BTreeMap::new());
        }
        names
    }

    /// Whether the owners differ, and not only because each is the usual one where it is.
    fn depart<'a>(&mut self, owners: impl Iterator<Item = (usize, u32, &'a BTreeMap<u32, String>)>) -> bool {
        let names: Vec<(usize, u32)> =
            owners.map(|(environment, number, names)| (environment, self.meet(environment, number, names))).collect();
        !all_equal(names.iter().map(|(_, name)| *name))
            && !all_equal(
                names
                    .iter()
                    .map(|(environment, name)| Some(*name).filter(|name| self.usual[*environment] != Some(*name))),
            )
    }

    fn meet(&mut self, environment: usize, number: u32, names: &BTreeMap<u32, String>) -> u32 {
        if let Some(name) = self.met[environment].get(&number) {
            return *name;
        }
        let name = self.intern(habits::name(names, number));
        self.met[environment].insert(number, name);
        name
    }

    fn intern(&mut self, name: String) -> u32 {
        let next = self.interned.len() as u32;
        *self.interned.entry(name).or_insert(next)
    }
}

fn all_equal<T: PartialEq>(mut items: impl Iterator<Item = T>) -> bool {
    let Some(first) = items.next() else { return true };
    items.all(|item| item == first)
}
