//! The text of a `driftline.toml`: what was typed, what is proposed, and why, in comments.
//!
//! Names come from environments: in strings they are escaped as TOML does it, in comments as everywhere else. What TOML cannot hold (a name that
//! is not UTF-8) stands in a comment, and is said in [`Document::warnings`].

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::num::{NonZeroU32, NonZeroU64};
use std::os::unix::ffi::OsStrExt as _;
use std::path::Path;

use crate::compare::maps::MapProposal;
use crate::config::{Environment, MapPair, PathMap, SourceSpec};
use crate::insight::IgnoreProposal;
use crate::path::TreePath;
use crate::report::escape;
use crate::report::layout::{count, counted, wrap};
use crate::report::wording::join;

/// Columns of a comment.
const COLUMNS: usize = 118;

/// What a configuration is made of.
#[derive(Debug, Clone, Copy)]
pub struct Draft<'a> {
    /// In order, with paths as they are to be written, without maps.
    pub environments: &'a [Environment],
    /// For each environment, why it could not be read, if it could not.
    pub unread: &'a [Option<String>],
    /// What is handed to `ssh -F`.
    pub ssh_config: Option<&'a Path>,
    /// Rules that the user wants.
    pub ignore: &'a [String],
    /// Rules that were found to be usual.
    pub rules: &'a [IgnoreProposal],
    /// Folders with other names elsewhere.
    pub maps: &'a [MapProposal],
    /// Folders that every environment has.
    pub shared: &'a [TreePath],
}

/// A configuration that can be written.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Document {
    /// The text of the file.
    pub text: String,
    /// How many environments are in it, not in a comment.
    pub environments: usize,
    /// The rules in it, likewise.
    pub ignore: Vec<String>,
    /// The maps in it, likewise: environment, common name, name here.
    pub maps: Vec<(usize, TreePath, TreePath)>,
    /// What could not be written as it is.
    pub warnings: Vec<String>,
}

/// Puts the text together.
pub fn document(draft: &Draft<'_>) -> Document {
    let mut out = Document::default();
    out.say("What driftline compares, and how. `driftline init` wrote it; everything in it may be changed.");
    out.text.push('\n');
    baseline(draft, &mut out);
    focus(draft, &mut out);
    ignore(draft, &mut out);
    if let Some(config) = draft.ssh_config {
        match toml_path(config) {
            Some(config) => {
                out.say("How hosts are reached; the same as `ssh -F`.");
                out.line(&format!("ssh_config = {config}\n"));
            }
            None => out.refuse("the ssh configuration", config.as_os_str().as_bytes()),
        }
    }
    for number in 0..draft.environments.len() {
        environment(draft, number, &mut out);
    }
    out
}

/// The text when nothing was named: what to fill in. It is no configuration yet.
pub const TEMPLATE: &str = r#"# What driftline compares, and how. Take the `#` away from the lines that have no blank behind it, and fill them in.

# What is left out, as in .gitignore.
#ignore = ["node_modules/", "*.pyc", "logs/"]

# What matters most, files or folders: it comes first in what is shown.
#focus = ["app/config/"]

# A section for each place. A folder of this machine:
#[env.prod]
#path = "/var/www/app"
#role = "production"

# A folder that is called something else there: common name = name there.
#[env.prod.map]
#"backend" = "app_backend"

# A folder of another machine, over ssh:
#[env.staging]
#ssh = "web-2"
#path = "/srv/staging/app"

# The same by way of any command that runs a command:
#[env.debug]
#exec = ["docker", "exec", "-i", "debug-web"]
#path = "/app"

# A commit of a repository, which is never checked out:
#[env.main]
#git = "../app"
#ref = "origin/main"

# An archive, or a snapshot that `driftline snapshot` wrote:
#[env.last-week]
#archive = "backups/app.tar.gz"
#strip = 1
"#;

fn baseline(draft: &Draft<'_>, out: &mut Document) {
    out.say(
        "The environment that the others are measured against. It is left open: without it the odd one out is shown and nobody is called wrong, \
         and what only one server has may be the fix that the others lack.",
    );
    let names: Vec<&str> = draft.environments.iter().map(|environment| environment.name.as_str()).collect();
    let likely = draft.environments.iter().find(|environment| role(environment) == Some("production"));
    let name = likely.map(|environment| environment.name.as_str()).or(names.first().copied()).unwrap_or("prod");
    out.line(&format!("# baseline = {}\n", toml(name)));
}

