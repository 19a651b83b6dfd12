//! What somebody is told about a report: what they do not know yet, and nothing when that is nothing.
//!
//! [`news`] holds a report against what somebody was told last; [`Notice`] is what is sent, in the form of a mail, of a line of chat, and as
//! data. The documentation of [`NoticeData`] is the specification of what a webhook gets under `driftline`: fields are added without notice;
//! a field that changes its meaning or goes away raises [`VERSION`].

mod words;

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use serde::Serialize;

use crate::history::{Read, Told, ToldFinding};
use crate::insight::Severity;
use crate::report::nightly::{NightFinding, NightlyReport};
use crate::report::wording::date;

/// The version of the format, in [`NoticeData::version`].
pub const VERSION: u32 = 1;

/// More findings of one kind are counted in [`NoticeData`], and not listed.
const LISTED: usize = 200;

/// What somebody does not know yet.
#[derive(Debug)]
pub struct News<'r> {
    report: &'r NightlyReport,
    /// When they were told last; `None` when never.
    told: Option<i64>,
    /// In the order of the report.
    new: Vec<&'r NightFinding>,
    resolved: Vec<Gone>,
    still: Vec<&'r NightFinding>,
    /// Environments that are read worse or better than they know.
    environments: BTreeMap<&'r str, Turn>,
}

/// A finding that is not there any more.
#[derive(Debug)]
struct Gone {
    id: String,
    words: ToldFinding,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Turn {
    Worse,
    Better,
}

/// Where the report is.
#[derive(Debug, Clone, Copy)]
pub struct Place<'a> {
    /// An address that people follow.
    pub link: Option<&'a str>,
    /// The file for people, and the machine that has it.
    pub file: Option<(&'a Path, &'a str)>,
    /// It comes with the mail.
    pub attached: bool,
}

/// What is sent. No secret is in it, no line end in the subject, and what an environment chose moves nothing.
#[derive(Debug, Clone)]
pub struct Notice {
    /// One line.
    pub subject: String,
    /// The mail, as plain text in lines.
    pub body: String,
    /// The message for a chat, in the markup of Slack.
    pub chat: String,
    /// The same for programs.
    pub data: NoticeData,
}

/// What a webhook gets under `driftline`.
#[derive(Debug, Clone, Serialize)]
pub struct NoticeData {
    /// `driftline-notice`.
    pub format: &'static str,
    /// [`VERSION`].
    pub version: u32,
    /// Nothing happened: somebody tries whether messages arrive.
    pub test: bool,
    /// The name of the folder in which the configuration stands; null for environments that were typed.
    pub project: Option<String>,
    /// The number of the report in the history; null when it is not kept.
    pub report: Option<u64>,
    /// When the report was made.
    pub date: Option<String>,
    /// The date of the report that was told of last; null when this is the first message.
    pub since: Option<String>,
    /// How many findings there are of each kind, what could not be read left out.
    pub counts: NoticeCounts,
    /// Findings that are new or reopened since then; at most 200.
    pub new: Vec<NoticeFinding>,
    /// Findings that are gone since then; at most 200.
    pub resolved: Vec<NoticeFinding>,
    /// The environments of the report in order.
    pub environments: Vec<NoticeEnvironment>,
    /// Where people find the report; null when the configuration does not say.
    pub link: Option<String>,
}

/// Numbers of findings, counted from the message before.
#[derive(Debug, Clone, Default, Serialize)]
pub struct NoticeCounts {
    /// New ones.
    pub new: u64,
    /// Reopened ones.
    pub reopened: u64,
    /// Those that are gone.
    pub resolved: u64,
    /// Those that were told of before.
    pub still: u64,
    /// For how many days the oldest of these is there.
    pub oldest_days: u64,
}

/// A finding.
#[derive(Debug, Clone, Serialize)]
pub struct NoticeFinding {
    /// As in reports.
    pub id: String,
    /// The rule.
    pub code: String,
    /// `info`, `notice`, `warning` or `critical`.
    pub severity: &'static str,
    /// What it is about, in words.
    pub subject: String,
    /// What was found, in words.
    pub message: String,
}

/// How an environment was read.
#[derive(Debug, Clone, Serialize)]
pub struct NoticeEnvironment {
    /// Its name.
    pub name: String,
    /// `all`, `part` or `failed`.
    pub read: &'static str,
    /// When all of it was read last; null when no report is known that did.
    pub last_complete: Option<String>,
    /// It is read worse than at the message before.
    pub worse: bool,
    /// It is read better than at the message before.
    pub better: bool,
}

