//! `shipway backup prune`.

use std::process::ExitCode;

use serde_json::json;
use shipway_engine::backup::Fate;
use shipway_pipeline::backup::Kept;

use super::audit;
use crate::arguments::Global;
use crate::confirm;
use crate::context::Context;
use crate::error::Result;
use crate::render::{self, bytes, table, time};

/// Remove the backups that nothing keeps
///
/// `backup.keep` of shipway.yml says how many stay: the last ones, and the last one of each of so
/// many days, weeks and months. The newest one and the last one that was proven always stay. What
/// goes here goes from the environment's bucket as well.
#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    /// The environment
    environment: String,
    /// Show what would be removed and do nothing
    #[arg(long)]
    dry_run: bool,
    /// Do not ask
    #[arg(short, long)]
    yes: bool,
    /// Print one JSON document to standard output
    #[arg(long)]
    json: bool,
}

pub(super) async fn run(arguments: &Arguments, global: &Global) -> Result {
    let (context, _events) = Context::open(global)?;
    let engine = &context.engine;
    let environment = context.project.environment(&arguments.environment)?;
    engine.find_uploaded_backups(environment).await?;
    let fates = engine.plan_backup_pruning(environment)?;
    let needless: Vec<&Fate> = fates.iter().filter(|fate| fate.kept.is_empty()).collect();
    let is_needed = !arguments.dry_run && !needless.is_empty();
    if arguments.json {
        let documents = fates.iter().map(|fate| {
            json!({ "backup": fate.backup.id, "kept": fate.kept, "bytes": fate.backup.size() })
        });
        render::json(&json!({
            "done": !arguments.dry_run,
            "backups": documents.collect::<Vec<_>>(),
        }))?;
    } else {
        let rows: Vec<Vec<String>> = fates.iter().map(row).collect();
        anstream::print!(
            "{}",
            table::render(&["BACKUP", "MADE", "SIZE", "KEPT"], &rows)
        );
    }
    if !is_needed {
        return Ok(ExitCode::SUCCESS);
    }
    let freed: u64 = needless.iter().map(|fate| fate.backup.size()).sum();
    let question = format!(
        "Remove {} backups, {}?",
        needless.len(),
        bytes::short(freed)
    );
    confirm::ask_plainly(&question, arguments.yes)?;
    for removed in engine.prune_backups(environment).await? {
        audit(engine, "remove backup", &removed)?;
        anstream::eprintln!("removed {}", removed.id);
    }
    Ok(ExitCode::SUCCESS)
}

fn row(fate: &Fate) -> Vec<String> {
    let kept: Vec<&str> = fate.kept.iter().copied().map(why).collect();
    vec![
        fate.backup.id.to_string(),
        time::absolute(fate.backup.created),
        bytes::short(fate.backup.size()),
        if kept.is_empty() {
            "no: it goes".to_owned()
        } else {
            kept.join(", ")
        },
    ]
}

fn why(kept: Kept) -> &'static str {
    match kept {
        Kept::Last => "one of the last",
        Kept::Daily => "of its day",
        Kept::Weekly => "of its week",
        Kept::Monthly => "of its month",
        Kept::Proven => "the last that was proven",
    }
}
