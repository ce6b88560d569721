//! Runs a program at the caller's own standard streams, to its end.

use std::io::{self, IsTerminal as _};
use std::os::unix::process::ExitStatusExt as _;

use rustix::process::{Pid, Signal, kill_process};
use tokio::process::{Child, Command};
use tokio::signal::unix::{SignalKind, signal};

use crate::Exit;

/// How a program ended that had the caller's standard streams.
#[derive(Debug)]
pub(crate) struct Attached {
    pub(crate) exit: Exit,
    /// Somebody pressed Ctrl-C while it ran.
    pub(crate) interrupted: bool,
}

/// Waits for the program; it gets the signals that are meant for it.
pub(crate) async fn run(mut command: Command) -> io::Result<Attached> {
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut terminate = signal(SignalKind::terminate())?;
    let mut child = command.spawn()?;
    let mut interrupted = false;
    loop {
        tokio::select! {
            status = child.wait() => {
                let status = status?;
                let exit = match (status.code(), status.signal()) {
                    (Some(code), _) => Exit::Code(code),
                    (None, Some(signal)) => Exit::Signal(signal),
                    (None, None) => Exit::NotStarted,
                };
                return Ok(Attached { exit, interrupted });
            }
            _ = interrupt.recv() => {
                interrupted = true;
                // A terminal sends it to everybody in front of it.
                if !io::stdin().is_terminal() {
                    pass_on(&child, Signal::INT);
                }
            }
            _ = terminate.recv() => pass_on(&child, Signal::TERM),
        }
    }
}

fn pass_on(child: &Child, signal: Signal) {
    let pid = child.id().and_then(|pid| i32::try_from(pid).ok());
    if let Some(pid) = pid.and_then(Pid::from_raw) {
        // One that has ended needs no signal.
        let _ = kill_process(pid, signal);
    }
}
