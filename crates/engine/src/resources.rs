//! What instances use: two measurements make a rate.

use serde::Serialize;
use shipway_runtime::Usage;

/// What an instance uses.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Resources {
    /// Share of one processor, 1.0 being the whole of it.
    pub cpu: f64,
    /// Bytes of memory.
    pub memory: u64,
    /// At most so many; `None` where nothing limits it.
    pub memory_limit: Option<u64>,
    /// Bytes received in a second; `None` where it shares the host's network.
    pub received_per_second: Option<f64>,
    /// Bytes sent in a second.
    pub sent_per_second: Option<f64>,
}

impl Resources {
    /// Of two measurements of one instance, the older one first.
    #[must_use]
    pub fn between(before: &Usage, after: &Usage) -> Self {
        let seconds = after.at.duration_since(before.at).as_secs_f64();
        let per_second = |amount: f64| if seconds > 0.0 { amount / seconds } else { 0.0 };
        // A counter that fell began anew: the instance was started again.
        let network = |of: fn((u64, u64)) -> u64| {
            let (before, after) = (of(before.network?), of(after.network?));
            Some(per_second(after.saturating_sub(before) as f64))
        };
        Self {
            cpu: per_second(after.cpu.saturating_sub(before.cpu).as_secs_f64()),
            memory: after.memory,
            memory_limit: after.memory_limit,
            received_per_second: network(|(received, _)| received),
            sent_per_second: network(|(_, sent)| sent),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use tokio::time::Instant;

    use super::*;

    fn usage(at: Instant, cpu: u64, network: Option<(u64, u64)>) -> Usage {
        Usage {
            id: "web-1".parse().unwrap(),
            at,
            cpu: Duration::from_millis(cpu),
            memory: 5,
            memory_limit: Some(10),
            network,
        }
    }

    #[test]
    fn what_was_used_in_between_is_a_rate() {
        let start = Instant::now();
        let before = usage(start, 1000, Some((100, 7)));
        let after = usage(start + Duration::from_secs(2), 2000, Some((300, 7)));
        let resources = Resources::between(&before, &after);
        assert_eq!(resources.cpu, 0.5);
        assert_eq!(resources.received_per_second, Some(100.0));
        assert_eq!(resources.sent_per_second, Some(0.0));
    }

    #[test]
    fn a_new_start_is_no_negative_rate() {
        let start = Instant::now();
        let before = usage(start, 5000, None);
        let after = usage(start + Duration::from_secs(1), 100, None);
        let resources = Resources::between(&before, &after);
        assert_eq!((resources.cpu, resources.sent_per_second), (0.0, None));
    }
}
