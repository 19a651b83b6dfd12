//! The report as test results, in the XML that pipelines read from JUnit: each open finding is a test that failed when it is at or above what
//! was asked to fail on, and each environment a test of whether it could be read.

use std::io::{self, Write};

use super::{NightFinding, NightlyReport, Screen};
use crate::insight::Severity;
use crate::report::escape;

/// Writes the results.
pub(super) fn write(report: &NightlyReport, _: Screen, out: &mut dyn Write) -> io::Result<()> {
    let open: Vec<&NightFinding> = report.findings.iter().filter(|finding| finding.status != "resolved").collect();
    let fails = |finding: &&&NightFinding| is_failing(report, finding);
    let failures = open.iter().filter(fails).count();
    let errors = report.environments.iter().filter(|night| night.read.state != "all").count();
    let reading = report.environments.len();
    let findings = open.len() + report.accepted.len();
    let seconds = report.run.took_ms.unwrap_or(0);
    let time = format!("{}.{:03}", seconds / 1000, seconds % 1000);
    let name = attribute(report.project.as_deref().unwrap_or("driftline"));
    let date = report.run.date.trim_end_matches('Z');
    writeln!(out, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>")?;
    let tests = reading + findings;
    writeln!(
        out,
        "<testsuites name=\"{name}\" tests=\"{tests}\" failures=\"{failures}\" errors=\"{errors}\" time=\"{time}\">"
    )?;
    writeln!(
        out,
        "  <testsuite name=\"reading\" tests=\"{reading}\" failures=\"0\" errors=\"{errors}\" skipped=\"0\" timestamp=\"{date}\" \
         time=\"{time}\">"
    )?;
    for night in &report.environments {
        let environment = attribute(&night.environment.name);
        if night.read.state == "all" {
            writeln!(out, "    <testcase classname=\"reading\" name=\"{environment}\" time=\"0\"/>")?;
            continue;
        }
        let reason = night.read.reasons.join("\n");
        let first = attribute(night.read.reasons.first().map_or("", String::as_str));
        writeln!(out, "    <testcase classname=\"reading\" name=\"{environment}\" time=\"0\">")?;
        writeln!(out, "      <error type=\"{}\" message=\"{first}\">{}</error>", night.read.state, content(&reason))?;
        writeln!(out, "    </testcase>")?;
    }
    writeln!(out, "  </testsuite>")?;
    writeln!(
        out,
        "  <testsuite name=\"findings\" tests=\"{findings}\" failures=\"{failures}\" errors=\"0\" skipped=\"{}\" timestamp=\"{date}\" \
         time=\"0\">",
        report.accepted.len()
    )?;
    for finding in open.iter().copied().chain(&report.accepted) {
        self::finding(finding, is_failing(report, finding), out)?;
    }
    writeln!(out, "  </testsuite>\n</testsuites>")
}

fn finding(finding: &NightFinding, fails: bool, out: &mut dyn Write) -> io::Result<()> {
    let code = attribute(&finding.code);
    let name = attribute(&format!("{} [{}]", finding.subject, finding.id));
    let message = attribute(&finding.message);
    let file = finding.path.bytes.as_deref().map(|bytes| format!(" file=\"{}\"", xml(&escape::name(bytes))));
    writeln!(out, "    <testcase classname=\"{code}\" name=\"{name}\"{} time=\"0\">", file.unwrap_or_default())?;
    let about = format!(
        "{}: {}\n{}, {}, in {}; seen first {} days ago, in {} reports in a row\n",
        finding.subject,
        finding.message,
        finding.severity,
        finding.status,
        finding.environments.join(", "),
        finding.age_days,
        finding.streak
    );
    let about = content(&about);
    if let Some(accepted) = &finding.accepted {
        writeln!(out, "      <skipped message=\"{}\"/>", attribute(&format!("accepted: {}", accepted.because)))?;
    } else if fails {
        let kind = attribute(&format!("{} {}", finding.status, finding.severity));
        writeln!(out, "      <failure type=\"{kind}\" message=\"{message}\">{about}</failure>")?;
    } else {
        writeln!(out, "      <system-out>{about}</system-out>")?;
    }
    writeln!(out, "    </testcase>")
}

/// Whether a finding counts for the exit status.
fn is_failing(report: &NightlyReport, finding: &NightFinding) -> bool {
    let asked = &report.exit.fail_on;
    let (only_fresh, least) = asked.strip_prefix("new:").map_or((false, asked.as_str()), |least| (true, least));
    let number = |name: &str| Severity::ALL.into_iter().find(|severity| severity.name() == name);
    let is_fresh = matches!(finding.status, "new" | "reopened");
    let counts = finding.accepted.is_none() && !finding.incomplete && (is_fresh || !only_fresh);
    counts && number(least).is_some_and(|least| number(finding.severity) >= Some(least))
}

/// Foreign text in an attribute.
fn attribute(text: &str) -> String {
    xml(&escape::text(text.as_bytes()))
}

/// Foreign text in an element; its line ends stay.
fn content(text: &str) -> String {
    text.split('\n').map(attribute).collect::<Vec<_>>().join("\n")
}

/// What XML would take for its own, and the two characters that it forbids and nothing else minds.
fn xml(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&apos;"),
            '\u{fffe}' | '\u{ffff}' => out.push_str(&format!("\\u{{{:x}}}", c as u32)),
            c => out.push(c),
        }
    }
    out
}
