//! Runs a proxy from start to end.

use std::fs;
use std::io;
use std::sync::Arc;
use std::time::{Duration, Instant};

use arc_swap::ArcSwap;
use rustix::process::{Resource, getrlimit, setrlimit};
use tokio::net::UnixListener;
use tokio::runtime::{Builder, LocalOptions};
use tokio::signal::unix::{SignalKind, signal};

use crate::control::{Address, Server};
use crate::lock;
use crate::options::{Options, Paths};
use crate::registry::Registry;
use crate::state;
use crate::table::Table;
use crate::worker::{Crew, Handle, Shared, WorkerOrder};

/// Between two attempts to bind what could not be bound at the start.
const BIND_AGAIN: Duration = Duration::from_secs(1);

/// Between two looks whether all connections have ended, at shutdown.
const LOOK_AGAIN: Duration = Duration::from_millis(20);

/// Why a proxy did not start or had to end.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Its directory could not be taken.
    #[error("the proxy could not start")]
    Directory(#[from] lock::Error),
    /// Its routing table could not be read.
    #[error("the routing table of the last proxy could not be restored")]
    State(#[from] state::Error),
    /// A thread, a runtime or a signal handler could not be had.
    #[error("the proxy could not set itself up")]
    Setup(#[source] io::Error),
    /// Its control socket could not be opened or broke.
    #[error("the control socket `{path}` does not work")]
    Control {
        /// The socket.
        path: std::path::PathBuf,
        /// What went wrong.
        #[source]
        source: io::Error,
    },
}

/// Runs a proxy until it is told to end, by SIGTERM, SIGINT or through the control API.
///
/// What was routed when the last proxy in the directory ended, however it ended, is routed again
/// before the control socket answers. Blocks; it starts threads and runtimes of its own.
///
/// # Errors
/// The directory is another proxy's, or something could not be set up.
pub fn run(options: Options) -> Result<(), Error> {
    // On a thread of its own, so that it can be called from within a runtime too.
    let control = std::thread::Builder::new()
        .name("proxy-control".to_owned())
        .spawn(move || run_here(&options))
        .map_err(Error::Setup)?;
    match control.join() {
        Ok(result) => result,
        Err(_) => Err(Error::Setup(io::Error::other(
            "the control thread panicked",
        ))),
    }
}

fn run_here(options: &Options) -> Result<(), Error> {
    let paths = options.paths();
    let _lock = lock::take(&paths)?;
    allow_many_files();
    let runtime = Builder::new_current_thread()
        .enable_all()
        .build_local(LocalOptions::default())
        .map_err(Error::Setup)?;
    let shared = Arc::new(Shared {
        table: ArcSwap::from_pointee(Table::default()),
        limits: Arc::new(options.limits.clone()),
        trusted: options.trusted.clone(),
    });
    let crew = Crew::start(options.worker_count(), &shared).map_err(Error::Setup)?;
    let served = runtime.block_on(serve(&paths, &shared, crew.handles()));
    // Calls that are still open hold ways to the workers, which wait for the last to go.
    drop(runtime);
    crew.stop();
    // The lock is still held: the socket is ours.
    let _ = fs::remove_file(paths.control());
    served
}

async fn serve(paths: &Paths, shared: &Arc<Shared>, workers: &[Handle]) -> Result<(), Error> {
    let mut terminate = signal(SignalKind::terminate()).map_err(Error::Setup)?;
    let mut interrupt = signal(SignalKind::interrupt()).map_err(Error::Setup)?;
    // A terminal that closes does not end the proxy started from it.
    let _hangup = signal(SignalKind::hangup()).map_err(Error::Setup)?;
    let registry = Registry::restore(paths.clone(), Arc::clone(shared), workers.to_vec()).await?;
    let server = Server::new(registry, workers.len());
    let listener = open(paths)?;
    let mut bind_again = tokio::time::interval(BIND_AGAIN);
    let mut read_again = tokio::time::interval(shared.limits.certificates);
    tracing::info!(dir = %paths.dir().display(), workers = workers.len(), "the proxy runs");
    loop {
        tokio::select! {
            source = server.listen(&listener) => return Err(control(paths, source)),
            _ = bind_again.tick() => server.bind_missing().await,
            _ = read_again.tick() => server.reload_changed().await,
            () = server.wanted_down() => break,
            _ = terminate.recv() => break,
            _ = interrupt.recv() => break,
        }
    }
    tracing::info!("the proxy finishes what it has in hand");
    server.resume_all().await;
    tokio::select! {
        source = server.listen(&listener) => Err(control(paths, source)),
        () = finish(shared, workers) => Ok(()),
    }
}

/// Takes as many open files as the system lets us have: each client may need two.
fn allow_many_files() {
    let mut limit = getrlimit(Resource::Nofile);
    limit.current = limit.maximum;
    if let Err(error) = setrlimit(Resource::Nofile, limit) {
        tracing::debug!(%error, "the limit of open files stays as it is");
    }
}

fn open(paths: &Paths) -> Result<UnixListener, Error> {
    let path = paths.control();
    // One that is left over from a proxy that was killed; the lock says that none runs.
    match fs::remove_file(&path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => {
            return Err(control(paths, error));
        }
        _ => {}
    }
    let bound = Address::of(&path).and_then(|address| UnixListener::bind(address.path()));
    bound.map_err(|error| control(paths, error))
}

fn control(paths: &Paths, source: io::Error) -> Error {
    Error::Control {
        path: paths.control(),
        source,
    }
}

/// Ends in good order: no new connections; every answer announces the end; then idle connections
/// are closed, and the others when their request is over or the time is.
async fn finish(shared: &Shared, workers: &[Handle]) {
    let limits = &shared.limits;
    for worker in workers {
        worker.order(WorkerOrder::LameDuck).await;
    }
    until_empty(workers, limits.lame_duck).await;
    for worker in workers {
        worker.order(WorkerOrder::Finish).await;
    }
    until_empty(workers, limits.shutdown).await;
}

async fn until_empty(workers: &[Handle], most: Duration) {
    let give_up = Instant::now() + most;
    while Instant::now() < give_up {
        let mut left = 0;
        for worker in workers {
            left += worker.order(WorkerOrder::Count).await.unwrap_or_default();
        }
        if left == 0 {
            return;
        }
        tokio::time::sleep(LOOK_AGAIN).await;
    }
}
