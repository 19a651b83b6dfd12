//! What somebody is told, in words.

use std::collections::BTreeMap;
use std::os::unix::ffi::OsStrExt as _;

use jiff::Timestamp;

use super::{Gone, News, NoticeCounts, Place, Turn};
use crate::report::escape;
use crate::report::layout::{count, counted, fit};
use crate::report::nightly::{NightEnvironment, NightFinding, sparkline};
use crate::report::wording::{date, join};

/// Findings of one kind that a mail lists; more are counted by their rules.
const IN_MAIL: usize = 50;
/// As [`IN_MAIL`], for a chat.
const IN_CHAT: usize = 10;
/// Columns of a line of a mail: what is longer says more than anybody reads there.
const COLUMNS: usize = 240;
/// As [`COLUMNS`], for a chat.
const CHAT_COLUMNS: usize = 160;
/// Chats cut off or take apart what is much longer, in characters.
const CHAT_LENGTH: usize = 3500;
/// Environments that a subject names; more are counted.
const NAMED: usize = 3;
/// So many nights make a trend.
const NIGHTS: usize = 30;

/// `oncalls drift: 2 new, 1 resolved, 41 still (oldest 120 days) - staging not read since 18 Dec`.
pub(super) fn subject(news: &News<'_>, counts: &NoticeCounts) -> String {
    let mut subject = format!("{} drift: {}", project(news.report.project.as_deref()), numbers(counts));
    let unread: Vec<&NightEnvironment> =
        news.report.environments.iter().filter(|environment| environment.read.state != "all").collect();
    if unread.len() > NAMED {
        subject += &format!(" - {} environments not read in full", unread.len());
    } else {
        for environment in unread {
            subject += &format!(" - {}", not_read(environment, news.report.run.at));
        }
    }
    let back: Vec<&str> = back(news).collect();
    match back.len() {
        0 => {}
        1..=NAMED => subject += &format!(" - {} read again", join(&back)),
        many => subject += &format!(" - {many} environments read again"),
    }
    subject
}

/// The mail: what is new first, then what is gone, then what could not be read, one line of trend, and where the report is.
pub(super) fn body(news: &News<'_>, counts: &NoticeCounts, place: Place<'_>) -> String {
    let report = news.report;
    let mut lines = vec![format!("{}: {}", project(report.project.as_deref()), numbers(counts))];
    lines.push(match news.told {
        Some(told) => format!("report of {}, since that of {}", report.run.date, date(told)),
        None => format!("report of {}, the first one that you are told of", report.run.date),
    });
    if let Some(because) = &report.run.because {
        let because = escape::text(because.as_bytes());
        lines.push(format!("this is told again by the next report, since the history cannot be kept: {because}"));
    }
    lines.extend(sections(news, IN_MAIL, COLUMNS));
    lines.push(String::new());
    lines.extend(trend(news));
    lines.extend(location(place));
    lines.push(String::new());
    lines.join("\n")
}

/// The message for a chat. In the fence nothing is markup or a mention.
pub(super) fn chat(news: &News<'_>, counts: &NoticeCounts, place: Place<'_>) -> String {
    let subject = subject(news, counts);
    let mut fenced = String::new();
    let mut left = 0;
    let lines = sections(news, IN_CHAT, CHAT_COLUMNS).into_iter().skip(1).chain(trend(news));
    for line in lines {
        let line = marked(&line);
        if left > 0 || fenced.chars().count() + line.chars().count() > CHAT_LENGTH {
            left += 1;
            continue;
        }
        fenced += &line;
        fenced.push('\n');
    }
    if left > 0 {
        fenced += &format!("and {} more\n", counted(left, "line", "lines"));
    }
    let place = location(Place { attached: false, ..place });
    let place = place.map(|line| format!("\n{}", marked(&line))).unwrap_or_default();
    format!("*{}*\n```\n{}```{place}", marked(&subject), fenced)
}

/// A text that has no markup, mention or command in it, as Slack wants it: it escapes these three characters and nothing else. The others are
/// what chats like it take for mentions and code.
pub(super) fn marked(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '`' => out.push('\''),
            '@' => out.push_str("(at)"),
            c => out.push(c),
        }
    }
    out
}

