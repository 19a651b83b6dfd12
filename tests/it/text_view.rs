//! The view of a file over all environments, as data and on a terminal.

use driftline::compare::compare;
use driftline::compare::text::{Limits, Redactor, RegionClass};
use driftline::insight::origin::Tracer;
use driftline::path::EnvironmentName;
use driftline::report::labels::initials;
use driftline::report::style::Styles;
use driftline::report::text_view::{
    FileView, Inputs, Note, Screen, Side, TextView, json, view, write_columns, write_regions, write_unified,
};
use driftline::snapshot::{Content, Special};

use crate::support::memory::{Memory, path};

const X: &str = "backend/app/services/MemberService.py";

const OLD: &str = "\
from models import Member, db


class MemberService:
    def find(self, id):
        return Member.query.get(id)

    def create_user(self, data):
        member = Member(**data)
        db.session.add(member)
        db.session.commit()
        return member

    def last_day(self, day):
        if day > 30:
            raise ValueError(day)
        return day
";

/// prod as it was, a logging line on staging, two fixes uncommitted on debug.
fn oncalls() -> Memory {
    let debug = OLD
        .replace(
            "        db.session.add(member)\n",
            "        if Member.query.filter_by(email=data[\"email\"]).first():\n            raise DuplicateMember(data[\"email\"])\n        db.session.add(member)\n",
        )
        .replace("day > 30", "day > last_of_month()");
    let staging = OLD.replace("return Member.query.get(id)", "return Member.query.get_or_404(id)");
    Memory::new(&["prod", "staging", "debug"])
        .file(0, X, OLD)
        .file(1, X, staging)
        .file(2, X, debug)
        .file(2, &format!("{X}.original"), OLD)
        .checkout(2, 2, &[X])
        .committed(2, X, OLD)
}

/// With a fixed key: the same marks in each run.
fn redactor() -> &'static Redactor {
    static REDACTOR: std::sync::LazyLock<Redactor> = std::sync::LazyLock::new(|| Redactor::new([7; 32], &[]));
    &REDACTOR
}

fn inputs<'a>(memory: &'a Memory, tracer: &'a Tracer<'a>) -> Inputs<'a> {
    Inputs {
        snapshots: &memory.snapshots,
        artifacts: &[],
        base: None,
        baseline: None,
        limits: Limits::default(),
        contents: memory,
        history: memory,
        commits: &memory.commits,
        nearest: &memory.nearest,
        tracer,
        redactor: redactor(),
    }
}

