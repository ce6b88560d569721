//! Removals of environments that failed, or that nobody began: taken up by the next push where no
//! daemon does it.

use shipway_engine::clock::now;
use shipway_engine::ending;
use shipway_pipeline::branch::BranchEnvironment;
use shipway_pipeline::promotion::Lane;
use shipway_pipeline::request::{Origin, Want};
use shipway_store::{NewRequest, Store};

use crate::arguments::Global;
use crate::carrying;
use crate::context::Context;
use crate::deploying::Flags;
use crate::error::{self, Result};
use crate::render::Output;

/// On whose behalf it is done.
const ITSELF: &str = "shipway";

/// Removes what should be gone and is due. What fails again is told, and is no failure of the
/// command, which was asked for something else.
pub(crate) async fn take_up(global: &Global, output: Output) -> Result<()> {
    let (context, _events) = Context::open(global)?;
    for one in due(&context.engine.store)? {
        if let Err(again) = remove(global, output, one).await {
            let _ = error::report(&again);
        }
    }
    Ok(())
}

/// Those that nobody is about to remove, and whose time has come.
fn due(store: &Store) -> Result<Vec<BranchEnvironment>> {
    let open = store.open_requests()?;
    let mut due = Vec::new();
    for one in store.branch_environments()? {
        let is_asked_for = open.iter().any(|request| request.environment == one.name);
        if one.is_leaving && !is_asked_for && ending::removal(store, &one.name)?.due <= now() {
            due.push(one);
        }
    }
    Ok(due)
}

async fn remove(global: &Global, output: Output, one: BranchEnvironment) -> Result<()> {
    let (mut context, events) = Context::open(global)?;
    ITSELF.clone_into(&mut context.engine.actor);
    let new = NewRequest {
        environment: one.name.clone(),
        want: Want::Remove,
        lane: Lane::Regular,
        by: ITSELF.to_owned(),
        reason: Some("it was to be removed before".to_owned()),
        origin: Origin::Push { branch: one.branch },
    };
    let request = context.engine.store.create_request(new, now())?;
    anstream::eprintln!("{}: {} as {}", one.name, request.want, request.id);
    let flags = Flags::unattended(output, &one.name);
    carrying::carry_out(&context, request.id, &flags, events).await?;
    Ok(())
}
