//! The command line: what was typed becomes a plan, the plan is carried out, the outcome becomes an exit status.

mod accept;
mod acceptances;
mod args;
mod candidates;
mod choose;
mod collect;
mod crash;
mod demo;
mod diff;
mod doctor;
mod exit;
mod explain;
mod failure;
mod fixes;
mod history;
mod init;
mod interrupt;
mod output;
mod process;
mod progress;
mod report;
mod schedule;
mod session;
mod snapshot;
mod status;

pub use exit::Exit;

use std::process::ExitCode;

use clap::{CommandFactory as _, FromArgMatches as _};

use args::{Arguments, Command, CommonArguments, Format};
use failure::Failure;
use output::Output;
use process::Process;

/// Runs the program with the arguments of the process.
pub fn main() -> ExitCode {
    let arguments = match parse() {
        Ok(arguments) => arguments,
        Err(error) => {
            // That nobody reads the help text is no reason to fail.
            let _ = error.print();
            return ExitCode::from(if error.use_stderr() { Exit::Error } else { Exit::InSync });
        }
    };
    let colour = arguments.common.color;
    let process = match Process::read() {
        Ok(process) => process,
        Err(error) => {
            return fail(&Failure::because("the working folder is not there any more", &error), colour).into();
        }
    };
    crash::guarded(|| run(arguments, process).unwrap_or_else(|failure| fail(&failure, colour))).into()
}

fn parse() -> Result<Arguments, clap::Error> {
    Arguments::from_arg_matches(&Arguments::command().try_get_matches()?)
}

fn run(arguments: Arguments, process: Process) -> Result<Exit, Failure> {
    let Arguments { command, status, mut common } = arguments;
    if !matches!(command, Some(Command::Report(_) | Command::Schedule(_))) {
        common.format = one_format(&common)?;
    }
    let width = common.width.or(process.terminal_width).unwrap_or(DEFAULT_WIDTH).max(LEAST_WIDTH);
    let output = Output::new(common.color, width);
    match command {
        None => status::run(common, process, output, &status),
        Some(Command::Status(status)) => status::run(common, process, output, &status),
        Some(Command::Diff(diff)) => diff::run(common, process, output, &diff),
        Some(Command::Candidates(arguments)) => candidates::run(common, process, output, &arguments),
        Some(Command::Fixes(words)) => fixes::run(common, process, output, &words),
        Some(Command::Report(report)) => report::run(common, process, output, &report),
        Some(Command::Schedule(schedule)) => schedule::run(common, process, output, &schedule),
        Some(Command::Accept(accept)) => accept::run(common, process, output, &accept),
        Some(Command::History(history)) => history::run(common, process, output, &history),
        Some(Command::Explain(words)) => explain::run(common, process, output, &words),
        Some(Command::Snapshot(snapshot)) => snapshot::run(common, process, output, &snapshot),
        Some(Command::Init(init)) => init::run(common, process, output, &init),
        Some(Command::Doctor(doctor)) => doctor::run(common, process, output, &doctor),
        Some(Command::Demo(demo)) => demo::run(common, process, output, &demo),
        Some(Command::Collect(collect)) => collect::run(&collect, common.ignore),
        Some(Command::Completions { shell }) => {
            let mut script = Vec::new();
            clap_complete::generate(shell, &mut Arguments::command(), "driftline", &mut script);
            output::data(|out| out.write_all(&script))?;
            Ok(Exit::InSync)
        }
        Some(Command::Man) => {
            let manual = clap_mangen::Man::new(Arguments::command());
            output::data(|mut out| manual.render(&mut out))?;
            Ok(Exit::InSync)
        }
    }
}

/// The form of output of a command that has text and JSON, and knows of no other night.
fn one_format(common: &CommonArguments) -> Result<Format, Failure> {
    if common.fail_on.fresh {
        return Err(Failure::new("only `driftline report` knows what is new")
            .hint("leave out `new:`, or make a report: driftline report --fail-on new:warning"));
    }
    match &common.formats[..] {
        [] => Ok(Format::Text),
        [one] if one == "text" => Ok(Format::Text),
        [one] if one == "json" => Ok(Format::Json),
        [one] => Err(Failure::new(format!("only `driftline report` has `--format {one}`"))
            .hint("the others have `--format text` and `--format json`")),
        _ => Err(Failure::new("only `driftline report` takes several formats").hint("name one of text and json")),
    }
}

/// Columns where no terminal says how many it has.
const DEFAULT_WIDTH: u16 = 100;
/// Below this nothing can be laid out.
const LEAST_WIDTH: u16 = 40;

fn fail(failure: &Failure, colour: clap::ColorChoice) -> Exit {
    let output = Output::new(colour, DEFAULT_WIDTH);
    output::aside(|out| failure.write(out, output.error_styles));
    match failure {
        // Whoever read the output had enough of it.
        Failure::BrokenPipe => Exit::InSync,
        _ => Exit::Error,
    }
}
