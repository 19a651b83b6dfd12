//! A secret that is planted wherever secrets are, in every kind of environment, is in nothing that driftline writes.

use std::fs;
use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use base64::Engine as _;

use crate::support::pack;
use crate::support::repo::Repo;
use crate::support::run::TestEnv;
use crate::support::sshd::{Kind, Servers};

const CANARY: &str = "Kc7Vw2Xq9Rt4Bn6M";

/// Each environment has another value that begins like this; the key beside it has the same value everywhere.
fn value(environment: &str) -> String {
    format!("{CANARY}{environment}")
}

fn files(environment: &str) -> Vec<(&'static str, String)> {
    let secret = value(environment);
    vec![
        (".env", format!("HOST=db\nDB_PASSWORD={secret}\nSAME={CANARY}\n")),
        (".env.bak", format!("HOST=db\nDB_PASSWORD={secret}old\n")),
        (".env.example", format!("DB_PASSWORD={secret}\n")),
        ("keys/server.pem", format!("-----BEGIN PRIVATE KEY-----\n{secret}pem\n-----END PRIVATE KEY-----\n")),
        ("keys/notes.txt", format!("-----BEGIN PRIVATE KEY-----\n{secret}\n-----END PRIVATE KEY-----\n")),
        ("www/wp-config.php", format!("define('DB_PASSWORD', '{secret}');\n")),
        ("app/config.py", format!("DEBUG = True\nSECRET_KEY = '{secret}'\nURL = 'postgres://bob:{secret}@db/x'\n")),
        ("app/config.py.orig", format!("SECRET_KEY = '{secret}'\n")),
        ("config/database.yml", format!("db:\n  password: {secret}\n")),
        ("config/own.vault", format!("own {secret}\n")),
        ("config/settings.toml", format!("[api]\ntoken = \"{secret}\"\n")),
    ]
}

fn plant(env: &TestEnv, environment: &str) -> PathBuf {
    for (file, content) in files(environment) {
        env.write(format!("{environment}/{file}"), content);
    }
    let _ =
        std::os::unix::fs::symlink(format!("/run/token={}", value(environment)), env.path(environment).join("link"));
    env.path(environment)
}

/// One environment of each kind; gives the configuration.
fn environments(env: &TestEnv, servers: &Servers) -> String {
    for name in ["ssh", "exec", "archive", "then"] {
        plant(env, name);
    }
    for name in ["folder", "reference"] {
        let repo = Repo::init(env.path(name));
        plant(env, &format!("{name}-old"));
        for (file, content) in files(&format!("{name}-old")) {
            repo.write(file, content);
        }
        repo.commit(&format!("rotate password={}", value(name)));
        plant(env, name);
    }
    Repo::at(env.path("reference")).commit("more");
    let archive = pack::tar_file(&env.path("archive"), "tar.gz", &[]);
    let at = |name: &str| env.path(name);
    format!(
        "ssh_config = \"{}\"\nsensitive = [\"*.vault\"]\nfocus = [\".env\", \"app\", \"config\", \"keys\"]\n\
         [env.folder]\npath = \"folder\"\n\
         [env.ssh]\nssh = \"web\"\npath = \"{}\"\n\
         [env.exec]\nexec = [\"env\"]\npath = \"{}\"\n\
         [env.archive]\narchive = \"{}\"\n\
         [env.then]\nsnapshot = \"then.ndjson.zst\"\n\
         [env.reference]\ngit = \"reference\"\nref = \"main\"\n",
        servers.config().display(),
        at("ssh").display(),
        at("exec").display(),
        archive.display(),
    )
}

fn holds(bytes: &[u8]) -> bool {
    bytes.windows(CANARY.len()).any(|window| window == CANARY.as_bytes())
}

fn all_files(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    entries.flat_map(|path| if path.is_dir() { all_files(&path) } else { vec![path] }).collect()
}

/// A snapshot as text, with the contents in it as they are.
fn opened(snapshot: &Path) -> Vec<u8> {
    let mut text = String::new();
    zstd::stream::read::Decoder::new(fs::File::open(snapshot).unwrap()).unwrap().read_to_string(&mut text).unwrap();
    let contents = text.lines().filter_map(|line| {
        let record: serde_json::Value = serde_json::from_str(line).unwrap();
        base64::engine::general_purpose::STANDARD.decode(record["content"].as_str()?).ok()
    });
    let contents: Vec<Vec<u8>> = contents.collect();
    assert!(!contents.is_empty(), "{}: contents were taken along: {text}", snapshot.display());
    [vec![text.clone().into_bytes()], contents].concat().concat()
}

