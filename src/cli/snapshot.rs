//! `driftline snapshot`: writes down what environments are like now.

use std::ffi::OsStr;
use std::fs;
use std::io;
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Path, PathBuf};

use serde::Serialize;

use crate::cli::args::{CommonArguments, Format, SnapshotArguments};
use crate::cli::exit::Exit;
use crate::cli::failure::Failure;
use crate::cli::output::{self, Output};
use crate::cli::process::Process;
use crate::cli::session::Session;
use crate::collect::{Collected, collect};
use crate::compare::text::secrets::Treatment;
use crate::compare::text::{Document, Limits};
use crate::config::SourceSpec;
use crate::path::TreePath;
use crate::report::escape;
use crate::snapshot::format::{FORMAT, Header, VERSION, Writer};
use crate::snapshot::{Content, ContentReader as _, EntryRef, Snapshot, TextFolds, is_sensitive};

/// Larger contents are not taken along.
const LARGEST_CONTENT: u64 = 1 << 20;

pub(crate) fn run(
    common: CommonArguments,
    process: Process,
    output: Output,
    arguments: &SnapshotArguments,
) -> Result<Exit, Failure> {
    let (session, others) = Session::open(common, process, output, &arguments.environments)?;
    if let Some(word) = others.first() {
        let word = word.to_string_lossy();
        return Err(Failure::new(format!("`{word}` is no environment"))
            .hint("name a configured one, or write NAME=SOURCE, for instance prod=/var/www/app"));
    }
    let places = places(&session, arguments)?;
    let progress = session.progress();
    let collected = collect(&session.plan(), &progress);
    let mut collected = collected.map_err(|error| Failure::because("the environments cannot be read", &error))?;
    for environment in 0..collected.snapshots.len() {
        let wanted = wanted(&session, &collected.snapshots[environment]);
        collected.digest(environment, &wanted);
    }
    let texts: Vec<EntryRef> = (0..collected.snapshots.len())
        .flat_map(|environment| {
            let wanted = wanted(&session, &collected.snapshots[environment]);
            wanted.into_iter().map(move |entry| EntryRef { environment, entry })
        })
        .collect();
    let folds = collected.fold(&texts);
    progress.clear();
    let mut written = Vec::new();
    let mut incomplete = false;
    for (environment, place) in places.iter().enumerate() {
        let snapshot = &collected.snapshots[environment];
        incomplete |= snapshot.incidents.iter().any(|incident| incident.kind.is_incomplete());
        if snapshot.unread_because().is_some() && snapshot.entries.is_empty() {
            continue;
        }
        write(&session, arguments, &collected, environment, &folds, place).map_err(|error| {
            Failure::because(format!("cannot write the snapshot `{}`", place.display()), &error)
                .hint("name a file in a folder that you may write to with -o")
        })?;
        written.push(Written {
            environment: snapshot.environment.to_string(),
            file: place.to_string_lossy().into_owned(),
            entries: snapshot.entries.len() as u64,
        });
    }
    tell(&session, &written)?;
    let notes = collected.save();
    session.tell(&collected.snapshots, &notes);
    Ok(session.exit(None, incomplete))
}

/// One file that was written.
#[derive(Debug, Serialize)]
struct Written {
    environment: String,
    file: String,
    entries: u64,
}

fn tell(session: &Session, written: &[Written]) -> Result<(), Failure> {
    output::data(|out| match session.common.format {
        Format::Json => escape::write_json(&serde_json::json!({ "written": written }), out),
        Format::Text => written.iter().try_for_each(|Written { environment, file, entries }| {
            writeln!(out, "{environment}: {entries} entries in {}", escape::text(file.as_bytes()))
        }),
    })?;
    Ok(())
}

/// Files of which something is to be known: not those that hold secrets.
fn wanted(session: &Session, snapshot: &Snapshot) -> Vec<usize> {
    let entries = snapshot.entries.iter().enumerate();
    entries
        .filter(|(_, entry)| matches!(entry.content, Content::File(_)) && !is_secret(session, &entry.path))
        .map(|(at, _)| at)
        .collect()
}

/// Whether a file holds secrets, by its name or because the configuration says so.
fn is_secret(session: &Session, path: &TreePath) -> bool {
    is_sensitive(path) || !matches!(session.redactor.treatment(path), Treatment::Content(_))
}

/// Whether something in a content looks like a secret; what is no text is not looked into.
fn shows_secrets(session: &Session, path: &TreePath, content: &[u8]) -> bool {
    let document = Document::new(content.to_vec(), Limits::default());
    document.is_ok_and(|document| session.redactor.document(path, document).hides())
}

