//! The many files of which a real application consists, from templates: small, all different, the same on every run.

use super::tree::Tree;

/// Views of the front end; on prod their lines end with CR LF.
pub(super) const VIEWS: usize = 80;
const REPORTS: usize = 296;
const COMPONENTS: usize = 960;
const ICONS: usize = 1_200;
const LOCALES: usize = 40;
const PAGES: usize = 59;
const LEGACY_PAGES: usize = 43;

const WORDS: &[&str] = &[
    "roster",
    "shift",
    "night",
    "holiday",
    "handover",
    "pager",
    "backup",
    "region",
    "ward",
    "team",
    "swap",
    "leave",
    "quota",
    "export",
    "import",
    "audit",
    "summary",
    "calendar",
    "contact",
    "escalation",
    "reminder",
    "badge",
    "filter",
    "banner",
];

/// What the common history holds besides the written files.
pub(super) fn shared(tree: &mut Tree) {
    for n in 1..=REPORTS {
        let (a, b) = words(n);
        tree.add(
            &report(n),
            format!(
                "\"\"\"Report {n}: {a} by {b}.\"\"\"\n\nfrom app.services import ScheduleQuery\n\nTITLE = \"{a} by {b}\"\nLIMIT = {}\n\n\n\
                 def rows(year, month):\n    load = ScheduleQuery.load_of(year, month)\n    return sorted(load.items())[:LIMIT]\n",
                10 + n % 90
            ),
        );
    }
    for n in 1..=COMPONENTS {
        let (a, b) = words(n);
        tree.add(
            &component(n),
            format!(
                "import {{ Card }} from \"../Card\";\n\nexport function Component{n}({{ items }}) {{\n  return (\n    <Card title=\"{a} {b}\" \
                 order={{{n}}}>\n      {{items.map((item) => (\n        <span key={{item.id}}>{{item.{a}}}</span>\n      ))}}\n    </Card>\n  );\n}}\n"
            ),
        );
    }
    for n in 1..=VIEWS {
        let (a, b) = words(n * 7);
        tree.add(
            &view(n),
            format!("export default function View{n}() {{\n  // {a} and {b}\n  return <main id=\"view-{n}\">{a}</main>;\n}}\n"),
        );
    }
    for n in 1..=LOCALES {
        let lines: Vec<String> = WORDS.iter().map(|word| format!("  \"{word}\": \"{word} ({n})\"")).collect();
        tree.add(&locale(n), format!("{{\n{}\n}}\n", lines.join(",\n")));
    }
    for n in 1..=ICONS {
        let (a, b) = words(n);
        tree.add(
            &format!("oncallsreact/public/icons/{:02}/{a}-{n:04}.svg", n % 50),
            format!(
                "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 24 24\">\n  <title>{a} {b}</title>\n  <path d=\"M{} {}h{}v{}z\"/>\n  \
                 <!-- {n} -->\n</svg>\n",
                n % 24,
                n / 24 % 24,
                1 + n % 11,
                1 + n % 7
            ),
        );
    }
    for n in 1..=PAGES {
        let (a, b) = words(n * 3);
        tree.add(
            &format!("frontend/pages/{a}-{n:02}.html"),
            format!("<!doctype html>\n<title>{a} {b}</title>\n<h1>{a} {b}</h1>\n<p>Page {n}</p>\n"),
        );
    }
}

/// Packages that prod installed, as many files as are asked for, so that totals come out right.
pub(super) fn packages(tree: &mut Tree, count: usize) {
    for n in 1..=count {
        let (a, b) = words(n / 16);
        let package = format!("oncallsreact/node_modules/{a}-{b}-{}", n / 16);
        if n % 16 == 0 {
            tree.add(&format!("{package}/package.json"), format!("{{ \"name\": \"{a}-{b}-{}\" }}\n", n / 16));
        } else {
            tree.add(&format!("{package}/lib/{:02}.js", n % 16), format!("module.exports = {n};\n"));
        }
    }
}

/// The front end that only prod still has.
pub(super) fn legacy(tree: &mut Tree) {
    for n in 1..=LEGACY_PAGES {
        let (a, b) = words(n * 5);
        tree.add(
            &format!("oncall_frontend/legacy/{a}_{n:02}.php"),
            format!("<?php\n$title = \"{a} {b}\";\ninclude \"../header.php\";\n?>\n<p>Page {n}</p>\n"),
        );
    }
}

/// What building the front end leaves behind: files that were never meant to be committed.
pub(super) fn build_output(tree: &mut Tree, count: usize) {
    for n in 1..=count {
        let (a, b) = words(n * 11);
        tree.add(
            &format!("oncallsreact/build/assets/chunk-{n:03}.js"),
            format!("(()=>{{const n={n};window.{a}=window.{a}||[];window.{a}.push(n,\"{b}\")}})();\n"),
        );
    }
}

/// Copies of the roster that somebody made to look for duplicates.
pub(super) fn roster_dumps(tree: &mut Tree, count: usize) {
    for n in 1..=count {
        let lines: Vec<String> = (1..=12).map(|row| format!("{row},{},2025-08-{n:02}", words(n * row).0)).collect();
        tree.add(&format!("backend/dumps/roster-202508{n:02}.csv"), format!("id,team,day\n{}\n", lines.join("\n")));
    }
}

/// The path of a report of the back end.
pub(super) fn report(n: usize) -> String {
    format!("backend/app/reports/report_{n:03}.py")
}

/// The path of a component of the front end.
pub(super) fn component(n: usize) -> String {
    format!("oncallsreact/src/components/{}/Component{n}.jsx", WORDS[n % WORDS.len()])
}

/// The path of a view of the front end.
pub(super) fn view(n: usize) -> String {
    format!("oncallsreact/src/views/View{n}.jsx")
}

/// The path of a translation.
pub(super) fn locale(n: usize) -> String {
    format!("oncallsreact/src/locales/l{n:02}.json")
}

fn words(n: usize) -> (&'static str, &'static str) {
    (WORDS[n % WORDS.len()], WORDS[(n / WORDS.len() * 5 + n * 7 + 3) % WORDS.len()])
}
