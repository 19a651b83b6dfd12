//! From tables to what is known.

use std::collections::{BTreeMap, BTreeSet};

use rusqlite::{Connection, Result, Row, types::Type};
use serde::de::DeserializeOwned;

use super::schema;
use crate::history::{Known, Part, Past, Read, Sighting, Summary};
use crate::insight::Severity;

/// So many nights are shown as a trend.
const TREND: u32 = 90;

pub(super) fn past(connection: &Connection) -> Result<Past> {
    if schema::is_empty(connection)? {
        return Ok(Past::default());
    }
    let trend = trend(connection)?;
    Ok(Past {
        last: trend.last().and_then(|last| Some((last.number?, last.at))),
        open: open(connection)?,
        closed: closed(connection)?,
        complete: complete(connection)?,
        trend,
    })
}

fn open(connection: &Connection) -> Result<BTreeMap<String, Known>> {
    let mut statement = connection.prepare(
        "SELECT f.id, f.code, f.severity, f.path, f.environments, f.subject, f.message, f.is_of_one, f.is_incomplete,
                f.paths, f.parts, s.since, s.first, s.seen, s.accepted
         FROM spell s JOIN finding f ON f.id = s.finding WHERE s.closed IS NULL",
    )?;
    let known = statement.query_map([], |row| {
        let sighting = sighting(row)?;
        let from = unsigned(row, 12)?;
        let known = Known { sighting, since: row.get(11)?, from, seen: row.get(13)?, is_accepted: row.get(14)? };
        Ok((known.sighting.id.clone(), known))
    })?;
    known.collect()
}

fn sighting(row: &Row<'_>) -> Result<Sighting> {
    let parts: Vec<(String, String, String)> = list(row, 10)?;
    let parts = parts.into_iter().map(|(environment, class, detail)| Part { environment, class, detail });
    Ok(Sighting {
        id: row.get(0)?,
        code: row.get(1)?,
        severity: severity(row, 2)?,
        path: row.get::<_, Option<Vec<u8>>>(3)?.map(Into::into),
        environments: list(row, 4)?,
        subject: row.get(5)?,
        message: row.get(6)?,
        is_of_one: row.get(7)?,
        is_incomplete: row.get(8)?,
        paths: unsigned(row, 9)?,
        parts: parts.collect(),
    })
}

fn closed(connection: &Connection) -> Result<BTreeSet<String>> {
    let mut statement =
        connection.prepare("SELECT finding FROM spell GROUP BY finding HAVING count(*) = count(closed)")?;
    statement.query_map([], |row| row.get(0))?.collect()
}

fn complete(connection: &Connection) -> Result<BTreeMap<String, i64>> {
    let mut statement = connection.prepare("SELECT environment, at FROM complete")?;
    statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?.collect()
}

/// The last runs, oldest first.
fn trend(connection: &Connection) -> Result<Vec<Summary>> {
    let mut statement = connection.prepare(
        "SELECT number, at, info, notice, warning, critical, new, resolved, reopened, accepted, drift
         FROM run ORDER BY number DESC LIMIT ?",
    )?;
    let runs = statement.query_map([TREND], |row| {
        Ok(Summary {
            number: Some(unsigned(row, 0)?),
            at: row.get(1)?,
            open: [unsigned(row, 2)?, unsigned(row, 3)?, unsigned(row, 4)?, unsigned(row, 5)?],
            new: unsigned(row, 6)?,
            resolved: unsigned(row, 7)?,
            reopened: unsigned(row, 8)?,
            accepted: unsigned(row, 9)?,
            drift: unsigned(row, 10)?,
            coverage: BTreeMap::new(),
        })
    })?;
    let mut runs: Vec<Summary> = runs.collect::<Result<_>>()?;
    runs.reverse();
    let mut statement = connection.prepare("SELECT environment, read FROM coverage WHERE run = ?")?;
    for run in &mut runs {
        let number = run.number.unwrap_or_default().cast_signed();
        let coverage = statement.query_map([number], |row| {
            let read: String = row.get(1)?;
            let read = Read::named(&read).ok_or_else(|| invalid(1, format!("`{read}` is no way to be read")))?;
            Ok((row.get(0)?, read))
        })?;
        run.coverage = coverage.collect::<Result<_>>()?;
    }
    Ok(runs)
}

pub(super) fn severity(row: &Row<'_>, column: usize) -> Result<Severity> {
    let name: String = row.get(column)?;
    let known = Severity::ALL.into_iter().find(|known| known.name() == name);
    known.ok_or_else(|| invalid(column, format!("`{name}` is no severity")))
}

pub(super) fn unsigned(row: &Row<'_>, column: usize) -> Result<u64> {
    let number: i64 = row.get(column)?;
    u64::try_from(number).map_err(|_| invalid(column, format!("{number} is no count")))
}

fn list<T: DeserializeOwned>(row: &Row<'_>, column: usize) -> Result<Vec<T>> {
    let text: String = row.get(column)?;
    serde_json::from_str(&text).map_err(|error| invalid(column, error.to_string()))
}

pub(super) fn invalid(column: usize, why: String) -> rusqlite::Error {
    rusqlite::Error::FromSqlConversionFailure(column, Type::Text, why.into())
}
