//! What holds secrets stays where it is: its digest travels, its content never.

use driftline::snapshot::ContentReader as _;
use tempfile::tempdir;

use super::{exec, plan};
use crate::support::collecting::path;
use crate::support::run::TestEnv;
use crate::support::tree::Tree;

#[test]
fn a_secret_is_compared_and_not_read() {
    let home = tempdir().unwrap();
    let here = Tree::at(home.path().join("here")).file(".env", "KEY=one").file("app.py", "x = 1");
    let there = Tree::at(home.path().join("there")).file(".env", "KEY=two").file("app.py", "x = 2");
    // What comes back is kept, to look for the secret in it.
    let heard = home.path().join("heard");
    let listen = format!("\"$@\" | /usr/bin/tee -a {}", heard.display());
    let command = ["sh", "-c", &listen, "listen"];
    let plan = plan(here.root(), vec![exec(&command, there.root())]);
    let mut collected = plan.collect();
    let questions = driftline::compare::questions(&collected.snapshots);
    collected.answer(&questions);
    let comparison = driftline::compare::compare(&collected.snapshots);
    let row = comparison.find(&collected.snapshots, &path(".env")).unwrap();
    assert_eq!(comparison.row(row).pattern().to_string(), "AB");
    collected.fold(&driftline::compare::fold_candidates(&comparison, &collected.snapshots));
    let refused = collected.read(1, &path(".env"), 100).unwrap_err();
    assert!(refused.0.contains("says that it holds secrets, which stay where they are"), "{refused}");
    assert_eq!(collected.read(1, &path("app.py"), 100).unwrap(), b"x = 2");
    drop(collected);
    let heard = String::from_utf8_lossy(&std::fs::read(&heard).unwrap()).into_owned();
    assert!(heard.contains("x = 2"), "what is no secret was heard");
    assert!(!heard.contains("KEY=two"), "{heard}");
}

#[test]
fn what_the_configuration_calls_sensitive_stays_there_too() {
    let env = TestEnv::new();
    env.write("here/app.vault", "one\n");
    env.write("there/app.vault", "two\n");
    let there = env.path("there");
    let heard = env.path("heard");
    let listen = format!("\"$@\" | /usr/bin/tee -a {}", heard.display());
    env.write(
        "driftline.toml",
        format!(
            "sensitive = [\"*.vault\"]\n[env.a]\npath = \"here\"\n[env.b]\nexec = [\"sh\", \"-c\", {listen:?}, \"listen\"]\npath = {there:?}\n"
        ),
    );
    let report = env.driftline(["--no-state", "--format", "json"]).expect(1).json();
    assert_eq!(report["rows"][0]["pattern"], "AB");
    let run = env.driftline(["diff", "--no-state", "app.vault"]);
    assert!(!run.stdout().contains("two"), "{run}");
    let heard = String::from_utf8_lossy(&std::fs::read(&heard).unwrap()).into_owned();
    assert!(heard.contains("app.vault") && !heard.contains("two"), "{heard}");
}
