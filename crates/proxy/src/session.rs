//! What is known of one client connection while it lasts.
//!
//! The connection's task, its socket, the request in hand and the worker's
//! sweep all see it. A session has no timer: it has a deadline, and the sweep
//! of its worker looks whether it has passed.

mod overdue;
mod peer;
mod streams;

use std::cell::{Cell, OnceCell, RefCell};
use std::net::SocketAddr;
use std::rc::Rc;
use std::sync::Arc;
use std::task::Waker;
use std::time::{Duration, Instant};

use crate::claim::Claim;
use crate::options::Limits;
use crate::quota::Seat;
use crate::room::Place;
use crate::tally::{Class, Tally};
use crate::upstream::Lease;
use crate::wire::Violation;
use crate::wire::framing::Framing;

use streams::Role;

pub(crate) use peer::Peer;

/// How long a refused client may go on sending before we hang up.
const LINGER: Duration = Duration::from_secs(2);

/// One client connection with its requests one after another, or one of the streams of a
/// connection that carries many at once.
#[derive(Debug)]
pub(crate) struct Session {
    pub(crate) listen: SocketAddr,
    pub(crate) peer: Peer,
    limits: Arc<Limits>,
    framing: RefCell<Framing>,
    /// Set with HTTP/2 only.
    role: OnceCell<Role>,
    requests: Cell<u64>,
    claim: RefCell<Option<Claim>>,
    /// The upstream side of an upgrade, on its way to the tunnel.
    upgrade: RefCell<Option<Box<Lease>>>,
    waker: RefCell<Option<Waker>>,
    /// Where the connection is counted among those of its client.
    seats: RefCell<Vec<Seat>>,
    /// Among all clients' connections; set with those only.
    place: OnceCell<Place>,
    order: Cell<Order>,
    closing: Cell<bool>,
    deadline: Cell<(Instant, Waiting)>,
    /// Bytes moved since the deadline was set.
    moved: Cell<bool>,
    write_blocked: Cell<bool>,
    upload: Cell<Upload>,
    /// Its place in the worker's list.
    pub(crate) slot: Cell<usize>,
}

/// What the connection's task is told to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Order {
    GoOn,
    /// End after the request in hand.
    Close,
    /// End at once.
    Kill,
}

/// What a session waits for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Waiting {
    /// What comes before the first byte of HTTP.
    Handshake,
    /// The next request of HTTP/1, for which buffers are kept.
    NextRequest,
    /// The next request, and there is nothing to give back until it comes.
    Resting,
    EndOfHead,
    /// Its streams, which have deadlines of their own.
    Streams,
    ResponseHead,
    Body,
    Tunnel,
    Hangup,
    /// The response head did not come in time.
    Nothing,
}

/// How far the body of the request in hand has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Upload {
    Done,
    Open,
    /// The client is waited for.
    Stalled,
    /// It broke off, or is not what its head said.
    Broken,
}

// === impl Session ===

impl Session {
    pub(crate) fn new(
        listen: SocketAddr,
        peer: Peer,
        limits: Arc<Limits>,
        now: Instant,
    ) -> Rc<Self> {
        let deadline = (now + limits.keep_alive, Waiting::Resting);
        Rc::new(Self {
            listen,
            peer,
            limits,
            framing: RefCell::default(),
            role: OnceCell::new(),
            requests: Cell::new(0),
            claim: RefCell::default(),
            upgrade: RefCell::default(),
            waker: RefCell::default(),
            seats: RefCell::default(),
            place: OnceCell::new(),
            order: Cell::new(Order::GoOn),
            closing: Cell::new(false),
            deadline: Cell::new(deadline),
            moved: Cell::new(false),
            write_blocked: Cell::new(false),
            upload: Cell::new(Upload::Done),
            slot: Cell::new(0),
        })
    }

    // --- from what comes before HTTP

    pub(crate) fn await_handshake(&self, now: Instant) {
        self.wait(now, self.limits.handshake, Waiting::Handshake);
    }

    pub(crate) fn shook_hands(&self, now: Instant) {
        self.wait(now, self.limits.keep_alive, Waiting::Resting);
    }

