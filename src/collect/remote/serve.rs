//! The far side, where driftline itself is installed: lists and reads with the same care as at home, and answers in the records of
//! `script.sh`. One thread, one reader; nothing is kept and nothing is written but the answer.

use std::io::{self, BufRead, Write};
use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use crate::collect::digest::Hasher;
use crate::collect::local::{LocalFolder, names};
use crate::collect::steady::Trouble;
use crate::collect::walk::{Reason, Walked};
use crate::collect::{Filter, OpenFile, Source as _, SourceReader, Stamp, fold};
use crate::config::{Environment, Expect, PathMap, SourceSpec};
use crate::path::{EnvironmentName, TreePath};
use crate::snapshot::{
    Algorithms, Attributes, Content, Digests, Entry, IncidentId, IncidentKind, Names, Special, TextFold, Timestamp,
};

/// Whoever waits is told so often that there is life.
const SIGN_OF_LIFE: Duration = Duration::from_secs(1);

/// How much is read of a file at a time.
const CHUNK: usize = 128 * 1024;

/// What the other driftline asks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Asked {
    /// What is below the working folder, but for folders that these gitignore rules leave out.
    List {
        /// The rules.
        ignore: Vec<String>,
    },
    /// Digests of the files whose paths come on the input, under one algorithm.
    Digests(Algorithms),
    /// What folding leaves of them as texts.
    Folds,
    /// Their contents.
    Contents,
}

/// Answers about the working folder, file by file as its path comes in, each with a zero byte behind it. `nonce` goes into the closing
/// record, so that nothing that is read can look like it.
///
/// # Errors
/// When the answer cannot be written, which ends it: nobody is there any more.
pub fn serve(asked: &Asked, nonce: &str, input: &mut dyn BufRead, output: &mut (dyn Write + Send)) -> io::Result<()> {
    let answer = Mutex::new(Answer { output, nonce, wrote: 0, last: Instant::now() });
    let environment = Environment {
        name: EnvironmentName::new("here").ok_or_else(|| io::Error::other("no name"))?,
        role: None,
        expect: Expect::default(),
        source: SourceSpec::Folder { path: PathBuf::from(".") },
        map: PathMap::default(),
    };
    let Ok(folder) = LocalFolder::open(&environment, &PathBuf::from(".")) else { return lock(&answer).refuse() };
    match asked {
        Asked::List { ignore } => list(&folder, ignore, &answer)?,
        Asked::Digests(wanted) => {
            each(&folder, input, &answer, &mut |answer, reader, path| digest(answer, reader, path, *wanted))?;
        }
        Asked::Folds => each(&folder, input, &answer, &mut folded)?,
        Asked::Contents => each(&folder, input, &answer, &mut content)?,
    }
    lock(&answer).end()
}

fn list(folder: &LocalFolder, ignore: &[String], answer: &Mutex<Answer<'_>>) -> io::Result<()> {
    let filter = Filter::new(ignore);
    let pool = rayon::ThreadPoolBuilder::new().num_threads(1).build().map_err(io::Error::other)?;
    // A failure to write shows again when the entries are written.
    let walked = pool.install(|| folder.walked(&filter, &|_| drop(lock(answer).live())));
    let Ok(walked) = walked else { return lock(answer).refuse() };
    let Walked { entries, stamps, incidents, reasons, repositories, .. } = walked;
    let names = names(&entries);
    let mut answer = lock(answer);
    answer.fields(&[b"=d", b"0", b"0", b"0", b"0", b"0", b"0", b"0", b"0", b"", b"", b".", b""])?;
    for repository in &repositories {
        answer.fields(&[b"G", &[b"./", repository.as_bytes()].concat()])?;
    }
    for (entry, stamp) in entries.iter().zip(&stamps) {
        let failed = |IncidentId(at): IncidentId| (incidents[at as usize].kind, &reasons[at as usize]);
        answer.entry(entry, *stamp, &names, failed)?;
    }
    Ok(())
}

