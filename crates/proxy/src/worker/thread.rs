//! Starts workers and gives them orders.

use std::io;
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Instant;

use tokio::runtime::{Builder, LocalOptions, LocalRuntime};
use tokio::sync::{mpsc, oneshot};

use crate::worker::order::Order;
use crate::worker::{Shared, Worker};

/// How many tasks are run, where there are that many, before a worker looks for events again: all
/// of those that came together, so that none is late by a round. HAProxy takes 200 at once, nginx
/// 512.
const ROUND: u32 = 256;

/// All workers.
#[derive(Debug)]
pub(crate) struct Crew {
    handles: Vec<Handle>,
    threads: Vec<JoinHandle<()>>,
}

/// A way to a worker.
#[derive(Debug, Clone)]
pub(crate) struct Handle(mpsc::UnboundedSender<Order>);

// === impl Crew ===

impl Crew {
    /// Starts `count` workers.
    pub(crate) fn start(count: usize, shared: &Arc<Shared>) -> io::Result<Self> {
        let mut crew = Self {
            handles: Vec::new(),
            threads: Vec::new(),
        };
        for index in 0..count {
            // The runtime is bound to the thread that makes it, so it is made again there; this
            // one only tells whether the system has what it takes.
            drop(runtime()?);
            let (sender, orders) = mpsc::unbounded_channel();
            let shared = Arc::clone(shared);
            let thread = std::thread::Builder::new()
                .name(format!("proxy-{index}"))
                .spawn(move || work(index, shared, orders))?;
            crew.handles.push(Handle(sender));
            crew.threads.push(thread);
        }
        Ok(crew)
    }

    /// The ways to the workers.
    pub(crate) fn handles(&self) -> &[Handle] {
        &self.handles
    }

    /// Ends all workers with whatever they still have.
    pub(crate) fn stop(self) {
        drop(self.handles);
        for thread in self.threads {
            if thread.join().is_err() {
                tracing::error!("a worker had panicked");
            }
        }
    }
}

fn runtime() -> io::Result<LocalRuntime> {
    Builder::new_current_thread()
        .enable_io()
        .enable_time()
        .event_interval(ROUND)
        .build_local(LocalOptions::default())
}

fn work(index: usize, shared: Arc<Shared>, mut orders: mpsc::UnboundedReceiver<Order>) {
    let runtime = match runtime() {
        Ok(runtime) => runtime,
        Err(error) => {
            tracing::error!(%error, "a worker has no runtime");
            return;
        }
    };
    runtime.block_on(async move {
        let worker = Worker::new(index, shared);
        let mut sweep = tokio::time::interval(worker.limits.sweep());
        sweep.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                order = orders.recv() => match order {
                    Some(order) => worker.obey(order),
                    None => break,
                },
                _ = sweep.tick() => worker.sweep(Instant::now()),
            }
        }
    });
}

// === impl Handle ===

impl Handle {
    /// Gives an order and waits until it is carried out; `None` from a worker that is gone.
    pub(crate) async fn order<T>(
        &self,
        order: impl FnOnce(oneshot::Sender<T>) -> Order,
    ) -> Option<T> {
        let (sender, report) = oneshot::channel();
        self.0.send(order(sender)).ok()?;
        report.await.ok()
    }
}
