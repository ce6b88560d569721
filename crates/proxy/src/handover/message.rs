//! What the two processes say to each other, and how open files get from one to the other.

use std::io::{self, IoSlice, IoSliceMut};
use std::mem::MaybeUninit;
use std::net::SocketAddr;
use std::os::fd::{BorrowedFd, OwnedFd};
use std::time::Duration;

use rustix::cmsg_space;
use rustix::io::Errno;
use rustix::net::sockopt::{Timeout, set_socket_timeout};
use rustix::net::{
    RecvAncillaryBuffer, RecvAncillaryMessage, RecvFlags, ReturnFlags, SendAncillaryBuffer,
    SendAncillaryMessage, SendFlags, recvmsg, sendmsg,
};
use serde::{Deserialize, Serialize};
use shipway_pipeline::route::RouteKey;

use super::Error;

/// Open files in one message; the kernel takes up to 253.
pub(super) const FILES: usize = 64;

/// The longest message: a path and some names.
const LONGEST: usize = 64 << 10;

/// A step of the hand-over.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "say", rename_all = "snake_case")]
pub(super) enum Message {
    /// The new process runs.
    Hello { protocol: u32, version: String },
    /// The lock of the directory.
    Lock,
    /// The control socket.
    Control,
    /// Some of the listening sockets at an address.
    Listener { address: SocketAddr },
    /// For how much longer a route is held.
    Held { key: RouteKey, milliseconds: u64 },
    /// A route's certificate that is served now, by the second at which it ends.
    Served { key: RouteKey, ends: i64 },
    /// That was all.
    Complete,
    /// The new process could serve.
    Ready,
    /// The new process cannot take over.
    Failed { reason: String },
    /// The new process shall serve.
    Go,
    /// The new process serves.
    Serving,
}

/// One end of the socket between the two.
#[derive(Debug)]
pub(super) struct End(OwnedFd);

// === impl End ===

impl End {
    pub(super) fn new(socket: OwnedFd) -> Self {
        Self(socket)
    }

    pub(super) fn say(&self, message: &Message) -> Result<(), Error> {
        self.hand(message, &[])
    }

    /// Says something and hands open files over with it.
    pub(super) fn hand(&self, message: &Message, files: &[BorrowedFd<'_>]) -> Result<(), Error> {
        let bytes = serde_json::to_vec(message).map_err(io::Error::from)?;
        let mut space = [MaybeUninit::uninit(); cmsg_space!(ScmRights(FILES))];
        let mut control = SendAncillaryBuffer::new(&mut space);
        if !files.is_empty() && !control.push(SendAncillaryMessage::ScmRights(files)) {
            return Err(io::Error::other("too many open files in one message").into());
        }
        let sent = retry(|| {
            let bytes = [IoSlice::new(&bytes)];
            sendmsg(&self.0, &bytes, &mut control, SendFlags::NOSIGNAL)
        });
        match sent {
            Ok(_) => Ok(()),
            Err(Errno::PIPE | Errno::CONNRESET) => Err(Error::Gone),
            Err(errno) => Err(io::Error::from(errno).into()),
        }
    }

    /// Waits for the next message, for so long at most.
    pub(super) fn hear(&self, most: Duration) -> Result<(Message, Vec<OwnedFd>), Error> {
        set_socket_timeout(&self.0, Timeout::Recv, Some(most)).map_err(io::Error::from)?;
        let mut bytes = vec![0; LONGEST];
        let mut space = [MaybeUninit::uninit(); cmsg_space!(ScmRights(FILES))];
        let mut control = RecvAncillaryBuffer::new(&mut space);
        let received = retry(|| {
            let mut bytes = [IoSliceMut::new(&mut bytes)];
            recvmsg(&self.0, &mut bytes, &mut control, RecvFlags::CMSG_CLOEXEC)
        });
        let received = match received {
            Ok(received) => received,
            Err(Errno::AGAIN) => return Err(Error::Silent(most)),
            Err(Errno::CONNRESET) => return Err(Error::Gone),
            Err(errno) => return Err(io::Error::from(errno).into()),
        };
        let mut files = Vec::new();
        for message in control.drain() {
            if let RecvAncillaryMessage::ScmRights(received) = message {
                files.extend(received);
            }
        }
        if received.bytes == 0 {
            return Err(Error::Gone);
        }
        let cut = ReturnFlags::TRUNC | ReturnFlags::CTRUNC;
        if received.flags.intersects(cut) {
            // The system gives fewer than were sent where a process may not have more.
            return Err(io::Error::other("not all open files came through").into());
        }
        let message = serde_json::from_slice(&bytes[..received.bytes]).map_err(io::Error::from)?;
        Ok((message, files))
    }
}

fn retry<T>(mut act: impl FnMut() -> rustix::io::Result<T>) -> rustix::io::Result<T> {
    loop {
        match act() {
            Err(Errno::INTR) => {}
            result => return result,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::net::TcpListener;
    use std::os::fd::AsFd;

    use rustix::net::{AddressFamily, SocketFlags, SocketType, socketpair};

    use super::*;

    fn ends() -> (End, End) {
        let flags = SocketFlags::CLOEXEC;
        let pair = socketpair(AddressFamily::UNIX, SocketType::SEQPACKET, flags, None);
        let (one, other) = pair.unwrap();
        (End::new(one), End::new(other))
    }

    #[test]
    fn open_files_come_with_what_is_said_of_them() {
        let (one, other) = ends();
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let said = Message::Listener { address };
        let all = [listener.as_fd(); FILES];
        one.hand(&said, &all).unwrap();
        one.say(&Message::Complete).unwrap();
        drop(listener);
        let (heard, mut files) = other.hear(Duration::from_secs(60)).unwrap();
        assert_eq!(heard, said);
        assert_eq!(files.len(), FILES);
        let listener = TcpListener::from(files.remove(0));
        assert_eq!(listener.local_addr().unwrap(), address);
        let (heard, files) = other.hear(Duration::from_secs(60)).unwrap();
        assert_eq!((heard, files.len()), (Message::Complete, 0));
    }

    #[test]
    fn silence_and_an_end_are_told_apart() {
        let (one, other) = ends();
        let most = Duration::from_millis(1);
        assert!(matches!(other.hear(most), Err(Error::Silent(_))));
        drop(one);
        assert!(matches!(other.hear(most), Err(Error::Gone)));
        assert!(matches!(other.say(&Message::Go), Err(Error::Gone)));
    }
}
