//! What came of a scenario, as it is printed.

use std::fmt::Write as _;

use crate::measure::ratio;

/// A contender's medians.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Figures {
    pub(super) name: &'static str,
    pub(super) per_second: f64,
    pub(super) p50_ms: f64,
    pub(super) p99_ms: f64,
    /// `None` for the backend, which shares its process with the benchmark.
    pub(super) cpu_per_100k: Option<f64>,
    pub(super) resident: u64,
    pub(super) failed: u64,
}

pub(super) fn table(all: &[Figures]) -> String {
    let mut text = format!(
        "{:<10}{:>12}{:>9}{:>9}{:>14}{:>9}{:>8}",
        "", "requests/s", "p50 ms", "p99 ms", "CPU s / 100k", "RSS MB", "failed"
    );
    for it in all {
        let (cpu, resident) = match it.cpu_per_100k {
            Some(cpu) => (
                format!("{cpu:.2}"),
                format!("{:.0}", it.resident as f64 / 1e6),
            ),
            None => ("-".to_owned(), "-".to_owned()),
        };
        let _ = write!(
            text,
            "\n{:<10}{:>12.0}{:>9.2}{:>9.2}{cpu:>14}{resident:>9}{:>8}",
            it.name, it.per_second, it.p50_ms, it.p99_ms, it.failed
        );
    }
    text
}

/// Ours over each peer's; over the backend's where there is no peer. What is added is what is more
/// than without any proxy.
pub(super) fn ratios(all: &[Figures]) -> String {
    let is_ours = |it: &&Figures| it.name == super::OURS;
    let Some(ours) = all.iter().find(is_ours) else {
        return String::new();
    };
    let peers: Vec<&Figures> = all
        .iter()
        .filter(|it| !is_ours(it) && it.cpu_per_100k.is_some())
        .collect();
    let others = if peers.is_empty() {
        all.iter().filter(|it| !is_ours(it)).collect()
    } else {
        peers
    };
    let direct = all.iter().find(|it| it.cpu_per_100k.is_none());
    let added = |other: &Figures, time: fn(&Figures) -> f64| {
        let base = direct.filter(|base| base.name != other.name).map(time)?;
        let (ours, theirs) = (time(ours) - base, time(other) - base);
        (ours > 0.0 && theirs > 0.0).then(|| ratio(ours, theirs))
    };
    let lines = others.iter().map(|other| {
        // Per second of CPU: what a peer takes for a request over what ours takes.
        let cpu = match (other.cpu_per_100k, ours.cpu_per_100k) {
            (Some(theirs), Some(ours)) => {
                format!("requests per CPU-second {}, ", ratio(theirs, ours))
            }
            _ => String::new(),
        };
        let mut line = format!(
            "ours / {}: {cpu}requests/s {}, p50 {}, p99 {}",
            other.name,
            ratio(ours.per_second, other.per_second),
            ratio(ours.p50_ms, other.p50_ms),
            ratio(ours.p99_ms, other.p99_ms),
        );
        for (name, ratio) in [
            ("p50", added(other, |it| it.p50_ms)),
            ("p99", added(other, |it| it.p99_ms)),
        ] {
            if let Some(ratio) = ratio {
                let _ = write!(line, ", added {name} {ratio}");
            }
        }
        line
    });
    lines.collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn figures(name: &'static str, per_second: f64, cpu_per_100k: Option<f64>) -> Figures {
        Figures {
            name,
            per_second,
            p50_ms: 1.0,
            p99_ms: 4.0,
            cpu_per_100k,
            resident: 17_000_000,
            failed: 0,
        }
    }

    #[test]
    fn ours_is_set_against_each_peer() {
        let direct = figures("direct", 100_000.0, None);
        let ours = figures("shipway", 60_000.0, Some(1.5));
        let peer = figures("haproxy", 50_000.0, Some(2.0));
        assert_eq!(
            ratios(&[direct, ours, peer]),
            "ours / haproxy: requests per CPU-second 1.33, requests/s 1.20, p50 1.00, p99 1.00"
        );
        let near = Figures {
            p50_ms: 0.5,
            p99_ms: 2.0,
            ..direct
        };
        assert!(ratios(&[near, ours, peer]).ends_with(", added p50 1.00, added p99 1.00"));
        assert_eq!(
            ratios(&[direct, ours]),
            "ours / direct: requests/s 0.60, p50 1.00, p99 1.00"
        );
        assert_eq!(ratios(&[direct]), "");
    }

    #[test]
    fn the_backend_has_no_figures_of_its_process() {
        let text = table(&[figures("direct", 100_000.0, None)]);
        assert_eq!(
            text.lines().nth(1),
            Some("direct          100000     1.00     4.00             -        -       0")
        );
    }
}
