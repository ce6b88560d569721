//! `shipway backup run-due`.

use std::process::ExitCode;

use serde_json::json;
use shipway_engine::backup::{BackupError, Due};
use shipway_engine::database::DatabaseError;
use shipway_pipeline::config::Environment;

use super::audit;
use crate::arguments::Global;
use crate::context::Context;
use crate::error::{CliError, Kind, Result, report};
use crate::render::{self, bytes, time};

/// Make and prove the backups that are due
///
/// `backup.schedule` of shipway.yml says when one is made, `backup.prove` when the newest one is
/// restored into a scratch database and compared. `shipway serve` does it by itself; without it,
/// call this often, by cron or a systemd timer: it makes the backup of each environment where such
/// a time has come since its last one, and removes what `backup.keep` does not keep. What the
/// bucket of `backup.s3` lacks is copied there. Where nothing is due, or nothing is live, it does
/// nothing. What failed keeps nothing else from being done, and is tried again by the next call.
#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    /// The environment [default: all that have a schedule, proofs or a bucket]
    environment: Option<String>,
    /// Print one JSON document to standard output
    #[arg(long)]
    json: bool,
}

pub(super) async fn run(arguments: &Arguments, global: &Global) -> Result {
    let (context, _events) = Context::open(global)?;
    let chosen = chosen(&context, arguments)?;
    let mut documents = Vec::new();
    let mut code = ExitCode::SUCCESS;
    for environment in chosen {
        let name = &environment.name;
        match context.engine.back_up_due(environment).await {
            Ok(due) => {
                record(&context, &due)?;
                documents.push(json!({ "environment": name, "due": due }));
                if !arguments.json {
                    anstream::println!("{name}: {}", told(&due));
                }
                for failed in due.failed {
                    anstream::eprintln!("{name}:");
                    code = report(&CliError::from(failed.error));
                }
            }
            // There is nothing to lose yet.
            Err(BackupError::Database(DatabaseError::NothingLive(_))) => {}
            Err(error) => {
                // The others are to have theirs.
                documents.push(json!({ "environment": name, "error": error.to_string() }));
                anstream::eprintln!("{name}:");
                code = report(&CliError::from(error));
            }
        }
    }
    if arguments.json {
        render::json(&documents)?;
    }
    Ok(code)
}

fn record(context: &Context, due: &Due) -> Result<()> {
    if let Some(made) = &due.made {
        audit(&context.engine, "back up", made)?;
    }
    for removed in &due.removed {
        audit(&context.engine, "remove backup", removed)?;
    }
    Ok(())
}

fn chosen<'c>(context: &'c Context, arguments: &Arguments) -> Result<Vec<&'c Environment>> {
    if let Some(name) = &arguments.environment {
        let environment = context.project.environment(name)?;
        if !environment.backup.has_chores() {
            let told = format!("`{name}` has no schedule of backups or proofs, and no bucket");
            return Err(CliError::new(Kind::Usage, told)
                .hint("`backup: { schedule: \"30 3 * * *\" }` in shipway.yml is one"));
        }
        return Ok(vec![environment]);
    }
    let all = context.project.config.environments.values();
    Ok(all
        .filter(|environment| environment.backup.has_chores())
        .collect())
}

fn told(due: &Due) -> String {
    let mut told = Vec::new();
    if let Some(made) = &due.made {
        told.push(format!("{} made, {}", made.id, bytes::short(made.size())));
    }
    if !due.removed.is_empty() {
        told.push(format!("{} removed", due.removed.len()));
    }
    if !due.copied.is_empty() {
        told.push(format!("{} copied", due.copied.len()));
    }
    if let Some(proven) = &due.proven {
        told.push(format!("{} is proven", proven.id));
    }
    if told.is_empty() && due.failed.is_empty() {
        told.push("nothing is due".to_owned());
    }
    if let Some(next) = due.next {
        told.push(format!("next at {}", time::absolute(next)));
    }
    told.join("; ")
}
