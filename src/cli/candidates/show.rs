//! `driftline candidates show ID`: one of them, with its texts.

use std::ffi::OsString;
use std::os::unix::ffi::OsStrExt as _;

use super::with_question;
use crate::cli::args::{CandidatesArguments, Format};
use crate::cli::failure::Failure;
use crate::cli::output;
use crate::cli::session::Session;
use crate::compare::text::{Document, Limits, Redacted};
use crate::insight::candidates::{Candidate, Candidates, Named, Question, Target};
use crate::insight::units::{FileChange, Side};
use crate::insight::verdict::Verdict;
use crate::path::{EnvironmentName, TreePath};
use crate::pipeline::{self, Picture};
use crate::report::candidates::{About, Shown, ShownFile, ThreeWay, json, report, short_ids, write_shown};
use crate::report::escape;
use crate::report::model::PathReport;
use crate::report::wording::Words;
use crate::snapshot::BlobKind;

/// So much of a lasting name stands in a command.
const DIGITS: usize = 12;

/// Which of the candidates a word names.
pub(super) fn named(id: &OsString, candidates: &Candidates) -> Result<usize, Failure> {
    let names = short_ids(candidates);
    let word = escape::name(id.as_bytes()).into_owned();
    match id.to_str().map_or(Named::None, |id| candidates.named(id, &names)) {
        Named::One(at) => Ok(at),
        Named::None => Err(Failure::new(format!("there is no candidate `{word}`"))
            .hint("list them, with the same --from and --to: driftline candidates")),
        Named::Several(count) => {
            Err(Failure::new(format!("{count} candidates begin with `{word}`")).hint("name more of it"))
        }
    }
}

pub(super) fn show(
    session: &Session,
    arguments: &CandidatesArguments,
    id: &OsString,
    picture: &Picture<'_>,
    pairs: &[(usize, usize)],
    candidates: &Candidates,
) -> Result<(), Failure> {
    let at = named(id, candidates)?;
    let candidate = &candidates.units[at];
    let environments: Vec<EnvironmentName> =
        picture.collected.snapshots.iter().map(|snapshot| snapshot.environment.clone()).collect();
    let about = About { environments: &environments, pairs, all: true, unread: Vec::new(), next: Vec::new() };
    let mut units = report(candidates, about, &session.redactor).units;
    let names = units.iter().map(|unit| (unit.id.clone(), format!("{} ({})", unit.short, unit.title))).collect();
    let unit = units.swap_remove(at);
    let texts = Texts { session, candidate };
    let (files, three_way) = with_question(session, picture, pairs, |question| {
        let files = candidate.unit.changes.iter().map(|change| texts.file(change, question)).collect();
        (files, texts.three_way(question, candidates, &environments))
    });
    let words = Words { snapshots: &picture.collected.snapshots, now: session.process.now.seconds };
    let age = candidate.unit.authored.map(|made| words.age(made));
    // Without a first look, the listing of one pair has numbers of its own.
    let is_numbered = pairs.len() == 1 || pipeline::is_looked_at(picture, &session.asked());
    let name = if is_numbered { &unit.short } else { &unit.id[..DIGITS] };
    let next = next(session, arguments, name, candidate, &environments);
    let shown = Shown { unit, age, files, three_way, names, next };
    output::data(|out| match session.common.format {
        Format::Json => escape::write_json(&json(&shown), out),
        Format::Text => write_shown(&shown, session.output.styles, out),
    })?;
    Ok(())
}

/// Its patch, with those that it needs, for the first target that lacks it.
fn next(
    session: &Session,
    arguments: &CandidatesArguments,
    shown: &str,
    candidate: &Candidate,
    environments: &[EnvironmentName],
) -> Vec<String> {
    let is_lacking = |target: &&Target| {
        let is_absent = target.judgement.verdict == Verdict::Absent;
        target.is_absent_and_fits() || is_absent && !target.needs.is_empty()
    };
    let lacking = candidate.targets.iter().find(is_lacking);
    let Some(to) = lacking.map(|target| environments[target.judgement.target].as_str()) else { return Vec::new() };
    let from = environments[candidate.unit.from].as_str();
    let to = arguments.to.as_deref().unwrap_or(to);
    let name = shown.as_bytes();
    let words = [
        &b"candidates"[..],
        b"show",
        name,
        b"--from",
        from.as_bytes(),
        b"--to",
        to.as_bytes(),
        b"--export",
        b"patches/",
    ];
    session.command(&words).into_iter().collect()
}

