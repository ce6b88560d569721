//! `shipway audit verify`.

use std::process::ExitCode;

use shipway_pipeline::digest::Digest;

use crate::arguments::Global;
use crate::context::Context;
use crate::error::{CliError, Kind, Result};
use crate::render;

/// Look whether every line is as it was written and none is missing
///
/// Whoever can write the state can also write the whole trail anew, digests included. Keep the
/// digest that this prints elsewhere: with `--head` it is looked for among today's lines.
#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    /// The digest of an earlier verification, which one of the lines must have
    #[arg(long, value_name = "DIGEST")]
    head: Option<Digest>,
    /// Print one JSON document to standard output
    #[arg(long)]
    json: bool,
}

pub(super) fn run(arguments: &Arguments, global: &Global) -> Result {
    let (context, _events) = Context::open(global)?;
    let store = &context.engine.store;
    let verified = store
        .verify_audit_trail()?
        .map_err(|tampered| CliError::of(Kind::Refused, &tampered))?;
    if let Some(head) = &arguments.head {
        let trail = store.audit_trail(usize::MAX >> 1)?;
        if !trail.iter().any(|line| line.digest.as_ref() == Some(head)) {
            let told = format!("no line of the audit trail has the digest {head}");
            return Err(CliError::new(Kind::Refused, told));
        }
    }
    if arguments.json {
        render::json(&verified)?;
        return Ok(ExitCode::SUCCESS);
    }
    anstream::println!("{} lines, none changed, none missing", verified.lines);
    if verified.without_digest > 0 {
        let first = verified.without_digest;
        anstream::println!("the first {first} were written before there were digests");
    }
    if let Some(head) = verified.head {
        anstream::println!("{head}");
    }
    Ok(ExitCode::SUCCESS)
}
