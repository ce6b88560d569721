//! A file sent in parts, so that an interrupted one is gone on with.
//!
//! What was sent stands in `X.upload` beside the file, after each part.

use std::fs;
use std::io;
use std::os::unix::fs::FileExt as _;
use std::path::{Path, PathBuf};

use object_store::Error;
use object_store::multipart::{MultipartStore as _, PartId};
use serde::{Deserialize, Serialize};
use shipway_pipeline::backup::File;

use super::super::BackupError;
use super::super::folder::SENT;
use super::objects::{Bucket, is_missing};

/// Stores refuse parts of less than 5 MiB; each is held in memory.
const SMALLEST: u64 = 8 * 1024 * 1024;

/// Stores take ten thousand.
const MOST: u64 = 9_000;

/// What was sent of a file.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Sent {
    /// Where to.
    to: String,
    /// What is sent: another content is another upload.
    sha256: String,
    /// What the store calls it.
    upload: String,
    /// How long each part is, but the last.
    part: u64,
    /// What the store said of each part.
    parts: Vec<String>,
}

/// Sends a file, or what lacks of it.
pub(super) async fn send(
    bucket: &Bucket,
    directory: &Path,
    file: &File,
) -> Result<(), BackupError> {
    let record = record(directory, &file.name);
    let known = Sent::read(&record).filter(|sent| sent.is_of(bucket, file));
    if let Some(sent) = known {
        match go_on(bucket, directory, file, sent, &record).await {
            // Stores forget uploads that nobody finished.
            Err(error) if is_missing(&error) => {}
            finished => return finished,
        }
    }
    let sent = Sent::begin(bucket, file, &record).await?;
    go_on(bucket, directory, file, sent, &record).await
}

/// Has the bucket forget what was sent of a file that is sent no more.
pub(super) async fn forget(
    bucket: &Bucket,
    directory: &Path,
    name: &str,
) -> Result<(), BackupError> {
    let record = record(directory, name);
    let Some(sent) = Sent::read(&record).filter(|sent| sent.to == bucket.to_string()) else {
        return Ok(());
    };
    let target = bucket.path(name);
    match bucket.store.abort_multipart(&target, &sent.upload).await {
        Ok(()) | Err(Error::NotFound { .. }) => remove(&record),
        Err(error) => Err(bucket.failed("remove", name)(error)),
    }
}

/// Where it is remembered what was sent of a file.
fn record(directory: &Path, name: &str) -> PathBuf {
    directory.join(format!("{name}.{SENT}"))
}

async fn go_on(
    bucket: &Bucket,
    directory: &Path,
    file: &File,
    mut sent: Sent,
    record: &Path,
) -> Result<(), BackupError> {
    let path = directory.join(&file.name);
    let opened = fs::File::open(&path).map_err(BackupError::file("read", &path))?;
    let target = bucket.path(&file.name);
    // An empty file has a part as well.
    let count = file.size.div_ceil(sent.part).max(1);
    for number in sent.parts.len() as u64..count {
        let start = number * sent.part;
        let length = sent.part.min(file.size - start);
        let mut bytes = vec![0; length as usize];
        let read = opened.read_exact_at(&mut bytes, start);
        read.map_err(BackupError::file("read", &path))?;
        let part = bucket
            .store
            .put_part(&target, &sent.upload, number as usize, bytes.into())
            .await
            .map_err(bucket.failed("write", &file.name))?;
        sent.parts.push(part.content_id);
        sent.write(record)?;
    }
    let parts = sent.parts.into_iter();
    let parts = parts.map(|content_id| PartId { content_id }).collect();
    bucket
        .store
        .complete_multipart(&target, &sent.upload, parts)
        .await
        .map_err(bucket.failed("write", &file.name))?;
    remove(record)
}

fn remove(record: &Path) -> Result<(), BackupError> {
    match fs::remove_file(record) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => {
            Err(BackupError::file("remove", record)(error))
        }
        _ => Ok(()),
    }
}

// === impl Sent ===

impl Sent {
    async fn begin(bucket: &Bucket, file: &File, record: &Path) -> Result<Self, BackupError> {
        let target = bucket.path(&file.name);
        let upload = bucket.store.create_multipart(&target).await;
        let sent = Self {
            to: bucket.to_string(),
            sha256: file.sha256.clone(),
            upload: upload.map_err(bucket.failed("write", &file.name))?,
            part: file.size.div_ceil(MOST).max(SMALLEST),
            parts: Vec::new(),
        };
        sent.write(record)?;
        Ok(sent)
    }

    fn is_of(&self, bucket: &Bucket, file: &File) -> bool {
        self.to == bucket.to_string() && self.sha256 == file.sha256
    }

    /// What cannot be read was not sent.
    fn read(record: &Path) -> Option<Self> {
        serde_json::from_slice(&fs::read(record).ok()?).ok()
    }

    fn write(&self, record: &Path) -> Result<(), BackupError> {
        let text = serde_json::to_vec(self).unwrap_or_default();
        // After a loss of power it is sent again.
        let written = shipway_durable::replace_unsynced(record, &text);
        written.map_err(BackupError::file("write", record))
    }
}
