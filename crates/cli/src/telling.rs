//! Sends what is to be told at the end of a command, without holding it up.

use std::time::{Duration, Instant};

use shipway_engine::clock::now;
use shipway_engine::notify::{Courier, Sent};
use shipway_engine::project::Project;
use shipway_pipeline::notify::retry::Next;
use shipway_store::Store;

use crate::arguments::Global;
use crate::context::{keyring, start_directory, state_directory};
use crate::error::Result;
use crate::render::time;

/// A command that is done takes no longer than this for telling others.
const PATIENCE: Duration = Duration::from_secs(5);

/// The daemon has time, and looks at what is new when this is over.
const DAEMONS_PATIENCE: Duration = Duration::from_secs(15);

/// Sends what is due, unless a daemon does. What does not arrive is told, and tried again by
/// whoever comes next; nothing of it changes how the command ends.
pub(crate) async fn deliver(global: &Global) {
    if let Err(error) = try_deliver(global).await {
        anstream::eprintln!("notifications: {}", error.message());
    }
}

async fn try_deliver(global: &Global) -> Result<()> {
    // What is wrong with the project was told by the command itself.
    let Ok(Ok(project)) = start_directory(global).map(|start| Project::find(&start)) else {
        return Ok(());
    };
    let state = state_directory(global, &project)?;
    if !Store::exists(&state) || shipway_server::is_served(&state)? {
        return Ok(());
    }
    let store = Store::open(&state)?;
    if store.next_telling()?.is_none_or(|at| at > now()) {
        return Ok(());
    }
    for line in send(&store, &project, PATIENCE).await? {
        anstream::eprintln!("{line}");
    }
    Ok(())
}

/// Sends what is due to the channels that `shipway.yml` names now; what did not arrive, in a line
/// each.
pub(crate) async fn deliver_as_daemon(global: &Global) -> Result<Vec<String>> {
    let project = Project::find(&start_directory(global)?)?;
    let store = Store::open(&state_directory(global, &project)?)?;
    send(&store, &project, DAEMONS_PATIENCE).await
}

async fn send(store: &Store, project: &Project, patience: Duration) -> Result<Vec<String>> {
    let keyring = keyring()?;
    let courier = Courier::new(store, &project.config, &keyring);
    let sent = courier.deliver(now(), Instant::now() + patience).await?;
    Ok(sent.iter().filter_map(trouble).collect())
}

/// What did not arrive, in a line.
pub(crate) fn trouble(sent: &Sent) -> Option<String> {
    let next = match sent.next {
        Next::Delivered => return None,
        Next::Again { at } => format!("tried again from {} on", time::clock(at)),
        Next::Failed => format!("given up; `shipway notify retry {}`", sent.id),
    };
    Some(format!(
        "notification {} did not reach `{}`: {} ({next})",
        sent.id, sent.channel, sent.told
    ))
}
