use super::*;
use crate::collect::far::{FarFold, GitItem, PackFault};
use crate::snapshot::{TextFold, Timestamp};

const NONCE: &str = "5f0c";

/// A transcript, with zero bytes written as `@`.
fn transcript(text: &str) -> Vec<u8> {
    text.bytes().map(|byte| if byte == b'@' { 0 } else { byte }).collect()
}

fn records(bytes: &[u8]) -> Records<&[u8]> {
    Records::new(bytes, NONCE)
}

fn listed(bytes: &[u8], tier: Tier) -> (Vec<Item>, Result<i32, Stop>) {
    let mut items = Vec::new();
    let status = records(bytes).listing(tier, &mut |item| items.push(item));
    (items, status)
}

fn entry(item: &Item) -> &Record {
    match item {
        Item::Entry(record) => record,
        Item::Target { .. } | Item::Repository(_) => panic!("{item:?}"),
    }
}

#[test]
fn what_comes_before_the_marker_is_noise() {
    let bytes = transcript(
        "Last login: never\nnul @ too\nDRIFTLINE1 5f0c@C@gnu@@sha256sum@yes@no@1795275658.5@web-1@@@driftline 0.0.1@",
    );
    let mut records = records(&bytes);
    let mut noise = Vec::new();
    records.start(&mut noise).unwrap();
    assert_eq!(noise, b"Last login: never\nnul \0 too");
    let met = records.capabilities().unwrap();
    assert_eq!((met.tier, met.blake3, met.sha256, met.batches), (Tier::Gnu, false, true, true));
    assert_eq!((met.host, met.git), (b"web-1".to_vec(), None));
    assert_eq!(met.driftline, Driftline::Other(b"driftline 0.0.1".to_vec()));
    assert_eq!(met.now, Timestamp { seconds: 1_795_275_658, nanos: 500_000_000 });
}

#[test]
fn another_marker_is_none() {
    let mut noise = Vec::new();
    for text in ["\nDRIFTLINE1 ffff@C@", "DRIFTLINE1 %s@", ""] {
        let bytes = transcript(text);
        assert!(matches!(records(&bytes).start(&mut noise), Err(Stop::Cut)), "{text}");
    }
}

#[test]
fn endless_noise_is_given_up() {
    let mut endless = Records::new(std::io::BufReader::new(std::io::repeat(b'x')), NONCE);
    let mut noise = Vec::new();
    assert!(matches!(endless.start(&mut noise), Err(Stop::Cut)));
    assert!(noise.len() <= 2 * NOISE_LIMIT);
}

#[test]
fn a_listing_of_gnu_find() {
    let bytes = transcript(
        "=d@755@4096@1795275658.8572508180@1795275658.8572508180@65024@7@0@0@root@root@.@@\
         =l@777@3@1.5@2.25@65024@8@1000@50@deploy@www-data@./l@fo\no@\
         !f@600@3@-1.0000000000@1795275658.8@65024@9@0@0@root@root@./d/new\nline@@END 5f0c 1@",
    );
    let (items, status) = listed(&bytes, Tier::Gnu);
    assert_eq!(status.unwrap(), 1);
    assert_eq!(entry(&items[0]).path, b".");
    let link = entry(&items[1]);
    assert_eq!((link.kind, link.mode, link.target.as_deref()), (Kind::Symlink, 0o777, Some(&b"fo\no"[..])));
    assert_eq!((link.uid, link.gid, &*link.user, &*link.group), (1000, 50, &b"deploy"[..], &b"www-data"[..]));
    assert_eq!(link.look.modified, Timestamp { seconds: 1, nanos: 500_000_000 });
    let file = entry(&items[2]);
    assert_eq!((file.kind, file.readable, &*file.path), (Kind::File, false, &b"./d/new\nline"[..]));
    assert_eq!(file.look.changed.nanos, 800_000_000);
}

/// As busybox 1.35 gives it: raw modes in hexadecimal, whole seconds.
#[test]
fn a_listing_of_find_and_stat() {
    let bytes = transcript(
        "B@.@./a@./odd\nname@./gone@./l@@===!=@41ed|4096|1795275658|1795275659|0|0|65024|7|root|root\n\
         81a4|3|1795275658|1795275658|1000|1000|65024|8|UNKNOWN|UNKNOWN\n\
         8180|1|5|6|0|0|65024|9|root|root\n?\na1ff|3|5|6|0|0|65024|10|root|root@L@./l@fo\no@0@L@./x@@1@END 5f0c 0@",
    );
    let (items, status) = listed(&bytes, Tier::Stat);
    assert_eq!(status.unwrap(), 0);
    assert_eq!(items.len(), 6);
    assert_eq!((entry(&items[0]).kind, entry(&items[0]).mode), (Kind::Directory, 0o755));
    assert_eq!((entry(&items[1]).kind, entry(&items[1]).mode, entry(&items[1]).uid), (Kind::File, 0o644, 1000));
    assert_eq!(entry(&items[2]).path, b"./odd\nname");
    assert_eq!((entry(&items[3]).kind, &entry(&items[3]).target), (Kind::Symlink, &None), "./gone went away");
    assert_eq!(items[4], Item::Target { path: b"./l".to_vec(), target: Some(b"fo\no".to_vec()) });
    assert_eq!(items[5], Item::Target { path: b"./x".to_vec(), target: None });
}

