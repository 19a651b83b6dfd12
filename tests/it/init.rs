//! `driftline init`: what is written loads, means what was typed, and proposes what is there.

use std::fs;
use std::os::unix::ffi::OsStrExt as _;

use driftline::config::{Config, SourceSpec, load};

use crate::support::run::TestEnv;
use crate::support::sshd::{Kind, Servers};

fn read(env: &TestEnv, file: &str) -> Config {
    load(&env.path(file), None).unwrap_or_else(|error| panic!("{error}"))
}

fn demo() -> TestEnv {
    let env = TestEnv::new();
    let _ = env.driftline(["demo", "--keep", "demo"]).expect(0);
    env
}

#[test]
fn three_servers() {
    let env = demo();
    env.write("demo/debug/backend/app/__pycache__/models.pyc", "x");
    let run = env.driftline(["init", "prod=demo/prod", "staging=demo/staging", "debug=demo/debug"]).expect(0);
    insta::assert_snapshot!(run, @r"
    status: 0
    ----- stdout
    [ROOT]/driftline.toml: 3 environments, 2 ignore rules, 2 names mapped
    next: read it, then: driftline
    ----- stderr
    ");
    insta::assert_snapshot!(fs::read_to_string(env.path("driftline.toml")).unwrap(), @r#"
    # What driftline compares, and how. `driftline init` wrote it; everything in it may be changed.

    # The environment that the others are measured against. It is left open: without it the odd one out is shown and nobody
    # is called wrong, and what only one server has may be the fix that the others lack.
    # baseline = "prod"

    # What matters most, files or folders: it comes first in what is shown. Common names, as in all lists here.
    # focus = ["backend/", "oncallsreact/"]

    # What is left out, as in .gitignore.
    ignore = [
        "node_modules/",  # packages that npm installed: 6,510 files in prod
        "__pycache__/",  # compiled by Python: 1 file in debug
    ]

    [env.prod]
    path = "demo/prod"
    # role = "production"

    [env.prod.map]  # common name = name here
    # `oncall_backend` here looks like `backend` in staging and debug: 305 of 312 files are equal.
    "backend" = "oncall_backend"
    # `oncalls_react` here looks like `oncallsreact` in staging and debug: 2,201 of 2,284 files are equal, 80 more but for
    # line ends.
    "oncallsreact" = "oncalls_react"

    [env.staging]
    path = "demo/staging"
    # role = "staging"

    [env.debug]
    path = "demo/debug"
    # role = "debug"
    "#);
    let (written, known) = (read(&env, "driftline.toml"), read(&env, "demo/driftline.toml"));
    for (written, known) in written.environments.iter().zip(&known.environments) {
        assert_eq!((&written.name, &written.map), (&known.name, &known.map));
    }
    assert_eq!((&written.baseline, written.focus.len()), (&None, 0));
    // What the rules would leave out is as many files as fewer are listed.
    let paths = |arguments: &[&str]| {
        let json = env.driftline([arguments, &["--format", "json"]].concat()).expect(1).json();
        json["environments"].as_array().unwrap().iter().map(|it| it["entries"].as_u64().unwrap()).collect::<Vec<_>>()
    };
    let all = paths(&["prod=demo/prod", "staging=demo/staging", "debug=demo/debug"]);
    let left = paths(&[]);
    assert!(all[0] - left[0] > 6510 && all[1] == left[1] && all[2] - left[2] == 2, "{all:?} {left:?}");
    let run = env.driftline(["doctor", "--width", "300"]).expect(0);
    assert!(run.stdout().contains("3 environments, 2 names mapped, 2 ignore rules"), "{run}");
}

#[test]
fn three_servers_over_ssh() {
    let env = TestEnv::new();
    for (server, backend) in [("prod", "app backend"), ("staging", "backend"), ("debug", "backend")] {
        for file in ["a.py", "b.py", "c/d.py"] {
            env.write(format!("{server}/{backend}/{file}"), file);
        }
        env.write(format!("{server}/node_modules/x/index.js"), server);
    }
    let aliases = ["one", "two", "three"];
    let servers = Servers::start(&aliases.map(|alias| (alias, Kind::default())));
    let config = servers.config();
    let place = |at: usize, name: &str| format!("{name}={}:{}", aliases[at], env.path(name).display());
    let (prod, staging, debug) = (place(0, "prod"), place(1, "staging"), place(2, "debug"));
    let arguments = ["init", &prod, &staging, &debug, "--ssh-config", config.to_str().unwrap(), "-o", "far.toml"];
    let _ = env.driftline(arguments).expect(0);
    let far = read(&env, "far.toml");
    assert_eq!(far.ignore, ["node_modules/"]);
    for (environment, alias) in far.environments.iter().zip(aliases) {
        let SourceSpec::Ssh { place, path, .. } = &environment.source else { panic!("{environment:?}") };
        assert_eq!((&*place.host, place.config.as_ref()), (alias, Some(&config)));
        assert_eq!(*path, env.path(environment.name.as_str()));
    }
    let pairs = |at: usize| far.environments[at].map.pairs().len();
    assert_eq!((pairs(0), pairs(1), pairs(2)), (1, 0, 0));
    assert_eq!(far.environments[0].map.pairs()[0].here.as_bytes(), b"app backend");
    let run = env.driftline(["--config", "far.toml", "--format", "json"]).expect(0);
    assert_eq!(run.json()["in_sync"], 3, "{run}");
    let _ = env.driftline(["doctor", "--config", "far.toml"]).expect(0);
}

#[test]
fn what_is_there_stays() {
    let env = TestEnv::new();
    env.write("a/x", "x");
    env.write("b/x", "y");
    env.write("driftline.toml", "mine");
    let run = env.driftline(["init", "a=a", "b=b"]).expect(2);
    assert!(run.stderr().contains("`driftline.toml` is there already"), "{run}");
    assert_eq!(fs::read_to_string(env.path("driftline.toml")).unwrap(), "mine");
    let printed = env.driftline(["init", "a=a", "b=b", "-o", "-"]).expect(0).stdout();
    assert_eq!(fs::read_to_string(env.path("driftline.toml")).unwrap(), "mine");
    let _ = env.driftline(["init", "a=a", "b=b", "--force"]).expect(0);
    assert_eq!(fs::read_to_string(env.path("driftline.toml")).unwrap(), printed);
    std::os::unix::fs::symlink("nowhere.toml", env.path("link.toml")).unwrap();
    let _ = env.driftline(["init", "a=a", "b=b", "-o", "link.toml"]).expect(2);
    fs::create_dir(env.path("folder")).unwrap();
    let run = env.driftline(["init", "a=a", "b=b", "-o", "folder"]).expect(2);
    assert!(run.stderr().contains("name the file in it: -o folder/driftline.toml"), "{run}");
    // Elsewhere, the paths mean the same places.
    let _ = env.driftline(["init", "a=a", "b=b", "-o", "folder/driftline.toml"]).expect(0);
    assert_eq!(read(&env, "folder/driftline.toml").environments[0].source, SourceSpec::Folder { path: env.path("a") });
    let run = env.driftline(["init", "a=a", "b=b", "-o", "a/driftline.toml"]).expect(2);
    assert!(run.stderr().contains("lies in the environment `a`"), "{run}");
    assert!(!env.path("a/driftline.toml").exists());
}

#[test]
fn nothing_named_gives_something_to_fill_in() {
    let env = TestEnv::new();
    let run = env.driftline(["init"]).expect(0);
    assert!(run.stdout().contains("a configuration to fill in"), "{run}");
    let run = env.driftline(["status"]).expect(2);
    assert!(run.stderr().contains("no environments"), "{run}");
    let run = env.driftline(["init", "a", "--force"]).expect(2);
    assert!(run.stderr().contains("write for instance `prod=a`"), "{run}");
    let run = env.driftline(["init", "a=a", "--config", "x.toml"]).expect(2);
    assert!(run.stderr().contains("name the file to write with -o"), "{run}");
}

#[test]
fn what_cannot_be_read_is_written_down_and_said() {
    let env = TestEnv::new();
    env.write("a/x", "x");
    let run = env.driftline(["init", "a=a", "b=nowhere"]).expect(3);
    assert!(run.stderr().contains("b could not be read: `nowhere` is not there"), "{run}");
    let text = fs::read_to_string(env.path("driftline.toml")).unwrap();
    assert!(text.contains("# It could not be read, so nothing is proposed for it: `nowhere` is not there"), "{text}");
    assert_eq!(read(&env, "driftline.toml").environments.len(), 2);
    let _ = env.driftline(["status"]).expect(3);
}

#[test]
fn names_that_are_not_utf_8_are_said() {
    let env = TestEnv::new();
    let odd = std::ffi::OsStr::from_bytes(b"caf\xe9");
    for file in ["one", "two", "three"] {
        for folder in [env.path("a").join(odd), env.path("b/cafe"), env.path(odd)] {
            fs::create_dir_all(&folder).unwrap();
            fs::write(folder.join(file), file).unwrap();
        }
    }
    let run = env.driftline(["init", "a=a", "b=b"]).expect(0);
    assert!(
        run.stderr().contains("warning: a map of b is not UTF-8, and a configuration cannot hold it: `caf\\xe9`"),
        "{run}"
    );
    assert!(read(&env, "driftline.toml").environments[1].map.is_empty());
    let mut place = std::ffi::OsString::from("c=");
    place.push(odd);
    let run = env.driftline([std::ffi::OsStr::new("init"), std::ffi::OsStr::new("--force"), &place]).expect(2);
    assert!(run.stderr().contains("no environment can be written"), "{run}");
}

#[test]
fn an_archive_of_one_folder_loses_it() {
    let env = TestEnv::new();
    env.write("app/x/a", "a");
    env.write("app/x/b", "b");
    let status = std::process::Command::new("tar")
        .arg("-C")
        .arg(env.root())
        .args(["-cf"])
        .arg(env.path("app.tar"))
        .arg("app")
        .status()
        .unwrap();
    assert!(status.success());
    let _ = env.driftline(["init", "prod=app", "backup=app.tar"]).expect(0);
    assert!(fs::read_to_string(env.path("driftline.toml")).unwrap().contains("strip = 1"));
    let _ = env.driftline(["status"]).expect(0);
}

#[test]
fn json_says_what_was_written() {
    let env = TestEnv::new();
    env.write("a/x.log", "x");
    let run = env.driftline(["init", "a=a", "--ignore", "*.tmp", "-o", "-", "--format", "json"]).expect(0);
    let json = run.json();
    assert_eq!((json["written"].is_null(), &json["ignore"]), (true, &serde_json::json!(["*.tmp", "*.log"])), "{run}");
    assert!(json["text"].as_str().unwrap().contains("[env.a]"));
}
