//! Which unit of change the lines of a file come from: a commit, or what is in none.
//!
//! Pure. Every line is followed back through the versions that the environment's history has of the file, from the present one over the index and
//! HEAD; the step that brings it, or takes it away, is where it comes from. Where that cannot be told, nothing is said.

mod stashes;

use std::cell::RefCell;
use std::collections::{BTreeMap, HashMap};
use std::fmt;
use std::ops::Range;
use std::rc::Rc;

use crate::compare::text::replacements::changes;
use crate::insight::units::file_changes;
use crate::path::TreePath;
use crate::snapshot::{
    Algorithms, Blob, BlobKind, ChangeKind, CommitId, CommitReader, CommitRecord, CommitSummary, ContentReader,
    EntryRef, GitState, HistoryReader, ReadFailure, Snapshot, Stage, Stash,
};
use crate::text::{Document, Limits};

/// So many commits are gone back for one file; what is from before is not told.
const COMMITS: usize = 4_000;

/// Where lines come from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Origin {
    /// A commit brought or took them.
    Commit(CommitSummary),
    /// They are in the index, and in no commit.
    Staged,
    /// They are in the file, and not in the index.
    Unstaged,
    /// The file is not in the index at all.
    Untracked,
    /// They are in no commit that a branch has, and a stash has them.
    Stash {
        /// The environment that has the stash.
        environment: usize,
        /// The stash.
        stash: Stash,
        /// They stand in a checkout, where no commit has them.
        is_uncommitted: bool,
    },
    /// The environment has no history, and no known commit has the file as it is there.
    NoHistory,
}

impl Origin {
    /// Whether it is in no commit of a repository that there is.
    pub fn is_uncommitted(&self) -> bool {
        matches!(self, Self::Staged | Self::Unstaged | Self::Untracked | Self::Stash { is_uncommitted: true, .. })
    }
}

/// Where the lines of one environment's version come from.
#[derive(Debug, Clone, Default)]
pub struct Traced {
    origins: Vec<Origin>,
    /// For each line of the version, which of the origins brought it; `None` when it is not told.
    came: Vec<Option<usize>>,
    /// For each line of the base, which of them took it away.
    gone: Vec<Option<usize>>,
}

impl Traced {
    /// The origins of lines that came and of lines of the base that went, each once, with how many of the lines it accounts for; in the order of
    /// the lines, those that came first.
    pub fn of(
        &self,
        came: impl IntoIterator<Item = usize>,
        gone: impl IntoIterator<Item = usize>,
    ) -> Vec<(&Origin, usize)> {
        let came = came.into_iter().map(|line| self.came.get(line).copied().flatten());
        let gone = gone.into_iter().map(|line| self.gone.get(line).copied().flatten());
        let mut found: Vec<(usize, usize)> = Vec::new();
        for origin in came.chain(gone).flatten() {
            match found.iter_mut().find(|(known, _)| *known == origin) {
                Some((_, lines)) => *lines += 1,
                None => found.push((origin, 1)),
            }
        }
        found.into_iter().map(|(origin, lines)| (&self.origins[origin], lines)).collect()
    }

    fn add(&mut self, origin: Origin) -> usize {
        if let Some(at) = self.origins.iter().position(|known| *known == origin) {
            return at;
        }
        self.origins.push(origin);
        self.origins.len() - 1
    }

    /// All lines that are not told yet come from one place.
    fn all_from(mut self, origin: Origin) -> Self {
        let at = self.add(origin);
        self.came.iter_mut().for_each(|came| *came = Some(at));
        self
    }
}

/// What is traced: a version, and what it is measured against.
#[derive(Debug, Clone, Copy)]
pub struct Version<'a> {
    /// Whose.
    pub environment: usize,
    /// The file, by its common path.
    pub path: &'a TreePath,
    /// The version.
    pub text: &'a Document,
    /// What it is measured against.
    pub base: &'a Document,
    /// The commit that the base is of, if it is of one: what it reaches is not looked at where the environment's repository has it.
    pub since: Option<&'a CommitId>,
}

/// Follows lines back through histories. Histories are walked once, however many files are asked about.
pub struct Tracer<'a> {
    snapshots: &'a [Snapshot],
    contents: &'a dyn ContentReader,
    history: &'a dyn HistoryReader,
    commits: &'a dyn CommitReader,
    limits: Limits,
    known: RefCell<BTreeMap<Key, Rc<Commits>>>,
}

/// Commits of one history.
#[derive(Debug, Default)]
struct Commits {
    /// Parents before their children.
    records: Vec<CommitRecord>,
    at: HashMap<CommitId, usize>,
}

type Lines = Vec<Vec<u8>>;

