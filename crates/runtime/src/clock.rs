//! The wall clock.

use std::time::{SystemTime, UNIX_EPOCH};

use shipway_pipeline::time::Timestamp;

/// The present time; 0 on a machine whose clock stands before 1970.
pub(crate) fn now() -> Timestamp {
    let since_epoch = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default();
    Timestamp::default().after(since_epoch)
}
