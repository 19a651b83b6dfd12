//! `[[fix]]`: fixes that must be somewhere, as they were written and as they hold.

use std::ops::Range;
use std::path::PathBuf;

use toml::Spanned;
use toml::de::DeValue;

use super::problem::Problem;
use super::raw::{Text, in_file_order, listed, nearest, string, strings, unknown_key, wrong_type};
use super::validate::{place, tree_path};
use super::{PatchReader, Places};
use crate::path::{EnvironmentName, TreePath};
use crate::text::patch::{self, FilePatch};

const KEYS: &[&str] =
    &["id", "title", "expect", "commit", "in", "patch", "file", "files", "contains", "lacks", "place"];
const PLACE_KEYS: &[&str] = &["file", "contains", "lacks"];

/// A commit is named by at least so many digits.
const FEWEST_DIGITS: usize = 7;

/// A fix that must be somewhere.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fix {
    /// Its name, unique among fixes and environments.
    pub id: String,
    /// What it does, in the user's words.
    pub title: Option<String>,
    /// The environments that must have it.
    pub expect: Vec<EnvironmentName>,
    /// How it is known.
    pub known: KnownBy,
}

/// How a fix is known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum KnownBy {
    /// By a commit of any history, or of the history of one environment.
    Commit {
        /// The digits that its name begins with, at least seven.
        commit: String,
        /// Whose history it is in.
        within: Option<EnvironmentName>,
    },
    /// By a patch.
    Patch {
        /// The file that it was read from.
        path: PathBuf,
        /// What it changes, by common paths.
        files: Vec<FilePatch>,
    },
    /// By what certain files contain and lack; at least one of them.
    Places(Vec<FixPlace>),
}

/// A file that a fix is in. One that neither has to contain nor to lack anything only has to be there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FixPlace {
    /// Its common path.
    pub file: TreePath,
    /// Texts that have to be in it.
    pub contains: Vec<String>,
    /// Texts that must not be in it.
    pub lacks: Vec<String>,
}

/// `[[fix]]` as it was written.
#[derive(Debug)]
pub(super) struct RawFix {
    /// All of it.
    span: Range<usize>,
    id: Option<Text>,
    title: Option<Text>,
    expect: Vec<Text>,
    commit: Option<Text>,
    within: Option<Text>,
    patch: Option<Text>,
    /// The places that `file` and `files` name.
    files: Vec<Text>,
    contains: Vec<Text>,
    lacks: Vec<Text>,
    places: Vec<RawPlace>,
    /// It has mistakes because of which something may be missing.
    is_broken: bool,
}

#[derive(Debug)]
struct RawPlace {
    file: Text,
    contains: Vec<Text>,
    lacks: Vec<Text>,
}

pub(super) fn read(value: &Spanned<DeValue<'_>>, problems: &mut Vec<Problem>) -> Vec<RawFix> {
    let Some(array) = value.get_ref().as_array() else {
        problems.push(wrong_type("fix", value, "a list of tables", "write `[[fix]]`, in double brackets"));
        return Vec::new();
    };
    array.iter().filter_map(|value| fix(value, problems)).collect()
}

fn fix(value: &Spanned<DeValue<'_>>, problems: &mut Vec<Problem>) -> Option<RawFix> {
    let Some(table) = value.get_ref().as_table() else {
        problems.push(wrong_type("fix", value, "a list of tables", "write `[[fix]]` and below it `id = \"...\"`"));
        return None;
    };
    let before = problems.len();
    let mut raw = RawFix {
        span: value.span(),
        id: None,
        title: None,
        expect: Vec::new(),
        commit: None,
        within: None,
        patch: None,
        files: Vec::new(),
        contains: Vec::new(),
        lacks: Vec::new(),
        places: Vec::new(),
        is_broken: false,
    };
    for (key, value) in in_file_order(table) {
        match key.get_ref().as_ref() {
            "id" => raw.id = string("id", value, problems),
            "title" => raw.title = string("title", value, problems),
            "expect" => raw.expect = strings("expect", value, problems),
            "commit" => raw.commit = string("commit", value, problems),
            "in" => raw.within = string("in", value, problems),
            "patch" => raw.patch = string("patch", value, problems),
            "file" => raw.files.extend(string("file", value, problems)),
            "files" => raw.files.extend(strings("files", value, problems)),
            "contains" => raw.contains = strings("contains", value, problems),
            "lacks" => raw.lacks = strings("lacks", value, problems),
            "place" => raw.places = places(value, problems),
            _ => problems.push(unknown_key(key, KEYS, &[], "in a fix")),
        }
    }
    raw.is_broken = problems.len() > before;
    Some(raw)
}

