//! The hand-over as the control side sees it: at most one at a time, and at most one that comes
//! to its end.

use std::cell::{Cell, RefCell};
use std::fs;
use std::future::Future;
use std::io;
use std::path::Path;
use std::rc::Rc;

use tokio::net::UnixListener;
use tokio::sync::{Mutex, MutexGuard, Notify};

use super::Address;
use crate::control::api::{HandOver, HandedOver, Refusal};
use crate::control::server::Server;
use crate::handover::{Error, Keys, Successor};
use crate::notify;
use crate::registry::Registry;

/// How far the hand-over has come.
#[derive(Debug)]
pub(super) struct Handing {
    /// Held while one is under way.
    turn: Mutex<()>,
    /// What the process gives up with it.
    keys: RefCell<Option<Keys>>,
    /// Where the process that took over finds this one.
    door: RefCell<Option<UnixListener>>,
    done: Notify,
    /// Whether everything that was in hand is finished.
    over: Cell<bool>,
}

// === impl Handing ===

impl Handing {
    pub(super) fn new(keys: Keys) -> Self {
        Self {
            turn: Mutex::default(),
            keys: RefCell::new(Some(keys)),
            door: RefCell::default(),
            done: Notify::new(),
            over: Cell::new(false),
        }
    }

    pub(super) fn is_over(&self) -> bool {
        self.over.get()
    }

    /// The keys once more, to be handed over.
    fn keys_again(&self) -> Result<Keys, Error> {
        let keys = self.keys.borrow();
        let keys = keys.as_ref().ok_or(Error::Gone)?;
        Ok(Keys {
            lock: keys.lock.try_clone()?,
            control: keys.control.try_clone()?,
        })
    }
}

// === impl Server ===

impl Server {
    /// Whether another process has everything now.
    pub(crate) fn has_handed_over(&self) -> bool {
        self.handing.keys.borrow().is_none()
    }

    /// Waits until another process took over.
    pub(crate) fn handed_over(&self) -> impl Future<Output = ()> {
        self.handing.done.notified()
    }

    /// What this process still has: the lock of its directory and the control socket.
    pub(crate) fn give_up_keys(&self) -> Option<Keys> {
        self.handing.keys.take()
    }

    /// Where the process that took over finds this one.
    pub(crate) fn take_door(&self) -> Option<UnixListener> {
        self.handing.door.take()
    }

    /// What was in hand is finished; only the counts remain to be heard.
    pub(crate) fn finished(&self) {
        self.handing.over.set(true);
    }

    /// Waits for a hand-over that is under way; none begins as long as the result is kept.
    pub(crate) async fn end_hand_overs(&self) -> MutexGuard<'_, ()> {
        self.handing.turn.lock().await
    }

    /// Lets a new process take over.
    pub(super) async fn hand_over(self: &Rc<Self>, wish: HandOver) -> Result<HandedOver, Refusal> {
        let Ok(_turn) = self.handing.turn.try_lock() else {
            return Err(refused(
                "another process is taking over just now, or this one is ending",
            ));
        };
        if std::process::id() == 1 {
            return Err(refused(
                "it is the first process of its container, which ends with it: start the \
                 container anew",
            ));
        }
        let program = wish.program.display().to_string();
        let handed = self.try_hand_over(wish).await.map_err(|error| {
            tracing::error!(program, %error, "no other process took over");
            refused(&error.to_string())
        })?;
        let pid = handed.pid;
        tracing::info!(pid, program, "another process took over; this one finishes");
        Ok(handed)
    }

    async fn try_hand_over(self: &Rc<Self>, wish: HandOver) -> Result<HandedOver, Error> {
        let arguments = match wish.arguments {
            Some(arguments) => arguments.into_iter().map(Into::into).collect(),
            None => self.arguments.clone(),
        };
        let patience = self.patience;
        let start = move || Successor::start(wish.program, &arguments, patience);
        let (successor, version) = apart(start).await?;

        // Nothing changes from here on: the new process reads the table.
        let mut registry = self.registry.lock().await;
        // Nor are two of them to ask for certificates.
        registry.stop_asking().await;
        let installed = self.install(successor, &registry).await;
        let (pid, door) = installed.inspect_err(|_| registry.go_on_asking())?;

        // It serves. What this process has of the same is given up, or the directory would not be
        // free if the new one died.
        registry.become_elder().await;
        *self.handing.door.borrow_mut() = Some(door);
        drop(self.handing.keys.take());
        drop(registry);
        notify::replaced_by(pid);
        self.handing.done.notify_one();
        Ok(HandedOver {
            pid,
            version,
            finishing: std::process::id(),
        })
    }

    /// Hands everything to a process that has been started, and waits until it serves: its number,
    /// and where it will find this one.
    async fn install(
        &self,
        mut successor: Successor,
        registry: &Registry,
    ) -> Result<(u32, UnixListener), Error> {
        let keys = self.handing.keys_again()?;
        let estate = registry.estate()?;
        let socket = self.paths.elder(std::process::id());
        let door = open(&socket)?;
        let install = move || {
            successor.give(&keys, &estate)?;
            successor.install()
        };
        let pid = apart(install).await.inspect_err(|_| {
            let _ = fs::remove_file(&socket);
        })?;
        Ok((pid, door))
    }
}

fn open(socket: &Path) -> io::Result<UnixListener> {
    match fs::remove_file(socket) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    UnixListener::bind(Address::of(socket)?.path())
}

/// Does on a thread of its own what waits for the other process.
async fn apart<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, Error> + Send + 'static,
) -> Result<T, Error> {
    let done = tokio::task::spawn_blocking(work).await;
    done.map_err(io::Error::other)?
}

fn refused(reason: &str) -> Refusal {
    Refusal::HandOver {
        reason: reason.to_owned(),
    }
}
