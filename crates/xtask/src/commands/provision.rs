//! `cargo xtask provision`: what the tests need of a container engine.

use anyhow::{Context, Result};
use clap::{Args, Subcommand};

use crate::provision::{Places, tools};

/// Set up what the tests need of a container engine, on Debian or Ubuntu.
///
/// Takes everything from the machine's own package mirrors; what is there already is left alone.
/// Nobody who has Docker needs it.
#[derive(Debug, Args)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, Clone, Copy, Subcommand)]
enum What {
    /// Compose v2 alone: no root, and the machine is not changed
    Compose,
}

pub(super) fn run(arguments: &Arguments) -> Result<()> {
    let places = Places::find()?;
    match arguments.what {
        What::Compose => run_compose(&places),
    }
}

fn run_compose(places: &Places) -> Result<()> {
    tools::provide(places)?;
    let compose = tools::find_compose(places).context("what was fetched does not run")?;
    println!("{}", compose.display());
    Ok(())
}