/// What somebody who was told `told` does not know of a report; `None` when that is nothing.
///
/// Of what could not be read they are told once, and once more when it can be read again. What was accepted is no news, and neither is a finding
/// that another one took the place of.
pub fn news<'r>(report: &'r NightlyReport, told: Option<&Told>) -> Option<News<'r>> {
    // Somebody was told of a later report already.
    if told.is_some_and(|told| is_earlier(report, told)) {
        return None;
    }
    let is_open = |finding: &&NightFinding| finding.status != "resolved";
    let is_known = |finding: &NightFinding| match told {
        Some(told) => told.findings.contains_key(&finding.id),
        None => finding.status == "still",
    };
    let open = report.findings.iter().filter(is_open);
    let (known, unknown): (Vec<_>, Vec<_>) = open.partition(|finding| is_known(finding));
    let is_gap = unknown.iter().any(|finding| finding.incomplete && !is_known_gap(finding, told));
    let judged = |findings: Vec<&'r NightFinding>| findings.into_iter().filter(|finding| !finding.incomplete).collect();
    let environments: BTreeMap<&str, Turn> = turns(report, told).collect();
    let news = News {
        report,
        told: told.map(|told| told.at),
        new: judged(unknown),
        resolved: gone(report, told),
        still: judged(known),
        environments,
    };
    let is_silent =
        news.new.is_empty() && news.resolved.is_empty() && news.environments.is_empty() && !is_gap && !news.is_first();
    (!is_silent).then_some(news)
}

fn is_earlier(report: &NightlyReport, told: &Told) -> bool {
    report.run.number.is_some_and(|number| number <= told.run)
}

/// Whether something cannot be read that could not be before, for another reason now.
fn is_known_gap(finding: &NightFinding, told: Option<&Told>) -> bool {
    let before = finding.replaces.as_ref().and_then(|id| told?.findings.get(id));
    finding.incomplete && before.is_some_and(|before| before.incomplete)
}

/// The picture of somebody who was told of a report.
pub fn told_of(report: &NightlyReport, before: Option<&Told>) -> Told {
    let open = report.findings.iter().filter(|finding| finding.status != "resolved");
    let mut environments = before.map(|told| told.environments.clone()).unwrap_or_default();
    environments.extend(report.environments.iter().map(|it| (it.environment.name.clone(), read(it.read.state))));
    Told {
        run: report.run.number.unwrap_or_default(),
        at: report.run.at,
        findings: open.map(|finding| (finding.id.clone(), words(finding))).collect(),
        environments,
    }
}

fn words(finding: &NightFinding) -> ToldFinding {
    let severity = Severity::ALL.into_iter().find(|severity| severity.name() == finding.severity);
    ToldFinding {
        code: finding.code.clone(),
        severity: severity.unwrap_or(Severity::Info),
        subject: finding.subject.clone(),
        message: finding.message.clone(),
        incomplete: finding.incomplete,
    }
}

/// The picture of somebody who was not told of a report: what they must not hear of later is taken out of it.
pub fn not_told_of(report: &NightlyReport, before: &Told) -> Told {
    let mut told = before.clone();
    if is_earlier(report, before) {
        return told;
    }
    let gaps =
        report.findings.iter().filter(|finding| finding.status != "resolved" && is_known_gap(finding, Some(before)));
    told.findings.extend(gaps.map(|finding| (finding.id.clone(), words(finding))));
    // When its acceptance ends it is news, although it was known.
    for id in not_resolved(report) {
        told.findings.remove(id);
    }
    told
}

/// Ids of findings that are in no list any more, or in another one, although nothing was mended.
fn not_resolved(report: &NightlyReport) -> BTreeSet<&str> {
    let all = report.findings.iter().chain(&report.accepted);
    let replaced = all.filter_map(|finding| finding.replaces.as_deref());
    report.accepted.iter().map(|finding| &*finding.id).chain(replaced).collect()
}

