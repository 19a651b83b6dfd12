//! What goes wrong around a history: killed runs, two at once, no room, no right to write, damage.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::{Project, files_in, lines};
use crate::support::run::TestEnv;

const KILLS: usize = 500;

fn tiny() -> Project {
    Project::new("", &[("prod", "app.py", "a\n"), ("staging", "app.py", "bb\n")])
}

/// A run is killed after some time, again and again; the times are spread over how long a whole run takes, and a little more.
#[test]
fn a_run_that_is_killed_at_any_moment_leaves_all_or_nothing() {
    let kills = AtomicUsize::new(0);
    let unfinished = AtomicUsize::new(0);
    std::thread::scope(|scope| {
        for worker in 0..4u32 {
            let (kills, unfinished) = (&kills, &unfinished);
            scope.spawn(move || kill_again_and_again(worker, kills, unfinished));
        }
    });
    let unfinished = unfinished.load(Ordering::Relaxed);
    assert!(unfinished > KILLS / 10, "only {unfinished} of {KILLS} were killed before their end: nothing was proven");
}

fn kill_again_and_again(worker: u32, kills: &AtomicUsize, unfinished: &AtomicUsize) {
    let project = tiny();
    let forms = ["--format", "json", "--format", "sarif", "--format", "junit", "--format", "html"];
    let words = [&["report", "--out", "out", "--threads", "1"][..], &forms].concat();
    let time = || {
        let began = Instant::now();
        let _ = project.run(1, &words).expect(1);
        began.elapsed()
    };
    // The quickest of a few: the machine may have been busy with something else.
    let whole = time().min(time()).min(time());
    // The same pseudo-random moments in each run of the test.
    let mut state = 0x9e37_79b9_7f4a_7c15_u64 ^ u64::from(worker);
    let mut night = 1;
    while kills.fetch_add(1, Ordering::Relaxed) < KILLS {
        night += 1;
        // The finding is another one each night, so that each run has something to write.
        project.write("prod", "app.py", &"x".repeat(usize::try_from(night).unwrap()));
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        let wait = whole.mul_f64((state % 1000) as f64 / 1000.0 * 1.1);
        let mut child = project.command(night, &words).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        std::thread::sleep(wait);
        child.kill().unwrap();
        let status = child.wait().unwrap();
        unfinished.fetch_add(usize::from(status.code().is_none()), Ordering::Relaxed);
        let report = whole_files(&project);
        let number = report["run"]["number"].as_u64().unwrap();
        if status.code().is_some() {
            assert_eq!(number, check(&project, night), "a run that came to its end is in both places");
        } else if night % 16 == 0 {
            assert!(number <= check(&project, night), "a report is not put in place before its run is kept");
        }
    }
    check(&project, night + 1);
}

/// Every file of the last report that came so far can be read by whoever reads such files; gives the JSON.
fn whole_files(project: &Project) -> Value {
    let text = |name: &str| fs::read_to_string(project.env.path("out").join(name)).unwrap();
    let json = |name: &str| -> Value {
        serde_json::from_str(&text(name)).unwrap_or_else(|error| panic!("{name} is not whole: {error}"))
    };
    assert_eq!(json("report.sarif")["version"], "2.1.0");
    roxmltree::Document::parse(&text("report.xml")).unwrap_or_else(|error| panic!("report.xml is not whole: {error}"));
    assert!(text("report.html").trim_end().ends_with("</html>"), "report.html is not whole");
    json("report.json")
}

/// The history opens, its runs are numbered without gaps, and what a further report says of the last one fits its findings.
fn check(project: &Project, night: i64) -> u64 {
    let history = project.run(night, &["history", "--format", "json"]).expect(0).json();
    let numbers: Vec<u64> =
        history["runs"].as_array().unwrap().iter().map(|run| run["number"].as_u64().unwrap()).collect();
    let first = numbers[0];
    assert!(numbers.iter().copied().eq(first..first + numbers.len() as u64), "{numbers:?}");
    for run in history["runs"].as_array().unwrap() {
        assert_eq!(run["coverage"], json!({ "prod": "all", "staging": "all" }), "a run is not half there");
        assert_eq!(run["open"]["warning"], 1);
    }
    *numbers.last().unwrap()
}

#[test]
fn two_runs_at_once_come_one_after_the_other() {
    let project = tiny();
    project.report(1, &[], 1);
    let reports = Mutex::new(Vec::new());
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                let report = project.report(2, &[], 1);
                reports.lock().unwrap().push(report["run"]["number"].as_u64().unwrap());
            });
        }
    });
    let mut numbers = reports.into_inner().unwrap();
    numbers.sort_unstable();
    assert_eq!(numbers, [2, 3, 4, 5]);
}

