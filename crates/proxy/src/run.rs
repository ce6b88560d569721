//! Runs a proxy from start to end.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::os::fd::AsFd;
use std::rc::Rc;
use std::sync::Arc;
use std::time::{Duration, Instant};

use arc_swap::ArcSwap;
use tokio::net::UnixListener;
use tokio::runtime::{Builder, LocalOptions};

use crate::access::{Access, LogPlace};
use crate::control::{Address, Door, Server};
use crate::elder;
use crate::files::Files;
use crate::handover::{self, Inheritance, Keys};
use crate::lock::{self, Lock};
use crate::notify;
use crate::options::{Options, Paths};
use crate::registry::Registry;
use crate::signals::{Heard, Signals};
use crate::state;
use crate::table::Table;
use crate::worker::{Crew, Handle, Shared, WorkerOrder};

/// Between two attempts to bind what could not be bound at the start.
const BIND_AGAIN: Duration = Duration::from_secs(1);

/// Between two looks at the processes that finish what they have in hand: an elder waits for the
/// look that finds it finished.
const ELDERS_AGAIN: Duration = Duration::from_millis(250);

/// Between two looks whether a certificate is to be asked for, or was issued: visitors may wait
/// for it.
const CERTIFICATES_AGAIN: Duration = Duration::from_millis(250);

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
    /// It was to take over from another process, and could not.
    #[error("the proxy could not take over")]
    HandOver(#[from] handover::Error),
    /// A thread, a runtime or a signal handler could not be had.
    #[error("the proxy could not set itself up")]
    Setup(#[source] io::Error),
    /// Its access log could not be opened.
    #[error("the access log `{place}` cannot be written")]
    AccessLog {
        /// Where.
        place: LogPlace,
        /// What went wrong.
        #[source]
        source: io::Error,
    },
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
    let Some((mut inheritance, (lock, control))) = handover::take(&paths)? else {
        return run_with(options, lock::take(&paths)?, None);
    };
    let result = run_with(options, lock, Some((&mut inheritance, control)));
    if let Err(error) = &result {
        inheritance.fail(error);
    }
    result
}

/// What was handed over to this process, and the control socket.
type Inherited<'a> = Option<(&'a mut Inheritance, std::os::unix::net::UnixListener)>;

fn run_with(options: &Options, lock: Lock, inherited: Inherited<'_>) -> Result<(), Error> {
    let workers = options.worker_count();
    let runtime = Builder::new_current_thread()
        .enable_all()
        .build_local(LocalOptions::default())
        .map_err(Error::Setup)?;
    let shared = Arc::new(Shared {
        table: ArcSwap::from_pointee(Table::default()),
        limits: Arc::new(options.limits.clone()),
        trusted: options.trusted.clone(),
        access: open_log(options)?,
        answers: Arc::default(),
        files: Files::all(workers),
    });
    let crew = Crew::start(workers, &shared).map_err(Error::Setup)?;
    let served = runtime.block_on(serve(options, &shared, crew.handles(), lock, inherited));
    // Calls that are still open hold ways to the workers, which wait for the last to go.
    drop(runtime);
    crew.stop();
    if let Some(access) = &shared.access {
        access.end();
    }
    // As long as the lock is held the socket is ours; after a hand-over it is another's.
    if let Some(_keys) = served? {
        let _ = fs::remove_file(options.paths().control());
    }
    Ok(())
}

async fn serve(
    options: &Options,
    shared: &Arc<Shared>,
    workers: &[Handle],
    lock: Lock,
    inherited: Inherited<'_>,
) -> Result<Option<Keys>, Error> {
    let paths = options.paths();
    let mut signals = Signals::new().map_err(Error::Setup)?;
    let mut registry = Registry::restore(paths.clone(), Arc::clone(shared), workers.to_vec())?;
    let listener = match inherited {
        None => {
            registry.listen_everywhere(BTreeMap::new()).await;
            registry.adopt_elders().await;
            open(&paths)?
        }
        Some(inherited) => take_over(&paths, &mut registry, inherited).await?,
    };
    let again = listener.as_fd().try_clone_to_owned();
    let keys = Keys {
        lock: lock.into(),
        control: again.map_err(|source| control(&paths, source))?,
    };
    let server = Server::new(options, registry, keys);
    notify::ready();
    tracing::info!(dir = %paths.dir().display(), workers = workers.len(), "the proxy runs");
    let is_told_to_end = attend(&server, &listener, &mut signals, shared)
        .await
        .map_err(|source| control(&paths, source))?;
    let _no_more = server.end_hand_overs().await;
    if server.has_handed_over() {
        drop(listener);
        let limits = &shared.limits;
        elder::finish(&server, workers, limits, &mut signals, is_told_to_end).await;
        let _ = fs::remove_file(paths.elder(std::process::id()));
        return Ok(None);
    }
    tracing::info!("the proxy finishes what it has in hand");
    notify::stopping();
    server.resume_all().await;
    server.end_elders().await;
    server.leave_everywhere().await;
    tokio::select! {
        source = server.listen(&listener, Door::Everybody) => Err(control(&paths, source)),
        () = finish(shared, workers) => Ok(server.give_up_keys()),
    }
}

/// Does what there is to be done until somebody asks for the end (true), or another process took
/// over (false).
async fn attend(
    server: &Rc<Server>,
    listener: &UnixListener,
    signals: &mut Signals,
    shared: &Shared,
) -> io::Result<bool> {
    let mut bind_again = tokio::time::interval(BIND_AGAIN);
    let mut read_again = tokio::time::interval(shared.limits.certificates);
    let mut elders_again = tokio::time::interval(ELDERS_AGAIN);
    let mut certificates_again = tokio::time::interval(CERTIFICATES_AGAIN);
    loop {
        tokio::select! {
            source = server.listen(listener, Door::Everybody) => return Err(source),
            _ = bind_again.tick() => server.bind_missing().await,
            _ = read_again.tick() => server.reload_changed().await,
            _ = elders_again.tick() => server.look_at_elders().await,
            _ = certificates_again.tick() => server.keep_certificates().await,
            () = server.handed_over() => return Ok(false),
            () = server.wanted_down() => return Ok(true),
            heard = signals.heard() => match heard {
                Heard::End => return Ok(true),
                Heard::Reload => server.reload().await,
            },
        }
    }
}

/// Takes over from the process before; the control socket.
async fn take_over(
    paths: &Paths,
    registry: &mut Registry,
    (inheritance, socket): (&mut Inheritance, std::os::unix::net::UnixListener),
) -> Result<UnixListener, Error> {
    registry.inherit(inheritance)?;
    let nonblocking = socket.set_nonblocking(true);
    let listener = nonblocking.and_then(|()| UnixListener::from_std(socket));
    let listener = listener.map_err(|source| control(paths, source))?;
    // Blocks, and nothing else is on this thread yet.
    inheritance.ready()?;
    let sockets = std::mem::take(&mut inheritance.listeners);
    registry.listen_everywhere(sockets).await;
    inheritance.serving();
    // Before anybody can change the table.
    registry.adopt_elders().await;
    Ok(listener)
}

fn open_log(options: &Options) -> Result<Option<Arc<Access>>, Error> {
    let Some(log) = &options.access_log else {
        return Ok(None);
    };
    let opened = Access::open(log).map_err(|source| Error::AccessLog {
        place: log.place.clone(),
        source,
    });
    opened.map(Some)
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

pub(crate) async fn until_empty(workers: &[Handle], most: Duration) {
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