/// Lines on their way back: their numbers in the version that was come to, and in the one that was begun with.
type Pending = Vec<(usize, usize)>;

/// The commits of an environment since one of them, or the newest.
type Key = (usize, Option<CommitId>);

impl<'a> Tracer<'a> {
    /// Over these environments; versions beyond the limits are not looked into.
    pub fn new(
        snapshots: &'a [Snapshot],
        contents: &'a dyn ContentReader,
        history: &'a dyn HistoryReader,
        commits: &'a dyn CommitReader,
        limits: Limits,
    ) -> Self {
        Self { snapshots, contents, history, commits, limits, known: RefCell::default() }
    }

    /// Where the lines of a version come from. Nothing is told of lines that are older than what is looked at, or when something cannot be read.
    ///
    /// # Cost
    /// One look into the tree of each commit that is gone back to, and one diff for each that changed the file.
    pub fn trace(&self, version: &Version<'_>) -> Traced {
        let untold = || Traced {
            origins: Vec::new(),
            came: vec![None; version.text.line_count()],
            gone: vec![None; version.base.line_count()],
        };
        let mut traced = self.traced(version, untold()).unwrap_or_else(|_| untold());
        // A stash that cannot be read tells nothing.
        let _ = self.look_into_stashes(version, &mut traced);
        traced
    }

    fn traced(&self, version: &Version<'_>, mut traced: Traced) -> Result<Traced, ReadFailure> {
        let Version { environment, path, .. } = *version;
        let snapshot = &self.snapshots[environment];
        let mut walk = Walk { tracer: self, traced: &mut traced, chain: vec![(None, lines(version.text))] };
        let mut pending: Pending = (0..version.text.line_count()).map(|line| (line, line)).collect();
        let start = match &snapshot.git {
            GitState::Unknown { .. } => None,
            GitState::Commit { commit, .. } => Some((environment, commit.id.clone(), path.clone())),
            GitState::None | GitState::NotKept => match self.committed_elsewhere(environment, path)? {
                Some((history, commit)) => Some((history, commit, path.clone())),
                // Where nobody has a history, to have none says nothing.
                None if !self.snapshots.iter().any(has_history) => None,
                None => return Ok(traced.all_from(Origin::NoHistory)),
            },
            GitState::Checkout(status) => {
                let changes: Vec<_> = status.changes.iter().filter(|change| change.path == *path).collect();
                let is_in_doubt = status.not_judged.iter().any(|known| known.path == *path)
                    || changes.iter().any(|change| change.kind == ChangeKind::Conflicted);
                let with = |stage: Stage| changes.iter().find(|change| change.stage == stage);
                if is_in_doubt {
                    return Ok(traced);
                }
                if with(Stage::Untracked).is_some() {
                    return Ok(traced.all_from(Origin::Untracked));
                }
                if with(Stage::Unstaged).is_some() {
                    let staged = self.commits.staged(environment, path);
                    let Some(staged) = staged else { return Ok(traced.all_from(Origin::Unstaged)) };
                    let staged = self.blob(environment, path, staged)?;
                    pending = walk.step(pending, staged, Origin::Unstaged);
                }
                let from = changes.iter().find_map(|change| change.from.as_ref()).unwrap_or(path);
                let Some(head) = &status.commit else {
                    walk.rest(&pending, Origin::Staged);
                    return Ok(traced);
                };
                if with(Stage::Staged).is_some() {
                    let Some(blob) = self.commits.at(environment, &head.id, from)? else {
                        walk.rest(&pending, Origin::Staged);
                        return Ok(traced);
                    };
                    let committed = self.blob(environment, from, blob)?;
                    pending = walk.step(pending, committed, Origin::Staged);
                }
                Some((environment, head.id.clone(), from.clone()))
            }
        };
        let Some((history, commit, path)) = start else { return Ok(traced) };
        // A filter may have made other lines of those that are committed: then nothing can be told of any.
        let blob = self.commits.at(history, &commit, &path)?.filter(is_file);
        let committed = blob.map(|blob| self.blob(history, &path, blob)).transpose()?;
        if committed.as_ref() != walk.chain.last().map(|(_, lines)| lines) {
            return Ok(traced);
        }
        let commits = self.commits_since(history, version.since)?;
        walk.back(history, &commits, (&commit, &path), pending)?;
        walk.line(history, &commits, commit, &path)?;
        walk.gone(&lines(version.base));
        Ok(traced)
    }

