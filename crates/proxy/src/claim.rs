//! A request in the hands of an instance.

use std::rc::Rc;
use std::sync::Arc;
use std::time::{Duration, Instant};

use http::StatusCode;

use crate::tally::{Class, Tally};
use crate::upstream::Upstream;

/// Counts a request as in hand until the end of its response; then it is settled by what became
/// of it.
#[derive(Debug)]
pub(crate) struct Claim {
    upstream: Rc<Upstream>,
    class: Class,
    /// Since when a response of unknown length has been open.
    open_since: Option<Instant>,
    outcome: Outcome,
}

/// What became of a request.
#[derive(Debug, Clone, Copy)]
enum Outcome {
    /// Nothing yet: a client that left.
    Open,
    Answered(StatusCode, Duration),
    Failed,
    /// It is counted already, or elsewhere.
    Settled,
}

// === impl Claim ===

impl Claim {
    pub(crate) fn new(upstream: &Rc<Upstream>) -> Self {
        upstream.enter();
        upstream.shard().enter(Class::Short);
        Self {
            upstream: Rc::clone(upstream),
            class: Class::Short,
            open_since: None,
            outcome: Outcome::Open,
        }
    }

    pub(crate) fn is_of(&self, tally: &Arc<Tally>) -> bool {
        Arc::ptr_eq(&self.upstream.tally, tally)
    }

    pub(crate) fn class(&self) -> Class {
        self.class
    }

    /// The instance answered; the request stays in hand until the end of the body.
    pub(crate) fn answered(&mut self, status: StatusCode, latency: Duration) {
        self.outcome = Outcome::Answered(status, latency);
    }

    /// No whole answer could be had from the instance.
    pub(crate) fn failed(&mut self) {
        self.outcome = Outcome::Failed;
    }

    /// The request is taken back for what the client did.
    pub(crate) fn withdrawn(&mut self) {
        self.outcome = Outcome::Settled;
    }

    /// The request goes to another instance, or again to this one.
    pub(crate) fn moved(&mut self) {
        self.upstream.shard().retries.up();
        self.outcome = Outcome::Settled;
    }

    /// The response has no length: it is a stream at once (`Duration::ZERO`) or when it stays open.
    pub(crate) fn has_unknown_length(&mut self, now: Instant, is_stream: bool) {
        if is_stream {
            self.reclass(Class::Streaming);
        } else {
            self.open_since = Some(now);
        }
    }

    /// The connection speaks another protocol from here on: the request as such is over.
    pub(crate) fn upgraded(&mut self, latency: Duration) {
        let shard = self.upstream.shard();
        shard.upgrades.up();
        shard.answered(StatusCode::SWITCHING_PROTOCOLS, latency);
        self.outcome = Outcome::Settled;
        self.reclass(Class::Upgraded);
    }

    pub(crate) fn sweep(&mut self, now: Instant, streaming_after: Duration) {
        let is_stream = |since| now.saturating_duration_since(since) >= streaming_after;
        if self.class == Class::Short && self.open_since.is_some_and(is_stream) {
            self.reclass(Class::Streaming);
        }
    }

    fn reclass(&mut self, class: Class) {
        let shard = self.upstream.shard();
        shard.leave(self.class);
        shard.enter(class);
        self.class = class;
    }
}

impl Drop for Claim {
    fn drop(&mut self) {
        let shard = self.upstream.shard();
        match self.outcome {
            Outcome::Open => shard.abandoned.up(),
            Outcome::Answered(status, latency) => shard.answered(status, latency),
            Outcome::Failed => shard.failed.up(),
            Outcome::Settled => {}
        }
        shard.leave(self.class);
        self.upstream.leave();
    }
}