fn file_view(memory: &Memory, name: &str, adjust: impl FnOnce(&mut Inputs<'_>)) -> FileView {
    let comparison = compare(&memory.snapshots);
    let row = comparison.find(&memory.snapshots, &path(name)).expect("there is such a path");
    let artifacts = memory.refs(&format!("{name}.original"));
    let tracer = Tracer::new(&memory.snapshots, memory, memory, &memory.commits, Limits::default());
    let mut inputs = Inputs { artifacts: &artifacts, ..inputs(memory, &tracer) };
    adjust(&mut inputs);
    view(&comparison.row(row), &inputs)
}

fn text_view(memory: &Memory, files: Vec<FileView>) -> TextView {
    let environments: Vec<_> = memory.snapshots.iter().map(|snapshot| snapshot.environment.clone()).collect();
    let labels = initials(&environments.iter().map(EnvironmentName::as_str).collect::<Vec<_>>());
    TextView { environments, labels, files, next: vec!["driftline status".to_owned()], now: 0 }
}

type Writer = fn(&TextView, Screen, &mut dyn std::io::Write) -> std::io::Result<()>;

fn written(writer: Writer, view: &TextView, columns: usize) -> String {
    let mut out = Vec::new();
    writer(view, Screen { columns, styles: Styles::default() }, &mut out).expect("memory takes everything");
    String::from_utf8(out).expect("what is written is UTF-8")
}

fn shown(memory: &Memory, name: &str, writer: Writer, columns: usize) -> String {
    written(writer, &text_view(memory, vec![file_view(memory, name, |_| {})]), columns)
}

#[test]
fn regions_say_who_has_them() {
    insta::assert_snapshot!(shown(&oncalls(), X, write_regions, 80), @r##"
    backend/app/services/MemberService.py  P A   S B   D C
      base: P, committed in debug (debug's MemberService.py.original too)

      @@ 6  find                                            only staging: no history
         3    3  |
         4    4  | class MemberService:
         5    5  |     def find(self, id):
         6       -         return Member.query.get(id)
                                  ^^^^^^^^^^^^^^^^^^^^
              6  +         return Member.query.get_or_404(id)
                                  ^^^^^^^^^^^^^^^^^^^^^^^^^^^
         7    7  |
         8    8  |     def create_user(self, data):
         9    9  |         member = Member(**data)

      @@ 10  create_user                                     only debug, uncommitted
             10  +         if Member.query.filter_by(email=data["email"]).first():
             11  +             raise DuplicateMember(data["email"])
        10   12  |         db.session.add(member)
        11   13  |         db.session.commit()
        12   14  |         return member

      @@ 15  last_day                                        only debug, uncommitted
        13   15  |
        14   16  |     def last_day(self, day):
        15       -         if day > 30:
                                    ^^^
             17  +         if day > last_of_month():
                                    ^^^^^^^^^^^^^^^^
        16   18  |             raise ValueError(day)
        17   19  |         return day

    2 regions only in debug, 1 only in staging, 0 conflicts
    next: driftline status
    "##);
    let wide = shown(&oncalls(), X, write_regions, 160);
    let head = wide.lines().next().unwrap_or_default();
    insta::assert_snapshot!(head, @r##"backend/app/services/MemberService.py  P A   S B   D C                                       base: P, committed in debug (debug's MemberService.py.original too)"##);
}

#[test]
fn columns_stand_side_by_side() {
    insta::assert_snapshot!(shown(&oncalls(), X, write_columns, 160), @r##"
    backend/app/services/MemberService.py  P A   S B   D C                                       base: P, committed in debug (debug's MemberService.py.original too)

           prod (P)                                          │ staging (S)                                       │ debug (D)

      @@ 6  find                                                                                                                            only staging: no history
         3                                                   │                                                   │
         4   class MemberService:                            │   class MemberService:                            │   class MemberService:
         5       def find(self, id):                         │       def find(self, id):                         │       def find(self, id):
         6           return Member.query.get(id)             │ +         return Member.query.get_or_404(id)      │           return Member.query.get(id)
                                                             │                  ^^^^^^^^^^^^^^^^^^^^^^^^^^^      │
         7                                                   │                                                   │
         8       def create_user(self, data):                │       def create_user(self, data):                │       def create_user(self, data):
         9           member = Member(**data)                 │           member = Member(**data)                 │           member = Member(**data)

      @@ 10  create_user                                                                                                                     only debug, uncommitted
                                                             │                                                   │ +         if Member.query.filter_by(email=data["e
                                                             │                                                   │   mail"]).first():
                                                             │                                                   │ +             raise DuplicateMember(data["email"]
                                                             │                                                   │   )
        10           db.session.add(member)                  │           db.session.add(member)                  │           db.session.add(member)
        11           db.session.commit()                     │           db.session.commit()                     │           db.session.commit()
        12           return member                           │           return member                           │           return member

      @@ 15  last_day                                                                                                                        only debug, uncommitted
        13                                                   │                                                   │
        14       def last_day(self, day):                    │       def last_day(self, day):                    │       def last_day(self, day):
        15           if day > 30:                            │           if day > 30:                            │ +         if day > last_of_month():
                                                             │                                                   │                    ^^^^^^^^^^^^^^^^
        16               raise ValueError(day)               │               raise ValueError(day)               │               raise ValueError(day)
        17           return day                              │           return day                              │           return day

    2 regions only in debug, 1 only in staging, 0 conflicts
    next: driftline status
    "##);
    let narrow = shown(&oncalls(), X, write_columns, 80);
    let (said, rest) = narrow.split_once('\n').expect("there is more than a line");
    assert_eq!(said, "columns need a width of 133 here, and there are 80: shown by regions");
    assert_eq!(rest, shown(&oncalls(), X, write_regions, 80));
}

/// Two agree, one conflicts with them, and one line is only the third's.
fn conflict() -> Memory {
    let text = |middle: &str, end: &str| {
        format!("fn main() {{\n    one();\n{middle}    three();\n    four();\n    five();\n{end}}}\n")
    };
    let old = text("    two();\n", "");
    Memory::new(&["prod", "staging", "debug"])
        .file(0, X, text("    second();\n", ""))
        .file(1, X, text("    second();\n", "    six();\n"))
        .file(2, X, text("    two(2);\n    // twice\n", "    six();\n"))
        .checkout(1, 1, &[])
        .checkout(2, 2, &[])
        .ancestor(&[1, 2], old)
}

#[test]
fn conflicts_show_every_side() {
    insta::assert_snapshot!(shown(&conflict(), X, write_regions, 80), @r##"
    backend/app/services/MemberService.py  P A   S B   D C
      base: common ancestor 0909090 of staging and debug

      @@ 3  main                                  conflict: prod and staging | debug
         1    1  | fn main() {
         2    2  |     one();
      prod and staging:
         3       -     two();
                       ^^^^^^
              3  +     second();
                       ^^^^^^^^^
      debug:
         3       -     two();
              3  +     two(2);
              4  +     // twice
         4    4  |     three();
         5    5  |     four();
         6    6  |     five();

      @@ 7  main                                             staging and debug alike
              7  +     six();
         7    8  | }

    1 region alike in staging and debug, 1 conflict
    next: driftline status
    "##);
    insta::assert_snapshot!(shown(&conflict(), X, write_columns, 176), @r##"
    backend/app/services/MemberService.py  P A   S B   D C                                                                        base: common ancestor 0909090 of staging and debug

           base                                     │ prod (P)                                 │ staging (S)                              │ debug (D)

      @@ 3  main                                                                                                                                  conflict: prod and staging | debug
         1   fn main() {                            │   fn main() {                            │   fn main() {                            │   fn main() {
         2       one();                             │       one();                             │       one();                             │       one();
         3       two();                             │ +     second();                          │ +     second();                          │ +     two(2);
                                                    │       ^^^^^^^^^                          │       ^^^^^^^^^                          │
                                                    │                                          │                                          │ +     // twice
         4       three();                           │       three();                           │       three();                           │       three();
         5       four();                            │       four();                            │       four();                            │       four();
         6       five();                            │       five();                            │       five();                            │       five();

      @@ 7  main                                                                                                                                             staging and debug alike
                                                    │                                          │ +     six();                             │ +     six();
         7   }                                      │   }                                      │   }                                      │   }

    1 region alike in staging and debug, 1 conflict
    next: driftline status
    "##);
}

#[test]
fn a_unified_diff_can_be_applied() {
    let unified = shown(&conflict(), X, write_unified, 80);
    insta::assert_snapshot!(unified, @r##"
    # backend/app/services/MemberService.py: from the base to prod (base: common ancestor 0909090 of staging and debug)
    diff --git a/backend/app/services/MemberService.py b/backend/app/services/MemberService.py
    --- a/backend/app/services/MemberService.py
    +++ b/backend/app/services/MemberService.py
    @@ -1,6 +1,6 @@
     fn main() {
         one();
    -    two();
    +    second();
         three();
         four();
         five();
    # backend/app/services/MemberService.py: from the base to staging (base: common ancestor 0909090 of staging and debug)
    diff --git a/backend/app/services/MemberService.py b/backend/app/services/MemberService.py
    --- a/backend/app/services/MemberService.py
    +++ b/backend/app/services/MemberService.py
    @@ -1,7 +1,8 @@
     fn main() {
         one();
    -    two();
    +    second();
         three();
         four();
         five();
    +    six();
     }
    # backend/app/services/MemberService.py: from the base to debug (base: common ancestor 0909090 of staging and debug)
    diff --git a/backend/app/services/MemberService.py b/backend/app/services/MemberService.py
    --- a/backend/app/services/MemberService.py
    +++ b/backend/app/services/MemberService.py
    @@ -1,7 +1,9 @@
     fn main() {
         one();
    -    two();
    +    two(2);
    +    // twice
         three();
         four();
         five();
    +    six();
     }
    "##);

    let cases = [
        ("a\nb\nc\n", "a\nB\nc\nd\n"),
        ("a\nb\n", "a\nb"),
        ("", "a\n"),
        ("a\n", ""),
        ("a\r\nb\r\n", "a\r\nx\ty\r\n"),
        ("1\n2\n3\n4\n5\n6\n7\n8\n9\n10\n11\n12\n", "0\n1\n2\n3\n4\n6\n7\n8\n9\n10\n11\ntwelve\n"),
    ];
    for (old, new) in cases {
        let name = "some folder/gr\u{f6}\u{df}e.txt";
        let memory = Memory::new(&["a", "b"]).file(0, name, old).file(1, name, new);
        let unified = shown(&memory, name, write_unified, 80);
        let folder = tempfile::tempdir().expect("a temporary folder");
        let file = folder.path().join(name);
        std::fs::create_dir_all(file.parent().expect("it is in a folder")).expect("the folder is ours");
        std::fs::write(&file, old).expect("the folder is ours");
        std::fs::write(folder.path().join("diff"), &unified).expect("the folder is ours");
        let output = std::process::Command::new("git")
            .args(["apply", "--whitespace=nowarn", "diff"])
            .current_dir(folder.path())
            .env("GIT_CEILING_DIRECTORIES", folder.path())
            .env("GIT_CONFIG_GLOBAL", "/dev/null")
            .output()
            .expect("git is there");
        assert!(output.status.success(), "{}\n{unified}", String::from_utf8_lossy(&output.stderr));
        assert_eq!(std::fs::read_to_string(&file).expect("it is still there"), new, "{unified}");
    }
}

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
