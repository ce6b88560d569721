//! What the rules look at, read once.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result};
use cargo_metadata::{DependencyKind, Package as CargoPackage};

use crate::workspace::Workspace;

/// A crate of the workspace.
#[derive(Debug, Clone, Default)]
pub(super) struct Package {
    /// The package's name.
    pub(super) name: String,
    /// Its folder's name.
    pub(super) folder: String,
    /// The text of its `Cargo.toml`.
    pub(super) manifest: String,
    /// What it depends on.
    pub(super) dependencies: Vec<Dependency>,
    /// Its Rust files.
    pub(super) files: Vec<SourceFile>,
}

/// Something that a crate depends on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Dependency {
    /// The other package's name.
    pub(super) name: String,
    /// Only for tests, examples and benchmarks.
    pub(super) is_dev: bool,
}

/// A Rust file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct SourceFile {
    /// Its path from the workspace's root.
    pub(super) path: String,
    /// What it holds.
    pub(super) text: String,
}

/// Reads the workspace.
pub(super) fn gather(workspace: &Workspace) -> Result<Vec<Package>> {
    let mut packages = workspace.metadata().workspace_packages();
    packages.sort_by(|one, other| one.name.cmp(&other.name));
    packages
        .into_iter()
        .map(|package| read(workspace.root(), package))
        .collect()
}

fn read(root: &Path, package: &CargoPackage) -> Result<Package> {
    let manifest = package.manifest_path.as_std_path();
    let directory = manifest.parent().unwrap_or(root);
    let mut files = Vec::new();
    for folder in ["src", "tests", "benches", "examples"] {
        collect(root, &directory.join(folder), &mut files)?;
    }
    files.sort_by(|one, other| one.path.cmp(&other.path));
    Ok(Package {
        name: package.name.to_string(),
        folder: directory
            .file_name()
            .unwrap_or_default()
            .to_string_lossy()
            .into_owned(),
        manifest: fs::read_to_string(manifest)
            .with_context(|| format!("cannot read `{}`", manifest.display()))?,
        dependencies: package
            .dependencies
            .iter()
            .map(|dependency| Dependency {
                name: dependency.name.clone(),
                is_dev: dependency.kind == DependencyKind::Development,
            })
            .collect(),
        files,
    })
}

fn collect(root: &Path, folder: &Path, files: &mut Vec<SourceFile>) -> Result<()> {
    if !folder.is_dir() {
        return Ok(());
    }
    let cannot_read = |path: &Path| format!("cannot read `{}`", path.display());
    for entry in fs::read_dir(folder).with_context(|| cannot_read(folder))? {
        let path = entry.with_context(|| cannot_read(folder))?.path();
        if path.is_dir() {
            collect(root, &path, files)?;
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            files.push(SourceFile {
                path: path
                    .strip_prefix(root)
                    .unwrap_or(&path)
                    .display()
                    .to_string(),
                text: fs::read_to_string(&path).with_context(|| cannot_read(&path))?,
            });
        }
    }
    Ok(())
}
