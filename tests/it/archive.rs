//! Archives that are odd, broken or hostile.

use std::fs;
use std::os::unix::fs::{FileExt as _, MetadataExt as _};
use std::path::{Path, PathBuf};
use std::process::Command;

use driftline::compare::Cell;
use driftline::config::SourceSpec;
use driftline::snapshot::{Content, IncidentKind, Snapshot, Special};
use tempfile::{TempDir, tempdir};

use crate::support::collecting::{Outcome, Plan, entry, paths};
use crate::support::pack;
use crate::support::run::TestEnv;
use crate::support::tree::Tree;

/// One member of a tar, made by hand: what no program would write.
fn member(kind: u8, name: &[u8], link: &[u8], content: &[u8]) -> Vec<u8> {
    let mut header = tar::Header::new_gnu();
    header.as_old_mut().name[..name.len()].copy_from_slice(name);
    header.as_old_mut().linkname[..link.len()].copy_from_slice(link);
    header.as_old_mut().linkflag = [kind];
    header.set_mode(0o644);
    header.set_uid(7);
    header.set_gid(8);
    header.set_mtime(1_700_000_000);
    header.set_size(content.len() as u64);
    header.set_cksum();
    let mut all = header.as_bytes().to_vec();
    all.extend_from_slice(content);
    all.resize(all.len().next_multiple_of(512), 0);
    all
}

fn file(name: &str, content: &str) -> Vec<u8> {
    member(b'0', name.as_bytes(), b"", content.as_bytes())
}

fn ended(members: &[Vec<u8>]) -> Vec<u8> {
    [members.concat(), vec![0; 1024]].concat()
}

fn list(source: SourceSpec) -> Snapshot {
    let mut plan = Plan::of(&[Path::new("/")]);
    plan.environments[0].source = source;
    plan.collect().snapshots.remove(0)
}

fn archive(path: &Path) -> SourceSpec {
    SourceSpec::Archive { path: path.to_owned(), strip: 0 }
}

fn list_bytes(bytes: &[u8]) -> Snapshot {
    let home = tempdir().unwrap();
    let path = home.path().join("a.tar");
    fs::write(&path, bytes).unwrap();
    list(archive(&path))
}

fn said(snapshot: &Snapshot) -> Vec<(IncidentKind, &str)> {
    snapshot.incidents.iter().map(|incident| (incident.kind, &*incident.message)).collect()
}

/// Compares a folder with other sources of the same content.
fn compare(folder: &Path, others: Vec<SourceSpec>) -> Outcome {
    let mut plan = Plan::of(&vec![folder; others.len() + 1]);
    for (environment, source) in plan.environments.iter_mut().skip(1).zip(others) {
        environment.source = source;
    }
    plan.run()
}

fn run(command: &mut Command) {
    let output = command.output().unwrap();
    assert!(output.status.success(), "{command:?}: {output:?}");
}

#[test]
fn names_that_lead_out_are_left_out_and_said() {
    let snapshot = list_bytes(&ended(&[
        file("ok", "1"),
        file("../outside", "2"),
        file("/etc/passwd", "3"),
        file("a/../../b", "4"),
        file("./a//fine", "5"),
    ]));
    assert_eq!(paths(&snapshot), ["a", "a/fine", "ok"]);
    assert_eq!(
        said(&snapshot),
        [
            (IncidentKind::File, "`../outside` was left out: the path leaves its environment by `..`"),
            (
                IncidentKind::File,
                "`/etc/passwd` was left out: the path is absolute, and a path inside an environment is meant"
            ),
            (IncidentKind::File, "`a/../../b` was left out: the path leaves its environment by `..`"),
        ]
    );
}

#[test]
fn nothing_is_put_through_a_link_or_a_file() {
    let snapshot = list_bytes(&ended(&[
        member(b'2', b"link", b"/etc", b""),
        file("link/passwd", "1"),
        file("file", "2"),
        file("file/below", "3"),
        file("folder/x", "4"),
        file("folder", "5"),
    ]));
    assert_eq!(paths(&snapshot), ["file", "folder", "folder/x", "link"]);
    assert_eq!(entry(&snapshot, "link").content, Content::Symlink { target: b"/etc"[..].into() });
    assert_eq!(
        said(&snapshot),
        [
            (
                IncidentKind::File,
                "`link/passwd` was left out: `link`, in which it should be, is no folder in this archive"
            ),
            (
                IncidentKind::File,
                "`file/below` was left out: `file`, in which it should be, is no folder in this archive"
            ),
            (IncidentKind::File, "`folder` was left out: a folder of that name, with something in it, came before it"),
        ]
    );
}

