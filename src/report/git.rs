//! The state of a repository as report data.

use crate::report::model::{
    ChangeReport, CheckoutReport, CommitReport, GitReport, NotJudgedReport, PathReport, StashReport, SubmoduleReport,
    UpstreamReport, WorktreeReport,
};
use crate::report::wording::{words_of_change_kind, words_of_operation};
use crate::snapshot::{Change, CommitSummary, Distance, GitState, GitStatus, Head, Stage};

/// The report of a state.
pub(super) fn git_report(state: &GitState) -> GitReport {
    match state {
        GitState::None => GitReport::None,
        GitState::NotKept => GitReport::NotKept,
        GitState::Commit { reference, commit } => {
            GitReport::Commit { reference: reference.clone(), commit: commit_report(commit) }
        }
        GitState::Unknown { reason } => GitReport::Unknown { reason: reason.clone() },
        GitState::Checkout(status) => GitReport::Checkout(Box::new(checkout_report(status))),
    }
}

/// The report of a commit.
pub(super) fn commit_report(commit: &CommitSummary) -> CommitReport {
    CommitReport {
        id: commit.id.to_string(),
        subject: commit.subject.clone(),
        author: commit.author.clone(),
        authored: commit.authored,
    }
}

fn known(distance: Distance) -> Option<(usize, usize)> {
    match distance {
        Distance::Known { ahead, behind } => Some((ahead, behind)),
        Distance::Gone | Distance::Cut => None,
    }
}

fn checkout_report(status: &GitStatus) -> CheckoutReport {
    let at = |stage: Stage| -> Vec<ChangeReport> {
        status.changes.iter().filter(|change| change.stage == stage).map(change_report).collect()
    };
    CheckoutReport {
        branch: match &status.head {
            Head::Branch(name) | Head::Unborn(name) => Some(name.clone()),
            Head::Detached => None,
        },
        commit: status.commit.as_ref().map(commit_report),
        prefix: status.prefix.as_ref().map(|path| PathReport::from(path).path),
        upstream: status.upstream.as_ref().map(|upstream| UpstreamReport {
            name: upstream.name.clone(),
            ahead: known(upstream.distance).map(|(ahead, _)| ahead),
            behind: known(upstream.distance).map(|(_, behind)| behind),
            is_gone: upstream.distance == Distance::Gone,
        }),
        unpushed: status.unpushed.as_ref().map(|unpushed| unpushed.iter().map(commit_report).collect()),
        staged: at(Stage::Staged),
        unstaged: at(Stage::Unstaged),
        untracked: at(Stage::Untracked),
        not_judged: status
            .not_judged
            .iter()
            .map(|path| NotJudgedReport { path: PathReport::from(&path.path), reason: path.reason.clone() })
            .collect(),
        stashes: status
            .stashes
            .iter()
            .map(|stash| StashReport { id: stash.id.to_string(), message: stash.message.clone(), made: stash.made })
            .collect(),
        operation: status.operation.map(words_of_operation),
        worktrees: status
            .worktrees
            .iter()
            .map(|worktree| WorktreeReport {
                name: worktree.name.clone(),
                path: worktree.path.clone(),
                locked: worktree.locked,
                present: worktree.present,
            })
            .collect(),
        submodules: status
            .submodules
            .iter()
            .map(|submodule| SubmoduleReport {
                path: PathReport::from(&submodule.path),
                recorded: submodule.recorded.to_string(),
                checked_out: submodule.checked_out.as_ref().map(ToString::to_string),
            })
            .collect(),
        nested: status.nested.iter().map(|path| PathReport::from(path).path).collect(),
    }
}

fn change_report(change: &Change) -> ChangeReport {
    ChangeReport {
        path: PathReport::from(&change.path),
        from: change.from.as_ref().map(|path| PathReport::from(path).path),
        kind: words_of_change_kind(change.kind),
    }
}
