//! Files that change with everything and say nothing about any one thing.

use super::FileChange;
use crate::path::TreePath;

/// Names of files that list what is locked: made by a program from another file.
const LOCKS: [&[u8]; 12] = [
    b"cargo.lock",
    b"composer.lock",
    b"gemfile.lock",
    b"go.sum",
    b"mix.lock",
    b"npm-shrinkwrap.json",
    b"package-lock.json",
    b"pdm.lock",
    b"pipfile.lock",
    b"pnpm-lock.yaml",
    b"poetry.lock",
    b"yarn.lock",
];

/// Names of files that tell what changed, without their ends.
const LOGS: [&[u8]; 7] =
    [b"changelog", b"changes", b"history", b"news", b"release-notes", b"release_notes", b"releases"];

/// Names of folders that hold a file for each change.
const FRAGMENTS: [&[u8]; 6] =
    [b"changes", b"changelog", b"changelogs", b"newsfragments", b"releasenotes", b"changelog.d"];

/// Where package managers note what they put into a folder: from the folder on.
const INSTALLED: [&[u8]; 3] =
    [b"vendor/modules.txt", b"vendor/composer/installed.json", b"node_modules/.package-lock.json"];

/// Names of folders that hold what tests or explains.
const SUPPORT: [&[u8]; 17] = [
    b"doc",
    b"docs",
    b"documentation",
    b"dummyserver",
    b"example",
    b"examples",
    b"fixtures",
    b"man",
    b"result",
    b"spec",
    b"specs",
    b"test",
    b"testdata",
    b"testing",
    b"tests",
    b"__tests__",
    b"testsuite",
];

/// Whether a file tests or explains what other files do. A unit whose other files are in a target is there, with or without these.
pub fn is_supporting(path: &TreePath) -> bool {
    let name = path.file_name().to_ascii_lowercase();
    let (stem, end) = name.split_at(name.iter().rposition(|&byte| byte == b'.').unwrap_or(name.len()));
    is_in(path, &SUPPORT)
        || [&b"test_"[..], b"test-"].into_iter().any(|word| stem.starts_with(word))
        || [&b"_test"[..], b"-test", b".test", b".spec", b"_spec"].into_iter().any(|word| stem.ends_with(word))
        || matches!(end, b".md" | b".rst" | b".adoc")
}

/// Whether a file is a changelog, a part of one, or a lock file. A unit that changes nothing else is bookkeeping, and such files of other units are no
/// evidence.
pub fn is_bookkeeping(path: &TreePath) -> bool {
    let name = path.file_name().to_ascii_lowercase();
    let stem = name.split(|&byte| byte == b'.').next().unwrap_or_default();
    let end = &name[stem.len()..];
    let is_text = matches!(end, b"" | b".md" | b".txt" | b".rst" | b".adoc" | b".markdown" | b".in");
    let is_fragment = is_in(path, &FRAGMENTS)
        && (is_text
            || [&b".rst"[..], b".md", b".txt", b".yml", b".yaml", b"fix", b"feature", b"misc"]
                .iter()
                .any(|it| name.ends_with(it)));
    LOCKS.contains(&&name[..]) || is_fragment || LOGS.contains(&stem) && is_text
}

/// Which of the changes that were made together a package manager made: it put down what follows from the versions that are asked for. None
/// where nothing else is among them but changelogs and lock files.
pub fn installed(changes: &[FileChange]) -> Vec<bool> {
    let folders: Vec<&[u8]> = changes.iter().filter_map(|change| folder_of_list(change.path())).collect();
    let is_installed = |path: &TreePath| folders.iter().any(|folder| path.as_bytes().starts_with(folder));
    let installed: Vec<bool> = changes.iter().map(|change| is_installed(change.path())).collect();
    let is_other = |(change, installed): (&FileChange, &bool)| !installed && !is_bookkeeping(change.path());
    if changes.iter().zip(&installed).any(is_other) { installed } else { vec![false; changes.len()] }
}

/// The folder whose contents a file lists that a package manager writes there, with the slash at its end.
fn folder_of_list(path: &TreePath) -> Option<&[u8]> {
    let bytes = path.as_bytes();
    let list = INSTALLED
        .iter()
        .find(|list| bytes.strip_suffix(**list).is_some_and(|before| before.is_empty() || before.ends_with(b"/")))?;
    let folder = list.iter().position(|&byte| byte == b'/')? + 1;
    Some(&bytes[..bytes.len() - list.len() + folder])
}

fn is_in(path: &TreePath, folders: &[&[u8]]) -> bool {
    let named = |folder: &[u8]| folders.contains(&&folder.to_ascii_lowercase()[..]);
    path.parent().is_some_and(|parent| parent.parts().any(named))
}

#[cfg(test)]
mod tests {
    use super::super::{Side, Version};
    use super::*;
    use crate::snapshot::BlobKind;

    #[test]
    fn what_a_package_manager_puts_down_follows_from_what_was_asked_for() {
        let of = |paths: &[&str]| {
            let side = |path: &str| Side {
                path: TreePath::new(path.as_bytes()).unwrap(),
                kind: BlobKind::File,
                version: Version::Blob { environment: 0, id: [0; 20] },
            };
            let change = |path: &&str| FileChange { before: Some(side(path)), after: Some(side(path)) };
            installed(&paths.iter().map(change).collect::<Vec<_>>())
        };
        assert_eq!(of(&["go.mod", "vendor/a/b.go", "vendor/modules.txt"]), [false, true, true]);
        assert_eq!(of(&["api/go.mod", "api/vendor/modules.txt", "vendor/a/b.go"]), [false, true, false]);
        assert_eq!(of(&["go.mod", "vendor/a/b.go"]), [false, false], "somebody's own edit");
        assert_eq!(of(&["go.sum", "vendor/a/b.go", "vendor/modules.txt"]), [false; 3], "there is nothing else");
    }

    #[test]
    fn logs_and_locks_are_known_by_their_names() {
        let is = |path: &str| is_bookkeeping(&TreePath::new(path.as_bytes()).unwrap());
        assert!(
            ["CHANGELOG.md", "a/package-lock.json", "NEWS", "doc/Changes.rst", "CHANGES/77.bugfix", "Cargo.lock"]
                .into_iter()
                .all(is)
        );
        let supports = |path: &str| is_supporting(&TreePath::new(path.as_bytes()).unwrap());
        assert!(["tests/a.py", "src/test_a.py", "a.test.js", "doc/x.xml", "README.md"].into_iter().all(supports));
        assert!(!["src/contest.py", "latest/a.js", "testing.c"].into_iter().any(supports));
        assert!(!["changes.py", "package.json", "src/history.js", "news/item.rb", "changes/do.py"].into_iter().any(is));
    }
}
