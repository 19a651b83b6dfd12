//! `[rules]`: how severe the findings of a rule are.

use toml::Spanned;
use toml::de::DeValue;

use super::problem::Problem;
use super::raw::{in_file_order, listed, nearest, string, wrong_type};

/// Names of severities, least first.
const SEVERITIES: [&str; 4] = ["info", "notice", "warning", "critical"];

/// The codes of all rules, in the order of `insight::RULES`; they last.
pub const RULE_CODES: &[&str] = &[
    "unreadable",
    "unstable",
    "private-key-in-tree",
    "secret-readable",
    "known-fix-absent",
    "would-be-destroyed",
    "content-differs",
    "type-differs",
    "link-differs",
    "moved",
    "only-in",
    "absent-in",
    "uncommitted",
    "unfinished-operation",
    "unexpected-branch",
    "unexpected-owner",
    "backup-artifact",
    "unpushed",
    "stashed",
    "unshared-fix",
    "mode-differs",
    "owner-differs",
    "not-versioned",
    "unrelated-history",
    "line-endings",
];

/// Reads and judges all of it.
pub(super) fn read(value: &Spanned<DeValue<'_>>, problems: &mut Vec<Problem>) -> Vec<(String, &'static str)> {
    let Some(table) = value.get_ref().as_table() else {
        problems.push(wrong_type("rules", value, "a table", "write `[rules]` and below it `owner-differs = \"info\"`"));
        return Vec::new();
    };
    let mut severities = Vec::new();
    for (code, value) in in_file_order(table) {
        let name = code.get_ref().as_ref();
        if !RULE_CODES.contains(&name) {
            let problem = Problem::new(code.span(), format!("there is no rule `{name}`"), "no rule has this code");
            problems.push(match nearest(name, RULE_CODES.iter().copied()) {
                Some(near) => problem.help(format!("did you mean `{near}`?")),
                None => problem.help(format!("rules are {}", listed(RULE_CODES))),
            });
        }
        let Some(severity) = string(name, value, problems) else { continue };
        match SEVERITIES.into_iter().find(|known| known == severity.get_ref()) {
            Some(known) => severities.push((name.to_owned(), known)),
            None => problems.push(
                Problem::new(severity.span(), format!("`{}` is no severity", severity.get_ref()), "this word")
                    .help(format!("severities are {}", listed(&SEVERITIES))),
            ),
        }
    }
    severities
}
