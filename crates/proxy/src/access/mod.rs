//! A line for each request, for those who ask for it.
//!
//! ```text
//!   worker: trace ─┐
//!   worker: trace ─┴─► bounded queue ─► a thread that writes
//! ```
//!
//! A worker never waits for a disk: what the queue does not take is dropped and
//! counted. Without a log, a request sees one branch.

mod line;
mod mask;
mod record;
mod trace;
mod writer;

use std::cell::Cell;
use std::fmt;
use std::io;
use std::num::NonZeroU32;
use std::path::PathBuf;
use std::rc::Rc;
use std::str::FromStr;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::mpsc::{SyncSender, TrySendError, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;

use record::Record;
use writer::Writer;

pub(crate) use trace::Trace;

/// Lines that wait to be written: a moment's worth of a busy proxy, some megabytes at most.
const QUEUE: usize = 4096;

/// Which requests are written down, and where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AccessLog {
    /// Where.
    pub place: LogPlace,
    /// Of requests that went well, one in so many; the others always are.
    pub one_in: NonZeroU32,
}

/// Where a log is written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LogPlace {
    /// A file, which is opened anew when it was moved away.
    File(PathBuf),
    /// Standard output.
    Stdout,
}

/// The log, as the control side has it.
#[derive(Debug)]
pub(crate) struct Access {
    queue: SyncSender<Message>,
    one_in: NonZeroU32,
    meter: Arc<Meter>,
    thread: Mutex<Option<JoinHandle<()>>>,
}

/// The log, as one worker has it.
#[derive(Debug)]
pub(crate) struct Log {
    access: Arc<Access>,
    /// How many were left out since the last one that went well.
    left_out: Cell<u32>,
}

/// What is counted and asked for across threads.
#[derive(Debug, Default)]
struct Meter {
    written: AtomicU64,
    dropped: AtomicU64,
    wants_reopened: AtomicBool,
    is_ending: AtomicBool,
}

#[derive(Debug)]
enum Message {
    Record(Box<Record>),
    /// Look what is asked for.
    Look,
}

// === impl LogPlace ===

impl FromStr for LogPlace {
    type Err = std::convert::Infallible;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Ok(match text {
            "-" => Self::Stdout,
            path => Self::File(path.into()),
        })
    }
}

impl fmt::Display for LogPlace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Stdout => f.write_str("-"),
            Self::File(path) => path.display().fmt(f),
        }
    }
}

// === impl Access ===

impl Access {
    /// Opens the log and starts the thread that writes it.
    pub(crate) fn open(log: &AccessLog) -> io::Result<Arc<Self>> {
        let (queue, records) = sync_channel(QUEUE);
        let meter = Arc::new(Meter::default());
        let writer = Writer::open(log.place.clone(), Arc::clone(&meter))?;
        let thread = std::thread::Builder::new()
            .name("proxy-access".to_owned())
            .spawn(move || writer.run(&records))?;
        Ok(Arc::new(Self {
            queue,
            one_in: log.one_in,
            meter,
            thread: Mutex::new(Some(thread)),
        }))
    }

    /// Opens the file anew before the next line, as it was moved away.
    pub(crate) fn reopen(&self) {
        self.meter.wants_reopened.store(true, Ordering::Release);
        self.wake();
    }

    /// Writes what is there, and ends.
    pub(crate) fn end(&self) {
        self.meter.is_ending.store(true, Ordering::Release);
        self.wake();
        let mut thread = self.thread.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(thread) = thread.take()
            && thread.join().is_err()
        {
            tracing::error!("the access log had panicked");
        }
    }

    /// Lines written, and lines dropped.
    pub(crate) fn counts(&self) -> (u64, u64) {
        (
            self.meter.written.load(Ordering::Relaxed),
            self.meter.dropped.load(Ordering::Relaxed),
        )
    }

    fn wake(&self) {
        // Where the queue is full the thread is awake.
        let _ = self.queue.try_send(Message::Look);
    }
}

// === impl Log ===

impl Log {
    pub(crate) fn of(access: &Arc<Access>) -> Rc<Self> {
        Rc::new(Self {
            access: Arc::clone(access),
            left_out: Cell::new(0),
        })
    }

    /// Writes a request down, if it is one of those that are.
    fn note(&self, record: Box<Record>) {
        if !record.is_error() {
            let left_out = self.left_out.get() + 1;
            if left_out < self.access.one_in.get() {
                self.left_out.set(left_out);
                return;
            }
            self.left_out.set(0);
        }
        let sent = self.access.queue.try_send(Message::Record(record));
        if let Err(TrySendError::Full(_) | TrySendError::Disconnected(_)) = sent {
            self.access.meter.dropped.fetch_add(1, Ordering::Relaxed);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::net::IpAddr;
    use std::time::{Duration, SystemTime};

    use http::{Method, Version};

    use super::*;

    fn record(status: u16) -> Box<Record> {
        Box::new(Record {
            began: SystemTime::UNIX_EPOCH,
            client: IpAddr::from([192, 0, 2, 1]),
            method: Method::GET,
            version: Version::HTTP_11,
            is_secure: false,
            host: String::new(),
            target: String::new(),
            request_id: String::new(),
            entry: None,
            tally: None,
            status: Some(status),
            received: 0,
            sent: 0,
            duration: Duration::ZERO,
            upstream: None,
            retries: 0,
            is_complete: true,
        })
    }

    #[test]
    fn a_full_queue_drops_and_counts_and_never_waits() {
        let (queue, records) = sync_channel(2);
        let access = Arc::new(Access {
            queue,
            one_in: NonZeroU32::MIN,
            meter: Arc::default(),
            thread: Mutex::new(None),
        });
        let log = Log::of(&access);
        for _ in 0..5 {
            log.note(record(200));
        }
        assert_eq!(access.counts(), (0, 3));
        assert_eq!(records.try_iter().count(), 2);
    }

    #[test]
    fn of_what_went_well_one_in_so_many_is_noted() {
        let (queue, records) = sync_channel(100);
        let access = Arc::new(Access {
            queue,
            one_in: 10.try_into().unwrap(),
            meter: Arc::default(),
            thread: Mutex::new(None),
        });
        let log = Log::of(&access);
        for _ in 0..30 {
            log.note(record(302));
        }
        assert_eq!(records.try_iter().count(), 3);
        log.note(record(404));
        log.note(Box::new(Record {
            is_complete: false,
            ..*record(200)
        }));
        assert_eq!(records.try_iter().count(), 2);
    }
}