    /// The newest commit of another environment that has the file just as it is here.
    fn committed_elsewhere(
        &self,
        environment: usize,
        path: &TreePath,
    ) -> Result<Option<(usize, CommitId)>, ReadFailure> {
        let mut own = None;
        for other in (0..self.snapshots.len()).filter(|&other| other != environment) {
            let versions = self.history.versions(other, path)?;
            if versions.is_empty() {
                continue;
            }
            if own.is_none() {
                let Some(entry) = self.snapshots[environment].find(path) else { return Ok(None) };
                let wanted = Algorithms { git_blob: true, ..Algorithms::default() };
                own = self.contents.digests(EntryRef { environment, entry }, wanted)?.git_blob;
            }
            if let Some(version) = versions.into_iter().find(|version| Some(version.git_blob) == own) {
                return Ok(Some((other, version.commit.id)));
            }
        }
        Ok(None)
    }

    /// The commits that are not reached by one, where the repository has it; else the newest ones.
    fn commits_since(&self, environment: usize, since: Option<&CommitId>) -> Result<Rc<Commits>, ReadFailure> {
        let key = (environment, since.cloned());
        if let Some(known) = self.known.borrow().get(&key) {
            return Ok(Rc::clone(known));
        }
        let is_there =
            |commit: &&CommitId| self.commits.record(environment, commit).is_ok_and(|record| record.is_some());
        let records = if let Some(commit) = since.filter(is_there) {
            self.commits.since(environment, commit)?
        } else {
            let mut recent = self.commits.recent(environment)?.commits;
            recent.reverse();
            recent
        };
        let at = records.iter().enumerate().map(|(at, record)| (record.summary.id.clone(), at)).collect();
        let commits = Rc::new(Commits { records, at });
        self.known.borrow_mut().insert(key, Rc::clone(&commits));
        Ok(commits)
    }

    fn blob(&self, environment: usize, path: &TreePath, blob: Blob) -> Result<Lines, ReadFailure> {
        let bytes = self.commits.blob(environment, path, blob, self.limits.bytes)?;
        let document = Document::new(bytes, self.limits).map_err(|why| ReadFailure(format!("{path:?}: {why}")))?;
        Ok(lines(&document))
    }
}

impl fmt::Debug for Tracer<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tracer").finish_non_exhaustive()
    }
}

/// One version's way back.
struct Walk<'t, 'a> {
    tracer: &'t Tracer<'a>,
    traced: &'t mut Traced,
    /// Versions, newest first, each with what made it of the one after it; the oldest has nothing.
    chain: Vec<(Option<usize>, Lines)>,
}

impl Walk<'_, '_> {
    /// Lines that the older version has go on; the others come from here. Gives those that go on, by their numbers there.
    fn step(&mut self, pending: Pending, older: Lines, origin: Origin) -> Pending {
        let Some((made, newer)) = self.chain.last_mut() else { return pending };
        let (kept, new) = parted(pending, &older, newer);
        let origin = self.traced.add(origin);
        *made = Some(origin);
        for (_, line) in new {
            self.traced.came[line] = Some(origin);
        }
        self.chain.push((None, older));
        kept
    }

    fn rest(&mut self, pending: &[(usize, usize)], origin: Origin) {
        let origin = self.traced.add(origin);
        for &(_, line) in pending {
            self.traced.came[line] = Some(origin);
        }
    }

    /// Follows lines through all commits, each to the parent that has it.
    fn back(
        &mut self,
        history: usize,
        commits: &Commits,
        (commit, path): (&CommitId, &TreePath),
        pending: Pending,
    ) -> Result<(), ReadFailure> {
        let reader = self.tracer.commits;
        // By the place in the order, so that children come before their parents.
        let mut waiting: BTreeMap<(usize, Vec<u8>), Pending> = BTreeMap::new();
        let Some(&first) = commits.at.get(commit) else { return Ok(()) };
        waiting.insert((first, path.as_bytes().to_vec()), pending);
        let mut visited = 0;
        while let Some(((at, path), mut left)) = waiting.pop_last() {
            visited += 1;
            let record = &commits.records[at];
            if visited > COMMITS {
                return Ok(());
            }
            let Ok(path) = TreePath::new(path) else { continue };
            let Some(blob) = reader.at(history, &record.summary.id, &path)?.filter(is_file) else { continue };
            if record.is_cut || left.is_empty() {
                continue;
            }
            let mut parents: Vec<(&CommitId, TreePath, Blob)> = Vec::new();
            for parent in &record.parents {
                let found = reader.at(history, parent, &path)?.filter(is_file).map(|blob| (path.clone(), blob));
                let found = match found {
                    None => self.renamed(history, parent, &record.summary.id, &path)?,
                    found => found,
                };
                parents.extend(found.map(|(path, blob)| (parent, path, blob)));
            }
            let mut hand = |parent: &CommitId, path: &TreePath, lines: Pending| {
                if let Some(&at) = commits.at.get(parent) {
                    waiting.entry((at, path.as_bytes().to_vec())).or_default().extend(lines);
                }
            };
            if let Some((parent, path, _)) = parents.iter().find(|(.., other)| other.id == blob.id) {
                hand(parent, path, left);
                continue;
            }
            let newer = if parents.is_empty() { Vec::new() } else { self.tracer.blob(history, &path, blob)? };
            for (parent, path, blob) in &parents {
                let older = self.tracer.blob(history, path, *blob)?;
                let (kept, new) = parted(left, &older, &newer);
                hand(parent, path, kept);
                left = new;
            }
            if !left.is_empty() {
                self.rest(&left, Origin::Commit(record.summary.clone()));
            }
        }
        Ok(())
    }

