//! `driftline candidates`: what one environment has and another lacks.

mod ends;
mod export;
mod show;

use std::ffi::OsString;

use crate::cli::args::{CandidatesArguments, CommonArguments, Format};
use crate::cli::exit::Exit;
use crate::cli::failure::Failure;
use crate::cli::output::{self, Output};
use crate::cli::process::Process;
use crate::cli::session::{Session, find_environment};
use crate::insight::Severity;
use crate::insight::candidates::{Candidate, Candidates, Question, Target, find};
use crate::insight::verdict::Verdict;
use crate::path::EnvironmentName;
use crate::pipeline::{self, Picture, look_for_candidates, look_into_candidates, survey};
use crate::report::candidates::{About, CandidatesReport, not_looked, report, short_ids, unread, write};
use crate::report::escape;
use crate::report::nightly::PatchReport;
use crate::snapshot::{IncidentKind, Snapshot};

pub(crate) fn run(
    common: CommonArguments,
    process: Process,
    output: Output,
    arguments: &CandidatesArguments,
) -> Result<Exit, Failure> {
    let mut words = arguments.words.clone();
    let shown = match words.iter().position(|word| word == "show") {
        None => None,
        Some(at) if at + 1 < words.len() => words.drain(at..at + 2).nth(1),
        Some(_) => {
            return Err(
                Failure::new("show which candidate?").hint("name one of the listing: driftline candidates show f1")
            );
        }
    };
    let (session, others) = Session::open(common, process, output, &words)?;
    if let Some(word) = others.first() {
        return Err(no_environment(word));
    }
    let asked = Asked::new(&session, arguments)?;
    let progress = session.progress();
    let surveyed = survey(&session.plan(), &[], &session.config.severities, &progress);
    let mut picture = surveyed.map_err(|error| Failure::because("the environments cannot be compared", &error))?;
    let pairs = asked.pairs(&picture.collected.snapshots);
    if pairs != pipeline::pairs(&picture.collected.snapshots) {
        // A unit has the number that it has on the first screen.
        look_for_candidates(&mut picture, &session.asked());
    }
    let mut candidates = with_question(&session, &picture, &pairs, find);
    candidates.numbered.clone_from(&picture.candidates.order);
    progress.clear();
    match (&shown, &arguments.export, &pairs[..]) {
        (_, Some(_), []) => export::nothing(&session, arguments, &picture)?,
        (_, Some(folder), [pair, ..]) => {
            let only = shown.map(|id| show::named(&id, &candidates)).transpose()?;
            export::export(&session, arguments, folder, &picture, *pair, (&candidates, only))?;
        }
        (Some(id), None, _) => show::show(&session, arguments, id, &picture, &pairs, &candidates)?,
        (None, None, _) => list(&session, arguments, &picture, &pairs, &candidates)?,
    }
    let notes = picture.collected.save();
    session.tell(&picture.collected.snapshots, &notes);
    session.tell_work(picture.collected.counters());
    let exit = exit(&session, &picture, &candidates);
    picture.collected.hang_up();
    Ok(exit)
}

fn no_environment(word: &OsString) -> Failure {
    let word = escape::name(word.as_encoded_bytes()).into_owned();
    Failure::new(format!("`{word}` is no environment"))
        .hint("name a configured one, or write NAME=SOURCE, for instance prod=/var/www/app")
        .hint("one candidate is shown by: driftline candidates show f1")
}

/// Which pairs are asked about.
struct Asked {
    from: Option<usize>,
    to: Option<usize>,
}

impl Asked {
    fn new(session: &Session, arguments: &CandidatesArguments) -> Result<Self, Failure> {
        let find =
            |name: &Option<String>| name.as_ref().map(|name| find_environment(&session.config, name)).transpose();
        let (from, to) = (find(&arguments.from)?, find(&arguments.to)?);
        if from.is_some() && from == to {
            return Err(Failure::new("`--from` and `--to` name one environment, which lacks nothing that it has"));
        }
        if session.config.environments.len() < 2 {
            return Err(Failure::new("there is one environment alone, and candidates need two")
                .hint("name another one, for instance staging=/srv/staging/app"));
        }
        Ok(Self { from, to })
    }

    /// In order; without environments of which nothing is known.
    fn pairs(&self, snapshots: &[Snapshot]) -> Vec<(usize, usize)> {
        let all = pipeline::pairs(snapshots).into_iter();
        all.filter(|&(from, to)| self.from.is_none_or(|it| it == from) && self.to.is_none_or(|it| it == to)).collect()
    }
}

