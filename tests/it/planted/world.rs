//! Environments with a secret of its own in every place that is read, and what finds it again.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::fs;
use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use base64::Engine as _;

use crate::support::repo::Repo;
use crate::support::run::TestEnv;

/// What was planted, and where.
#[derive(Default)]
pub(super) struct Secrets {
    planted: RefCell<BTreeMap<String, String>>,
}

impl Secrets {
    /// A secret that is nowhere else.
    fn plant(&self, place: &str) -> String {
        let number = self.planted.borrow().len();
        self.add(place, format!("Zk{number:02}qW7rT9mK2pL4vB"))
    }

    fn add(&self, place: &str, secret: String) -> String {
        let earlier = self.planted.borrow_mut().insert(place.to_owned(), secret.clone());
        assert_eq!(earlier, None, "{place} has one");
        secret
    }

    /// All of them, by their places.
    pub(super) fn all(&self) -> BTreeMap<String, String> {
        self.planted.borrow().clone()
    }

    /// The places of those that are in these bytes, as they are or in base 64.
    pub(super) fn found(&self, bytes: &[u8]) -> Vec<String> {
        let planted = self.planted.borrow();
        let is_in = |text: &[u8]| memchr::memmem::find(bytes, text).is_some();
        let is_there =
            |secret: &str| is_in(secret.as_bytes()) || in_base64(secret).iter().any(|it| is_in(it.as_bytes()));
        planted.iter().filter(|(_, secret)| is_there(secret)).map(|(place, _)| place.clone()).collect()
    }
}

/// The digits that a text has in base 64, whatever stands before and behind it.
pub(super) fn in_base64(text: &str) -> [String; 3] {
    [0, 1, 2].map(|before| {
        let bytes = [&b"\0\0"[..before], text.as_bytes()].concat();
        let digits = base64::engine::general_purpose::STANDARD_NO_PAD.encode(&bytes);
        // The first digits have bits of what stands before it, the last ones of what stands behind.
        let whole = bytes.len() / 3 * 4;
        digits[(before * 8).div_ceil(6)..whole].to_owned()
    })
}

/// Five environments: two checkouts, one of them by way of a command; a commit, an archive, and a snapshot of the first.
pub(super) fn plant(env: &TestEnv, secrets: &Secrets) {
    let prod = Repo::init(env.path("prod"));
    begin(&prod, secrets);
    let clone = |name: &str| {
        prod.git(&["clone", "-q", ".", env.path(name).to_str().unwrap()]);
        Repo::at(env.path(name))
    };
    let (debug, far) = (clone("debug"), clone("far"));
    for (name, repo) in [("prod", &prod), ("debug", &debug), ("far", &far)] {
        grow(name, repo, secrets);
    }
    // What no secret is in, so that something is exported.
    debug.write("app/plain.py", "plain = 2\n").git(&["commit", "-q", "-m", "A plain change", "--", "app/plain.py"]);
    archive(env, secrets);
    let patch = format!(
        "--- a/app/fix.py\n+++ b/app/fix.py\n@@ -1 +1,2 @@\n fixed = 0\n+password = \"{}\"\n",
        secrets.plant("patch of a known fix")
    );
    env.write("fixes/known.patch", patch);
    env.write("driftline.toml", config(env, secrets));
}

/// What all checkouts have in common.
fn begin(repo: &Repo, secrets: &Secrets) {
    let s = |place: &str| secrets.plant(&format!("committed: {place}"));
    repo.write("app/plain.py", "plain = 1\n").write("app/fix.py", "fixed = 0\n");
    repo.write("app/config.py", format!("DEBUG = False\nSECRET_KEY = '{}'\n", s("first state of code")));
    repo.write(".env.production", format!("API_TOKEN={}\n", s("file of keys and values")));
    repo.git(&["add", "-A"]);
    let message = format!("rotate password={}\n\nAPI_KEY={}\n", s("subject"), s("body"));
    let author =
        format!("--author=Ada token={} <ada+token={}@example.org>", s("name of the author"), s("mail of the author"));
    repo.git(&["commit", "-q", "-m", &message, &author]);
    repo.write("app/config.py", "DEBUG = False\nSECRET_KEY = None\n").commit("take it out");
    let tag = format!("token={}", s("message of a tag"));
    repo.git(&["tag", "-a", "v1", "-m", &tag]);
}

