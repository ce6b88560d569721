//! A rollback that fails freezes the environment.

use shipway_engine::deploy::{DeployError, Request};
use shipway_pipeline::deployment::{Cause, Outcome};
use shipway_pipeline::plan::Stage;
use shipway_runtime::Exit;
use shipway_testkit::fakes::{Ailment, Moment, Of, Then};

use crate::rig::{POINTS, Rig, fault, key, production, release, undisturbed, web};
use crate::scenario::{NEWER, Scenario};

/// Rolling: one instance is replaced when the second one turns out to be sick, and so is the old
/// release by then.
async fn frozen() -> Rig {
    let rig = Rig::new("rolling");
    rig.deploy_all([1]).await;
    rig.world.ail(&release(2).id, Ailment::NeverHealthy(2));
    rig.world.ail(&release(1).id, Ailment::NeverHealthy(1));
    let finished = rig.deploy(&rig.request(2)).await;
    assert_eq!(finished.outcome, Outcome::RollbackFailed);
    let Some(Cause::StepFailed {
        stage: Stage::RollingBack,
        failure,
    }) = finished.cause
    else {
        panic!("it failed because {:?}", finished.cause);
    };
    assert!(failure.reason.contains("did not become healthy in time"));
    assert!(failure.reason.contains("the rollback was made because"));
    rig
}

#[tokio::test(start_paused = true)]
async fn a_rollback_that_fails_leaves_everything_and_freezes() {
    let rig = frozen().await;
    rig.assert_sound();
    let record = rig.store.environment(&production());
    let record = record.expect("it can be read");
    let frozen = record.frozen.expect("it is frozen");
    assert!(
        frozen.reason.contains("rolling back failed"),
        "{}",
        frozen.reason
    );
    // What can answer still does: one new instance, and the old ones that were never stopped.
    let route = rig.world.route(&key()).expect("something is routed");
    assert_eq!(route.backends.len(), 3);
    assert_eq!(rig.unfinished(), None);
}

#[tokio::test(start_paused = true)]
async fn a_frozen_environment_is_deployed_to_only_when_it_is_thawed() {
    let rig = frozen().await;
    let engine = rig.engine();
    let before = rig.world.calls().len();
    let refused = undisturbed(&engine, &rig.request(3)).await;
    assert!(
        matches!(refused, Err(DeployError::Frozen { .. })),
        "{refused:?}"
    );
    assert_eq!(rig.world.calls().len(), before, "nothing was asked for");

    let thawing = Request {
        thaw: true,
        ..rig.request(3)
    };
    let finished = rig.deploy(&thawing).await;
    assert_eq!(finished.outcome, Outcome::Succeeded, "{:?}", finished.cause);
    rig.assert_live(3);
    let trail = rig.store.audit_trail(10).expect("it can be read");
    assert!(trail.iter().any(|line| line.action == "thaw"));
    rig.deploy_all([4]).await;
}

#[tokio::test(start_paused = true)]
async fn an_old_release_that_died_meanwhile_leaves_the_traffic_where_it_is() {
    let rig = Scenario::Faulty("blue-green").prepare().await;
    rig.world
        .end(&key(), &release(1).id, &web(1), Exit::Code(1));
    rig.world.ail(&release(1).id, Ailment::EndsAtOnce(1));
    let finished = rig.deploy(&rig.request(2)).await;
    assert_eq!(finished.outcome, Outcome::RollbackFailed);
    rig.assert_sound();
    let route = rig.world.route(&key()).expect("something is routed");
    let target = finished.plan.target.deployment;
    assert!(
        route
            .backends
            .iter()
            .all(|backend| backend.deployment == target)
    );
    let record = rig.store.environment(&production());
    let live = record.expect("it can be read").live.expect("one is live");
    assert_eq!(
        live.release,
        release(2).id,
        "the record says what is routed"
    );
}

/// Whatever fails on the way back as well: nothing is broken, it is frozen or back, and the next
/// release is deployed in any case.
async fn fails_on_the_way_back(strategy: &'static str, points: &[(Of, Moment)], then: Then) {
    let scenario = Scenario::Faulty(strategy);
    let origin = scenario.prepare().await;
    let mut frozen = 0;
    for &point in points {
        for at in 0.. {
            let rig = origin.fork();
            rig.world.arrange(fault(at, point, then));
            let finished = rig.deploy(&scenario.request(&rig)).await;
            let met = rig.world.was_met();
            rig.world.settle();

            let context = format!("{point:?} {at} {finished:?}");
            rig.assert_sound();
            let record = rig.store.environment(&production());
            let is_frozen = record.expect("it can be read").frozen.is_some();
            let failed = finished.outcome == Outcome::RollbackFailed;
            assert_eq!(is_frozen, failed, "{context}");
            assert!(
                failed || matches!(finished.outcome, Outcome::RolledBack | Outcome::Failed),
                "{context}"
            );
            frozen += u32::from(is_frozen);
            let next = Request {
                thaw: true,
                ..rig.request(NEWER)
            };
            let next = rig.deploy(&next).await;
            assert_eq!(
                next.outcome,
                Outcome::Succeeded,
                "{context} {:?}",
                next.cause
            );
            rig.assert_live(NEWER);
            if !met {
                break;
            }
        }
    }
    assert!(frozen > 1, "it was frozen only {frozen} times");
}

macro_rules! on_the_way_back {
    ($($name:ident: $strategy:literal;)*) => {$(
        mod $name {
            use super::*;

            #[tokio::test(start_paused = true)]
            async fn fails_and_is_frozen_or_back() {
                fails_on_the_way_back($strategy, &POINTS, Then::Fail).await;
            }

            #[tokio::test(start_paused = true)]
            async fn hangs_and_is_frozen_or_back() {
                fails_on_the_way_back($strategy, &[(Of::Effects, Moment::After)], Then::Stall).await;
            }
        }
    )*};
}
on_the_way_back! {
    blue_green: "blue-green";
    rolling: "rolling";
    recreate: "recreate";
}
