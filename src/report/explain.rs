//! Why something is reported, or left out: `driftline explain` as data and as text. The documentation of these types is the specification of
//! `driftline explain --format json`.

use std::io::{self, Write};

use serde::Serialize;

use crate::insight::Rule;
use crate::report::escape;
use crate::report::layout::{count, counted, fit, fit_path, pad, wrap};
use crate::report::maps;
use crate::report::model::{FindingReport, LikenessReport, MapReport, NearestReport, PathReport};
use crate::report::style::{Look, Styles};
use crate::report::wording::percent;

/// The version of the format, in [`ExplainReport::version`].
pub const VERSION: u32 = 1;

/// More findings about a folder are counted.
const FINDINGS: usize = 12;
/// So few findings are shown in full.
const IN_FULL: usize = 4;
/// More files that are not equal are counted.
const UNEQUAL: usize = 12;

/// Why something is reported, or left out.
#[derive(Debug, Clone, Serialize)]
pub struct ExplainReport {
    /// `driftline-explain`.
    pub format: &'static str,
    /// [`VERSION`].
    pub version: u32,
    /// The version of the program.
    pub driftline: &'static str,
    /// The rules that were asked about, or that found what is in `findings`; in their order.
    pub rules: Vec<RuleReport>,
    /// The path that was asked about; null for a rule or a finding.
    pub path: Option<PathExplanation>,
    /// What is reported about it, most severe first.
    pub findings: Vec<FindingReport>,
    /// The commits that environments are near to, of findings about environments without a history in common with others.
    pub nearest: Vec<NearReport>,
    /// Proposed maps for the folder that it is, or is in.
    pub map_proposals: Vec<MapReport>,
}

/// The commit that an environment is nearest to.
#[derive(Debug, Clone, Serialize)]
pub struct NearReport {
    /// The environment.
    pub environment: String,
    /// The commit, and the one that comes next.
    #[serde(flatten)]
    pub nearest: NearestReport,
}

/// A rule.
#[derive(Debug, Clone, Serialize)]
pub struct RuleReport {
    /// Its code.
    pub code: &'static str,
    /// The severity that its findings usually have.
    pub severity: &'static str,
    /// What it finds.
    pub finds: &'static str,
    /// Why it matters.
    pub matters: &'static str,
    /// An example.
    pub example: &'static str,
    /// When it is wrong.
    pub wrong: &'static str,
}

/// A path over all environments.
#[derive(Debug, Clone, Serialize)]
pub struct PathExplanation {
    /// Its common path.
    #[serde(flatten)]
    pub path: PathReport,
    /// Why it is looked at in no environment; null when it is.
    pub left_out: Option<LeftOut>,
    /// A character for each environment, as in the status; null when no environment has the path.
    pub pattern: Option<String>,
    /// In what the environments differ, quietly or not; empty when it is in sync.
    pub differences: Vec<&'static str>,
    /// For a folder, how many paths below it are not in sync; null for anything else.
    pub differ_below: Option<u64>,
    /// What is there, in the order of environments.
    pub environments: Vec<PlaceReport>,
}

/// Why a path is looked at in no environment.
#[derive(Debug, Clone, Serialize)]
pub struct LeftOut {
    /// The rule of `ignore`; null for a repository's own folder, which is never part of what is compared.
    pub rule: Option<String>,
    /// What the rule is about: the path, or a folder that it is in.
    pub at: PathReport,
}

/// A path in one environment.
#[derive(Debug, Clone, Serialize)]
pub struct PlaceReport {
    /// Which environment.
    pub environment: String,
    /// What the path is called there.
    pub here: PathReport,
    /// The map that says so, as a common name and the name there; null when it has its common name.
    pub mapped: Option<(String, String)>,
    /// `absent`, `unknown`, `file`, `folder`, `symlink`, `submodule` or `special`.
    pub kind: &'static str,
    /// More about it, in words: its size, why it is not known, that it is uncommitted.
    pub about: Vec<String>,
}

impl ExplainReport {
    /// An explanation of nothing yet.
    pub fn new(rules: Vec<RuleReport>) -> Self {
        Self {
            format: "driftline-explain",
            version: VERSION,
            driftline: env!("CARGO_PKG_VERSION"),
            rules,
            path: None,
            findings: Vec::new(),
            nearest: Vec::new(),
            map_proposals: Vec::new(),
        }
    }
}

