//! What findings and facts are called, in one line each. Foreign names in it are escaped.

use std::borrow::Cow;

use crate::compare::Pattern;
use crate::compare::moves::{Move, MoveKind};
use crate::insight::fixes::KnownFix;
use crate::insight::nearest::Likeness;
use crate::insight::{ArtifactEvidence, Between, Evidence, Finding, Kind, Older, Owner, Usual};
use crate::path::{EnvironmentName, TreePath};
use crate::report::escape;
use crate::report::fixes;
use crate::report::layout::{count, counted};
use crate::snapshot::{Change, ChangeKind, CommitSummary, Operation, Snapshot, Special, Stage};

/// `96.2 % of 1,204 paths`.
pub fn share(likeness: &Likeness) -> String {
    let Likeness { agree, paths, .. } = *likeness;
    format!("{} of {}", percent(agree as u64, paths as u64), counted(paths as u64, "path", "paths"))
}

/// `96.2 %`, rounded down: only all of it is 100 %.
pub fn percent(part: u64, whole: u64) -> String {
    let share = (part * 1000).checked_div(whole).unwrap_or(0);
    format!("{}.{} %", share / 10, share % 10)
}

/// A moment as `2026-01-31T03:00:00Z`.
pub fn date(moment: i64) -> String {
    // What no calendar has is a number.
    jiff::Timestamp::from_second(moment).map_or_else(|_| moment.to_string(), |moment| moment.to_string())
}

/// What words need to know beside the facts.
#[derive(Debug, Clone, Copy)]
pub struct Words<'a> {
    /// All environments.
    pub snapshots: &'a [Snapshot],
    /// The time, in seconds since 1970 in UTC, for ages.
    pub now: i64,
}

