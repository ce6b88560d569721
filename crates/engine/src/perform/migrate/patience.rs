//! For how long a database may fail to serve.

use std::time::{Duration, Instant};

/// Counts from the first of the failures that nothing but failures followed.
#[derive(Debug)]
pub(super) struct Patience {
    most: Duration,
    fails_since: Option<Instant>,
}

// === impl Patience ===

impl Patience {
    pub(super) fn of(most: Duration) -> Self {
        Self {
            most,
            fails_since: None,
        }
    }

    /// It answered a question: what came before is forgiven.
    pub(super) fn served(&mut self) {
        self.fails_since = None;
    }

    /// It failed. Whether it may go on failing.
    pub(super) fn bears(&mut self, now: Instant) -> bool {
        let since = *self.fails_since.get_or_insert(now);
        now.saturating_duration_since(since) < self.most
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_ends_with_the_time_in_which_nothing_served() {
        let began = Instant::now();
        let at = |seconds| began + Duration::from_secs(seconds);
        let mut patience = Patience::of(Duration::from_secs(30));
        assert!(patience.bears(at(100)) && patience.bears(at(129)));
        assert!(!patience.bears(at(130)));
        patience.served();
        assert!(patience.bears(at(140)) && patience.bears(at(169)));
        assert!(!patience.bears(at(170)));
        assert!(!Patience::of(Duration::ZERO).bears(at(0)));
    }
}