#[test]
fn of_members_with_one_name_the_last_counts() {
    let snapshot = list_bytes(&ended(&[
        file("a", "first"),
        file("b", "1"),
        file("b", "22"),
        file("./a", "last"),
        file("b", "333"),
    ]));
    let Content::File(a) = entry(&snapshot, "a").content else { panic!() };
    let Content::File(b) = entry(&snapshot, "b").content else { panic!() };
    assert_eq!(a.digests.blake3, Some(*blake3::hash(b"last").as_bytes()));
    assert_eq!(b.size, 3);
    let note = "`a` and 1 other path are in the archive more than once; the last of each counts, as for tar";
    assert_eq!(said(&snapshot), [(IncidentKind::Note, note)]);
}

#[test]
fn hard_links_share_content_and_special_files_are_named() {
    let snapshot = list_bytes(&ended(&[
        file("a", "content"),
        member(b'1', b"b", b"a", b""),
        member(b'1', b"c", b"nowhere", b""),
        member(b'3', b"device", b"", b""),
        member(b'4', b"disk", b"", b""),
        member(b'6', b"pipe", b"", b""),
        member(b'M', b"part", b"", b"rest"),
        member(b'0', b"old/", b"", b""),
    ]));
    assert_eq!(entry(&snapshot, "a").content, entry(&snapshot, "b").content);
    assert!(matches!(entry(&snapshot, "c").content, Content::Unreadable { folder: false, .. }));
    for (path, special) in
        [("device", Special::CharacterDevice), ("disk", Special::BlockDevice), ("pipe", Special::Fifo)]
    {
        assert_eq!(entry(&snapshot, path).content, Content::Special(special));
    }
    assert_eq!(entry(&snapshot, "old").content, Content::Directory);
    assert_eq!(
        said(&snapshot),
        [
            (
                IncidentKind::File,
                "`c` is a hard link to `nowhere`, which is not in the archive before it or was left out"
            ),
            (IncidentKind::File, "`part` is the rest of a file that begins in another volume"),
        ]
    );
}

#[test]
fn folders_without_a_member_are_there() {
    let snapshot = list_bytes(&ended(&[file("a/b/c", "1")]));
    assert_eq!(paths(&snapshot), ["a", "a/b", "a/b/c"]);
    let folder = entry(&snapshot, "a").attributes;
    assert_eq!((folder.mode, folder.uid, folder.gid), (0o755, 7, 8));
}

#[test]
fn what_gnu_tar_packs_is_what_the_folder_has() {
    let home = tempdir().unwrap();
    let mut tree = Tree::at(home.path().join("tree"))
        .file(vec![b'n'; 200], "long")
        .file([b"d/".repeat(80), b"deep".to_vec()].concat(), "x")
        .file("Stra\u{df}e", "utf8")
        .file("run.sh", "#!/bin/sh\n")
        .mode("run.sh", 0o4755)
        .folder("empty")
        .link("link", vec![b't'; 300])
        .fifo("pipe");
    fs::hard_link(tree.path("run.sh"), tree.path("zlink")).unwrap();
    // Pieces in all places that matter: at the beginning, in the middle, at the end, nowhere.
    for (name, pieces) in [("s1", &[0u64, 900_000][..]), ("s2", &[500_000]), ("s3", &[]), ("s4", &[65_536; 1])] {
        let sparse = fs::File::create(tree.path(name)).unwrap();
        sparse.set_len(1_000_000).unwrap();
        for &at in pieces {
            sparse.write_all_at(b"data", at).unwrap();
        }
    }
    let many = fs::File::create(tree.path("many")).unwrap();
    for at in 0..60 {
        many.write_all_at(b"piece", at * 20_000).unwrap();
    }
    tree = tree.file("last", "l");
    let formats: [(&str, &[&str]); 7] = [
        ("gnu.tar", &["--format=gnu", "-S"]),
        ("pax.tar.gz", &["--format=posix", "-S"]),
        ("pax01.tar", &["--format=posix", "-S", "--sparse-version=0.1"]),
        ("pax00.tar.zst", &["--format=posix", "-S", "--sparse-version=0.0"]),
        ("plain.tar.xz", &["--format=gnu"]),
        ("numeric.tar", &["--format=posix", "--numeric-owner"]),
        ("old.tar", &["--format=oldgnu", "-S"]),
    ];
    let archives: Vec<SourceSpec> = formats.iter().map(|(ending, how)| pack::tar_of(&tree, ending, how)).collect();
    let outcome = compare(tree.root(), archives);
    for (number, (format, _)) in formats.iter().enumerate() {
        let snapshot = &outcome.snapshots[number + 1];
        assert_eq!(snapshot.incidents, [], "{format}");
        assert_eq!(paths(snapshot), paths(&outcome.snapshots[0]), "{format}");
        for (here, there) in outcome.snapshots[0].entries.iter().zip(&snapshot.entries) {
            match (&here.content, &there.content) {
                (Content::File(here), Content::File(there)) => {
                    assert_eq!((here.size, here.digests.same(&there.digests)), (there.size, Some(true)), "{format}");
                }
                (here, there) => assert_eq!(here, there, "{format}"),
            }
            let (a, b) = (here.attributes, there.attributes);
            assert_eq!((a.mode, a.uid, a.gid, a.modified.seconds), (b.mode, b.uid, b.gid, b.modified.seconds));
            if format.starts_with("pax") {
                assert_eq!(a.modified, b.modified, "to the nanosecond");
            }
        }
        if !format.starts_with("numeric") {
            assert_eq!(snapshot.names, outcome.snapshots[0].names, "{format}");
        }
    }
    // One opening for each archive, and whatever the folder's own files needed: digests were taken while listing.
    let files = outcome.snapshots[0].entries.iter().filter(|entry| matches!(entry.content, Content::File(_))).count();
    assert!(outcome.counters.files_opened <= (files + formats.len()) as u64, "{:?}", outcome.counters);
}

