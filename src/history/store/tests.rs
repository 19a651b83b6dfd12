use std::collections::BTreeSet;
use std::os::unix::fs::PermissionsExt as _;

use super::*;
use crate::history::{Coverage, Part, Read, Sighting, ToldFinding, follow};
use crate::insight::Severity;

fn sighting(id: &str) -> Sighting {
    Sighting {
        id: id.to_owned(),
        code: "content-differs".to_owned(),
        severity: Severity::Warning,
        path: Some(b"a\xff/b"[..].into()),
        environments: vec!["prod".to_owned(), "staging".to_owned()],
        subject: id.to_owned(),
        message: "prod and staging differ".to_owned(),
        is_of_one: false,
        is_incomplete: false,
        paths: 1,
        parts: vec![Part { environment: "prod".to_owned(), class: "A".to_owned(), detail: "12".to_owned() }],
    }
}

fn night(at: i64, read: Read, ids: &[&str]) -> Night {
    let coverage = |name: &str| Coverage {
        environment: name.to_owned(),
        read,
        unread: Vec::new(),
        entries: 12,
        drift: 1,
        uncommitted: Some(3),
        unreadable: 0,
    };
    Night {
        at,
        took_ms: Some(7),
        environments: vec![coverage("prod"), coverage("staging")],
        configured: vec!["prod".to_owned(), "staging".to_owned()],
        not_judged: Vec::new(),
        drift: 2,
        sightings: ids.iter().map(|id| sighting(id)).collect(),
    }
}

fn made_of() -> MadeOf {
    MadeOf::Config("/srv/app/driftline.toml".into())
}

fn add(store: &mut Store, night: &Night, accepted: &[&str]) -> Outcome {
    let accepted: BTreeSet<String> = accepted.iter().map(|id| (*id).to_owned()).collect();
    let writing = store.begin(Duration::ZERO, |_| {}).unwrap();
    let outcome = follow(&writing.past().unwrap(), night, &accepted);
    writing.add(night, &outcome, KEEP_DAYS).unwrap();
    writing.commit().unwrap();
    outcome
}

#[test]
fn what_is_read_is_what_was_written() {
    let state = tempfile::tempdir().unwrap();
    let mut store = Store::open(state.path(), &made_of()).unwrap();
    let mut expected = Past::default();
    assert_eq!(store.past().unwrap(), expected);
    let nights = [
        (night(10, Read::All, &["a", "b"]), &["b"][..]),
        (night(20, Read::All, &["b", "c"]), &[]),
        (night(30, Read::Failed, &[]), &[]),
        (night(40, Read::Failed, &["d"]), &["c"]),
        (night(50, Read::All, &["a", "c"]), &["c"]),
    ];
    for (night, accepted) in nights {
        let outcome = add(&mut store, &night, accepted);
        expected = expected.after(&night, &outcome);
        assert_eq!(store.past().unwrap(), expected);
        assert_eq!(Store::open(state.path(), &made_of()).unwrap().past().unwrap(), expected);
    }
    let mode = store.file().metadata().unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    assert_eq!(store.file().parent().unwrap().metadata().unwrap().permissions().mode() & 0o777, 0o700);
    assert_eq!(store.file().file_name().unwrap().to_str().unwrap().split('.').next(), Some("app"));
}

#[test]
fn of_what_stays_nothing_is_written() {
    let state = tempfile::tempdir().unwrap();
    let mut store = Store::open(state.path(), &made_of()).unwrap();
    let ids: Vec<String> = (0..1000).map(|n| format!("{n:010x}")).collect();
    let ids: Vec<&str> = ids.iter().map(String::as_str).collect();
    add(&mut store, &night(10, Read::All, &ids), &[]);
    let changes =
        |store: &Store| store.connection.query_row("SELECT total_changes()", [], |row| row.get::<_, i64>(0)).unwrap();
    let before = changes(&store);
    add(&mut store, &night(20, Read::All, &ids), &[]);
    // The run, two environments, and when they were read.
    assert_eq!(changes(&store) - before, 5);
}

