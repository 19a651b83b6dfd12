//! Which paths a person means by what they typed.

use std::collections::BTreeMap;

use crate::path::{TreePath, TreePathError};

/// A path that could be meant.
#[derive(Debug, Clone, Copy)]
pub struct Candidate<'a> {
    /// Its common path.
    pub path: &'a TreePath,
    /// It is a folder in some environment.
    pub is_folder: bool,
    /// It is the same everywhere.
    pub in_sync: bool,
}

/// What is meant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Selection {
    /// One path.
    One(TreePath),
    /// A folder: everything below it that is not in sync and no folder, in path order. Empty when all is in sync.
    Folder {
        /// The folder.
        folder: TreePath,
        /// What is below it.
        paths: Vec<TreePath>,
    },
    /// Several paths could be meant; in path order, at least two.
    Ambiguous(Vec<TreePath>),
    /// Nothing is called so; some names that are alike, the most alike first.
    Nothing {
        /// Paths of such names.
        nearest: Vec<TreePath>,
    },
}

/// Why typed text cannot mean a path of the environments.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{typed}` is not a path inside the environments")]
pub struct SelectError {
    /// What was typed, escaped.
    pub typed: String,
    /// Why not.
    pub source: TreePathError,
}

/// Finds what a person means. The first of these that fits:
///
/// 1. a common path, or a path as it is called in some environment (`translate` gives the common paths it may stand for);
/// 2. a file name, then the part of a file name before its last dot, then before its first dot; each exactly, then all of them
///    without regard to the case of ASCII letters. Several parts (`services/MemberService`) must be the last ones of a path.
///
/// So `MemberService` means `MemberService.py` and not `MemberService.py.original` beside it.
///
/// # Errors
/// When the text cannot be a path inside a tree: empty, absolute, or with `..` in it.
///
/// # Cost
/// One pass over the candidates; a second one over their names when nothing fits.
pub fn select<'a>(
    typed: &[u8],
    candidates: impl Iterator<Item = Candidate<'a>> + Clone,
    translate: &dyn Fn(&TreePath) -> Vec<TreePath>,
) -> Result<Selection, SelectError> {
    let meant = TreePath::from_typed(typed)
        .map_err(|source| SelectError { typed: typed.escape_ascii().to_string(), source })?;
    let exact: Vec<TreePath> = std::iter::once(meant.clone()).chain(translate(&meant)).collect();
    for path in &exact {
        let is_folder = candidates
            .clone()
            .any(|candidate| candidate.path.is_within(path) && (candidate.path != path || candidate.is_folder));
        if is_folder {
            let below = candidates.clone().filter(|candidate| candidate.path.is_within(path));
            let mut paths: Vec<TreePath> = below
                .filter(|candidate| !candidate.in_sync && !candidate.is_folder)
                .map(|candidate| candidate.path.clone())
                .collect();
            paths.sort();
            return Ok(Selection::Folder { folder: path.clone(), paths });
        }
        if candidates.clone().any(|candidate| candidate.path == path) {
            return Ok(Selection::One(path.clone()));
        }
    }

    let mut best: Option<Likeness> = None;
    let mut paths = Vec::new();
    for candidate in candidates.clone().filter(|candidate| !candidate.is_folder) {
        let Some(likeness) = likeness(&meant, candidate.path) else { continue };
        if best.is_none_or(|best| likeness < best) {
            best = Some(likeness);
            paths.clear();
        }
        if best == Some(likeness) {
            paths.push(candidate.path.clone());
        }
    }
    paths.sort();
    Ok(match paths.len() {
        0 => Selection::Nothing { nearest: nearest(&meant, candidates) },
        1 => Selection::One(paths.swap_remove(0)),
        _ => Selection::Ambiguous(paths),
    })
}

/// How well a path fits, the best first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Likeness {
    Name,
    Stem,
    ShortStem,
    NameInOtherCase,
    StemInOtherCase,
    ShortStemInOtherCase,
}

fn likeness(meant: &TreePath, path: &TreePath) -> Option<Likeness> {
    let parents = meant.parent();
    if let Some(parents) = &parents {
        let above = path.parent()?;
        let ends_so = above.as_bytes().strip_suffix(parents.as_bytes())?;
        if !ends_so.is_empty() && !ends_so.ends_with(b"/") {
            return None;
        }
    }
    let (wanted, name) = (meant.file_name(), path.file_name());
    // A leading dot begins a hidden name, not an ending.
    let dot = |at: Option<usize>| at.map_or(name, |at| &name[..=at]);
    let stem = dot(name.iter().skip(1).rposition(|&byte| byte == b'.'));
    let short_stem = dot(name.iter().skip(1).position(|&byte| byte == b'.'));
    let same = |a: &[u8]| a == wanted;
    let alike = |a: &[u8]| a.eq_ignore_ascii_case(wanted);
    Some(match () {
        () if same(name) => Likeness::Name,
        () if same(stem) => Likeness::Stem,
        () if same(short_stem) => Likeness::ShortStem,
        () if alike(name) => Likeness::NameInOtherCase,
        () if alike(stem) => Likeness::StemInOtherCase,
        () if alike(short_stem) => Likeness::ShortStemInOtherCase,
        () => return None,
    })
}

