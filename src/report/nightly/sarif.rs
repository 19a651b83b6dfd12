//! The report in SARIF 2.1.0, for what collects the results of analyses.

use std::borrow::Cow;
use std::io::{self, Write};

use serde_json::{Value, json};

use super::{NightFinding, NightlyReport, Screen};
use crate::insight::RULES;
use crate::report::escape;
use crate::report::wording::date;

/// Writes one run with all findings; resolved ones as `absent`, accepted ones as suppressed.
pub(super) fn write(report: &NightlyReport, _: Screen, out: &mut dyn Write) -> io::Result<()> {
    escape::write_json(&log(report), out)
}

fn log(report: &NightlyReport) -> Value {
    // Codes of the history may be of rules that this version does not have.
    let mut codes: Vec<&str> = RULES.iter().map(|rule| rule.code).collect();
    for finding in report.findings.iter().chain(&report.accepted) {
        if !codes.contains(&&*finding.code) {
            codes.push(&finding.code);
        }
    }
    let rules: Vec<Value> = codes.iter().map(|code| rule(code)).collect();
    let results: Vec<Value> = report.findings.iter().chain(&report.accepted).map(|one| result(one, &codes)).collect();
    let notes: Vec<Value> = report
        .incidents
        .iter()
        .map(|incident| {
            let level = if incident.kind == "note" { "note" } else { "error" };
            let place =
                incident.path.as_ref().map(|path| format!(" {}", escape::name(&path.bytes))).unwrap_or_default();
            let text = format!("{}:{place} {}", incident.environment, text(&incident.message));
            json!({ "level": level, "message": { "text": text } })
        })
        .collect();
    let run = json!({
        "tool": { "driver": {
            "name": "driftline",
            "version": report.driftline,
            "semanticVersion": report.driftline,
            "rules": rules,
        }},
        "columnKind": "unicodeCodePoints",
        "automationDetails": { "id": format!("driftline/{}/", text(report.project.as_deref().unwrap_or_default())) },
        "invocations": [{
            "executionSuccessful": report.exit.incomplete.is_empty(),
            "exitCode": report.exit.status,
            "startTimeUtc": report.run.date,
            "toolExecutionNotifications": notes,
        }],
        "results": results,
    });
    json!({ "$schema": "https://json.schemastore.org/sarif-2.1.0.json", "version": "2.1.0", "runs": [run] })
}

fn rule(code: &str) -> Value {
    let Some(rule) = RULES.iter().find(|rule| rule.code == code) else { return json!({ "id": code }) };
    json!({
        "id": rule.code,
        "shortDescription": { "text": rule.finds },
        "fullDescription": { "text": format!("{} {}", rule.finds, rule.matters) },
        "help": { "text": format!("{}\n\nExample: {}\n\nWhen it is wrong: {}", rule.matters, rule.example, rule.wrong) },
        "defaultConfiguration": { "level": level(rule.severity.name()) },
    })
}

fn result(finding: &NightFinding, codes: &[&str]) -> Value {
    let environments = finding.environments.join(", ");
    let (subject, message) = (text(&finding.subject), text(&finding.message));
    // Places that could not be read again have what was seen last.
    let stale = finding.stale.as_ref().map(|stale| format!(" (seen last at {})", date(stale.seen))).unwrap_or_default();
    let logical: Vec<Value> =
        finding.environments.iter().map(|name| json!({ "name": name, "kind": "environment" })).collect();
    let mut location = json!({ "logicalLocations": logical });
    if let Some(bytes) = &finding.path.bytes {
        location["physicalLocation"] = json!({ "artifactLocation": { "uri": uri(bytes) } });
    }
    let suppressions: Vec<Value> = finding
        .accepted
        .iter()
        .map(|accepted| {
            let until = accepted.until.as_deref().map(|until| format!(" (until {until})")).unwrap_or_default();
            json!({ "kind": "external", "status": "accepted", "justification": format!("{}{until}", text(&accepted.because)) })
        })
        .collect();
    let since_before = match finding.status {
        "resolved" => "absent",
        "still" => "unchanged",
        "reopened" => "updated",
        _ => "new",
    };
    json!({
        "ruleId": finding.code,
        "ruleIndex": codes.iter().position(|code| *code == finding.code),
        "level": level(finding.severity),
        "message": { "text": format!("{subject}: {message}{stale}") },
        "locations": [location],
        "partialFingerprints": { "driftline/v1": finding.id },
        "baselineState": since_before,
        "suppressions": suppressions,
        "properties": {
            "severity": finding.severity,
            "status": finding.status,
            "environments": environments,
            "firstSeen": date(finding.first_seen),
            "streak": finding.streak,
        },
    })
}

fn text(words: &str) -> Cow<'_, str> {
    escape::text(words.as_bytes())
}

fn level(severity: &str) -> &'static str {
    match severity {
        "critical" => "error",
        "warning" => "warning",
        _ => "note",
    }
}

/// A relative reference: every byte that has a meaning there, or is no ASCII, in percent.
fn uri(path: &[u8]) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~/".contains(&byte);
    path.iter().map(|&byte| if plain(byte) { (byte as char).to_string() } else { format!("%{byte:02X}") }).collect()
}