/// Where each environment's snapshot goes.
fn places(session: &Session, arguments: &SnapshotArguments) -> Result<Vec<PathBuf>, Failure> {
    let output = session.process.folder.join(&arguments.output);
    let environments = &session.config.environments;
    let is_folder = output.is_dir() || arguments.output.as_os_str().as_bytes().ends_with(b"/");
    if !is_folder && environments.len() > 1 {
        let names: Vec<&str> = environments.iter().map(|environment| environment.name.as_str()).collect();
        return Err(Failure::new(format!("one file cannot hold {} environments", names.len()))
            .hint(format!("name one of {}", names.join(", ")))
            .hint("or a folder: -o snapshots/"));
    }
    refuse_environments(session, &output)?;
    let day = day(session);
    let host = arguments.host.as_ref().unwrap_or(&session.process.host);
    Ok(environments
        .iter()
        .map(|environment| {
            if !is_folder {
                return output.clone();
            }
            let folder = output.join(format!("env={}", environment.name)).join(format!("host={}", part(host)));
            folder.join(format!("date={day}.ndjson.zst"))
        })
        .collect())
}

/// Nothing is written to an environment, not even this.
pub(crate) fn refuse_environments(session: &Session, output: &Path) -> Result<(), Failure> {
    let there = output.ancestors().find_map(|folder| fs::canonicalize(folder).ok());
    for environment in &session.config.environments {
        let SourceSpec::Folder { path } = &environment.source else { continue };
        if let (Ok(root), Some(there)) = (fs::canonicalize(path), &there)
            && there.starts_with(&root)
        {
            return Err(Failure::new(format!("`{}` lies in the environment `{}`", output.display(), environment.name))
                .hint("choose another place: nothing is ever written to an environment"));
        }
    }
    Ok(())
}

/// A host as a part of a path, as partitions of tables are written: what is no plain character is escaped.
fn part(host: &str) -> String {
    let mut part = String::new();
    for byte in host.bytes() {
        if byte.is_ascii_alphanumeric() || (matches!(byte, b'.' | b'_' | b'-') && !part.is_empty()) {
            part.push(char::from(byte));
        } else {
            part.push_str(&format!("%{byte:02X}"));
        }
    }
    if part.is_empty() { "unknown".to_owned() } else { part }
}

fn day(session: &Session) -> String {
    let moment = jiff::Timestamp::from_second(session.process.now.seconds).unwrap_or_default();
    moment.to_zoned(jiff::tz::TimeZone::UTC).date().to_string()
}

fn write(
    session: &Session,
    arguments: &SnapshotArguments,
    collected: &Collected<'_>,
    environment: usize,
    folds: &TextFolds,
    place: &Path,
) -> io::Result<()> {
    let folder = place.parent().filter(|folder| *folder != OsStr::new("")).unwrap_or(Path::new("."));
    fs::create_dir_all(folder)?;
    // For the owner's eyes only, and under its name only when it is whole.
    let file = tempfile::NamedTempFile::new_in(folder)?;
    let snapshot = &collected.snapshots[environment];
    let mut writer = Writer::new(io::BufWriter::new(file), header(session, arguments, environment, snapshot))?;
    for incident in &snapshot.incidents {
        writer.incident(incident)?;
    }
    for (at, entry) in snapshot.entries.iter().enumerate() {
        let secret = is_secret(session, &entry.path);
        let fold = folds.get(&EntryRef { environment, entry: at });
        writer.entry(entry, &snapshot.names, fold, secret)?;
    }
    if arguments.contents {
        for path in in_focus(session, snapshot) {
            match collected.read(environment, path, LARGEST_CONTENT) {
                Ok(content) if shows_secrets(session, path, &content) => output::aside(|out| {
                    writeln!(
                        out,
                        "note: not taken along, for what looks like a secret in it: {}",
                        escape::name(path.as_bytes())
                    )
                }),
                Ok(content) => writer.content(path, &content)?,
                Err(failure) => output::aside(|out| {
                    writeln!(out, "note: not taken along: {}", escape::text(failure.to_string().as_bytes()))
                }),
            }
        }
    }
    let file = writer.finish()?.into_inner().map_err(io::IntoInnerError::into_error)?;
    file.as_file().sync_all()?;
    file.persist(place).map_err(|error| error.error)?;
    Ok(())
}

fn in_focus<'s>(session: &'s Session, snapshot: &'s Snapshot) -> impl Iterator<Item = &'s TreePath> {
    let is_in_focus = |path: &TreePath| session.config.focus.iter().any(|focus| path.is_within(focus));
    let files = snapshot.entries.iter().filter(|entry| matches!(entry.content, Content::File(_)));
    files.map(|entry| &entry.path).filter(move |path| is_in_focus(path) && !is_secret(session, path))
}

fn header(session: &Session, arguments: &SnapshotArguments, environment: usize, snapshot: &Snapshot) -> Header {
    let configured = &session.config.environments[environment];
    Header {
        format: FORMAT.to_owned(),
        version: VERSION,
        driftline: env!("CARGO_PKG_VERSION").to_owned(),
        env: snapshot.environment.to_string(),
        host: arguments.host.clone().unwrap_or_else(|| session.process.host.clone()),
        origin: snapshot.origin.clone(),
        taken: session.process.now.seconds,
        date: day(session),
        knows_permissions: snapshot.knows.permissions,
        knows_owners: snapshot.knows.owners,
        knows_times: snapshot.knows.times,
        executable_unknown: snapshot.knows.executable_unknown,
        mapped: !configured.map.is_empty(),
        ignore: session.config.ignore.clone(),
    }
}
