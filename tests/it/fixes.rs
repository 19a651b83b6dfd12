//! Which environment has which known fix, and at which price that is found out.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;

use serde_json::Value;

use crate::support::repo::Repo;
use crate::support::run::TestEnv;
use crate::support::tree::settle;
use crate::support::user::as_ordinary_user;

/// One fix in one environment `a`, where it is expected; what its table says beside its name.
fn judged(env: &TestEnv, fix: &str, status: i32) -> Value {
    env.write("driftline.toml", format!("[env.a]\npath = 'a'\n[[fix]]\nid = 'fix'\nexpect = ['a']\n{fix}"));
    let report = env.driftline(["fixes", "--no-state", "--format", "json"]).expect(status).json();
    report["fixes"][0]["states"][0].clone()
}

fn shows(state: &Value, file: usize) -> String {
    state["files"][file]["shows"]
        .as_array()
        .unwrap()
        .iter()
        .map(|it| it.as_str().unwrap())
        .collect::<Vec<_>>()
        .join(", ")
}

#[test]
fn status_opens_only_the_files_that_fixes_name() {
    let env = TestEnv::new();
    for name in ["a", "b"] {
        for file in 0..20 {
            env.write(format!("{name}/{file}.py"), format!("file {file}\n"));
        }
    }
    settle();
    let plain = "[env.a]\npath = 'a'\n[env.b]\npath = 'b'\n";
    let opened = |fixes: &str| {
        env.write("driftline.toml", format!("{plain}{fixes}"));
        let run = env.driftline(["--format", "json", "--state-dir", "state"]).expect(0);
        run.json()["counters"]["files_opened"].as_u64().unwrap()
    };
    opened("");
    assert_eq!(opened(""), 0, "a second run opens nothing");
    let one = "[[fix]]\nid = 'one'\nfile = '7.py'\ncontains = ['file']\nexpect = ['a', 'b']\n";
    assert_eq!(opened(one), 2);
    let patch =
        "--- a/7.py\n+++ b/7.py\n@@ -1 +1 @@\n-file\n+file 7\n--- a/9.py\n+++ b/9.py\n@@ -1 +1 @@\n-file\n+file 9\n";
    env.write("two.patch", patch);
    assert_eq!(opened(&format!("{one}[[fix]]\nid = 'two'\npatch = 'two.patch'\n")), 4, "a file of two fixes once");
}

#[test]
fn a_moved_file_is_found_when_its_name_says_so() {
    let env = TestEnv::new();
    let fix = "file = 'src/auth/login.py'\ncontains = ['limiter']\n";
    env.write("a/app/auth/login.py", "limiter\r\n");
    let state = judged(&env, fix, 0);
    assert_eq!(
        (&state["verdict"], &state["files"][0]["found_at"]["path"]),
        (&"present".into(), &"app/auth/login.py".into())
    );
    env.write("a/old/auth/login.py", "limiter\n");
    let state = judged(&env, fix, 1);
    assert_eq!((&state["verdict"], &state["missing"][0]), (&"absent".into(), &"src/auth/login.py is not there".into()));
}

#[test]
fn what_may_not_or_cannot_be_read_is_neither_there_nor_missing() {
    let env = TestEnv::new();
    env.write("a/.env", "DB_PASSWORD=hunter22\n");
    let state = judged(&env, "file = '.env'\ncontains = ['DB_PASSWORD=hunter22']\n", 3);
    assert_eq!(state["verdict"], "unproven");
    assert_eq!(shows(&state, 0), "holds secrets, and its text is not looked at");
    // That it is there can be said.
    assert_eq!(judged(&env, "file = '.env'\n", 0)["verdict"], "present");

    env.write("a/logs/x.py", "text\n");
    let text = "ignore = ['logs/']\n[env.a]\npath = 'a'\n[[fix]]\nid = 'fix'\nexpect = ['a']\nfile = 'logs/x.py'\n";
    env.write("driftline.toml", text);
    let report = env.driftline(["fixes", "--no-state", "--format", "json"]).expect(3).json();
    assert_eq!(shows(&report["fixes"][0]["states"][0], 0), "is left out by a rule of the configuration");

    env.write("a/image.py", b"\0\x01binary");
    let state = judged(&env, "file = 'image.py'\ncontains = ['binary']\n", 3);
    assert_eq!(state["because"], "image.py is not known: it is binary");
    // A text that has to go may have gone elsewhere together with its file.
    let state = judged(&env, "file = 'nowhere.py'\nlacks = ['bad']\n", 3);
    assert_eq!(state["because"], "nowhere.py is not there");
}

