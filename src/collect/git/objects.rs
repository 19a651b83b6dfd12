//! Commits, trees and blobs.
//!
//! libgit2 is given the folder of objects and nothing else of a repository: no config of any level, no attributes, no owner to be
//! doubted, nothing to be executed or written.

mod handles;

use std::collections::HashSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use git2::{ObjectType, Oid};
use sha1::{Digest as _, Sha1};
use tempfile::TempDir;

use self::handles::Handles;
use super::fault::GitFault;
use super::files::SMALL;
use super::index::FileMode;
use super::place::GitPlace;
use crate::lately::Lately;
use crate::path::TreePath;
use crate::snapshot::{CommitId, CommitSummary};

/// The objects of one repository. Threads may share it.
pub(crate) struct Objects {
    handles: Handles,
    /// Commits whose parents were not fetched.
    shallow: HashSet<Oid>,
    folder: PathBuf,
    commits: Lately<Oid, Commit>,
    trees: Lately<Oid, Arc<[TreeItem]>>,
    contents: Lately<Oid, Arc<[u8]>>,
    /// How many objects were unpacked.
    #[cfg(test)]
    unpacked: std::sync::atomic::AtomicU64,
    /// Dropped after the objects were closed.
    _keep: Option<Arc<TempDir>>,
}

/// A commit.
#[derive(Debug, Clone)]
pub(crate) struct Commit {
    pub(crate) tree: Oid,
    /// Without those that were never fetched.
    pub(crate) parents: Vec<Oid>,
    /// When it was committed, in seconds since 1970 in UTC.
    pub(crate) committed: i64,
    pub(crate) summary: CommitSummary,
}

/// An entry of a tree.
#[derive(Debug, Clone)]
pub(crate) struct TreeItem {
    pub(crate) name: Vec<u8>,
    pub(crate) mode: FileMode,
    pub(crate) id: Oid,
}

/// A path of a tree that is no folder.
#[derive(Debug, Clone)]
pub(crate) struct Leaf {
    pub(crate) path: TreePath,
    pub(crate) mode: FileMode,
    pub(crate) id: Oid,
}

/// So many bytes of the commits that were read last are kept, and as many of those before.
const COMMITS: usize = 2 << 20;
/// So many bytes of the trees that were read last are kept, and as many of those before.
const TREES: usize = 8 << 20;
/// So many bytes of the contents that were read last are kept, and as many of those before.
const CONTENTS: usize = 24 << 20;

/// Trees nest no deeper in anything that was ever checked out.
const DEEPEST: usize = 1000;

impl Objects {
    /// Opens the objects of a repository. That some are missing shows when they are asked for.
    pub(crate) fn open(place: &GitPlace) -> Result<Self, GitFault> {
        let folder = place.common_dir.join("objects");
        let shallow = place.files.read(&place.common_dir.join("shallow"), SMALL)?.unwrap_or_default();
        Self::open_at(folder, &shallow, None)
    }

    /// Opens a folder of objects. `shallow` are the names of commits whose parents were not fetched, a line for each; `keep` is whatever
    /// must not go before the objects do.
    pub(super) fn open_at(folder: PathBuf, shallow: &[u8], keep: Option<Arc<TempDir>>) -> Result<Self, GitFault> {
        let handles = Handles::open(&folder)?;
        let shallow = shallow.split(|&byte| byte == b'\n').filter_map(parse_id).collect();
        Ok(Self {
            handles,
            shallow,
            folder,
            commits: Lately::new(COMMITS),
            trees: Lately::new(TREES),
            contents: Lately::new(CONTENTS),
            #[cfg(test)]
            unpacked: std::sync::atomic::AtomicU64::default(),
            _keep: keep,
        })
    }

    /// Takes these commits as such whose parents were not fetched, but for those whose parents are there all the same.
    pub(super) fn cut_off(&mut self, commits: &[Oid]) -> Result<(), GitFault> {
        for &id in commits {
            if !self.contains(id) {
                continue;
            }
            let commit = self.data(id, ObjectType::Commit, "commit", |data| parse_commit(id, data))?;
            let parents = commit.ok_or(GitFault::Malformed { id, kind: "commit" })?.parents;
            if parents.into_iter().any(|parent| !self.contains(parent)) {
                self.shallow.insert(id);
            }
        }
        Ok(())
    }

