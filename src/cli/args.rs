//! What was typed, and nothing more: parsing has no side effects.

use std::ffi::OsString;
use std::fmt;
use std::num::NonZeroUsize;
use std::path::PathBuf;

use clap::builder::{PossibleValue, PossibleValuesParser, TypedValueParser};
use clap::{Args, Parser, Subcommand, ValueEnum};
use jiff::civil::Date;

use crate::cli::exit::Exit;
use crate::insight::Severity;
use crate::report::nightly::FORMATS;
use crate::report::schedule::TimeOfDay;

/// What `--fail-on` is unless somebody says otherwise.
pub(crate) const FAIL_ON: &str = "warning";
/// What `--timeout` is unless somebody says otherwise, in seconds.
pub(crate) const TIMEOUT: u64 = 60;

/// Finds drift across production, staging and debug servers, reading only.
///
/// Without a command, says who differs from whom at a glance (`status`). Environments come from `driftline.toml`, searched from the
/// working folder upward, or from NAME=SOURCE arguments, where SOURCE is a folder, `HOST:PATH`,
/// `ssh://USER@HOST:PORT/PATH`, `git:REPOSITORY@REF`, an archive (`FILE.tar.gz`, `.tar`, `.tar.zst`, `.tar.xz`, `.zip`) or a
/// snapshot (`FILE.ndjson.zst`).
#[derive(Debug, Parser)]
#[command(name = "driftline", version, after_help = Exit::table(), after_long_help = Exit::table(), disable_help_subcommand = true)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    pub(crate) command: Option<Command>,
    #[command(flatten)]
    pub(crate) status: StatusArguments,
    #[command(flatten)]
    pub(crate) common: CommonArguments,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Who differs from whom, at a glance (what happens without a command)
    Status(StatusArguments),
    /// The view of chosen files over all environments, three ways where there is a base
    Diff(DiffArguments),
    /// What one environment has and another lacks: commits, uncommitted changes, stashes, hotfixes
    Candidates(CandidatesArguments),
    /// Which environment has which of the fixes that the configuration names, and by which evidence
    Fixes(FixesArguments),
    /// The nightly report: what is new, what is gone, what could not be read; kept in a history
    Report(ReportArguments),
    /// Prints what makes a report every night: units for systemd, or a line for cron; installs nothing
    Schedule(ScheduleArguments),
    /// Accepts known drift, with a reason and an end, in the configuration
    Accept(AcceptArguments),
    /// The reports so far, and how the drift grew or shrank
    History(HistoryArguments),
    /// Why something is reported, or why a path is left out; what a rule means
    Explain(ExplainArguments),
    /// Writes down what an environment is like now, to be compared later or elsewhere
    Snapshot(SnapshotArguments),
    /// Writes a commented configuration from environments that are named, with rules and maps that are proposed
    Init(InitArguments),
    /// Tries to read every environment, and says what to do where that fails
    Doctor(DoctorArguments),
    /// Lays out three drifted servers in a temporary folder and looks at them
    Demo(DemoArguments),
    /// Prints a completion script for a shell
    Completions {
        /// Which shell
        shell: clap_complete::Shell,
    },
    /// Prints the manual page
    Man,
    /// Answers another driftline, which reads this machine as an environment
    #[command(hide = true)]
    Collect(CollectArguments),
}

#[derive(Debug, Clone, Default, Args)]
pub(crate) struct StatusArguments {
    /// Environments as NAME=SOURCE, or names of configured ones [default: all configured]
    #[arg(value_name = "NAME=SOURCE")]
    pub(crate) environments: Vec<OsString>,
}

#[derive(Debug, Args)]
pub(crate) struct DiffArguments {
    /// Files or folders (a bare file name is searched for), and environments as NAME=SOURCE or names of configured ones
    #[arg(value_name = "PATH|ENV", required_unless_present = "all")]
    pub(crate) words: Vec<OsString>,
    /// Every path that is not in sync
    #[arg(long)]
    pub(crate) all: bool,
    /// Take this environment's version as the base
    #[arg(long, value_name = "ENV")]
    pub(crate) base: Option<String>,
    /// How texts are shown
    #[arg(long, value_enum, default_value_t = View::Regions)]
    pub(crate) view: View,
}

