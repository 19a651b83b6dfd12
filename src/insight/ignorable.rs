//! What is usually left out of a comparison, where it is really there: packages that a tool installed, what is compiled or built, logs.
//!
//! A proposal counts what it would leave out, and a person decides. What people leave behind (`X.orig`, `X.bak`) is never proposed: to find
//! that is what the program is for.

use std::collections::BTreeMap;

use crate::path::TreePath;
use crate::snapshot::{Content, Snapshot};

/// A rule that would leave something out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IgnoreProposal {
    /// As in a `.gitignore`.
    pub rule: &'static str,
    /// What it leaves out, in words.
    pub what: &'static str,
    /// For each environment, how many files (and links) it leaves out beyond the proposals before it.
    pub files: Vec<usize>,
    /// A folder of this name that does not look like the others, with its environment: the rule would leave out what was written by hand.
    pub doubt: Option<(usize, TreePath)>,
}

/// Proposes rules for what is there, in the order of a fixed list; what the one before leaves out does not count for the next. A folder whose
/// name alone says little (`vendor`, `dist`, `logs`) counts when something in it or beside it says where it comes from.
pub fn ignore_proposals(snapshots: &[Snapshot]) -> Vec<IgnoreProposal> {
    let mut left: Vec<Vec<bool>> = snapshots.iter().map(|snapshot| vec![true; snapshot.entries.len()]).collect();
    USUAL.iter().filter_map(|usual| propose(usual, snapshots, &mut left)).collect()
}

