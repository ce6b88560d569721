//! How often somebody may call: buckets that fill by themselves.

use std::collections::HashMap;
use std::hash::Hash;
use std::time::{Duration, Instant};

/// A bucket that is full again says nothing; they are looked for when there are this many.
const MANY: usize = 4096;

/// For each key a bucket of calls.
#[derive(Debug)]
pub(crate) struct Limit<K> {
    /// How many fit in.
    burst: f64,
    /// How many come back in a second.
    rate: f64,
    buckets: HashMap<K, Bucket>,
}

#[derive(Debug)]
struct Bucket {
    left: f64,
    at: Instant,
}

// === impl Limit ===

impl<K: Eq + Hash> Limit<K> {
    pub(crate) fn new(burst: u32, rate: f64) -> Self {
        Self {
            burst: f64::from(burst),
            rate,
            buckets: HashMap::new(),
        }
    }

    /// Takes one call out; says how long to wait where there is none.
    pub(crate) fn take(&mut self, key: K, now: Instant) -> Result<(), Duration> {
        if self.buckets.len() >= MANY {
            let (burst, rate) = (self.burst, self.rate);
            self.buckets
                .retain(|_, bucket| bucket.filled(burst, rate, now) < burst);
        }
        let bucket = self.buckets.entry(key).or_insert(Bucket {
            left: self.burst,
            at: now,
        });
        bucket.left = bucket.filled(self.burst, self.rate, now);
        bucket.at = now;
        if bucket.left >= 1.0 {
            bucket.left -= 1.0;
            Ok(())
        } else {
            Err(Duration::from_secs_f64((1.0 - bucket.left) / self.rate))
        }
    }
}

// === impl Bucket ===

impl Bucket {
    fn filled(&self, burst: f64, rate: f64, now: Instant) -> f64 {
        let passed = now.saturating_duration_since(self.at).as_secs_f64();
        (self.left + passed * rate).min(burst)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bucket_fills_again_and_is_forgotten_when_full() {
        let mut limit = Limit::new(2, 0.5);
        let start = Instant::now();
        assert_eq!(limit.take(1, start), Ok(()));
        assert_eq!(limit.take(1, start), Ok(()));
        assert_eq!(limit.take(1, start), Err(Duration::from_secs(2)));
        assert_eq!(limit.take(2, start), Ok(()));
        assert_eq!(limit.take(1, start + Duration::from_secs(2)), Ok(()));

        let later = start + Duration::from_secs(3600);
        for key in 0..MANY {
            let _ = limit.take(key + 10, start);
        }
        let _ = limit.take(1, later);
        assert_eq!(limit.buckets.len(), 1);
    }
}
