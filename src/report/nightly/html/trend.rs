//! The last nights as a small chart and as a table.

use maud::{Markup, html};

use super::day;
use crate::report::layout::{count, counted};
use crate::report::nightly::{SeverityCounts, TrendReport};

/// So many nights are a trend.
const NIGHTS: usize = 60;
const WIDTH: usize = 720;
const HEIGHT: usize = 150;
/// Room for figures on the left, for marks above, and for days below.
const LEFT: usize = 44;
const ABOVE: usize = 16;
const BELOW: usize = 20;

/// The open findings of the last nights by severity; nothing for one night.
pub(super) fn section(trend: &[TrendReport]) -> Markup {
    let nights = &trend[trend.len().saturating_sub(NIGHTS)..];
    if nights.len() < 2 {
        return html! {};
    }
    let most = nights.iter().map(|night| total(night.open)).max().unwrap_or(0).max(1);
    let words = format!(
        "Open findings in {}, from {} to {}",
        counted(nights.len() as u64, "report", "reports"),
        count(total(nights[0].open)),
        count(total(nights[nights.len() - 1].open))
    );
    html! {
        section.trend aria-labelledby="trend" {
            h2 #trend { "Trend" }
            p.dim { (words) }
            svg viewBox={ "0 0 " (WIDTH) " " (HEIGHT) } role="img" aria-label=(words) {
                (axis(0, most)) (axis(most, most))
                @for (at, night) in nights.iter().enumerate() { (column(at, nights.len(), night, most)) }
                text x=(LEFT) y=(HEIGHT - 4) { (day(nights[0].at)) }
                text x=(WIDTH) y=(HEIGHT - 4) text-anchor="end" { (day(nights[nights.len() - 1].at)) }
            }
            p.legend {
                @for (severity, class) in SEVERITIES {
                    span { svg viewBox="0 0 10 10" aria-hidden="true" { rect class=(class) width="10" height="10" {} } (severity) }
                }
                span { span.alarm { "!" } " not all was read" }
            }
            details aria-label="Trend as a table" {
                summary { "The same as a table" }
                div.scroll tabindex="0" role="region" aria-label="Trend as a table" { table {
                    thead { tr { th scope="col" { "Day" } @for word in ["Critical", "Warning", "Notice", "Info", "New", "Resolved", "Reopened", "Accepted", "Paths that differ"] { th.number scope="col" { (word) } } th scope="col" { "Not read in full" } } }
                    tbody { @for night in nights.iter().rev() { (line(night)) } }
                } }
            }
        }
    }
}

const SEVERITIES: [(&str, &str); 4] =
    [("critical", "s-critical"), ("warning", "s-warning"), ("notice", "s-notice"), ("info", "s-info")];

fn by_severity(open: SeverityCounts) -> [u64; 4] {
    [open.critical, open.warning, open.notice, open.info]
}

fn total(open: SeverityCounts) -> u64 {
    by_severity(open).iter().sum()
}

/// A line across at a number of findings.
fn axis(number: u64, most: u64) -> Markup {
    let y = HEIGHT - BELOW - height(number, most);
    html! {
        line.rule x1=(LEFT) x2=(WIDTH) y1=(y) y2=(y) {}
        text x=(LEFT - 6) y=(y + 4) text-anchor="end" { (count(number)) }
    }
}

/// One night, the most severe at the bottom.
fn column(at: usize, nights: usize, night: &TrendReport, most: u64) -> Markup {
    let [x, next] = [at, at + 1].map(|at| LEFT + 4 + at * (WIDTH - LEFT - 4) / nights);
    let width = (next - x).saturating_sub(if next - x > 6 { 2 } else { 1 }).clamp(1, 40);
    let mut below = 0;
    let stretches = by_severity(night.open).into_iter().zip(SEVERITIES).map(|(number, (_, class))| {
        let from = height(below, most);
        below += number;
        (class, height(below, most), height(below, most) - from)
    });
    let stretches: Vec<_> = stretches.filter(|&(_, _, tall)| tall > 0).collect();
    let y = |up: usize| HEIGHT - BELOW - up;
    let top = height(total(night.open), most);
    html! {
        g {
            title { (summary(night)) }
            @for (class, up, tall) in stretches { rect class=(class) x=(x) y=(y(up)) width=(width) height=(tall) {} }
            @if !gaps(night).is_empty() { text.gap x=(x + width / 2) y=(y(top) - 3) text-anchor="middle" { "!" } }
        }
    }
}

fn height(number: u64, most: u64) -> usize {
    (number * (HEIGHT - ABOVE - BELOW) as u64 / most) as usize
}

fn gaps(night: &TrendReport) -> Vec<&str> {
    night.coverage.iter().filter(|(_, read)| *read != "all").map(|(name, _)| name.as_str()).collect()
}

fn summary(night: &TrendReport) -> String {
    let gaps = gaps(night);
    let unread = if gaps.is_empty() { String::new() } else { format!("; not read in full: {}", gaps.join(", ")) };
    let [critical, warning, notice, info] = by_severity(night.open);
    format!(
        "{}: {critical} critical, {warning} warning, {notice} notice, {info} info; {} new, {} resolved{unread}",
        day(night.at),
        night.new,
        night.resolved
    )
}

fn line(night: &TrendReport) -> Markup {
    let [critical, warning, notice, info] = by_severity(night.open);
    let numbers =
        [critical, warning, notice, info, night.new, night.resolved, night.reopened, night.accepted, night.drift];
    html! {
        tr {
            th scope="row" { (day(night.at)) }
            @for number in numbers { td.number { (count(number)) } }
            td { (gaps(night).join(", ")) }
        }
    }
}
