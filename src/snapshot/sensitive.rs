//! Files that usually hold secrets, by their names.

use crate::path::TreePath;

/// Parts behind a dot, anywhere in a name: `server.key.bak` is as sensitive as `server.key`.
const ENDINGS: &[&[u8]] = &[b"env", b"jks", b"key", b"keystore", b"p12", b"pem", b"pfx", b"ppk"];
/// Anywhere in a name.
const NAMES: &[&[u8]] = &[b".htpasswd", b".netrc", b".pgpass", b"wp-config.php"];
/// At the beginning of a name, perhaps behind marks of a hidden or left-over file.
const BEGINNINGS: &[&[u8]] = &[b"id_", b"credentials"];

/// Whether a file usually holds secrets: `.env*`, `*.pem`, `*.key`, `*.p12`, `id_*`, `credentials*`, `wp-config.php` and their like, and copies
/// of these (`server.key.orig`, `.env~`, `prod.env`). Letter case does not count.
///
/// The strict view, for what must not travel or be kept. What may be shown of a file here is judged more finely
/// where it is shown.
pub fn is_sensitive(path: &TreePath) -> bool {
    let name = path.file_name().to_ascii_lowercase();
    let marks = name.iter().take_while(|&byte| b"#._~".contains(byte)).count();
    let contains = |part: &&[u8]| name.windows(part.len()).any(|window| window == *part);
    let mut parts = name.split(|byte| b".~#".contains(byte)).skip(1);
    name.starts_with(b".env")
        || NAMES.iter().any(contains)
        || BEGINNINGS.iter().any(|start| name[marks..].starts_with(start))
        || parts.any(|part| ENDINGS.contains(&part))
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
        for name in ["server.key.orig", "a.pem~", "prod.env", ".envrc", ".netrc", "store.jks", "#id_rsa#"] {
            assert!(is(name), "{name}");
        }
        for name in ["app.py", "keys.txt", "environment.py", "id_", ".env/readme", "turkey", "a.keys"] {
            assert_eq!(is(name), name == "id_", "{name}");
        }
    }
}
