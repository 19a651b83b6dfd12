use super::*;
use crate::compare::compare;
use crate::compare::testing::{Tree, path};

/// Names of the kinds that people and programs make.
const NAMES: &[&str] = &[
    "X.py.backup",
    "X.py.original",
    "X.py.orig",
    "X.py.bak",
    "X.py~",
    "X.py.old",
    "X.py.save",
    "X.py.swp",
    ".X.py.swp",
    ".X.py.swo",
    "X.py.rej",
    "X.py.1",
    "X_old.py",
    "X.py (copy)",
    "X (copy).py",
    "X copy.py",
    "X.py.20251219",
    "X-backup.py",
    ".#X.py",
    "#X.py#",
    "X.py.bak.2",
    "X.py.backup-20251219",
    "X_backup.py",
    "X.py.OLD",
    "X.py.~3~",
    "X (copy 2).py",
    "X - Copy.py",
    "X - Copy (2).py",
    "X copy 2.py",
    "Copy of X.py",
    "X.py.2025-12-19",
    "X.py.20251219_0930",
    "X-20251219.py",
    "X.bak.py",
    "Makefile.bak",
    ".env.bak",
    ".env.backup",
    ".env.old",
    ".env~",
    "X.py_old",
    "X.py-20251219",
    "X_20251219.py",
    "X.py.bak_20251219",
    "X.py.bak2",
    "X.py.orig3",
    "X.py.rej1",
    "X.py.BAK12",
    "X.py.old1",
    "X.py.backup2",
    "X.py_bak2",
    "X_old2.py",
    "X.bak2.py",
    "X.py.bak20251219",
    "X.py.save20251219",
    ".env.bak2",
];

#[test]
fn names_say_what_they_are() {
    let said: Vec<String> = NAMES
        .iter()
        .map(|text| match name(text.as_bytes()) {
            Some(Named { originals, kind, alone }) => {
                let originals: Vec<_> = originals.iter().map(|name| name.escape_ascii().to_string()).collect();
                format!(
                    "{text}: {} {}{}",
                    kind.name(),
                    originals.join(" or "),
                    if alone { "" } else { ", if there is one" }
                )
            }
            None => format!("{text}: NONE"),
        })
        .collect();
    insta::assert_snapshot!(said.join("\n"), @"
    X.py.backup: backup X.py, if there is one
    X.py.original: backup X.py, if there is one
    X.py.orig: backup X.py
    X.py.bak: backup X.py
    X.py~: editor X.py
    X.py.old: backup X.py, if there is one
    X.py.save: backup X.py, if there is one
    X.py.swp: editor X.py
    .X.py.swp: editor X.py or .X.py
    .X.py.swo: editor X.py or .X.py
    X.py.rej: rejected X.py
    X.py.1: numbered X.py, if there is one
    X_old.py: backup X.py, if there is one
    X.py (copy): backup X.py
    X (copy).py: backup X.py
    X copy.py: backup X.py, if there is one
    X.py.20251219: numbered X.py, if there is one
    X-backup.py: backup X.py, if there is one
    .#X.py: editor X.py
    #X.py#: editor X.py
    X.py.bak.2: backup X.py
    X.py.backup-20251219: backup X.py, if there is one
    X_backup.py: backup X.py, if there is one
    X.py.OLD: backup X.py, if there is one
    X.py.~3~: editor X.py
    X (copy 2).py: backup X.py
    X - Copy.py: backup X.py
    X - Copy (2).py: backup X.py
    X copy 2.py: backup X.py, if there is one
    Copy of X.py: backup X.py
    X.py.2025-12-19: numbered X.py, if there is one
    X.py.20251219_0930: numbered X.py, if there is one
    X-20251219.py: numbered X.py, if there is one
    X.bak.py: backup X.py, if there is one
    Makefile.bak: backup Makefile
    .env.bak: backup .env
    .env.backup: backup .env, if there is one
    .env.old: backup .env, if there is one
    .env~: editor .env
    X.py_old: backup X.py, if there is one
    X.py-20251219: numbered X.py, if there is one
    X_20251219.py: numbered X.py, if there is one
    X.py.bak_20251219: backup X.py
    X.py.bak2: backup X.py
    X.py.orig3: backup X.py
    X.py.rej1: rejected X.py
    X.py.BAK12: backup X.py
    X.py.old1: backup X.py, if there is one
    X.py.backup2: backup X.py, if there is one
    X.py_bak2: backup X.py, if there is one
    X_old2.py: backup X.py, if there is one
    X.bak2.py: backup X.py, if there is one
    X.py.bak20251219: backup X.py
    X.py.save20251219: backup X.py, if there is one
    .env.bak2: backup .env
    ");
}

#[test]
fn ordinary_names_are_ordinary() {
    for ordinary in [
        "X.py",
        "backup",
        "old",
        "copy",
        "~",
        "#",
        "##",
        ".#",
        ".bak",
        ".orig",
        ".swp",
        "backup.py",
        "old.py",
        "photocopy.py",
        "bold.py",
        "1",
        ".1",
        "20251219",
        "20251219.log",
        "threshold",
        "libfoo.so.6.1234",
        "a.12345678",
        "v1.2.3456",
        "X.99999999",
        "X.py.bak1234",
        "X.py.bak20259999",
        "X.2bak",
        "X.bold2",
        "bak2",
        ".bak2",
        "old2.py",
        "C#",
    ] {
        assert_eq!(name(ordinary.as_bytes()), None, "{ordinary}");
    }
}

#[test]
fn some_need_their_original() {
    let snapshots = [
        Tree::new("prod")
            .file("app.log", "1")
            .file("app.log.1", "2")
            .file("man.1", "3")
            .file("dump.20251219", "4")
            .done(),
        Tree::new("debug").file("app.log.1", "5").file("gone.bak", "6").file("x/gone.orig", "7").folder("y.bak").done(),
    ];
    let found: Vec<_> = find(&compare(&snapshots), &snapshots)
        .into_iter()
        .map(|artifact| (artifact.at.environment, artifact.path, artifact.original, artifact.has_original_here))
        .collect();
    assert_eq!(
        found,
        [
            (0, path("app.log.1"), Some(path("app.log")), true),
            (1, path("app.log.1"), Some(path("app.log")), false),
            (1, path("gone.bak"), None, false),
            (1, path("x/gone.orig"), None, false),
        ]
    );
}

#[test]
fn an_artifact_is_held_against_its_original_everywhere() {
    let snapshots = [
        Tree::new("prod").sized("d/X.py", 5).sized("d/Y.py", 5).done(),
        Tree::new("staging").sized("d/X.py", 6).done(),
        Tree::new("debug")
            .sized("d/X.py", 7)
            .sized("d/X.py.orig", 5)
            .sized("d/X.py.bak", 6)
            .sized("d/X.py.old", 8)
            .done(),
    ];
    let asked: Vec<Vec<&[u8]>> = questions(&find(&compare(&snapshots), &snapshots), &snapshots)
        .iter()
        .map(|question| {
            question.members.iter().map(|at| snapshots[at.environment].entries[at.entry].path.file_name()).collect()
        })
        .collect();
    assert_eq!(asked, [[&b"X.py"[..], b"X.py.orig"], [b"X.py", b"X.py.bak"]]);
}
