//! Repositories on other machines are hostile input: nothing of them runs, is written, or is taken on trust.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use driftline::snapshot::{Content, GitState};
use tempfile::{TempDir, tempdir};

use super::exec;
use crate::support::collecting::{Plan, entry};
use crate::support::git_status::{far, status};
use crate::support::repo::Repo;
use crate::support::run::TestEnv;
use crate::support::sshd::{Kind, Servers};

use super::git::{collected, full, reason, without_git};

/// A repository whose config leaves a mark at each chance.
struct Hazards {
    home: TempDir,
    repo: Repo,
}

impl Hazards {
    fn new(includes: bool) -> Self {
        let home = tempdir().unwrap();
        let repo = Repo::init(home.path().join("r"));
        let hazards = Self { home, repo };
        let repo = &hazards.repo;
        repo.write(".gitattributes", "*.f filter=mark\n*.t diff=mark\n")
            .write("a.f", "1\n")
            .write("b.t", "1\n")
            .commit("one");
        repo.write("b.t", "2\n").commit("two");
        let config = |key: &str, value: &str| drop(repo.git(&["config", key, value]));
        config("core.fsmonitor", &hazards.script("fsmonitor"));
        config("filter.mark.clean", &hazards.script("clean"));
        config("filter.mark.smudge", &hazards.script("smudge"));
        config("diff.mark.textconv", &hazards.script("textconv"));
        config("diff.external", &hazards.script("external"));
        config("core.pager", &hazards.script("pager"));
        config("core.sshCommand", &hazards.script("sshcommand"));
        config("core.alternateRefsCommand", &hazards.script("alternaterefs"));
        config("uploadpack.packObjectsHook", &hazards.script("packobjects"));
        config("alias.upload-pack", &format!("!{}", hazards.script("alias")));
        config("alias.status", &format!("!{}", hazards.script("alias")));
        config("core.hooksPath", hazards.home.path().join("hooks").to_str().unwrap());
        fs::create_dir(hazards.home.path().join("hooks")).unwrap();
        for hook in ["post-index-change", "pre-auto-gc", "reference-transaction", "post-upload-pack", "pre-upload-pack"]
        {
            fs::rename(hazards.script("hook"), hazards.home.path().join("hooks").join(hook)).unwrap();
        }
        if includes {
            let promisor = format!(
                "[filter \"mark\"]\n\tprocess = {}\n[remote \"o\"]\n\tpromisor = true\n\turl = \"ext::{}\"\n",
                hazards.script("process"),
                hazards.script("remote")
            );
            fs::write(hazards.home.path().join("included"), promisor).unwrap();
            config("include.path", hazards.home.path().join("included").to_str().unwrap());
        }
        repo.write("a.f", "2\n").write("b.t", "3\n");
        hazards
    }

    fn script(&self, name: &str) -> String {
        let path = self.home.path().join(name);
        let marker = self.home.path().join(format!("marker-{name}"));
        fs::write(&path, format!("#!/bin/sh\ntouch '{}'\ncat\n", marker.display())).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
        path.display().to_string()
    }

    fn marks(&self) -> Vec<String> {
        let names =
            fs::read_dir(self.home.path()).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
        names.filter(|name| name.starts_with("marker-")).collect()
    }

    fn clear(&self) {
        for mark in self.marks() {
            fs::remove_file(self.home.path().join(mark)).unwrap();
        }
    }
}

#[test]
fn nothing_that_a_far_repository_configures_runs() {
    for includes in [false, true] {
        let hazards = Hazards::new(includes);
        hazards.repo.try_git(&["status"]);
        assert!(!hazards.marks().is_empty(), "they bite when git is asked");
        hazards.clear();
        let env = TestEnv::new();
        env.write("here/a.f", "1\n");
        let servers = Servers::start(&[("far", Kind::default())]);
        let config = servers.config();
        let far = format!("far=far:{}", hazards.repo.root().display());
        env.write(
            "driftline.toml",
            format!(
                "ssh_config = {config:?}\nfocus = [\"b.t\"]\n[env.here]\npath = \"here\"\n[env.far]\nssh = \"far\"\npath = {:?}\n\
                 [[fix]]\nid = \"three\"\nfile = \"b.t\"\ncontains = [\"3\"]\n[[fix]]\nid = \"two\"\ncommit = {:?}\n",
                hazards.repo.root(),
                hazards.repo.git(&["rev-parse", "HEAD"]).trim(),
            ),
        );
        let given = ["--ssh-config", config.to_str().unwrap()];
        for command in [
            &["status"][..],
            &["status", "here=here", &far, given[0], given[1], "--format", "json", "--rehash"],
            &["diff", "--all"],
            &["diff", "b.t", "--view", "columns", "--width", "120"],
            &["diff", "b.t", "here", "far", "--format", "json"],
            &["candidates"],
            &["candidates", "show", "f1"],
            &["candidates", "--from", "far", "--to", "here", "--export", "patches"],
            &["fixes"],
            &["fixes", "two"],
            &["report", "--out", "reports"],
            &["accept", "--all", "--because", "as it was found"],
            &["report", "--format", "json"],
            &["history"],
            &["explain", "b.t"],
            &["doctor"],
            &["doctor", "far", "--format", "json"],
            &["init", "here=here", &far, given[0], given[1], "-o", "-"],
            &["snapshot", "far", "-o", "snapshots/", "--contents"],
        ] {
            let run = env.driftline(command);
            assert!(matches!(run.status(), 0 | 1 | 3), "{command:?}: {run}");
            if command.contains(&"--rehash") {
                let git = &run.json()["environments"][1]["git"];
                assert_eq!(git["commit"]["subject"], "two", "{run}");
                assert_eq!(git["unstaged"].as_array().unwrap().len(), 1, "the filter's file is not judged: {run}");
            }
            assert_eq!(hazards.marks(), Vec::<String>::new(), "{command:?}, with includes: {includes}");
        }
        // Nor does anything when it is judged by itself.
        let (snapshot, _) = collected(&crate::support::git_status::far(hazards.repo.root(), "/usr/bin:/bin"));
        assert!(matches!(snapshot.git, GitState::Checkout(_)), "{:?}", snapshot.git);
        assert_eq!(hazards.marks(), Vec::<String>::new());
    }
}