    /// The client has begun to say what it speaks.
    pub(crate) fn began_to_speak(&self, now: Instant) {
        self.wait(now, self.limits.header_read, Waiting::EndOfHead);
    }

    // --- from the socket

    pub(crate) fn saw_bytes(&self, bytes: &[u8]) {
        self.moved.set(true);
        if let Some(role) = self.role.get() {
            self.saw_frames(role, bytes);
            return;
        }
        let mut framing = self.framing.borrow_mut();
        let was_within = framing.is_within_head();
        framing.feed(bytes);
        let waits = self.waits_for(Waiting::NextRequest) || self.waits_for(Waiting::Resting);
        if framing.is_within_head() && !was_within && waits {
            self.wait(Instant::now(), self.limits.header_read, Waiting::EndOfHead);
        }
    }

    pub(crate) fn saw_write(&self, is_blocked: bool) {
        self.write_blocked.set(is_blocked);
        if !is_blocked {
            self.moved.set(true);
        }
    }

    /// A flush does not move anything by itself, but shows that a client reads too slowly where
    /// bytes wait below us.
    pub(crate) fn saw_flush(&self, is_blocked: bool) {
        if is_blocked != self.write_blocked.get() {
            self.saw_write(is_blocked);
        }
    }

    /// Whether nothing that the client sent can be lost by closing.
    pub(crate) fn is_between_requests(&self) -> bool {
        match self.role.get() {
            None => self.framing.borrow().is_between_requests(),
            // The client was told which of its streams were taken.
            Some(_) => self.order.get() == Order::Close,
        }
    }

    pub(crate) fn linger(&self, now: Instant) {
        self.wait(now, LINGER, Waiting::Hangup);
    }

    // --- from the request in hand

    /// Begins the next request; what is wrong with its head, if anything.
    pub(crate) fn begin(&self, now: Instant, has_body: bool) -> Result<(), Violation> {
        self.requests.set(self.requests.get() + 1);
        self.upload
            .set(if has_body { Upload::Open } else { Upload::Done });
        self.wait(now, self.limits.response_head, Waiting::ResponseHead);
        if self.is_stream() {
            // Its frames leave no two ways to read it.
            return Ok(());
        }
        match self.framing.borrow().violation(self.requests.get()) {
            Some(violation) => Err(violation),
            None => Ok(()),
        }
    }

    /// Counts the request as in hand of an instance, in place of the one before.
    pub(crate) fn claim(&self, claim: Claim) {
        *self.claim.borrow_mut() = Some(claim);
    }

    /// Does something with the claim there is.
    pub(crate) fn with_claim(&self, act: impl FnOnce(&mut Claim)) {
        if let Some(claim) = &mut *self.claim.borrow_mut() {
            act(claim);
        }
    }

    /// Does something with the places where the connection is counted.
    pub(crate) fn with_seats<T>(&self, act: impl FnOnce(&mut Vec<Seat>) -> T) -> T {
        let connection = self.connection().unwrap_or(self);
        act(&mut connection.seats.borrow_mut())
    }

    /// Starts the wait for the response head anew.
    pub(crate) fn await_head(&self, now: Instant) {
        self.wait(now, self.limits.response_head, Waiting::ResponseHead);
    }

    /// Whether the response head is late.
    pub(crate) fn is_late(&self) -> bool {
        self.waits_for(Waiting::Nothing)
    }

    pub(crate) fn got_head(&self, now: Instant) {
        self.wait(now, self.limits.body_idle, Waiting::Body);
    }

    pub(crate) fn upload_stalled(&self) {
        self.upload.set(Upload::Stalled);
    }

    pub(crate) fn upload_moved(&self) {
        self.moved.set(true);
        self.upload.set(Upload::Open);
    }

    /// Whether the body in hand could be read in another way than it was.
    pub(crate) fn has_unclear_body(&self) -> bool {
        let framing = self.framing.borrow();
        !self.is_stream() && framing.violation(self.requests.get()).is_some()
    }

    pub(crate) fn upload_broke(&self) {
        self.upload.set(Upload::Broken);
    }

