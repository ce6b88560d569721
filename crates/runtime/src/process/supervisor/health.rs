//! Runs the service's health check for as long as one start of it lasts.

use std::io;
use std::process::Stdio;
use std::time::{Duration, Instant};

use shipway_compose::model::{HealthTest, Healthcheck};
use tokio::io::AsyncReadExt;
use tokio::net::unix::pipe;
use tokio::sync::mpsc::UnboundedSender;
use tokio::time::{sleep, timeout};

use super::super::child;
use super::super::launch::Launch;
use super::super::launcher::Launcher;
use super::super::reaper::Reaper;
use super::monitor::Monitor;
use crate::{Exit, Health};

/// Of a check's output as much is kept as Docker keeps.
const KEPT_OUTPUT: usize = 4096;

/// What running a check takes.
pub(super) struct Checker {
    pub(super) check: Healthcheck,
    pub(super) launcher: Launcher,
    /// As for the service, with the check's words in place of its own.
    pub(super) launch: Launch,
    pub(super) reaper: Reaper,
}

// === impl Checker ===

impl Checker {
    pub(super) fn new(
        check: &Healthcheck,
        launcher: &Launcher,
        service: &Launch,
        reaper: &Reaper,
    ) -> Self {
        let words = match &check.test {
            HealthTest::Command(words) => words.clone(),
            HealthTest::Shell(line) => {
                vec!["/bin/sh".to_owned(), "-c".to_owned(), line.clone()]
            }
        };
        Self {
            check: check.clone(),
            launcher: launcher.clone(),
            launch: Launch {
                words,
                ..service.clone()
            },
            reaper: reaper.clone(),
        }
    }

    /// Checks until nobody listens, and tells each result.
    pub(super) async fn run(self, results: UnboundedSender<Health>) {
        let started = Instant::now();
        let mut monitor = Monitor::new(&self.check);
        loop {
            sleep(monitor.pause()).await;
            let at = started.elapsed();
            let (passed, last_output) = self.check_once().await;
            monitor.record(passed, at);
            let health = Health {
                status: monitor.status(),
                last_output,
            };
            if results.send(health).is_err() {
                return;
            }
        }
    }

    async fn check_once(&self) -> (bool, String) {
        match self.try_check().await {
            Ok(Ended::Exit(Exit::Code(0), output)) => (true, output),
            Ok(Ended::Exit(exit, output)) if output.is_empty() => (false, exit.to_string()),
            Ok(Ended::Exit(_, output)) => (false, output),
            Ok(Ended::TimedOut) => {
                let text = format!("no result within {:?}", self.check.timeout);
                (false, text)
            }
            Err(reason) => (false, reason),
        }
    }

    async fn try_check(&self) -> Result<Ended, String> {
        let failed = |error: io::Error| error.to_string();
        let (reader, writer) = io::pipe().map_err(failed)?;
        let stdout = Stdio::from(writer.try_clone().map_err(failed)?);
        let reader = pipe::Receiver::from_owned_fd(reader.into()).map_err(failed)?;
        let streams = (stdout, Stdio::from(writer));
        let child = child::spawn(&self.launcher, &self.launch, streams, &self.reaper).await?;
        let group = child.pid;
        let both = async { tokio::join!(child.ended, read_output(reader)) };
        let timeout_or_forever = match self.check.timeout {
            Duration::ZERO => Duration::MAX,
            limit => limit,
        };
        match timeout(timeout_or_forever, both).await {
            Ok((Ok(exit), output)) => Ok(Ended::Exit(exit, output)),
            Ok((Err(_), _)) => Err("its end was missed".to_owned()),
            Err(_) => {
                self.reaper.kill_group(group);
                Ok(Ended::TimedOut)
            }
        }
    }
}

enum Ended {
    Exit(Exit, String),
    TimedOut,
}

async fn read_output(mut reader: pipe::Receiver) -> String {
    let mut kept = Vec::new();
    let mut buffer = vec![0; KEPT_OUTPUT];
    // Read to the end, so that a check that writes much does not hang.
    while let Ok(count @ 1..) = reader.read(&mut buffer).await {
        let room = KEPT_OUTPUT.saturating_sub(kept.len());
        kept.extend(buffer.iter().take(count.min(room)));
    }
    String::from_utf8_lossy(&kept).trim_end().to_owned()
}
