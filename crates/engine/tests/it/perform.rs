//! Steps whose performance looks at what is there.

use shipway_pipeline::colour::Slot;
use shipway_pipeline::deployment::Outcome;
use shipway_pipeline::journal::{Detail, Entry};
use shipway_pipeline::traffic::InFlight;
use shipway_testkit::fakes::{Call, Moment, Of, Then};

use crate::rig::{Rig, done, fault, interfere, key, undisturbed, until_crash, web};

#[tokio::test(start_paused = true)]
async fn shared_services_that_run_are_never_touched() {
    let rig = Rig::new("blue-green");
    rig.deploy_all([1]).await;
    let before = rig.world.members(&key(), Slot::Shared);
    rig.deploy_all([2, 3]).await;
    assert_eq!(rig.world.members(&key(), Slot::Shared), before);
    assert_eq!(before.len(), 1);
}

/// The world finds fault with a migration that runs before the shared services are ready.
#[tokio::test(start_paused = true)]
async fn shared_services_are_awaited_after_a_crash_as_well() {
    let rig = Rig::new("blue-green");
    // The release is named in its registry first.
    rig.world
        .arrange(fault(1, (Of::Effects, Moment::After), Then::Stall));
    let engine = rig.engine();
    let request = rig.request(1);
    let out = until_crash(&rig.world, undisturbed(&engine, &request)).await;
    assert!(out.is_none());
    drop(engine);
    let calls = rig.world.calls();
    assert!(
        matches!(calls.last(), Some(Call::Start { key, .. }) if key.slot == Slot::Shared),
        "{:?}",
        calls.last()
    );
    let finished = rig
        .resume()
        .await
        .expect("there is something to go on with");
    assert_eq!(finished.outcome, Outcome::Succeeded);
    rig.assert_live(1);
}

#[tokio::test(start_paused = true)]
async fn what_is_in_hand_is_awaited_and_then_cut() {
    for strategy in ["blue-green", "rolling", "recreate"] {
        let rig = Rig::new(strategy);
        rig.deploy_all([1]).await;
        let old = rig.store.environment(&crate::rig::production());
        let old = old.expect("it can be read").live.expect("one is live");
        let in_hand = InFlight {
            short: 2,
            streaming: 1,
            upgraded: 3,
        };
        rig.world.busy(&key(), old.deployment, &web(1), in_hand);
        let finished = rig.deploy(&rig.request(2)).await;
        assert_eq!(finished.outcome, Outcome::Succeeded);
        rig.assert_live(2);
        let mut cut = InFlight::default();
        for entry in rig.entries(finished.deployment) {
            if let Entry::Done {
                detail:
                    Some(Detail::Drained {
                        short,
                        streaming,
                        upgraded,
                    }),
                ..
            } = entry
            {
                cut.short += short;
                cut.streaming += streaming;
                cut.upgraded += upgraded;
            }
        }
        assert_eq!(cut, in_hand, "{strategy}");
    }
}

#[tokio::test(start_paused = true)]
async fn requests_wait_while_a_release_is_recreated() {
    let rig = Rig::new("recreate");
    rig.deploy_all([1]).await;
    let first_start = (Of::Effects, Moment::Before);
    // Migrate, hold, route, cut, stop: then the new one starts.
    rig.world.arrange(fault(5, first_start, Then::Gate));
    let engine = rig.engine();
    let request = rig.request(2);
    let mut was_held = false;
    let look = || {
        was_held = rig.world.is_held(&key());
        rig.world.open();
    };
    let work = undisturbed(&engine, &request);
    let (met, finished) = interfere(&rig.world, work, look).await;
    assert!(met && was_held);
    assert_eq!(done(finished).outcome, Outcome::Succeeded);
    rig.assert_live(2);
}
