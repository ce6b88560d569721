//! `cargo xtask provision`: what the tests need of a container engine.

use anyhow::{Context, Result};
use clap::{Args, Subcommand};

use crate::provision::{self, Places, StandIns, tools};
use crate::workspace::Workspace;

/// Set up what the tests need of a container engine, on Debian or Ubuntu as root.
///
/// An engine, Compose v2, buildx, a registry, PostgreSQL's client tools and the storefront's
/// images. Everything comes from the machine's own package mirrors; what is there already is left
/// alone. Nobody who has Docker needs it.
#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = true)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    what: Option<What>,
    /// Only tell what is there
    #[arg(long)]
    status: bool,
    /// When images are built here in place of the upstream ones
    #[arg(long, value_enum, default_value_t)]
    stand_ins: StandIns,
}

#[derive(Debug, Clone, Copy, Subcommand)]
enum What {
    /// Compose v2 alone: no root, and the machine is not changed
    Compose,
    /// End the engine and the registry that were started by this command
    Stop,
}

pub(super) fn run(arguments: &Arguments) -> Result<()> {
    let places = Places::find()?;
    let workspace = Workspace::load()?;
    match arguments.what {
        Some(What::Compose) => run_compose(&places),
        Some(What::Stop) => provision::stop(&places),
        None if arguments.status => {
            print!("{}", provision::describe(&places, workspace.root())?);
            Ok(())
        }
        None => provision::provide(&places, workspace.root(), arguments.stand_ins).map(|_| ()),
    }
}

fn run_compose(places: &Places) -> Result<()> {
    tools::provide(places)?;
    let compose = tools::find_compose(places).context("what was fetched does not run")?;
    println!("{}", compose.display());
    Ok(())
}
