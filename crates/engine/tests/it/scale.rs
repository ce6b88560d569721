//! More and fewer instances: all of them, or those that are healthy, wherever it is broken off.

use shipway_engine::deploy::{DeployError, Finished};
use shipway_engine::scale::{ScaleError, ScaleRequest};
use shipway_pipeline::colour::Slot;
use shipway_pipeline::deployment::Outcome;
use shipway_pipeline::name::ServiceName;
use shipway_pipeline::plan::{Refusal, Sizes};
use shipway_testkit::fakes::{Ailment, Then};

use crate::rig::{POINTS, Rig, fault, key, nobody, production, release, until_crash};

/// From how many of web, and to how many: the rig has two of it and one worker.
const WAYS: [&[(&str, u32)]; 3] = [
    &[("web", 4)],
    &[("web", 1), ("worker", 0)],
    &[("web", 3), ("worker", 2)],
];

fn sizes(pairs: &[(&str, u32)]) -> Sizes {
    let size = |(service, size): &(&str, u32)| (service.parse().expect("a name"), *size);
    pairs.iter().map(size).collect()
}

fn request<'a>(rig: &'a Rig, wanted: &[(&str, u32)]) -> ScaleRequest<'a> {
    let environment = rig.project.environment("production");
    ScaleRequest {
        project: &rig.project,
        environment: environment.expect("it is configured"),
        wanted: sizes(wanted),
        wait: false,
        agreed: None,
    }
}

async fn scale(rig: &Rig, wanted: &[(&str, u32)]) -> Result<Option<Finished>, ScaleError> {
    let request = request(rig, wanted);
    rig.engine().scale(&request, &mut nobody()).await
}

/// How many of a service are alive; all of them the live release's, and routed if it is web.
#[track_caller]
fn size(rig: &Rig, service: &str) -> u32 {
    let service: ServiceName = service.parse().expect("a name");
    let live = rig.store.environment(&production()).expect("a record").live;
    let live = live.expect("something is live");
    let numbers: Vec<u32> = rig
        .instances(live.colour.into())
        .into_iter()
        .inspect(|(_, deployment, _)| assert_eq!(*deployment, live.deployment))
        .filter(|(id, ..)| id.service == service)
        .map(|(id, ..)| id.number)
        .collect();
    if service.as_str() == "web" {
        let route = rig.world.route(&key()).expect("a route");
        let routed = route.backends.iter().map(|one| one.instance.number);
        assert_eq!(routed.collect::<Vec<_>>(), numbers);
    }
    let size = live.sizes.get(&service).copied().unwrap_or(0);
    assert_eq!(numbers, (1..=size).collect::<Vec<_>>(), "what is recorded");
    size
}

#[track_caller]
fn assert_sizes(rig: &Rig, wanted: &[(&str, u32)]) {
    rig.assert_sound();
    for (service, wanted) in wanted {
        assert_eq!(size(rig, service), *wanted, "{service}");
    }
    let record = rig.store.environment(&production()).expect("a record");
    assert_eq!(record.live, record.stable);
    assert_eq!((rig.unfinished(), record.frozen), (None, None));
}

async fn origin() -> Rig {
    let rig = Rig::new("blue-green");
    rig.deploy_all([1]).await;
    rig
}

#[tokio::test(start_paused = true)]
async fn instances_come_and_go() {
    let rig = origin().await;
    for wanted in WAYS {
        let finished = scale(&rig, wanted).await.expect("it is carried out");
        assert_eq!(finished.expect("a change").outcome, Outcome::Succeeded);
        assert_sizes(&rig, wanted);
        let again = scale(&rig, wanted).await.expect("it is carried out");
        assert!(again.is_none(), "nothing is left to do");
    }
}