#[test]
fn the_account_s_own_config_has_no_part_in_it() {
    let home = tempdir().unwrap();
    let repo = Repo::init(home.path().join("r"));
    repo.write("a", "1").commit("one");
    let account = home.path().join("account");
    fs::create_dir(&account).unwrap();
    let marker = home.path().join("marker");
    let hook = home.path().join("hook");
    fs::write(&hook, format!("#!/bin/sh\ntouch '{}'\nexec \"$@\"\n", marker.display())).unwrap();
    fs::set_permissions(&hook, fs::Permissions::from_mode(0o755)).unwrap();
    fs::write(account.join(".gitconfig"), format!("[uploadpack]\n\tpackObjectsHook = {}\n", hook.display())).unwrap();
    let command = ["/usr/bin/env", &format!("HOME={}", account.display())];
    let mut plan = Plan::of(&[repo.root()]);
    plan.environments[0].source = exec(&command, repo.root());
    assert!(matches!(collected(&plan).0.git, GitState::Checkout(_)));
    assert!(!marker.exists(), "git-upload-pack would run it");
}

#[test]
fn a_repository_of_another_owner_is_read() {
    if !rustix::process::geteuid().is_root() {
        // Only root can give files away.
        return;
    }
    let home = tempdir().unwrap();
    let repo = full(home.path());
    let own = |path: &Path| std::os::unix::fs::chown(path, Some(65534), Some(65534)).unwrap();
    own(repo.root());
    own(&repo.path(".git"));
    let near = status(repo.root());
    let refused = repo.try_git(&["upload-pack", "--strict", repo.path(".git").to_str().unwrap()]);
    assert!(String::from_utf8_lossy(&refused.stderr).contains("dubious ownership"), "git itself refuses");
    let account = home.path().join("account");
    fs::create_dir(&account).unwrap();
    for git in ["/usr/local/bin:/usr/bin:/bin", "/usr/bin:/bin"] {
        let command = ["/usr/bin/env", "-i", &format!("PATH={git}"), &format!("HOME={}", account.display())];
        let mut plan = Plan::of(&[repo.root()]);
        plan.environments[0].source = exec(&command, repo.root());
        assert_eq!(collected(&plan).0.git, GitState::Checkout(Box::new(near.clone())));
    }
    assert_eq!(fs::read_dir(&account).unwrap().count(), 0, "nothing is configured for it");
}

#[test]
fn what_cannot_be_copied_is_unknown_and_the_index_still_vouches() {
    let home = tempdir().unwrap();
    let repo = Repo::init(home.path().join("r"));
    repo.write("a", "1\n").write("b", "2\n").commit("one").settle();
    repo.write("b", "3\n");
    let pack = repo.path(format!(".git/objects/pack/pack-{}.pack", "a".repeat(40)));
    fs::write(&pack, "").unwrap();
    fs::File::options().write(true).open(&pack).unwrap().set_len(300 << 20).unwrap();
    let (snapshot, work) = collected(&far(repo.root(), without_git(home.path()).to_str().unwrap()));
    assert!(
        reason(&snapshot).starts_with("there is no git program there, and its objects have 31"),
        "{}",
        reason(&snapshot)
    );
    let known = |name: &str| match &entry(&snapshot, name).content {
        Content::File(file) => file.digests.git_blob.is_some(),
        _ => false,
    };
    assert!(known("a") && !known("b"));
    assert!(work.bytes_received < 100_000, "{work:?}");
}

