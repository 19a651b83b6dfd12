//! The view of a file over all environments, as data and on a terminal.

mod unusual;

use driftline::compare::compare;
use driftline::compare::text::{Limits, Redactor};
use driftline::insight::origin::Tracer;
use driftline::path::EnvironmentName;
use driftline::report::labels::initials;
use driftline::report::style::Styles;
use driftline::report::text_view::{
    FileView, Inputs, Note, Screen, Side, TextView, json, view, write_columns, write_regions, write_unified,
};

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