/// The name of a project in a headline.
pub(super) fn project(name: Option<&str>) -> String {
    fit(&escape::name(name.unwrap_or("driftline").as_bytes()), 40).into_owned()
}

/// A name of this machine.
pub(super) fn plain(name: &str) -> String {
    escape::name(name.as_bytes()).into_owned()
}

fn numbers(counts: &NoticeCounts) -> String {
    let mut parts = vec![format!("{} new", count(counts.new))];
    if counts.reopened > 0 {
        parts.push(format!("{} reopened", count(counts.reopened)));
    }
    parts.push(format!("{} resolved", count(counts.resolved)));
    let oldest = match counts.still {
        0 => String::new(),
        _ => format!(" (oldest {})", counted(counts.oldest_days, "day", "days")),
    };
    parts.push(format!("{} still{oldest}", count(counts.still)));
    parts.join(", ")
}

/// `staging not read since 18 Dec`.
fn not_read(environment: &NightEnvironment, now: i64) -> String {
    let name = &environment.environment.name;
    let how = if environment.read.state == "failed" { "not read" } else { "not read in full" };
    match environment.read.last_complete {
        Some(last) => format!("{name} {how} since {}", day(last, now)),
        None => format!("{name} {how}"),
    }
}

/// A day as people write it, in UTC; with the year where it is another one.
fn day(moment: i64, now: i64) -> String {
    let (Ok(moment), Ok(now)) = (Timestamp::from_second(moment), Timestamp::from_second(now)) else {
        return date(moment);
    };
    let year = |moment: Timestamp| moment.strftime("%Y").to_string();
    let form = if year(moment) == year(now) { "%-d %b" } else { "%-d %b %Y" };
    moment.strftime(form).to_string()
}

fn back<'n>(news: &'n News<'_>) -> impl Iterator<Item = &'n str> {
    news.environments
        .iter()
        .filter(|(name, turn)| {
            let is_whole = |it: &&NightEnvironment| it.environment.name == **name && it.read.state == "all";
            **turn == Turn::Better && news.report.environments.iter().any(|it| is_whole(&it))
        })
        .map(|(name, _)| *name)
}

fn sections(news: &News<'_>, most: usize, columns: usize) -> Vec<String> {
    let mut lines = Vec::new();
    let new: Vec<Line<'_>> = news.new.iter().map(|finding| Line::of(finding)).collect();
    section("New", &new, most, columns, &mut lines);
    let resolved: Vec<Line<'_>> = news.resolved.iter().map(Line::gone).collect();
    section("Resolved", &resolved, most, columns, &mut lines);
    unread(news, columns, &mut lines);
    if news.told.is_none() {
        // Who was told before knows these.
        let still: Vec<Line<'_>> = news.still.iter().map(|finding| Line::of(finding)).collect();
        section("Still", &still, most, columns, &mut lines);
    }
    lines
}

/// A finding that is listed.
struct Line<'a> {
    severity: &'a str,
    code: &'a str,
    id: &'a str,
    subject: &'a str,
    lead: &'a str,
    message: &'a str,
    is_gone: bool,
}

impl<'a> Line<'a> {
    fn of(finding: &'a NightFinding) -> Self {
        let lead = match finding.reopened {
            Some("acceptance-expired") => "no longer accepted, the day has passed: ",
            Some("matter-changed") => "no longer accepted, something else is there: ",
            Some("acceptance-removed") => "no longer accepted: ",
            Some(_) => "came back: ",
            None => "",
        };
        let NightFinding { severity, code, id, subject, message, .. } = finding;
        Self { severity, code, id, subject, lead, message, is_gone: false }
    }

    fn gone(gone: &'a Gone) -> Self {
        let words = &gone.words;
        Self {
            severity: words.severity.name(),
            code: &words.code,
            id: &gone.id,
            subject: &words.subject,
            lead: "was: ",
            message: &words.message,
            is_gone: true,
        }
    }

    fn text(&self, columns: usize) -> String {
        let mark = match self.severity {
            _ if self.is_gone => "- ",
            "critical" => "!!",
            "warning" => "! ",
            _ => "- ",
        };
        let words = |text: &str| escape::text(text.as_bytes()).into_owned();
        let text = format!("{}  {}{}", words(self.subject), self.lead, words(self.message));
        format!("  {mark} {}  ({} {})", fit(&text, columns), words(self.code), words(self.id))
    }
}

