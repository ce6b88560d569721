//! The end of a branch's environment: what runs, its volumes, what is asked for there, its place.
//!
//! Safe to repeat from wherever it was interrupted.

use shipway_engine::Interrupts;
use shipway_engine::clock::now;
use shipway_engine::deploy::Finished;
use shipway_pipeline::config::Environment;
use shipway_pipeline::deployment::Outcome;
use shipway_pipeline::id::RequestId;
use shipway_pipeline::request::{Request, State};
use shipway_runtime::Operate as _;
use shipway_store::{Act, Audit};

use crate::context::Context;
use crate::error::{CliError, Result};

/// Removes an environment, on behalf of a request where there is one. Gives how its end went; `None`
/// where nothing was live.
pub(crate) async fn remove(
    context: &Context,
    environment: &Environment,
    request: Option<RequestId>,
    interrupts: &mut Interrupts,
) -> Result<Option<Finished>> {
    let engine = &context.engine;
    let finished = engine
        .down(&context.project, environment, true, interrupts)
        .await?;
    let is_over = finished.as_ref().map(|one| one.outcome);
    if is_over.is_none_or(|outcome| outcome == Outcome::Succeeded) {
        remove_volumes(context, environment).await?;
        cancel_others(context, environment, request)?;
        engine
            .forget(&context.project, &environment.name, interrupts)
            .await?;
    }
    Ok(finished)
}

/// Removes an environment's volumes, which nothing uses any more, and says which.
pub(crate) async fn remove_volumes(context: &Context, environment: &Environment) -> Result<()> {
    let route = context.project.route_key(environment);
    let removed = context.runtimes.remove_volumes(&route).await?;
    for name in &removed {
        anstream::eprintln!("removed the volume {name}");
    }
    context.engine.store.audit(
        &Audit {
            actor: &context.engine.actor,
            action: "remove-volumes",
            environment: Some(&environment.name),
            subject: &removed.join(" "),
        },
        now(),
    )?;
    Ok(())
}

/// Takes back what was asked for there and is not being carried out.
fn cancel_others(
    context: &Context,
    environment: &Environment,
    request: Option<RequestId>,
) -> Result<()> {
    let store = &context.engine.store;
    let by = context.engine.actor.as_str();
    for other in store.open_requests()? {
        let is_idle = matches!(other.state, State::Queued | State::Waiting { .. });
        let is_here = other.environment == environment.name && Some(other.id) != request;
        // What was asked for after the end was is to be there again.
        let is_older = request.is_none_or(|request| other.id < request);
        if is_idle && is_here && is_older {
            let act = Act {
                by,
                verb: "cancel",
                now: now(),
            };
            let cancel = |request: &mut Request| {
                // One that began meanwhile is left to itself.
                let _ = request.cancel(by, act.now);
                Ok::<_, CliError>(())
            };
            store.change_request(other.id, act, cancel)?;
        }
    }
    Ok(())
}
