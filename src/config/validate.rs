//! From what was written to what holds: [`Raw`] to [`Config`], with all problems at once.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::num::{NonZeroU32, NonZeroU64};
use std::ops::Range;
use std::path::{Path, PathBuf};

use ignore::gitignore::GitignoreBuilder;
use toml::Spanned;

use super::map::{MapConflict, MapPair, PathMap};
use super::problem::Problem;
use super::raw::{Raw, RawEnvironment, Text, listed, nearest};
use super::{
    Config, Environment, Expect, MAX_ENVIRONMENTS, PatchReader, Places, SourceSpec, SshPlace, adhoc, expand_home, fix,
    notify, remote,
};
use crate::path::{EnvironmentName, TreePath};

/// The reference that is meant when none is named.
pub(super) const DEFAULT_REFERENCE: &str = "HEAD";

/// Judges all values; where the text is `broken`, what is missing is not held against it. What is returned is only worth something when no
/// problem was found.
pub(super) fn validate(
    raw: Raw,
    broken: bool,
    places: Places<'_>,
    read: PatchReader<'_>,
    problems: &mut Vec<Problem>,
) -> Config {
    let names: Vec<String> = raw.environments.iter().map(|environment| environment.name.get_ref().clone()).collect();
    if names.is_empty() && !broken {
        problems.push(
            Problem::new(0..0, "no environments", "there is no `[env.NAME]` in this file")
                .help("add one for each place to compare: `[env.prod]` and below it `path = \"...\"`"),
        );
    }
    if let Some(first_too_many) = raw.environments.get(MAX_ENVIRONMENTS) {
        problems.push(Problem::new(
            first_too_many.name.span(),
            format!("{} environments are too many", names.len()),
            format!("at most {MAX_ENVIRONMENTS} can be told apart"),
        ));
    }
    let baseline = raw.baseline.and_then(|name| baseline(&name, &names, broken, problems));
    let shared = raw.ssh_config.and_then(|text| place("ssh_config", &text, places, problems));
    let environments = raw
        .environments
        .into_iter()
        .filter_map(|environment| self::environment(environment, shared.as_ref(), broken, places, problems))
        .collect();
    let focus = focus(&raw.focus, problems);
    let ignore = raw.ignore.into_iter().filter_map(|rule| self::rule("ignore", rule, problems)).collect();
    let sensitive = raw.sensitive.into_iter().filter_map(|rule| self::rule("sensitive", rule, problems)).collect();
    let fixes = fix::validate(raw.fixes, &names, places, read, problems);
    let notify = notify::validate(raw.notify, places, problems);
    let (accepts, severities, keep_days) = (raw.accepts, raw.severities, raw.keep_days);
    Config {
        environments,
        baseline,
        focus,
        ignore,
        sensitive,
        fixes,
        accepts,
        severities,
        keep_days,
        notify,
        file: None,
    }
}

fn baseline(name: &Text, names: &[String], broken: bool, problems: &mut Vec<Problem>) -> Option<EnvironmentName> {
    if names.contains(name.get_ref()) {
        return EnvironmentName::new(name.get_ref());
    }
    if !broken {
        let problem = Problem::new(
            name.span(),
            format!("the baseline `{}` is not an environment", name.get_ref()),
            "no environment has this name",
        );
        problems.push(match nearest(name.get_ref(), names.iter().map(String::as_str)) {
            Some(near) => problem.help(format!("did you mean `{near}`?")),
            None if names.is_empty() => problem,
            None => problem.help(format!("the environments are {}", listed(names))),
        });
    }
    None
}

fn environment(
    raw: RawEnvironment,
    shared: Option<&PathBuf>,
    broken: bool,
    places: Places<'_>,
    problems: &mut Vec<Problem>,
) -> Option<Environment> {
    let name = EnvironmentName::new(raw.name.get_ref());
    if name.is_none() {
        problems.push(
            Problem::new(raw.name.span(), format!("`{}` cannot name an environment", raw.name.get_ref()), "this name")
                .help("use letters, digits, `.`, `_` and `-`, a letter or digit first, at most 64 of them"),
        );
    }
    let source = source(&raw, shared, broken, places, problems);
    let map = map(&raw.map, problems);
    if let Some(role) = raw.role.as_ref().filter(|role| role.get_ref().trim().is_empty()) {
        problems.push(
            Problem::new(role.span(), "the role is empty", "nothing is said here")
                .help("say what the environment is for, such as \"production\", or leave `role` out"),
        );
    }
    let expect = expect(&raw, problems);
    Some(Environment { name: name?, role: raw.role.map(Text::into_inner), source: source?, map: map?, expect })
}

