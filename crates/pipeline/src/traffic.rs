//! What the proxy counts, as the judgement reads it.

use std::time::Duration;

use serde::{Deserialize, Serialize};

/// Buckets of the latency histogram; the last one takes everything above.
///
/// Four buckets per doubling from 250 µs to about 65 s: a quantile is read
/// within 19 %, enough to tell the 1.3-fold latency that the judgement asks about.
pub const BUCKETS: usize = 74;

/// Upper bound of bucket `index`; `None` for the last, which has none.
pub fn bucket_bound(index: usize) -> Option<Duration> {
    (index + 1 < BUCKETS).then(|| Duration::from_secs_f64(250e-6 * (index as f64 / 4.0).exp2()))
}

/// The bucket that counts a request of this length.
pub fn bucket_of(latency: Duration) -> usize {
    let doublings = (latency.as_secs_f64() / 250e-6).log2();
    let near = ((doublings * 4.0).floor().max(0.0) as usize).min(BUCKETS - 1);
    // Rounding may put a latency that equals a bound one bucket too low.
    (near..BUCKETS)
        .find(|&index| bucket_bound(index).is_none_or(|bound| latency <= bound))
        .unwrap_or(BUCKETS - 1)
}

/// Cumulative counts of what one deployment's instances answered through one route.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Counters {
    /// Finished requests by status class: 1xx (upgrades) to 5xx.
    pub by_class: [u64; 5],
    /// Requests for which no answer could be had from the instance: refused, reset, timed out.
    pub failed: u64,
    /// Finished requests by latency to the end of the response head.
    pub latency: Vec<u64>,
}

/// What a deployment's instances have in hand at this moment.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct InFlight {
    /// Requests whose response body has a known end.
    pub short: u64,
    /// Responses that have been open for more than a moment without a known length: event
    /// streams, downloads of unknown size.
    pub streaming: u64,
    /// WebSockets and other upgraded connections.
    pub upgraded: u64,
}

// === impl Counters ===

impl Default for Counters {
    fn default() -> Self {
        Self {
            by_class: [0; 5],
            failed: 0,
            latency: vec![0; BUCKETS],
        }
    }
}

impl Counters {
    /// All requests, answered or not.
    pub fn requests(&self) -> u64 {
        self.by_class.iter().sum::<u64>() + self.failed
    }

    /// Requests that count as errors: 5xx and unanswered.
    pub fn errors(&self) -> u64 {
        self.by_class[4] + self.failed
    }

    /// What was counted since `earlier`; nothing where the counters began anew in between.
    #[must_use]
    pub fn since(&self, earlier: &Self) -> Self {
        if earlier.requests() > self.requests() {
            return self.clone();
        }
        let mut difference = self.clone();
        for (now, before) in difference.by_class.iter_mut().zip(&earlier.by_class) {
            *now = now.saturating_sub(*before);
        }
        difference.failed = self.failed.saturating_sub(earlier.failed);
        for (now, before) in difference.latency.iter_mut().zip(&earlier.latency) {
            *now = now.saturating_sub(*before);
        }
        difference
    }

    /// The upper bound of the bucket in which `quantile` (0 to 1) falls; `None` without requests.
    pub fn quantile(&self, quantile: f64) -> Option<Duration> {
        let total: u64 = self.latency.iter().sum();
        let rank = (quantile * total as f64).ceil().max(1.0) as u64;
        let mut seen = 0;
        for (index, count) in self.latency.iter().enumerate() {
            seen += count;
            if total > 0 && seen >= rank {
                return Some(bucket_bound(index).unwrap_or(Duration::MAX));
            }
        }
        None
    }
}

impl InFlight {
    /// Everything in hand.
    pub fn total(&self) -> u64 {
        self.short + self.streaming + self.upgraded
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_latency_falls_into_the_bucket_that_bounds_it() {
        for micros in [1, 250, 251, 1_000, 80_000, 1_500_000, 63_000_000] {
            let latency = Duration::from_micros(micros);
            let index = bucket_of(latency);
            assert!(bucket_bound(index).unwrap() >= latency, "{latency:?}");
            assert!(index == 0 || bucket_bound(index - 1).unwrap() < latency);
        }
        assert_eq!(bucket_of(Duration::from_secs(600)), BUCKETS - 1);
    }

    #[test]
    fn quantiles_come_from_the_histogram() {
        let mut counters = Counters::default();
        assert_eq!(counters.quantile(0.5), None);
        counters.latency[bucket_of(Duration::from_millis(1))] = 95;
        counters.latency[bucket_of(Duration::from_millis(100))] = 5;
        assert!(counters.quantile(0.95).unwrap() < Duration::from_millis(2));
        assert!(counters.quantile(0.96).unwrap() >= Duration::from_millis(100));
    }

    #[test]
    fn counters_that_began_anew_count_from_zero() {
        let mut before = Counters::default();
        before.by_class[1] = 100;
        let mut now = Counters::default();
        now.by_class[1] = 7;
        assert_eq!(now.since(&before).requests(), 7);
        now.by_class[1] = 130;
        assert_eq!(now.since(&before).requests(), 30);
    }
}
