//! `[notify.NAME]`: who is told about reports, as it was written and as it holds.

use std::collections::BTreeMap;
use std::ops::Range;
use std::path::PathBuf;
use std::time::Duration;

use toml::Spanned;
use toml::de::DeValue;

use super::Places;
use super::problem::Problem;
use super::raw::{Text, in_file_order, string, strings, unknown_key, wrong_type};
use super::validate::place;

/// Keys whose values are texts.
const TEXTS: [&str; 10] =
    ["url_env", "url_file", "from", "smtp", "tls", "user", "password_env", "password_file", "ca_file", "link"];
const KEYS: &[&str] = &[
    "url_env",
    "url_file",
    "to",
    "from",
    "smtp",
    "tls",
    "user",
    "password_env",
    "password_file",
    "sendmail",
    "attach",
    "link",
    "ca_file",
    "timeout",
];
/// Keys that people reach for, and that would put a secret into a file that is committed.
const SECRETS: [&str; 3] = ["url", "webhook", "password"];

/// So many seconds somebody is tried to be told, unless the configuration says otherwise.
const TIMEOUT: u32 = 30;
const LONGEST_TIMEOUT: u32 = 600;

/// Somebody who is told about reports in which something changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Notify {
    /// Its name; unique.
    pub name: String,
    /// The way to it.
    pub channel: Channel,
    /// Where people find the report, such as the address of a web server that has the folder of `--out`.
    pub link: Option<String>,
    /// For so long it is tried, all attempts together.
    pub timeout: Duration,
    /// The authorities that are believed instead of the usual ones, as PEM.
    pub ca_file: Option<PathBuf>,
}

/// The way to somebody.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Channel {
    /// An address that JSON is posted to.
    Webhook {
        /// Where its address is, which is a secret.
        url: SecretPlace,
        /// It may be reached without TLS over a network.
        plain: bool,
    },
    /// Mail by way of a server.
    Smtp {
        /// The mail.
        mail: Mail,
        /// The server.
        host: String,
        /// Its port.
        port: u16,
        /// How the way to it is protected.
        tls: Tls,
        /// A user and where the password is.
        login: Option<(String, SecretPlace)>,
    },
    /// Mail by way of a command that takes it on stdin.
    Sendmail {
        /// The mail.
        mail: Mail,
        /// The command and its arguments; never empty, and no shell has a part in it.
        command: Vec<String>,
    },
}

/// From whom and to whom a mail goes, and what is in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mail {
    /// The address that it is from.
    pub from: String,
    /// The addresses that it goes to; at least one.
    pub to: Vec<String>,
    /// The page of the report comes with it.
    pub attach: bool,
}

/// Where a secret is, which is never in the configuration itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SecretPlace {
    /// An environment variable.
    Variable(String),
    /// A file, which nobody else may read.
    File(PathBuf),
}

/// How the way to a mail server is protected.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tls {
    /// Plain at first, then TLS, or nothing is sent.
    StartTls,
    /// TLS from the first byte.
    Implicit,
    /// Not at all.
    None,
}

impl Notify {
    /// What kind of way it is: `webhook` or `mail`.
    pub fn kind(&self) -> &'static str {
        match self.channel {
            Channel::Webhook { .. } => "webhook",
            Channel::Smtp { .. } | Channel::Sendmail { .. } => "mail",
        }
    }

    /// Where its secret is, if it has one.
    pub fn secret(&self) -> Option<&SecretPlace> {
        match &self.channel {
            Channel::Webhook { url, .. } => Some(url),
            Channel::Smtp { login, .. } => login.as_ref().map(|(_, password)| password),
            Channel::Sendmail { .. } => None,
        }
    }

    /// Whether the page of the report goes with it.
    pub fn is_with_page(&self) -> bool {
        match &self.channel {
            Channel::Webhook { .. } => false,
            Channel::Smtp { mail, .. } | Channel::Sendmail { mail, .. } => mail.attach,
        }
    }
}