/// The branch and owner that an environment should have.
fn expect(raw: &RawEnvironment, problems: &mut Vec<Problem>) -> Expect {
    let word = |text: &Text| {
        let is_word = |c: char| !c.is_whitespace() && !c.is_control();
        !text.get_ref().is_empty() && text.get_ref().chars().all(is_word)
    };
    if let Some(branch) = &raw.branch {
        if raw.git.is_some() {
            problems.push(
                Problem::new(branch.span(), "`branch` with `git`", "a commit is read, whatever is checked out")
                    .help("leave it out: `ref` says what is read"),
            );
        } else if !word(branch) {
            problems.push(
                Problem::new(branch.span(), "no branch is called so", "this name")
                    .help("write the branch that should be checked out: `branch = \"main\"`"),
            );
        }
    }
    let mut parts = raw.owner.iter().flat_map(|owner| owner.get_ref().split(':'));
    let mut part = || parts.next().filter(|part| !part.is_empty()).map(str::to_owned);
    let (user, group) = (part(), part());
    if let Some(owner) = &raw.owner
        && (!word(owner) || parts.next().is_some() || (user.is_none() && group.is_none()))
    {
        problems.push(
            Problem::new(owner.span(), "this is no owner", "neither a user nor a user and a group")
                .help("write `owner = \"www-data\"` or `owner = \"www-data:www-data\"`"),
        );
    }
    Expect { branch: raw.branch.as_ref().map(|branch| branch.get_ref().clone()), user, group }
}

fn source(
    raw: &RawEnvironment,
    shared: Option<&PathBuf>,
    broken: bool,
    places: Places<'_>,
    problems: &mut Vec<Problem>,
) -> Option<SourceSpec> {
    if let (None, Some(reference)) = (&raw.git, &raw.reference) {
        problems.push(
            Problem::new(reference.span(), "`ref` without `git`", "a folder has no refs")
                .help("write `git = \"...\"` instead of `path` to compare a commit, or leave `ref` out"),
        );
    }
    if let (None, Some(strip)) = (&raw.archive, &raw.strip) {
        problems.push(
            Problem::new(strip.span(), "`strip` without `archive`", "only names in an archive lose parts")
                .help("use `map` where folders are called differently, or leave `strip` out"),
        );
    }
    let is_far = raw.ssh.is_some() || raw.exec.is_some();
    let span = |text: &Option<Text>| text.as_ref().map(Text::span);
    let kinds = [
        ("path", span(&raw.path).filter(|_| !is_far), "a folder as it is", "a folder"),
        ("ssh", span(&raw.ssh), "a folder of another machine", "a host"),
        ("exec", raw.exec.as_ref().map(|(_, span)| span.clone()), "a folder that a command reaches", "a command"),
        ("git", span(&raw.git), "a commit of a repository", "a repository"),
        ("archive", span(&raw.archive), "a tar or zip file", "an archive"),
        ("snapshot", span(&raw.snapshot), "a file that `driftline snapshot` wrote", "a snapshot"),
    ];
    let given: Vec<_> = kinds.into_iter().filter_map(|(key, span, of, is)| Some((key, span?, of, is))).collect();
    let config = raw.ssh_config.as_ref().and_then(|text| {
        if raw.ssh.is_none() {
            problems.push(
                Problem::new(text.span(), "`ssh_config` without `ssh`", "no ssh has a use for it").help("leave it out"),
            );
        }
        place("ssh_config", text, places, problems)
    });
    let rate = raw.rate.as_ref().and_then(|text| rate(text, is_far, problems));
    let depth = raw.depth.as_ref().and_then(|depth| self::depth(depth, is_far, problems));
    match &given[..] {
        [] => {
            if !broken && !raw.broken {
                let name = raw.name.get_ref();
                let problem = Problem::new(
                    raw.name.span(),
                    format!("the environment `{name}` has no place"),
                    "neither `path`, `git`, `archive` nor `snapshot`",
                );
                problems.push(problem.help(
                    "add `path = \"...\"` for a folder (with `ssh` for one of another machine), `git = \"...\"` and `ref = \"...\"` for a commit, or `archive` or `snapshot` for a file",
                ));
            }
            None
        }
        [("ssh", span, ..)] => {
            let path = far_path(raw, raw.path.as_ref(), "ssh", span, broken, problems);
            let place = ssh_place(raw.ssh.as_ref()?, problems);
            let config = config.or_else(|| shared.cloned());
            Some(SourceSpec::Ssh { place: SshPlace { config, ..place? }, path: path?, rate, depth })
        }
        [("exec", span, ..)] => {
            let path = far_path(raw, raw.path.as_ref(), "exec", span, broken, problems);
            let command = command(&raw.exec.as_ref()?.0, span, raw.broken, problems);
            Some(SourceSpec::Exec { command: command?, path: path?, rate, depth })
        }
        [(key, ..)] => one_source(raw, key, places, problems),
        [(first, first_span, first_of, first_is), (second, span, of, is), ..] => {
            problems.push(
                Problem::new(span.clone(), format!("`{}` has both `{first}` and `{second}`", raw.name.get_ref()), *is)
                    .related(first_span.clone(), format!("and {first_is}"))
                    .help(format!("keep `{first}` for {first_of}, or `{second}` for {of}")),
            );
            None
        }
    }
}

