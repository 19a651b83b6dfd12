//! What a repository says beside its files: HEAD, upstream, unpushed commits, stashes, unfinished operations, worktrees.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use git2::Oid;

use super::config::GitConfig;
use super::fault::GitFault;
use super::files::SMALL;
use super::objects::{Commit, commit_id, parse_id, parse_person};
use super::place::GitPlace;
use super::refs::Target;
use super::repo::Repo;
use super::walk;
use crate::snapshot::{CommitSummary, Distance, Head, Operation, Stash, Upstream, Worktree};

/// Where HEAD is.
#[derive(Debug)]
pub(super) struct HeadFacts {
    pub(super) head: Head,
    /// The full name of the branch.
    branch: Option<Vec<u8>>,
    pub(super) id: Option<Oid>,
    pub(super) commit: Option<Commit>,
}

/// The rest.
#[derive(Debug)]
pub(super) struct Facts {
    pub(super) upstream: Option<Upstream>,
    /// `None` when there is nothing to measure it against, or history is cut off before both meet.
    pub(super) unpushed: Option<Vec<CommitSummary>>,
    /// The latter.
    pub(super) is_cut: bool,
    pub(super) stashes: Vec<Stash>,
    pub(super) operation: Option<Operation>,
    pub(super) worktrees: Vec<Worktree>,
}

pub(super) fn head(repo: &Repo) -> Result<HeadFacts, GitFault> {
    let (branch, id) = match repo.refs.head()? {
        Target::Direct(id) => (None, Some(id)),
        Target::Symbolic(name) => {
            let id = repo.refs.resolve(&name)?;
            (Some(name), id)
        }
    };
    let commit = id.map(|id| repo.objects.commit(id)).transpose()?;
    let head = match &branch {
        None => Head::Detached,
        Some(name) => {
            let short = text(name.strip_prefix(b"refs/heads/").unwrap_or(name));
            if id.is_some() { Head::Branch(short) } else { Head::Unborn(short) }
        }
    };
    Ok(HeadFacts { head, branch, id, commit })
}

pub(super) fn of_repository(repo: &Repo, head: &HeadFacts) -> Result<Facts, GitFault> {
    let remote: Vec<Oid> = repo.refs.below("refs/remotes/")?.into_values().collect();
    let mut local: Vec<Oid> = head.id.into_iter().collect();
    for id in repo.refs.below("refs/heads/")?.into_values() {
        local.push(repo.objects.peel_tag(id)?);
    }
    let unpushed = if remote.is_empty() { None } else { beyond(repo, &local, &remote)? };
    Ok(Facts {
        upstream: upstream(repo, head)?,
        is_cut: !remote.is_empty() && unpushed.is_none(),
        unpushed: unpushed.map(|commits| commits.into_iter().map(|commit| commit.summary).collect()),
        stashes: stashes(repo)?,
        operation: operation(&repo.place)?,
        worktrees: worktrees(repo)?,
    })
}

fn upstream(repo: &Repo, head: &HeadFacts) -> Result<Option<Upstream>, GitFault> {
    let Some(followed) = head.branch.as_deref().and_then(|branch| followed(&repo.config, branch)) else {
        return Ok(None);
    };
    let short = [&b"refs/remotes/"[..], b"refs/heads/"].iter().find_map(|prefix| followed.strip_prefix(*prefix));
    let name = text(short.unwrap_or(&followed));
    let distance = match (head.id, repo.refs.resolve(&followed)?) {
        (Some(here), Some(there)) => match beyond(repo, &[here], &[there])?.zip(beyond(repo, &[there], &[here])?) {
            Some((ahead, behind)) => Distance::Known { ahead: ahead.len(), behind: behind.len() },
            None => Distance::Cut,
        },
        _ => Distance::Gone,
    };
    Ok(Some(Upstream { name, distance }))
}

/// The commits that some reach and others do not; `None` where history is cut off so that nobody can tell.
fn beyond(repo: &Repo, these: &[Oid], others: &[Oid]) -> Result<Option<Vec<Commit>>, GitFault> {
    let found = walk::difference(&repo.objects, these, others)?;
    let is_certain = walk::is_certain(&repo.objects, &found, &walk::cuts(&repo.objects, others)?)?;
    Ok(is_certain.then_some(found))
}

/// The full name of what a branch, by its full name, follows here.
pub(super) fn followed(config: &GitConfig, branch: &[u8]) -> Option<Vec<u8>> {
    let branch = branch.strip_prefix(b"refs/heads/")?;
    let (remote, merge) = (config.get_in("branch", branch, "remote")?, config.get_in("branch", branch, "merge")?);
    if remote == b"." {
        return Some(merge.to_vec());
    }
    config.all_in("remote", remote, "fetch").find_map(|rule| translate(rule, merge))
}

