//! `shipway migrations`.

mod apply;
mod check;
mod files;
mod git;
mod output;
mod refuse;
mod rollback;
mod select;
mod status;

pub(crate) use refuse::refused;

use crate::arguments::Global;
use crate::error::Result;

/// Look at database migrations, apply them, take them back
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, clap::Subcommand)]
enum Verb {
    Check(check::Arguments),
    Status(status::Arguments),
    Apply(apply::Arguments),
    Rollback(rollback::Arguments),
}

pub(crate) async fn run(arguments: &Arguments, global: &Global) -> Result {
    match &arguments.verb {
        Verb::Check(arguments) => check::run(arguments, global).await,
        Verb::Status(arguments) => status::run(arguments, global).await,
        Verb::Apply(arguments) => apply::run(arguments, global).await,
        Verb::Rollback(arguments) => rollback::run(arguments, global).await,
    }
}