/// A place on this machine: a folder, a commit, or a file.
fn one_source(raw: &RawEnvironment, key: &str, places: Places<'_>, problems: &mut Vec<Problem>) -> Option<SourceSpec> {
    let mut path = |text: &Option<Text>| place(key, text.as_ref()?, places, problems);
    Some(match key {
        "git" => {
            let repository = path(&raw.git);
            let reference = match &raw.reference {
                None => Some(DEFAULT_REFERENCE.to_owned()),
                Some(reference) => self::reference(reference, problems),
            };
            SourceSpec::Git { repository: repository?, reference: reference? }
        }
        "archive" => {
            let strip = raw.strip.as_ref().map_or(0, |strip| *strip.get_ref());
            SourceSpec::Archive { path: path(&raw.archive)?, strip }
        }
        "snapshot" => SourceSpec::Snapshot { path: path(&raw.snapshot)? },
        _ => SourceSpec::Folder { path: path(&raw.path)? },
    })
}

fn ssh_place(host: &Text, problems: &mut Vec<Problem>) -> Option<SshPlace> {
    match SshPlace::parse(host.get_ref()) {
        Ok(place) => Some(place),
        Err(wrong) => {
            let message = format!("`ssh`: `{}` names no host", host.get_ref().escape_debug());
            problems.push(
                Problem::new(host.span(), message, wrong)
                    .help("write a host of your ssh configuration, such as \"web-1\", or \"user@host\""),
            );
            None
        }
    }
}

/// The folder on the other side. `~/` there is where one logs in, which is where relative paths begin.
fn far_path(
    raw: &RawEnvironment,
    path: Option<&Text>,
    kind: &str,
    span: &Range<usize>,
    broken: bool,
    problems: &mut Vec<Problem>,
) -> Option<PathBuf> {
    let Some(path) = path else {
        if !broken && !raw.broken {
            problems.push(
                Problem::new(span.clone(), format!("`{kind}` without `path`"), "which folder there?")
                    .help("add `path = \"...\"`, the folder there"),
            );
        }
        return None;
    };
    match adhoc::far_path(path.get_ref().as_bytes()) {
        Ok(path) => Some(path),
        Err(wrong) => {
            let message = format!("`path`: `{}` cannot be a folder there", path.get_ref().escape_debug());
            problems.push(
                Problem::new(path.span(), message, wrong)
                    .help("write it as it is called there, such as \"/var/www/app\""),
            );
            None
        }
    }
}

