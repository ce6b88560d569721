//! Takes connections from listeners that come and go with the table.

use std::cell::RefCell;
use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::rc::Rc;
use std::sync::Arc;
use std::task::Poll;
use std::time::Instant;

use socket2::SockRef;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

use crate::files::{self, PAUSE};
use crate::session::{Peer, Session};
use crate::tls::Site;
use crate::worker::{Worker, connection, secure};

/// Starts to take connections, with TLS where there is a site.
pub(crate) fn listen(
    worker: &Rc<Worker>,
    address: SocketAddr,
    listeners: Vec<std::net::TcpListener>,
    site: Option<&Arc<Site>>,
) {
    let mut tasks = Vec::new();
    for listener in listeners {
        match ready(listener) {
            Ok(listener) => {
                let queue = Queue {
                    worker: Rc::clone(worker),
                    address,
                    site: site.map(Arc::clone),
                    listener: RefCell::new(Some(listener)),
                };
                tasks.push(tokio::task::spawn_local(queue.take()));
            }
            Err(error) => tracing::error!(%address, %error, "a listener cannot be used"),
        }
    }
    let old = worker.listeners.borrow_mut().insert(address, tasks);
    for old in old.into_iter().flatten() {
        old.abort();
    }
}

/// Makes a listener whose connections send at once, as they inherit it.
fn ready(listener: std::net::TcpListener) -> io::Result<TcpListener> {
    SockRef::from(&listener).set_tcp_nodelay(true)?;
    TcpListener::from_std(listener)
}

/// Stops to take connections at an address; those that wait there are taken first. Ends when the
/// listener is closed.
pub(crate) fn leave(worker: &Worker, address: SocketAddr) -> impl Future<Output = ()> + use<> {
    let tasks: Vec<_> = worker
        .listeners
        .borrow_mut()
        .remove(&address)
        .into_iter()
        .flatten()
        .collect();
    end(tasks)
}

/// Stops to take connections anywhere.
pub(crate) fn leave_all(worker: &Worker) -> impl Future<Output = ()> + use<> {
    let tasks: Vec<_> = worker.listeners.borrow_mut().drain().collect();
    end(tasks.into_iter().flat_map(|(_, tasks)| tasks).collect())
}

async fn end(tasks: Vec<JoinHandle<()>>) {
    for task in tasks {
        task.abort();
        // It ends as cancelled; that is what is waited for.
        let _ = task.await;
    }
}

/// Takes what still waits in a listener's queue when it is dropped: closing it would reset them.
struct Queue {
    worker: Rc<Worker>,
    address: SocketAddr,
    /// The names of an address that is for HTTPS.
    site: Option<Arc<Site>>,
    listener: RefCell<Option<TcpListener>>,
}

fn is_of_one_connection(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::ConnectionAborted | io::ErrorKind::ConnectionReset
    )
}

// === impl Queue ===

impl Queue {
    async fn take(self) {
        let open = &self.worker.shared.files;
        loop {
            open.clients.wait().await;
            let accepted = std::future::poll_fn(|cx| match &*self.listener.borrow() {
                // Another worker was faster.
                _ if open.clients.is_full() => Poll::Ready(None),
                Some(listener) => listener.poll_accept(cx).map(Some),
                None => Poll::Pending,
            });
            let Some(accepted) = accepted.await else {
                continue;
            };
            match accepted {
                Ok((stream, peer)) => self.begin(stream, peer),
                Err(error) if is_of_one_connection(&error) => {}
                Err(error) => {
                    open.tell(
                        "no client's connection could be taken",
                        &error,
                        Instant::now(),
                    );
                    if files::are_out(&error) {
                        // Those to instances that are idle may be in the way.
                        open.are_short();
                    }
                    tokio::time::sleep(PAUSE).await;
                }
            }
        }
    }

    fn begin(&self, stream: TcpStream, peer: SocketAddr) {
        let place = self.worker.shared.files.clients.enter();
        let address = peer.ip().to_canonical();
        let trusted = &self.worker.shared.trusted;
        let peer = Peer {
            is_trusted: trusted.iter().any(|range| range.contains(address)),
            is_secure: self.site.is_some(),
            ..Peer::at(address)
        };
        let limits = self.worker.limits.clone();
        let session = Session::new(self.address, peer, limits, Instant::now());
        session.keep(place);
        self.worker.enlist(&session);
        let worker = Rc::clone(&self.worker);
        // Two tasks, so that what has no TLS does not carry the room for it.
        match &self.site {
            None => {
                tokio::task::spawn_local(connection::serve(worker, session, stream));
            }
            Some(site) => {
                let site = Arc::clone(site);
                tokio::task::spawn_local(secure::serve(worker, session, stream, site));
            }
        }
    }
}

impl Drop for Queue {
    fn drop(&mut self) {
        let Some(listener) = self.listener.take().and_then(|it| it.into_std().ok()) else {
            return;
        };
        let clients = &self.worker.shared.files.clients;
        // Those for whom there is no room are the next process's, where there is one.
        while !clients.is_full()
            && let Ok((stream, peer)) = listener.accept()
        {
            let stream = stream.set_nonblocking(true).map(|()| stream);
            if let Ok(stream) = stream.and_then(TcpStream::from_std) {
                self.begin(stream, peer);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn connections_send_at_once() {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        listener.set_nonblocking(true).unwrap();
        let address = listener.local_addr().unwrap();
        let listener = ready(listener).unwrap();
        let _client = TcpStream::connect(address).await.unwrap();
        let (taken, _) = listener.accept().await.unwrap();
        assert!(taken.nodelay().unwrap());
    }
}
