//! The content of a backup, decrypted where it was encrypted.

use std::fs::File;
use std::io::{BufReader, Read as _};
use std::path::{Path, PathBuf};

use shipway_pipeline::backup::Backup;
use shipway_pipeline::id::BackupId;
use shipway_store::{Keyring, Opened};

use super::BackupError;
use super::folder::measure;

/// Larger than what is read at once, so that nothing is copied twice.
const BUFFER: usize = 64 * 1024;

/// The content of a backup, as it is read.
pub(crate) struct Source {
    id: BackupId,
    path: PathBuf,
    stream: Opened<BufReader<File>>,
}

impl Source {
    /// Opens a backup's first file.
    pub(crate) fn open(backup: &Backup, keyring: &Keyring) -> Result<Self, BackupError> {
        let id = backup.id;
        let damaged = |reason: &str| BackupError::Damaged {
            id,
            reason: reason.to_owned(),
        };
        let file = backup.files.first();
        let file = file.ok_or_else(|| damaged("it has no file"))?;
        let path = Path::new(&backup.directory).join(&file.name);
        let opened = File::open(&path).map_err(BackupError::file("read", &path))?;
        let input = BufReader::with_capacity(BUFFER, opened);
        let sealed = |source| BackupError::Sealed { id, source };
        let stream = if backup.recipients.is_empty() {
            Opened::Plain(input)
        } else {
            let keys = keyring.open().map_err(sealed)?;
            Opened::try_new(&keys, input).map_err(sealed)?
        };
        Ok(Self { id, path, stream })
    }

    /// Reads the next part; nothing at the end.
    pub(crate) fn read(&mut self, part: &mut [u8]) -> Result<usize, BackupError> {
        loop {
            match self.stream.read(part) {
                Ok(count) => return Ok(count),
                Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
                // What age finds wrong with its own stream.
                Err(error) if error.kind() == std::io::ErrorKind::InvalidData => {
                    return Err(BackupError::Damaged {
                        id: self.id,
                        reason: error.to_string(),
                    });
                }
                Err(error) => return Err(BackupError::file("read", &self.path)(error)),
            }
        }
    }
}

/// Compares the files on disk with what was written.
pub(super) fn check_files(backup: &Backup) -> Result<(), BackupError> {
    for file in &backup.files {
        let path = Path::new(&backup.directory).join(&file.name);
        let (size, sha256) = measure(&path).map_err(BackupError::file("read", &path))?;
        let damaged = |reason: String| BackupError::Damaged {
            id: backup.id,
            reason,
        };
        if size != file.size {
            let wanted = file.size;
            return Err(damaged(format!(
                "`{}` has {size} bytes, and had {wanted}",
                path.display()
            )));
        }
        if sha256 != file.sha256 {
            let what = format!("`{}` has another content than was written", path.display());
            return Err(damaged(what));
        }
    }
    Ok(())
}
