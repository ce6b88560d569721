//! An instance as one worker sees it: its connections, its load, its health.

mod answer;
#[cfg(test)]
mod broken;
mod decoder;
mod habit;
mod lease;
mod outgoing;
mod pick;

use std::cell::{Cell, RefCell};
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::files;
use crate::options::Limits;
use crate::room::Place;
use crate::tally::{Shard, Tally};

use habit::Habit;

pub(crate) use lease::{Lease, Opened, SendError};
pub(crate) use outgoing::Outgoing;
pub(crate) use pick::{Choice, Random};

/// An instance behind one route.
#[derive(Debug)]
pub(crate) struct Upstream {
    pub(crate) tally: Arc<Tally>,
    worker: usize,
    pub(crate) address: SocketAddr,
    limits: Arc<Limits>,
    in_flight: Cell<u32>,
    /// The last one in is the first out, so that what a burst left over grows old and goes.
    #[expect(
        clippy::vec_box,
        reason = "a connection is large and wanders between here and requests"
    )]
    idle: RefCell<Vec<Box<Lease>>>,
    habit: RefCell<Habit>,
    ejected_until: Cell<Option<Instant>>,
}

/// How sure a used connection must be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Reuse {
    /// The request can be sent again if the connection turns out closed.
    Any,
    /// It cannot: only a connection that was never seen to close in such a state.
    Proven,
}

/// How many idle connections are looked through for a proven one: those used last come first,
/// and a new connection costs less than a long search.
const LOOK: usize = 8;

// === impl Upstream ===

impl Upstream {
    pub(crate) fn new(
        tally: Arc<Tally>,
        worker: usize,
        address: SocketAddr,
        limits: Arc<Limits>,
    ) -> Self {
        Self {
            tally,
            worker,
            address,
            limits,
            in_flight: Cell::new(0),
            idle: RefCell::default(),
            habit: RefCell::default(),
            ejected_until: Cell::new(None),
        }
    }

    pub(crate) fn shard(&self) -> &Shard {
        self.tally.shard(self.worker)
    }

    pub(crate) fn in_flight(&self) -> u32 {
        self.in_flight.get()
    }

    pub(crate) fn enter(&self) {
        self.in_flight.set(self.in_flight.get() + 1);
    }

    pub(crate) fn leave(&self) {
        self.in_flight.set(self.in_flight.get().saturating_sub(1));
    }

    pub(crate) fn is_ejected(&self, now: Instant) -> bool {
        self.ejected_until.get().is_some_and(|until| now < until)
    }

    /// Takes an idle connection that may carry such a request.
    pub(crate) fn reuse(&self, reuse: Reuse, now: Instant) -> Option<Box<Lease>> {
        let mut idle = self.idle.borrow_mut();
        match reuse {
            Reuse::Any => idle.pop(),
            Reuse::Proven => {
                let habit = self.habit.borrow();
                let start = idle.len().saturating_sub(LOOK);
                let found = (start..idle.len()).rev().find(|&index| {
                    let lease = &mut idle[index];
                    habit.is_trusted(lease.served, lease.idle_at_most(now), now)
                        && lease.settle()
                        && lease.is_quiet()
                })?;
                Some(idle.remove(found))
            }
        }
    }

    /// Makes a new connection, in a place among them.
    pub(crate) async fn connect(&self, place: Place) -> io::Result<Box<Lease>> {
        let connecting = Lease::connect(self.address, place);
        let connecting = tokio::time::timeout(self.limits.connect, connecting);
        let connected = match connecting.await {
            Ok(connected) => connected,
            Err(_elapsed) => Err(io::ErrorKind::TimedOut.into()),
        };
        match connected {
            Ok(lease) => {
                self.ejected_until.set(None);
                Ok(lease)
            }
            // Nobody was asked.
            Err(error) if files::are_out(&error) => Err(error),
            Err(error) => {
                self.shard().connect_errors.up();
                self.ejected_until
                    .set(Some(Instant::now() + self.limits.ejection));
                Err(error)
            }
        }
    }

    /// Notes that a used connection gave another response.
    pub(crate) fn saw_reuse(&self, lease: &Lease, idle: Duration) {
        self.habit.borrow_mut().saw_reuse(lease.served, idle);
    }

    /// Notes that a used connection was closed by the instance.
    pub(crate) fn saw_close(&self, served: u32, idle: Duration, now: Instant) {
        self.habit.borrow_mut().saw_close(served, idle, now);
    }

    /// Notes what the instance says of its idle time.
    pub(crate) fn announced(&self, timeout: Duration) {
        self.habit.borrow_mut().announced(timeout);
    }

    /// Takes a connection back after a response ended; one that cannot go on is closed.
    pub(crate) fn give_back(&self, mut lease: Box<Lease>, now: Instant) {
        if !lease.settle() {
            return;
        }
        lease.served += 1;
        lease.idle_since = now;
        lease.seen_open = Duration::ZERO;
        let mut idle = self.idle.borrow_mut();
        // Those that are there grow old, which is what is learned from.
        if idle.len() < self.limits.idle_per_instance.max(1) {
            idle.push(lease);
        }
    }

    /// Closes what was idle too long, and learns from what the instance closed.
    pub(crate) fn sweep(&self, now: Instant) {
        let mut habit = self.habit.borrow_mut();
        let keep_for = habit.keep_for(self.limits.upstream_idle, now);
        self.idle.borrow_mut().retain_mut(|lease| {
            let idle = lease.idle(now);
            // Nothing is learned from a connection whose end the runtime has not heard of yet.
            let is_open =
                lease.settle() && (!habit.learns_from(lease.served, idle) || lease.is_quiet());
            if is_open {
                lease.seen_open = idle;
                lease.rest();
                habit.saw_open(lease.served, idle);
                idle < keep_for
            } else {
                habit.saw_close(lease.served, lease.seen_open, now);
                false
            }
        });
    }

    /// Closes the connection that has been idle for longest, if there is any.
    pub(crate) fn close_oldest(&self) -> bool {
        let mut idle = self.idle.borrow_mut();
        let any = !idle.is_empty();
        if any {
            idle.remove(0);
        }
        any
    }

    /// Closes all idle connections.
    pub(crate) fn close_idle(&self) {
        self.idle.borrow_mut().clear();
    }
}

#[cfg(test)]
mod tests;
