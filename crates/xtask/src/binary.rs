//! Builds `shipway` and finds it.

use std::process::Stdio;

use anyhow::{Context, Result, bail};
use cargo_metadata::Message;
use cargo_metadata::camino::Utf8PathBuf;
use clap::ValueEnum;

use crate::program::cargo;
use crate::workspace::Workspace;

/// The program's name.
pub(crate) const NAME: &str = "shipway";

/// How it is built: a profile of the workspace's `Cargo.toml`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Profile {
    /// Not optimised
    Dev,
    /// Optimised, quickly built
    Release,
    /// What is shipped: optimised across crates
    Dist,
}

/// Builds `shipway` and returns where it stands.
pub(crate) fn build(workspace: &Workspace, profile: Profile) -> Result<Utf8PathBuf> {
    let mut command = cargo(workspace.root());
    command
        .args(["build", "--quiet", "--package", "shipway-cli"])
        .args(["--bin", NAME, "--profile", profile.name()])
        .arg("--message-format=json-render-diagnostics");
    let output = command
        .stdin(Stdio::null())
        .stderr(Stdio::inherit())
        .output()
        .context("cannot run cargo")?;
    if !output.status.success() {
        bail!("`{NAME}` does not build");
    }
    Message::parse_stream(output.stdout.as_slice())
        .find_map(|message| match message.ok()? {
            Message::CompilerArtifact(artifact) if artifact.target.name == NAME => {
                artifact.executable
            }
            _ => None,
        })
        .with_context(|| format!("cargo built no `{NAME}`"))
}

// === impl Profile ===

impl Profile {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Dev => "dev",
            Self::Release => "release",
            Self::Dist => "dist",
        }
    }
}
