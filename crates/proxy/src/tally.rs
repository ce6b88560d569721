//! What is counted of one instance behind one route.
//!
//! Each worker has a shard of its own that only it writes, so that counting is
//! a plain load and store without a locked instruction or a shared cache line;
//! the control thread adds the shards up when it is asked.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use serde::{Deserialize, Serialize};
use shipway_pipeline::colour::Colour;
use shipway_pipeline::id::{DeploymentId, InstanceId};
use shipway_pipeline::route::RouteKey;
use shipway_pipeline::traffic::{BUCKETS, Counters, InFlight, bucket_of};

/// The connection class a request in hand is counted under.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Class {
    Short,
    Streaming,
    Upgraded,
}

/// Whose requests are counted: a deployment's, behind one route.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(crate) struct Owner {
    pub(crate) route: RouteKey,
    pub(crate) colour: Colour,
    pub(crate) deployment: DeploymentId,
}

/// Counts of one instance behind one route, by worker.
#[derive(Debug)]
pub(crate) struct Tally {
    pub(crate) owner: Owner,
    pub(crate) instance: InstanceId,
    shards: Box<[Shard]>,
}

/// What one worker counted.
// A cache line (two, as they are fetched in pairs) of its own: workers never share one.
#[derive(Debug)]
#[repr(align(128))]
pub(crate) struct Shard {
    in_flight: [AtomicU64; 3],
    by_class: [AtomicU64; 5],
    pub(crate) failed: Count,
    /// Connections that could not be made.
    pub(crate) connect_errors: Count,
    /// Requests sent again, to another instance or on another connection.
    pub(crate) retries: Count,
    /// Connections switched to another protocol.
    pub(crate) upgrades: Count,
    /// Requests whose client left before the answer.
    pub(crate) abandoned: Count,
    latency: [AtomicU64; BUCKETS],
    latency_micros: Count,
}

/// A number that one thread writes and any reads.
#[derive(Debug, Default)]
pub(crate) struct Count(AtomicU64);

/// The sums of all workers.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Totals {
    pub(crate) in_flight: InFlight,
    pub(crate) counters: Counters,
    pub(crate) connect_errors: u64,
    pub(crate) retries: u64,
    pub(crate) upgrades: u64,
    pub(crate) abandoned: u64,
    pub(crate) latency: Duration,
}

/// What was counted of each deployment, by instance.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Counted(pub(crate) BTreeMap<Owner, BTreeMap<InstanceId, Totals>>);

fn add(number: &AtomicU64, by: u64) {
    // One writer: nothing can come between the load and the store.
    let now = number.load(Ordering::Relaxed);
    number.store(now.wrapping_add(by), Ordering::Relaxed);
}

// === impl Count ===

impl Count {
    pub(crate) fn up(&self) {
        add(&self.0, 1);
    }