/// What one environment has and another lacks, as far as a first look goes, and what of it applies as patches; `None` where there are no two
/// environments. What the rules say is in the picture then.
pub(crate) fn of_report(session: &Session, picture: &mut Picture<'_>) -> Option<(CandidatesReport, Vec<PatchReport>)> {
    let names: Vec<EnvironmentName> =
        picture.collected.snapshots.iter().map(|snapshot| snapshot.environment.clone()).collect();
    let found = look_into_candidates(picture, &session.asked(), |picture, candidates| {
        let pairs = pipeline::pairs(&picture.collected.snapshots);
        let about = About { environments: &names, pairs: &pairs, all: false, unread: Vec::new(), next: Vec::new() };
        let report = report(candidates, about, &session.redactor);
        (report, export::reports(session, picture, &pairs, candidates))
    });
    let all = session.command(&[b"candidates"]).into_iter().collect();
    let found = found.unwrap_or_else(|| (not_looked(&picture.candidates, &names, all), Vec::new()));
    (names.len() > 1).then_some(found)
}

/// Calls `then` with what is needed to find candidates.
pub(crate) fn with_question<T>(
    session: &Session,
    picture: &Picture<'_>,
    pairs: &[(usize, usize)],
    then: impl FnOnce(&Question<'_>) -> T,
) -> T {
    pipeline::with_question(picture, &session.asked(), pairs, then)
}

fn list(
    session: &Session,
    arguments: &CandidatesArguments,
    picture: &Picture<'_>,
    pairs: &[(usize, usize)],
    candidates: &Candidates,
) -> Result<(), Failure> {
    let names: Vec<EnvironmentName> =
        picture.collected.snapshots.iter().map(|snapshot| snapshot.environment.clone()).collect();
    let about = |all| About {
        environments: &names,
        pairs,
        all,
        unread: unread(&picture.collected.snapshots, &session.redactor),
        next: next(session, arguments, candidates),
    };
    match session.common.format {
        Format::Json => {
            let report = report(candidates, about(arguments.all), &session.redactor);
            output::data(|out| escape::write_json(&report, out))?;
        }
        Format::Text => {
            // What is everywhere is named in a line, so the text needs all of it.
            let report = report(candidates, about(true), &session.redactor);
            output::data(|out| write(&report, arguments.all, session.output.width, session.output.styles, out))?;
        }
    }
    Ok(())
}

/// A look at the first one, and patches of all where one pair was asked about.
fn next(session: &Session, arguments: &CandidatesArguments, candidates: &Candidates) -> Vec<String> {
    let is_open = |first: &&Candidate| !first.is_everywhere() && !first.is_bookkeeping;
    let Some(first) = candidates.units.first().filter(is_open) else { return Vec::new() };
    let names = short_ids(candidates);
    let name = names.get(&first.unit.id).map_or("f1", String::as_str);
    let mut words: Vec<&[u8]> = vec![b"candidates", b"show", name.as_bytes()];
    for (option, name) in [(&b"--from"[..], &arguments.from), (b"--to", &arguments.to)] {
        if let Some(name) = name {
            words.extend([option, name.as_bytes()]);
        }
    }
    let mut commands: Vec<String> = session.command(&words).into_iter().collect();
    if let (Some(from), Some(to)) = (&arguments.from, &arguments.to) {
        let fits = |it: &Candidate| !it.is_bookkeeping && it.targets.iter().any(Target::is_absent_and_fits);
        let words = [&b"candidates"[..], b"--from", from.as_bytes(), b"--to", to.as_bytes(), b"--export", b"patches/"];
        commands.extend(session.command(&words).filter(|_| candidates.units.iter().any(fits)));
    }
    commands
}

fn exit(session: &Session, picture: &Picture<'_>, candidates: &Candidates) -> Exit {
    let lacks = |verdict: &Verdict| matches!(verdict, Verdict::Absent | Verdict::Partly { .. });
    let shown = candidates.units.iter().filter(|candidate| !candidate.is_bookkeeping);
    let is_lacking = shown.flat_map(|it| &it.targets).any(|target| lacks(&target.judgement.verdict));
    let is_gap = |snapshot: &Snapshot| snapshot.incidents.iter().any(|it| it.kind != IncidentKind::Note);
    let is_incomplete = !candidates.failures.is_empty() || picture.collected.snapshots.iter().any(is_gap);
    session.exit(is_lacking.then_some(Severity::Warning), is_incomplete)
}
