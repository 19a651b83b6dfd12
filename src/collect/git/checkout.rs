//! A folder and the part of a repository that is about it.

use std::borrow::Cow;
use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::attributes::Attributes;
use super::exclude::Excludes;
use super::fault::GitFault;
use super::files::{FileKind, GitFiles, INDEX, SMALL};
use super::index::{FileMode, Index, IndexEntry, IndexStat, cut_seconds};
use super::objects::{id_bytes, oid};
use super::place::GitPlace;
use super::repo::Repo;
use super::store::Store;
use crate::collect::{BlobHasher, Filter, Listing, Wanted};
use crate::config::PathMap;
use crate::path::TreePath;
use crate::snapshot::{Content, File, Timestamp};

/// What the judged folder is, apart from its repository.
#[derive(Clone, Copy)]
pub(super) struct Surroundings<'a> {
    pub(super) files: &'a Arc<dyn GitFiles>,
    pub(super) root: &'a Path,
    pub(super) map: &'a PathMap,
    pub(super) filter: &'a Filter,
    pub(super) listing: &'a Listing,
    pub(super) hasher: &'a dyn BlobHasher,
    /// Does what only computes; `None` when this is called in a pool.
    pub(super) pool: Option<&'a rayon::ThreadPool>,
}

impl Surroundings<'_> {
    /// Does what only computes, on many threads.
    pub(super) fn compute<T: Send>(&self, work: impl FnOnce() -> T + Send) -> T {
        match self.pool {
            Some(pool) => pool.install(work),
            None => work(),
        }
    }
}

/// A folder and the part of a repository that is about it.
pub(super) struct Checkout<'a> {
    pub(super) around: Surroundings<'a>,
    pub(super) repo: Repo,
    /// Where the root lies inside the repository.
    pub(super) prefix: Option<TreePath>,
    /// The top of the repository's files.
    pub(super) top: PathBuf,
    /// Everything that the index tracks below the root, in the index' order.
    pub(super) tracked: Vec<Tracked>,
    pub(super) attributes: Attributes,
    index_time: Timestamp,
}

/// A tracked path below the root.
pub(super) struct Tracked {
    /// Its path is from the top of the repository.
    pub(super) entry: IndexEntry,
    /// Relative to the root.
    pub(super) here: TreePath,
    pub(super) common: TreePath,
    /// Which entry of the listing it is.
    pub(super) listed: Option<usize>,
}

/// A repository that tracks a folder.
pub(super) struct Found {
    place: GitPlace,
    top: PathBuf,
    prefix: Option<TreePath>,
}

/// Finds the repository whose checkout a folder is, or lies in.
pub(super) fn find(files: &Arc<dyn GitFiles>, root: &Path) -> Result<Option<Found>, GitFault> {
    let root = files.canonical(root)?;
    for top in root.ancestors() {
        if let Some(place) = GitPlace::of_checkout(files, top)? {
            use std::os::unix::ffi::OsStrExt;
            let inside = root.strip_prefix(top).map(|path| path.as_os_str().as_bytes()).unwrap_or_default();
            return Ok(Some(Found { place, top: top.to_owned(), prefix: TreePath::new(inside).ok() }));
        }
        if top == root && GitPlace::of_bare(files, top).is_some() {
            return Err(GitFault::Unsupported(
                "the folder is itself a bare repository, which has no checked-out files; name it as a git source"
                    .to_owned(),
            ));
        }
    }
    Ok(None)
}

impl<'a> Checkout<'a> {
    /// Gives nothing when the repository tracks nothing below a root that lies inside it.
    pub(super) fn open(found: Found, around: Surroundings<'a>, store: &dyn Store) -> Result<Option<Self>, GitFault> {
        let Found { place, top, prefix } = found;
        let mut repo = Repo::open_with(place, store)?;
        check_worktree(&repo, &top)?;
        let (entries, index_time) = read_index(&repo)?;
        let by_path: HashMap<&TreePath, usize> =
            around.listing.snapshot.entries.iter().enumerate().map(|(at, entry)| (&entry.path, at)).collect();
        let mut tracked = Vec::new();
        for entry in entries {
            let inside = match &prefix {
                None => Some(entry.path.clone()),
                Some(prefix) => entry.path.strip(prefix).and_then(|rest| TreePath::new(rest).ok()),
            };
            if let Some(here) = inside {
                let common = around.map.to_common(&here);
                let listed = by_path.get(&common).copied();
                tracked.push(Tracked { entry, here, common, listed });
            }
        }
        if tracked.is_empty() && prefix.is_some() {
            return Ok(None);
        }
        let named = tracked.iter().filter(|path| path.entry.mode != FileMode::Gitlink);
        let completed = store.complete(&repo, &mut named.map(|path| (&path.common, oid(&path.entry.id))));
        repo.lacks = repo.lacks.or(completed.err());
        let attributes = Attributes::new(&repo.config);
        Ok(Some(Self { around, repo, prefix, top, tracked, attributes, index_time }))
    }

