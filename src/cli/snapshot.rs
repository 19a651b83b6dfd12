//! `driftline snapshot`: writes down what environments are like now.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
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
use crate::compare::{artifacts, compare};
use crate::path::TreePath;
use crate::report::escape;
use crate::snapshot::format::{FORMAT, Header, VERSION, Writer};
use crate::snapshot::{
    Content, ContentReader as _, Entry, EntryRef, Incident, IncidentId, IncidentKind, Snapshot, TextFolds, TextQuestion,
};
use crate::text::secrets::Treatment;
use crate::text::{Document, Limits};

/// Larger contents are not taken along.
const LARGEST_CONTENT: u64 = 1 << 20;

pub(crate) fn run(
    common: CommonArguments,
    process: Process,
    output: Output,
    arguments: &SnapshotArguments,
) -> Result<Exit, Failure> {
    let (session, others) = Session::open(common, process, output, &arguments.environments)?;
    session.refuse(&others)?;
    let places = places(&session, arguments)?;
    let progress = session.progress();
    let collected = collect(&session.plan(), &progress);
    let mut collected = collected.map_err(|error| Failure::because("the environments cannot be read", &error))?;
    for environment in 0..collected.snapshots.len() {
        let files: Vec<usize> = files(&collected.snapshots[environment]).map(|(at, _)| at).collect();
        collected.digest(environment, &files);
    }
    let texts: Vec<TextQuestion> = (0..collected.snapshots.len())
        .flat_map(|environment| {
            let open =
                files(&collected.snapshots[environment]).filter(|(_, path)| !session.redactor.is_sensitive(path));
            open.map(move |(entry, _)| TextQuestion { members: vec![EntryRef { environment, entry }] })
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

/// The regular files.
fn files(snapshot: &Snapshot) -> impl Iterator<Item = (usize, &TreePath)> {
    let entries = snapshot.entries.iter().enumerate();
    entries.filter(|(_, entry)| matches!(entry.content, Content::File(_))).map(|(at, entry)| (at, &entry.path))
}

/// Whether something in a content looks like a secret, be it text or not.
fn shows_secrets(session: &Session, path: &TreePath, content: &[u8]) -> bool {
    let document = Document::new(content.to_vec(), Limits::default());
    match document {
        Ok(document) => session.redactor.document(path, document).hides(),
        Err(_) => session.redactor.hides_in(content),
    }
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
    session.keep_out(&output)?;
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
    let (incidents, withheld) = withheld(session, snapshot);
    for incident in &incidents {
        writer.incident(incident)?;
    }
    for (at, entry) in snapshot.entries.iter().enumerate() {
        let fold = folds.get(&EntryRef { environment, entry: at });
        if let Some(&incident) = withheld.get(&at) {
            let content = Content::Unreadable { incident, folder: false };
            writer.entry(&Entry { content, ..entry.clone() }, &snapshot.names, None, false)?;
        } else if session.redactor.is_sensitive(&entry.path) {
            writer.entry(&keyed(session, entry), &snapshot.names, None, true)?;
        } else {
            writer.entry(entry, &snapshot.names, fold, false)?;
        }
    }
    if arguments.contents {
        let chosen = in_focus(session, snapshot);
        let all: Vec<EntryRef> = chosen.iter().map(|&(entry, _)| EntryRef { environment, entry }).collect();
        collected.prefetch(&all);
        collected.fetch_sealed(&all);
        for (_, path) in chosen {
            match collected.read(environment, path, LARGEST_CONTENT) {
                Ok(sealed) if session.redactor.is_sensitive(path) => writer.sealed(path, &sealed)?,
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

/// The incidents without secrets in their words, and the links with secrets in their targets: these are unknown in the snapshot, because of
/// incidents of their own.
fn withheld(session: &Session, snapshot: &Snapshot) -> (Vec<Incident>, BTreeMap<usize, IncidentId>) {
    let masked = |incident: &Incident| Incident {
        message: session.redactor.words(&incident.message).into_owned(),
        ..incident.clone()
    };
    let mut incidents: Vec<Incident> = snapshot.incidents.iter().map(masked).collect();
    let mut withheld = BTreeMap::new();
    for (at, entry) in snapshot.entries.iter().enumerate() {
        let Content::Symlink { target } = &entry.content else { continue };
        if let Cow::Owned(_) = session.redactor.line(target) {
            let name = String::from_utf8_lossy(entry.path.as_bytes());
            withheld.insert(at, IncidentId(incidents.len() as u32));
            incidents.push(Incident {
                path: Some(entry.path.clone()),
                kind: IncidentKind::File,
                message: format!(
                    "something in what `{name}` points to looks like a secret, so it is not in the snapshot"
                ),
                hint: None,
            });
        }
    }
    (incidents, withheld)
}

/// The entry of a sensitive file with the digest that is written of it.
fn keyed(session: &Session, entry: &Entry) -> Entry {
    let mut entry = entry.clone();
    if let Content::File(file) = &mut entry.content
        && let Some(digest) = file.digests.blake3
    {
        file.digests.keyed = Some(session.redactor.fingerprint(&digest));
    }
    entry
}

/// Files whose contents are taken along: what is in focus, with what editing left beside it. Not those of which nothing but their being
/// there is shown.
fn in_focus<'s>(session: &Session, snapshot: &'s Snapshot) -> Vec<(usize, &'s TreePath)> {
    let is_in_focus = |path: &TreePath| session.config.focus.iter().any(|focus| path.is_within(focus));
    let alone = std::slice::from_ref(snapshot);
    let leftovers = artifacts::find(&compare(alone), alone);
    let beside: BTreeSet<usize> = leftovers
        .iter()
        .filter(|artifact| artifact.original.as_ref().is_some_and(is_in_focus))
        .map(|artifact| artifact.at.entry)
        .collect();
    let is_chosen = |(at, path): &(usize, &TreePath)| {
        (is_in_focus(path) || beside.contains(at)) && session.redactor.treatment(path) != Treatment::Hidden
    };
    files(snapshot).filter(is_chosen).collect()
}

fn header(session: &Session, arguments: &SnapshotArguments, environment: usize, snapshot: &Snapshot) -> Header {
    let configured = &session.config.environments[environment];
    Header {
        format: FORMAT.to_owned(),
        version: VERSION,
        driftline: env!("CARGO_PKG_VERSION").to_owned(),
        env: snapshot.environment.to_string(),
        host: arguments.host.clone().unwrap_or_else(|| session.process.host.clone()),
        origin: session.redactor.words(&snapshot.origin).into_owned(),
        taken: session.process.now.seconds,
        date: day(session),
        knows_permissions: snapshot.knows.permissions,
        knows_owners: snapshot.knows.owners,
        knows_times: snapshot.knows.times,
        executable_unknown: snapshot.knows.executable_unknown,
        mapped: !configured.map.is_empty(),
        ignore: session.config.ignore.clone(),
        key: Some(session.redactor.key_id()),
    }
}
