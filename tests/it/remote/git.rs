//! Repositories on other machines: the same answer as of a folder, and nothing of them runs, is written, or is taken on trust.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use driftline::snapshot::{Content, Counters, GitState, HistoryReader as _, Snapshot};
use tempfile::{TempDir, tempdir};

use super::exec;
use crate::support::collecting::{Plan, entry, path};
use crate::support::git_status::{far, lines, status};
use crate::support::repo::Repo;
use crate::support::run::TestEnv;
use crate::support::sshd::{Kind, Servers, busybox, held};

/// A clone with everything that a state can have: an upstream that moved on, commits of its own, a stash, staged, unstaged and untracked
/// changes, ignored files, a submodule.
fn full(home: &Path) -> Repo {
    let origin = Repo::init(home.join("origin"));
    let many = (0..40).fold(String::new(), |text, number| text + "line " + &number.to_string() + "\n");
    origin.write("a", "1\n").write("dir/b", many.clone()).write(".gitignore", "*.log\n").write("crlf.txt", "1\n2\n");
    origin.write(".gitattributes", "*.txt text=auto\n").commit("one");
    let library = Repo::init(home.join("library"));
    library.write("l", "1").commit("library");
    let root = home.join("r");
    origin.git(&["clone", "-q", ".", root.to_str().unwrap()]);
    let repo = Repo::at(root);
    repo.git(&["submodule", "add", "-q", library.root().to_str().unwrap(), "lib"]);
    repo.commit("here");
    origin.write("a", "2\n").commit("there");
    repo.git(&["fetch", "-q"]);
    for message in ["older", "newer"] {
        repo.write("a", message);
        repo.git(&["stash", "push", "-q", "-m", message]);
    }
    repo.git(&["mv", "dir/b", "dir/moved"]);
    repo.write("dir/moved", many.replace("line 7\n", "line seven\n")).write("new", "new\n");
    repo.git(&["add", "-A"]);
    repo.write("a", "3\n").write("crlf.txt", "1\r\n2\r\n").write("untracked", "").write("x.log", "");
    Repo::at(repo.path("lib")).write("l", "2").commit("moved on");
    repo
}

fn collected(plan: &Plan) -> (Snapshot, Counters) {
    let mut outcome = plan.run();
    (outcome.snapshots.remove(0), outcome.counters)
}

fn reason(snapshot: &Snapshot) -> &str {
    match &snapshot.git {
        GitState::Unknown { reason } => reason,
        other => panic!("not unknown: {other:#?}"),
    }
}

/// Links to the tools of this machine, without git.
fn without_git(home: &Path) -> PathBuf {
    let tools = home.join("tools");
    fs::create_dir(&tools).unwrap();
    let names = [
        "sh",
        "find",
        "stat",
        "xargs",
        "readlink",
        "date",
        "cat",
        "uname",
        "sha1sum",
        "sha256sum",
        "nice",
        "wc",
        "ls",
        "env",
    ];
    for name in names {
        let of = ["/bin", "/usr/bin"].map(|folder| Path::new(folder).join(name)).into_iter().find(|tool| tool.exists());
        std::os::unix::fs::symlink(of.unwrap(), tools.join(name)).unwrap();
    }
    tools
}

#[test]
fn the_state_is_that_of_a_folder_whatever_tools_there_are() {
    let home = tempdir().unwrap();
    let repo = full(home.path());
    let near = status(repo.root());
    assert_eq!(lines(&near).len(), 5, "{:#?}", near.changes);
    assert_eq!((near.stashes.len(), near.unpushed.as_ref().map_or(0, Vec::len), near.submodules.len()), (2, 1, 1));
    let tools = without_git(home.path());
    let busybox = busybox();
    for (name, source) in [
        ("ssh", held(Kind::default(), repo.root())),
        ("ssh with busybox", held(Kind { path: Some(busybox.clone()), ..Kind::default() }, repo.root())),
        ("without git", exec(&["/usr/bin/env", "-i", &format!("PATH={}", tools.display())], repo.root())),
    ] {
        let mut plan = Plan::of(&[repo.root()]);
        plan.environments[0].source = source;
        assert_eq!(collected(&plan).0.git, GitState::Checkout(Box::new(near.clone())), "{name}");
    }
    // What was packed long ago is copied too.
    repo.git(&["gc", "-q"]);
    let plan = far(repo.root(), tools.to_str().unwrap());
    assert_eq!(collected(&plan).0.git, GitState::Checkout(Box::new(status(repo.root()))));
}

