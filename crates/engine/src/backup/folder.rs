//! The directory of an environment's backups: what is whole has its name, and nothing else has.

use std::fs::{self, DirBuilder, File, OpenOptions, TryLockError};
use std::io::{self, Read, Write};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use sha2::{Digest as _, Sha256};
use shipway_pipeline::backup::{self, Backup};
use shipway_store::Sealed;

use super::{BackupError, document_name};

/// What is not whole yet.
const PARTIAL: &str = "partial";

/// What is known of a backup stands in a file of this name's end.
const DOCUMENT: &str = "json";

/// What was sent of a file to a bucket stands in one of this name's end.
pub(super) const SENT: &str = "upload";

const LOCK: &str = ".lock";

/// Between two attempts to get a directory that another backup is being written to.
const POLL: Duration = Duration::from_millis(200);

/// As much is read before it is written.
const PART: usize = 256 * 1024;

/// A directory that nobody else writes to or removes from.
pub(super) struct Folder {
    path: PathBuf,
    _lock: File,
}

/// A file that is removed unless it is published.
pub(super) struct Partial {
    path: PathBuf,
    name: String,
}

impl Folder {
    /// Waits for the directory, and removes what an interrupted backup left there.
    pub(super) async fn take(path: &Path) -> Result<Self, BackupError> {
        let folder = Self {
            path: path.to_owned(),
            _lock: lock(path, LOCK).await?,
        };
        for left in folder.named(PARTIAL)? {
            fs::remove_file(&left).map_err(BackupError::file("remove", &left))?;
        }
        Ok(folder)
    }

    /// A file that is not there yet.
    pub(super) fn partial(&self, name: &str) -> Partial {
        Partial {
            path: self.path.join(format!("{name}.{PARTIAL}")),
            name: name.to_owned(),
        }
    }

    /// Gives the files of a backup their names, what is known of it last: what has that is whole.
    pub(super) fn publish(
        &self,
        partials: &[Arc<Partial>],
        backup: &Backup,
    ) -> Result<(), BackupError> {
        for partial in partials {
            let target = self.path.join(&partial.name);
            fs::rename(&partial.path, &target).map_err(BackupError::file("name", &target))?;
        }
        self.sync()?;
        self.describe(backup)
    }

    /// Writes what is known of a backup beside it.
    pub(super) fn describe(&self, backup: &Backup) -> Result<(), BackupError> {
        let Some(name) = document_name(backup) else {
            return Ok(());
        };
        let partial = self.partial(&name);
        let mut text = serde_json::to_vec_pretty(backup).unwrap_or_default();
        text.push(b'\n');
        write(&mut &text[..], &partial, &[])?;
        let target = self.path.join(&partial.name);
        fs::rename(&partial.path, &target).map_err(BackupError::file("name", &target))?;
        self.sync()
    }

    /// What is known of the backups that are whole.
    pub(super) fn described(&self) -> Result<Vec<Backup>, BackupError> {
        let mut all = Vec::new();
        for path in self.named(DOCUMENT)? {
            let text = fs::read(&path).map_err(BackupError::file("read", &path))?;
            // Somebody's own file may have any name.
            all.extend(serde_json::from_slice::<Backup>(&text));
        }
        Ok(all)
    }

    /// Removes a backup, first what says that it is whole.
    pub(super) fn remove(&self, backup: &Backup) -> Result<(), BackupError> {
        let files = backup.files.iter().flat_map(|file| {
            let sent = format!("{}.{SENT}", file.name);
            [file.name.clone(), sent]
        });
        for name in document_name(backup).into_iter().chain(files) {
            let path = self.path.join(name);
            match fs::remove_file(&path) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => {
                    return Err(BackupError::file("remove", &path)(error));
                }
                _ => {}
            }
        }
        self.sync()
    }

    /// The files whose name ends so.
    fn named(&self, end: &str) -> Result<Vec<PathBuf>, BackupError> {
        let failed = || BackupError::file("read the directory", &self.path);
        let entries = fs::read_dir(&self.path).map_err(failed())?;
        let mut found = Vec::new();
        for entry in entries {
            let path = entry.map_err(failed())?.path();
            if path.extension().is_some_and(|found| found == end) {
                found.push(path);
            }
        }
        Ok(found)
    }

    /// A name is on disk only with its directory.
    fn sync(&self) -> Result<(), BackupError> {
        let directory = File::open(&self.path).and_then(|directory| directory.sync_all());
        directory.map_err(BackupError::file("sync", &self.path))
    }
}

