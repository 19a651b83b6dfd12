//! Proposed maps as report data and in words.

use crate::compare::maps::MapProposal;
use crate::config::PathMap;
use crate::insight::Inputs;
use crate::report::escape;
use crate::report::layout::{count, counted};
use crate::report::model::{MapReport, PathReport};

/// The report of a proposal; `maps` is what is mapped in each environment by now.
pub fn map_report(proposal: &MapProposal, inputs: &Inputs<'_>, maps: &[PathMap]) -> MapReport {
    let name = |at: usize| inputs.snapshots[at].environment.to_string();
    let of_it = inputs.maps.iter().filter(|other| other.environment == proposal.environment);
    let configured = maps.get(proposal.environment);
    let map = configured.and_then(|map| map.with(of_it.map(|one| (&one.common, &one.here))));
    MapReport {
        environment: name(proposal.environment),
        here: PathReport::from(&proposal.here),
        common: PathReport::from(&proposal.common),
        others: proposal.others.iter().map(|&at| name(at)).collect(),
        equal: proposal.equal as u64,
        quiet: proposal.quiet as u64,
        files: proposal.files() as u64,
        unequal: proposal.unequal.iter().map(PathReport::from).collect(),
        only_here: proposal.only_here as u64,
        only_there: proposal.only_there as u64,
        paste: map.and_then(|map| Some(format!("map = {}", map.to_toml(escape::toml)?))),
    }
}

/// What it is about, and what there is to say: `prod's oncall_backend/`, `looks like backend/: 41 of 44 files equal`.
pub fn words(report: &MapReport) -> (String, String) {
    let here = format!("{}'s {}/", report.environment, escape::name(&report.here.bytes));
    (here, format!("looks like {}/: {}", escape::name(&report.common.bytes), likeness(report)))
}

/// How many files are equal.
pub fn likeness(report: &MapReport) -> String {
    let quiet = match report.quiet {
        0 => String::new(),
        _ if report.equal == 0 => ", but for line endings".to_owned(),
        quiet => format!(", {} of them but for line endings", count(quiet)),
    };
    let of = counted(report.files, "file", "files");
    format!("{} of {of} equal{quiet}", count(report.equal + report.quiet))
}
