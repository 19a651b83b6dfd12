//! What people are shown of a configuration that cannot be used: `fixtures/config/invalid/`.

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
fn fixes_need_a_name_and_one_way_to_be_known() {
    insta::assert_snapshot!(problems("fixes.toml"), @r#"
    error: the fix `prod` is called like an environment
     --> fixes.toml:5:6
      |
    5 | id = "prod"
      |      ^^^^^^ an environment has this name
      |
      = help: `driftline fixes` could not tell them apart: call it differently

    error: `expect`: `prdo` is not an environment
     --> fixes.toml:7:11
      |
    7 | expect = ["prdo"]
      |           ^^^^^^ no environment has this name
      |
      = help: did you mean `prod`?

    error: a fix without `id`
     --> fixes.toml:9:1
      |
    9 | [[fix]]
      | ^^^^^^^ what is it called?
      |
      = help: give it a short name, such as `id = "last-day-of-month"`

    error: `main` names no commit
      --> fixes.toml:11:10
       |
    11 | commit = "main"
       |          ^^^^^^ not a commit's own name
       |
       = help: write at least seven digits of its name, as `git log` shows it; a branch or tag would move

    error: `in`: `elsewhere` is not an environment
      --> fixes.toml:12:6
       |
    12 | in = "elsewhere"
       |      ^^^^^^^^^^^ no environment has this name
       |
       = help: the environments are `prod`

    error: `contains` or `lacks` without `file`
      --> fixes.toml:16:13
       |
    16 | contains = ["x"]
       |             ^^^ in which file?
       |
       = help: write `file = "..."` beside it; a `[[fix.place]]` has its own

    error: two fixes are called `twice`
      --> fixes.toml:19:6
       |
    15 | id = "twice"
       |      ------- the first time
    ...
    19 | id = "twice"
       |      ^^^^^^^ again
       |
       = help: call one of them differently

    error: a fix that is known by `commit` and `patch`
      --> fixes.toml:20:9
       |
    20 | patch = "nowhere.patch"
       |         ^^^^^^^^^^^^^^^ this as well
    21 | commit = "0123456789"
       |          ------------ this first
       |
       = help: keep one of them, or make two fixes of it

    8 problems in the configuration
    "#);
}

#[test]
fn patches_and_places_of_fixes_must_be_such() {
    insta::assert_snapshot!(problems("fix_places.toml"), @r#"
    error: `fix_places.toml` is no patch
     --> fix_places.toml:6:9
      |
    6 | patch = "fix_places.toml"
      |         ^^^^^^^^^^^^^^^^^ it changes no file: there is no line `--- FILE` with `+++ FILE` below it
      |
      = help: write it with `git diff` or `git format-patch`, in common paths

    error: `in` without `commit`
     --> fix_places.toml:7:6
      |
    7 | in = "prod"
      |      ^^^^^^ only a commit is in a history
      |
      = help: leave it out

    error: cannot read the patch `nowhere.patch`
      --> fix_places.toml:11:9
       |
    11 | patch = "nowhere.patch"
       |         ^^^^^^^^^^^^^^^ No such file or directory (os error 2)
       |
       = help: name a file, relative to the folder of this one

    error: `file`: `/etc/passwd` cannot be a file
      --> fix_places.toml:15:8
       |
    15 | file = "/etc/passwd"
       |        ^^^^^^^^^^^^^ the path is absolute, and a path inside an environment is meant
       |
       = help: write a path relative to the environment's folder, such as "backend/app"

    error: `lacks`: an empty text
      --> fix_places.toml:16:10
       |
    16 | lacks = [""]
       |          ^^ every file has this
       |
       = help: write a text that only the fix brings, or takes away

    error: unknown key `expected` in a fix
      --> fix_places.toml:17:1
       |
    17 | expected = ["prod"]
       | ^^^^^^^^ not known
       |
       = help: did you mean `expect`?

    error: a place of a fix without `file`
      --> fix_places.toml:19:1
       |
    19 | [[fix.place]]
       | ^^^^^^^^^^^^^ which file?
       |
       = help: write `file = "..."`, the common path of the file

    error: `file` must be a string
      --> fix_places.toml:23:8
       |
    23 | file = 7
       |        ^ this is an integer
       |
       = help: write `file = "..."`

    error: a fix that nothing is known by
      --> fix_places.toml:25:1
       |
    25 | [[fix]]
       | ^^^^^^^ neither `commit`, `patch`, `file` nor `place`
       |
       = help: name a commit or a patch, or write `file = "..."` with `contains = ["..."]`

    9 problems in the configuration
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
fn environments_need_a_name_and_one_place() {
    insta::assert_snapshot!(problems("environments.toml"), @r#"
    error: the baseline `prd` is not an environment
     --> environments.toml:1:12
      |
    1 | baseline = "prd"
      |            ^^^^^ no environment has this name
      |
      = help: did you mean `prod`?

    error: `prod` has both `path` and `git`
     --> environments.toml:5:7
      |
    4 | path = "prod"
      |        ------ and a folder
    5 | git = "repo"
      |       ^^^^^^ a repository
      |
      = help: keep `path` for a folder as it is, or `git` for a commit of a repository

    error: `web 1` cannot name an environment
     --> environments.toml:7:6
      |
    7 | [env."web 1"]
      |      ^^^^^^^ this name
      |
      = help: use letters, digits, `.`, `_` and `-`, a letter or digit first, at most 64 of them

    error: `ref` without `git`
      --> environments.toml:12:7
       |
    12 | ref = "main"
       |       ^^^^^^ a folder has no refs
       |
       = help: write `git = "..."` instead of `path` to compare a commit, or leave `ref` out

    error: the environment `debug` has no place
      --> environments.toml:14:6
       |
    14 | [env.debug]
       |      ^^^^^ neither `path`, `git`, `archive` nor `snapshot`
       |
       = help: add `path = "..."` for a folder (with `ssh` for one of another machine), `git = "..."` and `ref = "..."` for a commit, or `archive` or `snapshot` for a file

    error: the role is empty
      --> environments.toml:15:8
       |
    15 | role = " "
       |        ^^^ nothing is said here
       |
       = help: say what the environment is for, such as "production", or leave `role` out

    error: `path` is empty
      --> environments.toml:18:8
       |
    18 | path = ""
       |        ^^ no folder is named
       |
       = help: write `.` for this folder

    error: `git` cannot be resolved
      --> environments.toml:21:7
       |
    21 | git = "~git/repo"
       |       ^^^^^^^^^^^ the `~` here
       |
       = help: only `~/` is understood; write `./~...` for a folder of that name

    error: `ref` names no commit
      --> environments.toml:22:7
       |
    22 | ref = ""
       |       ^^ nothing can be called so
       |
       = help: write a branch, a tag or a commit, such as "origin/main", or leave `ref` out for HEAD

    error: `path` has a zero byte in it
      --> environments.toml:25:8
       |
    25 | path = "a\u0000b"
       |        ^^^^^^^^^^ nothing is called so

    10 problems in the configuration
    "#);
}

#[test]
fn files_are_archives_or_snapshots() {
    insta::assert_snapshot!(problems("files.toml"), @r##"
    error: `backup` has both `archive` and `snapshot`
     --> files.toml:3:12
      |
    2 | archive = "a.tar"
      |           ------- and an archive
    3 | snapshot = "b.ndjson.zst"
      |            ^^^^^^^^^^^^^^ a snapshot
      |
      = help: keep `archive` for a tar or zip file, or `snapshot` for a file that `driftline snapshot` wrote

    error: `archive` cannot be resolved
     --> files.toml:6:11
      |
    6 | archive = "~x/a.tar"
      |           ^^^^^^^^^^ the `~` here
      |
      = help: only `~/` is understood; write `./~...` for a folder of that name

    error: `strip` is out of range
     --> files.toml:7:9
      |
    7 | strip = -1
      |         ^^ this is no number of parts
      |
      = help: write how many leading parts of each name are taken away, such as 1

    error: `archive` is empty
      --> files.toml:10:11
       |
    10 | archive = ""
       |           ^^ no file is named
       |
       = help: name the file

    error: `strip` must be a number
      --> files.toml:11:9
       |
    11 | strip = "1"
       |         ^^^ this is a string
       |
       = help: write `strip = 1`

    error: `strip` without `archive`
      --> files.toml:15:9
       |
    15 | strip = 1
       |         ^ only names in an archive lose parts
       |
       = help: use `map` where folders are called differently, or leave `strip` out

    6 problems in the configuration
    "##);
}

#[test]
fn a_file_without_environments_says_how_to_add_one() {
    insta::assert_snapshot!(problems("no_environments.toml"), @r##"
    error: no environments
     --> no_environments.toml:1:1
      |
    1 | ignore = ["*.pyc"]
      | ^ there is no `[env.NAME]` in this file
      |
      = help: add one for each place to compare: `[env.prod]` and below it `path = "..."`

    1 problem in the configuration
    "##);
}

#[test]
fn maps_must_be_one_to_one() {
    insta::assert_snapshot!(problems("map.toml"), @r##"
    error: two names are mapped to one place, `oncall_backend`
     --> map.toml:6:7
      |
    5 | backend = "oncall_backend"
      |           ---------------- called `backend`
    6 | api = "./oncall_backend/"
      |       ^^^^^^^^^^^^^^^^^^^ also called `api`
      |
      = help: keep one of them

    error: `map`: `../frontend` cannot be a name here
     --> map.toml:7:12
      |
    7 | frontend = "../frontend"
      |            ^^^^^^^^^^^^^ the path leaves its environment by `..`
      |
      = help: write a path relative to the environment's folder, such as "backend/app"

    error: `map`: `/react` cannot be a common name
     --> map.toml:8:1
      |
    8 | "/react" = "react"
      | ^^^^^^^^ the path is absolute, and a path inside an environment is meant
      |
      = help: write a path relative to the environment's folder, such as "backend/app"

    error: two places are mapped to one name, `backend`
     --> map.toml:9:1
      |
    5 | backend = "oncall_backend"
      | ------- this name
    ...
    9 | "backend/" = "other"
      | ^^^^^^^^^^ this name again
      |
      = help: keep one of them

    error: `docs/old` and `docs` overlap in the map
      --> map.toml:11:1
       |
    10 | "docs/old" = "old"
       | ---------- this one
    11 | docs = "manual"
       | ^^^^ one holds the other
       |
       = help: map folders that do not lie inside each other

    error: `vendor` would be two folders
      --> map.toml:12:10
       |
    12 | vendor = "vendor/current"
       |          ^^^^^^^^^^^^^^^^ this is inside the real `vendor`
       |
       = help: choose a common name that is not a folder above this one

    error: `oncall_backend` and `oncall_backend/app` overlap in the map
      --> map.toml:13:8
       |
     5 | backend = "oncall_backend"
       |           ---------------- this one
    ...
    13 | deep = "oncall_backend/app"
       |        ^^^^^^^^^^^^^^^^^^^^ one holds the other
       |
       = help: map folders that do not lie inside each other

    error: `map`: `` cannot be a common name
      --> map.toml:14:1
       |
    14 | "" = "nameless"
       | ^^ the path is empty
       |
       = help: write a path relative to the environment's folder, such as "backend/app"

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

#[test]
fn remote_places_are_judged_like_all_others() {
    insta::assert_snapshot!(problems("remote.toml"), @r#"
    error: `ssh`: `-oProxyCommand=touch x` names no host
     --> remote.toml:2:7
      |
    2 | ssh = "-oProxyCommand=touch x"
      |       ^^^^^^^^^^^^^^^^^^^^^^^^ a host does not begin with `-`
      |
      = help: write a host of your ssh configuration, such as "web-1", or "user@host"

    error: `ssh` without `path`
     --> remote.toml:6:7
      |
    6 | ssh = "web-1"
      |       ^^^^^^^ which folder there?
      |
      = help: add `path = "..."`, the folder there

    error: `exec` is empty
     --> remote.toml:9:8
      |
    9 | exec = []
      |        ^^ no command is named
      |
      = help: write the words of a command that runs a command, such as ["docker", "exec", "-i", "web"]

    error: `d` has both `ssh` and `exec`
      --> remote.toml:14:8
       |
    13 | ssh = "web-1"
       |       ------- and a host
    14 | exec = ["docker", "exec", "-i", "web"]
       |        ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^ a command
       |
       = help: keep `ssh` for a folder of another machine, or `exec` for a folder that a command reaches

    error: `rate` without `ssh` or `exec`
      --> remote.toml:19:8
       |
    19 | rate = "2M"
       |        ^^^^ what is here is read as fast as it goes
       |
       = help: leave it out

    error: `ssh_config` without `ssh`
      --> remote.toml:20:14
       |
    20 | ssh_config = "x"
       |              ^^^ no ssh has a use for it
       |
       = help: leave it out

    error: `path`: `~other/x` cannot be a folder there
      --> remote.toml:24:8
       |
    24 | path = "~other/x"
       |        ^^^^^^^^^^ only `~/` is understood; write the whole path
       |
       = help: write it as it is called there, such as "/var/www/app"

    error: `rate`: `fast` is no rate
      --> remote.toml:25:8
       |
    25 | rate = "fast"
       |        ^^^^^^ bytes in a second are meant
       |
       = help: write a number above 0, perhaps with K, M or G behind it, such as "2M"

    8 problems in the configuration
    "#);
}
