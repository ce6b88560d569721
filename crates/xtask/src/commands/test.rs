//! `cargo xtask test`: every test of the repository.

pub(super) mod compose;
mod engine;
mod storefront;
mod workspace_suite;

use std::process::Command;
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use clap::Args;

use self::engine::Engine;
use crate::e2e;
use crate::program::output;
use crate::provision::Places;
use crate::workspace::Workspace;

/// Run every test: the Rust workspace, the reference application, and both in containers.
///
/// Sets up what is missing on the way: a Python environment below the target directory, and on
/// Debian and Ubuntu as root what `cargo xtask provision` does. Where no container engine can be
/// had, it says which tests are not run. Needs Rust, Python 3 with venv, and git; uses
/// cargo-nextest where it is installed.
#[derive(Debug, Default, Args)]
pub(crate) struct Arguments {
    /// Only the Rust workspace
    #[arg(long, group = "only")]
    rust_only: bool,
    /// Only the reference application's own suite
    #[arg(long, group = "only")]
    storefront_only: bool,
    /// Only the reference application in containers
    #[arg(long, group = "only")]
    containers_only: bool,
    /// Fail where the tests that need a container engine cannot be run
    #[arg(long)]
    require_engine: bool,
    /// The cargo-nextest profile
    #[arg(long, default_value = "default")]
    profile: String,
}

// === impl Arguments ===

impl Arguments {
    /// Everything, as continuous integration runs it.
    pub(super) fn of_ci(require_engine: bool) -> Self {
        Self {
            profile: "ci".to_owned(),
            require_engine,
            ..Self::default()
        }
    }

    fn has_rust(&self) -> bool {
        !self.storefront_only && !self.containers_only
    }

    fn has_storefront(&self) -> bool {
        !self.rust_only && !self.containers_only
    }

    fn has_containers(&self) -> bool {
        !self.rust_only && !self.storefront_only
    }
}

pub(super) fn run(arguments: &Arguments) -> Result<()> {
    let workspace = Workspace::load()?;
    if output(Command::new("git").arg("--version")).is_none() {
        bail!("git is needed; on Debian and Ubuntu: apt-get install git");
    }
    let mut parts = Vec::new();
    let mut engine = None;
    if arguments.has_rust() {
        let profile = &arguments.profile;
        parts.push(Part::of("Rust workspace", || {
            let (result, provided) = thread::scope(|scope| {
                let engine = scope.spawn(|| engine::provide(&workspace));
                workspace_suite::run(&workspace, profile, engine)
            });
            engine = provided;
            result
        }));
    }
    if arguments.has_storefront() {
        parts.push(Part::of("storefront", || storefront::run(&workspace)));
    }
    if arguments.has_containers() {
        let engine = engine.get_or_insert_with(|| engine::provide(&workspace));
        if matches!(engine, Engine::Ready { .. }) {
            parts.push(Part::of("containers", || run_containers(&workspace)));
        }
    }
    if let Some(engine) = &engine {
        let checked = engine.check(&workspace, arguments.require_engine);
        checked.context("an engine is required")?;
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

/// Begins with what takes longest; the tests themselves ask for it again.
pub(super) fn provide_engine(workspace: &Workspace) {
    engine::provide(workspace);
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

fn run_containers(workspace: &Workspace) -> Result<()> {
    e2e::run(workspace, &Places::find()?.logs())
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