fn focus(draft: &Draft<'_>, out: &mut Document) {
    out.say(
        "What matters most, files or folders: it comes first in what is shown. Common names, as in all lists here.",
    );
    let folders: Vec<String> = draft.shared.iter().take(3).filter_map(|path| toml_name(path.as_bytes(), "/")).collect();
    let folders = if folders.is_empty() { toml("app/config/") } else { folders.join(", ") };
    out.line(&format!("# focus = [{folders}]\n"));
}

fn ignore(draft: &Draft<'_>, out: &mut Document) {
    out.say("What is left out, as in .gitignore.");
    if draft.ignore.is_empty() && draft.rules.is_empty() {
        out.say("Nothing was found that usually is: packages, caches, builds, logs.");
        out.line("# ignore = [\"node_modules/\", \"*.log\"]\n");
        return;
    }
    out.line("ignore = [");
    for rule in draft.ignore {
        out.line(&format!("    {},", toml(rule)));
        out.ignore.push(rule.clone());
    }
    for proposal in draft.rules.iter().filter(|proposal| draft.ignore.iter().all(|rule| rule != proposal.rule)) {
        let counts = proposal.files.iter().enumerate().filter(|(_, files)| **files > 0);
        let counts: Vec<String> = counts
            .enumerate()
            .map(|(place, (at, &files))| {
                let files = files as u64;
                let files = if place == 0 { counted(files, "file", "files") } else { count(files) };
                format!("{files} in {}", draft.environments[at].name)
            })
            .collect();
        let rule = toml(proposal.rule);
        match &proposal.doubt {
            None => {
                out.line(&format!("    {rule},  # {}: {}", proposal.what, join(&counts)));
                out.ignore.push(proposal.rule.to_owned());
            }
            Some((at, path)) => {
                let name = escape::name(path.as_bytes());
                let environment = &draft.environments[*at].name;
                out.line(&format!(
                    "    # {rule},  # {}: {}; but `{name}` in {environment} does not look so",
                    proposal.what,
                    join(&counts)
                ));
            }
        }
    }
    out.line("]\n");
}

fn environment(draft: &Draft<'_>, number: usize, out: &mut Document) {
    let environment = &draft.environments[number];
    let name = environment.name.as_str();
    let Some(lines) = source(&environment.source) else {
        let place = path_of(&environment.source).as_os_str().as_bytes();
        out.refuse(&format!("the place of {name}"), place);
        out.say("Reach it under another name, for instance through a link, and write that here.");
        out.line(&format!("# [env.{}]\n", key(name)));
        return;
    };
    out.environments += 1;
    if let Some(why) = draft.unread.get(number).and_then(Option::as_ref) {
        out.say(&format!("It could not be read, so nothing is proposed for it: {}", escape::text(why.as_bytes())));
    }
    out.line(&format!("[env.{}]", key(name)));
    for line in &lines {
        out.line(line);
    }
    if let Some(role) = role(environment) {
        out.line(&format!("# role = {}", toml(role)));
    }
    maps(draft, number, out);
    out.text.push('\n');
}

fn maps(draft: &Draft<'_>, number: usize, out: &mut Document) {
    let name = draft.environments[number].name.as_str();
    let mut taken: Vec<MapPair> = Vec::new();
    for proposal in draft.maps.iter().filter(|proposal| proposal.environment == number) {
        let (here, common) = (proposal.here.as_bytes(), proposal.common.as_bytes());
        let others: Vec<&str> = proposal.others.iter().map(|&at| draft.environments[at].name.as_str()).collect();
        let quiet = match proposal.quiet {
            0 => String::new(),
            number => format!(", {} more but for line ends", count(number as u64)),
        };
        let evidence = format!(
            "`{}` here looks like `{}` in {}: {} of {} are equal{quiet}.",
            escape::name(here),
            escape::name(common),
            join(&others),
            count(proposal.equal as u64),
            counted(proposal.files() as u64, "file", "files"),
        );
        let mut pairs = taken.clone();
        pairs.push(MapPair { common: proposal.common.clone(), here: proposal.here.clone() });
        let written = toml_name(common, "").zip(toml_name(here, ""));
        let Some((common_text, here_text)) = written else {
            out.say(&evidence);
            out.refuse(&format!("a map of {name}"), if std::str::from_utf8(here).is_ok() { common } else { here });
            continue;
        };
        if PathMap::new(pairs.clone()).is_err() {
            out.say(&format!("{evidence} It does not go together with the names above."));
            out.line(&format!("# {common_text} = {here_text}"));
            continue;
        }
        if taken.is_empty() {
            out.line(&format!("\n[env.{}.map]  # common name = name here", key(name)));
        }
        taken = pairs;
        out.say(&evidence);
        out.line(&format!("{common_text} = {here_text}"));
        out.maps.push((number, proposal.common.clone(), proposal.here.clone()));
    }
}

