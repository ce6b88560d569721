//! What processes used, as `/proc` tells it.

use std::fs;

/// The unit of CPU times in `/proc`: fixed at 100 per second for programs on Linux.
const TICKS: f64 = 100.0;

/// A process and all that descend from it.
pub(crate) fn tree(root: u32) -> Vec<u32> {
    let parents: Vec<(u32, u32)> = fs::read_dir("/proc")
        .into_iter()
        .flatten()
        .filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok())
        .filter_map(|id| Some((id, Stat::of(id)?.parent)))
        .collect();
    let mut found = vec![root];
    let mut at = 0;
    while let Some(&parent) = found.get(at) {
        let children = parents.iter().filter(|(_, of)| *of == parent);
        found.extend(children.map(|(id, _)| id));
        at += 1;
    }
    found
}

/// CPU time of a process and its children, also of those that ended.
pub(crate) fn cpu_seconds(root: u32) -> f64 {
    let ticks: u64 = tree(root)
        .into_iter()
        .filter_map(Stat::of)
        .map(|stat| stat.ticks)
        .sum();
    ticks as f64 / TICKS
}

/// Resident memory of a process and its children; pages that they share count for each.
pub(crate) fn resident_bytes(root: u32) -> u64 {
    tree(root).into_iter().filter_map(resident).sum()
}

/// Memory of one process, of shared pages its part.
pub(crate) fn proportional_bytes(id: u32) -> u64 {
    let text = fs::read_to_string(format!("/proc/{id}/smaps_rollup")).unwrap_or_default();
    kibibytes(&text, "Pss:").unwrap_or_default() * 1024
}

fn resident(id: u32) -> Option<u64> {
    let text = fs::read_to_string(format!("/proc/{id}/status")).ok()?;
    Some(kibibytes(&text, "VmRSS:")? * 1024)
}

/// Memory of a process and its children, of pages shared with others their part.
pub(crate) fn proportional_bytes_of_tree(root: u32) -> u64 {
    tree(root).into_iter().map(proportional_bytes).sum()
}

fn kibibytes(text: &str, field: &str) -> Option<u64> {
    let line = text.lines().find_map(|line| line.strip_prefix(field))?;
    line.trim().strip_suffix("kB")?.trim().parse().ok()
}

/// The part of `/proc/ID/stat` that is needed here.
#[derive(Debug, PartialEq, Eq)]
struct Stat {
    parent: u32,
    ticks: u64,
}

// === impl Stat ===

impl Stat {
    fn of(id: u32) -> Option<Self> {
        Self::parse(&fs::read_to_string(format!("/proc/{id}/stat")).ok()?)
    }

    /// The program's name stands in parentheses and may hold anything, also blanks.
    fn parse(text: &str) -> Option<Self> {
        let (_, rest) = text.rsplit_once(')')?;
        let words: Vec<&str> = rest.split_whitespace().collect();
        // utime, stime, and the same of children that were waited for: fields 14 to 17.
        let ticks = words.get(11..15)?.iter().map(|word| word.parse::<u64>());
        Some(Self {
            parent: words.get(1)?.parse().ok()?,
            ticks: ticks.sum::<Result<u64, _>>().ok()?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_with_blanks_and_parentheses_moves_no_field() {
        let text = "7 (a) b (c) S 3 7 7 0 -1 4194304 100 0 0 0 11 22 33 44 20 0 1 0 5";
        assert_eq!(
            Stat::parse(text),
            Some(Stat {
                parent: 3,
                ticks: 110
            })
        );
    }

    #[test]
    fn this_process_has_memory_and_itself() {
        let id = std::process::id();
        assert!(resident_bytes(id) > 0);
        assert!(proportional_bytes(id) > 0);
        assert_eq!(tree(id)[0], id);
    }
}