    /// Takes the attributes of the repository's files into account, and gives its ignore rules.
    pub(super) fn read_rules(&mut self) -> Result<Excludes, GitFault> {
        let ignore_case = self.repo.config.get_bool("core.ignorecase") == Some(true);
        let info = self.repo.place.common_dir.join("info");
        let mut attributes = std::mem::take(&mut self.attributes);
        for (folder, bytes) in self.rule_files(b".gitattributes")? {
            attributes.add(&folder, &bytes);
        }
        attributes.add_info(&self.around.files.read(&info.join("attributes"), SMALL)?.unwrap_or_default());
        self.attributes = attributes;
        let private = self.around.files.read(&info.join("exclude"), SMALL)?.unwrap_or_default();
        let mut excludes = Excludes::new(&private, ignore_case);
        for (folder, bytes) in self.rule_files(b".gitignore")? {
            excludes.add(&folder, &bytes);
        }
        Ok(excludes)
    }

    /// The rule files of this name with their folders from the top of the repository, outermost first.
    ///
    /// Those above the root are read beside the listing. A link under such a name is not followed, as git does not. Where there is
    /// no file because it is not meant to be checked out, the index' version counts.
    fn rule_files(&self, name: &[u8]) -> Result<Vec<RuleFile>, GitFault> {
        let mut found = Vec::new();
        for folder in self.prefix.iter().flat_map(|prefix| prefix.ancestors().chain(std::iter::once(&b""[..]))) {
            let path = self.top.join(super::patterns::as_path(folder)).join(super::patterns::as_path(name));
            let files = self.around.files;
            let is_file = files.link(&path).is_none() && matches!(files.kind(&path), Ok(Some(FileKind::File)));
            if is_file && let Some(bytes) = files.read(&path, SMALL)? {
                found.push((folder.to_vec(), bytes));
            }
        }
        let folder_of = |here: &TreePath| {
            let inside = here.parent();
            match (&self.prefix, inside) {
                (None, None) => Vec::new(),
                (None, Some(folder)) => folder.as_bytes().to_vec(),
                (Some(prefix), None) => prefix.as_bytes().to_vec(),
                (Some(prefix), Some(folder)) => [prefix.as_bytes(), folder.as_bytes()].join(&b'/'),
            }
        };
        let mut tracked = HashMap::new();
        for path in self.tracked.iter().filter(|path| path.here.file_name() == name) {
            match path.listed {
                Some(at) => {
                    tracked.insert(at, path);
                }
                None if path.entry.stage == 0 && matches!(path.entry.mode, FileMode::File | FileMode::Executable) => {
                    found.push((folder_of(&path.here), self.repo.objects.blob(oid(&path.entry.id))?));
                }
                None => {}
            }
        }
        let entries = &self.around.listing.snapshot.entries;
        let named = |at: &usize| self.here(*at).file_name() == name;
        let is_blob = |at: usize| {
            let is_known = |path: &&Tracked| self.vouches(path) || self.around.hasher.known(at) == Some(path.entry.id);
            tracked.get(&at).is_some_and(is_known)
        };
        let open = |at: &usize| file_of(&entries[*at].content).is_some() && !is_blob(*at);
        let contents = (0..entries.len()).filter(named).filter(open).collect();
        self.around.hasher.expect(&Wanted { contents, ..Wanted::default() });
        for (at, entry) in entries.iter().enumerate() {
            let here = self.here(at);
            if here.file_name() != name {
                continue;
            }
            if matches!(entry.content, Content::Unreadable { .. }) && name == b".gitattributes" {
                return Err(GitFault::Unsupported(format!(
                    "{here:?} cannot be read, and it decides how files are to be judged"
                )));
            }
            if !matches!(entry.content, Content::File(_)) {
                continue;
            }
            // What is in the repository need not be read from the file: this costs nothing in the next run.
            let hasher = self.around.hasher;
            let is_blob = |path: &&&Tracked| {
                let objects = &self.repo.objects;
                (self.vouches(path) || hasher.raw(at).is_ok_and(|name| name == path.entry.id))
                    && objects.kind(oid(&path.entry.id)).is_ok()
            };
            let bytes = match tracked.get(&at).filter(is_blob) {
                Some(path) => self.repo.objects.blob(oid(&path.entry.id))?,
                None => hasher.read(at, SMALL).map_err(|failure| {
                    GitFault::Unsupported(format!("rules of the repository cannot be read: {failure}"))
                })?,
            };
            found.push((folder_of(&here), bytes));
        }
        // Macros are defined at the top only, so it must come first.
        found.sort();
        Ok(found)
    }