struct Texts<'a> {
    session: &'a Session,
    candidate: &'a Candidate,
}

impl Texts<'_> {
    fn file(&self, change: &FileChange, question: &Question<'_>) -> ShownFile {
        let path = PathReport::from(change.path());
        let notes = notes(change);
        let sides = [&change.before, &change.after];
        if sides.into_iter().flatten().any(|side| self.session.redactor.is_sensitive(&side.path)) {
            let because = Some("it holds secrets, and is not shown");
            return ShownFile { path, notes, sides: [None, None], because };
        }
        let texts = sides.map(|side| side.as_ref().map(|side| self.text(side, question)));
        if texts.iter().flatten().any(Option::is_none) {
            return ShownFile {
                path,
                notes,
                sides: [None, None],
                because: Some("it is no text, or too large, or not readable"),
            };
        }
        let is_same = change.before.as_ref().zip(change.after.as_ref()).is_some_and(|(a, b)| a.version == b.version);
        let because = is_same.then_some("its content stays the same");
        ShownFile { path, notes, sides: texts.map(Option::flatten), because }
    }

    /// Each file that a target lacking the unit has, under whatever name.
    fn three_way(
        &self,
        question: &Question<'_>,
        candidates: &Candidates,
        environments: &[EnvironmentName],
    ) -> Vec<ThreeWay> {
        let mut views = Vec::new();
        let open = self.candidate.targets.iter().filter(|target| target.judgement.verdict != Verdict::Present);
        for target in open.map(|target| target.judgement.target) {
            for change in &self.candidate.unit.changes {
                let (Some(before), Some(after)) = (&change.before, &change.after) else { continue };
                if [before, after].into_iter().any(|side| self.session.redactor.is_sensitive(&side.path)) {
                    continue;
                }
                let moved = || candidates.place(&self.candidate.unit, change, target, &question.reading);
                let there = |path: &TreePath| question.sources.present(target, path);
                let present = there(&before.path).or_else(|| there(&after.path)).or_else(|| there(&moved()?));
                let Some(present) = present else { continue };
                if self.session.redactor.is_sensitive(&present.path) {
                    continue;
                }
                let texts = [before, &present, after].map(|side| self.text(side, question));
                if let [Some(base), Some(ours), Some(theirs)] = texts {
                    let target = environments[target].to_string();
                    let path = PathReport::from(&present.path);
                    views.push(ThreeWay { target, path, texts: [base, ours, theirs] });
                }
            }
        }
        views
    }

    fn text(&self, side: &Side, question: &Question<'_>) -> Option<Redacted> {
        let content = question.sources.text(side)?;
        let document = Document::new(content, Limits::default()).ok()?;
        Some(self.session.redactor.document(&side.path, document))
    }
}

/// What happens to a file beside its lines.
fn notes(change: &FileChange) -> Vec<String> {
    let (Some(before), Some(after)) = (&change.before, &change.after) else {
        return vec![if change.before.is_none() { "new file" } else { "goes away" }.to_owned()];
    };
    let renamed = change.renamed_from().map(|from| format!("was {} before", escape::name(from.as_bytes())));
    let kind = (before.kind != after.kind).then(|| {
        match (before.kind, after.kind) {
            (BlobKind::File, BlobKind::Executable) => "becomes executable",
            (BlobKind::Executable, BlobKind::File) => "is no longer executable",
            (_, BlobKind::Link) => "becomes a link",
            (_, BlobKind::Submodule) => "becomes the place of another repository",
            (_, BlobKind::File | BlobKind::Executable) => "becomes a file",
        }
        .to_owned()
    });
    renamed.into_iter().chain(kind).collect()
}
