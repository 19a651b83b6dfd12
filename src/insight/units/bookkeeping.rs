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
const LOGS: [&[u8]; 7] = [b"changelog", b"changes", b"history", b"news", b"release-notes", b"release_notes", b"releases"];

/// Whether a file is a changelog or a lock file. A unit that changes nothing else is bookkeeping, and such files of other units are no
/// evidence.
pub fn is_bookkeeping(path: &TreePath) -> bool {
    let name = path.file_name().to_ascii_lowercase();
    let stem = name.split(|&byte| byte == b'.').next().unwrap_or_default();
    let end = &name[stem.len()..];
    LOCKS.contains(&&name[..])
        || LOGS.contains(&stem) && matches!(end, b"" | b".md" | b".txt" | b".rst" | b".adoc" | b".markdown" | b".in")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn logs_and_locks_are_known_by_their_names() {
        let is = |path: &str| is_bookkeeping(&TreePath::new(path.as_bytes()).unwrap());
        assert!(["CHANGELOG.md", "a/package-lock.json", "NEWS", "doc/Changes.rst", "Cargo.lock"].into_iter().all(is));
        assert!(!["changes.py", "package.json", "src/history.js", "news/item.rb"].into_iter().any(is));
    }
}
