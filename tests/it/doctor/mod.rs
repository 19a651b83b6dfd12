//! `driftline doctor`: the first step that fails is named, with what to do, and nothing is written.

mod remote;

use std::fs;
use std::os::unix::fs::PermissionsExt as _;

use crate::support::run::{Run, TestEnv};
use crate::support::sshd::{Kind, Servers};
use crate::support::user::as_ordinary_user;

fn folder() -> TestEnv {
    let env = TestEnv::new();
    env.write("app/a.py", "a = 1\n");
    env.write("app/b.py", "b = 1\n");
    env
}

fn far(env: &TestEnv, servers: &Servers, more: &[&str]) -> Run {
    let place = format!("far=far:{}", env.path("app").display());
    over(env, servers, &place, more)
}

fn over(env: &TestEnv, servers: &Servers, place: &str, more: &[&str]) -> Run {
    let config = servers.config();
    let mut arguments = vec!["doctor", place, "--width", "300", "--ssh-config", config.to_str().unwrap()];
    arguments.extend(more);
    env.driftline(arguments)
}

/// What was shown, without what is another thing on each machine.
fn shown(run: &Run, env: &TestEnv, servers: Option<&Servers>) -> String {
    let user = uzers::get_current_username().unwrap().to_string_lossy().into_owned();
    let host = rustix::system::uname().nodename().to_string_lossy().into_owned();
    let mut text = run.stdout().replace(env.root().to_str().unwrap(), "[ROOT]");
    text = text.replace(&format!("answers as {host}"), "answers as [HOST]");
    for (before, after) in [("as ", "\n"), ("", "@127.0.0.1"), ("let ", " read"), ("u:", ":rX")] {
        text = text.replace(&format!("{before}{user}{after}"), &format!("{before}[USER]{after}"));
    }
    for why in ["Name or service not known", "Temporary failure in name resolution"] {
        text = text.replace(why, "[WHY]");
    }
    if let Some(servers) = servers {
        text = text.replace(servers.config().parent().unwrap().to_str().unwrap(), "[SSH]");
        for port in servers.ports() {
            text = text.replace(&port.to_string(), "[PORT]");
        }
    }
    text
}

/// The steps of an environment of one run, a line each, without those that are well.
#[track_caller]
fn ill(run: Run, env: &TestEnv, servers: Option<&Servers>) -> String {
    let run = run.expect(3);
    assert_eq!(run.stderr(), "");
    let text = shown(&run, env, servers);
    let lines: Vec<&str> = text.lines().skip_while(|line| !line.is_empty()).skip(2).collect();
    lines.into_iter().filter(|line| !line.starts_with("  ok")).collect::<Vec<_>>().join("\n")
}

fn by_exec(env: &TestEnv, command: &[&str], more: &[&str]) -> Run {
    let root = env.path("app");
    env.write("exec.toml", format!("[env.far]\nexec = {command:?}\npath = {:?}\n", root.to_str().unwrap()));
    env.driftline([&["doctor", "--config", "exec.toml", "--width", "300"], more].concat())
}

