//! Reports to be written: a night as it could be, and one with as many paths as one likes.

use std::collections::BTreeMap;

use driftline::report::candidates::{self, CandidatesReport, PairReport, TargetReport, UnitReport};
use driftline::report::model::{
    ArtifactReport, AttributeReport, CheckoutReport, CommitReport, EnvironmentReport, FolderReport, GitReport,
    IncidentReport, MapReport, MoveReport, MoveSide, PathReport, RowReport, UpstreamReport,
};
use driftline::report::nightly::{
    AcceptanceReport, AcceptedReport, BaseText, CountsReport, ExitReport, FindingPath, FocusFile, FocusRegion,
    FocusSide, FocusText, NightEnvironment, NightFinding, NightRow, NightlyReport, PatchReport, ReadReport, RunReport,
    SeverityCounts, StaleReport, TreeReport, TrendReport, VERSION,
};
use driftline::snapshot::Counters;

const DAY: i64 = 86_400;
/// 2026-01-31T03:00:00Z.
const NOW: i64 = 1_769_828_400;

/// Three environments after some nights: something new, something gone, one environment read in part.
pub(super) fn oncalls() -> NightlyReport {
    let mut report = empty(&["prod", "staging", "debug"]);
    let service = "backend/app/services/MemberService.py";
    for (path, pattern) in [
        (service, "AAB"),
        ("backend/app/services/HomeService.py", "AAB"),
        ("backend/app/services/mailer.py", "ABB"),
        ("backend/app/controllers/user.py", "ABB"),
        ("backend/app/controllers/roster.py", "ABC"),
        ("backend/requirements.txt", "ABB"),
        ("backend/scripts/backup.sh", "AA!"),
        ("frontend/src/index.html", "-AA"),
        ("frontend/src/App.tsx", "-AB"),
        ("frontend/src/components/Roster.tsx", "-AA"),
        ("frontend/package.json", "-AA"),
        ("oncallsreact/src/legacy/a.js", "AAB"),
        ("README.md", "AB-"),
    ] {
        row(&mut report, path, pattern);
    }
    report.tree.rows.iter_mut().filter(|row| row.row.path.path.ends_with("a.js")).for_each(|row| {
        row.row.quiet = vec!["line-endings"];
    });
    finding(&mut report, "content-differs", "warning", "new", Some(service), "debug differs from prod and staging");
    report.findings[0].focus = true;
    finding(&mut report, "uncommitted", "warning", "still", None, "53 uncommitted changes, oldest 120 days");
    finding(
        &mut report,
        "private-key-in-tree",
        "critical",
        "reopened",
        Some("backend/requirements.txt"),
        "is called like a private key",
    );
    finding(&mut report, "absent-in", "notice", "still", Some("frontend/package.json"), "absent in prod");
    finding(&mut report, "backup-artifact", "notice", "resolved", Some("backend/old.py.orig"), "equals prod's old.py");
    let mut accepted = report.findings[3].clone();
    "accepted-1".clone_into(&mut accepted.id);
    accepted.accepted = Some(AcceptedReport {
        because: "the new frontend is on its way".to_owned(),
        until: Some("2026-03-01".to_owned()),
    });
    report.accepted.push(accepted);
    report.findings[1].stale =
        Some(StaleReport { seen: NOW - 2 * DAY, age_days: 2, unread: vec!["debug".to_owned()], without_them: None });
    report.tree.rows.iter_mut().for_each(|row| {
        let of_it = report.findings.iter().filter(|one| one.path.bytes.as_deref() == Some(&*row.row.path.bytes));
        row.findings = of_it.map(|one| one.id.clone()).collect();
    });
    beside_rows(&mut report);
    report.focus.push(focus(service));
    let read = &mut report.environments[2];
    read.environment.complete = false;
    read.environment.unreadable = 2;
    read.read = ReadReport {
        state: "part",
        reasons: vec!["backend/scripts: permission denied".to_owned()],
        last_complete: Some(NOW - 2 * DAY),
        age_days: Some(2),
    };
    report.incidents.push(IncidentReport {
        environment: "debug".to_owned(),
        path: Some(PathReport::new(b"backend/scripts")),
        kind: "folder",
        message: "could not be listed: permission denied".to_owned(),
        hint: None,
    });
    report.acceptances.push(AcceptanceReport {
        id: "gone".to_owned(),
        because: "was there".to_owned(),
        until: None,
        state: "stale",
        message: "there is no such finding any more: take it out of driftline.toml".to_owned(),
    });
    report.map_proposals.push(MapReport {
        environment: "prod".to_owned(),
        here: PathReport::new(b"oncall_frontend"),
        common: PathReport::new(b"frontend"),
        others: vec!["staging".to_owned()],
        equal: 312,
        quiet: 0,
        files: 320,
        unequal: Vec::new(),
        only_here: 4,
        only_there: 4,
        paste: Some("map = { \"frontend\" = \"oncall_frontend\" }".to_owned()),
    });
    candidates(&mut report, service);
    report
}

