//! Environments that are only data: snapshots, contents and histories as literals.

use std::cell::RefCell;
use std::collections::BTreeMap;

use driftline::insight::nearest::{Likeness, Lineage, Nearest, OnDemand};
use driftline::path::{EnvironmentName, TreePath};
use driftline::snapshot::{
    Algorithms, Attributes, Beyond, Blob, BlobId, BlobKind, Change, ChangeKind, CommitId, CommitReader, CommitRecord,
    CommitSummary, CommittedVersion, Content, ContentReader, Digests, Entry, EntryRef, File, GitState, GitStatus, Head,
    HistoryReader, Incident, IncidentKind, Knows, Names, ReadFailure, Snapshot, Stage, TreeChange,
};

/// Environments, their contents, and what their histories would answer.
pub(crate) struct Memory {
    pub(crate) snapshots: Vec<Snapshot>,
    pub(crate) contents: BTreeMap<(usize, TreePath), Vec<u8>>,
    pub(crate) committed: BTreeMap<(usize, TreePath), Result<Vec<u8>, String>>,
    /// For each set of environments that has an ancestor: the version there.
    pub(crate) ancestors: BTreeMap<Vec<usize>, Result<Vec<u8>, String>>,
    /// Commits that are near.
    pub(crate) nearest: OnDemand<'static>,
    /// What commits have.
    pub(crate) commits: Commits,
    /// The files that were read, in order.
    pub(crate) read: RefCell<Vec<(usize, TreePath)>>,
}

pub(crate) fn path(text: &str) -> TreePath {
    TreePath::new(text.as_bytes()).expect("a path of a test is one")
}

pub(crate) fn commit(number: u8) -> CommitSummary {
    CommitSummary {
        id: CommitId(Box::new([number; 20])),
        subject: format!("commit {number}"),
        author: "somebody".to_owned(),
        authored: 0,
    }
}

impl Memory {
    /// Environments by name, with no file yet.
    pub(crate) fn new(names: &[&str]) -> Self {
        let snapshot = |name: &&str| Snapshot {
            environment: EnvironmentName::new(name).expect("a name of a test is one"),
            origin: format!("/srv/{name}"),
            entries: Vec::new(),
            incidents: Vec::new(),
            knows: Knows::default(),
            names: Names::default(),
            git: GitState::None,
        };
        Self {
            snapshots: names.iter().map(snapshot).collect(),
            contents: BTreeMap::new(),
            committed: BTreeMap::new(),
            ancestors: BTreeMap::new(),
            nearest: OnDemand::known(Lineage::default()),
            commits: Commits::default(),
            read: RefCell::default(),
        }
    }

    /// Adds a file to an environment.
    pub(crate) fn file(mut self, environment: usize, name: &str, bytes: impl AsRef<[u8]>) -> Self {
        let bytes = bytes.as_ref();
        let digests = Digests { blake3: Some(blake3::hash(bytes).into()), ..Digests::default() };
        self.contents.insert((environment, path(name)), bytes.to_vec());
        self.entry(environment, name, Content::File(File { size: bytes.len() as u64, digests }))
    }

    /// Adds anything to an environment.
    pub(crate) fn entry(mut self, environment: usize, name: &str, content: Content) -> Self {
        let entries = &mut self.snapshots[environment].entries;
        entries.push(Entry { path: path(name), content, attributes: Attributes::default() });
        entries.sort_by(|a, b| a.path.cmp(&b.path));
        self
    }

    /// Adds a file that cannot be read.
    pub(crate) fn unreadable(mut self, environment: usize, name: &str, why: &str) -> Self {
        let incident = self.snapshots[environment].add_incident(Incident {
            path: Some(path(name)),
            kind: IncidentKind::File,
            message: why.to_owned(),
            hint: None,
        });
        self.entry(environment, name, Content::Unreadable { incident, folder: false })
    }

    /// Makes an environment a checkout of a commit, in which these files have uncommitted changes.
    pub(crate) fn checkout(mut self, environment: usize, number: u8, changed: &[&str]) -> Self {
        let change =
            |name: &&str| Change { path: path(name), from: None, stage: Stage::Unstaged, kind: ChangeKind::Modified };
        self.snapshots[environment].git = GitState::Checkout(Box::new(GitStatus {
            head: Head::Branch("main".to_owned()),
            commit: Some(commit(number)),
            upstream: None,
            unpushed: None,
            changes: changed.iter().map(change).collect(),
            not_judged: Vec::new(),
            stashes: Vec::new(),
            operation: None,
            worktrees: Vec::new(),
            submodules: Vec::new(),
            nested: Vec::new(),
            prefix: None,
        }));
        self
    }

    /// What an environment has committed.
    pub(crate) fn committed(mut self, environment: usize, name: &str, bytes: impl AsRef<[u8]>) -> Self {
        self.committed.insert((environment, path(name)), Ok(bytes.as_ref().to_vec()));
        self
    }

    /// What the common ancestor of these environments has, whichever file is asked for.
    pub(crate) fn ancestor(mut self, environments: &[usize], bytes: impl AsRef<[u8]>) -> Self {
        self.ancestors.insert(environments.to_vec(), Ok(bytes.as_ref().to_vec()));
        self
    }

