//! The log of a running instance: `log`, and before it `log.1`, `log.2`…

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

/// How much of an instance's output is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Limits {
    /// A file that has grown to this many bytes is followed by a new one.
    pub bytes: u64,
    /// Files kept, the one being written included.
    pub files: u32,
}

/// Writes an instance's log.
#[derive(Debug)]
pub(crate) struct Log {
    directory: PathBuf,
    limits: Limits,
    file: File,
    size: u64,
    ends_with_newline: bool,
}

// === impl Limits ===

impl Limits {
    /// 3 files of 10 MiB: hours of a busy service, and 300 MiB for ten instances.
    pub const DEFAULT: Self = Self {
        bytes: 10 * 1024 * 1024,
        files: 3,
    };
}

impl Default for Limits {
    fn default() -> Self {
        Self::DEFAULT
    }
}

// === impl Log ===

impl Log {
    pub(crate) fn open(directory: &Path, limits: Limits) -> io::Result<Self> {
        let file = open(&path(directory, 0))?;
        let size = file.metadata()?.len();
        Ok(Self {
            directory: directory.to_owned(),
            limits,
            file,
            size,
            ends_with_newline: true,
        })
    }

    /// Appends what the instance wrote.
    pub(crate) fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        if self.size >= self.limits.bytes {
            self.rotate()?;
        }
        self.file.write_all(bytes)?;
        self.size += bytes.len() as u64;
        self.ends_with_newline = bytes.last().is_none_or(|last| *last == b'\n');
        Ok(())
    }

    /// Appends a line of the supervisor's own.
    pub(crate) fn note(&mut self, text: &str) {
        let start = if self.ends_with_newline { "" } else { "\n" };
        // The status tells the same; a full disk must not end the supervision.
        let _ = self.write(format!("{start}shipway: {text}\n").as_bytes());
    }

    fn rotate(&mut self) -> io::Result<()> {
        for number in (1..self.limits.files).rev() {
            let older = path(&self.directory, number);
            match fs::rename(path(&self.directory, number - 1), older) {
                Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                result => result?,
            }
        }
        if self.limits.files <= 1 {
            fs::remove_file(path(&self.directory, 0))?;
        }
        self.file = open(&path(&self.directory, 0))?;
        self.size = 0;
        Ok(())
    }
}

/// The file that is being written to.
pub(crate) fn newest(directory: &Path) -> PathBuf {
    path(directory, 0)
}

/// The file with this number, 0 being the newest.
pub(super) fn path(directory: &Path, number: u32) -> PathBuf {
    match number {
        0 => directory.join("log"),
        _ => directory.join(format!("log.{number}")),
    }
}

fn open(path: &Path) -> io::Result<File> {
    OpenOptions::new()
        .append(true)
        .create(true)
        .mode(0o600)
        .open(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn old_files_give_way() {
        let home = tempfile::tempdir().unwrap();
        let limits = Limits { bytes: 4, files: 2 };
        let mut log = Log::open(home.path(), limits).unwrap();
        for line in ["one\n", "two\n", "six\n"] {
            log.write(line.as_bytes()).unwrap();
        }
        let read = |number| fs::read_to_string(path(home.path(), number)).unwrap();
        assert_eq!((read(0), read(1)), ("six\n".to_owned(), "two\n".to_owned()));
        assert!(!path(home.path(), 2).exists());
    }

    #[test]
    fn a_note_stands_on_a_line_of_its_own() {
        let home = tempfile::tempdir().unwrap();
        let mut log = Log::open(home.path(), Limits::DEFAULT).unwrap();
        log.write(b"half").unwrap();
        log.note("exited");
        let text = fs::read_to_string(path(home.path(), 0)).unwrap();
        assert_eq!(text, "half\nshipway: exited\n");
    }
}
