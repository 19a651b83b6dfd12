//! What `driftline doctor` says of other machines.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;

use crate::support::sshd::{Kind, Servers};

use super::{by_exec, far, folder, ill, over};

#[test]
fn far_faults() {
    let env = folder();
    let mut servers = Servers::start(&[("far", Kind::default()), ("other", Kind::default())]);
    let known = fs::read_to_string(servers.known_hosts()).unwrap();
    let keys = fs::read_to_string(servers.authorized_keys()).unwrap();
    insta::assert_snapshot!(ill(over(&env, &servers, "far=far:/no where", &[]), &env, Some(&servers)), @r"
      FAIL  folder         `/no where` is not there, or lies in a folder that may not be entered
            what to do     correct `path`, or see what is there; type there:
                           ls -ld '/no where'
      -     git            not tried
      -     reading        not tried

    far cannot be read in full
    ");
    fs::write(servers.authorized_keys(), "").unwrap();
    insta::assert_snapshot!(ill(far(&env, &servers, &[]), &env, Some(&servers)), @r"
      FAIL  login          ssh ended with status 255: [USER]@127.0.0.1: Permission denied (publickey).
            what to do     no password is asked for here: load your key into the agent (ssh-add), or put it there:
                           ssh-copy-id -F [SSH]/ssh_config far
      -     shell          not tried
      -     tools          not tried
      -     folder         not tried
      -     git            not tried
      -     reading        not tried

    far cannot be read in full
    ");
    fs::write(servers.authorized_keys(), keys).unwrap();
    fs::write(servers.known_hosts(), "").unwrap();
    insta::assert_snapshot!(ill(far(&env, &servers, &[]), &env, Some(&servers)), @r"
      FAIL  connection     ssh ended with status 255: Host key verification failed
            what to do     connect once by hand, and compare the key that is shown with the server's own:
                           ssh -F [SSH]/ssh_config far true
      -     login          not tried
      -     shell          not tried
      -     tools          not tried
      -     folder         not tried
      -     git            not tried
      -     reading        not tried

    far cannot be read in full
    ");
    assert_eq!(fs::read_to_string(servers.known_hosts()).unwrap(), "", "no key is accepted for the user");
    let lines: Vec<Vec<&str>> = known.lines().map(|line| line.split(' ').collect()).collect();
    fs::write(servers.known_hosts(), format!("{} {} {}\n", lines[0][0], lines[1][1], lines[1][2])).unwrap();
    insta::assert_snapshot!(ill(far(&env, &servers, &[]), &env, Some(&servers)), @r"
      FAIL  connection     ssh ended with status 255: Host key verification failed: it is not the key that is known for this host
            what to do     find out why the key changed: a new server, or somebody in between. Only then forget the old one, and connect once by hand:
                           ssh-keygen -f [SSH]/known_hosts -R '[127.0.0.1]:[PORT]'
      -     login          not tried
      -     shell          not tried
      -     tools          not tried
      -     folder         not tried
      -     git            not tried
      -     reading        not tried

    far cannot be read in full
    ");
    fs::write(servers.known_hosts(), known).unwrap();
    servers.refuse("far");
    insta::assert_snapshot!(ill(far(&env, &servers, &[]), &env, Some(&servers)), @r"
      FAIL  connection     ssh ended with status 255: ssh: connect to host 127.0.0.1 port [PORT]: Connection refused
            what to do     check name and port, and see how far it comes:
                           ssh -v -F [SSH]/ssh_config far true
      -     login          not tried
      -     shell          not tried
      -     tools          not tried
      -     folder         not tried
      -     git            not tried
      -     reading        not tried

    far cannot be read in full
    ");
    servers.configure("far", "HostName no-such-host.invalid");
    insta::assert_snapshot!(ill(far(&env, &servers, &[]), &env, Some(&servers)), @r"
      FAIL  connection     ssh ended with status 255: ssh: Could not resolve hostname no-such-host.invalid: [WHY]
            what to do     check name and port, and see how far it comes:
                           ssh -v -F [SSH]/ssh_config far true
      -     login          not tried
      -     shell          not tried
      -     tools          not tried
      -     folder         not tried
      -     git            not tried
      -     reading        not tried

    far cannot be read in full
    ");
    servers.configure("far", "NoSuchWord yes");
    insta::assert_snapshot!(ill(far(&env, &servers, &[]), &env, Some(&servers)), @r"
      FAIL  ssh config     [SSH]/ssh_config: line 2: Bad configuration option: nosuchword
            what to do     correct the ssh configuration; ssh says the same to:
                           ssh -G -F [SSH]/ssh_config far
      -     connection     not tried
      -     login          not tried
      -     shell          not tried
      -     tools          not tried
      -     folder         not tried
      -     git            not tried
      -     reading        not tried

    far cannot be read in full
    ");
}

#[test]
fn accounts_that_do_not_answer() {
    let env = folder();
    let force = |command: &str| Kind { force: Some(command.to_owned()), ..Kind::default() };
    let servers = Servers::start(&[("far", force("sleep 600")), ("other", force("echo No shell for you."))]);
    insta::assert_snapshot!(ill(far(&env, &servers, &["--timeout", "1"]), &env, Some(&servers)), @r"
      FAIL  shell          ssh said nothing for too long and was ended
            what to do     give it more time with --timeout SECONDS; see whether it answers:
                           ssh -F [SSH]/ssh_config far true
      -     tools          not tried
      -     folder         not tried
      -     git            not tried
      -     reading        not tried

    far cannot be read in full
    ");
    insta::assert_snapshot!(ill(over(&env, &servers, "far=other:/", &[]), &env, Some(&servers)), @r"
      FAIL  shell          ssh ended with status 0: No shell for you.
            what to do     check that the account there has a shell that runs `sh -s`; see whether it answers:
                           ssh -F [SSH]/ssh_config other true
      -     tools          not tried
      -     folder         not tried
      -     git            not tried
      -     reading        not tried

    far cannot be read in full
    ");
}

#[test]
fn commands_that_lead_nowhere() {
    let env = folder();
    insta::assert_snapshot!(ill(by_exec(&env, &["no-such-program", "exec"], &[]), &env, None), @r"
      FAIL  command        there is no program `no-such-program`
            what to do     correct the command, or see what it says:
                           no-such-program exec true
      -     shell          not tried
      -     tools          not tried
      -     folder         not tried
      -     git            not tried
      -     reading        not tried

    far cannot be read in full
    ");
    let docker = "echo 'Error response from daemon: No such container: web' >&2; exit 1";
    insta::assert_snapshot!(ill(by_exec(&env, &["sh", "-c", docker], &[]), &env, None), @r#"
      FAIL  command        `sh` ended with status 1: Error response from daemon: No such container: web
            what to do     correct the command, or see what it says:
                           sh -c 'echo '\''Error response from daemon: No such container: web'\'' >&2; exit 1' true
      -     shell          not tried
      -     tools          not tried
      -     folder         not tried
      -     git            not tried
      -     reading        not tried

    far cannot be read in full
    "#);
    let docker = "echo 'OCI runtime exec failed: exec: \"sh\": executable file not found in $PATH' >&2; exit 127";
    insta::assert_snapshot!(ill(by_exec(&env, &["sh", "-c", docker, "docker"], &[]), &env, None), @r#"
      FAIL  shell          `sh` ended with status 127: OCI runtime exec failed: exec: "sh": executable file not found in $PATH
            what to do     there is no shell to ask; compare an archive of it (such as `docker export` writes) instead
      -     tools          not tried
      -     folder         not tried
      -     git            not tried
      -     reading        not tried

    far cannot be read in full
    "#);
    env.write("bin/sudo", "#!/bin/sh\necho 'sudo: a password is required' >&2\nexit 1\n");
    fs::set_permissions(env.path("bin/sudo"), fs::Permissions::from_mode(0o755)).unwrap();
    let sudo = env.path("bin/sudo");
    let run = by_exec(&env, &["env", sudo.to_str().unwrap(), "-n", "-u", "deploy"], &[]);
    insta::assert_snapshot!(ill(run, &env, None), @r"
      FAIL  command        `env [ROOT]/bin/sudo` ended with status 1: sudo asks for a password
            what to do     add this line with `visudo` there: LOGIN-NAME ALL=(deploy) NOPASSWD: /bin/sh -s, /usr/bin/sh -s
      -     shell          not tried
      -     tools          not tried
      -     folder         not tried
      -     git            not tried
      -     reading        not tried

    far cannot be read in full
    ");
    fs::create_dir(env.path("tools")).unwrap();
    std::os::unix::fs::symlink("/bin/sh", env.path("tools/sh")).unwrap();
    let path = format!("PATH={}", env.path("tools").display());
    insta::assert_snapshot!(ill(by_exec(&env, &["/usr/bin/env", "-i", &path], &[]), &env, None), @r"
      FAIL  tools          there is neither GNU find nor a `stat` that is understood
            what to do     install findutils or busybox there, or compare an archive of it
      -     folder         not tried
      -     git            not tried
      -     reading        not tried

    far cannot be read in full
    ");
}

#[test]
fn what_may_not_be_read_far_away() {
    let env = folder();
    env.write("app/private/x", "x");
    env.write("closed/x", "x");
    let mode = |path: &str, mode| fs::set_permissions(env.path(path), fs::Permissions::from_mode(mode)).unwrap();
    mode("", 0o755);
    mode("app/private", 0o000);
    mode("closed", 0o000);
    let nobody = "setpriv --reuid 65534 --regid 65534 --clear-groups -- sh -c \"$SSH_ORIGINAL_COMMAND\"";
    let is_root = rustix::process::geteuid().is_root();
    let force = is_root.then(|| nobody.to_owned());
    let servers = Servers::start(&[("far", Kind { force, ..Kind::default() })]);
    insta::assert_snapshot!(ill(far(&env, &servers, &[]), &env, Some(&servers)), @r"
      FAIL  reading        1 folder of 3 entries may not be read: `private`
            what to do     leave it out with `ignore`, or let [USER] read it, as its owner or as root; type there:
                           setfacl -R -m u:[USER]:rX -- [ROOT]/app/private

    far cannot be read in full
    ");
    let closed = format!("far=far:{}", env.path("closed").display());
    insta::assert_snapshot!(ill(over(&env, &servers, &closed, &[]), &env, Some(&servers)), @r"
      FAIL  folder         cannot read `[ROOT]/closed`: permission denied
            what to do     let [USER] read it, as its owner or as root; type there:
                           setfacl -R -m u:[USER]:rX -- [ROOT]/closed
      -     git            not tried
      -     reading        not tried

    far cannot be read in full
    ");
    mode("app/private", 0o755);
    mode("closed", 0o755);
}
