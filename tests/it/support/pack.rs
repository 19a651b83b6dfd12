//! Trees as archives and as snapshots, made by the programs that people make them with.

use std::path::{Path, PathBuf};
use std::process::Command;

use driftline::config::SourceSpec;

use crate::support::tree::Tree;

/// A tar beside the tree, packed as its ending says.
pub(crate) fn tar(tree: &Tree, ending: &str) -> SourceSpec {
    tar_of(tree, ending, &[])
}

/// The same with further arguments.
pub(crate) fn tar_of(tree: &Tree, ending: &str, arguments: &[&str]) -> SourceSpec {
    SourceSpec::Archive { path: tar_file(tree.root(), ending, arguments), strip: 0 }
}

/// Packs a folder beside itself.
pub(crate) fn tar_file(folder: &Path, ending: &str, arguments: &[&str]) -> PathBuf {
    let file = folder.with_extension(ending);
    run(Command::new("tar")
        .arg("--auto-compress")
        .args(arguments)
        .arg("-cf")
        .arg(&file)
        .arg("-C")
        .arg(folder)
        .arg("."));
    file
}

/// A zip beside the tree.
pub(crate) fn zip(tree: &Tree) -> SourceSpec {
    SourceSpec::Archive { path: zip_file(tree.root()), strip: 0 }
}

/// Packs a folder beside itself.
pub(crate) fn zip_file(folder: &Path) -> PathBuf {
    let file = folder.with_extension("zip");
    let _ = std::fs::remove_file(&file);
    if std::fs::read_dir(folder).unwrap().next().is_none() {
        // `zip` refuses to make an archive of nothing; this is one.
        std::fs::write(&file, [&b"PK\x05\x06"[..], &[0; 18]].concat()).unwrap();
    } else {
        run(Command::new("zip").args(["-q", "-r", "-y"]).arg(&file).arg(".").current_dir(folder));
    }
    file
}

/// A snapshot beside the tree.
pub(crate) fn snapshot(tree: &Tree) -> SourceSpec {
    let path = tree.root().with_extension("ndjson.zst");
    let source = [b"e0=", tree.root().as_os_str().as_encoded_bytes()].concat();
    let mut command = Command::new(env!("CARGO_BIN_EXE_driftline"));
    command.args(["snapshot", "--no-state", "--host", "host", "-o"]).arg(&path);
    command.arg(<std::ffi::OsStr as std::os::unix::ffi::OsStrExt>::from_bytes(&source));
    run(command.current_dir(tree.root().parent().unwrap()));
    SourceSpec::Snapshot { path }
}

fn run(command: &mut Command) {
    let output = command.output().unwrap_or_else(|error| panic!("{command:?}: {error}"));
    assert!(output.status.success(), "{command:?}: {output:?}");
}
