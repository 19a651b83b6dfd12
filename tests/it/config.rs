//! `driftline.toml` and `NAME=SOURCE`, from the outside.

use std::ffi::OsStr;
use std::fs;
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Path, PathBuf};

use driftline::config::{
    self, ArgumentError, Config, ConfigError, Environment, Places, SourceSpec, from_argument, from_arguments,
};
use driftline::path::TreePath;
use proptest::prelude::*;

fn fixture(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/config").join(name)
}

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

fn parse(text: &str) -> Result<Config, config::Invalid> {
    config::parse(text, "driftline.toml", Places { folder: Path::new("/team"), home: Some(Path::new("/home/me")) })
}

fn path(text: &str) -> TreePath {
    TreePath::new(text.as_bytes()).unwrap()
}

#[test]
fn a_full_file_is_understood() {
    let file = fixture("valid/full.toml");
    let config = config::load(&file, Some(Path::new("/home/me"))).unwrap();
    let names: Vec<&str> = config.environments.iter().map(|environment| environment.name.as_str()).collect();
    assert_eq!(names, ["prod", "debug", "main", "archive"], "in the order of the file");
    assert_eq!(config.baseline.as_ref().map(|name| name.as_str()), Some("prod"));
    assert_eq!(config.focus, [path("backend/app/services/MemberService.py"), path("backend/app/controllers")]);
    assert_eq!(config.ignore, ["node_modules/", "*.pyc", "!keep.pyc"]);
    assert_eq!(config.file.as_deref(), Some(&*file));

    let [prod, debug, main, archive] = &config.environments[..] else { panic!("four environments") };
    assert_eq!(prod.source, SourceSpec::Folder { path: "/var/www/oncalls".into() });
    assert_eq!(prod.role.as_deref(), Some("production"));
    assert_eq!(prod.map.to_common(&path("oncalls_react/src/App.jsx")), path("oncallsreact/src/App.jsx"));
    assert_eq!(debug.source, SourceSpec::Folder { path: "/home/me/debug-oncalls".into() });
    assert!(debug.map.is_empty());
    let repository = fixture("valid/../oncalls");
    assert_eq!(main.source, SourceSpec::Git { repository, reference: "origin/main".into() });
    let repository = "/srv/git/oncalls.git".into();
    assert_eq!(archive.source, SourceSpec::Git { repository, reference: "HEAD".into() });
}

#[test]
fn the_smallest_file_is_understood() {
    let config = config::load(&fixture("valid/smallest.toml"), None).unwrap();
    assert_eq!(config.environments.len(), 1);
    assert_eq!(config.environments[0].source, SourceSpec::Folder { path: fixture("valid").join(".") });
    assert_eq!(config.baseline, None);
}

