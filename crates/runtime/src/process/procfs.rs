//! What `/proc` tells about processes.

use std::fs;
use std::io;
use std::os::unix::fs::MetadataExt;

use rustix::process::Pid;

/// A process as `/proc/<pid>/stat` shows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Stat {
    /// Its id.
    pub(super) pid: Pid,
    /// One letter; `Z` has ended and waits for its parent.
    pub(super) state: char,
    /// Its parent.
    pub(super) parent: i32,
    /// Its process group.
    pub(super) group: i32,
    /// Its session.
    pub(super) session: i32,
    /// When it started, in clock ticks since the machine's start: with the pid, unique.
    pub(super) started: u64,
}

// === impl Stat ===

impl Stat {
    /// The process, unless there is none.
    pub(super) fn of(pid: Pid) -> Option<Self> {
        let text = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
        parse(pid, &text)
    }

    /// Whether it can still do anything.
    pub(super) fn is_alive(&self) -> bool {
        !matches!(self.state, 'Z' | 'X')
    }
}

fn parse(pid: Pid, text: &str) -> Option<Stat> {
    // The name stands in parentheses and may hold both parentheses and spaces.
    let (_, after_name) = text.rsplit_once(") ")?;
    let fields: Vec<&str> = after_name.split(' ').collect();
    let number = |index: usize| fields.get(index)?.parse().ok();
    Some(Stat {
        pid,
        state: fields.first()?.chars().next()?,
        parent: number(1)?,
        group: number(2)?,
        session: number(3)?,
        started: fields.get(19)?.parse().ok()?,
    })
}

/// Processor time in clock ticks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Ticks {
    /// Its own.
    pub(super) own: u64,
    /// Of its children that ended and that it waited for, and of theirs.
    pub(super) of_ended_children: u64,
}

/// What a process has used; none of one that is gone.
pub(super) fn ticks(pid: Pid) -> Option<Ticks> {
    let text = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    let (_, after_name) = text.rsplit_once(") ")?;
    let fields: Vec<&str> = after_name.split(' ').collect();
    let number = |index: usize| fields.get(index)?.parse::<u64>().ok();
    Some(Ticks {
        own: number(11)? + number(12)?,
        of_ended_children: number(13)? + number(14)?,
    })
}

/// The memory of a process in bytes, of what it shares its part; 0 of one that is gone.
pub(super) fn memory(pid: Pid) -> u64 {
    let read = |file: &str| fs::read_to_string(format!("/proc/{pid}/{file}")).ok();
    let kibibytes = |text: &str, name: &str| {
        let line = text.lines().find_map(|line| line.strip_prefix(name))?;
        line.trim().strip_suffix(" kB")?.parse::<u64>().ok()
    };
    // All that is resident, where the kernel keeps the parts to itself.
    let parts = read("smaps_rollup").and_then(|text| kibibytes(&text, "Pss:"));
    let memory = parts.or_else(|| kibibytes(&read("status")?, "VmRSS:"));
    memory.unwrap_or(0) * 1024
}

/// Every process, without those that come or go meanwhile.
pub(super) fn all() -> io::Result<Vec<Stat>> {
    let mut found = Vec::new();
    for entry in fs::read_dir("/proc")? {
        let Ok(entry) = entry else { continue };
        let pid = entry
            .file_name()
            .to_str()
            .and_then(|name| name.parse().ok())
            .and_then(Pid::from_raw);
        found.extend(pid.and_then(Stat::of));
    }
    Ok(found)
}

/// Whether the process runs as this user.
pub(super) fn is_own(pid: Pid) -> bool {
    fs::metadata(format!("/proc/{pid}"))
        .is_ok_and(|metadata| metadata.uid() == rustix::process::getuid().as_raw())
}

/// Whether the process was given this variable, as `NAME=value`; false where that is hidden.
pub(super) fn has_variable(pid: Pid, variable: &str) -> bool {
    fs::read(format!("/proc/{pid}/environ")).is_ok_and(|environment| {
        environment
            .split(|byte| *byte == 0)
            .any(|entry| entry == variable.as_bytes())
    })
}

/// Differs after each start of the machine; empty where the kernel does not tell.
pub(super) fn boot_id() -> String {
    fs::read_to_string("/proc/sys/kernel/random/boot_id")
        .unwrap_or_default()
        .trim()
        .to_owned()
}

/// How many processes the kernel killed for want of memory since the machine's start.
pub(super) fn out_of_memory_kills() -> u64 {
    fs::read_to_string("/proc/vmstat")
        .unwrap_or_default()
        .lines()
        .find_map(|line| line.strip_prefix("oom_kill ")?.parse().ok())
        .unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_with_parentheses_does_not_confuse() {
        let pid = Pid::from_raw(7).unwrap();
        let stat = parse(
            pid,
            "7 (a) b) S 1 5 3 0 -1 4194560 1 0 0 0 0 0 0 0 20 0 1 0 4242 0 0",
        );
        let expected = Stat {
            pid,
            state: 'S',
            parent: 1,
            group: 5,
            session: 3,
            started: 4242,
        };
        assert_eq!(stat, Some(expected));
    }

    #[test]
    fn this_process_is_found() {
        let own = Stat::of(rustix::process::getpid()).unwrap();
        assert!(own.is_alive() && is_own(own.pid));
        // Its state may be another one by the second look.
        let is_own = |one: &Stat| (one.pid, one.started) == (own.pid, own.started);
        assert!(all().unwrap().iter().any(is_own));
    }
}