#[test]
fn old_runs_go_and_open_findings_stay() {
    let state = tempfile::tempdir().unwrap();
    let mut store = Store::open(state.path(), &made_of()).unwrap();
    let day = 86_400;
    add(&mut store, &night(0, Read::All, &["old", "gone"]), &[]);
    add(&mut store, &night(day, Read::All, &["old"]), &[]);
    add(&mut store, &night(2 * day, Read::All, &["old"]), &[]);
    add(&mut store, &night((i64::from(KEEP_DAYS) + 2) * day, Read::All, &["old"]), &[]);
    let past = store.past().unwrap();
    assert_eq!(past.trend.iter().map(|run| run.number.unwrap()).collect::<Vec<_>>(), [3, 4]);
    assert_eq!((past.open["old"].since, past.open["old"].from), (0, 1));
    assert!(past.closed.is_empty());
    let count = |table: &str| -> i64 {
        store.connection.query_row(&format!("SELECT count(*) FROM {table}"), [], |row| row.get(0)).unwrap()
    };
    assert_eq!([count("run"), count("coverage"), count("finding"), count("spell")], [2, 4, 1, 1]);
}

#[test]
fn one_writes_at_a_time_and_others_wait() {
    let state = tempfile::tempdir().unwrap();
    let mut first = Store::open(state.path(), &made_of()).unwrap();
    let mut second = Store::open(state.path(), &made_of()).unwrap();
    let writing = first.begin(Duration::ZERO, |_| {}).unwrap();
    let mut waited = 0;
    let busy = second.begin(Duration::ZERO, |_| waited += 1).unwrap_err();
    assert!(matches!(busy, StoreError::Busy { .. }), "{busy}");
    assert_eq!(waited, 1);
    writing.commit().unwrap();
    second.begin(Duration::ZERO, |_| panic!("nobody else is there")).unwrap();
}

#[test]
fn whoever_reads_keeps_no_run_from_being_written() {
    let state = tempfile::tempdir().unwrap();
    let mut store = Store::open(state.path(), &made_of()).unwrap();
    add(&mut store, &night(10, Read::All, &["a"]), &[]);
    let reader = Store::look(state.path(), &made_of()).unwrap().unwrap();
    let mut statement = reader.connection.prepare("SELECT number FROM run").unwrap();
    let mut rows = statement.query([]).unwrap();
    assert!(rows.next().unwrap().is_some());
    std::thread::scope(|scope| {
        let writer = scope.spawn(|| add(&mut store, &night(20, Read::All, &["a"]), &[]).number);
        std::thread::sleep(Duration::from_millis(300));
        drop(rows);
        assert_eq!(writer.join().unwrap(), 2);
    });
}

#[test]
fn what_is_not_committed_was_not() {
    let state = tempfile::tempdir().unwrap();
    let mut store = Store::open(state.path(), &made_of()).unwrap();
    let writing = store.begin(Duration::ZERO, |_| {}).unwrap();
    let night = night(10, Read::All, &["a"]);
    let outcome = follow(&writing.past().unwrap(), &night, &BTreeSet::new());
    writing.add(&night, &outcome, KEEP_DAYS).unwrap();
    drop(writing);
    assert_eq!(store.past().unwrap(), Past::default());
}

#[test]
fn what_is_not_understood_is_left_alone() {
    let state = tempfile::tempdir().unwrap();
    let path = file(state.path(), &made_of());
    let mut store = Store::open(state.path(), &made_of()).unwrap();
    add(&mut store, &night(10, Read::All, &["a"]), &[]);
    drop(store);
    let whole = std::fs::read(&path).unwrap();

    Connection::open(&path).unwrap().execute_batch("PRAGMA user_version = 99").unwrap();
    let newer = std::fs::read(&path).unwrap();
    let error = Store::open(state.path(), &made_of()).unwrap_err();
    assert!(matches!(error, StoreError::Newer { version: 99, known: 2, .. }), "{error}");
    assert_eq!(std::fs::read(&path).unwrap(), newer);

    let mut torn = whole.clone();
    torn.truncate(whole.len() / 2);
    let mut scribbled = whole.clone();
    scribbled[4096..8192].fill(0x55);
    let other = tempfile::tempdir().unwrap();
    let other = other.path().join("other");
    Connection::open(&other).unwrap().execute_batch("CREATE TABLE t (x)").unwrap();
    for bytes in [torn, scribbled, b"not a database at all".repeat(100), std::fs::read(other).unwrap()] {
        std::fs::write(&path, &bytes).unwrap();
        let error = Store::open(state.path(), &made_of()).unwrap_err();
        assert!(matches!(error, StoreError::Damaged { .. }), "{error}");
        assert_eq!(std::fs::read(&path).unwrap(), bytes);
    }
    std::fs::write(&path, &whole).unwrap();
    assert_eq!(Store::open(state.path(), &made_of()).unwrap().past().unwrap().open.len(), 1);
}

