use super::{Rule, at};
use crate::compare::moves::Place;
use crate::insight::finding::{Finding, Matter, Severity};
use crate::insight::{Evidence, Inputs};

pub(super) const RULE: Rule = Rule {
    code: "moved",
    severity: Severity::Warning,
    finds: "A file, or a folder with most of its files, that is at one path in some environments and at another path in others.",
    matters: "What one environment loads from here, another has elsewhere: imports, mounts and deploy scripts that name the path fail in \
              one of them. Paths that a move explains are not reported as present here and absent there.",
    example: "`modules/` on the server is `app/modules/` in the repository.",
    wrong: "Small files that are equal by chance, such as empty shells of modules. If the folder is only called differently there, \
            `map` in the configuration says so.",
    apply,
};

fn apply(inputs: &Inputs<'_>, findings: &mut Vec<Finding>) {
    for found in inputs.moves {
        let names = |environments: &[usize]| {
            let mut names: Vec<&str> =
                environments.iter().map(|environment| inputs.snapshots[*environment].environment.as_str()).collect();
            names.sort_unstable();
            names.join(" ")
        };
        // Which place is the first goes by the order of environments, which must not count.
        let mut places: Vec<&Place> = found.places.iter().collect();
        places.sort();
        let matter = places.iter().fold(Matter::new(RULE.code), |matter, place| {
            matter.with(place.path.as_bytes()).with(names(&place.environments))
        });
        let matter = matter.number(found.files as u64).number(found.edited as u64);
        let mut environments: Vec<usize> = places.iter().flat_map(|place| place.environments.iter().copied()).collect();
        environments.sort_unstable();
        let [first, ..] = &found.places[..] else { continue };
        let mut finding = at(&RULE, &first.path, environments, Matter::new(""), Evidence::Moved(found.clone()));
        finding.id = matter.id();
        findings.push(finding);
    }
}
