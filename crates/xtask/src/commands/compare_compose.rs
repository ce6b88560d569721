//! `cargo xtask compare-compose`: the loader beside Docker Compose, at length.

use anyhow::{Context, Result};
use clap::Args;

use super::test::compose::{COMPOSE, prepare_compose};
use crate::program::{self, cargo};
use crate::workspace::Workspace;

/// Compare what we make of Compose files with what Docker Compose makes of them.
///
/// Asks Compose again for every stored answer, then for random projects. The tests do the same for
/// the stored answers alone and a few random projects.
#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// How many random projects; each takes about 70 ms
    #[arg(long, value_name = "N", default_value_t = 1000)]
    cases: u32,
    /// Write Compose's answers into the corpus in place of comparing with them
    #[arg(long)]
    bless: bool,
}

pub(super) fn run(arguments: &Arguments) -> Result<()> {
    let workspace = Workspace::load()?;
    let compose = prepare_compose(workspace.root())?
        .context("there is nothing to compare with; `cargo xtask provision compose` says why")?;
    let mut command = cargo(workspace.root());
    command
        .args(["test", "--package", "shipway-compose", "--test", "compose"])
        .arg("--")
        .env(COMPOSE, compose);
    if arguments.bless {
        return program::run(command.arg("corpus::").env("SHIPWAY_BLESS", "1"));
    }
    program::run(
        command
            .args(["--nocapture", "corpus::", "generated::", "round_trip::"])
            .env("SHIPWAY_ASK", "1")
            .env("SHIPWAY_CASES", arguments.cases.to_string()),
    )
}
