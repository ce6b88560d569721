//! What exists in a slot, and what it wrote.

use std::io;
use std::path::Path;

use rustix::process::Signal;
use shipway_pipeline::id::InstanceId;

use super::log;
use super::spec::Header;
use super::status::Status;
use super::{orphan, port};
use crate::clock;
use crate::state::layout::Layout;
use crate::state::{files, lock};
use crate::{ColourKey, Error, Exit, Instance, State};

/// An instance's directory, read.
#[derive(Debug)]
pub(super) struct Found {
    pub(super) header: Header,
    /// `None` until the supervisor has written one.
    pub(super) status: Option<Status>,
    /// Whether the supervisor lives.
    pub(super) is_supervised: bool,
}

/// Every instance that has a directory in the slot.
pub(super) async fn list(layout: &Layout, key: &ColourKey) -> Result<Vec<Instance>, Error> {
    let mut instances = Vec::new();
    for id in ids(layout, key)? {
        let directory = layout.instance(key, &id);
        let found = find(&directory).map_err(files::failed("read", &directory))?;
        let Some(mut found) = found else { continue };
        if !found.is_supervised && !found.has_ended() {
            clean(layout, key, &id, &mut found).await?;
        }
        instances.push(found.into_instance());
    }
    Ok(instances)
}

/// The last lines that an instance wrote, be it there or gone.
pub(super) fn logs(
    layout: &Layout,
    key: &ColourKey,
    id: &InstanceId,
    count: usize,
) -> Result<Vec<String>, Error> {
    let directory = layout.instance(key, id);
    let read = || -> io::Result<_> {
        if directory.exists() {
            return log::last_lines(&directory, count);
        }
        match log::newest_archived(&layout.old_logs(key, id))? {
            Some(path) => log::last_lines_of_file(&path, count),
            None => Ok(Vec::new()),
        }
    };
    read().map_err(files::failed("read the log in", &directory))
}

/// The instances that have a directory.
pub(super) fn ids(layout: &Layout, key: &ColourKey) -> Result<Vec<InstanceId>, Error> {
    let slot = layout.slot(key);
    let names = files::names_in(&slot).map_err(files::failed("list", &slot))?;
    let mut ids: Vec<InstanceId> = names.iter().filter_map(|name| name.parse().ok()).collect();
    ids.sort();
    Ok(ids)
}

/// The instances that have a directory, or the beginning of one that a crash left.
pub(super) fn ids_with_left_over(
    layout: &Layout,
    key: &ColourKey,
) -> Result<Vec<InstanceId>, Error> {
    let slot = layout.slot(key);
    let names = files::names_in(&slot).map_err(files::failed("list", &slot))?;
    let mut ids = ids(layout, key)?;
    ids.extend(names.iter().filter_map(|name| Layout::staged_id(name)));
    ids.sort();
    ids.dedup();
    Ok(ids)
}

/// Reads an instance's directory, if there is one.
pub(super) fn find(directory: &Path) -> io::Result<Option<Found>> {
    let header = match Header::read(directory) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        header => header?,
    };
    // Liveness first: a supervisor that ends meanwhile has written its last status by then, while
    // the other order would show a running instance without a supervisor.
    let is_supervised = lock::is_held(&directory.join("lock"))?;
    let status = Status::read(directory)?;
    Ok(Some(Found {
        header,
        status,
        is_supervised,
    }))
}

/// Kills what a dead supervisor left behind and records the end.
async fn clean(
    layout: &Layout,
    key: &ColourKey,
    id: &InstanceId,
    found: &mut Found,
) -> Result<(), Error> {
    let path = layout.operation_lock(key, &id.to_string());
    let Some(_lock) = lock::try_exclusive(&path).map_err(files::failed("lock", &path))? else {
        // Somebody starts or stops it just now, and cleans.
        return Ok(());
    };
    let directory = layout.instance(key, id);
    // It may have been started anew since it was read.
    match find(&directory).map_err(files::failed("read", &directory))? {
        Some(again) if again.header.run == found.header.run => *found = again,
        _ => return Ok(()),
    }
    orphan::sweep(&found.header.run, found.status.as_ref())
        .await
        .map_err(files::failed("clean up", &directory))?;
    if let Some(status) = &mut found.status {
        status.state = lost();
        status
            .write(&directory)
            .map_err(files::failed("write the status in", &directory))?;
    }
    Ok(())
}

/// The state of an instance whose supervisor died: its process was killed by the kernel.
fn lost() -> State {
    State::Exited {
        exit: Exit::Signal(Signal::KILL.as_raw()),
        at: clock::now(),
    }
}

// === impl Found ===

impl Found {
    /// Whether the last status is final.
    pub(super) fn has_ended(&self) -> bool {
        matches!(
            &self.status,
            Some(Status {
                state: State::Exited { .. },
                ..
            })
        )
    }

    fn into_instance(self) -> Instance {
        let is_supervised = self.is_supervised;
        let state = match &self.status {
            Some(status) if is_supervised || self.has_ended() => status.state.clone(),
            None if is_supervised => State::Starting,
            Some(_) => lost(),
            None => State::Exited {
                exit: Exit::NotStarted,
                at: clock::now(),
            },
        };
        let status = self.status.as_ref();
        Instance {
            id: self.header.id,
            release: self.header.release,
            deployment: self.header.deployment,
            address: status
                .filter(|status| status.port != 0)
                .map(|status| port::address(status.port)),
            state,
            health: self
                .status
                .as_ref()
                .and_then(|status| status.health.clone()),
            restarts: status.map_or(0, |status| status.restarts),
            artifact: None,
        }
    }
}
