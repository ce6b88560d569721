//! What the next backup will be like, and whether the last one will do.

use std::time::Duration;

use super::Backup;
use crate::time::Timestamp;

/// So many of the last backups tell what the next one is like.
const LOOKED_AT: usize = 3;

/// What the next backup will be like, by the last ones.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Prediction {
    /// Its size in bytes.
    pub bytes: u64,
    /// How long it takes.
    pub time: Duration,
}

/// Says what the next backup will be like: as the largest and the slowest of the last three, so
/// that nobody is surprised. Nothing where there is none.
#[must_use]
pub fn predict(backups: &[Backup]) -> Option<Prediction> {
    let mut newest: Vec<&Backup> = backups.iter().collect();
    newest.sort_by_key(|backup| std::cmp::Reverse(backup.created));
    newest.truncate(LOOKED_AT);
    Some(Prediction {
        bytes: newest.iter().map(|backup| backup.size()).max()?,
        time: Duration::from_millis(newest.iter().map(|backup| backup.millis).max()?),
    })
}

/// The newest backup that is young enough to do.
#[must_use]
pub fn fresh(backups: &[Backup], age: Duration, now: Timestamp) -> Option<&Backup> {
    let newest = backups.iter().max_by_key(|backup| backup.created)?;
    let passed = now.0.saturating_sub(newest.created.0);
    (u128::from(passed) < age.as_millis()).then_some(newest)
}
