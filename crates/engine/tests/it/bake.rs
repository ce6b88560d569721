//! A release is judged after the switch.

use shipway_engine::event::Kind;
use shipway_pipeline::deployment::{Cause, Outcome, State};
use shipway_pipeline::journal::Entry;
use shipway_runtime::Exit;
use shipway_testkit::fakes::{Call, Moment, Of, Then};

use crate::rig::{
    Rig, Settings, done, fault, interfere, key, release, undisturbed, until_crash, web,
};
use crate::scenario::answers;

/// Decided by what is seen, long before it is over.
const LONG: &str = "{ duration: 1h, interval: 1s, min_requests: 100 }";
/// Over at once, and too short for a verdict where nobody asks for anything.
const SILENT: &str = "{ duration: 1ms, interval: 1ms, min_requests: 100, on_inconclusive: probe }";

fn rig(bake: &'static str) -> Rig {
    let rig = Rig::with(Settings {
        bake,
        ..Settings::new("blue-green")
    });
    rig.world.answers(&release(1).id, answers(1000, 0));
    rig
}

/// The same project, where the first release is live already; its bake is the short one.
async fn with_one_live(bake: &'static str) -> Rig {
    let rig = rig(bake);
    let mut request = rig.request(1);
    let short = Rig::new("blue-green");
    request.environment = short
        .project
        .environment("production")
        .expect("there is one");
    assert_eq!(rig.deploy(&request).await.outcome, Outcome::Succeeded);
    rig.world.keep_serving(&key());
    rig
}

/// Deploys the second release and does something at its first look.
async fn at_first_look(rig: &Rig, act: impl FnOnce()) -> shipway_engine::deploy::Finished {
    arrange_first_look(rig, Then::Gate).await;
    let engine = rig.engine();
    let request = rig.request(2);
    let work = undisturbed(&engine, &request);
    let (met, finished) = interfere(&rig.world, work, || {
        act();
        rig.world.open();
    })
    .await;
    assert!(met);
    done(finished)
}

/// What asks for the traffic before the drain of the old one is a look.
async fn arrange_first_look(rig: &Rig, then: Then) {
    let dry = Rig::new("blue-green");
    dry.deploy_all([1]).await;
    let before = dry.world.calls().len();
    dry.deploy_all([2]).await;
    let calls = dry.world.calls();
    let look = calls[before..]
        .iter()
        .position(|call| *call == Call::Traffic);
    let look = look.expect("it is looked at");
    // The instances are listed before the traffic is asked for.
    rig.world
        .arrange(fault(look - 1, (Of::Calls, Moment::Before), then));
}

fn judged(cause: Option<&Cause>) -> String {
    match cause {
        Some(Cause::Judged { failure }) => {
            format!("{}\n{}", failure.reason, failure.evidence.join("\n"))
        }
        other => panic!("it was not judged but {other:?}"),
    }
}

#[tokio::test(start_paused = true)]
async fn errors_roll_it_back_with_the_evidence() {
    let rig = with_one_live(LONG).await;
    rig.world.answers(&release(2).id, answers(1000, 100));
    let finished = rig.deploy(&rig.request(2)).await;
    assert_eq!(finished.outcome, Outcome::RolledBack);
    let said = judged(finished.cause.as_ref());
    assert!(
        said.contains("9.1 % of the last 1100 requests failed (limit 1.0 %)"),
        "{said}"
    );
    assert!(
        said.contains("100 answered 5xx, 0 not answered, of 1100 requests"),
        "{said}"
    );
    rig.assert_live(1);
    let entries = rig.entries(finished.deployment);
    let is_judged = |entry: &&Entry| matches!(entry, Entry::Judged { failure: Some(_) });
    assert_eq!(entries.iter().filter(is_judged).count(), 1);
}

#[tokio::test(start_paused = true)]
async fn traffic_that_is_answered_passes() {
    let rig =
        rig("{ duration: 1ms, interval: 1ms, min_requests: 100, on_inconclusive: roll-back }");
    rig.deploy_all([1]).await;
    rig.assert_live(1);
}

#[tokio::test(start_paused = true)]
async fn silence_extends_the_bake_and_is_then_decided_by_probes() {
    let rig = with_one_live(SILENT).await;
    let (engine, mut events) = rig.engine_and_events();
    let request = rig.request(2);
    let finished = done(undisturbed(&engine, &request).await);
    assert_eq!(finished.outcome, Outcome::Succeeded);
    rig.assert_live(2);
    let mut looks = 0;
    while let Ok(event) = events.try_recv() {
        looks += u32::from(matches!(event.kind, Kind::Look { .. }));
    }
    assert!(looks >= 2, "it was looked at {looks} times");
}

