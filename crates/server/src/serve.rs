//! The daemon from its start to its end.

use std::fs::{File, OpenOptions, TryLockError};
use std::io;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use rustix::process::geteuid;
use tokio::net::{TcpListener, UnixListener};
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::{Semaphore, watch};
use tokio::task::JoinSet;
use tokio_rustls::TlsAcceptor;

use crate::api;
use crate::backups;
use crate::caller::Peer;
use crate::connection;
use crate::listen::{ListenError, Listeners, acceptor};
use crate::notify::notify;
use crate::options::Options;
use crate::shared::Shared;
use crate::{poll, queue, sweep, telling, tidy};

/// More connections wait in the kernel: what one costs is bounded, and so is what all do.
const CONNECTIONS: usize = 1024;

/// Answers in hand get this long at the end.
const GRACE: Duration = Duration::from_secs(10);

/// A TLS handshake takes two round trips.
const HANDSHAKE: Duration = Duration::from_secs(10);

/// After a failed `accept`: it fails for want of descriptors, which take a moment to come back.
const PAUSE: Duration = Duration::from_millis(50);

/// Why the daemon ended, or did not start.
#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    /// Another one runs on the state.
    #[error("a daemon runs on `{}` already", .0.display())]
    Runs(PathBuf),
    /// Its lock cannot be used.
    #[error("cannot lock `{}`", path.display())]
    Lock {
        /// The file.
        path: PathBuf,
        /// Why not.
        #[source]
        source: io::Error,
    },
    /// It cannot listen.
    #[error(transparent)]
    Listen(#[from] ListenError),
    /// It cannot wait for signals.
    #[error("cannot wait for signals")]
    Signals(#[source] io::Error),
}

/// Runs the daemon until it is told to end: by SIGTERM, or SIGINT.
///
/// # Errors
/// Another daemon runs on the state, or it cannot listen.
pub async fn run(options: Options) -> Result<(), ServeError> {
    let _lock = lock(&Options::lock_in(options.store.directory()))?;
    let tls = options.tls.as_ref().map(acceptor).transpose()?;
    let listeners = Listeners::open(&options)?;
    let mut end = signal(SignalKind::terminate()).map_err(ServeError::Signals)?;
    let mut interrupt = signal(SignalKind::interrupt()).map_err(ServeError::Signals)?;
    let (close, closing) = watch::channel(false);
    let shared = Shared::new(&options, closing.clone());
    let queue = tokio::spawn(queue::run(
        Arc::clone(&shared),
        options.carrier.clone(),
        options.parallel,
    ));
    tokio::spawn(tidy::run(Arc::clone(&shared)));
    tokio::spawn(sweep::run(Arc::clone(&shared)));
    if let Some(interval) = options.poll {
        tokio::spawn(poll::run(Arc::clone(&shared), interval));
    }
    let backups = backups::run(Arc::clone(&shared), options.carrier.clone());
    let backups = tokio::spawn(backups);
    let telling = tokio::spawn(telling::run(Arc::clone(&shared), Arc::clone(&options.tell)));
    let router = Arc::new(api::router(shared));
    // One for each way in: strangers never take the places of those at the socket.
    let [local, remote] = [(); 2].map(|()| Arc::new(Door::new(&router, &closing)));
    let mut accepting = JoinSet::new();
    for listener in listeners.unix {
        accepting.spawn(accept_unix(listener, Arc::clone(&local)));
    }
    for listener in listeners.tcp {
        let address = listener.local_addr().map_err(ServeError::Signals)?;
        tracing::info!(%address, tls = tls.is_some(), "listening");
        accepting.spawn(accept_tcp(listener, tls.clone(), Arc::clone(&remote)));
    }
    notify("READY=1");
    tracing::info!(
        socket = %Options::socket(options.store.directory()).display(),
        "ready"
    );
    tokio::select! {
        _ = end.recv() => {}
        _ = interrupt.recv() => {}
    }
    notify("STOPPING=1");
    tracing::info!("ending");
    accepting.shutdown().await;
    // Fails where nobody listens any more.
    let _ = close.send(true);
    let empty = async { tokio::join!(local.is_empty(), remote.is_empty()) };
    let _ = tokio::time::timeout(GRACE, empty).await;
    // It leaves its children as they are; what it was about to record is recorded.
    let recorded = async { tokio::join!(queue, backups, telling) };
    let _ = tokio::time::timeout(GRACE, recorded).await;
    Ok(())
}

/// Whether a daemon runs on a state directory.
///
/// # Errors
/// Its lock cannot be used.
pub fn is_served(state: &Path) -> io::Result<bool> {
    let file = match File::open(Options::lock_in(state)) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(false),
        file => file?,
    };
    match file.try_lock_shared() {
        Ok(()) => Ok(false),
        Err(TryLockError::WouldBlock) => Ok(true),
        Err(TryLockError::Error(error)) => Err(error),
    }
}