    /// Makes a commit the nearest one of an environment, in the history of another: so many of 100 paths agree.
    pub(crate) fn near(mut self, environment: usize, history: usize, number: u8, agree: usize) -> Self {
        let mut lineage = self.nearest.get().clone();
        lineage.nearest.push(Nearest {
            environment,
            history,
            likeness: Likeness { commit: commit(number), agree, paths: 100 },
            runner_up: None,
            elsewhere: 0,
            unknown: 0,
            searched: 1,
            is_capped: false,
        });
        self.nearest = OnDemand::known(lineage);
        self
    }

    /// What a commit has.
    pub(crate) fn in_commit(mut self, number: u8, name: &str, bytes: impl AsRef<[u8]>) -> Self {
        self.commits.0.insert((number, path(name)), bytes.as_ref().to_vec());
        self
    }

    /// All entries of this path.
    pub(crate) fn refs(&self, name: &str) -> Vec<EntryRef> {
        let find = |(environment, snapshot): (usize, &Snapshot)| {
            Some(EntryRef { environment, entry: snapshot.find(&path(name))? })
        };
        self.snapshots.iter().enumerate().filter_map(find).collect()
    }
}

impl ContentReader for Memory {
    fn read(&self, environment: usize, path: &TreePath, limit: u64) -> Result<Vec<u8>, ReadFailure> {
        self.read.borrow_mut().push((environment, path.clone()));
        let name = &self.snapshots[environment].environment;
        let bytes = self.contents.get(&(environment, path.clone()));
        let bytes = bytes.ok_or_else(|| ReadFailure(format!("{name}: {path:?}: it is gone")))?;
        if bytes.len() as u64 > limit {
            return Err(ReadFailure(format!("{name}: {path:?}: more than {limit} bytes")));
        }
        Ok(bytes.clone())
    }

    fn digests(&self, at: EntryRef, _: Algorithms) -> Result<Digests, ReadFailure> {
        match self.snapshots[at.environment].entries[at.entry].content {
            Content::File(file) => Ok(file.digests),
            _ => Err(ReadFailure("it is no file".to_owned())),
        }
    }
}

impl HistoryReader for Memory {
    fn committed(&self, environment: usize, path: &TreePath) -> Result<Option<Vec<u8>>, ReadFailure> {
        self.committed.get(&(environment, path.clone())).cloned().transpose().map_err(ReadFailure)
    }

    fn common_ancestor(
        &self,
        environments: &[usize],
        _: &TreePath,
    ) -> Result<Option<(CommitSummary, Vec<u8>)>, ReadFailure> {
        let found = self.ancestors.get(environments).cloned().transpose().map_err(ReadFailure)?;
        Ok(found.map(|bytes| (commit(9), bytes)))
    }

    fn versions(&self, _: usize, _: &TreePath) -> Result<Vec<CommittedVersion>, ReadFailure> {
        Ok(Vec::new())
    }
}

/// What commits have at paths, by their numbers. Nothing else can be asked of them; a content is named by its place.
#[derive(Debug, Default)]
pub(crate) struct Commits(BTreeMap<(u8, TreePath), Vec<u8>>);

impl Commits {
    fn content(&self, id: &BlobId) -> Result<Vec<u8>, ReadFailure> {
        let found = self.0.values().nth(usize::from(id[0]));
        found.cloned().ok_or_else(|| ReadFailure("there is no such content".to_owned()))
    }
}

impl CommitReader for Commits {
    fn beyond(&self, _: usize, _: &[usize]) -> Result<Beyond, ReadFailure> {
        Ok(Beyond::default())
    }

    fn changes(&self, _: usize, _: Option<&CommitId>, _: &CommitId) -> Result<Vec<TreeChange>, ReadFailure> {
        Ok(Vec::new())
    }

    fn since(&self, _: usize, _: &CommitId) -> Result<Vec<CommitRecord>, ReadFailure> {
        Ok(Vec::new())
    }

    fn blob_size(&self, _: usize, id: &BlobId) -> Result<u64, ReadFailure> {
        Ok(self.content(id)?.len() as u64)
    }

    fn at(&self, _: usize, commit: &CommitId, path: &TreePath) -> Result<Option<Blob>, ReadFailure> {
        let number = self.0.keys().position(|(number, at)| *number == commit.0[0] && at == path);
        Ok(number.map(|number| Blob { id: [number as u8; 20], kind: BlobKind::File }))
    }

    fn blob(&self, _: usize, _: &TreePath, blob: Blob, _: u64) -> Result<Vec<u8>, ReadFailure> {
        self.content(&blob.id)
    }

    fn message(&self, _: usize, _: &CommitId) -> Result<Vec<u8>, ReadFailure> {
        Ok(Vec::new())
    }

    fn record(&self, _: usize, _: &CommitId) -> Result<Option<CommitRecord>, ReadFailure> {
        Ok(None)
    }

    fn author(&self, _: usize, _: &CommitId) -> Result<Vec<u8>, ReadFailure> {
        Ok(Vec::new())
    }

    fn staged(&self, _: usize, _: &TreePath) -> Option<Blob> {
        None
    }
}
