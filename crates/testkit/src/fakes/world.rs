//! The world that fakes share.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use shipway_pipeline::colour::Slot;
use shipway_pipeline::id::{DeploymentId, InstanceId, ReleaseId};
use shipway_pipeline::route::{Route, RouteKey};
use shipway_pipeline::traffic::{Counters, InFlight};
use shipway_runtime::{ColourKey, Exit, HealthStatus};

use super::call::Call;
use super::check;
use super::fault::{Arranged, Fault, Moment, Then};
use super::router::FakeRouter;
use super::runtime::FakeRuntime;
use super::state::{Ailment, Member, State};

/// Instances, routes and traffic, in memory; clones are the same world.
#[derive(Clone, Default)]
pub struct World {
    state: Arc<Mutex<State>>,
    arranged: Arc<Mutex<Option<Arranged>>>,
    observer: Arc<Mutex<Option<Observer>>>,
}

/// Looks at every effect before it happens; what it returns is a violation.
type Observer = Arc<dyn Fn(&Call) -> Option<String> + Send + Sync>;

/// What a fake was asked could not be done, because a test arranged it so.
#[derive(Debug)]
pub(super) struct Failed;

impl World {
    /// An empty world.
    pub fn new() -> Self {
        Self::default()
    }

    /// Another world that is as this one is now, without what was arranged in it.
    #[must_use]
    pub fn fork(&self) -> Self {
        Self {
            state: Arc::new(Mutex::new(self.state().clone())),
            ..Self::default()
        }
    }

    /// The runtime of this world.
    pub fn runtime(&self) -> FakeRuntime {
        FakeRuntime::new(self.clone())
    }

    /// The router of this world.
    pub fn router(&self) -> FakeRouter {
        FakeRouter::new(self.clone())
    }

    // --- what a test arranges ---

    /// At most one instance of this service may be alive.
    pub fn singleton(&self, service: &str) {
        self.state().singletons.insert(service.to_owned());
    }

    /// From now on somebody always answers for the environment, or its requests wait.
    pub fn keep_serving(&self, key: &RouteKey) {
        self.state().serving.insert(key.clone());
    }

    /// Every effect is shown to the observer before it happens.
    pub fn observe(&self, observer: impl Fn(&Call) -> Option<String> + Send + Sync + 'static) {
        *lock(&self.observer) = Some(Arc::new(observer));
    }

    /// Something goes wrong, once; in place of what was arranged before.
    pub fn arrange(&self, fault: Fault) {
        *lock(&self.arranged) = Some(Arranged::new(fault));
    }

    /// Nothing goes wrong any more.
    pub fn settle(&self) {
        *lock(&self.arranged) = None;
    }

    /// Resolves when the arranged fault was met; never where none is arranged.
    pub async fn reached(&self) {
        let arranged = lock(&self.arranged).clone();
        match arranged {
            Some(arranged) => arranged.reached.notified().await,
            None => std::future::pending().await,
        }
    }

    /// Whether the arranged fault was met.
    pub fn was_met(&self) -> bool {
        lock(&self.arranged)
            .as_ref()
            .is_some_and(|arranged| arranged.met)
    }

    /// Lets whoever waits at a [`Then::Gate`] pass.
    pub fn open(&self) {
        if let Some(arranged) = &*lock(&self.arranged) {
            arranged.opened.notify_one();
        }
    }

    /// Something is wrong with a release.
    pub fn ail(&self, release: &ReleaseId, ailment: Ailment) {
        self.state().ailments.insert(release.clone(), ailment);
    }

    /// An instance ends by itself.
    pub fn end(&self, key: &RouteKey, release: &ReleaseId, id: &InstanceId, exit: Exit) {
        self.change(key, release, id, |member| member.ended = Some(exit));
    }

    /// An instance ended and was started again.
    pub fn restart(&self, key: &RouteKey, release: &ReleaseId, id: &InstanceId) {
        self.change(key, release, id, |member| member.restarts += 1);
    }

    /// An instance is no longer healthy.
    pub fn sicken(&self, key: &RouteKey, release: &ReleaseId, id: &InstanceId) {
        self.change(key, release, id, |member| {
            member.health = Some(HealthStatus::Unhealthy);
        });
    }

    /// A release answers these between any two looks at the traffic.
    pub fn answers(&self, release: &ReleaseId, counters: Counters) {
        self.state().answers.insert(release.clone(), counters);
    }