/// The paths (at most five) whose names are most like what was typed, at most three names.
fn nearest<'a>(meant: &TreePath, candidates: impl Iterator<Item = Candidate<'a>>) -> Vec<TreePath> {
    let lowered = |name: &[u8]| String::from_utf8_lossy(name).to_lowercase();
    let mut by_name: BTreeMap<String, Vec<&TreePath>> = BTreeMap::new();
    for candidate in candidates {
        let name = candidate.path.file_name();
        by_name.entry(lowered(name)).or_default().push(candidate.path);
        if let Some(at) = name.iter().skip(1).rposition(|&byte| byte == b'.') {
            by_name.entry(lowered(&name[..=at])).or_default().push(candidate.path);
        }
    }
    let names: Vec<&str> = by_name.keys().map(String::as_str).collect();
    let mut paths: Vec<TreePath> = Vec::new();
    for name in similar::get_close_matches(lowered(meant.file_name()).as_str(), &names, 3, 0.6) {
        for path in by_name.get(name).into_iter().flatten() {
            if !paths.contains(path) {
                paths.push((*path).clone());
            }
        }
    }
    paths.truncate(5);
    paths
}

#[cfg(test)]
mod tests {
    use super::*;

    const TREE: [&str; 12] = [
        "README.md",
        "backend",
        "backend/app",
        "backend/app/HomeService.py",
        "backend/app/MemberService.py",
        "backend/app/MemberService.py.original",
        "backend/app/membership.py",
        "docs/README.md",
        "web/.env",
        "web/index.test.js",
        "web/leftover.py.backup",
        "web/main.css",
    ];

    fn path(text: &str) -> TreePath {
        TreePath::new(text.as_bytes()).unwrap()
    }

    fn find(typed: &str) -> Selection {
        let tree: Vec<TreePath> = TREE.iter().map(|text| path(text)).collect();
        let candidates = tree.iter().map(|path| Candidate {
            path,
            is_folder: matches!(path.as_bytes(), b"backend" | b"backend/app"),
            in_sync: path.file_name() == b"HomeService.py",
        });
        let map = (path("oncall_backend"), path("backend"));
        let translate = |typed: &TreePath| typed.rebase(&map.0, &map.1).into_iter().collect();
        select(typed.as_bytes(), candidates, &translate).unwrap()
    }

    fn one(text: &str) -> Selection {
        Selection::One(path(text))
    }

    #[test]
    fn names_are_found() {
        for (typed, found) in [
            ("backend/app/MemberService.py", "backend/app/MemberService.py"),
            ("./backend//app/MemberService.py", "backend/app/MemberService.py"),
            ("oncall_backend/app/MemberService.py", "backend/app/MemberService.py"),
            ("MemberService", "backend/app/MemberService.py"),
            ("memberservice", "backend/app/MemberService.py"),
            ("MemberService.py", "backend/app/MemberService.py"),
            ("app/MemberService", "backend/app/MemberService.py"),
            ("MemberService.py.original", "backend/app/MemberService.py.original"),
            ("leftover", "web/leftover.py.backup"),
            ("index", "web/index.test.js"),
            (".env", "web/.env"),
            // The path comes before other files of that name.
            ("README.md", "README.md"),
        ] {
            assert_eq!(find(typed), one(found), "{typed}");
        }
    }

    #[test]
    fn a_folder_is_what_differs_below_it() {
        let names = ["MemberService.py", "MemberService.py.original", "membership.py"];
        let paths: Vec<TreePath> = names.map(|name| path("backend/app").join(name.as_bytes()).unwrap()).into();
        let folder = path("backend/app");
        assert_eq!(find("backend/app/"), Selection::Folder { folder: folder.clone(), paths: paths.clone() });
        assert_eq!(find("oncall_backend/app"), Selection::Folder { folder, paths });
    }

    #[test]
    fn unclear_names_are_asked_back() {
        assert_eq!(find("README"), Selection::Ambiguous(vec![path("README.md"), path("docs/README.md")]));
        assert_eq!(find("docs/README"), one("docs/README.md"));
        assert_eq!(find("cs/README"), Selection::Nothing { nearest: vec![path("README.md"), path("docs/README.md")] });
        assert_eq!(
            find("MemberServise"),
            Selection::Nothing {
                nearest: vec![
                    path("backend/app/MemberService.py"),
                    path("backend/app/MemberService.py.original"),
                    path("backend/app/membership.py"),
                ]
            }
        );
    }

    #[test]
    fn a_path_outside_is_an_error() {
        for (typed, error) in
            [("/etc/passwd", TreePathError::Absolute), ("../x", TreePathError::Parent), ("", TreePathError::Empty)]
        {
            let found = select(typed.as_bytes(), std::iter::empty(), &|_| Vec::new());
            assert_eq!(found, Err(SelectError { typed: typed.to_owned(), source: error }));
        }
    }
}
