//! `shipway backup list`.

use std::process::ExitCode;
use std::time::Duration;

use shipway_pipeline::backup::Backup;

use super::standing;
use crate::arguments::Global;
use crate::context::Context;
use crate::error::{CliError, Result, report};
use crate::render::{self, bytes, table, time};

/// List the backups of an environment, the newest first
#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    /// The environment
    environment: String,
    /// Print one JSON document to standard output
    #[arg(long)]
    json: bool,
}

pub(super) async fn run(arguments: &Arguments, global: &Global) -> Result {
    let (context, _events) = Context::open(global)?;
    let settings = context.project.environment(&arguments.environment)?;
    let environment = &settings.name;
    if let Err(error) = context.engine.find_uploaded_backups(settings).await {
        // What is known here is told all the same.
        report(&CliError::from(error));
    }
    let backups = context.engine.store.backups(environment)?;
    if arguments.json {
        render::json(&backups)?;
    } else if backups.is_empty() {
        anstream::eprintln!("{environment} has no backups: `shipway backup create {environment}`");
    } else {
        let rows: Vec<Vec<String>> = backups.iter().map(row).collect();
        let heading = [
            "BACKUP", "MADE", "SIZE", "TOOK", "STANDING", "COPY", "RELEASE", "WHY",
        ];
        anstream::print!("{}", table::render(&heading, &rows));
    }
    Ok(ExitCode::SUCCESS)
}

fn row(backup: &Backup) -> Vec<String> {
    let release = backup.release.as_ref();
    vec![
        backup.id.to_string(),
        time::absolute(backup.created),
        bytes::short(backup.size()),
        time::short(Duration::from_millis(backup.millis)),
        standing(backup).to_owned(),
        if backup.uploaded.is_some() { "s3" } else { "-" }.to_owned(),
        release.map_or_else(|| "-".to_owned(), ToString::to_string),
        backup.reason.to_string(),
    ]
}
