//! A driftline that was built without notifications.

use crate::report::Project;

#[test]
fn who_wants_somebody_to_be_told_hears_that_it_cannot() {
    let files = [("prod", "app.py", "a\n"), ("staging", "app.py", "bb\n")];
    let project = Project::new("[notify.chat]\nurl_env = \"HOOK\"\n", &files);
    let refused = project.run(1, &["report"]).expect(2).stderr();
    assert!(refused.contains("`[notify.chat]`: this driftline was built without notifications"), "{refused}");
    let _ = project.run(1, &["report", "--no-notify"]).expect(1);
    let _ = project.run(1, &["status"]).expect(1);
    let doctor = project.run(1, &["doctor"]).expect(3).stdout();
    assert!(doctor.contains("built without notifications"), "{doctor}");
    assert!(project.run(1, &["report", "--notify-test"]).expect(2).stderr().contains("built without"));
}
