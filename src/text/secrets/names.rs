//! Names that speak of secrets: of files, and of variables, keys and options.

use super::content::Form;

/// What of a file may be shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Treatment {
    /// All but what looks like a secret.
    Content(Form),
    /// It is sensitive, and made of keys and values: no value.
    Values,
    /// It is sensitive: no line.
    Hidden,
}

/// Endings of program texts, in which a word without quotes is a name.
const CODE: &[&str] = &[
    "c", "cc", "cjs", "clj", "cpp", "cs", "dart", "erl", "ex", "exs", "go", "h", "hpp", "hs", "java", "js", "jsx",
    "kt", "kts", "lua", "m", "mjs", "php", "phtml", "pl", "pm", "ps1", "py", "pyi", "pyx", "rb", "rs", "scala",
    "svelte", "swift", "ts", "tsx", "vue",
];
/// Endings of texts for people.
const PROSE: &[&str] = &["adoc", "css", "htm", "html", "less", "md", "rst", "sass", "scss", "svg", "tex", "txt"];
/// Endings of files that are keys and values, a pair a line.
const VALUES: &[&str] = &["cfg", "conf", "env", "ini", "properties", "toml"];
/// Files of which no line is shown.
const HIDDEN_ENDINGS: &[&str] = &["jks", "key", "keystore", "p12", "pem", "pfx", "ppk"];
const HIDDEN_NAMES: &[&str] = &[".htpasswd", ".netrc", ".pgpass", "wp-config.php"];
/// Endings of files that show others how to write their own.
const TEMPLATES: &[&str] = &["dist", "example", "sample", "template", "tmpl", "tpl"];
/// What copies have at their end.
const COPIES: &[&str] = &["", "back", "backup", "bak", "copy", "old", "orig", "original", "save", "swp", "tmp"];

/// How a file of this name is treated; `is_named`: the configuration calls it sensitive. Capitals do not matter, and neither does what a
/// copy has at its end: `server.key.bak` is as sensitive as `server.key`.
///
/// The only place that says which names are sensitive: what is masked, what does not travel and what is not kept is the same.
pub(super) fn treatment(name: &[u8], is_named: bool) -> Treatment {
    let name = String::from_utf8_lossy(name).to_lowercase();
    let parts: Vec<&str> = name.split(['.', '~', '#']).collect();
    let ends_with = |known: &[&str]| parts.iter().skip(1).any(|part| known.contains(part));
    let is_template = is_template(&name, &parts);
    let is_environment = name.trim_start_matches(['#', '_', '~']).starts_with(".env") || ends_with(&["env"]);
    if is_environment && (is_named || !is_template) {
        return Treatment::Values;
    }
    let hidden = HIDDEN_NAMES.iter().any(|known| name.contains(known))
        // `en.key.ts` is a program, `server.key.orig` is a key.
        || (ends_with(HIDDEN_ENDINGS) && !ends_with(CODE))
        || name.contains("credentials") && name.trim_start_matches(['#', '.', '_', '~']).starts_with("credentials")
        // ssh calls keys so; `id_card.py` is none.
        || (name.trim_start_matches(['#', '.', '_', '~']).starts_with("id_") && !ends_with(CODE) && !ends_with(PROSE));
    if hidden && !is_template {
        return Treatment::Hidden;
    }
    if is_named {
        return if ends_with(VALUES) { Treatment::Values } else { Treatment::Hidden };
    }
    Treatment::Content(match () {
        () if ends_with(CODE) => Form::Code,
        () if ends_with(PROSE) || ["license", "readme", "changelog"].contains(&parts[0]) => Form::Prose,
        () => Form::Data,
    })
}

