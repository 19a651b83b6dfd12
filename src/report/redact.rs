//! Foreign words of a report without the secrets in them: subjects of commits, messages of stashes, names of branches and remotes, targets of
//! links, errors. Paths stay: they are what a report is about.

use crate::compare::text::Redactor;
use crate::report::model::{CheckoutReport, CommitReport, GitReport, StatusReport};

/// Masks secrets in all words of a report that came from elsewhere.
pub(super) fn redact(report: &mut StatusReport, redactor: &Redactor) {
    let mask = |text: &mut String| {
        if let std::borrow::Cow::Owned(masked) = redactor.words(text) {
            *text = masked;
        }
    };
    for environment in &mut report.environments {
        mask(&mut environment.origin);
        environment.role.iter_mut().for_each(mask);
        if let Some(nearest) = &mut environment.nearest {
            redact_commit(&mut nearest.likeness.commit, &mask);
            nearest.runner_up.iter_mut().for_each(|likeness| redact_commit(&mut likeness.commit, &mask));
        }
        match &mut environment.git {
            GitReport::None | GitReport::NotKept => {}
            GitReport::Commit { reference, commit } => {
                mask(reference);
                redact_commit(commit, &mask);
            }
            GitReport::Unknown { reason } => mask(reason),
            GitReport::Checkout(checkout) => redact_checkout(checkout, &mask),
        }
    }
    report.artifacts.iter_mut().for_each(|artifact| mask(&mut artifact.is));
    report.findings.iter_mut().for_each(|finding| mask(&mut finding.message));
    report.notes.iter_mut().for_each(mask);
    for incident in &mut report.incidents {
        mask(&mut incident.message);
        incident.hint.iter_mut().for_each(mask);
    }
}

fn redact_commit(commit: &mut CommitReport, mask: &impl Fn(&mut String)) {
    mask(&mut commit.subject);
    mask(&mut commit.author);
}

fn redact_checkout(checkout: &mut CheckoutReport, mask: &impl Fn(&mut String)) {
    checkout.branch.iter_mut().for_each(mask);
    checkout.commit.iter_mut().for_each(|commit| redact_commit(commit, mask));
    checkout.upstream.iter_mut().for_each(|upstream| mask(&mut upstream.name));
    checkout.unpushed.iter_mut().flatten().for_each(|commit| redact_commit(commit, mask));
    checkout.not_judged.iter_mut().for_each(|path| mask(&mut path.reason));
    checkout.stashes.iter_mut().for_each(|stash| mask(&mut stash.message));
    for worktree in &mut checkout.worktrees {
        mask(&mut worktree.name);
        mask(&mut worktree.path);
    }
}
