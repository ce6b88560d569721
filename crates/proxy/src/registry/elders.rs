//! The processes before this one that finish what they have in hand: its elders.
//!
//! An elder still gets requests, on connections that its clients keep. So it is told of every
//! change of the table before the change is acknowledged, and what it has in hand counts as if
//! this process had it. One that does not answer is killed: it could send requests to instances
//! that are about to be stopped.

use std::path::PathBuf;
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};
use shipway_pipeline::route::RouteKey;
use shipway_pipeline::traffic::InFlight;

use crate::control::{Client, Cut, Error, Finishing, Follow, HoldFor, Part, Target};
use crate::registry::Registry;
use crate::registry::building::beyond_kept;
use crate::tally::{Counted, Owner};

/// An elder answers in less than a millisecond; so much only on a machine that hardly moves.
const PATIENCE: Duration = Duration::from_secs(5);

/// An elder that ends in the middle of a call is found gone by the next.
const ATTEMPTS: u32 = 2;

/// All elders, and what those counted that have ended.
#[derive(Debug, Default)]
pub(super) struct Elders {
    present: Vec<Elder>,
    past: Counted,
}

#[derive(Debug)]
struct Elder {
    pid: u32,
    socket: PathBuf,
    client: Client,
    part: Part,
    counted: Counted,
    has_gone: bool,
}

// === impl Registry ===

impl Registry {
    /// Takes on all elders in the directory, whoever handed over to whom, and brings them to the
    /// present table.
    pub(crate) async fn adopt_elders(&mut self) {
        for (pid, socket) in self.paths.elders() {
            if pid == std::process::id() {
                // Left over from a process that had this number before.
                let _ = std::fs::remove_file(&socket);
                continue;
            }
            self.elders.present.push(Elder::new(pid, socket));
        }
        self.lead_elders().await;
        self.look_at_elders().await;
    }

    /// Brings all elders to the present table. When this returns, none claims by another one.
    pub(super) async fn lead_elders(&mut self) {
        if self.elders.present.is_empty() {
            return;
        }
        let follow = Follow {
            routes: self.state.routes.clone(),
            removed: self.state.removed.clone(),
            shut: self.state.shut.clone(),
        };
        for elder in &mut self.elders.present {
            elder.ask(async |it| it.follow(&follow).await).await;
        }
        self.elders.bury();
    }

    /// Asks all elders what they have in hand.
    pub(crate) async fn look_at_elders(&mut self) {
        for elder in &mut self.elders.present {
            elder.look().await;
        }
        self.elders.bury();
    }

    /// Asks all elders to end within the time that a shutdown has.
    pub(crate) async fn end_elders(&mut self) {
        for elder in &mut self.elders.present {
            elder.ask(async |it| it.shutdown().await).await;
        }
        self.elders.bury();
    }

    /// The processes that finish what they have in hand.
    pub(crate) fn finishing(&self) -> Vec<Finishing> {
        let present = self.elders.present.iter();
        present
            .map(|elder| Finishing {
                pid: elder.pid,
                connections: elder.part.connections,
            })
            .collect()
    }
}

// === impl Elders ===

impl Elders {
    /// Holds a route with them as well.
    pub(super) async fn hold(&mut self, hold: &HoldFor) {
        for elder in &mut self.present {
            elder.ask(async |it| it.hold(hold).await).await;
        }
        self.bury();
    }

    pub(super) async fn resume(&mut self, target: &Target) {
        for elder in &mut self.present {
            elder.ask(async |it| it.resume(target).await).await;
        }
        self.bury();
    }

    /// Ends what they have in hand of a deployment; how much that was.
    pub(super) async fn cut(&mut self, cut: &Cut) -> InFlight {
        let mut total = InFlight::default();
        for elder in &mut self.present {
            let part = elder.ask(async |it| it.cut(cut).await).await;
            let part = part.unwrap_or_default();
            total.short += part.short;
            total.streaming += part.streaming;
            total.upgraded += part.upgraded;
        }
        self.bury();
        total
    }

    /// Whether any of them ever sent a request to a deployment.
    pub(super) fn know(&self, owner: &Owner) -> bool {
        let mut present = self.present.iter();
        self.past.0.contains_key(owner) || present.any(|it| it.counted.0.contains_key(owner))
    }

    /// The requests of a route that wait with them.
    pub(super) fn waiting(&self, key: &RouteKey) -> u64 {
        let waiting = self.present.iter().flat_map(|elder| &elder.part.waiting);
        let of_route = waiting.filter(|(it, _)| it == key);
        of_route.map(|(_, count)| count).sum()
    }

    pub(super) fn count_into(&self, counted: &mut Counted) {
        counted.add_all(&self.past);
        for elder in &self.present {
            counted.add_all(&elder.counted);
        }
    }

    /// What those counted that have ended.
    pub(super) fn past(&self) -> &Counted {
        &self.past
    }

    /// Leaves them to another process.
    pub(super) fn release(&mut self) {
        self.present.clear();
    }

    /// Drops the counts of deployments that are long gone.
    pub(super) fn forget(&mut self, is_present: impl Fn(&Owner) -> bool) {
        let gone = self.past.0.keys().filter(|owner| !is_present(owner));
        for owner in beyond_kept(gone) {
            self.past.0.remove(&owner);
        }
    }

    /// Keeps what those counted that have gone.
    fn bury(&mut self) {
        for elder in self.present.extract_if(.., |elder| elder.has_gone) {
            tracing::info!(pid = elder.pid, "the proxy before this one has ended");
            let mut counted = elder.counted;
            for totals in counted.0.values_mut().flat_map(|it| it.values_mut()) {
                totals.in_flight = InFlight::default();
            }
            self.past.add_all(&counted);
            let _ = std::fs::remove_file(&elder.socket);
        }
    }
}

// === impl Elder ===

impl Elder {
    fn new(pid: u32, socket: PathBuf) -> Self {
        Self {
            pid,
            client: Client::new(&socket),
            socket,
            part: Part::default(),
            counted: Counted::default(),
            has_gone: false,
        }
    }

    async fn look(&mut self) {
        let Some(part) = self.ask(async |it| it.part().await).await else {
            return;
        };
        self.counted = part.counts.counted();
        self.part = part;
        if self.part.is_over {
            // It waits for somebody to have its last counts.
            self.ask(async |it| it.shutdown().await).await;
            self.has_gone = true;
        }
    }

    /// Makes a call; nothing comes of it where the elder refuses, or has gone.
    async fn ask<T>(&mut self, call: impl AsyncFn(&Client) -> Result<T, Error>) -> Option<T> {
        for _ in 0..ATTEMPTS {
            if self.has_gone {
                return None;
            }
            match tokio::time::timeout(PATIENCE, call(&self.client)).await {
                Ok(Ok(answer)) => return Some(answer),
                // It knows less than we do: of a route that it never had, there is nothing to do.
                Ok(Err(Error::Refused(_))) => return None,
                Ok(Err(Error::NotRunning { .. })) => self.has_gone = true,
                Ok(Err(Error::Io { .. })) => {}
                Err(_elapsed) => break,
            }
        }
        if !self.has_gone {
            self.kill();
        }
        None
    }

    fn kill(&mut self) {
        tracing::error!(
            pid = self.pid,
            "the proxy before this one hangs: it is killed"
        );
        let pid = i32::try_from(self.pid).ok().and_then(Pid::from_raw);
        if let Some(pid) = pid
            && let Err(error) = kill_process(pid, Signal::KILL)
        {
            tracing::error!(pid = self.pid, %error, "it cannot be killed");
        }
        self.has_gone = true;
    }
}
