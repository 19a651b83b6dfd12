//! The story of `oncalls`: what happened on each of its three servers.

use std::path::{Path, PathBuf};

use git2::Oid;

use super::repository::{Builder, Person, Remote};
use super::tree::{Leaf, Tree, settle};
use super::{DemoError, Variant, files, filler};

/// How many files prod holds.
const PROD_FILES: usize = 9_150;
/// How many files the commit of debug's work touches.
const SYNC_FILES: usize = 211;
/// How many changes debug has before that.
const CHANGES: usize = 53;

const AUTHOR: Person = Person { name: "Ada Example", email: "ada@example.org" };
const OPERATOR: Person = Person { name: "Root Example", email: "root@example.org" };

const URL: &str = "ssh://git@git.example.org/oncalls.git";

// All at 09:00 UTC.
const LEGACY: u64 = 1_620_032_400; // 2021-05-03
const IMPORTED: u64 = 1_709_542_800; // 2024-03-04
const RESTORE: u64 = 1_718_010_000; // 2024-06-10
const TESTED: u64 = 1_725_267_600; // 2024-09-02
const PROD_DEPLOYED: u64 = 1_729_069_200; // 2024-10-16
const UNPUSHED: u64 = 1_755_594_000; // 2025-08-19
const EDITED: u64 = 1_755_766_800; // 2025-08-21
const BCRYPT: u64 = 1_762_938_000; // 2025-11-12
const V3: u64 = 1_764_579_600; // 2025-12-01
const HOTFIX: u64 = 1_764_752_400; // 2025-12-03
const LAST: u64 = 1_766_134_800; // 2025-12-19
const HOUR: u64 = 3_600;

const MEMBERS: &str = "backend/app/services/MemberService.py";
const RESTORE_SCRIPT: &str = "backend/scripts/db_restore.sh";
const BACKUP_SCRIPT: &str = "backend/scripts/db_backup.sh";
const SETTINGS: &str = "backend/.env";
const FIRST_TEST: &str = "backend/tests/test_members.py";

/// Lays out all environments and gives their names and roots.
pub(super) fn write(folder: &Path, variant: Variant) -> Result<Vec<(&'static str, PathBuf)>, DemoError> {
    let root = |name| folder.join(name);
    let shared = shared();
    write_prod(&root("prod"), &shared, variant)?;
    let (staging, cloned) = write_staging(&root("staging"), &shared)?;
    write_debug(&root("debug"), &shared, &staging, cloned, variant)?;
    Ok(["prod", "staging", "debug"].map(|name| (name, root(name))).to_vec())
}

/// Writes the configuration that describes them.
pub(super) fn write_config(path: &Path) -> Result<(), DemoError> {
    let leaf = Leaf { bytes: files::CONFIG.as_bytes().into(), mode: 0o644, modified: LAST };
    leaf.write(path).map_err(|source| DemoError::Write { path: path.to_owned(), source })
}

fn write_prod(root: &Path, shared: &Tree, variant: Variant) -> Result<(), DemoError> {
    let prod = prod(shared);
    prod.write(root)?;
    if variant == Variant::After {
        let (mut builder, head) =
            Builder::new(root)?.pack(&[(OPERATOR.at(LAST), "Everything that runs on prod\n", &prod)])?;
        builder.point(head, None)?;
        builder.stage(&prod, &prod)?;
    }
    settle(root, LAST)
}

/// Gives the repository, and the last commit that debug has too.
fn write_staging(root: &Path, shared: &Tree) -> Result<(Builder, Oid), DemoError> {
    let mut without_test = shared.clone();
    without_test.remove(FIRST_TEST);
    let mut without_restore = without_test.clone();
    without_restore.remove(RESTORE_SCRIPT);
    let mut hashed = shared.clone().at(BCRYPT);
    hashed.add_all(files::BCRYPT);
    let mut third = hashed.clone().at(V3);
    third.add_all(files::V3);
    let mut on_disk = third.clone();
    on_disk.add_all(files::STAGING_LOCAL);
    on_disk.set_mode(SETTINGS, 0o640);

    on_disk.write(root)?;
    let (mut builder, cloned) = Builder::new(root)?.pack(&[
        (AUTHOR.at(IMPORTED), "Import the roster\n", &without_restore),
        (OPERATOR.at(RESTORE), "Restore the database from a backup\n", &without_test),
        (AUTHOR.at(TESTED), "Test what a member needs\n", shared),
    ])?;
    let bcrypt = builder.commit(AUTHOR.at(BCRYPT), "Hash passwords with bcrypt\n", &hashed, cloned)?;
    let head = builder.commit(AUTHOR.at(V3), "Begin the V3 front end\n", &third, bcrypt)?;
    builder.point(head, Some(Remote { url: URL, head }))?;
    builder.stage(&third, &on_disk)?;
    settle(root, V3 + HOUR)?;
    Ok((builder, cloned))
}

