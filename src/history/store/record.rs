//! From what has become of findings to tables.

use rusqlite::{Connection, Result, params};

use crate::history::{Night, Outcome, Part, Read, Sighting, Standing, Status};

/// Adds a run. Of findings that stay as they are nothing is written.
pub(super) fn add(connection: &Connection, night: &Night, outcome: &Outcome) -> Result<()> {
    let number = outcome.number.cast_signed();
    run(connection, night, outcome)?;
    let mut close = connection.prepare("UPDATE spell SET closed = ?2 WHERE finding = ?1 AND closed IS NULL")?;
    for id in &outcome.replaced {
        close.execute(params![id, number])?;
    }
    let mut write = connection.prepare(
        "INSERT INTO finding VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)
         ON CONFLICT (id) DO UPDATE SET code = excluded.code, severity = excluded.severity, path = excluded.path,
            environments = excluded.environments, subject = excluded.subject, message = excluded.message,
            is_of_one = excluded.is_of_one, is_incomplete = excluded.is_incomplete, paths = excluded.paths,
            parts = excluded.parts
         WHERE (message, severity, subject, environments, parts)
            IS NOT (excluded.message, excluded.severity, excluded.subject, excluded.environments, excluded.parts)",
    )?;
    let mut open = connection.prepare(
        "INSERT INTO spell (finding, opened, closed, since, first, seen, accepted) VALUES (?1, ?2, NULL, ?3, ?4, ?5, ?6)",
    )?;
    let mut is_same = connection.prepare(
        "SELECT since = ?2 AND first = ?3 AND accepted = ?4 FROM spell WHERE finding = ?1 AND closed IS NULL",
    )?;
    let mut seen =
        connection.prepare("UPDATE spell SET seen = ?2 WHERE finding = ?1 AND closed IS NULL AND seen IS NOT ?2")?;
    for Standing { sighting, status, since, from, stale, is_accepted, .. } in &outcome.standings {
        let id = &sighting.id;
        if *status == Status::Resolved {
            close.execute(params![id, number])?;
            continue;
        }
        let last_seen = stale.as_ref().map(|stale| stale.seen);
        if stale.is_none() {
            write_finding(&mut write, sighting)?;
        }
        let first = from.cast_signed();
        let mut found = is_same.query_map(params![id, since, first, is_accepted], |row| row.get::<_, bool>(0))?;
        let known = found.next().transpose()?;
        drop(found);
        if known == Some(true) {
            seen.execute(params![id, last_seen])?;
        } else {
            close.execute(params![id, number])?;
            open.execute(params![id, number, since, first, last_seen, is_accepted])?;
        }
    }
    Ok(())
}

fn run(connection: &Connection, night: &Night, outcome: &Outcome) -> Result<()> {
    let number = outcome.number.cast_signed();
    let summary = &outcome.summary;
    let [info, notice, warning, critical] = summary.open.map(u64::cast_signed);
    connection.execute(
        "INSERT INTO run VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        params![
            number,
            night.at,
            env!("CARGO_PKG_VERSION"),
            night.took_ms.map(u64::cast_signed),
            info,
            notice,
            warning,
            critical,
            summary.new.cast_signed(),
            summary.resolved.cast_signed(),
            summary.reopened.cast_signed(),
            summary.accepted.cast_signed(),
            summary.drift.cast_signed(),
        ],
    )?;
    let mut cover = connection.prepare("INSERT INTO coverage VALUES (?, ?, ?, ?, ?, ?, ?)")?;
    let mut complete = connection
        .prepare("INSERT INTO complete VALUES (?, ?) ON CONFLICT (environment) DO UPDATE SET at = excluded.at")?;
    for it in &night.environments {
        cover.execute(params![
            number,
            it.environment,
            it.read.name(),
            it.entries.cast_signed(),
            it.drift.cast_signed(),
            it.uncommitted.map(u64::cast_signed),
            it.unreadable.cast_signed(),
        ])?;
        if it.read == Read::All {
            complete.execute(params![it.environment, night.at])?;
        }
    }
    Ok(())
}

fn write_finding(write: &mut rusqlite::Statement<'_>, sighting: &Sighting) -> Result<()> {
    let parts = sighting.parts.iter();
    let parts: Vec<_> = parts.map(|Part { environment, class, detail }| (environment, class, detail)).collect();
    let json = |value: serde_json::Result<String>| {
        value.map_err(|error| rusqlite::Error::ToSqlConversionFailure(error.into()))
    };
    write.execute(params![
        sighting.id,
        sighting.code,
        sighting.severity.name(),
        sighting.path.as_deref(),
        json(serde_json::to_string(&sighting.environments))?,
        sighting.subject,
        sighting.message,
        sighting.is_of_one,
        sighting.is_incomplete,
        sighting.paths.cast_signed(),
        json(serde_json::to_string(&parts))?,
    ])?;
    Ok(())
}

/// Lets go of old runs, and of findings that were closed before the oldest run that stays. The last run always stays.
pub(super) fn forget(connection: &Connection, now: i64, keep_days: u32) -> Result<()> {
    let oldest = now.saturating_sub(i64::from(keep_days) * 86_400);
    let gone = connection
        .execute("DELETE FROM run WHERE at < ? AND number < (SELECT max(number) FROM run)", params![oldest])?;
    if gone > 0 {
        connection.execute("DELETE FROM spell WHERE closed < (SELECT min(number) FROM run)", [])?;
        connection.execute(
            "DELETE FROM finding WHERE id NOT IN (SELECT finding FROM spell UNION SELECT finding FROM told_finding)",
            [],
        )?;
    }
    Ok(())
}
