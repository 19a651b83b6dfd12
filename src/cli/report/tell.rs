//! Tells whoever the configuration names of a report that is written and kept.

use std::collections::BTreeMap;
use std::env;
use std::fs::File;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use crate::cli::exit::Exit;
use crate::cli::failure::Failure;
use crate::cli::output;
use crate::cli::session::Session;
use crate::config::Notify;
use crate::history::{Store, StoreError, Told};
use crate::notify::{Parcel, SecretError, deliver, find};
use crate::report::escape;
use crate::report::nightly::{FORMATS, NightlyReport, Screen};
use crate::report::notice::{Notice, Place, news, not_told_of, told_of};
use crate::report::style::{Look, Styles};

/// So long another run is waited for that writes the history.
const PATIENCE: Duration = Duration::from_secs(60);

/// Why somebody was not told, and what helps.
struct Untold {
    name: String,
    why: String,
    hint: Option<String>,
}

impl Untold {
    fn history(error: &StoreError) -> Self {
        Self { name: "the history".to_owned(), why: error.to_string(), hint: Some(error.hint().to_owned()) }
    }
}

/// Tells everybody what is news to them, and keeps what they know now. Gives whether all that had to be told was.
pub(super) fn tell(session: &Session, report: &NightlyReport, files: &[PathBuf]) -> bool {
    let targets = &session.config.notify;
    if targets.is_empty() {
        return true;
    }
    let mut untold = Vec::new();
    let mut history = History::open(session, report, &mut untold);
    let mut parcels = Vec::new();
    let mut kept: BTreeMap<&str, Told> = BTreeMap::new();
    for target in targets {
        let told = history.told(&target.name, &mut untold);
        let Some(news) = news(report, told.as_ref()) else {
            kept.extend(told.map(|told| (target.name.as_str(), not_told_of(report, &told))));
            continue;
        };
        let place = place(session, target, files);
        match parcel(session, target, news.notice(place), report) {
            Ok(parcel) => parcels.push((target, told, parcel)),
            Err(error) => {
                kept.extend(told.map(|told| (target.name.as_str(), not_told_of(report, &told))));
                untold.push(no_secret(target, &error));
            }
        }
    }
    let (about, parcels): (Vec<_>, Vec<_>) =
        parcels.into_iter().map(|(target, told, parcel)| ((target, told), parcel)).unzip();
    let mut arrived = Vec::new();
    for ((target, told), delivered) in about.into_iter().zip(deliver(parcels)) {
        match delivered {
            Ok(()) => {
                arrived.push(target);
                kept.insert(&target.name, told_of(report, told.as_ref()));
            }
            Err(error) => {
                kept.extend(told.map(|told| (target.name.as_str(), not_told_of(report, &told))));
                untold.push(Untold { name: target.name.clone(), why: error.to_string(), hint: None });
            }
        }
    }
    if let Err(error) = history.keep(&kept) {
        untold.push(Untold::history(&error));
    }
    say(session, &arrived, &untold, "the next report tells it; to try: driftline report --notify-test");
    untold.is_empty()
}

/// Refuses what cannot be told before the long work is done; this one tells all that a configuration can name.
#[expect(clippy::unnecessary_wraps, reason = "without the feature it refuses")]
pub(super) fn check(_: &Session) -> Result<(), Failure> {
    Ok(())
}

/// Sends a message to everybody that says nothing but that it arrived.
pub(super) fn try_out(session: &Session) -> Result<Exit, Failure> {
    let targets = &session.config.notify;
    if targets.is_empty() {
        return Err(Failure::new("nobody is told about reports: there is no `[notify.NAME]` in the configuration")
            .hint("write `[notify.chat]` and below it `url_env = \"DRIFTLINE_WEBHOOK\"`, or see the README for mail"));
    }
    let process = &session.process;
    let (mut untold, mut parcels, mut about, mut arrived) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    for target in targets {
        let notice = Notice::test(session.project().as_deref(), &process.host);
        match secret(target) {
            Ok(secret) => {
                about.push(target);
                parcels.push(Parcel {
                    target: target.clone(),
                    secret,
                    notice,
                    page: None,
                    at: process.now.seconds,
                    host: process.host.clone(),
                    key: key(session, target, process.now.seconds),
                });
            }
            Err(error) => untold.push(no_secret(target, &error)),
        }
    }
    for (target, delivered) in about.into_iter().zip(deliver(parcels)) {
        match delivered {
            Ok(()) => arrived.push(target),
            Err(error) => untold.push(Untold { name: target.name.clone(), why: error.to_string(), hint: None }),
        }
    }
    say(session, &arrived, &untold, "see what the other side says, and try again");
    Ok(if untold.is_empty() { Exit::InSync } else { Exit::Incomplete })
}

