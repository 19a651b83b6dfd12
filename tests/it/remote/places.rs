//! Prefixes that lead into another root, as containers do.

use std::fs;
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::support::run::TestEnv;

/// A root of its own, with busybox and what it needs.
fn root(env: &TestEnv) -> PathBuf {
    let root = env.path("root");
    let put = |from: &Path| {
        let to = root.join(from.strip_prefix("/").unwrap());
        fs::create_dir_all(to.parent().unwrap()).unwrap();
        fs::copy(from, to).unwrap();
    };
    let which = Command::new("sh").args(["-c", "command -v busybox"]).output().unwrap();
    let busybox = PathBuf::from(String::from_utf8(which.stdout).unwrap().trim());
    let libraries = Command::new("ldd").arg(&busybox).output().unwrap();
    let said = String::from_utf8(libraries.stdout).unwrap();
    said.split_whitespace().filter(|word| word.starts_with('/')).map(Path::new).for_each(put);
    put(&busybox);
    fs::create_dir_all(root.join("bin")).unwrap();
    let applets = String::from_utf8(Command::new("busybox").arg("--list").output().unwrap().stdout).unwrap();
    for applet in applets.lines().filter(|applet| *applet != "busybox") {
        let _ = symlink(&busybox, root.join("bin").join(applet));
    }
    root
}

/// Goes there with `/dev/null`, in a namespace of its own: so an ordinary user may do it as well.
fn change_root(root: &Path) -> Vec<String> {
    let all = if rustix::process::geteuid().is_root() { "-m" } else { "-rm" };
    let go = "mount --bind /dev/null \"$0/dev/null\" && exec chroot \"$0\" \"$@\"";
    ["unshare", all, "sh", "-c", go, root.to_str().unwrap()].map(str::to_owned).to_vec()
}

fn configure(env: &TestEnv, prefix: &[String]) {
    env.write("here/a.py", "one\n");
    env.write("here/b.py", "two\n");
    let words: Vec<String> = prefix.iter().map(|word| format!("{word:?}")).collect();
    env.write(
        "driftline.toml",
        format!("[env.here]\npath = \"here\"\n[env.far]\nexec = [{}]\npath = \"/srv/app\"\n", words.join(", ")),
    );
}

#[test]
fn another_root_with_busybox_alone() {
    let env = TestEnv::new();
    let root = root(&env);
    env.write("root/dev/null", "");
    configure(&env, &change_root(&root));
    env.write("root/srv/app/a.py", "one\n");
    env.write("root/srv/app/b.py", "owt\n");
    let run = env.driftline(["--no-state", "--format", "json"]).expect(1);
    let report = run.json();
    assert_eq!((&report["in_sync"], &report["rows"][0]["pattern"]), (&1.into(), &"AB".into()), "{run}");
    assert_eq!(report["counters"]["far_files_read"], 3, "two digests and a text: {run}");
}

#[test]
fn another_root_without_a_shell() {
    let env = TestEnv::new();
    env.write("empty/dev/null", "");
    configure(&env, &change_root(&env.path("empty")));
    let run = env.driftline(["--no-state"]).expect(3);
    assert!(run.stderr().contains("there is no shell to ask; compare an archive of it"), "{run}");
    assert!(!run.stdout().contains("absent"), "{run}");
}

#[test]
fn another_root_without_devices() {
    let env = TestEnv::new();
    let root = root(&env);
    env.write("root/srv/app/a.py", "one\n");
    let mut prefix = change_root(&root);
    prefix[4] = "exec chroot \"$0\" \"$@\"".to_owned();
    configure(&env, &prefix);
    let run = env.driftline(["--no-state"]).expect(3);
    assert!(run.stderr().contains("far could not be read: there is no `/dev/null`"), "{run}");
}

/// FreeBSD's find knows `-printf`, and ends what it writes at the first zero byte: it must not be taken for GNU's.
#[test]
fn a_find_that_ends_at_zero_bytes() {
    let env = TestEnv::new();
    let find =
        "#!/bin/sh\nfor word do\n  [ \"$word\" = -printf ] && { printf d; exit 0; }\ndone\nexec /usr/bin/find \"$@\"\n";
    fs::set_permissions(env.write("tools/find", find), fs::Permissions::from_mode(0o755)).unwrap();
    let path = format!("PATH={}:/usr/bin:/bin", env.path("tools").display());
    env.write("there/a.py", "one\n");
    env.write("there/b.py", "owt\n");
    configure(&env, &["env".to_owned(), "-i".to_owned(), path]);
    let config = fs::read_to_string(env.path("driftline.toml")).unwrap();
    env.write("driftline.toml", config.replace("/srv/app", env.path("there").to_str().unwrap()));
    let run = env.driftline(["--no-state", "--format", "json"]).expect(1);
    let report = run.json();
    assert_eq!((&report["in_sync"], &report["rows"][0]["pattern"]), (&1.into(), &"AB".into()), "{run}");
}
