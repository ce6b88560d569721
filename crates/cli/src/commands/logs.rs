//! `shipway logs`.

use std::process::ExitCode;

use shipway_pipeline::route::RouteKey;
use shipway_runtime::ColourKey;

use crate::arguments::Global;
use crate::context::Context;
use crate::error::{CliError, Kind, Result};

/// Print the last lines that the live instances of an environment wrote
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    /// The environment
    environment: String,
    /// Only this service or instance, such as `web` or `web-2`
    service: Option<String>,
    /// This many lines of each
    #[arg(short = 'n', long, default_value_t = 50)]
    lines: usize,
}

pub(crate) async fn run(arguments: &Arguments, global: &Global) -> Result {
    let (context, _events) = Context::open(global)?;
    let environment = context.project.environment(&arguments.environment)?;
    let engine = &context.engine;
    let live = engine.store.environment(&environment.name)?.live;
    let live = live.ok_or_else(|| {
        CliError::new(
            Kind::Failed,
            format!("nothing is live in {}", environment.name),
        )
    })?;
    let key = ColourKey {
        route: RouteKey {
            project: context.project.config.project.clone(),
            environment: environment.name.clone(),
        },
        slot: live.colour.into(),
    };
    let mut ids: Vec<_> = engine
        .runtime
        .list(&key)
        .await?
        .into_iter()
        .map(|instance| instance.id)
        .collect();
    ids.sort();
    if let Some(wanted) = &arguments.service {
        ids.retain(|id| id.service.as_str() == wanted || id.to_string() == *wanted);
        if ids.is_empty() {
            return Err(
                CliError::usage(format!("there is no service or instance `{wanted}`"))
                    .hint(format!("`shipway status {}` lists them", environment.name)),
            );
        }
    }
    for id in &ids {
        for line in engine.runtime.logs(&key, id, arguments.lines).await? {
            anstream::println!("{id} | {line}");
        }
    }
    Ok(ExitCode::SUCCESS)
}