/// Whether a host is this machine by its name alone.
pub fn is_loopback(host: &str) -> bool {
    let bare = host.trim_start_matches('[').trim_end_matches(']');
    bare.eq_ignore_ascii_case("localhost")
        || bare.parse::<std::net::IpAddr>().is_ok_and(|address| address.is_loopback())
}

/// `[notify.NAME]`.
#[derive(Debug)]
pub(super) struct RawNotify {
    name: Text,
    texts: BTreeMap<&'static str, Text>,
    to: Option<Vec<Text>>,
    sendmail: Option<(Vec<Text>, Range<usize>)>,
    attach: Option<Spanned<bool>>,
    timeout: u32,
    /// It has mistakes because of which something may be missing.
    broken: bool,
}

/// Reads all of it.
pub(super) fn read(value: &Spanned<DeValue<'_>>, problems: &mut Vec<Problem>) -> Vec<RawNotify> {
    const HELP: &str = "write one table for each: `[notify.chat]` and below it `url_env = \"...\"`";
    let Some(table) = value.get_ref().as_table() else {
        problems.push(wrong_type("notify", value, "a table", HELP));
        return Vec::new();
    };
    let mut all = Vec::new();
    for (name, value) in in_file_order(table) {
        let Some(table) = value.get_ref().as_table() else {
            let word = name.get_ref().as_ref();
            let known = KEYS.contains(&word) || SECRETS.contains(&word);
            let what = format!("notify.{}", name.get_ref());
            let help = if known { "give it a name: `[notify.chat]` instead of `[notify]`" } else { HELP };
            // It may be a secret without the name that it should have.
            problems.push(wrong_type(&what, value, "a table", help).secret(value.span()));
            continue;
        };
        let before = problems.len();
        let mut raw = RawNotify {
            name: Spanned::new(name.span(), name.get_ref().to_string()),
            texts: BTreeMap::new(),
            to: None,
            sendmail: None,
            attach: None,
            timeout: TIMEOUT,
            broken: false,
        };
        for (key, value) in in_file_order(table) {
            let word = key.get_ref().as_ref();
            match word {
                "to" if value.get_ref().is_array() => raw.to = Some(strings("to", value, problems)),
                "to" => raw.to = string("to", value, problems).map(|one| vec![one]),
                "sendmail" => raw.sendmail = Some((strings("sendmail", value, problems), value.span())),
                "attach" => match value.get_ref().as_bool() {
                    Some(attach) => raw.attach = Some(Spanned::new(value.span(), attach)),
                    None => problems.push(wrong_type("attach", value, "true or false", "write `attach = true`")),
                },
                "timeout" => raw.timeout = timeout(value, problems),
                _ if SECRETS.contains(&word) => problems.push(in_the_open(key.span(), word, value.span())),
                _ => match TEXTS.into_iter().find(|known| *known == word) {
                    Some(known) => raw.texts.extend(string(known, value, problems).map(|text| (known, text))),
                    None => problems.push(unknown_key(key, KEYS, &[], "in `[notify.NAME]`").secret(value.span())),
                },
            }
        }
        raw.broken = problems.len() > before;
        all.push(raw);
    }
    all
}

/// A secret that stands in the configuration.
fn in_the_open(key: Range<usize>, word: &str, value: Range<usize>) -> Problem {
    let (name, why) = match word {
        "password" => ("password", "a password is a secret"),
        _ => ("url", "whoever knows the address of a webhook can write there: it is a secret"),
    };
    Problem::new(key, format!("`{word}` in a file that is committed"), why)
        .help(format!(
            "make a new one if this was committed; put it into an environment variable and write `{name}_env = \"ITS_NAME\"`, or into a file that only you can read and write `{name}_file = \"...\"`"
        ))
        .secret(value)
}

fn timeout(value: &Spanned<DeValue<'_>>, problems: &mut Vec<Problem>) -> u32 {
    let number = value.get_ref().as_integer();
    let number = number.and_then(|number| u32::from_str_radix(number.as_str(), number.radix()).ok());
    let seconds = number.filter(|seconds| (1..=LONGEST_TIMEOUT).contains(seconds));
    if seconds.is_none() {
        problems.push(
            Problem::new(value.span(), "`timeout` must be a number of seconds", "this is none")
                .help(format!("write a number from 1 to {LONGEST_TIMEOUT}: `timeout = {TIMEOUT}`")),
        );
    }
    seconds.unwrap_or(TIMEOUT)
}

