use std::collections::BTreeMap;

use super::{Rule, grouped};
use crate::compare::owner_name;
use crate::config::Expect;
use crate::insight::finding::{Finding, FindingId, Matter, Severity};
use crate::insight::{Evidence, Inputs, Owner};
use crate::path::TreePath;
use crate::snapshot::Snapshot;

pub(super) const RULE: Rule = Rule {
    code: "unexpected-owner",
    severity: Severity::Warning,
    finds: "Files and folders of another user or group than their environment should have (`owner` in the configuration). Many paths \
            of one wrong owner are one finding.",
    matters: "What root owns the deploy user cannot replace and the service may not be able to write; and it tells who was there by hand.",
    example: "`[env.server]` says `owner = \"www-data\"`, and 214 paths belong to `root`.",
    wrong: "Files that are meant to belong to another one, such as uploads: leave them out with `ignore`, or accept the finding.",
    apply,
};

fn apply(inputs: &Inputs<'_>, findings: &mut Vec<Finding>) {
    for (environment, snapshot) in inputs.snapshots.iter().enumerate() {
        let Some(expect) = inputs.wishes.expect.get(environment) else { continue };
        if !snapshot.knows.owners || (expect.user.is_none() && expect.group.is_none()) {
            continue;
        }
        let name = snapshot.environment.as_str();
        let expected =
            Owner { user: expect.user.clone().unwrap_or_default(), group: expect.group.clone().unwrap_or_default() };
        grouped::report(wrong(snapshot, expect), findings, |owner, paths| {
            let matter = Matter::new(RULE.code).with(name).with(&owner.user).with(&owner.group);
            let evidence = Evidence::Foreign { expected: expected.clone(), found: owner.clone(), paths };
            let finding = Finding {
                id: FindingId::default(),
                code: RULE.code,
                severity: RULE.severity,
                path: None,
                environments: vec![environment],
                evidence,
            };
            (finding, matter)
        });
    }
}

/// Paths that do not belong to whom they should, with whom they belong to.
fn wrong(snapshot: &Snapshot, expect: &Expect) -> impl Iterator<Item = (Owner, TreePath)> {
    let is = |expected: &Option<String>, names: &BTreeMap<u32, String>, number: u32| {
        let Some(expected) = expected else { return true };
        names.get(&number) == Some(expected) || *expected == number.to_string()
    };
    let users = &snapshot.names.users;
    let groups = &snapshot.names.groups;
    snapshot.entries.iter().filter_map(move |entry| {
        let attributes = entry.attributes;
        let is_right = is(&expect.user, users, attributes.uid) && is(&expect.group, groups, attributes.gid);
        let owner = || Owner { user: owner_name(users, attributes.uid), group: owner_name(groups, attributes.gid) };
        (!is_right).then(|| (owner(), entry.path.clone()))
    })
}
