//! What somebody was told last, from and to tables.

use std::collections::{BTreeMap, BTreeSet};

use rusqlite::{Connection, OptionalExtension as _, Result, params};

use super::load::{invalid, severity, unsigned};
use crate::history::{Read, Told, ToldFinding};

/// `None` when nobody of this name was ever told.
pub(super) fn load(connection: &Connection, target: &str) -> Result<Option<Told>> {
    let is_there = "SELECT count(*) FROM sqlite_schema WHERE name = 'told'";
    // A history of the first version that can only be read.
    if connection.query_row(is_there, [], |row| row.get::<_, i64>(0))? == 0 {
        return Ok(None);
    }
    let mut statement = connection.prepare("SELECT run, at, environments FROM told WHERE target = ?")?;
    let told = statement.query_row([target], |row| {
        let environments: String = row.get(2)?;
        let environments: BTreeMap<String, String> =
            serde_json::from_str(&environments).map_err(|error| invalid(2, error.to_string()))?;
        let read = |(name, read): (String, String)| {
            let known = Read::named(&read).ok_or_else(|| invalid(2, format!("`{read}` is no way to be read")))?;
            Ok((name, known))
        };
        Ok(Told {
            run: unsigned(row, 0)?,
            at: row.get(1)?,
            findings: BTreeMap::new(),
            environments: environments.into_iter().map(read).collect::<Result<_>>()?,
        })
    });
    let Some(mut told) = told.optional()? else { return Ok(None) };
    let mut statement = connection.prepare(
        "SELECT f.id, f.code, f.severity, f.subject, f.message, f.is_incomplete FROM told_finding t JOIN finding f ON f.id = t.finding
         WHERE t.target = ?",
    )?;
    let findings = statement.query_map([target], |row| {
        let finding = ToldFinding {
            code: row.get(1)?,
            severity: severity(row, 2)?,
            subject: row.get(3)?,
            message: row.get(4)?,
            incomplete: row.get(5)?,
        };
        Ok((row.get(0)?, finding))
    })?;
    told.findings = findings.collect::<Result<_>>()?;
    Ok(Some(told))
}

/// Puts it in the place of what was there. Of what stays as it is nothing is written.
pub(super) fn write(connection: &Connection, target: &str, told: &Told) -> Result<()> {
    let names: BTreeMap<&str, &str> =
        told.environments.iter().map(|(name, read)| (name.as_str(), read.name())).collect();
    let environments =
        serde_json::to_string(&names).map_err(|error| rusqlite::Error::ToSqlConversionFailure(error.into()))?;
    connection.execute(
        "INSERT INTO told VALUES (?1, ?2, ?3, ?4) ON CONFLICT (target) DO UPDATE
            SET run = excluded.run, at = excluded.at, environments = excluded.environments",
        params![target, told.run.cast_signed(), told.at, environments],
    )?;
    let mut statement = connection.prepare("SELECT finding FROM told_finding WHERE target = ?")?;
    let before = statement.query_map([target], |row| row.get(0))?.collect::<Result<BTreeSet<String>>>()?;
    let mut remove = connection.prepare("DELETE FROM told_finding WHERE target = ?1 AND finding = ?2")?;
    for id in before.iter().filter(|id| !told.findings.contains_key(*id)) {
        remove.execute([target, id])?;
    }
    // A finding that the history does not have is none that it could tell of later.
    let mut insert = connection.prepare("INSERT INTO told_finding SELECT ?1, id FROM finding WHERE id = ?2")?;
    for id in told.findings.keys().filter(|id| !before.contains(*id)) {
        insert.execute([target, id])?;
    }
    Ok(())
}
