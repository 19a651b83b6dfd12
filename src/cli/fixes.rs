//! `driftline fixes`: which environment has which known fix.

use std::ffi::OsString;
use std::os::unix::ffi::OsStrExt as _;

use crate::cli::args::{CommonArguments, FixesArguments, Format};
use crate::cli::exit::Exit;
use crate::cli::failure::Failure;
use crate::cli::output::{self, Output};
use crate::cli::process::Process;
use crate::cli::session::Session;
use crate::collect::collect;
use crate::config::Fix;
use crate::insight::Severity;
use crate::insight::fixes::KnownFix;
use crate::pipeline::find_fixes;
use crate::report::escape;
use crate::report::fixes::{FixesReport, Screen, evidence, matrix};

pub(crate) fn run(
    common: CommonArguments,
    process: Process,
    output: Output,
    arguments: &FixesArguments,
) -> Result<Exit, Failure> {
    let (session, words) = Session::open(common, process, output, &arguments.words)?;
    let chosen = chosen(&session, &words)?;
    let progress = session.progress();
    let collected = collect(&session.plan(), &progress);
    let collected = collected.map_err(|error| Failure::because("the environments cannot be looked at", &error))?;
    let known = find_fixes(&collected, &chosen);
    progress.clear();
    let lacked = known.iter().find(|known| !known.lacking().is_empty() || !known.unproven().is_empty());
    let next = lacked.filter(|_| words.is_empty());
    let next = next.and_then(|known| session.command(&[b"fixes", known.fix.id.as_bytes()]));
    let all: Vec<&KnownFix> = known.iter().collect();
    let report = FixesReport::new(&all, &collected.snapshots, next, &session.redactor);
    let screen = Screen { columns: session.output.width, styles: session.output.styles };
    output::data(|out| match session.common.format {
        Format::Json => escape::write_json(&report, out),
        Format::Text if words.is_empty() => matrix(&report, screen, out),
        Format::Text => evidence(&report, screen, out),
    })?;
    let notes = collected.save();
    session.tell(&collected.snapshots, &notes);
    session.tell_work(collected.counters());
    let is_lacked = known.iter().any(|known| !known.lacking().is_empty());
    let is_unread = collected.snapshots.iter().any(|snapshot| snapshot.unread_because().is_some());
    let is_incomplete = is_unread || known.iter().any(|known| !known.unproven().is_empty());
    Ok(session.exit(is_lacked.then_some(Severity::Warning), is_incomplete))
}

/// The fixes that are named, all when none is, in the order of the configuration.
fn chosen(session: &Session, words: &[OsString]) -> Result<Vec<Fix>, Failure> {
    let fixes = &session.config.fixes;
    for word in words {
        if !fixes.iter().any(|fix| fix.id.as_bytes() == word.as_bytes()) {
            let typed = escape::name(word.as_bytes());
            let failure = Failure::new(format!("`{typed}` is neither a fix nor an environment"));
            let ids: Vec<&str> = fixes.iter().map(|fix| fix.id.as_str()).collect();
            let known = if ids.is_empty() { "none".to_owned() } else { ids.join(", ") };
            return Err(failure.hint(format!("the fixes are: {known}; the environments: {}", session.names())));
        }
    }
    let is_chosen = |fix: &&Fix| words.is_empty() || words.iter().any(|word| word.as_bytes() == fix.id.as_bytes());
    Ok(fixes.iter().filter(is_chosen).cloned().collect())
}