fn command(words: &[Text], span: &Range<usize>, broken: bool, problems: &mut Vec<Problem>) -> Option<Vec<String>> {
    let help = "write the words of a command that runs a command, such as [\"docker\", \"exec\", \"-i\", \"web\"]";
    let problem = match words.first() {
        None if broken => return None,
        None => Problem::new(span.clone(), "`exec` is empty", "no command is named"),
        Some(first) if first.get_ref().is_empty() => {
            Problem::new(first.span(), "`exec` names no command", "this is empty")
        }
        Some(_) => match words.iter().find(|word| word.get_ref().contains('\0')) {
            Some(word) => Problem::new(word.span(), "a word of `exec` has a zero byte in it", "no word can have it"),
            None => return Some(words.iter().map(|word| word.get_ref().clone()).collect()),
        },
    };
    problems.push(problem.help(help));
    None
}

fn rate(text: &Text, is_far: bool, problems: &mut Vec<Problem>) -> Option<NonZeroU64> {
    if !is_far {
        problems.push(
            Problem::new(text.span(), "`rate` without `ssh` or `exec`", "what is here is read as fast as it goes")
                .help("leave it out"),
        );
        return None;
    }
    let rate = remote::rate(text.get_ref());
    if rate.is_none() {
        problems.push(
            Problem::new(
                text.span(),
                format!("`rate`: `{}` is no rate", text.get_ref()),
                "bytes in a second are meant",
            )
            .help("write a number above 0, perhaps with K, M or G behind it, such as \"2M\""),
        );
    }
    rate
}

fn depth(depth: &Spanned<u32>, is_far: bool, problems: &mut Vec<Problem>) -> Option<NonZeroU32> {
    if !is_far {
        problems.push(
            Problem::new(depth.span(), "`depth` without `ssh` or `exec`", "of what is here nothing is fetched")
                .help("leave it out"),
        );
        return None;
    }
    let commits = NonZeroU32::new(*depth.get_ref());
    if commits.is_none() {
        problems.push(
            Problem::new(depth.span(), "`depth`: a history of no commit is none", "a number of commits is meant")
                .help("write a number above 0, or leave it out to fetch all of the history"),
        );
    }
    commits
}

pub(super) fn place(what: &str, text: &Text, places: Places<'_>, problems: &mut Vec<Problem>) -> Option<PathBuf> {
    let problem = if text.get_ref().is_empty() {
        match what {
            "path" | "git" => Problem::new(text.span(), format!("`{what}` is empty"), "no folder is named")
                .help("write `.` for this folder"),
            _ => Problem::new(text.span(), format!("`{what}` is empty"), "no file is named").help("name the file"),
        }
    } else if text.get_ref().contains('\0') {
        Problem::new(text.span(), format!("`{what}` has a zero byte in it"), "nothing is called so")
    } else {
        match expand_home(Path::new(text.get_ref()), places.home) {
            Ok(path) => return Some(places.folder.join(path)),
            Err(reason) => {
                Problem::new(text.span(), format!("`{what}` cannot be resolved"), "the `~` here").help(reason)
            }
        }
    };
    problems.push(problem);
    None
}

fn reference(text: &Text, problems: &mut Vec<Problem>) -> Option<String> {
    if text.get_ref().trim().is_empty() || text.get_ref().contains('\0') {
        problems.push(
            Problem::new(text.span(), "`ref` names no commit", "nothing can be called so")
                .help("write a branch, a tag or a commit, such as \"origin/main\", or leave `ref` out for HEAD"),
        );
        return None;
    }
    Some(text.get_ref().clone())
}

fn map(raw: &[(Text, Text)], problems: &mut Vec<Problem>) -> Option<PathMap> {
    let mut pairs = Vec::new();
    let mut spans = Vec::new();
    for (common, here) in raw {
        let common_path = tree_path(common, "map", "a common name", problems);
        let here_path = tree_path(here, "map", "a name here", problems);
        if let (Some(common_path), Some(here_path)) = (common_path, here_path) {
            pairs.push(MapPair { common: common_path, here: here_path });
            spans.push((common.span(), here.span()));
        }
    }
    let complete = pairs.len() == raw.len();
    match PathMap::new(pairs.clone()) {
        Ok(map) => complete.then_some(map),
        Err(conflicts) => {
            problems.extend(conflicts.into_iter().map(|conflict| map_problem(conflict, &pairs, &spans)));
            None
        }
    }
}

