//! What trying to read something found, step by step.

use crate::path::EnvironmentName;

/// How far an environment could be read, and what stood in the way.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Checkup {
    /// Which environment.
    pub environment: EnvironmentName,
    /// Where it was looked for, as a person would type it.
    pub origin: String,
    /// In the order in which one needs the other. What follows a step on which it depends and that failed was not tried.
    pub steps: Vec<Step>,
}

impl Checkup {
    /// Whether everything could be read.
    pub fn is_well(&self) -> bool {
        self.steps.iter().all(|step| step.outcome != StepOutcome::Failed)
    }
}

/// One thing that has to work.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Step {
    /// Which thing.
    pub kind: StepKind,
    /// Whether it works.
    pub outcome: StepOutcome,
    /// What was found, or what failed and why; it may hold foreign words and is escaped where it is shown.
    pub detail: String,
    /// What to do about it.
    pub fix: Option<Fix>,
}

/// What has to work for a place to be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum StepKind {
    /// The configuration says what to read.
    Configuration,
    /// What is kept between runs can be kept.
    State,
    /// Somebody who is told about reports can be: what it takes is there. Nothing is sent.
    Notify,
    /// `ssh` makes a machine of the name.
    SshConfig,
    /// The machine is reached, and is the one that is known under this name.
    Connection,
    /// It lets the user in.
    Login,
    /// The command that runs a command can be run.
    Command,
    /// There is a shell that answers.
    Shell,
    /// The shell has what listing and reading need.
    Tools,
    /// The archive is there and is one.
    Archive,
    /// The snapshot is there and is one.
    Snapshot,
    /// The repository can be read.
    Repository,
    /// It has the commit.
    Reference,
    /// The folder is there and can be listed.
    Folder,
    /// The repository of the folder can be judged.
    Git,
    /// Everything below can be read.
    Reading,
}

/// Whether a step works.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum StepOutcome {
    /// It works.
    Fine,
    /// It works, and something is worth saying.
    Note,
    /// It does not, and something is unknown because of it.
    Failed,
    /// It needs one that failed.
    NotTried,
}

/// What to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fix {
    /// In words.
    pub words: String,
    /// What to type, if that helps or shows more.
    pub command: Option<Command>,
}

/// Something to type.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Command {
    /// The words as a program takes them, unquoted.
    pub words: Vec<Vec<u8>>,
    /// To be typed on the other machine.
    pub there: bool,
}

impl Step {
    /// A step that works.
    pub fn fine(kind: StepKind, detail: impl Into<String>) -> Self {
        Self { kind, outcome: StepOutcome::Fine, detail: detail.into(), fix: None }
    }

    /// A step that works, with something worth saying.
    pub fn note(kind: StepKind, detail: impl Into<String>, fix: Option<Fix>) -> Self {
        Self { kind, outcome: StepOutcome::Note, detail: detail.into(), fix }
    }

    /// A step that does not work.
    pub fn failed(kind: StepKind, detail: impl Into<String>, fix: Option<Fix>) -> Self {
        Self { kind, outcome: StepOutcome::Failed, detail: detail.into(), fix }
    }

    /// A step that was not tried.
    pub fn not_tried(kind: StepKind) -> Self {
        Self { kind, outcome: StepOutcome::NotTried, detail: String::new(), fix: None }
    }
}

impl Fix {
    /// A fix that is said in words.
    pub fn words(words: impl Into<String>) -> Self {
        Self { words: words.into(), command: None }
    }

    /// A fix with something to type here.
    pub fn here<W: AsRef<[u8]>>(words: impl Into<String>, command: &[W]) -> Self {
        Self { words: words.into(), command: Some(Command::new(command, false)) }
    }

    /// A fix with something to type on the other machine.
    pub fn there<W: AsRef<[u8]>>(words: impl Into<String>, command: &[W]) -> Self {
        Self { words: words.into(), command: Some(Command::new(command, true)) }
    }
}

impl Command {
    fn new<W: AsRef<[u8]>>(words: &[W], there: bool) -> Self {
        Self { words: words.iter().map(|word| word.as_ref().to_owned()).collect(), there }
    }
}
