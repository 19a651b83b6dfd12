//! `driftline status`: who differs from whom, at a glance.

use crate::cli::acceptances;
use crate::cli::args::{CommonArguments, Format, StatusArguments};
use crate::cli::exit::Exit;
use crate::cli::failure::Failure;
use crate::cli::output::{self, Output};
use crate::cli::process::Process;
use crate::cli::session::Session;
use crate::insight::Finding;
use crate::pipeline::{Picture, look_for_candidates, survey};
use crate::report::build::{About, status_report};
use crate::report::layout::counted;
use crate::report::{escape, terminal};

pub(crate) fn run(
    common: CommonArguments,
    process: Process,
    output: Output,
    arguments: &StatusArguments,
) -> Result<Exit, Failure> {
    let (session, others) = Session::open(common, process, output, &arguments.environments)?;
    if let Some(word) = others.first() {
        let word = word.to_string_lossy();
        return Err(Failure::new(format!("`{word}` is neither a command nor an environment"))
            .hint(format!("an environment is NAME=SOURCE, for instance prod={word}, or one of: {}", session.names()))
            .hint(format!("to look at a file: driftline diff {word}")));
    }
    show(&session, |picture| next(&session, picture))
}

/// Looks, and shows what was found with what to type next.
pub(crate) fn show(session: &Session, next: impl FnOnce(&Picture<'_>) -> Vec<String>) -> Result<Exit, Failure> {
    let progress = session.progress();
    let surveyed = survey(&session.plan(), &session.config.fixes, &session.config.severities, &progress);
    let looked = surveyed.map(|mut picture| {
        look_for_candidates(&mut picture, &session.asked());
        picture
    });
    progress.clear();
    let mut picture = looked.map_err(|error| Failure::because("the environments cannot be compared", &error))?;
    let accepted = acceptances::judged(session, &picture).holding;
    let all = picture.findings.len();
    picture.findings.retain(|finding| !accepted.contains(&finding.id.to_string()));
    let notes = picture.collected.save();
    let about = about(session, &picture, next(&picture));
    let mut report = status_report(&picture.inputs(&session.config.focus), &picture.findings, about, &session.redactor);
    let left_out = all - picture.findings.len();
    if left_out > 0 {
        let count = counted(left_out as u64, "accepted finding is", "accepted findings are");
        report.notes.push(format!("{count} not listed"));
    }
    match session.common.format {
        Format::Json => output::data(|out| escape::write_json(&report, out))?,
        Format::Text => {
            output::data(|out| terminal::status(&report, session.output.width, session.output.styles, out))?;
        }
    }
    session.tell(&picture.collected.snapshots, &notes);
    session.tell_work(picture.collected.counters());
    // What could not be judged of candidates is said on the screen; the comparison is whole without it, and `candidates` ends as incomplete.
    let gaps = picture.findings.iter().any(Finding::is_incomplete);
    let judged = picture.findings.iter().filter(|finding| !finding.is_incomplete());
    let exit = session.exit(judged.map(|finding| finding.severity).max(), gaps);
    // The process ends soon: giving back millions of small pieces one by one would only make the user wait.
    picture.collected.hang_up();
    std::mem::forget((picture, report));
    Ok(exit)
}

/// What a report says beside what was found.
pub(crate) fn about(session: &Session, picture: &Picture<'_>, next: Vec<String>) -> About {
    let config = &session.config;
    About {
        project: session.project(),
        baseline: config.baseline.as_ref().map(ToString::to_string),
        roles: config.environments.iter().map(|environment| environment.role.clone()).collect(),
        maps: config.environments.iter().map(|environment| environment.map.clone()).collect(),
        now: session.process.now.seconds,
        counters: picture.collected.counters(),
        candidates: session.command(&[b"candidates"]),
        next,
    }
}

/// A look at the most important text that drifts, in the fewest words that find it.
fn next(session: &Session, picture: &Picture<'_>) -> Vec<String> {
    let of_content = picture.findings.iter().filter(|finding| finding.code == "content-differs");
    let paths = of_content.filter_map(|finding| finding.path.as_ref());
    let first = paths.into_iter().find_map(|path| session.command(&[b"diff", path.as_bytes()]));
    let all = session.command(&[b"diff", b"--all"]);
    // Where folders have two names, everything in them seems to differ; that comes first.
    if let Some(largest) = picture.maps.iter().max_by_key(|proposal| proposal.equal + proposal.quiet) {
        let explain = session.command(&[b"explain", largest.here.as_bytes()]);
        return explain.into_iter().chain(first).collect();
    }
    if picture.comparison.rows().any(|row| row.is_drift()) {
        first.into_iter().chain(all).collect()
    } else {
        Vec::new()
    }
}
