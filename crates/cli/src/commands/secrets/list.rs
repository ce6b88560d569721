//! `shipway secrets list`.

use std::collections::BTreeMap;
use std::process::ExitCode;

use serde_json::json;
use shipway_pipeline::secret::SecretName;
use shipway_store::SecretRecord;

use super::{keeper, live};
use crate::arguments::Global;
use crate::context::Context;
use crate::error::Result;
use crate::render::{self, table, time};

/// List the secrets of an environment and their versions, never their values
#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    /// The environment
    environment: String,
    /// Print one JSON document to standard output
    #[arg(long)]
    json: bool,
}

pub(super) fn run(arguments: &Arguments, global: &Global) -> Result {
    let (context, _events) = Context::open(global)?;
    let environment = &keeper(&context.project, &arguments.environment)?;
    let all = context.engine.store.secrets(environment)?;
    let mut by_name: BTreeMap<&SecretName, Vec<&SecretRecord>> = BTreeMap::new();
    for one in &all {
        by_name.entry(&one.name).or_default().push(one);
    }
    let (mut rows, mut documents) = (Vec::new(), Vec::new());
    for (name, versions) in by_name {
        let Some(newest) = versions.first() else {
            continue;
        };
        let running = live(&context.engine, environment, name)?;
        rows.push(vec![
            name.to_string(),
            newest.version.0.to_string(),
            running.map_or_else(|| "-".to_owned(), |version| version.0.to_string()),
            versions.len().to_string(),
            time::absolute(newest.created),
            newest.created_by.clone(),
        ]);
        documents.push(json!({
            "name": name,
            "version": newest.version,
            "live": running,
            "created": newest.created,
            "created_by": newest.created_by,
            "versions": versions.iter().map(|one| one.version).collect::<Vec<_>>(),
        }));
    }
    if arguments.json {
        render::json(&documents)?;
    } else if rows.is_empty() {
        anstream::eprintln!("{environment} has no secrets");
    } else {
        let heading = ["NAME", "VERSION", "LIVE", "KEPT", "SET", "BY"];
        anstream::print!("{}", table::render(&heading, &rows));
    }
    Ok(ExitCode::SUCCESS)
}
