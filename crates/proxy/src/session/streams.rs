//! Sessions of HTTP/2: one of the connection, and one of each of its streams.
//!
//! ```text
//!   session of the connection: frames, idle time, the end
//!     ▲  ▲
//!     │  └── session of a stream: claim, deadlines of its request, kill
//!     └───── session of a stream
//! ```
//!
//! To the worker all of them are alike: it sweeps each, and ends those that a
//! cut deployment has in hand. So a cut ends streams, and their connection goes
//! on.

use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::time::{Duration, Instant};

use crate::session::{Order, Session, Waiting};
use crate::wire::frames::Frames;

/// How many frames that carry nothing a client may send within [`CALM`]: far more than any that
/// asks now and then whether we are there, and little work.
const EMPTY_FRAMES: u32 = 10_000;

/// Until when they are forgotten.
const CALM: Duration = Duration::from_secs(10);

/// How many requests a client may take back before it is looked at what share of all they are:
/// a visitor who leaves a page takes back some dozens.
const TAKEN_BACK: u64 = 500;

/// What a session is with HTTP/2.
#[derive(Debug)]
pub(super) enum Role {
    /// Of a connection whose requests are streams.
    Connection(Box<Connection>),
    /// Of a stream of this connection.
    Stream(Rc<Session>),
}

/// What is known of a connection beside its streams.
#[derive(Debug)]
pub(super) struct Connection {
    frames: RefCell<Frames>,
    /// Streams that have a session.
    open: Cell<u32>,
    /// Since when a head has begun and not ended.
    head_since: Cell<Option<Instant>>,
    /// Since when empty frames are counted.
    counted_since: Cell<Instant>,
}

impl Session {
    /// From here on its requests are streams.
    pub(crate) fn speak_http2(&self, now: Instant) {
        let connection = Connection {
            frames: RefCell::default(),
            open: Cell::new(0),
            head_since: Cell::new(None),
            counted_since: Cell::new(now),
        };
        // It is asked once for each connection.
        let _ = self.role.set(Role::Connection(Box::new(connection)));
        self.wait(now, self.limits.keep_alive, Waiting::Resting);
        if self.closing.get() {
            self.give_order(Order::Close);
        }
    }

    /// Begins a stream of the connection.
    pub(crate) fn open_stream(self: &Rc<Self>, now: Instant) -> Rc<Self> {
        let limits = self.limits.clone();
        let stream = Self::new(self.listen, self.peer.clone(), limits, now);
        // It is new, so it has no role yet.
        let _ = stream.role.set(Role::Stream(Rc::clone(self)));
        if let Some(Role::Connection(connection)) = self.role.get() {
            connection.open.set(connection.open.get() + 1);
            if self.order.get() == Order::GoOn {
                self.wait(now, Duration::ZERO, Waiting::Streams);
            }
        }
        stream
    }

    /// Ends the session of a stream; nothing with any other.
    pub(crate) fn close_stream(&self, now: Instant) {
        let Some(session) = self.connection() else {
            return;
        };
        let Some(Role::Connection(connection)) = session.role.get() else {
            return;
        };
        let left = connection.open.get().saturating_sub(1);
        connection.open.set(left);
        if left > 0 {
            return;
        }
        if session.order.get() == Order::GoOn {
            session.wait(now, session.limits.keep_alive, Waiting::Resting);
        } else {
            // What the last answers left to be sent.
            session.wait(now, session.limits.body_idle, Waiting::Hangup);
        }
    }

    pub(crate) fn is_stream(&self) -> bool {
        self.connection().is_some()
    }

    /// The session of the connection that this is a stream of.
    pub(super) fn connection(&self) -> Option<&Self> {
        match self.role.get() {
            Some(Role::Stream(session)) => Some(session),
            Some(Role::Connection(_)) | None => None,
        }
    }

    /// More of a response's body was asked for: the client has taken what there was, and waits
    /// for the instance or, where some came, is waited for. Of a connection with one request at
    /// a time the socket tells it.
    pub(crate) fn asked_for_more(&self, is_waiting: bool) {
        if self.is_stream() {
            self.write_blocked.set(!is_waiting);
            if !is_waiting {
                self.moved.set(true);
            }
        }
    }

    pub(super) fn saw_frames(&self, role: &Role, bytes: &[u8]) {
        let Role::Connection(connection) = role else {
            return;
        };
        let mut frames = connection.frames.borrow_mut();
        frames.feed(bytes);
        if !frames.is_within_head() {
            connection.head_since.set(None);
        } else if connection.head_since.get().is_none() {
            connection.head_since.set(Some(Instant::now()));
        }
        let is_fickle = frames.resets() > TAKEN_BACK && frames.resets() * 2 > frames.heads();
        if is_fickle || frames.empty() > EMPTY_FRAMES {
            tracing::debug!(peer = %self.peer.address, "a client that only makes work is cut");
            self.give_order(Order::Kill);
        }
    }

    pub(super) fn sweep_frames(&self, now: Instant) {
        let Some(Role::Connection(connection)) = self.role.get() else {
            return;
        };
        let since = |time: Instant| now.saturating_duration_since(time);
        let head = connection.head_since.get();
        if head.is_some_and(|begun| since(begun) >= self.limits.header_read) {
            self.give_order(Order::Kill);
        }
        if since(connection.counted_since.get()) >= CALM {
            connection.counted_since.set(now);
            connection.frames.borrow_mut().forget_empty();
        }
    }
}
