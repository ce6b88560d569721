//! What a registry hands over to the next process, and how it goes on without it.

use std::collections::BTreeMap;
use std::io;
use std::net::{SocketAddr, TcpListener};
use std::time::{Duration, Instant};

use shipway_pipeline::route::RouteKey;

use crate::control::{Counts, Follow, Part};
use crate::handover::{self, Inheritance};
use crate::registry::Registry;
use crate::state::State;
use crate::worker::WorkerOrder;

/// What the next process is handed. Routes are not in it: it reads them from the disk.
#[derive(Debug)]
pub(crate) struct Estate {
    /// Sockets by their address.
    pub(crate) listeners: BTreeMap<SocketAddr, Vec<TcpListener>>,
    /// For how much longer routes are held.
    pub(crate) holds: Vec<(RouteKey, Duration)>,
    /// By route, the second at which its certificate ends.
    pub(crate) certificates: Vec<(RouteKey, i64)>,
}

impl Registry {
    /// What the next process is handed.
    pub(crate) fn estate(&self) -> io::Result<Estate> {
        let mut listeners = BTreeMap::new();
        for (&address, bound) in &self.bound {
            if bound.sockets.len() < self.workers.len() {
                return Err(io::Error::other(format!(
                    "there were too few open files to share the sockets at {address}"
                )));
            }
            let sockets: io::Result<Vec<_>> =
                bound.sockets.iter().map(TcpListener::try_clone).collect();
            listeners.insert(address, sockets?);
        }
        let now = Instant::now();
        let holds = self.holds.iter();
        let holds = holds.filter_map(|(key, hold)| Some((key.clone(), hold.remaining(now)?)));
        let certificates = self.state.routes.iter().filter_map(|route| {
            let (ends, _) = self.keyring.kept(route)?.ends?;
            Some((route.key.clone(), ends))
        });
        Ok(Estate {
            listeners,
            holds: holds.collect(),
            certificates: certificates.collect(),
        })
    }

    /// Goes on with what the process before had in its memory only.
    pub(crate) fn inherit(&self, inherited: &Inheritance) -> Result<(), handover::Error> {
        for (key, ends) in &inherited.certificates {
            self.check_served(key, *ends)?;
        }
        let now = Instant::now();
        for (key, left) in &inherited.holds {
            if let Some(hold) = self.holds.get(key) {
                hold.hold(now + *left);
            }
        }
        Ok(())
    }

    /// Whether the certificate that the process before serves would go on being served: it may
    /// have one in its memory whose files have been broken since.
    fn check_served(&self, key: &RouteKey, ends: i64) -> Result<(), handover::Error> {
        let route = self.state.routes.iter().find(|it| it.key == *key);
        let Some(kept) = route.and_then(|route| self.keyring.kept(route)) else {
            return Ok(());
        };
        let is_same = kept.ends.is_some_and(|(it, _)| it == ends);
        match kept.problem {
            Some(problem) if !is_same => Err(handover::Error::Certificate {
                reason: format!("the certificate of {key} would be lost: {problem}"),
            }),
            _ => Ok(()),
        }
    }

    /// From here on another process has the sockets: takes no more connections, and tells the
    /// clients of those there are to come again.
    pub(crate) async fn become_elder(&mut self) {
        for worker in &self.workers {
            worker.order(WorkerOrder::LameDuck).await;
        }
        self.leave_everywhere();
        // They follow the other one now, which finds them where this process found them.
        self.elders.release();
    }

    /// Routes as the process that took over does.
    pub(crate) async fn follow(&mut self, follow: Follow) {
        for removed in &follow.removed {
            if let Some(hold) = self.holds.remove(&removed.key) {
                hold.resume();
            }
        }
        self.state = State {
            routes: follow.routes,
            removed: follow.removed,
            shut: follow.shut,
        };
        self.swap();
        self.settle().await;
    }

    /// What this process still has in hand, and all that it has counted.
    pub(crate) async fn part(&self, is_over: bool) -> Part {
        let mut connections = 0;
        for worker in &self.workers {
            connections += worker.order(WorkerOrder::Count).await.unwrap_or_default();
        }
        let mut counted = self.own_counts();
        counted.add_all(self.elders.past());
        let waiting = self.holds.iter();
        Part {
            connections: connections as u64,
            is_over,
            waiting: waiting
                .map(|(key, hold)| (key.clone(), hold.waiting() as u64))
                .collect(),
            counts: Counts::of(&counted),
        }
    }
}
