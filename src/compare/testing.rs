//! Snapshots made by hand, for the tests of pure code.

use crate::path::{EnvironmentName, TreePath};
use crate::snapshot::{
    Attributes, CommitId, Content, Digests, Entry, File, GitState, Incident, IncidentKind, Knows, Names, Snapshot,
    Timestamp,
};

/// A path.
pub(crate) fn path(text: &str) -> TreePath {
    TreePath::new(text.as_bytes()).unwrap()
}

/// A snapshot in the making; folders above a path come by themselves.
#[derive(Clone)]
pub(crate) struct Tree {
    snapshot: Snapshot,
}

impl Tree {
    pub(crate) fn new(name: &str) -> Self {
        Self {
            snapshot: Snapshot {
                environment: EnvironmentName::new(name).unwrap(),
                origin: format!("/srv/{name}"),
                entries: Vec::new(),
                incidents: Vec::new(),
                knows: Knows { permissions: true, owners: true, times: true, executable_unknown: false },
                names: Names::default(),
                git: GitState::None,
            },
        }
    }

    /// A file whose digest is known.
    pub(crate) fn file(self, at: &str, text: &str) -> Self {
        let digests = Digests { blake3: Some(*blake3::hash(text.as_bytes()).as_bytes()), ..Digests::default() };
        self.put(at, Content::File(File { size: text.len() as u64, digests }), 0o644)
    }

    /// A file of which only the size is known.
    pub(crate) fn sized(self, at: &str, size: u64) -> Self {
        self.put(at, Content::File(File { size, digests: Digests::default() }), 0o644)
    }

    pub(crate) fn folder(self, at: &str) -> Self {
        self.put(at, Content::Directory, 0o755)
    }

    pub(crate) fn link(self, at: &str, target: &str) -> Self {
        self.put(at, Content::Symlink { target: target.as_bytes().into() }, 0o777)
    }

    pub(crate) fn submodule(self, at: &str, commit: u8) -> Self {
        self.put(at, Content::Submodule { commit: CommitId([commit; 20].into()) }, 0)
    }

    /// A file or folder that cannot be read.
    pub(crate) fn unreadable(mut self, at: &str, folder: bool) -> Self {
        let kind = if folder { IncidentKind::Folder } else { IncidentKind::File };
        let incident = self.snapshot.add_incident(Incident {
            path: Some(path(at)),
            kind,
            message: format!("cannot read `{at}`: permission denied"),
            hint: None,
        });
        self.put(at, Content::Unreadable { incident, folder }, 0)
    }

    pub(crate) fn put(mut self, at: &str, content: Content, mode: u32) -> Self {
        let attributes = Attributes { mode, uid: 0, gid: 0, modified: Timestamp::default() };
        self.snapshot.entries.push(Entry { path: path(at), content, attributes });
        self
    }

    /// Sets the mode of the entry that was put last.
    pub(crate) fn mode(mut self, mode: u32) -> Self {
        self.snapshot.entries.last_mut().unwrap().attributes.mode = mode;
        self
    }

    /// Sets the owner of the entry that was put last.
    pub(crate) fn owner(mut self, uid: u32) -> Self {
        self.snapshot.entries.last_mut().unwrap().attributes.uid = uid;
        self
    }

    pub(crate) fn with(mut self, change: impl FnOnce(&mut Snapshot)) -> Self {
        change(&mut self.snapshot);
        self
    }

    pub(crate) fn done(mut self) -> Snapshot {
        let above: Vec<TreePath> = self
            .snapshot
            .entries
            .iter()
            .flat_map(|entry| entry.path.ancestors().map(|bytes| TreePath::new(bytes).unwrap()).collect::<Vec<_>>())
            .collect();
        for folder in above {
            if self.snapshot.entries.iter().all(|entry| entry.path != folder) {
                let attributes = Attributes { mode: 0o755, ..Attributes::default() };
                self.snapshot.entries.push(Entry { path: folder, content: Content::Directory, attributes });
            }
        }
        self.snapshot.entries.sort_by(|a, b| a.path.cmp(&b.path));
        self.snapshot
    }
}

/// Paths and patterns, one row a line.
pub(crate) fn table(comparison: &super::Comparison, snapshots: &[Snapshot]) -> String {
    let lines: Vec<String> = comparison
        .rows()
        .map(|row| format!("{} {} {:?}", row.pattern(), row.path(snapshots).as_bytes().escape_ascii(), row.differences))
        .collect();
    lines.join("\n")
}
