//! The one place that reads the clock.

use std::time::{SystemTime, UNIX_EPOCH};

use shipway_pipeline::time::Timestamp;

/// The time of day.
pub fn now() -> Timestamp {
    let since = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default();
    Timestamp(since.as_millis() as u64)
}
