//! Nothing is waited for without an end.

use shipway_pipeline::deployment::{Cause, Outcome};
use shipway_testkit::fakes::Then;

use crate::rig::{POINTS, Rig, Settings, Stand, done, fault, interfere, undisturbed};
use crate::scenario::{NEWER, Scenario};

async fn hangs_everywhere(scenario: Scenario) {
    let origin = scenario.prepare().await;
    for point in POINTS {
        for at in 0.. {
            let rig = origin.fork();
            let request = scenario.request(&rig);
            rig.world.arrange(fault(at, point, Then::Stall));
            let mut stand = None;
            let look = || stand = rig.unfinished().as_ref().map(Stand::of);
            let engine = rig.engine();
            let work = undisturbed(&engine, &request);
            let finished = done(interfere(&rig.world, work, look).await.1);
            let Some(stand) = stand else { break };

            let context = format!("{point:?} {at} {stand:?} {finished:?}");
            rig.assert_sound();
            let wanted = match (stand, scenario.old()) {
                (Stand::Stable, _) => Outcome::Succeeded,
                (Stand::Touched, Some(_)) => Outcome::RolledBack,
                _ => Outcome::Failed,
            };
            assert_eq!(finished.outcome, wanted, "{context}");
            if stand == Stand::Stable {
                rig.deploy_all([NEWER]).await;
                rig.assert_live(NEWER);
                continue;
            }
            let reason = finished.cause.as_ref().map(Cause::to_string);
            let reason = reason.expect("it says why");
            assert!(reason.contains("not done within"), "{context}");
            rig.assert_whole(scenario.old());
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_first_release_that_hangs_fails() {
    hangs_everywhere(Scenario::First).await;
}

#[tokio::test(start_paused = true)]
async fn blue_green_that_hangs_fails() {
    hangs_everywhere(Scenario::Replace("blue-green")).await;
}

#[tokio::test(start_paused = true)]
async fn rolling_that_hangs_fails() {
    hangs_everywhere(Scenario::Replace("rolling")).await;
}

#[tokio::test(start_paused = true)]
async fn recreate_that_hangs_fails() {
    hangs_everywhere(Scenario::Replace("recreate")).await;
}

#[tokio::test(start_paused = true)]
async fn a_rollback_that_hangs_fails() {
    hangs_everywhere(Scenario::Rollback).await;
}

#[tokio::test(start_paused = true)]
async fn a_short_deadline_is_long_enough_for_quick_instances() {
    let rig = Rig::with(Settings {
        health: "{ interval: 50ms, healthy_for: 100ms, deadline: 1s }",
        ..Settings::new("blue-green")
    });
    rig.deploy_all([1]).await;
    rig.assert_live(1);
}
