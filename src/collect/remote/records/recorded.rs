//! What FreeBSD's own sh, find, xargs, stat, readlink, dd, head and grep answered to the script, recorded on Linux from a port of them
//! (chimerautils of August 2026), byte for byte.

use super::*;
use crate::collect::far::FarFold;
use crate::snapshot::Timestamp;

struct Recording {
    nonce: &'static str,
    bytes: &'static [u8],
}

const LISTING: Recording =
    Recording { nonce: "83b781d1efdebaaee58cbbdac14e09c7", bytes: include_bytes!("freebsd/listing.bin") };
const DIGESTS: Recording =
    Recording { nonce: "de64c779e2bbadf9d5ab0a26ed72a6b5", bytes: include_bytes!("freebsd/digests.bin") };
const FOLDS: Recording =
    Recording { nonce: "f1289804322c9f02bd371a6e1711958b", bytes: include_bytes!("freebsd/folds.bin") };
const CONTENTS: Recording =
    Recording { nonce: "6baa69d645065733ee966d0bd88c332d", bytes: include_bytes!("freebsd/contents.bin") };

/// Past the marker and what was found there.
fn begun(recording: &Recording, length: usize) -> Result<Records<&'static [u8]>, Stop> {
    let mut records = Records::new(&recording.bytes[..length], recording.nonce);
    records.start(&mut Vec::new())?;
    let found = records.capabilities()?;
    assert_eq!((found.tier, found.blake3, found.sha256, found.batches), (Tier::Bsd, false, true, true));
    Ok(records)
}

fn listed(length: usize) -> Result<Vec<Item>, Stop> {
    let mut items = Vec::new();
    let status = begun(&LISTING, length)?.listing(Tier::Bsd, &mut |item| items.push(item))?;
    assert_eq!(status, 0);
    Ok(items)
}

#[test]
fn a_listing() {
    let items = listed(LISTING.bytes.len()).unwrap();
    let entry = |path: &str| {
        let records = items.iter().filter_map(|item| match item {
            Item::Entry(record) => Some(record),
            Item::Target { .. } | Item::Repository(_) => None,
        });
        records.into_iter().find(|record| &*record.path == path.as_bytes()).unwrap_or_else(|| panic!("{path}"))
    };
    assert_eq!(items.len(), 10, "nine things, and where the link leads");
    assert_eq!((entry(".").kind, entry(".").mode), (Kind::Directory, 0o755));
    assert_eq!((entry("./odd name/new\nline").kind, entry("./odd name/new\nline").look.size), (Kind::File, 1));
    assert_eq!((entry("./sub/y").kind, entry("./sub/y").mode), (Kind::File, 0o4755), "the set-user bit is kept");
    assert_eq!((entry("./l").kind, entry("./pipe").kind), (Kind::Symlink, Kind::Fifo));
    let modified = Timestamp { seconds: 1_795_314_992, nanos: 253_521_246 };
    assert_eq!((entry("./x").look.modified, &*entry("./x").user), (modified, &b"root"[..]));
    assert_eq!(items[9], Item::Target { path: b"./l".to_vec(), target: Some(b"x".to_vec()) });
    for length in 0..LISTING.bytes.len() {
        assert!(matches!(listed(length), Err(Stop::Cut)), "cut at {length}");
    }
}

#[test]
fn digests_folds_and_contents() {
    let mut told = Vec::new();
    let mut records = begun(&DIGESTS, DIGESTS.bytes.len()).unwrap();
    records.ready().unwrap();
    assert_eq!(records.lines(b"D", digest::<32>, &mut |one| told.push(one)).unwrap(), 0);
    let sizes: Vec<u64> = told.iter().map(|one| one.after.unwrap().size).collect();
    assert_eq!((told.len(), sizes), (2, vec![1, 5]));
    assert_eq!(told[0].value.unwrap()[..2], [0x59, 0x4e]);

    let mut folds = Vec::new();
    let mut records = begun(&FOLDS, FOLDS.bytes.len()).unwrap();
    records.ready().unwrap();
    assert_eq!(records.lines(b"F", fold, &mut |one| folds.push(one.value)).unwrap(), 0);
    assert_eq!(folds, [Ok(FarFold::Foldable), Ok(FarFold::Foldable)], "both have a carriage return");

    let mut contents = Vec::new();
    let mut records = begun(&CONTENTS, CONTENTS.bytes.len()).unwrap();
    records.ready().unwrap();
    assert_eq!(records.contents(|_| 100, &mut |one| contents.push(one.value)).unwrap(), 0);
    assert_eq!(contents, [Ok(b"twx\r\n".to_vec()), Ok(b"one\r\n".to_vec())]);
}
