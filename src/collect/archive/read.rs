//! Contents that are wanted after the listing.

use std::collections::HashMap;
use std::io::{self, Cursor, Read};
use std::os::fd::AsFd as _;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use super::Archive;
use super::input::{Fault, FileAt, Form, Packing, Unpacked};
use super::tar::{Kind, Members};
use crate::collect::collected::lock;
use crate::collect::{OpenError, OpenFile, SourceReader, Stamp, sys};
use crate::path::TreePath;

/// So much of a packed tar is kept in memory.
const KEPT: u64 = 128 << 20;

/// Larger contents are kept only when they are announced.
const SMALL: u64 = 1 << 20;

pub(super) struct Reader<'a> {
    archive: &'a Archive,
    zip: Option<zip::ZipArchive<FileAt>>,
}

impl<'a> Reader<'a> {
    pub(super) fn new(archive: &'a Archive) -> Self {
        Self { archive, zip: archive.zip() }
    }
}

impl SourceReader for Reader<'_> {
    fn open<'a>(&'a mut self, path: &TreePath) -> Result<Box<dyn OpenFile + 'a>, OpenError> {
        let archive = self.archive;
        let here = archive.map.to_here(path);
        let locator = archive.index.get().and_then(|index| index.locators.get(&here));
        let locator = *locator.ok_or_else(|| io::Error::from(io::ErrorKind::NotFound))?;
        let mut kept = archive.kept(&here);
        if let (None, Form::Tar(packing), None, true) = (&kept, archive.form, locator.at, locator.size <= SMALL)
            && packing != Packing::Plain
            && !archive.swept.swap(true, Ordering::Relaxed)
        {
            // Whoever reads one file without a word before will read others: the archive is gone over once for all of them.
            let small = archive.index.get().into_iter().flat_map(|index| &index.locators);
            keep(archive, packing, small.filter(|(_, locator)| locator.size <= SMALL).map(|(here, _)| here.clone()));
            kept = archive.kept(&here);
        }
        if let Some(kept) = kept {
            return Ok(Box::new(Opened { archive, size: kept.len() as u64, content: Cursor::new(kept) }));
        }
        match (archive.form, locator.at) {
            (Form::Zip, _) => {
                let zip = self.zip.as_mut().ok_or_else(|| io::Error::from(io::ErrorKind::NotFound))?;
                let member = zip.by_index(locator.member as usize).map_err(io::Error::from)?;
                Ok(Box::new(Opened { archive, size: member.size(), content: member }))
            }
            (Form::Tar(packing), at) => {
                let members = match at {
                    Some(at) => {
                        let content = FileAt::new(&archive.file, at).take(locator.size);
                        return Ok(Box::new(Opened { archive, size: locator.size, content }));
                    }
                    None => seek(archive, packing, locator.member)?,
                };
                let (members, size) = members.ok_or_else(|| io::Error::from(io::ErrorKind::NotFound))?;
                Ok(Box::new(Opened { archive, size, content: Content(members) }))
            }
        }
    }
}

/// Goes over a tar up to a member.
fn seek(archive: &Archive, packing: Packing, ordinal: u64) -> Result<Option<(Members, u64)>, Fault> {
    archive.count_pass();
    let mut members = Members::new(Unpacked::new(&archive.file, packing, archive.limits)?);
    while let Some(member) = members.next()? {
        if member.ordinal == ordinal {
            let Kind::File { size, .. } = member.kind else { return Ok(None) };
            return Ok(Some((members, size)));
        }
    }
    Ok(None)
}

/// Goes over a packed tar once and keeps the contents of these files, by their paths here, as many as fit. Whatever goes wrong is said when one is opened.
pub(super) fn keep(archive: &Archive, packing: Packing, paths: impl Iterator<Item = TreePath>) {
    let Some(index) = archive.index.get() else { return };
    let mut wanted: HashMap<u64, Vec<TreePath>> = HashMap::new();
    for here in paths {
        let Some(locator) = index.locators.get(&here) else { continue };
        if !lock(&archive.kept).contains_key(&here) {
            wanted.entry(locator.member).or_default().push(here);
        }
    }
    if wanted.is_empty() {
        return;
    }
    archive.count_pass();
    let mut room = KEPT.saturating_sub(lock(&archive.kept).values().map(|content| content.len() as u64).sum());
    let mut pass = || -> Result<(), Fault> {
        let mut members = Members::new(Unpacked::new(&archive.file, packing, archive.limits)?);
        while let Some(member) = members.next()? {
            let Some(paths) = wanted.remove(&member.ordinal) else { continue };
            let Kind::File { size, .. } = member.kind else { continue };
            if size <= room {
                room -= size;
                let mut content = Vec::with_capacity(size as usize);
                Content(&mut members).read_to_end(&mut content)?;
                let content: Arc<[u8]> = content.into();
                let mut kept = lock(&archive.kept);
                kept.extend(paths.into_iter().map(|path| (path, Arc::clone(&content))));
            }
            if wanted.is_empty() {
                break;
            }
        }
        Ok(())
    };
    let _ = pass();
}

/// The content of the current member.
struct Content<M>(M);

impl Read for Content<Members> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        Ok(self.0.read(buffer)?)
    }
}

impl Read for Content<&mut Members> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        Ok(self.0.read(buffer)?)
    }
}

struct Opened<'a, C> {
    archive: &'a Archive,
    size: u64,
    content: C,
}

impl<C: Read> Read for Opened<'_, C> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.content.read(buffer)
    }
}

impl<C: Read> OpenFile for Opened<'_, C> {
    fn stamp(&self) -> Option<Stamp> {
        Some(self.archive.stamp_of(self.size))
    }

    fn is_opened(&self) -> bool {
        false
    }

    fn size(&self) -> u64 {
        self.size
    }

    fn is_unchanged(&mut self) -> io::Result<bool> {
        Ok(sys::stamp_of_file(self.archive.file.as_fd())? == Some(self.archive.stamp))
    }
}

impl From<Fault> for OpenError {
    fn from(fault: Fault) -> Self {
        Self::Io(fault.into())
    }
}