fn map_problem(conflict: MapConflict, pairs: &[MapPair], spans: &[(Range<usize>, Range<usize>)]) -> Problem {
    let text = |path: &TreePath| String::from_utf8_lossy(path.as_bytes()).into_owned();
    match conflict {
        MapConflict::Here(first, second) if pairs[first].here == pairs[second].here => Problem::new(
            spans[second].1.clone(),
            format!("two names are mapped to one place, `{}`", text(&pairs[second].here)),
            format!("also called `{}`", text(&pairs[second].common)),
        )
        .related(spans[first].1.clone(), format!("called `{}`", text(&pairs[first].common)))
        .help("keep one of them"),
        MapConflict::Common(first, second) if pairs[first].common == pairs[second].common => Problem::new(
            spans[second].0.clone(),
            format!("two places are mapped to one name, `{}`", text(&pairs[second].common)),
            "this name again",
        )
        .related(spans[first].0.clone(), "this name")
        .help("keep one of them"),
        MapConflict::Here(first, second) => {
            overlap(&text(&pairs[first].here), &spans[first].1, &text(&pairs[second].here), &spans[second].1)
        }
        MapConflict::Common(first, second) => {
            overlap(&text(&pairs[first].common), &spans[first].0, &text(&pairs[second].common), &spans[second].0)
        }
        MapConflict::Inside(at) => Problem::new(
            spans[at].1.clone(),
            format!("`{}` would be two folders", text(&pairs[at].common)),
            format!("this is inside the real `{}`", text(&pairs[at].common)),
        )
        .help("choose a common name that is not a folder above this one"),
    }
}

fn overlap(first: &str, first_span: &Range<usize>, second: &str, second_span: &Range<usize>) -> Problem {
    Problem::new(second_span.clone(), format!("`{first}` and `{second}` overlap in the map"), "one holds the other")
        .related(first_span.clone(), "this one")
        .help("map folders that do not lie inside each other")
}

fn focus(raw: &[Text], problems: &mut Vec<Problem>) -> Vec<TreePath> {
    let mut paths = Vec::new();
    let mut places: BTreeMap<TreePath, Range<usize>> = BTreeMap::new();
    for text in raw {
        let Some(path) = tree_path(text, "focus", "a path", problems) else { continue };
        match places.entry(path) {
            Entry::Vacant(place) => {
                paths.push(place.key().clone());
                place.insert(text.span());
            }
            Entry::Occupied(first) => problems.push(
                Problem::new(text.span(), format!("`{}` is in focus twice", text.get_ref()), "again")
                    .related(first.get().clone(), "the first time")
                    .help("keep one of them"),
            ),
        }
    }
    paths
}

pub(super) fn tree_path(text: &Text, key: &str, what: &str, problems: &mut Vec<Problem>) -> Option<TreePath> {
    match TreePath::from_typed(text.get_ref().as_bytes()) {
        Ok(path) => Some(path),
        Err(error) => {
            problems.push(
                Problem::new(text.span(), format!("`{key}`: `{}` cannot be {what}", text.get_ref()), error.to_string())
                    .help("write a path relative to the environment's folder, such as \"backend/app\""),
            );
            None
        }
    }
}

/// Says what is wrong with a gitignore rule.
pub fn check_ignore_rule(rule: &str) -> Result<(), String> {
    let text = rule.trim();
    if text.is_empty() || text.starts_with('#') {
        return Err("this leaves nothing out".to_owned());
    }
    if text.contains(['\n', '\r', '\0']) {
        return Err("a rule is one line".to_owned());
    }
    GitignoreBuilder::new("").add_line(None, rule).map(drop).map_err(|error| error.to_string())
}

fn rule(key: &str, rule: Text, problems: &mut Vec<Problem>) -> Option<String> {
    let Err(wrong) = check_ignore_rule(rule.get_ref()) else { return Some(rule.into_inner()) };
    problems.push(
        Problem::new(rule.span(), format!("`{key}`: `{}` is no rule", rule.get_ref()), wrong)
            .help("write rules as in a .gitignore file, such as \"node_modules/\" or \"*.pyc\""),
    );
    None
}
