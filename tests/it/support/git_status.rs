//! The state of a checkout as one line for each change, from the program and from git itself.

use std::collections::BTreeSet;
use std::path::Path;

use driftline::config::SourceSpec;
use driftline::snapshot::{Change, ChangeKind, GitState, GitStatus, Snapshot, Stage};

use crate::support::collecting::Plan;
use crate::support::repo::Repo;

/// Collects a folder alone: as a folder, and as if it were on another machine, which must say the same.
pub(crate) fn snapshot(root: &Path) -> Snapshot {
    let near = Plan::of(&[root]).collect().snapshots.remove(0);
    let far = far(root, "/usr/bin:/bin").collect().snapshots.remove(0);
    match (&near.git, &far.git) {
        // Objects are missing in other words when they are asked for than when they are fetched.
        (GitState::Unknown { reason }, GitState::Unknown { reason: far })
            if reason.contains("object") && far.contains("could not be fetched: ") => {}
        (near, far) => assert_eq!(near, far, "near is left, far is right"),
    }
    near
}

/// A folder as if it were on another machine that has these tools.
pub(crate) fn far(root: &Path, tools: &str) -> Plan {
    let mut plan = Plan::of(&[root]);
    let command = ["/usr/bin/env", "-i", &format!("PATH={tools}")].map(str::to_owned).to_vec();
    plan.environments[0].source = SourceSpec::Exec { command, path: root.to_owned(), rate: None, depth: None };
    plan
}

/// The status of a checkout.
pub(crate) fn status(root: &Path) -> GitStatus {
    match snapshot(root).git {
        GitState::Checkout(status) => *status,
        other => panic!("not a checkout: {other:#?}"),
    }
}

/// Why nothing is known.
pub(crate) fn unknown(root: &Path) -> String {
    match snapshot(root).git {
        GitState::Unknown { reason } => reason,
        other => panic!("not unknown: {other:#?}"),
    }
}

/// One line for each change; that only a mode was changed shows as a modification, as git shows it.
pub(crate) fn lines(status: &GitStatus) -> BTreeSet<String> {
    let mut lines: BTreeSet<String> = status.changes.iter().map(line).collect();
    lines.extend(status.nested.iter().map(|folder| format!("untracked A {}/", folder.as_bytes().escape_ascii())));
    assert_eq!(lines.len(), status.changes.len() + status.nested.len(), "said twice: {:#?}", status.changes);
    lines
}

fn line(change: &Change) -> String {
    let letter = match change.kind {
        ChangeKind::Added => "A",
        ChangeKind::Modified | ChangeKind::ModeChanged => "M",
        ChangeKind::Deleted => "D",
        ChangeKind::Renamed => "R",
        ChangeKind::TypeChanged => "T",
        ChangeKind::Conflicted => return format!("conflict {}", change.path.as_bytes().escape_ascii()),
    };
    let stage = match change.stage {
        Stage::Staged => "staged",
        Stage::Unstaged => "unstaged",
        Stage::Untracked => "untracked",
    };
    let from = change.from.as_ref().map(|from| format!(" from {}", from.as_bytes().escape_ascii()));
    format!("{stage} {letter} {}{}", change.path.as_bytes().escape_ascii(), from.unwrap_or_default())
}

/// What `git status` says, in the same lines.
pub(crate) fn oracle(repo: &Repo) -> BTreeSet<String> {
    let output = repo.try_git(&["status", "--porcelain=v2", "-z", "--untracked-files=all", "--find-renames=50%"]);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let mut records = output.stdout.split(|&byte| byte == 0).filter(|record| !record.is_empty());
    let mut lines = BTreeSet::new();
    while let Some(record) = records.next() {
        let path = |number: usize| {
            let field = record.splitn(number + 1, |&byte| byte == b' ').last().unwrap();
            field.escape_ascii().to_string()
        };
        let (staged, unstaged) = (record.get(2).copied(), record.get(3).copied());
        let (path, from) = match record[0] {
            b'?' => {
                lines.insert(format!("untracked A {}", path(1)));
                continue;
            }
            b'u' => {
                lines.insert(format!("conflict {}", path(10)));
                continue;
            }
            b'1' => (path(8), None),
            b'2' => (path(9), records.next().map(|from| from.escape_ascii().to_string())),
            other => panic!("a record of a kind not known: {}", char::from(other)),
        };
        for (stage, letter) in [("staged", staged), ("unstaged", unstaged)] {
            let letter = char::from(letter.unwrap());
            let from = from.as_ref().filter(|_| letter == 'R').map(|from| format!(" from {from}"));
            if letter != '.' {
                lines.insert(format!("{stage} {letter} {path}{}", from.unwrap_or_default()));
            }
        }
    }
    lines
}

/// Holds the program's lines against git's.
pub(crate) fn agree(repo: &Repo) -> GitStatus {
    let ours = status(repo.root());
    assert_eq!(lines(&ours), oracle(repo), "ours is left, git's is right");
    assert_eq!(ours.not_judged, [], "nothing here needs to stay open");
    ours
}
