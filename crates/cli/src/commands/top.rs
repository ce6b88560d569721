//! `shipway top`.

use std::io::{IsTerminal as _, Write as _};
use std::process::ExitCode;
use std::time::Duration;

use shipway_engine::clock::now;
use tokio::signal::unix::{SignalKind, signal};

use crate::arguments::Global;
use crate::context::Context;
use crate::error::Result;
use crate::render::{self, time};
use crate::usage::{self, BETWEEN};

/// To the terminal's first line, and nothing below.
const CLEAR: &str = "\x1b[H\x1b[2J";

/// Show each instance's health, restarts, processor, memory and network, again and again
///
/// Of the live release and of the services that both colours share. At a terminal the table is
/// told anew until Ctrl-C; elsewhere it is told once.
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    /// The environment
    environment: String,
    /// Tell it once
    #[arg(long)]
    once: bool,
    /// Seconds between two tables
    #[arg(long, default_value_t = 2, value_parser = clap::value_parser!(u64).range(1..))]
    interval: u64,
    /// Print one JSON document to standard output
    #[arg(long)]
    json: bool,
}

pub(crate) async fn run(arguments: &Arguments, global: &Global) -> Result {
    let (context, _events) = Context::open(global)?;
    let environment = context.project.environment(&arguments.environment)?;
    let is_once = arguments.once || arguments.json || !std::io::stdout().is_terminal();
    let mut measured = usage::measure(&context, environment).await?;
    let mut pause = BETWEEN;
    let mut interrupt = signal(SignalKind::interrupt())?;
    loop {
        tokio::select! {
            () = tokio::time::sleep(pause) => {}
            _ = interrupt.recv() => return Ok(ExitCode::SUCCESS),
        }
        let (rows, newer) = usage::rows(&context, environment, &measured).await?;
        measured = newer;
        if arguments.json {
            render::json(&rows)?;
        } else {
            let heading = format!("{} at {}\n", environment.name, time::absolute(now()));
            let start = if is_once { "" } else { CLEAR };
            let table = if rows.is_empty() {
                "nothing runs\n".to_owned()
            } else {
                usage::render(&rows)
            };
            anstream::print!("{start}{heading}{table}");
            std::io::stdout().flush()?;
        }
        if is_once {
            return Ok(ExitCode::SUCCESS);
        }
        pause = Duration::from_secs(arguments.interval);
    }
}
