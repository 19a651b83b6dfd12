//! Scenario 1 over ssh: three servers, three aliases, and the same answer as from folders.

use std::fs;

use serde_json::Value;

use crate::support::run::TestEnv;
use crate::support::sshd::{Kind, Servers, busybox};

const ALIASES: [(&str, &str); 3] =
    [("prod", "oncalls-direct"), ("staging", "oncalls-staging"), ("debug", "oncalls-debug")];

/// What depends on where environments are: what they are called, how the folder of the configuration is called, and the work that was done.
const OTHER: [&str; 3] = ["counters", "next", "project"];

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
    let (mut near, mut far) = (report("demo/driftline.toml"), report("remote.toml"));
    // For each: the listing, twice digests under two algorithms, contents of texts, and of what artifacts are held against. For each with a
    // repository: its files, its history, names and contents of what its index does not vouch for.
    let trips = far["counters"]["round_trips"].as_u64().unwrap();
    assert!(trips <= 3 * 7 + 2 * 4, "{}", far["counters"]);
    assert_eq!(far["counters"]["files_opened"], 0);
    let changes = |stage: &str| far["environments"][2]["git"][stage].as_array().unwrap().len();
    assert_eq!(changes("staged") + changes("unstaged") + changes("untracked"), 53);
    for report in [&mut near, &mut far] {
        for key in OTHER {
            report.as_object_mut().unwrap().remove(key).unwrap();
        }
        for environment in report["environments"].as_array_mut().unwrap() {
            environment.as_object_mut().unwrap().remove("origin").unwrap();
        }
    }
    assert_eq!(near, far);
    for (name, arguments) in
        [("MemberService", &["diff", "MemberService", "--no-state"][..]), ("all", &["diff", "--all", "--no-state"])]
    {
        let shown =
            |config: &str| env.driftline([arguments, &["--config", config, "--format", "json"]].concat()).json();
        let (near, far) = (shown("demo/driftline.toml"), shown("remote.toml"));
        // What is in a file of secrets stays there.
        let open = |shown: &Value| -> Vec<Value> {
            shown["files"].as_array().unwrap().iter().filter(|file| file["path"] != "backend/.env").cloned().collect()
        };
        assert_eq!(open(&near), open(&far), "{name}");
        assert_eq!(near["files"].as_array().unwrap().len(), far["files"].as_array().unwrap().len(), "{name}");
    }
}