/// What a tree has beside its rows.
fn beside_rows(report: &mut NightlyReport) {
    report.tree.attributes.push(AttributeReport {
        path: PathReport::new(b"backend/run.sh"),
        differences: vec!["mode", "executable"],
        modes: vec![Some("0755".to_owned()), Some("0755".to_owned()), Some("0644".to_owned())],
        owners: vec![Some("www:www".to_owned()), Some("www:www".to_owned()), Some("root:root".to_owned())],
    });
    report.tree.moves.push(MoveReport {
        kind: "folder",
        places: [("frontend/src", "staging"), ("oncallsreact/src", "debug")]
            .map(|(path, environment)| MoveSide {
                path: PathReport::new(path.as_bytes()),
                environments: vec![environment.to_owned()],
            })
            .into(),
        files: 12,
        edited: 1,
    });
    report.tree.artifacts.push(ArtifactReport {
        path: PathReport::new(b"backend/app/controllers/roster.py"),
        environment: "debug".to_owned(),
        of: None,
        is: "equals nothing that is known".to_owned(),
        unique: true,
    });
    for (folder, depth, pattern, is_uniform, paths) in [
        ("backend", 0, "ABB", false, 7),
        ("backend/app/services", 1, "AAB", false, 3),
        ("frontend", 0, "-AA", false, 4),
        ("oncallsreact", 0, "AAB", true, 1),
    ] {
        let names = if folder.ends_with("services") { vec![PathReport::new(b"MemberService.py")] } else { Vec::new() };
        let quiet = u64::from(folder == "oncallsreact");
        report.tree.drift.push(FolderReport {
            path: PathReport::new(folder.as_bytes()),
            depth,
            pattern: pattern.to_owned(),
            is_uniform,
            paths,
            quiet,
            names,
        });
    }
}

/// So many paths that differ, each with a finding.
pub(super) fn many(paths: usize) -> NightlyReport {
    let mut report = empty(&["prod", "staging", "debug", "demo"]);
    for at in 0..paths {
        let path = format!("top{}/folder{}/sub{}/file{at}.py", at % 10, at % 100, at % 7);
        row(&mut report, &path, ["AAAB", "ABBC", "-AAA", "AB-!"][at % 4]);
        finding(
            &mut report,
            "content-differs",
            "warning",
            if at % 50 == 0 { "new" } else { "still" },
            Some(&path),
            "differs",
        );
        let id = report.findings[at].id.clone();
        report.tree.rows[at].findings.push(id);
    }
    report.tree.rows.sort_by(|a, b| a.row.path.bytes.cmp(&b.row.path.bytes));
    report
}

pub(super) fn empty(names: &[&str]) -> NightlyReport {
    let environment = |name: &&str| NightEnvironment {
        environment: EnvironmentReport {
            name: (*name).to_owned(),
            label: name[..1].to_uppercase(),
            origin: format!("ssh {name}:/srv/oncalls"),
            role: None,
            entries: 9_214,
            drift: 131,
            only_here: 44,
            uncommitted: (*name != "prod").then_some(0),
            artifacts: 0,
            unreadable: 0,
            complete: true,
            git: GitReport::Checkout(Box::new(checkout())),
            nearest: None,
        },
        read: ReadReport { state: "all", reasons: Vec::new(), last_complete: Some(NOW), age_days: Some(0) },
        git_words: "main 4c1d2e9 = origin".to_owned(),
    };
    let open = SeverityCounts { critical: 1, warning: 2, notice: 1, info: 0 };
    NightlyReport {
        format: "driftline-report",
        version: VERSION,
        driftline: "0.1.0",
        project: Some("oncalls".to_owned()),
        run: RunReport {
            number: Some(14),
            first: false,
            at: NOW,
            date: "2026-01-31T03:00:00Z".to_owned(),
            took_ms: Some(1_432),
            previous: Some(NOW - DAY),
            history: "kept",
            because: None,
        },
        baseline: None,
        environments: names.iter().map(environment).collect(),
        counts: CountsReport {
            new: 1,
            still: 2,
            resolved: 1,
            reopened: 1,
            accepted: 1,
            stale: 1,
            open,
            fresh: SeverityCounts::default(),
        },
        findings: Vec::new(),
        accepted: Vec::new(),
        acceptances: Vec::new(),
        tree: TreeReport {
            paths: 9_214,
            in_sync: 8_997,
            quiet: 80,
            patterns: BTreeMap::new(),
            rows: Vec::new(),
            folders: Vec::new(),
            attributes: Vec::new(),
            moves: Vec::new(),
            artifacts: Vec::new(),
            drift: Vec::new(),
            drift_elsewhere: 0,
        },
        map_proposals: Vec::new(),
        candidates: None,
        patches: Vec::new(),
        fixes: None,
        focus: Vec::new(),
        trend: (0..14).map(|night| trend(night, names)).collect(),
        incidents: Vec::new(),
        notes: Vec::new(),
        counters: Counters::default(),
        exit: ExitReport { status: 1, fail_on: "warning".to_owned(), failing: 3, incomplete: Vec::new() },
        next: vec!["driftline diff MemberService".to_owned()],
    }
}

