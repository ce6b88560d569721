//! The old process's side: starts the new one and hands everything over to it.

use std::ffi::OsString;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use rustix::net::{AddressFamily, SocketFlags, SocketType, socketpair};

use super::message::{End, FILES, Message};
use super::{Error, PROTOCOL, TAKES_OVER};
use crate::registry::Estate;

/// What the control side has besides the routes.
#[derive(Debug)]
pub(crate) struct Keys {
    /// The lock of the directory.
    pub(crate) lock: OwnedFd,
    /// The control socket.
    pub(crate) control: OwnedFd,
}

/// A new process that is to take over; killed when it is dropped before it serves.
#[derive(Debug)]
pub(crate) struct Successor {
    end: End,
    child: Option<Child>,
    /// For each of its answers.
    patience: Duration,
}

/// A process that ended closed its socket a moment before it can be waited for.
const MOMENT: Duration = Duration::from_secs(1);

// === impl Successor ===

impl Successor {
    /// Starts a program that is to take over, and waits until it runs; its version.
    pub(crate) fn start(
        program: PathBuf,
        arguments: &[OsString],
        patience: Duration,
    ) -> Result<(Self, String), Error> {
        let (family, kind) = (AddressFamily::UNIX, SocketType::SEQPACKET);
        let pair = socketpair(family, kind, SocketFlags::CLOEXEC, None);
        let (ours, theirs) = pair.map_err(std::io::Error::from)?;
        let child = Command::new(&program)
            .args(arguments)
            .env(TAKES_OVER, "1")
            .stdin(Stdio::from(theirs))
            .spawn()
            .map_err(|source| Error::Start { program, source })?;
        let mut successor = Self {
            end: End::new(ours),
            child: Some(child),
            patience,
        };
        match successor.hear()? {
            Message::Hello { protocol, version } if protocol == PROTOCOL => {
                Ok((successor, version))
            }
            Message::Hello { protocol, .. } => Err(Error::Protocol { theirs: protocol }),
            other => Err(out_of_turn(&other)),
        }
    }

    /// Hands everything over, and waits until the new process could serve.
    pub(crate) fn give(&mut self, keys: &Keys, estate: &Estate) -> Result<(), Error> {
        // What is wrong with the other end shows in its own words, which it may have said before.
        if let Err(error) = self.hand_all(keys, estate)
            && !matches!(error, Error::Gone)
        {
            return Err(error);
        }
        match self.hear()? {
            Message::Ready => Ok(()),
            Message::Failed { reason } => Err(Error::Failed { reason }),
            other => Err(out_of_turn(&other)),
        }
    }

    fn hand_all(&self, keys: &Keys, estate: &Estate) -> Result<(), Error> {
        let end = &self.end;
        end.hand(&Message::Lock, &[keys.lock.as_fd()])?;
        end.hand(&Message::Control, &[keys.control.as_fd()])?;
        for (&address, sockets) in &estate.listeners {
            for some in sockets.chunks(FILES) {
                let files: Vec<BorrowedFd<'_>> = some.iter().map(AsFd::as_fd).collect();
                end.hand(&Message::Listener { address }, &files)?;
            }
        }
        for (key, left) in &estate.holds {
            end.say(&Message::Held {
                key: key.clone(),
                milliseconds: left.as_millis() as u64,
            })?;
        }
        for (key, ends) in &estate.certificates {
            end.say(&Message::Served {
                key: key.clone(),
                ends: *ends,
            })?;
        }
        end.say(&Message::Complete)
    }

    /// Lets the new process serve, and waits until it does; its number. It is on its own then.
    pub(crate) fn install(mut self) -> Result<u32, Error> {
        self.end.say(&Message::Go)?;
        match self.hear()? {
            Message::Serving => {}
            other => return Err(out_of_turn(&other)),
        }
        let Some(mut child) = self.child.take() else {
            return Err(Error::Gone);
        };
        let pid = child.id();
        // Should it end before this process does, somebody has to hear of it.
        std::thread::spawn(move || child.wait());
        Ok(pid)
    }

    fn hear(&mut self) -> Result<Message, Error> {
        match self.end.hear(self.patience) {
            Ok((message, _)) => Ok(message),
            Err(Error::Gone) => Err(Error::Ended {
                status: self.status(),
            }),
            Err(error) => Err(error),
        }
    }

    /// How the process ended, of which only the closed socket is known.
    fn status(&mut self) -> String {
        let give_up = Instant::now() + MOMENT;
        while let Some(child) = &mut self.child {
            match child.try_wait() {
                Ok(Some(status)) => return status.to_string(),
                Ok(None) if Instant::now() < give_up => {
                    std::thread::sleep(Duration::from_millis(5));
                }
                Ok(None) => return "it closed the connection".to_owned(),
                Err(error) => return error.to_string(),
            }
        }
        String::new()
    }
}

impl Drop for Successor {
    fn drop(&mut self) {
        if let Some(mut child) = self.child.take() {
            // One that has ended already cannot be killed, and is waited for all the same.
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

fn out_of_turn(message: &Message) -> Error {
    Error::Turn(format!("{message:?}"))
}
