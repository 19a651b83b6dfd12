//! What can go wrong on the way: said in words, with what to do, and nothing is called missing.

use std::fs;
use std::path::Path;
use std::process::Command;

use crate::support::run::{Run, TestEnv};
use crate::support::sshd::{Kind, Servers, busybox, uzers_name, with_driftline};

/// Two equal folders: one here, and one that is meant to be reached as `far`.
fn two() -> TestEnv {
    let env = TestEnv::new();
    for folder in ["here", "there"] {
        env.write(format!("{folder}/app/a.py"), "a = 1\n");
        env.write(format!("{folder}/app/b.py"), "b = 1\n");
    }
    env
}

fn over(env: &TestEnv, servers: &Servers, far: &str, more: &[&str]) -> Run {
    let config = servers.config();
    let mut arguments = vec!["here=here", far, "--no-state", "--ssh-config", config.to_str().unwrap()];
    arguments.extend(more);
    env.driftline(arguments)
}

fn by_exec(env: &TestEnv, command: &[&str], more: &[&str]) -> Run {
    let words: Vec<String> = command.iter().map(|word| format!("{word:?}")).collect();
    let text = format!(
        "[env.here]\npath = \"here\"\n[env.far]\nexec = [{}]\npath = {:?}\n",
        words.join(", "),
        env.path("there").to_str().unwrap()
    );
    env.write("driftline.toml", text);
    let mut arguments = vec!["--no-state"];
    arguments.extend(more);
    env.driftline(arguments)
}

/// Status 3, nothing absent, and these words.
#[track_caller]
fn is_unknown(run: Run, words: &str) {
    let run = run.expect(3);
    let stderr = run.stderr();
    assert!(stderr.contains(words), "{stderr}\nlacks\n{words}");
    assert!(stderr.contains("the comparison went on with here (exit status 3)"), "{stderr}");
    let shown = run.stdout();
    for word in ["absent", "only in here", "in sync everywhere"] {
        assert!(!shown.contains(word), "{word}: {shown}");
    }
}

fn there(env: &TestEnv) -> String {
    format!("far=far:{}", env.path("there").display())
}

#[test]
fn connection_refused() {
    let env = two();
    let mut servers = Servers::start(&[("far", Kind::default())]);
    over(&env, &servers, &there(&env), &[]).expect(0).stdout();
    servers.stop("far");
    is_unknown(
        over(&env, &servers, &there(&env), &[]),
        "error: far could not be read: ssh ended with status 255\n  caused by: ssh: connect to host 127.0.0.1",
    );
}

#[test]
fn the_others_are_still_compared() {
    let env = two();
    env.write("third/app/a.py", "a = 3\n");
    env.write("third/app/b.py", "b = 1\n");
    let mut servers = Servers::start(&[("far", Kind::default())]);
    servers.stop("far");
    let run = over(&env, &servers, &there(&env), &["third=third", "--format", "json"]).expect(3);
    let report = run.json();
    let patterns: Vec<&str> =
        report["rows"].as_array().unwrap().iter().map(|row| row["pattern"].as_str().unwrap()).collect();
    assert_eq!(patterns, ["A!B", "A!A"], "{run}");
    assert!(run.stderr().contains("the comparison went on with here and third"), "{run}");
}

#[test]
fn a_host_that_has_no_name() {
    let env = two();
    let servers = Servers::start(&[("far", Kind::default())]);
    servers.configure("far", "HostName no-such-host.invalid");
    let run = over(&env, &servers, &there(&env), &[]).expect(3);
    let config = servers.config();
    let hint = format!(
        "what to do: check name and port, and that `ssh -F {} far true` works, or leave it out with --skip far",
        config.display()
    );
    assert!(run.stderr().contains(&hint), "{run}");
    is_unknown(run, "Could not resolve hostname no-such-host.invalid");
}

#[test]
fn an_unknown_host_key() {
    let env = two();
    let servers = Servers::start(&[("far", Kind::default())]);
    fs::write(servers.known_hosts(), "").unwrap();
    let run = over(&env, &servers, &there(&env), &[]);
    assert!(run.stderr().contains("once by hand and check the key, or leave it out with --skip far"), "{run}");
    assert_eq!(fs::read_to_string(servers.known_hosts()).unwrap(), "", "no key is accepted for the user");
    is_unknown(
        run,
        "far could not be read: ssh ended with status 255\n  caused by: Host key verification failed\n  what to do: run `ssh ",
    );
}

