//! `shipway backup show`.

use std::fmt::Write as _;
use std::path::Path;
use std::process::ExitCode;

use shipway_pipeline::backup::{Backup, Source};
use shipway_pipeline::id::BackupId;

use super::standing;
use crate::arguments::Global;
use crate::context::Context;
use crate::error::Result;
use crate::render::{self, bytes, table, time};

/// Show what a backup is and what it holds
#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    /// The environment
    environment: String,
    /// The backup, as `shipway backup list` names it
    backup: BackupId,
    /// Print one JSON document to standard output
    #[arg(long)]
    json: bool,
}

pub(super) async fn run(arguments: &Arguments, global: &Global) -> Result {
    let (context, _events) = Context::open(global)?;
    let environment = context.project.environment(&arguments.environment)?;
    let backup = context.engine.find_backup(environment, arguments.backup);
    let backup = backup.await?;
    if arguments.json {
        render::json(&backup)?;
    } else {
        anstream::print!("{}", render(&backup));
    }
    Ok(ExitCode::SUCCESS)
}

fn render(backup: &Backup) -> String {
    let mut rows: Vec<(&str, String)> = vec![
        ("backup", backup.id.to_string()),
        ("environment", backup.environment.to_string()),
        (
            "made",
            format!("{} by {}", time::absolute(backup.created), backup.by),
        ),
        ("why", backup.reason.to_string()),
        ("standing", standing(backup).to_owned()),
        ("database", source(&backup.source)),
    ];
    for file in &backup.files {
        let path = Path::new(&backup.directory).join(&file.name);
        let size = bytes::short(file.size);
        rows.push(("file", format!("{} ({size})", path.display())));
        rows.push(("", format!("sha256 {}", file.sha256)));
    }
    if let Some(uploaded) = &backup.uploaded {
        rows.push(("copied to", uploaded.to.clone()));
        rows.push(("", time::absolute(uploaded.at)));
    }
    if !backup.recipients.is_empty() {
        rows.push(("encrypted for", backup.recipients.join(", ")));
    }
    let contents = &backup.contents;
    for (app, name) in &contents.migrations {
        rows.push(("migrated to", format!("{app} {name}")));
    }
    // Writing to a String cannot fail.
    let mut text = String::new();
    for (what, how) in rows {
        let _ = writeln!(text, "{what:<14}{how}");
    }
    let tables = contents.tables.iter();
    let tables: Vec<Vec<String>> = tables
        .map(|(name, count)| vec![name.clone(), count.to_string()])
        .collect();
    format!("{text}\n{}", table::render(&["TABLE", "ROWS"], &tables))
}

fn source(source: &Source) -> String {
    match source {
        Source::Postgres(postgres) => format!(
            "{}, PostgreSQL {}, {}",
            postgres.name,
            postgres.server_version,
            bytes::short(postgres.bytes)
        ),
        Source::Sqlite { version, bytes } => {
            format!("SQLite {version}, {}", bytes::short(*bytes))
        }
    }
}
