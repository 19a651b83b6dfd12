use super::*;
use crate::text::Limits;

fn redactor() -> Redactor {
    Redactor::new([7; 32], &["*.secret".to_owned(), "private/".to_owned()])
}

/// What is shown of a file; marks as `•`.
fn shown(path: &str, text: &str) -> String {
    let document = Document::new(text.as_bytes().to_vec(), Limits::default()).unwrap();
    let redacted = redactor().document(&TreePath::new(path.as_bytes()).unwrap(), document);
    let mut lines = Vec::new();
    for line in 0..redacted.line_count() {
        let text = redacted.text(line).into_owned();
        let mut shown = Vec::new();
        let mut done = 0;
        for mask in redacted.masks(line) {
            shown.extend_from_slice(&text[done..mask.start]);
            shown.extend_from_slice("•".as_bytes());
            done = mask.end;
        }
        shown.extend_from_slice(&text[done..]);
        lines.push(String::from_utf8(shown).unwrap());
    }
    lines.join("\n")
}

#[test]
fn literals_of_programs_are_masked() {
    for (line, expected) in [
        (r#"password = "hunter2""#, r#"password = "•""#),
        ("PASSWORD = 'changeme'  # TODO", "PASSWORD = '•'  # TODO"),
        (r#"const apiKey: string = "abc";"#, r#"const apiKey: string = "•";"#),
        (r#"password: str = "x1""#, r#"password: str = "•""#),
        ("config['db']['password'] = 'x1';", "config['db']['password'] = '•';"),
        (r#"{"user": "bob", "password": "x1", "port": 1}"#, r#"{"user": "bob", "password": "•", "port": 1}"#),
        (r#"connect(user="bob", password="x1", host="h")"#, r#"connect(user="bob", password="•", host="h")"#),
        (r#"if password == "hunter2":"#, r#"if password == "•":"#),
        ("if (token !== 'abc') {", "if (token !== '•') {"),
        ("define('DB_PASSWORD', 'x1');", "define('DB_PASSWORD', '•');"),
        (r#"key = os.environ.get("DB_PASSWORD", "hunter2")"#, r#"key = os.environ.get("DB_PASSWORD", "•")"#),
        (r#"secret = "a" + 'b'"#, r#"secret = "•" + '•'"#),
        (r#"token = request.args.get("t") or "hunter2""#, r#"token = request.args.get("t") or "•""#),
        (r#"password = SecretStr("hunter2")"#, r#"password = SecretStr("•")"#),
        (r#"TOKENS = ["ab", 'cd']"#, r#"TOKENS = ["•", '•']"#),
        (r#"dsn = "host=h;Password=x1;user=u""#, r#"dsn = "•""#),
        (r#"url = "host=h;Password=x1;user=u""#, r#"url = "host=h;Password=•;user=u""#),
        (r#"body = "{\"password\": \"x1\"}""#, r#"body = "{\"password\": \"•\"}""#),
        (r#":password => "x1","#, r#":password => "•","#),
        (r#"password := "x1""#, r#"password := "•""#),
        ("# password: hunter2", "# password: •"),
        ("// old token = hunter2", "// old token = •"),
        ("password = 12345", "password = •"),
        (r#"cache_key = "9f86d081884c7d659a2feaa0c55ad015""#, r#"cache_key = "•""#),
        (r#"password = "pa\"ss" "#, r#"password = "•" "#),
        (r#"password = b"x1""#, r#"password = b"•""#),
        (r#"x = "postgres://bob:p@ss@db/x""#, r#"x = "postgres://bob:•@db/x""#),
        (r#"h = {"Authorization": "Bearer abc123def"}"#, r#"h = {"Authorization": "Bearer •"}"#),
        ("x = 'AKIAIOSFODNN7EXAMPLE'", "x = '•'"),
        ("x = 'ghp_0123456789abcdefghijABCDEFGHIJ012345'", "x = '•'"),
        ("x = 'xoxb-123456789-abcdef'", "x = '•'"),
        ("x = 'sk_live_12345678'", "x = '•'"),
        ("x = 'eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2ln'", "x = '•'"),
        ("password = \"\"\"one\ntwo\"\"\"", "password = \"\"\"•\n•\"\"\""),
        ("SECRET = (\n    \"one\"\n    'two'\n)\nx = 'y'", "SECRET = (\n    \"•\"\n    '•'\n)\nx = 'y'"),
        ("token = \\\n  'one'", "token = \\\n  '•'"),
    ] {
        assert_eq!(shown("app.py", line), expected);
    }
}

#[test]
fn programs_stay_readable() {
    for line in [
        r#"password=hash_password(data["password"])"#,
        r#"token = request.args.get("token")"#,
        r#"token = request.headers.get("Authorization", "").replace("Bearer ", "")"#,
        r#"password = os.environ["DB_PASSWORD"]"#,
        "password = os.getenv('DB_PASSWORD')",
        r#"password = getpass("Password: ")"#,
        "const token = localStorage.getItem('token2');",
        "def login(user, password):",
        "def login(user: str, password: str) -> Token:",
        "self.password = password",
        "password = None",
        "if not token:",
        r#"password = serializers.CharField(label="Password", write_only=True)"#,
        r#"primary_key = "id""#,
        r#"<label for="password">Password</label>"#,
        r#"cache_key = f"user:{user.id}:profile""#,
        r#"headers = {"Authorization": f"Bearer {token}"}"#,
        r#"token_url = "https://example.com/oauth/token""#,
        r#"raise ValueError("invalid password: must be longer")"#,
        r#"sql = "SELECT * FROM users WHERE password=%s""#,
        r#"url = f"postgres://{user}:{password}@{host}/db""#,
        r#"url = "ssh://git@example.com/repo""#,
        r#"import x from "http://localhost:3000/@vite/client""#,
        "token = create_access_token(identity=user.id)",
        r#"password = hashlib.sha256(raw.encode("utf-8")).hexdigest()"#,
        r#"return render("reset_password.html", token=token)"#,
        "public_key = '-----BEGIN PUBLIC KEY-----'",
        r#"if "-----BEGIN PRIVATE KEY-----" in text:"#,
        "author = 'Ada'",
    ] {
        assert_eq!(shown("app.py", line), line);
    }
}

#[test]
fn settings_have_values_without_quotes() {
    for (text, expected) in [
        ("password: hunter2", "password: •"),
        ("  db_password: 'hun ter2' # old", "  db_password: '•' # old"),
        ("DB_PASSWORD=hunter2 x", "DB_PASSWORD=•"),
        ("ENV API_TOKEN=abc", "ENV API_TOKEN=•"),
        ("- POSTGRES_PASSWORD=abc", "- POSTGRES_PASSWORD=•"),
        ("//registry.npmjs.org/:_authToken=abc", "//registry.npmjs.org/:_authToken=•"),
        ("password: ${DB_PASSWORD}", "password: ${DB_PASSWORD}"),
        ("password: ${DB_PASSWORD:-hunter2}", "password: •"),
        ("password: {{ vault_password }}", "password: {{ vault_password }}"),
        ("token: null", "token: null"),
        ("pin_code: 4", "pin_code: 4"),
        ("secret: |\n  one\n\n  two\nnext: x", "secret: |\n  •\n\n  •\nnext: x"),
        ("\"password\": \"x1\",", "\"password\": \"•\","),
        ("\"password\":\n  \"x1\"", "\"password\":\n  \"•\""),
        ("<password>x1</password>", "<password>•</password>"),
        (r#"<add key="Password" value="x1"/>"#, r#"<add key="Password" value="•"/>"#),
        ("run --password x1 --user bob", "run --password • --user bob"),
        ("run --token=x1", "run --token=•"),
    ] {
        assert_eq!(shown("deploy.yml", text), expected);
    }
}

#[test]
fn private_keys_are_masked_whole() {
    let key = "a\n-----BEGIN RSA PRIVATE KEY-----\nMIIE\n\nabc=\n-----END RSA PRIVATE KEY-----\nb";
    let masked = "a\n-----BEGIN RSA PRIVATE KEY-----\n•\n\n•\n-----END RSA PRIVATE KEY-----\nb";
    assert_eq!(shown("notes", key), masked);
    assert_eq!(
        shown("x.py", "k = \"-----BEGIN PRIVATE KEY-----\\nMIIE\\n-----END PRIVATE KEY-----\\n\""),
        "k = \"-----BEGIN PRIVATE KEY-----•-----END PRIVATE KEY-----\\n\""
    );
    // Without an end: what looks like a key.
    assert_eq!(
        shown("x.txt", "-----BEGIN PRIVATE KEY-----\nMIIEabc\nand so on"),
        "-----BEGIN PRIVATE KEY-----\n•\nand so on"
    );
}

#[test]
fn files_of_values_show_keys_only() {
    let text = "# Database\nDB_HOST=localhost\nexport DB_PASSWORD = \"hun ter2\"\nMULTI=\"one\ntwo = 3\nthree\"\nAFTER: x\n# OLD=hunter2\n\
                # was hunter2\nnonsense here\n[section]\nEMPTY=\nLONG=a\\\nb\nabcDEF123abcDEF123==\nQ='x' # note\nDOC=<<EOT\nq\nEOT\nZ=1";
    let expected = "# Database\nDB_HOST=•\nexport DB_PASSWORD = \"•\"\nMULTI=•\n•\n•\nAFTER: •\n# OLD=•\n\
                    # •\n•\n[section]\nEMPTY=\nLONG=•\n•\n•\nQ=•\nDOC=•\n•\n•\nZ=•";
    assert_eq!(shown("a/.env.production", text), expected);
    assert_eq!(shown("a/x.secret", "anything"), "•");
    assert_eq!(shown("private/app.ini", "a = b"), "a = •");
    assert_eq!(shown("id_rsa", "anything"), "•");
}

#[test]
fn a_sealed_file_has_no_value_left_and_stays_as_it_is() {
    let path = TreePath::new(*b"a/.env").unwrap();
    let text = b"\xef\xbb\xbfA=one\r\n# note\nQ=\"two\nthree\"\nL=a\\\nb\nD=<<E\nx\nE\nstray line\n# OLD=four".to_vec();
    let sealed = redactor().seal(&path, text.clone());
    let shown = String::from_utf8(sealed.bytes().to_vec()).unwrap();
    assert_eq!(shown.matches("<secret ").count(), 10, "{shown}");
    assert!(shown.starts_with("\u{feff}A=<secret ") && shown.contains(">\r\n# note\nQ=<secret "), "{shown}");
    assert_eq!(redactor().seal(&path, sealed.bytes().to_vec()), sealed);
    let document = |bytes: &[u8]| redactor().document(&path, Document::new(bytes.to_vec(), Limits::default()).unwrap());
    assert_eq!(document(&text), document(sealed.bytes()), "it looks the same, sealed before or not");
    assert_eq!(document(&text).exact().bytes(), sealed.bytes(), "and nothing else is left of it");
    let binary = redactor().seal(&path, b"\0value".to_vec());
    assert!(binary.bytes().starts_with(b"\0<secret "));
    assert_ne!(binary, redactor().seal(&path, b"\0other".to_vec()));
    assert!(redactor().sealed_before("another", Vec::new()).is_none());
}

proptest::proptest! {
    #![proptest_config(proptest::prelude::ProptestConfig { cases: 500, failure_persistence: None, ..Default::default() })]

    #[test]
    fn sealing_what_is_sealed_changes_nothing(text in "([A-Z]{1,3}[=:]|export |#|'|\"|\\\\|<<E|E|[a-z0-9 ]{1,4}|\n|\r\n|é|\\[x\\]){0,40}") {
        for name in [&b".env"[..], b"x.key"] {
            let path = TreePath::new(name).unwrap();
            let once = redactor().seal(&path, text.clone().into_bytes());
            let twice = redactor().seal(&path, once.bytes().to_vec());
            proptest::prop_assert_eq!(&once, &twice, "{}", String::from_utf8_lossy(once.bytes()));
        }
    }
}

#[test]
fn marks_are_equal_for_equal_secrets_only() {
    let line =
        |redactor: &Redactor, text: &str| String::from_utf8(redactor.line(text.as_bytes()).into_owned()).unwrap();
    let (one, other) = (redactor(), Redactor::new([8; 32], &[]));
    assert_eq!(line(&one, "password=x1"), line(&one, "password=x1"));
    assert_eq!(line(&one, "password=x1").replace("password=", ""), line(&one, "token=x1").replace("token=", ""));
    assert_ne!(line(&one, "password=x1"), line(&one, "password=x2"));
    assert_ne!(line(&one, "password=x1"), line(&other, "password=x1"));
    assert_eq!(line(&one, "fix the password reset"), "fix the password reset");
    assert_eq!(line(&one, "fix password: it was too short"), "fix password: it was too short");
    let words = one.words("cannot clone https://bob:x1@host/r\nand token=x2");
    assert!(!words.contains("x1") && !words.contains("x2"), "{words}");
}

#[test]
fn ranges_are_widened_to_whole_marks() {
    let document = Document::new(b"DB=one x".to_vec(), Limits::default()).unwrap();
    let redacted = redactor().document(&TreePath::new(*b".env").unwrap(), document);
    let end = redacted.text(0).len();
    assert_eq!(redacted.masks(0), std::slice::from_ref(&(3..end)));
    assert_eq!(redacted.widen(0, &[0..1, 5..6]), [0..1, 3..end]);
    assert_eq!(redacted.widen(0, &[0..1, 2..3]), [0..1, 2..3]);
}
