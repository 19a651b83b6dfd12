//! `driftline collect`: the far side of an environment on this machine that another driftline reads.

use std::io;

use crate::cli::args::{Algorithm, CollectArguments, Wish};
use crate::cli::exit::Exit;
use crate::cli::failure::Failure;
use crate::cli::output;
use crate::collect::{Asked, PROTOCOL, serve};
use crate::snapshot::Algorithms;

/// Answers on stdout; `ignore` are gitignore rules.
pub(crate) fn run(arguments: &CollectArguments, ignore: Vec<String>) -> Result<Exit, Failure> {
    let none = Algorithms::default();
    let asked = match (arguments.wish, arguments.algorithm) {
        _ if arguments.protocol => {
            output::data(|out| writeln!(out, "{PROTOCOL}"))?;
            return Ok(Exit::InSync);
        }
        (None, _) => return Err(Failure::new("this command is for another driftline, which asks by itself")),
        (Some(Wish::List), _) => Asked::List { ignore },
        (Some(Wish::Fold), _) => Asked::Folds,
        (Some(Wish::Contents), _) => Asked::Contents,
        (Some(Wish::Digest), Algorithm::Blake3) => Asked::Digests(Algorithms { blake3: true, ..none }),
        (Some(Wish::Digest), Algorithm::Git) => Asked::Digests(Algorithms { git_blob: true, ..none }),
        (Some(Wish::Digest), Algorithm::Sha256) => Asked::Digests(Algorithms { sha256: true, ..none }),
    };
    let mut out = io::BufWriter::with_capacity(64 * 1024, io::stdout());
    serve(&asked, &arguments.nonce, &mut io::stdin().lock(), &mut out)?;
    Ok(Exit::InSync)
}