/// By what a rule matches.
enum Names {
    /// Folders of this name, with everything below them.
    Folder(&'static str),
    /// Files of this name.
    File(&'static str),
    /// Files whose names end so.
    Ending(&'static str),
}

/// What has to be seen before a folder of a name is believed to be what it is called.
enum Sign {
    /// The name says it.
    Name,
    /// One of these is in it.
    Inside(&'static [&'static str]),
    /// One of these is beside it.
    Beside(&'static [&'static str]),
    /// At least half of the files directly in it are logs.
    Logs,
}

struct Usual {
    rule: &'static str,
    what: &'static str,
    names: Names,
    sign: Sign,
}

const fn folder(rule: &'static str, name: &'static str, what: &'static str, sign: Sign) -> Usual {
    Usual { rule, what, names: Names::Folder(name), sign }
}

const fn files(rule: &'static str, names: Names, what: &'static str) -> Usual {
    Usual { rule, what, names, sign: Sign::Name }
}

const NPM: &[&str] = &["package.json"];
const PYTHON: &[&str] = &["setup.py", "pyproject.toml", "setup.cfg"];
const BUILT: &[&str] =
    &["package.json", "setup.py", "pyproject.toml", "setup.cfg", "webpack.config.js", "gulpfile.js", "Makefile"];
const VENDORED: &[&str] = &["autoload.php", "composer", "modules.txt", "bundle"];

const USUAL: &[Usual] = &[
    folder("node_modules/", "node_modules", "packages that npm installed", Sign::Name),
    folder("bower_components/", "bower_components", "packages that bower installed", Sign::Name),
    folder(".venv/", ".venv", "packages that Python installed", Sign::Name),
    folder("venv/", "venv", "packages that Python installed", Sign::Inside(&["pyvenv.cfg"])),
    folder("env/", "env", "packages that Python installed", Sign::Inside(&["pyvenv.cfg"])),
    folder("vendor/", "vendor", "packages that composer, Go or bundler installed", Sign::Inside(VENDORED)),
    folder("__pycache__/", "__pycache__", "compiled by Python", Sign::Name),
    files("*.pyc", Names::Ending(".pyc"), "compiled by Python"),
    folder(".pytest_cache/", ".pytest_cache", "kept by a test run", Sign::Name),
    folder(".mypy_cache/", ".mypy_cache", "kept by a check", Sign::Name),
    folder(".ruff_cache/", ".ruff_cache", "kept by a check", Sign::Name),
    folder(".tox/", ".tox", "kept by a test run", Sign::Beside(PYTHON)),
    folder(".next/", ".next", "made by a build", Sign::Beside(NPM)),
    folder(".nuxt/", ".nuxt", "made by a build", Sign::Beside(NPM)),
    folder("dist/", "dist", "made by a build", Sign::Beside(BUILT)),
    folder("build/", "build", "made by a build", Sign::Beside(BUILT)),
    folder("target/", "target", "made by a build", Sign::Beside(&["Cargo.toml", "pom.xml"])),
    folder("logs/", "logs", "written while it runs", Sign::Logs),
    folder("log/", "log", "written while it runs", Sign::Logs),
    files("*.log", Names::Ending(".log"), "written while it runs"),
    files("*.pid", Names::Ending(".pid"), "written while it runs"),
    files("*.swp", Names::Ending(".swp"), "kept by an editor"),
    files(".DS_Store", Names::File(".DS_Store"), "kept by macOS"),
    files("Thumbs.db", Names::File("Thumbs.db"), "kept by Windows"),
];

/// `left` says which entries no proposal before this one leaves out.
fn propose(usual: &Usual, snapshots: &[Snapshot], left: &mut [Vec<bool>]) -> Option<IgnoreProposal> {
    let mut proposal =
        IgnoreProposal { rule: usual.rule, what: usual.what, files: vec![0; snapshots.len()], doubt: None };
    let mut matched = vec![Vec::new(); snapshots.len()];
    let mut is_shown = false;
    for (environment, snapshot) in snapshots.iter().enumerate() {
        let mut folders: BTreeMap<&[u8], bool> = BTreeMap::new();
        for (at, entry) in snapshot.entries.iter().enumerate().filter(|(at, _)| left[environment][*at]) {
            let is_folder = matches!(entry.content, Content::Directory | Content::Unreadable { folder: true, .. });
            let top = match usual.names {
                Names::Folder(name) => top_folder(&entry.path, name, is_folder),
                Names::File(name) => (!is_folder && entry.path.file_name() == name.as_bytes()).then_some(&b""[..]),
                Names::Ending(end) => {
                    let name = entry.path.file_name();
                    (!is_folder && name.len() > end.len() && name.ends_with(end.as_bytes())).then_some(&b""[..])
                }
            };
            let Some(top) = top else { continue };
            matched[environment].push(at);
            proposal.files[environment] += usize::from(!is_folder);
            if !top.is_empty() && is_folder && entry.path.as_bytes() == top {
                folders.insert(top, is_what_it_is_called(&usual.sign, snapshot, &entry.path));
            }
        }
        is_shown |= folders.values().any(|shown| *shown) || matches!(usual.names, Names::File(_) | Names::Ending(_));
        let doubt = folders.into_iter().find(|(_, shown)| !shown).and_then(|(path, _)| TreePath::new(path).ok());
        proposal.doubt = proposal.doubt.or(doubt.map(|path| (environment, path)));
    }
    if !is_shown || proposal.files.iter().all(|files| *files == 0) {
        return None;
    }
    if proposal.doubt.is_none() {
        for (left, matched) in left.iter_mut().zip(&matched) {
            for &at in matched {
                left[at] = false;
            }
        }
    }
    Some(proposal)
}

/// The outermost folder of a name that an entry is, or lies in.
fn top_folder<'p>(path: &'p TreePath, name: &str, is_folder: bool) -> Option<&'p [u8]> {
    let bytes = path.as_bytes();
    let mut start = 0;
    for part in path.parts() {
        let end = start + part.len();
        if part == name.as_bytes() && (end < bytes.len() || is_folder) {
            return Some(&bytes[..end]);
        }
        start = end + 1;
    }
    None
}