fn lock(path: &Path) -> Result<File, ServeError> {
    let failed = |source| ServeError::Lock {
        path: path.to_owned(),
        source,
    };
    let mut options = OpenOptions::new();
    options.create(true).truncate(false).write(true).mode(0o600);
    let file = options.open(path).map_err(failed)?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => {
            let state = path.parent().unwrap_or(path);
            Err(ServeError::Runs(state.to_owned()))
        }
        Err(TryLockError::Error(error)) => Err(failed(error)),
    }
}

/// What each connection is given.
struct Door {
    router: Arc<Router>,
    closing: watch::Receiver<bool>,
    places: Arc<Semaphore>,
}

impl Door {
    fn new(router: &Arc<Router>, closing: &watch::Receiver<bool>) -> Self {
        Self {
            router: Arc::clone(router),
            closing: closing.clone(),
            places: Arc::new(Semaphore::new(CONNECTIONS)),
        }
    }

    /// Waits until nobody is inside any more.
    async fn is_empty(&self) {
        let _ = self.places.acquire_many(CONNECTIONS as u32).await;
    }
}

async fn accept_unix(listener: UnixListener, door: Arc<Door>) {
    loop {
        let Ok(place) = Arc::clone(&door.places).acquire_owned().await else {
            return;
        };
        let accepted = listener.accept().await;
        let Ok((stream, _)) = accepted else {
            tokio::time::sleep(PAUSE).await;
            continue;
        };
        let Ok(credentials) = stream.peer_cred() else {
            continue;
        };
        let uid = credentials.uid();
        // The socket's mode keeps others out; a directory above it may be shared by mistake.
        if uid != 0 && uid != geteuid().as_raw() {
            continue;
        }
        let (router, closing) = (Arc::clone(&door.router), door.closing.clone());
        tokio::spawn(async move {
            connection::serve(stream, Peer::Local { uid }, router, closing).await;
            drop(place);
        });
    }
}

async fn accept_tcp(listener: TcpListener, tls: Option<TlsAcceptor>, door: Arc<Door>) {
    loop {
        let Ok(place) = Arc::clone(&door.places).acquire_owned().await else {
            return;
        };
        let Ok((stream, address)) = listener.accept().await else {
            tokio::time::sleep(PAUSE).await;
            continue;
        };
        let _ = stream.set_nodelay(true);
        let peer = Peer::Remote(address.ip().to_canonical());
        let (router, closing) = (Arc::clone(&door.router), door.closing.clone());
        let tls = tls.clone();
        tokio::spawn(async move {
            match tls {
                None => connection::serve(stream, peer, router, closing).await,
                Some(tls) => match tokio::time::timeout(HANDSHAKE, tls.accept(stream)).await {
                    Ok(Ok(stream)) => connection::serve(stream, peer, router, closing).await,
                    Ok(Err(error)) => tracing::debug!(%error, "no TLS"),
                    Err(_) => tracing::debug!("no TLS in time"),
                },
            }
            drop(place);
        });
    }
}
