//! Stops and removes instances.

use std::io;
use std::os::fd::OwnedFd;
use std::path::Path;
use std::time::Duration;

use futures_util::future::join_all;
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::Errno;
use rustix::process::{PidfdFlags, Signal, pidfd_open, pidfd_send_signal};
use shipway_durable::crash_point;
use shipway_pipeline::id::InstanceId;
use tokio::time::{sleep, timeout};

use super::list::{self, Found};
use super::{log, orphan};
use crate::state::layout::Layout;
use crate::state::{files, lock, stopping};
use crate::{ColourKey, Error, StopHow, Stopped};

/// What a supervisor takes beyond the grace period: to kill the rest and say so. Generous, as
/// passing it makes the supervisor itself be killed.
const BEYOND_GRACE: Duration = Duration::from_secs(30);

/// Between two looks at a supervisor that is about to write its pid, or to end.
const LOOK_AGAIN: Duration = Duration::from_millis(5);

/// Stops the instances named, or all of them, each at the same time as the others.
pub(super) async fn stop(
    layout: &Layout,
    key: &ColourKey,
    only: Option<&[InstanceId]>,
) -> Result<Vec<Stopped>, Error> {
    let ids = match only {
        Some(ids) => ids.to_vec(),
        None => list::ids_with_left_over(layout, key)?,
    };
    let stops = ids.into_iter().map(|id| async move {
        let path = layout.operation_lock(key, &id.to_string());
        let _lock = lock::exclusive(&path)
            .await
            .map_err(files::failed("lock", &path))?;
        let how = stop_locked(layout, key, &id).await?;
        Ok(Stopped { id, how })
    });
    let stopped = join_all(stops).await.into_iter().collect();
    let slot = layout.slot(key);
    shipway_durable::remove_leftovers(&slot).map_err(files::failed("clean up", &slot))?;
    stopped
}

/// Stops and removes one instance; the caller holds its operation lock.
pub(super) async fn stop_locked(
    layout: &Layout,
    key: &ColourKey,
    id: &InstanceId,
) -> Result<StopHow, Error> {
    let staged = layout.staged_instance(key, id);
    files::remove_tree(&staged).map_err(files::failed("remove", &staged))?;
    let directory = layout.instance(key, id);
    let Some(found) = list::find(&directory).map_err(files::failed("read", &directory))? else {
        stopping::done(layout, key, id)?;
        return Ok(StopHow::WasGone);
    };
    stopping::begin(layout, key, id)?;
    let stopped = end(&directory, &found).await;
    let how = stopped.map_err(files::failed("stop the instance in", &directory))?;
    log::archive(
        &directory,
        &layout.old_logs(key, id),
        found.header.deployment,
    )
    .and_then(|()| files::remove_tree(&directory))
    .map_err(files::failed("remove", &directory))?;
    stopping::done(layout, key, id)?;
    Ok(how)
}

async fn end(directory: &Path, found: &Found) -> io::Result<StopHow> {
    let mut is_forced = false;
    if found.is_supervised {
        let grace = found.header.stop_grace_period;
        is_forced = terminate(directory, grace.saturating_add(BEYOND_GRACE)).await?;
    }
    let last = list::find(directory)?;
    let status = last.and_then(|last| last.status);
    // Nothing is found but where the supervisor was killed.
    orphan::sweep(&found.header.run, status.as_ref()).await?;
    let ending = status.and_then(|status| status.stopped);
    Ok(match ending {
        Some(ending) => ending.into(),
        None if is_forced => StopHow::Killed,
        None => StopHow::WasGone,
    })
}

/// Asks the supervisor to stop, and waits until it is gone; returns whether it had to be killed.
async fn terminate(directory: &Path, patience: Duration) -> io::Result<bool> {
    loop {
        let found = list::find(directory)?.filter(|found| found.is_supervised);
        let Some(found) = found else {
            return Ok(false);
        };
        let Some(pid) = found.status.and_then(|status| status.supervisor.as_pid()) else {
            sleep(LOOK_AGAIN).await;
            continue;
        };
        let Ok(handle) = pidfd_open(pid, PidfdFlags::empty()) else {
            // Gone since; the lock will tell.
            sleep(LOOK_AGAIN).await;
            continue;
        };
        // Still locked after the handle was opened: the handle is the supervisor's.
        if lock::is_held(&directory.join("lock"))? {
            send(&handle, Signal::TERM)?;
            crash_point::pass("an instance was told to stop, and runs");
            let is_late = timeout(patience, gone(&handle)).await.is_err();
            if is_late {
                send(&handle, Signal::KILL)?;
                // What it leaves is swept; that fails when anything stays.
                let _ = timeout(BEYOND_GRACE, gone(&handle)).await;
            }
            return Ok(is_late);
        }
    }
}

/// Returns when the process has ended.
async fn gone(handle: &OwnedFd) {
    loop {
        let mut handles = [PollFd::new(handle, PollFlags::IN)];
        // A handle that cannot be asked about is as good as one of a process that is gone.
        if !matches!(
            poll(&mut handles, Some(&Timespec::default())),
            Ok(0) | Err(Errno::INTR)
        ) {
            return;
        }
        sleep(LOOK_AGAIN).await;
    }
}

fn send(handle: &OwnedFd, signal: Signal) -> io::Result<()> {
    match pidfd_send_signal(handle, signal) {
        Err(Errno::SRCH) => Ok(()),
        result => Ok(result?),
    }
}
