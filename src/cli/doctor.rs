//! `driftline doctor`: whether everything can be read, and what to do where it cannot.

use crate::cli::args::{CommonArguments, DoctorArguments, Format};
use crate::cli::exit::Exit;
use crate::cli::failure::Failure;
use crate::cli::output::{self, Output};
use crate::cli::process::Process;
use crate::cli::session::{Session, state_dir};
use crate::collect::{check_state, check_up};
use crate::config::Config;
use crate::report::doctor::{self, doctor_report};
use crate::report::escape;
use crate::report::layout::counted;
use crate::snapshot::{Step, StepKind};

pub(crate) fn run(
    common: CommonArguments,
    process: Process,
    output: Output,
    arguments: &DoctorArguments,
) -> Result<Exit, Failure> {
    let state = check_state(state_dir(&common, &process));
    // Nothing is made where nothing was: not even the key of this installation.
    let common = CommonArguments { no_state: true, ..common };
    let (session, others) = Session::open(common, process, output, &arguments.environments)?;
    session.refuse(&others)?;
    let progress = session.progress();
    let checked = check_up(&session.plan(), &progress);
    progress.clear();
    let checkups = checked.map_err(|error| Failure::because("the environments cannot be read", &error))?;
    let own = [Step::fine(StepKind::Configuration, configuration(&session.config)), state];
    let report = doctor_report(&own, &checkups, session.command(&[]), &session.redactor);
    output::data(|out| match session.common.format {
        Format::Json => escape::write_json(&report, out),
        Format::Text => doctor::text(&report, session.output.width, session.output.styles, out),
    })?;
    Ok(session.exit(None, !report.well))
}

/// What was understood of it; what is wrong in it has ended the run before.
fn configuration(config: &Config) -> String {
    let environments = counted(config.environments.len() as u64, "environment", "environments");
    let Some(file) = &config.file else { return format!("{environments} as typed") };
    let mut parts = vec![environments];
    let maps: usize = config.environments.iter().map(|environment| environment.map.pairs().len()).sum();
    for (number, one, many) in [
        (maps, "name mapped", "names mapped"),
        (config.ignore.len(), "ignore rule", "ignore rules"),
        (config.focus.len(), "path in focus", "paths in focus"),
    ] {
        if number > 0 {
            parts.push(counted(number as u64, one, many));
        }
    }
    format!("`{}`: {}", file.display(), parts.join(", "))
}
