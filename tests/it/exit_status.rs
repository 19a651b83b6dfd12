//! The exit status is what the findings say, and every help text has the table.

use std::os::unix::fs::PermissionsExt as _;

use crate::support::run::TestEnv;

fn folders(b: &str) -> TestEnv {
    let env = TestEnv::new();
    env.write("a/app.py", "one\n");
    env.write("b/app.py", b);
    env
}

#[test]
fn in_sync() {
    let run = folders("one\n").driftline(["a=a", "b=b"]).expect(0);
    assert!(run.stdout().contains("1 in sync"), "{run}");
    assert_eq!(run.stderr(), "");
}

#[test]
fn drift() {
    let env = folders("two\n");
    let _ = env.driftline(["a=a", "b=b"]).expect(1);
    let _ = env.driftline(["diff", "app.py", "a=a", "b=b"]).expect(1);
    let _ = env.driftline(["a=a", "b=b", "--fail-on", "critical"]).expect(0);
    let _ = env.driftline(["a=a", "b=b", "--fail-on", "never"]).expect(0);
}

#[test]
fn what_is_quiet_is_no_drift() {
    let env = folders("one\r\n");
    let run = env.driftline(["a=a", "b=b"]).expect(0);
    assert!(run.stdout().contains("1 quiet"), "{run}");
    let _ = env.driftline(["a=a", "b=b", "--fail-on", "info"]).expect(1);
    let _ = env.driftline(["diff", "app.py", "a=a", "b=b"]).expect(0);
}

#[test]
fn a_difference_in_modes_alone_is_the_same_to_all_commands() {
    let env = folders("one\n");
    let mode = |mode| std::fs::set_permissions(env.path("b/app.py"), std::fs::Permissions::from_mode(mode)).unwrap();
    for (bits, least, status) in
        [(0o755, "warning", 1), (0o666, "warning", 0), (0o666, "notice", 1), (0o644, "notice", 0)]
    {
        mode(bits);
        let _ = env.driftline(["a=a", "b=b", "--fail-on", least]).expect(status);
        let _ = env.driftline(["diff", "app.py", "a=a", "b=b", "--fail-on", least]).expect(status);
        let all = env.driftline(["diff", "--all", "a=a", "b=b", "--fail-on", least]).expect(status);
        let says = format!("{bits:04o} in b");
        assert_eq!(all.stdout().contains("app.py") && all.stdout().contains(&says), bits != 0o644, "{all}");
    }
}

#[test]
fn incomplete_goes_before_drift() {
    let env = folders("two\n");
    let _ = env.driftline(["a=a", "b=b", "c=nowhere"]).expect(3);
    let _ = env.driftline(["a=a", "b=b", "c=nowhere", "--allow-incomplete"]).expect(1);
    let _ = env.driftline(["a=a", "b=b", "c=nowhere", "--allow-incomplete", "--fail-on", "never"]).expect(0);
}

#[test]
fn a_wrong_argument() {
    let run = folders("one\n").driftline(["--no-such-option"]).expect(2);
    assert!(run.stderr().contains("--no-such-option"), "{run}");
    assert_eq!(run.stdout(), "");
}

#[test]
fn help_and_manual_have_the_table() {
    let env = TestEnv::new();
    let readme = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/README.md")).unwrap();
    let help = env.driftline(["--help"]).expect(0).stdout();
    let manual = env.driftline(["man"]).expect(0).stdout().replace('\\', "");
    for meaning in [
        "in sync: no finding at or above --fail-on",
        "drift: at least one finding at or above --fail-on",
        "the arguments or the configuration are wrong",
        "something could not be read",
    ] {
        assert!(help.contains(meaning) && manual.contains(meaning) && readme.contains(meaning), "{meaning}");
    }
}

#[test]
fn completions_and_manual_know_every_command() {
    let env = TestEnv::new();
    let help = env.driftline(["--help"]).expect(0).stdout();
    let commands = help.lines().skip_while(|line| *line != "Commands:").skip(1).take_while(|line| !line.is_empty());
    let names: Vec<&str> = commands.filter(|line| line.starts_with("  ") && !line.starts_with("   ")).collect();
    let names: Vec<&str> = names.iter().filter_map(|line| line.split_whitespace().next()).collect();
    assert!(names.contains(&"doctor") && names.contains(&"init") && names.len() >= 8, "{names:?}");
    for shell in ["bash", "elvish", "fish", "powershell", "zsh"] {
        let script = env.driftline(["completions", shell]).expect(0).stdout();
        for name in &names {
            assert!(script.contains(name), "{shell} does not know {name}");
        }
        assert!(script.contains("timeout") && script.contains("driftline"), "{shell}");
    }
    let manual = env.driftline(["man"]).expect(0).stdout().replace('\\', "");
    for name in &names {
        assert!(manual.contains(&format!("driftline-{name}(1)")), "{name}");
    }
    let _ = env.driftline(["completions", "no-such-shell"]).expect(2);
}

#[test]
fn a_reader_that_goes_away_is_no_error() {
    let env = TestEnv::new();
    for number in 0..3000 {
        env.write(format!("a/file-with-a-rather-long-name-{number}"), "one");
    }
    env.write("b/other", "two");
    let mut child = env
        .command()
        .args(["a=a", "b=b", "--format", "json"])
        .stdout(std::process::Stdio::piped())
        .stderr(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    drop(child.stdout.take());
    let output = child.wait_with_output().unwrap();
    assert_eq!(String::from_utf8(output.stderr).unwrap(), "");
    assert!(output.status.code().is_some(), "{:?}", output.status);
}
