//! What could not be read is unknown, and neither missing nor taken away.

use std::fs::{Permissions, set_permissions};
use std::os::unix::fs::PermissionsExt as _;

use super::{Pair, TEN};
use crate::support::user::as_ordinary_user;

#[test]
fn what_could_not_be_read_is_in_no_listing_and_no_export() {
    let pair = Pair::new(&[("a", TEN)]);
    pair.a.write("a", TEN.replace("two", "mended(2)")).commit("Fix two");
    std::fs::remove_dir_all(pair.b.root()).unwrap();
    let run = pair.run(&[]).expect(3);
    assert_eq!(
        run.stdout(),
        "nothing can be said: of two environments at least one could not be read\nnot read: b: `b` is not there\n"
    );
    let run = pair.run(&["--export", "out"]).expect(3);
    assert_eq!(run.stdout(), "a -> b     no patch is written: b could not be read\n");
    assert!(!pair.env.path("out").exists());
    let report = pair.run(&["--export", "out", "--format", "json"]).expect(3).json();
    assert_eq!(report["because"], "b could not be read");
}

#[test]
fn a_file_of_the_target_that_may_not_be_read_is_not_missing() {
    as_ordinary_user("candidates::unread::a_file_of_the_target_that_may_not_be_read_is_not_missing", || {
        for (place, why) in [("d/a", "cannot open `d/a`"), ("d", "cannot open the folder `d`")] {
            for is_copy in [false, true] {
                let pair = Pair::new(&[("d/a", TEN), ("b", TEN)]);
                let pair = if is_copy { pair.without_git() } else { pair };
                pair.a.write("d/a", TEN.replace("two", "mended(2)")).commit("Fix two").remove("d/a").commit("Drop it");
                set_permissions(pair.b.path(place), Permissions::from_mode(0o000)).unwrap();
                let run = pair.run(&["--all", "--format", "json"]).expect(3);
                let report = run.json();
                for unit in report["units"].as_array().unwrap() {
                    let target = &unit["targets"][0];
                    assert_eq!(target["verdict"], "unproven", "{place}, {is_copy}: {target:#}");
                    assert_eq!(target["applies"], "not-tried", "{place}, {is_copy}");
                    assert_eq!(target["because"], format!("not read: {why}: permission denied"));
                }
                assert_eq!(report["units"].as_array().unwrap().len(), 2);
                assert_eq!(report["unread"][0], format!("not read in full: b: {why}: permission denied"));
                let shown = pair.run(&[]).expect(3);
                assert!(
                    shown.stdout().contains(&format!("\nnot read in full: b: {why}: permission denied\n")),
                    "{}",
                    shown.stdout()
                );
                set_permissions(pair.b.path(place), Permissions::from_mode(0o755)).unwrap();
                assert!(pair.lines().iter().all(|line| line.contains(" absent ")), "{:?}", pair.lines());
            }
        }
    });
}
