//! Who is connected to call: an elder ends only when they have their answers.
//!
//! A call that it carries on to the process that took over may itself be what makes that process
//! find it done, and ask it to end.

use std::cell::Cell;

use tokio::sync::Notify;

/// Those who are connected.
#[derive(Debug, Default)]
pub(super) struct Callers {
    connected: Cell<usize>,
    left: Notify,
}

/// One of them, for as long as this lives.
#[derive(Debug)]
pub(super) struct Caller<'a>(&'a Callers);

// === impl Callers ===

impl Callers {
    pub(super) fn connect(&self) -> Caller<'_> {
        self.connected.set(self.connected.get() + 1);
        Caller(self)
    }

    /// Waits until all have left.
    pub(super) async fn are_gone(&self) {
        while self.connected.get() > 0 {
            self.left.notified().await;
        }
    }
}

impl Drop for Caller<'_> {
    fn drop(&mut self) {
        self.0.connected.set(self.0.connected.get() - 1);
        self.0.left.notify_one();
    }
}

#[cfg(test)]
mod tests {
    use std::future::Future as _;
    use std::pin::pin;
    use std::task::{Context, Waker};

    use super::*;

    #[test]
    fn all_are_waited_for() {
        let callers = Callers::default();
        let (one, other) = (callers.connect(), callers.connect());
        let mut gone = pin!(callers.are_gone());
        let mut is_so = || {
            let mut context = Context::from_waker(Waker::noop());
            gone.as_mut().poll(&mut context).is_ready()
        };
        assert!(!is_so());
        drop(one);
        assert!(!is_so());
        drop(other);
        assert!(is_so());
    }
}
