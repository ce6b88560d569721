//! `shipway diff`.

mod render;
mod side;

use std::process::ExitCode;

use shipway_pipeline::difference::{Difference, compare, compare_settings};
use shipway_pipeline::plan::Occupant;
use shipway_pipeline::release::Release;
use shipway_pipeline::workload::Workload;

use crate::arguments::Global;
use crate::context::Context;
use crate::error::Result;
use crate::exit;

/// Show what differs between two environments, releases or deployments, and what it means
///
/// Each is named as elsewhere: an environment stands for its files as they are, a release such as
/// `r1f3a9c2b4d5e` for what it last ran, a deployment such as `d12` for what it ran. With one
/// environment alone, what is live there is compared with its files. Secrets are never shown, only
/// that they differ.
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    /// An environment, a release or a deployment
    before: String,
    /// What it is compared with
    after: Option<String>,
    /// Print one JSON document to standard output
    #[arg(long)]
    json: bool,
    /// Exit with code 10 when something differs
    #[arg(long)]
    exit_code: bool,
}

/// What would be different if a release ran in place of what is live.
pub(crate) fn from_live(
    context: &Context,
    live: &Occupant,
    (release, workload): (&Release, &Workload),
) -> Result<Difference> {
    let before = side::of_occupant(context, live)?;
    Ok(compare(
        &before,
        &side::of_workload(workload, &release.artifacts),
    ))
}

/// A difference for people.
pub(crate) fn told(difference: &Difference, before: &str, after: &str) -> String {
    render::text(difference, before, after)
}

/// A difference for machines.
pub(crate) fn document(difference: &Difference, before: &str, after: &str) -> serde_json::Value {
    render::document(difference, before, after)
}

pub(crate) fn run(arguments: &Arguments, global: &Global) -> Result {
    let (context, _events) = Context::open(global)?;
    let (before, after) = side::pair(&context, &arguments.before, arguments.after.as_deref())?;
    let mut difference = compare(&before.side, &after.side);
    if let (Some(one), Some(other)) = (&before.settings, &after.settings) {
        difference.settings = compare_settings(one, other);
    }
    if arguments.json {
        crate::render::json(&render::document(&difference, &before.name, &after.name))?;
    } else {
        anstream::print!("{}", render::text(&difference, &before.name, &after.name));
    }
    let code = if arguments.exit_code && !difference.is_empty() {
        exit::CHANGES
    } else {
        exit::OK
    };
    Ok(ExitCode::from(code))
}