#[test]
fn the_second_night_fetches_only_what_is_new() {
    let home = tempdir().unwrap();
    let repo = Repo::init(home.path().join("r"));
    for number in 0..60 {
        // Not to be made small by packing.
        let noise: String =
            (0..200).map(|at| blake3::hash(format!("{number} {at}").as_bytes()).to_hex().to_string()).collect();
        repo.write(&format!("f{number}"), noise);
    }
    repo.commit("one").settle();
    for tools in ["/usr/local/bin:/usr/bin:/bin".to_owned(), without_git(home.path()).display().to_string()] {
        let state = home.path().join(format!("state{}", tools.len()));
        let plan = far(repo.root(), &tools).state(&state);
        let (first, work) = collected(&plan);
        let listing = 60 * 200 + 20_000;
        assert!(work.bytes_received > 300_000, "the history came: {work:?}");
        assert_eq!(work.far_files_read, 0, "the index vouches for all files");
        let (second, work) = collected(&plan);
        assert!(work.bytes_received < listing && work.round_trips == 2, "nothing is new: {work:?}");
        assert_eq!(first, second);
        repo.write("f1", format!("changed {tools}")).commit("two").settle();
        let (third, work) = collected(&plan);
        let GitState::Checkout(status) = &third.git else { panic!("{:?}", third.git) };
        assert_eq!(status.commit.as_ref().unwrap().subject, "two");
        assert!(work.bytes_received < listing + 20_000, "one commit is new: {work:?}");
        assert_eq!(collected(&plan).0, third);
        let mode = |path: PathBuf| fs::metadata(path).unwrap().permissions().mode() & 0o777;
        let kept = fs::read_dir(state.join("git")).unwrap().next().unwrap().unwrap().path();
        assert_eq!(
            (mode(state.join("git")), mode(kept.clone()), mode(kept.join("objects/pack"))),
            (0o700, 0o700, 0o700)
        );
        let mut names: Vec<_> = fs::read_dir(&kept).unwrap().map(|entry| entry.unwrap().file_name()).collect();
        names.sort();
        assert_eq!(names, ["objects", "tips"], "there is nothing that could be obeyed");
        // An earlier run may have left less than it says.
        fs::remove_dir_all(kept.join("objects")).unwrap();
        fs::create_dir_all(kept.join("objects/pack")).unwrap();
        assert_eq!(collected(&plan).0, third, "what is lost is fetched again");
    }
}

#[test]
fn round_trips_do_not_grow_with_history_or_changes() {
    let home = tempdir().unwrap();
    let mut trips = Vec::new();
    for size in [2, 120] {
        let repo = Repo::init(home.path().join(format!("r{size}")));
        repo.write(".gitattributes", "*.txt text=auto\n").commit("attributes");
        for number in 0..size {
            repo.write(&format!("d{}/{number}.txt", number % 7), "1\n").write(&format!("{number}.py"), "1\n");
            if number < 10 {
                repo.commit("more");
            }
        }
        repo.commit("all");
        for number in 0..size {
            repo.write(&format!("d{}/{number}.txt", number % 7), "1\r\n").write(&format!("{number}.py"), "2\n");
        }
        let (snapshot, work) = collected(&far(repo.root(), "/usr/bin:/bin"));
        let GitState::Checkout(status) = &snapshot.git else { panic!("{:?}", snapshot.git) };
        assert_eq!(status.changes.len(), size);
        trips.push(work.round_trips);
    }
    assert!(trips[0] == trips[1] && trips[0] <= 6, "{trips:?}");
}

