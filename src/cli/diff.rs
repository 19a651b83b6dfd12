//! `driftline diff`: chosen files over all environments, three ways where there is a base.

use std::collections::BTreeSet;
use std::ffi::OsString;
use std::os::unix::ffi::OsStrExt as _;

use crate::cli::args::{CommonArguments, DiffArguments, Format, View};
use crate::cli::choose::{Selected, select_path};
use crate::cli::exit::Exit;
use crate::cli::failure::Failure;
use crate::cli::output::{self, Output};
use crate::cli::process::Process;
use crate::cli::session::{Session, find_environment};
use crate::collect::{Collected, collect};
use crate::compare::artifacts::{self, Artifact};
use crate::compare::text::Limits;
use crate::compare::{self, Comparison, Row};
use crate::insight;
use crate::insight::nearest::{self, OnDemand};
use crate::insight::origin::Tracer;
use crate::path::{EnvironmentName, TreePath};
use crate::pipeline::last_look;
use crate::report::escape;
use crate::report::labels::initials;
use crate::report::text_view::{
    FileView, Inputs, Screen, TextView, json, number, view, write_columns, write_regions, write_unified,
};
use crate::snapshot::{ContentReader as _, EntryRef, Snapshot};

pub(crate) fn run(
    common: CommonArguments,
    process: Process,
    output: Output,
    arguments: &DiffArguments,
) -> Result<Exit, Failure> {
    let (session, paths) = Session::open(common, process, output, &arguments.words)?;
    if paths.is_empty() && !arguments.all {
        return Err(Failure::new("which file? no path was given")
            .hint("name a path or a bare file name, or take all that is not in sync with --all"));
    }
    let next = (arguments.view == View::Regions).then(|| beside(&session, arguments, &paths)).flatten();
    show(&session, arguments, &paths, next.into_iter().collect())
}

/// The same files side by side.
fn beside(session: &Session, arguments: &DiffArguments, paths: &[OsString]) -> Option<String> {
    let mut words: Vec<&[u8]> = vec![b"diff"];
    words.extend(arguments.all.then_some(&b"--all"[..]));
    words.extend(paths.iter().map(|path| path.as_bytes()));
    words.extend([&b"--view"[..], b"columns"]);
    session.command(&words)
}

/// Shows the files that are meant by `typed`, with what to type next.
pub(crate) fn show(
    session: &Session,
    arguments: &DiffArguments,
    typed: &[OsString],
    next: Vec<String>,
) -> Result<Exit, Failure> {
    let base = arguments.base.as_ref().map(|name| find_environment(&session.config, name)).transpose()?;
    let progress = session.progress();
    let collected = collect(&session.plan(), &progress);
    let mut collected = collected.map_err(|error| Failure::because("the environments cannot be compared", &error))?;
    let listed = collected.compute(|| compare::compare(&collected.snapshots));
    let mut chosen = BTreeSet::new();
    let mut wide = BTreeSet::new();
    for word in typed {
        match choose(session, &listed, &collected.snapshots, word)? {
            Chosen::File(row) => drop(chosen.insert(row)),
            Chosen::Folder(rows) => wide.extend(rows),
        }
    }
    if arguments.all {
        wide.extend(listed.rows().filter(|row| !row.is_folder && !row.is_same()).map(|row| row.index));
    }
    let asked: BTreeSet<EntryRef> = chosen
        .union(&wide)
        .flat_map(|&row| (0..collected.snapshots.len()).map(move |at| (row, at)))
        .filter_map(|(row, at)| listed.row(row).entry_ref(at))
        .collect();
    let mut questions = collected.compute(|| compare::questions(&collected.snapshots));
    questions.retain(|question| question.members.iter().any(|member| asked.contains(member)));
    collected.answer(&questions);
    let mut comparison = collected.compute(|| compare::compare(&collected.snapshots));
    let mut texts = compare::fold_candidates(&comparison, &collected.snapshots);
    texts.retain(|text| text.members.iter().any(|member| asked.contains(member)));
    let folds = collected.fold(&texts);
    compare::classify(&mut comparison, &collected.snapshots, &folds);
    progress.clear();
    let is_shown = |row: &Row<'_>| chosen.contains(&row.index) || (wide.contains(&row.index) && !row.is_same());
    let rows: Vec<Row<'_>> = comparison.rows().filter(is_shown).collect();
    let mut files = views(session, &collected, &comparison, &rows, base);
    let notes = collected.save();
    if let Some(look) = last_look(&collected) {
        number(&mut files, &look);
    }
    present(session, arguments.view, &collected, files, next)?;
    session.tell(&collected.snapshots, &notes);
    let worst = rows.iter().filter_map(insight::severity).max();
    Ok(session.exit(worst, is_incomplete(&collected.snapshots, &rows)))
}