#[test]
fn an_unchanged_archive_is_not_unpacked_again() {
    let env = TestEnv::new();
    let here = Tree::at(env.path("here"))
        .file("same.py", "x = 1\n")
        .file("app/main.py", "x = 2\r\n")
        .file("app/differs.py", "x = 3\n")
        .link("link", "same.py");
    let there = Tree::at(env.path("there"))
        .file("same.py", "x = 1\n")
        .file("app/main.py", "x = 2\n")
        .file("app/differs.py", "x = 4\n")
        .link("link", "same.py");
    for ending in ["tar", "tar.gz", "zip"] {
        let file =
            if ending == "zip" { pack::zip_file(there.root()) } else { pack::tar_file(there.root(), ending, &[]) };
        // A change that is as young as the clock is coarse would leave no trace.
        let settle = || std::thread::sleep(std::time::Duration::from_millis(150));
        settle();
        let source = format!("there={}", file.display());
        let status = |more: &[&str]| {
            let mut report =
                env.driftline([&["status", "here=here", &source, "--format", "json"], more].concat()).json();
            let passes = report["counters"]["archive_passes"].as_u64().unwrap();
            report.as_object_mut().unwrap().remove("counters");
            (report.to_string(), passes)
        };
        let (first, passes) = status(&[]);
        let expected = if ending == "tar.gz" { 2 } else { 1 };
        assert_eq!(passes, expected, "{ending}: listed, and once more for the texts that are packed");
        assert!(first.contains("line-endings") && first.contains("content-differs"), "{first}");
        assert_eq!(status(&[]), (first.clone(), 0), "{ending}: the same without reading it");
        assert_eq!(status(&["--ignore", "app/"]).1, 1, "{ending}: other rules, another listing");
        assert_eq!(status(&["--rehash"]), (first.clone(), expected), "{ending}: everything is read again");
        assert_eq!(status(&["--no-state"]), (first.clone(), expected), "{ending}");
        // A content is read when it is wanted.
        let shown = env.driftline(["diff", "differs.py", "here=here", &source]).expect(1);
        assert!(shown.stdout().contains("x = 4"), "{shown}");
        // The same bytes in another file are read: nothing else says that they are the same.
        let copy = fs::read(&file).unwrap();
        fs::remove_file(&file).unwrap();
        fs::write(&file, copy).unwrap();
        settle();
        assert_eq!(status(&[]), (first, expected), "{ending}");
        for kept in fs::read_dir(env.path("home/.local/state/driftline/archives")).unwrap() {
            fs::write(kept.unwrap().path(), "damaged").unwrap();
        }
        assert_eq!(status(&[]).1, 1, "{ending}: a damaged listing is as good as none");
    }
    drop(here);
}

