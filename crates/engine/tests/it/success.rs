//! Deployments that go well.

use shipway_pipeline::colour::Colour;
use shipway_pipeline::deployment::Outcome;
use shipway_pipeline::id::Epoch;
use shipway_testkit::fakes::Call;

use crate::rig::{Rig, key, release};

#[tokio::test(start_paused = true)]
async fn a_first_release_is_live_and_stable() {
    for strategy in ["blue-green", "rolling", "recreate"] {
        let rig = Rig::new(strategy);
        let finished = rig.deploy(&rig.request(1)).await;
        assert_eq!(finished.outcome, Outcome::Succeeded);
        assert_eq!(finished.cause, None);
        assert_eq!(finished.plan.target.colour, Colour::Blue);
        rig.assert_live(1);
        assert_eq!(rig.world.migrated(), [release(1).id]);
    }
}

#[tokio::test(start_paused = true)]
async fn a_release_takes_the_place_of_the_one_before() {
    for strategy in ["blue-green", "rolling", "recreate"] {
        let rig = Rig::new(strategy);
        rig.deploy_all([1]).await;
        let finished = rig.deploy(&rig.request(2)).await;
        assert_eq!(finished.outcome, Outcome::Succeeded);
        assert_eq!(finished.plan.target.colour, Colour::Green);
        rig.assert_live(2);
        // And the colours change places for ever.
        rig.deploy_all([3, 4]).await;
        rig.assert_live(4);
    }
}

#[tokio::test(start_paused = true)]
async fn a_release_that_is_live_already_can_be_deployed_again() {
    let rig = Rig::new("blue-green");
    rig.deploy_all([1, 1]).await;
    rig.assert_live(1);
}

#[tokio::test(start_paused = true)]
async fn the_number_of_instances_may_change() {
    for (from, to) in [(3, 1), (1, 3)] {
        for strategy in ["blue-green", "rolling", "recreate"] {
            let rig = Rig::new(strategy);
            let mut request = rig.request(1);
            request.workload = crate::rig::workload(1, from);
            rig.deploy(&request).await;
            rig.world.keep_serving(&key());
            let mut request = rig.request(2);
            request.workload = crate::rig::workload(2, to);
            let finished = rig.deploy(&request).await;
            assert_eq!(finished.outcome, Outcome::Succeeded);
            rig.assert_sound();
            let route = rig.world.route(&key()).expect("something is routed");
            assert_eq!(route.backends.len(), to as usize, "{strategy}");
            let left = rig.instances(finished.plan.target.colour.other().into());
            assert_eq!(left, []);
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_rollback_runs_no_migration_and_no_bake() {
    let rig = Rig::new("blue-green");
    rig.deploy_all([1, 2]).await;
    let finished = rig.deploy(&rig.rollback(1)).await;
    assert_eq!(finished.outcome, Outcome::Succeeded);
    rig.assert_live(1);
    assert_eq!(rig.world.migrated(), [release(1).id, release(2).id]);
}

#[tokio::test(start_paused = true)]
async fn each_deployment_has_the_next_epoch() {
    let rig = Rig::new("blue-green");
    rig.deploy_all([1, 2]).await;
    let calls = rig.world.calls();
    let mut epochs: Vec<Epoch> = calls.iter().filter_map(Call::epoch).collect();
    epochs.dedup();
    assert_eq!(epochs, [Epoch(1), Epoch(2)]);
}
