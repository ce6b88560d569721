//! Reaps all children of a single-threaded helper process, adopted ones included.

use std::collections::HashMap;
use std::io;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use rustix::io::Errno;
use rustix::process::{
    Pid, Signal, WaitOptions, WaitStatus, getpid, kill_process, kill_process_group,
    set_child_subreaper, wait,
};
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::{Notify, oneshot};

use super::procfs::{self, Stat};
use crate::Exit;

/// A child that was just adopted is not announced by a signal: look again after this long.
const LOOK_AGAIN: Duration = Duration::from_millis(20);

/// The one place that waits for children. Cheap to clone.
#[derive(Clone)]
pub(super) struct Reaper {
    shared: Arc<Shared>,
}

struct Shared {
    waiting: Mutex<HashMap<Pid, oneshot::Sender<Exit>>>,
    reaped: Notify,
}

// === impl Reaper ===

impl Reaper {
    /// Makes this process adopt its orphaned descendants and begins to reap.
    pub(super) fn start() -> io::Result<Self> {
        set_child_subreaper(Some(getpid()))?;
        let mut child_ended = signal(SignalKind::child())?;
        let reaper = Self {
            shared: Arc::new(Shared {
                waiting: Mutex::default(),
                reaped: Notify::new(),
            }),
        };
        let own = reaper.clone();
        tokio::spawn(async move {
            while child_ended.recv().await.is_some() {
                own.reap();
            }
        });
        Ok(reaper)
    }

    /// How a child ends. Ask before the helper's loop runs again, or its end may be missed.
    pub(super) fn watch(&self, pid: Pid) -> oneshot::Receiver<Exit> {
        let (sender, receiver) = oneshot::channel();
        self.waiting().insert(pid, sender);
        receiver
    }

    /// Kills every descendant, and returns when none is left.
    ///
    /// Only children are signalled, since only a child's pid cannot be used again before it is
    /// reaped; the children of a killed child become children of this process.
    pub(super) async fn kill_all(&self) {
        loop {
            let reaped = self.shared.reaped.notified();
            for child in children() {
                // One that ended meanwhile is reaped below.
                let _ = kill_process(child.pid, Signal::KILL);
            }
            if self.reap() {
                return;
            }
            let _ = tokio::time::timeout(LOOK_AGAIN, reaped).await;
        }
    }

    /// Kills what is left of a child's process group.
    ///
    /// Once the leader is reaped its number may be another's, but not while a child of this
    /// process is in the group.
    pub(super) fn kill_group(&self, group: Pid) {
        let number = group.as_raw_nonzero().get();
        if children().iter().any(|child| child.group == number) {
            // They may end meanwhile.
            let _ = kill_process_group(group, Signal::KILL);
        }
    }

    /// Reaps what has ended; returns whether no child is left.
    fn reap(&self) -> bool {
        loop {
            match wait(WaitOptions::NOHANG) {
                Ok(Some((pid, status))) => self.dispatch(pid, status),
                Err(Errno::INTR) => {}
                Ok(None) => return false,
                Err(_) => return true,
            }
        }
    }

    fn dispatch(&self, pid: Pid, status: WaitStatus) {
        if let (Some(exit), Some(sender)) = (exit_of(status), self.waiting().remove(&pid)) {
            // Whoever waited may have given up.
            let _ = sender.send(exit);
        }
        self.shared.reaped.notify_waiters();
    }

    fn waiting(&self) -> MutexGuard<'_, HashMap<Pid, oneshot::Sender<Exit>>> {
        self.shared
            .waiting
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

fn children() -> Vec<Stat> {
    let own = getpid().as_raw_nonzero().get();
    procfs::all()
        .unwrap_or_default()
        .into_iter()
        .filter(|stat| stat.parent == own && stat.is_alive())
        .collect()
}

fn exit_of(status: WaitStatus) -> Option<Exit> {
    status
        .exit_status()
        .map(Exit::Code)
        .or_else(|| status.terminating_signal().map(Exit::Signal))
}
