//! The matrix of known fixes: `driftline fixes` as data. The documentation of these types is the specification of
//! `driftline fixes --format json`. Fields are added without notice; a field that changes its meaning or goes away raises [`VERSION`].

mod terminal;
mod words;

use serde::Serialize;

use crate::compare::text::Redactor;
use crate::config::KnownBy;
use crate::insight::fixes::{FixState, KnownFix, Part, PartState};
use crate::insight::verdict::Proof;
use crate::report::model::PathReport;
use crate::snapshot::Snapshot;

pub use terminal::{Screen, evidence, matrix};
pub use words::missing;

/// The version of the format, in [`FixesReport::version`].
pub const VERSION: u32 = 1;

/// Which environment has which fix.
#[derive(Debug, Clone, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct FixesReport {
    /// `driftline-fixes`.
    pub format: &'static str,
    /// [`VERSION`].
    pub version: u32,
    /// The version of the program.
    pub driftline: &'static str,
    /// The names of the environments, in order.
    pub environments: Vec<String>,
    /// The fixes in the order of the configuration.
    pub fixes: Vec<FixReport>,
    /// What to type next.
    pub next: Option<String>,
}

/// One fix.
#[derive(Debug, Clone, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct FixReport {
    /// Its name.
    pub id: String,
    /// What it does, in the user's words.
    pub title: Option<String>,
    /// `patterns`, `patch` or `commit`: by what it is known.
    pub known_by: &'static str,
    /// For one that is known by a commit, its full name, or as many digits as the configuration has when no history has it.
    pub commit: Option<String>,
    /// By environment.
    pub states: Vec<StateReport>,
}

/// A fix in one environment.
#[derive(Debug, Clone, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct StateReport {
    /// The environment.
    pub environment: String,
    /// Whether it must be there.
    pub expected: bool,
    /// `present`, `absent`, `partly` or `unproven`.
    pub verdict: &'static str,
    /// For `unproven`, why; in words.
    pub because: Option<String>,
    /// For `partly` and `absent`, what is missing, in words; the most telling first.
    pub missing: Vec<String>,
    /// The files of the fix, in its order.
    pub files: Vec<FileReport>,
    /// What histories say, strongest first; only for a commit that the files leave open.
    pub history: Vec<ProofReport>,
}

/// A file of a fix in one environment.
#[derive(Debug, Clone, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct FileReport {
    /// Its common path, as the fix calls it.
    #[serde(flatten)]
    pub path: PathReport,
    /// Where the environment has it, when that is elsewhere.
    pub found_at: Option<PathReport>,
    /// `done`, `some`, `undone` or `unknown`: whether it is as the fix wants it.
    pub state: &'static str,
    /// What it shows, in words.
    pub shows: Vec<String>,
}

/// What a history says.
#[derive(Debug, Clone, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct ProofReport {
    /// How strong it is, from 1 (strongest) to 7.
    pub tier: u8,
    /// The commit of the environment that it is about.
    pub commit: Option<String>,
    /// What it says, in words.
    pub says: String,
}

impl FixesReport {
    /// The report of fixes, secrets in foreign words masked.
    pub fn new(known: &[&KnownFix], snapshots: &[Snapshot], next: Option<String>, redactor: &Redactor) -> Self {
        Self {
            format: "driftline-fixes",
            version: VERSION,
            driftline: env!("CARGO_PKG_VERSION"),
            environments: snapshots.iter().map(|snapshot| snapshot.environment.to_string()).collect(),
            fixes: known.iter().map(|known| fix(known, snapshots, redactor)).collect(),
            next,
        }
    }
}

fn fix(known: &KnownFix, snapshots: &[Snapshot], redactor: &Redactor) -> FixReport {
    let (known_by, digits) = match &known.fix.known {
        KnownBy::Places(_) => ("patterns", None),
        KnownBy::Patch { .. } => ("patch", None),
        KnownBy::Commit { commit, .. } => ("commit", Some(commit.clone())),
    };
    let mask = |text: String| redactor.words(&text).into_owned();
    let state = |at: usize| {
        let FixState { verdict, parts, proofs } = &known.states[at];
        StateReport {
            environment: snapshots[at].environment.to_string(),
            expected: known.expected[at],
            verdict: verdict.word(),
            because: words::because(&known.states[at]).map(mask),
            missing: missing(&known.states[at]).into_iter().map(mask).collect(),
            files: parts.iter().map(|part| file(part, redactor)).collect(),
            history: proofs.iter().map(proof).collect(),
        }
    };
    FixReport {
        id: known.fix.id.clone(),
        title: known.fix.title.clone(),
        known_by,
        commit: known.commit.as_ref().map(|commit| commit.id.to_string()).or(digits),
        states: (0..snapshots.len()).map(state).collect(),
    }
}

fn file(part: &Part, redactor: &Redactor) -> FileReport {
    FileReport {
        path: PathReport::from(&part.path),
        found_at: part.found_at.as_ref().map(PathReport::from),
        state: match part.state {
            PartState::Done => "done",
            PartState::Some => "some",
            PartState::Undone => "undone",
            PartState::Unknown => "unknown",
        },
        shows: part.facts.iter().map(|fact| redactor.words(&words::fact(fact)).into_owned()).collect(),
    }
}

fn proof(proof: &Proof) -> ProofReport {
    ProofReport {
        tier: proof.tier.number(),
        commit: proof.commit.as_ref().map(ToString::to_string),
        says: words::proof(&proof.fact),
    }
}
