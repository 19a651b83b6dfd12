//! What holds over all commands, widths and numbers of environments.

use std::os::unix::fs::PermissionsExt as _;
use std::os::unix::process::ExitStatusExt as _;
use std::process::Stdio;

use rustix::process::{Pid, Signal, kill_process};

use crate::support::run::TestEnv;
use crate::support::tree::settle;

/// So many environments of which each has a version of its own of one file.
fn crowd(env: &TestEnv, number: usize) -> Vec<String> {
    (0..number)
        .map(|at| {
            env.write(format!("crowd/{at}/app/settings.py"), format!("{at}\n"));
            format!("environment{at}=crowd/{at}")
        })
        .collect()
}

#[test]
fn the_first_screen_fits_whatever_is_compared() {
    let env = TestEnv::new();
    for number in [1, 2, 3, 5, 10, 26, 52] {
        let environments = crowd(&env, number);
        for columns in [40, 60, 80, 100, 200] {
            let width = columns.to_string();
            let run = env.driftline(environments.iter().map(String::as_str).chain(["--width", &width]));
            let run = run.expect(i32::from(number > 1));
            let text = run.stdout();
            assert!(text.lines().count() <= 40, "{run}");
            // Commands to type are never cut, and the numbers of an environment take their room.
            if columns < 80 {
                continue;
            }
            let lines = text.split("next:").next().unwrap().lines();
            let wide: Vec<&str> = lines.filter(|line| line.chars().count() > columns).collect();
            assert!(wide.is_empty(), "{number} environments, {columns} columns: {wide:#?}");
        }
    }
}

#[test]
fn fifty_two_environments_are_told_apart_and_no_more() {
    let env = TestEnv::new();
    let environments = crowd(&env, 53);
    let report =
        env.driftline(environments[1..].iter().map(String::as_str).chain(["--format", "json"])).expect(1).json();
    assert_eq!(report["rows"][0]["pattern"], "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz");
    let run = env.driftline(&environments).expect(2);
    assert_eq!(run.stderr(), "error: 53 environments are too many: at most 52 can be told apart\n");
}

#[test]
fn an_environment_that_is_not_there_is_read_by_nothing() {
    let env = TestEnv::new();
    env.write("a/x", "1");
    env.write("a/y", "2");
    let text = env.driftline(["a=a", "b=b"]).expect(3).stdout();
    let line = text.lines().find(|line| line.starts_with("  B b")).unwrap();
    assert!(line.ends_with(" nothing"), "{text}");
}

#[test]
fn a_demo_that_is_interrupted_leaves_nothing_behind() {
    for signal in [Signal::INT, Signal::TERM] {
        let env = TestEnv::new();
        let folder = env.path("tmp");
        std::fs::create_dir(&folder).unwrap();
        let things = || std::fs::read_dir(&folder).unwrap().count();
        let mut demo = env.command().arg("demo").env("TMPDIR", &folder).stdout(Stdio::piped()).spawn().unwrap();
        while things() == 0 {
            assert_eq!(demo.try_wait().unwrap(), None);
            std::thread::yield_now();
        }
        kill_process(Pid::from_child(&demo), signal).unwrap();
        let output = demo.wait_with_output().unwrap();
        assert_eq!(output.status.signal(), Some(signal.as_raw()));
        assert_eq!(things(), 0);
    }
}

#[test]
fn a_file_that_differs_in_its_mode_alone_says_so() {
    let env = TestEnv::new();
    for (name, mode) in [("a", 0o755), ("b", 0o644)] {
        let path = env.write(format!("{name}/run.sh"), "#!/bin/sh\n");
        std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).unwrap();
    }
    let text = env.driftline(["diff", "run.sh", "a=a", "b=b"]).expect(1).stdout();
    assert!(text.contains("\n  one content in all\n  modes differ: 0755 in a, 0644 in b\n"), "{text}");
}

#[test]
fn what_the_demo_says_to_type_can_be_typed() {
    let env = TestEnv::new();
    let text = env.driftline(["demo", "--keep", "my servers"]).expect(0).stdout();
    assert!(text.contains("\n  cd 'my servers'\n"), "{text}");
}

#[test]
fn a_file_that_moved_and_was_edited_is_one_file() {
    let env = TestEnv::new();
    let text = |rest: &str, mark: &str| -> String {
        (0..30).map(|at| format!("line {at} {}\n", if at % 10 == 3 { mark } else { rest })).collect()
    };
    env.write("prod/modules/mailer.py", text("same", "old"));
    env.write("main/app/mailer.py", text("same", "new"));
    env.write("prod/lib/report.py", text("a report", ""));
    env.write("main/lib/roster.py", text("a roster", ""));
    // The cache trusts no file that may still change within one tick of the clock.
    settle();
    let run = |status| env.driftline(["prod=prod", "main=main", "--format", "json"]).expect(status).json();
    let (first, second) = (run(1), run(1));
    let moves = first["moves"].as_array().unwrap();
    assert_eq!(moves.len(), 1, "{moves:#?}");
    assert_eq!(moves[0]["places"][0]["path"], "modules/mailer.py");
    assert_eq!(moves[0]["places"][1]["path"], "app/mailer.py");
    assert_eq!((&moves[0]["files"], &moves[0]["edited"]), (&0.into(), &1.into()));
    let codes: Vec<&str> =
        first["findings"].as_array().unwrap().iter().map(|found| found["code"].as_str().unwrap()).collect();
    assert_eq!(codes, ["moved", "only-in", "only-in", "not-versioned", "not-versioned"]);
    assert_eq!(second["moves"], first["moves"]);
    assert_eq!(second["counters"]["files_opened"], 0);
}
