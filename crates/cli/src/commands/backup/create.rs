//! `shipway backup create`.

use std::process::ExitCode;
use std::time::Duration;

use shipway_engine::backup::Depth;
use shipway_pipeline::backup::{Backup, Reason, predict};

use super::{audit, upload};
use crate::arguments::Global;
use crate::context::Context;
use crate::error::{CliError, Result};
use crate::render::{self, bytes, time};

/// Back up the database of an environment
///
/// Nothing is locked against writers; the backup holds what was committed when it began. What the
/// environment's bucket lacks is copied there, where `backup.s3` of shipway.yml names one.
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
    let settings = context.project.environment(&arguments.environment)?;
    let environment = &settings.name;
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
    audit(engine, "back up", &backup)?;
    if arguments.verify {
        backup = engine
            .verify_backup(environment, &backup, Depth::Restore)
            .await?;
    }
    let copied = engine.upload_backups(settings).await;
    if let Ok(copied) = &copied
        && let Some(copy) = copied.iter().find(|copy| copy.id == backup.id)
    {
        backup = copy.clone();
    }
    if arguments.json {
        render::json(&backup)?;
    } else {
        tell(&backup);
    }
    // It is there whatever became of its copy.
    let copied = copied.map_err(|error| {
        CliError::from(error).hint(format!(
            "{} is on this machine alone: `shipway backup upload {environment}` goes on",
            backup.id
        ))
    })?;
    if !arguments.json {
        upload::tell(&copied);
    }
    Ok(ExitCode::SUCCESS)
}

fn tell(backup: &Backup) {
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
        let environment = &backup.environment;
        anstream::eprintln!("next: `shipway backup verify {environment} {id} --restore` proves it");
    }
}
