use super::{Rule, grouped, with_each};
use crate::compare::{Cell, Differences, owner_name};
use crate::insight::finding::{Finding, FindingId, Matter, Severity};
use crate::insight::{Evidence, Inputs, Owner, Usual};

pub(super) const RULE: Rule = Rule {
    code: "owner-differs",
    severity: Severity::Notice,
    finds: "Owners or groups, by name, that differ. That whole environments belong to different users is one finding; a path is reported where \
            it departs from its environment's usual owner and does not do so elsewhere.",
    matters: "A file that root wrote by hand cannot be replaced by the deploy user, and tells who was there.",
    example: "Everything on prod belongs to `www-data`, but `MemberService.py` belongs to `root`.",
    wrong: "Accounts that are called differently on purpose. Numbers without a name are compared as numbers.",
    apply,
};

fn apply(inputs: &Inputs<'_>, findings: &mut Vec<Finding>) {
    usual(inputs, findings);
    let differing = inputs.comparison.rows().filter_map(|row| {
        if !row.differences.intersects(Differences::OWNER | Differences::GROUP) {
            return None;
        }
        let owner = |environment: usize| {
            let snapshot = &inputs.snapshots[environment];
            let entry =
                row.entry(environment).filter(|_| snapshot.knows.owners && row.cells[environment].is_present())?;
            let attributes = snapshot.entries[entry].attributes;
            Some(Owner {
                user: owner_name(&snapshot.names.users, attributes.uid),
                group: owner_name(&snapshot.names.groups, attributes.gid),
            })
        };
        let owners: Vec<Option<Owner>> = (0..row.cells.len()).map(owner).collect();
        let environments: Vec<usize> = row.environments_where(Cell::is_present).collect();
        Some(((owners, environments), row.path(inputs.snapshots).clone()))
    });
    grouped::report(differing, findings, |(owners, environments), paths| {
        let matter = with_each(Matter::new(RULE.code), inputs.snapshots, owners, |owner| {
            format!("{}:{}", owner.user, owner.group).into_bytes()
        });
        let evidence = Evidence::Owners { owners: owners.clone(), paths };
        (finding(environments.clone(), evidence), matter)
    });
}

/// Whole environments that belong to different users.
fn usual(inputs: &Inputs<'_>, findings: &mut Vec<Finding>) {
    let habits = inputs.comparison.habits();
    let usual: Vec<Option<Usual>> = habits
        .iter()
        .zip(inputs.snapshots)
        .map(|(habits, snapshot)| {
            let known = snapshot.knows.owners && !snapshot.entries.is_empty();
            known.then(|| Usual { user: habits.owner.clone(), group: habits.group.clone() })
        })
        .collect();
    let differ = |name: fn(&Usual) -> Option<&String>| {
        let mut names = usual.iter().flatten().filter_map(name);
        names.next().is_some_and(|first| names.any(|other| other != first))
    };
    if differ(|usual| usual.user.as_ref()) || differ(|usual| usual.group.as_ref()) {
        let environments = (0..usual.len()).filter(|environment| usual[*environment].is_some()).collect();
        let matter = with_each(Matter::new(RULE.code), inputs.snapshots, &usual, |usual| {
            format!("{:?}:{:?}", usual.user, usual.group).into_bytes()
        });
        let mut found = finding(environments, Evidence::UsualOwners { usual });
        found.id = matter.id();
        findings.push(found);
    }
}

fn finding(environments: Vec<usize>, evidence: Evidence) -> Finding {
    Finding { id: FindingId::default(), code: RULE.code, severity: RULE.severity, path: None, environments, evidence }
}
