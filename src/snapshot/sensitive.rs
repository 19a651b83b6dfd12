//! Files that usually hold secrets, by their names.

use crate::path::TreePath;

/// Whether a file usually holds secrets: `.env*`, `*.pem`, `*.key`, `*.p12`, `id_*`, `credentials*`, `wp-config.php`, and copies of these
/// (`server.key.orig`, `.env~`, `prod.env`). Letter case does not count.
pub fn is_sensitive(path: &TreePath) -> bool {
    let name = path.file_name().to_ascii_lowercase();
    let starts = [&b".env"[..], b"id_", b"credentials", b"wp-config.php"];
    let mut endings = name.split(|&b| b == b'.').skip(1).map(|part| part.strip_suffix(b"~").unwrap_or(part));
    starts.iter().any(|start| name.starts_with(start))
        || endings.any(|ending| matches!(ending, b"pem" | b"key" | b"p12" | b"env"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_secrets_and_of_their_copies() {
        let is = |name: &str| is_sensitive(&TreePath::new(name.as_bytes()).unwrap());
        for name in [
            "a/.env",
            ".env.local",
            "tls/server.key",
            "x.PEM",
            "id_rsa",
            "credentials.json",
            "c.p12",
            "wp-config.php.bak",
        ] {
            assert!(is(name), "{name}");
        }
        for name in ["server.key.orig", "a.pem~", "prod.env", ".envrc"] {
            assert!(is(name), "{name}");
        }
        for name in ["app.py", "keys.txt", "environment.py", "id_", ".env/readme", "turkey", "a.keys"] {
            assert_eq!(is(name), name == "id_", "{name}");
        }
    }
}
