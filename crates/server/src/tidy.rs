//! Removes environments of branches to which nothing was deployed for longer than their templates
//! allow: by a request like others, which a push that comes before its turn supersedes.

use std::sync::Arc;
use std::time::Duration;

use shipway_engine::clock::now;
use shipway_engine::project::Project;
use shipway_pipeline::branch;
use shipway_pipeline::id::RequestId;
use shipway_pipeline::promotion::Lane;
use shipway_pipeline::request::{Origin, Want};
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
    if project.config.templates.is_empty() {
        return Ok(());
    }
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
    for one in branch::outdated(&project.config, &known, now) {
        // What is asked for there comes first.
        if open.iter().any(|request| request.environment == one.name) {
            continue;
        }
        let new = NewRequest {
            environment: one.name.clone(),
            want: Want::Remove,
            lane: Lane::Regular,
            by: ITSELF.to_owned(),
            reason: Some("nothing was deployed to it for longer than `max_age`".to_owned()),
            origin: Origin::Push {
                branch: one.branch.clone(),
            },
        };
        tracing::info!(environment = %one.name, "is removed for its age");
        made.push(store.create_request(new, now)?.id);
    }
    Ok(made)
}
