//! What `driftline schedule` prints, judged by those who read it: systemd's own checks, and a shell after cron's rule about `%`.

use std::fs;
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::path::{Path, PathBuf};
use std::process::Command;

use driftline::report::schedule::{Needs, Schedule, TimeOfDay, write_crontab};

use crate::support::run::TestEnv;

/// A path with all that a unit, a crontab or a shell could take for more than a part of a name.
const ODD: &str = r#"o d%h/"q"$HOME/it's;&#/100%/b\\s\%/(x)*?/~ü"#;

/// Two folders and a configuration, below a folder of this name.
fn project(below: &str, environments: &str) -> (TestEnv, PathBuf) {
    let env = TestEnv::new();
    env.write(format!("{below}/srv/a/app.py"), "1\n");
    env.write(format!("{below}/srv/b/app.py"), "22\n");
    let config = env.write(format!("{below}/driftline.toml"), environments);
    (env, config)
}

const LOCAL: &str = "[env.a]\npath = \"srv/a\"\n[env.b]\npath = \"srv/b\"\n";

/// What a schedule of a configuration looks like in one of its forms.
fn printed(env: &TestEnv, config: &Path, words: &[&str]) -> String {
    let mut command = env.command();
    command.arg("schedule").arg("--config").arg(config).args(["--state-dir", "state"]).args(words);
    env.run(&mut command).expect(0).stdout()
}

/// Has systemd judge both units; it says nothing where nothing is wrong.
fn verify(env: &TestEnv, config: &Path, words: &[&str]) -> String {
    let folder = tempfile::tempdir_in(env.root()).unwrap();
    for part in ["service", "timer"] {
        let words: Vec<&str> = words.iter().chain(&["--name", "night", "--as", part]).copied().collect();
        fs::write(folder.path().join(format!("driftline-night.{part}")), printed(env, config, &words)).unwrap();
    }
    let mut command = Command::new("systemd-analyze");
    if words.contains(&"--user") {
        command.arg("--user");
    }
    command.args(["verify", "--man=no", "--recursive-errors=no", "driftline-night.timer", "driftline-night.service"]);
    command.current_dir(folder.path()).env("XDG_RUNTIME_DIR", folder.path());
    let output = command.output().expect("`systemd-analyze` judges units");
    let said = format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{said}");
    said
}

#[test]
fn units_of_any_configuration_pass_the_checks_of_systemd() {
    let far = "[env.b]\nssh = \"web-1\"\npath = \"/srv\"\n";
    let docker = "[env.b]\nexec = [\"docker\", \"exec\", \"-i\", \"web\"]\npath = \"/srv\"\n";
    let sudo = "[env.b]\nexec = [\"sudo\", \"-n\"]\npath = \"/srv\"\n";
    let here = "[env.a]\npath = \"srv/a\"\n";
    for environments in [LOCAL.to_owned(), format!("{here}{far}"), format!("{here}{docker}"), format!("{here}{sudo}")] {
        let (env, config) = project("plain", &environments);
        for words in [&["--at", "4:05"][..], &["--user", "--out", "night ly/100%"]] {
            assert_eq!(verify(&env, &config, words), "", "{environments} {words:?}");
        }
    }
}

/// systemd looks for the program, and finds it only if it reads the odd name as it was meant.
#[test]
fn odd_paths_are_read_by_systemd_as_they_are() {
    let (env, config) = project(ODD, LOCAL);
    // It starts no program with a quote or a backslash in its path.
    let program = env.path(ODD.replace(['"', '\'', '\\'], "_")).join("drift line");
    fs::create_dir_all(program.parent().unwrap()).unwrap();
    // Copied by another process: a program that this one has open for writing while it starts others cannot be run.
    assert!(Command::new("cp").arg(env!("CARGO_BIN_EXE_driftline")).arg(&program).status().unwrap().success());
    let unit = |text: &str| {
        let file = env.write("odd.service", text);
        Command::new("systemd-analyze")
            .args(["verify", "--man=no", "--recursive-errors=no"])
            .arg(&file)
            .output()
            .unwrap()
    };
    let mut command = Command::new(&program);
    command.env_clear().env("HOME", env.path("home")).current_dir(env.path(ODD));
    let run =
        env.run(command.args(["schedule", "--as", "service", "--out", "re ports", "--config"]).arg(&config)).expect(0);
    let text = run.stdout();
    let output = unit(&text);
    assert!(output.status.success() && output.stderr.is_empty(), "{output:?} {text}");
    let other = unit(&text.replace("drift line\"", "drift linX\""));
    assert!(!other.status.success(), "it looks for the program");
    // A folder that is not read as an absolute path is said.
    let other = unit(&text.replace("ReadWritePaths=\"/", "ReadWritePaths=\"%%/"));
    assert!(String::from_utf8_lossy(&other.stderr).contains("ReadWritePaths= path is not absolute"), "{other:?}");
    let quoted = env.path(ODD).join("driftline");
    fs::rename(&program, &quoted).unwrap();
    let mut command = Command::new(&quoted);
    command.env_clear().env("HOME", env.path("home")).current_dir(env.root());
    let refused = env.run(command.args(["schedule", "--config"]).arg(&config)).expect(2);
    assert!(refused.stderr().contains("systemd starts no program that is called"), "{refused}");
}