fn checkout() -> CheckoutReport {
    CheckoutReport {
        branch: Some("main".to_owned()),
        commit: Some(CommitReport {
            id: "4c1d2e9".repeat(6)[..40].to_owned(),
            subject: "Work".to_owned(),
            author: "A".to_owned(),
            authored: NOW,
        }),
        prefix: None,
        upstream: Some(UpstreamReport {
            name: "origin/main".to_owned(),
            ahead: Some(0),
            behind: Some(0),
            is_gone: false,
        }),
        unpushed: Some(Vec::new()),
        staged: Vec::new(),
        unstaged: Vec::new(),
        untracked: Vec::new(),
        not_judged: Vec::new(),
        stashes: Vec::new(),
        operation: None,
        worktrees: Vec::new(),
        submodules: Vec::new(),
        nested: Vec::new(),
    }
}

fn trend(night: u32, names: &[&str]) -> TrendReport {
    let at = NOW - (13 - i64::from(night)) * DAY;
    let read =
        |name: &&str| ((*name).to_owned(), if night == 9 && *name == "debug" { "failed" } else { "all" }.to_owned());
    let night = u64::from(night);
    TrendReport {
        number: Some(night + 1),
        at,
        date: String::new(),
        open: SeverityCounts { critical: night % 3, warning: 5 + night, notice: 12 - night / 2, info: 4 },
        new: night % 4,
        resolved: night % 2,
        reopened: 0,
        accepted: 1,
        drift: 120 + night,
        coverage: names.iter().map(read).collect(),
    }
}

pub(super) fn row(report: &mut NightlyReport, path: &str, pattern: &str) {
    let differs = if pattern.contains('-') { vec!["presence"] } else { vec!["content"] };
    let row = RowReport {
        path: PathReport::new(path.as_bytes()),
        pattern: pattern.to_owned(),
        differences: differs,
        quiet: Vec::new(),
    };
    report.tree.rows.push(NightRow { row, findings: Vec::new() });
}

pub(super) fn finding(
    report: &mut NightlyReport,
    code: &str,
    severity: &'static str,
    status: &'static str,
    path: Option<&str>,
    message: &str,
) {
    let id = format!("{:08x}", report.findings.len() + 0x3f9a_2c00);
    let age: u32 = if status == "new" { 0 } else { 12 };
    report.findings.push(NightFinding {
        id,
        code: code.to_owned(),
        severity,
        status,
        path: FindingPath::from(path.map(|path| PathReport::new(path.as_bytes()))),
        environments: vec!["debug".to_owned()],
        focus: false,
        subject: path.unwrap_or("debug").to_owned(),
        message: message.to_owned(),
        incomplete: false,
        first_seen: NOW - i64::from(age) * DAY,
        age_days: u64::from(age),
        streak: if status == "resolved" { 0 } else { u64::from(age) + 1 },
        replaces: None,
        reopened: (status == "reopened").then_some("came-back"),
        stale: None,
        accepted: None,
    });
}

