//! `shipway notify list`.

use std::process::ExitCode;

use shipway_pipeline::notify::Message;
use shipway_store::MessageRecord;

use crate::arguments::Global;
use crate::context::Context;
use crate::error::Result;
use crate::render::{self, table, time};

/// List messages to channels, the newest first, and what became of them
#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    /// Only those that were given up
    #[arg(long)]
    failed: bool,
    /// At most this many
    #[arg(short = 'n', long, default_value_t = 20)]
    limit: usize,
    /// Print one JSON document to standard output
    #[arg(long)]
    json: bool,
}

pub(super) fn run(arguments: &Arguments, global: &Global) -> Result {
    let (context, _events) = Context::open(global)?;
    let found = context
        .engine
        .store
        .messages(arguments.failed, arguments.limit)?;
    if arguments.json {
        render::json(&found)?;
    } else if found.is_empty() {
        anstream::eprintln!(
            "no message {}",
            if arguments.failed {
                "failed"
            } else {
                "was sent"
            }
        );
    } else {
        let rows: Vec<Vec<String>> = found.iter().map(row).collect();
        let heading = ["ID", "MADE", "CHANNEL", "STATE", "TRIES", "WHAT", "ANSWER"];
        anstream::print!("{}", table::render(&heading, &rows));
    }
    Ok(ExitCode::SUCCESS)
}

fn row(message: &MessageRecord) -> Vec<String> {
    vec![
        message.id.to_string(),
        time::absolute(message.created),
        message.channel.to_string(),
        message.state.as_str().to_owned(),
        message.attempts.to_string(),
        Message::new(&message.notice).title,
        message.answer.clone().unwrap_or_else(|| "-".to_owned()),
    ]
}