/// What everybody was told, and the right to tell them, for as long as this is there.
struct History {
    store: Option<Store>,
    /// Of a run that is not kept nothing is written down.
    is_kept: bool,
    _telling: Option<File>,
}

impl History {
    fn open(session: &Session, report: &NightlyReport, untold: &mut Vec<Untold>) -> Self {
        let (state, made_of) = (session.state_dir(), session.made_of());
        let is_kept = report.run.history == "kept";
        let open = || -> Result<_, StoreError> {
            let store = match (state, report.run.history) {
                (Some(state), "kept") => Some(Store::open(state, &made_of)?),
                (Some(state), "read-only") => Store::look(state, &made_of)?,
                _ => None,
            };
            let telling = store.as_ref().filter(|_| is_kept).map(Store::telling).transpose()?;
            Ok(Self { store, is_kept, _telling: telling })
        };
        open().unwrap_or_else(|error| {
            untold.push(Untold::history(&error));
            Self { store: None, is_kept: false, _telling: None }
        })
    }

    /// Nothing where it is not known: then all of the report is news.
    fn told(&self, target: &str, untold: &mut Vec<Untold>) -> Option<Told> {
        self.store.as_ref()?.told(target).unwrap_or_else(|error| {
            untold.push(Untold::history(&error));
            None
        })
    }

    fn keep(&mut self, kept: &BTreeMap<&str, Told>) -> Result<(), StoreError> {
        let is_kept = self.is_kept;
        let Some(store) = self.store.as_mut().filter(|_| is_kept) else { return Ok(()) };
        let mut changed = BTreeMap::new();
        for (target, told) in kept {
            if store.told(target)?.as_ref() != Some(told) {
                changed.insert(target, told);
            }
        }
        if changed.is_empty() {
            return Ok(());
        }
        let writing = store.begin(PATIENCE, |_| {})?;
        for (target, told) in changed {
            writing.tell(target, told)?;
        }
        writing.commit()
    }
}

fn place<'a>(session: &'a Session, target: &'a Notify, files: &'a [PathBuf]) -> Place<'a> {
    let html = files.iter().find(|file| file.extension().is_some_and(|extension| extension == "html"));
    Place {
        link: target.link.as_deref(),
        file: html.or(files.first()).map(|file| (file.as_path(), session.process.host.as_str())),
        attached: target.is_with_page(),
    }
}

fn parcel(session: &Session, target: &Notify, notice: Notice, report: &NightlyReport) -> Result<Parcel, SecretError> {
    let page = target.is_with_page().then(|| page(report)).flatten();
    let secret = secret(target)?;
    let key = key(session, target, report.run.at);
    let host = session.process.host.clone();
    Ok(Parcel { target: target.clone(), secret, notice, page, at: report.run.at, host, key })
}

fn secret(target: &Notify) -> Result<Option<crate::notify::Secret>, SecretError> {
    target.secret().map(|place| find(place, &|name| env::var_os(name))).transpose()
}

/// The report as a page.
fn page(report: &NightlyReport) -> Option<Arc<[u8]>> {
    let format = FORMATS.iter().find(|format| format.name == "html")?;
    let mut page = Vec::new();
    let screen = Screen { columns: 100, styles: Styles::new(false) };
    // Memory takes all that is written to it.
    (format.write)(report, screen, &mut page).ok()?;
    Some(page.into())
}

/// The same for the same report of the same project.
fn key(session: &Session, target: &Notify, at: i64) -> String {
    let mut hasher = blake3::Hasher::new();
    hasher.update(format!("{:?}", session.made_of()).as_bytes()).update(target.name.as_bytes());
    let hash = hasher.update(&at.to_le_bytes()).finalize().to_hex();
    hash[..24].to_owned()
}

fn no_secret(target: &Notify, error: &SecretError) -> Untold {
    Untold { name: target.name.clone(), why: error.to_string(), hint: Some(error.hint()) }
}

fn say(session: &Session, arrived: &[&Notify], untold: &[Untold], otherwise: &str) {
    let styles = session.output.error_styles;
    output::aside(|out| {
        for target in arrived {
            writeln!(out, "{} {} ({})", styles.paint(Look::Dim, "told"), target.name, target.kind())?;
        }
        for Untold { name, why, hint } in untold {
            let why = session.redactor.words(why).into_owned();
            writeln!(out, "{} {name} was not told of this", styles.paint(Look::Alarm, "error:"))?;
            writeln!(out, "  caused by: {}", escape::text(why.as_bytes()))?;
            let hint = hint.as_deref().map_or(String::new(), |hint| format!("{}; ", escape::text(hint.as_bytes())));
            writeln!(out, "  what to do: {hint}{otherwise}")?;
        }
        Ok(())
    });
}
