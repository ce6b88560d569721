//! `shipway audit list`.

use std::process::ExitCode;

use shipway_store::AuditRecord;

use crate::arguments::Global;
use crate::context::Context;
use crate::error::Result;
use crate::render::{self, table, time};

/// List the newest lines first
#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    /// At most this many
    #[arg(short = 'n', long, default_value_t = 50)]
    limit: usize,
    /// Print one JSON document to standard output, with the digests: for archives elsewhere
    #[arg(long)]
    json: bool,
}

pub(super) fn run(arguments: &Arguments, global: &Global) -> Result {
    let (context, _events) = Context::open(global)?;
    let trail = context.engine.store.audit_trail(arguments.limit)?;
    if arguments.json {
        render::json(&trail)?;
        return Ok(ExitCode::SUCCESS);
    }
    if trail.is_empty() {
        anstream::eprintln!("nothing was done yet");
        return Ok(ExitCode::SUCCESS);
    }
    let rows: Vec<Vec<String>> = trail.into_iter().map(row).collect();
    let heading = ["LINE", "AT", "WHO", "DID", "ENVIRONMENT", "WHAT"];
    anstream::print!("{}", table::render(&heading, &rows));
    Ok(ExitCode::SUCCESS)
}

fn row(record: AuditRecord) -> Vec<String> {
    vec![
        record.sequence.to_string(),
        time::absolute(record.at),
        record.actor,
        record.action,
        record.environment.unwrap_or_default(),
        record.subject,
    ]
}
