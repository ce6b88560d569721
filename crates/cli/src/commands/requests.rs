//! `shipway requests`.

use std::process::ExitCode;

use shipway_pipeline::id::RequestId;
use shipway_pipeline::request::Request;
use shipway_store::RequestPage;

use crate::arguments::Global;
use crate::context::Context;
use crate::error::Result;
use crate::render::{self, table, time};
use crate::{remote, requests};

/// List requests for deployments: those that are open, the newest first
///
/// A request is what `promote` and `deploy` make where an environment asks for approvals or a
/// reason was given, and what a push makes.
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    /// The environment [default: all]
    environment: Option<String>,
    /// Those that are over as well
    #[arg(short, long)]
    all: bool,
    /// At most this many
    #[arg(short = 'n', long, default_value_t = 20)]
    limit: usize,
    /// Only those before this one, for the next page
    #[arg(long, value_name = "REQUEST")]
    before: Option<RequestId>,
    /// Print one JSON document to standard output
    #[arg(long)]
    json: bool,
}

pub(crate) async fn run(arguments: &Arguments, global: &Global) -> Result {
    let found = match remote::client(global).await? {
        Some(client) => {
            let (name, before) = (arguments.environment.as_deref(), arguments.before);
            let all = remote::requests(&client, name, !arguments.all, before, arguments.limit);
            all.await?
        }
        None => here(arguments, global)?,
    };
    if arguments.json {
        render::json(&found)?;
        return Ok(ExitCode::SUCCESS);
    }
    if found.is_empty() {
        anstream::eprintln!("nothing is asked for");
        return Ok(ExitCode::SUCCESS);
    }
    let rows: Vec<Vec<String>> = found.iter().map(row).collect();
    let heading = ["ID", "MADE", "ENVIRONMENT", "WHAT", "BY", "STATE"];
    anstream::print!("{}", table::render(&heading, &rows));
    Ok(ExitCode::SUCCESS)
}

fn here(arguments: &Arguments, global: &Global) -> Result<Vec<Request>> {
    let (context, _events) = Context::open(global)?;
    requests::expire(&context)?;
    let environment = match &arguments.environment {
        Some(name) => Some(context.project.environment(name)?.name.clone()),
        None => None,
    };
    let page = RequestPage {
        environment,
        before: arguments.before,
        limit: arguments.limit,
        is_open: !arguments.all,
    };
    Ok(context.engine.store.requests(&page)?)
}

fn row(request: &Request) -> Vec<String> {
    vec![
        request.id.to_string(),
        time::absolute(request.created),
        request.environment.to_string(),
        request.want.to_string(),
        request.by.clone(),
        request.state.to_string(),
    ]
}
