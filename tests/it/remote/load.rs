//! The far side is treated gently.

use std::fs;

use tempfile::tempdir;

use super::{exec, plan};
use crate::support::proxy::{Fate, Proxy};
use crate::support::run::TestEnv;
use crate::support::sshd::{Kind, Servers};
use crate::support::tree::Tree;

#[test]
fn others_go_first_there() {
    let home = tempdir().unwrap();
    let tools = Tree::at(home.path().join("tools"));
    let log = home.path().join("log");
    let mut tree = tools;
    for tool in ["find", "xargs"] {
        let script = format!(
            "#!/bin/sh\necho {tool} $(nice) $(ionice -p $$) >>{}\nexec /usr/bin/{tool} \"$@\"\n",
            log.display()
        );
        tree = tree.file(tool, script).mode(tool, 0o755);
    }
    let here = Tree::at(home.path().join("here")).file("a", "1");
    let there = Tree::at(home.path().join("there")).file("a", "1");
    let path = format!("PATH={}:/usr/bin:/bin", tree.root().display());
    let outcome = plan(here.root(), vec![exec(&["/usr/bin/env", "-i", &path], there.root())]).run();
    assert_eq!(outcome.same("a"), Some(true));
    let log = fs::read_to_string(&log).unwrap();
    let own: i32 =
        String::from_utf8(std::process::Command::new("nice").output().unwrap().stdout).unwrap().trim().parse().unwrap();
    let gentle = format!("{} best-effort: prio 7", (own + 10).min(19));
    for tool in ["find", "xargs"] {
        assert!(log.contains(&format!("{tool} {gentle}")), "{log}");
    }
}

#[test]
fn a_few_are_asked_at_a_time() {
    let home = tempdir().unwrap();
    let log = home.path().join("log");
    let here = Tree::at(home.path().join("here")).file("a", "1");
    let there = Tree::at(home.path().join("there")).file("a", "2");
    let count = format!("echo + >>{0}; sleep 0.2; \"$@\"; echo - >>{0}", log.display());
    let command = ["sh", "-c", &count, "count"];
    let mut collected = plan(here.root(), (0..20).map(|_| exec(&command, there.root())).collect()).collect();
    let questions = driftline::compare::questions(&collected.snapshots);
    collected.answer(&questions);
    drop(collected);
    let log = fs::read_to_string(&log).unwrap();
    let (mut now, mut most) = (0, 0);
    for line in log.lines() {
        now += if line == "+" { 1 } else { -1 };
        most = most.max(now);
    }
    assert_eq!((log.lines().count(), now), (80, 0), "a listing and digests for each of them");
    assert!((2..=8).contains(&most), "{most} at a time");
}

#[test]
fn a_crowded_host_is_asked_again() {
    let env = TestEnv::new();
    env.write("here/a", "1");
    env.write("there/a", "1");
    let servers = Servers::start(&[("far", Kind::default())]);
    let far = format!("far=far:{}", env.path("there").display());
    let config = servers.config();
    let run = |refused: usize| {
        let mut proxy = None;
        servers.detour("far", |port| {
            let new = Proxy::start(port, Fate::Refuse(refused));
            let port = new.port;
            proxy = Some(new);
            port
        });
        let run = env.driftline(["here=here", &far, "--no-state", "--ssh-config", config.to_str().unwrap()]);
        (run, proxy.unwrap().connections())
    };
    let (through, connections) = run(2);
    let _ = through.expect(0);
    assert_eq!(connections, 3, "one connection, which came through at the third try");
    let (away, connections) = run(usize::MAX);
    let away = away.expect(3);
    assert!(away.stderr().contains("far could not be read: ssh ended with status 255"), "{away}");
    assert_eq!(connections, 6);
}
