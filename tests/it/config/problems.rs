//! What people are shown of a configuration that cannot be used: `fixtures/config/invalid/`.

mod fixes;
mod places;

use std::path::Path;

use driftline::config::{self, ConfigError};

use super::fixture;

/// The problems of an invalid fixture as they are shown, with its folder left out.
fn problems(name: &str) -> String {
    let path = fixture("invalid").join(name);
    match config::load(&path, Some(Path::new("/home/me"))) {
        Err(ConfigError::Invalid(invalid)) => {
            let folder = format!("{}/", fixture("invalid").display());
            invalid.to_string().replace(&folder, "")
        }
        other => panic!("{name} was expected to be invalid: {other:?}"),
    }
}

#[test]
fn what_looks_like_a_secret_is_not_shown() {
    let env = crate::support::run::TestEnv::new();
    let canary = "Kc7Vw2Xq9Rt4Bn6M";
    for (text, place) in [
        (format!("password = \"{canary}\"\n[env.a]\npath = \"a\"\n"), "1:1"),
        (format!("[env.a]\npath = 7 # token: {canary}\n"), "2:8"),
        (format!("[env.a]\nssh = \"https://bob:{canary}@host/x\"\npath = \"/a\"\n"), "2:7"),
        (format!("[env.a]\npath = \"a\"\nexec = \"x --token={canary}\"\n"), "3"),
        (format!("[env.a]\npath = \"a\"\nsecret_key = {canary}\n"), "3"),
        (format!("[env.a]\nrole = {{ api_token = '{canary}' }}\npath = \"a\"\n"), "2"),
        (format!("[env.a]\npath = \"a\"\n'{canary}' = 1\n[env.b]\ntoken = '{canary}'\n"), "3:1"),
        (format!("token = '{canary}\n[env.a]\npath = \"a\"\n"), "1"),
    ] {
        assert!(text.contains(canary));
        env.write("driftline.toml", &text);
        for words in [&["status"][..], &["diff", "x"], &["snapshot", "-o", "x"], &["status", "--color", "always"]] {
            let run = env.driftline(words).expect(2);
            let shown = format!("{}{}", run.stdout(), run.stderr());
            assert!(!shown.contains(canary), "{words:?}: {shown}");
            assert!(words.contains(&"always") || shown.contains(&format!("driftline.toml:{place}")), "{shown}");
        }
    }
}

