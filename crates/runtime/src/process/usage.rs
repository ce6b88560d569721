//! What instances have used: all processes below their supervisors.

use std::collections::BTreeMap;
use std::time::Duration;

use rustix::process::Pid;
use tokio::time::Instant;

use super::list::{find, ids};
use super::procfs::{self, Stat};
use crate::state::files;
use crate::state::layout::Layout;
use crate::{ColourKey, Error, Usage};

/// The kernel tells processor time in hundredths of a second, whatever its own clock does.
const TICK: Duration = Duration::from_millis(10);

/// What each instance of a slot that runs has used.
pub(super) fn usage(layout: &Layout, key: &ColourKey) -> Result<Vec<Usage>, Error> {
    let all = procfs::all().map_err(|source| Error::Io {
        action: "list the processes".to_owned(),
        source,
    })?;
    let mut children: BTreeMap<i32, Vec<Pid>> = BTreeMap::new();
    for Stat { pid, parent, .. } in all {
        children.entry(parent).or_default().push(pid);
    }
    let mut usages = Vec::new();
    for id in ids(layout, key)? {
        let directory = layout.instance(key, &id);
        let found = find(&directory).map_err(files::failed("read", &directory))?;
        let running = found.filter(|found| found.is_supervised && !found.has_ended());
        let status = running.and_then(|found| found.status);
        let Some(supervisor) = status.and_then(|status| status.supervisor.as_pid()) else {
            continue;
        };
        let tree = descendants(supervisor, &children);
        usages.push(Usage {
            id,
            at: Instant::now(),
            cpu: cpu(supervisor, &tree),
            memory: tree.iter().map(|pid| procfs::memory(*pid)).sum(),
            memory_limit: None,
            network: None,
        });
    }
    Ok(usages)
}

/// Those that ended count as well: whoever waited for them knows what they used.
fn cpu(supervisor: Pid, tree: &[Pid]) -> Duration {
    let reaped = procfs::ticks(supervisor).map_or(0, |ticks| ticks.of_ended_children);
    let alive = tree.iter().filter_map(|pid| procfs::ticks(*pid));
    let ticks: u64 = alive
        .map(|ticks| ticks.own + ticks.of_ended_children)
        .sum::<u64>()
        + reaped;
    TICK * u32::try_from(ticks).unwrap_or(u32::MAX)
}

fn descendants(root: Pid, children: &BTreeMap<i32, Vec<Pid>>) -> Vec<Pid> {
    let mut found = Vec::new();
    let mut open = vec![root];
    while let Some(pid) = open.pop() {
        let below = children.get(&pid.as_raw_nonzero().get());
        for child in below.into_iter().flatten() {
            found.push(*child);
            open.push(*child);
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn everything_below_counts_and_nothing_beside() {
        let pid = |number| Pid::from_raw(number).unwrap();
        let children = BTreeMap::from([
            (1, vec![pid(2), pid(9)]),
            (2, vec![pid(3), pid(4)]),
            (4, vec![pid(5)]),
        ]);
        let mut found = descendants(pid(2), &children);
        found.sort_by_key(|pid| pid.as_raw_nonzero());
        assert_eq!(found, [pid(3), pid(4), pid(5)]);
    }

    #[test]
    fn work_and_memory_are_seen() {
        let own = rustix::process::getpid();
        let before = procfs::ticks(own).unwrap().own;
        let begun = std::time::Instant::now();
        while procfs::ticks(own).unwrap().own == before {
            assert!(begun.elapsed() < Duration::from_secs(60), "no time passes");
        }
        assert!(procfs::memory(own) > 100_000);
    }
}
