//! Which untracked paths the repository ignores.

use std::collections::BTreeMap;

use ignore::Match;
use ignore::gitignore::Gitignore;

use super::patterns;

/// The ignore rules of a checkout: its `.gitignore` files and `info/exclude`. The user's own ignore file does not count.
#[derive(Debug)]
pub(super) struct Excludes {
    /// By folder, relative to the top of the repository.
    files: BTreeMap<Vec<u8>, Gitignore>,
    info: Gitignore,
    ignore_case: bool,
}

impl Excludes {
    pub(super) fn new(info: &[u8], ignore_case: bool) -> Self {
        Self { files: BTreeMap::new(), info: patterns::ignore_rules(info, ignore_case), ignore_case }
    }

    /// Takes the ignore file of a folder.
    pub(super) fn add(&mut self, folder: &[u8], bytes: &[u8]) {
        self.files.insert(folder.to_vec(), patterns::ignore_rules(bytes, self.ignore_case));
    }

    /// Whether a path from the top of the repository is ignored by itself. The folders above it were asked about before.
    pub(super) fn ignores(&self, path: &[u8], is_folder: bool) -> bool {
        for folder in patterns::folders(path) {
            if let Some(rules) = self.files.get(folder) {
                let relative = patterns::below(path, folder).unwrap_or(path);
                match rules.matched(patterns::as_path(relative), is_folder) {
                    Match::Ignore(_) => return true,
                    Match::Whitelist(_) => return false,
                    Match::None => {}
                }
            }
        }
        self.info.matched(patterns::as_path(path), is_folder).is_ignore()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_file_decides() {
        let mut excludes = Excludes::new(b"*.swp\n*.keep\n", false);
        excludes.add(b"", b"*.log\r\n/build/\n#x\n\\#y\n");
        excludes.add(b"sub", b"!*.log\nlocal\n!a.keep\n");
        for (path, folder, ignored) in [
            ("a.log", false, true),
            ("x/a.log", false, true),
            ("sub/a.log", false, false),
            ("sub/local", false, true),
            ("local", false, false),
            ("build", true, true),
            ("build", false, false),
            ("x/build", true, false),
            ("x/y.swp", false, true),
            ("sub/a.keep", false, false),
            ("#x", false, false),
            ("#y", false, true),
        ] {
            assert_eq!(excludes.ignores(path.as_bytes(), folder), ignored, "{path}");
        }
    }
}
