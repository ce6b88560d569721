//! A process's identity, which no later process shares.

use rustix::process::Pid;
use serde::{Deserialize, Serialize};

use super::procfs::{self, Stat};

/// A pid with its start: kernels use pids again, but not with the same start.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Identity {
    /// Its number.
    pub(super) pid: i32,
    /// Its start, in clock ticks since the machine's start.
    pub(super) started: u64,
    /// Which start of the machine.
    pub(super) boot: String,
}

// === impl Identity ===

impl Identity {
    /// Of a process that exists, if only as a zombie.
    pub(super) fn of(pid: Pid) -> Option<Self> {
        Some(Self {
            pid: pid.as_raw_nonzero().get(),
            started: Stat::of(pid)?.started,
            boot: procfs::boot_id(),
        })
    }

    /// The number as what signals are sent to.
    pub(super) fn as_pid(&self) -> Option<Pid> {
        Pid::from_raw(self.pid)
    }

    /// Whether the number belongs to another process by now.
    pub(super) fn is_reused(&self) -> bool {
        self.boot != procfs::boot_id()
            || self
                .as_pid()
                .and_then(Stat::of)
                .is_some_and(|stat| stat.started != self.started)
    }
}
