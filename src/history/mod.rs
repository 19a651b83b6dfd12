//! What earlier reports found: each finding is new, still there, resolved or reopened.
//!
//! Takes what was found tonight ([`Night`]) and what was known before ([`Past`]) and says what has become of each finding ([`follow()`], pure).
//! [`Store`] keeps both in the state folder, and is the only part of this room that touches anything. No contents are kept: words of
//! findings, counts, and how well each environment was read.

mod follow;
mod sightings;
mod store;
mod told;

pub use follow::follow;
pub use sightings::sighting;
pub use store::{KEEP_DAYS, MadeOf, Store, StoreError, Writing};
pub use told::{Told, ToldFinding};

use std::collections::{BTreeMap, BTreeSet};

use crate::insight::Severity;

/// What one run found.
#[derive(Debug, Clone, PartialEq)]
pub struct Night {
    /// When it began: seconds since 1970 in UTC.
    pub at: i64,
    /// How long it took, in milliseconds; `None` when the clock was fixed.
    pub took_ms: Option<u64>,
    /// The environments of this run, in order.
    pub environments: Vec<Coverage>,
    /// All environments that the project has, those that were left out of this run among them.
    pub configured: Vec<String>,
    /// Codes of rules that could not judge: what they found before stays.
    pub not_judged: Vec<String>,
    /// Paths that are not in sync, quiet ones not counted.
    pub drift: u64,
    /// What the rules say, most severe first; ids are unique.
    pub sightings: Vec<Sighting>,
}

/// How well an environment was read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Coverage {
    /// Its name.
    pub environment: String,
    /// How well.
    pub read: Read,
    /// Paths of which nothing is known, with all that is below them. Only for [`Read::Part`].
    pub unread: Vec<Box<[u8]>>,
    /// Entries that were listed.
    pub entries: u64,
    /// Rows in which it does not have what another environment has.
    pub drift: u64,
    /// Uncommitted changes, where they are known.
    pub uncommitted: Option<u64>,
    /// Paths that could not be read.
    pub unreadable: u64,
}

/// How much of an environment was read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Read {
    /// All of it.
    All,
    /// Some of it.
    Part,
    /// Nothing that can be relied upon.
    Failed,
}

impl Read {
    /// Its lasting name.
    pub fn name(self) -> &'static str {
        match self {
            Self::All => "all",
            Self::Part => "part",
            Self::Failed => "failed",
        }
    }

    fn named(name: &str) -> Option<Self> {
        [Self::All, Self::Part, Self::Failed].into_iter().find(|read| read.name() == name)
    }
}

/// A finding as it is kept: its words, and as much of its facts as it takes to tell whether a later one is the same matter.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sighting {
    /// Made of what was found.
    pub id: String,
    /// The rule.
    pub code: String,
    /// How much it matters.
    pub severity: Severity,
    /// Where, as bytes of a common path; `None` for an environment as a whole.
    pub path: Option<Box<[u8]>>,
    /// The environments that it is about, in order.
    pub environments: Vec<String>,
    /// What it is about, in words.
    pub subject: String,
    /// What was found, in words, secrets masked.
    pub message: String,
    /// Its environments alone decide whether it is there: nothing was compared with others.
    pub is_of_one: bool,
    /// The answer is incomplete because of it.
    pub is_incomplete: bool,
    /// How many paths it stands for.
    pub paths: u64,
    /// What each environment has, sorted by environment; empty where that is not what was found.
    pub parts: Vec<Part>,
}

/// What one environment has where environments differ.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Part {
    /// The environment.
    pub environment: String,
    /// Equal in environments that agree; the words themselves mean nothing.
    pub class: String,
    /// What is known of it beyond that, such as a size.
    pub detail: String,
}

/// What earlier runs found.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Past {
    /// The number and time of the last run; `None` when there was none.
    pub last: Option<(u64, i64)>,
    /// Findings that are open, by id.
    pub open: BTreeMap<String, Known>,
    /// Ids of findings that were resolved.
    pub closed: BTreeSet<String>,
    /// When all of an environment was read last.
    pub complete: BTreeMap<String, i64>,
    /// The last runs, oldest first.
    pub trend: Vec<Summary>,
}