/// Where a fetch rule such as `+refs/heads/*:refs/remotes/origin/*` keeps a remote reference.
fn translate(rule: &[u8], name: &[u8]) -> Option<Vec<u8>> {
    let rule = rule.strip_prefix(b"+").unwrap_or(rule);
    let colon = rule.iter().position(|&byte| byte == b':')?;
    let (from, to) = (&rule[..colon], &rule[colon + 1..]);
    let star = |side: &[u8]| side.iter().position(|&byte| byte == b'*');
    match (star(from), star(to)) {
        (None, None) => (from == name).then(|| to.to_vec()),
        (Some(a), Some(b)) => {
            let middle = name.strip_prefix(&from[..a])?.strip_suffix(&from[a + 1..])?;
            Some([&to[..b], middle, &to[b + 1..]].concat())
        }
        _ => None,
    }
}

fn stashes(repo: &Repo) -> Result<Vec<Stash>, GitFault> {
    let Some(newest) = repo.refs.resolve(b"refs/stash")? else { return Ok(Vec::new()) };
    let mut stashes: Vec<Stash> = repo.refs.log("refs/stash")?.iter().rev().filter_map(|line| stash(line)).collect();
    if stashes.is_empty() {
        // All but the newest stash live in the records alone.
        let commit = repo.objects.commit(newest)?;
        stashes.push(Stash { id: commit.summary.id, message: commit.summary.subject, made: commit.committed });
    }
    Ok(stashes)
}

/// A record: old name, new name, who and when, a tab, the message.
fn stash(line: &[u8]) -> Option<Stash> {
    let tab = line.iter().position(|&byte| byte == b'\t').unwrap_or(line.len());
    let id = parse_id(line.get(41..81)?)?;
    let (_, made) = parse_person(line[..tab].get(81..)?);
    Some(Stash { id: commit_id(id), message: text(line.get(tab + 1..).unwrap_or_default()), made })
}

fn operation(place: &GitPlace) -> Result<Option<Operation>, GitFault> {
    let there = |name: &str| place.files.exists(&place.git_dir.join(name)).unwrap_or(false);
    if there("rebase-apply/applying") {
        return Ok(Some(Operation::ApplyMailbox));
    }
    if there("rebase-merge") || there("rebase-apply") {
        return Ok(Some(Operation::Rebase));
    }
    for (name, operation) in [
        ("MERGE_HEAD", Operation::Merge),
        ("CHERRY_PICK_HEAD", Operation::CherryPick),
        ("REVERT_HEAD", Operation::Revert),
    ] {
        if there(name) {
            return Ok(Some(operation));
        }
    }
    // Between two commits of a series there is only the list of those to come.
    let todo = place.files.read(&place.git_dir.join("sequencer/todo"), SMALL)?.unwrap_or_default();
    Ok(match todo.split(u8::is_ascii_whitespace).next() {
        Some(b"pick" | b"p") => Some(Operation::CherryPick),
        Some(b"revert") => Some(Operation::Revert),
        _ => there("BISECT_LOG").then_some(Operation::Bisect),
    })
}

fn worktrees(repo: &Repo) -> Result<Vec<Worktree>, GitFault> {
    let GitPlace { files, git_dir, common_dir: common } = &repo.place;
    let own = files.canonical(git_dir).ok();
    let mut found = Vec::new();
    if repo.is_linked_worktree()
        && repo.config.get_bool("core.bare") != Some(true)
        && let Some(main) = files.canonical(common).ok().as_deref().and_then(Path::parent)
    {
        let path = main.to_string_lossy().into_owned();
        found.push(Worktree { name: "(main)".to_owned(), path, locked: false, present: true });
    }
    let folder = common.join("worktrees");
    for (name, _) in files.list(&folder)? {
        let inside = folder.join(&name);
        if files.canonical(&inside).ok() == own {
            continue;
        }
        let Some(target) = files.read(&inside.join("gitdir"), SMALL)? else { continue };
        // It names the worktree's `.git`, since git 2.48 perhaps relative to this folder.
        let dot = inside.join(OsStr::from_bytes(target.trim_ascii_end()));
        let path = dot.parent().unwrap_or(&dot);
        let path = files.canonical(path).unwrap_or_else(|_| path.to_owned());
        found.push(Worktree {
            name: name.to_string_lossy().into_owned(),
            path: path.to_string_lossy().into_owned(),
            locked: files.exists(&inside.join("locked")).unwrap_or(false),
            present: files.exists(&dot).unwrap_or(false),
        });
    }
    found.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(found)
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}
