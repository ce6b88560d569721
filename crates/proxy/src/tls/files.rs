//! The files of a certificate and its key, as they lie on the disk.

use std::fs::{File, Metadata};
use std::io::Read;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

use shipway_pipeline::route::{Certificate, Tls};

use super::certificate::Error;
use crate::acme::Place;

/// Chains of several certificates are a few kilobytes; more is some other file.
const LARGEST: u64 = 1 << 20;

/// What others than a key's owner and group may do with it, and what its group may: nothing but
/// read, as with the group that some systems have for keys.
const TOO_MUCH: u32 = 0o037;

/// Where a certificate and its key are.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Files {
    pub(super) certificate: String,
    pub(super) key: String,
    /// Whether the proxy has them issued: that they are not there yet is no mistake then.
    pub(super) is_issued: bool,
}

/// What tells that a file is not the one that was read: also one that was put in its place, and
/// one that has other permissions now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Stamp {
    device: u64,
    inode: u64,
    size: u64,
    modified: (i64, i64),
    changed: (i64, i64),
}

// === impl Files ===

impl Files {
    /// Those of a route's host. Files that are issued are in the proxy's own directory.
    pub(super) fn of(directory: &Path, tls: &Tls, host: &str) -> Self {
        match &tls.certificate {
            Certificate::Files { certificate, key } => Self {
                certificate: certificate.clone(),
                key: key.clone(),
                is_issued: false,
            },
            Certificate::Acme { acme } => Self::issued(&Place::of(directory, acme, host)),
        }
    }

    /// The one file that holds both of what was issued.
    pub(super) fn issued(place: &Place) -> Self {
        let path = place.certificate().to_string_lossy().into_owned();
        Self {
            certificate: path.clone(),
            key: path,
            is_issued: true,
        }
    }

    /// What both files are like at present; `None` for one that is not there.
    pub(super) fn stamps(&self) -> [Option<Stamp>; 2] {
        [&self.certificate, &self.key].map(|path| {
            // Where a link leads, and not the link: it is the name that stays.
            std::fs::metadata(path).ok().as_ref().map(Stamp::of)
        })
    }

    /// Whether one that is issued has not been yet.
    pub(super) fn are_awaited(&self, stamps: &[Option<Stamp>; 2]) -> bool {
        self.is_issued && stamps[0].is_none()
    }

    pub(super) fn read_certificate(&self) -> Result<Vec<u8>, Error> {
        let (text, _) = read(&self.certificate)?;
        Ok(text)
    }

    pub(super) fn read_key(&self) -> Result<Vec<u8>, Error> {
        let (text, metadata) = read(&self.key)?;
        let mode = metadata.mode() & 0o777;
        if mode & TOO_MUCH != 0 {
            return Err(Error::Open {
                path: self.key.clone(),
                mode,
            });
        }
        Ok(text)
    }
}

// === impl Stamp ===

impl Stamp {
    fn of(metadata: &Metadata) -> Self {
        Self {
            device: metadata.dev(),
            inode: metadata.ino(),
            size: metadata.size(),
            modified: (metadata.mtime(), metadata.mtime_nsec()),
            changed: (metadata.ctime(), metadata.ctime_nsec()),
        }
    }
}

fn read(path: &str) -> Result<(Vec<u8>, Metadata), Error> {
    let unreadable = |error: std::io::Error| Error::Read {
        path: path.to_owned(),
        reason: error.to_string(),
    };
    let file = File::open(path).map_err(unreadable)?;
    // Of the file that is read, whatever takes its name meanwhile.
    let metadata = file.metadata().map_err(unreadable)?;
    let mut text = Vec::new();
    file.take(LARGEST)
        .read_to_end(&mut text)
        .map_err(unreadable)?;
    Ok((text, metadata))
}
