//! `driftline candidates --export DIR`: what is absent and applies, as patches in the target's own paths.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io::{self, Write as _};
use std::os::unix::ffi::OsStrExt as _;
use std::path::Path;

use serde::Serialize;

use super::ends::Ends;
use super::with_question;
use crate::cli::args::{CandidatesArguments, Format};
use crate::cli::failure::Failure;
use crate::cli::output;
use crate::cli::session::Session;
use crate::insight::candidates::{Candidate, Candidates, Series, WhyLeftOut, series};
use crate::insight::units::UnitId;
use crate::insight::verdict::{ReplayedFile, Verdict};
use crate::path::TreePath;
use crate::pipeline::Picture;
use crate::report::candidates::{conflict_words, short_ids};
use crate::report::escape;
use crate::report::layout::counted;
use crate::report::nightly::PatchReport;
use crate::report::patch::{Mail, Refused, Writer, mail};
use crate::report::style::Look;
use crate::snapshot::{CommitReader as _, GitState};

/// The name of the list of patches.
const SERIES: &str = "series";

/// What was written, and what was not.
#[derive(Debug, Serialize)]
struct Report {
    /// `driftline-export`.
    format: &'static str,
    /// 1.
    version: u32,
    from: String,
    to: String,
    /// Why nothing was written at all; else null.
    because: Option<String>,
    /// In the order in which they are applied.
    written: Vec<Written>,
    left_out: Vec<LeftOut>,
    next: Vec<String>,
}

#[derive(Debug, Serialize)]
struct Written {
    id: String,
    short: String,
    file: String,
    title: String,
}

#[derive(Debug, Serialize)]
struct LeftOut {
    id: String,
    short: String,
    title: String,
    why: String,
}

/// Writes a patch for each unit that is absent and applies, in an order in which they can be applied, and a file `series` with their names. With
/// the number of one unit, that one alone and those that it needs.
///
/// # Errors
/// When the one unit cannot be exported; then nothing is written.
pub(super) fn export(
    session: &Session,
    arguments: &CandidatesArguments,
    folder: &Path,
    picture: &Picture<'_>,
    (from, to): (usize, usize),
    (candidates, only): (&Candidates, Option<usize>),
) -> Result<(), Failure> {
    let place = session.process.folder.join(folder);
    session.keep_out(&place)?;
    let names = short_ids(candidates);
    let chosen = only.map(|at| candidates.with_needs([at], to));
    let chosen: Option<BTreeSet<UnitId>> =
        chosen.map(|all| all.into_iter().map(|at| candidates.units[at].unit.id).collect());
    let is_wanted = |it: &Candidate| chosen.as_ref().is_none_or(|chosen| chosen.contains(&it.unit.id));
    let Patches { files, left_out } = patches(session, picture, (from, to), candidates, &is_wanted);
    if let Some(only) = only.filter(|only| !files.iter().any(|patch| patch.candidate == *only)) {
        let candidate = &candidates.units[only];
        let is_there = candidate.target(to).is_none_or(|target| target.judgement.verdict == Verdict::Present);
        let why = match left_out.into_iter().find(|(at, _)| *at == only) {
            Some((_, why)) => why,
            None if is_there => format!("{} has it", session.config.environments[to].name),
            None => "it changes nothing but changelogs and lock files".to_owned(),
        };
        let name = names.get(&candidate.unit.id).map_or("the candidate", String::as_str);
        return Err(Failure::new(format!("{name} is not exported: {why}"))
            .hint(format!("look at it: driftline candidates show {name}")));
    }
    let listing: String = files.iter().map(|patch| format!("{}\n", patch.name)).collect();
    let mut all: Vec<(&str, &[u8])> = files.iter().map(|patch| (patch.name.as_str(), &patch.bytes[..])).collect();
    all.push((SERIES, listing.as_bytes()));
    put(&place, &all, arguments.force)?;
    let about = |at: usize| about(session, &names, &candidates.units[at]);
    let name = |at: usize| session.config.environments[at].name.to_string();
    let report = Report {
        format: "driftline-export",
        version: 1,
        from: name(from),
        to: name(to),
        because: None,
        written: files
            .iter()
            .map(|patch| {
                let (id, short, title) = about(patch.candidate);
                Written { id, short, title, file: patch.name.clone() }
            })
            .collect(),
        left_out: left_out
            .into_iter()
            .map(|(at, why)| {
                let (id, short, title) = about(at);
                LeftOut { id, short, title, why }
            })
            .collect(),
        next: if files.is_empty() { Vec::new() } else { next(picture, to, &place, &files) },
    };
    let styles = session.output.styles;
    output::data(|out| match session.common.format {
        Format::Json => escape::write_json(&report, out),
        Format::Text => {
            let count = counted(report.written.len() as u64, "patch", "patches");
            let head = format!("{} -> {}", report.from, report.to);
            let into = escape::name(folder.as_os_str().as_bytes());
            writeln!(out, "{}     {count} in {into}", styles.paint(Look::Heading, head))?;
            for Written { short, file, title, .. } in &report.written {
                writeln!(out, "  {short}  {file}  {}", escape::text(title.as_bytes()))?;
            }
            for LeftOut { short, title, why, .. } in &report.left_out {
                let line = format!("  left out: {short}  {}  {why}", escape::text(title.as_bytes()));
                writeln!(out, "{}", styles.paint(Look::Dim, line))?;
            }
            for (at, command) in report.next.iter().enumerate() {
                let lead = if at == 0 { "\nnext: " } else { "      " };
                writeln!(out, "{lead}{}", styles.paint(Look::Command, command))?;
            }
            Ok(())
        }
    })?;
    Ok(())
}