    /// The path of an entry of the listing, relative to the root.
    pub(super) fn here(&self, at: usize) -> Cow<'a, TreePath> {
        let path = &self.around.listing.snapshot.entries[at].path;
        if self.around.map.is_empty() { Cow::Borrowed(path) } else { Cow::Owned(self.around.map.to_here(path)) }
    }

    /// The path of something relative to the root, from the top of the repository.
    pub(super) fn repository_path(&self, here: &TreePath) -> Vec<u8> {
        match &self.prefix {
            None => here.as_bytes().to_vec(),
            Some(prefix) => [prefix.as_bytes(), here.as_bytes()].join(&b'/'),
        }
    }

    /// Whether the stat data of the index prove that a regular file is what it was when its content became the index' blob.
    pub(super) fn vouches(&self, path: &Tracked) -> bool {
        let entry = &path.entry;
        let Some(at) = path.listed else { return false };
        let listed = &self.around.listing.snapshot.entries[at];
        let (Content::File(file), Some(stamp)) = (&listed.content, self.around.listing.stamps[at]) else {
            return false;
        };
        let plain =
            entry.stage == 0 && !entry.intent_to_add && matches!(entry.mode, FileMode::File | FileMode::Executable);
        let now = IndexStat {
            changed: cut(stamp.changed),
            modified: cut(stamp.modified),
            inode: stamp.inode as u32,
            uid: listed.attributes.uid,
            gid: listed.attributes.gid,
            size: cut_size(file.size),
        };
        plain
            && entry.stat.is_of(&now, file.size)
            && !entry.stat.is_racy(self.index_time)
            && (file.size != 0 || entry.id == EMPTY_BLOB)
    }

    /// Whether a common path was left out of the listing by the ignore rules of the configuration.
    pub(super) fn is_left_out(&self, common: &TreePath) -> bool {
        let filter = self.around.filter;
        filter.leaves_out(common, false)
            || common
                .ancestors()
                .any(|folder| TreePath::new(folder).is_ok_and(|folder| filter.leaves_out(&folder, true)))
    }
}

/// The folder of a rule file, from the top of the repository, and what is in the file.
type RuleFile = (Vec<u8>, Vec<u8>);

/// The name of the blob without content.
const EMPTY_BLOB: [u8; 20] = [
    0xe6, 0x9d, 0xe2, 0x9b, 0xb2, 0xd1, 0xd6, 0x43, 0x4b, 0x8b, 0x29, 0xae, 0x77, 0x5a, 0xd8, 0xc2, 0xe4, 0x8c, 0x53,
    0x91,
];

/// An index keeps 32 bits.
fn cut(time: Timestamp) -> (u32, u32) {
    (cut_seconds(time.seconds), time.nanos)
}

/// A size whose lower 32 bits are zero is kept as another, so that 0 goes on to mean "look again".
fn cut_size(size: u64) -> u32 {
    if size != 0 && size as u32 == 0 { 1 << 31 } else { size as u32 }
}

/// Refuses a repository whose files are somewhere else than where it was found.
fn check_worktree(repo: &Repo, top: &Path) -> Result<(), GitFault> {
    if repo.is_linked_worktree() {
        return Ok(());
    }
    if let Some(value) = repo.config.get("core.worktree") {
        let path = repo.place.git_dir.join(super::patterns::as_path(value));
        if repo.place.files.canonical(&path).ok().as_deref() != Some(top) {
            return Err(GitFault::Unsupported(format!(
                "the repository is about the files in `{}` (`core.worktree`), not about these",
                path.display()
            )));
        }
    } else if repo.config.get_bool("core.bare") == Some(true) {
        return Err(GitFault::Unsupported(
            "the repository is configured as bare: it has no checked-out files".to_owned(),
        ));
    }
    Ok(())
}

/// The whole index with the folders of a sparse one expanded, and the time before which files must have been changed last to be vouched
/// for. No index is an empty one.
fn read_index(repo: &Repo) -> Result<(Vec<IndexEntry>, Timestamp), GitFault> {
    let path = repo.place.git_dir.join("index");
    let Some((bytes, mut time)) = repo.place.files.read_with_time(&path, INDEX)? else {
        return Ok((Vec::new(), Timestamp::default()));
    };
    let mut index = Index::parse(&bytes)?;
    if let Some(link) = &index.link {
        let path = repo.place.git_dir.join(format!("sharedindex.{}", oid(&link.base)));
        let missing =
            GitFault::Content { path: path.clone(), problem: "is the other half of the index, and is not there" };
        let (bytes, shared_time) = repo.place.files.read_with_time(&path, INDEX)?.ok_or(missing)?;
        time = time.min(shared_time);
        index = index.join(Index::parse(&bytes)?)?;
    }
    let mut entries = Vec::with_capacity(index.entries.len());
    for entry in index.entries {
        if entry.mode != FileMode::Folder {
            entries.push(entry);
            continue;
        }
        let mut leaves = Vec::new();
        repo.objects.leaves(oid(&entry.id), Some(&entry.path), &mut leaves)?;
        entries.extend(leaves.into_iter().map(|leaf| IndexEntry {
            path: leaf.path,
            mode: leaf.mode,
            id: id_bytes(leaf.id),
            stage: 0,
            skip_worktree: true,
            intent_to_add: false,
            stat: IndexStat::default(),
        }));
    }
    Ok((entries, time))
}

/// The regular file of an entry of the listing.
pub(super) fn file_of(content: &Content) -> Option<&File> {
    match content {
        Content::File(file) => Some(file),
        _ => None,
    }
}