type Tell<'a> = &'a mut dyn FnMut(&mut Answer<'_>, &mut dyn SourceReader, &TreePath) -> io::Result<()>;

fn each(folder: &LocalFolder, input: &mut dyn BufRead, answer: &Mutex<Answer<'_>>, tell: Tell<'_>) -> io::Result<()> {
    let mut answer = lock(answer);
    let mut reader = folder.reader();
    let mut path = Vec::new();
    loop {
        path.clear();
        input.read_until(0, &mut path)?;
        if path.pop() != Some(0) {
            return Ok(());
        }
        match path.strip_prefix(b"./").and_then(|path| TreePath::new(path).ok()) {
            Some(path) => tell(&mut answer, &mut *reader, &path)?,
            // It answers in order, so there must be an answer; and this is none of the files that were listed.
            None => return answer.refuse(),
        }
        // Whoever asks slowly waits for each answer.
        answer.output.flush()?;
    }
}

fn digest(
    answer: &mut Answer<'_>,
    reader: &mut dyn SourceReader,
    path: &TreePath,
    wanted: Algorithms,
) -> io::Result<()> {
    let (before, after, value) = match reader.open(path).map_err(Trouble::from) {
        Err(trouble) => (None, None, format!("?{}", word(&trouble))),
        Ok(mut file) => {
            let before = file.stamp();
            match hash(answer, &mut *file, wanted)? {
                Ok(digests) => (before, state(&mut *file, before), hex(&digests)),
                Err(trouble) => (before, state(&mut *file, before), format!("?{}", word(&trouble))),
            }
        }
    };
    answer.fields(&[b"D", b"1", look(before).as_bytes(), value.as_bytes(), look(after).as_bytes()])
}

/// The digests of an open file; or why it has none, which is another matter than that nobody listens any more.
fn hash(answer: &mut Answer<'_>, file: &mut dyn OpenFile, wanted: Algorithms) -> io::Result<Result<Digests, Trouble>> {
    let mut hasher = Hasher::new(wanted, file.size());
    let mut buffer = vec![0; CHUNK.min(usize::try_from(file.size()).unwrap_or(CHUNK))];
    let mut left = file.size();
    while left > 0 {
        let piece = buffer.len().min(usize::try_from(left).unwrap_or(CHUNK));
        if let Err(error) = file.read_exact(&mut buffer[..piece]) {
            return Ok(Err(error.into()));
        }
        hasher.update(&buffer[..piece], false);
        left -= piece as u64;
        answer.live()?;
    }
    Ok(Ok(hasher.finish()))
}

fn folded(answer: &mut Answer<'_>, reader: &mut dyn SourceReader, path: &TreePath) -> io::Result<()> {
    let (before, after, value) = match reader.open(path).map_err(Trouble::from) {
        Err(trouble) => (None, None, format!("?{}", word(&trouble))),
        Ok(mut file) => {
            let before = file.stamp();
            let content = text(answer, &mut *file)?;
            let value = content.map_or_else(|trouble| format!("?{}", word(&trouble)), |content| said(&content));
            (before, state(&mut *file, before), value)
        }
    };
    answer.fields(&[b"F", b"1", look(before).as_bytes(), value.as_bytes(), look(after).as_bytes()])
}

/// The content of an open file that is no longer than texts are.
fn text(answer: &mut Answer<'_>, file: &mut dyn OpenFile) -> io::Result<Result<Vec<u8>, Trouble>> {
    let size = file.size();
    if size > fold::LIMIT {
        return Ok(Err(Trouble::Changed));
    }
    let mut content = vec![0; size as usize];
    for piece in content.chunks_mut(CHUNK) {
        if let Err(error) = file.read_exact(piece) {
            return Ok(Err(error.into()));
        }
        answer.live()?;
    }
    Ok(Ok(content))
}

/// In the words that [`super::records::fold`] reads.
fn said(content: &[u8]) -> String {
    let Some(TextFold { has_bom, has_crlf, plain, trimmed }) = fold::text_fold(content) else { return "b".to_owned() };
    format!("t {} {} {} {}", u8::from(has_bom), u8::from(has_crlf), digits(&plain), digits(&trimmed))
}

fn content(answer: &mut Answer<'_>, reader: &mut dyn SourceReader, path: &TreePath) -> io::Result<()> {
    let opened = reader.open(path).map_err(Trouble::from);
    let before = opened.as_ref().ok().and_then(|file| file.stamp());
    answer.fields(&[b"T", b"1", look(before).as_bytes()])?;
    let (after, word) = match opened {
        Err(trouble) => (None, word(&trouble)),
        Ok(mut file) => {
            let (mut buffer, mut left) = (vec![0; CHUNK], file.size());
            let mut word = "ok";
            while left > 0 {
                let piece = buffer.len().min(usize::try_from(left).unwrap_or(CHUNK));
                match file.read(&mut buffer[..piece]) {
                    Ok(0) => break,
                    Ok(length) => {
                        answer.bytes(&buffer[..length])?;
                        left -= length as u64;
                    }
                    Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                    Err(_) => {
                        word = "failed";
                        break;
                    }
                }
            }
            (state(&mut *file, before), word)
        }
    };
    let end = format!("{} {word}", answer.nonce);
    answer.fields(&[b"", end.as_bytes(), look(after).as_bytes()])
}

/// The state in which a file is left: that in which it was opened, or another one.
fn state(file: &mut dyn OpenFile, before: Option<Stamp>) -> Option<Stamp> {
    let other = before.map(|stamp| Stamp { changed: Timestamp::default(), ..stamp });
    if file.is_unchanged().unwrap_or(false) { before } else { other }
}

fn word(trouble: &Trouble) -> &'static str {
    match trouble {
        Trouble::Gone => "gone",
        Trouble::Refused(_, true) => "denied",
        Trouble::Changed | Trouble::Refused(_, false) | Trouble::Lost(_) => "failed",
    }
}

