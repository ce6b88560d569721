//! The directory of an environment's backups: what is whole has its name, and nothing else has.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, Read, Write};
use std::os::unix::fs::OpenOptionsExt as _;
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
        let swept = shipway_durable::remove_leftovers(path);
        swept.map_err(BackupError::file("clean up", path))?;
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
            let renamed = shipway_durable::rename(&partial.path, &target);
            renamed.map_err(BackupError::file("name", &target))?;
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
        let published = shipway_durable::publish(&partial.path, &target);
        published.map_err(BackupError::file("name", &target))
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
        let remove = |name: String| {
            let path = self.path.join(name);
            shipway_durable::remove(&path).map_err(BackupError::file("remove", &path))
        };
        if let Some(name) = document_name(backup) {
            remove(name)?;
            self.sync()?;
        }
        files.into_iter().try_for_each(remove)?;
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
        let synced = shipway_durable::sync_directory(&self.path);
        synced.map_err(BackupError::file("sync", &self.path))
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
    let made = shipway_durable::make_directory(directory);
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
pub(super) fn create(path: &Path) -> Result<shipway_durable::File, BackupError> {
    shipway_durable::File::create_new(path).map_err(BackupError::file("write", path))
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
    hashed.inner.sync().map_err(failed())?;
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

    /// Where it passes it on to.
    pub(super) fn inner(&self) -> &W {
        &self.inner
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

#[cfg(debug_assertions)]
#[cfg(test)]
mod tests {
    use shipway_durable::power;
    use shipway_pipeline::backup::{Contents, Reason, Source, VERSION};
    use shipway_pipeline::id::BackupId;
    use shipway_pipeline::time::Timestamp;

    use super::*;

    fn backup(id: u64, files: Vec<backup::File>) -> Backup {
        Backup {
            version: VERSION,
            id: BackupId(id),
            project: "shop".parse().unwrap(),
            environment: "production".parse().unwrap(),
            reason: Reason::Asked,
            by: "ada".to_owned(),
            created: Timestamp(0),
            millis: 0,
            release: None,
            directory: String::new(),
            files,
            recipients: vec![],
            source: Source::Sqlite {
                version: "3".to_owned(),
                bytes: 0,
            },
            contents: Contents::default(),
            uploaded: None,
            verified: None,
            proven: None,
        }
    }

    /// Writes a backup of two files and says that it is there; then another one, and removes the
    /// first.
    fn write_and_remove(path: &Path) -> Result<(), BackupError> {
        let folder = now(Folder::take(path))?;
        let mut first = None;
        for id in [1, 2] {
            let mut partials = Vec::new();
            let mut files = Vec::new();
            for end in ["dump", "globals"] {
                let partial = Arc::new(folder.partial(&format!("b{id}.{end}")));
                files.push(write(&mut &b"what it holds"[..], &partial, &[])?);
                partials.push(partial);
            }
            let made = backup(id, files);
            folder.publish(&partials, &made)?;
            power::acknowledge(id);
            first.get_or_insert(made);
        }
        if let Some(first) = first {
            folder.remove(&first)?;
            power::acknowledge(3);
        }
        Ok(())
    }

    /// Nobody else has the lock, so there is nothing to wait for.
    fn now<T>(work: impl Future<Output = T>) -> T {
        let mut runtime = tokio::runtime::Builder::new_current_thread();
        runtime.build().unwrap().block_on(work)
    }

    #[test]
    fn what_is_said_to_be_whole_is_whole_after_every_loss_of_power() {
        let home = tempfile::tempdir().unwrap();
        let disk = home.path().join("disk");
        fs::create_dir(&disk).unwrap();
        let recording = power::record(&disk, || {
            write_and_remove(&disk.join("backups")).map_err(io::Error::other)
        });
        let looked = recording
            .unwrap()
            .each_loss(&home.path().join("lost"), |loss| {
                let folder = now(Folder::take(&loss.directory.join("backups"))).unwrap();
                let found = folder.described().unwrap();
                for file in found.iter().flat_map(|backup| &backup.files) {
                    let measured = measure(&folder.path.join(&file.name)).unwrap();
                    assert_eq!(measured, (file.size, file.sha256.clone()), "{loss:?}");
                }
                let has = |id| found.iter().any(|backup| backup.id == BackupId(id));
                assert!(loss.acknowledged != 1 || has(1), "{loss:?}");
                assert!(loss.acknowledged < 2 || has(2), "{loss:?}");
                assert!(loss.acknowledged < 3 || !has(1), "{loss:?}");
                assert!(folder.named(PARTIAL).unwrap().is_empty());
            });
        assert!(looked.unwrap() > 50);
    }
}
