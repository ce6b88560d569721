//! Sees to it that the hosts of all routes have their certificates.

use std::collections::BTreeMap;
use std::path::Path;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use shipway_pipeline::route::{Acme, Route};
use tokio::task::{AbortHandle, JoinSet};

use super::account::Accounts;
use super::answers::{Answers, Holder};
use super::attempt::{self, Attempt, Ended};
use super::hosts;
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
    /// What authorities may still find here, which another process goes on with.
    left: Vec<Holder>,
    /// Whether another process sees to it, or is about to.
    is_stopped: bool,
}

struct Host {
    acme: Acme,
    record: Record,
    holder: Holder,
    attempt: Option<AbortHandle>,
    /// Somebody wanted it to be tried while it was: that attempt may have come too early.
    is_wanted_again: bool,
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
            left: Vec::new(),
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
                host.attempt = None;
                if std::mem::take(&mut host.is_wanted_again) && !ended.is_issued {
                    schedule::again(&mut host.record);
                }
            }
        }
        is_issued
    }

    /// Lets authorities find what they look for by the orders of before, and asks for nothing yet.
    pub(crate) fn prepare(&mut self, routes: &[Route]) {
        self.follow(routes);
    }

    /// Asks for what is due. What no route names any more is forgotten, but for its files.
    pub(crate) fn ask(&mut self, routes: &[Route], present: impl Fn(&Place) -> Option<Validity>) {
        if self.is_stopped {
            return;
        }
        self.follow(routes);
        let now = tls::now();
        for (place, host) in &mut self.hosts {
            if host.is_asked_for() {
                continue;
            }
            let present = present(place);
            schedule::settle(&mut host.record, present, now);
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
                    holder: host.holder.clone(),
                    accounts: Rc::clone(&self.accounts),
                    pace: self.pace,
                };
                host.attempt = Some(self.running.spawn_local(attempt.run()));
            }
        }
    }

    /// Knows the hosts of these routes, and no others.
    fn follow(&mut self, routes: &[Route]) {
        let wanted = hosts::wanted(&self.proxy, routes);
        self.hosts.retain(|place, host| {
            let is_wanted = wanted.contains_key(place);
            if let Some(attempt) = host.attempt.take_if(|_| !is_wanted) {
                attempt.abort();
            }
            is_wanted
        });
        for (place, wanted) in wanted {
            let Some(host) = self.hosts.get_mut(&place) else {
                if let Some(acme) = wanted.first() {
                    let host = Host::new(&place, acme, &self.answers);
                    self.hosts.insert(place, host);
                }
                continue;
            };
            if let Some(acme) = hosts::changed(&host.acme, &wanted) {
                // What was wrong may be what has been changed.
                host.acme = acme.clone();
                host.want_again();
            }
        }
    }

    /// Tries again what came to nothing, unless the authority wants to be left alone.
    pub(crate) fn try_again(&mut self) {
        for host in self.hosts.values_mut() {
            host.want_again();
        }
    }

    /// Leaves it to another process; when this returns, nothing is on its way any more.
    pub(crate) async fn stop(&mut self) {
        self.is_stopped = true;
        self.running.shutdown().await;
        // Whoever goes on does not hear what comes by this process.
        let hosts = std::mem::take(&mut self.hosts);
        self.left = hosts.into_values().map(|host| host.holder).collect();
    }

    /// Goes on, since no other process came.
    pub(crate) fn go_on(&mut self) {
        self.is_stopped = false;
        self.left.clear();
    }

    /// How the certificate of a route's host is doing.
    pub(crate) fn told(&self, place: &Place, present: Option<Validity>) -> Told {
        let Some(host) = self.hosts.get(place) else {
            return Told::default();
        };
        Told {
            problem: host.record.problem.clone(),
            is_asked_for: host.is_asked_for(),
            next: match schedule::next(&host.record, present, tls::now()) {
                Action::Wait(second) => Some(second),
                Action::Ask => None,
            },
            attempts: host.attempts,
            failures: host.failures,
        }
    }
}

// === impl Host ===

impl Host {
    fn new(place: &Place, acme: &Acme, answers: &Arc<Answers>) -> Self {
        let record = Record::load(place);
        let holder = Holder::default();
        if let Some(order) = schedule::pending(acme, &record)
            && let Err(reason) = attempt::give(answers, &holder, place.host(), order)
        {
            tracing::warn!(
                host = place.host(),
                reason,
                "an authority is not answered by its order"
            );
        }
        Self {
            acme: acme.clone(),
            record,
            holder,
            attempt: None,
            is_wanted_again: false,
            attempts: 0,
            failures: 0,
        }
    }

    fn is_asked_for(&self) -> bool {
        self.attempt.as_ref().is_some_and(|it| !it.is_finished())
    }

    fn want_again(&mut self) {
        self.is_wanted_again = self.attempt.is_some();
        schedule::again(&mut self.record);
    }
}