/// What each checkout has of its own: committed, staged, unstaged, untracked and stashed.
fn grow(name: &str, repo: &Repo, secrets: &Secrets) {
    let s = |place: &str| secrets.plant(&format!("{name}: {place}"));
    let kept = |place: &str| secrets.plant(&format!("{name} committed: {place}"));
    repo.write("app/extra.py", format!("# {name}\nURL = 'amqp://bob:{}@queue/x'\n", kept("address in code")));
    repo.write("app/blob.bin", format!("\0\x01{name}\0AKIAZQ{}\0", numbers(secrets, name, "committed: no text")));
    repo.commit(&format!("{name}: token={}", kept("subject")));
    repo.write("app/config.py", format!("DEBUG = True\nSECRET_KEY = '{}'\n", kept("stashed code")));
    repo.write(".env.production", format!("API_TOKEN={}\n", kept("stashed values")));
    repo.git(&["stash", "push", "-q", "-m", &format!("token={}", kept("message of a stash"))]);
    repo.git(&["branch", "-q", &format!("fix-token={}", s("name of a branch"))]);
    repo.git(&["remote", "add", "upstream", &format!("https://bob:{}@example.invalid/r.git", s("remote"))]);
    repo.git(&["config", "http.extraHeader", &format!("Authorization: Bearer {}", s("header in a config"))]);
    repo.write("staged.yml", format!("db:\n  password: {}\n  host: h\n", kept("staged"))).git(&["add", "staged.yml"]);
    repo.write("app/config.py", format!("DEBUG = False\nSECRET_KEY = '{}'\nURL = '{name}'\n", s("unstaged code")));
    let lines = [
        format!("A={name}\nDB_PASSWORD={}\n", s("value")),
        format!("NOTE=\"first\n{}\"\n# OLD={}\n", s("second line of a value"), s("comment between values")),
    ];
    let key = |place: &str| format!("-----BEGIN PRIVATE KEY-----\n{}\n-----END PRIVATE KEY-----\n", s(place));
    let files = [
        (".env", lines.concat()),
        (".env.bak", format!("DB_PASSWORD={}9\n", s("copy of values put aside"))),
        ("app/config.py.orig", format!("SECRET_KEY = '{}'\n", s("copy of code put aside"))),
        (
            "app/database.py",
            format!("# {name}\nreturn 'postgres://bob:{}@db/x'\n", s("address in code that is untracked")),
        ),
        (
            "app/cloud.ini",
            format!(
                "[{name}]\nkey = AKIA{}\naws_secret_access_key = {}\n",
                numbers(secrets, name, "key of a cloud"),
                s("secret of a cloud")
            ),
        ),
        ("app/hub.txt", format!("see {name} ghp_{}0123456789\n", s("token of a shape"))),
        ("credentials.json", format!("{{\"user\": \"{name}\", \"note\": \"{}\"}}\n", s("credentials"))),
        (
            ".gitmodules",
            format!(
                "[submodule \"{name}\"]\n\tpath = sub\n\turl = https://bob:{}@example.invalid/s.git\n",
                s("address of a submodule")
            ),
        ),
        ("keys/server.pem", key("key by its name")),
        ("keys/inline.txt", key("key by its look")),
        ("keys/own.special", format!("{}\n", s("what the configuration names"))),
    ];
    for (file, content) in files {
        repo.write(file, content);
    }
    std::os::unix::fs::symlink(format!("/run/token={}", s("target of a link")), repo.path("link")).unwrap();
}

/// Sixteen characters of the kind that keys of a cloud are made of.
fn numbers(secrets: &Secrets, name: &str, place: &str) -> String {
    let number = secrets.planted.borrow().len();
    secrets.add(&format!("{name}: {place}").replace(": committed", " committed"), format!("Z{number:02}QW7RT9MK2PL4V"))
}