impl From<&Rule> for RuleReport {
    fn from(rule: &Rule) -> Self {
        let Rule { code, severity, finds, matters, example, wrong, .. } = *rule;
        Self { code, severity: severity.name(), finds, matters, example, wrong }
    }
}

/// Writes an explanation for a person at a terminal.
pub fn write(report: &ExplainReport, columns: usize, styles: Styles, out: &mut dyn Write) -> io::Result<()> {
    let sheet = Sheet { columns, styles };
    let mut parts: Vec<Vec<String>> = Vec::new();
    parts.extend(report.path.iter().map(|path| sheet.path(path)));
    parts.extend(report.map_proposals.iter().map(|proposal| sheet.proposal(proposal)));
    if !report.findings.is_empty() {
        parts.push(sheet.findings(&report.findings));
    } else if report.path.as_ref().is_some_and(|path| path.left_out.is_none()) {
        parts.push(vec!["Nothing is reported about it.".to_owned()]);
    }
    parts.extend(report.nearest.iter().map(|near| sheet.nearest(near)));
    if report.path.is_none() {
        parts.extend(report.rules.iter().map(|rule| sheet.rule(rule)));
    } else if !report.rules.is_empty() {
        let codes: Vec<&str> = report.rules.iter().map(|rule| rule.code).collect();
        parts.push(vec![format!(
            "what a rule means: {}",
            styles.paint(Look::Command, format!("driftline explain {}", codes[0]))
        )]);
    }
    writeln!(out, "{}", parts.iter().map(|lines| lines.join("\n")).collect::<Vec<_>>().join("\n\n"))
}

struct Sheet {
    columns: usize,
    styles: Styles,
}

impl Sheet {
    fn heading(&self, text: &str) -> String {
        self.styles.paint(Look::Heading, text).to_string()
    }

    fn rule(&self, rule: &RuleReport) -> Vec<String> {
        let mut lines = vec![format!("{}   usually {}", self.heading(rule.code), article(rule.severity))];
        let parts = [
            ("What it finds", rule.finds),
            ("Why it matters", rule.matters),
            ("Example", rule.example),
            ("When it is wrong", rule.wrong),
        ];
        for (title, text) in parts {
            lines.extend([String::new(), self.styles.paint(Look::Dim, title).to_string()]);
            lines.extend(
                wrap(text, self.columns.min(100).saturating_sub(2)).into_iter().map(|line| format!("  {line}")),
            );
        }
        lines
    }

    fn path(&self, path: &PathExplanation) -> Vec<String> {
        let name = escape::name(&path.path.bytes);
        if let Some(LeftOut { rule, at }) = &path.left_out {
            let at = escape::name(&at.bytes);
            let why = match rule {
                Some(rule) => format!("`{at}` is left out by the rule `{}` of `ignore`", escape::text(rule.as_bytes())),
                None => format!("`{at}` belongs to a repository itself, and is never compared"),
            };
            return vec![self.heading(&name), format!("  {why}")];
        }
        let says = match (&path.differ_below, &path.differences[..]) {
            (Some(0), _) => "all of it is in sync".to_owned(),
            (Some(below), _) => format!("{} below it {} not in sync", counted(*below, "path", "paths"), are(*below)),
            (None, []) => "in sync".to_owned(),
            (None, differences) => format!("differs in {}", differences.join(", ")),
        };
        let mut lines = vec![format!("{}   {says}", self.heading(&name))];
        let widest = path.environments.iter().map(|place| place.environment.len()).max().unwrap_or(0);
        let letters: Vec<char> = path.pattern.iter().flat_map(|pattern| pattern.chars()).collect();
        for (at, place) in path.environments.iter().enumerate() {
            let letter = match letters.get(at) {
                None | Some('-') => '.',
                Some(letter) => *letter,
            };
            let mut words: Vec<String> = vec![place.kind.to_owned()];
            words.extend(place.about.iter().map(|about| escape::text(about.as_bytes()).into_owned()));
            if let Some((common, here)) = &place.mapped {
                let [common, here] = [common, here].map(|name| escape::text(name.as_bytes()).into_owned());
                words.push(format!("called {} (map: {common} is {here})", escape::name(&place.here.bytes)));
            }
            lines.push(format!("  {}  {letter}  {}", pad(&place.environment, widest), words.join(", ")));
        }
        lines
    }

