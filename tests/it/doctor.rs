//! `driftline doctor`: the first step that fails is named, with what to do, and nothing is written.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

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
    let mut arguments = vec!["doctor", place, "--width", "80", "--ssh-config", config.to_str().unwrap()];
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
    if let Some(servers) = servers {
        text = text.replace(servers.config().parent().unwrap().to_str().unwrap(), "[SSH]");
        for port in servers.ports() {
            text = text.replace(&port.to_string(), "[PORT]");
        }
    }
    text
}

#[test]
fn everything_is_well() {
    let env = folder();
    let servers = Servers::start(&[("far", Kind::default())]);
    let run = far(&env, &servers, &[]).expect(0);
    insta::assert_snapshot!(shown(&run, &env, Some(&servers)), @"");
    assert_eq!(run.stderr(), "");
    assert!(!env.path("home/.local").exists(), "nothing is kept");
}
#[test]
fn faults() {
    let env = folder();
    let mut servers = Servers::start(&[("far", Kind::default()), ("other", Kind::default())]);
    eprintln!("{}", shown(&over(&env, &servers, "far=far:/nowhere", &[]).expect(3), &env, Some(&servers)));
    servers.configure("far", "HostName no-such-host.invalid");
    eprintln!("{}", shown(&far(&env, &servers, &[]).expect(3), &env, Some(&servers)));
    fs::write(servers.known_hosts(), "").unwrap();
    eprintln!("{}", shown(&over(&env, &servers, "far=other:/", &[]).expect(3), &env, Some(&servers)));
    servers.stop("other");
    eprintln!("{}", shown(&over(&env, &servers, "far=other:/", &[]).expect(3), &env, Some(&servers)));
    eprintln!("{}", env.driftline(["demo", "--keep", "demo"]));
    eprintln!("{}", env.driftline(["doctor", "--config", "demo/driftline.toml"]));
    eprintln!("{}", env.driftline(["doctor", "a=app", "b=nowhere", "c=x.tar", "d=x.ndjson.zst", "e=git:demo/staging@main", "f=git:demo/staging@nope", "--format", "json"]));
    eprintln!("{}", env.driftline(["doctor", "a=app", "b=nowhere", "c=x.tar", "d=x.ndjson.zst", "e=git:demo/staging@main", "f=git:demo/staging@nope"]));
}
