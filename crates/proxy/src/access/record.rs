//! What is known of a request when it is over.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use http::{Method, Version};

use crate::table::Entry;
use crate::tally::Tally;

/// A request that is over.
#[derive(Debug)]
pub(super) struct Record {
    pub(super) began: SystemTime,
    pub(super) client: IpAddr,
    pub(super) method: Method,
    pub(super) version: Version,
    pub(super) is_secure: bool,
    pub(super) host: String,
    /// Path and query as they came, or their beginning.
    pub(super) target: String,
    pub(super) request_id: String,
    /// The route that answered; `None` where none did.
    pub(super) entry: Option<Arc<Entry>>,
    /// The instance that had it last.
    pub(super) tally: Option<Arc<Tally>>,
    /// `None` where the client left before there was an answer.
    pub(super) status: Option<u16>,
    /// Bytes of the two bodies.
    pub(super) received: u64,
    pub(super) sent: u64,
    pub(super) duration: Duration,
    /// Until the instance's head.
    pub(super) upstream: Option<Duration>,
    pub(super) retries: u32,
    /// Whether the answer was sent to its end.
    pub(super) is_complete: bool,
}

// === impl Record ===

impl Record {
    /// Whether it is written down in any case.
    pub(super) fn is_error(&self) -> bool {
        !self.is_complete || self.status.is_none_or(|status| status >= 400)
    }
}
