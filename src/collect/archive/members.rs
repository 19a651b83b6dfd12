//! Goes over a tar once: takes each member into the tree and digests its content on the way.

use super::input::{Fault, Packing, Unpacked};
use super::tar::{Kind, Member, Members};
use super::tree::{Locator, Thing, Tree, member_path};
use super::{Archive, Pass};
use crate::collect::Watch;
use crate::collect::digest::Hasher;
use crate::path::TreePath;
use crate::snapshot::{Algorithms, Attributes, Digests, File, Knows, Names};

/// Progress is told after so many members.
pub(super) const STEP: u64 = 256;

/// Both digests: git's name needs the size first, which an archive states first.
pub(super) const BOTH: Algorithms = Algorithms { blake3: true, git_blob: true, sha256: false, keyed: false };

pub(super) fn of_tar<'a>(
    archive: &'a Archive,
    packing: Packing,
    tree: Tree<'a>,
    watch: &dyn Watch,
) -> Result<Pass<'a>, Fault> {
    let mut members = Members::new(Unpacked::new(&archive.file, packing, archive.limits)?);
    let knows = Knows { permissions: true, owners: true, times: true, executable_unknown: false };
    let mut pass = Pass { tree, names: Names::default(), knows, read: 0, digested: 0, ended: None, more: false };
    let mut listed = 0;
    let mut buffer = vec![0; 128 * 1024];
    let ended = loop {
        let taken = match members.next() {
            Ok(None) => break None,
            Ok(Some(member)) => take(archive, &mut pass, &mut members, member, packing, &mut buffer),
            Err(fault) => Err(fault),
        };
        if let Err(fault) = taken {
            break Some(fault);
        }
        listed += 1;
        if listed % STEP == 0 {
            watch.listed(0, STEP);
        }
        if listed > archive.limits.entries {
            break Some(Fault::Bomb(format!("it has more than {} members", archive.limits.entries)));
        }
    };
    watch.listed(0, listed % STEP);
    match ended {
        // Only now are the checksums of a packed archive known to be right, and with them all contents.
        None => pass.more = members.finish()?,
        // A packed archive that ends too early is good up to there; one that is wrong somewhere may have been wrong before.
        Some(Fault::Header(words)) if packing != Packing::Plain => return Err(Fault::Damaged(words)),
        Some(Fault::CutOff) if packing != Packing::Plain && members.taken() < archive.stamp.size => {
            return Err(Fault::Damaged("what is packed ends before the file does".to_owned()));
        }
        Some(fault) => pass.ended = Some(archive.ended(fault, listed)?),
    }
    pass.read = members.taken();
    Ok(pass)
}

fn take(
    archive: &Archive,
    pass: &mut Pass<'_>,
    members: &mut Members,
    member: Member,
    packing: Packing,
    buffer: &mut [u8],
) -> Result<(), Fault> {
    let path = match member_path(&member.name, archive.strip) {
        Ok(Some(path)) => path,
        Ok(None) => return Ok(()),
        Err(error) => {
            pass.tree.refuse(&member.name, &error.to_string());
            return Ok(());
        }
    };
    if !pass.tree.wants(&path, member.kind == Kind::Folder)? {
        return Ok(());
    }
    let attributes = Attributes { mode: member.mode, uid: member.uid, gid: member.gid, modified: member.modified };
    if let Some(user) = member.user {
        pass.names.users.insert(member.uid, user);
    }
    if let Some(group) = member.group {
        pass.names.groups.insert(member.gid, group);
    }
    let thing = match member.kind {
        Kind::Folder => Thing::Folder,
        Kind::Symlink(target) => Thing::Symlink(target.into()),
        Kind::Special(special) => Thing::Special(special),
        Kind::Continued => Thing::Unreadable("is the rest of a file that begins in another volume".to_owned()),
        Kind::HardLink(target) => return link(archive, pass, path, &target, attributes),
        Kind::File { size, at, stored } => {
            if let Some(why) = too_much(archive, size, stored) {
                pass.tree.add(path, Thing::Unreadable(why), attributes)?;
                return Ok(());
            }
            let digests = digest(members, size, buffer)?;
            pass.digested += size;
            let at = at.filter(|_| packing == Packing::Plain);
            Thing::File(File { size, digests }, Locator { member: member.ordinal, at, size })
        }
    };
    pass.tree.add(path, thing, attributes)
}

/// Why a content is not read, if it is not.
pub(super) fn too_much(archive: &Archive, size: u64, stored: u64) -> Option<String> {
    let limits = &archive.limits;
    if size > limits.content {
        return Some(format!("has {size} bytes, and contents above {} bytes are not read", limits.content));
    }
    (size > limits.floor && size / limits.ratio > stored)
        .then(|| format!("would be {size} bytes out of {stored}, and was not read"))
}

fn link(
    archive: &Archive,
    pass: &mut Pass<'_>,
    path: TreePath,
    target: &[u8],
    attributes: Attributes,
) -> Result<(), Fault> {
    let found = member_path(target, archive.strip).ok().flatten().filter(|target| *target != path);
    let (thing, attributes) = found.and_then(|target| pass.tree.linked(&target)).unwrap_or_else(|| {
        let target = String::from_utf8_lossy(target);
        let why = format!("is a hard link to `{target}`, which is not in the archive before it or was left out");
        (Thing::Unreadable(why), attributes)
    });
    pass.tree.add(path, thing, attributes)
}

fn digest(members: &mut Members, size: u64, buffer: &mut [u8]) -> Result<Digests, Fault> {
    let mut hasher = Hasher::new(BOTH, size);
    loop {
        match members.read(buffer)? {
            0 => return Ok(hasher.finish()),
            read => hasher.update(&buffer[..read], false),
        }
    }
}
