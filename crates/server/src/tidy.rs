//! Removes environments of branches to which nothing was deployed for longer than their templates
//! allow, and goes on with removals that failed: by a request like others, which a push that comes
//! before its turn supersedes.

use std::sync::Arc;
use std::time::Duration;

use shipway_engine::clock::now;
use shipway_engine::ending;
use shipway_engine::project::Project;
use shipway_pipeline::branch::{self, BranchEnvironment};
use shipway_pipeline::id::RequestId;
use shipway_pipeline::promotion::Lane;
use shipway_pipeline::request::{Origin, Want};
use shipway_pipeline::time::Timestamp;
use shipway_store::{NewRequest, Store};

use crate::problem::Problem;
use crate::queue::ITSELF;
use crate::shared::Shared;

/// Ages are days; a look costs a query.
const LOOK_AGAIN: Duration = Duration::from_secs(10);

/// Looks until the daemon is to end.
pub(crate) async fn run(shared: Arc<Shared>) {
    let mut closing = shared.closing.clone();
    loop {
        if let Err(problem) = look(&shared).await {
            tracing::warn!(
                detail = problem.detail,
                "environments of branches are not looked after"
            );
        }
        tokio::select! {
            _ = closing.wait_for(|is_closing| *is_closing) => return,
            () = tokio::time::sleep(LOOK_AGAIN) => {}
        }
    }
}

async fn look(shared: &Shared) -> Result<(), Problem> {
    let project = shared.current_project().await?;
    let made = shared.ask(move |store| ask_for_removals(store, &project));
    for id in made.await? {
        shared.claim(id);
    }
    Ok(())
}

fn ask_for_removals(store: &Store, project: &Project) -> Result<Vec<RequestId>, Problem> {
    let now = now();
    let known = store.branch_environments()?;
    let open = store.open_requests()?;
    let mut made = Vec::new();
    // What is asked for there comes first.
    let is_asked_for = |one: &BranchEnvironment| {
        let mut open = open.iter();
        open.any(|request| request.environment == one.name)
    };
    for one in branch::outdated(&project.config, &known, now) {
        if is_asked_for(one) {
            continue;
        }
        let reason = if project.config.leftovers.contains_key(&one.name) {
            format!(
                "its template `{}` is no longer in shipway.yml, and nothing was deployed to it since",
                one.template
            )
        } else {
            "nothing was deployed to it for longer than `max_age`".to_owned()
        };
        made.push(ask_for_removal(store, one, reason, now)?);
    }
    for one in known.iter().filter(|one| one.is_leaving) {
        if is_asked_for(one) {
            continue;
        }
        let removal = ending::removal(store, &one.name)?;
        if removal.due <= now {
            let reason = match removal.failures {
                0 => "its removal was interrupted".to_owned(),
                failures => format!("its removal failed {failures} times in a row"),
            };
            made.push(ask_for_removal(store, one, reason, now)?);
        }
    }
    Ok(made)
}

fn ask_for_removal(
    store: &Store,
    one: &BranchEnvironment,
    reason: String,
    now: Timestamp,
) -> Result<RequestId, Problem> {
    tracing::info!(environment = %one.name, reason, "is removed");
    let new = NewRequest {
        environment: one.name.clone(),
        want: Want::Remove,
        lane: Lane::Regular,
        by: ITSELF.to_owned(),
        reason: Some(reason),
        origin: Origin::Push {
            branch: one.branch.clone(),
        },
    };
    Ok(store.create_request(new, now)?.id)
}
