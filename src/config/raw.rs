//! `driftline.toml` as it was written: known keys of the right types, each with its place. Whether the values make sense is decided
//! in [`super::validate`].

use std::ops::Range;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::accept::{self, Accept};
use super::fix::{self, RawFix};
use super::notify::{self, RawNotify};
use super::problem::Problem;
use super::rules;

/// Keys of the whole file.
const TOP_KEYS: &[&str] =
    &["baseline", "focus", "ignore", "sensitive", "ssh_config", "rules", "history", "notify", "env", "fix", "accept"];
/// Keys that design and documentation name and this version does not know yet.
const LATER_TOP_KEYS: &[&str] = &["policy", "report"];
/// Keys of an environment.
const ENVIRONMENT_KEYS: &[&str] = &[
    "path",
    "ssh",
    "exec",
    "git",
    "ref",
    "archive",
    "strip",
    "snapshot",
    "ssh_config",
    "rate",
    "depth",
    "map",
    "role",
    "branch",
    "owner",
];
/// Keys of `[history]`.
const HISTORY_KEYS: &[&str] = &["keep_days"];
/// As `LATER_TOP_KEYS`, for an environment.
const LATER_ENVIRONMENT_KEYS: &[&str] = &["sudo"];

/// A text and where it stands, its quotes included.
pub(super) type Text = Spanned<String>;