/// As FreeBSD and macOS give it by their manuals; `recorded` has what came: `%Xp` in hexadecimal, times with nanoseconds, `wheel`.
#[test]
fn a_listing_of_bsd_stat() {
    let bytes = transcript(
        "B@.@./a@./s@@===@41ed|64|1700000000.123456789|1700000001.000000000|501|20|16777232|7|anna|staff\n\
         89ed|12|1700000000.000000001|1700000000.5|0|0|16777232|8|root|wheel\n\
         c1ed|0|1700000000|1700000000|0|0|16777232|9|root|wheel@END 5f0c 0@",
    );
    let (items, status) = listed(&bytes, Tier::Bsd);
    assert_eq!(status.unwrap(), 0);
    let root = entry(&items[0]);
    assert_eq!((root.kind, &*root.user, &*root.group), (Kind::Directory, &b"anna"[..], &b"staff"[..]));
    assert_eq!(root.look.modified, Timestamp { seconds: 1_700_000_000, nanos: 123_456_789 });
    assert_eq!((entry(&items[1]).kind, entry(&items[1]).mode), (Kind::File, 0o4755), "the set-user bit is kept");
    assert_eq!(entry(&items[1]).look.modified.nanos, 1);
    assert_eq!(entry(&items[2]).kind, Kind::Socket);
}

#[test]
fn digests_of_all_tools() {
    let hash = "98ea6e4f216f2fb4b69fff9b3a44842c38686ca685f3f55dc48c5d3fb1107be4";
    let look = "65024|8|3|1795275658.5|1795275658.5";
    let bytes = transcript(&format!(
        "D@6@{look}\n{look}\n{look}\n{look}\n?\n{look}@{hash}  ./a\n{hash}  -\n\\{hash}  odd\n{hash} *./b\n?gone\n?denied@\
         {look}\n{look}\n?\n{look}\n?\n{look}@END 5f0c 0@"
    ));
    let mut told: Vec<Told<[u8; 32]>> = Vec::new();
    assert_eq!(records(&bytes).lines(b"D", digest, &mut |one| told.push(one)).unwrap(), 0);
    let values: Vec<_> = told.iter().map(|one| one.value.map(|digest| digest[0])).collect();
    let ok = Ok(0x98);
    assert_eq!(values, [ok, ok, ok, ok, Err(Refusal::Gone), Err(Refusal::Denied)]);
    assert_eq!(told[0].before, Before::Seen(told[0].after.unwrap()));
    assert_eq!((told[2].after, told[4].before), (None, Before::Gone));
    assert_eq!(told[0].after.unwrap().changed.nanos, 500_000_000);
}

#[test]
fn a_look_afterwards_may_be_the_only_one() {
    let hash = "98ea6e4f216f2fb4b69fff9b3a44842c38686ca685f3f55dc48c5d3fb1107be4";
    let bytes = transcript(&format!("D@2@@{hash}\n?gone@65024|8|3|1|1\n?@END 5f0c 0@"));
    let mut told: Vec<Told<[u8; 32]>> = Vec::new();
    assert_eq!(records(&bytes).lines(b"D", digest, &mut |one| told.push(one)).unwrap(), 0);
    assert!(told.iter().all(|one| one.before == Before::NotLooked));
    assert_eq!((told[0].after.unwrap().size, told[1].after), (3, None));
}

#[test]
fn contents_may_hold_anything_but_the_word() {
    let look = "65024|8|3|1|1";
    let bytes = transcript(&format!(
        "T@4@{look}\n{look}\n?\n{look}@one@two\n@@5f0c ok@@5f0c ok@@5f0c gone@far too long@5f0c ok@{look}\n{look}\n?\n{look}@END 5f0c 0@"
    ));
    let mut told = Vec::new();
    let status = records(&bytes).contents(|number| if number == 3 { 4 } else { 100 }, &mut |one| told.push(one.value));
    assert_eq!(status.unwrap(), 0);
    assert_eq!(told[0], Ok(b"one\0two\n\0".to_vec()));
    assert_eq!(told[1], Ok(Vec::new()));
    assert_eq!(told[2], Err(Refusal::Gone));
    assert_eq!(told[3], Err(Refusal::Failed));
}

