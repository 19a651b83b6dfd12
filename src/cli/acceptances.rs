//! Acceptances of the configuration, held against what was found.

use std::collections::BTreeMap;

use jiff::civil::Date;

use crate::cli::session::Session;
use crate::history::{Night, Outcome, Read, Status};
use crate::insight::{Acceptances, Ended, Finding, Matters, judge_acceptances};
use crate::pipeline::Picture;
use crate::report::nightly::{AcceptanceReport, AcceptedReport};

/// The day in UTC.
pub(crate) fn today(seconds: i64) -> Date {
    let moment = jiff::Timestamp::from_second(seconds).unwrap_or(jiff::Timestamp::UNIX_EPOCH);
    jiff::tz::Offset::UTC.to_datetime(moment).date()
}

/// How it is found out what a finding is about exactly.
pub(crate) fn matters<'a>(session: &'a Session, picture: &'a Picture<'_>) -> Matters<'a> {
    Matters {
        snapshots: &picture.collected.snapshots,
        comparison: &picture.comparison,
        contents: &picture.collected,
        redactor: &session.redactor,
    }
}

/// What acceptances come to tonight.
pub(crate) fn judged(session: &Session, picture: &Picture<'_>) -> Acceptances {
    let matters = matters(session, picture);
    let today = today(session.process.now.seconds);
    judge_acceptances(&session.config.accepts, &picture.findings, today, |finding: &Finding| matters.of(finding))
}

/// What is accepted, and why, by id.
pub(crate) fn reasons(session: &Session) -> BTreeMap<String, AcceptedReport> {
    let accepts = session.config.accepts.iter();
    let report = |accept: &crate::config::Accept| AcceptedReport {
        because: session.redactor.words(&accept.because).into_owned(),
        until: accept.until.map(|day| day.to_string()),
    };
    accepts.map(|accept| (accept.id.clone(), report(accept))).collect()
}

/// Acceptances that accept nothing any more. That a finding is gone is only said when all was read.
pub(crate) fn idle(session: &Session, judged: &Acceptances, night: &Night, outcome: &Outcome) -> Vec<AcceptanceReport> {
    let is_read = |name: &String| {
        night.environments.iter().any(|it| it.environment == *name && it.read == Read::All && it.unread.is_empty())
    };
    let is_complete = night.configured.iter().all(is_read);
    let is_there = |id: &str| outcome.standings.iter().any(|it| it.sighting.id == id && it.status != Status::Resolved);
    let reports = session.config.accepts.iter().filter_map(|accept| {
        let id = &accept.id;
        let until = accept.until.map(|day| day.to_string());
        let (state, message) = match judged.ended.get(id) {
            _ if !is_there(id) && is_complete => {
                ("stale", "there is no such finding any more: take it out of the configuration".to_owned())
            }
            _ if !is_there(id) => return None,
            Some(Ended::Expired) => {
                let day = until.clone().unwrap_or_default();
                ("expired", format!("it was accepted until {day}: mend it, or accept it again"))
            }
            Some(Ended::Changed) => {
                ("changed", "something else is there than what was accepted: look, and accept it again".to_owned())
            }
            None => return None,
        };
        let because = session.redactor.words(&accept.because).into_owned();
        Some(AcceptanceReport { id: id.clone(), because, until, state, message })
    });
    reports.collect()
}
