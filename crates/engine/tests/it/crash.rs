//! The engine dies at each call, and another one goes on.

use shipway_pipeline::deployment::Outcome;
use shipway_pipeline::journal::Entry;
use shipway_testkit::fakes::{Moment, Of, Then};

use crate::rig::{POINTS, Rig, Stand, fault, release, undisturbed, until_crash};
use crate::scenario::{NEWER, Scenario};

/// The second crash: quadratic, so fewer points.
const SECOND: [(Of, Moment); 2] = [(Of::Effects, Moment::Before), (Of::Effects, Moment::After)];

/// Lets the deployment of a scenario die at a call; `None` when it has fewer calls.
async fn dies(
    scenario: Scenario,
    origin: &Rig,
    at: usize,
    point: (Of, Moment),
) -> Option<(Rig, Stand)> {
    let rig = origin.fork();
    rig.world.arrange(fault(at, point, Then::Stall));
    let engine = rig.engine();
    let request = scenario.request(&rig);
    let out = until_crash(&rig.world, undisturbed(&engine, &request)).await;
    rig.world.settle();
    if out.is_some() {
        return None;
    }
    drop(engine);
    let stand = Stand::of(&rig.unfinished().expect("it is under way"));
    Some((rig, stand))
}

async fn is_resumed_everywhere(scenario: Scenario) {
    let origin = scenario.prepare().await;
    for point in POINTS {
        let mut at = 0;
        while let Some((rig, _)) = dies(scenario, &origin, at, point).await {
            let finished = rig
                .resume()
                .await
                .expect("there is something to go on with");
            check_end(scenario, &rig, finished.outcome, &format!("{point:?} {at}"));
            let entries = rig.entries(finished.deployment);
            let recovered = |entry: &Entry| matches!(entry, Entry::Recovered { .. });
            assert_eq!(entries.iter().filter(|entry| recovered(entry)).count(), 1);
            assert!(rig.resume().await.is_none(), "it is over");
            at += 1;
        }
        assert!(at > 3, "only {at} calls were met");
    }
}

/// The end of an interrupted deployment that was gone on with.
fn check_end(scenario: Scenario, rig: &Rig, outcome: Outcome, context: &str) {
    match scenario {
        Scenario::First | Scenario::Replace(_) | Scenario::Rollback => {
            assert_eq!(outcome, Outcome::Succeeded, "{context}");
            rig.assert_live(scenario.wanted());
        }
        Scenario::Faulty(_) => {
            assert_eq!(outcome, Outcome::RolledBack, "{context}");
            rig.assert_whole(scenario.old());
        }
    }
}

async fn makes_way_everywhere(scenario: Scenario) {
    let origin = scenario.prepare().await;
    for point in POINTS {
        let mut at = 0;
        while let Some((rig, stand)) = dies(scenario, &origin, at, point).await {
            let context = format!("{point:?} {at} {stand:?}");
            let interrupted = rig.unfinished().expect("it is under way").id;
            let finished = rig.deploy(&rig.request(NEWER)).await;
            assert_eq!(finished.outcome, Outcome::Succeeded, "{context}");
            rig.assert_live(NEWER);
            let before = rig.entries(interrupted);
            let outcome = match (stand, scenario) {
                (Stand::Untouched, _) => Outcome::Superseded,
                (_, Scenario::Faulty(_)) => Outcome::RolledBack,
                _ => Outcome::Succeeded,
            };
            assert_eq!(
                before.last(),
                Some(&Entry::Finished { outcome }),
                "{context}"
            );
            at += 1;
        }
    }
}

async fn survives_two_crashes(scenario: Scenario) {
    let origin = scenario.prepare().await;
    for point in SECOND {
        let mut at = 0;
        let mut all = 0;
        while dies_twice(scenario, &origin, at, point, &mut all).await {
            at += 1;
        }
        assert!(all > 3, "only {all} pairs of calls were met");
    }
}

/// One first crash with every second one; false when the deployment has fewer calls.
async fn dies_twice(
    scenario: Scenario,
    origin: &Rig,
    at: usize,
    point: (Of, Moment),
    all: &mut usize,
) -> bool {
    let Some((once, _)) = dies(scenario, origin, at, point).await else {
        return false;
    };
    for again in 0.. {
        let rig = once.fork();
        rig.unobserved();
        rig.world.arrange(fault(again, point, Then::Stall));
        let out = until_crash(&rig.world, rig.resume()).await;
        rig.world.settle();
        if out.is_some() {
            break;
        }
        *all += 1;
        let finished = rig
            .resume()
            .await
            .expect("there is something to go on with");
        let context = format!("{point:?} {at}, then {again}");
        check_end(scenario, &rig, finished.outcome, &context);
    }
    true
}

async fn survives_a_crash_of_what_came_next(scenario: Scenario) {
    let origin = scenario.prepare().await;
    let point = (Of::Effects, Moment::Before);
    let mut at = 0;
    while let Some((once, _)) = dies(scenario, &origin, at, point).await {
        for again in 0.. {
            let rig = once.fork();
            rig.unobserved();
            rig.world.arrange(fault(again, point, Then::Stall));
            let engine = rig.engine();
            let request = rig.request(NEWER);
            let out = until_crash(&rig.world, undisturbed(&engine, &request)).await;
            rig.world.settle();
            drop(engine);
            if out.is_some() {
                break;
            }
            // Whichever of the two died, it is brought to its end.
            let finished = rig
                .resume()
                .await
                .expect("there is something to go on with");
            let is_newer = finished.plan.target.release == release(NEWER).id;
            match (finished.outcome, is_newer) {
                (Outcome::Succeeded, true) => rig.assert_live(NEWER),
                (Outcome::Succeeded, false) => rig.assert_live(scenario.wanted()),
                (Outcome::Superseded | Outcome::RolledBack, false) => {
                    rig.assert_whole(scenario.old());
                }
                other => panic!("{at}, then {again}: {other:?}"),
            }
        }
        at += 1;
    }
    assert!(at > 3, "only {at} calls were met");
}

macro_rules! crashes {
    ($($module:ident: $scenario:expr;)*) => {$(
        mod $module {
            use super::*;

            #[tokio::test(start_paused = true)]
            async fn is_resumed_from_each_call() {
                is_resumed_everywhere($scenario).await;
            }

            #[tokio::test(start_paused = true)]
            async fn makes_way_for_a_newer_one_at_each_call() {
                makes_way_everywhere($scenario).await;
            }

            #[tokio::test(start_paused = true)]
            async fn survives_a_second_crash_at_each_effect() {
                survives_two_crashes($scenario).await;
            }

            #[tokio::test(start_paused = true)]
            async fn survives_a_crash_of_the_newer_one() {
                survives_a_crash_of_what_came_next($scenario).await;
            }
        }
    )*};
}
crashes! {
    first: Scenario::First;
    blue_green: Scenario::Replace("blue-green");
    rolling: Scenario::Replace("rolling");
    recreate: Scenario::Replace("recreate");
    rollback: Scenario::Rollback;
    faulty_blue_green: Scenario::Faulty("blue-green");
    faulty_rolling: Scenario::Faulty("rolling");
    faulty_recreate: Scenario::Faulty("recreate");
}
