//! Where the counts are kept while the load runs.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use crate::counts::{Answer, Cause, Counts, Streams};
use crate::report::{Report, Segment};

/// The counts of a running load.
#[derive(Debug)]
pub(crate) struct Recorder {
    started: Instant,
    /// Label and beginning of each segment.
    marks: Mutex<Vec<(String, Duration)>>,
    present: AtomicUsize,
    /// By thread, so that threads do not wait for each other; within by segment.
    shards: Vec<Mutex<Vec<Counts>>>,
}

/// A thread's way to the counts.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Shard<'a> {
    recorder: &'a Recorder,
    index: usize,
}

/// A request that was sent and has no outcome yet.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Pending {
    segment: usize,
    pub(crate) sent: Duration,
}

// === impl Recorder ===

impl Recorder {
    pub(crate) fn new(threads: usize) -> Self {
        Self {
            started: Instant::now(),
            marks: Mutex::new(vec![(String::new(), Duration::ZERO)]),
            present: AtomicUsize::new(0),
            shards: (0..threads).map(|_| Mutex::default()).collect(),
        }
    }

    pub(crate) fn started(&self) -> Instant {
        self.started
    }

    pub(crate) fn elapsed(&self) -> Duration {
        self.started.elapsed()
    }

    pub(crate) fn shard(&self, index: usize) -> Shard<'_> {
        Shard {
            recorder: self,
            index,
        }
    }

    /// Starts a segment; when, from the start of the load.
    pub(crate) fn mark(&self, label: String) -> Duration {
        let mut marks = lock(&self.marks);
        let now = self.elapsed();
        marks.push((label, now));
        self.present.store(marks.len() - 1, Ordering::Release);
        now
    }

    pub(crate) fn report(&self) -> Report {
        let marks = lock(&self.marks).clone();
        let mut report = Report {
            duration: self.elapsed(),
            ..Report::default()
        };
        for (label, began) in marks {
            report.segments.push(Segment {
                label,
                began,
                counts: Counts::default(),
            });
        }
        for shard in &self.shards {
            for (segment, counts) in report.segments.iter_mut().zip(&*lock(shard)) {
                segment.counts.add(counts);
                report.total.add(counts);
            }
        }
        report
    }
}

// === impl Shard ===

impl Shard<'_> {
    /// Counts a request as sent.
    pub(crate) fn send(&self) -> Pending {
        let segment = self.recorder.present.load(Ordering::Acquire);
        self.with(segment, |counts| counts.sent += 1);
        Pending {
            segment,
            sent: self.recorder.elapsed(),
        }
    }

    pub(crate) fn answer(&self, pending: Pending, status: u16, header: Option<String>) {
        let answer = Answer {
            status,
            header,
            sent: pending.sent,
            ended: self.recorder.elapsed(),
        };
        self.with(pending.segment, |counts| counts.answer(answer));
    }

    pub(crate) fn fail(&self, pending: Pending, cause: Cause) {
        self.with(pending.segment, |counts| counts.fail(cause));
    }

    /// Counts what happened to a stream, in the present segment.
    pub(crate) fn stream(&self, count: impl FnOnce(&mut Streams)) {
        let segment = self.recorder.present.load(Ordering::Acquire);
        self.with(segment, |counts| count(&mut counts.streams));
    }

    fn with(&self, segment: usize, count: impl FnOnce(&mut Counts)) {
        let mut segments = lock(&self.recorder.shards[self.index]);
        if segments.len() <= segment {
            segments.resize_with(segment + 1, Counts::default);
        }
        count(&mut segments[segment]);
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // A panic elsewhere leaves whole counts behind.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_counts_in_the_segment_it_was_sent_in() {
        let recorder = Recorder::new(2);
        let early = recorder.shard(0).send();
        recorder.mark("v2".into());
        let late = recorder.shard(1).send();
        recorder.shard(0).fail(early, Cause::Timeout);
        recorder.shard(1).answer(late, 200, Some("v2".into()));
        let report = recorder.report();
        assert_eq!(report.segments[0].counts.lost(), 1);
        let second = report.segment("v2").unwrap();
        assert_eq!((second.counts.sent, second.counts.lost()), (1, 0));
        assert_eq!((report.total.sent, report.total.lost()), (2, 1));
    }
}