#[test]
fn a_file_saved_on_windows_is_understood() {
    let config = parse("focus = [\"a\"]\r\n[env.prod]\r\npath = \"x\"\r\n").unwrap();
    assert_eq!(config.environments[0].source, SourceSpec::Folder { path: "/team/x".into() });
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
    insta::assert_snapshot!(problems("keys.toml"), @r##"
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
      = help: known keys are `baseline`, `focus`, `ignore` and `env`

    error: unknown key `roel` in an environment
     --> keys.toml:6:1
      |
    6 | roel = "production"
      | ^^^^ not known
      |
      = help: did you mean `role`?

    error: unknown key `ssh` in an environment
     --> keys.toml:9:1
      |
    9 | ssh = "oncalls-staging"
      | ^^^ not supported by this version
      |
      = help: leave it out; known keys in an environment are `path`, `git`, `ref`, `map` and `role`

    error: unknown key `archive` in an environment
      --> keys.toml:12:1
       |
    12 | archive = "old.tar.gz"
       | ^^^^^^^ not supported by this version
       |
       = help: leave it out; known keys in an environment are `path`, `git`, `ref`, `map` and `role`

    error: unknown key `strip` in an environment
      --> keys.toml:13:1
       |
    13 | strip = 1
       | ^^^^^ not supported by this version
       |
       = help: leave it out; known keys in an environment are `path`, `git`, `ref`, `map` and `role`

    error: unknown key `fix`
      --> keys.toml:15:3
       |
    15 | [[fix]]
       |   ^^^ not supported by this version
       |
       = help: leave it out; known keys are `baseline`, `focus`, `ignore` and `env`

    7 problems in the configuration
    "##);
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
    insta::assert_snapshot!(problems("environments.toml"), @r##"
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
       |      ^^^^^ neither `path` nor `git`
       |
       = help: add `path = "..."` for a folder, or `git = "..."` and `ref = "..."` for a commit

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
       |        ^^^^^^^^^^ no folder is called so

    10 problems in the configuration
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
    insta::assert_snapshot!(problems("hostile.toml"), @r##"
    error: unknown key `\u{202e}gnp.exe`
     --> hostile.toml:2:1
      |
    2 | "\u202egnp.exe" = 1
      | ^^^^^^^^^^^^^^^ not known
      |
      = help: known keys are `baseline`, `focus`, `ignore` and `env`

    error: `pr\u{7}od` cannot name an environment
     --> hostile.toml:4:6
      |
    4 | [env."pr\u0007od"]
      |      ^^^^^^^^^^^^ this name
      |
      = help: use letters, digits, `.`, `_` and `-`, a letter or digit first, at most 64 of them

    2 problems in the configuration
    "##);
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
fn problems_know_their_line_and_column() {
    let invalid = parse("focus = [\"é\", \"/a\"]\n\n[env.prod]\nptah = \"x\"\n").unwrap_err();
    let positions: Vec<(usize, usize)> = invalid.problems().iter().map(|problem| invalid.position(problem)).collect();
    assert_eq!(positions, [(1, 15), (4, 1)]);
    assert!(invalid.render(true).contains('\u{1b}'), "colour when wanted");
    assert!(!invalid.render(false).contains('\u{1b}'), "none when not");
}

#[test]
fn no_more_problems_are_shown_than_anyone_reads() {
    let lines: Vec<String> = (0..2000).map(|n| format!("unknown{n} = 1\n")).collect();
    let text = lines.concat();
    let shown = parse(&text).unwrap_err().to_string();
    assert!(shown.ends_with("2001 problems in the configuration, the first 50 of them shown"), "{shown}");
    assert_eq!(shown.matches("error:").count(), 50);
}

#[test]
fn a_large_file_full_of_mistakes_is_answered() {
    for (line, count) in [("a\n", 100_000), ("a = [x]\n", 50_000), ("[", 200_000), ("a.", 50_000), ("\"", 200_000)] {
        assert!(!parse(&line.repeat(count)).unwrap_err().problems().is_empty());
    }
    let focus = format!("focus = [{}]\n", "\"a\",".repeat(50_000));
    assert_eq!(parse(&focus).unwrap_err().problems().len(), 49_999 + 1, "each but the first, and no environments");
}

#[test]
fn a_home_that_is_not_known_is_said() {
    let places = Places { folder: Path::new("/team"), home: None };
    let invalid = config::parse("env.a.path = \"~/a\"", "driftline.toml", places).unwrap_err();
    assert!(invalid.to_string().contains("HOME is not set"), "{invalid}");
}

#[test]
fn more_environments_than_letters_are_refused() {
    let text = |count: usize| (0..count).map(|n| format!("env.e{n}.path = \"{n}\"\n")).collect::<String>();
    assert_eq!(parse(&text(52)).unwrap().environments.len(), 52);
    let invalid = parse(&text(53)).unwrap_err();
    assert_eq!(invalid.problems().len(), 1, "{invalid}");
    assert_eq!(invalid.position(&invalid.problems()[0]).0, 53, "the first one that is too many");
}

#[test]
fn the_file_is_searched_for_upward() {
    let folder = tempfile::tempdir().unwrap();
    let deep = folder.path().join("a/b/c");
    fs::create_dir_all(&deep).unwrap();
    assert_eq!(config::find(&deep).filter(|found| found.starts_with(folder.path())), None);
    fs::write(folder.path().join("a/driftline.toml"), "").unwrap();
    assert_eq!(config::find(&deep), Some(folder.path().join("a/driftline.toml")));
    assert_eq!(config::find(&folder.path().join("a")), Some(folder.path().join("a/driftline.toml")));
}

#[test]
fn what_is_no_readable_file_is_an_error_and_never_waited_for() {
    let folder = tempfile::tempdir().unwrap();
    let pipe = folder.path().join("driftline.toml");
    rustix::fs::mknodat(rustix::fs::CWD, &pipe, rustix::fs::FileType::Fifo, 0o600.into(), 0).unwrap();
    for (path, reason) in [
        (pipe.as_path(), "it is not a regular file"),
        (folder.path(), "it is not a regular file"),
        (Path::new("/nowhere/driftline.toml"), "No such file"),
    ] {
        match config::load(path, None) {
            Err(ConfigError::Read { source, .. }) => assert!(source.to_string().contains(reason), "{source}"),
            other => panic!("{}: {other:?}", path.display()),
        }
    }
    let large = folder.path().join("large.toml");
    fs::File::create(&large).unwrap().set_len((1 << 20) + 1).unwrap();
    assert!(matches!(config::load(&large, None), Err(ConfigError::Read { .. })));
}

#[test]
fn arguments_name_folders_and_commits() {
    let folder = tempfile::tempdir().unwrap();
    let at = folder.path();
    for name in ["repo", "v@2", "both", "both@x", "host:dir", "old.tar.gz"] {
        fs::create_dir(at.join(name)).unwrap();
    }
    let source = |text: &str| {
        let argument = format!("e={}", text.replace("TMP", at.to_str().unwrap()));
        from_argument(OsStr::new(&argument), Some(Path::new("/home/me"))).unwrap().source
    };
    let git = |repository: &str, reference: &str| SourceSpec::Git {
        repository: repository.replace("TMP", at.to_str().unwrap()).into(),
        reference: reference.into(),
    };
    assert_eq!(source("some/folder"), SourceSpec::Folder { path: "some/folder".into() });
    assert_eq!(source("~/x=y"), SourceSpec::Folder { path: "/home/me/x=y".into() });
    assert_eq!(source("./a:b"), SourceSpec::Folder { path: "./a:b".into() });
    assert_eq!(source("TMP/host:dir"), SourceSpec::Folder { path: at.join("host:dir") });
    assert_eq!(source("TMP/old.tar.gz"), SourceSpec::Folder { path: at.join("old.tar.gz") });
    assert_eq!(source("git:TMP/repo"), git("TMP/repo", "HEAD"));
    assert_eq!(source("git:TMP/repo@origin/main"), git("TMP/repo", "origin/main"));
    assert_eq!(source("git:TMP/repo@HEAD@{1}"), git("TMP/repo", "HEAD@{1}"));
    assert_eq!(source("git:TMP/v@2"), git("TMP/v@2", "HEAD"), "only the whole text is a folder");
    assert_eq!(source("git:TMP/v@2@main"), git("TMP/v@2", "main"));
    assert_eq!(source("git:TMP/both@x"), git("TMP/both", "x"), "the last @ splits where both could be meant");
    assert_eq!(source("git:~/repo@main"), git("/home/me/repo", "main"));
    let odd = from_argument(OsStr::from_bytes(b"e=/srv/\xff"), None).unwrap();
    assert_eq!(odd.source, SourceSpec::Folder { path: OsStr::from_bytes(b"/srv/\xff").into() });
}

#[test]
fn bad_arguments_are_all_named() {
    let arguments = [
        "/srv/prod",
        "=x",
        "a b=x",
        "a=",
        "b=web-1:/srv",
        "c=ssh://me@web/srv",
        "d=backup.TGZ",
        "e=git:",
        "f=git:r@",
        "g=~other/x",
        "ok=x",
        "ok=y",
    ];
    let errors: Vec<String> =
        from_arguments(&arguments, None).unwrap_err().iter().map(ArgumentError::to_string).collect();
    insta::assert_snapshot!(errors.join("\n"), @r##"
    `/srv/prod` is not of the form NAME=SOURCE; write for instance `prod=/srv/prod`
    `` cannot name an environment: use letters, digits, `.`, `_` and `-`, a letter or digit first, at most 64 of them
    `a b` cannot name an environment: use letters, digits, `.`, `_` and `-`, a letter or digit first, at most 64 of them
    `a`: nothing follows `=`; name a folder or git:REPO@REF
    `b`: `web-1:/srv` looks like a place on another host, which is not supported by this version; name a folder or git:REPO@REF
    `c`: `ssh://me@web/srv` looks like a place on another host, which is not supported by this version; name a folder or git:REPO@REF
    `d`: `backup.TGZ` looks like an archive, which is not supported by this version; name a folder or git:REPO@REF
    `e`: `git:` names no repository; write git:REPO@REF
    `f`: nothing follows `@`; write a branch, a tag or a commit, or leave `@` out
    `g`: only `~/` is understood; write `./~...` for a folder of that name
    the name `ok` is given twice; give each environment a name of its own
    "##);
    let many: Vec<String> = (0..53).map(|n| format!("e{n}=x")).collect();
    assert_eq!(from_arguments(&many, None), Err(vec![ArgumentError::TooMany { count: 53 }]));
    let names: Vec<Environment> = from_arguments(&["b=x", "a=x"], None).unwrap();
    assert_eq!(names.iter().map(|e| e.name.as_str()).collect::<Vec<_>>(), ["b", "a"], "in their order");
}

proptest! {
    /// Whatever is written, there is an answer, and it can be shown without control characters.
    #[test]
    fn garbage_is_answered(
        pieces in prop::collection::vec(
            prop_oneof![
                Just("env".to_owned()), Just("path".to_owned()), Just("map".to_owned()), Just("=".to_owned()),
                Just(".".to_owned()), Just("[".to_owned()), Just("]".to_owned()), Just("{".to_owned()),
                Just("}".to_owned()), Just("\"".to_owned()), Just("\"a\"".to_owned()), Just("\n".to_owned()),
                Just("\r\n".to_owned()), Just("'''".to_owned()), Just(",".to_owned()), Just("git".to_owned()),
                any::<String>(),
            ],
            0..60,
        )
    ) {
        if let Err(invalid) = parse(&pieces.concat()) {
            prop_assert!(!invalid.problems().is_empty());
            let shown = invalid.render(false);
            prop_assert!(!shown.chars().any(|c| c.is_control() && c != '\n'), "{:?}", shown);
            for problem in invalid.problems() {
                let (line, column) = invalid.position(problem);
                prop_assert!(line >= 1 && column >= 1);
            }
        }
    }

    #[test]
    fn any_argument_is_answered(bytes in prop::collection::vec(any::<u8>(), 0..40), tail in "(git:)?[a@{}:/~.]{0,12}") {
        let _ = from_argument(OsStr::from_bytes(&bytes), None);
        let _ = from_argument(OsStr::new(&format!("e={tail}")), Some(Path::new("/home/me")));
    }
}
