//! Looks for pushes in the repository that the project came from, for those whose git server cannot
//! call the daemon. What moved between two looks is what a webhook would have told.
//!
//! The first look at a repository only records where its branches stand. Killed between its requests
//! and the record, a push is taken twice, and the second time changes nothing.

use std::sync::Arc;
use std::time::Duration;

use shipway_engine::clock::now;
use shipway_engine::trigger;
use shipway_pipeline::digest::Digest;
use shipway_pipeline::poll::{Heads, moved, read};
use shipway_pipeline::push::Push;
use shipway_pipeline::trigger::{Decision, decide};

use crate::git;
use crate::problem::Problem;
use crate::shared::Shared;

/// The remote that is asked.
const REMOTE: &str = "origin";

/// A server that is asked each second may take longer for its answer; one that takes a minute will
/// not give any.
const PATIENCE: (Duration, Duration) = (Duration::from_secs(5), Duration::from_secs(60));

/// Looks once in a while until the daemon is to end.
pub(crate) async fn run(shared: Arc<Shared>, interval: Duration) {
    let mut closing = shared.closing.clone();
    loop {
        if let Err(reason) = look(&shared, interval.clamp(PATIENCE.0, PATIENCE.1)).await {
            tracing::warn!(remote = REMOTE, reason, "the remote could not be polled");
        }
        tokio::select! {
            _ = closing.wait_for(|is_closing| *is_closing) => return,
            () = tokio::time::sleep(interval) => {}
        }
    }
}

async fn look(shared: &Shared, patience: Duration) -> Result<(), String> {
    let directory = shared.project.directory();
    let words = ["remote", "get-url", REMOTE];
    let address = git::run(directory, &words, patience).await?;
    // There may be a password in it.
    let repository = Digest::of(address.trim().as_bytes()).to_string();
    let words = ["ls-remote", "--heads", REMOTE];
    let after = read(&git::run(directory, &words, patience).await?);
    if after.is_empty() {
        // Taken for the end of every branch, it would remove what they have.
        return Err("it lists no branch".to_owned());
    }
    let told = |problem: Problem| problem.detail;
    take(shared, repository, after).await.map_err(told)
}

async fn take(shared: &Shared, repository: String, after: Heads) -> Result<(), Problem> {
    let name = repository.clone();
    let before = shared.ask(move |store| Ok(store.polled(&name)?)).await?;
    if before.as_ref() == Some(&after) {
        return Ok(());
    }
    match &before {
        None => tracing::info!(branches = after.len(), "polling begins here"),
        Some(before) => {
            for push in moved(before, &after, REMOTE) {
                follow(shared, push).await?;
            }
        }
    }
    let recorded = shared.ask(move |store| Ok(store.put_polled(&repository, &after)?));
    recorded.await
}

/// Does what a push sets going.
async fn follow(shared: &Shared, push: Push) -> Result<(), Problem> {
    let project = shared.current_project().await?;
    let made = shared.ask(move |store| {
        let known = store.branch_environments()?;
        let decision = decide(&project.config, &known, &push);
        tracing::info!(reference = %push.reference, ?decision, "push");
        if matches!(decision, Decision::Nothing(_)) {
            return Ok(None);
        }
        let pushed = trigger::pushed(&decision, &push.by, now());
        Ok(store.create_requests_once(&[], pushed, now())?)
    });
    if made.await?.is_some() {
        shared.nudge.notify_one();
    }
    Ok(())
}
