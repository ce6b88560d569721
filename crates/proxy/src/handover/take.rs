//! The new process's side: is handed everything, and says when it serves.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{self, stdin};
use std::net::{SocketAddr, TcpListener};
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::fs::MetadataExt;
use std::os::unix::net::UnixListener;
use std::time::Duration;

use shipway_pipeline::route::RouteKey;

use super::message::{End, Message};
use super::{Error, PROTOCOL, TAKES_OVER};
use crate::lock::Lock;
use crate::options::Paths;

/// The old process says everything at once, and kills whoever takes too long. This is for one
/// that was stopped in the middle.
const PATIENCE: Duration = Duration::from_secs(60);

/// What a proxy was handed by the one before.
#[derive(Debug)]
pub(crate) struct Inheritance {
    end: End,
    /// Sockets by their address; each once, whoever takes them.
    pub(crate) listeners: BTreeMap<SocketAddr, Vec<TcpListener>>,
    /// For how much longer routes are held.
    pub(crate) holds: Vec<(RouteKey, Duration)>,
    /// By route, the second at which the certificate ends that is served now.
    pub(crate) certificates: Vec<(RouteKey, i64)>,
}

/// The lock and the control socket that come with an inheritance.
pub(crate) type Keys = (Lock, UnixListener);

/// Is handed everything, where this process was started for that.
pub(crate) fn take(paths: &Paths) -> Result<Option<(Inheritance, Keys)>, Error> {
    if std::env::var_os(TAKES_OVER).is_none() {
        return Ok(None);
    }
    let socket = stdin().as_fd().try_clone_to_owned()?;
    rustix::stdio::dup2_stdin(File::open("/dev/null")?).map_err(io::Error::from)?;
    let end = End::new(socket);
    end.say(&Message::Hello {
        protocol: PROTOCOL,
        version: env!("CARGO_PKG_VERSION").to_owned(),
    })?;
    let mut inheritance = Inheritance {
        end,
        listeners: BTreeMap::new(),
        holds: Vec::new(),
        certificates: Vec::new(),
    };
    let (lock, control) = inheritance.receive()?;
    if !is_lock_of(paths, &lock)? {
        inheritance.fail(&Error::Directory);
        return Err(Error::Directory);
    }
    Ok(Some((inheritance, (Lock::held(lock), control))))
}

fn is_lock_of(paths: &Paths, lock: &File) -> io::Result<bool> {
    let (ours, theirs) = (fs::metadata(paths.lock())?, lock.metadata()?);
    Ok((ours.dev(), ours.ino()) == (theirs.dev(), theirs.ino()))
}

// === impl Inheritance ===

impl Inheritance {
    fn receive(&mut self) -> Result<(File, UnixListener), Error> {
        let (mut lock, mut control) = (None, None);
        loop {
            let (message, files) = self.end.hear(PATIENCE)?;
            match message {
                Message::Lock => lock = one(files).map(File::from),
                Message::Control => control = one(files).map(UnixListener::from),
                Message::Listener { address } => {
                    let sockets = self.listeners.entry(address).or_default();
                    sockets.extend(files.into_iter().map(TcpListener::from));
                }
                Message::Held { key, milliseconds } => {
                    self.holds.push((key, Duration::from_millis(milliseconds)));
                }
                Message::Served { key, ends } => self.certificates.push((key, ends)),
                Message::Complete => break,
                other => return Err(Error::Turn(format!("{other:?}"))),
            }
        }
        match (lock, control) {
            (Some(lock), Some(control)) => Ok((lock, control)),
            _ => Err(Error::Turn("complete".to_owned())),
        }
    }

    /// Says that this process could serve, and waits until it shall.
    pub(crate) fn ready(&self) -> Result<(), Error> {
        self.end.say(&Message::Ready)?;
        match self.end.hear(PATIENCE)? {
            (Message::Go, _) => Ok(()),
            (other, _) => Err(Error::Turn(format!("{other:?}"))),
        }
    }

    /// Says that this process serves. One that is there to hear it or not: it does.
    pub(crate) fn serving(&self) {
        if let Err(error) = self.end.say(&Message::Serving) {
            tracing::warn!(%error, "the proxy before this one has ended");
        }
    }

    /// Says that this process cannot take over, and why.
    pub(crate) fn fail(&self, error: &dyn std::error::Error) {
        let mut reason = error.to_string();
        let mut source = error.source();
        while let Some(cause) = source {
            reason = format!("{reason}: {cause}");
            source = cause.source();
        }
        // Who is not there any more needs no reason.
        let _ = self.end.say(&Message::Failed { reason });
    }
}

fn one(mut files: Vec<OwnedFd>) -> Option<OwnedFd> {
    files.pop()
}
