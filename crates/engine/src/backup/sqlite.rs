//! Backups of SQLite files, by SQLite's online backup.

use std::io::{Read, Write as _};
use std::path::Path;
use std::sync::Arc;

use shipway_pipeline::backup::{self, Backup, Contents, Difference, compare};
use shipway_store::sqlite;

use super::folder::{self, Folder};
use super::{BackupError, Copied, Files, Source};
use crate::database::DatabaseError;

/// As much is read before it is written.
const PART: usize = 256 * 1024;

/// Copies a database as it is at one moment, and counts what the copy holds.
pub(super) async fn copy(
    path: &Path,
    folder: &Folder,
    name: &str,
    recipients: &[String],
) -> Result<Copied, BackupError> {
    let end = if recipients.is_empty() { "" } else { ".age" };
    let plain = folder.partial(&format!("{name}.copy"));
    let partial = Arc::new(folder.partial(&format!("{name}.sqlite{end}")));
    let (path, target, recipients) = (path.to_owned(), partial.clone(), recipients.to_vec());
    let work = move || {
        let failed = |action| failed(action, &path);
        sqlite::copy(&path, plain.path()).map_err(failed("copy"))?;
        let contents = sqlite::contents(plain.path()).map_err(failed("read the copy of"))?;
        let mut input =
            std::fs::File::open(plain.path()).map_err(BackupError::file("read", plain.path()))?;
        let bytes = input.metadata().map_or(0, |metadata| metadata.len());
        let file = folder::write(&mut input as &mut dyn Read, &target, &recipients)?;
        Ok((file, contents, bytes))
    };
    let (file, contents, bytes) = blocking(work).await?;
    let mut files = Files::default();
    files.add(file, partial);
    let version = sqlite::version();
    Ok((files, backup::Source::Sqlite { version, bytes }, contents))
}

/// Reads a backup as the database that it is, and says how what it holds differs from what was
/// saved.
pub(super) async fn compare_with(
    backup: &Backup,
    source: Source,
) -> Result<Vec<Difference>, BackupError> {
    let folder = Folder::take(Path::new(&backup.directory)).await?;
    let scratch = folder.partial(&format!("verify-{}", backup.id));
    let found = write_to(scratch.path(), source).await?;
    Ok(compare(&backup.contents, &found))
}

/// Writes a backup to a file, which is made anew, and says what it holds.
pub(super) async fn write_to(path: &Path, source: Source) -> Result<Contents, BackupError> {
    let path = path.to_owned();
    blocking(move || {
        unpack(&path, source)?;
        sqlite::contents(&path).map_err(failed("read", &path))
    })
    .await
}

fn unpack(path: &Path, mut source: Source) -> Result<(), BackupError> {
    let wrong = || BackupError::file("write", path);
    shipway_durable::remove(path).map_err(wrong())?;
    let mut file = shipway_durable::File::create_new(path).map_err(wrong())?;
    let mut part = vec![0; PART];
    loop {
        match source.read(&mut part)? {
            0 => break,
            count => file.write_all(&part[..count]).map_err(wrong())?,
        }
    }
    file.sync().map_err(wrong())
}

fn failed(action: &'static str, path: &Path) -> impl FnOnce(sqlite::Error) -> BackupError {
    let path = path.to_owned();
    move |source| BackupError::Sqlite {
        action,
        path,
        source,
    }
}

async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, BackupError> + Send + 'static,
) -> Result<T, BackupError> {
    let outcome = tokio::task::spawn_blocking(work).await;
    outcome.unwrap_or_else(|error| {
        let error = std::io::Error::other(error.to_string());
        Err(DatabaseError::run("the copy")(error).into())
    })
}