impl Words<'_> {
    /// A finding in one line.
    pub fn finding(&self, finding: &Finding) -> Sentence {
        let path = finding.path.as_ref().map(name).unwrap_or_default().into_owned();
        let here = || self.list(&finding.environments);
        let about = |subject: String, words: String| Sentence { subject, words };
        match &finding.evidence {
            Evidence::Content { pattern, .. } => about(path, self.groups(pattern)),
            Evidence::Quiet { classes, .. } => {
                let classes: Vec<&str> = classes.names().map(words_of_class).collect();
                about(path, format!("differs only in {}", join(&classes)))
            }
            Evidence::Presence { folder, paths, absent, .. } => {
                let (subject, size) = match (folder, paths) {
                    (true, 0) => (format!("{path}/"), " (empty)".to_owned()),
                    (true, paths) => (format!("{path}/"), format!(" ({})", counted(*paths as u64, "path", "paths"))),
                    (false, _) => (path, String::new()),
                };
                if finding.code == "absent-in" || absent.len() < finding.environments.len() {
                    about(subject, format!("absent in {}{size}", self.list(absent)))
                } else {
                    about(subject, format!("only in {}{size}", here()))
                }
            }
            Evidence::Moved(moved) => self.moved(moved),
            Evidence::Kinds { kinds } => about(path, self.each(kinds, |kind| words_of_kind(*kind).to_owned())),
            Evidence::Targets { targets } => {
                let each = self.each(targets, |target| escape::name(target).into_owned());
                about(path, format!("points to {each}"))
            }
            Evidence::Modes { modes, executable, paths } => {
                let what = if *executable { "executable bit" } else { "mode" };
                let each = self.each(modes, |mode| format!("{mode:04o}"));
                about(several(path, paths), format!("{what}: {each}"))
            }
            Evidence::Owners { owners, paths } => {
                about(several(path, paths), format!("owner: {}", self.each(owners, words_of_owner)))
            }
            Evidence::UsualOwners { usual } => {
                about("most files".to_owned(), format!("belong to {}", self.each(usual, words_of_usual)))
            }
            Evidence::Branch { .. } | Evidence::Foreign { .. } | Evidence::Readable { .. } | Evidence::PrivateKey => {
                self.unwished(finding, path)
            }
            Evidence::NotVersioned => about(here(), "under no version control".to_owned()),
            Evidence::UnrelatedHistory { commits, others } => {
                let commits = counted(*commits as u64, "commit", "commits");
                about(here(), format!("none of its {commits} is in the history of {}", self.list(others)))
            }
            Evidence::Uncommitted { changes, staged, unstaged, untracked } => {
                let parts = [(staged, "staged"), (unstaged, "unstaged"), (untracked, "untracked")];
                let parts: Vec<String> = parts
                    .iter()
                    .filter(|(number, _)| **number > 0)
                    .map(|(number, what)| format!("{} {what}", count(**number as u64)))
                    .collect();
                let all = counted(changes.len() as u64, "uncommitted change", "uncommitted changes");
                let oldest = self.oldest_change(finding).map(|age| format!("; oldest {age}")).unwrap_or_default();
                about(here(), format!("{all}: {}{oldest}", parts.join(", ")))
            }
            Evidence::Unpushed { commits } => {
                let number = counted(commits.len() as u64, "commit is", "commits are");
                let latest = commits.first().map(|commit| format!(": {}", self.commit(commit))).unwrap_or_default();
                about(here(), format!("{number} in no remote{latest}"))
            }
            Evidence::Stashed { stashes } => {
                let number = counted(stashes.len() as u64, "stash", "stashes");
                let oldest = stashes.iter().map(|stash| stash.made).min();
                let age = oldest.map(|made| format!(", oldest {}", self.age(made))).unwrap_or_default();
                about(here(), format!("{number}{age}"))
            }
            Evidence::UnfinishedOperation { operation } => {
                about(here(), format!("a {} was begun and not ended", words_of_operation(*operation)))
            }
            Evidence::KnownFix(known) => about(known.fix.id.clone(), self.known_fix(known, &finding.environments)),
            Evidence::Unshared(unit) => {
                let commit = unit.commit.as_ref().map(|commit| format!(" ({commit:.7})")).unwrap_or_default();
                let words = format!("only in {}{commit}, not in {}", here(), self.list(&unit.lacking()));
                about(escape::text(unit.title.as_bytes()).into_owned(), words)
            }
            Evidence::Destroyed { unit, by } => {
                let by: Vec<&str> = by.iter().map(|&at| self.environment(at).as_str()).collect();
                let words = format!("a deploy of {} to {} destroys it", enumerated(&by, "or"), here());
                about(escape::text(unit.title.as_bytes()).into_owned(), words)
            }
            Evidence::Artifact(artifact) => about(path, format!("in {}: {}", here(), self.artifact(artifact))),
            Evidence::Unread { message, paths, .. } => {
                let paths = match paths {
                    0 | 1 => String::new(),
                    more => format!(" ({} unknown because of it)", counted(*more as u64, "path", "paths")),
                };
                about(here(), format!("{}{paths}", escape::text(message.as_bytes())))
            }
            Evidence::GitUnknown { reason } => {
                about(here(), format!("the repository could not be judged: {}", escape::text(reason.as_bytes())))
            }
            Evidence::NotJudged { paths } => {
                let reason = paths.first().map(|first| escape::text(first.reason.as_bytes())).unwrap_or_default();
                let number = counted(paths.len() as u64, "tracked path", "tracked paths");
                about(here(), format!("{number} not judged: {reason}"))
            }
        }
    }

    /// What is not as it should be, in one line.
    fn unwished(&self, finding: &Finding, path: String) -> Sentence {
        let here = self.list(&finding.environments);
        let about = |subject: String, words: String| Sentence { subject, words };
        match &finding.evidence {
            Evidence::Branch { expected, found } => {
                let found = found.as_ref().map(|name| escape::name(name.as_bytes()).into_owned());
                let found = found.unwrap_or_else(|| "no branch".to_owned());
                about(here, format!("is on {found}, and should be on {}", escape::name(expected.as_bytes())))
            }
            Evidence::Foreign { expected, found, paths } => {
                let (expected, found) = match (&*expected.user, &*expected.group) {
                    (user, "") => (user.to_owned(), found.user.clone()),
                    ("", group) => (format!("group {group}"), format!("group {}", found.group)),
                    _ => (words_of_owner(expected), words_of_owner(found)),
                };
                let [expected, found] = [expected, found].map(|words| escape::name(words.as_bytes()).into_owned());
                about(several(path, paths), format!("in {here}: owner {found} instead of {expected}"))
            }
            Evidence::Readable { modes } => {
                let each = self.each(modes, |mode| format!("{mode:04o}"));
                let what = match modes.iter().flatten().fold(0, |all, mode| all | mode) & 0o006 {
                    0o004 => "read",
                    0o002 => "write",
                    _ => "read and write",
                };
                about(path, format!("holds secrets, and every user may {what} it: {each}"))
            }
            Evidence::PrivateKey => about(path, format!("is called like a private key, in {here}")),
            _ => about(path, String::new()),
        }
    }

    /// What an artifact turned out to be.
    pub fn artifact(&self, evidence: &ArtifactEvidence) -> String {
        let original = evidence.artifact.original.as_ref();
        let called = original.map_or(Cow::Borrowed("the original"), |path| escape::name(path.file_name()));
        if evidence.equals_current {
            return format!("equals {called} beside it");
        }
        if !evidence.equals.is_empty() {
            let owners: Vec<String> =
                evidence.equals.iter().map(|&at| format!("{}'s", self.snapshots[at].environment)).collect();
            return format!("equals {} {called}", join(&owners));
        }
        if let Some((environment, commit)) = &evidence.committed {
            return format!("equals {called} of {}'s commit {}", self.environment(*environment), self.commit(commit));
        }
        if let Some(Between { older, own_lines }) = &evidence.between {
            let from = match older {
                Older::Artifact(path) => escape::name(path.file_name()).into_owned(),
                Older::Environment(at) => format!("{}'s {called}", self.environment(*at)),
                Older::Commit(_, commit) => format!("commit {:.7}", commit.id),
            };
            let own = match own_lines {
                0 => String::new(),
                lines => format!(", with {} of its own", counted(*lines as u64, "line", "lines")),
            };
            return format!("a middle state between {from} and {called}{own}");
        }
        match (&evidence.unknown, original) {
            (Some(why), _) => format!("what it equals is not known: {}", escape::text(why.as_bytes())),
            (None, Some(_)) => "its content is nowhere else".to_owned(),
            (None, None) => "what it was copied from is not there".to_owned(),
        }
    }

    /// `is absent in prod and partly in staging (src/app.py has no limit)`.
    fn known_fix(&self, known: &KnownFix, lacking: &[usize]) -> String {
        let with = |word: &str| -> Vec<usize> {
            lacking.iter().copied().filter(|&at| known.states[at].verdict.word() == word).collect()
        };
        let mut parts = Vec::new();
        for word in ["absent", "partly"] {
            let those = with(word);
            let Some(first) = those.first() else { continue };
            let missing = fixes::missing(&known.states[*first]).into_iter().next().filter(|_| word == "partly");
            let missing = missing.map(|missing| format!(" ({missing})")).unwrap_or_default();
            parts.push(format!("{word} in {}{missing}", self.list(&those)));
        }
        let title = known.fix.title.as_ref().map(|title| format!(": {}", escape::text(title.as_bytes())));
        format!("is {}{}", join(&parts), title.unwrap_or_default())
    }

    /// A commit in a few words: `5cfc680 "reject a second user"`.
    pub fn commit(&self, commit: &CommitSummary) -> String {
        format!("{:.7} \"{}\"", commit.id, escape::name(commit.subject.as_bytes()))
    }

    /// How long ago a moment was: `3 hours`, `120 days`.
    pub fn age(&self, moment: i64) -> String {
        age(self.now, moment)
    }

    /// Names of environments as a list: `prod and staging`.
    pub fn list(&self, environments: &[usize]) -> String {
        let names: Vec<&str> = environments.iter().map(|&at| self.environment(at).as_str()).collect();
        join(&names)
    }

    fn environment(&self, at: usize) -> &EnvironmentName {
        &self.snapshots[at].environment
    }

    /// Who agrees with whom: `prod and staging alike, debug differs`.
    fn groups(&self, pattern: &Pattern) -> String {
        let letters = pattern.as_str().as_bytes();
        let with = |letter: u8| -> Vec<usize> { (0..letters.len()).filter(|&at| letters[at] == letter).collect() };
        let mut variants: Vec<u8> = letters.iter().copied().filter(u8::is_ascii_alphabetic).collect();
        variants.sort_unstable();
        variants.dedup();
        let (alike, alone): (Vec<_>, Vec<_>) =
            variants.iter().map(|&letter| with(letter)).partition(|group| group.len() > 1);
        let alone = alone.concat();
        let mut parts: Vec<String> = alike.iter().map(|group| format!("{} alike", self.list(group))).collect();
        match (alone.len(), alike.is_empty()) {
            (0, _) => {}
            (1, _) => parts.push(format!("{} differs", self.list(&alone))),
            (3.., true) => parts.push(format!("{} all differ", self.list(&alone))),
            _ => parts.push(format!("{} differ", self.list(&alone))),
        }
        for (sign, words) in [(b'-', "absent in"), (b'!', "unknown in")] {
            let those = with(sign);
            if !those.is_empty() {
                parts.push(format!("{words} {}", self.list(&those)));
            }
        }
        parts.join(", ")
    }

    fn moved(&self, moved: &Move) -> Sentence {
        let slash = if moved.kind == MoveKind::Folder { "/" } else { "" };
        let elsewhere = moved.places[1..].iter();
        let elsewhere: Vec<String> = elsewhere
            .map(|place| format!("{}{slash} in {}", name(&place.path), self.list(&place.environments)))
            .collect();
        let mut words = format!("in {} is {}", self.list(&moved.places[0].environments), elsewhere.join(", "));
        if moved.kind == MoveKind::Folder {
            let equal = counted(moved.files as u64, "file", "files");
            let others = match (moved.edited, moved.left) {
                (0, 0) => String::new(),
                (edited, 0) => format!(", {edited} edited"),
                (0, left) => format!(", {left} not there"),
                (edited, left) => format!(", {edited} edited, {left} not there"),
            };
            words.push_str(&format!(" ({equal} equal{others})"));
        }
        if moved.kind == MoveKind::File && moved.edited > 0 {
            words.push_str(", edited");
        }
        Sentence { subject: format!("{}{slash}", name(&moved.places[0].path)), words }
    }

    /// A value for each environment that has one: `0755 in prod, 0644 in debug`; equal values together.
    fn each<T: PartialEq>(&self, values: &[Option<T>], word: impl Fn(&T) -> String) -> String {
        let mut groups: Vec<(&T, Vec<usize>)> = Vec::new();
        for (at, value) in values.iter().enumerate() {
            let Some(value) = value else { continue };
            match groups.iter_mut().find(|(known, _)| *known == value) {
                Some((_, environments)) => environments.push(at),
                None => groups.push((value, vec![at])),
            }
        }
        let parts: Vec<String> = groups
            .iter()
            .map(|(value, environments)| format!("{} in {}", word(value), self.list(environments)))
            .collect();
        parts.join(", ")
    }

    /// The age of the oldest content that is uncommitted.
    fn oldest_change(&self, finding: &Finding) -> Option<String> {
        let snapshot = self.snapshots.get(*finding.environments.first()?)?;
        let Evidence::Uncommitted { changes, .. } = &finding.evidence else { return None };
        let is_content = |change: &&Change| {
            change.stage != Stage::Staged && matches!(change.kind, ChangeKind::Added | ChangeKind::Modified)
        };
        let times = changes.iter().filter(is_content).filter(|_| snapshot.knows.times);
        let times =
            times.filter_map(|change| Some(snapshot.entries[snapshot.find(&change.path)?].attributes.modified.seconds));
        times.min().map(|oldest| self.age(oldest))
    }
}

