//! The history of a report: read, and added to, while nobody else does.

use std::collections::BTreeSet;
use std::path::Path;
use std::time::Duration;

use super::files::Staged;
use crate::cli::failure::Failure;
use crate::cli::output;
use crate::cli::session::Session;
use crate::history::{KEEP_DAYS, Night, Outcome, Past, Store, StoreError, follow};
use crate::report::escape;
use crate::report::nightly::{Kept, NightlyReport};
use crate::report::style::Look;

/// So long another run is waited for, which holds the history only while it writes its report.
const PATIENCE: Duration = Duration::from_secs(60);

type Make<'a> = &'a dyn Fn(&Past, &Outcome, Kept) -> NightlyReport;
type LayOut<'a> = &'a dyn Fn(&NightlyReport) -> Result<Option<Staged>, Failure>;

/// Why a run is not kept.
enum Hindrance {
    /// The report could not be made, so there is nothing to keep.
    Report(Failure),
    Store(StoreError),
}

impl From<StoreError> for Hindrance {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

/// Says what has become of everything, has the report made and its files written under other names, and then keeps the run: so there is no
/// run in the history whose report could not be written. A history that cannot be used is said in the report, which is made all the same.
pub(super) fn keep(
    session: &Session,
    night: &Night,
    accepted: &BTreeSet<String>,
    make: Make<'_>,
    lay_out: LayOut<'_>,
) -> Result<(NightlyReport, Option<Staged>), Failure> {
    let without = |past: &Past, kept: Kept| {
        let report = make(past, &follow(past, night, accepted), kept);
        let staged = lay_out(&report)?;
        Ok((report, staged))
    };
    let Some(state) = session.state_dir() else { return without(&Past::default(), Kept::Off) };
    let made_of = session.made_of();
    let mut store = match Store::open(state, &made_of) {
        Ok(store) => store,
        Err(error) => {
            let past = match &error {
                StoreError::Open { .. } | StoreError::NotWritable { .. } => past(Store::look(state, &made_of)),
                _ => None,
            };
            return without(&past.clone().unwrap_or_default(), kept(session, &error, past.is_some()));
        }
    };
    match write(&mut store, session, night, accepted, make, lay_out) {
        Ok(done) => Ok(done),
        Err(Hindrance::Report(failure)) => Err(failure),
        Err(Hindrance::Store(error)) => {
            let past = store.past().ok();
            without(&past.clone().unwrap_or_default(), kept(session, &error, past.is_some()))
        }
    }
}

fn write(
    store: &mut Store,
    session: &Session,
    night: &Night,
    accepted: &BTreeSet<String>,
    make: Make<'_>,
    lay_out: LayOut<'_>,
) -> Result<(NightlyReport, Option<Staged>), Hindrance> {
    let writing = store.begin(PATIENCE, |file| waiting(session, file))?;
    let past = writing.past()?;
    let outcome = follow(&past, night, accepted);
    writing.add(night, &outcome, session.config.keep_days.unwrap_or(KEEP_DAYS))?;
    let report = make(&past, &outcome, Kept::Yes);
    let staged = lay_out(&report).map_err(Hindrance::Report)?;
    writing.commit()?;
    Ok((report, staged))
}

/// What is known where nothing can be added; no history at all is known to be one.
fn past(looked: Result<Option<Store>, StoreError>) -> Option<Past> {
    match looked {
        Ok(None) => Some(Past::default()),
        Ok(Some(store)) => store.past().ok(),
        Err(_) => None,
    }
}

fn kept(session: &Session, error: &StoreError, is_known: bool) -> Kept {
    let words = format!("{error}; {}", error.hint());
    let words = session.redactor.words(&words).into_owned();
    if is_known { Kept::ReadOnly(words) } else { Kept::Unavailable(words) }
}

fn waiting(session: &Session, file: &Path) {
    let styles = session.output.error_styles;
    let file = escape::name(file.as_os_str().as_encoded_bytes()).into_owned();
    output::aside(|out| {
        let note = styles.paint(Look::Dim, "note:");
        writeln!(out, "{note} waiting for another driftline, which is writing the history `{file}`")
    });
}
