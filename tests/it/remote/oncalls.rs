//! Scenario 1 over ssh: three servers, three aliases, and the same answer as from folders.

use std::fs;

use serde_json::Value;

use crate::support::run::TestEnv;
use crate::support::sshd::{Kind, Servers, busybox};

const ALIASES: [(&str, &str); 3] =
    [("prod", "oncalls-direct"), ("staging", "oncalls-staging"), ("debug", "oncalls-debug")];

/// What is the same however an environment is reached. What a repository says is not read from far away yet.
const SAME: [&str; 9] = ["paths", "in_sync", "quiet", "patterns", "rows", "folders", "attributes", "moves", "baseline"];

#[test]
fn three_servers_give_what_three_folders_give() {
    let env = TestEnv::new();
    let _ = env.driftline(["demo", "--keep", "demo"]).expect(0);
    let local = fs::read_to_string(env.path("demo/driftline.toml")).unwrap();
    let busybox = Kind { path: Some(busybox()), ..Kind::default() };
    let servers = Servers::start(&[
        ("oncalls-direct", Kind::default()),
        ("oncalls-staging", Kind::default()),
        ("oncalls-debug", busybox),
    ]);
    let mut remote = format!("ssh_config = {:?}\n{local}", servers.config());
    for (name, alias) in ALIASES {
        let root = env.path("demo").join(name);
        remote = remote.replace(&format!("path = \"{name}\""), &format!("ssh = \"{alias}\"\npath = {root:?}"));
    }
    env.write("remote.toml", remote);
    let report =
        |config: &str| -> Value { env.driftline(["--config", config, "--no-state", "--format", "json"]).json() };
    let (near, far) = (report("demo/driftline.toml"), report("remote.toml"));
    for key in SAME {
        assert_eq!(near[key], far[key], "{key}");
    }
    for environment in 0..3 {
        for key in ["name", "role", "entries", "drift", "only_here", "unreadable", "complete"] {
            assert_eq!(near["environments"][environment][key], far["environments"][environment][key], "{key}");
        }
    }
    // For each: the listing, twice digests under two algorithms, contents of texts, and of what artifacts are held against.
    assert!(far["counters"]["round_trips"].as_u64().unwrap() <= 3 * 7, "{}", far["counters"]);
    assert_eq!(far["counters"]["files_opened"], 0);
    let git: Vec<&str> = (0..3).map(|at| far["environments"][at]["git"]["state"].as_str().unwrap()).collect();
    assert_eq!(git, ["none", "unknown", "unknown"]);
    for (name, arguments) in
        [("MemberService", &["diff", "MemberService", "--no-state"][..]), ("all", &["diff", "--all", "--no-state"])]
    {
        let shown =
            |config: &str| env.driftline([arguments, &["--config", config, "--format", "json"]].concat()).json();
        let (near, far) = (shown("demo/driftline.toml"), shown("remote.toml"));
        assert_eq!(near["files"].as_array().unwrap().len(), far["files"].as_array().unwrap().len(), "{name}");
    }
}
