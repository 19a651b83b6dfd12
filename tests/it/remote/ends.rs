//! However a run ends: nothing is left behind, and nothing is called missing.

use std::fs;
use std::io::{BufRead as _, BufReader, Read as _};
use std::os::unix::process::ExitStatusExt as _;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use driftline::compare::{self, Cell};
use rustix::process::{Pid, Signal, kill_process};
use tempfile::tempdir;

use super::{exec, plan};
use crate::support::proxy::{Fate, Proxy};
use crate::support::run::TestEnv;
use crate::support::sshd::{Kind, Servers, busybox, with_driftline};
use crate::support::tree::Tree;

/// Processes that have this text on their command line or among their variables.
fn processes(text: &str) -> Vec<String> {
    let all = fs::read_dir("/proc").unwrap().filter_map(|process| {
        let process = process.ok()?.path();
        let said =
            [fs::read(process.join("cmdline")).ok()?, fs::read(process.join("environ")).unwrap_or_default()].concat();
        Some(String::from_utf8_lossy(&said).into_owned())
    });
    all.filter(|said| said.contains(text)).collect()
}

#[track_caller]
fn soon(what: &str, is_so: impl Fn() -> bool) {
    let until = Instant::now() + Duration::from_secs(20);
    while !is_so() {
        assert!(Instant::now() < until, "{what}");
        std::thread::sleep(Duration::from_millis(20));
    }
}

fn signal(child: &Child, signal: Signal) {
    kill_process(Pid::from_child(child), signal).unwrap();
}

/// A folder for sockets whose name is short enough.
fn short() -> tempfile::TempDir {
    tempfile::Builder::new().prefix("s").tempdir_in("/tmp").unwrap()
}