/// The rows that a word means.
enum Chosen {
    File(usize),
    Folder(Vec<usize>),
}

fn choose(session: &Session, listed: &Comparison, snapshots: &[Snapshot], word: &OsString) -> Result<Chosen, Failure> {
    let number = |path: &TreePath| listed.find(snapshots, path);
    Ok(match select_path(session, listed, snapshots, word)? {
        Selected::File(path) => Chosen::File(number(&path).unwrap_or_default()),
        Selected::Folder { paths, .. } => Chosen::Folder(paths.iter().filter_map(number).collect()),
    })
}

fn views(
    session: &Session,
    collected: &Collected<'_>,
    comparison: &Comparison,
    rows: &[Row<'_>],
    base: Option<usize>,
) -> Vec<FileView> {
    let snapshots = &collected.snapshots;
    let leftovers = collected.compute(|| artifacts::find(comparison, snapshots));
    let environments = &session.config.environments;
    let named = |name: &EnvironmentName| environments.iter().position(|environment| environment.name == *name);
    let baseline = session.config.baseline.as_ref().and_then(named);
    let artifacts_of = |row: &Row<'_>| -> Vec<EntryRef> {
        let path = row.path(snapshots);
        let of_it = |artifact: &&Artifact| artifact.original.as_ref() == Some(path);
        leftovers.iter().filter(of_it).map(|artifact| artifact.at).collect()
    };
    let mut read: Vec<EntryRef> = rows.iter().flat_map(artifacts_of).collect();
    for row in rows {
        let first = |variant| row.cells.iter().position(|cell| *cell == compare::Cell::Variant(variant));
        let variants = (0..row.variants()).filter_map(|variant| first(variant as u8));
        read.extend(variants.filter_map(|environment| row.entry_ref(environment)));
    }
    collected.prefetch(&read);
    collected.fetch_sealed(&read);
    let leaves_out = |path: &TreePath| collected.leaves_out(path);
    let nearest =
        OnDemand::new(nearest::Search { snapshots, contents: collected, commits: collected, leaves_out: &leaves_out });
    let tracer = Tracer::new(snapshots, collected, collected, collected, Limits::default());
    let show = |row: &Row<'_>| {
        let artifacts = artifacts_of(row);
        let limits = Limits::default();
        let inputs = Inputs {
            snapshots,
            artifacts: &artifacts,
            base,
            baseline,
            limits,
            contents: collected,
            history: collected,
            commits: collected,
            nearest: &nearest,
            tracer: &tracer,
            redactor: &session.redactor,
        };
        view(row, &inputs)
    };
    rows.iter().map(show).collect()
}

/// Files over all environments, as text.
pub(crate) fn text_view(
    session: &Session,
    collected: &Collected<'_>,
    comparison: &Comparison,
    rows: &[Row<'_>],
) -> TextView {
    text(session, collected, views(session, collected, comparison, rows, None), Vec::new())
}

fn text(session: &Session, collected: &Collected<'_>, files: Vec<FileView>, next: Vec<String>) -> TextView {
    let environments: Vec<_> = collected.snapshots.iter().map(|snapshot| snapshot.environment.clone()).collect();
    let labels = initials(&environments.iter().map(EnvironmentName::as_str).collect::<Vec<_>>());
    TextView { environments, labels, files, next, now: session.process.now.seconds }
}

fn present(
    session: &Session,
    how: View,
    collected: &Collected<'_>,
    files: Vec<FileView>,
    next: Vec<String>,
) -> Result<(), Failure> {
    let text = text(session, collected, files, next);
    let screen = Screen { columns: session.output.width, styles: session.output.styles };
    output::data(|out| match (session.common.format, how) {
        (Format::Json, _) => escape::write_json(&json::report(&text), out),
        (Format::Text, View::Regions) => write_regions(&text, screen, out),
        (Format::Text, View::Columns) => write_columns(&text, screen, out),
        (Format::Text, View::Unified) => write_unified(&text, screen, out),
    })?;
    Ok(())
}

/// Whether something about the files that are shown is unknown, or a whole environment is.
fn is_incomplete(snapshots: &[Snapshot], rows: &[Row<'_>]) -> bool {
    let is_unread = |snapshot: &Snapshot| snapshot.unread_because().is_some();
    let is_unknown = |row: &Row<'_>| row.cells.iter().any(|cell| matches!(cell, compare::Cell::Unreadable(_)));
    snapshots.iter().any(is_unread) || rows.iter().any(is_unknown)
}
