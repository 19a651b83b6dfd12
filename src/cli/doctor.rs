//! `driftline doctor`: whether everything can be read, and what to do where it cannot.

use crate::cli::args::{CommonArguments, DoctorArguments, Format};
use crate::cli::exit::Exit;
use crate::cli::failure::Failure;
use crate::cli::output::{self, Output};
use crate::cli::process::Process;
use crate::cli::session::{Session, state_dir};
use crate::collect::{check_state, check_up};
#[cfg(feature = "notify")]
use crate::config::SecretPlace;
use crate::config::{Config, Notify};
#[cfg(feature = "notify")]
use crate::notify::find;
use crate::report::doctor::{self, doctor_report};
use crate::report::escape;
use crate::report::layout::counted;
use crate::snapshot::{Fix, Step, StepKind};

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
    let mut own = vec![Step::fine(StepKind::Configuration, configuration(&session.config)), state];
    own.extend(session.config.notify.iter().map(notify));
    let report = doctor_report(&own, &checkups, session.command(&[]), &session.redactor);
    output::data(|out| match session.common.format {
        Format::Json => escape::write_json(&report, out),
        Format::Text => doctor::text(&report, session.output.width, session.output.styles, out),
    })?;
    Ok(session.exit(None, !report.well))
}

/// Whether what it takes to tell somebody is there; nothing is sent.
#[cfg(feature = "notify")]
fn notify(target: &Notify) -> Step {
    let about = format!("{} ({})", target.name, target.kind());
    let what = if target.kind() == "webhook" { "its address" } else { "its password" };
    let place = match target.secret() {
        None => return Step::fine(StepKind::Notify, format!("{about}: takes no secret")),
        Some(SecretPlace::Variable(name)) => format!("`{name}`"),
        Some(SecretPlace::File(path)) => format!("`{}`", path.display()),
    };
    let secret = target.secret().map(|place| find(place, &|name| std::env::var_os(name))).transpose();
    match secret {
        Ok(_) => Step::fine(
            StepKind::Notify,
            format!("{about}: {what} is in {place}; to try: driftline report --notify-test"),
        ),
        Err(error) => Step::failed(StepKind::Notify, format!("{about}: {error}"), Some(Fix::words(error.hint()))),
    }
}

#[cfg(not(feature = "notify"))]
fn notify(target: &Notify) -> Step {
    let about = format!("{}: this driftline was built without notifications", target.name);
    let fix = Fix::words("install one that was built with the feature `notify`, which is on unless it was turned off");
    Step::failed(StepKind::Notify, about, Some(fix))
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