#[test]
fn no_stream_without_its_end_is_complete() {
    let gnu = transcript("=f@644@3@1.5@1.5@65024@9@0@0@root@root@./a@@END 5f0c 0@");
    let stat = transcript("B@./a@@=@81a4|3|1|1|0|0|65024|8|root|root@L@./l@x@0@END 5f0c 0@");
    for (bytes, tier) in [(gnu, Tier::Gnu), (stat, Tier::Stat)] {
        for length in 0..bytes.len() {
            let (_, status) = listed(&bytes[..length], tier);
            assert!(matches!(status, Err(Stop::Cut)), "{length}: {status:?}");
        }
        assert!(listed(&bytes, tier).1.is_ok());
    }
}

#[test]
fn an_end_says_how_much_there_was() {
    let entry = "=f@644@3@1.5@1.5@65024@9@0@0@root@root@./a@@";
    let wrote = 2 * entry.len() + 2;
    let whole = transcript(&format!("{entry}W@{entry}END 5f0c 1 {wrote}@"));
    assert_eq!(listed(&whole, Tier::Gnu).1.unwrap(), 1);
    let less = transcript(&format!("{entry}END 5f0c 0 {wrote}@"));
    let came = entry.len() as u64;
    let miscounted = |stop: &Stop| matches!(stop, Stop::Miscounted { what: "bytes", wrote, came: here } if *wrote == 2 * came + 2 && *here == came);
    assert!(listed(&less, Tier::Gnu).1.is_err_and(|stop| miscounted(&stop)));
    let look = "65024|8|3|1|1";
    let content = format!("T@1@{look}@one@5f0c ok@{look}@");
    for (wrote, is_complete) in [(content.len(), true), (content.len() + 1, false)] {
        let bytes = transcript(&format!("R@{content}END 5f0c 0 {wrote}@"));
        let mut records = records(&bytes);
        records.ready().unwrap();
        assert_eq!(records.contents(|_| 9, &mut |_| ()).is_ok(), is_complete);
    }
}

/// As driftline gives it, GNU and BSD grep with counts, and whoever has no grep.
#[test]
fn what_folding_leaves() {
    let look = "65024|8|3|1795275658.5|1795275658.5";
    let (plain, trimmed) = ("ab".repeat(32), "0c".repeat(32));
    let bytes = transcript(&format!(
        "F@4@{look}\n{look}\n{look}\n?@0\n1\nb\n?gone@{look}\n{look}\n{look}\n?@F@1@{look}@t 1 0 {plain} {trimmed}@{look}@\
         END 5f0c 0 - 5@"
    ));
    let mut told = Vec::new();
    records(&bytes).lines(b"F", fold, &mut |one| told.push(one.value)).unwrap();
    let text = TextFold { has_bom: true, has_crlf: false, plain: [0xab; 32], trimmed: [0x0c; 32] };
    let known = [FarFold::Whole, FarFold::Foldable, FarFold::Binary].map(Ok);
    assert_eq!(told, [&known[..], &[Err(Refusal::Gone), Ok(FarFold::Text(text))]].concat());
    for line in ["", "x", "t 1 0", "t 2 0 ab ab", "-1", "?", "0 0"] {
        let bytes = transcript(&format!("F@1@{look}@{line}@{look}@END 5f0c 0@"));
        assert!(records(&bytes).lines(b"F", fold, &mut |_| ()).is_err(), "{line}");
    }
}

#[test]
fn an_end_says_how_many_files_it_was_about() {
    let batch = "B@./a@./b@@==@81a4|3|1|1|0|0|65024|8|root|root\n?@";
    for (wrote, is_complete) in [("- 4", true), ("- -", true), ("- 5", false), ("- x", false), ("-", true)] {
        let bytes = transcript(&format!("{batch}{batch}END 5f0c 0 {wrote}@"));
        assert_eq!(listed(&bytes, Tier::Stat).1.is_ok(), is_complete, "{wrote}");
    }
    let digests = "D@1@?@?gone@?@END 5f0c 0 - 2@";
    let stop = records(&transcript(digests)).lines(b"D", digest::<32>, &mut |_| ()).unwrap_err();
    assert!(matches!(stop, Stop::Miscounted { what: "files", wrote: 2, came: 1 }), "{stop:?}");
}

#[test]
fn driftline_there_says_what_failed() {
    let bytes = transcript("?d@755@0@1.5@1.5@1@9@0@0@root@root@./a@@list@input/output error@END 5f0c 0@");
    let (items, _) = listed(&bytes, Tier::Gnu);
    let failing = Failing { unstable: false, act: "list".to_owned(), why: "input/output error".to_owned() };
    assert_eq!(entry(&items[0]).trouble, Some(failing));
}