#[test]
fn a_run_waits_for_another_and_says_so() {
    let project = tiny();
    project.report(1, &[], 1);
    let [history] = &project.histories()[..] else { panic!("there is one history") };
    let mut other = rusqlite::Connection::open(history).unwrap();
    let writing = other.transaction_with_behavior(rusqlite::TransactionBehavior::Immediate).unwrap();
    let mut command = project.command(2, &["report"]);
    let child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    std::thread::sleep(Duration::from_millis(1500));
    writing.commit().unwrap();
    let output = child.wait_with_output().unwrap();
    let said = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert!(said.contains("waiting for another driftline, which is writing the history"), "{said}");
    assert_eq!(project.report(3, &[], 1)["run"]["number"], 3);
}

#[test]
fn a_damaged_or_newer_history_is_left_as_it_is() {
    let project = tiny();
    project.report(1, &[], 1);
    let [history] = &project.histories()[..] else { panic!("there is one history") };
    let whole = fs::read(history).unwrap();
    let mut newer = whole.clone();
    newer[60..64].copy_from_slice(&77u32.to_be_bytes());
    let mut damaged = whole.clone();
    damaged[4096..].fill(7);
    for (bytes, words) in [
        (newer, "was written by a newer driftline: it has version 77, and 2 is the latest that this one knows"),
        (damaged, "is damaged: "),
        (b"nothing of the kind".to_vec(), "is damaged: "),
    ] {
        fs::write(history, &bytes).unwrap();
        let report = project.report(2, &[], 3);
        assert_eq!(report["run"]["history"], "unavailable");
        assert!(report["run"]["because"].as_str().unwrap().contains(words), "{report:#}");
        assert!(report["exit"]["incomplete"][0].as_str().unwrap().contains(words));
        assert_eq!(lines(&report["findings"]), ["new content-differs app.py"], "the report is made all the same");
        let run = project.run(2, &["report", "--out", "out"]).expect(3);
        assert!(run.stderr().contains("the history could not be read") && run.stderr().contains(words), "{run}");
        assert!(files_in(&project.env.path("out")).len() > 1);
        let refused = project.run(2, &["history"]).expect(2);
        assert!(refused.stderr().contains(words), "{refused}");
        project.report(2, &["--allow-incomplete"], 1);
        assert_eq!(fs::read(history).unwrap(), bytes, "nothing is lost");
    }
    fs::write(history, &whole).unwrap();
    assert_eq!(lines(&project.report(2, &[], 1)["findings"]), ["still content-differs app.py"]);
}

/// The binary where an ordinary user may start it, and a project that such a user may read.
fn for_everybody(project: &Project) -> impl Fn(i64, &[&str]) -> Command {
    let root = project.env.root();
    fs::set_permissions(root, fs::Permissions::from_mode(0o755)).unwrap();
    let binary = project.env.path("driftline");
    // Copied by another process: a program that this one has open for writing while it starts others cannot be run.
    assert!(Command::new("cp").arg(env!("CARGO_BIN_EXE_driftline")).arg(&binary).status().unwrap().success());
    move |night, words| {
        let prepared = project.command(night, &[]);
        let mut command = if rustix::process::geteuid().is_root() {
            let mut command = Command::new("setpriv");
            command.args(["--reuid", "65534", "--regid", "65534", "--clear-groups", "--"]).arg(&binary);
            command
        } else {
            Command::new(&binary)
        };
        command.args(words).current_dir(root).env_clear().stdin(Stdio::null());
        command.envs(prepared.get_envs().filter_map(|(key, value)| Some((key, value?))));
        command
    }
}

#[test]
fn a_state_folder_that_cannot_be_written_to_is_read() {
    let project = tiny();
    let state = project.env.path("state");
    project.report(1, &["--state-dir", "state"], 1);
    let [history] = &files_in(&state.join("history"))[..] else { panic!("there is one history") };
    fs::set_permissions(history, fs::Permissions::from_mode(0o444)).unwrap();
    for folder in [&state, &state.join("history")] {
        fs::set_permissions(folder, fs::Permissions::from_mode(0o555)).unwrap();
    }
    let before = fs::read(history).unwrap();
    let command = for_everybody(&project);
    let run = project.env.run(&mut command(2, &["report", "--format", "json", "--state-dir", "state"])).expect(3);
    let report = run.json();
    assert_eq!((&report["run"]["history"], &report["run"]["number"]), (&json!("read-only"), &json!(null)));
    assert_eq!(lines(&report["findings"]), ["still content-differs app.py"]);
    assert!(run.stderr().contains("this report is not in the history"), "{run}");
    assert!(run.stderr().contains("cannot add to the history"), "{run}");
    assert_eq!(fs::read(history).unwrap(), before);
    let _ = project.env.run(&mut command(2, &["history", "--state-dir", "state"])).expect(0);
    // Where there is nothing yet, the first report says that it is not kept.
    let empty = project.env.path("empty");
    fs::create_dir(&empty).unwrap();
    fs::set_permissions(&empty, fs::Permissions::from_mode(0o555)).unwrap();
    let run = project.env.run(&mut command(2, &["report", "--format", "json", "--state-dir", "empty"])).expect(3);
    assert_eq!((&run.json()["run"]["history"], &run.json()["run"]["first"]), (&json!("read-only"), &json!(true)));
    for folder in [&state, &state.join("history"), &empty] {
        fs::set_permissions(folder, fs::Permissions::from_mode(0o755)).unwrap();
    }
}

