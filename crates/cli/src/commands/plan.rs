//! `shipway plan`.

use std::process::ExitCode;

use shipway_pipeline::promotion::Lane;
use shipway_pipeline::request::Want;

use super::deploy::{HEAD, What};
use crate::arguments::Global;
use crate::branches;
use crate::context::Context;
use crate::deploying;
use crate::error::Result;
use crate::exit;
use crate::render::{self, Output};
use crate::wanted::{self, Purpose};

/// Show what a deployment would do, without doing it
///
/// The release is built if it was not built before; nothing else is touched. Where that release is
/// live already, what runs is compared with what is recorded, and what differs is told.
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    /// The environment
    environment: String,
    #[command(flatten)]
    what: What,
    /// Exit with code 10 when a deployment would change anything
    #[arg(long)]
    exit_code: bool,
    #[command(flatten)]
    output: Output,
}

pub(crate) async fn run(arguments: &Arguments, global: &Global) -> Result {
    let (mut context, mut events) = Context::open(global)?;
    let branch = branches::find(&context, &arguments.environment)?;
    let (name, commit) = match &branch {
        Some(place) => (place.name.as_str(), branches::tip(&context, place)?),
        None => (arguments.environment.as_str(), HEAD),
    };
    if branch.is_some() {
        (context, events) = Context::open_with(global, branch.as_ref())?;
    }
    let environment = context.project.environment(name)?;
    let form = arguments.output.form();
    let is_promotion = environment.from.is_some() && arguments.what.is_default();
    let want = if is_promotion {
        Want::Promote
    } else {
        arguments.what.want(&context, commit)?
    };
    let request = wanted::prepare(&context, environment, &want, Lane::Regular, Purpose::Show);
    let (request, _events) = deploying::prepare(&context, events, form, request).await?;
    let surroundings = &request.surroundings;
    if surroundings.is_settled() {
        render::drift::print_settled(&request, form, true)?;
        return Ok(ExitCode::SUCCESS);
    }
    if form.is_for_people() {
        render::drift::tell(&surroundings.drift);
    }
    let plan = context.engine.plan(&request)?;
    render::plan::print_with_drift(&plan, &request.release, &surroundings.drift, form)?;
    let code = if arguments.exit_code {
        exit::CHANGES
    } else {
        exit::OK
    };
    Ok(ExitCode::from(code))
}