#[test]
fn everything_is_well() {
    let env = folder();
    let servers = Servers::start(&[("far", Kind::default())]);
    let run = far(&env, &servers, &[]).expect(0);
    insta::assert_snapshot!(shown(&run, &env, Some(&servers)), @r"
    driftline 0.1.0
      ok    configuration  1 environment as typed
      ok    state          `[ROOT]/home/.local/state/driftline` will be made by the first run

    far  far:[ROOT]/app
      ok    ssh config     [USER]@127.0.0.1, port [PORT]
      ok    connection     reached, and its key is accepted
      ok    login          as [USER]
      ok    shell          answers as [HOST]
      ok    tools          GNU find; digests by BLAKE3 and SHA-256
      ok    folder         [ROOT]/app can be listed
      ok    git            no repository here
      ok    reading        all 2 entries

    far can be read
    next: driftline far=far:[ROOT]/app --ssh-config [SSH]/ssh_config
    ");
    assert_eq!(run.stderr(), "");
    assert!(!env.path("home/.local").exists(), "nothing is kept");
}

#[test]
fn a_configuration_of_three_folders() {
    let env = TestEnv::new();
    let _ = env.driftline(["demo", "--keep", "demo"]).expect(0);
    let run = env.driftline(["doctor", "--config", "demo/driftline.toml", "--width", "300"]).expect(0);
    insta::assert_snapshot!(shown(&run, &env, None), @r"
    driftline 0.1.0
      ok    configuration  `[ROOT]/demo/driftline.toml`: 3 environments, 2 names mapped, 4 ignore rules, 4 paths in focus
      ok    state          `[ROOT]/home/.local/state/driftline` will be made by the first run

    prod  [ROOT]/demo/prod
      ok    folder         can be listed
      ok    git            no repository here
      ok    reading        all 2730 entries

    staging  [ROOT]/demo/staging
      ok    folder         can be listed
      ok    git            branch main at 0bc65b4
      ok    reading        all 2752 entries

    debug  [ROOT]/demo/debug
      ok    folder         can be listed
      ok    git            branch main at 9225e11
      ok    reading        all 2772 entries

    all 3 environments can be read
    next: driftline --config demo/driftline.toml
    ");
}

#[test]
fn places_of_this_machine() {
    let env = folder();
    let _ = env.driftline(["demo", "--keep", "demo"]).expect(0);
    env.write("broken.tar.gz", "no archive");
    env.write("cut/.git/HEAD", "ref: refs/heads/main\n");
    for folder in ["cut/.git/objects", "cut/.git/refs"] {
        fs::create_dir_all(env.path(folder)).unwrap();
    }
    env.write("cut/.git/index", "DIRC and no more");
    let run = env.driftline([
        "doctor",
        "--width",
        "300",
        "good=app",
        "gone=nowhere",
        "file=app/a.py",
        "archive=gone.tar",
        "broken=broken.tar.gz",
        "snapshot=gone.ndjson.zst",
        "main=git:demo/staging@main",
        "nobranch=git:demo/staging@nope",
        "norepo=git:app@main",
        "cut=cut",
    ]);
    insta::assert_snapshot!(shown(&run.expect(3), &env, None), @r"
    driftline 0.1.0
      ok    configuration  10 environments as typed
      ok    state          `[ROOT]/home/.local/state/driftline` will be made by the first run

    good  app
      ok    folder         can be listed
      ok    git            no repository here
      ok    reading        all 2 entries

    gone  nowhere
      FAIL  folder         `nowhere` is not there
            what to do     correct the path
      -     git            not tried
      -     reading        not tried

    file  app/a.py
      FAIL  folder         `app/a.py` is a file, not a folder
            what to do     name the folder to compare
      -     git            not tried
      -     reading        not tried

    archive  gone.tar
      FAIL  archive        `gone.tar` is not there
            what to do     correct the path
      -     reading        not tried

    broken  broken.tar.gz
      FAIL  archive        `broken.tar.gz` is neither a tar nor a zip archive
            what to do     name a .tar, .tar.gz, .tar.zst, .tar.xz or .zip file
      -     reading        not tried

    snapshot  gone.ndjson.zst
      FAIL  snapshot       `gone.ndjson.zst` is not there
            what to do     correct the path
      -     reading        not tried

    main  git:demo/staging@main
      ok    repository     can be read
      ok    ref            main is 0bc65b4
      ok    reading        all 2751 entries

    nobranch  git:demo/staging@nope
      ok    repository     can be read
      FAIL  ref            cannot find `nope` in the repository `demo/staging`: it has `main`, `origin/HEAD`, `origin/main`
            what to do     name a branch, a tag or a commit that it has:
                           git -C demo/staging branch --all
      -     reading        not tried

    norepo  git:app@main
      FAIL  repository     cannot read the repository `app`: it is neither a checkout nor a bare repository
            what to do     name a checkout or a bare repository that is whole
      -     ref            not tried
      -     reading        not tried

    cut  cut
      ok    folder         can be listed
      FAIL  git            the index of the repository cannot be used: it is cut off or damaged (its checksum is missing)
            what to do     its files are compared all the same; git says more:
                           git -C cut fsck
      note  reading        there is nothing in it that is not ignored
            what to do     check that the right folder is named, and that it is mounted

    gone, file, archive, broken, snapshot, nobranch, norepo and cut cannot be read in full, the rest can
    ");
}

#[test]
fn what_may_not_be_read() {
    as_ordinary_user("doctor::what_may_not_be_read", || {
        let env = folder();
        env.write("app/private/x", "x");
        env.write("app/secret", "x");
        env.write("closed/x", "x");
        let close = |path: &str, mode| fs::set_permissions(env.path(path), fs::Permissions::from_mode(mode)).unwrap();
        for path in ["app/private", "app/secret", "closed"] {
            close(path, 0o000);
        }
        let run = env.driftline(["doctor", "--width", "300", "app=app", "closed=closed"]);
        insta::assert_snapshot!(shown(&run.expect(3), &env, None), @r"
        driftline 0.1.0
          ok    configuration  2 environments as typed
          ok    state          `[ROOT]/home/.local/state/driftline` will be made by the first run

        app  app
          ok    folder         can be listed
          ok    git            no repository here
          FAIL  reading        1 folder and 1 file of 4 entries may not be read: `private`, `secret`
                what to do     leave it out with `ignore`, or let [USER] read it, as its owner or as root:
                               setfacl -R -m u:[USER]:rX -- app

        closed  closed
          FAIL  folder         cannot read `closed`: permission denied
                what to do     let [USER] read it, as its owner or as root:
                               setfacl -R -m u:[USER]:rX -- closed
          -     git            not tried
          -     reading        not tried

        app and closed cannot be read in full
        ");
        close("app/secret", 0o644);
        insta::assert_snapshot!(ill(by_exec(&env, &["env"], &[]), &env, None), @r"
          FAIL  reading        1 folder of 4 entries may not be read: `private`
                what to do     run the command as a user who may read it (`sudo -n -u OWNER`, `docker exec -u OWNER`), or leave it out with `ignore`

        far cannot be read in full
        ");
        for path in ["app/private", "closed"] {
            close(path, 0o755);
        }
    });
}

#[test]
fn the_state_folder_is_looked_at_and_left_alone() {
    let env = folder();
    let state = |folder: &str| {
        let run = env.driftline(["doctor", "app=app", "--width", "300", "--state-dir", folder]).expect(0);
        shown(&run, &env, None).lines().skip(2).take_while(|line| !line.is_empty()).collect::<Vec<_>>().join("\n")
    };
    insta::assert_snapshot!(state("none"), @"  ok    state          `none` will be made by the first run");
    assert!(!env.path("none").exists());
    env.write("state/installation.key", "short");
    insta::assert_snapshot!(state("state"), @r"
    note  state          `state` is open to others
          what to do     let nobody else look into it:
                         chmod 700 state
    ");
    fs::set_permissions(env.path("state"), fs::Permissions::from_mode(0o700)).unwrap();
    insta::assert_snapshot!(state("state"), @r"
    note  state          secrets have other marks in each run: cannot use the key `state/installation.key`: it does not have the 32 bytes of a key
          what to do     make the state folder writable, remove the key if it is damaged, or choose another with --state-dir
    ");
    insta::assert_snapshot!(state("app/a.py"), @r"
    note  state          `app/a.py` is no folder
          what to do     move it away, or choose another with --state-dir
    ");
    let run = env.driftline(["doctor", "app=app", "--no-state"]).expect(0);
    assert!(run.stdout().contains("note  state          kept nowhere"), "{run}");
}

#[test]
fn problems_of_a_configuration_come_first() {
    let env = folder();
    env.write("driftline.toml", "[env.app]\npath = \"app\"\nnonsense = 1\n");
    let (doctor, status) = (env.driftline(["doctor"]).expect(2), env.driftline(["status"]).expect(2));
    assert_eq!(doctor.stderr(), status.stderr());
    assert!(doctor.stderr().contains("nonsense") && doctor.stdout().is_empty(), "{doctor}");
    env.write("driftline.toml", "[env.app]\nssh = \"-oProxyCommand=touch x\"\npath = \"/srv\"\n");
    assert!(env.driftline(["doctor"]).expect(2).stderr().contains("a host does not begin with `-`"));
    assert!(env.driftline(["doctor", "app=app", "unknown"]).expect(2).stderr().contains("`unknown` is no environment"));
}

#[test]
fn the_json_has_the_documented_shape() {
    let env = folder();
    let run = env.driftline(["doctor", "app=app", "gone=no where", "--format", "json"]).expect(3);
    let mut report = run.json();
    report["driftline"] = "-".into();
    report["own"][1]["detail"] = "-".into();
    insta::assert_snapshot!(format!("{report:#}"), @r#"
    {
      "driftline": "-",
      "environments": [
        {
          "name": "app",
          "origin": "app",
          "steps": [
            {
              "command": null,
              "detail": "can be listed",
              "fix": null,
              "outcome": "fine",
              "step": "folder",
              "there": false
            },
            {
              "command": null,
              "detail": "no repository here",
              "fix": null,
              "outcome": "fine",
              "step": "git",
              "there": false
            },
            {
              "command": null,
              "detail": "all 2 entries",
              "fix": null,
              "outcome": "fine",
              "step": "reading",
              "there": false
            }
          ],
          "well": true
        },
        {
          "name": "gone",
          "origin": "no where",
          "steps": [
            {
              "command": null,
              "detail": "`no where` is not there",
              "fix": "correct the path",
              "outcome": "failed",
              "step": "folder",
              "there": false
            },
            {
              "command": null,
              "detail": "",
              "fix": null,
              "outcome": "not-tried",
              "step": "git",
              "there": false
            },
            {
              "command": null,
              "detail": "",
              "fix": null,
              "outcome": "not-tried",
              "step": "reading",
              "there": false
            }
          ],
          "well": false
        }
      ],
      "format": "driftline-doctor",
      "next": null,
      "own": [
        {
          "command": null,
          "detail": "2 environments as typed",
          "fix": null,
          "outcome": "fine",
          "step": "configuration",
          "there": false
        },
        {
          "command": null,
          "detail": "-",
          "fix": null,
          "outcome": "fine",
          "step": "state",
          "there": false
        }
      ],
      "version": 1,
      "well": false
    }
    "#);
    let run = env.driftline(["doctor", "app=app", "--format", "json", "--no-state"]).expect(0);
    assert_eq!((&run.json()["well"], &run.json()["next"]), (&true.into(), &"driftline app=app".into()), "{run}");
}
