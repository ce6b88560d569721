//! What a route bears: how much at once, how much at all, how often from one client.
//!
//! A route without limits has none of this, and its requests see one branch.
//! What is counted is shared by all workers: a limit holds for the proxy, not
//! for each of them.

mod client;
mod connections;
mod rates;

use std::net::IpAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use shipway_pipeline::route::Limits;

use crate::session::Peer;

use connections::Connections;
use rates::Rates;

pub(crate) use connections::Seat;

/// The limits of one route.
#[derive(Debug)]
pub(crate) struct Quota {
    limits: Limits,
    rates: Option<Rates>,
    meter: Arc<Meter>,
}

/// What is counted for a route's limits; outlives a change of them.
#[derive(Debug, Default)]
pub(crate) struct Meter {
    in_flight: AtomicU32,
    crowded: AtomicU64,
    too_early: AtomicU64,
    too_large: AtomicU64,
    too_many: AtomicU64,
    connections: Arc<Connections>,
}

/// Refused requests, by the limit that they were beyond.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Refused {
    pub(crate) crowded: u64,
    pub(crate) too_early: u64,
    pub(crate) too_large: u64,
    pub(crate) too_many: u64,
}

/// What a request was beyond.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Excess {
    /// As many are in flight as may be.
    Crowded,
    /// The client may come again after this long.
    TooEarly(Duration),
    /// The body is longer than it may be.
    TooLarge,
    /// The client has as many connections as it may.
    TooMany,
}

/// A request's place among those in flight, until it is dropped.
#[derive(Debug)]
pub(crate) struct Place(Arc<Meter>);

// === impl Quota ===

impl Quota {
    pub(crate) fn new(limits: &Limits, meter: &Arc<Meter>) -> Self {
        let rates = limits
            .rate
            .map(|rate| Rates::new(rate.interval(), limits.burst.unwrap_or(rate.count()).get()));
        Self {
            limits: limits.clone(),
            rates,
            meter: Arc::clone(meter),
        }
    }

    /// Whether this is what these limits ask for.
    pub(crate) fn is_of(&self, limits: &Limits) -> bool {
        self.limits == *limits
    }

    /// How long a body may be.
    pub(crate) fn body(&self) -> Option<u64> {
        self.limits.body
    }

    /// Counts a body that turned out to be longer than it may be.
    pub(crate) fn found_too_large(&self) {
        self.meter.too_large.fetch_add(1, Ordering::Relaxed);
    }

    /// Admits a request whose body has at least this length; its place among those in flight,
    /// where they are counted for it.
    pub(crate) fn admit(
        &self,
        length: u64,
        client: impl FnOnce() -> IpAddr,
        now: Instant,
    ) -> Result<Option<Place>, Excess> {
        if self.limits.body.is_some_and(|most| length > most) {
            self.found_too_large();
            return Err(Excess::TooLarge);
        }
        let is_counted = self.rates.is_some() || self.limits.requests.is_some();
        if !is_counted {
            return Ok(None);
        }
        let needs_client = self.rates.is_some() || !self.limits.allow.is_empty();
        if needs_client {
            let client = client();
            if self.allows(client) {
                return Ok(None);
            }
            if let Some(rates) = &self.rates {
                rates.take(client, now).map_err(|wait| {
                    self.meter.too_early.fetch_add(1, Ordering::Relaxed);
                    Excess::TooEarly(wait)
                })?;
            }
        }
        let Some(most) = self.limits.requests else {
            return Ok(None);
        };
        let place = Place::take(&self.meter, most.get());
        place.map(Some).ok_or(Excess::Crowded)
    }

    /// Counts a connection of a client with its first request, beside where it is counted already.
    pub(crate) fn seat(&self, peer: &Peer, seats: &mut Vec<Seat>) -> Result<(), Excess> {
        let Some(most) = self.limits.connections else {
            return Ok(());
        };
        let connections = &self.meter.connections;
        // A trusted peer brings many clients on each of its connections.
        let is_free = peer.is_trusted || self.allows(peer.address);
        if is_free || seats.iter().any(|seat| seat.is_of(connections)) {
            return Ok(());
        }
        let Some(seat) = connections.take(peer.address, most) else {
            self.meter.too_many.fetch_add(1, Ordering::Relaxed);
            return Err(Excess::TooMany);
        };
        seats.push(seat);
        Ok(())
    }

    fn allows(&self, client: IpAddr) -> bool {
        self.limits.allow.iter().any(|range| range.contains(client))
    }
}

// === impl Meter ===

