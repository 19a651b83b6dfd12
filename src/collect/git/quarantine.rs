//! A folder of this machine for the objects of a repository of another one: objects and nothing else, so there is no hook, config, filter or
//! reference in it that could be obeyed.
//!
//! Whatever goes in is hostile. Packs are indexed here by libgit2, which names each object by its content; single objects are checked by their
//! names before they are kept.

use std::fs::DirBuilder;
use std::io::{self, Read as _, Write};
use std::num::NonZeroU32;
use std::os::unix::fs::DirBuilderExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use flate2::read::ZlibDecoder;
use git2::{Indexer, Oid};
use sha1::{Digest as _, Sha1};
use tempfile::TempDir;

use super::fault::GitFault;
use super::files::{GitFiles as _, Here, SMALL};
use super::objects::{Objects, id_bytes, oid, parse_id};
use crate::collect::state;

/// So many packs are left side by side before all is fetched anew as one.
const PACKS: usize = 100;

/// No single object that is kept by itself is longer.
const LARGEST_OBJECT: u64 = 512 << 20;

/// So many commits are named as known when more is asked for.
const HAVES: usize = 1000;

/// A private folder of objects.
#[derive(Debug)]
pub(super) struct Quarantine {
    folder: PathBuf,
    /// It goes when nobody needs its objects any more; `None` for one that stays for the next run.
    keep: Option<Arc<TempDir>>,
}

impl Quarantine {
    /// The folder that is kept for a source, or, without a state folder, one for this run.
    pub(super) fn open(state: Option<&Path>, identity: &[u8]) -> io::Result<Self> {
        let quarantine = if let Some(state) = state {
            Self { folder: state.join("git").join(&blake3::hash(identity).to_hex()[..32]), keep: None }
        } else {
            let folder = tempfile::Builder::new().prefix("driftline-git-").tempdir()?;
            Self { folder: folder.path().to_owned(), keep: Some(Arc::new(folder)) }
        };
        quarantine.prepare()?;
        if std::fs::read_dir(quarantine.packs())?.count() > 2 * PACKS {
            quarantine.clear()?;
        }
        Ok(quarantine)
    }

    fn prepare(&self) -> io::Result<()> {
        DirBuilder::new().recursive(true).mode(0o700).create(self.packs())
    }

    /// Throws away what is in it.
    pub(super) fn clear(&self) -> io::Result<()> {
        for name in ["tips", "cut", "objects"] {
            let path = self.folder.join(name);
            let removed = if path.is_dir() { std::fs::remove_dir_all(&path) } else { std::fs::remove_file(&path) };
            match removed {
                Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
                _ => {}
            }
        }
        self.prepare()
    }

    fn objects_folder(&self) -> PathBuf {
        self.folder.join("objects")
    }

    fn packs(&self) -> PathBuf {
        self.objects_folder().join("pack")
    }

    /// Opens its objects.
    pub(super) fn objects(&self, shallow: &[u8]) -> Result<Objects, GitFault> {
        Objects::open_at(self.objects_folder(), shallow, self.keep.clone())
    }

    /// Objects that were fetched with all that they lead to, newest last.
    pub(super) fn tips(&self) -> Vec<Oid> {
        let text = Here.read(&self.folder.join("tips"), SMALL).ok().flatten().unwrap_or_default();
        text.split(|&byte| byte == b'\n').filter_map(parse_id).collect()
    }

    /// Remembers more such objects.
    pub(super) fn add_tips(&self, new: &[Oid]) -> io::Result<()> {
        let mut tips = self.tips();
        tips.retain(|tip| !new.contains(tip));
        tips.extend(new);
        let from = tips.len().saturating_sub(HAVES);
        let lines: Vec<String> = tips[from..].iter().map(ToString::to_string).collect();
        state::replace(&self.folder.join("tips"), |file| file.write_all(lines.join("\n").as_bytes()))
    }

    /// Commits whose parents were not fetched, and how deep was fetched then; of a whole history nothing.
    pub(super) fn cut(&self) -> Option<(u32, Vec<Oid>)> {
        let text = Here.read(&self.folder.join("cut"), SMALL).ok().flatten()?;
        let mut lines = text.split(|&byte| byte == b'\n');
        let depth = std::str::from_utf8(lines.next()?).ok()?.parse().ok()?;
        Some((depth, lines.filter_map(parse_id).collect()))
    }

    /// Remembers more such commits. They must be kept before [`Quarantine::add_tips`] says of any that it is here with all that it leads to.
    pub(super) fn add_cut(&self, depth: u32, new: &[Oid]) -> io::Result<()> {
        let (known, mut cut) = self.cut().unwrap_or((depth, Vec::new()));
        cut.extend(new.iter().filter(|id| !cut.contains(id)).copied().collect::<Vec<_>>());
        let lines = std::iter::once(known.min(depth).to_string()).chain(cut.iter().map(ToString::to_string));
        let text = lines.collect::<Vec<_>>().join("\n");
        state::replace(&self.folder.join("cut"), |file| file.write_all(text.as_bytes()))
    }

