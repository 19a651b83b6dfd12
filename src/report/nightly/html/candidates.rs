//! What one environment has and another lacks, and its patches.

use std::borrow::Cow;

use maud::{Markup, html};

use super::data::Page;
use super::{code, day, name, text};
use crate::report::candidates::{CandidatesReport, TargetReport, UnitReport};
use crate::report::layout::{count, counted};
use crate::report::nightly::{NightlyReport, PatchReport};

/// So many units are on the first screen.
const FIRST_LOOK: usize = 8;
/// So many files of a unit are named.
const FILES: usize = 12;
/// So many units are here with all that is known of them.
pub(super) const UNITS: usize = 100;
/// So many bytes of a patch are shown; all of it is copied.
const SHOWN: usize = 200_000;

/// The units most worth a look, in a table.
pub(super) fn first(report: &NightlyReport) -> Markup {
    let Some(candidates) = &report.candidates else { return html! {} };
    let units: Vec<&UnitReport> =
        candidates.units.iter().filter(|unit| !unit.bookkeeping && unit.targets.iter().any(is_open)).collect();
    html! {
        section aria-labelledby="fixes-in-one-place" {
            h2 #fixes-in-one-place { "Fixes in one place only" }
            @if let Some(not_looked) = candidates.not_looked() { (self::not_looked(candidates, &not_looked)) }
            @else if units.is_empty() { p.dim { "No environment has a change that another one lacks." } }
            @else {
                div.scroll tabindex="0" role="group" aria-labelledby="fixes-in-one-place" {
                    table.fixes {
                        thead { tr { th scope="col" { "Id" } th scope="col" { "What" } th.wide scope="col" { "Where" } th scope="col" { "In" } th scope="col" { "Lacking in" } } }
                        tbody {
                            @for unit in units.iter().take(FIRST_LOOK) {
                                tr {
                                    td { a.name href={ "#unit-" (unit.short) } { (unit.short) } }
                                    td { (text(&unit.title)) }
                                    td.wide { span.name { (place(unit)) } (lines(unit)) }
                                    td { (unit.from) }
                                    td { @for target in unit.targets.iter().filter(|target| is_open(target)) { div { (target.env) ": " (verdict(target)) } } }
                                }
                            }
                        }
                    }
                }
                @if units.len() > FIRST_LOOK { p.dim { "and " (count((units.len() - FIRST_LOOK) as u64)) " more: " a href="#candidates" { "all candidates" } } }
            }
        }
    }
}

/// All units, with the evidence for each target and the patches.
pub(super) fn units(report: &NightlyReport, page: &Page<'_>) -> Markup {
    let Some(candidates) = &report.candidates else { return html! {} };
    html! {
        section aria-labelledby="candidates" {
            h2 #candidates { "Candidates" }
            ul.pairs { @for pair in &candidates.pairs {
                @let open = pair.absent + pair.partly + pair.unproven;
                @if open > 0 {
                    li.dim {
                        (pair.from) " → " (pair.to) ": " (count(pair.absent)) " absent, " (count(pair.partly)) " partly, " (count(pair.unproven)) " unproven, " (count(pair.present)) " present"
                        @if pair.bookkeeping > 0 { "; " (count(pair.bookkeeping)) " bookkeeping" }
                    }
                }
            } }
            @if let Some(not_looked) = candidates.not_looked() { (self::not_looked(candidates, &not_looked)) }
            @else if candidates.units.is_empty() { p.dim { "None." } }
            @for unit in candidates.units.iter().take(UNITS) { (self::unit(unit, report, page)) }
            @if candidates.units.len() > UNITS {
                p.dim { "and " (count((candidates.units.len() - UNITS) as u64)) " more: in the JSON of this report, and listed by driftline candidates" }
            }
            @if candidates.sensitive > 0 {
                p.dim { "Left out: " (counted(candidates.sensitive, "changed file holds", "changed files hold")) " secrets." }
            }
            @for failure in &candidates.failures { p.alarm { "Not judged: " (text(failure)) } }
        }
    }
}

/// Why there is none here, and what shows them.
fn not_looked(candidates: &CandidatesReport, words: &str) -> Markup {
    html! {
        p.dim {
            "Fixes in one place only: " (text(words))
            @for command in &candidates.next { ": " span data-copy="" { code { (text(command)) } } }
        }
    }
}

