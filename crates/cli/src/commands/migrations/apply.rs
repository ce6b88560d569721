//! `shipway migrations apply`.

use shipway_engine::migrations::What;

use super::rollback::{Flags, carry_out};
use crate::arguments::Global;
use crate::error::Result;

/// Apply what the live release has and the database does not
///
/// A deployment does this by itself. What is left to this command is what was not done: a last
/// migration that failed once the release was live, or one that somebody took back. It runs once,
/// with the live release's artifact, under a lock in the database. Ends with 3 if something pending
/// is not safe while the live release runs, or fails.
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    /// The environment
    environment: String,
    #[command(flatten)]
    flags: Flags,
}

pub(crate) async fn run(arguments: &Arguments, global: &Global) -> Result {
    carry_out(
        &arguments.environment,
        What::Apply,
        &arguments.flags,
        global,
    )
    .await
}
