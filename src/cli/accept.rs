//! `driftline accept`: known drift, with a reason and an end, written into the configuration.

use std::collections::BTreeSet;
use std::fs;
use std::io::{self, Write as _};
use std::path::Path;

use jiff::civil::Date;
use serde::Serialize;
use toml_edit::{ArrayOfTables, DocumentMut, InlineTable, Item, Table, TableLike, Value};

use crate::cli::acceptances::{matters, today};
use crate::cli::args::{AcceptArguments, CommonArguments, Format};
use crate::cli::exit::Exit;
use crate::cli::failure::Failure;
use crate::cli::output::{self, Output};
use crate::cli::process::Process;
use crate::cli::session::Session;
use crate::config::{self, Places};
use crate::insight::Finding;
use crate::pipeline::{Picture, look_for_candidates, survey};
use crate::report::escape;
use crate::report::layout::counted;

/// What was accepted.
#[derive(Debug, Serialize)]
struct Report {
    /// `driftline-accept`.
    format: &'static str,
    /// 1.
    version: u32,
    /// The configuration.
    file: String,
    /// Ids of findings, in the order of the status.
    accepted: Vec<String>,
    because: String,
    until: Option<String>,
}

/// One acceptance as it is written.
struct Entry {
    id: String,
    matter: Option<String>,
}

pub(crate) fn run(
    common: CommonArguments,
    process: Process,
    output: Output,
    arguments: &AcceptArguments,
) -> Result<Exit, Failure> {
    let (session, ids) = Session::open(common, process, output, &arguments.words)?;
    let because = arguments.because.trim();
    if because.is_empty() {
        return Err(Failure::new("`--because` says nothing").hint("say why this is right as it is"));
    }
    if let Some(until) = arguments.until.filter(|until| *until < today(session.process.now.seconds)) {
        return Err(Failure::new(format!("`--until {until}` has passed already")));
    }
    let Some(file) = session.config.file.clone() else {
        return Err(Failure::new("there is no configuration to write an acceptance into")
            .hint("write one: driftline init prod=/var/www/app staging=/srv/staging/app"));
    };
    if ids.is_empty() != arguments.all {
        return Err(Failure::new("name findings, or take all with --all").hint("their names are in driftline report"));
    }
    let progress = session.progress();
    let config = &session.config;
    let surveyed = survey(&session.plan(), &config.fixes, &config.severities, &progress);
    let mut picture = surveyed.map_err(|error| Failure::because("the environments cannot be compared", &error))?;
    look_for_candidates(&mut picture, &session.asked());
    let chosen = if arguments.all {
        let judged = crate::cli::acceptances::judged(&session, &picture);
        // What could not be read is not known, and so cannot be accepted as it is.
        let is_open =
            |finding: &&Finding| !finding.is_incomplete() && !judged.holding.contains(&finding.id.to_string());
        picture.findings.iter().filter(is_open).collect()
    } else {
        let words: Vec<String> = ids.iter().map(|id| id.to_string_lossy().into_owned()).collect();
        chosen(&picture, &words)?
    };
    let matters = matters(&session, &picture);
    let entries: Vec<Entry> =
        chosen.iter().map(|finding| Entry { id: finding.id.to_string(), matter: matters.of(finding) }).collect();
    progress.clear();
    let notes = picture.collected.save();
    if !entries.is_empty() {
        write(&session, &file, &entries, because, arguments.until)?;
    }
    let report = Report {
        format: "driftline-accept",
        version: 1,
        file: file.display().to_string(),
        accepted: entries.into_iter().map(|entry| entry.id).collect(),
        because: because.to_owned(),
        until: arguments.until.map(|day| day.to_string()),
    };
    show(&session, &report)?;
    session.tell(&picture.collected.snapshots, &notes);
    Ok(Exit::InSync)
}

/// The findings that are named, by their ids or the beginnings of them.
fn chosen<'p>(picture: &'p Picture<'_>, words: &[String]) -> Result<Vec<&'p Finding>, Failure> {
    let mut chosen: Vec<&Finding> = Vec::new();
    for word in words {
        let begins = |finding: &&Finding| word.len() >= 4 && finding.id.to_string().starts_with(word);
        let found: Vec<&Finding> = picture.findings.iter().filter(begins).collect();
        let shown = escape::name(word.as_bytes()).into_owned();
        let [finding] = found[..] else {
            let failure = match found.len() {
                0 => Failure::new(format!("there is no finding `{shown}`")),
                number => Failure::new(format!("{number} findings begin with `{shown}`")),
            };
            return Err(failure
                .hint("the names of findings are in: driftline report")
                .hint("what could not be read today cannot be accepted today"));
        };
        if chosen.iter().all(|known| known.id != finding.id) {
            chosen.push(finding);
        }
    }
    Ok(chosen)
}

/// Writes acceptances into a configuration and keeps everything else in it as it is. One that is there already is renewed in its place.
fn write(session: &Session, file: &Path, entries: &[Entry], because: &str, until: Option<Date>) -> Result<(), Failure> {
    let failed = |error: &dyn std::error::Error| {
        Failure::because(format!("cannot write the configuration `{}`", file.display()), error)
    };
    // A link stays one: what it leads to is replaced.
    let file = fs::canonicalize(file).map_err(|error| failed(&error))?;
    let before = fs::read_to_string(&file).map_err(|error| failed(&error))?;
    let after = accepted(&before, entries, because, until).map_err(|error| failed(&error))?;
    let places = Places { folder: file.parent().unwrap_or(Path::new("")), home: session.process.home.as_deref() };
    config::parse(&after, &file.display().to_string(), places).map_err(|error| failed(&error))?;
    replace(&file, &before, &after).map_err(|error| failed(&error))
}