/// One line, and all of it where that is pressed.
fn unit(unit: &UnitReport, report: &NightlyReport, page: &Page<'_>) -> Markup {
    let patches = report.patches.iter().enumerate().filter(|(_, patch)| patch.id == unit.id);
    let author = unit.author.as_deref().map(|author| format!(" · {}", text(author)));
    html! {
        details.unit id={ "unit-" (unit.short) } aria-label={ (unit.short) " " (text(&unit.title)) } {
            summary {
                h3 { span.id { (unit.short) } (text(&unit.title)) }
                span.dim { (unit.from) @for (at, target) in unit.targets.iter().filter(|target| is_open(target)).enumerate() { @if at > 0 { ";" } " → " (target.env) ": " (verdict(target)) } }
            }
            p.dim {
                (unit.kind) " in " (unit.from) (author.unwrap_or_default())
                @if let Some(authored) = unit.authored { " · " (day(authored)) }
                @if let Some(commit) = &unit.commit { " · " span.name { (commit.get(..12).unwrap_or(commit)) } }
                (lines(unit)) " · id " span.name { (unit.id) }
                @if unit.bookkeeping { " · bookkeeping" }
            }
            ul {
                @for file in unit.files.iter().take(FILES) {
                    li {
                        @match page.row_at(&file.path.bytes) {
                            Some(row) => { span data-row=(row) { span.name { (name(&file.path)) } } }
                            None => { span.name { (name(&file.path)) } }
                        }
                        span.dim { " " (file.change) }
                    }
                }
                @if unit.files.len() > FILES { li.dim { "and " (counted((unit.files.len() - FILES) as u64, "more file", "more files")) } }
            }
            ul {
                @for target in &unit.targets {
                    li { strong { (target.env) } ": " (verdict(target)) span.dim { " – " (text(&target.summary)) }
                        @if let Some(because) = &target.because { span.dim { "; " (text(because)) } }
                    }
                }
            }
            @for (number, patch) in patches { (self::patch(number, patch)) }
        }
    }
}

fn patch(number: usize, patch: &PatchReport) -> Markup {
    let Some(whole) = &patch.patch else {
        let why = patch.refused.as_deref().map(text);
        return html! { p.dim { "No patch for " (patch.to) ": " (why.unwrap_or_default()) } };
    };
    let end = (0..=whole.len().min(SHOWN)).rev().find(|&at| whole.is_char_boundary(at)).unwrap_or(0);
    let shown = &whole[..end];
    let is_safe = code(whole) == *whole;
    html! {
        details.patch aria-label={ "Patch for " (patch.to) } {
            summary { "Patch for " (patch.to) }
            p data-patch=(number) {
                @if !is_safe { span.dim { "Characters that cannot be seen are shown as \\u{…} here, and are themselves in what is copied. " } }
            }
            pre tabindex="0" role="group" aria-label={ "Patch for " (patch.to) } {
                @for line in shown.split_inclusive('\n') {
                    @match line.as_bytes() {
                        [b'+', ..] => { span.plus { (code(line)) } }
                        [b'-', ..] => { span.minus { (code(line)) } }
                        _ => { (code(line)) }
                    }
                }
                @if end < whole.len() { "…" }
            }
        }
    }
}

fn is_open(target: &TargetReport) -> bool {
    target.verdict != "present"
}

fn place(unit: &UnitReport) -> String {
    match &unit.files[..] {
        [file] => {
            let whole: Cow<'_, str> = name(&file.path);
            whole.rsplit('/').next().unwrap_or_default().to_owned()
        }
        files => counted(files.len() as u64, "file", "files"),
    }
}

fn lines(unit: &UnitReport) -> Markup {
    html! { @if let (Some(added), Some(removed)) = (unit.added, unit.removed) { span.dim { " +" (added) " −" (removed) } } }
}

/// What is known of a unit in a target, and whether it applies there.
pub(super) fn verdict(target: &TargetReport) -> String {
    let applies = match target.applies.as_deref() {
        Some("clean") => ", applies".to_owned(),
        Some("offset") => format!(", applies {} away", counted(target.offset.unwrap_or(0), "line", "lines")),
        Some("conflict") => match &target.conflicts[..] {
            [one] => {
                let line = one.line.map(|line| format!(":{line}")).unwrap_or_default();
                format!(", conflict in {}{line}", name(&one.path))
            }
            all => format!(", conflict in {} places", all.len()),
        },
        Some("not-tried") => ", not tried".to_owned(),
        _ => String::new(),
    };
    format!("{}{applies}", target.verdict)
}