#[test]
fn leading_parts_are_stripped() {
    let home = tempdir().unwrap();
    let tree = Tree::at(home.path().join("up")).file("app-1.2/src/a", "1").file("app-1.2/b", "2");
    fs::hard_link(tree.path("app-1.2/b"), tree.path("app-1.2/c")).unwrap();
    let path = pack::tar_file(tree.root(), "tar.gz", &[]);
    let snapshot = list(SourceSpec::Archive { path, strip: 1 });
    assert_eq!(paths(&snapshot), ["b", "c", "src", "src/a"]);
    assert_eq!(snapshot.incidents, []);
}

/// A tree with something to lose, and it packed.
fn packed(ending: &str) -> (TempDir, PathBuf, Vec<u8>) {
    let home = tempdir().unwrap();
    let mut tree = Tree::at(home.path().join("tree"));
    for number in 0..40u32 {
        let noise: Vec<u8> = (0..700u32)
            .flat_map(|at| blake3::hash(&(number * 1000 + at).to_le_bytes()).as_bytes()[..4].to_vec())
            .collect();
        tree = tree.file(format!("folder/{number:02}"), noise);
    }
    let path = if ending == "zip" {
        pack::zip_file(tree.root())
    } else {
        pack::tar_file(tree.root(), ending, &["--sort=name"])
    };
    let bytes = fs::read(&path).unwrap();
    (home, path, bytes)
}

#[test]
fn what_is_cut_off_is_unknown_and_never_absent() {
    for ending in ["tar", "tar.gz", "tar.zst", "tar.xz", "zip"] {
        let (home, path, bytes) = packed(ending);
        let folder = home.path().join("tree");
        let mut cuts: Vec<usize> = (1..12).map(|part| bytes.len() * part / 12).collect();
        // Also between two members, where nothing but the missing end tells.
        cuts.extend([1, 512, 1024, bytes.len() / 2 / 512 * 512]);
        for cut in cuts {
            fs::write(&path, &bytes[..cut]).unwrap();
            let outcome = compare(&folder, vec![archive(&path)]);
            let cut_off = &outcome.snapshots[1];
            let comparison = driftline::compare::compare(&outcome.snapshots);
            let complete = comparison.rows().all(|row| row.cells[1] == row.cells[0]);
            assert!(cut_off.unread_because().is_some() || (complete && ending == "tar"), "{ending} at {cut}");
            for row in comparison.rows() {
                assert_ne!(row.cells[1], Cell::Absent, "{ending} at {cut}");
                assert!(
                    row.cells[1] == Cell::Variant(0) || matches!(row.cells[1], Cell::Unreadable(_)),
                    "{ending} at {cut}"
                );
            }
        }
        // What came before the end of what there is, is kept.
        if ending == "tar" {
            fs::write(&path, &bytes[..bytes.len() / 2]).unwrap();
            let snapshot = list(archive(&path));
            assert!(snapshot.entries.len() > 10);
            let message = &snapshot.incidents.last().unwrap().message;
            assert!(
                message.contains("is cut off: what follows the first") && message.ends_with("is unknown"),
                "{message}"
            );
        }
    }
}

#[test]
fn damage_is_never_a_difference() {
    for ending in ["tar.gz", "tar.zst", "tar.xz", "zip"] {
        let (home, path, bytes) = packed(ending);
        let folder = home.path().join("tree");
        for part in 1..24 {
            let mut damaged = bytes.clone();
            let at = bytes.len() * part / 24;
            damaged[at] ^= 0x55;
            fs::write(&path, &damaged).unwrap();
            let outcome = compare(&folder, vec![archive(&path)]);
            let comparison = driftline::compare::compare(&outcome.snapshots);
            for row in comparison.rows().filter(|row| !row.is_folder) {
                let known = matches!(row.cells, [Cell::Variant(0), Cell::Variant(0) | Cell::Unreadable(_)]);
                // A name in a zip's directory has no checksum.
                assert!(known || ending == "zip" && row.cells.contains(&Cell::Absent), "{ending} at {at}: {row:?}");
            }
        }
    }
    let (_home, path, mut bytes) = packed("tar.gz");
    let last = bytes.len() - 6;
    bytes[last] ^= 1;
    fs::write(&path, &bytes).unwrap();
    let snapshot = list(archive(&path));
    assert_eq!(snapshot.entries, []);
    assert!(snapshot.incidents[0].message.contains("is damaged, so nothing in it is certain"), "{snapshot:?}");
}

