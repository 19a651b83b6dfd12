//! Which version of a file is the base that the others are measured against.

use std::collections::BTreeSet;

use crate::insight::nearest::{Likeness, Nearest, OnDemand};
use crate::path::TreePath;
use crate::snapshot::{
    Blob, BlobKind, ChangeKind, CommitReader, CommitSummary, Content, ContentReader, EntryRef, GitState, GitStatus,
    HistoryReader, Snapshot,
};

/// The version that the others are measured against, and why it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Base {
    /// Why it.
    pub kind: BaseKind,
    /// What it is.
    pub bytes: Vec<u8>,
    /// The environments whose present version equals it, ascending.
    pub equal: Vec<usize>,
    /// What else equals it: the evidence beside the reason.
    pub also: Vec<Also>,
    /// What could not be asked on the way here, in words.
    pub notes: Vec<String>,
}

/// Why a version is the base.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum BaseKind {
    /// It was asked for.
    Named {
        /// Whose version.
        environment: usize,
        /// Whether the environment has such a file; the base is empty otherwise.
        present: bool,
    },
    /// It is the version in the best common ancestor.
    CommonAncestor {
        /// The ancestor.
        commit: CommitSummary,
        /// Whose, ascending; at least two.
        environments: Vec<usize>,
    },
    /// It is the version in the commit that is nearest to an environment which has no history in common with the others.
    Nearest {
        /// To which environment.
        environment: usize,
        /// The commit, and how near it is.
        likeness: Likeness,
        /// The one that comes next; `None` when there is no other.
        runner_up: Option<Likeness>,
        /// Older commits were not looked at.
        is_capped: bool,
    },
    /// An environment has uncommitted changes in it, and this is its committed version.
    Committed {
        /// Which environment.
        environment: usize,
    },
    /// An artifact beside the file (such as `X.original`) equals the version of another environment, and the file is another.
    Artifact {
        /// Whose artifact.
        environment: usize,
        /// The artifact.
        path: TreePath,
    },
    /// It is the version of the baseline.
    Baseline {
        /// The baseline.
        environment: usize,
    },
    /// Nothing says which version came first. It is the one that most environments have (the first of several such), a reference without a
    /// direction.
    TwoWay {
        /// The first environment that has it.
        environment: usize,
    },
}

/// Something that equals the base beside present versions.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Also {
    /// The committed version in an environment that has uncommitted changes in the file.
    Committed {
        /// Which environment.
        environment: usize,
    },
    /// An artifact beside the file.
    Artifact {
        /// In which environment.
        environment: usize,
        /// The artifact.
        path: TreePath,
    },
}

/// What is known when a base is chosen.
#[derive(Debug, Clone, Copy)]
pub struct Question<'a> {
    /// The file, by its common path.
    pub path: &'a TreePath,
    /// All environments.
    pub snapshots: &'a [Snapshot],
    /// The version of each environment; `None` where it is absent or could not be read.
    pub versions: &'a [Option<&'a [u8]>],
    /// Artifacts of this file (`X.original` and the like), in any environment.
    pub artifacts: &'a [EntryRef],
    /// The environment whose version was asked for.
    pub named: Option<usize>,
    /// The environment against which others are measured.
    pub baseline: Option<usize>,
    /// Commits that are near to environments without a history in common with others; asked for only where no ancestor is the base.
    pub nearest: &'a OnDemand<'a>,
    /// The largest artifact or committed version that is read, in bytes.
    pub limit: u64,
}

/// Chooses the base. The first of these that there is: the version asked for; the version in the best common ancestor of the
/// environments that have commits (of the largest set of them that has one); the version in the commit that is nearest to an environment
/// without a history in common with others (of several such environments, the one that is nearer to its commit); the committed version of an environment with uncommitted
/// changes in the file (one that equals a present version comes first); a version that an artifact beside another version equals; the
/// baseline's; else the one that most environments have, as a reference without a direction.
///
/// What cannot be read is noted, and the next is tried; nothing is guessed. `None` when no environment has a version and none was
/// asked for.
///
/// # Cost
/// One ancestor is asked for when all share one; at worst one for each pair of distinct commits. Artifacts are read when their size is that
/// of another environment's version.
pub fn choose(
    question: &Question<'_>,
    contents: &dyn ContentReader,
    history: &dyn HistoryReader,
    commits: &dyn CommitReader,
) -> Option<Base> {
    let mut search = Search { question, contents, history, commits, notes: Vec::new() };
    let committed = search.committed_versions();
    let artifacts = search.artifacts();
    let (kind, bytes) = search
        .named()
        .or_else(|| search.common_ancestor())
        .or_else(|| search.nearest())
        .or_else(|| search.committed(&committed))
        .or_else(|| search.artifact(&artifacts))
        .or_else(|| search.baseline())
        .or_else(|| search.two_way())?;
    let equal = (0..question.versions.len()).filter(|&at| question.versions[at] == Some(&bytes[..])).collect();
    let committed = committed.iter().filter(|(_, version)| *version == bytes);
    let artifacts = artifacts.into_iter().filter(|(_, version)| *version == bytes);
    let mut also: Vec<Also> = committed.map(|&(environment, _)| Also::Committed { environment }).collect();
    also.extend(
        artifacts.map(|(at, _)| Also::Artifact { environment: at.environment, path: search.path_of(at).clone() }),
    );
    also.retain(|fact| !repeats(fact, &kind));
    Some(Base { kind, bytes, equal, also, notes: search.notes })
}