#[test]
fn units_fit_what_the_configuration_needs() {
    let service = |environments: &str, words: &[&str]| {
        let (env, config) = project("plain", environments);
        let words: Vec<&str> = words.iter().copied().chain(["--as", "service"]).collect();
        printed(&env, &config, &words).replace(env.root().to_str().unwrap(), "[ROOT]")
    };
    let local = service(LOCAL, &[]);
    for line in [
        "PrivateNetwork=yes",
        "ProtectSystem=strict",
        "NoNewPrivileges=yes",
        "RestrictAddressFamilies=AF_UNIX",
        "SuccessExitStatus=1",
        "UMask=0077",
        "ReadWritePaths=[ROOT]/state",
        "SystemCallFilter=@system-service",
        "Nice=10",
        "IOSchedulingClass=idle",
        "TimeoutStartSec=4h",
    ] {
        assert!(local.lines().any(|it| it == line), "{line}: {local}");
    }
    assert!(!local.contains("network-online") && !local.contains("PrivateUsers"), "{local}");
    let temporary = service(LOCAL, &["--out", "/var/tmp/reports"]);
    assert!(!temporary.contains("PrivateTmp=yes"), "{temporary}");
    assert!(temporary.contains("ReadWritePaths=/var/tmp/reports\n"), "{temporary}");
    let here = "[env.a]\npath = \"srv/a\"\n";
    let ssh = service(&format!("{here}[env.b]\nssh = \"web-1\"\npath = \"/srv\"\n"), &[]);
    assert!(ssh.contains("After=network-online.target") && ssh.contains("ProtectHome=read-only"), "{ssh}");
    assert!(ssh.contains("AF_INET6") && !ssh.contains("PrivateNetwork"), "{ssh}");
    let skipped = service(
        &format!("{here}[env.c]\npath = \"srv/b\"\n[env.b]\nssh = \"web-1\"\npath = \"/srv\"\n"),
        &["--skip", "b"],
    );
    assert!(skipped.contains("PrivateNetwork=yes") && skipped.contains("--skip b"), "{skipped}");
    let exec =
        |program: &str| service(&format!("{here}[env.b]\nexec = [\"{program}\", \"x\"]\npath = \"/srv\"\n"), &[]);
    let docker = exec("docker");
    assert!(docker.contains("NoNewPrivileges=yes") && docker.contains("WorkingDirectory=[ROOT]"), "{docker}");
    for program in ["sudo", "./enter.sh"] {
        let unit = exec(program);
        assert!(!unit.contains("NoNewPrivileges=yes") && unit.contains("ProtectSystem=strict"), "{unit}");
        // Each of these brings it along.
        for implied in [
            "SystemCall",
            "Restrict",
            "PrivateDevices",
            "ProtectKernel",
            "ProtectClock",
            "LockPersonality",
            "MemoryDeny",
        ] {
            assert!(!unit.contains(implied), "{implied} {unit}");
        }
    }
    // A user's own systemd would make user namespaces for these, and owners would be wrong.
    let own = service(LOCAL, &["--user"]);
    for key in ["Protect", "Private", "ReadWritePaths", "User=", "CapabilityBoundingSet"] {
        assert!(!own.contains(key), "{key} {own}");
    }
}

