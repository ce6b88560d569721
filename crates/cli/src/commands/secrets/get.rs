//! `shipway secrets get`.

use std::io::Write as _;
use std::process::ExitCode;

use shipway_pipeline::secret::Version;

use super::{Which, keeper};
use crate::arguments::Global;
use crate::context::Context;
use crate::error::{CliError, Result};

/// Print the value of a secret, where that is asked for with `--show`
///
/// It is written to standard output as it is, without a line end, and the audit trail says who
/// read it.
#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    #[command(flatten)]
    which: Which,
    /// Yes, print it
    #[arg(long)]
    show: bool,
    /// The value at this version [default: the newest]
    #[arg(long, value_name = "VERSION")]
    at: Option<u32>,
}

pub(super) fn run(arguments: &Arguments, global: &Global) -> Result {
    let (context, _events) = Context::open(global)?;
    let Which { environment, name } = &arguments.which;
    let environment = &keeper(&context.project, environment)?;
    if !arguments.show {
        return Err(CliError::usage(format!(
            "this prints the value of `{name}`, and you did not say that you mean it"
        ))
        .hint("add `--show`; `shipway secrets list` tells what is set"));
    }
    let version = arguments.at.map(Version);
    let value = context.engine.secret(environment, name, version)?;
    let mut output = std::io::stdout().lock();
    output.write_all(value.expose())?;
    output.flush()?;
    Ok(ExitCode::SUCCESS)
}