type Chosen = (BaseKind, Vec<u8>);

struct Search<'a> {
    question: &'a Question<'a>,
    contents: &'a dyn ContentReader,
    history: &'a dyn HistoryReader,
    commits: &'a dyn CommitReader,
    notes: Vec<String>,
}

impl Search<'_> {
    fn named(&mut self) -> Option<Chosen> {
        let environment = self.question.named?;
        if let Some(version) = self.question.versions[environment] {
            return Some((BaseKind::Named { environment, present: true }, version.to_vec()));
        }
        let snapshot = &self.question.snapshots[environment];
        if snapshot.find(self.question.path).is_none() && snapshot.unread_because().is_none() {
            return Some((BaseKind::Named { environment, present: false }, Vec::new()));
        }
        self.notes.push(format!(
            "the version of {} was asked for as the base, and there is none to read",
            snapshot.environment
        ));
        None
    }

    fn common_ancestor(&mut self) -> Option<Chosen> {
        let with_commit: Vec<usize> = (0..self.question.snapshots.len())
            .filter(|&at| commit(&self.question.snapshots[at].git).is_some())
            .collect();
        if with_commit.len() < 2 {
            return None;
        }
        if let Some(chosen) = self.ancestor_of(&with_commit) {
            return Some(chosen);
        }
        self.ancestor_of_most(&with_commit)
    }

    /// Grows a set from each commit by every later one that still leaves an ancestor; the largest set, the first of several.
    fn ancestor_of_most(&mut self, with_commit: &[usize]) -> Option<Chosen> {
        let id = |at: usize| commit(&self.question.snapshots[at].git).map(|commit| &commit.id);
        let mut seen = BTreeSet::new();
        let distinct: Vec<usize> = with_commit.iter().copied().filter(|&at| seen.insert(id(at))).collect();
        let mut best: Option<(Vec<usize>, Chosen)> = None;
        for (rank, &seed) in distinct.iter().enumerate() {
            let (mut set, mut chosen) = (vec![seed], None);
            for &next in &distinct[rank + 1..] {
                let larger: Vec<usize> = set.iter().copied().chain([next]).collect();
                if let Some(found) = self.ancestor_of(&larger) {
                    (set, chosen) = (larger, Some(found));
                }
            }
            if let Some(chosen) = chosen
                && best.as_ref().is_none_or(|(known, _)| known.len() < set.len())
            {
                best = Some((set, chosen));
            }
        }
        let (set, (_, bytes)) = best?;
        let ids: BTreeSet<_> = set.iter().map(|&at| id(at)).collect();
        let environments: Vec<usize> = with_commit.iter().copied().filter(|&at| ids.contains(&id(at))).collect();
        // The same commits have the same ancestor, whichever environments stand for them.
        self.ancestor_of(&environments).or_else(|| Some((self.ancestor_of(&set)?.0, bytes)))
    }

    fn ancestor_of(&mut self, environments: &[usize]) -> Option<Chosen> {
        match self.history.common_ancestor(environments, self.question.path) {
            Ok(found) => {
                let (commit, bytes) = found?;
                Some((BaseKind::CommonAncestor { commit, environments: environments.to_vec() }, bytes))
            }
            Err(failure) => {
                self.note(failure.0);
                None
            }
        }
    }

    /// The version in the first of the nearest commits that has the file, as it is in the repository.
    fn nearest(&mut self) -> Option<Chosen> {
        let lineage = self.question.nearest.get();
        lineage.notes.iter().for_each(|words| self.note(words.clone()));
        let mut all: Vec<&Nearest> = lineage.nearest.iter().collect();
        all.sort_by(|a, b| b.likeness.compare(&a.likeness));
        for nearest in all {
            let commit = &nearest.likeness.commit;
            let found = self.commits.at(nearest.history, &commit.id, self.question.path).and_then(|found| {
                let is_file = |blob: &Blob| matches!(blob.kind, BlobKind::File | BlobKind::Executable);
                let file = found.filter(is_file);
                file.map(|blob| self.commits.blob(nearest.history, self.question.path, blob, self.question.limit))
                    .transpose()
            });
            match found {
                Ok(Some(bytes)) => {
                    let Nearest { environment, is_capped, .. } = *nearest;
                    let (likeness, runner_up) = (nearest.likeness.clone(), nearest.runner_up.clone());
                    let kind = BaseKind::Nearest { environment, likeness, runner_up, is_capped };
                    return Some((kind, bytes));
                }
                Ok(None) => {}
                Err(failure) => self.note(failure.0),
            }
        }
        None
    }

    /// The committed versions of all environments with uncommitted changes in the file.
    fn committed_versions(&mut self) -> Vec<(usize, Vec<u8>)> {
        let mut versions = Vec::new();
        for (environment, snapshot) in self.question.snapshots.iter().enumerate() {
            let Some(path) = path_in_head(&snapshot.git, self.question.path) else { continue };
            match self.history.committed(environment, path) {
                Ok(version) => versions.extend(version.map(|version| (environment, version))),
                Err(failure) => self.note(failure.0),
            }
        }
        versions
    }

    fn committed(&self, versions: &[(usize, Vec<u8>)]) -> Option<Chosen> {
        let is_present = |version: &[u8]| self.question.versions.contains(&Some(version));
        let (environment, version) =
            versions.iter().find(|(_, version)| is_present(version)).or_else(|| versions.first())?;
        Some((BaseKind::Committed { environment: *environment }, version.clone()))
    }

    /// The artifacts that equal the version of another environment, or whose size would allow it, with what they hold.
    fn artifacts(&mut self) -> Vec<(EntryRef, Vec<u8>)> {
        let mut found = Vec::new();
        for &at in self.question.artifacts {
            let Content::File(file) = self.question.snapshots[at.environment].entries[at.entry].content else {
                continue;
            };
            let may_equal = (0..self.question.versions.len())
                .any(|other| self.question.versions[other].is_some() && self.size(other) == Some(file.size));
            if !may_equal {
                continue;
            }
            match self.contents.read(at.environment, self.path_of(at), self.question.limit) {
                Ok(bytes) => found.push((at, bytes)),
                Err(failure) => self.note(failure.0),
            }
        }
        found
    }

    fn artifact(&self, artifacts: &[(EntryRef, Vec<u8>)]) -> Option<Chosen> {
        let versions = self.question.versions;
        let (at, bytes) = artifacts.iter().find(|(at, bytes)| {
            let own = versions[at.environment];
            let is_elsewhere =
                || (0..versions.len()).any(|other| other != at.environment && versions[other] == Some(bytes));
            own.is_some_and(|own| own != bytes) && is_elsewhere()
        })?;
        Some((BaseKind::Artifact { environment: at.environment, path: self.path_of(*at).clone() }, bytes.clone()))
    }

    fn baseline(&self) -> Option<Chosen> {
        let environment = self.question.baseline?;
        Some((BaseKind::Baseline { environment }, self.question.versions[environment]?.to_vec()))
    }

    fn two_way(&self) -> Option<Chosen> {
        let versions = self.question.versions;
        let holders = |version: &[u8]| versions.iter().filter(|other| **other == Some(version)).count();
        let present = versions.iter().enumerate().filter_map(|(at, version)| Some((at, (*version)?)));
        let (environment, version) = present.min_by_key(|&(at, version)| (std::cmp::Reverse(holders(version)), at))?;
        Some((BaseKind::TwoWay { environment }, version.to_vec()))
    }

    /// The size of an environment's version, which is not that of what is left of it when it is sensitive.
    fn size(&self, environment: usize) -> Option<u64> {
        let snapshot = &self.question.snapshots[environment];
        match snapshot.entries[snapshot.find(self.question.path)?].content {
            Content::File(file) => Some(file.size),
            _ => None,
        }
    }

    fn path_of(&self, at: EntryRef) -> &TreePath {
        &self.question.snapshots[at.environment].entries[at.entry].path
    }

    fn note(&mut self, words: String) {
        if !self.notes.contains(&words) {
            self.notes.push(words);
        }
    }
}