impl Partial {
    /// Where it is written.
    pub(super) fn path(&self) -> &Path {
        &self.path
    }
}

impl Drop for Partial {
    fn drop(&mut self) {
        // It has its name by now, or nobody wants it.
        let _ = fs::remove_file(&self.path);
    }
}

/// Makes a directory, and waits until nobody else has its lock of that name.
pub(super) async fn lock(directory: &Path, name: &str) -> Result<File, BackupError> {
    let mut builder = DirBuilder::new();
    let made = builder.recursive(true).mode(0o700).create(directory);
    made.map_err(BackupError::file("make the directory", directory))?;
    let path = directory.join(name);
    let file = OpenOptions::new()
        .create(true)
        .truncate(false)
        .write(true)
        .mode(0o600)
        .open(&path)
        .map_err(BackupError::file("lock", &path))?;
    loop {
        match file.try_lock() {
            Ok(()) => return Ok(file),
            Err(TryLockError::WouldBlock) => tokio::time::sleep(POLL).await,
            Err(TryLockError::Error(error)) => {
                return Err(BackupError::file("lock", &path)(error));
            }
        }
    }
}

/// Makes a file that is not there yet, for its owner alone.
pub(super) fn create(path: &Path) -> Result<File, BackupError> {
    let file = OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(path);
    file.map_err(BackupError::file("write", path))
}

/// Writes a stream to a file that is not there yet, encrypted for recipients, and syncs it.
pub(super) fn write(
    input: &mut dyn Read,
    partial: &Partial,
    recipients: &[String],
) -> Result<backup::File, BackupError> {
    let path = partial.path();
    let failed = || BackupError::file("write", path);
    let mut sealed = Sealed::try_new(recipients, Hashed::new(create(path)?))?;
    let mut part = vec![0; PART];
    loop {
        let count = match input.read(&mut part) {
            Ok(0) => break,
            Ok(count) => count,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) => return Err(failed()(error)),
        };
        sealed.write_all(&part[..count]).map_err(failed())?;
    }
    let hashed = sealed.finish().map_err(failed())?;
    hashed.inner.sync_all().map_err(failed())?;
    let (size, sha256) = hashed.result();
    Ok(backup::File {
        name: partial.name.clone(),
        size,
        sha256,
    })
}

/// What is on disk, by length and SHA-256.
pub(super) fn measure(path: &Path) -> io::Result<(u64, String)> {
    let mut file = File::open(path)?;
    let mut hashed = Hashed::new(io::sink());
    let mut part = vec![0; PART];
    loop {
        match file.read(&mut part)? {
            0 => return Ok(hashed.result()),
            count => hashed.write_all(&part[..count])?,
        }
    }
}

/// Counts and hashes what it passes on.
pub(super) struct Hashed<W> {
    inner: W,
    hash: Sha256,
    size: u64,
}

impl<W> Hashed<W> {
    pub(super) fn new(inner: W) -> Self {
        Self {
            inner,
            hash: Sha256::new(),
            size: 0,
        }
    }

    /// The length and the SHA-256 of what was passed on.
    pub(super) fn result(self) -> (u64, String) {
        (self.size, hex(self.hash))
    }
}

impl<W: Write> Write for Hashed<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let count = self.inner.write(bytes)?;
        self.hash.update(&bytes[..count]);
        self.size += count as u64;
        Ok(count)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.inner.flush()
    }
}

fn hex(hash: Sha256) -> String {
    use std::fmt::Write as _;
    hash.finalize()
        .iter()
        .fold(String::new(), |mut text, byte| {
            // Writing to a String cannot fail.
            let _ = write!(text, "{byte:02x}");
            text
        })
}