/// `device|inode|size|modified|changed`, or `?` for what is not there.
fn look(stamp: Option<Stamp>) -> String {
    let Some(Stamp { device, inode, size, modified, changed }) = stamp else { return "?".to_owned() };
    format!("{device}|{inode}|{size}|{}|{}", time(modified), time(changed))
}

fn time(Timestamp { seconds, nanos }: Timestamp) -> String {
    format!("{seconds}.{nanos:09}")
}

fn hex(digests: &Digests) -> String {
    let Digests { blake3, git_blob, sha256, .. } = digests;
    let one = blake3.as_ref().or(sha256.as_ref()).map(<[u8; 32]>::as_slice);
    let bytes = one.or(git_blob.as_ref().map(<[u8; 20]>::as_slice)).unwrap_or_default();
    digits(bytes)
}

fn digits(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn lock<'m, 'a>(answer: &'m Mutex<Answer<'a>>) -> std::sync::MutexGuard<'m, Answer<'a>> {
    answer.lock().unwrap_or_else(PoisonError::into_inner)
}

/// What is written, and how much of it there was.
struct Answer<'a> {
    output: &'a mut (dyn Write + Send),
    nonce: &'a str,
    wrote: u64,
    last: Instant,
}

impl Answer<'_> {
    fn entry<'r>(
        &mut self,
        entry: &Entry,
        stamp: Option<Stamp>,
        names: &Names,
        failed: impl Fn(IncidentId) -> (IncidentKind, &'r Reason),
    ) -> io::Result<()> {
        let (kind, failure) = match &entry.content {
            Content::File(_) => ('f', None),
            Content::Directory | Content::Submodule { .. } => ('d', None),
            Content::Symlink { .. } => ('l', None),
            Content::Special(Special::Fifo) => ('p', None),
            Content::Special(Special::Socket) => ('s', None),
            Content::Special(Special::BlockDevice) => ('b', None),
            Content::Special(Special::CharacterDevice) => ('c', None),
            Content::Special(Special::Other) => ('?', None),
            Content::Unreadable { incident, folder } => (if *folder { 'd' } else { 'f' }, Some(failed(*incident))),
        };
        let mark = match failure {
            None => '=',
            Some((IncidentKind::Unstable, _)) => '~',
            Some(_) => '?',
        };
        let Attributes { mode, uid, gid, modified } = entry.attributes;
        let stamp = stamp.unwrap_or(Stamp { device: 0, inode: 0, size: 0, modified, changed: modified });
        let name =
            |names: &std::collections::BTreeMap<u32, String>, number| names.get(&number).cloned().unwrap_or_default();
        let (user, group) = (name(&names.users, uid), name(&names.groups, gid));
        let numbers = format!(
            "{mark}{kind}\0{mode:o}\0{}\0{}\0{}\0{}\0{}\0{uid}\0{gid}\0{user}\0{group}\0./",
            stamp.size,
            time(stamp.modified),
            time(stamp.changed),
            stamp.device,
            stamp.inode,
        );
        self.bytes(numbers.as_bytes())?;
        let target: &[u8] = if let Content::Symlink { target } = &entry.content { target } else { b"" };
        self.fields(&[entry.path.as_bytes(), target])?;
        match failure {
            Some((_, Reason { act, why })) => self.fields(&[act.as_bytes(), why.as_bytes()]),
            None => Ok(()),
        }
    }

    fn fields(&mut self, fields: &[&[u8]]) -> io::Result<()> {
        for field in fields {
            self.bytes(field)?;
            self.bytes(b"\0")?;
        }
        Ok(())
    }

    fn bytes(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.wrote += bytes.len() as u64;
        self.output.write_all(bytes)
    }

    /// Says that there is life when nothing else was said for a while; between records only.
    fn live(&mut self) -> io::Result<()> {
        if self.last.elapsed() < SIGN_OF_LIFE {
            return Ok(());
        }
        self.last = Instant::now();
        self.fields(&[b"W"])?;
        self.output.flush()
    }

    /// The working folder went away, or may not be read, or something was asked that cannot be meant.
    fn refuse(&mut self) -> io::Result<()> {
        self.fields(&[b"E", b"denied"])
    }

    fn end(&mut self) -> io::Result<()> {
        let end = format!("END {} 0 {} -\0", self.nonce, self.wrote);
        self.output.write_all(end.as_bytes())?;
        self.output.flush()
    }
}