#[test]
fn bad_headers_end_the_reading_with_words() {
    let mut bytes = ended(&[file("a", "1"), file("b", "2")]);
    bytes[1024 + 20] ^= 1;
    let snapshot = list_bytes(&bytes);
    assert_eq!(paths(&snapshot), ["a"]);
    assert!(snapshot.incidents[0].message.contains("has not the checksum that it states"), "{snapshot:?}");
    let huge = {
        let mut long = member(b'L', b"././@LongLink", b"", b"");
        let mut header = tar::Header::from_byte_slice(&long[..512]).clone();
        header.set_size(1 << 40);
        header.set_cksum();
        long[..512].copy_from_slice(header.as_bytes());
        long
    };
    let snapshot = list_bytes(&ended(&[file("a", "1"), huge]));
    assert!(snapshot.incidents[0].message.contains("a name, or the attributes of one, has"), "{snapshot:?}");
    let more = list_bytes(&[ended(&[file("a", "1")]), ended(&[file("b", "2")])].concat());
    assert_eq!(paths(&more), ["a"]);
    assert!(more.incidents[0].message.ends_with("has more in it after the end of its archive, which was not read"));
}

#[test]
fn what_is_no_archive_is_said() {
    let home = tempdir().unwrap();
    let at = |name: &str, bytes: &[u8]| {
        let path = home.path().join(name);
        fs::write(&path, bytes).unwrap();
        let snapshot = list(archive(&path));
        assert!(snapshot.entries.is_empty() && snapshot.unread_because().is_some());
        snapshot.incidents[0].message.replace(home.path().to_str().unwrap(), "")
    };
    assert_eq!(at("empty.tar", b""), "`/empty.tar` is empty");
    assert_eq!(at("text.tar", &b"text".repeat(400)), "`/text.tar` is neither a tar nor a zip archive");
    assert_eq!(at("a.tar.bz2", b"BZh91AY&SY"), "`/a.tar.bz2` is packed by bzip2, which is not read here");
    assert!(at("text.tar.gz", &[0x1f, 0x8b, 8, 0]).starts_with("`/text.tar.gz` is cut off"));
    let missing = list(archive(&home.path().join("nowhere.tar")));
    assert!(missing.incidents[0].message.ends_with("nowhere.tar` is not there"));
    let folder = list(archive(home.path()));
    assert!(folder.incidents[0].message.ends_with("is a folder"));
}

#[test]
fn encrypted_members_are_unknown_alone() {
    let home = tempdir().unwrap();
    let tree = Tree::at(home.path().join("tree")).file("secret", "s").file("open", "o");
    let path = home.path().join("mixed.zip");
    run(Command::new("zip").args(["-q", "-P", "pw"]).arg(&path).arg("secret").current_dir(tree.root()));
    run(Command::new("zip").arg("-q").arg(&path).arg("open").current_dir(tree.root()));
    let snapshot = list(archive(&path));
    assert!(matches!(entry(&snapshot, "open").content, Content::File(_)));
    assert!(matches!(entry(&snapshot, "secret").content, Content::Unreadable { .. }));
    assert_eq!(said(&snapshot), [(IncidentKind::File, "`secret` is encrypted, so its content is unknown")]);
}

#[test]
fn an_archive_is_left_as_it_is() {
    let (_home, path, _) = packed("tar.gz");
    let past = rustix::fs::Timespec { tv_sec: 1_000_000_000, tv_nsec: 5 };
    let keep = rustix::fs::Timespec { tv_sec: 0, tv_nsec: rustix::fs::UTIME_OMIT };
    let times = rustix::fs::Timestamps { last_access: past, last_modification: keep };
    rustix::fs::utimensat(rustix::fs::CWD, &path, &times, rustix::fs::AtFlags::empty()).unwrap();
    let state = || {
        let there = fs::metadata(&path).unwrap();
        (there.atime(), there.atime_nsec(), there.mtime_nsec(), there.ctime_nsec(), there.ino(), there.len())
    };
    let before = state();
    let folder = path.with_extension("").with_extension("");
    let outcome = compare(&folder, vec![archive(&path)]);
    assert_eq!(outcome.same("folder/07"), Some(true));
    assert_eq!(state(), before);
    assert_eq!(fs::read_dir(path.parent().unwrap()).unwrap().count(), 2, "nothing was unpacked beside it");
}
