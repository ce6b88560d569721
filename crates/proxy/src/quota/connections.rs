//! How many connections each client has.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::hash::{BuildHasher, RandomState};
use std::net::IpAddr;
use std::num::NonZeroU32;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::client::{self, Client};

/// Locks: workers meet at one of them for two of their clients in so many, and hold it for one
/// look.
const SHARDS: usize = 16;

/// The connections of all clients that have any: no more entries than there are connections.
#[derive(Debug)]
pub(super) struct Connections {
    hash: RandomState,
    shards: [Mutex<HashMap<Client, u32>>; SHARDS],
}

/// A connection's place among those of its client, until it is dropped.
#[derive(Debug)]
pub(crate) struct Seat {
    connections: Arc<Connections>,
    client: Client,
}

// === impl Connections ===

impl Default for Connections {
    fn default() -> Self {
        Self {
            hash: RandomState::new(),
            shards: std::array::from_fn(|_| Mutex::default()),
        }
    }
}

impl Connections {
    /// Counts a connection of a client, of which there may be `most`.
    pub(super) fn take(self: &Arc<Self>, address: IpAddr, most: NonZeroU32) -> Option<Seat> {
        let client = client::of(address);
        let mut shard = self.shard(client);
        let count = shard.entry(client).or_default();
        if *count >= most.get() {
            return None;
        }
        *count += 1;
        let connections = Arc::clone(self);
        Some(Seat {
            connections,
            client,
        })
    }

    fn shard(&self, client: Client) -> MutexGuard<'_, HashMap<Client, u32>> {
        let place = self.hash.hash_one(client) as usize % SHARDS;
        self.shards[place]
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

// === impl Seat ===

impl Seat {
    /// Whether it is one of these.
    pub(super) fn is_of(&self, connections: &Arc<Connections>) -> bool {
        Arc::ptr_eq(&self.connections, connections)
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        let mut shard = self.connections.shard(self.client);
        if let Entry::Occupied(mut count) = shard.entry(self.client) {
            match count.get() {
                0 | 1 => drop(count.remove()),
                _ => *count.get_mut() -= 1,
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_client_has_as_many_as_it_may_and_none_is_remembered_without() {
        let connections = Arc::new(Connections::default());
        let most = NonZeroU32::new(2).unwrap();
        let take = |client: &str| connections.take(client.parse().unwrap(), most);
        let held = [take("192.0.2.1"), take("::ffff:192.0.2.1")];
        assert!(held.iter().all(Option::is_some));
        assert!(take("192.0.2.1").is_none());
        let other = [take("2001:db8::1"), take("2001:db8::2")];
        assert!(other.iter().all(Option::is_some));
        assert!(take("2001:db8::3").is_none());
        assert!(take("2001:db8:0:1::3").is_some());
        drop(held);
        let again = take("192.0.2.1");
        assert!(again.is_some());
        drop((again, other));
        let left = connections.shards.iter();
        let left = left.map(|shard| shard.lock().unwrap().len());
        assert_eq!(left.sum::<usize>(), 0);
    }
}
