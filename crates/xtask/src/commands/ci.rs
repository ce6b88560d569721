//! `cargo xtask ci`: everything that must hold before a change goes in.

use std::process::Command;
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Result, bail};
use clap::Args;

use super::{check_layers, generate, test};
use crate::program::{self, cargo};
use crate::provision::{self, Places};
use crate::workspace::Workspace;

/// Run everything that must hold before a change goes in.
///
/// Formatting, lints, documentation, layers, generated pages, and `cargo xtask test`. A step that
/// fails does not stop the ones after it.
#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// Fail where the tests that need a container engine cannot be run
    #[arg(long)]
    require_engine: bool,
}

/// One step and how it went.
struct Outcome {
    name: &'static str,
    result: Result<()>,
    took: Duration,
}

type Step<'a> = (&'static str, Box<dyn FnOnce() -> Result<()> + 'a>);

pub(super) fn run(arguments: &Arguments) -> Result<()> {
    let workspace = Workspace::load()?;
    let had_engine = provision::has_engine();
    let outcomes = thread::scope(|scope| {
        // Mostly waits for the network, while the first steps need the processor. The tests ask
        // for it again, wait until it is done, and tell why if it fails.
        scope.spawn(|| test::provide_engine(&workspace));
        run_steps(steps(&workspace, arguments))
    });
    if !had_engine {
        provision::stop(&Places::find()?)?;
    }
    println!("\n{}", table(&outcomes));
    let failed: Vec<&str> = outcomes
        .iter()
        .filter(|outcome| outcome.result.is_err())
        .map(|outcome| outcome.name)
        .collect();
    if !failed.is_empty() {
        bail!("failed: {}", failed.join(", "));
    }
    Ok(())
}

fn run_steps(steps: Vec<Step<'_>>) -> Vec<Outcome> {
    steps
        .into_iter()
        .map(|(name, body)| {
            println!("\n==== {name} ====");
            let began = Instant::now();
            let result = body();
            if let Err(error) = &result {
                println!("{name} failed: {error:#}");
            }
            Outcome {
                name,
                result,
                took: began.elapsed(),
            }
        })
        .collect()
}

fn steps<'a>(workspace: &'a Workspace, arguments: &'a Arguments) -> Vec<Step<'a>> {
    let cargo = move || cargo(workspace.root());
    vec![
        step("fmt", move || {
            program::run(cargo().args(["fmt", "--all", "--check"]))
        }),
        step("clippy", move || program::run(cargo().args(CLIPPY))),
        step("doc", move || program::run(documentation(&mut cargo()))),
        step("check-layers", || {
            check_layers::run(&check_layers::Arguments {})
        }),
        step("generate", || {
            generate::run(&generate::Arguments { check: true })
        }),
        step("test", || {
            test::run(&test::Arguments::of_ci(arguments.require_engine))
        }),
    ]
}

const CLIPPY: [&str; 7] = [
    "clippy",
    "--workspace",
    "--all-targets",
    "--all-features",
    "--",
    "-D",
    "warnings",
];

fn documentation(cargo: &mut Command) -> &mut Command {
    cargo
        .args(["doc", "--workspace", "--no-deps", "--all-features"])
        .env("RUSTDOCFLAGS", "-D warnings")
}

fn step<'a>(name: &'static str, body: impl FnOnce() -> Result<()> + 'a) -> Step<'a> {
    (name, Box::new(body))
}

fn table(outcomes: &[Outcome]) -> String {
    let row = |name: &str, verdict: &str, took: Duration| {
        format!("{name:<14}{verdict:<8}{:>6.0} s", took.as_secs_f64())
    };
    let all = outcomes.iter().map(|outcome| outcome.took).sum();
    let verdict = |good: bool| if good { "ok" } else { "FAILED" };
    outcomes
        .iter()
        .map(|outcome| row(outcome.name, verdict(outcome.result.is_ok()), outcome.took))
        .chain([row(
            "all",
            verdict(outcomes.iter().all(|outcome| outcome.result.is_ok())),
            all,
        )])
        .collect::<Vec<_>>()
        .join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_has_a_row_for_each_step_and_one_for_all() {
        let outcome = |name, result, seconds| Outcome {
            name,
            result,
            took: Duration::from_secs(seconds),
        };
        let outcomes = [
            outcome("fmt", Ok(()), 1),
            outcome("test", Err(anyhow::anyhow!("no")), 60),
        ];
        assert_eq!(
            table(&outcomes),
            "fmt           ok           1 s\n\
             test          FAILED      60 s\n\
             all           FAILED      61 s"
        );
    }
}
