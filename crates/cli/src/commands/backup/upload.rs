//! `shipway backup upload`.

use std::process::ExitCode;

use shipway_pipeline::backup::Backup;

use crate::arguments::Global;
use crate::context::Context;
use crate::error::{CliError, Result};
use crate::render;

/// Copy to the environment's bucket what it lacks
///
/// `backup.s3` of shipway.yml names the bucket. Each file is sent in parts and read back: a copy
/// counts when its SHA-256 is that of the file. What an interrupted call has sent is not sent
/// again. `backup create` and `backup run-due` do it by themselves.
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
    let environment = context.project.environment(&arguments.environment)?;
    if environment.backup.s3.is_none() {
        let told = format!("`{}` has no bucket for backups", environment.name);
        return Err(CliError::usage(told)
            .hint("`backup: { s3: { bucket: NAME } }` in shipway.yml names one"));
    }
    let copied = context.engine.upload_backups(environment).await?;
    if arguments.json {
        render::json(&copied)?;
    } else if copied.is_empty() {
        anstream::eprintln!("the bucket lacks nothing");
    } else {
        tell(&copied);
    }
    Ok(ExitCode::SUCCESS)
}

/// Says where backups were copied to.
pub(super) fn tell(copied: &[Backup]) {
    for backup in copied {
        if let Some(uploaded) = &backup.uploaded {
            anstream::println!("{}: copied to {}, and read back", backup.id, uploaded.to);
        }
    }
}
