//! What a load amounted to.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::counts::Counts;

/// The counts of a load, whole and by segment.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Report {
    /// How long the load has been running.
    pub duration: Duration,
    /// Everything.
    pub total: Counts,
    /// From one mark to the next; the first has no label. A request counts where it was sent.
    pub segments: Vec<Segment>,
}

/// The counts from one mark to the next.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Segment {
    /// The mark it began with.
    pub label: String,
    /// When it began, from the start of the load.
    pub began: Duration,
    /// What was sent in it.
    pub counts: Counts,
}

// === impl Report ===

impl Report {
    /// The segment that began with a mark of this label; the last one if there were several.
    pub fn segment(&self, label: &str) -> Option<&Segment> {
        let mut segments = self.segments.iter().rev();
        segments.find(|segment| segment.label == label)
    }

    /// Whole answers per second over the whole load.
    pub fn rate(&self) -> f64 {
        let seconds = self.duration.as_secs_f64();
        if seconds > 0.0 {
            self.total.answered() as f64 / seconds
        } else {
            0.0
        }
    }
}
