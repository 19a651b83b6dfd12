//! The first screen: who was read and how they stand, what changed, which fixes are in one place only, what to look at, and where the drift is.

use std::collections::BTreeMap;

use maud::{Markup, html};

use super::data::{Page, accepted, since, stale};
use super::{candidates, day, days, letters, mark, name, text};
use crate::report::escape;
use crate::report::layout::{count, counted};
use crate::report::maps;
use crate::report::model::{MapReport, PathReport};
use crate::report::nightly::{NightEnvironment, NightFinding, NightlyReport};
use crate::report::wording::join;

/// So many findings are a first look.
const FIRST_LOOK: usize = 12;
/// More findings of one rule are not.
const OF_A_RULE: usize = 3;
/// So many of each kind of change are named; the matrix has all of them.
const CHANGES: usize = 10;
/// So many proposed maps are named.
const MAPS: usize = 3;
/// So many folders are named.
const FOLDERS: usize = 24;

pub(super) fn screen(report: &NightlyReport, page: &Page<'_>) -> Markup {
    html! {
        (verdict(report))
        section aria-labelledby="environments" {
            h2.unseen #environments { "Environments" }
            div.cards { @for environment in &report.environments { (card(environment)) } }
        }
        (changes(report, page))
        (candidates::first(report))
        div.first {
            (look_at(report, page))
            (folders(report, page))
        }
    }
}

/// The answer in one sentence.
fn verdict(report: &NightlyReport) -> Markup {
    let counts = &report.counts;
    let oldest = report.findings.iter().filter(|finding| finding.status == "still");
    let oldest = oldest.map(|finding| finding.age_days).max().map(|age| format!(" (oldest {})", days(age)));
    let unread: Vec<&str> = report.environments.iter().filter(|one| one.read.state != "all").map(name_of).collect();
    html! {
        p.verdict {
            strong { (count(counts.new)) " new" } ", "
            @if counts.reopened > 0 { strong { (count(counts.reopened)) " reopened" } ", " }
            (count(counts.resolved)) " resolved, " (count(counts.still)) " still" (oldest.unwrap_or_default())
            @if counts.accepted > 0 { ", " (count(counts.accepted)) " accepted" }
            @if !unread.is_empty() { span.alarm { " – not read in full: " (join(&unread)) } }
        }
        p.dim {
            (counted(report.tree.paths, "path", "paths")) ", " (count(report.tree.in_sync)) " in sync"
            @if report.tree.quiet > 0 { ", " (count(report.tree.quiet)) " quiet" }
            @if let Some(baseline) = &report.baseline { "; measured against " (baseline) }
            @if report.run.first { ". The first report: all of it is new, because nothing was looked at before" }
            "."
        }
        @if let Some(because) = &report.run.because { p.alarm { "History " (report.run.history) ": " (text(because)) } }
    }
}

fn name_of(environment: &NightEnvironment) -> &str {
    &environment.environment.name
}

fn card(night: &NightEnvironment) -> Markup {
    let environment = &night.environment;
    let number = |number: Option<u64>| number.map_or_else(|| "–".to_owned(), count);
    html! {
        article class={ "card" @if night.read.state != "all" { " gap" } } {
            h3 { span.label { (environment.label) } span { (environment.name) } }
            @if let Some(role) = &environment.role { p.dim { (text(role)) } }
            p.name { (text(&night.git_words)) }
            dl {
                div { dt { "drift" } dd { (count(environment.drift)) } }
                div { dt { "only here" } dd { (count(environment.only_here)) } }
                div { dt { "uncommitted" } dd { (number(environment.uncommitted)) } }
                div { dt { "leftovers" } dd { (count(environment.artifacts)) } }
            }
            @match night.read.state {
                "all" => { p.good { "read in full" } }
                state => {
                    p.alarm { strong { @if state == "failed" { "could not be read" } @else { "read in part" } } }
                    @for reason in night.read.reasons.iter().take(3) { p { (text(reason)) } }
                    p.dim { (last_complete(night)) }
                }
            }
            p.dim.name { (text(&environment.origin)) }
        }
    }
}

/// When all of an environment was read last.
pub(super) fn last_complete(night: &NightEnvironment) -> String {
    match (night.read.last_complete, night.read.age_days) {
        (Some(at), Some(0)) => format!("all of it was read last on {}, today", day(at)),
        (Some(at), Some(age)) => format!("all of it was read last on {}, {} ago", day(at), days(age)),
        (Some(at), None) => format!("all of it was read last on {}", day(at)),
        (None, _) => "no report has read all of it yet".to_owned(),
    }
}

/// What is new, reopened or resolved. On the first night all is new, which says nothing.
fn changes(report: &NightlyReport, page: &Page<'_>) -> Markup {
    let of = |status| report.findings.iter().filter(|finding| finding.status == status).collect::<Vec<_>>();
    let groups = [("new", of("new")), ("reopened", of("reopened")), ("resolved", of("resolved"))];
    let is_empty = groups.iter().all(|(_, findings)| findings.is_empty());
    html! {
        @if !report.run.first && !is_empty {
            section aria-labelledby="changes" {
                h2 #changes { "Changed since the last report" }
                ul.list {
                    @for (status, findings) in &groups {
                        @for finding in findings.iter().take(CHANGES) { (item(finding, page)) }
                        @if findings.len() > CHANGES {
                            li { span {} span.dim { "and " (count((findings.len() - CHANGES) as u64)) " more that are " (status) } }
                        }
                    }
                }
            }
        }
    }
}