#[derive(Debug, Args)]
pub(crate) struct ReportArguments {
    /// Environments as NAME=SOURCE, or names of configured ones [default: all configured]
    #[arg(value_name = "ENV")]
    pub(crate) environments: Vec<OsString>,
    /// Write a file `report.*` for each format into this folder, and a summary to stdout [default: one format, to stdout]
    #[arg(long, value_name = "DIR")]
    pub(crate) out: Option<PathBuf>,
    /// Tell nobody that the configuration names under `[notify.NAME]`; the next report tells them
    #[arg(long)]
    pub(crate) no_notify: bool,
    /// Make no report: send a message to each of them that says nothing but that it arrived
    #[arg(long, conflicts_with_all = ["no_notify", "out"])]
    pub(crate) notify_test: bool,
}

#[derive(Debug, Args)]
pub(crate) struct ScheduleArguments {
    /// Names of configured environments [default: all]
    #[arg(value_name = "ENV")]
    pub(crate) environments: Vec<OsString>,
    /// When, in the time of this machine
    #[arg(long, value_name = "HH:MM", default_value = "02:30", value_parser = TimeOfDay::parse)]
    pub(crate) at: TimeOfDay,
    /// What is printed
    #[arg(long = "as", value_name = "WHAT", value_enum, default_value_t = Scheduler::Systemd)]
    pub(crate) scheduler: Scheduler,
    /// Units for your own systemd, where you may install none for the machine; they can shut off less
    #[arg(long)]
    pub(crate) user: bool,
    /// What the units are called [default: as the folder of the configuration]
    #[arg(long, value_name = "NAME")]
    pub(crate) name: Option<String>,
    /// The folder of the reports; `--format` says in which forms they are [default: reports/NAME in the state folder; html and json]
    #[arg(long, value_name = "DIR")]
    pub(crate) out: Option<PathBuf>,
}

/// Who starts the nightly report.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Scheduler {
    /// A service and a timer, and how to install them
    Systemd,
    /// The service alone
    Service,
    /// The timer alone
    Timer,
    /// A line for a crontab
    Cron,
}

#[derive(Debug, Args)]
pub(crate) struct AcceptArguments {
    /// Ids of findings, as reports show them, or their beginnings
    #[arg(value_name = "ID", required_unless_present = "all")]
    pub(crate) words: Vec<OsString>,
    /// Every finding that is open, for a first day
    #[arg(long)]
    pub(crate) all: bool,
    /// Why it is right as it is
    #[arg(long, value_name = "TEXT", required = true)]
    pub(crate) because: String,
    /// The last day on which it is, as 2027-01-31, in UTC [default: no end]
    #[arg(long, value_name = "DAY")]
    pub(crate) until: Option<Date>,
}

#[derive(Debug, Args)]
pub(crate) struct HistoryArguments {
    /// Environments as NAME=SOURCE, of which earlier reports were made so [default: those of the configuration]
    #[arg(value_name = "ENV")]
    pub(crate) environments: Vec<OsString>,
}

#[derive(Debug, Args)]
pub(crate) struct ExplainArguments {
    /// A path, the id of a finding, or the code of a rule; and environments as NAME=SOURCE or names of configured ones
    #[arg(value_name = "ID|PATH|CODE", required = true)]
    pub(crate) words: Vec<OsString>,
}

#[derive(Debug, Args)]
pub(crate) struct FixesArguments {
    /// Ids of fixes, whose evidence is shown [default: all fixes, as a matrix]; and environments as NAME=SOURCE or names of configured ones
    #[arg(value_name = "ID|ENV")]
    pub(crate) words: Vec<OsString>,
}

