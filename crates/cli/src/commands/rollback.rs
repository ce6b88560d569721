//! `shipway rollback`.

use shipway_engine::deploy::Request;
use shipway_pipeline::plan::Kind;

use crate::arguments::Global;
use crate::context::Context;
use crate::deploying::{self, Flags};
use crate::error::{CliError, Result};

/// Return to a release that was stable here before
///
/// With the artifact and the configuration that it ran with then. The database stays as it is:
/// migrations are not undone, which additive ones do not need.
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    /// The environment
    environment: String,
    /// The release to return to [default: the last stable one that is not live]
    #[arg(long, value_name = "RELEASE")]
    to: Option<String>,
    #[command(flatten)]
    flags: Flags,
}

pub(crate) async fn run(arguments: &Arguments, global: &Global) -> Result {
    let (context, events) = Context::open(global)?;
    let environment = context.project.environment(&arguments.environment)?;
    let engine = &context.engine;
    let wanted = match &arguments.to {
        Some(name) => Some(engine.release_by_name(name)?.id),
        None => None,
    };
    let occupant = engine.rollback_target(&environment.name, wanted.as_ref())?;
    let release = engine.release_by_name(occupant.release.as_str())?;
    let workload = engine.store.workload(&occupant.workload)?.ok_or_else(|| {
        CliError::new(
            crate::error::Kind::Failed,
            format!("the configuration that {} ran with is gone", release.id),
        )
    })?;
    let request = Request::new(
        &context.project,
        environment,
        (release, workload),
        Kind::Rollback,
    );
    deploying::run(&context, &arguments.flags, events, async { Ok(request) }).await
}
