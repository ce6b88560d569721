//! What becomes of a session whose deadline has passed.

use std::time::{Duration, Instant};

use crate::session::{Order, Session, Upload, Waiting};

impl Session {
    /// Looks whether anything is overdue; of what is idle, sooner where others wait for its place.
    pub(crate) fn sweep(&self, now: Instant, is_crowded: bool) {
        self.with_claim(|claim| claim.sweep(now, self.limits.streaming_after));
        self.sweep_frames(now);
        let (deadline, waiting) = self.deadline.get();
        let sooner = match waiting {
            Waiting::Resting if is_crowded => self.limits.sooner(),
            _ => Duration::ZERO,
        };
        if now + sooner >= deadline {
            self.overdue(now, deadline, waiting);
        }
    }

    fn overdue(&self, now: Instant, deadline: Instant, waiting: Waiting) {
        match waiting {
            Waiting::NextRequest => self.rest(deadline),
            Waiting::Resting => self.idle_too_long(now),
            Waiting::Handshake | Waiting::EndOfHead | Waiting::Hangup => {
                self.give_order(Order::Kill);
            }
            Waiting::ResponseHead => self.no_head(now, deadline),
            Waiting::Body => self.stalled(now, deadline),
            Waiting::Streams | Waiting::Tunnel | Waiting::Nothing => {}
        }
    }

    /// Lets the task give back what it keeps for the next request, which may come for a while yet.
    fn rest(&self, deadline: Instant) {
        let left = self.limits.keep_alive - self.limits.rest();
        self.deadline.set((deadline + left, Waiting::Resting));
        self.wake();
    }

    fn idle_too_long(&self, now: Instant) {
        self.give_order(Order::Close);
        if self.role.get().is_some() {
            // What the client must be told and has not taken may hold the end up.
            self.wait(now, self.limits.body_idle, Waiting::Hangup);
        }
    }

    /// There is no response head yet: the instance's fault, unless it still waits for the request.
    fn no_head(&self, now: Instant, deadline: Instant) {
        match self.upload.get() {
            Upload::Open | Upload::Stalled if self.moved.get() => {
                self.wait(now, self.limits.body_idle, Waiting::ResponseHead);
            }
            Upload::Stalled => self.give_order(Order::Kill),
            Upload::Open | Upload::Done | Upload::Broken => {
                self.deadline.set((deadline, Waiting::Nothing));
                self.wake();
            }
        }
    }

    /// A body has been on its way for a while: goes on if anything moved, or if the client is not
    /// to blame and the instance not silent for too long.
    fn stalled(&self, now: Instant, deadline: Instant) {
        let is_client_slow = self.write_blocked.get() || self.upload.get() == Upload::Stalled;
        let silent = now.saturating_duration_since(deadline);
        if self.moved.get() {
            self.wait(now, self.limits.body_idle, Waiting::Body);
        } else if is_client_slow || silent >= self.limits.stream_idle {
            self.give_order(Order::Kill);
        }
    }
}