#[test]
fn who_is_told_can_be_told() {
    let mail = "to = [\"ops@example.org\"]\nfrom = \"drift@example.org\"\n";
    let printed = |target: &str, words: &[&str]| {
        let (env, config) = project("told", &format!("{LOCAL}[notify.them]\n{target}"));
        printed(&env, &config, words)
    };
    let chat = printed("url_env = \"DRIFT_HOOK\"\n", &[]);
    assert!(chat.contains("AF_INET6") && chat.contains("network-online") && !chat.contains("PrivateNetwork"), "{chat}");
    assert!(chat.contains("EnvironmentFile=-/etc/driftline/driftline-told.env\n"), "{chat}");
    assert!(chat.contains("DRIFT_HOOK=...") && chat.contains("NoNewPrivileges=yes"), "{chat}");
    let own = printed("url_env = \"DRIFT_HOOK\"\n", &["--user"]);
    assert!(own.contains("EnvironmentFile=-%h/.config/driftline/driftline-told.env\n"), "{own}");
    let cron = printed("url_env = \"DRIFT_HOOK\"\n", &["--as", "cron"]);
    assert!(cron.contains("# Who is told") && cron.contains("DRIFT_HOOK=..."), "{cron}");
    let smtp =
        printed(&format!("{mail}smtp = \"mail.example.org\"\nuser = \"me\"\npassword_file = \"/root/mail\"\n"), &[]);
    assert!(smtp.contains("ProtectHome=read-only") && !smtp.contains("EnvironmentFile"), "{smtp}");
    let command = printed(&format!("{mail}sendmail = [\"/usr/sbin/sendmail\", \"-t\"]\n"), &[]);
    assert!(command.contains("ReadWritePaths=-/var/spool") && !command.contains("NoNewPrivileges=yes"), "{command}");
}

#[test]
fn what_was_typed_holds_every_night() {
    let (env, config) = project("plain", LOCAL);
    let words = [
        "--at",
        "23:07",
        "--fail-on",
        "new:warning",
        "--allow-incomplete",
        "--ignore",
        "*.log x",
        "--timeout",
        "9",
        "--threads",
        "2",
        "--format",
        "sarif",
        "--out",
        "plain/../out",
        "--name",
        "mine",
        "a",
        "b",
    ];
    let text = printed(&env, &config, &words);
    let root = env.root().canonicalize().unwrap();
    let start = text.lines().find(|line| line.starts_with("ExecStart=")).unwrap();
    let end = format!(
        " report a b --config {0}/plain/driftline.toml --state-dir {0}/state --ignore \"*.log x\" --timeout 9 --threads 2 \
         --fail-on new:warning --allow-incomplete --out {0}/out --format sarif",
        root.display()
    );
    assert!(start.ends_with(&end), "{start}\n{end}");
    assert!(text.contains("OnCalendar=*-*-* 23:07:00\n") && text.contains("Persistent=true"), "{text}");
    // What is typed to install the units prints the same units.
    for part in ["service", "timer"] {
        let end = format!(" --as {part}");
        let line = text.lines().find_map(|line| line.strip_prefix("#   ").filter(|line| line.contains(&end))).unwrap();
        let printing = &line[..line.find(&end).unwrap() + end.len()];
        let mut shell = Command::new("sh");
        shell
            .args(["-c", printing])
            .current_dir("/")
            .env_clear()
            .env("HOME", env.path("home"))
            .env("PATH", "/usr/bin:/bin");
        let unit = env.run(&mut shell).expect(0).stdout();
        assert!(text.contains(&format!("driftline-mine.{part}\n\n{unit}")), "{unit}");
    }
    assert!(
        env.path("state").exists() && !env.path("out").exists(),
        "nothing was made but the key of this installation"
    );
}

#[test]
fn what_cannot_be_scheduled_is_refused() {
    let (env, config) = project("plain", LOCAL);
    let refused = |words: &[&str], said: &str| {
        let mut command = env.command();
        let run = env.run(command.arg("schedule").arg("--config").arg(&config).args(words)).expect(2);
        assert!(run.stderr().contains(said) && run.stdout().is_empty(), "{run}");
    };
    refused(&["--at", "25:00"], "no time of day");
    refused(&["--out", "plain/srv/a/reports"], "lies in the environment `a`");
    refused(&["--no-state"], "name a folder for them: --out");
    refused(&["--name", "../x"], "no name for a unit");
    refused(&["--out", "a\nb"], "not all of its characters can be typed");
    refused(&["nobody"], "is no environment");
    refused(&["--as", "cron", "--user"], "a crontab");
    refused(&["--as", "cron", "--ignore", &"x".repeat(1000)], "too long");
    let typed = env.driftline(["schedule", "a=plain/srv/a"]).expect(2);
    assert!(typed.stderr().contains("only a configuration can be scheduled"), "{typed}");
}

