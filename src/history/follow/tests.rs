use proptest::prelude::*;

use super::*;
use crate::history::Coverage;

/// A finding about a row: `parts` is a class for each environment, `!` for unknown.
fn row(path: &str, parts: &str) -> Option<Sighting> {
    let names = ["prod", "staging", "debug"];
    let known: Vec<(&str, char)> = names.into_iter().zip(parts.chars()).filter(|(_, class)| *class != '!').collect();
    let first = known.first()?.1;
    known.iter().any(|(_, class)| *class != first).then(|| Sighting {
        id: format!("{path}:{parts}"),
        code: "content-differs".to_owned(),
        severity: Severity::Warning,
        path: Some(path.as_bytes().into()),
        environments: known.iter().map(|(name, _)| (*name).to_owned()).collect(),
        subject: path.to_owned(),
        message: format!("it is {parts}"),
        is_of_one: false,
        is_incomplete: false,
        paths: 1,
        parts: {
            let part = |(name, class): &(&str, char)| Part {
                environment: (*name).to_owned(),
                class: class.to_string(),
                detail: String::new(),
            };
            let mut parts: Vec<Part> = known.iter().map(part).collect();
            parts.sort_by(|a, b| a.environment.cmp(&b.environment));
            parts
        },
    })
}

/// A finding about one environment by itself.
fn of_one(environment: &str, what: &str) -> Sighting {
    Sighting {
        id: format!("{environment}:{what}"),
        code: what.to_owned(),
        path: None,
        environments: vec![environment.to_owned()],
        subject: environment.to_owned(),
        is_of_one: true,
        parts: Vec::new(),
        ..row("x", "ABA").unwrap()
    }
}

fn night(at: i64, failed: &[&str], sightings: Vec<Sighting>) -> Night {
    let names = ["prod", "staging", "debug"].map(str::to_owned).to_vec();
    let coverage = |name: &String| Coverage {
        environment: name.clone(),
        read: if failed.contains(&name.as_str()) { Read::Failed } else { Read::All },
        unread: Vec::new(),
        entries: 1,
        drift: 0,
        uncommitted: None,
        unreadable: 0,
    };
    let environments = names.iter().map(coverage).collect();
    Night { at, took_ms: None, environments, configured: names, not_judged: Vec::new(), drift: 0, sightings }
}

/// The nights one after the other; what has become of everything, a line for each finding.
fn course(nights: &[Night], accepted: &[&[&str]]) -> String {
    let mut past = Past::default();
    let mut lines = Vec::new();
    for (at, night) in nights.iter().enumerate() {
        let accepted = accepted.get(at).copied().unwrap_or_default().iter().map(|id| (*id).to_owned()).collect();
        let outcome = follow(&past, night, &accepted);
        for it in &outcome.standings {
            let stale = it.stale.as_ref().map(|stale| format!(" stale since {}", stale.seen)).unwrap_or_default();
            let replaces = it.replaces.as_ref().map(|id| format!(" instead of {id}")).unwrap_or_default();
            let accepted = if it.is_accepted { " accepted" } else { "" };
            let (id, status) = (&it.sighting.id, it.status.name());
            lines.push(format!(
                "{}: {id} {status} since {} streak {}{stale}{replaces}{accepted}",
                outcome.number, it.since, it.streak
            ));
        }
        past = past.after(night, &outcome);
    }
    lines.join("\n")
}

