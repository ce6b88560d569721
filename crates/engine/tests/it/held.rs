//! One engine at a time.

use shipway_engine::ExecutorError;
use shipway_engine::Interrupt;
use shipway_engine::deploy::{DeployError, Request};
use shipway_engine::event::Kind;
use shipway_pipeline::deployment::Outcome;
use shipway_store::TakeError;
use shipway_testkit::fakes::{Call, Moment, Of, Then};
use tokio::sync::watch;

use crate::rig::{Rig, done, fault, nobody, undisturbed, until_crash};

const AT_START: (Of, Moment) = (Of::Effects, Moment::Before);

#[tokio::test(start_paused = true)]
async fn a_second_engine_is_told_who_has_the_environment() {
    let rig = Rig::new("blue-green");
    rig.world.arrange(fault(0, AT_START, Then::Gate));
    let first = rig.engine();
    let request = rig.request(1);
    let mut interrupts = nobody();
    let mut work = std::pin::pin!(first.deploy(&request, &mut interrupts));
    assert!(until_crash(&rig.world, &mut work).await.is_none());

    let second = rig.engine();
    let refused = undisturbed(&second, &rig.request(2)).await;
    match refused {
        Err(DeployError::Lease(TakeError::Held {
            holder: Some(holder),
            ..
        })) => assert_eq!(holder.owner, first.owner),
        other => panic!("{other:?}"),
    }
    let refused = second
        .resume(&request.environment.name, false, &mut nobody())
        .await;
    assert!(matches!(refused, Err(DeployError::Lease(_))), "{refused:?}");

    rig.world.open();
    assert_eq!(done(work.await).outcome, Outcome::Succeeded);
    rig.assert_live(1);
}

#[tokio::test(start_paused = true)]
async fn a_second_engine_that_waits_comes_after_the_first() {
    let rig = Rig::new("blue-green");
    rig.world.arrange(fault(0, AT_START, Then::Gate));
    let first = rig.engine();
    let (second, mut events) = rig.engine_and_events();
    let (one, two) = (
        rig.request(1),
        Request {
            wait: true,
            ..rig.request(2)
        },
    );
    let (mut nobody_one, mut nobody_two) = (nobody(), nobody());
    let waits = async {
        rig.world.reached().await;
        // It waits from here on; the first one goes on once that was told.
        let told = async {
            loop {
                let event = events.recv().await.expect("it tells that it waits");
                if let Kind::Waiting { holder, .. } = event.kind {
                    assert_eq!(holder, first.owner);
                    break;
                }
            }
            rig.world.open();
        };
        tokio::join!(second.deploy(&two, &mut nobody_two), told).0
    };
    let (one, two) = tokio::join!(first.deploy(&one, &mut nobody_one), waits);
    assert_eq!(done(one).outcome, Outcome::Succeeded);
    assert_eq!(done(two).outcome, Outcome::Succeeded);
    rig.assert_live(2);
}

#[tokio::test(start_paused = true)]
async fn who_waits_may_stop_waiting() {
    let rig = Rig::new("blue-green");
    let engine = rig.engine();
    let lease = engine.store.take_lease(
        &rig.request(1).environment.name,
        "somebody",
        shipway_engine::clock::now(),
    );
    let _lease = lease.expect("it is free");
    let request = Request {
        wait: true,
        ..rig.request(1)
    };
    let (sender, mut interrupts) = watch::channel(Interrupt::None);
    let waiting = rig.engine();
    let (refused, ()) = tokio::join!(waiting.deploy(&request, &mut interrupts), async {
        sender.send_replace(Interrupt::Abort);
    });
    assert!(
        matches!(refused, Err(DeployError::Interrupted)),
        "{refused:?}"
    );
    assert_eq!(rig.world.calls(), []);
}

/// The engine is suspended in an effect, its lock file is taken away, and another one finishes
/// its deployment and makes a newer one. The call in which it was suspended; `None` when the
/// deployment has fewer.
async fn deposed_at(at: usize, moment: Moment) -> Option<Call> {
    let rig = Rig::new("blue-green");
    rig.deploy_all([1]).await;
    rig.world
        .arrange(fault(at, (Of::Effects, moment), Then::Gate));
    let first = rig.engine();
    let request = rig.request(2);
    let mut interrupts = nobody();
    let mut work = std::pin::pin!(first.deploy(&request, &mut interrupts));
    if until_crash(&rig.world, &mut work).await.is_some() {
        return None;
    }
    let suspended = rig.world.calls().pop().expect("it was met");
    if moment == Moment::Before && matches!(suspended, Call::Stop { .. }) {
        // A runtime is not told under which lease it stops: only the lock protects from that.
        return Some(suspended);
    }
    // The kernel would give the lock only to one of the two; hands and broken file systems can.
    let locks = rig.store.directory().join("locks");
    std::fs::remove_dir_all(locks).expect("the locks are removed");
    rig.deploy_all([3]).await;
    let before = rig.world.calls().len();
    rig.world.open();
    let refused = work.await;
    assert!(
        matches!(
            refused,
            Err(DeployError::Executor(ExecutorError::Store(
                shipway_store::Error::Deposed { .. }
            )))
        ),
        "{refused:?}"
    );
    let calls = rig.world.calls();
    let effects: Vec<&Call> = calls[before..]
        .iter()
        .filter(|call| call.is_effect())
        .collect();
    assert!(effects.is_empty(), "{effects:?}");
    rig.assert_live(3);
    Some(suspended)
}

#[tokio::test(start_paused = true)]
async fn a_deposed_engine_writes_nothing_and_does_nothing_more() {
    for moment in [Moment::Before, Moment::After] {
        let mut at = 0;
        while deposed_at(at, moment).await.is_some() {
            at += 1;
        }
        assert!(at > 5, "only {at} effects were met");
    }
}
