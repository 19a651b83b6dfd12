//! `driftline report`: the nightly report, in several forms at once, and kept in the history.

mod files;
mod keep;
mod night;
#[cfg(feature = "notify")]
mod tell;
#[cfg(not(feature = "notify"))]
#[path = "tell_nobody.rs"]
mod tell;

use std::collections::BTreeMap;
use std::path::PathBuf;

use crate::cli::acceptances;
use crate::cli::args::{CommonArguments, ReportArguments};
use crate::cli::candidates;
use crate::cli::diff;
use crate::cli::exit::Exit;
use crate::cli::failure::Failure;
use crate::cli::output::{self, Output};
use crate::cli::process::Process;
use crate::cli::session::Session;
use crate::cli::status;
use crate::compare::Row;
use crate::history::{Outcome, Past};
use crate::insight::Ended;
use crate::pipeline::{Picture, survey};
use crate::report::build::status_report;
use crate::report::candidates::CandidatesReport;
use crate::report::escape;
use crate::report::fixes::FixesReport;
use crate::report::model::StatusReport;
use crate::report::nightly::{
    FORMATS, FailOn, FocusFile, Format, Kept, NightlyReport, Parts, PatchReport, Screen, nightly_report,
};
use crate::report::style::Look;

/// Texts of more files would make a report that nobody reads; the others are named.
const TEXTS: usize = 40;

pub(crate) fn run(
    common: CommonArguments,
    process: Process,
    output: Output,
    arguments: &ReportArguments,
) -> Result<Exit, Failure> {
    let (session, others) = Session::open(common, process, output, &arguments.environments)?;
    session.refuse(&others)?;
    if arguments.notify_test {
        return tell::try_out(&session);
    }
    let is_told = !arguments.no_notify;
    if is_told {
        tell::check(&session)?;
    }
    let formats = formats(&session, arguments)?;
    let folder = arguments.out.as_ref().map(|folder| session.process.folder.join(folder));
    if let Some(folder) = &folder {
        session.keep_out(folder)?;
        files::prepare(folder)?;
    }
    let progress = session.progress();
    let config = &session.config;
    let surveyed = survey(&session.plan(), &config.fixes, &config.severities, &progress);
    let mut picture = surveyed.map_err(|error| Failure::because("the environments cannot be compared", &error))?;
    let candidates = candidates::of_report(&session, &mut picture);
    let about = status::about(&session, &picture, next(&session));
    let status = status_report(&picture.inputs(&config.focus), &picture.findings, about, &session.redactor);
    let judged = acceptances::judged(&session, &picture);
    let found = Made::new(&session, &picture, candidates, status);
    progress.clear();
    let notes = picture.collected.save();
    let night = night::night(&session, &picture, &found.status);
    let reasons = acceptances::reasons(&session);
    let reopened: BTreeMap<String, &'static str> =
        judged.ended.iter().map(|(id, ended)| (id.clone(), word(*ended))).collect();
    let make = |past: &Past, outcome: &Outcome, kept: Kept| {
        let parts = Parts {
            night: &night,
            outcome,
            past,
            kept,
            accepted: &reasons,
            reopened: &reopened,
            acceptances: acceptances::idle(&session, &judged, &night, outcome),
            focus: &session.config.focus,
            candidates: found.candidates.clone(),
            patches: found.patches.clone(),
            fixes: found.fixes.clone(),
            texts: found.texts.clone(),
            fail_on: FailOn {
                fresh: session.common.fail_on.fresh,
                severity: session.common.fail_on.severity(),
                allow_incomplete: session.common.allow_incomplete,
            },
        };
        nightly_report(found.status.clone(), parts)
    };
    let lay_out =
        |report: &NightlyReport| folder.as_ref().map(|folder| files::Staged::new(folder, &formats, report)).transpose();
    let (report, staged) = keep::keep(&session, &night, &judged.holding, &make, &lay_out)?;
    let written = staged.map_or(Ok(Vec::new()), files::Staged::put);
    show(&session, folder.is_none().then(|| formats[0]), &report)?;
    session.tell(&picture.collected.snapshots, &notes);
    let written = written?;
    tell(&session, &report, &written);
    let is_known = !is_told || tell::tell(&session, &report, &written);
    session.tell_work(picture.collected.counters());
    picture.collected.hang_up();
    Ok(match report.exit.status {
        _ if !is_known => Exit::Incomplete,
        0 => Exit::InSync,
        1 => Exit::Drift,
        _ => Exit::Incomplete,
    })
}