#[tokio::test(start_paused = true)]
async fn silence_rolls_it_back_where_that_is_wanted() {
    let rig = with_one_live(
        "{ duration: 1ms, interval: 1ms, min_requests: 100, on_inconclusive: roll-back }",
    )
    .await;
    let finished = rig.deploy(&rig.request(2)).await;
    assert_eq!(finished.outcome, Outcome::RolledBack);
    let said = judged(finished.cause.as_ref());
    assert!(said.contains("too little traffic"), "{said}");
    assert!(
        said.contains("0 requests were seen, 100 are needed"),
        "{said}"
    );
    rig.assert_live(1);
}

#[tokio::test(start_paused = true)]
async fn an_instance_that_ends_rolls_it_back() {
    let rig = with_one_live(LONG).await;
    let finished = at_first_look(&rig, || {
        rig.world
            .end(&key(), &release(2).id, &web(2), Exit::OutOfMemory);
    })
    .await;
    assert_eq!(finished.outcome, Outcome::RolledBack);
    let said = judged(finished.cause.as_ref());
    assert!(said.contains("web-2: it ended: out of memory"), "{said}");
    assert!(said.contains("last words of web-2"), "{said}");
    rig.assert_live(1);
}

#[tokio::test(start_paused = true)]
async fn an_instance_that_was_started_again_rolls_it_back() {
    let rig = with_one_live(LONG).await;
    // After the first look, which only takes note of how often each was started.
    let engine = rig.engine();
    let request = rig.request(2);
    arrange_first_look(&rig, Then::Gate).await;
    let work = undisturbed(&engine, &request);
    let (_, finished) = interfere(&rig.world, work, || {
        rig.world.open();
        let world = rig.world.clone();
        tokio::spawn(async move {
            // Looks are a second apart, and time passes only when everybody waits.
            tokio::time::sleep(std::time::Duration::from_millis(500)).await;
            world.restart(&key(), &release(2).id, &web(1));
        });
    })
    .await;
    let finished = done(finished);
    assert_eq!(finished.outcome, Outcome::RolledBack);
    let said = judged(finished.cause.as_ref());
    assert!(
        said.contains("web-1: it ended and was started again"),
        "{said}"
    );
    rig.assert_live(1);
}

#[tokio::test(start_paused = true)]
async fn an_instance_that_becomes_unhealthy_rolls_it_back() {
    for id in ["web-1", "worker-1"] {
        let rig = with_one_live(LONG).await;
        let finished = at_first_look(&rig, || {
            let id = id.parse().expect("an instance");
            rig.world.sicken(&key(), &release(2).id, &id);
        })
        .await;
        assert_eq!(finished.outcome, Outcome::RolledBack);
        let said = judged(finished.cause.as_ref());
        assert!(said.contains("an instance became unhealthy"), "{said}");
        assert!(said.contains(id), "{said}");
        rig.assert_live(1);
    }
}

#[tokio::test(start_paused = true)]
async fn a_crash_of_the_engine_does_not_move_the_end_of_the_bake() {
    let rig = with_one_live(LONG).await;
    arrange_first_look(&rig, Then::Stall).await;
    let engine = rig.engine();
    let request = rig.request(2);
    let out = until_crash(&rig.world, undisturbed(&engine, &request)).await;
    assert!(out.is_none());
    drop(engine);
    let before = rig.unfinished().expect("it is under way");
    let State::Baking { bake, .. } = &before.state else {
        panic!("it is {:?}", before.state);
    };
    let until = bake.until;

    rig.world
        .arrange(fault(0, (Of::Calls, Moment::Before), Then::Stall));
    assert!(until_crash(&rig.world, rig.resume()).await.is_none());
    let after = rig.unfinished().expect("it is under way");
    assert!(
        matches!(&after.state, State::Baking { bake, .. } if bake.until == until),
        "{:?}",
        after.state
    );
    // And it is still judged.
    rig.world.settle();
    rig.world.answers(&release(2).id, answers(0, 1000));
    let finished = rig
        .resume()
        .await
        .expect("there is something to go on with");
    assert_eq!(finished.outcome, Outcome::RolledBack);
    rig.assert_live(1);
}
