//! `cargo xtask test`: every test of the repository.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use anyhow::{Result, bail};
use clap::Args;

use crate::program::{self, cargo, output};
use crate::provision::{Places, tools};
use crate::venv::Venv;
use crate::workspace::Workspace;

/// Run every test: the Rust workspace, then the reference application.
///
/// Sets up what is missing on the way: a Python environment below the target directory, and on
/// Debian and Ubuntu Compose v2 in the user's cache. Needs Rust, Python 3 with venv, and git; uses
/// cargo-nextest where it is installed.
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
    let compose = prepare_compose(root)?;
    let cargo = || {
        let mut command = cargo(root);
        match &compose {
            Some(path) => command.env(COMPOSE, path),
            None => command.env_remove(COMPOSE),
        };
        command
    };
    if output(cargo().args(["nextest", "--version"])).is_none() {
        println!("cargo-nextest is not installed; `cargo test` runs the same tests");
        return program::run(cargo().args(["test", "--workspace", "--no-fail-fast"]));
    }
    program::run(cargo().args(["nextest", "run", "--workspace", "--profile", profile]))?;
    // nextest does not run examples in documentation.
    program::run(cargo().args(["test", "--doc", "--workspace"]))
}

/// Where tests find Compose v2.
const COMPOSE: &str = "SHIPWAY_COMPOSE";

/// Compose v2, to compare with what it answers. Without it the stored answers are all there is.
fn prepare_compose(root: &Path) -> Result<Option<PathBuf>> {
    let places = Places::find()?;
    let provided = tools::provide(&places);
    if let Some(path) = tools::find_compose(&places) {
        return Ok(Some(path));
    }
    let reason = provided
        .err()
        .map_or_else(String::new, |error| format!(": {error:#}"));
    println!(
        "WARNING: there is no Compose v2{reason}\n\
         WARNING: {} cases are compared with stored answers only",
        count_cases(&root.join("crates/compose/tests/corpus"))?
    );
    Ok(None)
}

/// The cases of our reading of Compose files, each with what Compose answered once.
fn count_cases(folder: &Path) -> Result<usize> {
    let mut count = 0;
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            count += count_cases(&path)?;
        } else if path
            .extension()
            .is_some_and(|extension| extension == "case")
        {
            count += 1;
        }
    }
    Ok(count)
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
    fn cases_are_counted_in_all_folders() {
        let directory = tempfile::tempdir().unwrap();
        let inner = directory.path().join("merge");
        fs::create_dir(&inner).unwrap();
        for path in [
            directory.path().join("a.case"),
            inner.join("b.case"),
            inner.join("README.md"),
        ] {
            fs::write(path, "").unwrap();
        }
        assert_eq!(count_cases(directory.path()).unwrap(), 2);
    }

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