fn places(value: &Spanned<DeValue<'_>>, problems: &mut Vec<Problem>) -> Vec<RawPlace> {
    let help = "write `[[fix.place]]` and below it `file = \"...\"`";
    let Some(array) = value.get_ref().as_array() else {
        problems.push(wrong_type("place", value, "a list of tables", help));
        return Vec::new();
    };
    let mut places = Vec::new();
    for value in array {
        let Some(table) = value.get_ref().as_table() else {
            problems.push(wrong_type("place", value, "a list of tables", help));
            continue;
        };
        let before = problems.len();
        let (mut file, mut contains, mut lacks) = (None, Vec::new(), Vec::new());
        for (key, value) in in_file_order(table) {
            match key.get_ref().as_ref() {
                "file" => file = string("file", value, problems),
                "contains" => contains = strings("contains", value, problems),
                "lacks" => lacks = strings("lacks", value, problems),
                _ => problems.push(unknown_key(key, PLACE_KEYS, &[], "in a place of a fix")),
            }
        }
        match file {
            Some(file) => places.push(RawPlace { file, contains, lacks }),
            None if problems.len() == before => problems.push(
                Problem::new(value.span(), "a place of a fix without `file`", "which file?")
                    .help("write `file = \"...\"`, the common path of the file"),
            ),
            None => {}
        }
    }
    places
}

/// Judges what was written; `environments` are all names, right or wrong.
pub(super) fn validate(
    raw: Vec<RawFix>,
    environments: &[String],
    at: Places<'_>,
    read: PatchReader<'_>,
    problems: &mut Vec<Problem>,
) -> Vec<Fix> {
    let mut seen: Vec<Text> = Vec::new();
    let mut fixes = Vec::new();
    for raw in raw {
        let id = raw.id.as_ref().and_then(|id| self::id(id, &mut seen, environments, problems));
        if raw.id.is_none() && !raw.is_broken {
            problems.push(
                Problem::new(raw.span.clone(), "a fix without `id`", "what is it called?")
                    .help("give it a short name, such as `id = \"last-day-of-month\"`"),
            );
        }
        let expect: Vec<EnvironmentName> =
            raw.expect.iter().filter_map(|name| environment("expect", name, environments, problems)).collect();
        let known = known(&raw, environments, at, read, problems);
        if let (Some(id), Some(known)) = (id, known) {
            fixes.push(Fix { id, title: raw.title.map(Text::into_inner), expect, known });
        }
    }
    fixes
}

fn id(id: &Text, seen: &mut Vec<Text>, environments: &[String], problems: &mut Vec<Problem>) -> Option<String> {
    let name = id.get_ref();
    let wrong = |message: String, label: &str| Problem::new(id.span(), message, label);
    if EnvironmentName::new(name).is_none() {
        problems.push(
            wrong(format!("`{name}` cannot name a fix"), "this name")
                .help("use letters, digits, `.`, `_` and `-`, a letter or digit first, at most 64 of them"),
        );
        return None;
    }
    if environments.contains(name) {
        problems.push(
            wrong(format!("the fix `{name}` is called like an environment"), "an environment has this name")
                .help("`driftline fixes` could not tell them apart: call it differently"),
        );
    }
    if let Some(first) = seen.iter().find(|first| first.get_ref() == name) {
        problems.push(
            wrong(format!("two fixes are called `{name}`"), "again")
                .related(first.span(), "the first time")
                .help("call one of them differently"),
        );
    }
    seen.push(id.clone());
    Some(name.clone())
}

fn environment(key: &str, name: &Text, known: &[String], problems: &mut Vec<Problem>) -> Option<EnvironmentName> {
    if known.contains(name.get_ref()) {
        return EnvironmentName::new(name.get_ref());
    }
    let message = format!("`{key}`: `{}` is not an environment", name.get_ref());
    let problem = Problem::new(name.span(), message, "no environment has this name");
    problems.push(match nearest(name.get_ref(), known.iter().map(String::as_str)) {
        Some(near) => problem.help(format!("did you mean `{near}`?")),
        None if known.is_empty() => problem,
        None => problem.help(format!("the environments are {}", listed(known))),
    });
    None
}

