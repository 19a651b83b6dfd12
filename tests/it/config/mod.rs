//! `driftline.toml` and `NAME=SOURCE`, from the outside.

mod problems;

use std::ffi::OsStr;
use std::fs;
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Path, PathBuf};

use driftline::config::{
    self, ArgumentError, Config, ConfigError, Environment, Places, SourceSpec, SshPlace, from_argument, from_arguments,
};
use driftline::path::TreePath;
use proptest::prelude::*;

fn fixture(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/config").join(name)
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
    assert_eq!(names, ["prod", "debug", "main", "bare", "backup", "january"], "in the order of the file");
    assert_eq!(config.baseline.as_ref().map(driftline::path::EnvironmentName::as_str), Some("prod"));
    assert_eq!(config.focus, [path("backend/app/services/MemberService.py"), path("backend/app/controllers")]);
    assert_eq!(config.ignore, ["node_modules/", "*.pyc", "!keep.pyc"]);
    assert_eq!(config.file.as_deref(), Some(&*file));

    let [prod, debug, main, bare, backup, january] = &config.environments[..] else { panic!("six environments") };
    assert_eq!(prod.source, SourceSpec::Folder { path: "/var/www/oncalls".into() });
    assert_eq!(prod.role.as_deref(), Some("production"));
    assert_eq!(prod.map.to_common(&path("oncalls_react/src/App.jsx")), path("oncallsreact/src/App.jsx"));
    assert_eq!(debug.source, SourceSpec::Folder { path: "/home/me/debug-oncalls".into() });
    assert!(debug.map.is_empty());
    let repository = fixture("valid/../oncalls");
    assert_eq!(main.source, SourceSpec::Git { repository, reference: "origin/main".into() });
    let repository = "/srv/git/oncalls.git".into();
    assert_eq!(bare.source, SourceSpec::Git { repository, reference: "HEAD".into() });
    assert_eq!(backup.source, SourceSpec::Archive { path: fixture("valid/backup.tar.gz"), strip: 1 });
    assert_eq!(january.source, SourceSpec::Snapshot { path: "/home/me/january.ndjson.zst".into() });
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
    let line = |number: usize| format!("env.e{number}.path = \"{number}\"\n");
    let text = |count: usize| (0..count).map(line).collect::<Vec<String>>().concat();
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
    let archive = |path: &str| SourceSpec::Archive { path: path.into(), strip: 0 };
    assert_eq!(source("backup.TGZ"), archive("backup.TGZ"));
    assert_eq!(source("~/a b.tar.xz"), archive("/home/me/a b.tar.xz"));
    assert_eq!(source("x.zip"), archive("x.zip"));
    assert_eq!(source("d/x.ndjson.zst"), SourceSpec::Snapshot { path: "d/x.ndjson.zst".into() });
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
        "b=web-1:",
        "c=ssh://me@web",
        "h=-oProxyCommand=x:/srv",
        "i=ssh://me@web:99999/srv",
        "j=a b:/srv",
        "d=backup.tar.BZ2",
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
    `b`: no folder is named; write `.` for the one in which one logs in
    `c`: no folder follows the host; write ssh://user@host:port/path
    `h`: a host does not begin with `-`
    `i`: the port is not one from 1 to 65535
    `j`: a host is made of letters, digits, `.`, `_` and `-`
    `d`: `backup.tar.BZ2` looks like an archive of a kind, which is not supported by this version; name a folder, host:path, git:REPO@REF, a .tar.gz or .zip file, or a snapshot
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

#[test]
fn remote_places_are_read_as_people_write_them() {
    let place = |user: Option<&str>, host: &str, port, config: Option<&str>| SshPlace {
        user: user.map(str::to_owned),
        host: host.to_owned(),
        port,
        config: config.map(Into::into),
    };
    let ssh = |place, path: &str| SourceSpec::Ssh { place, path: path.into(), rate: None, depth: None };
    let source = |argument: &str| from_argument(OsStr::new(argument), None).unwrap().source;
    assert_eq!(source("a=web-1:/srv/app"), ssh(place(None, "web-1", None, None), "/srv/app"));
    assert_eq!(source("a=me@web-1:app"), ssh(place(Some("me"), "web-1", None, None), "app"));
    assert_eq!(source("a=web-1:~/app"), ssh(place(None, "web-1", None, None), "app"));
    assert_eq!(source("a=web-1:~"), ssh(place(None, "web-1", None, None), "."));
    assert_eq!(source("a=ssh://me@web:2222/srv"), ssh(place(Some("me"), "web", Some(2222), None), "/srv"));
    assert_eq!(source("a=ssh://web/~/app"), ssh(place(None, "web", None, None), "app"));
    assert_eq!(source("a=[::1]:/srv"), ssh(place(None, "::1", None, None), "/srv"));
    assert_eq!(source("a=./web:x"), SourceSpec::Folder { path: "./web:x".into() });
    let text = "ssh_config = 'all'\n[env.a]\nssh = 'web'\npath = '/srv'\n[env.b]\nssh = 'me@web'\nssh_config = 'own'\npath = '~/x'\n\
                rate = '2M'\ndepth = 50\n[env.c]\nexec = ['docker', 'exec', '-i', 'c']\npath = '/srv'\n";
    let config = parse(text).unwrap();
    let sources: Vec<&SourceSpec> = config.environments.iter().map(|environment| &environment.source).collect();
    assert_eq!(*sources[0], ssh(place(None, "web", None, Some("/team/all")), "/srv"));
    let own = place(Some("me"), "web", None, Some("/team/own"));
    assert_eq!(
        *sources[1],
        SourceSpec::Ssh {
            place: own,
            path: "x".into(),
            rate: std::num::NonZeroU64::new(2 << 20),
            depth: std::num::NonZeroU32::new(50)
        }
    );
    let command = ["docker", "exec", "-i", "c"].map(str::to_owned).to_vec();
    assert_eq!(*sources[2], SourceSpec::Exec { command, path: "/srv".into(), rate: None, depth: None });
}