#[derive(Debug, Args)]
pub(crate) struct CandidatesArguments {
    /// `show ID` for one of them (`f3` of the same listing, or the beginning of its lasting name), and environments as NAME=SOURCE or names of
    /// configured ones
    #[arg(value_name = "show ID|ENV")]
    pub(crate) words: Vec<OsString>,
    /// Only what this environment has
    #[arg(long, value_name = "ENV")]
    pub(crate) from: Option<String>,
    /// Only what this environment lacks
    #[arg(long, value_name = "ENV")]
    pub(crate) to: Option<String>,
    /// Every unit, whatever its verdict, bookkeeping as well
    #[arg(long)]
    pub(crate) all: bool,
    /// Write what is absent and applies as patches for `--to`, with a series file, into this folder; with `show ID` that one, and what it needs
    #[arg(long, value_name = "DIR", requires = "from", requires = "to")]
    pub(crate) export: Option<PathBuf>,
    /// Replace patches that are there
    #[arg(long, requires = "export")]
    pub(crate) force: bool,
}

#[derive(Debug, Args)]
pub(crate) struct SnapshotArguments {
    /// The environment as NAME=SOURCE, or the name of a configured one; several, or none for all, when a folder is written to
    #[arg(value_name = "ENV")]
    pub(crate) environments: Vec<OsString>,
    /// The file to write, or a folder (that exists, or ends with `/`) for files env=NAME/host=HOST/date=DAY.ndjson.zst
    #[arg(long, short, value_name = "FILE|DIR/")]
    pub(crate) output: PathBuf,
    /// The machine that is named in it [default: this one]
    #[arg(long, value_name = "NAME")]
    pub(crate) host: Option<String>,
    /// Take the contents of files in focus along, up to 1 MiB each; never of files that hold secrets
    #[arg(long)]
    pub(crate) contents: bool,
}

#[derive(Debug, Args)]
pub(crate) struct InitArguments {
    /// Environments as NAME=SOURCE [default: none, and the file says what to fill in]
    #[arg(value_name = "NAME=SOURCE")]
    pub(crate) environments: Vec<OsString>,
    /// The file to write, or `-` for stdout [default: driftline.toml in this folder]
    #[arg(long, short, value_name = "FILE")]
    pub(crate) output: Option<PathBuf>,
    /// Replace a file that is there
    #[arg(long)]
    pub(crate) force: bool,
}

#[derive(Debug, Args)]
pub(crate) struct DoctorArguments {
    /// Environments as NAME=SOURCE, or names of configured ones [default: all configured]
    #[arg(value_name = "ENV")]
    pub(crate) environments: Vec<OsString>,
}

