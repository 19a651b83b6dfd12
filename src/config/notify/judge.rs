//! From what was written to who is told.

use std::path::PathBuf;
use std::time::Duration;

use super::raw::RawNotify;
use super::{Channel, Mail, Notify, SecretPlace, Tls, is_loopback};
use crate::config::Places;
use crate::config::problem::Problem;
use crate::config::raw::Text;
use crate::config::validate::place;

/// Judges all of it.
pub(in crate::config) fn validate(raw: Vec<RawNotify>, places: Places<'_>, problems: &mut Vec<Problem>) -> Vec<Notify> {
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
