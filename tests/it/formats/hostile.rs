//! A report in which every name and text is hostile.

use driftline::report::model::PathReport;
use driftline::report::nightly::{FocusRegion, NightlyReport};

use super::night::{finding, oncalls, row};

/// Names and texts that try to be something else in one of the formats.
pub(super) const HOSTILE: &[&str] = &[
    "</script><script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    "<!--<script>",
    "]]>&lt;&amp;&#60;",
    "\"><svg/onload=alert(1)>",
    "' onmouseover='alert(1)",
    "`code` ``two`` ```three```",
    "[link](javascript:alert(1)) ![image](http://example.com/x.png)",
    "| a | b |\n|---|---|\n# heading\n- item",
    "@everyone #123 http://example.com www.example.com",
    "*bold* _it_ ~~gone~~ <b>b</b>",
    "line\nbreak\r\ttab",
    "\u{1b}[2J\u{1b}]0;title\u{7}",
    "nul\u{0}in\u{1}side\u{7f}",
    "csi\u{9b}31m\u{85}next",
    "rtl\u{202e}gpj.exe\u{2066}x\u{2069}",
    "zero\u{200b}width\u{feff}\u{ad}",
    "separators\u{2028}and\u{2029}",
    "tag\u{e0041}\u{fffe}\u{ffff}\u{fdd0}",
    "back\\slash \"quote\" \\n \\\"",
    "{label=\"x\"} 1e9 NaN\n# HELP evil",
    "${jndi:x} $(reboot) %s %n {{7*7}}",
    "-leading",
    "javascript:alert(1)",
    "ünï-日本-עברית",
];

/// Every word that an environment could have chosen is one of [`HOSTILE`], and some paths are no text at all.
pub(super) fn hostile() -> NightlyReport {
    let mut report = oncalls();
    report.project = Some(HOSTILE[0].to_owned());
    for (at, hostile) in HOSTILE.iter().enumerate() {
        let path = hostile.replace(['/', '\0'], "_");
        row(&mut report, &format!("hostile/{path}"), "AB-");
        let words = format!("was {hostile} before");
        finding(&mut report, "content-differs", "warning", "new", Some(&format!("hostile/{path}")), &words);
        let id = report.findings[report.findings.len() - 1].id.clone();
        report.tree.rows[13 + at].findings.push(id);
        let mut resolved = report.findings[report.findings.len() - 1].clone();
        resolved.id = format!("gone-{at}");
        resolved.status = "resolved";
        report.findings.push(resolved);
        report.notes.push((*hostile).to_owned());
    }
    let bytes = b"hostile/\xff\xfe\x1b[31m\xc3(";
    let mut raw = report.tree.rows[0].clone();
    raw.row.path = PathReport::new(bytes);
    raw.findings = Vec::new();
    report.tree.rows.push(raw);
    let all = HOSTILE.join("\n");
    report.focus[0].texts[1].lines = all.split('\n').map(str::to_owned).collect();
    let length = report.focus[0].texts[1].lines.len();
    report.focus[0].regions = vec![FocusRegion {
        class: "only",
        groups: vec![vec!["debug".to_owned()]],
        uncommitted: Vec::new(),
        base: (0, report.focus[0].texts[0].lines.len()),
        texts: vec![(0, report.focus[0].texts[0].lines.len()), (0, length)],
    }];
    let units = &mut report.candidates.as_mut().unwrap().units;
    units[0].title.clone_from(&all);
    units[0].author = Some(HOSTILE[1].to_owned());
    report.patches[0].patch = Some(all.clone());
    report.accepted[0].accepted.as_mut().unwrap().because.clone_from(&all);
    report.acceptances[0].because.clone_from(&all);
    let environment = &mut report.environments[0];
    environment.environment.role = Some(all.clone());
    environment.environment.origin.clone_from(&all);
    environment.git_words.clone_from(&all);
    report.environments[2].read.reasons = vec![all.clone()];
    report.incidents[0].message.clone_from(&all);
    report.map_proposals[0].here = PathReport::new(HOSTILE[3].as_bytes());
    report.map_proposals[0].paste = Some(all.clone());
    report.exit.incomplete = vec![all];
    report
}
