//! `shipway backup verify`.

use std::process::ExitCode;

use shipway_engine::backup::Depth;
use shipway_pipeline::id::BackupId;

use crate::arguments::Global;
use crate::context::Context;
use crate::error::{CliError, Kind, Result};
use crate::render;

/// Check that a backup is good
///
/// Its files are compared with their checksums and read to the end as a restore reads them. With
/// `--restore` it is restored into a scratch database on the same server, which needs room for it:
/// the rows of each table, sequences and migrations are compared with what was counted when it was
/// made. Only then it is proven.
#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    /// The environment
    environment: String,
    /// The backup [default: the newest]
    backup: Option<BackupId>,
    /// Restore it into a scratch database and compare
    #[arg(long)]
    restore: bool,
    /// Print one JSON document to standard output
    #[arg(long)]
    json: bool,
}

pub(super) async fn run(arguments: &Arguments, global: &Global) -> Result {
    let (context, _events) = Context::open(global)?;
    let engine = &context.engine;
    let settings = context.project.environment(&arguments.environment)?;
    let environment = &settings.name;
    let backup = match arguments.backup {
        Some(id) => engine.find_backup(settings, id).await?,
        None => {
            let newest = engine.newest_backup(settings).await?;
            newest.ok_or_else(|| {
                CliError::new(Kind::Failed, format!("`{environment}` has no backups"))
                    .hint(format!("`shipway backup create {environment}`"))
            })?
        }
    };
    let depth = if arguments.restore {
        Depth::Restore
    } else {
        Depth::Read
    };
    let good = engine.verify_backup(environment, &backup, depth).await?;
    if arguments.json {
        render::json(&good)?;
    } else if arguments.restore {
        anstream::println!(
            "{} is proven: restored, it holds what the database held",
            good.id
        );
    } else {
        anstream::println!("{} is whole", good.id);
    }
    Ok(ExitCode::SUCCESS)
}