/// Says that there are no patches, since one of the two environments could not be read.
pub(super) fn nothing(
    session: &Session,
    arguments: &CandidatesArguments,
    picture: &Picture<'_>,
) -> Result<(), Failure> {
    let [from, to] = [&arguments.from, &arguments.to].map(|name| name.clone().unwrap_or_default());
    let unread = picture.collected.snapshots.iter().find(|snapshot| {
        let name = snapshot.environment.as_str();
        (name == from || name == to) && snapshot.unread_because().is_some()
    });
    let because = unread.map_or_else(String::new, |it| format!("{} could not be read", it.environment));
    let report = Report {
        format: "driftline-export",
        version: 1,
        from,
        to,
        because: Some(because.clone()),
        written: Vec::new(),
        left_out: Vec::new(),
        next: Vec::new(),
    };
    output::data(|out| match session.common.format {
        Format::Json => escape::write_json(&report, out),
        Format::Text => writeln!(out, "{} -> {}     no patch is written: {because}", report.from, report.to),
    })?;
    Ok(())
}

fn about(session: &Session, names: &BTreeMap<UnitId, String>, candidate: &Candidate) -> (String, String, String) {
    let unit = &candidate.unit;
    let short = names.get(&unit.id).cloned().unwrap_or_default();
    (unit.id.to_string(), short, session.redactor.words(&unit.title).into_owned())
}

struct Patches {
    files: Vec<Patch>,
    /// Candidates by number, with why they are none.
    left_out: Vec<(usize, String)>,
}

struct Patch {
    candidate: usize,
    name: String,
    bytes: Vec<u8>,
    is_mail: bool,
    has_cr: bool,
}