impl Meter {
    pub(crate) fn refused(&self) -> Refused {
        Refused {
            crowded: self.crowded.load(Ordering::Relaxed),
            too_early: self.too_early.load(Ordering::Relaxed),
            too_large: self.too_large.load(Ordering::Relaxed),
            too_many: self.too_many.load(Ordering::Relaxed),
        }
    }
}

// === impl Place ===

impl Place {
    fn take(meter: &Arc<Meter>, most: u32) -> Option<Self> {
        // Counted first and looked at then, so that of two workers never both get the last one.
        if meter.in_flight.fetch_add(1, Ordering::Relaxed) >= most {
            meter.in_flight.fetch_sub(1, Ordering::Relaxed);
            meter.crowded.fetch_add(1, Ordering::Relaxed);
            return None;
        }
        Some(Self(Arc::clone(meter)))
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.0.in_flight.fetch_sub(1, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn client(last: u8) -> IpAddr {
        IpAddr::from([192, 0, 2, last])
    }

    fn quota(limits: Limits) -> Quota {
        Quota::new(&limits, &Arc::default())
    }

    #[test]
    fn no_more_are_in_flight_than_may_be() {
        let quota = quota(Limits {
            requests: 2.try_into().ok(),
            allow: vec!["192.0.2.9".parse().unwrap()],
            ..Limits::default()
        });
        let admit = |last| quota.admit(0, || client(last), Instant::now());
        let first = admit(1).unwrap();
        let second = admit(1).unwrap();
        assert_eq!(admit(2).unwrap_err(), Excess::Crowded);
        assert!(admit(9).unwrap().is_none());
        drop(first);
        let third = admit(2).unwrap();
        assert_eq!(admit(2).unwrap_err(), Excess::Crowded);
        drop((second, third));
        assert_eq!(quota.meter.in_flight.load(Ordering::Relaxed), 0);
        assert_eq!(quota.meter.refused().crowded, 2);
    }

    #[test]
    fn a_client_comes_as_often_as_it_may() {
        let quota = quota(Limits {
            rate: Some("10/s".parse().unwrap()),
            burst: 2.try_into().ok(),
            ..Limits::default()
        });
        let start = Instant::now();
        let admit = |last, millis| {
            let now = start + Duration::from_millis(millis);
            quota.admit(0, || client(last), now).map(drop)
        };
        assert_eq!(admit(1, 0), Ok(()));
        assert_eq!(admit(1, 0), Ok(()));
        let wait = Duration::from_millis(100);
        assert_eq!(admit(1, 0), Err(Excess::TooEarly(wait)));
        assert_eq!(admit(2, 0), Ok(()));
        assert_eq!(admit(1, 100), Ok(()));
        assert!(admit(1, 150).is_err());
        assert_eq!(quota.meter.refused().too_early, 2);
    }

    fn peer(last: u8, is_trusted: bool) -> Peer {
        Peer {
            is_trusted,
            ..Peer::at(client(last))
        }
    }

    #[test]
    fn a_client_has_as_many_connections_as_it_may() {
        let quota = quota(Limits {
            connections: 1.try_into().ok(),
            allow: vec!["192.0.2.9".parse().unwrap()],
            ..Limits::default()
        });
        let (mut first, mut second, mut others) = (Vec::new(), Vec::new(), Vec::new());
        assert_eq!(quota.seat(&peer(1, false), &mut first), Ok(()));
        // It is counted once, however much is asked on it.
        assert_eq!(quota.seat(&peer(1, false), &mut first), Ok(()));
        let refused = quota.seat(&peer(1, false), &mut second);
        assert_eq!(refused, Err(Excess::TooMany));
        assert_eq!(quota.meter.refused().too_many, 1);
        for free in [
            peer(2, false),
            peer(1, true),
            peer(9, false),
            peer(9, false),
        ] {
            assert_eq!(quota.seat(&free, &mut others), Ok(()));
        }
        assert_eq!((first.len(), others.len()), (1, 1));
        drop(first);
        assert_eq!(quota.seat(&peer(1, false), &mut second), Ok(()));
    }

    #[test]
    fn a_body_is_as_long_as_it_may_be() {
        let quota = quota(Limits {
            body: Some(10),
            ..Limits::default()
        });
        let admit = |length| {
            let nobody = || unreachable!("who it is does not matter");
            quota.admit(length, nobody, Instant::now()).map(drop)
        };
        assert_eq!(admit(10), Ok(()));
        assert_eq!(admit(11), Err(Excess::TooLarge));
        assert_eq!(quota.meter.refused().too_large, 1);
    }
}