/// Where HEAD has the file, when the checkout has uncommitted changes in it.
pub fn path_in_head<'a>(git: &'a GitState, path: &'a TreePath) -> Option<&'a TreePath> {
    let GitState::Checkout(status) = git else { return None };
    let GitStatus { changes, .. } = &**status;
    let first = changes.partition_point(|change| change.path < *path);
    let of_path = || changes[first..].iter().take_while(|change| change.path == *path);
    if let Some(from) =
        of_path().filter(|change| change.kind == ChangeKind::Renamed).find_map(|change| change.from.as_ref())
    {
        return Some(from);
    }
    of_path().next().map(|_| path)
}

fn commit(git: &GitState) -> Option<&CommitSummary> {
    match git {
        GitState::Commit { commit, .. } => Some(commit),
        GitState::Checkout(status) => status.commit.as_ref(),
        GitState::None | GitState::NotKept | GitState::Unknown { .. } => None,
    }
}

/// Whether a fact only says again why the base was chosen.
fn repeats(fact: &Also, kind: &BaseKind) -> bool {
    match (fact, kind) {
        (Also::Committed { environment }, BaseKind::Committed { environment: other }) => environment == other,
        (Also::Artifact { environment, path }, BaseKind::Artifact { environment: other, path: beside }) => {
            environment == other && path == beside
        }
        _ => false,
    }
}
