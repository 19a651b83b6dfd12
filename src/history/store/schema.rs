//! The tables, and how older ones become these.

use std::path::Path;

use rusqlite::{Connection, Result};

use super::{StoreError, failed};

/// Marks a file as a history of driftline: `dfln`.
const APPLICATION: i64 = 0x6466_6c6e;

/// The version that this one writes.
const LATEST: i64 = STEPS.len().cast_signed() as i64;

/// What makes each version out of the one before; the first one out of nothing. A step that was released never changes.
const STEPS: &[&str] = &["
    CREATE TABLE run (
        number INTEGER PRIMARY KEY, at INTEGER NOT NULL, driftline TEXT NOT NULL, took_ms INTEGER,
        info INTEGER NOT NULL, notice INTEGER NOT NULL, warning INTEGER NOT NULL, critical INTEGER NOT NULL,
        new INTEGER NOT NULL, resolved INTEGER NOT NULL, reopened INTEGER NOT NULL, accepted INTEGER NOT NULL,
        drift INTEGER NOT NULL
    ) STRICT;
    CREATE TABLE coverage (
        run INTEGER NOT NULL REFERENCES run ON DELETE CASCADE, environment TEXT NOT NULL, read TEXT NOT NULL,
        entries INTEGER NOT NULL, drift INTEGER NOT NULL, uncommitted INTEGER, unreadable INTEGER NOT NULL,
        PRIMARY KEY (run, environment)
    ) STRICT, WITHOUT ROWID;
    -- When all of an environment was read last; outlives the runs.
    CREATE TABLE complete (environment TEXT PRIMARY KEY, at INTEGER NOT NULL) STRICT, WITHOUT ROWID;
    -- Lists are JSON.
    CREATE TABLE finding (
        id TEXT PRIMARY KEY, code TEXT NOT NULL, severity TEXT NOT NULL, path BLOB, environments TEXT NOT NULL,
        subject TEXT NOT NULL, message TEXT NOT NULL, is_of_one INTEGER NOT NULL, is_incomplete INTEGER NOT NULL,
        paths INTEGER NOT NULL, parts TEXT NOT NULL
    ) STRICT, WITHOUT ROWID;
    -- A finding was open from the run `opened` on, until it was not any more in the run `closed`: so nothing is written about what stays as
    -- it is. `seen` is set while it could not be looked at, to when it was really seen last.
    CREATE TABLE spell (
        finding TEXT NOT NULL REFERENCES finding, opened INTEGER NOT NULL, closed INTEGER, since INTEGER NOT NULL,
        first INTEGER NOT NULL, seen INTEGER, accepted INTEGER NOT NULL,
        PRIMARY KEY (finding, opened)
    ) STRICT, WITHOUT ROWID;
    CREATE INDEX open_spells ON spell (finding) WHERE closed IS NULL;
", "
    -- Who was told what last; of a finding that is in no spell any more the words are kept for that.
    CREATE TABLE told (
        target TEXT PRIMARY KEY, run INTEGER NOT NULL, at INTEGER NOT NULL, environments TEXT NOT NULL
    ) STRICT, WITHOUT ROWID;
    CREATE TABLE told_finding (
        target TEXT NOT NULL REFERENCES told ON DELETE CASCADE, finding TEXT NOT NULL REFERENCES finding,
        PRIMARY KEY (target, finding)
    ) STRICT, WITHOUT ROWID;
"];

/// Why a file is not used.
pub(super) enum Problem {
    Damaged(String),
    Newer(i64),
    Failed(rusqlite::Error),
}

impl From<rusqlite::Error> for Problem {
    fn from(error: rusqlite::Error) -> Self {
        Self::Failed(error)
    }
}

impl Problem {
    pub(super) fn about(self, file: &Path) -> StoreError {
        match self {
            Self::Damaged(why) => StoreError::Damaged { file: file.to_owned(), why },
            Self::Newer(version) => StoreError::Newer { file: file.to_owned(), version, known: LATEST },
            Self::Failed(error) => failed(file, error),
        }
    }
}

/// Refuses what is not a history, not a whole one, or one of a later version. Changes nothing.
pub(super) fn check(connection: &Connection) -> std::result::Result<(), Problem> {
    connection.execute_batch("PRAGMA foreign_keys = ON; PRAGMA synchronous = EXTRA; PRAGMA trusted_schema = OFF")?;
    let (application, version) = (number(connection, "application_id")?, number(connection, "user_version")?);
    if application == 0 && version == 0 && is_empty(connection)? {
        return Ok(());
    }
    if application != APPLICATION {
        return Err(Problem::Damaged("it is no history of driftline".to_owned()));
    }
    if version > LATEST {
        return Err(Problem::Newer(version));
    }
    let found: String = connection.query_row("PRAGMA quick_check(1)", [], |row| row.get(0))?;
    if found == "ok" { Ok(()) } else { Err(Problem::Damaged(found)) }
}

/// Makes what is there the latest version.
pub(super) fn migrate(connection: &Connection) -> std::result::Result<(), Problem> {
    go(connection, STEPS)
}

/// Makes what is there the version that all these steps lead to.
fn go(connection: &Connection, steps: &[&str]) -> std::result::Result<(), Problem> {
    // Another run may have done it since the file was opened.
    let version = number(connection, "user_version")?;
    let left = usize::try_from(version).ok().and_then(|version| steps.get(version..)).ok_or(Problem::Newer(version))?;
    for step in left {
        connection.execute_batch(step)?;
    }
    if !left.is_empty() {
        let latest = steps.len();
        connection.execute_batch(&format!("PRAGMA application_id = {APPLICATION}; PRAGMA user_version = {latest}"))?;
    }
    Ok(())
}

/// Whether there is nothing in it yet: it was made, and no run was added.
pub(super) fn is_empty(connection: &Connection) -> Result<bool> {
    connection.query_row("SELECT count(*) = 0 FROM sqlite_schema", [], |row| row.get(0))
}

fn number(connection: &Connection, pragma: &str) -> Result<i64> {
    connection.pragma_query_value(None, pragma, |row| row.get(0))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn runs(connection: &Connection) -> Vec<i64> {
        let mut statement = connection.prepare("SELECT number FROM run ORDER BY number").unwrap();
        statement.query_map([], |row| row.get(0)).unwrap().map(Result::unwrap).collect()
    }

    /// A history as the first version left it, with two runs in it.
    fn first_version() -> Connection {
        let connection = Connection::open_in_memory().unwrap();
        connection.execute_batch(include_str!("../../../fixtures/history/v1.sql")).unwrap();
        connection
    }

    #[test]
    fn an_older_history_takes_each_step_that_it_has_not_taken() {
        let connection = first_version();
        let steps = [STEPS[0], "ALTER TABLE run ADD COLUMN host TEXT", "UPDATE run SET host = 'here'"];
        let before = runs(&connection);
        assert!(!before.is_empty() && go(&connection, &steps).is_ok());
        assert_eq!((runs(&connection), number(&connection, "user_version").unwrap()), (before, 3));
        let hosts: i64 =
            connection.query_row("SELECT count(*) FROM run WHERE host = 'here'", [], |row| row.get(0)).unwrap();
        assert!(hosts > 0 && go(&connection, &steps).is_ok(), "a second time nothing is left to do");
        assert!(matches!(go(&connection, &steps[..2]), Err(Problem::Newer(3))));
    }

    #[test]
    fn a_step_that_fails_leaves_the_older_version() {
        let mut connection = first_version();
        let before = runs(&connection);
        let transaction = connection.transaction().unwrap();
        assert!(go(&transaction, &[STEPS[0], "DROP TABLE complete", "no such words"]).is_err());
        drop(transaction);
        assert_eq!((runs(&connection), number(&connection, "user_version").unwrap()), (before, 1));
        connection.query_row("SELECT count(*) FROM complete", [], |row| row.get::<_, i64>(0)).unwrap();
    }
}
