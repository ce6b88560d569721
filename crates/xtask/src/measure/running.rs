//! A program that a benchmark started, and ends.

use std::fs::File;
use std::net::{SocketAddr, TcpListener};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use rustix::process::{Pid, Signal, kill_process};

use super::usage::tree;

/// For a program to begin to listen.
const PATIENCE: Duration = Duration::from_secs(10);
/// For a program to end when asked; our proxy serves on for two seconds of them.
const FAREWELL: Duration = Duration::from_secs(5);
const LOOK_AGAIN: Duration = Duration::from_millis(20);

/// A running program. Dropped, it and all its children are gone.
#[derive(Debug)]
pub(crate) struct Running {
    child: Child,
}

/// A loopback address nobody listens at.
pub(crate) fn free_address() -> Result<SocketAddr> {
    let listener = TcpListener::bind("127.0.0.1:0").context("cannot find a free port")?;
    Ok(listener.local_addr()?)
}

// === impl Running ===

impl Running {
    /// Starts a program whose output goes to a file.
    pub(crate) fn start(command: &mut Command, log: &Path) -> Result<Self> {
        let name = command.get_program().to_string_lossy().into_owned();
        let output = File::create(log)?;
        let child = command
            .stdin(Stdio::null())
            .stdout(output.try_clone()?)
            .stderr(output)
            .spawn()
            .with_context(|| format!("cannot run `{name}`"))?;
        Ok(Self { child })
    }

    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    /// Waits until it listens; its output where it does not.
    pub(crate) async fn await_listening(&mut self, address: SocketAddr, log: &Path) -> Result<()> {
        let give_up = Instant::now() + PATIENCE;
        while tokio::net::TcpStream::connect(address).await.is_err() {
            let has_ended = self.child.try_wait()?.is_some();
            if has_ended || Instant::now() >= give_up {
                let said = std::fs::read_to_string(log).unwrap_or_default();
                bail!("it does not listen at {address}: {}", said.trim());
            }
            tokio::time::sleep(LOOK_AGAIN).await;
        }
        Ok(())
    }

    fn has_ended(&mut self) -> bool {
        !matches!(self.child.try_wait(), Ok(None))
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        if self.has_ended() {
            return;
        }
        // Looked up before it ends: orphans cannot be told from others.
        let all = tree(self.id());
        signal(self.id(), Signal::TERM);
        let give_up = Instant::now() + FAREWELL;
        while Instant::now() < give_up {
            if self.has_ended() {
                return;
            }
            std::thread::sleep(LOOK_AGAIN);
        }
        for id in all {
            signal(id, Signal::KILL);
        }
        drop(self.child.wait());
    }
}

fn signal(id: u32, signal: Signal) {
    let id = i32::try_from(id).ok().and_then(Pid::from_raw);
    if let Some(id) = id {
        // One that is gone already needs no signal.
        let _ = kill_process(id, signal);
    }
}
