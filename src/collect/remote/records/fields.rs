//! The fields of records.

use super::{Kind, Look, Record, Refusal, Stop};
use crate::collect::far::FarFold;
use crate::snapshot::{TextFold, Timestamp};

/// `mode|size|modified|changed|uid|gid|device|inode|user|group`, the mode in hexadecimal.
pub(super) fn stat_line(path: Vec<u8>, readable: bool, line: &[u8]) -> Option<Record> {
    let mut parts = line.splitn(10, |&byte| byte == b'|');
    let mut next = || parts.next();
    let mode = u32::from_str_radix(std::str::from_utf8(next()?).ok()?, 16).ok()?;
    let size = number(next()?).ok()?;
    let (modified, changed) = (time(next()?)?, time(next()?)?);
    let (uid, gid) = (number(next()?).ok()? as u32, number(next()?).ok()? as u32);
    let (device, inode) = (number(next()?).ok()?, number(next()?).ok()?);
    let (user, group) = (next()?.to_vec(), next()?.to_vec());
    let kind = match mode & 0o17_0000 {
        0o10_0000 => Kind::File,
        0o4_0000 => Kind::Directory,
        0o12_0000 => Kind::Symlink,
        0o1_0000 => Kind::Fifo,
        0o14_0000 => Kind::Socket,
        0o6_0000 => Kind::BlockDevice,
        0o2_0000 => Kind::CharacterDevice,
        _ => Kind::Other,
    };
    let look = Look { device, inode, size, modified, changed };
    Some(Record { path, kind, mode: mode & 0o7777, uid, gid, user, group, look, target: None, readable, trouble: None })
}

/// `device|inode|size|modified|changed`, or `?` for what is not there.
pub(super) fn look(line: &[u8]) -> Result<Option<Look>, Stop> {
    if line == b"?" {
        return Ok(None);
    }
    let parts: Vec<&[u8]> = line.split(|&byte| byte == b'|').collect();
    let [device, inode, size, modified, changed] = parts[..] else { return Err(Stop::Garbled) };
    Ok(Some(Look {
        device: number(device)?,
        inode: number(inode)?,
        size: number(size)?,
        modified: time(modified).ok_or(Stop::Garbled)?,
        changed: time(changed).ok_or(Stop::Garbled)?,
    }))
}

/// A line of a digest tool, perhaps with the backslash that marks a name with odd bytes; or why there is none.
pub(in crate::collect::remote) fn digest<const N: usize>(line: &[u8]) -> Result<Result<[u8; N], Refusal>, Stop> {
    if let [b'?', word @ ..] = line {
        return Ok(Err(refusal(word)?));
    }
    let line = line.strip_prefix(b"\\").unwrap_or(line);
    let digits = line.get(..2 * N).filter(|_| line.get(2 * N).is_none_or(|byte| !byte.is_ascii_hexdigit()));
    Ok(Ok(hex(digits.ok_or(Stop::Garbled)?)?))
}

/// What folding a text leaves: `0` all of it, whatever it is; another number perhaps less; `b` that it is no text; or `t`, whether it has a
/// byte-order mark, whether it has CR LF, and both digests; or why nothing is said.
pub(in crate::collect::remote) fn fold(line: &[u8]) -> Result<Result<FarFold, Refusal>, Stop> {
    if let [b'?', word @ ..] = line {
        return Ok(Err(refusal(word)?));
    }
    let words: Vec<&[u8]> = line.split(|&byte| byte == b' ').collect();
    let is_so = |word: &[u8]| match word {
        b"1" => Ok(true),
        b"0" => Ok(false),
        _ => Err(Stop::Garbled),
    };
    Ok(Ok(match words[..] {
        [b"b"] => FarFold::Binary,
        [b"t", has_bom, has_crlf, plain, trimmed] => FarFold::Text(TextFold {
            has_bom: is_so(has_bom)?,
            has_crlf: is_so(has_crlf)?,
            plain: hex(plain)?,
            trimmed: hex(trimmed)?,
        }),
        [count] if number(count)? == 0 => FarFold::Whole,
        [_] => FarFold::Foldable,
        _ => return Err(Stop::Garbled),
    }))
}

fn hex<const N: usize>(digits: &[u8]) -> Result<[u8; N], Stop> {
    let mut bytes = [0; N];
    if digits.len() != 2 * N {
        return Err(Stop::Garbled);
    }
    for (byte, pair) in bytes.iter_mut().zip(digits.chunks(2)) {
        *byte = u8::from_str_radix(text(pair)?, 16).map_err(|_| Stop::Garbled)?;
    }
    Ok(bytes)
}

pub(super) fn refusal(word: &[u8]) -> Result<Refusal, Stop> {
    match word {
        b"gone" => Ok(Refusal::Gone),
        b"denied" => Ok(Refusal::Denied),
        b"failed" => Ok(Refusal::Failed),
        _ => Err(Stop::Garbled),
    }
}

pub(super) fn kind_of_letter(letter: &[u8]) -> Option<Kind> {
    Some(match letter {
        b"f" => Kind::File,
        b"d" => Kind::Directory,
        b"l" => Kind::Symlink,
        b"p" => Kind::Fifo,
        b"s" => Kind::Socket,
        b"b" => Kind::BlockDevice,
        b"c" => Kind::CharacterDevice,
        [_] => Kind::Other,
        _ => return None,
    })
}

pub(super) fn text(bytes: &[u8]) -> Result<&str, Stop> {
    std::str::from_utf8(bytes).map_err(|_| Stop::Garbled)
}

pub(super) fn number(bytes: &[u8]) -> Result<u64, Stop> {
    text(bytes)?.parse().map_err(|_| Stop::Garbled)
}

/// Seconds, and as many digits of a fraction as the tool gives. A fraction that is no number (`%N` from a tool without it) is none.
pub(super) fn time(bytes: &[u8]) -> Option<Timestamp> {
    let text = std::str::from_utf8(bytes).ok()?;
    let (seconds, fraction) = text.split_once('.').unwrap_or((text, ""));
    let digits: String = fraction.chars().take_while(char::is_ascii_digit).chain("000000000".chars()).take(9).collect();
    Some(Timestamp { seconds: seconds.parse().ok()?, nanos: digits.parse().ok()? })
}
