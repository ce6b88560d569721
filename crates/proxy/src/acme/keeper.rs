//! Sees to it that the hosts of all routes have their certificates.

use std::collections::BTreeMap;
use std::path::Path;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use shipway_pipeline::route::{Acme, Route};
use tokio::task::{AbortHandle, JoinSet};

use super::account::Accounts;
use super::answers::Answers;
use super::attempt::{Attempt, Ended};
use super::place::Place;
use super::record::Record;
use super::schedule::{self, Action, Validity};
use crate::tls;

/// So many attempts at once: one whose authority is slow holds up few others, and no authority is
/// flooded.
const AT_ONCE: usize = 8;

/// Sees to it that the hosts of all routes have their certificates.
pub(crate) struct Keeper {
    proxy: std::path::PathBuf,
    answers: Arc<Answers>,
    accounts: Rc<Accounts>,
    pace: Duration,
    hosts: BTreeMap<Place, Host>,
    running: JoinSet<Ended>,
    /// Whether another process sees to it, or is about to.
    is_stopped: bool,
}

struct Host {
    acme: Acme,
    record: Record,
    attempt: Option<AbortHandle>,
    attempts: u64,
    failures: u64,
}

/// How a host's certificate is doing.
#[derive(Debug, Clone, Default)]
pub(crate) struct Told {
    /// Why the last attempt came to nothing.
    pub(crate) problem: Option<String>,
    /// Whether it is being asked for just now.
    pub(crate) is_asked_for: bool,
    /// The second at which it is asked for next.
    pub(crate) next: Option<i64>,
    /// How often it was asked for since the process started.
    pub(crate) attempts: u64,
    /// How often that came to nothing.
    pub(crate) failures: u64,
}

impl std::fmt::Debug for Keeper {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Keeper")
            .field("hosts", &self.hosts.keys())
            .finish_non_exhaustive()
    }
}

// === impl Keeper ===

impl Keeper {
    /// One for the proxy in a directory, who asks for nothing yet.
    pub(crate) fn new(proxy: &Path, answers: &Arc<Answers>, pace: Duration) -> Self {
        Self {
            proxy: proxy.to_owned(),
            answers: Arc::clone(answers),
            accounts: Rc::default(),
            pace,
            hosts: BTreeMap::new(),
            running: JoinSet::new(),
            is_stopped: false,
        }
    }

    /// Hears what came of attempts; whether there is a new certificate.
    pub(crate) fn hear(&mut self) -> bool {
        let mut is_issued = false;
        while let Some(ended) = self.running.try_join_next() {
            // One that was stopped has left what the next one goes on with.
            let Ok(ended) = ended else { continue };
            is_issued |= ended.is_issued;
            if let Some(host) = self.hosts.get_mut(&ended.place) {
                host.failures += u64::from(!ended.is_issued);
                host.record = ended.record;
            }
        }
        is_issued
    }

    /// Asks for what is due. What no route names any more is forgotten, but for its files.
    pub(crate) fn ask(&mut self, routes: &[Route], present: impl Fn(&Place) -> Option<Validity>) {
        if self.is_stopped {
            return;
        }
        self.follow(routes);
        let now = tls::now();
        for (place, host) in &mut self.hosts {
            if host.attempt.as_ref().is_some_and(|it| !it.is_finished()) {
                continue;
            }
            let present = present(place);
            if self.running.len() < AT_ONCE
                && schedule::next(&host.record, present, now) == Action::Ask
            {
                host.attempts += 1;
                let attempt = Attempt {
                    place: place.clone(),
                    acme: host.acme.clone(),
                    record: host.record.clone(),
                    present,
                    answers: Arc::clone(&self.answers),
                    accounts: Rc::clone(&self.accounts),
                    pace: self.pace,
                };
                host.attempt = Some(self.running.spawn_local(attempt.run()));
            }
        }
    }

    /// Knows the hosts of these routes, and no others.
    fn follow(&mut self, routes: &[Route]) {
        let mut wanted: BTreeMap<Place, &Acme> = BTreeMap::new();
        for route in routes {
            let Some(acme) = route.tls.as_ref().and_then(|tls| tls.certificate.acme()) else {
                continue;
            };
            for host in &route.hosts {
                wanted
                    .entry(Place::of(&self.proxy, acme, host))
                    .or_insert(acme);
            }
        }
        self.hosts.retain(|place, host| {
            let is_wanted = wanted.contains_key(place);
            if let Some(attempt) = host.attempt.take_if(|_| !is_wanted) {
                attempt.abort();
            }
            is_wanted
        });
        for (place, acme) in wanted {
            let host = self.hosts.entry(place).or_insert_with_key(|place| Host {
                acme: acme.clone(),
                record: Record::load(place),
                attempt: None,
                attempts: 0,
                failures: 0,
            });
            if host.acme != *acme {
                // What was wrong may be what has been changed.
                host.acme = acme.clone();
                schedule::again(&mut host.record);
            }
        }
    }

    /// Tries again what came to nothing, unless the authority wants to be left alone.
    pub(crate) fn try_again(&mut self) {
        for host in self.hosts.values_mut() {
            schedule::again(&mut host.record);
        }
    }

    /// Leaves it to another process; when this returns, nothing is on its way any more.
    pub(crate) async fn stop(&mut self) {
        self.is_stopped = true;
        self.running.shutdown().await;
        self.hosts.clear();
    }

    /// Goes on, since no other process came.
    pub(crate) fn go_on(&mut self) {
        self.is_stopped = false;
    }

    /// How the certificate of a route's host is doing.
    pub(crate) fn told(&self, place: &Place, present: Option<Validity>) -> Told {
        let Some(host) = self.hosts.get(place) else {
            return Told::default();
        };
        let is_asked_for = host.attempt.as_ref().is_some_and(|it| !it.is_finished());
        Told {
            problem: host.record.problem.clone(),
            is_asked_for,
            next: match schedule::next(&host.record, present, tls::now()) {
                Action::Wait(second) => Some(second),
                Action::Ask => None,
            },
            attempts: host.attempts,
            failures: host.failures,
        }
    }
}