fn known(
    raw: &RawFix,
    environments: &[String],
    at: Places<'_>,
    read: PatchReader<'_>,
    problems: &mut Vec<Problem>,
) -> Option<KnownBy> {
    let patterns = raw.contains.first().or(raw.lacks.first());
    let by_place = raw.files.first().map(Text::span).or(raw.places.first().map(|place| place.file.span()));
    let ways = [
        ("commit", raw.commit.as_ref().map(Text::span)),
        ("patch", raw.patch.as_ref().map(Text::span)),
        ("file", by_place.or(patterns.map(Text::span))),
    ];
    let given: Vec<(&str, Range<usize>)> = ways.into_iter().filter_map(|(key, span)| Some((key, span?))).collect();
    if let (None, Some(within)) = (&raw.commit, &raw.within) {
        problems.push(
            Problem::new(within.span(), "`in` without `commit`", "only a commit is in a history").help("leave it out"),
        );
    }
    let within = raw.within.as_ref().map(|name| environment("in", name, environments, problems));
    match &given[..] {
        [] if raw.is_broken => None,
        [] => {
            let label = "neither `commit`, `patch`, `file` nor `place`";
            problems.push(
                Problem::new(raw.span.clone(), "a fix that nothing is known by", label)
                    .help("name a commit or a patch, or write `file = \"...\"` with `contains = [\"...\"]`"),
            );
            None
        }
        [_] => match (&raw.commit, &raw.patch) {
            (Some(commit), _) => self::commit(commit, within.flatten(), problems),
            (_, Some(text)) => self::patch(text, at, read, problems),
            _ => by_places(raw, patterns, problems),
        },
        [(first, span), (second, again), ..] => {
            problems.push(
                Problem::new(again.clone(), format!("a fix that is known by `{first}` and `{second}`"), "this as well")
                    .related(span.clone(), "this first")
                    .help("keep one of them, or make two fixes of it"),
            );
            None
        }
    }
}

fn commit(text: &Text, within: Option<EnvironmentName>, problems: &mut Vec<Problem>) -> Option<KnownBy> {
    let commit = text.get_ref().to_ascii_lowercase();
    if (FEWEST_DIGITS..=64).contains(&commit.len()) && commit.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return Some(KnownBy::Commit { commit, within });
    }
    problems.push(
        Problem::new(text.span(), format!("`{}` names no commit", text.get_ref()), "not a commit's own name")
            .help("write at least seven digits of its name, as `git log` shows it; a branch or tag would move"),
    );
    None
}

fn patch(text: &Text, at: Places<'_>, read: PatchReader<'_>, problems: &mut Vec<Problem>) -> Option<KnownBy> {
    let path = place("patch", text, at, problems)?;
    let name = text.get_ref();
    let mut wrong = |message: String, label: String, help: &str| {
        problems.push(Problem::new(text.span(), message, label).help(help));
    };
    match read(&path) {
        Err(error) => {
            wrong(
                format!("cannot read the patch `{name}`"),
                error.to_string(),
                "name a file, relative to the folder of this one",
            );
            None
        }
        Ok(None) => Some(KnownBy::Patch { path, files: Vec::new() }),
        Ok(Some(bytes)) => match patch::parse(&bytes) {
            Ok(files) => Some(KnownBy::Patch { path, files }),
            Err(error) => {
                let help = "write it with `git diff` or `git format-patch`, in common paths";
                wrong(format!("`{name}` is no patch"), error.to_string(), help);
                None
            }
        },
    }
}

fn by_places(raw: &RawFix, patterns: Option<&Text>, problems: &mut Vec<Problem>) -> Option<KnownBy> {
    if let (true, Some(pattern)) = (raw.files.is_empty(), patterns) {
        problems.push(
            Problem::new(pattern.span(), "`contains` or `lacks` without `file`", "in which file?")
                .help("write `file = \"...\"` beside it; a `[[fix.place]]` has its own"),
        );
        return None;
    }
    let before = problems.len();
    let mut places = Vec::new();
    let whole = raw.files.iter().map(|file| (file, &raw.contains, &raw.lacks));
    let own = raw.places.iter().map(|place| (&place.file, &place.contains, &place.lacks));
    for (file, contains, lacks) in whole.chain(own) {
        let path = tree_path(file, "file", "a file", problems);
        let contains = patterns_of("contains", contains, problems);
        let lacks = patterns_of("lacks", lacks, problems);
        places.extend(path.map(|file| FixPlace { file, contains, lacks }));
    }
    (problems.len() == before).then_some(KnownBy::Places(places))
}

fn patterns_of(key: &str, patterns: &[Text], problems: &mut Vec<Problem>) -> Vec<String> {
    let mut texts = Vec::new();
    for pattern in patterns {
        if pattern.get_ref().trim().is_empty() {
            problems.push(
                Problem::new(pattern.span(), format!("`{key}`: an empty text"), "every file has this")
                    .help("write a text that only the fix brings, or takes away"),
            );
        } else {
            texts.push(pattern.get_ref().replace("\r\n", "\n"));
        }
    }
    texts
}
