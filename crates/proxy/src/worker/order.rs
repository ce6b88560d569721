//! What the control thread asks of a worker.

use std::net::{SocketAddr, TcpListener};
use std::rc::Rc;
use std::sync::Arc;

use shipway_pipeline::traffic::InFlight;
use tokio::sync::oneshot;

use crate::session::Order as SessionOrder;
use crate::tally::Tally;
use crate::tls::Site;
use crate::worker::{Worker, accept};

/// An order, with where to report that it is carried out.
#[derive(Debug)]
pub(crate) enum Order {
    /// Nothing: the report proves that no request is between reading the table and its claim.
    Pass(oneshot::Sender<()>),
    /// Take connections from these listeners, with TLS where there is a site.
    Listen(
        SocketAddr,
        Vec<TcpListener>,
        Option<Arc<Site>>,
        oneshot::Sender<()>,
    ),
    /// Stop taking connections at this address.
    Leave(SocketAddr, oneshot::Sender<()>),
    /// End what is in hand of a deployment.
    Cut(Arc<Tally>, oneshot::Sender<InFlight>),
    /// Stop listening, and let each response tell its client to go.
    LameDuck(oneshot::Sender<()>),
    /// Close idle connections and the others after their request.
    Finish(oneshot::Sender<()>),
    /// How many connections there are.
    Count(oneshot::Sender<usize>),
}

impl Worker {
    /// Carries out an order.
    pub(crate) fn obey(self: &Rc<Self>, order: Order) {
        // A report that nobody waits for any more is no loss.
        match order {
            Order::Pass(done) => {
                // Also lets go of what only the old table needed.
                self.view();
                let _ = done.send(());
            }
            Order::Listen(address, listeners, site, done) => {
                accept::listen(self, address, listeners, site.as_ref());
                let _ = done.send(());
            }
            Order::Leave(address, done) => {
                let left = accept::leave(self, address);
                tokio::task::spawn_local(async move {
                    left.await;
                    let _ = done.send(());
                });
            }
            Order::Cut(tally, done) => {
                let _ = done.send(self.cut(&tally));
            }
            Order::LameDuck(done) => {
                let left = accept::leave_all(self);
                self.announce_close();
                tokio::task::spawn_local(async move {
                    left.await;
                    let _ = done.send(());
                });
            }
            Order::Finish(done) => {
                self.close(SessionOrder::Close);
                let _ = done.send(());
            }
            Order::Count(done) => {
                let _ = done.send(self.sessions.borrow().len());
            }
        }
    }
}
