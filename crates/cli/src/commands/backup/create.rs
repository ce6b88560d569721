//! `shipway backup create`.

use std::process::ExitCode;
use std::time::Duration;

use shipway_engine::backup::Depth;
use shipway_engine::clock::now;
use shipway_pipeline::backup::{Reason, predict};
use shipway_store::Audit;

use crate::arguments::Global;
use crate::context::Context;
use crate::error::Result;
use crate::render::{self, bytes, time};

/// Back up the database of an environment
///
/// Nothing is locked against writers; the backup holds what was committed when it began.
#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    /// The environment
    environment: String,
    /// Prove it as well: restore it into a scratch database and compare
    #[arg(long)]
    verify: bool,
    /// Print one JSON document to standard output
    #[arg(long)]
    json: bool,
}

pub(super) async fn run(arguments: &Arguments, global: &Global) -> Result {
    let (context, _events) = Context::open(global)?;
    let engine = &context.engine;
    let environment = &context.project.environment(&arguments.environment)?.name;
    if !arguments.json
        && let Some(next) = predict(&engine.store.backups(environment)?)
    {
        anstream::eprintln!(
            "by the last ones: about {} in {}",
            bytes::short(next.bytes),
            time::short(next.time)
        );
    }
    let mut backup = engine.create_backup(environment, Reason::Asked).await?;
    engine.store.audit(
        &Audit {
            actor: &engine.actor,
            action: "back up",
            environment: Some(environment),
            subject: &backup.id.to_string(),
        },
        now(),
    )?;
    if arguments.verify {
        backup = engine
            .verify_backup(environment, &backup, Depth::Restore)
            .await?;
    }
    if arguments.json {
        render::json(&backup)?;
        return Ok(ExitCode::SUCCESS);
    }
    let id = backup.id;
    anstream::println!(
        "{id}: {} of a database of {} in {}",
        bytes::short(backup.size()),
        bytes::short(backup.source_bytes()),
        time::short(Duration::from_millis(backup.millis))
    );
    if backup.proven.is_some() {
        anstream::println!("{id} is proven: restored, it holds what the database held");
    } else {
        anstream::eprintln!("next: `shipway backup verify {environment} {id} --restore` proves it");
    }
    Ok(ExitCode::SUCCESS)
}