    /// Where a file that a commit's parent does not have under this path was there.
    fn renamed(
        &self,
        history: usize,
        parent: &CommitId,
        commit: &CommitId,
        path: &TreePath,
    ) -> Result<Option<(TreePath, Blob)>, ReadFailure> {
        let changes = self.tracer.commits.changes(history, Some(parent), commit)?;
        let changes = file_changes(history, &changes);
        let Some(from) = changes.iter().find(|change| change.path() == path).and_then(|change| change.renamed_from())
        else {
            return Ok(None);
        };
        let blob = self.tracer.commits.at(history, parent, from)?.filter(is_file);
        Ok(blob.map(|blob| (from.clone(), blob)))
    }

    /// The versions along one line of commits, as long as there is no merge that has another one than all its parents.
    fn line(
        &mut self,
        history: usize,
        commits: &Commits,
        mut commit: CommitId,
        path: &TreePath,
    ) -> Result<(), ReadFailure> {
        let reader = self.tracer.commits;
        let Some(mut blob) = reader.at(history, &commit, path)?.filter(is_file) else { return Ok(()) };
        for _ in 0..COMMITS {
            let Some(record) = commits.at.get(&commit).map(|&at| &commits.records[at]) else { return Ok(()) };
            if record.is_cut {
                return Ok(());
            }
            let mut other = None;
            let mut same = None;
            for parent in &record.parents {
                match reader.at(history, parent, path)?.filter(is_file) {
                    Some(older) if older.id == blob.id => same = same.or(Some(parent)),
                    Some(older) => other = Some((parent, older)),
                    None => {}
                }
            }
            match (same, other) {
                (Some(parent), _) => commit = parent.clone(),
                (None, Some((parent, older))) if record.parents.len() == 1 => {
                    let older_lines = self.tracer.blob(history, path, older)?;
                    self.step(Vec::new(), older_lines, Origin::Commit(record.summary.clone()));
                    (commit, blob) = (parent.clone(), older);
                }
                _ => return Ok(()),
            }
        }
        Ok(())
    }

    /// Follows the lines of the base forward, from the newest version that equals it.
    fn gone(&mut self, base: &Lines) {
        let Some(start) = self.chain.iter().position(|(_, version)| version == base) else { return };
        let mut alive: Pending = (0..base.len()).map(|line| (line, line)).collect();
        for at in (0..start).rev() {
            let ((made, newer), (_, older)) = (&self.chain[at], &self.chain[at + 1]);
            // The same the other way round: what the newer one does not have goes here.
            let (kept, gone) = parted(alive, newer, older);
            for (_, line) in gone {
                self.traced.gone[line] = *made;
            }
            alive = kept;
        }
    }
}

/// Parts lines of `newer` into those that `older` has, by their numbers there, and the others.
fn parted(pending: Pending, older: &Lines, newer: &Lines) -> (Pending, Pending) {
    let changed: Vec<(Range<usize>, Range<usize>)> = changes(older, newer);
    let (mut kept, mut new) = (Vec::new(), Vec::new());
    for (line, last) in pending {
        let after = changed.partition_point(|(_, to)| to.end <= line);
        if changed.get(after).is_some_and(|(_, to)| to.contains(&line)) {
            new.push((line, last));
            continue;
        }
        // Between two changes, both have as many lines.
        let (from, to) = after.checked_sub(1).map_or((0, 0), |before| (changed[before].0.end, changed[before].1.end));
        kept.push((from + (line - to), last));
    }
    (kept, new)
}

fn has_history(snapshot: &Snapshot) -> bool {
    matches!(snapshot.git, GitState::Commit { .. } | GitState::Checkout(_))
}

fn is_file(blob: &Blob) -> bool {
    matches!(blob.kind, BlobKind::File | BlobKind::Executable)
}

/// What lines say, without their ends: a checkout may have others than the repository.
fn lines(document: &Document) -> Lines {
    (0..document.line_count()).map(|line| document.text(line).into_owned()).collect()
}