    /// A deployment's instance has this in hand until it is cut.
    pub fn busy(&self, key: &RouteKey, deployment: DeploymentId, id: &InstanceId, with: InFlight) {
        let mut state = self.state();
        let all = state.answered.entry(key.clone()).or_default();
        for ((found, _), answered) in all {
            if *found == deployment {
                answered.in_flight.insert(id.clone(), with);
            }
        }
    }

    // --- what a test sees ---

    /// The instances of a slot.
    pub fn members(&self, key: &RouteKey, slot: Slot) -> Vec<Member> {
        let key = ColourKey {
            route: key.clone(),
            slot,
        };
        let state = self.state();
        let members = state.slots.get(&key);
        members.map_or_else(Vec::new, |members| members.values().cloned().collect())
    }

    /// The route that is in force.
    pub fn route(&self, key: &RouteKey) -> Option<Route> {
        self.state().routes.get(key).cloned()
    }

    /// Whether requests wait.
    pub fn is_held(&self, key: &RouteKey) -> bool {
        self.state().held.contains(key)
    }

    /// Releases whose migration ran to its end, in order.
    pub fn migrated(&self) -> Vec<ReleaseId> {
        self.state().migrated.clone()
    }

    /// Everything that was asked for.
    pub fn calls(&self) -> Vec<Call> {
        self.state().calls.clone()
    }

    /// What was broken of what must always hold:
    ///
    /// - requests go only to instances that are there, and were healthy when they were routed;
    /// - an instance is not stopped with requests in hand;
    /// - at most one instance of a singleton is alive;
    /// - an environment that serves goes on serving, or lets its requests wait;
    /// - nothing is done under an older lease once something was under a newer one;
    /// - a migration finds the shared services ready;
    /// - what the observer says.
    pub fn violations(&self) -> Vec<String> {
        self.state().violations.clone()
    }

    // --- what the fakes do ---

    /// Does what was asked for, or what was arranged in its place.
    ///
    /// `act` does everything or a part of it and may be called again to complete it.
    pub(super) async fn perform<T>(
        &self,
        call: Call,
        act: impl Fn(&mut State, Moment) -> T,
    ) -> Result<T, Failed> {
        let arranged = self.begin(&call);
        let Some(arranged) = arranged else {
            return Ok(self.apply(&call, &act, Moment::After));
        };
        let done = match arranged.fault.moment {
            Moment::Before => None,
            part => Some(self.apply(&call, &act, part)),
        };
        arranged.reached.notify_one();
        match arranged.fault.then {
            Then::Fail => Err(Failed),
            Then::Stall => std::future::pending().await,
            Then::Gate => {
                arranged.opened.notified().await;
                match done {
                    Some(done) if arranged.fault.moment == Moment::After => Ok(done),
                    _ => Ok(self.apply(&call, &act, Moment::After)),
                }
            }
        }
    }

    fn begin(&self, call: &Call) -> Option<Arranged> {
        self.state().calls.push(call.clone());
        let observer = lock(&self.observer).clone();
        if let Some(observer) = observer.filter(|_| call.is_effect())
            && let Some(violation) = observer(call)
        {
            self.state().violations.push(violation);
        }
        let mut arranged = lock(&self.arranged);
        let is_met = arranged
            .as_mut()
            .is_some_and(|arranged| arranged.meets(call));
        // It stays for those who wait for it or open its gate.
        arranged.clone().filter(|_| is_met)
    }

    fn apply<T>(&self, call: &Call, act: &impl Fn(&mut State, Moment) -> T, part: Moment) -> T {
        let mut state = self.state();
        let done = act(&mut state, part);
        if call.is_effect() {
            let broken = check::check(&state, call);
            state.violations.extend(broken);
        }
        done
    }

    fn change(
        &self,
        key: &RouteKey,
        release: &ReleaseId,
        id: &InstanceId,
        change: impl Fn(&mut Member),
    ) {
        let mut state = self.state();
        let members = state
            .slots
            .iter_mut()
            .filter(|(slot, _)| slot.route == *key)
            .flat_map(|(_, members)| members.values_mut());
        members
            .filter(|member| member.release == *release && member.id == *id)
            .for_each(change);
    }

    fn state(&self) -> MutexGuard<'_, State> {
        lock(&self.state)
    }
}

/// A test that panicked says so itself.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