#[test]
fn histories_of_other_machines_are_histories() {
    let home = tempdir().unwrap();
    let repo = Repo::init(home.path().join("r"));
    repo.write("a", "base\n").commit("base");
    let clone = home.path().join("clone");
    repo.git(&["clone", "-q", ".", clone.to_str().unwrap()]);
    let clone = Repo::at(clone);
    repo.write("a", "here\n").commit("here");
    clone.write("a", "there\n").commit("there").write("a", "uncommitted\n");
    let mut plan =
        super::plan(repo.root(), vec![exec(&["/usr/bin/env"], clone.root()), exec(&["/usr/bin/env"], repo.root())]);
    for state in [None, Some(home.path().join("state"))] {
        plan.state = state;
        let collected = plan.collect();
        let (commit, content) = collected.common_ancestor(&[0, 1], &path("a")).unwrap().unwrap();
        assert_eq!((commit.subject.as_str(), content.as_slice()), ("base", &b"base\n"[..]));
        assert_eq!(collected.committed(1, &path("a")).unwrap().unwrap(), b"there\n");
        let versions = collected.versions(1, &path("a")).unwrap();
        assert_eq!(versions.len(), 2);
        assert_eq!(collected.common_ancestor(&[0, 2], &path("a")).unwrap().unwrap().0.subject, "here");
    }
}

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
        let state = env.path("state");
        env.write("driftline.toml", format!("[env.far]\nssh = \"far\"\npath = {:?}\n", hazards.repo.root()));
        for command in [
            &["status", "here=here", &far][..],
            &["status", "here=here", &far, "--format", "json", "--rehash"],
            &["diff", "--all", "here=here", &far],
            &["diff", "b.t", "here=here", &far],
            &["snapshot", "far", "-o", "snapshots/", "--contents"],
        ] {
            let more = ["--ssh-config", config.to_str().unwrap(), "--state-dir", state.to_str().unwrap()];
            let run = env.driftline([command, &more].concat());
            assert!(matches!(run.status(), 0 | 1 | 3), "{command:?}: {run}");
            if command.contains(&"json") {
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

#[test]
fn a_repository_there_is_not_touched() {
    let home = tempdir().unwrap();
    let repo = full(home.path());
    // Times in the index are wrong: git itself would write it anew.
    fs::File::options()
        .append(true)
        .open(repo.path("crlf.txt"))
        .unwrap()
        .set_modified(std::time::SystemTime::now())
        .unwrap();
    let before = crate::read_only::picture(repo.root());
    for tools in ["/usr/local/bin:/usr/bin:/bin", "/usr/bin:/bin", busybox().to_str().unwrap()] {
        let trace = home.path().join("trace");
        let snapshot = super::reading::traced(&trace, tools, repo.root());
        assert!(matches!(snapshot.git, GitState::Checkout(_)), "{tools}: {:?}", snapshot.git);
        super::reading::assert_nothing_is_written(&trace, tools);
        let after = crate::read_only::picture(repo.root());
        for (path, was) in &before {
            assert_eq!(after.get(path).map(|it| &it.1), Some(&was.1), "{tools}: {}", path.display());
            assert_eq!(after[path].0[..10], was.0[..10], "{tools}: {}", path.display());
        }
        assert_eq!(after.len(), before.len(), "{tools}");
    }
}

#[test]
fn what_is_secret_is_judged_where_it_is() {
    let home = tempdir().unwrap();
    let repo = Repo::init(home.path().join("r"));
    repo.write(".gitattributes", "* text=auto\n")
        .write("a", "1\n")
        .write(".env", "KEY=one\n")
        .write("b.env", "KEY=same\n");
    repo.commit("one");
    repo.write(".env", "KEY=a-new-secret\n").write("b.env", "KEY=same\n").write("a", "2\n");
    repo.git(&["add", ".env"]);
    let heard = home.path().join("heard");
    let listen = format!("\"$@\" | /usr/bin/tee -a {}", heard.display());
    let mut plan = Plan::of(&[repo.root()]);
    plan.environments[0].source = exec(&["sh", "-c", &listen, "listen"], repo.root());
    let (snapshot, _) = collected(&plan);
    let GitState::Checkout(far) = &snapshot.git else { panic!("{:?}", snapshot.git) };
    assert_eq!(lines(far), lines(&status(repo.root())));
    let heard = fs::read(heard).unwrap();
    let has = |text: &[u8]| heard.windows(text.len()).any(|part| part == text);
    assert!(has(b"2\n") && !has(b"a-new-secret"));
}

#[test]
fn a_listing_that_is_cut_says_nothing_about_the_repository() {
    let home = tempdir().unwrap();
    let repo = Repo::init(home.path().join("r"));
    for number in 0..50 {
        repo.write(&format!("f{number}"), "x");
    }
    repo.commit("one");
    let cut = "\"$@\" | /usr/bin/dd bs=1 count=1500 2>/dev/null";
    let mut plan = Plan::of(&[repo.root()]);
    plan.environments[0].source = exec(&["sh", "-c", cut, "cut"], repo.root());
    let (snapshot, _) = collected(&plan);
    assert_eq!(reason(&snapshot), "its listing is not complete");
}
