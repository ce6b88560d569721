//! How many files the proxy may have open, and what they are for.
//!
//! ```text
//!   files ─┬─ the proxy's own: listeners, runtimes, control API, what it reads and writes
//!          ├─ clients' connections: whoever comes beyond waits in a listener's queue
//!          └─ connections to instances: more than clients, so that each can be answered
//! ```
//!
//! Should there be none left all the same, because the whole system has none
//! or its limit was lowered, nothing ends by it: what needs one tries again.

use std::io;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use rustix::io::Errno;
use rustix::process::{Resource, getrlimit, setrlimit};

use crate::room::Room;

/// After an attempt that the next would only repeat: long enough for some to close.
pub(crate) const PAUSE: Duration = Duration::from_millis(50);

/// Between two times that it is told: what lasts for hours must not fill a log.
const TELL_AGAIN: Duration = Duration::from_secs(60);

/// What the proxy needs for itself: about thirty, and as many again for control calls and
/// certificates.
const OWN: usize = 64;

/// What each worker needs of that: a runtime, and two sockets for each of half a dozen addresses.
const OF_WORKER: usize = 16;

/// What clients have of the rest. Instances have more: of two workers each may take the last client
/// at once, and connections to instances may be idle where nobody needs them.
const OF_CLIENTS: usize = 7;
const SHARES: usize = 16;

/// However few there may be, some are served.
const LEAST: usize = 16;

/// The open files that there may be.
#[derive(Debug)]
pub(crate) struct Files {
    pub(crate) clients: Arc<Room>,
    pub(crate) instances: Arc<Room>,
    shortages: AtomicU64,
    told: Mutex<Option<Instant>>,
}

/// Whether an attempt failed because no more files may be open.
pub(crate) fn are_out(error: &io::Error) -> bool {
    let errno = Errno::from_io_error(error);
    errno.is_some_and(|errno| errno == Errno::MFILE || errno == Errno::NFILE)
}

// === impl Files ===

impl Files {
    /// Takes as many files as the system lets this process have.
    pub(crate) fn all(workers: usize) -> Self {
        let mut limit = getrlimit(Resource::Nofile);
        let before = limit.current;
        limit.current = limit.maximum;
        if let Err(error) = setrlimit(Resource::Nofile, limit) {
            tracing::debug!(%error, "the limit of open files stays as it is");
            limit.current = before;
        }
        let most = limit.current.map(usize::try_from);
        Self::of(most.and_then(Result::ok).unwrap_or(usize::MAX), workers)
    }

    /// So many files, shared out.
    pub(crate) fn of(files: usize, workers: usize) -> Self {
        let left = files.saturating_sub(OWN + workers * OF_WORKER);
        let clients = (left / SHARES * OF_CLIENTS).max(LEAST);
        let instances = (left / SHARES * (SHARES - OF_CLIENTS)).max(LEAST);
        Self {
            clients: Room::new("clients", clients),
            instances: Room::new("instances", instances),
            shortages: AtomicU64::new(0),
            told: Mutex::default(),
        }
    }

    /// Notes that there was none for a connection to an instance: whoever keeps idle ones lets go
    /// of them.
    pub(crate) fn are_short(&self) {
        self.shortages.fetch_add(1, Ordering::Relaxed);
    }

    /// How often that was so.
    pub(crate) fn shortages(&self) -> u64 {
        self.shortages.load(Ordering::Relaxed)
    }

    /// Tells that something could not be opened, unless it was told a moment ago.
    pub(crate) fn tell(&self, what: &str, error: &io::Error, now: Instant) {
        if self.is_to_be_told(now) {
            tracing::warn!(%error, "{what}; it is tried again");
        }
    }

    fn is_to_be_told(&self, now: Instant) -> bool {
        let mut told = self.told.lock().unwrap_or_else(PoisonError::into_inner);
        let is_due = told.is_none_or(|told| now.saturating_duration_since(told) >= TELL_AGAIN);
        if is_due {
            *told = Some(now);
        }
        is_due
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_client_may_have_an_instance_beside_what_the_proxy_has() {
        for (files, workers, clients, instances) in [
            (1024, 2, 406, 522),
            (1_048_576, 64, 458_276, 589_212),
            // Better to try than to serve nobody.
            (64, 8, 16, 16),
        ] {
            let files = Files::of(files, workers);
            assert_eq!(files.clients.most(), clients);
            assert_eq!(files.instances.most(), instances);
        }
        assert!(Files::of(usize::MAX, 1).clients.most() > usize::MAX / 3);
    }

    #[test]
    fn a_shortage_is_told_once_a_minute() {
        let files = Files::of(1024, 1);
        let start = Instant::now();
        let told = [0, 1, 59, 60, 61, 119, 120]
            .map(|seconds| files.is_to_be_told(start + Duration::from_secs(seconds)));
        assert_eq!(told, [true, false, false, true, false, false, true]);
    }

    #[test]
    fn only_a_want_of_files_is_one() {
        for (errno, is_so) in [
            (Errno::MFILE, true),
            (Errno::NFILE, true),
            (Errno::CONNREFUSED, false),
        ] {
            assert_eq!(are_out(&errno.into()), is_so);
        }
        assert!(!are_out(&io::ErrorKind::TimedOut.into()));
    }
}
