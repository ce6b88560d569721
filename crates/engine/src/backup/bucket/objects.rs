//! Objects of a bucket: looked at, read, written, removed.

use std::collections::BTreeSet;
use std::fmt;
use std::io::Write;
use std::path::Path as FilePath;

use futures_util::TryStreamExt as _;
use object_store::aws::AmazonS3;
use object_store::path::Path;
use object_store::{Error, ObjectStore as _, ObjectStoreExt as _};
use shipway_pipeline::backup::{Backup, File};
use shipway_pipeline::id::BackupId;

use super::super::folder::{self, Hashed};
use super::super::{BackupError, document_name};

/// The folder of an environment in a bucket.
#[derive(Debug, Clone)]
pub(super) struct Place {
    pub(super) bucket: String,
    pub(super) folder: String,
}

/// A bucket that one is let into.
pub(super) struct Bucket {
    pub(super) store: AmazonS3,
    folder: Path,
    place: Place,
}

// === impl Bucket ===

impl Bucket {
    pub(super) fn try_new(store: AmazonS3, place: Place) -> Result<Self, BackupError> {
        let folder = Path::parse(&place.folder).map_err(|error| BackupError::Bucket {
            action: "open",
            place: place.to_string(),
            source: Box::new(error.into()),
        })?;
        Ok(Self {
            store,
            folder,
            place,
        })
    }

    /// Whether a backup was copied to it.
    pub(super) fn is_of(&self, backup: &Backup) -> bool {
        let uploaded = backup.uploaded.as_ref();
        uploaded.is_some_and(|uploaded| uploaded.to == self.to_string())
    }

    /// Whether it has a file, of that length and with that content.
    pub(super) async fn holds(&self, file: &File) -> Result<bool, BackupError> {
        match self.store.head(&self.path(&file.name)).await {
            Ok(found) if found.size == file.size => {
                Ok(self.measure(&file.name).await? == (file.size, file.sha256.clone()))
            }
            Ok(_) | Err(Error::NotFound { .. }) => Ok(false),
            Err(error) => Err(self.failed("look at", &file.name)(error)),
        }
    }

    /// Reads a file back, and compares it with what was written.
    pub(super) async fn check(&self, id: BackupId, file: &File) -> Result<(), BackupError> {
        let found = self.measure(&file.name).await?;
        self.compare(id, file, &found)
    }

    /// The length and the SHA-256 of what is there.
    async fn measure(&self, name: &str) -> Result<(u64, String), BackupError> {
        let mut hashed = Hashed::new(std::io::sink());
        self.read(name, FilePath::new(name), &mut hashed).await?;
        Ok(hashed.result())
    }

    /// Writes a file of a backup to a file that is made anew, and makes sure that it is the same.
    pub(super) async fn fetch(
        &self,
        id: BackupId,
        file: &File,
        target: &FilePath,
    ) -> Result<(), BackupError> {
        let mut hashed = Hashed::new(folder::create(target)?);
        self.read(&file.name, target, &mut hashed).await?;
        let synced = hashed.inner().sync();
        synced.map_err(BackupError::file("write", target))?;
        self.compare(id, file, &hashed.result())
    }

    fn compare(
        &self,
        id: BackupId,
        file: &File,
        (size, sha256): &(u64, String),
    ) -> Result<(), BackupError> {
        if *size == file.size && *sha256 == file.sha256 {
            return Ok(());
        }
        let name = &file.name;
        Err(BackupError::Damaged {
            id,
            reason: format!("`{self}/{name}` has another content than was written"),
        })
    }

    async fn read(
        &self,
        name: &str,
        target: &FilePath,
        output: &mut impl Write,
    ) -> Result<(), BackupError> {
        let found = self.store.get(&self.path(name)).await;
        let mut stream = found.map_err(self.failed("read", name))?.into_stream();
        while let Some(part) = stream.try_next().await.map_err(self.failed("read", name))? {
            let written = output.write_all(&part);
            written.map_err(BackupError::file("write", target))?;
        }
        Ok(())
    }

    /// Writes what is known of a backup beside it.
    pub(super) async fn describe(&self, backup: &Backup) -> Result<(), BackupError> {
        let Some(name) = document_name(backup) else {
            return Ok(());
        };
        let text = serde_json::to_vec_pretty(backup).unwrap_or_default();
        let put = self.store.put(&self.path(&name), text.into()).await;
        put.map(drop).map_err(self.failed("write", &name))
    }

    /// What is known of the backups that are whole, apart from those whose documents are known.
    pub(super) async fn described(
        &self,
        known: &BTreeSet<String>,
    ) -> Result<Vec<Backup>, BackupError> {
        let listed = self.store.list_with_delimiter(Some(&self.folder)).await;
        let listed = listed.map_err(self.failed("list", ""))?;
        let mut all = Vec::new();
        for found in listed.objects {
            let name = found.location.filename().unwrap_or_default();
            if !name.ends_with(".json") || known.contains(name) {
                continue;
            }
            let mut text = Vec::new();
            match self.read(name, FilePath::new(name), &mut text).await {
                // It was removed meanwhile.
                Err(error) if is_missing(&error) => continue,
                read => read?,
            }
            // Somebody's own object may have any name, and must not name files elsewhere.
            let backup = serde_json::from_slice::<Backup>(&text).ok();
            let is_ours = |backup: &Backup| {
                let is_plain = |file: &File| !file.name.contains('/') && file.name != "..";
                document_name(backup).as_deref() == Some(name) && backup.files.iter().all(is_plain)
            };
            all.extend(backup.filter(is_ours));
        }
        Ok(all)
    }

    /// Whether it says of a backup that it is whole.
    pub(super) async fn describes(&self, backup: &Backup) -> Result<bool, BackupError> {
        let Some(name) = document_name(backup) else {
            return Ok(false);
        };
        match self.store.head(&self.path(&name)).await {
            Ok(_) => Ok(true),
            Err(Error::NotFound { .. }) => Ok(false),
            Err(error) => Err(self.failed("look at", &name)(error)),
        }
    }

    /// Removes a backup, first what says that it is whole.
    pub(super) async fn remove(&self, backup: &Backup) -> Result<(), BackupError> {
        let files = backup.files.iter().map(|file| file.name.clone());
        for name in document_name(backup).into_iter().chain(files) {
            match self.store.delete(&self.path(&name)).await {
                Ok(()) | Err(Error::NotFound { .. }) => {}
                Err(error) => return Err(self.failed("remove", &name)(error)),
            }
        }
        Ok(())
    }

    pub(super) fn path(&self, name: &str) -> Path {
        self.folder.clone().join(name)
    }

    pub(super) fn failed(
        &self,
        action: &'static str,
        name: &str,
    ) -> impl FnOnce(Error) -> BackupError + use<> {
        let place = match name {
            "" => self.to_string(),
            name => format!("{self}/{name}"),
        };
        move |source| BackupError::Bucket {
            action,
            place,
            source: Box::new(source),
        }
    }
}

/// Whether there is no such object.
pub(super) fn is_missing(error: &BackupError) -> bool {
    matches!(error, BackupError::Bucket { source, .. } if matches!(**source, Error::NotFound { .. }))
}

impl fmt::Display for Bucket {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.place.fmt(f)
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "s3://{}/{}", self.bucket, self.folder)
    }
}