/// What several crons make of a command: all of them end it at a `%` without a backslash; the first leaves the backslash of others where it is,
/// the second takes it away, the third takes that of a backslash away as well.
fn as_cron(command: &str, kind: u8) -> String {
    let mut out = String::new();
    let mut letters = command.chars();
    while let Some(c) = letters.next() {
        match c {
            '%' => panic!("cron ends the command here: {command}"),
            '\\' => match letters.next() {
                Some('%') if kind >= 1 => out.push('%'),
                Some('\\') if kind == 2 => out.push('\\'),
                other => out.extend(std::iter::once('\\').chain(other)),
            },
            c => out.push(c),
        }
    }
    out
}

fn command_of(line: &str) -> &str {
    line.splitn(6, ' ').nth(5).unwrap()
}

#[test]
fn a_crontab_line_makes_the_report_although_its_paths_are_odd() {
    let (env, config) = project(ODD, LOCAL);
    for kind in 0..3 {
        let out = format!("{ODD}/out {kind}");
        let text = printed(&env, &config, &["--as", "cron", "--at", "2:05", "--out", &out, "--format", "json"]);
        let line = text.lines().last().unwrap();
        assert!(line.starts_with("5 2 * * * umask 077; nice -n 10 /"), "{line}");
        let others: Vec<&str> = text.lines().filter(|line| !line.starts_with('#')).collect();
        assert_eq!(others, [line], "all else is a comment");
        let mut shell = Command::new("/bin/sh");
        shell.args(["-c", &as_cron(command_of(line), kind)]).current_dir(env.path("home"));
        shell.env_clear().env("HOME", env.path("home")).env("PATH", "/usr/bin:/bin").env("SHELL", "/bin/sh");
        let _ = env.run(&mut shell).expect(1);
        let file = env.path(out).join("report.json");
        assert_eq!(file.metadata().unwrap().permissions().mode() & 0o777, 0o600);
        let report: serde_json::Value = serde_json::from_slice(&fs::read(file).unwrap()).unwrap();
        assert_eq!(report["run"]["number"], u64::from(kind) + 1, "they are of one history");
    }
}

#[test]
fn every_word_comes_through_cron_and_a_shell() {
    let env = TestEnv::new();
    let link = env.path(r"li'nk %\\");
    symlink("/usr/bin/printf", &link).unwrap();
    let odd = [
        r"\", r"\\", r"\\\%", "%", "%%", r"\%\", "'", r"'\''", "\"", "$(id)", "`id`", "a b", "", "*", "~", "#", "!x",
        "äß 日", r"\n", ";", "&",
    ];
    let both: Vec<String> = odd.iter().flat_map(|a| odd.iter().map(move |b| format!("x{a}{b}"))).collect();
    for words in both.chunks(12) {
        let command: Vec<String> =
            [link.to_str().unwrap(), r"%s\n"].map(str::to_owned).into_iter().chain(words.iter().cloned()).collect();
        let schedule = Schedule {
            name: "driftline-x".to_owned(),
            command,
            printing: Vec::new(),
            trying: Vec::new(),
            at: TimeOfDay::parse("02:30").unwrap(),
            user: "deploy".to_owned(),
            is_root: false,
            folder: None,
            writable: Vec::new(),
            search: None,
            variables: Vec::new(),
            needs: Needs::default(),
        };
        let mut out = Vec::new();
        write_crontab(&schedule, &mut out).unwrap();
        let text = String::from_utf8(out).unwrap();
        for kind in 0..3 {
            let command = as_cron(command_of(text.lines().last().unwrap()), kind);
            let output = Command::new("/bin/sh").args(["-c", &command]).output().unwrap();
            let said = String::from_utf8(output.stdout).unwrap();
            assert_eq!(said, words.iter().map(|word| format!("{word}\n")).collect::<String>(), "{command}");
        }
    }
}