/// How long before a time a moment was, both in seconds since 1970 in UTC: `3 hours`, `120 days`.
pub fn age(now: i64, moment: i64) -> String {
    let seconds = u64::try_from(now.saturating_sub(moment)).unwrap_or(0);
    match seconds {
        0..60 => "now".to_owned(),
        60..7200 => counted(seconds / 60, "minute", "minutes"),
        7200..172_800 => counted(seconds / 3600, "hour", "hours"),
        _ => counted(seconds / 86_400, "day", "days"),
    }
}

/// What is said about what.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sentence {
    /// A path, or environments.
    pub subject: String,
    /// What there is to say.
    pub words: String,
}

/// `a, b and c`.
pub fn join(words: &[impl AsRef<str>]) -> String {
    enumerated(words, "and")
}

fn enumerated(words: &[impl AsRef<str>], conjunction: &str) -> String {
    match words {
        [] => String::new(),
        [one] => one.as_ref().to_owned(),
        [first @ .., last] => {
            let first: Vec<&str> = first.iter().map(AsRef::as_ref).collect();
            format!("{} {conjunction} {}", first.join(", "), last.as_ref())
        }
    }
}

fn name(path: &TreePath) -> Cow<'_, str> {
    escape::name(path.as_bytes())
}

fn several(path: String, paths: &[TreePath]) -> String {
    match paths.len() {
        0 | 1 => path,
        number if path.is_empty() => format!("{} everywhere", counted(number as u64, "path", "paths")),
        number => format!("{path}/ ({})", counted(number as u64, "path", "paths")),
    }
}