impl Document {
    fn line(&mut self, line: &str) {
        self.text.push_str(line);
        self.text.push('\n');
    }

    /// A comment. Foreign names in it are escaped already.
    fn say(&mut self, words: &str) {
        for line in wrap(words, COLUMNS) {
            self.line(&format!("# {line}"));
        }
    }

    fn refuse(&mut self, what: &str, name: &[u8]) {
        let words = format!("{what} is not UTF-8, and a configuration cannot hold it: `{}`", escape::name(name));
        self.say(&words);
        self.warnings.push(words);
    }
}

/// The keys of a place; `None` when its name cannot be written.
fn source(source: &SourceSpec) -> Option<Vec<String>> {
    let limits = |rate: &Option<NonZeroU64>, depth: &Option<NonZeroU32>| {
        let rate = rate.map(|rate| format!("rate = \"{rate}\""));
        rate.into_iter().chain(depth.map(|depth| format!("depth = {depth}"))).collect::<Vec<_>>()
    };
    Some(match source {
        SourceSpec::Folder { path } => vec![format!("path = {}", toml_path(path)?)],
        SourceSpec::Git { repository, reference } => {
            vec![format!("git = {}", toml_path(repository)?), format!("ref = {}", toml(reference))]
        }
        SourceSpec::Archive { path, strip } => {
            let mut lines = vec![format!("archive = {}", toml_path(path)?)];
            if *strip > 0 {
                lines.push(format!("strip = {strip}  # everything in it lies in one folder"));
            }
            lines
        }
        SourceSpec::Snapshot { path } => vec![format!("snapshot = {}", toml_path(path)?)],
        SourceSpec::Ssh { place, path, rate, depth } => {
            let host = match place.port {
                None => place.destination(),
                Some(port) => {
                    let user = place.user.as_ref().map(|user| format!("{user}@")).unwrap_or_default();
                    let brackets = place.host.contains(':');
                    let host = if brackets { format!("[{}]", place.host) } else { place.host.clone() };
                    format!("ssh://{user}{host}:{port}")
                }
            };
            let mut lines = vec![format!("ssh = {}", toml(&host)), format!("path = {}", toml_path(path)?)];
            lines.extend(limits(rate, depth));
            lines
        }
        SourceSpec::Exec { command, path, rate, depth } => {
            let words: Vec<String> = command.iter().map(|word| toml(word)).collect();
            let mut lines = vec![format!("exec = [{}]", words.join(", ")), format!("path = {}", toml_path(path)?)];
            lines.extend(limits(rate, depth));
            lines
        }
    })
}

fn path_of(source: &SourceSpec) -> &Path {
    match source {
        SourceSpec::Folder { path }
        | SourceSpec::Archive { path, .. }
        | SourceSpec::Snapshot { path }
        | SourceSpec::Ssh { path, .. }
        | SourceSpec::Exec { path, .. }
        | SourceSpec::Git { repository: path, .. } => path,
    }
}

/// What an environment is for, as its name lets guess.
fn role(environment: &Environment) -> Option<&'static str> {
    let roles: BTreeMap<&str, &[&str]> = BTreeMap::from([
        ("production", &["prod", "production", "live", "www"][..]),
        ("staging", &["staging", "stage", "preprod", "uat"]),
        ("debug", &["debug", "dev", "development"]),
        ("test", &["test", "testing", "qa"]),
    ]);
    let name = environment.name.as_str().to_ascii_lowercase();
    let mut words = name.split(['-', '_', '.']);
    words.find_map(|word| roles.iter().find(|(_, names)| names.contains(&word)).map(|(role, _)| *role))
}

/// A name of an environment as a part of a header: a dot in it is no end of it.
fn key(name: &str) -> String {
    if name.contains('.') { toml(name) } else { name.to_owned() }
}

/// A path as it stands in a configuration; `~` is no home folder in it.
fn toml_path(path: &Path) -> Option<String> {
    let text = path.to_str()?;
    Some(if text.starts_with('~') { toml(&format!("./{text}")) } else { toml(text) })
}

/// A name from an environment, with something behind it.
fn toml_name(name: &[u8], behind: &str) -> Option<String> {
    let text = OsStr::from_bytes(name).to_str()?;
    Some(toml(&format!("{text}{behind}")))
}

fn toml(text: &str) -> String {
    escape::toml(text)
}

#[cfg(test)]
mod tests;
