//! Takes the members of a zip from its directory, and digests their contents on the way.

use std::io::{self, Read};

use zip::result::ZipError;
use zip::{ExtraField, ZipArchive};

use super::input::{Fault, FileAt};
use super::members::{BOTH, STEP, too_much};
use super::tree::{Locator, Thing, Tree, member_path};
use super::{Archive, Pass};
use crate::collect::Watch;
use crate::collect::digest::Hasher;
use crate::collect::walk::in_words;
use crate::snapshot::{Attributes, Digests, File, Knows, Names, Special, Timestamp};

const KIND: u32 = 0o170_000;

/// Longer link targets are none.
const LONGEST_TARGET: u64 = 64 * 1024;

pub(super) fn members<'a>(archive: &'a Archive, tree: Tree<'a>, watch: &dyn Watch) -> Result<Pass<'a>, Fault> {
    let mut zip = ZipArchive::new(FileAt::new(&archive.file, 0)).map_err(in_whole)?;
    let knows = Knows { permissions: true, owners: false, times: true, executable_unknown: false };
    let more = false;
    let mut pass = Pass { tree, names: Names::default(), knows, read: 0, digested: 0, ended: None, more };
    if zip.has_duplicate_names() {
        pass.tree.note_again();
    }
    let mut buffer = vec![0; 128 * 1024];
    let mut listed = 0;
    for number in 0..zip.len() {
        if let Err(fault) = take(archive, &mut pass, &mut zip, number, &mut buffer) {
            pass.ended = Some(archive.ended(fault, listed)?);
            break;
        }
        listed += 1;
        if listed % STEP == 0 {
            watch.listed(0, STEP);
        }
    }
    watch.listed(0, listed % STEP);
    pass.knows.executable_unknown = !pass.knows.permissions;
    Ok(pass)
}

fn take(
    archive: &Archive,
    pass: &mut Pass<'_>,
    zip: &mut ZipArchive<FileAt>,
    number: usize,
    buffer: &mut [u8],
) -> Result<(), Fault> {
    let member = zip.by_index_data(number).map_err(in_whole)?;
    let path = match member_path(member.name_raw(), archive.strip) {
        Ok(Some(path)) => path,
        Ok(None) => return Ok(()),
        Err(error) => {
            pass.tree.refuse(member.name_raw(), &error.to_string());
            return Ok(());
        }
    };
    let (size, packed) = (member.size(), member.compressed_size());
    // What a DOS program writes there are attributes of its own, which say nothing of permissions.
    let mode = (member.external_attributes() >> 16 != 0).then(|| member.external_attributes() >> 16);
    let kind = mode.map_or(0, |mode| mode & KIND);
    let is_folder = kind == 0o040_000 || member.name_raw().ends_with(b"/");
    let encrypted = member.encrypted();
    if !pass.tree.wants(&path, is_folder)? {
        return Ok(());
    }
    let modified = modified(zip, number);
    pass.knows.permissions &= mode.is_some();
    pass.knows.times &= modified.is_some();
    let attributes = Attributes {
        mode: mode.map_or(if is_folder { 0o755 } else { 0o644 }, |mode| mode & 0o7777),
        modified: Timestamp { seconds: modified.map_or(0, i64::from), nanos: 0 },
        ..Attributes::default()
    };
    let thing = match kind {
        _ if is_folder => Thing::Folder,
        0o020_000 => Thing::Special(Special::CharacterDevice),
        0o060_000 => Thing::Special(Special::BlockDevice),
        0o010_000 => Thing::Special(Special::Fifo),
        0o140_000 => Thing::Special(Special::Socket),
        _ if encrypted => Thing::Unreadable("is encrypted, so its content is unknown".to_owned()),
        0o120_000 => link(zip, number, size)?,
        _ => {
            if let Some(why) = too_much(archive, size, packed) {
                Thing::Unreadable(why)
            } else {
                pass.read += packed;
                pass.digested += size;
                all(archive, pass)?;
                file(zip, number, size, buffer)?
            }
        }
    };
    pass.tree.add(path, thing, attributes)
}

/// The time of the last change in seconds since 1970, where there is one that does not depend on a time zone.
fn modified(zip: &mut ZipArchive<FileAt>, number: usize) -> Option<u32> {
    zip.by_index_raw(number).ok()?.extra_data_fields().find_map(|field| match field {
        ExtraField::ExtendedTimestamp(times) => times.mod_time(),
        _ => None,
    })
}

/// Members may share their packed bytes, so their sum says more than each of them.
fn all(archive: &Archive, pass: &Pass<'_>) -> Result<(), Fault> {
    let (limits, all) = (&archive.limits, pass.digested);
    if all > limits.total {
        return Err(Fault::Bomb(format!("more than {} bytes come out of it", limits.total)));
    }
    if all > limits.floor && all / limits.ratio > archive.stamp.size {
        return Err(Fault::Bomb(format!("more than {} bytes come out of each byte of it", limits.ratio)));
    }
    Ok(())
}

fn file(zip: &mut ZipArchive<FileAt>, number: usize, size: u64, buffer: &mut [u8]) -> Result<Thing, Fault> {
    let digests = match zip.by_index(number) {
        Ok(mut content) => digest(&mut content, size, buffer),
        Err(error) => Err(error.into()),
    };
    Ok(match digests {
        Ok(digests) => Thing::File(File { size, digests }, Locator { member: number as u64, at: None, size }),
        Err(error) if error.raw_os_error().is_some() => return Err(Fault::Io(error)),
        Err(error) => Thing::Unreadable(format!("is damaged in the archive: {}", in_words(&error))),
    })
}

fn digest(content: &mut dyn Read, size: u64, buffer: &mut [u8]) -> io::Result<Digests> {
    let mut hasher = Hasher::new(BOTH, size);
    let mut left = size;
    loop {
        let read = content.read(buffer)?;
        if read == 0 && left == 0 {
            return Ok(hasher.finish());
        }
        left = left
            .checked_sub(read as u64)
            .filter(|_| read > 0)
            .ok_or_else(|| io::Error::new(io::ErrorKind::InvalidData, "its content has not the size that is stated"))?;
        hasher.update(&buffer[..read], false);
    }
}

fn link(zip: &mut ZipArchive<FileAt>, number: usize, size: u64) -> Result<Thing, Fault> {
    if size > LONGEST_TARGET {
        return Ok(Thing::Unreadable("is a link whose target is too long".to_owned()));
    }
    let mut target = Vec::new();
    let read = zip.by_index(number).map_err(io::Error::from);
    match read.and_then(|content| content.take(LONGEST_TARGET).read_to_end(&mut target)) {
        Ok(_) => Ok(Thing::Symlink(target.into())),
        Err(error) if error.raw_os_error().is_some() => Err(Fault::Io(error)),
        Err(error) => Ok(Thing::Unreadable(format!("is a link that is damaged in the archive: {}", in_words(&error)))),
    }
}

/// Why a zip as a whole cannot be read.
fn in_whole(error: ZipError) -> Fault {
    match error {
        ZipError::Io(error) => error.into(),
        other => Fault::Damaged(other.to_string()),
    }
}
