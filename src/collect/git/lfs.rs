//! Files under git LFS, judged without it: the pointer in the repository names length and SHA-256 of the real file.

use super::checkout::{Checkout, Tracked};
use super::fault::GitFault;
use super::objects::oid;
use crate::snapshot::ReadFailure;

/// What a pointer says.
#[derive(Debug, PartialEq, Eq)]
struct Pointer {
    sha256: [u8; 32],
    size: u64,
}

/// Pointers are short by their specification.
const LONGEST_POINTER: u64 = 1024;
/// Larger files are not read whole to be judged.
const LARGEST: u64 = 1 << 30;

/// Whether a file is the one that its pointer names, or the pointer itself; otherwise why that cannot be said.
pub(super) fn is_same(checkout: &Checkout<'_>, path: &Tracked, at: usize, size: u64) -> Result<bool, String> {
    let (blob, pointer) = pointer(checkout, path)?;
    let Some(pointer) = pointer else {
        return Err(
            "it is under git LFS and was committed without it; the filter would have to run to judge it".to_owned()
        );
    };
    let hasher = checkout.around.hasher;
    let words = |failure: ReadFailure| failure.to_string();
    // A file that was never fetched is its pointer.
    if size == blob && hasher.raw(at).map_err(words)? == path.entry.id {
        return Ok(true);
    }
    if size != pointer.size {
        return Ok(false);
    }
    Ok(hasher.sha256(at, LARGEST).map_err(words)? == pointer.sha256)
}

/// The length of the real file; `None` when there is no pointer.
pub(super) fn size(checkout: &Checkout<'_>, path: &Tracked) -> Option<u64> {
    pointer(checkout, path).ok()?.1.map(|pointer| pointer.size)
}

/// The length of the blob of a tracked path, and what it points to.
fn pointer(checkout: &Checkout<'_>, path: &Tracked) -> Result<(u64, Option<Pointer>), String> {
    let objects = &checkout.repo.objects;
    let id = oid(&path.entry.id);
    let words = |fault: GitFault| fault.to_string();
    let size = objects.blob_size(id).map_err(words)?;
    let blob = if size <= LONGEST_POINTER { objects.blob(id).map_err(words)? } else { Vec::new() };
    Ok((size, parse(&blob)))
}

fn parse(blob: &[u8]) -> Option<Pointer> {
    let text = std::str::from_utf8(blob).ok()?;
    let mut lines = text.lines();
    lines.next().filter(|line| *line == "version https://git-lfs.github.com/spec/v1")?;
    let (mut sha256, mut size) = (None, None);
    for line in lines {
        match line.split_once(' ')? {
            ("oid", value) => sha256 = Some(parse_hex(value.strip_prefix("sha256:")?)?),
            ("size", value) => size = Some(value.parse().ok()?),
            _ => {}
        }
    }
    Some(Pointer { sha256: sha256?, size: size? })
}

fn parse_hex(digits: &str) -> Option<[u8; 32]> {
    let digits = digits.as_bytes();
    let mut bytes = [0; 32];
    if digits.len() != 64 {
        return None;
    }
    for (byte, pair) in bytes.iter_mut().zip(digits.as_chunks::<2>().0) {
        *byte = u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok()?;
    }
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pointer_is_recognised_and_nothing_else() {
        let good = format!("version https://git-lfs.github.com/spec/v1\noid sha256:{}\nsize 12\n", "ab".repeat(32));
        assert_eq!(parse(good.as_bytes()), Some(Pointer { sha256: [0xab; 32], size: 12 }));
        for bad in [&good.replace("ab", "a"), &good.replace("version", "x"), "", &good.replace("12", "-1")] {
            assert_eq!(parse(bad.as_bytes()), None, "{bad}");
        }
    }
}
