//! Finds and kills what a supervisor that was killed has left behind.
//!
//! Its direct child dies with it. Descendants are found by the mark in their environment, or, as
//! programs overwrite that to change their title, by the supervisor's session and the service's
//! process group, unless those numbers belong to somebody else by now.

use std::io;
use std::time::Duration;

use rustix::process::{PidfdFlags, Signal, getpid, pidfd_open, pidfd_send_signal};
use tokio::time::{Instant, sleep};

use super::identity::Identity;
use super::launch::RUN_VARIABLE;
use super::procfs::{self, Stat};
use super::status::Status;

/// A killed process is gone within this time, unless the kernel holds it.
const PATIENCE: Duration = Duration::from_secs(10);

/// Between two looks at what is left.
const LOOK_AGAIN: Duration = Duration::from_millis(10);

/// Kills what is left of a run whose supervisor is gone; returns when nothing is.
///
/// # Errors
/// Something does not go.
pub(super) async fn sweep(run: &str, status: Option<&Status>) -> io::Result<()> {
    let deadline = Instant::now() + PATIENCE;
    loop {
        let left = leftovers(run, status)?;
        let Some(first) = left.first() else {
            return Ok(());
        };
        if Instant::now() > deadline {
            return Err(io::Error::other(format!(
                "process {} does not go",
                first.pid
            )));
        }
        for process in &left {
            kill_exactly(process);
        }
        sleep(LOOK_AGAIN).await;
    }
}

fn leftovers(run: &str, status: Option<&Status>) -> io::Result<Vec<Stat>> {
    let variable = format!("{RUN_VARIABLE}={run}");
    let numbers: Vec<&Identity> = status
        .into_iter()
        .flat_map(|status| [Some(&status.supervisor), status.main.as_ref()])
        .flatten()
        .filter(|identity| !identity.is_reused())
        .collect();
    let belongs = |stat: &Stat| {
        numbers.iter().any(|identity| {
            (stat.session == identity.pid || stat.group == identity.pid)
                && stat.started >= identity.started
        })
    };
    Ok(procfs::all()?
        .into_iter()
        .filter(|stat| stat.is_alive() && stat.pid != getpid() && procfs::is_own(stat.pid))
        .filter(|stat| belongs(stat) || procfs::has_variable(stat.pid, &variable))
        .collect())
}

/// Kills the process that was looked at, not one that has its number since.
fn kill_exactly(process: &Stat) {
    let Ok(handle) = pidfd_open(process.pid, PidfdFlags::empty()) else {
        return;
    };
    let is_same = Stat::of(process.pid).is_some_and(|stat| stat.started == process.started);
    if is_same {
        // One that ended meanwhile is what was wanted.
        let _ = pidfd_send_signal(handle, Signal::KILL);
    }
}
