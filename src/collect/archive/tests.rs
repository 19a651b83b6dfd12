//! Bombs, with limits that a test can reach, and contents that are read after the listing.

use std::io::Write as _;
use std::path::Path;

use super::*;
use crate::collect::Unwatched;
use crate::snapshot::Content;

const SMALL: Limits =
    Limits { entries: 50, content: 400_000, total: 2_000_000, names: 4000, ratio: 100, floor: 100_000 };

fn packed(members: &[(String, usize)]) -> Vec<u8> {
    let mut builder = ::tar::Builder::new(flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best()));
    for (name, size) in members {
        let mut header = ::tar::Header::new_gnu();
        header.set_size(*size as u64);
        header.set_mode(0o644);
        builder.append_data(&mut header, name, &*vec![b'x'; *size]).unwrap();
    }
    builder.into_inner().unwrap().finish().unwrap()
}

fn opened(home: &Path, bytes: &[u8]) -> Archive {
    let path = home.join("a");
    std::fs::File::create(&path).unwrap().write_all(bytes).unwrap();
    let name = EnvironmentName::new("e").unwrap();
    let mut archive = Archive::open(name, &path, 0, PathMap::default()).unwrap();
    archive.limits = SMALL;
    archive
}

fn listed(bytes: &[u8]) -> Snapshot {
    let home = tempfile::tempdir().unwrap();
    opened(home.path(), bytes).list(&Filter::new(&[]), &Unwatched).unwrap().snapshot
}

fn ended_by(snapshot: &Snapshot) -> &str {
    let incident = snapshot.unread_because().expect("it was not read to its end");
    &snapshot.incidents[incident.0 as usize].message
}

#[test]
fn bombs_end_the_reading_and_the_rest_is_unknown() {
    let many: Vec<(String, usize)> = (0..60).map(|number| (format!("{number:02}"), 1)).collect();
    let snapshot = listed(&packed(&many));
    assert!(ended_by(&snapshot).contains("it has more than 50 members"));
    assert!(!snapshot.entries.is_empty());

    let dense: Vec<(String, usize)> = (0..20).map(|number| (format!("{number:02}"), 300_000)).collect();
    let snapshot = listed(&packed(&dense));
    assert!(ended_by(&snapshot).contains("more than 100 bytes come out of each byte of it"), "{}", ended_by(&snapshot));

    let deep = [("d/".repeat(90) + "x", 1)];
    let snapshot = listed(&packed(&deep));
    assert!(ended_by(&snapshot).contains("its paths have more than 4000 bytes"), "{}", ended_by(&snapshot));
}

#[test]
fn one_content_that_is_too_large_is_unknown_alone() {
    let noise: Vec<u8> = (0..20_000u32).flat_map(|at| *blake3::hash(&at.to_le_bytes()).as_bytes()).collect();
    let mut builder = ::tar::Builder::new(Vec::new());
    for (name, content) in [("large", &noise[..500_000]), ("small", b"s")] {
        let mut header = ::tar::Header::new_gnu();
        header.set_size(content.len() as u64);
        builder.append_data(&mut header, name, content).unwrap();
    }
    let snapshot = listed(&builder.into_inner().unwrap());
    let contents: Vec<bool> = snapshot.entries.iter().map(|it| matches!(it.content, Content::File(_))).collect();
    assert_eq!(contents, [false, true]);
    assert_eq!(snapshot.incidents[0].message, "`large` has 500000 bytes, and contents above 400000 bytes are not read");
    assert_eq!(snapshot.unread_because(), None);
}

#[test]
fn announced_contents_are_gone_over_once() {
    let members: Vec<(String, usize)> = (0..5).map(|number| (format!("f{number}"), number + 1)).collect();
    let home = tempfile::tempdir().unwrap();
    let archive = opened(home.path(), &packed(&members));
    let listing = archive.list(&Filter::new(&[]), &Unwatched).unwrap();
    let paths: Vec<&TreePath> = listing.snapshot.entries.iter().map(|entry| &entry.path).collect();
    archive.prepare(&paths[1..3]);
    assert_eq!(lock(&archive.kept).len(), 2);
    let mut reader = archive.reader();
    for (at, path) in paths.iter().enumerate() {
        let mut content = String::new();
        reader.open(path).unwrap().read_to_string(&mut content).unwrap();
        assert_eq!(content, "x".repeat(at + 1));
    }
    assert_eq!(lock(&archive.kept).len(), 5, "one that was not announced brings all small ones");
}
