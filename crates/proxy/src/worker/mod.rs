//! A worker: a thread with a runtime, listeners, connections and counters of its own.
//!
//! ```text
//!   control ──orders──► worker 0 ── listeners ── sessions ── upstreams
//!        │              worker 1 ── listeners ── sessions ── upstreams
//!        └─ table (ArcSwap), read by each worker for each request
//! ```
//!
//! Within a worker everything is on one thread: from the read of the table to
//! the claim of a request there is no await, so an order that was carried out
//! after a swap of the table proves that no request is claimed by the old one.

mod accept;
mod connection;
mod multiplex;
mod order;
mod reach;
mod secure;
#[cfg(test)]
pub(crate) mod testing;
mod thread;
mod tunnel;

use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::net::SocketAddr;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Instant;

use arc_swap::ArcSwap;
use shipway_pipeline::traffic::InFlight;
use tokio::task::JoinHandle;

use crate::access::{Access, Log};
use crate::acme::Answers;
use crate::compress::Places;
use crate::files::Files;
use crate::options::Limits;
use crate::session::{Order as SessionOrder, Session};
use crate::table::Table;
use crate::tally::{Class, Tally};
use crate::upstream::Random;
use crate::view::{Upstreams, View};
use shipway_pipeline::cidr::Cidr;

pub(crate) use order::Order as WorkerOrder;
pub(crate) use reach::Unreached;
pub(crate) use thread::{Crew, Handle};

/// What all workers read.
#[derive(Debug)]
pub(crate) struct Shared {
    pub(crate) table: ArcSwap<Table>,
    pub(crate) limits: Arc<Limits>,
    pub(crate) trusted: Vec<Cidr>,
    /// Where requests are written down.
    pub(crate) access: Option<Arc<Access>>,
    /// What authorities find that look whose a host is.
    pub(crate) answers: Arc<Answers>,
    pub(crate) files: Files,
}

/// One worker's state.
#[derive(Debug)]
pub(crate) struct Worker {
    index: usize,
    shared: Arc<Shared>,
    pub(crate) limits: Arc<Limits>,
    pub(crate) random: Random,
    pub(crate) compressing: Places,
    log: Option<Rc<Log>>,
    view: RefCell<Rc<View>>,
    upstreams: RefCell<Upstreams>,
    sessions: RefCell<Vec<Rc<Session>>>,
    /// What takes connections at each address: as a rule one, more after a hand-over from a proxy
    /// with more workers.
    listeners: RefCell<HashMap<SocketAddr, Vec<JoinHandle<()>>>>,
    closing: Cell<bool>,
    /// Whether clients wait for others to leave.
    is_crowded: Cell<bool>,
    /// The shortages of files that were heeded.
    shortages: Cell<u64>,
}

// === impl Worker ===

impl Worker {
    fn new(index: usize, shared: Arc<Shared>) -> Rc<Self> {
        let limits = Arc::clone(&shared.limits);
        let log = shared.access.as_ref().map(Log::of);
        let compressing = Places::new(limits.compressed);
        let mut upstreams = Upstreams::new();
        let view = View::build(shared.table.load_full(), &mut upstreams, index, &limits);
        Rc::new(Self {
            index,
            shared,
            limits,
            random: Random::new(),
            compressing,
            log,
            view: RefCell::new(Rc::new(view)),
            upstreams: RefCell::new(upstreams),
            sessions: RefCell::default(),
            listeners: RefCell::default(),
            closing: Cell::new(false),
            is_crowded: Cell::new(false),
            shortages: Cell::new(0),
        })
    }

    /// The present table; looked up for every request.
    pub(crate) fn view(&self) -> Rc<View> {
        let table = self.shared.table.load();
        let view = self.view.borrow();
        if view.is_of(&table) {
            return Rc::clone(&view);
        }
        drop(view);
        let table = Arc::clone(&table);
        let built = View::build(
            table,
            &mut self.upstreams.borrow_mut(),
            self.index,
            &self.limits,
        );
        let built = Rc::new(built);
        *self.view.borrow_mut() = Rc::clone(&built);
        built
    }

    /// Where requests are written down.
    pub(crate) fn log(&self) -> Option<&Rc<Log>> {
        self.log.as_ref()
    }

    /// What authorities find that look whose a host is.
    pub(crate) fn answers(&self) -> &Answers {
        &self.shared.answers
    }

    /// Peers whose forwarding headers are believed.
    pub(crate) fn trusted(&self) -> &[Cidr] {
        &self.shared.trusted
    }

    /// Whether clients wait for others to leave, as the last sweep found it.
    pub(crate) fn is_crowded(&self) -> bool {
        self.is_crowded.get()
    }

    fn enlist(&self, session: &Rc<Session>) {
        let mut sessions = self.sessions.borrow_mut();
        session.slot.set(sessions.len());
        if self.closing.get() {
            session.announce_close();
        }
        sessions.push(Rc::clone(session));
    }

    fn discharge(&self, session: &Session) {
        let mut sessions = self.sessions.borrow_mut();
        let slot = session.slot.get();
        sessions.swap_remove(slot);
        if let Some(moved) = sessions.get(slot) {
            moved.slot.set(slot);
        }
    }

    /// Looks after everything that is a matter of time.
    fn sweep(&self, now: Instant) {
        let files = &self.shared.files;
        let is_crowded = files.clients.is_crowded();
        self.is_crowded.set(is_crowded);
        for session in &*self.sessions.borrow() {
            session.sweep(now, is_crowded);
        }
        let shortages = files.shortages();
        let is_short = self.shortages.replace(shortages) != shortages;
        for upstream in self.upstreams.borrow().values() {
            upstream.sweep(now);
            if is_short {
                upstream.close_idle();
            }
        }
    }

    /// Ends all connections that are in hand of a deployment; how many, by class.
    fn cut(&self, tally: &Arc<Tally>) -> InFlight {
        let mut cut = InFlight::default();
        for session in &*self.sessions.borrow() {
            let Some(class) = session.class_of(tally) else {
                continue;
            };
            session.give_order(SessionOrder::Kill);
            match class {
                Class::Short => cut.short += 1,
                Class::Streaming => cut.streaming += 1,
                Class::Upgraded => cut.upgraded += 1,
            }
        }
        cut
    }

    /// From now on every response says that its connection ends.
    fn announce_close(&self) {
        self.closing.set(true);
        for session in &*self.sessions.borrow() {
            session.announce_close();
        }
    }

    /// Ends every connection: after its request, or at once.
    fn close(&self, order: SessionOrder) {
        for session in &*self.sessions.borrow() {
            session.give_order(order);
        }
    }
}