    fn get(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

// === impl Shard ===

impl Shard {
    fn new() -> Self {
        Self {
            in_flight: Default::default(),
            by_class: Default::default(),
            failed: Count::default(),
            connect_errors: Count::default(),
            retries: Count::default(),
            upgrades: Count::default(),
            abandoned: Count::default(),
            latency: std::array::from_fn(|_| AtomicU64::new(0)),
            latency_micros: Count::default(),
        }
    }

    pub(crate) fn enter(&self, class: Class) {
        add(&self.in_flight[class as usize], 1);
    }

    pub(crate) fn leave(&self, class: Class) {
        add(&self.in_flight[class as usize], 1_u64.wrapping_neg());
    }

    pub(crate) fn answered(&self, status: http::StatusCode, latency: Duration) {
        let class = usize::from(status.as_u16() / 100).clamp(1, 5) - 1;
        add(&self.by_class[class], 1);
        add(&self.latency[bucket_of(latency)], 1);
        add(&self.latency_micros.0, latency.as_micros() as u64);
    }
}

// === impl Totals ===

impl Totals {
    /// Adds what another instance counted.
    pub(crate) fn add(&mut self, other: &Self) {
        self.in_flight.short += other.in_flight.short;
        self.in_flight.streaming += other.in_flight.streaming;
        self.in_flight.upgraded += other.in_flight.upgraded;
        let both = self.counters.by_class.iter_mut();
        for (sum, number) in both.zip(other.counters.by_class) {
            *sum += number;
        }
        let both = self.counters.latency.iter_mut();
        for (sum, number) in both.zip(&other.counters.latency) {
            *sum += number;
        }
        self.counters.failed += other.counters.failed;
        self.connect_errors += other.connect_errors;
        self.retries += other.retries;
        self.upgrades += other.upgrades;
        self.abandoned += other.abandoned;
        self.latency += other.latency;
    }
}

// === impl Counted ===

impl Counted {
    /// Adds what was counted of an instance.
    pub(crate) fn add(&mut self, owner: &Owner, instance: &InstanceId, totals: &Totals) {
        let of_owner = match self.0.get_mut(owner) {
            Some(of_owner) => of_owner,
            None => self.0.entry(owner.clone()).or_default(),
        };
        of_owner.entry(instance.clone()).or_default().add(totals);
    }

    /// Adds all of it.
    pub(crate) fn add_all(&mut self, other: &Self) {
        for (owner, instances) in &other.0 {
            for (instance, totals) in instances {
                self.add(owner, instance, totals);
            }
        }
    }
}

// === impl Tally ===

impl Tally {
    pub(crate) fn new(owner: Owner, instance: InstanceId, workers: usize) -> Self {
        Self {
            owner,
            instance,
            shards: (0..workers).map(|_| Shard::new()).collect(),
        }
    }

    /// Whether both count instances of one deployment; asked of tallies of one route.
    pub(crate) fn is_beside(&self, other: &Self) -> bool {
        self.owner.deployment == other.owner.deployment && self.owner.colour == other.owner.colour
    }

    /// The shard of a worker, counted from 0.
    pub(crate) fn shard(&self, worker: usize) -> &Shard {
        &self.shards[worker]
    }

    pub(crate) fn totals(&self) -> Totals {
        let mut totals = Totals::default();
        for shard in &self.shards {
            let [short, streaming, upgraded] = &shard.in_flight;
            totals.in_flight.short += short.load(Ordering::Relaxed);
            totals.in_flight.streaming += streaming.load(Ordering::Relaxed);
            totals.in_flight.upgraded += upgraded.load(Ordering::Relaxed);
            let counters = &mut totals.counters;
            for (sum, number) in counters.by_class.iter_mut().zip(&shard.by_class) {
                *sum += number.load(Ordering::Relaxed);
            }
            for (sum, number) in counters.latency.iter_mut().zip(&shard.latency) {
                *sum += number.load(Ordering::Relaxed);
            }
            counters.failed += shard.failed.get();
            totals.connect_errors += shard.connect_errors.get();
            totals.retries += shard.retries.get();
            totals.upgrades += shard.upgrades.get();
            totals.abandoned += shard.abandoned.get();
            totals.latency += Duration::from_micros(shard.latency_micros.get());
        }
        totals
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_shards_add_up() {
        let owner = Owner {
            route: RouteKey {
                project: "shop".parse().unwrap(),
                environment: "production".parse().unwrap(),
            },
            colour: Colour::Blue,
            deployment: DeploymentId(1),
        };
        let tally = Tally::new(owner, "web-1".parse().unwrap(), 2);
        tally.shard(0).enter(Class::Short);
        tally.shard(1).enter(Class::Short);
        tally.shard(1).enter(Class::Upgraded);
        tally.shard(0).leave(Class::Short);
        let latency = Duration::from_millis(3);
        tally.shard(0).answered(http::StatusCode::OK, latency);
        tally
            .shard(1)
            .answered(http::StatusCode::BAD_GATEWAY, latency);
        tally.shard(1).failed.up();
        let totals = tally.totals();
        assert_eq!(totals.in_flight.short, 1);
        assert_eq!(totals.in_flight.upgraded, 1);
        assert_eq!(totals.counters.by_class, [0, 1, 0, 0, 1]);
        assert_eq!(totals.counters.requests(), 3);
        assert_eq!(totals.latency, latency * 2);
    }
}
