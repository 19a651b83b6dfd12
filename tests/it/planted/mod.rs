//! A secret in every place that is read is in nothing that is written.

mod world;

use std::collections::BTreeSet;
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use crate::support::run::{Run, TestEnv};
use world::{Secrets, all_files, in_base64, inputs, objects, plant};

const STATE: &str = "home/.local/state/driftline";
const FORMATS: [&str; 7] = ["text", "json", "html", "markdown", "junit", "sarif", "prometheus"];

#[test]
fn a_secret_planted_anywhere_is_in_no_output_and_in_no_store() {
    let env = TestEnv::new();
    let secrets = Secrets::default();
    plant(&env, &secrets);
    let there = secrets.found(&inputs(&env));
    let planted = secrets.all();
    assert!(planted.len() > 80, "{}", planted.len());
    assert_eq!(there, planted.keys().cloned().collect::<Vec<_>>(), "what was planted can be found");

    let mut said = String::new();
    let mut told = Vec::new();
    let mut look = |run: Run, words: &[&str]| {
        let both = [&run.output.stdout[..], &run.output.stderr].concat();
        told.extend(secrets.found(&both).into_iter().map(|place| format!("{words:?} tells {place}")));
        assert!(!run.stderr().contains("is a mistake in driftline"), "{run}");
        said.push_str(&String::from_utf8_lossy(&both));
        run
    };
    // The other environments have to be there before the configuration can be read to its end.
    let words = ["snapshot", "prod=prod", "-o", "shot.ndjson.zst", "--contents", "--config", "focus.toml"];
    env.write(
        "focus.toml",
        "focus = [\".env\", \"app/\", \"keys/\"]\nsensitive = [\"*.special\"]\n[env.x]\npath = \"prod\"\n",
    );
    let _ = look(env.driftline(words), &words).expect(0);

    fs::create_dir(env.path("written")).unwrap();
    for words in commands() {
        let run = look(env.driftline(&words), &words);
        assert_ne!(run.status(), 2, "{words:?}: {run}");
    }
    for number in 1..=8 {
        let id = format!("f{number}");
        let words = ["candidates", "show", &id, "--format", if number % 2 == 0 { "text" } else { "json" }];
        let _ = look(env.driftline(words), &words);
    }
    let report = env.driftline(["report", "--format", "json"]).json();
    let mut codes = BTreeSet::new();
    for finding in report["findings"].as_array().unwrap().iter().filter(|it| codes.insert(it["code"].to_string())) {
        let words = ["explain", finding["id"].as_str().unwrap()];
        let _ = look(env.driftline(words), &words);
    }
    let words = ["accept", "--all", "--because", "it is known", "--format", "json"];
    let _ = look(env.driftline(words), &words).expect(0);
    let words = ["report", "--out", "accepted"];
    let _ = look(env.driftline(words), &words);
    let config = fs::read_to_string(env.path("driftline.toml")).unwrap();
    assert!(config.contains("[[accept]]"));
    // The text that a fix is known by was in it before.
    assert_eq!(secrets.found(config.as_bytes()), ["text of a known fix"]);

    assert!(told.is_empty(), "{told:#?}");
    // That nothing was told is no wonder where nothing was said.
    let marks = [
        "DB_PASSWORD=<secret ",
        "SECRET_KEY = '<secret ",
        "  password: <secret ",
        "postgres://bob:<secret ",
        "token=<secret ",
        "key = <secret ",
        "see prod <secret ",
        "what looks like a secret is in ",
        "password = '<secret ",
        "`app/blob.bin`, which is no text",
    ];
    let unsaid: Vec<&str> = marks.into_iter().filter(|mark| !said.contains(mark)).collect();
    assert!(unsaid.is_empty(), "never said: {unsaid:?}");
    search_files(&env, &secrets);
}

/// Everything that was written, whatever it is packed with.
fn search_files(env: &TestEnv, secrets: &Secrets) {
    let mut searched = 0;
    for folder in ["home", "out", "accepted", "patches", "snapshots", "written"] {
        let files = all_files(&env.path(folder));
        assert!(!files.is_empty(), "nothing is in {folder}");
        for file in files {
            if file.starts_with(env.path(STATE).join("git")) {
                continue;
            }
            let bytes = fs::read(&file).unwrap();
            let found = secrets.found(&bytes);
            assert!(found.is_empty(), "{} holds {found:?}", file.display());
            if file.extension().is_some_and(|it| it == "zst") {
                let found = secrets.found(&zstd::decode_all(&bytes[..]).unwrap());
                assert!(found.is_empty(), "{} holds {found:?} when it is unpacked", file.display());
            }
            searched += 1;
        }
    }
    assert!(searched > 20, "{searched}");
    let shot = zstd::decode_all(&fs::read(env.path("shot.ndjson.zst")).unwrap()[..]).unwrap();
    assert_eq!(secrets.found(&shot), [""; 0]);
    let has = |digits: &String| memchr::memmem::find(&shot, digits.as_bytes()).is_some();
    assert!(in_base64("DB_PASSWORD").iter().any(has), "it has the keys of values");
    let patches = all_files(&env.path("patches"));
    assert!(patches.iter().any(|file| file.extension().is_some_and(|it| it == "patch")), "{patches:?}");
    search_quarantines(&env.path(STATE).join("git"), secrets);
}

