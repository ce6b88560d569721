//! The reference application's own suite, on this machine's Python.

use std::process::Command;

use anyhow::Result;

use crate::program;
use crate::venv::Venv;
use crate::workspace::Workspace;

/// Its Python, with all that it and its suite import.
pub(super) fn venv(workspace: &Workspace) -> Result<Venv> {
    let directory = workspace.target().join("storefront/venv");
    let requirements = ["requirements-dev.txt", "requirements.txt"];
    Venv::prepare(&directory, &workspace.storefront(), &requirements)
}

pub(super) fn run(workspace: &Workspace) -> Result<()> {
    let project = workspace.storefront();
    let target = workspace.target().join("storefront");
    let venv = venv(workspace)?;
    let tool = |name| {
        let mut command = Command::new(venv.program(name));
        // The example's folder stays as it was committed.
        command
            .current_dir(&project)
            .env("PYTHONDONTWRITEBYTECODE", "1")
            .env("COVERAGE_FILE", target.join("coverage"));
        command
    };
    program::run(tool("ruff").args(["check", "--no-cache", "."]))?;
    program::run(tool("ruff").args(["format", "--no-cache", "--check", "."]))?;
    // The lowest coverage that passes stands in pyproject.toml.
    program::run(tool("pytest").args(["--cov", "-p", "no:cacheprovider", "--quiet"]))
}