#[tokio::test(start_paused = true)]
async fn the_next_releases_start_at_the_size_that_was_set() {
    let rig = origin().await;
    scale(&rig, &[("web", 4), ("worker", 0)]).await.expect("ok");
    rig.deploy_all([2]).await;
    assert_sizes(&rig, &[("web", 4), ("worker", 0)]);
    let finished = rig.deploy(&rig.rollback(1)).await;
    assert_eq!(finished.outcome, Outcome::Succeeded);
    assert_sizes(&rig, &[("web", 4), ("worker", 0)]);
    assert_eq!(rig.instances(Slot::Green), []);
}

#[tokio::test(start_paused = true)]
async fn those_that_are_healthy_stay() {
    for ailment in [Ailment::NeverHealthy(4), Ailment::EndsAtOnce(4)] {
        let rig = origin().await;
        rig.world.ail(&release(1).id, ailment);
        let finished = scale(&rig, &[("web", 5)]).await.expect("it is carried out");
        let finished = finished.expect("a change");
        assert_eq!(finished.outcome, Outcome::Failed);
        let cause = finished.cause.expect("there is one").to_string();
        assert!(cause.contains("web-4"), "{cause}");
        assert_sizes(&rig, &[("web", 3)]);
    }
}

/// Dies at each call; then the same command finishes, another one does what it says, a deployment
/// goes its way, and `resume` finishes as well.
#[tokio::test(start_paused = true)]
async fn an_interrupted_command_is_finished_by_the_same_one() {
    let origin = origin().await;
    for wanted in WAYS {
        for point in POINTS {
            let mut at = 0;
            while let Some(rig) = dies(&origin, wanted, at, point).await {
                match at % 4 {
                    0 => {
                        scale(&rig, wanted).await.expect("it is carried out");
                        assert_sizes(&rig, wanted);
                    }
                    1 => {
                        let other = [("web", 2), ("worker", 1)];
                        scale(&rig, &other).await.expect("it is carried out");
                        assert_sizes(&rig, &other);
                    }
                    2 => {
                        rig.deploy_all([2]).await;
                        rig.assert_sound();
                        size(&rig, "web");
                    }
                    _ => {
                        rig.resume().await;
                        assert_sizes(&rig, wanted);
                    }
                }
                at += 1;
            }
            assert!(at > 1, "only {at} calls were met");
        }
    }
}

async fn dies(
    origin: &Rig,
    wanted: &[(&str, u32)],
    at: usize,
    point: (shipway_testkit::fakes::Of, shipway_testkit::fakes::Moment),
) -> Option<Rig> {
    let rig = origin.fork();
    rig.world.keep_serving(&key());
    rig.world.arrange(fault(at, point, Then::Stall));
    let engine = rig.engine();
    let request = request(&rig, wanted);
    let mut nobody = nobody();
    let out = until_crash(&rig.world, engine.scale(&request, &mut nobody)).await;
    rig.world.settle();
    drop(engine);
    out.is_none().then_some(rig)
}

/// Fails at each call: what is recorded is what is there, or the next command makes it so.
#[tokio::test(start_paused = true)]
async fn a_failure_leaves_what_is_recorded() {
    let origin = origin().await;
    for wanted in WAYS {
        for point in POINTS {
            for at in 0.. {
                let rig = origin.fork();
                rig.world.keep_serving(&key());
                rig.world.arrange(fault(at, point, Then::Fail));
                // The first question of all may be what fails.
                let _ = scale(&rig, wanted).await;
                let met = rig.world.was_met();
                rig.world.settle();
                scale(&rig, wanted).await.expect("it is carried out");
                assert_sizes(&rig, wanted);
                if !met {
                    break;
                }
            }
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_deployment_under_way_refuses() {
    let rig = origin().await;
    let lease = rig
        .store
        .take_lease(&production(), "bob", shipway_engine::clock::now());
    let refused = scale(&rig, &[("web", 3)]).await.unwrap_err();
    assert!(
        matches!(refused, ScaleError::Deploy(DeployError::Lease(_))),
        "{refused}"
    );
    drop(lease);
    let refused = scale(&rig, &[("beat", 2)]).await.unwrap_err();
    assert!(
        matches!(refused, ScaleError::Refused(Refusal::Singleton(_))),
        "{refused}"
    );
}
