//! What stands below the matrix: known fixes, what was accepted, and what was read when.

use maud::{Markup, html};

use super::data::Page;
use super::first::{item, last_complete};
use super::{moment, text};
use crate::report::layout::{count, counted};
use crate::report::nightly::NightlyReport;

/// So many accepted findings are listed; the matrix has all that are about a path.
const ACCEPTED: usize = 200;

pub(super) fn fixes(report: &NightlyReport) -> Markup {
    let Some(fixes) = &report.fixes else { return html! {} };
    html! {
        section aria-labelledby="known-fixes" {
            h2 #known-fixes { "Known fixes" }
            div.scroll tabindex="0" role="group" aria-labelledby="known-fixes" {
                table {
                    thead { tr { th scope="col" { "Fix" } @for environment in &fixes.environments { th scope="col" { (environment) } } } }
                    tbody {
                        @for fix in &fixes.fixes {
                            tr {
                                th scope="row" { span.name { (text(&fix.id)) } @if let Some(title) = &fix.title { " " (text(title)) } }
                                @for state in &fix.states {
                                    @let lacking = state.expected && matches!(state.verdict, "absent" | "partly");
                                    td {
                                        span class=(if lacking { "alarm" } else { "" }) { (state.verdict) @if lacking { ", expected" } }
                                        @if let Some(words) = state.missing.first().or(state.because.as_ref()) { div.dim { (text(words)) } }
                                    }
                                }
                            }
                        }
                    }
                }
            }
        }
    }
}

pub(super) fn accepted(report: &NightlyReport, page: &Page<'_>) -> Markup {
    html! {
        @if !report.accepted.is_empty() || !report.acceptances.is_empty() {
            section aria-labelledby="accepted" {
                h2 #accepted { "Accepted" }
                ul.list { @for finding in report.accepted.iter().take(ACCEPTED) { (item(finding, page)) } }
                @if report.accepted.len() > ACCEPTED { p.dim { "and " (count((report.accepted.len() - ACCEPTED) as u64)) " more" } }
                @if !report.acceptances.is_empty() {
                    h3 { "Acceptances that accept nothing any more" }
                    ul.list {
                        @for acceptance in &report.acceptances {
                            li.notice { span.mark { "-" } div { (text(&acceptance.message)) div.meta { (acceptance.state) " · " (text(&acceptance.id)) " · " (text(&acceptance.because)) } } }
                        }
                    }
                }
            }
        }
    }
}

/// What was read when, by which version, in how many seconds, and how it ended.
pub(super) fn foot(report: &NightlyReport) -> Markup {
    let took = report.run.took_ms.map(|ms| format!(" in {}.{} s", ms / 1000, ms % 1000 / 100)).unwrap_or_default();
    let fail_on = text(&report.exit.fail_on);
    html! {
        footer {
            ul {
                @for environment in &report.environments {
                    li {
                        strong { (environment.environment.name) } " "
                        @if environment.read.state == "all" { "read in full, " (counted(environment.environment.entries, "entry", "entries")) }
                        @else { (environment.read.state) "; " (last_complete(environment)) }
                    }
                }
                @for incident in report.incidents.iter().take(50) {
                    li {
                        (incident.environment) ": "
                        @if let Some(path) = &incident.path { span.name { (super::name(path)) } " " }
                        (text(&incident.message))
                        @if let Some(hint) = &incident.hint { "; " (text(hint)) }
                    }
                }
                @if report.incidents.len() > 50 { li { "and " (count(report.incidents.len() as u64 - 50)) " more of this kind" } }
                @for note in &report.notes { li { (text(note)) } }
                @for reason in &report.exit.incomplete { li.alarm { (text(reason)) } }
            }
            @if !report.next.is_empty() {
                p { "Next: " @for command in &report.next { span data-copy="" { code { (text(command)) } } " " } }
            }
            p {
                "driftline " (report.driftline) " read this on " (moment(report.run.at)) (took)
                ". Exit status " (report.exit.status) ": " (counted(report.exit.failing, "finding", "findings")) " at or above " (fail_on) "."
                " Nothing that could not be read is called missing or different."
            }
        }
    }
}