fn archive(env: &TestEnv, secrets: &Secrets) {
    let s = |place: &str| secrets.plant(&format!("archive: {place}"));
    env.write("old/app/config.py", format!("DEBUG = 1\nSECRET_KEY = '{}'\n", s("code")));
    env.write("old/.env", format!("DB_PASSWORD={}\n", s("value")));
    env.write("old/app/notes.txt", format!("password: {}\n", s("notes")));
    env.write("old/app/config.py.backup", format!("password = '{}'\n", s("copy put aside")));
    let tar = Command::new("tar").args(["-czf", "old.tar.gz", "old"]).current_dir(env.root()).status();
    assert!(tar.expect("`tar` makes archives for tests").success());
}

fn config(env: &TestEnv, secrets: &Secrets) -> String {
    let text = secrets.plant("text of a known fix");
    format!(
        "sensitive = [\"*.special\"]\nfocus = [\".env\", \"app/\", \"keys/\"]\n\
         [env.prod]\npath = \"prod\"\n[env.debug]\npath = \"debug\"\n\
         [env.far]\nexec = [\"sh\", \"-c\", 'exec \"$@\"', \"sh\"]\npath = \"{far}\"\n\
         [env.main]\ngit = \"prod\"\nref = \"v1\"\n\
         [env.old]\narchive = \"old.tar.gz\"\nstrip = 1\n\
         [env.shot]\nsnapshot = \"shot.ndjson.zst\"\n\
         [[fix]]\nid = \"known\"\npatch = \"fixes/known.patch\"\nexpect = [\"prod\"]\n\
         [[fix]]\nid = \"texts\"\nfile = \"app/plain.py\"\ncontains = [\"password = '{text}'\"]\nexpect = [\"prod\", \"debug\"]\n\
         [[fix]]\nid = \"history\"\ncommit = \"{commit}\"\nexpect = [\"old\"]\n",
        far = env.path("far").display(),
        commit = Repo::at(env.path("prod")).git(&["rev-parse", "HEAD"]),
    )
}

/// All that was planted, as bytes: what is in files, what git has, what is in the archive.
pub(super) fn inputs(env: &TestEnv) -> Vec<u8> {
    let mut bytes = Vec::new();
    for folder in ["prod", "debug", "far", "old", "fixes"] {
        for file in all_files(&env.path(folder)) {
            bytes.extend_from_slice(file.as_os_str().as_encoded_bytes());
            match fs::read_link(&file) {
                Ok(target) => bytes.extend_from_slice(target.as_os_str().as_encoded_bytes()),
                Err(_) => bytes.extend(fs::read(&file).unwrap()),
            }
        }
    }
    for name in ["prod", "debug", "far"] {
        bytes.extend(objects(&env.path(name).join(".git")));
    }
    bytes.extend(fs::read(env.path("driftline.toml")).unwrap());
    let mut unpacked = Vec::new();
    let packed = fs::File::open(env.path("old.tar.gz")).unwrap();
    flate2::read::GzDecoder::new(packed).read_to_end(&mut unpacked).unwrap();
    bytes.extend(unpacked);
    bytes
}

/// All that git has in a folder of objects. A quarantine has nothing else, so that it is no repository: an empty one takes its objects.
pub(super) fn objects(folder: &Path) -> Vec<u8> {
    let aside = tempfile::tempdir().unwrap();
    let repository = Repo::init_with(aside.path(), &["--bare"]);
    let folder = folder.join("objects");
    let mut git = Command::new("git");
    git.args(["cat-file", "--batch-all-objects", "--batch"]).current_dir(repository.root());
    let output = git.env("GIT_OBJECT_DIRECTORY", folder).env("GIT_CONFIG_GLOBAL", "/dev/null").output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    output.stdout
}

pub(super) fn all_files(folder: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    let Ok(entries) = fs::read_dir(folder) else { return files };
    for entry in entries {
        let path = entry.unwrap().path();
        if path.is_dir() && !path.is_symlink() { files.extend(all_files(&path)) } else { files.push(path) }
    }
    files
}
