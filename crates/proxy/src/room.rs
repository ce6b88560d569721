//! How many connections there may be, over all workers.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use tokio::sync::Notify;

/// Room for connections of one kind.
#[derive(Debug)]
pub(crate) struct Room {
    /// Whose they are.
    of: &'static str,
    most: usize,
    taken: AtomicUsize,
    freed: Notify,
    is_crowded: AtomicBool,
}

/// A connection's place, until it is dropped.
#[derive(Debug)]
pub(crate) struct Place(Arc<Room>);

// === impl Room ===

impl Room {
    pub(crate) fn new(of: &'static str, most: usize) -> Arc<Self> {
        Arc::new(Self {
            of,
            most,
            taken: AtomicUsize::new(0),
            freed: Notify::new(),
            is_crowded: AtomicBool::new(false),
        })
    }

    /// How many there may be.
    pub(crate) fn most(&self) -> usize {
        self.most
    }

    /// How many there are.
    pub(crate) fn taken(&self) -> usize {
        self.taken.load(Ordering::Relaxed)
    }

    pub(crate) fn is_full(&self) -> bool {
        self.taken() >= self.most
    }

    /// Whether there was no room for somebody, and half of it has not become free since.
    pub(crate) fn is_crowded(&self) -> bool {
        self.is_crowded.load(Ordering::Relaxed)
    }

    /// Waits until there is room. Everybody who waited may take one more then, so there may be a
    /// few more than there should.
    pub(crate) async fn wait(&self) {
        while self.is_full() {
            let mut freed = std::pin::pin!(self.freed.notified());
            // Whoever leaves from here on is heard.
            freed.as_mut().enable();
            if self.taken.load(Ordering::SeqCst) < self.most {
                return;
            }
            self.turn_away();
            freed.await;
        }
    }

    /// Takes a place, whether there is room or not.
    pub(crate) fn enter(self: &Arc<Self>) -> Place {
        self.taken.fetch_add(1, Ordering::Relaxed);
        Place(Arc::clone(self))
    }

    /// Takes a place where there is one.
    pub(crate) fn try_enter(self: &Arc<Self>) -> Option<Place> {
        let one_more = |taken| (taken < self.most).then_some(taken + 1);
        let update = self
            .taken
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, one_more);
        if update.is_err() {
            self.turn_away();
            return None;
        }
        Some(Place(Arc::clone(self)))
    }

    fn turn_away(&self) {
        if !self.is_crowded.swap(true, Ordering::Relaxed) {
            let (of, most) = (self.of, self.most);
            tracing::warn!(of, most, "as many connections are open as may be");
        }
    }
}

// === impl Place ===

impl Drop for Place {
    fn drop(&mut self) {
        let room = &*self.0;
        let taken = room.taken.fetch_sub(1, Ordering::SeqCst);
        if taken >= room.most {
            room.freed.notify_waiters();
        } else if taken <= room.most / 2 && room.is_crowded() {
            room.is_crowded.store(false, Ordering::Relaxed);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::future::Future;
    use std::pin::pin;
    use std::task::{Context, Waker};

    use super::*;

    #[test]
    fn who_comes_too_many_waits_until_somebody_leaves() {
        let room = Room::new("clients", 2);
        let mut cx = Context::from_waker(Waker::noop());
        assert!(pin!(room.wait()).poll(&mut cx).is_ready());
        let first = room.enter();
        let second = room.enter();
        let mut waits = [Box::pin(room.wait()), Box::pin(room.wait())];
        for wait in &mut waits {
            assert!(wait.as_mut().poll(&mut cx).is_pending());
        }
        drop(first);
        let [one, other] = &mut waits;
        assert!(one.as_mut().poll(&mut cx).is_ready());
        let third = room.enter();
        // Somebody was faster.
        assert!(other.as_mut().poll(&mut cx).is_pending());
        assert_eq!(room.taken(), 2);
        drop((second, third));
        assert!(other.as_mut().poll(&mut cx).is_ready());
        assert_eq!(room.taken(), 0);
    }

    #[test]
    fn who_does_not_wait_is_turned_away() {
        let room = Room::new("instances", 1);
        let first = room.try_enter();
        assert!(first.is_some());
        assert!(room.try_enter().is_none());
        drop(first);
        assert!(room.try_enter().is_some());
    }

    #[test]
    fn it_is_crowded_until_half_of_it_is_free_again() {
        let room = Room::new("clients", 2);
        let places = [room.enter(), room.enter()];
        assert!(!room.is_crowded());
        assert!(room.try_enter().is_none());
        assert!(room.is_crowded());
        let [first, second] = places;
        drop(first);
        assert!(room.is_crowded());
        drop(second);
        assert!(!room.is_crowded());
    }
}
