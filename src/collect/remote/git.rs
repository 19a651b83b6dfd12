//! The repository of a remote folder: what the far side is asked about it.

use std::ffi::OsString;
use std::io::Write;
use std::os::unix::ffi::{OsStrExt as _, OsStringExt as _};
use std::path::{Path, PathBuf};

use super::records::{PackStop, Records, Stop, Told, digest};
use super::runner::{Ended, Parcel, Running};
use super::script::{Mode, nonce, quoted};
use super::source::{RemoteFolder, finish};
use super::words;
use crate::collect::far::{Each, FarFile, FarGit, GitFiles, PackFault, PackRequest};
use crate::path::TreePath;
use crate::snapshot::Counters;

const SCRIPT: &str = include_str!("git.sh");

/// Of so many repositories inside the root is told which commit they are at.
const NESTED: usize = 1000;

impl RemoteFolder {
    /// Starts the script about repositories, with further lines before it, and reads up to its start marker.
    fn ask_git(
        &self,
        mode: &str,
        places: &[(&str, &Path)],
        parcel: Parcel,
        counters: &mut Counters,
    ) -> Result<Records<Running>, String> {
        let nonce = nonce();
        let mut script = format!("N='{nonce}'\nMODE='{mode}'\n").into_bytes();
        for (name, path) in [("ROOT", self.root())].iter().chain(places) {
            script.extend([name.as_bytes(), b"=", &quoted(path.as_os_str().as_bytes()), b"\n"].concat());
        }
        script.extend_from_slice(SCRIPT.as_bytes());
        let running = self.run(script, parcel, self.patience(), counters).map_err(|fault| fault.message)?;
        let mut records = Records::new(running, &nonce);
        match records.start(&mut Vec::new()) {
            Ok(()) => Ok(records),
            Err(stop) => Err(self.end_git(records, &stop, counters)),
        }
    }

    /// Ends what failed and says why.
    fn end_git(&self, records: Records<Running>, stop: &Stop, counters: &mut Counters) -> String {
        let ended = finish(records, matches!(stop, Stop::Refused(_)), counters);
        self.fault(stop, &ended, None).message
    }
}

/// Ends what gave all it had, and complains when it could not give all.
fn closed(records: Records<Running>, status: i32, counters: &mut Counters) -> Result<(), String> {
    all(&finish(records, true, counters), status)
}

fn all(ended: &Ended, status: i32) -> Result<(), String> {
    if status == 0 { Ok(()) } else { Err(words::last(ended, status)) }
}

impl FarGit for RemoteFolder {
    fn dot(&self) -> Option<PathBuf> {
        self.met()?.git.clone().map(|path| PathBuf::from(OsString::from_vec(path)))
    }

    fn nested(&self) -> &[TreePath] {
        self.repositories()
    }

    fn files(&self, counters: &mut Counters) -> Result<GitFiles, String> {
        let whole = self.dot().map(|dot| [dot.as_os_str().as_bytes(), b"\0"].concat());
        let inner = self.nested().iter().take(NESTED).map(|folder| [b"./", folder.as_bytes(), b"/.git\0"].concat());
        let pieces = whole.into_iter().chain(inner).map(|path| (path, 0)).collect();
        let mut records = self.ask_git("files", &[], Parcel { pieces, rate: None }, counters)?;
        let mut files = Vec::new();
        let outcome = records.git_head().and_then(|told| {
            records.input().go();
            let status = records.git_files(&told.root, &mut |file| files.push(file))?;
            Ok((told, status))
        });
        match outcome {
            Ok((told, status)) => {
                closed(records, status, counters)?;
                Ok(GitFiles { root: told.root, has_git: told.has_git, files })
            }
            Err(stop) => Err(self.end_git(records, &stop, counters)),
        }
    }

    fn pack(
        &self,
        request: PackRequest<'_>,
        counters: &mut Counters,
        sink: &mut dyn Write,
    ) -> Result<Vec<Vec<u8>>, PackFault> {
        let PackRequest { top, git_dir, common_dir, words, limit } = request;
        let places = [("TOP", top), ("GITDIR", git_dir), ("COMMON", common_dir)];
        let parcel = Parcel { pieces: vec![(words.to_vec(), 0)], rate: None };
        let mut records = self.ask_git("pack", &places, parcel, counters).map_err(PackFault::Lost)?;
        let outcome = records.ready().map_err(PackStop::Stream).and_then(|()| {
            records.input().go();
            records.git_pack(sink, limit, self.rate())
        });
        match outcome {
            Ok(cut) => {
                finish(records, true, counters);
                Ok(cut)
            }
            Err(PackStop::Stream(stop)) => Err(PackFault::Lost(self.end_git(records, &stop, counters))),
            Err(PackStop::Ended(status)) => {
                let ended = finish(records, true, counters);
                Err(PackFault::Refused(words::last(&ended, status)))
            }
            Err(PackStop::Fault(fault)) => {
                finish(records, false, counters);
                Err(fault)
            }
        }
    }

    fn objects(&self, common_dir: &Path, counters: &mut Counters) -> Result<Vec<(String, u64)>, String> {
        let mut records = self.ask_git("objects", &[("COMMON", common_dir)], Parcel::default(), counters)?;
        match records.git_objects() {
            Ok((objects, status)) => {
                closed(records, status, counters)?;
                Ok(objects)
            }
            Err(stop) => Err(self.end_git(records, &stop, counters)),
        }
    }

    fn raw(
        &self,
        files: &[(PathBuf, u64)],
        counters: &mut Counters,
        each: &mut dyn FnMut(usize, Vec<u8>),
    ) -> Result<(), String> {
        let piece = |(path, size): &(PathBuf, u64)| ([path.as_os_str().as_bytes(), b"\0"].concat(), *size);
        let parcel = Parcel { pieces: files.iter().map(piece).collect(), rate: self.rate() };
        let answer = self.ask(Mode::Raw, parcel, true, self.patience(), counters).map_err(|fault| fault.message)?;
        let mut records = answer.records;
        let mut told = 0;
        let mut unread = None;
        let outcome = records.ready().and_then(|()| {
            records.input().go();
            let limit = |number: usize| files.get(number).map_or(0, |(_, size)| *size);
            records.contents(limit, &mut |one: Told<Vec<u8>>| {
                match one.value {
                    Ok(bytes) => each(told, bytes),
                    Err(_) => unread = unread.or(Some(told)),
                }
                told += 1;
            })
        });
        match outcome {
            Ok(status) => {
                let ended = self.leave(records, true, counters);
                all(&ended, status)?;
            }
            Err(stop) => return Err(self.end_git(records, &stop, counters)),
        }
        match unread.or((told < files.len()).then_some(told)).and_then(|at| files.get(at)) {
            None => Ok(()),
            Some((path, _)) => Err(format!("`{}` could not be read there", path.display())),
        }
    }

    fn blob_names(&self, files: &[FarFile<'_>], counters: &mut Counters, each: Each<'_, [u8; 20]>) {
        let read = |records: &mut Records<Running>, _: &[FarFile<'_>], each: &mut dyn FnMut(Told<[u8; 20]>)| {
            records.lines(b"D", digest, each)
        };
        self.about(Mode::Digest { algorithm: "git" }, files, counters, &read, each);
    }
}