fn section(heading: &str, findings: &[Line<'_>], most: usize, columns: usize, lines: &mut Vec<String>) {
    if findings.is_empty() {
        return;
    }
    lines.extend([String::new(), format!("{heading}  {}", count(findings.len() as u64))]);
    lines.extend(findings.iter().take(most).map(|finding| finding.text(columns)));
    let mut rules: BTreeMap<&str, u64> = BTreeMap::new();
    for finding in findings.iter().skip(most) {
        *rules.entry(finding.code).or_default() += 1;
    }
    if !rules.is_empty() {
        let rules: Vec<String> = rules.iter().map(|(code, number)| format!("{} {code}", count(*number))).collect();
        lines.push(format!("  and {}", join(&rules)));
    }
}

/// Who could not be read, why and since when, and who can be read again.
fn unread(news: &News<'_>, columns: usize, lines: &mut Vec<String>) {
    let all = news.report.environments.iter();
    let mut unread: Vec<String> = Vec::new();
    for environment in all.filter(|environment| environment.read.state != "all") {
        let (name, read) = (&environment.environment.name, &environment.read);
        let how = if read.state == "failed" { "could not be read" } else { "was read in part" };
        let reason = read.reasons.first().map(|reason| format!(": {}", escape::text(reason.as_bytes())));
        let more = read.reasons.len().saturating_sub(1) as u64;
        let more = if more > 0 { format!(" (and {} more)", count(more)) } else { String::new() };
        let text = format!("{name} {how}{}{more}", reason.unwrap_or_default());
        unread.push(format!("  !! {}", fit(&text, columns)));
        unread.push(match read.last_complete {
            Some(last) => format!("     all of it was read last on {}", date(last)),
            None => "     no report has read all of it yet".to_owned(),
        });
    }
    if !unread.is_empty() {
        lines.extend([String::new(), "Not read".to_owned()]);
        lines.extend(unread);
    }
    let back: Vec<&str> = back(news).collect();
    if !back.is_empty() {
        lines.extend([String::new(), format!("Read again  {}", join(&back))]);
    }
}

fn trend(news: &News<'_>) -> Option<String> {
    let trend = &news.report.trend;
    let nights = &trend[trend.len().saturating_sub(NIGHTS)..];
    let open = |night: &crate::report::nightly::TrendReport| {
        night.open.critical + night.open.warning + night.open.notice + night.open.info
    };
    let values: Vec<u64> = nights.iter().map(open).collect();
    let (first, last) = (values.first()?, values.last()?);
    (values.len() > 1).then(|| {
        let nights = counted(values.len() as u64, "report", "reports");
        format!("Trend    {}  {} to {} open findings in {nights}", sparkline(&values), count(*first), count(*last))
    })
}

fn location(place: Place<'_>) -> Option<String> {
    let where_ = match place {
        Place { link: Some(link), .. } => link.to_owned(),
        Place { attached: true, .. } => "attached".to_owned(),
        Place { file: Some((file, host)), .. } => {
            format!("{} on {}", escape::name(file.as_os_str().as_bytes()), plain(host))
        }
        _ => return None,
    };
    Some(format!("Report   {where_}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn markup_mentions_and_commands_are_plain_words() {
        let text = "<!channel> <@U1> & `code` @here ``` <https://evil.example|ok>";
        assert_eq!(
            marked(text),
            "&lt;!channel&gt; &lt;(at)U1&gt; &amp; 'code' (at)here ''' &lt;https://evil.example|ok&gt;"
        );
    }

    #[test]
    fn days_have_a_year_where_it_is_another_one() {
        let noon = 1_796_126_400;
        assert_eq!(day(noon, noon + 86_400), "1 Dec");
        assert_eq!(day(noon, noon + 40 * 86_400), "1 Dec 2026");
        assert_eq!(day(i64::MAX, noon), i64::MAX.to_string());
    }

    #[test]
    fn projects_cannot_break_a_headline() {
        assert_eq!(project(Some("a\r\nBcc: b\u{202e}")), r"a\r\nBcc: b\u{202e}");
        assert_eq!(project(None), "driftline");
        assert!(crate::report::layout::width(&project(Some(&"x".repeat(300)))) <= 40);
    }
}
