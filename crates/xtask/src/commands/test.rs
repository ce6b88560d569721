//! `cargo xtask test`: every test of the repository.

use std::process::Command;
use std::time::{Duration, Instant};

use anyhow::{Result, bail};
use clap::Args;

use crate::program::{self, cargo, output};
use crate::venv::Venv;
use crate::workspace::Workspace;

/// Run every test: the Rust workspace, then the reference application.
///
/// Sets up what is missing on the way (a Python environment below the target directory). Needs
/// Rust, Python 3 with venv, and git; uses cargo-nextest where it is installed.
#[derive(Debug, Default, Args)]
pub(crate) struct Arguments {
    /// Only the Rust workspace
    #[arg(long, conflicts_with = "storefront_only")]
    rust_only: bool,
    /// Only the reference application's own suite
    #[arg(long)]
    storefront_only: bool,
    /// The cargo-nextest profile
    #[arg(long, default_value = "default")]
    profile: String,
}

// === impl Arguments ===

impl Arguments {
    /// Everything, as continuous integration runs it.
    pub(super) fn of_ci() -> Self {
        Self {
            profile: "ci".to_owned(),
            ..Self::default()
        }
    }
}

pub(super) fn run(arguments: &Arguments) -> Result<()> {
    let workspace = Workspace::load()?;
    if output(Command::new("git").arg("--version")).is_none() {
        bail!("git is needed; on Debian and Ubuntu: apt-get install git");
    }
    let mut parts = Vec::new();
    if !arguments.storefront_only {
        parts.push(Part::of("Rust workspace", || {
            run_rust(&workspace, &arguments.profile)
        }));
    }
    if !arguments.rust_only {
        parts.push(Part::of("storefront", || run_storefront(&workspace)));
    }
    for part in &parts {
        if let Err(error) = &part.result {
            println!("{}: {error:#}", part.name);
        }
    }
    println!("tests: {}", summary(&parts));
    if parts.iter().any(|part| part.result.is_err()) {
        bail!("not every test passed");
    }
    Ok(())
}

/// One suite and how it went.
struct Part {
    name: &'static str,
    result: Result<()>,
    took: Duration,
}

impl Part {
    fn of(name: &'static str, body: impl FnOnce() -> Result<()>) -> Self {
        println!("== {name} ==");
        let began = Instant::now();
        let result = body();
        Self {
            name,
            result,
            took: began.elapsed(),
        }
    }
}

fn summary(parts: &[Part]) -> String {
    let words: Vec<String> = parts
        .iter()
        .map(|part| {
            let verdict = if part.result.is_ok() {
                "passed"
            } else {
                "FAILED"
            };
            format!("{} {verdict} in {:.0?}", part.name, part.took)
        })
        .collect();
    words.join(", ")
}

fn run_rust(workspace: &Workspace, profile: &str) -> Result<()> {
    let root = workspace.root();
    if output(cargo(root).args(["nextest", "--version"])).is_none() {
        println!("cargo-nextest is not installed; `cargo test` runs the same tests");
        return program::run(cargo(root).args(["test", "--workspace", "--no-fail-fast"]));
    }
    program::run(cargo(root).args(["nextest", "run", "--workspace", "--profile", profile]))?;
    // nextest does not run examples in documentation.
    program::run(cargo(root).args(["test", "--doc", "--workspace"]))
}

fn run_storefront(workspace: &Workspace) -> Result<()> {
    let project = workspace.storefront();
    let target = workspace.target().join("storefront");
    let requirements = ["requirements-dev.txt", "requirements.txt"];
    let venv = Venv::prepare(&target.join("venv"), &project, &requirements)?;
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_summary_tells_what_failed() {
        let part = |name, result| Part {
            name,
            result,
            took: Duration::from_secs(2),
        };
        let parts = [
            part("Rust workspace", Ok(())),
            part("storefront", Err(anyhow::anyhow!("no"))),
        ];
        assert_eq!(
            summary(&parts),
            "Rust workspace passed in 2s, storefront FAILED in 2s"
        );
    }
}
