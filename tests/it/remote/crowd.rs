//! A server that takes few connections at a time.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;

use crate::support::run::TestEnv;
use crate::support::sshd::{Kind, Servers};

/// Four places on one host that lets one stranger wait at its door; each comes with a connection of its own.
#[test]
fn a_crowded_host_is_asked_again() {
    let env = TestEnv::new();
    let kind = Kind { startups: Some("1:100:1"), ..Kind::default() };
    let servers = Servers::start(&[("far", kind)]);
    // How often ssh was called, and how often it was turned away.
    let calls = env.path("calls");
    let ssh = env.write(
        "bin/ssh",
        format!(
            "#!/bin/sh\necho call >> {calls:?}\n/usr/bin/ssh \"$@\" 2>{errors:?}.$$\nstatus=$?\ncat {errors:?}.$$ >&2\n\
             [ $status = 0 ] || echo away >> {calls:?}\nexit $status\n",
            errors = env.path("errors"),
        ),
    );
    fs::set_permissions(&ssh, fs::Permissions::from_mode(0o755)).unwrap();
    let mut text = String::new();
    for number in 0..4 {
        env.write(format!("p{number}/a"), "1\n");
        let (config, path) = (servers.config(), env.path(format!("p{number}")));
        text.push_str(&format!("[env.e{number}]\nssh = \"far\"\nssh_config = {config:?}\npath = {path:?}\n"));
    }
    env.write("driftline.toml", text);
    let path = format!("{}:/usr/bin:/bin", env.path("bin").display());
    let run = env.run(env.command().args(["--no-state", "--format", "json"]).env("PATH", path)).expect(0);
    assert_eq!(run.json()["in_sync"], 1, "{run}");
    let calls = fs::read_to_string(&calls).unwrap();
    assert!(calls.contains("away"), "the host never was crowded: {calls}");
}
