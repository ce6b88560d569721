//! Holding a route: new requests wait at the proxy instead of reaching an instance.
//!
//! A hold ends by [`Hold::resume`] or by itself when its time is over, so that
//! a holder that died cannot stop an environment.

use std::sync::Mutex;
use std::sync::PoisonError;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use tokio::sync::Notify;

/// The gate of one route.
#[derive(Debug, Default)]
pub(crate) struct Hold {
    /// Looked at by every request: one relaxed load while nothing is held.
    held: AtomicBool,
    until: Mutex<Option<Instant>>,
    waiting: AtomicUsize,
    released: Notify,
}

/// Why a request did not come through.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Refused {
    /// As many wait already as may.
    Full,
    /// It waited as long as it may.
    TimedOut,
}

struct Place<'a>(&'a AtomicUsize);

// === impl Hold ===

impl Hold {
    pub(crate) fn is_held(&self) -> bool {
        self.held.load(Ordering::Acquire)
    }

    /// Requests that wait.
    pub(crate) fn waiting(&self) -> usize {
        self.waiting.load(Ordering::Relaxed)
    }

    /// How much longer the route is held; `None` when it is not.
    pub(crate) fn remaining(&self, now: Instant) -> Option<Duration> {
        let until = *self.until.lock().unwrap_or_else(PoisonError::into_inner);
        until
            .filter(|_| self.is_held())
            .map(|until| until.saturating_duration_since(now))
    }

    pub(crate) fn hold(&self, end: Instant) {
        let mut until = self.until.lock().unwrap_or_else(PoisonError::into_inner);
        *until = Some(end);
        self.held.store(true, Ordering::Release);
    }

    pub(crate) fn resume(&self) {
        let mut until = self.until.lock().unwrap_or_else(PoisonError::into_inner);
        *until = None;
        self.held.store(false, Ordering::Release);
        self.released.notify_waiters();
    }

    /// Resumes if the time is over, which a new hold in between may have changed.
    fn end(&self, now: Instant) {
        let mut until = self.until.lock().unwrap_or_else(PoisonError::into_inner);
        if until.is_some_and(|until| until <= now) {
            *until = None;
            self.held.store(false, Ordering::Release);
            self.released.notify_waiters();
        }
    }

    /// Waits until the route is no longer held.
    pub(crate) async fn pass(&self, most: usize, longest: Duration) -> Result<(), Refused> {
        if self.waiting.fetch_add(1, Ordering::Relaxed) >= most {
            self.waiting.fetch_sub(1, Ordering::Relaxed);
            return Err(Refused::Full);
        }
        let _place = Place(&self.waiting);
        let give_up = Instant::now() + longest;
        loop {
            // Created before the look, or a release in between would be missed.
            let released = self.released.notified();
            let now = Instant::now();
            match self.remaining(now) {
                None => return Ok(()),
                Some(Duration::ZERO) => self.end(now),
                Some(_) if now >= give_up => return Err(Refused::TimedOut),
                Some(remaining) => {
                    let wait = remaining.min(give_up - now);
                    // Either end of the wait leads to another look.
                    let _ = tokio::time::timeout(wait, released).await;
                }
            }
        }
    }
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LONG: Duration = Duration::from_secs(3600);

    #[tokio::test]
    async fn a_held_request_waits_for_the_release() {
        let hold = Hold::default();
        hold.hold(Instant::now() + LONG);
        let (passed, ()) = tokio::join!(hold.pass(1, LONG), async {
            assert_eq!(hold.waiting(), 1);
            hold.resume();
        });
        assert_eq!(passed, Ok(()));
        assert_eq!(hold.waiting(), 0);
    }

    #[tokio::test]
    async fn no_more_wait_than_may_and_none_for_longer() {
        let hold = Hold::default();
        hold.hold(Instant::now() + LONG);
        assert_eq!(hold.pass(0, LONG).await, Err(Refused::Full));
        assert_eq!(hold.pass(1, Duration::ZERO).await, Err(Refused::TimedOut));
    }

    #[tokio::test]
    async fn a_hold_ends_by_itself() {
        let hold = Hold::default();
        hold.hold(Instant::now());
        assert_eq!(hold.pass(1, LONG).await, Ok(()));
        assert!(!hold.is_held());
    }
}
