//! How tests break in.

use std::future::Future;
use std::pin::pin;

use shipway_engine::deploy::{DeployError, Finished, Request};
use shipway_engine::{Engine, Interrupt, Interrupts};
use shipway_testkit::fakes::{Fault, Moment, Of, Then, World};
use tokio::sync::watch;

/// Nobody interrupts.
pub(crate) fn nobody() -> Interrupts {
    watch::channel(Interrupt::None).1
}

/// Deploys while nobody interrupts.
pub(crate) async fn undisturbed(
    engine: &Engine,
    request: &Request<'_>,
) -> Result<Finished, DeployError> {
    engine.deploy(request, &mut nobody()).await
}

/// At every call before it, and at every effect half-way and after it.
pub(crate) const POINTS: [(Of, Moment); 3] = [
    (Of::Calls, Moment::Before),
    (Of::Effects, Moment::Halfway),
    (Of::Effects, Moment::After),
];

pub(crate) fn fault(at: usize, (of, moment): (Of, Moment), then: Then) -> Fault {
    Fault {
        at,
        of,
        moment,
        then,
    }
}

/// Lets an engine die at the arranged fault; what came of it where the fault was not met.
pub(crate) async fn until_crash<T>(world: &World, work: impl Future<Output = T>) -> Option<T> {
    tokio::select! {
        biased;
        () = world.reached() => None,
        out = work => Some(out),
    }
}

/// Does something at the arranged fault while the work goes on; says whether it was met.
pub(crate) async fn interfere<T>(
    world: &World,
    work: impl Future<Output = T>,
    act: impl FnOnce(),
) -> (bool, T) {
    let mut work = pin!(work);
    match until_crash(world, &mut work).await {
        Some(out) => (false, out),
        None => {
            act();
            (true, work.await)
        }
    }
}

/// Unwraps what a deployment came to.
#[track_caller]
pub(crate) fn done(finished: Result<Finished, DeployError>) -> Finished {
    finished.expect("it is carried out")
}
