//! `shipway exec`.

use shipway_engine::clock::now;
use shipway_runtime::Operate as _;
use shipway_store::Audit;

use crate::arguments::Global;
use crate::context::Context;
use crate::error::Result;
use crate::{live, mask};

/// Run a command in an instance that runs
///
/// With its environment and in its directory, at this terminal. The command's exit code is passed
/// on; 128 is added to the number of a signal that ended it.
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    /// The environment
    environment: String,
    /// The instance, such as `web-2` or `db`; a service's first where no number is given
    /// [default: the service that takes the requests]
    instance: Option<String>,
    /// Program and arguments
    #[arg(last = true, required = true)]
    command: Vec<String>,
}

pub(crate) async fn run(arguments: &Arguments, global: &Global) -> Result {
    let (context, _events) = Context::open(global)?;
    let environment = context.project.environment(&arguments.environment)?;
    let live = live::find(&context, environment)?;
    let name = match &arguments.instance {
        Some(name) => name.as_str(),
        None => live.workload.routed.as_str(),
    };
    let instance = live::instance(&live, name)?;
    context.engine.store.audit(
        &Audit {
            actor: &context.engine.actor,
            action: "exec",
            environment: Some(&environment.name),
            subject: &format!(
                "{} {instance}: {}",
                live.release.id,
                mask::words(&arguments.command)
            ),
        },
        now(),
    )?;
    let key = live.key_of(&instance);
    let exit = context
        .runtimes
        .exec(&key, &instance, &arguments.command)
        .await?;
    Ok(live::pass_on(exit))
}