#[test]
fn findings_are_new_then_still_then_resolved_and_come_back() {
    let one = || row("a", "AAB");
    let nights = [
        night(10, &[], vec![one().unwrap()]),
        night(20, &[], [one(), row("b", "AB-")].into_iter().flatten().collect()),
        night(30, &[], vec![row("b", "AB-").unwrap()]),
        night(40, &[], vec![one().unwrap()]),
    ];
    insta::assert_snapshot!(course(&nights, &[]), @"
    1: a:AAB new since 10 streak 1
    2: a:AAB still since 10 streak 2
    2: b:AB- new since 20 streak 1
    3: b:AB- still since 20 streak 2
    3: a:AAB resolved since 10 streak 0
    4: a:AAB reopened since 40 streak 1
    4: b:AB- resolved since 20 streak 0
    ");
}

#[test]
fn what_changes_takes_its_own_place_and_is_not_resolved() {
    let nights =
        [night(10, &[], row("a", "AAB").into_iter().collect()), night(20, &[], vec![row("a", "ABC").unwrap()])];
    insta::assert_snapshot!(course(&nights, &[]), @"
    1: a:AAB new since 10 streak 1
    2: a:ABC new since 20 streak 1 instead of a:AAB
    ");
}

#[test]
fn a_server_that_is_down_resolves_nothing_and_its_return_is_no_news() {
    let all = |staging: bool| {
        let parts = |whole: &'static str, partly: &'static str| if staging { whole } else { partly };
        let rows = [row("a", parts("ABB", "A!B")), row("b", parts("ABA", "A!A")), row("c", parts("AAB", "A!B"))];
        rows.into_iter().flatten().collect::<Vec<_>>()
    };
    let uncommitted = || of_one("staging", "uncommitted");
    let with = |mut rows: Vec<Sighting>, more: Vec<Sighting>| {
        rows.extend(more);
        rows
    };
    let nights = [
        night(10, &[], with(all(true), vec![uncommitted()])),
        night(20, &["staging"], with(all(false), vec![of_one("staging", "unreadable")])),
        night(30, &["staging"], with(all(false), vec![of_one("staging", "unreadable")])),
        night(40, &[], with(all(true), vec![uncommitted()])),
    ];
    insta::assert_snapshot!(course(&nights, &[]), @"
    1: a:ABB new since 10 streak 1
    1: b:ABA new since 10 streak 1
    1: c:AAB new since 10 streak 1
    1: staging:uncommitted new since 10 streak 1
    2: staging:unreadable new since 20 streak 1
    2: staging:uncommitted still since 10 streak 2 stale since 10
    2: a:ABB still since 10 streak 2 stale since 10
    2: b:ABA still since 10 streak 2 stale since 10
    2: c:AAB still since 10 streak 2 stale since 10
    3: staging:unreadable still since 20 streak 2
    3: staging:uncommitted still since 10 streak 3 stale since 10
    3: a:ABB still since 10 streak 3 stale since 10
    3: b:ABA still since 10 streak 3 stale since 10
    3: c:AAB still since 10 streak 3 stale since 10
    4: a:ABB still since 10 streak 4
    4: b:ABA still since 10 streak 4
    4: c:AAB still since 10 streak 4
    4: staging:uncommitted still since 10 streak 4
    4: staging:unreadable resolved since 20 streak 0
    ");
}

#[test]
fn what_changes_among_those_that_were_read_is_new_although_another_is_down() {
    let nights =
        [night(10, &[], vec![row("a", "ABA").unwrap()]), night(20, &["staging"], vec![row("a", "A!B").unwrap()])];
    insta::assert_snapshot!(course(&nights, &[]), @"
    1: a:ABA new since 10 streak 1
    2: a:A!B new since 20 streak 1 instead of a:ABA
    ");
}

/// With another environment down, another rule may speak about a row, which knows more or less of it.
#[test]
fn another_rule_about_the_same_place_is_the_same_matter() {
    let quiet = Sighting { code: "line-endings".to_owned(), ..row("a", "ABB").unwrap() };
    let mut loud = row("a", "A!B").unwrap();
    loud.parts.iter_mut().for_each(|part| part.detail = format!("{} bytes", part.environment.len()));
    let nights = [night(10, &[], vec![quiet]), night(20, &["staging"], vec![loud])];
    insta::assert_snapshot!(course(&nights, &[]), @"
    1: a:ABB new since 10 streak 1
    2: a:ABB still since 10 streak 2 stale since 10
    ");
}

#[test]
fn what_a_rule_could_not_judge_stays() {
    let mut second = night(20, &[], Vec::new());
    second.not_judged = vec!["content-differs".to_owned()];
    let nights = [night(10, &[], vec![row("a", "AAB").unwrap(), of_one("prod", "stashed")]), second];
    insta::assert_snapshot!(course(&nights, &[]), @"
    1: a:AAB new since 10 streak 1
    1: prod:stashed new since 10 streak 1
    2: a:AAB still since 10 streak 2 stale since 10
    2: prod:stashed resolved since 10 streak 0
    ");
}

#[test]
fn what_lies_elsewhere_than_what_could_not_be_read_is_resolved() {
    let mut second = night(20, &[], Vec::new());
    second.environments[1].read = Read::Part;
    second.environments[1].unread = vec![b"lib"[..].into()];
    let rows = [row("lib/a", "AAB"), row("app/a", "AAB"), row("library", "AAB")];
    let nights = [night(10, &[], rows.into_iter().flatten().collect()), second];
    let course = course(&nights, &[]);
    let second: Vec<&str> = course.lines().skip(3).collect();
    assert_eq!(
        second,
        [
            "2: lib/a:AAB still since 10 streak 2 stale since 10",
            "2: app/a:AAB resolved since 10 streak 0",
            "2: library:AAB resolved since 10 streak 0"
        ]
    );
}

#[test]
fn what_is_not_accepted_any_more_is_reopened() {
    let nights: Vec<Night> = (1..5).map(|at| night(at * 10, &[], vec![row("a", "AAB").unwrap()])).collect();
    insta::assert_snapshot!(course(&nights, &[&[], &["a:AAB"], &[], &[]]), @"
    1: a:AAB new since 10 streak 1
    2: a:AAB still since 10 streak 2 accepted
    3: a:AAB reopened since 30 streak 3
    4: a:AAB still since 30 streak 4
    ");
}

/// What three environments have at some paths: 0 for nothing, else a content.
type World = Vec<[u8; 3]>;

fn seen(world: &World, down: [bool; 3]) -> Vec<Sighting> {
    let letter = |content: u8, down: bool| match (down, content) {
        (true, _) => '!',
        (false, 0) => '-',
        (false, content) => char::from(b'A' + content - 1),
    };
    let of_path = |(at, contents): (usize, &[u8; 3])| {
        let parts: String = contents.iter().zip(down).map(|(content, down)| letter(*content, down)).collect();
        row(&format!("p{at}"), &parts)
    };
    world.iter().enumerate().filter_map(of_path).collect()
}

fn down_names(down: [bool; 3]) -> Vec<&'static str> {
    ["prod", "staging", "debug"].into_iter().zip(down).filter(|(_, down)| *down).map(|(name, _)| name).collect()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() })]

    /// While nothing changes, servers may come and go: after the first night nothing is new, resolved or reopened.
    #[test]
    fn an_unchanged_world_has_no_news(
        world in prop::collection::vec([0u8..3, 0u8..3, 0u8..3], 0..6),
        nights in prop::collection::vec(any::<[bool; 3]>(), 0..8),
    ) {
        let up = [false; 3];
        let first = night(0, &[], seen(&world, up));
        let outcome = follow(&Past::default(), &first, &BTreeSet::new());
        let open = outcome.standings.len();
        let mut past = Past::default().after(&first, &outcome);
        for (at, down) in nights.iter().copied().chain([up]).enumerate() {
            let tonight = night(i64::try_from(at).unwrap() + 1, &down_names(down), seen(&world, down));
            let outcome = follow(&past, &tonight, &BTreeSet::new());
            prop_assert_eq!(outcome.standings.len(), open);
            for it in &outcome.standings {
                prop_assert_eq!(it.status, Status::Still);
                prop_assert_eq!(it.streak, at as u64 + 2);
            }
            past = past.after(&tonight, &outcome);
        }
        prop_assert!(past.open.values().all(|known| known.seen.is_none()));
    }

    /// Whatever happens: what is resolved was really not there and everything was read; every finding of tonight is listed or stands behind
    /// one that is stale; counts agree with the list; and nobody is open and resolved at once.
    #[test]
    fn nothing_is_resolved_that_was_not_looked_at(
        nights in prop::collection::vec(
            (prop::collection::vec([0u8..3, 0u8..3, 0u8..3], 3..4), any::<[bool; 3]>()), 1..8),
    ) {
        let mut past = Past::default();
        for (at, (world, down)) in nights.iter().enumerate() {
            let tonight = night(i64::try_from(at).unwrap(), &down_names(*down), seen(world, *down));
            let outcome = follow(&past, &tonight, &BTreeSet::new());
            let any_down = down.iter().any(|down| *down);
            for it in &outcome.standings {
                let is_seen = tonight.sightings.iter().any(|sighting| sighting.id == it.sighting.id);
                match it.status {
                    Status::Resolved => prop_assert!(!any_down && !is_seen),
                    Status::New | Status::CameBack => prop_assert!(is_seen && !past.open.contains_key(&it.sighting.id)),
                    _ => prop_assert!(is_seen || it.stale.is_some()),
                }
            }
            for sighting in &tonight.sightings {
                let is_there = |it: &&Standing| it.sighting.path == sighting.path && it.status != Status::Resolved;
                prop_assert_eq!(outcome.standings.iter().filter(is_there).count(), 1);
            }
            let listed = |status: &str| outcome.standings.iter().filter(|it| it.status.name() == status).count() as u64;
            prop_assert_eq!(outcome.summary.new, listed("new"));
            prop_assert_eq!(outcome.summary.resolved, listed("resolved"));
            prop_assert_eq!(outcome.summary.reopened, listed("reopened"));
            prop_assert_eq!(outcome.summary.open[2], outcome.standings.len() as u64 - listed("resolved"));
            past = past.after(&tonight, &outcome);
            prop_assert!(past.open.keys().all(|id| !past.closed.contains(id)));
        }
    }
}