    /// Whether there are commits whose parents were never fetched.
    pub(super) fn has_cuts(&self) -> bool {
        !self.shallow.is_empty()
    }

    /// The folder that they are in.
    pub(super) fn folder(&self) -> &Path {
        &self.folder
    }

    /// Whether there is such an object.
    pub(super) fn contains(&self, id: Oid) -> bool {
        self.handles.own().exists(id)
    }

    /// The type of an object.
    pub(crate) fn kind(&self, id: Oid) -> Result<ObjectType, GitFault> {
        Ok(self.header(id)?.1)
    }

    /// The length of a blob.
    pub(crate) fn blob_size(&self, id: Oid) -> Result<u64, GitFault> {
        if let Some(content) = self.contents.get(&id) {
            return Ok(content.len() as u64);
        }
        match self.header(id)? {
            (size, ObjectType::Blob) => Ok(size as u64),
            _ => Err(GitFault::Malformed { id, kind: "blob" }),
        }
    }

    /// The content of a blob as it is in the repository: line endings and filters of a checkout are not applied.
    pub(crate) fn blob(&self, id: Oid) -> Result<Vec<u8>, GitFault> {
        if let Some(content) = self.contents.get(&id) {
            return Ok(content.to_vec());
        }
        let content = self.data(id, ObjectType::Blob, "blob", <[u8]>::to_vec)?;
        if content.len() <= CONTENTS / 4 {
            self.contents.put(id, Arc::from(&content[..]), content.len());
        }
        Ok(content)
    }

    /// How many objects were unpacked, not counting those that were still known.
    #[cfg(test)]
    pub(crate) fn unpacked(&self) -> u64 {
        self.unpacked.load(std::sync::atomic::Ordering::Relaxed)
    }

    /// A commit.
    pub(crate) fn commit(&self, id: Oid) -> Result<Commit, GitFault> {
        let mut commit = self.commits.get(&id).map_or_else(|| self.read_commit(id), Ok)?;
        if self.shallow.contains(&id) {
            commit.parents.clear();
        }
        Ok(commit)
    }

    fn read_commit(&self, id: Oid) -> Result<Commit, GitFault> {
        let commit = self.data(id, ObjectType::Commit, "commit", |data| parse_commit(id, data))?;
        let commit = commit.ok_or(GitFault::Malformed { id, kind: "commit" })?;
        let words = commit.summary.subject.len() + commit.summary.author.len();
        self.commits.put(id, commit.clone(), size_of::<Commit>() + words);
        Ok(commit)
    }

    /// The whole message of a commit.
    pub(crate) fn message(&self, id: Oid) -> Result<Vec<u8>, GitFault> {
        self.data(id, ObjectType::Commit, "commit", |data| {
            let end = data.windows(2).position(|pair| pair == b"\n\n").unwrap_or(data.len());
            data.get(end + 2..).unwrap_or_default().to_vec()
        })
    }

    /// The author of a commit as it is written there.
    pub(crate) fn author(&self, id: Oid) -> Result<Vec<u8>, GitFault> {
        self.data(id, ObjectType::Commit, "commit", |data| {
            let mut head = data.split(|&byte| byte == b'\n').take_while(|line| !line.is_empty());
            head.find_map(|line| line.strip_prefix(b"author ")).unwrap_or_default().to_vec()
        })
    }

    /// The commits whose parents were never fetched, sorted.
    pub(crate) fn cuts(&self) -> Vec<Oid> {
        let mut cuts: Vec<Oid> = self.shallow.iter().copied().collect();
        cuts.sort_unstable();
        cuts
    }

    /// Whether the parents of a commit were never fetched.
    pub(crate) fn is_cut(&self, commit: Oid) -> bool {
        self.shallow.contains(&commit)
    }

    /// The object that a tag names, and so on until it is no tag.
    pub(crate) fn peel_tag(&self, id: Oid) -> Result<Oid, GitFault> {
        let mut id = id;
        for _ in 0..32 {
            if self.kind(id)? != ObjectType::Tag {
                break;
            }
            let target = self.data(id, ObjectType::Tag, "tag", |data| {
                parse_id(data.strip_prefix(b"object ")?.split(|&byte| byte == b'\n').next()?)
            })?;
            id = target.ok_or(GitFault::Malformed { id, kind: "tag" })?;
        }
        Ok(id)
    }