#[test]
fn a_wrong_host_key() {
    let env = two();
    let servers = Servers::start(&[("far", Kind::default()), ("other", Kind::default())]);
    let known = fs::read_to_string(servers.known_hosts()).unwrap();
    let lines: Vec<Vec<&str>> = known.lines().map(|line| line.split(' ').collect()).collect();
    fs::write(servers.known_hosts(), format!("{} {} {}\n", lines[0][0], lines[1][1], lines[1][2])).unwrap();
    is_unknown(
        over(&env, &servers, &there(&env), &[]),
        "Host key verification failed: it is not the key that is known for this host",
    );
}

#[test]
fn login_refused() {
    let env = two();
    let servers = Servers::start(&[("far", Kind::default())]);
    fs::write(servers.authorized_keys(), "").unwrap();
    let run = over(&env, &servers, &there(&env), &[]);
    assert!(run.stderr().contains("no password is asked for here, so it takes a key or an agent"), "{run}");
    is_unknown(run, "Permission denied (publickey)");
}

#[test]
fn a_host_that_hangs() {
    let env = two();
    let force = Kind { force: Some("sleep 600".to_owned()), ..Kind::default() };
    let servers = Servers::start(&[("far", force)]);
    let run = over(&env, &servers, &there(&env), &["--timeout", "1"]);
    assert!(run.stderr().contains("give it more time with --timeout SECONDS"), "{run}");
    is_unknown(run, "far could not be read: ssh said nothing for too long and was ended");
}

#[test]
fn an_account_without_a_shell() {
    let env = two();
    let force = Kind { force: Some("echo This account is currently not available.".to_owned()), ..Kind::default() };
    let servers = Servers::start(&[("far", force)]);
    is_unknown(over(&env, &servers, &there(&env), &[]), "This account is currently not available.");
}

#[test]
fn a_root_that_is_not_there() {
    let env = two();
    let servers = Servers::start(&[("far", Kind::default())]);
    is_unknown(
        over(&env, &servers, "far=far:/nowhere/at all", &[]),
        "`/nowhere/at all` is not there, or lies in a folder that may not be entered",
    );
    let file = format!("far=far:{}", env.path("there/app/a.py").display());
    is_unknown(over(&env, &servers, &file, &[]), "is a file, not a folder");
    std::os::unix::fs::symlink("nowhere", env.path("dangling")).unwrap();
    let link = format!("far=far:{}", env.path("dangling").display());
    is_unknown(over(&env, &servers, &link, &[]), "is a link to something that is not there");
}

#[test]
fn noise_before_the_answer_is_skipped_and_said() {
    let env = two();
    let noisy = "printf 'Welcome to far\\n\\033[31mred\\n'; eval \"$SSH_ORIGINAL_COMMAND\"";
    let servers = Servers::start(&[("far", Kind { force: Some(noisy.to_owned()), ..Kind::default() })]);
    let run = over(&env, &servers, &there(&env), &["--format", "json"]).expect(0);
    let incidents = run.json()["incidents"].to_string();
    assert!(
        incidents.contains("the login shell there prints `Welcome to far` and more before it answers"),
        "{incidents}"
    );
    assert_eq!(run.json()["in_sync"], 2);
}

#[test]
fn no_socket_outlives_the_run() {
    let env = two();
    let servers = Servers::start(&[("far", Kind::default())]);
    let folder = tempfile::Builder::new().prefix("s").tempdir_in("/tmp").unwrap();
    let config = servers.config();
    let far = there(&env);
    let mut command = env.command();
    command.env("TMPDIR", folder.path()).args(["here=here", &far, "--no-state", "--ssh-config"]).arg(config);
    let _ = env.run(&mut command).expect(0);
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0, "the folder of the socket is gone");
    // It was told to go, and may need a moment for it.
    let lives = || {
        let processes =
            fs::read_dir("/proc").unwrap().filter_map(|process| fs::read(process.ok()?.path().join("cmdline")).ok());
        let name = folder.path().to_str().unwrap();
        processes.into_iter().any(|words| String::from_utf8_lossy(&words).contains(name))
    };
    let until = std::time::Instant::now() + std::time::Duration::from_secs(5);
    while lives() {
        assert!(std::time::Instant::now() < until, "a connection lives on");
        std::thread::sleep(std::time::Duration::from_millis(20));
    }
}

