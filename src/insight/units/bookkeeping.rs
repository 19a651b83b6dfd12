//! Files that change with everything and say nothing about any one thing.

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

fn is_in(path: &TreePath, folders: &[&[u8]]) -> bool {
    let named = |folder: &[u8]| folders.contains(&&folder.to_ascii_lowercase()[..]);
    path.parent().is_some_and(|parent| parent.parts().any(named))
}

#[cfg(test)]
mod tests {
    use super::*;

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
