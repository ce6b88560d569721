//! `shipway promote`.

use shipway_engine::deploy::Request;
use shipway_engine::git::Repository;
use shipway_pipeline::config::Environment;
use shipway_pipeline::plan::Kind;
use shipway_pipeline::promotion::{self, Refusal, Source};
use shipway_pipeline::release::Release;
use shipway_pipeline::workload::Workload;

use crate::arguments::Global;
use crate::context::Context;
use crate::deploying::{self, Flags};
use crate::error::Result;
use crate::required;

/// Take the release that is live and stable in the environment before on to this one
///
/// The release goes on unchanged: the same artifact that was tried there.
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    /// The environment to promote to
    environment: String,
    #[command(flatten)]
    flags: Flags,
}

pub(crate) async fn run(arguments: &Arguments, global: &Global) -> Result {
    let (context, events) = Context::open(global)?;
    let environment = context.project.environment(&arguments.environment)?;
    let request = async {
        let prepared = prepare(&context, environment)?;
        if !arguments.flags.dry_run {
            let repository = Repository::find(&context.project.directory)?;
            required::pass(&context, environment, &repository, &prepared.0.commit).await?;
        }
        let project = &context.project;
        Ok(Request::new(project, environment, prepared, Kind::Promote))
    };
    deploying::run(&context, &arguments.flags, events, request).await
}

/// The release that is to be promoted, and what it runs in the environment.
pub(crate) fn prepare(context: &Context, environment: &Environment) -> Result<(Release, Workload)> {
    let from = environment.from.as_ref().ok_or_else(|| Refusal::NoSource {
        environment: environment.name.clone(),
    })?;
    let record = context.engine.store.environment(from)?;
    let id = promotion::decide_release(&Source {
        name: from,
        live: record.live.as_ref(),
        stable: record.stable.as_ref(),
    })?;
    let release = context.engine.release_by_name(id.as_str())?;
    let repository = Repository::find(&context.project.directory)?;
    let workload = super::deploy::workload(context, environment, &repository, &release)?;
    Ok((release, workload))
}
