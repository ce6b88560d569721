//! `shipway reject`.

use std::process::ExitCode;

use shipway_engine::clock::now;
use shipway_pipeline::request::Request;

use crate::arguments::Global;
use crate::context::Context;
use crate::error::{CliError, Kind, Result};
use crate::{remote, requests};

/// Say no to a request that waits for approval, which ends it
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    /// The request, such as `q3`
    request: String,
    /// Why, for whoever asked
    #[arg(long, value_name = "TEXT")]
    reason: Option<String>,
}

pub(crate) async fn run(arguments: &Arguments, global: &Global) -> Result {
    if let Some(client) = remote::client(global).await? {
        return remote::reject(&client, &arguments.request, arguments.reason.clone()).await;
    }
    let (context, _events) = Context::open(global)?;
    let request = requests::find(&context, &arguments.request)?;
    let rules = requests::rules(&context, &request)?.ok_or_else(|| {
        let told = format!("request {} needs no approval", request.id);
        CliError::new(Kind::NotAllowed, told)
    })?;
    let reject = |request: &mut Request, by: &str| {
        Ok(request.reject(&rules, by, arguments.reason.clone(), now())?)
    };
    let (request, ()) = requests::change(&context, &request, "reject", reject)?;
    anstream::eprintln!("{} {}", request.id, request.state);
    Ok(ExitCode::SUCCESS)
}
