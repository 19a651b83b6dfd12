//! How the drift grew or shrank: `driftline history` as data and as text.

use std::io::{self, Write};

use serde::Serialize;

use super::build::trend_report;
use super::{Screen, SeverityCounts, TrendReport};
use crate::history::Past;
use crate::report::escape;
use crate::report::layout::{count, counted, fit, pad, pad_start, width};
use crate::report::style::Look;

/// The version of the format, in [`HistoryReport::version`].
pub(super) const VERSION: u32 = 1;

/// More reports are drawn and not listed.
const LISTED: usize = 14;

/// The runs that are known, and how the drift grew or shrank.
#[derive(Debug, Clone, Serialize)]
pub struct HistoryReport {
    /// `driftline-history`.
    pub format: &'static str,
    /// 1.
    pub version: u32,
    /// The version of the program.
    pub driftline: &'static str,
    /// The name of the folder in which the configuration stands; null for environments that were typed.
    pub project: Option<String>,
    /// Where it is kept.
    pub file: String,
    /// The last 90 runs, oldest first.
    pub runs: Vec<TrendReport>,
}

impl HistoryReport {
    /// The report of what is known.
    pub fn new(past: &Past, project: Option<String>, file: String) -> Self {
        Self {
            format: "driftline-history",
            version: VERSION,
            driftline: env!("CARGO_PKG_VERSION"),
            project,
            file,
            runs: past.trend.iter().map(trend_report).collect(),
        }
    }
}

/// What a curve shows of a run.
type Value = fn(&TrendReport) -> u64;

/// Writes it for a person at a terminal.
pub fn write_history(report: &HistoryReport, screen: Screen, out: &mut dyn Write) -> io::Result<()> {
    let styles = screen.styles;
    let project = report.project.as_deref().unwrap_or("driftline");
    let name = fit(&escape::name(project.as_bytes()), 24).into_owned();
    let runs = &report.runs;
    let (Some(first), Some(last)) = (runs.first(), runs.last()) else { return Ok(()) };
    let number = counted(runs.len() as u64, "report", "reports");
    writeln!(out, "{}   {number} from {} to {}", styles.paint(Look::Heading, name), day(first), day(last))?;
    writeln!(out)?;
    let drawn = &runs[runs.len().saturating_sub(screen.columns.saturating_sub(30))..];
    let curves: [(&str, Value); 5] = [
        ("critical", |run| run.open.critical),
        ("warning", |run| run.open.warning),
        ("notice", |run| run.open.notice),
        ("info", |run| run.open.info),
        ("paths that differ", |run| run.drift),
    ];
    for (what, value) in curves {
        let values: Vec<u64> = drawn.iter().map(value).collect();
        let (from, to) = (values[0], values[values.len() - 1]);
        let change = if from == to { count(to) } else { format!("{} -> {}", count(from), count(to)) };
        writeln!(out, "  {}  {}  {change}", pad(what, 17), sparkline(&values))?;
    }
    writeln!(out)?;
    let head = ["report", "when", "open", "new", "resolved", "reopened", "accepted", "not read in full"];
    let rows: Vec<[String; 8]> = runs.iter().rev().take(LISTED).map(row).collect();
    let widths: Vec<usize> = (0..head.len())
        .map(|at| rows.iter().map(|row| width(&row[at])).chain([width(head[at])]).max().unwrap_or_default())
        .collect();
    let line = |cells: &[&str]| {
        let cells = cells.iter().enumerate().map(|(at, cell)| match at {
            1 | 7 => pad(cell, widths[at]),
            _ => pad_start(cell, widths[at]),
        });
        format!("  {}", cells.collect::<Vec<_>>().join("  ")).trim_end().to_owned()
    };
    writeln!(out, "{}", styles.paint(Look::Dim, line(&head)))?;
    for row in &rows {
        writeln!(out, "{}", line(&row.each_ref().map(String::as_str)))?;
    }
    let more = runs.len().saturating_sub(LISTED) as u64;
    if more > 0 {
        writeln!(out, "  {}", styles.paint(Look::Dim, format!("and {} before", count(more))))?;
    }
    Ok(())
}

fn day(run: &TrendReport) -> &str {
    run.date.split('T').next().unwrap_or_default()
}

fn row(run: &TrendReport) -> [String; 8] {
    let SeverityCounts { critical, warning, notice, info } = run.open;
    let unread: Vec<&str> =
        run.coverage.iter().filter(|(_, read)| *read != "all").map(|(name, _)| name.as_str()).collect();
    [
        run.number.map(count).unwrap_or_default(),
        run.date.replace('T', " ").trim_end_matches('Z').to_owned(),
        count(critical + warning + notice + info),
        count(run.new),
        count(run.resolved),
        count(run.reopened),
        count(run.accepted),
        escape::name(unread.join(" ").as_bytes()).into_owned(),
    ]
}

/// A small picture of numbers: one bar each, as high as its share of the largest. Nothing is the lowest bar.
pub fn sparkline(values: &[u64]) -> String {
    const BARS: [char; 8] = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];
    let largest = values.iter().copied().max().unwrap_or_default().max(1);
    // Only the largest reaches the top, and only nothing is at the bottom.
    let height = |value: u64| match value {
        0 => 0,
        value if value == largest => 7,
        value => 1 + (u128::from(value) * 6 / u128::from(largest)) as usize,
    };
    values.iter().map(|&value| BARS[height(value)]).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_become_bars() {
        assert_eq!(sparkline(&[0, 1, 50, 99, 100]), "▁▂▅▇█");
        assert_eq!(sparkline(&[0, 0]), "▁▁");
        assert_eq!(sparkline(&[u64::MAX, 1]), "█▂");
        assert_eq!(sparkline(&[]), "");
    }
}
