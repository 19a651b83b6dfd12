//! Changes that the target took, and went on from; and places of other repositories, which are taken from one commit to the next.

use driftline::insight::verdict::{Doubt, Verdict};

use super::{Sides, judge};
use crate::support::collecting::Plan;
use crate::support::repo::Repo;

/// Four files that ask for one version, each side with lines of its own around it.
fn asks(repo: &Repo, side: &str, version: &str) {
    for (at, name) in ["Dockerfile", "ci/lint", "ci/test", "ci/docs"].iter().enumerate() {
        let line = format!("{}GO_VERSION={version}\n", ["ARG ", "  ", "export ", "ENV "][at]);
        repo.write(name, format!("first {at}\n# {side}'s own {at}\n{line}# {side}'s too {at}\nlast {at}\n"));
    }
}

#[test]
fn a_version_that_was_taken_over_and_left_behind_was_there() {
    let sides = Sides::new(&[("README", "one\n")]);
    let (source, target) = (&sides.source, &sides.target);
    asks(source, "source", "1.16.7");
    source.commit("ask");
    asks(target, "target", "1.16.7");
    target.commit("ask here");
    for version in ["1.16.8", "1.16.9"] {
        asks(source, "source", version);
        source.commit(version);
    }
    let verdict = |title: &str| sides.verdicts().into_iter().find(|(it, _)| it == title).unwrap().1;
    for side in ["target", "source"] {
        asks(target, side, "1.16.7");
        target.git(&["commit", "-qam", "begin", "--allow-empty"]);
        asks(target, side, "1.16.8");
        target.commit("take 8");
        asks(target, side, "1.17.0");
        target.commit("another line");
        assert_eq!(verdict("1.16.8"), Verdict::Present, "{side}");
        assert_ne!(verdict("1.16.9"), Verdict::Present, "{side}");
        asks(target, side, "1.16.7");
        target.commit("back again");
        assert_eq!(verdict("1.16.8"), Verdict::Absent, "{side}");
    }
}

#[test]
fn the_same_lines_in_two_functions_are_two_changes() {
    let lines = |word: &str| -> String { (0..4).map(|at| format!("    {word}_{at}(member, of={at})\n")).collect() };
    let module = |own: &str, one: &str, two: &str| {
        let function = |name: &str, word: &str| {
            format!("def {name}(member):\n    {own}_{name}()\n{}    {own}_end_{name}()\n\n\n", lines(word))
        };
        function("one", one) + &function("two", two)
    };
    let sides = Sides::new(&[("a.py", &module("both", "old", "old"))]);
    let (source, target) = (&sides.source, &sides.target);
    source.write("a.py", module("source", "old", "old")).commit("own");
    source.write("a.py", module("source", "new", "old")).commit("one");
    source.write("a.py", module("source", "new", "new")).commit("two");
    target.write("a.py", module("target", "old", "old")).commit("own here");
    target.write("a.py", module("target", "new", "old")).commit("take one");
    target.write("a.py", module("target", "newer", "other")).commit("further");
    let verdicts = sides.verdicts();
    assert!(verdicts.iter().all(|(_, verdict)| *verdict != Verdict::Present), "{verdicts:?}");
}

#[test]
fn a_file_that_is_no_text_was_there_before_it_became_another() {
    let sides = Sides::new(&[("image", "\0one\n"), ("other", "\0one\n")]);
    sides.source.write("image", "\0two\n").commit("image").write("other", "\0two\n").commit("other");
    sides.target.write("image", "\0two\n").commit("take it").write("image", "\0three\n").commit("another");
    sides.target.write("other", "\0three\n").commit("another one");
    let verdicts: Vec<Verdict> = sides.verdicts().into_iter().map(|(_, verdict)| verdict).collect();
    assert_eq!(verdicts, [Verdict::Present, Verdict::Unproven { because: Doubt::Opaque }]);
}