fn gone(report: &NightlyReport, told: Option<&Told>) -> Vec<Gone> {
    let Some(told) = told else {
        let resolved = report.findings.iter().filter(|finding| finding.status == "resolved" && !finding.incomplete);
        return resolved.map(|finding| Gone { id: finding.id.clone(), words: words(finding) }).collect();
    };
    let open = report.findings.iter().filter(|finding| finding.status != "resolved");
    let here: BTreeSet<&str> = open.map(|finding| &*finding.id).collect();
    let elsewhere = not_resolved(report);
    let is_gone = |(id, words): &(&String, &ToldFinding)| {
        !here.contains(id.as_str()) && !elsewhere.contains(id.as_str()) && !words.incomplete
    };
    let gone = told.findings.iter().filter(is_gone);
    let mut gone: Vec<Gone> = gone.map(|(id, words)| Gone { id: id.clone(), words: words.clone() }).collect();
    gone.sort_by(|one, other| {
        let key = |gone: &Gone| (std::cmp::Reverse(gone.words.severity), gone.words.subject.clone());
        key(one).cmp(&key(other))
    });
    gone
}

fn turns<'r>(report: &'r NightlyReport, told: Option<&Told>) -> impl Iterator<Item = (&'r str, Turn)> {
    report.environments.iter().filter_map(move |it| {
        let before = told.and_then(|told| told.environments.get(&it.environment.name)).copied().unwrap_or(Read::All);
        let turn = match read(it.read.state).cmp(&before) {
            std::cmp::Ordering::Greater => Turn::Worse,
            std::cmp::Ordering::Less => Turn::Better,
            std::cmp::Ordering::Equal => return None,
        };
        Some((it.environment.name.as_str(), turn))
    })
}

fn read(state: &str) -> Read {
    [Read::All, Read::Part].into_iter().find(|read| read.name() == state).unwrap_or(Read::Failed)
}

impl News<'_> {
    /// Somebody who was never told is told what is there, if there is anything.
    fn is_first(&self) -> bool {
        self.told.is_none() && !self.still.is_empty()
    }

    /// What is sent.
    pub fn notice(&self, place: Place<'_>) -> Notice {
        let data = self.data(place);
        Notice {
            subject: words::subject(self, &data.counts),
            body: words::body(self, &data.counts, place),
            chat: words::chat(self, &data.counts, place),
            data,
        }
    }

    fn counts(&self) -> NoticeCounts {
        let reopened = self.new.iter().filter(|finding| finding.status == "reopened").count() as u64;
        NoticeCounts {
            new: self.new.len() as u64 - reopened,
            reopened,
            resolved: self.resolved.len() as u64,
            still: self.still.len() as u64,
            oldest_days: self.still.iter().map(|finding| finding.age_days).max().unwrap_or_default(),
        }
    }

    fn data(&self, place: Place<'_>) -> NoticeData {
        let new = self.new.iter().take(LISTED).map(|finding| NoticeFinding {
            id: finding.id.clone(),
            code: finding.code.clone(),
            severity: finding.severity,
            subject: finding.subject.clone(),
            message: finding.message.clone(),
        });
        let resolved = self.resolved.iter().take(LISTED).map(|Gone { id, words }| NoticeFinding {
            id: id.clone(),
            code: words.code.clone(),
            severity: words.severity.name(),
            subject: words.subject.clone(),
            message: words.message.clone(),
        });
        let environments = self.report.environments.iter().map(|it| NoticeEnvironment {
            name: it.environment.name.clone(),
            read: it.read.state,
            last_complete: it.read.last_complete.map(date),
            worse: self.environments.get(&*it.environment.name) == Some(&Turn::Worse),
            better: self.environments.get(&*it.environment.name) == Some(&Turn::Better),
        });
        NoticeData {
            format: "driftline-notice",
            version: VERSION,
            test: false,
            project: self.report.project.clone(),
            report: self.report.run.number,
            date: Some(self.report.run.date.clone()),
            since: self.told.map(date),
            counts: self.counts(),
            new: new.collect(),
            resolved: resolved.collect(),
            environments: environments.collect(),
            link: place.link.map(str::to_owned),
        }
    }
}

impl Notice {
    /// A message that says nothing but that it arrived.
    pub fn test(project: Option<&str>, host: &str) -> Self {
        let name = words::project(project);
        let host = words::plain(host);
        let subject = format!("{name} drift: a test, nothing happened");
        let words = format!("Somebody tries on {host} whether messages of driftline arrive. This one did.");
        let data = NoticeData {
            format: "driftline-notice",
            version: VERSION,
            test: true,
            project: project.map(str::to_owned),
            report: None,
            date: None,
            since: None,
            counts: NoticeCounts::default(),
            new: Vec::new(),
            resolved: Vec::new(),
            environments: Vec::new(),
            link: None,
        };
        Self { chat: words::marked(&format!("{subject}\n{words}")), body: format!("{words}\n"), subject, data }
    }
}
