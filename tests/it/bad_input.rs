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
    insta::assert_snapshot!(run.stderr(), @"
    error: c could not be read: `nowhere` is not there
      what to do: correct the path, or leave it out with --skip c
      the comparison went on with a and b (exit status 3)
    ");
    let json = env.driftline(["a=a", "b=b", "c=nowhere", "--format", "json"]).expect(3).json();
    assert_eq!(json["rows"][0]["pattern"], "AB!");
    assert_eq!(json["environments"][2]["complete"], false);
}

#[test]
fn a_file_is_no_environment() {
    let env = two_folders();
    insta::assert_snapshot!(env.driftline(["a=a", "b=b/app.py"]).expect(3).stderr(), @"
    error: b could not be read: `b/app.py` is a file, not a folder
      what to do: name the folder to compare, or leave it out with --skip b
      the comparison went on with a (exit status 3)
    ");
}

#[test]
fn no_environments_at_all() {
    let env = TestEnv::new();
    insta::assert_snapshot!(env.driftline::<&str>([]).expect(2), @"
    status: 2
    ----- stdout
    ----- stderr
    error: there is no `driftline.toml` in `[ROOT]` or above it
    hint: name what to compare: driftline prod=/var/www/app staging=/srv/staging/app
    hint: or write a configuration to begin with: driftline init prod=/var/www/app staging=/srv/staging/app
    hint: or look at an example: driftline demo
    ");
}

#[test]
fn an_unknown_environment() {
    let env = two_folders();
    env.write("driftline.toml", "[env.prod]\npath = \"a\"\n[env.debug]\npath = \"b\"\n");
    insta::assert_snapshot!(env.driftline(["status", "staging"]).expect(2).stderr(), @"
    error: `staging` is neither a command nor an environment
    hint: an environment is NAME=SOURCE, for instance prod=staging, or one of: prod, debug
    hint: to look at a file: driftline diff staging
    ");
    insta::assert_snapshot!(env.driftline(["--skip", "staging"]).expect(2).stderr(), @"
    error: there is no environment `staging`
    hint: there are: prod, debug
    ");
    insta::assert_snapshot!(env.driftline(["diff", "app.py", "--base", "staging"]).expect(2).stderr(), @"
    error: there is no environment `staging`
    hint: there are: prod, debug
    ");
}

#[test]
fn an_unreadable_configuration() {
    let env = two_folders();
    insta::assert_snapshot!(env.driftline(["--config", "nowhere.toml"]).expect(2).stderr(), @"
    error: cannot read the configuration `[ROOT]/nowhere.toml`
      caused by: No such file or directory
    ");
    insta::assert_snapshot!(env.driftline(["--config", "a"]).expect(2).stderr(), @"
    error: cannot read the configuration `[ROOT]/a`
      caused by: it is not a regular file
    ");
}

#[test]
fn the_same_folder_twice() {
    let env = two_folders();
    std::os::unix::fs::symlink("a", env.path("link")).unwrap();
    insta::assert_snapshot!(env.driftline(["a=a", "c=./a/../link"]).expect(2).stderr(), @"
    error: `a` and `c` are the same place: `./a/../link`
    hint: name two different places, or leave one out with --skip
    ");
    insta::assert_snapshot!(env.driftline(["a=a", "a=b"]).expect(2).stderr(), @"error: the name `a` is given twice; give each environment a name of its own");
}

#[test]
fn an_empty_tree_is_read_and_empty() {
    let env = two_folders();
    std::fs::create_dir(env.path("empty")).unwrap();
    let json = env.driftline(["a=a", "c=empty", "--format", "json"]).expect(1).json();
    assert_eq!(json["rows"][0]["pattern"], "A-");
    std::fs::create_dir(env.path("empty2")).unwrap();
    let text = env.driftline(["a=a", "c=empty"]).expect(1).stdout();
    assert!(text.contains("\nnote: c: there is nothing in it that is not ignored\n"), "{text}");
    let json = env.driftline(["c=empty", "d=empty2", "--format", "json"]).expect(0).json();
    assert_eq!(json["paths"], 0);
}

#[test]
fn a_path_outside_the_root() {
    let env = two_folders();
    insta::assert_snapshot!(env.driftline(["diff", "../a/app.py", "a=a", "b=b"]).expect(2).stderr(), @"
    error: `../a/app.py` is not a path inside the environments
      caused by: the path leaves its environment by `..`
    hint: name a path as it is below the roots, such as app/services/MemberService.py, or a bare file name
    ");
    insta::assert_snapshot!(env.driftline(["diff", "/etc/passwd", "a=a", "b=b"]).expect(2).stderr(), @"
    error: `/etc/passwd` is not a path inside the environments
      caused by: the path is absolute, and a path inside an environment is meant
    hint: name a path as it is below the roots, such as app/services/MemberService.py, or a bare file name
    ");
    insta::assert_snapshot!(env.driftline(["diff", "nothing.py", "a=a", "b=b"]).expect(2).stderr(), @"error: no environment has a path that is called `nothing.py`");
}

#[test]
fn a_state_folder_that_cannot_be_written() {
    let env = two_folders();
    env.write("state", "a file where a folder is wanted");
    let run = env.driftline(["a=a", "b=b", "--state-dir", "state"]).expect(1);
    insta::assert_snapshot!(run.stderr(), @"
    note: the state folder `state` cannot be written to, so the next run reads everything again: file exists
      what to do: choose a folder that you may write to with --state-dir, or keep nothing with --no-state
    ");
}
