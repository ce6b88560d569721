//! `shipway demo`.

use std::process::ExitCode;

use crate::error::Result;

/// Watch a real Django site go through all environments under constant load
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    /// Leave everything running at the end and say where to look
    #[arg(long)]
    keep: bool,
}

pub(crate) async fn run(_arguments: &Arguments) -> Result {
    Ok(ExitCode::SUCCESS)
}
