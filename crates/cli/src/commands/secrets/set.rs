//! `shipway secrets set` and `rotate`.

use std::process::ExitCode;

use shipway_pipeline::secret::{SecretValue, Version};

use super::value::Source;
use super::{Which, keeper, live};
use crate::arguments::Global;
use crate::context::Context;
use crate::error::{CliError, Result};

/// Set a secret: the first value, or a new version of it
///
/// The value is read from standard input, up to its end; one line end there is not part of it.
#[derive(Debug, clap::Args)]
pub(super) struct Set {
    #[command(flatten)]
    which: Which,
    #[command(flatten)]
    source: Source,
}

/// Replace a secret that is set by another value
///
/// As `set`, but only where there is a value already, and never by the same one. What runs goes
/// on with the old value until the next deployment or promotion.
#[derive(Debug, clap::Args)]
pub(super) struct Rotate {
    #[command(flatten)]
    which: Which,
    #[command(flatten)]
    source: Source,
}

pub(super) fn set(arguments: &Set, global: &Global) -> Result {
    let (context, _events) = Context::open(global)?;
    let value = arguments.source.read()?;
    keep(&context, &arguments.which, &value)
}

pub(super) fn rotate(arguments: &Rotate, global: &Global) -> Result {
    let (context, _events) = Context::open(global)?;
    let Which { environment, name } = &arguments.which;
    let environment = &keeper(&context.project, environment)?;
    // First: nobody types a value only to hear that there is nothing to replace.
    context.engine.newest(environment, name)?;
    let value = arguments.source.read()?;
    if context.engine.secret(environment, name, None)? == value {
        return Err(CliError::usage(format!(
            "`{name}` of `{environment}` has this value already"
        ))
        .hint("give another one, or `--generate`"));
    }
    keep(&context, &arguments.which, &value)
}

fn keep(context: &Context, which: &Which, value: &SecretValue) -> Result {
    let Which { environment, name } = which;
    let environment = &keeper(&context.project, environment)?;
    let version = context.engine.set_secret(environment, name, value)?;
    anstream::eprintln!("{name} of {environment} is {version}");
    if let Some(running) = live(&context.engine, environment, name)? {
        anstream::eprintln!("{}", next(running));
    }
    Ok(ExitCode::SUCCESS)
}

fn next(running: Version) -> String {
    format!("what is live goes on with {running} until the next deployment")
}
