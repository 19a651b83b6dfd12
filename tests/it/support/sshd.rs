//! Real `sshd` processes on the loopback interface: each with its own configuration, host key and port, for as long as it is held.

use std::cell::RefCell;
use std::fmt::Write as _;
use std::fs;
use std::net::{TcpListener, TcpStream};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use driftline::config::{SourceSpec, SshPlace};
use tempfile::TempDir;

/// What a server is like.
#[derive(Debug, Clone, Default)]
pub(crate) struct Kind {
    /// The PATH of those who log in; that of the system's own tools when `None`.
    pub(crate) path: Option<PathBuf>,
    /// A shell command that takes the place of what was asked for, which is in `SSH_ORIGINAL_COMMAND`.
    pub(crate) force: Option<String>,
    /// Its `MaxStartups`, when it is to be a small one.
    pub(crate) startups: Option<&'static str>,
}

/// Servers, and a client configuration that has an alias for each of them.
pub(crate) struct Servers {
    folder: TempDir,
    daemons: Vec<Daemon>,
}

struct Daemon {
    alias: String,
    port: u16,
    child: Child,
}

impl Servers {
    /// Starts a server for each alias.
    pub(crate) fn start(aliases: &[(&str, Kind)]) -> Self {
        // A socket's name has to fit into some hundred bytes.
        let folder = tempfile::Builder::new().prefix("driftline-ssh-").tempdir_in("/tmp").unwrap();
        if rustix::process::geteuid().is_root() {
            // The service's own start script makes it; here there is no service.
            fs::create_dir_all("/run/sshd").unwrap();
        }
        keygen(&folder.path().join("client"));
        let mut servers = Self { folder, daemons: Vec::new() };
        for (alias, kind) in aliases {
            let daemon = servers.daemon(alias, kind);
            servers.daemons.push(daemon);
        }
        servers.write_client();
        servers
    }

    /// The configuration to hand to `ssh -F`.
    pub(crate) fn config(&self) -> PathBuf {
        self.folder.path().join("ssh_config")
    }

    /// A folder, as it is reached over one of the servers.
    pub(crate) fn spec(&self, alias: &str, path: &Path) -> SourceSpec {
        let place = SshPlace { user: None, host: alias.to_owned(), port: None, config: Some(self.config()) };
        SourceSpec::Ssh { place, path: path.to_owned(), rate: None, depth: None }
    }

    /// Adds a line to what the client knows of an alias; the first word counts that is said.
    pub(crate) fn configure(&self, alias: &str, line: &str) {
        let text = fs::read_to_string(self.config()).unwrap();
        fs::write(self.config(), format!("Host {alias}\n    {line}\n{text}")).unwrap();
    }

    /// Leads an alias through another port. Its name in the file of known keys stays.
    pub(crate) fn detour(&self, alias: &str, through: impl FnOnce(u16) -> u16) {
        let daemon = self.daemons.iter().find(|daemon| daemon.alias == alias).unwrap();
        let port = through(daemon.port);
        self.configure(alias, &format!("Port {port}\n    HostKeyAlias [127.0.0.1]:{}", daemon.port));
    }

    /// The file of keys that the client knows.
    pub(crate) fn known_hosts(&self) -> PathBuf {
        self.folder.path().join("known_hosts")
    }

    /// What the client would be let in with.
    pub(crate) fn authorized_keys(&self) -> PathBuf {
        self.folder.path().join("client.pub")
    }

    /// The ports on which they listen, or did.
    pub(crate) fn ports(&self) -> Vec<u16> {
        self.daemons.iter().map(|daemon| daemon.port).collect()
    }

    /// Stops one of them; its port is closed then.
    pub(crate) fn stop(&mut self, alias: &str) {
        self.daemons.retain_mut(|daemon| daemon.alias != alias);
    }

    /// Closes the port of one of them, and still knows it.
    pub(crate) fn refuse(&mut self, alias: &str) {
        for daemon in self.daemons.iter_mut().filter(|daemon| daemon.alias == alias) {
            let _ = daemon.child.kill();
            let _ = daemon.child.wait();
        }
    }

