//! Files that are made up, changed, and written down.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::path::Path;

use crate::support::numbers::Numbers;

/// A tree of files.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct World {
    files: BTreeMap<String, File>,
    /// How many names were given.
    names: usize,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum File {
    Text { lines: Vec<String>, has_end: bool, is_executable: bool },
    Link(String),
    Binary(Vec<u8>),
}

impl World {
    /// Some files of some lines, most of which are all different.
    pub(super) fn new(numbers: &mut Numbers) -> Self {
        let mut world = Self::default();
        for name in ["backend/app.py", "backend/util/text.py", "lib/core.c", "read me.txt", "tool.sh"] {
            let lines = 12 + numbers.below(30);
            let text = lines_of(numbers, lines, &format!("{name} at first"));
            let (has_end, is_executable) = (!numbers.percent(20), name == "tool.sh");
            world.files.insert(name.to_owned(), File::Text { lines: text, has_end, is_executable });
        }
        world.files.insert("lib/current".to_owned(), File::Link("core.c".to_owned()));
        world.files.insert("logo.bin".to_owned(), File::Binary(b"\0first\n".to_vec()));
        world
    }

    /// Does one to three things to it; `mark` is in every line that comes.
    pub(super) fn change(&mut self, numbers: &mut Numbers, mark: &str) {
        for turn in 0..=numbers.below(3) {
            let mark = format!("{mark}, turn {turn}");
            match numbers.below(16) {
                0 | 1 => self.add(numbers, &mark),
                2 => drop(self.files.remove(&self.name(numbers))),
                3 => {
                    let file = self.files.remove(&self.name(numbers)).expect("it is one of these names");
                    let name = self.new_name("renamed", numbers);
                    self.files.insert(name, file);
                }
                4 => {
                    if let File::Text { is_executable, .. } = self.text(numbers) {
                        *is_executable = !*is_executable;
                    }
                }
                5 => {
                    if let File::Text { has_end, .. } = self.text(numbers) {
                        *has_end = !*has_end;
                    }
                }
                6 => drop(self.files.insert("lib/current".to_owned(), File::Link(format!("to {mark}")))),
                7 => drop(self.files.insert("logo.bin".to_owned(), File::Binary(format!("\0{mark}\n").into_bytes()))),
                _ => self.edit(numbers, &mark),
            }
        }
    }

    /// Changes lines of a text.
    pub(super) fn edit(&mut self, numbers: &mut Numbers, mark: &str) {
        let File::Text { lines, .. } = self.text(numbers) else { return };
        for hunk in 0..=numbers.below(3) {
            let at = numbers.below(lines.len() + 1);
            let count = numbers.below(4);
            let end = (at + numbers.below(3)).min(lines.len());
            let come = lines_of(numbers, count, &format!("{mark}, hunk {hunk}"));
            lines.splice(at..end, come);
        }
    }

    fn add(&mut self, numbers: &mut Numbers, mark: &str) {
        let name = self.new_name("new", numbers);
        let count = numbers.below(8);
        let lines = lines_of(numbers, count, mark);
        let file = File::Text { lines, has_end: !numbers.percent(30), is_executable: numbers.percent(30) };
        self.files.insert(name, file);
    }

    fn new_name(&mut self, word: &str, numbers: &mut Numbers) -> String {
        self.names += 1;
        let folder = numbers.one_of(&["backend/", "backend/own folder/", "lib/", ""]);
        format!("{folder}{word} \u{e4} {}", self.names)
    }

    fn name(&self, numbers: &mut Numbers) -> String {
        let names: Vec<&String> = self.files.keys().collect();
        (*numbers.one_of(&names)).clone()
    }

    /// One of the texts; a new one if there is none.
    fn text(&mut self, numbers: &mut Numbers) -> &mut File {
        if !self.files.values().any(|file| matches!(file, File::Text { .. })) {
            self.add(numbers, "another text");
        }
        let mut texts: Vec<&mut File> =
            self.files.values_mut().filter(|file| matches!(file, File::Text { .. })).collect();
        let at = numbers.below(texts.len());
        texts.swap_remove(at)
    }

    /// Makes a folder hold these files and no others, but for a repository; `name` says which path a file gets.
    pub(super) fn write(&self, folder: &Path, has_crlf: bool, name: impl Fn(&str) -> String) {
        fs::create_dir_all(folder).unwrap();
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_symlink() || path.is_file() {
                fs::remove_file(path).unwrap();
            } else if !path.ends_with(".git") {
                fs::remove_dir_all(path).unwrap();
            }
        }
        for (path, file) in &self.files {
            let path = folder.join(name(path));
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            match file {
                File::Link(target) => symlink(target, &path).unwrap(),
                File::Binary(bytes) => fs::write(&path, bytes).unwrap(),
                File::Text { lines, has_end, is_executable } => {
                    let end = if has_crlf { "\r\n" } else { "\n" };
                    let text = lines.join(end) + if *has_end && !lines.is_empty() { end } else { "" };
                    fs::write(&path, text).unwrap();
                    let mode = if *is_executable { 0o755 } else { 0o644 };
                    fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
                }
            }
        }
    }
}

fn lines_of(numbers: &mut Numbers, count: usize, mark: &str) -> Vec<String> {
    let line = |at: usize, numbers: &mut Numbers| match numbers.below(8) {
        0 => String::new(),
        1 => "}".to_owned(),
        _ => format!("    line {at} of {mark} says {}", numbers.below(1_000_000)),
    };
    (0..count).map(|at| line(at, numbers)).collect()
}
