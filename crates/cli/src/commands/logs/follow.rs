//! Follows what the live instances write, whichever they are at the time.

use std::collections::HashSet;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use shipway_pipeline::config::Environment;
use shipway_pipeline::id::{DeploymentId, InstanceId};
use shipway_runtime::{ColourKey, Line, Operate as _, Runtimes};
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::mpsc::{UnboundedSender, unbounded_channel};
use tokio::task::JoinSet;

use crate::context::Context;
use crate::error::Result;

/// Between two looks for instances that are new.
const LOOK_AGAIN: Duration = Duration::from_millis(500);

/// A line and the instance that wrote it.
type Told = (InstanceId, String);

/// Follows until Ctrl-C.
pub(super) async fn run(
    context: &Context,
    environment: &Environment,
    wanted: Option<&str>,
    lines: usize,
) -> Result {
    let (sender, mut told) = unbounded_channel::<Told>();
    let mut followed = HashSet::new();
    let mut followers = JoinSet::new();
    let mut looks = tokio::time::interval(LOOK_AGAIN);
    let mut interrupt = signal(SignalKind::interrupt())?;
    loop {
        tokio::select! {
            Some((id, text)) = told.recv() => anstream::println!("{id} | {text}"),
            _ = interrupt.recv() => return Ok(ExitCode::SUCCESS),
            // A follower ends with its instance; what it could not read it tells no better here.
            Some(_) = followers.join_next() => {}
            _ = looks.tick() => {
                for new in fresh(context, environment, wanted, &mut followed).await? {
                    let runtimes = Arc::clone(&context.runtimes);
                    followers.spawn(follow(runtimes, new, lines, sender.clone()));
                }
            }
        }
    }
}

/// The live instances that nobody follows yet.
async fn fresh(
    context: &Context,
    environment: &Environment,
    wanted: Option<&str>,
    followed: &mut HashSet<(DeploymentId, ColourKey, InstanceId)>,
) -> Result<Vec<(ColourKey, InstanceId)>> {
    let Some(live) = context.engine.live(&context.project, &environment.name)? else {
        return Ok(Vec::new());
    };
    let ids = super::instances(context, &live, wanted).await?;
    let deployment = live.occupant.deployment;
    Ok(ids
        .into_iter()
        .map(|id| (live.key_of(&id), id))
        .filter(|(key, id)| followed.insert((deployment, key.clone(), id.clone())))
        .collect())
}

async fn follow(
    runtimes: Arc<Runtimes>,
    (key, id): (ColourKey, InstanceId),
    lines: usize,
    told: UnboundedSender<Told>,
) {
    let (sender, mut received) = unbounded_channel::<Line>();
    let pass_on = async {
        while let Some(line) = received.recv().await {
            if told.send((id.clone(), line.text)).is_err() {
                return;
            }
        }
    };
    let followed = async {
        let followed = runtimes.follow(&key, &id, lines, &sender).await;
        drop(sender);
        followed
    };
    let (followed, ()) = tokio::join!(followed, pass_on);
    if let Err(error) = followed {
        // The others go on.
        let _ = told.send((id, format!("cannot be followed: {error}")));
    }
}