/// Judges all of it.
pub(super) fn validate(raw: Vec<RawNotify>, places: Places<'_>, problems: &mut Vec<Problem>) -> Vec<Notify> {
    raw.into_iter().filter_map(|raw| one(&raw, places, problems)).collect()
}

fn one(raw: &RawNotify, places: Places<'_>, problems: &mut Vec<Problem>) -> Option<Notify> {
    let name = raw.name.get_ref();
    let is_name = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
    if name.is_empty() || name.len() > 64 || !name.chars().all(is_name) {
        problems.push(
            Problem::new(raw.name.span(), "this cannot name who is told", "this name")
                .help("use letters, digits, `.`, `_` and `-`, at most 64 of them, such as `[notify.chat]`"),
        );
    }
    let mut judge = Judge { raw, places, problems };
    let channel = judge.channel();
    let ca_file = judge.path("ca_file");
    let link = judge.link();
    let timeout = Duration::from_secs(raw.timeout.into());
    Some(Notify { name: name.clone(), channel: channel?, link, timeout, ca_file })
}

struct Judge<'a> {
    raw: &'a RawNotify,
    places: Places<'a>,
    problems: &'a mut Vec<Problem>,
}

impl Judge<'_> {
    fn text(&self, key: &str) -> Option<&Text> {
        self.raw.texts.get(key)
    }

    fn path(&mut self, key: &'static str) -> Option<PathBuf> {
        place(key, self.raw.texts.get(key)?, self.places, self.problems)
    }

    fn push(&mut self, problem: Problem, help: &str) {
        self.problems.push(problem.help(help));
    }

    fn channel(&mut self) -> Option<Channel> {
        let span = |key: &str| self.text(key).map(Text::span);
        let webhook = span("url_env").or_else(|| span("url_file"));
        let smtp = span("smtp");
        let sendmail = self.raw.sendmail.as_ref().map(|(_, span)| span.clone());
        match (webhook, smtp, sendmail) {
            (Some(_), None, None) => self.webhook(),
            (None, Some(_), None) => self.smtp(),
            (None, None, Some(_)) => self.sendmail(),
            (None, None, None) => {
                if !self.raw.broken {
                    let message = format!("`[notify.{}]` has no way to tell anybody", self.raw.name.get_ref());
                    self.push(
                        Problem::new(self.raw.name.span(), message, "neither `url_env`, `url_file`, `smtp` nor `sendmail`"),
                        "add `url_env = \"DRIFTLINE_WEBHOOK\"` for a chat, or `to`, `from` and `smtp` or `sendmail` for mail",
                    );
                }
                None
            }
            (first, second, third) => {
                let mut spans = [first, second, third].into_iter().flatten();
                let (one, other) = (spans.next()?, spans.next()?);
                self.push(
                    Problem::new(other, "two ways to tell one", "and this").related(one, "this"),
                    "write a table for each: `[notify.chat]` and `[notify.mail]`",
                );
                None
            }
        }
    }

    fn webhook(&mut self) -> Option<Channel> {
        let texts = ["from", "user", "password_env", "password_file"];
        let wrong = texts.into_iter().find_map(|key| self.text(key).map(|text| (key, text.span())));
        let attach = self.raw.attach.as_ref().map(|attach| ("attach", attach.span()));
        let to = self.raw.to.as_ref().and_then(|to| Some(("to", to.first()?.span())));
        if let Some((key, span)) = wrong.or(to).or(attach) {
            let problem = Problem::new(span, format!("`{key}` with a webhook"), "only mail has it");
            self.push(problem, "leave it out, or write a table of its own for the mail: `[notify.mail]`");
        }
        let plain = match self.tls(Tls::Implicit)? {
            Tls::None => true,
            Tls::Implicit => false,
            Tls::StartTls => {
                let span = self.text("tls").map_or_else(|| self.raw.name.span(), Text::span);
                self.push(Problem::new(span, "no webhook has `starttls`", "this is for mail"), "leave it out");
                return None;
            }
        };
        Some(Channel::Webhook { url: self.secret("url_env", "url_file")?, plain })
    }

    fn smtp(&mut self) -> Option<Channel> {
        let mail = self.mail();
        let server = self.text("smtp")?.clone();
        let (host, port) = match server.get_ref().rsplit_once(':') {
            Some((host, port)) if !host.contains(':') || host.ends_with(']') => (host, Some(port.parse::<u16>())),
            _ => (server.get_ref().as_str(), None),
        };
        let is_host = !host.is_empty() && host.bytes().all(|b| b.is_ascii_alphanumeric() || b"-._:[]".contains(&b));
        let port = match port.transpose() {
            Ok(port) if is_host && port != Some(0) => port,
            _ => {
                let problem =
                    Problem::new(server.span(), "`smtp` names no server", "neither a host nor a host and a port");
                self.push(problem, "write `smtp = \"mail.example.org\"` or `smtp = \"mail.example.org:587\"`");
                return None;
            }
        };
        let usual = match port {
            _ if is_loopback(host) => Tls::None,
            Some(465) => Tls::Implicit,
            _ => Tls::StartTls,
        };
        let tls = self.tls(usual)?;
        let port = port.unwrap_or(match tls {
            Tls::StartTls => 587,
            Tls::Implicit => 465,
            Tls::None => 25,
        });
        let password = self.secret("password_env", "password_file");
        let login = match (self.text("user").cloned(), password) {
            (Some(user), Some(password)) => Some((user, password)),
            (None, None) => None,
            (Some(user), None) => {
                if self.text("password_env").or(self.text("password_file")).is_none() {
                    self.push(
                        Problem::new(user.span(), "`user` without a password", "how does it log in?"),
                        "add `password_env = \"ITS_NAME\"` or `password_file = \"...\"`, or leave `user` out",
                    );
                }
                return None;
            }
            (None, Some(_)) => {
                let span = self.text("password_env").or(self.text("password_file")).map(Text::span);
                let problem = Problem::new(span.unwrap_or_default(), "a password without `user`", "whose is it?");
                self.push(problem, "add `user = \"...\"`");
                return None;
            }
        };
        if let Some((user, _)) = login.as_ref().filter(|_| tls == Tls::None && !is_loopback(host)) {
            let problem = Problem::new(user.span(), "a password over a way that is not protected", "this would log in");
            self.push(problem, "leave `tls = \"none\"` out, or log in to no server but one of this machine");
            return None;
        }
        let host = host.trim_start_matches('[').trim_end_matches(']').to_owned();
        let login = login.map(|(user, password)| (user.into_inner(), password));
        Some(Channel::Smtp { mail: mail?, host, port, tls, login })
    }

    fn sendmail(&mut self) -> Option<Channel> {
        let smtp = ["user", "password_env", "password_file", "tls", "ca_file"];
        if let Some((key, span)) = smtp.into_iter().find_map(|key| self.text(key).map(|text| (key, text.span()))) {
            self.push(Problem::new(span, format!("`{key}` with `sendmail`"), "only `smtp` has it"), "leave it out");
        }
        let (words, span) = self.raw.sendmail.as_ref()?;
        let is_bad = |word: &Text| word.get_ref().contains('\0');
        if words.first().is_none_or(|first| first.get_ref().is_empty()) || words.iter().any(is_bad) {
            if !self.raw.broken {
                let problem =
                    Problem::new(span.clone(), "`sendmail` names no command", "which command takes the mail?");
                self.push(problem, "write its words: `sendmail = [\"/usr/sbin/sendmail\", \"-t\", \"-i\"]`");
            }
            return None;
        }
        let command = words.iter().map(|word| word.get_ref().clone()).collect();
        Some(Channel::Sendmail { mail: self.mail()?, command })
    }

    fn mail(&mut self) -> Option<Mail> {
        let attach = self.raw.attach.as_ref().is_some_and(|attach| *attach.get_ref());
        let to = self.raw.to.clone().unwrap_or_default();
        let from = self.text("from").cloned();
        for (key, is_missing) in [("to", to.is_empty()), ("from", from.is_none())] {
            if is_missing && !self.raw.broken {
                let message = format!("mail without `{key}`");
                let help = format!("add `{key} = \"...@example.org\"`");
                self.push(Problem::new(self.raw.name.span(), message, "an address is missing"), &help);
            }
        }
        for address in to.iter().chain(&from).filter(|address| !is_address(address.get_ref())) {
            let problem = Problem::new(address.span(), "this is no address of mail", "this word");
            self.problems.push(problem.help("write the address alone: \"ops@example.org\""));
        }
        (!to.is_empty()).then_some(())?;
        Some(Mail { from: from?.into_inner(), to: to.into_iter().map(Text::into_inner).collect(), attach })
    }

    fn tls(&mut self, usual: Tls) -> Option<Tls> {
        let Some(text) = self.text("tls").cloned() else { return Some(usual) };
        match text.get_ref().as_str() {
            "starttls" => Some(Tls::StartTls),
            "implicit" => Some(Tls::Implicit),
            "none" => Some(Tls::None),
            _ => {
                let problem = Problem::new(text.span(), "`tls` is none of the ways there are", "this word");
                self.push(problem, "write \"starttls\", \"implicit\" or \"none\"");
                None
            }
        }
    }

    /// Where a secret is: exactly one of two keys says so.
    fn secret(&mut self, variable: &'static str, file: &'static str) -> Option<SecretPlace> {
        match (self.text(variable).cloned(), self.text(file).cloned()) {
            (Some(one), Some(other)) => {
                let problem = Problem::new(other.span(), format!("both `{variable}` and `{file}`"), "and this");
                self.push(problem.related(one.span(), "this"), "keep one of them");
                None
            }
            (Some(name), None) => {
                let word = name.get_ref();
                let is_name = !word.is_empty()
                    && !word.starts_with(|c: char| c.is_ascii_digit())
                    && word.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
                if !is_name {
                    // Somebody may have written the secret itself here.
                    let problem = Problem::new(
                        name.span(),
                        format!("`{variable}` names no variable"),
                        "no variable is called so",
                    );
                    let problem = problem.secret(name.span());
                    self.push(
                        problem,
                        "write the name of an environment variable that holds it, not the secret itself",
                    );
                    return None;
                }
                Some(SecretPlace::Variable(word.clone()))
            }
            (None, Some(path)) if path.get_ref().contains("://") => {
                let problem = Problem::new(path.span(), format!("`{file}` names no file"), "this is an address");
                let problem = problem.secret(path.span());
                self.push(problem, "write the name of a file that holds it, not the secret itself");
                None
            }
            (None, Some(_)) => self.path(file).map(SecretPlace::File),
            (None, None) => None,
        }
    }

    fn link(&mut self) -> Option<String> {
        let text = self.text("link")?.clone();
        let is_plain = |c: char| c.is_ascii_graphic() && !matches!(c, '<' | '>' | '"' | '|' | '\\' | '`');
        let rest = text.get_ref().strip_prefix("https://").or_else(|| text.get_ref().strip_prefix("http://"));
        if rest.is_none_or(|rest| rest.is_empty() || rest.contains('@') || !rest.chars().all(is_plain)) {
            let problem = Problem::new(text.span(), "`link` is no address of a page", "this cannot be clicked");
            self.push(
                problem.secret(text.span()),
                "write where people find the report: \"https://reports.example.org/\"",
            );
            return None;
        }
        Some(text.into_inner())
    }
}

/// An address as servers take it, without a name beside it.
fn is_address(text: &str) -> bool {
    let is_plain = |c: char| c.is_ascii_graphic() && !r#"<>(),;:\"[]@"#.contains(c);
    let Some((user, domain)) = text.split_once('@') else { return false };
    [user, domain].iter().all(|part| {
        let is_dotted = !part.starts_with('.') && !part.ends_with('.') && !part.contains("..");
        !part.is_empty() && part.len() <= 254 && is_dotted && part.chars().all(is_plain)
    })
}
