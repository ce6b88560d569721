//! A load while it runs.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

use http::Uri;
use tokio::sync::oneshot;
use tokio::task::JoinSet;

use crate::builder::{Builder, Error};
use crate::plan::Plan;
use crate::recorder::Recorder;
use crate::report::Report;
use crate::{client, stream};

/// The beginning of every load.
#[derive(Debug)]
pub struct Load;

/// A running load. Dropped, it ends without waiting for the requests in hand.
#[derive(Debug)]
pub struct Handle {
    running: Arc<Running>,
    threads: Vec<Thread>,
}

/// What all clients share.
#[derive(Debug)]
pub(crate) struct Running {
    pub(crate) plan: Plan,
    pub(crate) recorder: Recorder,
    next: AtomicU64,
    stopping: AtomicBool,
}

#[derive(Debug)]
struct Thread {
    /// Told when all its clients have finished.
    finished: oneshot::Receiver<()>,
    handle: JoinHandle<()>,
}

// === impl Load ===

impl Load {
    /// Sets up a load of the `http://` server at `target`.
    pub fn builder(target: Uri) -> Builder {
        Builder::new(target)
    }
}

pub(crate) fn start(
    plan: Plan,
    connections: usize,
    threads: usize,
    streams: Vec<(usize, String)>,
) -> Result<Handle, Error> {
    let running = Arc::new(Running {
        plan,
        recorder: Recorder::new(threads),
        next: AtomicU64::new(0),
        stopping: AtomicBool::new(false),
    });
    let paths: Vec<String> = streams
        .into_iter()
        .flat_map(|(count, path)| std::iter::repeat_n(path, count))
        .collect();
    let mut handle = Handle {
        running: Arc::clone(&running),
        threads: Vec::new(),
    };
    for index in 0..threads {
        let share = |count: usize| count / threads + usize::from(index < count % threads);
        let streams = paths.iter().skip(index).step_by(threads);
        let clients = Clients {
            index,
            connections: share(connections),
            streams: streams.cloned().collect(),
        };
        let thread = clients.start(&running).map_err(Error::Start)?;
        handle.threads.push(thread);
    }
    Ok(handle)
}

// === impl Handle ===

impl Handle {
    /// Starts a new segment of the report; when that was, from the start of the load.
    pub fn mark(&self, label: impl Into<String>) -> Duration {
        self.running.recorder.mark(label.into())
    }

    /// The time since the start of the load, by which all times of the report are told.
    pub fn elapsed(&self) -> Duration {
        self.running.recorder.elapsed()
    }

    /// What the load amounts to so far.
    pub fn snapshot(&self) -> Report {
        self.running.recorder.report()
    }

    /// Sends nothing more, waits for the answers that are due, and reports. Streams are left.
    pub async fn stop(mut self) -> Report {
        self.running.stopping.store(true, Ordering::Release);
        for thread in self.threads.drain(..) {
            // A thread that is gone has finished too.
            let _ = thread.finished.await;
            let _ = thread.handle.join();
        }
        self.running.recorder.report()
    }
}

impl Drop for Handle {
    fn drop(&mut self) {
        self.running.stopping.store(true, Ordering::Release);
    }
}

// === impl Running ===

impl Running {
    /// The number of the next request, when it is due; `None` when the load is being stopped.
    pub(crate) async fn next(&self) -> Option<u64> {
        if self.is_stopping() {
            return None;
        }
        let number = self.next.fetch_add(1, Ordering::Relaxed);
        if let Some(due) = self.plan.due(number, self.recorder.started()) {
            self.wait(due.into()).await;
        }
        (!self.is_stopping()).then_some(number)
    }

    /// Waits, but looks now and then whether the load is being stopped.
    async fn wait(&self, due: tokio::time::Instant) {
        const LOOK: Duration = Duration::from_millis(50);
        while !self.is_stopping() && tokio::time::Instant::now() < due {
            let look = tokio::time::Instant::now() + LOOK;
            tokio::time::sleep_until(due.min(look)).await;
        }
    }

    fn is_stopping(&self) -> bool {
        self.stopping.load(Ordering::Acquire)
    }
}

/// The clients of one thread.
struct Clients {
    index: usize,
    connections: usize,
    streams: Vec<String>,
}

// === impl Clients ===

impl Clients {
    fn start(self, running: &Arc<Running>) -> io::Result<Thread> {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()?;
        let (done, finished) = oneshot::channel();
        let running = Arc::clone(running);
        let handle = std::thread::Builder::new()
            .name(format!("load-{}", self.index))
            .spawn(move || {
                runtime.block_on(self.run(running));
                // Nobody waits when the load was dropped.
                let _ = done.send(());
            })?;
        Ok(Thread { finished, handle })
    }

    async fn run(self, running: Arc<Running>) {
        let mut streams = JoinSet::new();
        for path in self.streams {
            streams.spawn(stream::run(Arc::clone(&running), self.index, path));
        }
        let mut clients = JoinSet::new();
        for _ in 0..self.connections {
            clients.spawn(client::run(Arc::clone(&running), self.index));
        }
        while clients.join_next().await.is_some() {}
        if self.connections == 0 {
            // Only streams: they are read until the load is stopped.
            let never = tokio::time::Instant::now() + Duration::from_secs(86_400 * 365);
            running.wait(never).await;
        }
        streams.shutdown().await;
    }
}