/// What needs a person: the most severe first, of no rule more than a few, and of plain drift only what is in focus, since the matrix has it.
fn look_at(report: &NightlyReport, page: &Page<'_>) -> Markup {
    let is_drift = |finding: &NightFinding| matches!(&*finding.code, "content-differs" | "only-in" | "absent-in");
    let is_open = |finding: &&NightFinding| finding.status != "resolved" && finding.severity != "info";
    let notable = report.findings.iter().filter(is_open).filter(|finding| finding.focus || !is_drift(finding));
    let mut taken: BTreeMap<&str, usize> = BTreeMap::new();
    let mut left: BTreeMap<&str, u64> = BTreeMap::new();
    let mut shown = Vec::new();
    for finding in notable {
        let of_rule = taken.entry(&finding.code).or_default();
        if *of_rule < OF_A_RULE && shown.len() < FIRST_LOOK {
            *of_rule += 1;
            shown.push(finding);
        } else {
            *left.entry(&finding.code).or_default() += 1;
        }
    }
    let left: Vec<String> = left.iter().map(|(code, more)| format!("{} {}", count(*more), text(code))).collect();
    html! {
        section aria-labelledby="look-at" {
            h2 #look-at { "Look at first" }
            @if shown.is_empty() && report.map_proposals.is_empty() { p.dim { "Nothing beyond what the matrix shows." } }
            ul.list {
                @for finding in &shown { (item(finding, page)) }
                @for proposal in report.map_proposals.iter().take(MAPS) { (map(proposal)) }
            }
            @if report.map_proposals.len() > MAPS {
                p.dim { "and " (counted((report.map_proposals.len() - MAPS) as u64, "more proposed map", "more proposed maps")) }
            }
            @if !left.is_empty() { p.dim { "and " (join(&left)) } }
        }
    }
}

/// Folders that look like one under two names: in them everything seems to differ.
fn map(proposal: &MapReport) -> Markup {
    let (subject, words) = maps::words(proposal);
    html! {
        li.notice {
            span.mark title="notice" { "-" }
            div {
                span.name { (text(&subject)) } " " (text(&words))
                @if let Some(paste) = &proposal.paste { div.meta { span data-copy="" { code { (text(paste)) } } } }
            }
        }
    }
}

/// A finding in a list.
pub(super) fn item(finding: &NightFinding, page: &Page<'_>) -> Markup {
    let status = if finding.accepted.is_some() { "accepted" } else { finding.status };
    html! {
        li class=(finding.severity) {
            span.mark title=(finding.severity) { (mark(finding.severity)) }
            div {
                span class={ "status " (status) } { (status) }
                @if finding.stale.is_some() { span.status.stale { "stale" } }
                @match page.row_of(finding) {
                    Some(row) => { span data-row=(row) { span.name { (text(&finding.subject)) } } }
                    None => { span.name { (text(&finding.subject)) } }
                }
                " " (text(&finding.message))
                div.meta {
                    (finding.severity) " · " (text(&finding.code)) " · " (since(finding))
                    @if let Some(stale) = stale(finding) { " · " (stale) }
                    @if let Some(accepted) = accepted(finding) { " · " (accepted) }
                    " · " (text(&finding.id))
                }
            }
        }
    }
}

fn folders(report: &NightlyReport, page: &Page<'_>) -> Markup {
    let tree = &report.tree;
    html! {
        section aria-labelledby="where" {
            h2 #where { "Where the drift is" }
            @if tree.drift.is_empty() { p.dim { "Nowhere." } }
            @else {
                div.scroll tabindex="0" role="group" aria-labelledby="where" {
                    table {
                        thead { tr { th scope="col" { "Folder" } th scope="col" { span.letters { @for one in &report.environments { span.letter title=(one.environment.name) { (one.environment.label) } } } } th.number scope="col" { "Paths" } th.wide scope="col" { "Such as" } } }
                        tbody {
                            @for folder in tree.drift.iter().take(FOLDERS) {
                                tr {
                                    td { span.name.folder { @if folder.path.bytes.is_empty() { "(top)" } @else { (parts(&folder.path)) } } }
                                    td.whole { (letters(&folder.pattern, &report.environments)) @if !folder.is_uniform { span.dim { " most" } } }
                                    td.number {
                                        (count(folder.paths))
                                        @if folder.quiet > 0 { span.dim { " (" (count(folder.quiet)) " quiet)" } }
                                    }
                                    td.wide {
                                        @for example in &folder.names { @let whole = join_path(&folder.path.bytes, &example.bytes);
                                            @match page.row_at(&whole) {
                                                Some(row) => { span data-row=(row) { span.name { (name(example)) } } }
                                                None => { span.name { (name(example)) } }
                                            }
                                            " "
                                        }
                                    }
                                }
                            }
                        }
                    }
                }
                @if tree.drift.len() > FOLDERS { p.dim { "and " (count((tree.drift.len() - FOLDERS) as u64)) " more folders, all of them in the matrix" } }
                @if tree.drift_elsewhere > 0 { p.dim { "and " (counted(tree.drift_elsewhere, "path", "paths")) " elsewhere" } }
            }
        }
    }
}

/// The name of a folder, which breaks between its parts where it has to.
fn parts(path: &PathReport) -> Markup {
    html! { @for part in path.bytes.split(|&byte| byte == b'/') { (escape::name(part)) "/" wbr; } }
}

fn join_path(folder: &[u8], name: &[u8]) -> Vec<u8> {
    if folder.is_empty() { name.to_vec() } else { [folder, b"/", name].concat() }
}
