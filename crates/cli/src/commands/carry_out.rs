//! `shipway carry-out`, which whoever has a queue of requests calls for each.

use crate::arguments::Global;
use crate::carrying;
use crate::context::Context;
use crate::deploying::Flags;
use crate::error::Result;
use crate::requests;

/// Carry out a recorded request, or go on with one whose carrier was killed
///
/// What a push, the daemon or the last approval does. A request that was interrupted goes on with
/// the deployment that it had begun.
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    /// The request, such as `q3`
    request: String,
    #[command(flatten)]
    flags: Flags,
}

pub(crate) async fn run(arguments: &Arguments, global: &Global) -> Result {
    let (mut context, events) = Context::open(global)?;
    let request = requests::find(&context, &arguments.request)?;
    context.engine.actor.clone_from(&request.by);
    let mut flags = arguments.flags.clone();
    // Whoever made the request has agreed, and nobody is there to be asked.
    flags.consent.yes = true;
    flags.consent.confirm = Some(request.environment.to_string());
    flags.wait = true;
    carrying::carry_out(&context, request.id, &flags, events).await
}
