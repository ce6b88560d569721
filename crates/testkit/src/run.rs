//! A command while it runs, and how it ended.

use std::fs;
use std::os::unix::process::ExitStatusExt;
use std::path::PathBuf;
use std::process::Child;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;

use crate::process;
use crate::wait::{PATIENCE, wait_until, wait_within};

/// A command that runs in the background.
#[derive(Debug)]
pub struct Running {
    pub(crate) child: Child,
    pub(crate) words: String,
    /// Files, so that whoever it starts can hold none of its pipes open.
    pub(crate) stdout: PathBuf,
    pub(crate) stderr: PathBuf,
    /// The most memory that any command had.
    pub(crate) peak: Arc<AtomicU64>,
}

/// How a command ended, and what it wrote.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ended {
    /// The command, for messages.
    pub words: String,
    /// Its exit code; `None` where it was killed.
    pub code: Option<i32>,
    /// The signal that killed it.
    pub signal: Option<i32>,
    /// What it wrote to standard output.
    pub stdout: String,
    /// What it wrote to standard error.
    pub stderr: String,
}

// === impl Running ===

impl Running {
    /// What it wrote to standard output so far.
    pub fn stdout(&self) -> String {
        fs::read_to_string(&self.stdout).unwrap_or_default()
    }

    /// What it wrote to standard error so far.
    pub fn stderr(&self) -> String {
        fs::read_to_string(&self.stderr).unwrap_or_default()
    }

    /// Waits until its output holds a text.
    ///
    /// # Panics
    /// When it ends without.
    pub fn wait_for_output(&mut self, text: &str) {
        let has = |one: &Self| one.stdout().contains(text) || one.stderr().contains(text);
        wait_until(&format!("`{}` to say {text:?}", self.words), || {
            if has(self) {
                return Some(());
            }
            let ended = self.child.try_wait().expect("it is a child");
            assert!(
                ended.is_none() || has(self),
                "`{}` ended without saying {text:?}: {}{}",
                self.words,
                self.stdout(),
                self.stderr()
            );
            None
        });
    }

    /// Kills it, which it cannot see coming.
    pub fn kill(mut self) {
        // It may have ended by itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }

    /// Sends it what Ctrl-C sends.
    pub fn interrupt(&self) {
        self.signal(Signal::INT);
    }

    /// Asks it to end, as a service manager does.
    pub fn terminate(&self) {
        self.signal(Signal::TERM);
    }

    fn signal(&self, signal: Signal) {
        let pid = i32::try_from(self.child.id()).ok().and_then(Pid::from_raw);
        kill_process(pid.expect("it has a pid"), signal).expect("it is not waited for yet");
    }

    /// Whether it has ended.
    pub fn has_ended(&mut self) -> bool {
        self.child.try_wait().expect("it is a child").is_some()
    }

    /// Waits until it ends.
    #[must_use = "it has an exit code"]
    pub fn finish(self) -> Ended {
        self.finish_within(PATIENCE)
    }

    /// Waits until it ends, which takes its time on any machine.
    #[must_use = "it has an exit code"]
    pub fn finish_within(mut self, patience: Duration) -> Ended {
        let what = format!("`{}` to end", self.words);
        let status = wait_within(patience, &what, || {
            if let Some(memory) = process::memory(self.child.id()) {
                self.peak.fetch_max(memory.peak, Ordering::Relaxed);
            }
            self.child.try_wait().expect("it is a child")
        });
        Ended {
            code: status.code(),
            signal: status.signal(),
            stdout: self.stdout(),
            stderr: self.stderr(),
            words: self.words,
        }
    }
}

// === impl Ended ===

impl Ended {
    /// Checks its exit code.
    ///
    /// # Panics
    /// With all that it wrote, when it is another.
    #[track_caller]
    pub fn expect_code(self, code: i32) -> Self {
        assert_eq!(self.code, Some(code), "{self}");
        self
    }

    /// Checks that standard error holds each of these texts.
    ///
    /// # Panics
    /// With all that it wrote, when one is missing.
    #[track_caller]
    pub fn expect_told(&self, texts: &[&str]) {
        for text in texts {
            assert!(self.stderr.contains(text), "nothing of {text:?} in {self}");
        }
    }

    /// Its standard output as one JSON document.
    ///
    /// # Panics
    /// When it is none.
    #[track_caller]
    pub fn json(&self) -> Value {
        match serde_json::from_str(&self.stdout) {
            Ok(value) => value,
            Err(error) => panic!("{error} in {self}"),
        }
    }

    /// Its standard output as one JSON object a line.
    ///
    /// # Panics
    /// When a line is none.
    #[track_caller]
    pub fn json_lines(&self) -> Vec<Value> {
        let parse = |line: &str| match serde_json::from_str(line) {
            Ok(value) => value,
            Err(error) => panic!("{error} in {line:?} of {self}"),
        };
        self.stdout.lines().map(parse).collect()
    }
}

impl std::fmt::Display for Ended {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(
            f,
            "`{}` (exit code {:?}, signal {:?})\n--- stdout\n{}--- stderr\n{}---",
            self.words, self.code, self.signal, self.stdout, self.stderr
        )
    }
}
