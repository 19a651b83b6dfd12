//! Which files hold secrets, told by their names alone.
//!
//! Of such a file on another machine only the digest is read: its content never travels. In doubt a file is one: what is refused here can
//! still be looked at there.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt as _;
use std::path::Path;

use ignore::gitignore::{Gitignore, GitignoreBuilder};

use crate::path::TreePath;
use crate::snapshot::is_sensitive;

/// Knows files that hold secrets, by their common paths.
#[derive(Debug)]
pub(super) struct Sensitive {
    rules: Gitignore,
}

impl Sensitive {
    /// Takes gitignore rules for files that are sensitive beside those known by name; each was checked by [`crate::config`].
    pub(super) fn new(rules: &[String]) -> Self {
        let mut builder = GitignoreBuilder::new("");
        for rule in rules {
            // A rule that does not parse was refused by the configuration.
            let _ = builder.add_line(None, rule);
        }
        Self { rules: builder.build().unwrap_or_else(|_| Gitignore::empty()) }
    }

    /// Whether a file holds secrets: by its name, in upper or lower case, or by a rule.
    pub(super) fn has(&self, path: &TreePath) -> bool {
        let here = Path::new(OsStr::from_bytes(path.as_bytes()));
        is_sensitive(path) || self.rules.matched_path_or_any_parents(here, false).is_ignore()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_are_known_by_their_names() {
        let sensitive = Sensitive::new(&["*.secret".to_owned(), "/vault/".to_owned()]);
        let is = |path: &str| sensitive.has(&TreePath::new(path.as_bytes()).unwrap());
        for path in
            [".env", "app/.env.production", ".envrc", "prod.env", "tls/SERVER.PEM", "a.key", "a.key.bak", "a.pem~"]
        {
            assert!(is(path), "{path}");
        }
        for path in
            [".ssh/id_ed25519", ".ssh/id_rsa.pub", "credentials.json", "wp-config.php.bak", "store.p12", ".netrc"]
        {
            assert!(is(path), "{path}");
        }
        for path in ["x.secret", "vault/deep/x"] {
            assert!(is(path), "by a rule: {path}");
        }
        for path in ["app.py", "env.py", "keys.txt", "pem/readme", "identity.rs", "my_credentials.md"] {
            assert!(!is(path), "{path}");
        }
    }
}
