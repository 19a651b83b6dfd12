//! The script that runs on the far side, with the lines that say what it is to do.

use std::collections::hash_map::RandomState;
use std::hash::{BuildHasher as _, Hasher as _};
use std::os::unix::ffi::OsStrExt as _;
use std::path::Path;
use std::time::Duration;

use super::PROTOCOL;
use super::listing::LeftOut;

const SCRIPT: &str = include_str!("script.sh");

/// What the script is asked to do.
#[derive(Debug, Clone, Copy)]
pub(super) enum Mode<'a> {
    List {
        left_out: &'a LeftOut,
    },
    Digest {
        algorithm: &'static str,
    },
    /// What folding the texts would leave.
    Fold,
    Contents,
    /// Contents of files of a repository, by any path.
    Raw,
}

impl Mode<'_> {
    /// How many files one process of the far side takes at a time. Where it says little of each, what costs is the process; contents are
    /// held until all of a batch have come.
    pub(super) fn batch(self) -> usize {
        match self {
            Self::List { .. } | Self::Digest { .. } | Self::Fold => 1024,
            Self::Contents | Self::Raw => 64,
        }
    }
}

/// What is asked in one go.
#[derive(Debug, Clone, Copy)]
pub(super) struct Order<'a> {
    pub(super) mode: Mode<'a>,
    /// So many files are taken at a time there.
    pub(super) batch: usize,
    /// Whether files are looked at before they are read, besides afterwards.
    pub(super) looks_twice: bool,
    /// How long the paths are that are sent.
    pub(super) bytes: usize,
}

impl Order<'_> {
    /// The words of the script for it: mode, algorithm or nothing, looks.
    fn words(&self) -> (&'static str, &'static str, &'static str) {
        let (mode, algorithm) = match self.mode {
            Mode::List { .. } => ("list", ""),
            Mode::Digest { algorithm } => ("digest", algorithm),
            Mode::Fold => ("fold", ""),
            Mode::Contents => ("contents", ""),
            Mode::Raw => ("contents", "git"),
        };
        (mode, algorithm, if self.looks_twice { "twice" } else { "once" })
    }

    /// The line that asks it of a script that stays. It lists no more.
    pub(super) fn line(&self, nonce: &str) -> Vec<u8> {
        let (mode, algorithm, look) = self.words();
        let algorithm = if algorithm.is_empty() { "-" } else { algorithm };
        format!("{nonce} {mode} {algorithm} {} {look} {}\n", self.batch, self.bytes).into_bytes()
    }
}

/// The script for a folder, and what it is asked first; whether it may `stay` for more.
pub(super) fn script(nonce: &str, root: &Path, order: &Order<'_>, stay: bool) -> Vec<u8> {
    let nothing = LeftOut::default();
    let (mode, algorithm, look) = order.words();
    let left_out = if let Mode::List { left_out } = order.mode { left_out } else { &nothing };
    let LeftOut { find, driftline } = left_out;
    let Order { batch, bytes, .. } = order;
    let stay = if stay { "yes" } else { "no" };
    let mut script = Vec::with_capacity(SCRIPT.len() + 512);
    script.extend_from_slice(b"ROOT=");
    script.extend_from_slice(&quoted(root.as_os_str().as_bytes()));
    let rest = format!(
        "\nN='{nonce}'\nMODE='{mode}'\nPRUNE='{find}'\nLEAVE='{driftline}'\nALGORITHM='{algorithm}'\nBATCH='{batch}'\n\
         LOOK='{look}'\nBYTES='{bytes}'\nSTAY='{stay}'\nPROTOCOL='{PROTOCOL}'\n"
    );
    script.extend_from_slice(rest.as_bytes());
    script.extend_from_slice(SCRIPT.as_bytes());
    script
}

/// A word of a shell script that stands for these bytes.
pub(super) fn quoted(bytes: &[u8]) -> Vec<u8> {
    let mut word = vec![b'\''];
    for &byte in bytes {
        match byte {
            b'\'' => word.extend_from_slice(br"'\''"),
            byte => word.push(byte),
        }
    }
    word.push(b'\'');
    word
}

/// A word that nothing on the far side can know beforehand: from the random keys that the standard library takes from the system.
pub(super) fn nonce() -> String {
    format!("{:016x}{:016x}", random(), random())
}

fn random() -> u64 {
    RandomState::new().build_hasher().finish()
}

/// Somewhere between half of it and all of it, so that those who were turned away together do not come back together.
pub(super) fn jitter(pause: Duration) -> Duration {
    pause / 2 + pause.mul_f64((random() % 1024) as f64 / 2048.0)
}
