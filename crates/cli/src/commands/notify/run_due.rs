//! `shipway notify run-due`.

use std::process::ExitCode;
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use shipway_engine::clock::now;
use shipway_engine::notify::{Courier, Sent};
use shipway_pipeline::notify::Message;
use shipway_pipeline::notify::retry::Next;

use crate::arguments::Global;
use crate::context::Context;
use crate::error::Result;
use crate::telling::trouble;
use crate::{exit, render};

/// Whoever calls often is not to be called again before the last one ended.
const PATIENCE: Duration = Duration::from_secs(50);

/// Send what is to be told and has not arrived yet
///
/// For machines without the daemon: commands send at their end what they can, and what did not
/// arrive waits for the next one, or for this. Call it often, by cron or a systemd timer. Exit
/// code 1 where a message was given up.
#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    /// Print one JSON document to standard output
    #[arg(long)]
    json: bool,
}

pub(super) async fn run(arguments: &Arguments, global: &Global) -> Result {
    let (context, _events) = Context::open(global)?;
    send(&context, arguments.json).await
}

/// Sends what is due, and tells what came of it.
pub(super) async fn send(context: &Context, json: bool) -> Result {
    let engine = &context.engine;
    let courier = Courier::new(&engine.store, &context.project.config, &engine.keyring);
    let all = courier.deliver(now(), Instant::now() + PATIENCE).await?;
    if json {
        let documents: Vec<Value> = all.iter().map(document).collect();
        render::json(&documents)?;
    } else {
        for sent in &all {
            match trouble(sent) {
                Some(line) => anstream::eprintln!("{line}"),
                None => {
                    let title = Message::new(&sent.notice).title;
                    anstream::println!("{} to {}: {title}", sent.id, sent.channel);
                }
            }
        }
        if all.is_empty() {
            anstream::eprintln!("nothing is due");
        }
    }
    let is_failed = all.iter().any(|sent| sent.next == Next::Failed);
    let code = if is_failed { exit::FAILED } else { exit::OK };
    Ok(ExitCode::from(code))
}

fn document(sent: &Sent) -> Value {
    let (state, due) = match sent.next {
        Next::Delivered => ("delivered", None),
        Next::Again { at } => ("waiting", Some(at)),
        Next::Failed => ("failed", None),
    };
    json!({
        "id": sent.id,
        "channel": sent.channel,
        "type": sent.notice.event,
        "state": state,
        "due": due,
        "answer": sent.told,
    })
}