#[test]
fn what_somebody_was_told_is_kept() {
    let state = tempfile::tempdir().unwrap();
    let mut store = Store::open(state.path(), &made_of()).unwrap();
    assert_eq!(store.told("chat").unwrap(), None);
    add(&mut store, &night(10, Read::All, &["a", "b", "c"]), &[]);
    let words = |id: &str| {
        let Sighting { code, severity, subject, message, is_incomplete, .. } = sighting(id);
        (id.to_owned(), ToldFinding { code, severity, subject, message, incomplete: is_incomplete })
    };
    let told = |run: u64, ids: &[&str], read: Read| Told {
        run,
        at: run.cast_signed() * 10,
        findings: ids.iter().map(|id| words(id)).collect(),
        environments: [("prod".to_owned(), read)].into(),
    };
    let write = |store: &mut Store, target: &str, told: &Told| {
        let writing = store.begin(Duration::ZERO, |_| {}).unwrap();
        writing.tell(target, told).unwrap();
        writing.commit().unwrap();
    };
    write(&mut store, "chat", &told(1, &["a", "b"], Read::All));
    write(&mut store, "mail", &told(1, &["c"], Read::Failed));
    write(&mut store, "chat", &told(2, &["b", "c"], Read::Part));
    assert_eq!(store.told("chat").unwrap(), Some(told(2, &["b", "c"], Read::Part)));
    assert_eq!(store.told("mail").unwrap(), Some(told(1, &["c"], Read::Failed)));
    assert_eq!(store.told("other").unwrap(), None);
    // Words of what nobody was told to be gone outlive the runs.
    let late = (i64::from(KEEP_DAYS) + 2) * 86_400;
    add(&mut store, &night(20, Read::All, &["a"]), &[]);
    add(&mut store, &night(late, Read::All, &["a"]), &[]);
    add(&mut store, &night(2 * late, Read::All, &["a"]), &[]);
    assert_eq!(store.told("chat").unwrap(), Some(told(2, &["b", "c"], Read::Part)));
}

/// The first version, as a driftline of that time wrote it. This never changes.
#[test]
fn a_history_of_the_first_version_is_read_and_goes_on() {
    let state = tempfile::tempdir().unwrap();
    drop(Store::open(state.path(), &made_of()).unwrap());
    let dump = include_str!("../../../fixtures/history/v1.sql");
    Connection::open(file(state.path(), &made_of())).unwrap().execute_batch(dump).unwrap();
    let mut store = Store::open(state.path(), &made_of()).unwrap();
    assert_eq!(store.told("chat").unwrap(), None, "it had no such table");
    let outcome = add(&mut store, &night(1_700_200_000, Read::All, &["0123456789"]), &[]);
    assert_eq!((outcome.number, outcome.previous), (3, Some(1_700_086_400)));
    let status: Vec<_> = outcome.standings.iter().map(|it| (&*it.sighting.id, it.status.name(), it.streak)).collect();
    assert_eq!(status, [("0123456789", "still", 3), ("abcdefabcd", "resolved", 0)]);
}

#[test]
fn projects_have_files_of_their_own() {
    let state = std::path::Path::new("/state");
    let typed = |place: &str| MadeOf::Typed(vec![("a".to_owned(), place.to_owned())]);
    let names = [made_of(), MadeOf::Config("/srv/other/app/driftline.toml".into()), typed("/x"), typed("/y")];
    let files: BTreeSet<PathBuf> = names.iter().map(|made_of| file(state, made_of)).collect();
    assert_eq!(files.len(), names.len());
}
