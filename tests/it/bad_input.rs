//! What is typed or configured wrongly gets clear words and the right status, and the rest of the comparison goes on.

use crate::support::run::TestEnv;

fn two_folders() -> TestEnv {
    let env = TestEnv::new();
    env.write("a/app.py", "one\n");
    env.write("b/app.py", "two\n");
    env
}

#[test]
fn a_missing_folder_is_unknown_and_not_empty() {
    let env = two_folders();
    let run = env.driftline(["a=a", "b=b", "c=nowhere"]).expect(3);
    insta::assert_snapshot!(run.stderr(), @"");
    let json = env.driftline(["a=a", "b=b", "c=nowhere", "--format", "json"]).expect(3).json();
    assert_eq!(json["rows"][0]["pattern"], "AB!");
    assert_eq!(json["environments"][2]["complete"], false);
}

#[test]
fn a_file_is_no_environment() {
    let env = two_folders();
    insta::assert_snapshot!(env.driftline(["a=a", "b=b/app.py"]).expect(3).stderr(), @"");
}

#[test]
fn no_environments_at_all() {
    let env = TestEnv::new();
    insta::assert_snapshot!(env.driftline::<&str>([]).expect(2), @"");
}

#[test]
fn an_unknown_environment() {
    let env = two_folders();
    env.write("driftline.toml", "[env.prod]\npath = \"a\"\n[env.debug]\npath = \"b\"\n");
    insta::assert_snapshot!(env.driftline(["status", "staging"]).expect(2).stderr(), @"");
    insta::assert_snapshot!(env.driftline(["--skip", "staging"]).expect(2).stderr(), @"");
    insta::assert_snapshot!(env.driftline(["diff", "app.py", "--base", "staging"]).expect(2).stderr(), @"");
}

#[test]
fn an_unreadable_configuration() {
    let env = two_folders();
    insta::assert_snapshot!(env.driftline(["--config", "nowhere.toml"]).expect(2).stderr(), @"");
    insta::assert_snapshot!(env.driftline(["--config", "a"]).expect(2).stderr(), @"");
}

#[test]
fn the_same_folder_twice() {
    let env = two_folders();
    std::os::unix::fs::symlink("a", env.path("link")).unwrap();
    insta::assert_snapshot!(env.driftline(["a=a", "c=./a/../link"]).expect(2).stderr(), @"");
    insta::assert_snapshot!(env.driftline(["a=a", "a=b"]).expect(2).stderr(), @"");
}

#[test]
fn an_empty_tree_is_read_and_empty() {
    let env = two_folders();
    std::fs::create_dir(env.path("empty")).unwrap();
    let json = env.driftline(["a=a", "c=empty", "--format", "json"]).expect(1).json();
    assert_eq!(json["rows"][0]["pattern"], "A-");
    std::fs::create_dir(env.path("empty2")).unwrap();
    let json = env.driftline(["c=empty", "d=empty2", "--format", "json"]).expect(0).json();
    assert_eq!(json["paths"], 0);
}

#[test]
fn a_path_outside_the_root() {
    let env = two_folders();
    insta::assert_snapshot!(env.driftline(["diff", "../a/app.py", "a=a", "b=b"]).expect(2).stderr(), @"");
    insta::assert_snapshot!(env.driftline(["diff", "/etc/passwd", "a=a", "b=b"]).expect(2).stderr(), @"");
    insta::assert_snapshot!(env.driftline(["diff", "nothing.py", "a=a", "b=b"]).expect(2).stderr(), @"");
}

#[test]
fn a_state_folder_that_cannot_be_written() {
    let env = two_folders();
    env.write("state", "a file where a folder is wanted");
    let run = env.driftline(["a=a", "b=b", "--state-dir", "state"]).expect(1);
    insta::assert_snapshot!(run.stderr(), @"");
}