#[test]
fn an_end_with_another_word_is_no_end() {
    assert!(matches!(listed(&transcript("END ffff 0@"), Tier::Gnu).1, Err(Stop::Garbled)));
    assert!(
        matches!(listed(&transcript("E@denied@END 5f0c 0@"), Tier::Gnu).1, Err(Stop::Refused(word)) if word == "denied")
    );
}

#[test]
fn files_of_a_repository() {
    let bytes = transcript(
        "F@/r/.git/HEAD@5|1700000000.25@ref: @5f0c ok@V@/r/.git/./refs/heads/main@1234@K@./lib/.git/HEAD@refs/heads/x@D@/r/.git@\
         P@/r/.git/MERGE_HEAD@X@/r/.git/index@denied@X@/r/.git/config@large@X@/r/.git/packed-refs@odd@END 5f0c 0@",
    );
    let mut files = Vec::new();
    let root = std::path::Path::new("/r");
    assert_eq!(records(&bytes).git_files(root, &mut |file| files.push(file)).unwrap(), 0);
    let names: Vec<&str> = files.iter().map(|file| file.path.to_str().unwrap()).collect();
    assert_eq!(names[2], "/r/lib/.git/HEAD");
    let modified = Some(Timestamp { seconds: 1_700_000_000, nanos: 250_000_000 });
    assert_eq!(files[0].item, GitItem::File { bytes: b"ref: ".to_vec(), modified });
    assert_eq!(files[1].item, GitItem::File { bytes: b"1234".to_vec(), modified: None });
    assert_eq!(files[2].item, GitItem::Link(b"refs/heads/x".to_vec()));
    let denied = GitItem::Closed(std::io::ErrorKind::PermissionDenied);
    let rest: Vec<_> = files.into_iter().skip(3).map(|file| file.item).collect();
    assert_eq!(rest, [GitItem::Folder, GitItem::Other, denied, GitItem::TooLarge, GitItem::Other]);
    for length in 0..bytes.len() {
        assert!(matches!(records(&bytes[..length]).git_files(root, &mut |_| ()), Err(Stop::Cut)), "{length}");
    }
}

#[test]
fn objects_are_listed_in_any_dialect_of_ls() {
    let bytes = transcript(
        "O@-r--r--r-- 1 0 0 181 Nov 21 18:00 /r/.git/objects/./0b/c6\n\
         -r--r--r--    1 0        0               42 Nov 21  2025 /r/a b/.git/objects/./pack/pack-1.pack\nodd@END 5f0c 0@",
    );
    let (objects, status) = records(&bytes).git_objects().unwrap();
    assert_eq!((objects.len(), status), (2, 0));
    assert_eq!((objects[0].clone(), objects[1].1), (("0b/c6".to_owned(), 181), 42));
}

#[test]
fn a_pack_is_handed_on_and_ends_with_its_closing_record() {
    let answer = "000eadvertised0000".to_owned()
        + "0008ACK 000aACK 12"
        + "0009\u{1}PACK"
        + "000a\u{2}noise"
        + "0007\u{1}..0000END 5f0c 0@";
    let bytes = transcript(&answer);
    let mut pack = Vec::new();
    records(&bytes).git_pack(&mut pack, 100, None).unwrap();
    assert_eq!(pack, b"PACK..");
    assert!(matches!(
        records(&bytes).git_pack(&mut std::io::sink(), 5, None),
        Err(PackStop::Fault(PackFault::TooLarge(5)))
    ));
    for length in 0..bytes.len() {
        assert!(records(&bytes[..length]).git_pack(&mut std::io::sink(), 100, None).is_err(), "{length}");
    }
    let ended = transcript("END 5f0c 128@");
    assert!(matches!(records(&ended).git_pack(&mut pack, 100, None), Err(PackStop::Ended(128))));
}

proptest::proptest! {
    #[test]
    fn nothing_that_comes_makes_it_panic(bytes in proptest::collection::vec(proptest::num::u8::ANY, 0..300)) {
        for start in [&b""[..], b"=f\x00644\x00", b"B\0./a\0\0", b"D\x001\0", b"T\x001\0", b"F\x001\0?\0", b"F\0./a\x001|1\0", b"00000008NAK\n0006\x01"] {
            let bytes = [start, &bytes].concat();
            for tier in [Tier::Gnu, Tier::Stat] {
                let _ = listed(&bytes, tier);
            }
            let _ = records(&bytes).lines(b"D", digest::<32>, &mut |_| ());
            let _ = records(&bytes).lines(b"D", digest::<20>, &mut |_| ());
            let _ = records(&bytes).lines(b"F", fold, &mut |_| ());
            let _ = records(&bytes).contents(|_| 10, &mut |_| ());
            let _ = records(&bytes).git_files(std::path::Path::new("/"), &mut |_| ());
            let _ = records(&bytes).git_objects();
            let _ = records(&bytes).git_pack(&mut std::io::sink(), 10, None);
        }
    }
}
