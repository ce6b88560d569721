//! `shipway notify retry`.

use shipway_engine::clock::now;
use shipway_pipeline::id::MessageId;

use super::run_due;
use crate::arguments::Global;
use crate::context::Context;
use crate::error::{CliError, Result};

/// Send messages again that were given up
#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    /// The messages, such as `n12`
    #[arg(required_unless_present = "all")]
    messages: Vec<MessageId>,
    /// All that were given up
    #[arg(long, conflicts_with = "messages")]
    all: bool,
    /// Print one JSON document to standard output
    #[arg(long)]
    json: bool,
}

pub(super) async fn run(arguments: &Arguments, global: &Global) -> Result {
    let (context, _events) = Context::open(global)?;
    let store = &context.engine.store;
    if arguments.all {
        for message in store.messages(true, usize::MAX >> 1)? {
            store.send_again(message.id, now())?;
        }
    }
    for id in &arguments.messages {
        if !store.send_again(*id, now())? {
            let told = format!("there is no message {id} that was given up");
            return Err(CliError::usage(told).hint("`shipway notify list --failed` shows them"));
        }
    }
    run_due::send(&context, arguments.json).await
}