    /// A place to write the bytes of a pack to.
    pub(super) fn receive(&self) -> Result<Incoming<'static>, git2::Error> {
        // What it leads to is found to be missing when it is asked for; a history that is cut off is a history.
        Ok(Incoming { indexer: Indexer::new(None, &self.packs(), 0o600, false)?, bytes: 0 })
    }

    /// Whether there is a pack of this name.
    pub(super) fn has_pack(&self, name: &str) -> bool {
        self.packs().join(name).exists()
    }

    /// Keeps an object as git keeps it in a file of its own, when its content has this name.
    pub(super) fn keep_loose(&self, id: Oid, compressed: &[u8]) -> io::Result<()> {
        let mut content = ZlibDecoder::new(compressed);
        let (mut hasher, mut length, mut piece) = (Sha1::new(), 0, [0; 16 * 1024]);
        while let read @ 1.. = content.read(&mut piece)? {
            hasher.update(&piece[..read]);
            length += read as u64;
            if length > LARGEST_OBJECT {
                break;
            }
        }
        let name: [u8; 20] = hasher.finalize().into();
        if name != id_bytes(id) {
            return Err(io::Error::other("the object is not what its name says"));
        }
        let name = oid(&name).to_string();
        let file = self.objects_folder().join(&name[..2]).join(&name[2..]);
        state::replace(&file, |file| file.write_all(compressed))
    }
}

/// A pack that comes in.
pub(super) struct Incoming<'a> {
    indexer: Indexer<'a>,
    bytes: u64,
}

impl Incoming<'_> {
    /// Checks the pack and takes it in; one of which nothing came is none.
    pub(super) fn finish(self) -> Result<(), git2::Error> {
        if self.bytes > 0 {
            self.indexer.commit()?;
        }
        Ok(())
    }
}

impl Write for Incoming<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.bytes += bytes.len() as u64;
        self.indexer.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.indexer.flush()
    }
}

/// What is said to `git-upload-pack`, all at once: which objects are wanted, and which are here with all that they lead to down to those that
/// are `cut` off; and how many commits deep it is to go.
pub(super) fn request(wants: &[Oid], haves: &[Oid], cut: &[Oid], depth: Option<NonZeroU32>) -> Vec<u8> {
    let packet = |text: String| format!("{:04x}{text}\n", text.len() + 5);
    let mut words = String::new();
    for (number, want) in wants.iter().enumerate() {
        let able = if number == 0 { " side-band-64k ofs-delta no-progress" } else { "" };
        words += &packet(format!("want {want}{able}"));
    }
    for id in cut {
        words += &packet(format!("shallow {id}"));
    }
    if let Some(depth) = depth {
        words += &packet(format!("deepen {depth}"));
    }
    words += "0000";
    for have in haves {
        words += &packet(format!("have {have}"));
    }
    words += &packet("done".to_owned());
    words.into_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_is_said_in_packets() {
        let id = |digit: &str| Oid::from_str(&digit.repeat(40)).unwrap();
        let words = request(&[id("1"), id("2")], &[id("3")], &[], None);
        let expected = format!(
            "0056want {} side-band-64k ofs-delta no-progress\n0032want {}\n00000032have {}\n0009done\n",
            "1".repeat(40),
            "2".repeat(40),
            "3".repeat(40)
        );
        assert_eq!(String::from_utf8(words).unwrap(), expected);
        let words = request(&[id("1")], &[], &[id("2")], NonZeroU32::new(50));
        let expected = format!(
            "0056want {} side-band-64k ofs-delta no-progress\n0035shallow {}\n000edeepen 50\n00000009done\n",
            "1".repeat(40),
            "2".repeat(40),
        );
        assert_eq!(String::from_utf8(words).unwrap(), expected);
    }

    #[test]
    fn only_what_its_name_says_is_kept() {
        let quarantine = Quarantine::open(None, b"").unwrap();
        let mut encoder = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::fast());
        encoder.write_all(b"blob 4\0one\n").unwrap();
        let compressed = encoder.finish().unwrap();
        let id = Oid::from_str("5626abf0f72e58d7a153368ba57db4c673c0e171").unwrap();
        let other = Oid::from_str("5626abf0f72e58d7a153368ba57db4c673c0e172").unwrap();
        assert!(quarantine.keep_loose(other, &compressed).is_err());
        assert!(quarantine.keep_loose(id, &compressed[..4]).is_err());
        quarantine.keep_loose(id, &compressed).unwrap();
        let objects = quarantine.objects(b"").unwrap();
        assert_eq!((objects.blob(id).unwrap(), objects.contains(other)), (b"one\n".to_vec(), false));
        let mut incoming = quarantine.receive().unwrap();
        let damaged = incoming.write_all(b"PACK\0\0\0\x02\0\0\0\x01garbage that is no pack").is_err();
        assert!(damaged || incoming.finish().is_err());
        quarantine.add_tips(&[id]).unwrap();
        assert_eq!(quarantine.tips(), [id]);
        quarantine.add_cut(5, &[id]).unwrap();
        quarantine.add_cut(9, &[id, other]).unwrap();
        assert_eq!(quarantine.cut(), Some((5, vec![id, other])));
        quarantine.clear().unwrap();
        assert_eq!(quarantine.cut(), None);
        assert!(!quarantine.objects(b"").unwrap().contains(id) && quarantine.tips().is_empty());
    }
}
