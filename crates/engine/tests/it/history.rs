//! What is gone back to, and what goes on.

use shipway_engine::deploy::DeployError;
use shipway_engine::deploy::Request;
use shipway_engine::release::ReleaseError;
use shipway_engine::rollback::RollbackError;
use shipway_pipeline::deployment::Outcome;
use shipway_pipeline::id::DeploymentId;
use shipway_pipeline::plan::Kind;
use shipway_pipeline::promotion::{Refusal, Source, decide_release};
use shipway_testkit::fakes::Ailment;

use crate::rig::{Rig, production, release, undisturbed, workload};

fn target(rig: &Rig, wanted: Option<u32>) -> Result<String, RollbackError> {
    let wanted = wanted.map(|number| release(number).id);
    let target = rig.engine().rollback_target(&production(), wanted.as_ref());
    target.map(|occupant| occupant.release.to_string())
}

fn id(number: u32) -> String {
    release(number).id.to_string()
}

#[tokio::test(start_paused = true)]
async fn a_rollback_needs_another_stable_release() {
    let rig = Rig::new("blue-green");
    assert!(matches!(
        target(&rig, None),
        Err(RollbackError::NothingLive(_))
    ));
    rig.deploy_all([1]).await;
    assert!(matches!(target(&rig, None), Err(RollbackError::NoOther(_))));
    rig.deploy_all([2]).await;
    assert_eq!(target(&rig, None).expect("there is one"), id(1));
    assert_eq!(target(&rig, Some(1)).expect("it was stable"), id(1));
    assert!(matches!(
        target(&rig, Some(3)),
        Err(RollbackError::NeverStable { .. })
    ));
}

#[tokio::test(start_paused = true)]
async fn a_release_that_was_rolled_back_is_not_returned_to() {
    let rig = Rig::new("recreate");
    rig.deploy_all([1]).await;
    rig.world.ail(&release(2).id, Ailment::NeverHealthy(1));
    let finished = rig.deploy(&rig.request(2)).await;
    assert_eq!(finished.outcome, Outcome::RolledBack);
    rig.deploy_all([3]).await;
    assert_eq!(target(&rig, None).expect("there is one"), id(1));
    assert!(matches!(
        target(&rig, Some(2)),
        Err(RollbackError::NeverStable { .. })
    ));
    let engine = rig.engine();
    let was_stable = |number| {
        let stable = engine.stable_since(&production(), &release(number).id);
        stable.expect("it can be read").is_some()
    };
    assert!(was_stable(1) && !was_stable(2) && was_stable(3));
}

#[tokio::test(start_paused = true)]
async fn a_rollback_returns_to_the_configuration_of_then() {
    let rig = Rig::new("blue-green");
    rig.deploy_all([1, 2]).await;
    let occupant = rig.engine().rollback_target(&production(), None);
    let occupant = occupant.expect("there is one");
    let stored = rig.store.workload(&occupant.workload);
    assert_eq!(stored.expect("it can be read"), Some(workload(1, 2)));
}

#[tokio::test(start_paused = true)]
async fn what_is_live_and_stable_is_promoted_unchanged() {
    let rig = Rig::new("blue-green");
    let staging = rig.project.environment("staging").expect("there is one");
    let decide = || {
        let record = rig.store.environment(&staging.name);
        let record = record.expect("it can be read");
        decide_release(&Source {
            name: &staging.name,
            live: record.live.as_ref(),
            stable: record.stable.as_ref(),
        })
    };
    assert!(matches!(decide(), Err(Refusal::NothingLive { .. })));
    // The intents of production are not those of staging.
    rig.world.observe(|_| None);
    let request = Request {
        environment: staging,
        ..rig.request(1)
    };
    assert_eq!(rig.deploy(&request).await.outcome, Outcome::Succeeded);
    assert_eq!(decide(), Ok(release(1).id));

    let promotion = Request {
        kind: Kind::Promote,
        ..rig.request(1)
    };
    assert_eq!(rig.deploy(&promotion).await.outcome, Outcome::Succeeded);
    rig.assert_live(1);
    let trail = rig.store.audit_trail(2).expect("it can be read");
    let actions: Vec<&str> = trail.iter().map(|line| line.action.as_str()).collect();
    assert_eq!(actions, ["promote", "deploy"]);
}

#[tokio::test(start_paused = true)]
async fn a_release_is_known_by_the_beginning_of_its_id() {
    let rig = Rig::new("blue-green");
    let engine = rig.engine();
    let found = engine.release_by_name(&id(2)).expect("it is recorded");
    assert_eq!(found, release(2));
    for unknown in ["r", "r000", "r0000000000ff"] {
        let refused = engine.release_by_name(unknown);
        assert!(
            matches!(refused, Err(ReleaseError::Unknown(_))),
            "{unknown}"
        );
    }
}

#[tokio::test(start_paused = true)]
async fn what_was_agreed_to_is_done_and_nothing_else() {
    let rig = Rig::new("blue-green");
    rig.deploy_all([1]).await;
    let plan = rig
        .engine()
        .plan(&rig.request(2))
        .expect("it can be planned");
    let agreed = Request {
        agreed: Some(plan.clone()),
        ..rig.request(2)
    };
    assert_eq!(rig.deploy(&agreed).await.plan, plan);
    rig.assert_live(2);

    let plan = rig
        .engine()
        .plan(&rig.request(3))
        .expect("it can be planned");
    rig.deploy_all([4]).await;
    let stale = Request {
        agreed: Some(plan),
        ..rig.request(3)
    };
    let refused = undisturbed(&rig.engine(), &stale).await;
    assert!(
        matches!(refused, Err(DeployError::Changed(_))),
        "{refused:?}"
    );
    rig.assert_live(4);
}

#[tokio::test(start_paused = true)]
async fn a_release_that_is_deployed_again_has_been_stable_since_the_first_time() {
    let rig = Rig::new("blue-green");
    rig.deploy_all([1, 1, 2, 1]).await;
    let engine = rig.engine();
    let since = |number| {
        let since = engine.stable_since(&production(), &release(number).id);
        since.expect("it can be read").expect("it was stable")
    };
    let ended = |id| {
        let deployment = engine.store.deployment(DeploymentId(id));
        deployment
            .expect("it can be read")
            .expect("it is there")
            .changed
    };
    // In between another one was live: it is stable anew.
    assert_eq!((since(1), since(2)), (ended(4), ended(3)));
    rig.deploy_all([1]).await;
    assert_eq!(since(1), ended(4));
}