fn is_what_it_is_called(sign: &Sign, snapshot: &Snapshot, folder: &TreePath) -> bool {
    let has = |path: Result<TreePath, _>| path.is_ok_and(|path| snapshot.find(&path).is_some());
    match sign {
        Sign::Name => true,
        Sign::Inside(names) => names.iter().any(|name| has(folder.join(name.as_bytes()))),
        Sign::Beside(names) => names.iter().any(|name| {
            has(match folder.parent() {
                Some(parent) => parent.join(name.as_bytes()),
                None => TreePath::new(name.as_bytes()),
            })
        }),
        Sign::Logs => {
            let from = snapshot.find(folder).map_or(snapshot.entries.len(), |at| at + 1);
            let below = snapshot.entries[from..].iter().take_while(|entry| entry.path.is_within(folder));
            let direct = below.filter(|entry| entry.path.parent().as_ref() == Some(folder));
            let names: Vec<&[u8]> = direct
                .filter(|entry| !matches!(entry.content, Content::Directory))
                .map(|entry| entry.path.file_name())
                .collect();
            let logs = names.iter().filter(|name| is_log(name)).count();
            logs > 0 && logs * 2 >= names.len()
        }
    }
}

/// `app.log`, `app.log.1`, `app.log-20250101.gz`, `error_log`.
fn is_log(name: &[u8]) -> bool {
    name.windows(4).any(|part| part.eq_ignore_ascii_case(b".log")) || name.ends_with(b"_log")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::compare::testing::Tree;

    fn proposed(snapshots: &[Snapshot]) -> Vec<String> {
        let words = |proposal: IgnoreProposal| {
            let doubt = proposal.doubt.map(|(at, path)| format!(" but {at} {path:?}")).unwrap_or_default();
            format!("{} {:?}{doubt}", proposal.rule, proposal.files)
        };
        ignore_proposals(snapshots).into_iter().map(words).collect()
    }

    #[test]
    fn only_what_is_there_is_proposed_and_each_file_counts_once() {
        let a = Tree::new("a")
            .file("app/main.py", "")
            .file("app/__pycache__/main.pyc", "")
            .file("app/old.pyc", "")
            .file("web/node_modules/x/index.js", "")
            .file("web/node_modules/x/node_modules/y/index.js", "")
            .file("app/X.orig", "")
            .done();
        let b = Tree::new("b").file("app/main.py", "").file("app/debug.log", "").file("node_modules", "a file").done();
        assert_eq!(proposed(&[a, b]), ["node_modules/ [2, 0]", "__pycache__/ [1, 0]", "*.pyc [1, 0]", "*.log [0, 1]"]);
        assert_eq!(proposed(&[Tree::new("a").file("app/main.py", "").done()]), [""; 0]);
    }

    #[test]
    fn a_name_that_says_little_needs_a_sign() {
        let tree = |files: &[&str]| files.iter().fold(Tree::new("a"), |tree, file| tree.file(file, "")).done();
        for (files, expected) in [
            (&["vendor/jquery.js"][..], &[][..]),
            (&["vendor/autoload.php", "vendor/acme/x.php"], &["vendor/ [2]"]),
            (&["dist/app.js"], &[]),
            (&["dist/app.js", "package.json"], &["dist/ [1]"]),
            (&["web/dist/app.js", "package.json"], &[]),
            (&["logs/index.php"], &[]),
            (&["logs/app.log", "logs/app.log.1", "logs/.gitkeep"], &["logs/ [3]"]),
            (&["venv/pyvenv.cfg"], &["venv/ [1]"]),
            (&["env/prod.ini"], &[]),
        ] {
            assert_eq!(proposed(&[tree(files)]), expected, "{files:?}");
        }
    }

    #[test]
    fn a_folder_that_was_written_by_hand_is_a_doubt_and_keeps_its_files() {
        let a = Tree::new("a").file("php/vendor/autoload.php", "").done();
        let b = Tree::new("b").file("web/vendor/own.js", "").file("web/vendor/own.log", "").done();
        assert_eq!(proposed(&[a, b]), ["vendor/ [1, 2] but 1 `web/vendor`", "*.log [0, 1]"]);
    }
}
