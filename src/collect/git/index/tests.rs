use proptest::prelude::*;

use super::*;

/// Builds the bytes of an index of version 2 or 3.
fn build(version: u32, entries: &[(&[u8], u32, u16, u16)], extensions: &[(&[u8; 4], &[u8])]) -> Vec<u8> {
    let mut bytes = b"DIRC".to_vec();
    bytes.extend(version.to_be_bytes());
    bytes.extend((entries.len() as u32).to_be_bytes());
    for (path, mode, flags, extended) in entries {
        let start = bytes.len();
        bytes.extend([0; 24]);
        bytes.extend(mode.to_be_bytes());
        bytes.extend([0; 12]);
        bytes.extend([7; 20]);
        bytes.extend((flags | path.len() as u16).to_be_bytes());
        if flags & EXTENDED != 0 {
            bytes.extend(extended.to_be_bytes());
        }
        bytes.extend_from_slice(path);
        bytes.extend(std::iter::repeat_n(0, 8 - (bytes.len() - start) % 8));
    }
    for (name, body) in extensions {
        bytes.extend_from_slice(*name);
        bytes.extend((body.len() as u32).to_be_bytes());
        bytes.extend_from_slice(body);
    }
    sign(bytes)
}

fn sign(mut bytes: Vec<u8>) -> Vec<u8> {
    let checksum = Sha1::digest(&bytes);
    bytes.extend_from_slice(&checksum);
    bytes
}

#[test]
fn entries_and_flags() {
    let bytes = build(
        3,
        &[
            (b"a/b", 0o100_755, 0, 0),
            (b"c", 0o120_000, EXTENDED, INTENT_TO_ADD),
            (b"d/", 0o040_000, EXTENDED, SKIP_WORKTREE),
        ],
        &[(b"TREE", b"anything"), (b"sdir", b"")],
    );
    let index = Index::parse(&bytes).unwrap();
    let modes: Vec<FileMode> = index.entries.iter().map(|entry| entry.mode).collect();
    assert_eq!(modes, [FileMode::Executable, FileMode::Link, FileMode::Folder]);
    assert!(index.entries[1].intent_to_add && !index.entries[1].skip_worktree && index.entries[2].skip_worktree);
    assert_eq!(index.entries[2].path.as_bytes(), b"d");
}

#[test]
fn what_must_be_understood_and_is_not_is_an_error() {
    let bytes = build(2, &[(b"a", 0o100_644, 0, 0)], &[(b"what", b"")]);
    assert_eq!(Index::parse(&bytes).unwrap_err(), IndexError::Extension(*b"what"));
    assert_eq!(Index::parse(&build(5, &[], &[])).unwrap_err(), IndexError::Version(5));
}

#[test]
fn damage_is_an_error() {
    let good = build(2, &[(b"a", 0o100_644, 0, 0), (b"b", 0o100_644, 0, 0)], &[]);
    assert!(Index::parse(&good).is_ok());
    for end in 0..good.len() {
        assert!(Index::parse(&good[..end]).is_err(), "{end}");
    }
    let unsorted = build(2, &[(b"b", 0o100_644, 0, 0), (b"a", 0o100_644, 0, 0)], &[]);
    assert!(matches!(Index::parse(&unsorted), Err(IndexError::Damaged(_))));
    for path in [&b"../a"[..], b"/a", b"a//b", b""] {
        assert!(Index::parse(&build(2, &[(path, 0o100_644, 0, 0)], &[])).is_err(), "{path:?}");
    }
    assert!(Index::parse(&build(2, &[(b"a/", 0o040_000, 0, 0)], &[])).is_err());
}

#[test]
fn a_checksum_that_was_not_written_is_not_checked() {
    let mut bytes = build(2, &[(b"a", 0o100_644, 0, 0)], &[]);
    let end = bytes.len();
    bytes[end - 20..].fill(0);
    assert!(Index::parse(&bytes).is_ok());
}

#[test]
fn a_split_index_is_joined() {
    let shared = build(2, &[(b"a", 0o100_644, 0, 0), (b"b", 0o100_644, 0, 0), (b"c", 0o100_644, 0, 0)], &[]);
    let base = shared.last_chunk::<20>().unwrap();
    let bitmap =
        |word: u64| [&[0, 0, 0, 3, 0, 0, 0, 2][..], &(1u64 << 33).to_be_bytes(), &word.to_be_bytes(), &[0; 4]].concat();
    let link = [&base[..], &bitmap(0b001), &bitmap(0b100)].concat();
    let split = build(2, &[(b"", 0o100_755, 0, 0), (b"bb", 0o100_644, 0, 0)], &[(b"link", &link)]);
    let joined = Index::parse(&split).unwrap().join(Index::parse(&shared).unwrap()).unwrap();
    let entries: Vec<_> = joined.entries.iter().map(|entry| (entry.path.as_bytes(), entry.mode)).collect();
    assert_eq!(entries, [(&b"b"[..], FileMode::File), (b"bb", FileMode::File), (b"c", FileMode::Executable)]);

    let other = build(2, &[(b"x", 0o100_644, 0, 0)], &[]);
    assert!(Index::parse(&split).unwrap().join(Index::parse(&other).unwrap()).is_err());
}

proptest! {
    #[test]
    fn no_input_panics(bytes in proptest::collection::vec(any::<u8>(), 0..400), version in 0u32..6, count in 0u32..4) {
        let _ = Index::parse(&bytes);
        let headed = [&b"DIRC"[..], &version.to_be_bytes(), &count.to_be_bytes(), &bytes].concat();
        let _ = Index::parse(&sign(headed));
    }

    #[test]
    fn no_change_of_a_good_index_panics(at in 12usize..200, byte in any::<u8>(), version in 2u32..5) {
        let link = [&[1; 20][..], &[0; 40]].concat();
        let mut bytes = build(
            version,
            &[(b"a/b", 0o100_644, 0, 0), (b"c", 0o120_000, 0, 0)],
            &[(b"link", &link), (b"TREE", b"x")],
        );
        bytes.truncate(bytes.len() - 20);
        if let Some(place) = bytes.get_mut(at) {
            *place = byte;
        }
        if let Ok(index) = Index::parse(&sign(bytes)) {
            let _ = index.join(Index::parse(&build(2, &[(b"z", 0o100_644, 0, 0)], &[])).unwrap());
        }
    }
}