/// The text with acceptances in it.
fn accepted(text: &str, entries: &[Entry], because: &str, until: Option<Date>) -> Result<String, io::Error> {
    let mut document: DocumentMut = text.parse().map_err(io::Error::other)?;
    let list = document.entry("accept").or_insert_with(|| Item::ArrayOfTables(ArrayOfTables::new()));
    for entry in entries {
        match list {
            Item::ArrayOfTables(tables) => {
                let is_it = |table: &Table| is(table, &entry.id);
                let at = tables.iter().position(is_it);
                if let Some(table) = at.and_then(|at| tables.get_mut(at)) {
                    fill(table, entry, because, until);
                } else {
                    let mut table = Table::new();
                    fill(&mut table, entry, because, until);
                    tables.push(table);
                }
            }
            Item::Value(Value::Array(array)) => {
                let is_it = |value: &Value| value.as_inline_table().is_some_and(|table| is(table, &entry.id));
                let at = array.iter().position(is_it);
                if let Some(table) = at.and_then(|at| array.get_mut(at)).and_then(Value::as_inline_table_mut) {
                    fill(table, entry, because, until);
                } else {
                    let mut table = InlineTable::new();
                    fill(&mut table, entry, because, until);
                    array.push(table);
                }
            }
            _ => return Err(io::Error::other("`accept` is no list of tables")),
        }
    }
    Ok(document.to_string())
}

fn is(table: &dyn TableLike, id: &str) -> bool {
    table.get("id").and_then(Item::as_str) == Some(id)
}

fn fill(table: &mut dyn TableLike, entry: &Entry, because: &str, until: Option<Date>) {
    let mut set = |key: &str, value: Option<Value>| {
        let Some(mut value) = value else {
            table.remove(key);
            return;
        };
        match table.get_mut(key).and_then(Item::as_value_mut) {
            // What stands behind the old value stays: a comment.
            Some(known) => {
                *value.decor_mut() = known.decor().clone();
                *known = value;
            }
            None => drop(table.insert(key, Item::Value(value))),
        }
    };
    set("id", Some(entry.id.as_str().into()));
    set("because", Some(because.into()));
    set("until", until.and_then(|day| day.to_string().parse::<toml_edit::Datetime>().ok()).map(Value::from));
    set("matter", entry.matter.as_deref().map(Value::from));
}

/// Replaces a file at once, if it still is what was read; who may read it stays as it is.
fn replace(file: &Path, before: &str, after: &str) -> io::Result<()> {
    let folder = file.parent().unwrap_or(Path::new("."));
    let mut new = tempfile::Builder::new().prefix(".driftline-").tempfile_in(folder)?;
    new.write_all(after.as_bytes())?;
    new.as_file().set_permissions(fs::metadata(file)?.permissions())?;
    new.as_file().sync_all()?;
    if fs::read(file)? != before.as_bytes() {
        return Err(io::Error::other("it was changed meanwhile: try again"));
    }
    new.persist(file).map_err(|error| error.error)?;
    Ok(())
}

fn show(session: &Session, report: &Report) -> Result<(), Failure> {
    output::data(|out| match session.common.format {
        Format::Json => escape::write_json(report, out),
        Format::Text => {
            let ids: BTreeSet<&str> = report.accepted.iter().map(String::as_str).collect();
            let count = counted(ids.len() as u64, "finding", "findings");
            let until = report.until.as_ref().map(|day| format!(" until {day}")).unwrap_or_default();
            writeln!(out, "accepted {count}{until}, in {}", escape::name(report.file.as_bytes()))
        }
    })?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(id: &str) -> Entry {
        Entry { id: id.to_owned(), matter: Some("0123456789abcdef".to_owned()) }
    }

    #[test]
    fn comments_and_order_stay() {
        let before = "# top\nfocus = [ 'a',  # why\n  \"b\" ]\n\n[env.prod]   # the real one\npath = \"/srv\"\n\n[[accept]]\nid = \"aaaaaaaaaa\" # known\nbecause = \"old\"\n\n[env.other]\npath = '/x'\n";
        let until = Some(Date::constant(2027, 1, 31));
        let after = accepted(before, &[entry("bbbbbbbbbb"), entry("aaaaaaaaaa")], "new \"front\" end", until).unwrap();
        insta::assert_snapshot!(after, @r#"
        # top
        focus = [ 'a',  # why
          "b" ]

        [env.prod]   # the real one
        path = "/srv"

        [[accept]]
        id = "aaaaaaaaaa" # known
        because = 'new "front" end'
        until = 2027-01-31
        matter = "0123456789abcdef"

        [[accept]]
        id = "bbbbbbbbbb"
        because = 'new "front" end'
        until = 2027-01-31
        matter = "0123456789abcdef"

        [env.other]
        path = '/x'
        "#);
    }

    #[test]
    fn a_list_in_one_line_stays_one() {
        let before = "accept = [{ id = \"aaaaaaaaaa\", because = \"x\" }]\n[env.a]\npath = \"/a\"\n";
        let after = accepted(before, &[entry("bbbbbbbbbb")], "y", None).unwrap();
        insta::assert_snapshot!(after, @r#"
        accept = [{ id = "aaaaaaaaaa", because = "x" }, { id = "bbbbbbbbbb", because = "y", matter = "0123456789abcdef" }]
        [env.a]
        path = "/a"
        "#);
    }
}