#[test]
fn the_same_image_in_another_folder_is_another_change() {
    let sides = Sides::new(&[("admin/icon", "\0one\n"), ("site/logo", "\0one\n")]);
    sides.source.write("admin/icon", "\0two\n").commit("icon");
    sides.target.remove("admin/icon").commit("no admin here").write("site/logo", "\0two\n").commit("logo");
    assert_ne!(sides.only().verdict, Verdict::Present);
}

#[test]
fn a_file_that_is_no_text_and_was_taken_back_is_not_there_though_another_of_the_change_differs() {
    let sides = Sides::new(&[("image", "\0one\n"), ("run.sh", "run\n")]);
    let take = |repo: &Repo, image: &str, mode: &str, title: &str| {
        repo.write("image", image);
        repo.git(&["update-index", &format!("--chmod={mode}x"), "run.sh"]);
        repo.git(&["commit", "-qm", title, "image", "-i"]);
        repo.git(&["checkout", "-q", "-f", "HEAD", "--", "."]);
    };
    sides.target.write("run.sh", "run\r\n").commit("other line ends");
    take(&sides.source, "\0two\n", "+", "both");
    take(&sides.target, "\0two\n", "+", "take both");
    assert_eq!(sides.only().verdict, Verdict::Present);
    take(&sides.target, "\0one\n", "-", "take it back");
    assert_eq!(sides.only().verdict, Verdict::Absent);
    // A file that is younger than the look at it is known by no name.
    let image = std::fs::File::options().append(true).open(sides.target.path("image")).unwrap();
    image.set_modified(std::time::SystemTime::now() + std::time::Duration::from_secs(86_400)).unwrap();
    assert_eq!(sides.only().verdict, Verdict::Absent);
}

/// Puts the place of another repository at the commit that has this digit 40 times.
fn place(repo: &Repo, digit: u8) -> &Repo {
    std::fs::create_dir_all(repo.path("vendor")).unwrap();
    let digits = digit.to_string().repeat(40);
    repo.git(&["update-index", "--add", "--cacheinfo", &format!("160000,{digits},vendor")]);
    repo.git(&["commit", "-qm", &format!("vendor {digit}")]);
    repo
}

#[test]
fn the_place_of_another_repository_is_at_the_commit_of_the_change_or_not() {
    let sides = Sides::new(&[("a.py", "a = 1\n")]);
    place(&sides.source, 1);
    sides.target.git(&["pull", "-q", "--no-rebase", "origin", "HEAD"]);
    std::fs::create_dir_all(sides.target.path("vendor")).unwrap();
    place(&sides.source, 2);
    assert_eq!(sides.only().verdict, Verdict::Absent);
    place(&sides.target, 3);
    assert_eq!(sides.only().verdict, Verdict::Unproven { because: Doubt::Opaque });
    place(&sides.target, 2);
    assert_eq!(sides.only().verdict, Verdict::Present, "by what is there, and what was there before");
    place(&sides.target, 1);
    place(place(&sides.target, 2), 4);
    assert_eq!(sides.only().verdict, Verdict::Present, "by the very step");
}

#[test]
fn of_which_commit_plain_files_are_cannot_be_told() {
    let sides = Sides::new(&[("a.py", "a = 1\n")]);
    let base = super::commit_id(&place(&sides.source, 1).git(&["rev-parse", "HEAD"]));
    place(&sides.source, 2);
    let prod = sides.target.root();
    std::fs::remove_dir_all(prod.join(".git")).unwrap();
    let verdict = || {
        let collected = Plan::of(&[sides.source.root(), prod]).collect();
        judge(&collected, Some((0, base.clone()))).0.pop().unwrap().1.verdict
    };
    std::fs::create_dir_all(prod.join("vendor/lib")).unwrap();
    std::fs::write(prod.join("vendor/lib/x.c"), "int x;\n").unwrap();
    let found = verdict();
    assert!(
        matches!(&found, Verdict::Unproven { because: Doubt::Unreadable(words) } if words.contains("cannot be told")),
        "{found:?}"
    );
}
