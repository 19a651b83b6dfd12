//! `driftline history`: runs, and how the drift grew or shrank.

use crate::cli::args::{CommonArguments, Format, HistoryArguments};
use crate::cli::exit::Exit;
use crate::cli::failure::Failure;
use crate::cli::output::{self, Output};
use crate::cli::process::Process;
use crate::cli::session::Session;
use crate::history::Store;
use crate::report::escape;
use crate::report::nightly::{HistoryReport, Screen, write_history};

pub(crate) fn run(
    common: CommonArguments,
    process: Process,
    output: Output,
    arguments: &HistoryArguments,
) -> Result<Exit, Failure> {
    let (session, others) = Session::open(common, process, output, &arguments.environments)?;
    session.refuse(&others)?;
    let Some(state) = session.state_dir() else {
        return Err(Failure::new("no history is kept without a state folder").hint("leave out --no-state"));
    };
    let failed = |error: crate::history::StoreError| Failure::new(error.to_string()).hint(error.hint());
    let store = Store::look(state, &session.made_of()).map_err(failed)?;
    let past = store.as_ref().map(Store::past).transpose().map_err(failed)?.unwrap_or_default();
    let Some(store) = store.filter(|_| past.last.is_some()) else {
        return Err(Failure::new("there is no report of these environments yet")
            .hint("make the first one: driftline report")
            .hint("histories are kept for each configuration file, in the state folder (--state-dir)"));
    };
    let report = HistoryReport::new(&past, session.project(), store.file().display().to_string());
    let screen = Screen { columns: session.output.width, styles: session.output.styles };
    output::data(|out| match session.common.format {
        Format::Json => escape::write_json(&report, out),
        Format::Text => write_history(&report, screen, out),
    })?;
    Ok(Exit::InSync)
}