/// The history of another machine is kept as it is there, for its owner alone; what is committed nowhere is not in it.
fn search_quarantines(folder: &Path, secrets: &Secrets) {
    let quarantines: Vec<_> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    assert!(!quarantines.is_empty());
    let mut committed = 0;
    for quarantine in quarantines {
        assert_eq!(quarantine.metadata().unwrap().permissions().mode() & 0o077, 0, "{}", quarantine.display());
        let found = secrets.found(&objects(&quarantine));
        committed += found.len();
        let other: Vec<_> = found.iter().filter(|place| !place.contains("committed: ")).collect();
        assert!(other.is_empty(), "{} holds {other:?}", quarantine.display());
    }
    assert!(committed > 0, "the search looks into objects");
}

/// Every command, in every form that it has; what is wrong is in a test of its own.
fn commands() -> Vec<Vec<&'static str>> {
    let mut commands: Vec<Vec<&str>> = [
        "status",
        "status --format json",
        "status --no-state --color always",
        "diff --all",
        "diff --all --view columns --width 200",
        "diff --all --view unified",
        "diff --all --format json",
        "diff --all --no-state --color always",
        "diff .env app/config.py --base prod",
        "diff keys/ --base debug --format json",
        "diff .env prod=prod far=far",
        "diff .env prod shot",
        "diff --all prod debug --view unified",
        "candidates",
        "candidates --all",
        "candidates --all --format json",
        "candidates --from debug --to prod --export patches/debug",
        "candidates --from far --to prod --export patches/far",
        "candidates --from prod --to debug --export patches/prod",
        "candidates --from debug --to old --export patches/old",
        "candidates --from debug --to far --export patches/to-far --format json",
        "fixes",
        "fixes --format json",
        "fixes known texts history",
        "fixes known texts history --format json",
        "explain .env",
        "explain app/config.py --format json",
        "explain content-differs",
        "explain link",
        "explain app/config.py.orig",
        "report --out out/all",
        "history",
        "history --format json",
        "doctor",
        "doctor --format json",
        "init prod=prod debug=debug far=far old=old.tar.gz -o -",
        "init prod=prod debug=debug -o written/driftline.toml --format json",
        "snapshot prod debug far old -o snapshots/ --contents",
        "schedule",
        "schedule --as cron",
    ]
    .iter()
    .map(|line| line.split(' ').collect())
    .collect();
    commands.extend(FORMATS.map(|format| vec!["report", "--format", format]));
    commands
}

#[test]
fn what_goes_wrong_tells_no_secret() {
    let env = TestEnv::new();
    let secrets =
        ["Zk90qW7rT9mK2pL4vB", "Zk91qW7rT9mK2pL4vB", "Zk92qW7rT9mK2pL4vB", "Zk93qW7rT9mK2pL4vB", "Zk94qW7rT9mK2pL4vB"];
    let [typed, wrong, answered, path, value] = secrets;
    env.write("a/app.py", "1\n");
    env.write("a/.env", format!("TOKEN={value}\n"));
    let far = format!("[env.far]\nexec = [\"sh\", \"-c\", \"echo password={answered} >&2; exit 3\"]\npath = \"/x\"\n");
    env.write("far.toml", format!("[env.a]\npath = \"a\"\n{far}[env.b]\npath = \"/nowhere/token={path}\"\n"));
    env.write(
        "wrong.toml",
        format!("password = \"{wrong}\"\n[env.a]\npath = \"a\"\ntoken = \"{wrong}\"\nssh = \"bob:{wrong}@h\"\n"),
    );
    env.write("broken.toml", format!("password = \"{wrong}\n[env.a\n"));
    let address = format!("b=https://bob:{typed}@example.invalid/r.git");
    let mut said = String::new();
    for words in [
        &["status", "--config", "far.toml"][..],
        &["status", "--config", "far.toml", "--format", "json"],
        &["doctor", "--config", "far.toml"],
        &["doctor", "--config", "far.toml", "--format", "json"],
        &["report", "--config", "far.toml", "--out", "out"],
        &["snapshot", "far", "--config", "far.toml", "-o", "x.ndjson.zst"],
        &["diff", ".env", "--config", "far.toml"],
        &["candidates", "--config", "far.toml"],
        &["status", "--config", "wrong.toml"],
        &["status", "--config", "broken.toml"],
        &["status", "a=a", &address],
        &["status", "a=a", &format!("b=/nowhere/token={typed}")],
        &["doctor", &address],
        &["init", "a=a", &address],
        &["diff", &format!("./password={typed}"), "a=a"],
        &["explain", &format!("x/password={typed}"), "a=a"],
        &["fixes", &format!("https://bob:{typed}@h/"), "--config", "far.toml"],
        &["report", "--out", &format!("a/password={typed}"), "--config", "far.toml"],
    ] {
        let run = env.driftline(words);
        assert_ne!(run.status(), 0, "{words:?}: {run}");
        let both = run.to_string();
        for secret in secrets {
            assert!(!both.contains(secret), "{words:?}: {run}");
        }
        said.push_str(&both);
    }
    for mark in ["password=<secret ", "token=<secret "] {
        assert!(said.contains(mark), "{said}");
    }
    for file in all_files(&env.path("home")).into_iter().chain(all_files(&env.path("out"))) {
        let bytes = fs::read(&file).unwrap();
        for secret in secrets {
            assert!(memchr::memmem::find(&bytes, secret.as_bytes()).is_none(), "{secret} is in {}", file.display());
        }
    }
}