#[test]
fn a_program_that_is_not_there() {
    let env = two();
    is_unknown(by_exec(&env, &["no-such-program", "exec"], &[]), "there is no program `no-such-program`");
}

#[test]
fn an_image_without_a_shell() {
    let env = two();
    let docker = "echo 'OCI runtime exec failed: exec: \"sh\": executable file not found in $PATH' >&2; exit 127";
    let run = by_exec(&env, &["sh", "-c", docker, "docker"], &[]);
    assert!(run.stderr().contains("there is no shell to ask; compare an archive of it"), "{run}");
    is_unknown(run, "executable file not found in $PATH");
}

#[test]
fn sudo_that_asks_for_a_password() {
    let env = two();
    env.write("bin/sudo", "#!/bin/sh\necho 'sudo: a password is required' >&2\nexit 1\n");
    make_executable(&env.path("bin/sudo"));
    let sudo = env.path("bin/sudo");
    let run = by_exec(&env, &[sudo.to_str().unwrap(), "-n", "-u", "deploy"], &[]);
    let user = uzers_name();
    let line = format!("add this line with `visudo` there: {user} ALL=(deploy) NOPASSWD: /bin/sh -s, /usr/bin/sh -s");
    assert!(run.stderr().contains(&line), "{run}");
    is_unknown(run, "sudo asks for a password");
}

#[test]
fn a_far_side_without_tools() {
    let env = two();
    fs::create_dir(env.path("tools")).unwrap();
    std::os::unix::fs::symlink("/bin/sh", env.path("tools/sh")).unwrap();
    let path = format!("PATH={}", env.path("tools").display());
    is_unknown(by_exec(&env, &["/usr/bin/env", "-i", &path], &[]), "there is neither GNU find nor a `stat`");
}

#[test]
fn a_far_side_that_cannot_digest_leaves_files_unknown() {
    let env = two();
    let tools = env.path("tools");
    fs::create_dir(&tools).unwrap();
    for tool in ["sh", "find", "stat", "xargs", "readlink", "date", "cat", "uname"] {
        std::os::unix::fs::symlink(busybox().join(tool), tools.join(tool)).unwrap();
    }
    let path = format!("PATH={}", tools.display());
    let run = by_exec(&env, &["/usr/bin/env", "-i", &path], &["--format", "json"]).expect(3);
    let report = run.json();
    assert_eq!(report["rows"][0]["pattern"], "A!", "{run}");
    assert!(report["incidents"].to_string().contains("2 files could not be read: no tool was found there"), "{run}");
}

#[test]
fn a_find_that_is_killed_leaves_the_rest_unknown() {
    let env = two();
    // It lists what it was asked for as a test, and dies as soon as it lists in earnest.
    let find = "#!/bin/sh\nfor word do case $word in *'\\0%'*) printf '=f\\000644\\0006\\0001.0\\0001.0\\0001\\0001\\0000\\0000\\000r\\000r\\000./app\\000\\000'; kill -9 $$;; esac; done\nexec /usr/bin/find \"$@\"\n";
    env.write("tools/find", find);
    make_executable(&env.path("tools/find"));
    let path = format!("PATH={}:/usr/bin:/bin", env.path("tools").display());
    is_unknown(
        by_exec(&env, &["/usr/bin/env", "-i", &path], &[]),
        "far was read in part: the listing is not complete (1 entry came)\n  caused by: `find` ended with status 137",
    );
}