    fn daemon(&self, alias: &str, kind: &Kind) -> Daemon {
        let at = |name: &str| self.folder.path().join(format!("{alias}-{name}"));
        keygen(&at("host_key"));
        let home = at("home");
        fs::create_dir(&home).unwrap();
        for _ in 0..5 {
            let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
            let path = kind.path.as_deref().unwrap_or(Path::new("/usr/bin:/bin")).display();
            let force = kind.force.as_ref().map(|force| format!("ForceCommand {force}\n")).unwrap_or_default();
            let startups = kind.startups.unwrap_or("200");
            let config = format!(
                "Port {port}\nListenAddress 127.0.0.1\nHostKey {}\nPidFile none\nAuthorizedKeysFile {}\nStrictModes no\n\
                 UsePAM no\nPasswordAuthentication no\nKbdInteractiveAuthentication no\nPermitRootLogin yes\nPrintMotd no\n\
                 SetEnv HOME={} PATH={path}\nMaxStartups {startups}\n{force}",
                at("host_key").display(),
                self.authorized_keys().display(),
                home.display(),
            );
            fs::write(at("sshd_config"), config).unwrap();
            let mut child = Command::new(sshd())
                .args(["-D", "-e", "-f"])
                .arg(at("sshd_config"))
                .stdin(Stdio::null())
                .stdout(Stdio::null())
                .stderr(fs::File::create(at("log")).unwrap())
                .spawn()
                .expect("`sshd` runs tests of remote environments");
            let until = Instant::now() + Duration::from_secs(10);
            while Instant::now() < until {
                if child.try_wait().unwrap().is_some() {
                    break;
                }
                if TcpStream::connect(("127.0.0.1", port)).is_ok() {
                    return Daemon { alias: alias.to_owned(), port, child };
                }
                std::thread::sleep(Duration::from_millis(5));
            }
            let _ = child.kill();
            let _ = child.wait();
        }
        panic!("sshd does not start: {}", fs::read_to_string(at("log")).unwrap_or_default());
    }

    fn write_client(&self) {
        let user = uzers_name();
        let mut config = String::new();
        let mut known = String::new();
        for daemon in &self.daemons {
            let (alias, port) = (&daemon.alias, daemon.port);
            let key = fs::read_to_string(self.folder.path().join(format!("{alias}-host_key.pub"))).unwrap();
            writeln!(known, "[127.0.0.1]:{port} {}", key.trim()).unwrap();
            writeln!(config, "Host {alias}\n    HostName 127.0.0.1\n    Port {port}\n    User {user}").unwrap();
        }
        let key = self.folder.path().join("client");
        write!(
            config,
            "Host *\n    IdentityFile {}\n    IdentitiesOnly yes\n    UserKnownHostsFile {}\n    GlobalKnownHostsFile /dev/null\n",
            key.display(),
            self.known_hosts().display()
        )
        .unwrap();
        fs::write(self.config(), config).unwrap();
        fs::write(self.known_hosts(), known).unwrap();
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

thread_local! {
    /// For as long as the test runs that started it.
    static HELD: RefCell<Vec<Servers>> = const { RefCell::new(Vec::new()) };
}

/// A folder over a server that lives as long as the test.
pub(crate) fn held(kind: Kind, path: &Path) -> SourceSpec {
    let servers = Servers::start(&[("far", kind)]);
    let spec = servers.spec("far", path);
    HELD.with_borrow_mut(|held| held.push(servers));
    spec
}

/// A folder of links to busybox, one for each of its applets: all the tools that there are.
pub(crate) fn busybox() -> PathBuf {
    static FOLDER: std::sync::OnceLock<PathBuf> = std::sync::OnceLock::new();
    let make = || {
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("busybox");
        if !folder.join("sh").exists() {
            // Made aside and renamed: another process may be making it too.
            let new = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap().keep();
            let installed = Command::new("busybox").args(["--install", "-s"]).arg(&new).status();
            assert!(installed.expect("`busybox` is the far side of some tests").success());
            fs::set_permissions(&new, fs::Permissions::from_mode(0o755)).unwrap();
            if fs::rename(&new, &folder).is_err() {
                fs::remove_dir_all(&new).unwrap();
            }
        }
        folder
    };
    FOLDER.get_or_init(make).clone()
}

/// A PATH of the system's own tools, with driftline itself before them.
pub(crate) fn with_driftline() -> PathBuf {
    static FOLDER: std::sync::OnceLock<PathBuf> = std::sync::OnceLock::new();
    let folder = FOLDER.get_or_init(|| {
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("installed");
        fs::create_dir_all(&folder).unwrap();
        // Made aside and renamed: another process may be making it too.
        let new = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
        let link = new.path().join("driftline");
        std::os::unix::fs::symlink(env!("CARGO_BIN_EXE_driftline"), &link).unwrap();
        fs::rename(&link, folder.join("driftline")).unwrap();
        folder
    });
    PathBuf::from(format!("{}:/usr/bin:/bin", folder.display()))
}

fn sshd() -> PathBuf {
    // It insists on an absolute path, and is not in everybody's PATH.
    let paths = std::env::var_os("PATH").unwrap_or_default();
    let folders = std::env::split_paths(&paths).chain(["/usr/sbin".into(), "/usr/local/sbin".into()]);
    folders
        .map(|folder| folder.join("sshd"))
        .find(|path| path.exists())
        .expect("`sshd` runs tests of remote environments")
}

fn keygen(file: &Path) {
    let status = Command::new("ssh-keygen")
        .args(["-q", "-t", "ed25519", "-N", "", "-C", "test", "-f"])
        .arg(file)
        .status()
        .expect("`ssh-keygen` makes keys for tests");
    assert!(status.success());
}

/// The login name of whoever runs the tests.
pub(crate) fn uzers_name() -> String {
    let output = Command::new("id").arg("-un").output().unwrap();
    String::from_utf8(output.stdout).unwrap().trim().to_owned()
}