    fn findings(&self, findings: &[FindingReport]) -> Vec<String> {
        let mut lines = vec![self.heading("Reported")];
        let code = findings.iter().map(|finding| finding.code.len()).max().unwrap_or(0);
        for finding in findings.iter().take(FINDINGS) {
            let mark = match finding.severity {
                "critical" => "!!",
                "warning" => "! ",
                _ => "- ",
            };
            let room = self.columns.saturating_sub(2 + 3 + code + 2 + finding.id.len() + 2).max(20);
            let subject = escape::text(finding.subject.as_bytes()).into_owned();
            let message = escape::text(finding.message.as_bytes());
            let head = format!("  {mark} {}  {}", pad(finding.code, code), self.styles.paint(Look::Dim, &finding.id));
            if findings.len() <= IN_FULL {
                lines.push(format!("{head}  {}", fit_path(&subject, room)));
                lines.extend(
                    wrap(&message, self.columns.saturating_sub(7)).into_iter().map(|line| format!("       {line}")),
                );
            } else {
                lines.push(format!("{head}  {}", fit(&format!("{subject}  {message}"), room)));
            }
        }
        if findings.len() > FINDINGS {
            let more = format!("  and {} more; all of them: --format json", count((findings.len() - FINDINGS) as u64));
            lines.push(self.styles.paint(Look::Dim, more).to_string());
        }
        lines
    }

    fn nearest(&self, near: &NearReport) -> Vec<String> {
        let NearestReport { of, likeness, runner_up, elsewhere, unknown, searched, capped } = &near.nearest;
        let line = |likeness: &LikenessReport, of: &str| {
            let LikenessReport { commit, agree, paths, .. } = likeness;
            let subject = escape::text(commit.subject.as_bytes());
            let agree = format!("{} of {} equal", count(*agree), counted(*paths, "path", "paths"));
            format!("{:.7} \"{subject}\"{of}: {agree} ({})", commit.id, percent(likeness.agree, likeness.paths))
        };
        let mut lines = vec![
            self.heading(&format!("The commit that {} is nearest to", near.environment)),
            format!("  {}", line(likeness, &format!(" of {of}"))),
        ];
        lines.extend(runner_up.iter().map(|next| format!("  next: {}", line(next, ""))));
        let mut rest = Vec::new();
        if *elsewhere > 0 {
            rest.push(format!("{} at paths that no commit has", counted(*elsewhere, "file", "files")));
        }
        if *unknown > 0 {
            rest.push(format!("{} that could not be compared", counted(*unknown, "file", "files")));
        }
        if !rest.is_empty() {
            lines.push(format!("  not counted: {}", rest.join(", ")));
        }
        let older = if *capped { "; older ones were not looked at" } else { "" };
        lines.push(format!("  of {}{older}", counted(*searched, "commit", "commits")));
        lines
    }

    fn proposal(&self, proposal: &MapReport) -> Vec<String> {
        let (here, words) = maps::words(proposal);
        let mut lines = vec![self.heading("Proposed map"), format!("  {here} {words}")];
        if !proposal.unequal.is_empty() {
            let names: Vec<_> =
                proposal.unequal.iter().take(UNEQUAL).map(|path| escape::name(&path.bytes).into_owned()).collect();
            let more = match proposal.unequal.len().saturating_sub(UNEQUAL) {
                0 => String::new(),
                more => format!(" and {} more", count(more as u64)),
            };
            let listed = format!("other content: {}{more}", names.join(" "));
            lines.extend(wrap(&listed, self.columns.saturating_sub(4)).into_iter().map(|line| format!("  {line}")));
        }
        let there = proposal.others.first().map(String::as_str).unwrap_or_default();
        for (only, whose) in [(proposal.only_here, &proposal.environment[..]), (proposal.only_there, there)] {
            if only > 0 {
                lines.push(format!("  {} only {whose} has", counted(only, "file that", "files that")));
            }
        }
        match &proposal.paste {
            Some(paste) => {
                lines.push(format!("  if they are the same, put this into [env.{}]:", proposal.environment));
                lines.push(format!("    {}", self.styles.paint(Look::Command, escape::text(paste.as_bytes()))));
            }
            None => {
                lines.push("  its names cannot stand in a configuration, or do not fit to what is mapped".to_owned());
            }
        }
        lines
    }
}

fn article(severity: &str) -> String {
    if severity == "info" { "for the record (info)".to_owned() } else { format!("a {severity}") }
}

fn are(number: u64) -> &'static str {
    if number == 1 { "is" } else { "are" }
}
