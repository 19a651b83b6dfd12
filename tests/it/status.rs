//! The first screen, as a person sees it.

use std::path::PathBuf;
use std::process::Command;
use std::sync::OnceLock;

use crate::support::run::TestEnv;

/// The `oncalls` environments, laid out once.
fn oncalls() -> (&'static TestEnv, PathBuf) {
    static LAID_OUT: OnceLock<TestEnv> = OnceLock::new();
    let env = LAID_OUT.get_or_init(|| {
        let env = TestEnv::of_this_process();
        let _ = env.driftline(["demo", "--keep", "oncalls"]).expect(0);
        env
    });
    (env, env.path("oncalls"))
}

/// `driftline` there, on 2025-12-19.
fn status(arguments: &[&str]) -> Command {
    let (env, folder) = oncalls();
    let mut command = env.command();
    command.current_dir(folder).env("DRIFTLINE_NOW", "1766102400").arg("--no-state").args(arguments);
    command
}

#[test]
fn a_narrow_screen_has_the_numbers_that_say_most() {
    let (env, _) = oncalls();
    insta::assert_snapshot!(head(&env.run(&mut status(&["--width", "60"])).stdout()), @r"
    oncalls   3 environments   2,726 paths   2,479 in sync
       80 quiet

                 git               drift  only  unc.  art.  read
      P prod     none                112    44     -     0  all
      S staging  main 0bc65b4 = …     11     2     0     0  all
      D debug    main 9225e11 or…     54    22    53     2  all

    Fixes in one place only         -> P      -> S      -> D
      f1  D  change HomeControlle…  applies   applies   -
      f2  D  change HomeService.py  applies   applies   -
      f3  D  change MemberControl…  applies   conflict  -
      f4  S  Hash passwords with …  applies   -         applies
      f6  P  change mailer.py       S or D would destroy it
      and 12 more: driftline candidates
    ");
    insta::assert_snapshot!(head(&env.run(&mut status(&["--width", "40"])).stdout()), @r"
    oncalls   3 environments   2,726 paths
       2,479 in sync   80 quiet

                 drift  only  unc.  read
      P prod       112    44     -  all
      S staging     11     2     0  all
      D debug       54    22    53  all

    Fixes in one place only
      f1  D  change HomeController.…  +4 -1
      f2  D  change HomeService.py    +3 -1
      f3  D  change MemberControlle…  +11 -2
      f4  S  Hash passwords with bc…  +5 -3
      f6  P  change mailer.py         +12 -2
      and 12 more: driftline candidates
    ");
}

/// What comes before the findings.
fn head(text: &str) -> String {
    text.split("Look at first").next().unwrap_or_default().to_owned()
}

#[test]
fn the_first_screen() {
    let (env, _) = oncalls();
    insta::assert_snapshot!(env.run(&mut status(&[])).expect(1), @r#"
    status: 1
    ----- stdout
    oncalls   3 environments   2,726 paths   2,479 in sync   80 quiet

                 git                            drift  only here  uncommitted  artifacts  read
      P prod     none, near fbc2da9 (97.6 %)      112         44            -          0  all
      S staging  main 0bc65b4 = origin             11          2            0          0  all
      D debug    main 9225e11 origin +1            54         22           53          2  all

    Fixes in one place only                                                 -> P      -> S      -> D
      f1  D  change HomeController.py                 unstaged +4 -1        applies   applies   -
      f2  D  change HomeService.py                    unstaged +3 -1        applies   applies   -
      f3  D  change MemberController.py, MemberServ…  unstaged +11 -2       applies   conflict  -
      f4  S  Hash passwords with bcrypt               2 files +5 -3         applies   -         applies
      f6  P  change mailer.py                         +12 -2      P only: a deploy of S or D destroys it
      and 12 more: driftline candidates

    Look at first
      !  debug  53 uncommitted changes: 8 staged, 24 unstaged, 21 untracked; oldest 119 da…  uncommitted
      !  …/MemberService.py.backup  in debug: a middle state between MemberService.py.…  backup-artifact
      !  …/scripts/db_backup.sh  executable bit: 0755 in prod and staging, 0644 in debug    mode-differs
      !  …/scripts/db_restore.sh  executable bit: 0644 in prod, 0755 in staging and debug   mode-differs
      !  4 paths in focus differ  HomeController.py MemberController.py HomeService.py MemberSer…  focus
      -  …/services/MemberService.py.original  in debug: equals prod's MemberService.py  backup-artifact
      and 1 unpushed

    Where the drift is  P S D
      (top)             . A A    1 path    .gitignore
      backend/          A B C   38 paths   .env requirements.txt
        app/            A B C   17 paths   models.py
          controllers/  A B C    2 paths   HomeController.py MemberController.py
          reports/      A A B    8 paths   report_021.py report_022.py report_023.py report_024.py
          services/     A B C    6 paths   HomeService.py MemberService.py MemberService.py.backup Memb…
        dumps/          . . A   18 paths   roster-20250801.csv roster-20250802.csv roster-20250803.csv …
        tests/          . . A    1 path    test_schedules.py
      frontend/         . A A   61 paths   index.html
      notes/            . . A    1 path    duplicates.txt
      and 7 more folders; all of them: --format json

    next: driftline diff backend/app/controllers/HomeController.py
          driftline diff --all
    ----- stderr
    "#);
}

#[test]
fn a_narrow_terminal() {
    let (env, _) = oncalls();
    insta::assert_snapshot!(env.run(&mut status(&["--width", "80"])).expect(1).stdout(), @r#"
    oncalls   3 environments   2,726 paths   2,479 in sync   80 quiet

                 git                  drift  only here  uncommitted  artifacts  read
      P prod     none, near 97.6 %      112         44            -          0  all
      S staging  main 0bc65b4 = o…       11          2            0          0  all
      D debug    main 9225e11 ori…       54         22           53          2  all

    Fixes in one place only                             -> P      -> S      -> D
      f1  D  change HomeController.py           +4 -1   applies   applies   -
      f2  D  change HomeService.py              +3 -1   applies   applies   -
      f3  D  change MemberController.py, Memb…  +11 -2  applies   conflict  -
      f4  S  Hash passwords with bcrypt         +5 -3   applies   -         applies
      f6  P  change mailer.py                   +12 -2  S or D would destroy it
      and 12 more: driftline candidates

    Look at first
      !  debug  53 uncommitted changes: 8 staged, 24 unstaged, 21 untr…  uncommitted
      !  …/MemberService.py.backup  in debug: a middle state betwe…  backup-artifact
      !  …/db_backup.sh  executable bit: 0755 in prod and staging, 06…  mode-differs
      !  …/db_restore.sh  executable bit: 0644 in prod, 0755 in stagi…  mode-differs
      !  4 paths in focus differ  HomeController.py MemberController.py Home…  focus
      -  …/MemberService.py.original  in debug: equals prod's Memb…  backup-artifact
      and 1 unpushed

    Where the drift is  P S D
      (top)             . A A    1 path    .gitignore
      backend/          A B C   38 paths   .env requirements.txt
        app/            A B C   17 paths   models.py
          controllers/  A B C    2 paths   HomeController.py MemberController.py
          reports/      A A B    8 paths   report_021.py report_022.py report_023.p…
          services/     A B C    6 paths   HomeService.py MemberService.py MemberSe…
        dumps/          . . A   18 paths   roster-20250801.csv roster-20250802.csv …
        tests/          . . A    1 path    test_schedules.py
      frontend/         . A A   61 paths   index.html
      notes/            . . A    1 path    duplicates.txt
      and 7 more folders; all of them: --format json

    next: driftline diff backend/app/controllers/HomeController.py
          driftline diff --all
    "#);
}

#[test]
fn it_fits_any_screen() {
    let (env, _) = oncalls();
    for width in [40, 45, 50, 60, 70, 80, 100, 120, 160, 240] {
        let run = env.run(&mut status(&["--width", &width.to_string()])).expect(1);
        let text = run.stdout();
        assert!(text.lines().count() <= 40, "{width}: {run}");
        let head = text.lines().filter(|line| line.contains("  drift  ")).count();
        assert_eq!(head, 1, "{run}");
        // Commands are there to be typed, and not to be cut off.
        for line in text.lines().filter(|line| !line.contains("driftline ")) {
            assert!(unicode_width::UnicodeWidthStr::width(line) <= width, "{width}: {line}");
        }
    }
}

#[test]
fn many_environments_fit_a_screen_too() {
    let env = TestEnv::new();
    let arguments: Vec<String> = (0..52)
        .map(|number| {
            env.write(format!("e{number}/file.py"), format!("{}\n", number % 7));
            env.write(format!("e{number}/folder{number}/only-here.py"), "x\n");
            format!("server-{number}=e{number}")
        })
        .collect();
    let run = env.driftline(&arguments).expect(1);
    assert!(run.stdout().lines().count() <= 40, "{run}");
}

#[test]
fn colour_is_where_it_is_wanted() {
    let (env, _) = oncalls();
    let coloured = |command: &mut Command| env.run(command).stdout().contains('\u{1b}');
    assert!(!coloured(&mut status(&[])), "a pipe");
    assert!(coloured(&mut status(&["--color", "always"])));
    assert!(coloured(status(&[]).env("CLICOLOR_FORCE", "1")));
    assert!(!coloured(status(&[]).env("CLICOLOR_FORCE", "1").env("NO_COLOR", "1")));
    assert!(!coloured(status(&["--color", "never"]).env("CLICOLOR_FORCE", "1")));
}

#[test]
fn colour_says_nothing_that_letters_do_not() {
    let (env, _) = oncalls();
    let plain = env.run(&mut status(&[])).stdout();
    let coloured = env.run(&mut status(&["--color", "always"])).stdout();
    assert_eq!(anstream::adapter::strip_str(&coloured).to_string(), plain);
}

#[test]
fn threads_change_nothing() {
    let (env, _) = oncalls();
    for arguments in [&[][..], &["--format", "json"]] {
        let one = env.run(status(arguments).args(["--threads", "1"])).expect(1).output.stdout;
        let eight = env.run(status(arguments).args(["--threads", "8"])).expect(1).output.stdout;
        assert!(one == eight, "{arguments:?}");
    }
}

#[test]
fn what_is_kept_changes_no_answer() {
    let (env, folder) = oncalls();
    crate::support::tree::settle();
    let state = env.path("state");
    let run = || {
        let mut command = env.command();
        command.current_dir(&folder).arg("--state-dir").arg(&state).args(["--format", "json"]);
        let mut json = env.run(&mut command).expect(1).json();
        (json["counters"].take(), json)
    };
    let (cold, first) = run();
    let (warm, second) = run();
    assert_eq!(first, second);
    assert_ne!(cold["files_opened"], 0);
    assert_eq!((&warm["files_opened"], &warm["bytes_hashed"]), (&0.into(), &0.into()), "{warm}");
}

#[test]
fn nothing_is_shown_beside_data_in_a_pipe() {
    let (env, _) = oncalls();
    assert_eq!(env.run(&mut status(&[])).stderr(), "");
}