/// Candidates for which `is_wanted` does not hold are left out without a word.
fn patches(
    session: &Session,
    picture: &Picture<'_>,
    pair: (usize, usize),
    candidates: &Candidates,
    is_wanted: &dyn Fn(&Candidate) -> bool,
) -> Patches {
    let snapshot = &picture.collected.snapshots[pair.1];
    let prefix = match &snapshot.git {
        GitState::Checkout(status) => status.prefix.clone(),
        _ => None,
    };
    let map = &session.config.environments[pair.1].map;
    let name = |path: &TreePath| {
        let here = map.to_here(path);
        prefix.as_ref().map_or_else(|| here.as_bytes().to_vec(), |it| [it.as_bytes(), here.as_bytes()].join(&b'/'))
    };
    let writer = Writer {
        name: &name,
        has_git: matches!(snapshot.git, GitState::Checkout(_) | GitState::Commit { .. }),
        is_sensitive: &|path| session.redactor.is_sensitive(path),
        redactor: &session.redactor,
    };
    let unwanted = |(at, candidate): (usize, &Candidate)| (!is_wanted(candidate)).then_some(at);
    let unwanted: BTreeSet<usize> = candidates.units.iter().enumerate().filter_map(unwanted).collect();
    let mut refused: BTreeMap<usize, String> = BTreeMap::new();
    // What is refused is not there for the steps after it either.
    loop {
        let without: BTreeSet<usize> = refused.keys().chain(&unwanted).copied().collect();
        let Series { steps, left_out } =
            with_question(session, picture, &[pair], |question| series(question, candidates, pair, &without));
        let (mut files, mut ends) = (Vec::new(), Ends::new(picture, pair.1));
        let before = refused.len();
        for step in &steps {
            let candidate = &candidates.units[step.candidate];
            match patch(session, picture, candidate, &ends.committed(&step.files), &writer) {
                Ok((bytes, is_mail)) => {
                    let name = file_name(files.len() + 1, &session.redactor.words(&candidate.unit.title));
                    let has_cr = bytes.windows(2).any(|pair| pair == b"\r\n");
                    files.push(Patch { candidate: step.candidate, name, bytes, is_mail, has_cr });
                }
                Err(why) => {
                    refused.insert(step.candidate, why);
                }
            }
        }
        if refused.len() == before {
            // What a sensitive file holds is sealed, so nothing that is said about applying to it means anything.
            let why = |candidate: usize, why: &WhyLeftOut| {
                let changes = candidates.units[candidate].unit.changes.iter();
                let mut sides = changes.flat_map(|change| [&change.before, &change.after]).flatten();
                match sides.find(|side| session.redactor.is_sensitive(&side.path)) {
                    Some(side) => refusal(Refused::Sensitive(side.path.clone())),
                    None => words(session, why),
                }
            };
            let mut left_out: Vec<(usize, String)> =
                left_out.iter().map(|it| (it.candidate, why(it.candidate, &it.why))).collect();
            left_out.extend(refused);
            left_out.sort();
            return Patches { files, left_out };
        }
    }
}

fn words(session: &Session, why: &WhyLeftOut) -> String {
    match why {
        WhyLeftOut::Partly => "some of it is there already".to_owned(),
        WhyLeftOut::Unproven => "it is not known whether it is there".to_owned(),
        WhyLeftOut::TakenBack => "it was taken back, and the target has neither".to_owned(),
        WhyLeftOut::Conflict(conflicts) => conflict_words(conflicts),
        WhyLeftOut::Done => "a patch before it does the same".to_owned(),
        WhyLeftOut::Unreadable(words) => escape::text(session.redactor.words(words).as_bytes()).into_owned(),
    }
}

fn refusal(refused: Refused) -> String {
    let name = |path: TreePath| escape::name(path.as_bytes()).into_owned();
    match refused {
        Refused::Sensitive(path) => format!("`{}` holds secrets", name(path)),
        Refused::Secret(path, line) => format!("what looks like a secret is in `{}`, line {line}", name(path)),
        Refused::SecretInBinary(path) => format!("what looks like a secret is in `{}`, which is no text", name(path)),
        Refused::Binary(path) => format!("`{}` is no text, and only git applies that: copy the file", name(path)),
        Refused::Repository(path) => format!("`{}` lies in a repository's own folder", name(path)),
    }
}

fn patch(
    session: &Session,
    picture: &Picture<'_>,
    candidate: &Candidate,
    files: &[ReplayedFile],
    writer: &Writer<'_>,
) -> Result<(Vec<u8>, bool), String> {
    let unit = &candidate.unit;
    let diff = writer.diff(files).map_err(refusal)?;
    if let Some(commit) = unit.commit() {
        let failed = |failure: crate::snapshot::ReadFailure| escape::text(failure.to_string().as_bytes()).into_owned();
        let message = picture.collected.message(unit.from, commit).map_err(failed)?;
        let author = picture.collected.author(unit.from, commit).map_err(failed)?;
        for text in [&message, &author] {
            if matches!(session.redactor.words(&String::from_utf8_lossy(text)), Cow::Owned(_)) {
                return Err("what looks like a secret is in its message".to_owned());
            }
        }
        let name = commit.to_string();
        return Ok((mail(Mail { commit: &name, author: &author, message: &message }, &diff), true));
    }
    let from = &session.config.environments[unit.from].name;
    let title = session.redactor.words(&unit.title);
    let head = format!("Subject: {}\nIt is in {from}, in no commit: {}\n\n", escape::name(title.as_bytes()), unit.id);
    Ok(([head.as_bytes(), &diff].concat(), false))
}

