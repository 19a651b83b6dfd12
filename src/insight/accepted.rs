//! Which findings somebody accepted, and which acceptances hold no longer.

use std::collections::{BTreeMap, BTreeSet};

use jiff::civil::Date;

use crate::config::Accept;
use crate::insight::{Finding, is_same_matter};

/// What acceptances come to.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Acceptances {
    /// Ids that are accepted: of findings, and of what may be a finding when all is read.
    pub holding: BTreeSet<String>,
    /// Ids that were accepted and are not any more.
    pub ended: BTreeMap<String, Ended>,
}

/// Why an acceptance holds no longer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Ended {
    /// Its last day has passed.
    Expired,
    /// Something else is there than what was accepted.
    Changed,
}

/// Judges acceptances on a day. `matter` says what a finding is about exactly; `None` is unknown, and unknown is not changed. It is asked
/// only about findings for which an acceptance says what was accepted.
pub fn judge_acceptances(
    accepts: &[Accept],
    findings: &[Finding],
    today: Date,
    matter: impl Fn(&Finding) -> Option<String>,
) -> Acceptances {
    let by_id: BTreeMap<String, &Finding> = findings.iter().map(|finding| (finding.id.to_string(), finding)).collect();
    let mut judged = Acceptances::default();
    for Accept { id, until, matter: accepted, .. } in accepts {
        let changed = || {
            let now = matter(by_id.get(id)?)?;
            Some(!is_same_matter(accepted.as_ref()?, &now))
        };
        if until.is_some_and(|until| until < today) {
            judged.ended.insert(id.clone(), Ended::Expired);
        } else if accepted.is_some() && changed().unwrap_or(false) {
            judged.ended.insert(id.clone(), Ended::Changed);
        } else {
            judged.holding.insert(id.clone());
        }
    }
    judged
}
