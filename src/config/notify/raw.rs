//! `[notify.NAME]` as it was written.

use std::collections::BTreeMap;
use std::ops::Range;

use toml::Spanned;
use toml::de::DeValue;

use crate::config::problem::Problem;
use crate::config::raw::{Text, in_file_order, string, strings, unknown_key, wrong_type};

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

/// `[notify.NAME]`.
#[derive(Debug)]
pub(in crate::config) struct RawNotify {
    pub(super) name: Text,
    pub(super) texts: BTreeMap<&'static str, Text>,
    pub(super) to: Option<Vec<Text>>,
    pub(super) sendmail: Option<(Vec<Text>, Range<usize>)>,
    pub(super) attach: Option<Spanned<bool>>,
    pub(super) timeout: u32,
    /// It has mistakes because of which something may be missing.
    pub(super) broken: bool,
}

/// Reads all of it.
pub(in crate::config) fn read(value: &Spanned<DeValue<'_>>, problems: &mut Vec<Problem>) -> Vec<RawNotify> {
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
