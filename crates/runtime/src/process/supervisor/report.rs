//! What a supervisor tells its starter: that the service was started, or why not.

use std::fs::File;
use std::io::{self, Write};
use std::os::fd::AsFd;

const STARTED: &str = "started";
const FAILED: &str = "failed: ";

/// The way to the starter, until the first word.
#[derive(Debug)]
pub(in super::super) struct Report {
    pipe: Option<File>,
}

// === impl Report ===

impl Report {
    /// Takes the pipe off the standard output.
    pub(super) fn take_stdout() -> io::Result<Self> {
        let pipe = io::stdout().as_fd().try_clone_to_owned()?;
        rustix::stdio::dup2_stdout(File::options().write(true).open("/dev/null")?)?;
        Ok(Self {
            pipe: Some(File::from(pipe)),
        })
    }

    /// Whether nothing was told yet.
    pub(super) fn is_open(&self) -> bool {
        self.pipe.is_some()
    }

    pub(super) fn started(&mut self) {
        self.tell(STARTED);
    }

    pub(super) fn failed(&mut self, reason: &str) {
        self.tell(&format!("{FAILED}{reason}"));
    }

    fn tell(&mut self, text: &str) {
        if let Some(mut pipe) = self.pipe.take() {
            // A starter that died does not mind; the instance runs without it.
            let _ = pipe.write_all(text.as_bytes());
        }
    }
}

/// Reads what a supervisor told.
///
/// # Errors
/// Why the service was not started.
pub(in super::super) fn parse(text: &str) -> Result<(), String> {
    if text == STARTED {
        return Ok(());
    }
    let reason = text.strip_prefix(FAILED);
    Err(reason.unwrap_or("its supervisor ended at once").to_owned())
}
