//! Files that are no text, crowds, colours, hostile names, and what programs read.

use driftline::compare::text::RegionClass;
use driftline::snapshot::{Content, Special};

use super::*;

#[test]
fn what_is_no_text_is_said_and_the_rest_is_shown() {
    let limits = Limits { bytes: 100, lines: 10 };
    let memory = Memory::new(&["a", "b", "c", "d", "e", "f", "g", "h"])
        .file(0, X, "one\n")
        .file(1, X, "two\n")
        .file(2, X, b"\0\x01")
        .file(3, X, "x".repeat(101))
        .entry(4, X, Content::Symlink { target: (*b"/etc/\x1b[2J").into() })
        .entry(5, X, Content::Special(Special::Fifo))
        .unreadable(6, X, "permission denied");
    let file = file_view(&memory, X, |inputs| inputs.limits = limits);
    assert!(memory.read.borrow().iter().all(|(environment, _)| *environment < 3), "the large one is not read");
    insta::assert_snapshot!(written(write_regions, &text_view(&memory, vec![file]), 80), @r##"
    backend/app/services/MemberService.py
      A A   B B   C C   D D   E E   F F   G !   H .
      base: A, two-way: which came first is not known
      c: not shown as text: binary, 2 bytes (content C)
      d: not shown as text: 101 bytes, more than the 100 that are compared by lines
      (content D)
      e: a symbolic link to /etc/\x1b[2J
      f: a named pipe
      g: it is not known what is there: permission denied
      h: it is absent

      @@ 1                                                                 b differs
         1       - one
              1  + two

    1 region only in b, 0 conflicts
    next: driftline status
    "##);
}

#[test]
fn what_is_equal_is_read_once() {
    let memory = Memory::new(&["a", "b", "c"]).file(0, X, "one\n").file(1, X, "one\n").file(2, X, "one\n");
    let file = file_view(&memory, X, |_| {});
    assert_eq!(*memory.read.borrow(), [(0, path(X))]);
    assert_eq!(file.notes, [Note::InSync]);
    assert_eq!(file.texts[0].environments, [0, 1, 2]);
    assert!(file.changed().next().is_none());
}

#[test]
fn a_file_of_one_environment_is_said_to_be_one() {
    let memory = Memory::new(&["a", "b", "c"]).file(1, X, "one\n");
    insta::assert_snapshot!(shown(&memory, X, write_regions, 80), @r##"
    backend/app/services/MemberService.py  A .   B A   C .
      only b has it
    next: driftline status
    "##);
}

#[test]
fn many_environments_fit() {
    let names: Vec<String> = (1..=30).map(|number| format!("web-{number}")).collect();
    let mut memory = Memory::new(&names.iter().map(String::as_str).collect::<Vec<_>>());
    for at in 0..30 {
        memory = memory.file(at, X, if at == 7 { "one\ntwo\n" } else { "one\n" });
    }
    insta::assert_snapshot!(shown(&memory, X, write_regions, 80), @r##"
    backend/app/services/MemberService.py
      W1 A   W2 A   W3 A   W4 A   W5 A   W6 A   W7 A   W8 B   W9 A   W10 A   W11 A
      W12 A   W13 A   W14 A   W15 A   W16 A   W17 A   W18 A   W19 A   W20 A   W21 A
      W22 A   W23 A   W24 A   W25 A   W26 A   W27 A   W28 A   W29 A   W30 A
      base: W1 = W2 = W3 = … (29 of 30), two-way: which came first is not known

      @@ 2  one                                                        web-8 differs
         1    1  | one
              2  + two

    1 region only in web-8, 0 conflicts
    next: driftline status
    "##);
}

#[test]
fn colour_changes_nothing_but_the_look() {
    for writer in [write_regions as Writer, write_columns, write_unified] {
        let view = text_view(&conflict(), vec![file_view(&conflict(), X, |_| {})]);
        let mut coloured = Vec::new();
        let screen = Screen { columns: 176, styles: Styles::new(true) };
        writer(&view, screen, &mut coloured).expect("memory takes everything");
        let coloured = anstream::adapter::strip_bytes(&coloured).into_vec();
        let coloured: Vec<String> =
            String::from_utf8(coloured).expect("it is UTF-8").lines().map(|line| line.trim_end().to_owned()).collect();
        let plain = written(writer, &view, 176);
        let plain: Vec<&str> = plain.lines().map(str::trim_end).filter(|line| !line.contains("^^")).collect();
        assert_eq!(coloured, plain);
    }
}

#[test]
fn a_failing_read_is_not_the_end() {
    let mut memory = Memory::new(&["a", "b", "c"]).file(0, X, "one\n").file(1, X, "one\n").file(2, X, "two\n");
    memory.contents.remove(&(0, path(X)));
    let file = file_view(&memory, X, |_| {});
    assert!(matches!(file.sides[..], [Side::Unknown { .. }, Side::Text { .. }, Side::Text { .. }]), "{:?}", file.sides);
    assert_eq!(file.changed().map(|region| region.class.clone()).collect::<Vec<_>>(), [RegionClass::Only(2)]);
}

#[test]
fn quiet_differences_are_named_and_left_out() {
    let memory = Memory::new(&["prod", "staging", "debug"]).file(0, X, "one\ntwo\n").file(1, X, "one\r\ntwo\r\n").file(
        2,
        X,
        "\u{feff}one\ntwo",
    );
    insta::assert_snapshot!(shown(&memory, X, write_regions, 80), @r##"
    backend/app/services/MemberService.py  P A   S B   D C
      base: P, two-way: which came first is not known
      encodings differ and are left out below: UTF-8 in prod and staging, UTF-8 with
      byte-order mark in debug
      line endings differ and are left out below: LF in prod and debug, CR LF in
      staging
      no newline at the end of the file in debug

      @@ 2  one                                                        debug differs
         1    1  | one
         2       - two
              2  + two
                 \ no newline at the end of the file

    1 region only in debug, 0 conflicts
    next: driftline status
    "##);

    let utf16: Vec<u8> = "\u{feff}gr\u{f6}\u{df}e\r\n".encode_utf16().flat_map(u16::to_le_bytes).collect();
    let memory =
        Memory::new(&["a", "b", "c"]).file(0, X, "gr\u{f6}\u{df}e\n").file(1, X, b"gr\xf6\xdfe\n").file(2, X, utf16);
    insta::assert_snapshot!(shown(&memory, X, write_regions, 80), @r##"
    backend/app/services/MemberService.py  A A   B B   C C
      base: A, two-way: which came first is not known
      encodings differ and are left out below: UTF-8 in a, not UTF-8 (shown as
      Windows-1252) in b, UTF-16 (little endian) in c
      line endings differ and are left out below: LF in a and b, CR LF in c
      nothing else differs
    next: driftline status
    "##);
}

#[test]
fn a_base_may_be_named() {
    let file = file_view(&oncalls(), X, |inputs| inputs.base = Some(2));
    let classes: Vec<RegionClass> = file.changed().map(|region| region.class.clone()).collect();
    let shared = RegionClass::Shared(vec![0, 1]);
    assert_eq!(classes, [RegionClass::Only(1), shared.clone(), shared]);
}

#[test]
fn nothing_hostile_reaches_the_terminal() {
    let hostile = |middle: &str| {
        let late_zero = format!("{}\0", "x".repeat(9000));
        format!(
            "\x1b]0;title\x07\x1b[2J\n\u{202e}evil\u{2066}\ttab\u{9b}31m\r\nmixed\n{middle}\n\u{e0041}\u{200b}\n{late_zero}\n\r\r\n"
        )
    };
    let huge = |c: char| c.to_string().repeat(1 << 20);
    let name = "a\nb\x1b[31m\u{202e}.txt";
    let cases = [
        (hostile("one\x08").into_bytes(), hostile("two\x7f").into_bytes()),
        (huge('a').into_bytes(), huge('\u{301}').into_bytes()),
        (vec![0xff; 5000], vec![0xfe; 5000]),
        ("\u{65e5}\u{672c}\u{8a9e}".repeat(200).into_bytes(), "\t".repeat(3000).into_bytes()),
    ];
    for (one, two) in cases {
        let memory = Memory::new(&["a", "b"]).file(0, name, one).file(1, name, two);
        for columns in [80, 100, 160] {
            for writer in [write_regions as Writer, write_columns] {
                let text = shown(&memory, name, writer, columns);
                assert!(text.chars().all(|c| c == '\n' || !is_hostile(c)), "{text:?}");
                for line in text.lines() {
                    assert!(unicode_width::UnicodeWidthStr::width(line) <= columns, "{columns}: {line}");
                }
            }
            let text = shown(&memory, name, write_unified, columns);
            let lines_end_plainly = text.replace("\r\n", "\n");
            assert!(lines_end_plainly.chars().all(|c| matches!(c, '\n' | '\t') || !is_hostile(c)));
        }
    }
}

fn is_hostile(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{e0000}'..='\u{e0fff}')
}

#[test]
fn json_has_what_the_format_promises() {
    let memory = conflict();
    let view = text_view(&memory, vec![file_view(&memory, X, |_| {})]);
    let report = serde_json::to_value(json::report(&view)).expect("it is data");
    let file = &report["files"][0];
    assert_eq!(file["path"], X);
    assert_eq!(file["pattern"], "ABC");
    assert_eq!(file["base"]["kind"], "common-ancestor");
    assert_eq!(file["base"]["of"], serde_json::json!(["staging", "debug"]));
    let regions: Vec<_> = file["regions"].as_array().expect("a list").iter().collect();
    let summary: Vec<_> = regions.iter().map(|region| (region["class"].as_str(), &region["environments"])).collect();
    assert_eq!(
        summary,
        [
            (Some("conflict"), &serde_json::json!(["prod", "staging", "debug"])),
            (Some("shared"), &serde_json::json!(["staging", "debug"])),
        ]
    );
    assert_eq!(regions[0]["groups"], serde_json::json!([["prod", "staging"], ["debug"]]));
    assert_eq!(regions[0]["base"], serde_json::json!({"start": 2, "end": 3, "lines": ["    two();"]}));
    assert_eq!(regions[1]["sides"]["prod"], serde_json::json!({"start": 6, "end": 6}));
    assert_eq!(regions[1]["sides"]["debug"], serde_json::json!({"start": 7, "end": 8, "lines": ["    six();"]}));
}
