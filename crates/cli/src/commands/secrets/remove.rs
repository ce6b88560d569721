//! `shipway secrets rm`.

use std::process::ExitCode;

use super::{Which, keeper, live};
use crate::arguments::Global;
use crate::context::Context;
use crate::error::{CliError, Kind, Result};

/// Remove a secret with all its versions
///
/// Refused while what is live reads it. Releases that ran with it before cannot be returned to
/// afterwards.
#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    #[command(flatten)]
    which: Which,
    /// Remove it although what is live reads it
    #[arg(long)]
    force: bool,
}

pub(super) fn run(arguments: &Arguments, global: &Global) -> Result {
    let (context, _events) = Context::open(global)?;
    let Which { environment, name } = &arguments.which;
    let environment = &keeper(&context.project, environment)?;
    if !arguments.force && live(&context.engine, environment, name)?.is_some() {
        return Err(CliError::new(
            Kind::NotAllowed,
            format!("what is live in `{environment}` reads `{name}`"),
        )
        .hint("deploy a release that does not name it first, or add `--force`"));
    }
    let count = context.engine.remove_secret(environment, name)?;
    let values = if count == 1 { "value" } else { "values" };
    anstream::eprintln!("removed {count} {values} of {name} from {environment}");
    Ok(ExitCode::SUCCESS)
}
