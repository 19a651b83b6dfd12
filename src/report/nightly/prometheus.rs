//! The figures of a report in the text format of Prometheus, for the textfile collector of `node_exporter`.

use std::io::{self, Write};

use super::{NightlyReport, Screen, SeverityCounts};
use crate::report::escape;

/// Writes the figures. An environment that was never read in full has no `driftline_environment_last_success_timestamp_seconds`.
pub(super) fn write(report: &NightlyReport, _: Screen, out: &mut dyn Write) -> io::Result<()> {
    let NightlyReport { run, counts, tree, exit, .. } = report;
    let mut sheet = Sheet { project: label(report.project.as_deref().unwrap_or_default()), out };
    sheet.gauge("build_info", "The version that made the report.", [(vec![("version", report.driftline)], 1.0)])?;
    sheet.one("run_timestamp_seconds", "When the run began.", run.at as f64)?;
    if let Some(took) = run.took_ms {
        sheet.one("run_duration_seconds", "How long the run took.", took as f64 / 1000.0)?;
    }
    sheet.one("exit_status", "How it ended: 0 in sync, 1 drift, 3 incomplete.", f64::from(exit.status))?;
    sheet.one("failing_findings", "Findings at or above what was asked to fail on.", exit.failing as f64)?;
    let severities = |open: SeverityCounts| {
        let all =
            [("critical", open.critical), ("warning", open.warning), ("notice", open.notice), ("info", open.info)];
        all.map(|(severity, number)| (vec![("severity", severity)], number as f64))
    };
    sheet.gauge("open_findings", "Open findings.", severities(counts.open))?;
    sheet.gauge("fresh_findings", "Open findings that are new or reopened.", severities(counts.fresh))?;
    let statuses = [
        ("new", counts.new),
        ("still", counts.still),
        ("resolved", counts.resolved),
        ("reopened", counts.reopened),
        ("accepted", counts.accepted),
        ("stale", counts.stale),
    ];
    let statuses = statuses.map(|(status, number)| (vec![("status", status)], number as f64));
    sheet.gauge("findings", "Findings; stale ones are among those that are still there.", statuses)?;
    let paths = [
        ("in_sync", tree.in_sync),
        ("quiet", tree.quiet),
        ("drift", tree.paths.saturating_sub(tree.in_sync + tree.quiet)),
    ];
    let paths = paths.map(|(state, number)| (vec![("state", state)], number as f64));
    sheet.gauge("paths", "Common paths.", paths)?;
    let environments = |value: fn(&super::NightEnvironment) -> Option<f64>| {
        let named = report
            .environments
            .iter()
            .filter_map(move |night| Some((vec![("environment", night.environment.name.as_str())], value(night)?)));
        named.collect::<Vec<_>>()
    };
    let drift = environments(|night| Some(night.environment.drift as f64));
    sheet.gauge("environment_drift_paths", "Paths at which the environment lacks what another one has.", drift)?;
    let only = environments(|night| Some(night.environment.only_here as f64));
    sheet.gauge("environment_only_here_paths", "Paths that only the environment has.", only)?;
    let uncommitted = environments(|night| night.environment.uncommitted.map(|number| number as f64));
    sheet.gauge("environment_uncommitted_changes", "Uncommitted changes, where there is a checkout.", uncommitted)?;
    let unreadable = environments(|night| Some(night.environment.unreadable as f64));
    sheet.gauge("environment_unreadable_paths", "Paths that could not be read.", unreadable)?;
    let success = environments(|night| Some(f64::from(u8::from(night.read.state == "all"))));
    sheet.gauge("environment_success", "Whether all of the environment was read.", success)?;
    let last = environments(|night| night.read.last_complete.map(|at| at as f64));
    sheet.gauge("environment_last_success_timestamp_seconds", "When all of the environment was read last.", last)
}

struct Sheet<'a> {
    project: String,
    out: &'a mut dyn Write,
}

impl Sheet<'_> {
    fn one(&mut self, name: &str, help: &str, value: f64) -> io::Result<()> {
        self.gauge(name, help, [(Vec::new(), value)])
    }

    fn gauge<'l>(
        &mut self,
        name: &str,
        help: &str,
        samples: impl IntoIterator<Item = (Vec<(&'l str, &'l str)>, f64)>,
    ) -> io::Result<()> {
        writeln!(self.out, "# HELP driftline_{name} {help}\n# TYPE driftline_{name} gauge")?;
        for (labels, value) in samples {
            let labels: String = labels.iter().map(|(key, value)| format!(",{key}=\"{}\"", label(value))).collect();
            writeln!(self.out, "driftline_{name}{{project=\"{}\"{labels}}} {value}", self.project)?;
        }
        Ok(())
    }
}

/// The value of a label, on one line, without what could drive a terminal that shows the file.
fn label(value: &str) -> String {
    escape::text(value.as_bytes()).replace('\\', "\\\\").replace('"', "\\\"")
}