/// The forms that were asked for: for stdout one; for files all of them when none is named.
fn formats(session: &Session, arguments: &ReportArguments) -> Result<Vec<&'static Format>, Failure> {
    let mut formats: Vec<&'static Format> = Vec::new();
    for name in &session.common.formats {
        let known = FORMATS.iter().find(|format| format.name == name);
        formats.extend(known.filter(|known| formats.iter().all(|it| it.name != known.name)));
    }
    match (&arguments.out, formats.len()) {
        (None, 0) => Ok(FORMATS.iter().take(1).collect()),
        (Some(_), 0) => Ok(FORMATS.iter().collect()),
        (None, 2..) => {
            let names: Vec<&str> = formats.iter().map(|format| format.name).collect();
            Err(Failure::new(format!("{} cannot all be written to stdout", names.join(" and ")))
                .hint("name a folder for them: --out reports/"))
        }
        _ => Ok(formats),
    }
}

fn word(ended: Ended) -> &'static str {
    match ended {
        Ended::Expired => "acceptance-expired",
        Ended::Changed => "matter-changed",
    }
}

fn next(session: &Session) -> Vec<String> {
    session.command(&[b"status"]).into_iter().collect()
}

/// What does not depend on earlier nights.
struct Made {
    status: StatusReport,
    candidates: Option<CandidatesReport>,
    patches: Vec<PatchReport>,
    fixes: Option<FixesReport>,
    texts: Vec<FocusFile>,
}

impl Made {
    fn new(
        session: &Session,
        picture: &Picture<'_>,
        candidates: Option<(CandidatesReport, Vec<PatchReport>)>,
        mut status: StatusReport,
    ) -> Self {
        let snapshots = &picture.collected.snapshots;
        let focus = &session.config.focus;
        let is_focus = |row: &Row<'_>| {
            let path = row.path(snapshots);
            !row.is_folder && !row.is_in_sync() && focus.iter().any(|focus| path.is_within(focus))
        };
        let mut rows: Vec<Row<'_>> = picture.comparison.rows().filter(is_focus).collect();
        if rows.len() > TEXTS {
            let more = rows.len() - TEXTS;
            status
                .notes
                .push(format!("the texts of {more} more files in focus are not shown; driftline diff shows them"));
            rows.truncate(TEXTS);
        }
        let texts = FocusFile::all(&diff::text_view(session, &picture.collected, &picture.comparison, &rows));
        let (candidates, patches) = candidates.unzip();
        let known: Vec<_> = picture.fixes.iter().collect();
        let fixes = (!known.is_empty()).then(|| FixesReport::new(&known, snapshots, None, &session.redactor));
        Self { status, candidates, patches: patches.unwrap_or_default(), fixes, texts }
    }
}

/// Writes it to stdout; a summary for people where the forms go to files.
fn show(session: &Session, format: Option<&'static Format>, report: &NightlyReport) -> Result<(), Failure> {
    let screen = Screen { columns: session.output.width, styles: session.output.styles };
    let format = format.unwrap_or(&FORMATS[0]);
    output::data(|out| (format.write)(report, screen, out))?;
    Ok(())
}

/// Says what became of files and history.
fn tell(session: &Session, report: &NightlyReport, written: &[PathBuf]) {
    let styles = session.output.error_styles;
    output::aside(|out| {
        for file in written {
            let name = escape::name(file.as_os_str().as_encoded_bytes()).into_owned();
            writeln!(out, "{} {name}", styles.paint(Look::Dim, "wrote"))?;
        }
        let Some(because) = &report.run.because else { return Ok(()) };
        let what = match report.run.history {
            "read-only" => "this report is not in the history",
            _ => "the history could not be read, so all findings are called new",
        };
        writeln!(out, "{} {what}", styles.paint(Look::Alarm, "error:"))?;
        writeln!(out, "  caused by: {}", escape::text(because.as_bytes()))
    });
}