fn words_of_class(class: &str) -> &str {
    match class {
        "line-endings" => "line endings",
        "byte-order-mark" => "a byte-order mark",
        "trailing-space" => "blanks at line ends",
        other => other,
    }
}

fn words_of_kind(kind: Kind) -> &'static str {
    match kind {
        Kind::File => "a file",
        Kind::Symlink => "a link",
        Kind::Directory => "a folder",
        Kind::Submodule => "a submodule",
        Kind::Special(Special::Fifo) => "a named pipe",
        Kind::Special(Special::Socket) => "a socket",
        Kind::Special(Special::BlockDevice | Special::CharacterDevice) => "a device",
        Kind::Special(Special::Other) => "something unknown",
    }
}

fn words_of_owner(owner: &Owner) -> String {
    escape::name(format!("{}:{}", owner.user, owner.group).as_bytes()).into_owned()
}

fn words_of_usual(usual: &Usual) -> String {
    let word = |name: &Option<String>| name.clone().unwrap_or_else(|| "several".to_owned());
    escape::name(format!("{}:{}", word(&usual.user), word(&usual.group)).as_bytes()).into_owned()
}

/// The operation, as one would type it.
pub fn words_of_operation(operation: Operation) -> &'static str {
    match operation {
        Operation::Merge => "merge",
        Operation::Rebase => "rebase",
        Operation::CherryPick => "cherry-pick",
        Operation::Revert => "revert",
        Operation::Bisect => "bisect",
        Operation::ApplyMailbox => "am",
    }
}

/// What happened to a path, in a lasting word.
pub fn words_of_change_kind(kind: ChangeKind) -> &'static str {
    match kind {
        ChangeKind::Added => "added",
        ChangeKind::Modified => "modified",
        ChangeKind::Deleted => "deleted",
        ChangeKind::Renamed => "renamed",
        ChangeKind::TypeChanged => "type-changed",
        ChangeKind::ModeChanged => "mode-changed",
        ChangeKind::Conflicted => "conflicted",
    }
}

/// An uncommitted change: `modified, unstaged`.
pub fn words_of_change(change: &Change) -> String {
    let stage = match change.stage {
        Stage::Staged => "staged",
        Stage::Unstaged => "unstaged",
        Stage::Untracked => return "untracked".to_owned(),
    };
    format!("{}, {stage}", words_of_change_kind(change.kind))
}
