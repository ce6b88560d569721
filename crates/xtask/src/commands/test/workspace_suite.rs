//! The Rust workspace's tests, those that need an engine included where there is one.

use std::path::Path;
use std::process::Command;
use std::thread;

use anyhow::Result;

use super::compose::{COMPOSE, prepare_compose};
use super::engine::{Engine, REGISTRY, REGISTRY_PROGRAM};
use super::storefront;
use crate::program::{self, cargo, output};
use crate::provision::Places;
use crate::workspace::Workspace;

/// Where tests find a Python with what the storefront imports.
const PYTHON: &str = "SHIPWAY_TEST_PYTHON";

/// Builds the tests while the engine is provided, then runs them.
pub(super) fn run(
    workspace: &Workspace,
    profile: &str,
    engine: thread::ScopedJoinHandle<'_, Engine>,
) -> (Result<()>, Option<Engine>) {
    let root = workspace.root();
    let has_nextest = output(cargo(root).args(["nextest", "--version"])).is_some();
    let built = program::run(&mut build(root, has_nextest));
    let python = storefront::venv(workspace);
    // A thread that panicked has said why.
    let engine = engine.join().ok();
    let result = built.and_then(|()| {
        let python = python?.program("python");
        run_built(root, profile, has_nextest, (engine.as_ref(), &python))
    });
    (result, engine)
}

fn run_built(
    root: &Path,
    profile: &str,
    has_nextest: bool,
    (engine, python): (Option<&Engine>, &Path),
) -> Result<()> {
    let compose = prepare_compose(root)?;
    let registry = match engine {
        Some(Engine::Ready { registry }) => Some(registry.to_string()),
        Some(Engine::Missing { .. }) | None => None,
    };
    let program = Places::find()?.registry_program();
    let with_environment = |mut command: Command| {
        match &compose {
            Some(path) => command.env(COMPOSE, path),
            None => command.env_remove(COMPOSE),
        };
        match &registry {
            Some(address) => command
                .env(REGISTRY, address)
                .env(REGISTRY_PROGRAM, &program),
            None => command.env_remove(REGISTRY),
        };
        command.env(PYTHON, python);
        command
    };
    if !has_nextest {
        println!("cargo-nextest is not installed; `cargo test` runs the same tests");
        let command = test(root, registry.is_some());
        return program::run(&mut with_environment(command));
    }
    let command = nextest(root, profile, registry.is_some());
    program::run(&mut with_environment(command))?;
    // nextest does not run examples in documentation.
    let mut examples = cargo(root);
    examples.args(["test", "--doc", "--workspace"]);
    program::run(&mut with_environment(examples))
}

fn build(root: &Path, has_nextest: bool) -> Command {
    let mut command = cargo(root);
    if has_nextest {
        command.args(["nextest", "run", "--workspace", "--no-run"]);
    } else {
        command.args(["test", "--workspace", "--no-run"]);
    }
    command
}

fn nextest(root: &Path, profile: &str, has_engine: bool) -> Command {
    let mut command = cargo(root);
    command.args(["nextest", "run", "--workspace", "--profile", profile]);
    if has_engine {
        // What is ignored needs an engine.
        command.args(["--run-ignored", "all"]);
    }
    command
}

fn test(root: &Path, has_engine: bool) -> Command {
    let mut command = cargo(root);
    command.args(["test", "--workspace", "--no-fail-fast"]);
    if has_engine {
        command.args(["--", "--include-ignored"]);
    }
    command
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::program::render;

    #[test]
    fn tests_that_need_an_engine_are_run_only_where_there_is_one() {
        let root = Path::new("/");
        let line = |command: Command| render(&command);
        assert!(line(nextest(root, "ci", true)).ends_with("--profile ci --run-ignored all"));
        assert!(line(nextest(root, "ci", false)).ends_with("--profile ci"));
        assert!(line(test(root, true)).ends_with("--no-fail-fast -- --include-ignored"));
        assert!(line(test(root, false)).ends_with("--no-fail-fast"));
    }
}
