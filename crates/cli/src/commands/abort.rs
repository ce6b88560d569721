//! `shipway abort`.

use std::process::ExitCode;

use shipway_store::Audit;

use super::resume;
use crate::arguments::Global;
use crate::context::Context;
use crate::error::{CliError, Kind, Result};

/// Stop a deployment and go back to what was live
///
/// Whoever carries the deployment out is asked to stop it; where nobody does, this command goes
/// back itself. A release that is stable already is not taken back: use `rollback`.
#[derive(Debug, clap::Args)]
#[group(skip)]
pub(crate) struct Arguments {
    #[command(flatten)]
    resume: resume::Arguments,
}

pub(crate) async fn run(arguments: &Arguments, global: &Global) -> Result {
    let (context, _events) = Context::open(global)?;
    let environment = context
        .project
        .environment(arguments.resume.environment())?;
    let engine = &context.engine;
    let Some(deployment) = engine.store.unfinished(&environment.name)? else {
        return Err(CliError::new(
            Kind::Failed,
            format!("no deployment is under way in {}", environment.name),
        )
        .hint(format!(
            "`shipway rollback {}` undoes a finished one",
            environment.name
        )));
    };
    engine.store.request_abort(deployment.id, &engine.actor)?;
    engine.store.audit(
        &Audit {
            actor: &engine.actor,
            action: "abort",
            environment: Some(&environment.name),
            subject: &deployment.id.to_string(),
        },
        shipway_engine::clock::now(),
    )?;
    if engine.store.is_held(&environment.name)? {
        anstream::eprintln!("{} was asked to stop", deployment.id);
        return Ok(ExitCode::SUCCESS);
    }
    drop(context);
    resume::run(&arguments.resume, global).await
}