/// A line that swallows a byte in the middle, and goes on as if nothing had been.
#[test]
fn an_answer_that_lost_something_on_the_way_is_incomplete() {
    let env = two();
    env.write("here/aQb", "1");
    env.write("there/aQb", "1");
    let text = |path: std::path::PathBuf| path.to_str().unwrap().to_owned();
    // Not every `dd` of busybox tells the number of bytes; then whole files are counted, and a byte of a name is not missed.
    for tools in ["/usr/bin:/bin".to_owned(), text(with_driftline())] {
        let path = format!("PATH={tools}");
        let lossy = ["sh", "-c", "\"$@\" | tr -d Q", "lossy", "/usr/bin/env", "-i", &path];
        // It holds back what it has not filled a block with, so nobody hears there that digests can be asked for.
        let run = by_exec(&env, &lossy, &["--format", "json", "--timeout", "1"]).expect(3);
        let report = run.json();
        let row = report["rows"].as_array().unwrap().iter().find(|row| row["path"] == "aQb").unwrap();
        assert_eq!(row["pattern"], "A!", "{tools} {run}");
        assert!(run.stderr().contains("far was read in part: the listing is not complete"), "{tools} {run}");
        assert!(run.stderr().contains("what connects the two loses data"), "{tools} {run}");
    }
}

#[test]
fn an_unreadable_folder_is_unknown_and_the_rest_is_compared() {
    use std::os::unix::fs::PermissionsExt as _;
    let env = two();
    for folder in ["here", "there"] {
        env.write(format!("{folder}/private/x"), "x");
        env.write(format!("{folder}/secret"), "x");
    }
    fs::set_permissions(env.path("there/private"), fs::Permissions::from_mode(0o000)).unwrap();
    fs::set_permissions(env.path("there/secret"), fs::Permissions::from_mode(0o000)).unwrap();
    fs::set_permissions(env.root(), fs::Permissions::from_mode(0o755)).unwrap();
    for tools in ["/usr/bin:/bin".to_owned(), busybox_for_all(&env), driftline_for_all(&env)] {
        let path = format!("PATH={tools}");
        let prefix: &[&str] = if rustix::process::geteuid().is_root() {
            &["setpriv", "--reuid", "65534", "--regid", "65534", "--clear-groups", "--", "/usr/bin/env", "-i", &path]
        } else {
            &["/usr/bin/env", "-i", &path]
        };
        let run = by_exec(&env, prefix, &["--format", "json"]).expect(3);
        let report = run.json();
        let pattern = |path: &str| {
            let rows = report["rows"].as_array().unwrap();
            rows.iter().find(|row| row["path"] == path).map(|row| row["pattern"].as_str().unwrap().to_owned())
        };
        assert_eq!(pattern("private/x").as_deref(), Some("A!"), "{tools} {run}");
        assert_eq!(pattern("secret").as_deref(), Some("A!"), "{tools} {run}");
        assert_eq!(report["in_sync"], 2, "{tools} {run}");
        assert!(
            report["incidents"].to_string().contains("cannot open the folder `private`: permission denied"),
            "{run}"
        );
    }
    fs::set_permissions(env.path("there/private"), fs::Permissions::from_mode(0o755)).unwrap();
}

/// Where an ordinary user may look as well.
fn driftline_for_all(env: &TestEnv) -> String {
    fs::create_dir(env.path("installed")).unwrap();
    fs::copy(env!("CARGO_BIN_EXE_driftline"), env.path("installed/driftline")).unwrap();
    format!("{}:/usr/bin:/bin", env.path("installed").display())
}

fn busybox_for_all(env: &TestEnv) -> String {
    let tools = env.path("busybox");
    fs::create_dir(&tools).unwrap();
    assert!(Command::new("busybox").args(["--install", "-s"]).arg(&tools).status().unwrap().success());
    tools.to_str().unwrap().to_owned()
}

fn make_executable(file: &Path) {
    use std::os::unix::fs::PermissionsExt as _;
    fs::set_permissions(file, fs::Permissions::from_mode(0o755)).unwrap();
}

#[test]
fn hosts_that_are_options_never_reach_ssh() {
    let env = two();
    let run = env.driftline(["here=here", "far=-oProxyCommand=touch x:/srv", "--no-state"]).expect(2);
    assert!(run.stderr().contains("a host does not begin with `-`"), "{run}");
    env.write(
        "driftline.toml",
        "[env.a]\npath = \"here\"\n[env.b]\nssh = \"-oProxyCommand=touch x\"\npath = \"/srv\"\n",
    );
    let run = env.driftline(["--no-state"]).expect(2);
    assert!(run.stderr().contains("a host does not begin with `-`"), "{run}");
    assert!(!env.path("x").exists());
}