fn write_debug(root: &Path, shared: &Tree, staging: &Builder, cloned: Oid, variant: Variant) -> Result<(), DemoError> {
    let mut logged = shared.clone().at(UNPUSHED);
    logged.add_all(files::UNPUSHED);
    let mut staged = logged.clone().at(EDITED);
    stage_changes(&mut staged);
    let mut work = staged.clone();
    change_files(&mut work);
    if variant == Variant::After {
        filler::build_output(&mut work, SYNC_FILES - CHANGES);
    }
    let mut on_disk = work.clone();
    on_disk.add_all(files::DEBUG_LOCAL);
    on_disk.set_mode(SETTINGS, 0o640);

    on_disk.write(root)?;
    let mut builder = staging.with_packs(root)?;
    let unpushed = builder.commit(AUTHOR.at(UNPUSHED), "Log slow schedule queries\n", &logged, cloned)?;
    let remote = Some(Remote { url: URL, head: cloned });
    match variant {
        Variant::Before => {
            builder.point(unpushed, remote)?;
            builder.stage(&staged, &on_disk)?;
        }
        Variant::After => {
            let head = builder.commit(OPERATOR.at(LAST), "Sync debug server state\n", &work, unpushed)?;
            builder.point(head, remote)?;
            builder.stage(&work, &on_disk)?;
        }
    }
    settle(root, EDITED + HOUR)
}

/// What all three came from.
fn shared() -> Tree {
    let mut tree = Tree::default().at(TESTED);
    tree.add_all(&[files::GITIGNORE]);
    tree.add_all(files::SHARED);
    for script in files::SCRIPTS {
        tree.set_mode(script, 0o755);
    }
    filler::shared(&mut tree);
    tree
}

/// Deployed by hand from a desktop, then edited in place.
fn prod(shared: &Tree) -> Tree {
    let mut tree = shared.clone().at(PROD_DEPLOYED);
    tree.remove(files::GITIGNORE.0);
    tree.remove_folder("frontend");
    tree.touch_all();
    for n in 1..=filler::VIEWS {
        tree.edit(&filler::view(n), with_crlf);
    }
    tree.set_mode(RESTORE_SCRIPT, 0o644);
    let mut tree = tree.at(LEGACY);
    filler::legacy(&mut tree);
    let mut tree = tree.at(HOTFIX);
    tree.add_all(files::PROD);
    tree.set_mode(SETTINGS, 0o640);
    let mut tree = tree.at(PROD_DEPLOYED);
    let others = tree.len();
    filler::packages(&mut tree, PROD_FILES - others);
    tree.rename_folder("backend", "oncall_backend");
    tree.rename_folder("oncallsreact", "oncalls_react");
    tree
}

/// 8 changes.
fn stage_changes(tree: &mut Tree) {
    tree.add_all(files::STAGED);
    for n in 101..=106 {
        tree.edit(&filler::component(n), |text| appended(text, "// the order is the roster's\n"));
    }
}

/// 24 changes of files that git knows, 21 files that it does not know.
fn change_files(tree: &mut Tree) {
    tree.add_all(files::UNSTAGED);
    tree.set_mode(BACKUP_SCRIPT, 0o644);
    tree.remove(&filler::locale(7));
    for n in 21..=28 {
        tree.edit(&filler::report(n), |text| appended(text, "\n\nDEBUG = True\n"));
    }
    for n in 211..=220 {
        tree.edit(&filler::component(n), |text| appended(text, "// console.log(items);\n"));
    }

    if let Some(prod_version) = files::SHARED.iter().find(|(path, _)| *path == MEMBERS) {
        tree.add(&format!("{MEMBERS}.original"), prod_version.1);
    }
    tree.add_all(files::UNTRACKED);
    filler::roster_dumps(tree, 18);
}

fn with_crlf(text: &[u8]) -> Vec<u8> {
    text.iter()
        .flat_map(|byte| if *byte == b'\n' { &b"\r\n"[..] } else { std::slice::from_ref(byte) })
        .copied()
        .collect()
}

fn appended(text: &[u8], more: &str) -> Vec<u8> {
    [text, more.as_bytes()].concat()
}