#[test]
fn no_secret_of_any_environment_is_in_anything_that_is_written() {
    let env = TestEnv::new();
    let servers = Servers::start(&[("web", Kind::default())]);
    let config = environments(&env, &servers);
    env.write("driftline.toml", &config);
    // Without protection it is seen: by other programs, and in what the environments hold.
    let plain = Command::new("diff").arg("-r").arg(env.path("ssh")).arg(env.path("exec")).output().unwrap();
    assert!(holds(&plain.stdout));
    for (file, content) in files("folder") {
        assert!(holds(content.as_bytes()), "{file}");
    }

    let temporary = env.path("temporary");
    fs::create_dir(&temporary).unwrap();
    let run = |words: &[&str]| {
        let mut command = env.command();
        let run = env.run(command.args(words).env("TMPDIR", &temporary));
        assert!(!holds(&run.output.stdout) && !holds(&run.output.stderr), "{words:?}: {run}");
        run
    };
    let _ =
        run(&["snapshot", "then=then", "--contents", "--config", "driftline.toml", "-o", "then.ndjson.zst"]).expect(0);
    let every: [&[&str]; 13] = [
        &["status"],
        &["status", "--format", "json"],
        &["status", "--no-state", "--rehash"],
        &["diff", "--all"],
        &["diff", "--all", "--view", "columns", "--width", "240"],
        &["diff", "--all", "--view", "unified"],
        &["diff", "--all", "--format", "json"],
        &["diff", "--all", "--no-state", "--color", "always"],
        &["diff", ".env", "app/config.py", "config", "--base", "ssh"],
        &["diff", ".env", "--base", "then", "--view", "unified"],
        &["diff", "nothing"],
        &["snapshot", "-o", "all/", "--contents"],
        &["snapshot", "ssh", "-o", "far.ndjson.zst", "--contents", "--format", "json"],
    ];
    for words in every {
        let _ = run(words);
    }
    for words in
        [["diff", "web:/nowhere?password=x", "--ssh-config", "none"], ["status", "a=web:/x", "--ssh-config", "none"]]
    {
        let _ = run(&words);
    }

    // What may be seen of a file of keys and values is: which keys changed, over ssh as here.
    let shown = run(&["diff", ".env", "folder", "ssh", "--format", "json"]).expect(1).json();
    let regions = shown["files"][0]["regions"].as_array().unwrap();
    assert_eq!(regions.len(), 1, "equal values are equal: {shown}");
    let sides = [&regions[0]["base"]["lines"][0], &regions[0]["sides"]["ssh"]["lines"][0]];
    assert!(sides.iter().all(|line| line.as_str().unwrap().starts_with("DB_PASSWORD=<secret ")), "{shown}");
    assert_ne!(sides[0], sides[1]);

    let state = all_files(&env.path("home"));
    assert!(state.iter().any(|file| file.ends_with("installation.key")) && state.len() > 5, "{state:?}");
    for file in state.into_iter().chain(all_files(&temporary)) {
        assert!(!holds(&fs::read(&file).unwrap()), "{}", file.display());
    }
    let link = run(&["status", "now=ssh", "then=then.ndjson.zst"]).expect(3).stdout();
    assert!(link.contains("`link` points to looks like a secret"), "{link}");
    let snapshots = all_files(&env.path("all"));
    assert_eq!(snapshots.len(), 6, "{snapshots:?}");
    for snapshot in snapshots.iter().chain(&[env.path("far.ndjson.zst")]) {
        assert!(!holds(&opened(snapshot)), "{}", snapshot.display());
    }
}

/// What comes back from the far side is kept in a file, to see what travelled.
#[test]
fn a_secret_travels_only_when_its_keys_are_asked_for() {
    let env = TestEnv::new();
    plant(&env, "here");
    let there = plant(&env, "there");
    let heard = env.path("heard");
    let listen = format!("\"$@\" | /usr/bin/tee -a {}", heard.display());
    env.write(
        "driftline.toml",
        format!(
            "sensitive = [\"*.vault\"]\n[env.here]\npath = \"here\"\n[env.there]\nexec = [\"sh\", \"-c\", {listen:?}, \"listen\"]\n\
             path = {there:?}\n"
        ),
    );
    let travelled = |words: &[&str]| {
        let _ = fs::remove_file(&heard);
        let _ = env.driftline(words).expect(1);
        let heard = String::from_utf8_lossy(&fs::read(&heard).unwrap()).into_owned();
        files("there")
            .into_iter()
            .filter(|(_, content)| heard.contains(content))
            .map(|(file, _)| file)
            .collect::<Vec<_>>()
    };
    let is_open = |file: &str| {
        !matches!(file, ".env" | ".env.bak" | "keys/server.pem" | "www/wp-config.php" | "config/own.vault")
    };
    let open: Vec<&str> = files("there").into_iter().map(|(file, _)| file).filter(|file| is_open(file)).collect();
    let status = travelled(&["status", "--no-state"]);
    assert!(status.contains(&"app/config.py") && status.iter().all(|file| is_open(file)), "{status:?}");
    assert_eq!(travelled(&["diff", "app/config.py", "--no-state"]), ["app/config.py", "app/config.py.orig"]);
    let mut all = travelled(&["diff", "--all", "--no-state"]);
    all.retain(|file| !open.contains(file));
    assert_eq!(all, [".env", ".env.bak"], "of the others there is nothing to be shown");
    assert!(travelled(&["diff", ".env", "--no-state"]).starts_with(&[".env"]));
}
