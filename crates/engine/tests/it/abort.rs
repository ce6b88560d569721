//! Somebody wants a deployment stopped, or leaves it.

use shipway_engine::deploy::DeployError;
use shipway_engine::{ExecutorError, Interrupt};
use shipway_pipeline::deployment::{Cause, Outcome};
use shipway_pipeline::journal::Entry;
use shipway_testkit::fakes::{Moment, Of, Then};
use tokio::sync::watch;

use crate::rig::{ACTOR, POINTS, Rig, Stand, done, fault, interfere, production, undisturbed};
use crate::scenario::Scenario;

async fn is_aborted_everywhere(scenario: Scenario) {
    let origin = scenario.prepare().await;
    for point in POINTS {
        for at in 0.. {
            let rig = origin.fork();
            let request = scenario.request(&rig);
            rig.world.arrange(fault(at, point, Then::Stall));
            let mut stand = None;
            let ask = || {
                let deployment = rig.unfinished().expect("it is under way");
                stand = Some(Stand::of(&deployment));
                let asked = rig.store.request_abort(deployment.id, "bob");
                asked.expect("it is recorded");
            };
            let engine = rig.engine();
            let work = undisturbed(&engine, &request);
            let finished = done(interfere(&rig.world, work, ask).await.1);
            let Some(stand) = stand else { break };

            let entries = rig.entries(finished.deployment);
            let asked = Entry::AbortRequested {
                by: "bob".to_owned(),
            };
            assert_eq!(entries.iter().filter(|entry| **entry == asked).count(), 1);
            if stand == Stand::Stable {
                assert_eq!(finished.outcome, Outcome::Succeeded);
                rig.assert_live(scenario.wanted());
            } else {
                let context = format!("{point:?} {at} {stand:?}");
                assert_eq!(finished.outcome, Outcome::Cancelled, "{context}");
                let by = "bob".to_owned();
                assert_eq!(finished.cause, Some(Cause::Aborted { by }));
                rig.assert_whole(scenario.old());
            }
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_first_release_is_aborted_at_each_call() {
    is_aborted_everywhere(Scenario::First).await;
}

#[tokio::test(start_paused = true)]
async fn blue_green_is_aborted_at_each_call() {
    is_aborted_everywhere(Scenario::Replace("blue-green")).await;
}

#[tokio::test(start_paused = true)]
async fn rolling_is_aborted_at_each_call() {
    is_aborted_everywhere(Scenario::Replace("rolling")).await;
}

#[tokio::test(start_paused = true)]
async fn recreate_is_aborted_at_each_call() {
    is_aborted_everywhere(Scenario::Replace("recreate")).await;
}

#[tokio::test(start_paused = true)]
async fn a_rollback_is_aborted_at_each_call() {
    is_aborted_everywhere(Scenario::Rollback).await;
}

#[tokio::test(start_paused = true)]
async fn an_abort_says_nothing_about_the_release() {
    let rig = aborted_in_its_bake().await;
    let judged = |entry: &Entry| matches!(entry, Entry::Judged { .. });
    let deployments = rig.store.deployments(Some(&production()), 1);
    let newest = deployments.expect("they can be read").remove(0);
    assert!(!rig.entries(newest.id).iter().any(judged));
}

/// Stopped while it was looked at: its bake lasts longer than any test.
async fn aborted_in_its_bake() -> Rig {
    let rig = Rig::with(crate::rig::Settings {
        bake: "{ duration: 1h, interval: 1s }",
        ..crate::rig::Settings::new("blue-green")
    });
    // What the first look begins with.
    let calls = {
        let dry = Rig::new("blue-green");
        dry.deploy(&dry.request(1)).await;
        let calls = dry.world.calls();
        let is_traffic = |call: &shipway_testkit::fakes::Call| {
            matches!(call, shipway_testkit::fakes::Call::Traffic)
        };
        calls.iter().position(is_traffic).expect("it is looked at")
    };
    rig.world
        .arrange(fault(calls, (Of::Calls, Moment::Before), Then::Stall));
    let engine = rig.engine();
    let request = rig.request(1);
    let ask = || {
        let deployment = rig.unfinished().expect("it is under way");
        let asked = rig.store.request_abort(deployment.id, "bob");
        asked.expect("it is recorded");
    };
    let work = undisturbed(&engine, &request);
    let (met, finished) = interfere(&rig.world, work, ask).await;
    assert!(met);
    assert_eq!(done(finished).outcome, Outcome::Cancelled);
    rig
}

#[tokio::test(start_paused = true)]
async fn an_interrupt_at_the_terminal_aborts_at_each_call() {
    let origin = Scenario::Replace("blue-green").prepare().await;
    for at in 0.. {
        let rig = origin.fork();
        rig.world
            .arrange(fault(at, (Of::Calls, Moment::Before), Then::Stall));
        let (sender, mut interrupts) = watch::channel(Interrupt::None);
        let mut stand = None;
        let interrupt = || {
            let deployment = rig.unfinished().expect("it is under way");
            stand = Some(Stand::of(&deployment));
            sender.send_replace(Interrupt::Abort);
        };
        let engine = rig.engine();
        let request = rig.request(2);
        let work = engine.deploy(&request, &mut interrupts);
        let finished = done(interfere(&rig.world, work, interrupt).await.1);
        match stand {
            None => break,
            Some(Stand::Stable) => {
                assert_eq!(finished.outcome, Outcome::Succeeded);
                rig.assert_live(2);
            }
            Some(_) => {
                let by = ACTOR.to_owned();
                assert_eq!(finished.cause, Some(Cause::Aborted { by }));
                assert_eq!(finished.outcome, Outcome::Cancelled);
                rig.assert_live(1);
            }
        }
    }
}

#[tokio::test(start_paused = true)]
async fn who_detaches_leaves_it_where_it_stands() {
    let origin = Scenario::Replace("rolling").prepare().await;
    for at in 0.. {
        let rig = origin.fork();
        rig.world
            .arrange(fault(at, (Of::Calls, Moment::Before), Then::Stall));
        let (sender, mut interrupts) = watch::channel(Interrupt::None);
        let engine = rig.engine();
        let request = rig.request(2);
        let work = engine.deploy(&request, &mut interrupts);
        let (met, left) = interfere(&rig.world, work, || {
            sender.send_replace(Interrupt::Detach);
        })
        .await;
        if !met {
            break;
        }
        let under_way = rig.unfinished().expect("it is under way");
        assert!(
            matches!(left, Err(DeployError::Executor(ExecutorError::Detached(id))) if id == under_way.id),
            "{left:?}"
        );
        let finished = rig
            .resume()
            .await
            .expect("there is something to go on with");
        assert_eq!(finished.outcome, Outcome::Succeeded);
        rig.assert_live(2);
    }
}

#[tokio::test(start_paused = true)]
async fn what_nobody_carries_out_is_aborted_by_who_resumes_it() {
    let rig = Scenario::Replace("blue-green").prepare().await;
    rig.world
        .arrange(fault(3, (Of::Effects, Moment::Before), Then::Stall));
    let engine = rig.engine();
    let request = rig.request(2);
    let work = undisturbed(&engine, &request);
    assert!(crate::rig::until_crash(&rig.world, work).await.is_none());
    drop(engine);
    let deployment = rig.unfinished().expect("it is under way");
    let asked = rig.store.request_abort(deployment.id, "bob");
    asked.expect("it is recorded");

    let finished = rig
        .resume()
        .await
        .expect("there is something to go on with");
    assert_eq!(finished.outcome, Outcome::Cancelled);
    rig.assert_live(1);
}