fn focus(path: &str) -> FocusFile {
    let shared = |number: usize| format!("    # step {number}: what every version has, \"quoted\" and plain");
    let head = ["\"\"\"Members, and how they come to be.\"\"\"", "import re", "", "class MemberService:"];
    let old = [
        "    def create_user(self, data):",
        "        member = Member(**data)",
        "        db.session.add(member)",
        "        return 41",
    ];
    let new = [
        "    def create_user(self, data):",
        "        member = Member(**data, active=True)",
        "        if Member.query.filter_by(email=data[\"email\"]).first():",
        "            raise DuplicateMember(data[\"email\"])",
        "        db.session.add(member)",
        "        return 42",
    ];
    let text = |middle: &[&str]| -> Vec<String> {
        let begin = head.iter().map(ToString::to_string).chain((0..40).map(shared));
        begin.chain(middle.iter().map(ToString::to_string)).chain((40..60).map(shared)).collect()
    };
    let region = |class, base, texts: [(usize, usize); 2]| FocusRegion {
        class,
        groups: if class == "unchanged" { Vec::new() } else { vec![vec!["debug".to_owned()]] },
        uncommitted: if class == "unchanged" { Vec::new() } else { vec!["debug".to_owned()] },
        base,
        texts: texts.to_vec(),
    };
    let names = |names: &[&str]| names.iter().map(ToString::to_string).collect::<Vec<_>>();
    FocusFile {
        path: PathReport::new(path.as_bytes()),
        pattern: "AAB".to_owned(),
        sides: [("prod", 0), ("staging", 0), ("debug", 1)]
            .map(|(environment, text)| FocusSide {
                environment: environment.to_owned(),
                kind: "text",
                text: Some(text),
            })
            .to_vec(),
        texts: vec![
            FocusText { environments: names(&["prod", "staging"]), lines: text(&old) },
            FocusText { environments: names(&["debug"]), lines: text(&new) },
        ],
        base: Some(BaseText {
            kind: "baseline",
            description: "P = S, committed in debug".to_owned(),
            environments: names(&["prod", "staging"]),
            lines: text(&old),
        }),
        regions: vec![
            region("unchanged", (0, 44), [(0, 44), (0, 44)]),
            region("only", (44, 48), [(44, 48), (44, 50)]),
            region("unchanged", (48, 68), [(48, 68), (50, 70)]),
        ],
        notes: Vec::new(),
    }
}

fn candidates(report: &mut NightlyReport, path: &str) {
    let target = |env: &str, verdict: &'static str, applies: Option<&'static str>| TargetReport {
        env: env.to_owned(),
        verdict: verdict.into(),
        tier: None,
        applies: applies.map(Into::into),
        offset: (applies == Some("offset")).then_some(12),
        conflicts: Vec::new(),
        needs: Vec::new(),
        summary: "1 file to change".to_owned(),
        evidence: Vec::new(),
        missing: Vec::new(),
        because: None,
    };
    let unit = |short: &str, title: &str, targets| UnitReport {
        id: format!("{short}00000000"),
        short: short.to_owned(),
        kind: "unstaged".into(),
        commit: None,
        from: "debug".to_owned(),
        title: title.to_owned(),
        author: Some("Ada".to_owned()),
        authored: Some(NOW - 30 * DAY),
        copy: None,
        files: vec![candidates::FileReport {
            path: PathReport::new(path.as_bytes()),
            change: "changed".into(),
            before: None,
        }],
        added: Some(14),
        removed: Some(3),
        bookkeeping: false,
        score: 9,
        reasons: Vec::new(),
        targets,
    };
    report.candidates = Some(CandidatesReport {
        format: "driftline-candidates".into(),
        version: candidates::VERSION,
        driftline: "0.1.0".into(),
        looked_at: true,
        because: None,
        environments: vec!["prod".to_owned(), "staging".to_owned(), "debug".to_owned()],
        pairs: vec![PairReport {
            from: "debug".to_owned(),
            to: "prod".to_owned(),
            absent: 2,
            present: 1,
            partly: 0,
            unproven: 0,
            bookkeeping: 0,
        }],
        units: vec![
            unit(
                "f1",
                "reject a second user with the same e-mail",
                vec![target("prod", "absent", Some("clean")), target("staging", "absent", Some("offset"))],
            ),
            unit(
                "f2",
                "last day of the month can be scheduled",
                vec![target("prod", "absent", Some("clean")), target("staging", "present", None)],
            ),
        ],
        sensitive: 1,
        failures: Vec::new(),
        unread: Vec::new(),
        next: Vec::new(),
    });
    let lines = "diff --git a/x.py b/x.py\n--- a/x.py\n+++ b/x.py\n@@ -1 +1,2 @@\n member = Member(**data)\n+if a < b && c > d:\n-\told = 1\n";
    report.patches.push(PatchReport {
        id: "f100000000".to_owned(),
        to: "prod".to_owned(),
        patch: Some(lines.to_owned()),
        refused: None,
    });
    report.patches.push(PatchReport {
        id: "f200000000".to_owned(),
        to: "prod".to_owned(),
        patch: None,
        refused: Some("a line with a secret in it".to_owned()),
    });
}
