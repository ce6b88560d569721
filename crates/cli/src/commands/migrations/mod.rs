//! `shipway migrations`.

mod check;
mod files;
mod git;
mod output;
mod select;

use crate::arguments::Global;
use crate::error::Result;

/// Look at database migrations before they are applied
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, clap::Subcommand)]
enum Verb {
    Check(check::Arguments),
}

pub(crate) async fn run(arguments: &Arguments, global: &Global) -> Result {
    match &arguments.verb {
        Verb::Check(arguments) => check::run(arguments, global).await,
    }
}
