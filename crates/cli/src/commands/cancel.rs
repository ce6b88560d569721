//! `shipway cancel`.

use std::process::ExitCode;

use shipway_engine::clock::now;
use shipway_pipeline::request::Request;

use crate::arguments::Global;
use crate::context::Context;
use crate::error::Result;
use crate::{remote, requests};

/// Take a request back that is not being carried out yet
///
/// A deployment that runs is stopped by `shipway abort`.
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    /// The request, such as `q3`
    request: String,
}

pub(crate) async fn run(arguments: &Arguments, global: &Global) -> Result {
    if let Some(client) = remote::client(global).await? {
        return remote::cancel(&client, &arguments.request).await;
    }
    let (context, _events) = Context::open(global)?;
    let request = requests::find(&context, &arguments.request)?;
    let cancel = |request: &mut Request, by: &str| Ok(request.cancel(by, now())?);
    let (request, ()) = requests::change(&context, &request, "cancel", cancel)?;
    anstream::eprintln!("{} {}", request.id, request.state);
    Ok(ExitCode::SUCCESS)
}