    /// The one object whose name begins so.
    pub(crate) fn complete(&self, digits: &str) -> Option<Oid> {
        let short = Oid::from_str(digits).ok()?;
        if digits.len() == 40 {
            return self.handles.own().exists(short).then_some(short);
        }
        self.handles.own().exists_prefix(short, digits.len()).ok()
    }

    /// The entries of a tree, in git's order.
    pub(crate) fn tree(&self, id: Oid) -> Result<Arc<[TreeItem]>, GitFault> {
        if let Some(tree) = self.trees.get(&id) {
            return Ok(tree);
        }
        let tree = self.data(id, ObjectType::Tree, "tree", parse_tree)?;
        let tree: Arc<[TreeItem]> = tree.ok_or(GitFault::Malformed { id, kind: "tree" })?.into();
        let bytes = tree.iter().map(|item| size_of::<TreeItem>() + item.name.len()).sum();
        self.trees.put(id, tree.clone(), bytes);
        Ok(tree)
    }

    /// The entries of a tree that lies `depth` folders deep; there is an end to how deep they may nest.
    pub(crate) fn subtree(&self, id: Oid, depth: usize) -> Result<Arc<[TreeItem]>, GitFault> {
        if depth > DEEPEST { Err(GitFault::Malformed { id, kind: "tree" }) } else { self.tree(id) }
    }

    /// What is at a path below a tree.
    pub(crate) fn find(&self, tree: Oid, path: &[u8]) -> Result<Option<TreeItem>, GitFault> {
        let mut folder = tree;
        let mut parts = path.split(|&byte| byte == b'/').peekable();
        while let Some(part) = parts.next() {
            let tree = self.tree(folder)?;
            let Some(item) = tree.iter().find(|item| item.name == part) else { return Ok(None) };
            if parts.peek().is_none() {
                return Ok(Some(item.clone()));
            }
            if item.mode != FileMode::Folder {
                return Ok(None);
            }
            folder = item.id;
        }
        Ok(None)
    }

    /// Everything below a tree that is no folder, sorted by the plain bytes of the path; `below` goes before each path.
    pub(crate) fn leaves(&self, tree: Oid, below: Option<&TreePath>, into: &mut Vec<Leaf>) -> Result<(), GitFault> {
        self.leaves_at(tree, below, into, 0)
    }

    fn leaves_at(
        &self,
        tree: Oid,
        below: Option<&TreePath>,
        into: &mut Vec<Leaf>,
        depth: usize,
    ) -> Result<(), GitFault> {
        let malformed = || GitFault::Malformed { id: tree, kind: "tree" };
        for item in &*self.subtree(tree, depth)? {
            let path = match below {
                None => TreePath::new(item.name.clone()),
                Some(folder) => folder.join(&item.name),
            };
            let path = path.map_err(|_| malformed())?;
            if item.mode == FileMode::Folder {
                self.leaves_at(item.id, Some(&path), into, depth + 1)?;
            } else {
                into.push(Leaf { path, mode: item.mode, id: item.id });
            }
        }
        Ok(())
    }

    fn header(&self, id: Oid) -> Result<(usize, ObjectType), GitFault> {
        self.handles.own().read_header(id).map_err(|source| GitFault::Object { id, source })
    }

    fn data<T>(
        &self,
        id: Oid,
        kind: ObjectType,
        word: &'static str,
        use_it: impl Fn(&[u8]) -> T,
    ) -> Result<T, GitFault> {
        #[cfg(test)]
        self.unpacked.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        let object = self.handles.own().read(id).map_err(|source| GitFault::Object { id, source })?;
        // A repository may call anything by any name. libgit2 would look for the marks of known ways to collide besides, which takes
        // longer than unpacking; two contents of one name are not told apart by git's names anywhere here.
        let name = Sha1::new_with_prefix(format!("{} {}\0", object.kind(), object.len()));
        if name.chain_update(object.data()).finalize()[..] != id.as_bytes()[..] {
            let source = git2::Error::from_str("its content has another name");
            return Err(GitFault::Object { id, source });
        }
        if object.kind() != kind {
            return Err(GitFault::Malformed { id, kind: word });
        }
        Ok(use_it(object.data()))
    }
}

