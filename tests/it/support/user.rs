//! Runs a test a second time as an ordinary user, where permissions are the point.

use std::path::Path;
use std::process::Command;

/// Set in a test that runs as an ordinary user below the one that started it.
const MARK: &str = "DRIFTLINE_TEST_AS_ORDINARY_USER";

/// Runs `check` as an ordinary user: at once when this process is one; otherwise by starting the test of this name again as
/// `nobody`. It fails, and does not pass by, when that is impossible.
pub(crate) fn as_ordinary_user(test: &str, check: impl FnOnce()) {
    if !rustix::process::geteuid().is_root() {
        check();
        return;
    }
    assert!(std::env::var_os(MARK).is_none(), "still root after changing the user");
    // The test binary may lie where nobody may look.
    let folder = tempfile::Builder::new().prefix("driftline-user-").tempdir().unwrap();
    open_to_all(folder.path());
    let binary = folder.path().join("it");
    // Written by another process: what this one holds open for writing, a child of another test may hold a moment longer, and then nobody may
    // execute it.
    let copied = Command::new("cp").arg(std::env::current_exe().unwrap()).arg(&binary).status().unwrap();
    assert!(copied.success(), "cannot copy the test binary");
    let output = Command::new("setpriv")
        .args(["--reuid", "65534", "--regid", "65534", "--clear-groups", "--"])
        .arg(&binary)
        .args(["--exact", test, "--nocapture"])
        .env(MARK, "1")
        .env("TMPDIR", "/tmp")
        .current_dir(folder.path())
        .output()
        .expect("`setpriv` runs tests as an ordinary user");
    let said = format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success() && said.contains("1 passed"), "as an ordinary user:\n{said}");
}

fn open_to_all(folder: &Path) {
    use std::os::unix::fs::PermissionsExt;
    std::fs::set_permissions(folder, std::fs::Permissions::from_mode(0o755)).unwrap();
}