#[test]
fn a_pack_that_is_no_pack_is_unknown() {
    let home = tempdir().unwrap();
    let repo = Repo::init(home.path().join("r"));
    repo.write("a", "1\n").commit("one");
    let packet = |text: &str| format!("{:04x}{text}", text.len() + 4);
    let band = |text: &str| format!("{:04x}\\001{text}", text.len() + 5);
    let answers: [(String, &str); 7] = [
        ("garbage".to_owned(), "not what was asked for"),
        (packet("ERR upload-pack: no"), "git says `upload-pack: no` there"),
        (format!("0000{}{}0000", "0008NAK\\n", band("PACKgarbage, and more of it")), "what came is damaged"),
        (format!("0000{}", "ffff"), "not what was asked for"),
        ("0000".to_owned(), "git says `fatal: on purpose` there"),
        (format!("0000{}", "0008NAK\\n"), "git says `fatal: on purpose` there"),
        (format!("00000008NAK\\n{:04x}\\003it broke", 4 + 1 + 8), "git says `it broke` there"),
    ];
    for (number, (answer, expected)) in answers.into_iter().enumerate() {
        let tools = home.path().join(format!("bad{number}"));
        fs::create_dir(&tools).unwrap();
        let script = format!(
            "#!/bin/sh\ncase $* in *upload-pack*) cat >/dev/null; printf '{answer}'; echo 'fatal: on purpose' >&2; exit 1;; esac\n"
        );
        fs::write(tools.join("git"), script).unwrap();
        fs::set_permissions(tools.join("git"), fs::Permissions::from_mode(0o755)).unwrap();
        // Where git refuses, files are copied; here there are none.
        let hidden = home.path().join(format!("r{number}"));
        let hidden_repo = Repo::init(&hidden);
        hidden_repo.write("a", "1\n").commit("one");
        let objects = hidden.join(".git/objects");
        fs::remove_dir_all(&objects).unwrap();
        fs::create_dir(&objects).unwrap();
        let plan = far(&hidden, &format!("{}:/usr/bin:/bin", tools.display()));
        let (snapshot, _) = collected(&plan);
        assert!(reason(&snapshot).contains(expected), "{number}: {}", reason(&snapshot));
        assert!(matches!(entry(&snapshot, "a").content, Content::File(_)), "the rest is compared");
    }
}

#[test]
fn hostile_names_lead_nowhere() {
    let home = tempdir().unwrap();
    let outside = home.path().join("outside");
    fs::create_dir(&outside).unwrap();
    let repo = Repo::init(home.path().join("r"));
    repo.write("a", "1\n").commit("one");
    let id = repo.git(&["rev-parse", "HEAD"]);
    let mut packed = String::from("# pack-refs with: peeled fully-peeled sorted\n");
    for name in [
        "refs/heads/../../../outside/x",
        "../../outside/y",
        "refs/heads//etc/passwd",
        "refs/remotes/o/\u{1b}[31m",
        "HEAD",
    ] {
        packed += &format!("{id} {name}\n");
    }
    fs::write(repo.path(".git/packed-refs"), packed).unwrap();
    fs::write(repo.path(".git/refs/heads/cut"), "1234").unwrap();
    fs::write(repo.path(".git/refs/heads/long"), "x".repeat(1 << 20)).unwrap();
    std::os::unix::fs::symlink("/etc/passwd", repo.path(".git/refs/heads/link")).unwrap();
    fs::write(repo.path(".git/refs/heads/loop"), "ref: refs/heads/loop\n").unwrap();
    repo.write("lib/.git", "gitdir: ../../../../../../etc\n")
        .write("lib/x", "")
        .write("lob/.git", "gitdir: /dev/zero\n");
    let state = home.path().join("state");
    let (snapshot, _) = collected(&far(repo.root(), "/usr/bin:/bin").state(&state));
    let near = Plan::of(&[repo.root()]).collect().snapshots.remove(0);
    assert_eq!(snapshot.git, near.git);
    assert!(matches!(snapshot.git, GitState::Checkout(_)), "{:?}", snapshot.git);
    assert_eq!(fs::read_dir(&outside).unwrap().count(), 0);

    // A reference to an object that is not there.
    fs::write(repo.path(".git/refs/heads/gone"), format!("{}\n", "12".repeat(20))).unwrap();
    let (snapshot, _) = collected(&far(repo.root(), "/usr/bin:/bin").state(&state));
    assert!(reason(&snapshot).contains(&"12".repeat(20)), "{}", reason(&snapshot));
    fs::remove_file(repo.path(".git/refs/heads/gone")).unwrap();

    // An index with a path that leads out of the checkout.
    let mut index = fs::read(repo.path(".git/index")).unwrap();
    let at = index.windows(2).position(|two| two == b"a\0").unwrap();
    index[at] = b'/';
    fs::write(repo.path(".git/index"), index).unwrap();
    let (snapshot, _) = collected(&far(repo.root(), "/usr/bin:/bin").state(&state));
    assert!(reason(&snapshot).contains("index of the repository cannot be used"), "{}", reason(&snapshot));
}