/// Whether a name ends as that of a template, or of its copy: `.env.example`, `.env-sample`, `server.key.dist~`. In front such a word says
/// nothing (`example.com.key`), but for `example.env`.
fn is_template(name: &str, parts: &[&str]) -> bool {
    let last = parts.iter().rev().find(|part| !COPIES.contains(part)).copied().unwrap_or_default();
    TEMPLATES.contains(&last.rsplit(['-', '_']).next().unwrap_or_default())
        || name.strip_suffix(".env").is_some_and(|stem| TEMPLATES.contains(&stem))
}

/// How much a name speaks of a secret.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Speaks {
    /// What it names is a secret.
    Clearly,
    /// What it names may be one: if it looks like it.
    Vaguely,
}

const SECRETS: &[&str] = &[
    "apikey",
    "auth",
    "authtoken",
    "bearer",
    "clientsecret",
    "cred",
    "credential",
    "creds",
    "dsn",
    "pass",
    "passphrase",
    "passwd",
    "password",
    "passwort",
    "pat",
    "pw",
    "pwd",
    "secret",
    "token",
];
const KEYS: &[&str] = &[
    "access",
    "account",
    "api",
    "app",
    "auth",
    "client",
    "deploy",
    "encryption",
    "hmac",
    "jwt",
    "license",
    "master",
    "private",
    "secret",
    "service",
    "session",
    "shared",
    "signing",
    "ssh",
    "storage",
    "stripe",
    "webhook",
];
/// Words at the end of a name that change nothing about what it names.
const TAIL: &[&str] = &[
    "1",
    "2",
    "3",
    "backup",
    "base64",
    "b64",
    "current",
    "default",
    "dev",
    "hash",
    "key",
    "live",
    "new",
    "old",
    "plain",
    "prod",
    "production",
    "raw",
    "staging",
    "string",
    "test",
    "text",
    "v1",
    "v2",
    "value",
];

/// What a name of a variable, key or option says. Words are told apart by signs and by capitals.
pub(super) fn speaks(name: &[u8]) -> Option<Speaks> {
    let words = words(name);
    let known = |word: &str| {
        let stem = word.trim_end_matches(|c: char| c.is_ascii_digit());
        SECRETS.contains(&word) || SECRETS.contains(&stem) || SECRETS.contains(&stem.trim_end_matches('s'))
    };
    let glued = |word: &str| {
        ["admin", "app", "db", "my", "root", "user"].iter().any(|begin| word.strip_prefix(begin).is_some_and(known))
    };
    let is_secret = |word: &str| known(word) || glued(word);
    // `mysecretkey` and `my_secret_key` are the same to people.
    let of_key = |word: &str| KEYS.iter().any(|known| word.ends_with(known));
    let mut head = &words[..];
    while let Some((last, before)) = head.split_last() {
        let previous = before.last().map_or("", String::as_str);
        if is_secret(last)
            || (last.starts_with("key") && of_key(previous))
            || last.strip_suffix("key").is_some_and(of_key)
            || (last == "string" && matches!(previous, "connection" | "conn"))
            || ["password", "passwd", "pwd", "secret"]
                .iter()
                .any(|secret| last.ends_with(secret) || last.ends_with(&format!("{secret}s")))
            || (last.ends_with("token") && last.len() > 5)
        {
            return Some(Speaks::Clearly);
        }
        if !TAIL.contains(&last.as_str()) {
            break;
        }
        head = before;
    }
    let may = |word: &String| {
        is_secret(word)
            || matches!(word.as_str(), "key" | "keys" | "salt" | "signature" | "pin" | "otp" | "cookie" | "webhook")
    };
    words.iter().any(may).then_some(Speaks::Vaguely)
}

