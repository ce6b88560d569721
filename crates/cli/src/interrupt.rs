//! What Ctrl-C means while a deployment runs.
//!
//! The first one asks the deployment to stop and go back, which is safe at any
//! moment. A second one leaves at once: what is under way stands as recorded,
//! and `shipway resume` goes on with it.

use shipway_engine::{Interrupt, Interrupts};
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::watch;

use crate::error::Result;

/// Listens for SIGINT and SIGTERM.
pub(crate) fn listen() -> Result<Interrupts> {
    let (sender, receiver) = watch::channel(Interrupt::None);
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut terminate = signal(SignalKind::terminate())?;
    tokio::spawn(async move {
        loop {
            tokio::select! {
                _ = interrupt.recv() => {}
                _ = terminate.recv() => {}
            }
            let next = match *sender.borrow() {
                Interrupt::None => {
                    anstream::eprintln!(
                        "stopping and going back; once more leaves at once, then `shipway resume` goes on"
                    );
                    Interrupt::Abort
                }
                Interrupt::Abort | Interrupt::Detach => Interrupt::Detach,
            };
            if sender.send(next).is_err() {
                return;
            }
        }
    });
    Ok(receiver)
}
