//! The thread that writes the log.

use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::time::{Duration, Instant};

use super::{LogPlace, Message, Meter, line};

/// Between two looks whether the file is where it was.
const LOOK: Duration = Duration::from_secs(1);

/// Lines are gathered up to this many bytes while there are more.
const GATHER: usize = 64 * 1024;

/// Writes lines where they belong.
#[derive(Debug)]
pub(super) struct Writer {
    place: LogPlace,
    /// `None` on standard output, and while the file cannot be opened.
    file: Option<File>,
    meter: Arc<Meter>,
    gathered: Vec<u8>,
    lines: u64,
    looked: Instant,
    /// Said once, until it works again.
    has_complained: bool,
}

// === impl Writer ===

impl Writer {
    pub(super) fn open(place: LogPlace, meter: Arc<Meter>) -> io::Result<Self> {
        let file = match &place {
            LogPlace::File(path) => Some(open(path)?),
            LogPlace::Stdout => None,
        };
        Ok(Self {
            place,
            file,
            meter,
            gathered: Vec::new(),
            lines: 0,
            looked: Instant::now(),
            has_complained: false,
        })
    }

    /// Writes what comes until it is told to end.
    pub(super) fn run(mut self, records: &Receiver<Message>) {
        loop {
            let message = records.recv_timeout(LOOK);
            self.look();
            match message {
                Ok(message) => self.take(message),
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => break,
            }
            while let Ok(message) = records.try_recv() {
                self.take(message);
            }
            self.flush();
            if self.meter.is_ending.load(Ordering::Acquire) {
                break;
            }
        }
    }

    fn take(&mut self, message: Message) {
        match message {
            Message::Look => self.look(),
            Message::Record(record) => {
                line::write(&record, &mut self.gathered);
                self.lines += 1;
                if self.gathered.len() >= GATHER {
                    self.flush();
                }
            }
        }
    }

    /// Opens the file anew where that is asked for, or where it is no longer the one at its path.
    fn look(&mut self) {
        let LogPlace::File(path) = &self.place else {
            return;
        };
        let is_asked = self.meter.wants_reopened.swap(false, Ordering::AcqRel);
        if !is_asked && self.looked.elapsed() < LOOK {
            return;
        }
        self.looked = Instant::now();
        let is_there = self.file.as_ref().is_some_and(|file| is_at(file, path));
        if is_there && !is_asked {
            return;
        }
        let opened = open(path);
        // What came before belongs to the file before.
        self.flush();
        match opened {
            Ok(file) => self.file = Some(file),
            Err(error) => self.complain(&error),
        }
    }

    fn flush(&mut self) {
        if self.gathered.is_empty() {
            return;
        }
        let written = match (&mut self.file, &self.place) {
            (Some(file), _) => file.write_all(&self.gathered),
            (None, LogPlace::Stdout) => {
                let mut to = io::stdout().lock();
                to.write_all(&self.gathered).and_then(|()| to.flush())
            }
            (None, LogPlace::File(_)) => Err(io::ErrorKind::NotFound.into()),
        };
        match written {
            Ok(()) => {
                self.meter.written.fetch_add(self.lines, Ordering::Relaxed);
                self.has_complained = false;
            }
            Err(error) => {
                self.meter.dropped.fetch_add(self.lines, Ordering::Relaxed);
                self.complain(&error);
            }
        }
        self.gathered.clear();
        self.lines = 0;
    }

    fn complain(&mut self, error: &io::Error) {
        if !std::mem::replace(&mut self.has_complained, true) {
            tracing::warn!(%error, "the access log cannot be written");
        }
    }
}

/// Readable by its group, as collectors of logs are.
fn open(path: &Path) -> io::Result<File> {
    OpenOptions::new()
        .append(true)
        .create(true)
        .mode(0o640)
        .open(path)
}

fn is_at(file: &File, path: &Path) -> bool {
    let same = file.metadata().and_then(|open| {
        let there = std::fs::metadata(path)?;
        Ok(open.dev() == there.dev() && open.ino() == there.ino())
    });
    same.unwrap_or(false)
}
