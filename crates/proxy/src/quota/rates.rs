//! How often each client came.
//!
//! Each client has a bucket of tokens, kept as one number: the time at which it
//! is full again (the generic cell rate algorithm). A bucket that is full is
//! the same as none, so forgetting it costs nothing.
//!
//! The table has a fixed size. A client has a set of a few slots; where all of
//! them are taken, the one goes that is full soonest. So the rate is exact for
//! all workers together, however requests are spread over them, as long as no
//! set is overrun: by far more clients at once than there are slots that
//! came more often than their rate. One that loses its slot begins with a full bucket.

use std::hash::{BuildHasher, RandomState};
use std::net::IpAddr;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use super::client::{self, Client};

/// Locks: workers meet at one of them for two of their clients in so many, and hold it for some
/// comparisons.
const SHARDS: usize = 64;

/// Sets of a shard.
const SETS: usize = 128;

/// Slots of a set: two cache lines. Altogether they are a mebibyte for each route with a rate, which
/// is used as clients come.
const WAYS: usize = 8;

/// The buckets of all clients.
#[derive(Debug)]
pub(super) struct Rates {
    /// Between two tokens.
    interval: u64,
    /// How far ahead of an even pace a client may be.
    tolerance: u64,
    began: Instant,
    /// Nobody can choose addresses that meet in one set without knowing its keys.
    hasher: RandomState,
    shards: Box<[Mutex<Box<[Slot]>>]>,
}

/// One client's bucket; times in nanoseconds since the beginning.
#[derive(Debug, Clone, Copy, Default)]
struct Slot {
    client: Client,
    /// When the bucket is full again; what is past is full.
    full_at: u64,
}

// === impl Rates ===

impl Rates {
    pub(super) fn new(interval: Duration, burst: u32) -> Self {
        let interval = nanos(interval).max(1);
        let shard = || Mutex::new(vec![Slot::default(); SETS * WAYS].into_boxed_slice());
        Self {
            interval,
            tolerance: interval.saturating_mul(u64::from(burst.saturating_sub(1))),
            began: Instant::now(),
            hasher: RandomState::new(),
            shards: (0..SHARDS).map(|_| shard()).collect(),
        }
    }

    /// Takes a token of a client; where there is none, how long until there is.
    pub(super) fn take(&self, client: IpAddr, now: Instant) -> Result<(), Duration> {
        let client = client::of(client);
        let place = self.hasher.hash_one(client) as usize;
        let shard = &self.shards[place % SHARDS];
        let set = (place / SHARDS) % SETS * WAYS;
        let now = nanos(now.saturating_duration_since(self.began));
        let mut slots = shard.lock().unwrap_or_else(PoisonError::into_inner);
        let slots = &mut slots[set..set + WAYS];
        let known = slots.iter().position(|slot| slot.client == client);
        let slot = match known {
            Some(known) => &mut slots[known],
            None => match slots.iter_mut().min_by_key(|slot| slot.full_at) {
                Some(slot) => slot,
                None => return Ok(()),
            },
        };
        if known.is_none() {
            *slot = Slot { client, full_at: 0 };
        }
        let full_at = slot.full_at.max(now);
        let ahead = full_at - now;
        if ahead > self.tolerance {
            return Err(Duration::from_nanos(ahead - self.tolerance));
        }
        slot.full_at = full_at.saturating_add(self.interval);
        Ok(())
    }
}

fn nanos(time: Duration) -> u64 {
    u64::try_from(time.as_nanos()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(rates: &Rates, client: &str, millis: u64) -> Result<(), Duration> {
        let now = rates.began + Duration::from_millis(millis);
        rates.take(client.parse().unwrap(), now)
    }

    #[test]
    fn a_bucket_fills_evenly_and_no_further_than_its_size() {
        let rates = Rates::new(Duration::from_millis(50), 3);
        let burst = |millis| {
            let taken = (0..10).take_while(|_| at(&rates, "192.0.2.1", millis).is_ok());
            taken.count()
        };
        assert_eq!(burst(0), 3);
        assert_eq!(burst(49), 0);
        assert_eq!(burst(50), 1);
        assert_eq!(burst(150), 2);
        assert_eq!(burst(100_000), 3);
        let wait = at(&rates, "192.0.2.1", 100_010).unwrap_err();
        assert_eq!(wait, Duration::from_millis(40));
    }

    #[test]
    fn a_subscriber_of_version_6_is_one_client_and_clothing_does_not_matter() {
        let rates = Rates::new(Duration::from_secs(1), 1);
        assert!(at(&rates, "2001:db8::1", 0).is_ok());
        assert!(at(&rates, "2001:db8::2", 0).is_err());
        assert!(at(&rates, "2001:db8:0:1::1", 0).is_ok());
        assert!(at(&rates, "192.0.2.1", 0).is_ok());
        assert!(at(&rates, "::ffff:192.0.2.1", 0).is_err());
    }

    #[test]
    fn thousands_of_clients_have_their_own_buckets() {
        let rates = Rates::new(Duration::from_secs(1), 1);
        let now = rates.began;
        let clients =
            || (0..8_000_u32).map(|number| IpAddr::from((10 << 24 | number).to_be_bytes()));
        let admitted = clients().filter(|it| rates.take(*it, now).is_ok());
        assert_eq!(admitted.count(), 8_000);
        // A set that is overrun lets some begin anew. With an eighth of the table in use, one in
        // 100,000 has eight others in its set.
        let again = clients().filter(|it| rates.take(*it, now).is_ok());
        assert!(again.count() < 80);
    }

    #[test]
    fn many_more_clients_than_slots_neither_grow_it_nor_push_a_busy_one_out() {
        let rates = Rates::new(Duration::from_millis(100), 50);
        let now = rates.began;
        let busy = IpAddr::from([192, 0, 2, 1]);
        let taken = (0..50).filter(|_| rates.take(busy, now).is_ok());
        assert_eq!(taken.count(), 50);
        for number in 0..4 * (SHARDS * SETS * WAYS) as u32 {
            let _ = rates.take(IpAddr::from((10 << 24 | number).to_be_bytes()), now);
        }
        // Its bucket is the emptiest of its set.
        assert!(rates.take(busy, now).is_err());
    }
}
