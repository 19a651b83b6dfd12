//! Stands in for `tell` in a driftline that was built without the feature `notify`.

use std::path::PathBuf;

use crate::cli::exit::Exit;
use crate::cli::failure::Failure;
use crate::cli::session::Session;
use crate::report::nightly::NightlyReport;

/// Refuses a configuration that wants somebody to be told.
pub(super) fn check(session: &Session) -> Result<(), Failure> {
    let Some(target) = session.config.notify.first() else { return Ok(()) };
    Err(Failure::new(format!("`[notify.{}]`: this driftline was built without notifications", target.name))
        .hint("install one that was built with the feature `notify`, which is on unless it was turned off")
        .hint("or make the report without telling anybody: driftline report --no-notify"))
}

/// Nobody is there to be told.
pub(super) fn tell(_: &Session, _: &NightlyReport, _: &[PathBuf]) -> bool {
    true
}

/// Refuses.
pub(super) fn try_out(session: &Session) -> Result<Exit, Failure> {
    check(session)?;
    Err(Failure::new("this driftline was built without notifications")
        .hint("install one that was built with the feature `notify`, which is on unless it was turned off"))
}
