use proptest::prelude::*;

use super::words::{cron_word, unit_command, unit_word};
use super::*;

#[test]
fn times_are_read_as_people_write_them() {
    for (text, read) in [("02:30", "02:30"), ("2:30", "02:30"), ("23:59", "23:59"), ("00:00", "00:00")] {
        assert_eq!(TimeOfDay::parse(text).map(|at| at.to_string()).as_deref(), Ok(read));
    }
    for text in ["", "2", "24:00", "12:60", "12:5", "1:2:3", "+1:30", "12:+5", "a:30", "012:30", "-1:30", "12:30 "] {
        assert!(TimeOfDay::parse(text).is_err(), "{text}");
    }
}

#[test]
fn plain_words_stay_as_they_are() {
    for word in ["/usr/bin/driftline", "--out", "a@b:c,d+e=f"] {
        assert_eq!((unit_word(word), cron_word(word)), (word.to_owned(), word.to_owned()));
    }
    assert_eq!(unit_word("/srv/100%"), "/srv/100%%");
    assert_eq!(unit_word(r#"/a b/"c"\d"#), r#""/a b/\"c\"\\d""#);
    assert_eq!(cron_word("/srv/100%"), r"'/srv/100'\%''");
    assert_eq!(cron_word(r"a\\b"), r"'a\''\''b'");
    let words = |words: &[&str]| unit_command(&words.iter().map(|word| (*word).to_owned()).collect::<Vec<_>>());
    assert_eq!(words(&["/bin/x", "a$b"]), r#":/bin/x "a$b""#);
    assert_eq!(words(&["/$HOME/x", ";"]), r#"":/$HOME/x" ";""#);
}

fn schedule() -> Schedule {
    Schedule {
        name: "driftline-x".to_owned(),
        command: vec!["/usr/bin/driftline".to_owned(), "report".to_owned()],
        printing: Vec::new(),
        trying: Vec::new(),
        at: TimeOfDay::parse("4:05").unwrap(),
        user: "deploy".to_owned(),
        is_root: false,
        folder: None,
        writable: vec!["/srv/re ports".to_owned()],
        search: None,
        variables: Vec::new(),
        needs: Needs::default(),
    }
}

#[test]
fn what_needs_nothing_is_shut_to_everything() {
    let mut out = Vec::new();
    write_service(&schedule(), Manager::System, &mut out).unwrap();
    insta::assert_snapshot!(String::from_utf8(out).unwrap(), @r#"
    [Unit]
    Description=Nightly report of driftline-x

    [Service]
    Type=oneshot
    User=deploy
    ExecStart=/usr/bin/driftline report
    # Status 1 says that there is drift, and the run itself went well. Status 3, an environment that could not be
    # read in full, is a failure of this unit.
    SuccessExitStatus=1
    TimeoutStartSec=4h
    Nice=10
    IOSchedulingClass=idle
    UMask=0077

    NoNewPrivileges=yes
    # All is there for reading only but the state folder and the folder of the reports, which have to be there.
    ProtectSystem=strict
    ReadWritePaths="/srv/re ports"
    ProtectHome=yes
    PrivateTmp=yes
    # Every environment is on this machine, and nobody is told elsewhere.
    PrivateNetwork=yes
    PrivateDevices=yes
    ProtectClock=yes
    ProtectHostname=yes
    ProtectKernelLogs=yes
    ProtectKernelModules=yes
    ProtectKernelTunables=yes
    ProtectControlGroups=yes
    CapabilityBoundingSet=
    RestrictAddressFamilies=AF_UNIX
    RestrictNamespaces=yes
    RestrictRealtime=yes
    RestrictSUIDSGID=yes
    LockPersonality=yes
    MemoryDenyWriteExecute=yes
    SystemCallArchitectures=native
    SystemCallFilter=@system-service
    SystemCallErrorNumber=EPERM
    "#);
}

#[test]
fn a_line_that_crons_refuse_is_not_written() {
    let mut schedule = schedule();
    let mut out = Vec::new();
    write_crontab(&schedule, &mut out).unwrap();
    let text = String::from_utf8(out).unwrap();
    assert_eq!(text.lines().last(), Some("5 4 * * * umask 077; nice -n 10 /usr/bin/driftline report"));
    schedule.command.push("x".repeat(LONGEST_LINE));
    let mut out = Vec::new();
    assert_eq!(write_crontab(&schedule, &mut out).unwrap_err().kind(), io::ErrorKind::InvalidInput);
    assert!(out.is_empty());
}

/// Reads words as systemd does (`extract_first_word`): where escapes are understood, those that are written are the same as a backslash
/// before the character itself. Then it puts specifiers in place.
fn read_by_systemd(text: &str) -> Vec<String> {
    let mut words = Vec::new();
    let mut word: Option<String> = None;
    let mut quote = None;
    let mut letters = text.chars();
    while let Some(c) = letters.next() {
        match (quote, c) {
            (_, '\\') => {
                word.get_or_insert_default().push(letters.next().expect("a line does not end with a backslash"));
            }
            (Some(end), c) if c == end => quote = None,
            (None, '"' | '\'') => {
                quote = Some(c);
                word.get_or_insert_default();
            }
            (None, ' ') => words.extend(word.take()),
            (_, c) => word.get_or_insert_default().push(c),
        }
    }
    assert_eq!(quote, None, "{text}");
    words.extend(word);
    let plain = |word: String| {
        assert!(!word.replace("%%", "").contains('%'), "a specifier is left in {text}");
        word.replace("%%", "%")
    };
    words.into_iter().map(plain).collect()
}

proptest! {
    #[test]
    fn systemd_reads_what_was_meant(words in proptest::collection::vec("[ -~äß日]{0,12}", 1..5)) {
        let line: Vec<String> = words.iter().map(|word| unit_word(word)).collect();
        prop_assert_eq!(&read_by_systemd(&line.join(" ")), &words);
        let command: Vec<String> = std::iter::once("/bin/driftline".to_owned()).chain(words).collect();
        let mut read = read_by_systemd(&unit_command(&command));
        if let Some(literal) = read[0].strip_prefix(':') {
            read[0] = literal.to_owned();
        } else {
            prop_assert!(!command.iter().any(|word| word.contains('$')));
        }
        prop_assert_eq!(read, command);
    }
}