#[derive(Debug, Args)]
pub(crate) struct DemoArguments {
    /// Lay the servers out in this folder, which must be empty or absent, and keep them
    #[arg(long, value_name = "DIR")]
    pub(crate) keep: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub(crate) struct CollectArguments {
    /// Which question about the working folder
    #[arg(value_enum)]
    pub(crate) wish: Option<Wish>,
    /// Say by which records it answers
    #[arg(long)]
    pub(crate) protocol: bool,
    /// The word in the closing record
    #[arg(long, default_value = "")]
    pub(crate) nonce: String,
    /// Under which algorithm files are digested
    #[arg(long, value_enum, default_value_t = Algorithm::Blake3)]
    pub(crate) algorithm: Algorithm,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Wish {
    List,
    Digest,
    Fold,
    Contents,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Algorithm {
    Blake3,
    Git,
    Sha256,
}

#[derive(Debug, Args)]
pub(crate) struct CommonArguments {
    /// The configuration [default: driftline.toml in this folder or the nearest above]
    #[arg(long, short, value_name = "FILE", global = true, help_heading = "What is compared")]
    pub(crate) config: Option<PathBuf>,
    /// Leave an environment out
    #[arg(long, value_name = "ENV", global = true, help_heading = "What is compared")]
    pub(crate) skip: Vec<String>,
    /// Leave paths out by a gitignore rule, in addition to those configured
    #[arg(long, value_name = "RULE", global = true, help_heading = "What is compared")]
    pub(crate) ignore: Vec<String>,
    /// Text for people or JSON for programs; `report` has more, and takes several [default: text]
    #[arg(long = "format", value_name = "FORMAT", value_parser = formats(), global = true, help_heading = "Output")]
    pub(crate) formats: Vec<String>,
    /// The one of them that commands other than `report` write.
    #[arg(skip)]
    pub(crate) format: Format,
    /// Whether to use colour; `auto` respects `NO_COLOR` and `CLICOLOR_FORCE`
    #[arg(long, value_enum, value_name = "WHEN", default_value_t = clap::ColorChoice::Auto, global = true, help_heading = "Output")]
    pub(crate) color: clap::ColorChoice,
    /// Columns of text output [default: the terminal's, or 100]
    #[arg(long, value_name = "COLUMNS", value_parser = clap::value_parser!(u16).range(40..), global = true, help_heading = "Output")]
    pub(crate) width: Option<u16>,
    /// The least severity that makes the exit status 1, or `never`; for `report`, `new:SEVERITY` counts only what is new or reopened
    #[arg(long, value_name = "SEVERITY", value_parser = fail_on(), default_value = FAIL_ON, global = true, help_heading = "Output")]
    pub(crate) fail_on: FailOn,
    /// Exit as if all had been read, and the history kept
    #[arg(long, global = true, help_heading = "Output")]
    pub(crate) allow_incomplete: bool,
    /// Configuration that is handed to `ssh -F` [default: your own]
    #[arg(long, value_name = "FILE", global = true, help_heading = "How it is read")]
    pub(crate) ssh_config: Option<PathBuf>,
    /// Give another machine up when it says nothing for so long
    #[arg(long, value_name = "SECONDS", default_value_t = TIMEOUT, value_parser = clap::value_parser!(u64).range(1..=86400), global = true, help_heading = "How it is read")]
    pub(crate) timeout: u64,
    /// Threads that list and hash [default: one for each processor]
    #[arg(long, value_name = "N", global = true, help_heading = "How it is read")]
    pub(crate) threads: Option<NonZeroUsize>,
    /// Where the hash cache and the history of reports are kept [default: driftline in the user's state folder]
    #[arg(long, value_name = "DIR", global = true, help_heading = "How it is read")]
    pub(crate) state_dir: Option<PathBuf>,
    /// Keep nothing, and use nothing kept
    #[arg(long, global = true, conflicts_with_all = ["state_dir", "rehash"], help_heading = "How it is read")]
    pub(crate) no_state: bool,
    /// Distrust the hash cache and read again
    #[arg(long, global = true, help_heading = "How it is read")]
    pub(crate) rehash: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum View {
    /// Only what changed, with who has it
    Regions,
    /// Environments side by side
    Columns,
    /// As patches against the base
    Unified,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum Format {
    #[default]
    Text,
    Json,
}

/// What makes the exit status 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct FailOn {
    /// Only what is new or reopened counts.
    pub(crate) fresh: bool,
    severity: Option<Severity>,
}

impl FailOn {
    /// The least severity that counts; `None` when nothing does.
    pub(crate) fn severity(self) -> Option<Severity> {
        self.severity
    }

    fn named(word: &str) -> Self {
        let (fresh, name) = word.strip_prefix("new:").map_or((false, word), |name| (true, name));
        Self { fresh, severity: Severity::ALL.into_iter().find(|severity| severity.name() == name) }
    }
}

impl fmt::Display for FailOn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let severity = self.severity.map_or("never", Severity::name);
        write!(f, "{}{severity}", if self.fresh { "new:" } else { "" })
    }
}

fn fail_on() -> impl TypedValueParser<Value = FailOn> {
    let all = Severity::ALL.map(Severity::name);
    let fresh = all.map(|name| format!("new:{name}"));
    let words = all.into_iter().map(str::to_owned).chain(["never".to_owned()]).chain(fresh);
    PossibleValuesParser::new(words.map(PossibleValue::new)).map(|word: String| FailOn::named(&word))
}

fn formats() -> PossibleValuesParser {
    PossibleValuesParser::new(FORMATS.iter().map(|format| PossibleValue::new(format.name).help(format.about)))
}

#[cfg(test)]
mod tests;