#[test]
fn an_unreadable_place_leaves_a_fix_open() {
    as_ordinary_user("fixes::an_unreadable_place_leaves_a_fix_open", || {
        let env = TestEnv::new();
        env.write("a/open.py", "fixed\n");
        let closed = env.write("a/closed/x.py", "fixed\n").parent().unwrap().to_owned();
        fs::set_permissions(&closed, fs::Permissions::from_mode(0o000)).unwrap();
        let fix = |files: &str, text: &str| format!("files = [{files}]\ncontains = ['{text}']\n");
        let both = judged(&env, &fix("'open.py', 'closed/x.py'", "fixed"), 3);
        assert_eq!(both["verdict"], "unproven");
        assert!(both["because"].as_str().unwrap().starts_with("closed/x.py is not known"), "{both}");
        fs::set_permissions(&closed, fs::Permissions::from_mode(0o755)).unwrap();
        assert_eq!(judged(&env, &fix("'open.py', 'closed/x.py'", "fixed"), 0)["verdict"], "present");
    });
}

/// A repository in which a fix is the second commit; the fix as a table.
fn repository(env: &TestEnv) -> (Repo, String) {
    let repo = Repo::init(env.path("a"));
    let text = |secret: &str| format!("import os\n\ndef secret():\n{secret}\n\ndef other():\n    return 1\n");
    repo.write("auth.py", text("    return 'development-only'")).commit("import");
    repo.write("auth.py", text("    return os.environ['JWT_SECRET']")).write("tests/test_auth.py", "x\n").commit("fix");
    let commit = repo.git(&["rev-parse", "HEAD"]);
    (repo, format!("commit = '{}'\n", &commit[..9]))
}

#[test]
fn a_commit_counts_by_what_the_files_are_like_now() {
    let env = TestEnv::new();
    let (repo, fix) = repository(&env);
    assert_eq!(judged(&env, &fix, 0)["verdict"], "present");
    // Tests that came with it need not be there.
    repo.remove("tests/test_auth.py");
    assert_eq!(judged(&env, &fix, 0)["verdict"], "present");
    // Taken back by hand, although the history has the commit.
    let now = fs::read_to_string(repo.path("auth.py")).unwrap();
    repo.write("auth.py", now.replace("os.environ['JWT_SECRET']", "'development-only'"));
    assert_eq!(judged(&env, &fix, 1)["verdict"], "absent");
    // Gone on from: the lines are others, and the history tells.
    repo.write("auth.py", now.replace("os.environ['JWT_SECRET']", "settings.secret(name='jwt')"));
    let state = judged(&env, &fix, 0);
    assert_eq!((&state["verdict"], &state["history"][0]["tier"]), (&"present".into(), &1.into()));
}

#[test]
fn a_commit_that_no_history_has_proves_nothing() {
    let env = TestEnv::new();
    repository(&env);
    let state = judged(&env, "commit = '0123456789abcdef'\n", 3);
    assert_eq!(
        (&state["verdict"], &state["because"]),
        (&"unproven".into(), &"no history that was read has the commit".into())
    );
}

#[test]
fn a_fix_is_asked_for_by_its_id() {
    let env = TestEnv::new();
    env.write("a/x.py", "fixed\n");
    judged(&env, "file = 'x.py'\ncontains = ['fixed']\n", 0);
    let run = env.driftline(["fixes", "fxi", "--no-state"]).expect(2);
    assert!(run.stderr().contains("`fxi` is neither a fix nor an environment"), "{run}");
    assert!(run.stderr().contains("the fixes are: fix; the environments: a"), "{run}");
    env.write("driftline.toml", "[env.a]\npath = 'a'\n");
    let run = env.driftline(["fixes", "--no-state"]).expect(0);
    assert_eq!(run.stdout(), "the configuration names no fixes; add one with `[[fix]]`\n");
}
