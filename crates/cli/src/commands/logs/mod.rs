//! `shipway logs`.

mod follow;

use std::process::ExitCode;

use shipway_engine::live::Live;
use shipway_pipeline::id::InstanceId;
use shipway_runtime::Runtime as _;

use crate::arguments::Global;
use crate::context::Context;
use crate::error::{CliError, Result};
use crate::live;

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
    /// Go on with each line that is written, by the instances of later releases as well
    #[arg(short, long)]
    follow: bool,
}

pub(crate) async fn run(arguments: &Arguments, global: &Global) -> Result {
    let (context, _events) = Context::open(global)?;
    let environment = context.project.environment(&arguments.environment)?;
    let live = live::find(&context, environment)?;
    let ids = instances(&context, &live, arguments.service.as_deref()).await?;
    if arguments.follow {
        return follow::run(
            &context,
            environment,
            arguments.service.as_deref(),
            arguments.lines,
        )
        .await;
    }
    if let Some(wanted) = &arguments.service
        && ids.is_empty()
    {
        return Err(
            CliError::usage(format!("there is no service or instance `{wanted}`"))
                .hint(format!("`shipway status {}` lists them", environment.name)),
        );
    }
    for id in &ids {
        let key = live.key_of(id);
        for line in context.runtimes.logs(&key, id, arguments.lines).await? {
            anstream::println!("{id} | {line}");
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// The live instances of a service, or the one of this name; all of the colour where none is
/// given. What both colours share is told only where it is asked for.
async fn instances(
    context: &Context,
    live: &Live,
    wanted: Option<&str>,
) -> Result<Vec<InstanceId>> {
    let mut keys = vec![live.key.clone()];
    if wanted.is_some() {
        let shared = shipway_pipeline::colour::Slot::Shared;
        keys.push(shipway_runtime::ColourKey {
            slot: shared,
            ..live.key.clone()
        });
    }
    let mut ids = Vec::new();
    for key in keys {
        let found = context.runtimes.list(&key).await?;
        ids.extend(found.into_iter().map(|instance| instance.id));
    }
    ids.retain(|id| {
        wanted.is_none_or(|wanted| id.service.as_str() == wanted || id.to_string() == wanted)
    });
    ids.sort();
    Ok(ids)
}
