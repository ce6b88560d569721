//! `shipway audit`.

mod list;
mod verify;

use crate::arguments::Global;
use crate::error::Result;

/// Who did what: a trail in which each line holds the digest of the one before
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, clap::Subcommand)]
enum Verb {
    List(list::Arguments),
    Verify(verify::Arguments),
}

pub(crate) fn run(arguments: &Arguments, global: &Global) -> Result {
    match &arguments.verb {
        Verb::List(arguments) => list::run(arguments, global),
        Verb::Verify(arguments) => verify::run(arguments, global),
    }
}