#[test]
fn a_signal_takes_connections_down() {
    for (number, stop) in [Signal::INT, Signal::TERM, Signal::HUP].into_iter().enumerate() {
        let env = TestEnv::new();
        env.write("here/a", "1");
        env.write("there/a", "1");
        let mark = env.path("listing");
        // It lists for ever once it is asked in earnest, and is known by where it lies.
        let endless = format!(
            "#!/bin/sh\nfor word do case $word in *'\\0%'*) : >{}; while :; do printf x; sleep 0.05; done;; esac; done\nexec /usr/bin/find \"$@\"\n",
            mark.display()
        );
        let find = env.write("tools/find", endless);
        fs::set_permissions(&find, std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
        let tools = env.path("tools");
        let path = format!("{}:/usr/bin:/bin", tools.display()).into();
        let servers = Servers::start(&[("far", Kind { path: Some(path), ..Kind::default() })]);
        let sockets = short();
        let far = format!("far=far:{}", env.path("there").display());
        let mut command = env.command();
        command
            .env("TMPDIR", sockets.path())
            .args(["here=here", &far, "--no-state", "--ssh-config"])
            .arg(servers.config());
        let mut child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        soon("the far side lists", || mark.exists());
        assert_eq!(fs::read_dir(sockets.path()).unwrap().count(), 1, "there is a socket");
        signal(&child, stop);
        let status = child.wait().unwrap();
        assert_eq!(status.signal(), Some(stop.as_raw()), "{number}");
        assert_eq!(fs::read_dir(sockets.path()).unwrap().count(), 0, "the folder of the socket is gone");
        let (socket, tools) = (sockets.path().to_str().unwrap(), format!("{}/find", tools.display()));
        soon("no connection lives on", || processes(socket).is_empty());
        soon("nothing runs on there", || processes(&tools).is_empty());
    }
}

#[test]
fn a_signal_while_connecting_leaves_no_folder() {
    let env = TestEnv::new();
    env.write("here/a", "1");
    let servers = Servers::start(&[("far", Kind::default())]);
    let mut proxy = None;
    servers.detour("far", |port| {
        let new = Proxy::start(port, Fate::Hang(10));
        let port = new.port;
        proxy = Some(new);
        port
    });
    let proxy = proxy.unwrap();
    let sockets = short();
    let mut command = env.command();
    command
        .env("TMPDIR", sockets.path())
        .args(["here=here", "far=far:/srv", "--no-state", "--ssh-config"])
        .arg(servers.config());
    let mut child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    soon("it connects", || proxy.connections() > 0);
    signal(&child, Signal::INT);
    assert_eq!(child.wait().unwrap().signal(), Some(2));
    assert_eq!(fs::read_dir(sockets.path()).unwrap().count(), 0);
    soon("no client lives on", || processes(sockets.path().to_str().unwrap()).is_empty());
}

/// `driftline | head -1`.
#[test]
fn a_reader_that_goes_away_ends_it_quietly() {
    let env = TestEnv::new();
    // More than a pipe holds.
    for number in 0..400 {
        env.write(format!("there/{}-{number}", "long".repeat(50)), "1");
    }
    env.write("here/a", "1");
    let servers = Servers::start(&[("far", Kind { path: Some(with_driftline()), ..Kind::default() })]);
    let sockets = short();
    let far = format!("far=far:{}", env.path("there").display());
    let mut command = env.command();
    command.env("TMPDIR", sockets.path()).args([
        "diff",
        "--format",
        "json",
        "--all",
        "here=here",
        &far,
        "--no-state",
        "--ssh-config",
    ]);
    let mut child = command.arg(servers.config()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut first = String::new();
    BufReader::with_capacity(16, child.stdout.take().unwrap()).read_line(&mut first).unwrap();
    assert_eq!(first, "{\n");
    let status = child.wait().unwrap();
    let mut said = String::new();
    child.stderr.take().unwrap().read_to_string(&mut said).unwrap();
    assert_eq!((status.code(), said.as_str()), (Some(0), ""));
    assert_eq!(fs::read_dir(sockets.path()).unwrap().count(), 0);
}

#[test]
fn a_link_that_falls_silent_is_given_up() {
    let env = TestEnv::new();
    env.write("here/a", "1");
    env.write("there/a", "1");
    let servers = Servers::start(&[("far", Kind::default())]);
    servers.detour("far", |port| Proxy::start(port, Fate::Hang(3500)).port);
    let far = format!("far=far:{}", env.path("there").display());
    let config = servers.config();
    let run =
        env.driftline(["here=here", &far, "--no-state", "--timeout", "2", "--ssh-config", config.to_str().unwrap()]);
    let run = run.expect(3);
    assert!(run.stderr().contains("far could not be read: ssh "), "{run}");
    assert!(!run.stdout().contains("absent"), "{run}");
}

#[test]
fn a_far_side_that_is_killed_is_unknown() {
    let env = TestEnv::new();
    env.write("here/a", "1");
    env.write("there/a", "1");
    // The process that serves the connection is the parent of the shell.
    let servers =
        Servers::start(&[("far", Kind { force: Some("kill -9 $PPID; sleep 5".to_owned()), ..Kind::default() })]);
    let far = format!("far=far:{}", env.path("there").display());
    let config = servers.config();
    let run = env.driftline(["here=here", &far, "--no-state", "--ssh-config", config.to_str().unwrap()]).expect(3);
    assert!(run.stderr().contains("far could not be read: ssh ended with status 255"), "{run}");
    assert!(run.stderr().contains("the comparison went on with here"), "{run}");
    assert!(!run.stdout().contains("absent"), "{run}");
}

fn tiers() -> [String; 3] {
    let text = |path: std::path::PathBuf| path.to_str().unwrap().to_owned();
    ["/usr/bin:/bin".to_owned(), text(busybox()), text(with_driftline())]
}

/// A wrapper that does something before the second command, which is the one that asks for digests.
fn before_digests(mark: &Path, act: &str, tools: &str) -> Vec<String> {
    let wrapper = format!("if [ -e {0} ]; then {act}; else : >{0}; fi; exec \"$@\"", mark.display());
    ["sh", "-c", &wrapper, "wrapper", "/usr/bin/env", "-i", &format!("PATH={tools}")].map(str::to_owned).to_vec()
}

#[test]
fn what_vanishes_after_it_was_listed_is_unknown() {
    for (number, tools) in tiers().iter().enumerate() {
        let home = tempdir().unwrap();
        let here = Tree::at(home.path().join("here")).file("gone", "1").file("linked", "2").file("stays", "3");
        let there = Tree::at(home.path().join("there")).file("gone", "1").file("linked", "2").file("stays", "3");
        let act = format!("cd {}; rm gone linked; ln -s stays linked", there.root().display());
        let command = before_digests(&home.path().join("mark"), &act, tools);
        let words: Vec<&str> = command.iter().map(String::as_str).collect();
        let mut collected = plan(here.root(), vec![exec(&words, there.root())]).collect();
        let questions = compare::questions(&collected.snapshots);
        collected.answer(&questions);
        let comparison = compare::compare(&collected.snapshots);
        let cells: Vec<Cell> = comparison.rows().map(|row| row.cells[1]).collect();
        assert!(
            matches!(cells[..], [Cell::Unreadable(_), Cell::Unreadable(_), Cell::Variant(_)]),
            "{number}: {cells:?}"
        );
        let said: Vec<&str> = collected.snapshots[1].incidents.iter().map(|incident| &*incident.message).collect();
        let expected = "`gone` is unstable: it went away, or became something else, before it was read";
        assert_eq!((said.len(), said[0]), (2, expected), "{number}");
    }
}

/// Not a byte can be written to any file there, as on a full disk.
#[test]
fn a_full_disk_there_does_not_matter() {
    for tools in tiers() {
        let home = tempdir().unwrap();
        let here = Tree::at(home.path().join("here")).file("a", "1").file("b", "2");
        let there = Tree::at(home.path().join("there")).file("a", "1").file("b", "3").link("l", "x");
        let full = "ulimit -f 0; exec \"$@\"";
        let path = format!("PATH={tools}");
        let outcome =
            plan(here.root(), vec![exec(&["sh", "-c", full, "full", "/usr/bin/env", "-i", &path], there.root())]).run();
        assert_eq!((outcome.same("a"), outcome.same("b")), (Some(true), Some(false)), "{tools}");
        assert_eq!(outcome.snapshots[1].incidents, [], "{tools}");
    }
    // The limit is one: what writes there fails.
    let probe = tempdir().unwrap();
    let status = Command::new("sh")
        .args(["-c", "ulimit -f 0; exec dd if=/dev/zero of=x count=1"])
        .current_dir(&probe)
        .stderr(Stdio::null())
        .status();
    assert!(!status.unwrap().success());
}

/// A tool named like one of the far side's, in the folder itself.
#[test]
fn nothing_in_the_folder_is_run() {
    for tools in tiers() {
        let home = tempdir().unwrap();
        let here = Tree::at(home.path().join("here")).file("a", "1");
        let mut there = Tree::at(home.path().join("there")).file("a", "1");
        let mark = home.path().join("ran");
        for tool in ["find", "stat", "xargs", "sha256sum", "b3sum", "cat", "date", "driftline", "dd", "nice", "sh"] {
            there = there.file(tool, format!("#!/bin/sh\n: >{}\n", mark.display())).mode(tool, 0o755);
        }
        let command = ["/usr/bin/env", "-i", &format!("PATH=.::bin:{tools}:")];
        // The prefix itself runs `sh` from where it was told to: outside of the folder.
        let outcome = plan(here.root(), vec![exec(&command, there.root())]).run();
        assert_eq!(outcome.same("a"), Some(true), "{tools}");
        assert!(!mark.exists(), "{tools}");
    }
}