fn words(name: &[u8]) -> Vec<String> {
    let mut words = vec![String::new()];
    for (at, &byte) in name.iter().enumerate() {
        let before = at.checked_sub(1).map(|at| name[at]);
        let begins = byte.is_ascii_uppercase()
            && before.is_some_and(|before| {
                before.is_ascii_lowercase()
                    || before.is_ascii_digit()
                    || (before.is_ascii_uppercase() && name.get(at + 1).is_some_and(u8::is_ascii_lowercase))
            });
        if begins || !byte.is_ascii_alphanumeric() {
            words.push(String::new());
        }
        if byte.is_ascii_alphanumeric() {
            words.last_mut().expect("there is a first word").push(char::from(byte.to_ascii_lowercase()));
        }
    }
    words.retain(|word| !word.is_empty());
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_are_known_by_name() {
        for name in [".env", ".env.local", ".ENV", ".env.bak", ".envrc", ".env.production.orig", ".env~", "prod.env"] {
            assert_eq!(treatment(name.as_bytes(), false), Treatment::Values, "{name}");
        }
        for name in [
            "server.pem",
            "server.KEY",
            "server.key.bak",
            "id_rsa",
            "id_ed25519.pub",
            "credentials",
            "credentials.json",
            "credentials.json.orig",
            "store.p12",
            "wp-config.php",
            "wp-config.php.save",
            ".netrc",
            "~id_rsa",
            "#id_rsa#",
            "a.pem~",
            "store.jks",
            "server.key.orig",
        ] {
            assert_eq!(treatment(name.as_bytes(), false), Treatment::Hidden, "{name}");
        }
        for (name, form) in [
            ("id_card.py", Form::Code),
            ("config.py.orig", Form::Code),
            ("monkey.rb", Form::Code),
            ("en.key.ts", Form::Code),
            ("README", Form::Prose),
            ("environment.yml", Form::Data),
            ("Dockerfile", Form::Data),
            ("key", Form::Data),
        ] {
            assert_eq!(treatment(name.as_bytes(), false), Treatment::Content(form), "{name}");
        }
        for (name, form) in [
            (".env.example", Form::Data),
            (".env-sample", Form::Data),
            ("app.env.dist", Form::Data),
            ("example.env", Form::Data),
            (".env.example~", Form::Data),
            ("server.key.template", Form::Data),
            ("wp-config.php.sample", Form::Code),
        ] {
            assert_eq!(treatment(name.as_bytes(), false), Treatment::Content(form), "a template: {name}");
        }
        for name in ["example.com.key", "sample-app.pem", "credentials_example.json"] {
            assert_eq!(treatment(name.as_bytes(), false), Treatment::Hidden, "no template: {name}");
        }
        assert_eq!(treatment(b".env.example", true), Treatment::Values);
        assert_eq!(treatment(b"app.ini", true), Treatment::Values);
        assert_eq!(treatment(b"notes.txt", true), Treatment::Hidden);
    }

    #[test]
    fn names_of_secrets_are_known() {
        for name in [
            "password",
            "DB_PASSWORD",
            "dbPassword",
            "passwd",
            "pwd",
            "api_key",
            "apiKey",
            "APIKEY",
            "X-Api-Key",
            "client_secret",
            "AWS_SECRET_ACCESS_KEY",
            "aws_secret_access_key",
            "private_key",
            "authToken",
            "_authToken",
            "token",
            "tokens",
            "auth",
            "SECRET_KEY",
            "SECRET_KEY_BASE64",
            "password2",
            "db_password_prod",
            "connectionString",
            "DSN",
            "dbpassword",
            "AccountKey",
            "mysecretkey",
            "dbpass",
            "myauth",
            "myprivate_key",
            "passphrase",
            "accesstoken",
            "secrets",
            "PGPASSWORD",
        ] {
            assert_eq!(speaks(name.as_bytes()), Some(Speaks::Clearly), "{name}");
        }
        for name in ["token_url", "password_field", "passwordLabel", "primary_key", "cache_key", "token_type"] {
            assert_eq!(speaks(name.as_bytes()), Some(Speaks::Vaguely), "{name}");
        }
        for name in ["user", "compass", "bypass_it", "author", "monkey", "path", "tokenize", "x"] {
            assert_eq!(speaks(name.as_bytes()), None, "{name}");
        }
    }
}