/// The file.
#[derive(Debug, Default)]
pub(super) struct Raw {
    pub(super) baseline: Option<Text>,
    pub(super) focus: Vec<Text>,
    pub(super) ignore: Vec<Text>,
    pub(super) sensitive: Vec<Text>,
    pub(super) ssh_config: Option<Text>,
    /// In the order of the file.
    pub(super) environments: Vec<RawEnvironment>,
    /// In the order of the file.
    pub(super) fixes: Vec<RawFix>,
    pub(super) accepts: Vec<Accept>,
    pub(super) severities: Vec<(String, &'static str)>,
    pub(super) keep_days: Option<u32>,
    /// In the order of the file.
    pub(super) notify: Vec<RawNotify>,
    /// Where the text is no TOML: what was understood of these places is a guess, and what is missing elsewhere may have been meant to be
    /// here. In the order of the text, and no place overlaps another.
    pub(super) broken: Vec<(Range<usize>, Problem)>,
}

/// `[env.NAME]`.
#[derive(Debug)]
pub(super) struct RawEnvironment {
    pub(super) name: Text,
    pub(super) path: Option<Text>,
    pub(super) ssh: Option<Text>,
    /// Its words, and where the list stands.
    pub(super) exec: Option<(Vec<Text>, Range<usize>)>,
    pub(super) ssh_config: Option<Text>,
    pub(super) rate: Option<Text>,
    pub(super) depth: Option<Spanned<u32>>,
    pub(super) git: Option<Text>,
    pub(super) reference: Option<Text>,
    pub(super) archive: Option<Text>,
    pub(super) strip: Option<Spanned<u32>>,
    pub(super) snapshot: Option<Text>,
    /// Common name, name here; in the order of the file.
    pub(super) map: Vec<(Text, Text)>,
    pub(super) role: Option<Text>,
    pub(super) branch: Option<Text>,
    pub(super) owner: Option<Text>,
    /// It has mistakes because of which its place may be missing.
    pub(super) broken: bool,
}

/// Reads as much as can be read and writes down what cannot.
pub(super) fn read(text: &str, problems: &mut Vec<Problem>) -> Raw {
    let (table, errors) = DeTable::parse_recoverable(text);
    let mut raw = Raw { broken: syntax(text, &table, errors), ..Raw::default() };
    for (key, value) in in_file_order(table.get_ref()) {
        match key.get_ref().as_ref() {
            "baseline" => raw.baseline = string("baseline", value, problems),
            "focus" => raw.focus = strings("focus", value, problems),
            "ssh_config" => raw.ssh_config = string("ssh_config", value, problems),
            "ignore" => raw.ignore = strings("ignore", value, problems),
            "sensitive" => raw.sensitive = strings("sensitive", value, problems),
            "env" => raw.environments = environments(value, problems),
            "fix" => raw.fixes = fix::read(value, problems),
            "accept" => raw.accepts = accept::read(value, problems),
            "rules" => raw.severities = rules::read(value, problems),
            "history" => raw.keep_days = keep_days(value, problems),
            "notify" => raw.notify = notify::read(value, problems),
            _ => problems.push(unknown_key(key, TOP_KEYS, LATER_TOP_KEYS, "")),
        }
    }
    raw
}

/// Writes down what is no TOML, and where. One mistake makes the parser stumble again and again until it finds its way back: only the
/// first error of a line, or of a list that may go over many lines, is told.
fn syntax(text: &str, table: &Spanned<DeTable<'_>>, mut errors: Vec<toml::de::Error>) -> Vec<(Range<usize>, Problem)> {
    let mut lists = Vec::new();
    if !errors.is_empty() {
        lists_of(table.get_ref(), &mut lists);
    }
    lists.sort_by_key(|list| list.start);
    errors.sort_by_key(|error| error.span().map_or(0, |span| span.start));
    let mut broken: Vec<(Range<usize>, Problem)> = Vec::new();
    for error in errors {
        let span = error.span().unwrap_or(0..0);
        // In order of their starts, so only the last place can hold this one too.
        if broken.last().is_some_and(|(known, _)| known.start <= span.start && span.start <= known.end) {
            continue;
        }
        let mut problem = Problem::new(span.clone(), "this is not valid TOML", error.message().replace('\n', ", "));
        let line_start = text.get(..span.start).and_then(|before| before.rfind('\n')).map_or(0, |at| at + 1);
        let before = lists.partition_point(|list| list.start < span.start);
        if let Some(list) = before.checked_sub(1).map(|at| &lists[at]).filter(|list| span.start <= list.end) {
            if list.start < line_start {
                problem = problem.related(list.start..list.start + 1, "in the list that begins here");
            }
            broken.push((list.clone(), problem));
        } else {
            let line_end =
                text.get(span.start..).and_then(|rest| rest.find('\n')).map_or(text.len(), |at| span.start + at);
            broken.push((line_start..line_end, problem));
        }
    }
    broken
}

/// The places of all lists that lie in no other list.
fn lists_of(table: &DeTable<'_>, lists: &mut Vec<Range<usize>>) {
    for (_, value) in table {
        match value.get_ref() {
            DeValue::Array(_) => lists.push(value.span()),
            DeValue::Table(table) => lists_of(table, lists),
            _ => {}
        }
    }
}

fn environments(value: &Spanned<DeValue<'_>>, problems: &mut Vec<Problem>) -> Vec<RawEnvironment> {
    let Some(table) = value.get_ref().as_table() else {
        problems.push(wrong_type("env", value, "a table", "write one table for each environment: `[env.prod]`"));
        return Vec::new();
    };
    in_file_order(table).into_iter().filter_map(|(name, value)| environment(name, value, problems)).collect()
}

fn environment(
    name: &Spanned<toml::de::DeString<'_>>,
    value: &Spanned<DeValue<'_>>,
    problems: &mut Vec<Problem>,
) -> Option<RawEnvironment> {
    let Some(table) = value.get_ref().as_table() else {
        let what = format!("env.{}", name.get_ref());
        problems.push(wrong_type(&what, value, "a table", "write `[env.NAME]` and below it `path = \"...\"`"));
        return None;
    };
    let before = problems.len();
    let name = Spanned::new(name.span(), name.get_ref().to_string());
    let mut raw = RawEnvironment {
        name,
        path: None,
        ssh: None,
        exec: None,
        ssh_config: None,
        rate: None,
        depth: None,
        git: None,
        reference: None,
        archive: None,
        strip: None,
        snapshot: None,
        map: Vec::new(),
        role: None,
        branch: None,
        owner: None,
        broken: false,
    };
    for (key, value) in in_file_order(table) {
        match key.get_ref().as_ref() {
            "path" => raw.path = string("path", value, problems),
            "ssh" => raw.ssh = string("ssh", value, problems),
            "exec" => raw.exec = Some((strings("exec", value, problems), value.span())),
            "ssh_config" => raw.ssh_config = string("ssh_config", value, problems),
            "rate" => raw.rate = string("rate", value, problems),
            "depth" => raw.depth = count("depth", value, problems),
            "git" => raw.git = string("git", value, problems),
            "ref" => raw.reference = string("ref", value, problems),
            "archive" => raw.archive = string("archive", value, problems),
            "strip" => raw.strip = count("strip", value, problems),
            "snapshot" => raw.snapshot = string("snapshot", value, problems),
            "role" => raw.role = string("role", value, problems),
            "branch" => raw.branch = string("branch", value, problems),
            "owner" => raw.owner = string("owner", value, problems),
            "map" => raw.map = pairs(value, problems),
            _ => problems.push(unknown_key(key, ENVIRONMENT_KEYS, LATER_ENVIRONMENT_KEYS, "in an environment")),
        }
    }
    raw.broken = problems.len() > before;
    Some(raw)
}

fn pairs(value: &Spanned<DeValue<'_>>, problems: &mut Vec<Problem>) -> Vec<(Text, Text)> {
    let Some(table) = value.get_ref().as_table() else {
        let help = "write `map = { \"common name\" = \"name here\" }`";
        problems.push(wrong_type("map", value, "a table of names", help));
        return Vec::new();
    };
    let mut pairs = Vec::new();
    for (common, value) in in_file_order(table) {
        if value.get_ref().is_table() {
            let problem = wrong_type(&format!("map.{}", common.get_ref()), value, "a string", "");
            problems.push(problem.help("put a name that has a dot in it in quotes: `\"a.b\" = \"name here\"`"));
        } else if let Some(here) = string(&format!("map.{}", common.get_ref()), value, problems) {
            pairs.push((Spanned::new(common.span(), common.get_ref().to_string()), here));
        }
    }
    pairs
}

pub(super) fn string(what: &str, value: &Spanned<DeValue<'_>>, problems: &mut Vec<Problem>) -> Option<Text> {
    let Some(text) = value.get_ref().as_str() else {
        problems.push(wrong_type(what, value, "a string", &format!("write `{what} = \"...\"`")));
        return None;
    };
    Some(Spanned::new(value.span(), text.to_owned()))
}

/// `[history]`.
fn keep_days(value: &Spanned<DeValue<'_>>, problems: &mut Vec<Problem>) -> Option<u32> {
    let Some(table) = value.get_ref().as_table() else {
        problems.push(wrong_type("history", value, "a table", "write `[history]` and below it `keep_days = 400`"));
        return None;
    };
    let mut days = None;
    for (key, value) in in_file_order(table) {
        if key.get_ref() != "keep_days" {
            problems.push(unknown_key(key, HISTORY_KEYS, &[], "in `[history]`"));
            continue;
        }
        let number = value.get_ref().as_integer();
        let number = number.and_then(|number| u32::from_str_radix(number.as_str(), number.radix()).ok());
        days = number.filter(|days| *days > 0);
        if days.is_none() {
            problems.push(
                Problem::new(value.span(), "`keep_days` must be a number of days", "this is none")
                    .help("write `keep_days = 400`"),
            );
        }
    }
    days
}

fn count(what: &str, value: &Spanned<DeValue<'_>>, problems: &mut Vec<Problem>) -> Option<Spanned<u32>> {
    let number = value.get_ref().as_integer().map(|number| u32::from_str_radix(number.as_str(), number.radix()));
    match number {
        Some(Ok(number)) => Some(Spanned::new(value.span(), number)),
        Some(Err(_)) => {
            problems.push(
                Problem::new(value.span(), format!("`{what}` is out of range"), "this is no number of parts")
                    .help("write how many leading parts of each name are taken away, such as 1"),
            );
            None
        }
        None => {
            problems.push(wrong_type(what, value, "a number", &format!("write `{what} = 1`")));
            None
        }
    }
}

pub(super) fn strings(what: &str, value: &Spanned<DeValue<'_>>, problems: &mut Vec<Problem>) -> Vec<Text> {
    let Some(array) = value.get_ref().as_array() else {
        problems.push(wrong_type(what, value, "a list of strings", &format!("write `{what} = [\"...\"]`")));
        return Vec::new();
    };
    let mut texts = Vec::new();
    for value in array {
        match value.get_ref().as_str() {
            Some(text) => texts.push(Spanned::new(value.span(), text.to_owned())),
            None => problems.push(wrong_type(what, value, "a list of strings", "put it in quotes, or leave it out")),
        }
    }
    texts
}

pub(super) fn wrong_type(what: &str, value: &Spanned<DeValue<'_>>, expected: &str, help: &str) -> Problem {
    let found = match value.get_ref() {
        DeValue::String(_) => "a string",
        DeValue::Integer(_) => "an integer",
        DeValue::Float(_) => "a float",
        DeValue::Boolean(_) => "a boolean",
        DeValue::Datetime(_) => "a date or time",
        DeValue::Array(_) => "a list",
        DeValue::Table(_) => "a table",
    };
    let problem = Problem::new(value.span(), format!("`{what}` must be {expected}"), format!("this is {found}"));
    if help.is_empty() { problem } else { problem.help(help) }
}

pub(super) fn unknown_key(
    key: &Spanned<toml::de::DeString<'_>>,
    known: &[&str],
    later: &[&str],
    whose: &str,
) -> Problem {
    let name = key.get_ref().as_ref();
    let space = if whose.is_empty() { "" } else { " " };
    let message = format!("unknown key `{name}`{space}{whose}");
    if later.contains(&name) {
        return Problem::new(key.span(), message, "not supported by this version")
            .help(format!("leave it out; known keys{space}{whose} are {}", listed(known)));
    }
    let problem = Problem::new(key.span(), message, "not known");
    match nearest(name, known.iter().copied()) {
        Some(near) => problem.help(format!("did you mean `{near}`?")),
        None => problem.help(format!("known keys{space}{whose} are {}", listed(known))),
    }
}

/// The word that was probably meant.
pub(super) fn nearest<'a>(word: &str, known: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    // The distance of long words is quadratic in time, and no name is that long.
    if word.len() > 100 {
        return None;
    }
    let lower = word.to_lowercase();
    known
        .map(|known| (strsim::damerau_levenshtein(&lower, &known.to_lowercase()), known))
        .filter(|&(distance, known)| distance <= known.len().max(word.len()) / 3)
        .min_by_key(|&(distance, _)| distance)
        .map(|(_, known)| known)
}

/// Words as a sentence has them: `` `a`, `b` and `c` ``.
pub(super) fn listed<S: AsRef<str>>(words: &[S]) -> String {
    let quoted: Vec<String> = words.iter().map(|word| format!("`{}`", word.as_ref())).collect();
    match quoted.as_slice() {
        [] => "none".to_owned(),
        [one] => one.clone(),
        [many @ .., last] => format!("{} and {last}", many.join(", ")),
    }
}

/// The parser keeps tables sorted by key; people are answered in the order in which they wrote.
pub(super) fn in_file_order<'t, 'i>(
    table: &'t DeTable<'i>,
) -> Vec<(&'t Spanned<toml::de::DeString<'i>>, &'t Spanned<DeValue<'i>>)> {
    let mut entries: Vec<_> = table.iter().collect();
    entries.sort_by_key(|(key, _)| -> (usize, usize) {
        let Range { start, end } = key.span();
        (start, end)
    });
    entries
}
