//! The checkout: where it is and what it holds.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use cargo_metadata::{Metadata, MetadataCommand};

/// The checkout that this program was built in.
#[derive(Debug)]
pub(crate) struct Workspace {
    metadata: Metadata,
}

// === impl Workspace ===

impl Workspace {
    /// Asks cargo, without looking at anything outside of the workspace.
    pub(crate) fn load() -> Result<Self> {
        let manifest = Path::new(env!("CARGO_MANIFEST_DIR")).join("Cargo.toml");
        let metadata = MetadataCommand::new()
            .manifest_path(manifest)
            .no_deps()
            .exec()
            .context("cannot read `cargo metadata`")?;
        Ok(Self { metadata })
    }

    pub(crate) fn metadata(&self) -> &Metadata {
        &self.metadata
    }

    pub(crate) fn root(&self) -> &Path {
        self.metadata.workspace_root.as_std_path()
    }

    /// For what is made on the way and never committed.
    pub(crate) fn target(&self) -> &Path {
        self.metadata.target_directory.as_std_path()
    }

    pub(crate) fn storefront(&self) -> PathBuf {
        self.root().join("examples/storefront")
    }
}