#[test]
fn broken_toml_is_shown_with_what_else_is_wrong() {
    insta::assert_snapshot!(problems("syntax.toml"), @r##"
    error: unknown key `basline`
     --> syntax.toml:1:1
      |
    1 | basline = "prod"
      | ^^^^^^^ not known
      |
      = help: did you mean `baseline`?

    error: this is not valid TOML
     --> syntax.toml:2:11
      |
    2 | ignore = [*.pyc, "logs/"]
      |           ^^^^^ string values must be quoted, expected literal string

    error: this is not valid TOML
     --> syntax.toml:5:8
      |
    5 | path = /srv/prod
      |        ^^^^^^^^^ string values must be quoted, expected literal string

    error: this is not valid TOML
     --> syntax.toml:9:1
      |
    9 | path = "/srv/other"
      | ^^^^ duplicate key

    error: `role` must be a string
      --> syntax.toml:10:8
       |
    10 | role = 1
       |        ^ this is an integer
       |
       = help: write `role = "..."`

    error: this is not valid TOML
      --> syntax.toml:13:8
       |
    13 | map = {
       |        ^ unclosed inline table, expected `}`

    6 problems in the configuration
    "##);
}

#[test]
fn a_list_that_is_not_closed_is_one_problem() {
    insta::assert_snapshot!(problems("unclosed.toml"), @r##"
    error: this is not valid TOML
     --> unclosed.toml:4:1
      |
    2 | focus = ["backend"
      |         - in the list that begins here
    3 |
    4 | [env.prod]
      | ^ missing comma between array elements, expected `,`

    1 problem in the configuration
    "##);
}

#[test]
fn unknown_keys_are_named_with_the_nearest_known_one() {
    insta::assert_snapshot!(problems("keys.toml"), @r#"
    error: unknown key `baselin`
     --> keys.toml:1:1
      |
    1 | baselin = "prod"
      | ^^^^^^^ not known
      |
      = help: did you mean `baseline`?

    error: unknown key `colour`
     --> keys.toml:2:1
      |
    2 | colour = true
      | ^^^^^^ not known
      |
      = help: known keys are `baseline`, `focus`, `ignore`, `sensitive`, `ssh_config`, `rules`, `history`, `notify`, `env`, `fix` and `accept`

    error: unknown key `roel` in an environment
     --> keys.toml:6:1
      |
    6 | roel = "production"
      | ^^^^ not known
      |
      = help: did you mean `role`?

    error: unknown key `sudo` in an environment
     --> keys.toml:9:1
      |
    9 | sudo = true
      | ^^^^ not supported by this version
      |
      = help: leave it out; known keys in an environment are `path`, `ssh`, `exec`, `git`, `ref`, `archive`, `strip`, `snapshot`, `ssh_config`, `rate`, `depth`, `map`, `role`, `branch` and `owner`

    error: unknown key `sudo` in an environment
      --> keys.toml:12:1
       |
    12 | sudo = true
       | ^^^^ not supported by this version
       |
       = help: leave it out; known keys in an environment are `path`, `ssh`, `exec`, `git`, `ref`, `archive`, `strip`, `snapshot`, `ssh_config`, `rate`, `depth`, `map`, `role`, `branch` and `owner`

    error: `rate` without `ssh` or `exec`
      --> keys.toml:13:8
       |
    13 | rate = "1M"
       |        ^^^^ what is here is read as fast as it goes
       |
       = help: leave it out

    error: unknown key `policy`
      --> keys.toml:15:3
       |
    15 | [[policy]]
       |   ^^^^^^ not supported by this version
       |
       = help: leave it out; known keys are `baseline`, `focus`, `ignore`, `sensitive`, `ssh_config`, `rules`, `history`, `notify`, `env`, `fix` and `accept`

    7 problems in the configuration
    "#);
}

#[test]
fn wrong_types_say_what_is_there_and_what_would_be_right() {
    insta::assert_snapshot!(problems("types.toml"), @r##"
    error: `baseline` must be a string
     --> types.toml:1:12
      |
    1 | baseline = 1
      |            ^ this is an integer
      |
      = help: write `baseline = "..."`

    error: `focus` must be a list of strings
     --> types.toml:2:9
      |
    2 | focus = "backend"
      |         ^^^^^^^^^ this is a string
      |
      = help: write `focus = ["..."]`

    error: `ignore` must be a list of strings
     --> types.toml:3:20
      |
    3 | ignore = ["*.pyc", 7]
      |                    ^ this is an integer
      |
      = help: put it in quotes, or leave it out

    error: `env.debug` must be a table
     --> types.toml:6:9
      |
    6 | debug = "/srv/debug"
      |         ^^^^^^^^^^^^ this is a string
      |
      = help: write `[env.NAME]` and below it `path = "..."`

    error: `path` must be a string
     --> types.toml:9:8
      |
    9 | path = ["/srv/prod"]
      |        ^^^^^^^^^^^^^ this is a list
      |
      = help: write `path = "..."`

    error: `map` must be a table of names
      --> types.toml:13:7
       |
    13 | map = "backend"
       |       ^^^^^^^^^ this is a string
       |
       = help: write `map = { "common name" = "name here" }`

    error: `map.backend` must be a string
      --> types.toml:17:19
       |
    17 | map = { backend = 1, a.b = "x" }
       |                   ^ this is an integer
       |
       = help: write `map.backend = "..."`

    error: `map.a` must be a string
      --> types.toml:17:22
       |
    17 | map = { backend = 1, a.b = "x" }
       |                      ^ this is a table
       |
       = help: put a name that has a dot in it in quotes: `"a.b" = "name here"`

    8 problems in the configuration
    "##);
}

#[test]
fn paths_and_rules_must_be_such() {
    insta::assert_snapshot!(problems("paths.toml"), @r##"
    error: `focus`: `/etc/passwd` cannot be a path
     --> paths.toml:1:26
      |
    1 | focus = ["backend/a.py", "/etc/passwd", "../x", "", "backend//a.py"]
      |                          ^^^^^^^^^^^^^ the path is absolute, and a path inside an environment is meant
      |
      = help: write a path relative to the environment's folder, such as "backend/app"

    error: `focus`: `../x` cannot be a path
     --> paths.toml:1:41
      |
    1 | focus = ["backend/a.py", "/etc/passwd", "../x", "", "backend//a.py"]
      |                                         ^^^^^^ the path leaves its environment by `..`
      |
      = help: write a path relative to the environment's folder, such as "backend/app"

    error: `focus`: `` cannot be a path
     --> paths.toml:1:49
      |
    1 | focus = ["backend/a.py", "/etc/passwd", "../x", "", "backend//a.py"]
      |                                                 ^^ the path is empty
      |
      = help: write a path relative to the environment's folder, such as "backend/app"

    error: `backend//a.py` is in focus twice
     --> paths.toml:1:53
      |
    1 | focus = ["backend/a.py", "/etc/passwd", "../x", "", "backend//a.py"]
      |          -------------- the first time              ^^^^^^^^^^^^^^^ again
      |
      = help: keep one of them

    error: `ignore`: `[z-a].txt` is no rule
     --> paths.toml:2:11
      |
    2 | ignore = ["[z-a].txt", "", "# comment", "a\nb"]
      |           ^^^^^^^^^^^ error parsing glob '[z-a].txt': invalid range; 'z' > 'a'
      |
      = help: write rules as in a .gitignore file, such as "node_modules/" or "*.pyc"

    error: `ignore`: `` is no rule
     --> paths.toml:2:24
      |
    2 | ignore = ["[z-a].txt", "", "# comment", "a\nb"]
      |                        ^^ this leaves nothing out
      |
      = help: write rules as in a .gitignore file, such as "node_modules/" or "*.pyc"

    error: `ignore`: `# comment` is no rule
     --> paths.toml:2:28
      |
    2 | ignore = ["[z-a].txt", "", "# comment", "a\nb"]
      |                            ^^^^^^^^^^^ this leaves nothing out
      |
      = help: write rules as in a .gitignore file, such as "node_modules/" or "*.pyc"

    error: `ignore`: `a\nb` is no rule
     --> paths.toml:2:41
      |
    2 | ignore = ["[z-a].txt", "", "# comment", "a\nb"]
      |                                         ^^^^^^ a rule is one line
      |
      = help: write rules as in a .gitignore file, such as "node_modules/" or "*.pyc"

    8 problems in the configuration
    "##);
}

#[test]
fn hostile_characters_do_not_reach_the_terminal() {
    insta::assert_snapshot!(problems("hostile.toml"), @r#"
    error: unknown key `\u{202e}gnp.exe`
     --> hostile.toml:2:1
      |
    2 | "\u202egnp.exe" = 1
      | ^^^^^^^^^^^^^^^ not known
      |
      = help: known keys are `baseline`, `focus`, `ignore`, `sensitive`, `ssh_config`, `rules`, `history`, `notify`, `env`, `fix` and `accept`

    error: `pr\u{7}od` cannot name an environment
     --> hostile.toml:4:6
      |
    4 | [env."pr\u0007od"]
      |      ^^^^^^^^^^^^ this name
      |
      = help: use letters, digits, `.`, `_` and `-`, a letter or digit first, at most 64 of them

    2 problems in the configuration
    "#);
}

#[test]
fn bytes_that_are_not_text_are_pointed_at() {
    insta::assert_snapshot!(problems("not_utf8.toml"), @r##"
    error: the configuration is not UTF-8
     --> not_utf8.toml:2:6
      |
    2 | # caf�
      |      ^ this is no character
      |
      = help: save the file as UTF-8

    1 problem in the configuration
    "##);
}

#[test]
fn rules_for_sensitive_files_are_checked() {
    let text = "sensitive = [\"*.secret\", \"# none\"]\n[env.a]\npath = \"/a\"\n";
    let places = driftline::config::Places { folder: std::path::Path::new("/"), home: None };
    let invalid = driftline::config::parse(text, "driftline.toml", places).unwrap_err();
    let shown = invalid.render(false);
    assert!(shown.contains("`sensitive`: `# none` is no rule"), "{shown}");
    let config = driftline::config::parse(&text.replace(", \"# none\"", ""), "driftline.toml", places).unwrap();
    assert_eq!(config.sensitive, ["*.secret"]);
}
