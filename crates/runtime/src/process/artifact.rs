//! Artifacts as they stand in the state directory.
//!
//! An artifact is built where it stays, under a key known before it is built, so that paths which
//! a step writes into it stay right. Its content digest, known only afterwards, is its name to
//! everybody else: `by-digest/<digest>` leads to the key's directory.

use std::collections::BTreeSet;
use std::fs;
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::state::files;
use crate::state::layout::Layout;
use crate::{Artifact, Error};

/// Raised when a reader could misread what an earlier version wrote.
const VERSION: u32 = 1;

const RECORD: &str = "artifact.json";

/// What stands beside a complete artifact; written last.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Record {
    version: u32,
    /// 64 hexadecimal digits.
    pub(super) digest: String,
    /// The commit it was first built from; others may have the same content.
    pub(super) commit: String,
    /// Keys of the cached outputs that it links to.
    pub(super) cached: Vec<String>,
}

// === impl Record ===

impl Record {
    pub(super) fn new(digest: String, commit: String, cached: Vec<String>) -> Self {
        Self {
            version: VERSION,
            digest,
            commit,
            cached,
        }
    }

    /// The record of a whole artifact; `None` where it is missing, or something that it needs.
    pub(super) fn read(layout: &Layout, key: &str) -> io::Result<Option<Self>> {
        let directory = layout.artifact(key);
        let content = match fs::read(directory.join(RECORD)) {
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
            content => content?,
        };
        let record = serde_json::from_slice::<Self>(&content).ok();
        Ok(record.filter(|record| {
            record.version == VERSION
                && tree(layout, key).is_dir()
                && record
                    .cached
                    .iter()
                    .all(|key| is_cached(&layout.cache().join(key)))
        }))
    }

    pub(super) fn write(&self, layout: &Layout, key: &str) -> io::Result<()> {
        let path = layout.artifact(key).join(RECORD);
        shipway_durable::replace(&path, &serde_json::to_vec_pretty(self)?)
    }

    /// Makes the digest lead to the key, unless it leads to the same content already.
    pub(super) fn link(&self, layout: &Layout, key: &str) -> io::Result<()> {
        let link = layout.by_digest(&self.digest);
        if let Some(present) = key_of(layout, &self.digest)?
            && Self::read(layout, &present)?.is_some_and(|record| record.digest == self.digest)
        {
            return Ok(());
        }
        if let Some(parent) = link.parent() {
            shipway_durable::make_directory(parent)?;
        }
        shipway_durable::replace_link(&link, &Path::new("..").join(key))
    }
}

/// The directory that steps and instances see.
pub(super) fn tree(layout: &Layout, key: &str) -> PathBuf {
    layout.artifact(key).join("tree")
}

/// Whether a cached output is complete.
pub(super) fn is_cached(directory: &Path) -> bool {
    directory.join("complete").exists()
}

/// Whether everything that the artifact names is here and whole.
pub(super) fn is_here(layout: &Layout, artifact: &Artifact) -> Result<bool, Error> {
    for digest in artifact.digests.values() {
        let found = find(layout, digest).map_err(files::failed(
            "look for an artifact in",
            &layout.artifacts(),
        ))?;
        if found.is_none() {
            return Ok(false);
        }
    }
    Ok(true)
}

/// Where a service's artifact stands.
pub(super) fn directory_of(
    layout: &Layout,
    artifact: &Artifact,
    service: &str,
) -> Result<PathBuf, Error> {
    let not_runnable = |reason: String| Error::NotRunnable {
        service: service.to_owned(),
        reason,
    };
    let digest = artifact
        .digests
        .get(service)
        .ok_or_else(|| not_runnable("the artifact holds nothing for it".to_owned()))?;
    find(layout, digest)
        .map_err(files::failed(
            "look for an artifact in",
            &layout.artifacts(),
        ))?
        .map(|key| tree(layout, &key))
        .ok_or_else(|| not_runnable(format!("its artifact `{digest}` is not here")))
}

/// How many bytes the artifact's files take, without the cached outputs that it links to.
pub(super) fn weigh(layout: &Layout, artifact: &Artifact) -> Result<u64, Error> {
    let digests: BTreeSet<&String> = artifact.digests.values().collect();
    let mut bytes = 0;
    for digest in digests {
        let weighed = match find(layout, digest) {
            Ok(Some(key)) => files::weigh(&layout.artifact(&key)),
            Ok(None) => Ok(0),
            Err(error) => Err(error),
        };
        bytes += weighed.map_err(files::failed(
            "look for an artifact in",
            &layout.artifacts(),
        ))?;
    }
    Ok(bytes)
}

/// Removes what the artifact names; cached outputs stay, as others may link to them.
pub(super) async fn remove(layout: &Layout, artifact: &Artifact) -> Result<(), Error> {
    let digests: BTreeSet<&String> = artifact.digests.values().collect();
    for digest in digests {
        let found = find(layout, digest).map_err(files::failed(
            "look for an artifact in",
            &layout.artifacts(),
        ))?;
        let Some(key) = found else { continue };
        let directory = layout.artifact(&key);
        let link = layout.by_digest(hexadecimal(digest).unwrap_or_default());
        // The record first: without it nobody takes the rest for whole.
        for path in [directory.join(RECORD), directory, link] {
            files::remove_tree(&path).map_err(files::failed("remove", &path))?;
        }
    }
    Ok(())
}

/// The key of a whole artifact with this content, `sha256:` and 64 digits.
pub(super) fn find(layout: &Layout, digest: &str) -> io::Result<Option<String>> {
    let Some(hex) = hexadecimal(digest) else {
        return Ok(None);
    };
    let Some(key) = key_of(layout, hex)? else {
        return Ok(None);
    };
    let record = Record::read(layout, &key)?;
    Ok(record.filter(|record| record.digest == hex).map(|_| key))
}

fn hexadecimal(digest: &str) -> Option<&str> {
    digest
        .strip_prefix("sha256:")
        .filter(|hex| hex.len() == 64 && hex.bytes().all(|byte| byte.is_ascii_hexdigit()))
}

fn key_of(layout: &Layout, hex: &str) -> io::Result<Option<String>> {
    match fs::read_link(layout.by_digest(hex)) {
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        target => Ok(target?
            .file_name()
            .and_then(|key| key.to_str())
            .map(str::to_owned)),
    }
}
