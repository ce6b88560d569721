//! Copies what the service writes to its log.

use std::io;
use std::process::Stdio;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::io::AsyncReadExt;
use tokio::net::unix::pipe;
use tokio::task::JoinHandle;
use tokio::time::timeout;

use super::super::log::Log;

/// What is still in the pipe after the last descendant's end is read within this time; longer
/// waits mean that a process outside of the instance holds the pipe open.
const DRAIN: Duration = Duration::from_secs(1);

/// As much as a pipe holds by default.
const BUFFER: usize = 64 * 1024;

/// The instance's log, shared by those who write to it. Cheap to clone.
#[derive(Debug, Clone)]
pub(super) struct Output {
    log: Arc<Mutex<Log>>,
}

/// Copies one start's output.
#[derive(Debug)]
pub(super) struct Copier {
    task: JoinHandle<()>,
}

// === impl Output ===

impl Output {
    pub(super) fn new(log: Arc<Mutex<Log>>) -> Self {
        Self { log }
    }

    pub(super) fn note(&self, text: &str) {
        self.with_log(|log| log.note(text));
    }

    /// Streams for a service, and the copier of what it writes to them, in the order of writing.
    pub(super) fn streams(&self) -> io::Result<((Stdio, Stdio), Copier)> {
        let (reader, writer) = io::pipe()?;
        let stdout = Stdio::from(writer.try_clone()?);
        let reader = pipe::Receiver::from_owned_fd(reader.into())?;
        let task = tokio::spawn(self.clone().copy(reader));
        Ok(((stdout, Stdio::from(writer)), Copier { task }))
    }

    async fn copy(self, mut reader: pipe::Receiver) {
        let mut buffer = vec![0; BUFFER];
        while let Ok(count @ 1..) = reader.read(&mut buffer).await {
            let bytes = buffer.get(..count).unwrap_or_default();
            // Output is lost when the disk is full; blocking the service would be worse.
            self.with_log(|log| log.write(bytes).unwrap_or_default());
        }
    }

    fn with_log(&self, write: impl FnOnce(&mut Log)) {
        write(&mut self.log.lock().unwrap_or_else(PoisonError::into_inner));
    }
}

// === impl Copier ===

impl Copier {
    /// Waits until everything is copied.
    pub(super) async fn finish(mut self) {
        if timeout(DRAIN, &mut self.task).await.is_err() {
            self.task.abort();
        }
    }
}