/// A file may grow to so many bytes and no further: what a full disk is to a program.
fn with_room(command: &mut Command, blocks: u32) -> Command {
    let mut limited = Command::new("sh");
    limited.args(["-c", &format!("trap '' XFSZ; ulimit -f {blocks}; exec \"$@\""), "sh"]);
    limited.arg(command.get_program()).args(command.get_args());
    limited.current_dir(command.get_current_dir().unwrap()).stdin(Stdio::null()).env_clear();
    limited.envs(command.get_envs().filter_map(|(key, value)| Some((key, value?))));
    limited
}

#[test]
fn where_there_is_no_room_nothing_is_lost() {
    let project = tiny();
    let _ = project.run(1, &["report", "--format", "json", "--out", "out"]).expect(1);
    let [history] = &project.histories()[..] else { panic!("there is one history") };
    let kept = fs::read(project.env.path("out/report.json")).unwrap();
    // Many findings, so that the history has to grow.
    for at in 0..300 {
        project.write("prod", &format!("new/{at:03}/{}", "long".repeat(20)), "x");
        project.write("staging", &format!("new/{at:03}/{}", "long".repeat(20)), "yy");
    }
    let blocks = u32::try_from(fs::metadata(history).unwrap().len() / 512).unwrap();
    let mut command = project.command(2, &["report", "--format", "json", "--no-state"]);
    let wanted = project.env.run(&mut command).expect(1).stdout().len();
    assert!(wanted > 100_000);
    // The report goes to a pipe; only the history has no room.
    let run =
        project.env.run(&mut with_room(&mut project.command(2, &["report", "--format", "json"]), blocks)).expect(3);
    let report = run.json();
    assert_eq!(report["run"]["history"], "read-only", "{run}");
    assert!(run.stderr().contains("cannot add to the history"), "{run}");
    assert!(lines(&report["findings"]).contains(&"still content-differs app.py".to_owned()));
    // Nor have the files.
    let mut command = project.command(2, &["report", "--format", "json", "--out", "out"]);
    let run = project.env.run(&mut with_room(&mut command, blocks)).expect(2);
    assert!(run.stderr().contains("cannot write a report to"), "{run}");
    assert_eq!(fs::read(project.env.path("out/report.json")).unwrap(), kept, "the earlier report is whole");
    assert_eq!(files_in(&project.env.path("out")).len(), 1, "nothing is left lying about");
    let second = project.report(2, &[], 1);
    assert_eq!(second["run"]["number"], 2, "what failed is not in the history");
}

#[test]
fn no_secret_is_in_any_store() {
    let secret = "hunter2-correct-horse";
    let project = Project::new(
        "focus = [\".env\", \"config.py\"]\n",
        &[
            ("prod", ".env", &format!("PASSWORD={secret}\n")),
            ("staging", ".env", "PASSWORD=another-long-one\n"),
            ("prod", "config.py", &format!("password = \"{secret}\"\nport = 1\n")),
            ("staging", "config.py", &format!("password = \"{secret}\"\nport = 22\n")),
            ("prod", "config.py.orig", &format!("password = \"{secret}\"\n")),
        ],
    );
    let repo = crate::support::repo::Repo::init(project.env.path("prod"));
    repo.commit(&format!("Set password={secret}"));
    project.write("prod", "config.py", &format!("password = \"{secret}\"\nport = 333\n"));
    repo.git(&["stash", "push", "-q", "-m", &format!("password={secret}")]);
    project.write("prod", "config.py", &format!("password = \"{secret}\"\nport = 4444\n"));
    let _ = project.run(1, &["report", "--out", "out"]).expect(1);
    let _ = project.run(1, &["accept", "--all", "--because", "x"]).expect(0);
    let _ = project.run(2, &["report", "--out", "out"]).expect(0);
    let mut looked_at = 0;
    let mut folders = vec![project.env.path("home"), project.env.path("out")];
    let mut files = vec![project.config()];
    while let Some(folder) = folders.pop() {
        for path in files_in(&folder) {
            if path.is_dir() { folders.push(path) } else { files.push(path) }
        }
    }
    for file in files {
        let bytes = fs::read(&file).unwrap();
        looked_at += 1;
        assert!(!contains(&bytes, secret), "{} has it", file.display());
    }
    assert!(looked_at >= 5, "{looked_at}");
}

fn contains(bytes: &[u8], text: &str) -> bool {
    bytes.windows(text.len()).any(|window| window == text.as_bytes())
}

/// Keeps the helper honest.
#[test]
fn the_limit_on_room_is_one() {
    let env = TestEnv::new();
    let file = env.path("file");
    let mut write = Command::new("sh");
    write.args(["-c", &format!("head -c 100000 /dev/zero > {}", Path::new(&file).display())]);
    write.current_dir(env.root());
    let run = env.run(&mut with_room(&mut write, 10));
    assert_ne!(run.status(), 0);
    assert_eq!(fs::metadata(file).unwrap().len(), 5120);
}