    /// Whether the client is to blame for what became of the request.
    pub(crate) fn has_broken_upload(&self) -> bool {
        self.upload.get() == Upload::Broken
    }

    pub(crate) fn upload_done(&self) {
        if self.upload.replace(Upload::Done) != Upload::Done
            && self.waits_for(Waiting::ResponseHead)
        {
            // The instance's time begins when it has the whole request.
            self.await_head(Instant::now());
        }
    }

    /// Ends the request: its claim is settled and the connection waits for the next.
    pub(crate) fn finish(&self, now: Instant) {
        self.claim.borrow_mut().take();
        if self.is_stream() {
            // What is left of the answer may wait for the client.
            self.wait(now, self.limits.body_idle, Waiting::Hangup);
            return;
        }
        // The next request may have begun meanwhile.
        if self.framing.borrow().is_within_head() {
            self.wait(now, self.limits.header_read, Waiting::EndOfHead);
        } else {
            self.wait(now, self.limits.rest(), Waiting::NextRequest);
        }
    }

    /// Hands the upstream connection of an accepted upgrade to the task.
    pub(crate) fn set_upgrade(&self, lease: Box<Lease>) {
        *self.upgrade.borrow_mut() = Some(lease);
        self.deadline.set((self.deadline.get().0, Waiting::Tunnel));
    }

    // --- from the task

    pub(crate) fn take_upgrade(&self) -> Option<Box<Lease>> {
        self.upgrade.borrow_mut().take()
    }

    /// Remembers whom to wake.
    pub(crate) fn register(&self, waker: &Waker) {
        let mut held = self.waker.borrow_mut();
        match &mut *held {
            Some(held) => held.clone_from(waker),
            None => *held = Some(waker.clone()),
        }
    }

    /// Whether all that HTTP keeps for the connection can be let go: its time to rest has come,
    /// every request was answered, and the client has been sent all of it.
    pub(crate) fn may_rest(&self) -> bool {
        self.waits_for(Waiting::Resting)
            && !self.write_blocked.get()
            && self.framing.borrow_mut().rests_after(self.requests.get())
    }

    pub(crate) fn order(&self) -> Order {
        self.order.get()
    }

    /// Whether the response in hand tells the client that the connection ends. Not while another
    /// request was sent behind this one: it would be lost.
    pub(crate) fn is_closing(&self) -> bool {
        self.closing.get()
            && !self.is_stream()
            && !self.framing.borrow().has_more_than(self.requests.get())
    }

    // --- from the worker

    /// Lets the connection end with the response in hand, of HTTP/2 with those that are.
    pub(crate) fn leave_soon(&self) {
        let connection = self.connection().unwrap_or(self);
        if !connection.closing.get() {
            connection.announce_close();
        }
    }

    /// Keeps a place among all clients' connections until the connection has ended.
    pub(crate) fn keep(&self, place: Place) {
        // It is taken once for each connection.
        let _ = self.place.set(place);
    }

    /// Lets the connection end with its next response, and an idle one when `close_idle` comes.
    pub(crate) fn announce_close(&self) {
        self.closing.set(true);
        if self.role.get().is_some() {
            // HTTP/2 says it at once, and loses no request by it.
            self.give_order(Order::Close);
        }
    }

    pub(crate) fn give_order(&self, order: Order) {
        if self.order.get() != Order::Kill {
            self.order.set(order);
        }
        self.wake();
    }

    /// The class under which the session's request is in hand of the deployment.
    pub(crate) fn class_of(&self, tally: &Arc<Tally>) -> Option<Class> {
        let claim = self.claim.borrow();
        claim
            .as_ref()
            .filter(|claim| claim.is_of(tally))
            .map(Claim::class)
    }

    fn wait(&self, now: Instant, most: Duration, waiting: Waiting) {
        self.moved.set(false);
        self.deadline.set((now + most, waiting));
    }

    fn waits_for(&self, waiting: Waiting) -> bool {
        self.deadline.get().1 == waiting
    }

    fn wake(&self) {
        if let Some(waker) = &*self.waker.borrow() {
            waker.wake_by_ref();
        }
    }
}
