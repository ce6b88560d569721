//! What is counted.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use shipway_pipeline::traffic::{BUCKETS, Counters, bucket_of};

/// Counts of requests, by what became of them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Counts {
    /// Requests that were begun, also those for which no connection could be had.
    pub sent: u64,
    /// Whole answers by status.
    pub answered: BTreeMap<u16, u64>,
    /// What failed, by cause. A status of 500 and more is counted here and as an answer.
    pub failed: BTreeMap<Cause, u64>,
    /// Whole answers by the time from sending to the end of the body, in the buckets of
    /// [`shipway_pipeline::traffic`].
    pub latency: Vec<u64>,
    /// Whole answers by the value of the header that is tallied; without it by `-`.
    pub by_header: BTreeMap<String, Seen>,
    /// What became of the streams.
    pub streams: Streams,
}

/// Why a request has no good answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Cause {
    /// No connection could be made.
    Connect,
    /// The connection ended before an answer came.
    Reset,
    /// The connection ended within the answer.
    Truncated,
    /// The answer took too long.
    Timeout,
    /// The answer's status was 500 or more.
    Status,
}

/// Answers that had the same value of the tallied header. Times are from the start of the load.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Seen {
    /// How many.
    pub count: u64,
    /// When the first of them ended.
    pub first: Duration,
    /// When the last of them ended.
    pub last: Duration,
    /// When the one of them that was sent last was sent.
    pub last_sent: Duration,
}

/// What became of connections that are held open to read a stream.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Streams {
    /// Streams that began.
    pub opened: u64,
    /// Pieces that were read.
    pub pieces: u64,
    /// Streams that the server ended in good order.
    pub ended: u64,
    /// Streams that broke off.
    pub broken: u64,
    /// Attempts that gave no stream: no connection or no answer.
    pub refused: u64,
    /// Attempts that were answered with a status other than 200.
    pub failed: u64,
}

/// A request that was answered whole.
#[derive(Debug, Clone)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) header: Option<String>,
    pub(crate) sent: Duration,
    pub(crate) ended: Duration,
}

// === impl Counts ===

impl Default for Counts {
    fn default() -> Self {
        Self {
            sent: 0,
            answered: BTreeMap::new(),
            failed: BTreeMap::new(),
            latency: vec![0; BUCKETS],
            by_header: BTreeMap::new(),
            streams: Streams::default(),
        }
    }
}

impl Counts {
    /// Requests without a whole answer: what no client may see during a switch.
    pub fn lost(&self) -> u64 {
        let failed = self.failed.iter();
        failed
            .filter(|(cause, _)| **cause != Cause::Status)
            .map(|(_, count)| count)
            .sum()
    }

    /// Requests without a good answer: lost, or answered with a status of 500 or more.
    pub fn failed(&self) -> u64 {
        self.failed.values().sum()
    }

    /// Requests with a whole answer, whatever its status.
    pub fn answered(&self) -> u64 {
        self.answered.values().sum()
    }

    /// The time within which a share (0 to 1) of the answers came; `None` without answers.
    pub fn quantile(&self, share: f64) -> Option<Duration> {
        let counters = Counters {
            latency: self.latency.clone(),
            ..Counters::default()
        };
        counters.quantile(share)
    }

    pub(crate) fn answer(&mut self, answer: Answer) {
        *self.answered.entry(answer.status).or_default() += 1;
        if answer.status >= 500 {
            self.fail(Cause::Status);
        }
        let took = answer.ended.saturating_sub(answer.sent);
        self.latency[bucket_of(took)] += 1;
        let value = answer.header.unwrap_or_else(|| "-".to_owned());
        let seen = Seen {
            count: 1,
            first: answer.ended,
            last: answer.ended,
            last_sent: answer.sent,
        };
        self.see(value, seen);
    }

    pub(crate) fn fail(&mut self, cause: Cause) {
        *self.failed.entry(cause).or_default() += 1;
    }

    pub(crate) fn add(&mut self, other: &Self) {
        self.sent += other.sent;
        for (status, count) in &other.answered {
            *self.answered.entry(*status).or_default() += count;
        }
        for (cause, count) in &other.failed {
            *self.failed.entry(*cause).or_default() += count;
        }
        for (sum, count) in self.latency.iter_mut().zip(&other.latency) {
            *sum += count;
        }
        for (value, seen) in &other.by_header {
            self.see(value.clone(), *seen);
        }
        self.streams.add(other.streams);
    }

    fn see(&mut self, value: String, seen: Seen) {
        self.by_header
            .entry(value)
            .and_modify(|known| known.add(seen))
            .or_insert(seen);
    }
}

// === impl Seen, Streams ===

impl Seen {
    fn add(&mut self, other: Self) {
        self.count += other.count;
        self.first = self.first.min(other.first);
        self.last = self.last.max(other.last);
        self.last_sent = self.last_sent.max(other.last_sent);
    }
}

impl Streams {
    fn add(&mut self, other: Self) {
        self.opened += other.opened;
        self.pieces += other.pieces;
        self.ended += other.ended;
        self.broken += other.broken;
        self.refused += other.refused;
        self.failed += other.failed;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(status: u16, header: &str, sent: u64, ended: u64) -> Answer {
        Answer {
            status,
            header: Some(header.to_owned()),
            sent: Duration::from_millis(sent),
            ended: Duration::from_millis(ended),
        }
    }

    #[test]
    fn counts_add_up() {
        let mut first = Counts {
            sent: 3,
            ..Counts::default()
        };
        first.answer(answer(200, "v1", 10, 12));
        first.answer(answer(503, "v2", 20, 29));
        first.fail(Cause::Reset);
        let mut second = Counts {
            sent: 1,
            ..Counts::default()
        };
        second.answer(answer(200, "v1", 5, 40));
        first.add(&second);

        assert_eq!((first.sent, first.answered()), (4, 3));
        assert_eq!((first.lost(), first.failed()), (1, 2));
        assert_eq!(first.latency.iter().sum::<u64>(), 3);
        let seen = first.by_header["v1"];
        assert_eq!(seen.count, 2);
        assert_eq!(seen.first, Duration::from_millis(12));
        assert_eq!(seen.last, Duration::from_millis(40));
        assert_eq!(seen.last_sent, Duration::from_millis(10));
        assert!(first.quantile(1.0).unwrap() >= Duration::from_millis(35));
    }
}
