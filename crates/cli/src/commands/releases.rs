//! `shipway releases`.

use std::process::ExitCode;

use shipway_engine::releases::ReleaseStatus;

use crate::arguments::Global;
use crate::context::Context;
use crate::error::Result;
use crate::render::{self, bytes, table, time};

/// List releases, the newest first, with where each is live
///
/// The size is what was built takes on this machine, parts that releases share counted in each.
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    /// At most this many
    #[arg(short = 'n', long, default_value_t = 20)]
    limit: usize,
    /// Print one JSON document to standard output
    #[arg(long)]
    json: bool,
}

pub(crate) async fn run(arguments: &Arguments, global: &Global) -> Result {
    let (context, _events) = Context::open(global)?;
    let project = &context.project;
    let releases = context.engine.releases(project, arguments.limit).await?;
    if arguments.json {
        render::json(&releases)?;
        return Ok(ExitCode::SUCCESS);
    }
    if releases.is_empty() {
        anstream::eprintln!("there are no releases yet; `shipway build` makes one of HEAD");
        return Ok(ExitCode::SUCCESS);
    }
    let rows: Vec<Vec<String>> = releases.iter().map(row).collect();
    let heading = [
        "RELEASE",
        "COMMIT",
        "BUILT",
        "BY",
        "SIZE",
        "PLATFORMS",
        "STORED",
        "WHERE",
    ];
    anstream::print!("{}", table::render(&heading, &rows));
    Ok(ExitCode::SUCCESS)
}

fn row(status: &ReleaseStatus) -> Vec<String> {
    let release = &status.release;
    let now = shipway_engine::clock::now();
    let size = match (&status.pruned, status.bytes) {
        (None, Some(size)) => bytes::short(size),
        (Some(_), _) | (_, None) => "-".to_owned(),
    };
    let platforms = match release.platforms.as_slice() {
        [] => "-".to_owned(),
        platforms => platforms.join(", "),
    };
    vec![
        release.id.to_string(),
        release.short_commit().to_owned(),
        time::ago(release.created, now),
        release.created_by.clone(),
        size,
        platforms,
        super::build::place(release).to_owned(),
        whereabouts(status),
    ]
}

fn whereabouts(status: &ReleaseStatus) -> String {
    if let Some(pruned) = &status.pruned {
        return format!("pruned by {}", pruned.by);
    }
    let live = status.live.iter().map(|name| {
        if status.stable.contains(name) {
            format!("live in {name}")
        } else {
            format!("live in {name}, not stable yet")
        }
    });
    let stable = status.stable.iter();
    let stable = stable.filter(|name| !status.live.contains(name));
    let all: Vec<String> = live
        .chain(stable.map(|name| format!("stable in {name}")))
        .collect();
    all.join("; ")
}
