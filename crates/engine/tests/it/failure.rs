//! Something fails at each call: before anything was touched the deployment has failed, after it
//! everything is as it was, and once the release is stable what is left is tidying up.

use shipway_engine::deploy::Finished;
use shipway_pipeline::deployment::{Cause, Outcome};
use shipway_pipeline::journal::Entry;
use shipway_pipeline::plan::Stage;
use shipway_testkit::fakes::{Ailment, Call, Then};

use crate::rig::{POINTS, Rig, Stand, fault, release};
use crate::scenario::{NEWER, Scenario};

async fn fails_everywhere(scenario: Scenario) {
    let origin = scenario.prepare().await;
    for point in POINTS {
        for at in 0.. {
            let rig = origin.fork();
            let request = scenario.request(&rig);
            rig.world.arrange(fault(at, point, Then::Fail));
            let finished = rig.deploy(&request).await;
            let met = rig.world.was_met();
            rig.world.settle();
            check(scenario, &rig, &finished).await;
            if !met {
                break;
            }
        }
    }
}

async fn check(scenario: Scenario, rig: &Rig, finished: &Finished) {
    let context = format!("{finished:?}");
    rig.assert_sound();
    let Some(stand) = failed_at(rig, finished) else {
        assert_eq!(finished.outcome, Outcome::Succeeded, "{context}");
        rig.assert_live(scenario.wanted());
        return;
    };
    let wanted = match (stand, scenario.old()) {
        (Stand::Stable, _) => Outcome::Succeeded,
        (Stand::Touched, Some(_)) => Outcome::RolledBack,
        _ => Outcome::Failed,
    };
    assert_eq!(finished.outcome, wanted, "{stand:?} {context}");
    if stand == Stand::Stable {
        // What could not be stopped is cleared by the next deployment.
        rig.deploy_all([NEWER]).await;
        rig.assert_live(NEWER);
    } else {
        assert!(finished.cause.is_some(), "{context}");
        rig.assert_whole(scenario.old());
    }
}

/// How far the deployment had come when its first step failed.
fn failed_at(rig: &Rig, finished: &Finished) -> Option<Stand> {
    let entries = rig.entries(finished.deployment);
    let failed = entries.iter().position(|entry| {
        matches!(
            entry,
            Entry::Failed { .. } | Entry::Judged { failure: Some(_) }
        )
    })?;
    let intents = entries[..failed]
        .iter()
        .filter(|entry| matches!(entry, Entry::Intent { .. }));
    Some(Stand::at(&finished.plan, intents.count() - 1))
}

#[tokio::test(start_paused = true)]
async fn a_first_release_fails_at_each_call() {
    fails_everywhere(Scenario::First).await;
}

#[tokio::test(start_paused = true)]
async fn blue_green_fails_at_each_call() {
    fails_everywhere(Scenario::Replace("blue-green")).await;
}

#[tokio::test(start_paused = true)]
async fn rolling_fails_at_each_call() {
    fails_everywhere(Scenario::Replace("rolling")).await;
}

#[tokio::test(start_paused = true)]
async fn recreate_fails_at_each_call() {
    fails_everywhere(Scenario::Replace("recreate")).await;
}

#[tokio::test(start_paused = true)]
async fn a_rollback_fails_at_each_call() {
    fails_everywhere(Scenario::Rollback).await;
}

#[tokio::test(start_paused = true)]
async fn a_sick_release_goes_and_says_why() {
    for strategy in ["blue-green", "rolling", "recreate"] {
        for (ailment, reason, evidence) in [
            (Ailment::CannotStart, "the program is missing", None),
            (
                Ailment::EndsAtOnce(1),
                "-1 ended: exit code 3",
                Some("last words of"),
            ),
            (
                Ailment::NeverHealthy(1),
                "did not become healthy in time",
                Some("last words of"),
            ),
            (
                Ailment::MigrationFails,
                "`migrate` ended with exit code 1",
                Some("d2-migrate runs"),
            ),
        ] {
            let rig = Rig::new(strategy);
            rig.deploy_all([1]).await;
            rig.world.ail(&release(2).id, ailment);
            let finished = rig.deploy(&rig.request(2)).await;
            let touched = strategy == "recreate" && ailment != Ailment::MigrationFails;
            let outcome = if touched {
                Outcome::RolledBack
            } else {
                Outcome::Failed
            };
            assert_eq!(finished.outcome, outcome, "{strategy} {ailment:?}");
            let cause = finished.cause.expect("it says why");
            let text = cause.to_string();
            assert!(text.contains(reason), "{text}");
            if let Some(evidence) = evidence {
                let said = cause.evidence().join("\n");
                assert!(said.contains(evidence), "{said}");
            }
            rig.assert_live(1);
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_rolling_release_whose_second_instance_is_sick_goes_back() {
    let rig = Rig::new("rolling");
    rig.deploy_all([1]).await;
    rig.world.ail(&release(2).id, Ailment::NeverHealthy(2));
    let finished = rig.deploy(&rig.request(2)).await;
    assert_eq!(finished.outcome, Outcome::RolledBack);
    assert!(matches!(
        finished.cause,
        Some(Cause::StepFailed {
            stage: Stage::Starting,
            ..
        })
    ));
    rig.assert_live(1);
}

#[tokio::test(start_paused = true)]
async fn what_failed_is_no_obstacle_to_what_comes_next() {
    let rig = Rig::new("blue-green");
    rig.deploy_all([1]).await;
    rig.world.ail(&release(2).id, Ailment::NeverHealthy(1));
    rig.deploy(&rig.request(2)).await;
    rig.deploy_all([3]).await;
    rig.assert_live(3);
    let starts = rig.world.calls();
    let started: Vec<_> = starts
        .iter()
        .filter(|call| matches!(call, Call::Start { .. }))
        .collect();
    assert!(!started.is_empty());
}