/// What is listed, absent and applies as patches for each target, in the order of the candidates, then of the targets; with why others are none.
pub(super) fn reports(
    session: &Session,
    picture: &Picture<'_>,
    pairs: &[(usize, usize)],
    candidates: &Candidates,
) -> Vec<PatchReport> {
    let is_listed = |candidate: &Candidate| !candidate.is_everywhere() && !candidate.is_bookkeeping;
    let mut reports = Vec::new();
    for &(from, to) in pairs {
        let Patches { files, left_out } = patches(session, picture, (from, to), candidates, &is_listed);
        let name = session.config.environments[to].name.to_string();
        let id = |candidate: usize| candidates.units[candidate].unit.id.to_string();
        for Patch { candidate, bytes, .. } in files {
            let (patch, refused) = match String::from_utf8(bytes) {
                Ok(patch) => (Some(patch), None),
                Err(_) => (None, Some("it is not in UTF-8: export it".to_owned())),
            };
            reports.push(((candidate, to), PatchReport { id: id(candidate), to: name.clone(), patch, refused }));
        }
        for (candidate, why) in left_out {
            let report = PatchReport { id: id(candidate), to: name.clone(), patch: None, refused: Some(why) };
            reports.push(((candidate, to), report));
        }
    }
    reports.sort_by_key(|(order, _)| *order);
    reports.into_iter().map(|(_, report)| report).collect()
}

/// Numbered, so that the order by name is the order of the series.
fn file_name(number: usize, title: &str) -> String {
    let mut slug = String::new();
    for c in title.chars().flat_map(char::to_lowercase) {
        if c.is_ascii_alphanumeric() {
            slug.push(c);
        } else if !slug.ends_with('-') && !slug.is_empty() {
            slug.push('-');
        }
        if slug.len() >= 48 {
            break;
        }
    }
    let slug = slug.trim_end_matches('-');
    format!("{number:04}-{}.patch", if slug.is_empty() { "change" } else { slug })
}

/// Writes all files or none that is in the way: what is there is replaced only by force.
fn put(folder: &Path, files: &[(&str, &[u8])], force: bool) -> Result<(), Failure> {
    let shown = escape::name(folder.as_os_str().as_bytes()).into_owned();
    let failed = |error: io::Error| {
        Failure::because(format!("cannot write patches to `{shown}`"), &error)
            .hint("name a folder that can be written, or a new one")
    };
    fs::create_dir_all(folder).map_err(failed)?;
    if !force {
        let known = fs::read_dir(folder).map_err(failed)?;
        for entry in known {
            let name = entry.map_err(failed)?.file_name();
            let bytes = name.as_bytes();
            if bytes == SERIES.as_bytes() || bytes.ends_with(b".patch") {
                return Err(Failure::new(format!("`{}` is in `{shown}` already", escape::name(bytes)))
                    .hint("name a new folder, or replace what is there with --force"));
            }
        }
    }
    for (name, bytes) in files {
        let mut file = tempfile::NamedTempFile::new_in(folder).map_err(failed)?;
        file.write_all(bytes).map_err(failed)?;
        file.as_file().sync_all().map_err(failed)?;
        let path = folder.join(name);
        if force {
            file.persist(&path).map_err(|error| failed(error.error))?;
        } else {
            file.persist_noclobber(&path).map_err(|error| failed(error.error))?;
        }
    }
    Ok(())
}

/// How they are applied, in the target's folder.
fn next(picture: &Picture<'_>, to: usize, place: &Path, files: &[Patch]) -> Vec<String> {
    let place = fs::canonicalize(place).unwrap_or_else(|_| place.to_owned());
    let Some(folder) = escape::shell_word(place.as_os_str().as_bytes()) else { return Vec::new() };
    let has_git = matches!(picture.collected.snapshots[to].git, GitState::Checkout(_) | GitState::Commit { .. });
    let each = |command: &str| {
        format!("while read -r patch; do {command} {folder}/\"$patch\" || break; done < {folder}/{SERIES}")
    };
    let keep = if files.iter().any(|patch| patch.has_cr) { " --keep-cr" } else { "" };
    vec![match (has_git, files.iter().all(|patch| patch.is_mail)) {
        (true, true) => each(&format!("git am{keep}")),
        (true, false) => each("git apply"),
        (false, _) => each("patch -p1 -i"),
    }]
}