/// An open finding.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Known {
    /// As it was seen last.
    pub sighting: Sighting,
    /// When it was seen first.
    pub since: i64,
    /// The first run of those in a row in which it was there.
    pub from: u64,
    /// When it was really seen last, when that is not the last run.
    pub seen: Option<i64>,
    /// It was accepted.
    pub is_accepted: bool,
}

/// A run in numbers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Summary {
    /// Its number; `None` for one that is not kept.
    pub number: Option<u64>,
    /// When it began.
    pub at: i64,
    /// Open findings by severity, in the order of [`Severity::ALL`].
    pub open: [u64; 4],
    /// Findings that were new.
    pub new: u64,
    /// Findings that were resolved.
    pub resolved: u64,
    /// Findings that were reopened.
    pub reopened: u64,
    /// Findings that were accepted.
    pub accepted: u64,
    /// Paths that were not in sync, quiet ones not counted.
    pub drift: u64,
    /// How each environment was read.
    pub coverage: BTreeMap<String, Read>,
}

/// What has become of all findings.
#[derive(Debug, Clone, PartialEq)]
pub struct Outcome {
    /// The number of the run.
    pub number: u64,
    /// The time of the one before it; `None` for the first.
    pub previous: Option<i64>,
    /// Every finding of tonight, open ones that could not be looked at, and resolved ones; most severe first, resolved ones last.
    pub standings: Vec<Standing>,
    /// Ids of findings that another one took the place of.
    pub replaced: Vec<String>,
    /// The run in numbers.
    pub summary: Summary,
}

/// What has become of a finding.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Standing {
    /// As it is, or was seen last.
    pub sighting: Sighting,
    /// What has become of it.
    pub status: Status,
    /// When it was seen first, or came back.
    pub since: i64,
    /// The first run of those in a row in which it was there.
    pub from: u64,
    /// In how many runs in a row it was there; 0 when it is gone.
    pub streak: u64,
    /// The finding that it took the place of.
    pub replaces: Option<String>,
    /// It could not be looked at.
    pub stale: Option<Stale>,
    /// It is accepted.
    pub is_accepted: bool,
}

/// Why a finding is the picture of an earlier night.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stale {
    /// When it was really seen last.
    pub seen: i64,
    /// The environments that were not read.
    pub unread: Vec<String>,
    /// What is said of the place without them.
    pub without_them: Option<String>,
}

/// What has become of a finding since the run before.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Status {
    /// It was never seen before.
    New,
    /// It was there.
    Still,
    /// It was there, and is not any more.
    Resolved,
    /// It had been resolved, and came back.
    CameBack,
    /// It was accepted, and is not any more.
    NotAccepted,
}

impl Status {
    /// Its lasting name.
    pub fn name(self) -> &'static str {
        match self {
            Self::New => "new",
            Self::Still => "still",
            Self::Resolved => "resolved",
            Self::CameBack | Self::NotAccepted => "reopened",
        }
    }

    /// Whether somebody who read the report of the night before does not know of it.
    pub fn is_fresh(self) -> bool {
        matches!(self, Self::New | Self::CameBack | Self::NotAccepted)
    }
}

impl Past {
    /// What is known after a run: what a store gives back, as far as it keeps everything.
    #[must_use]
    pub fn after(mut self, night: &Night, outcome: &Outcome) -> Self {
        for id in &outcome.replaced {
            self.open.remove(id);
            self.closed.insert(id.clone());
        }
        for standing in &outcome.standings {
            let id = standing.sighting.id.clone();
            if standing.status == Status::Resolved {
                self.open.remove(&id);
                self.closed.insert(id);
                continue;
            }
            self.closed.remove(&id);
            let known = Known {
                sighting: standing.sighting.clone(),
                since: standing.since,
                from: standing.from,
                seen: standing.stale.as_ref().map(|stale| stale.seen),
                is_accepted: standing.is_accepted,
            };
            self.open.insert(id, known);
        }
        for coverage in night.environments.iter().filter(|coverage| coverage.read == Read::All) {
            self.complete.insert(coverage.environment.clone(), night.at);
        }
        self.last = Some((outcome.number, night.at));
        self.trend.push(outcome.summary.clone());
        self
    }
}