impl std::fmt::Debug for Objects {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Objects").finish_non_exhaustive()
    }
}

/// The name of an object as 20 bytes.
pub(crate) fn id_bytes(id: Oid) -> [u8; 20] {
    let mut bytes = [0; 20];
    bytes.copy_from_slice(&id.as_bytes()[..20]);
    bytes
}

/// The name of a commit, as the snapshot keeps it.
pub(crate) fn commit_id(id: Oid) -> CommitId {
    CommitId(id.as_bytes().into())
}

/// The name of an object from its bytes.
pub(super) fn oid(id: &[u8; 20]) -> Oid {
    Oid::from_bytes(id).expect("20 bytes are the name of an object")
}

/// 40 hexadecimal digits and nothing else, but for white space around them.
pub(super) fn parse_id(digits: &[u8]) -> Option<Oid> {
    let digits = std::str::from_utf8(digits.trim_ascii()).ok()?;
    if digits.len() == 40 { Oid::from_str(digits).ok() } else { None }
}

fn parse_tree(data: &[u8]) -> Option<Vec<TreeItem>> {
    let mut rest = data;
    let mut items = Vec::new();
    while !rest.is_empty() {
        let blank = rest.iter().position(|&byte| byte == b' ')?;
        let bits = u32::from_str_radix(std::str::from_utf8(&rest[..blank]).ok()?, 8).ok()?;
        rest = &rest[blank + 1..];
        let end = rest.iter().position(|&byte| byte == 0)?;
        let name = rest[..end].to_vec();
        if name.is_empty() || name.contains(&b'/') {
            return None;
        }
        let (id, after) = rest[end + 1..].split_at_checked(20)?;
        items.push(TreeItem { name, mode: FileMode::from_bits(bits)?, id: Oid::from_bytes(id).ok()? });
        rest = after;
    }
    Some(items)
}

fn parse_commit(id: Oid, data: &[u8]) -> Option<Commit> {
    let end = data.windows(2).position(|pair| pair == b"\n\n").unwrap_or(data.len());
    let message = data.get(end + 2..).unwrap_or_default();
    let (mut tree, mut parents, mut author, mut committer) = (None, Vec::new(), None, None);
    for line in data[..end].split(|&byte| byte == b'\n') {
        if let Some(digits) = line.strip_prefix(b"tree ") {
            tree = tree.or(Some(parse_id(digits)?));
        } else if let Some(digits) = line.strip_prefix(b"parent ") {
            parents.push(parse_id(digits)?);
        } else if let Some(person) = line.strip_prefix(b"author ") {
            author = author.or(Some(parse_person(person)));
        } else if let Some(person) = line.strip_prefix(b"committer ") {
            committer = committer.or(Some(parse_person(person)));
        }
    }
    let (name, authored) = author.unwrap_or_default();
    let first = message.split(|&byte| byte == b'\n').find(|line| !line.trim_ascii().is_empty()).unwrap_or_default();
    let summary = CommitSummary {
        id: commit_id(id),
        subject: String::from_utf8_lossy(first.trim_ascii()).into_owned(),
        author: name,
        authored,
    };
    Some(Commit { tree: tree?, parents, committed: committer.map_or(authored, |(_, time)| time), summary })
}

/// Name and time of `Name <mail> seconds zone`; what is missing is empty.
pub(super) fn parse_person(text: &[u8]) -> (String, i64) {
    let name = text.split(|&byte| byte == b'<').next().unwrap_or_default();
    let after = text.rsplit(|&byte| byte == b'>').next().unwrap_or_default();
    let seconds = after.trim_ascii().split(|&byte| byte == b' ').next().unwrap_or_default();
    let seconds = std::str::from_utf8(seconds).ok().and_then(|digits| digits.parse().ok()).unwrap_or(0);
    (String::from_utf8_lossy(name.trim_ascii()).into_owned(), seconds)
}

#[cfg(test)]
mod tests;
