//! What follows an exit.

use shipway_runtime::{Exit, Runtime, State, StopHow};

use crate::support::{
    World, eventually, has_exited, is_alive, key, kill, pid_of, until_gone, web, within,
};

const SERVE: (&str, &str) = ("serve.sh", "#!/bin/sh\necho port $PORT\nexec sleep 1000\n");

#[tokio::test]
async fn exit_codes_and_signals_are_told() {
    let world = World::new(&[
        ("code.sh", "#!/bin/sh\nexit 7\n"),
        ("signal.sh", "#!/bin/sh\nkill -SEGV $$\n"),
    ]);
    for (number, script, expected) in [
        (1, "./code.sh", Exit::Code(7)),
        (2, "./signal.sh", Exit::Signal(11)),
    ] {
        world.start(number, &web(script, "")).await;
        let instance = world.until("web-1", has_exited).await;
        assert!(matches!(instance.state, State::Exited { exit, .. } if exit == expected));
        assert_eq!(instance.restarts, 0);
    }
    let stopped = world.runtime.stop(&key(), None).await.unwrap();
    assert_eq!(stopped[0].how, StopHow::WasGone);
}

#[tokio::test]
async fn a_failing_service_is_started_again_as_often_as_allowed() {
    let world = World::new(&[("fail.sh", "#!/bin/sh\necho attempt\nexit 1\n")]);
    world
        .start(1, &web("./fail.sh", "restart: on-failure:2"))
        .await;
    let instance = world.until("web-1", has_exited).await;
    assert_eq!(instance.restarts, 2);
    let lines = world.logs("web-1", 100).await;
    let attempts = lines.iter().filter(|line| *line == "attempt").count();
    assert_eq!(attempts, 3, "{lines:?}");
    // Notes of the supervisor tell about the waits.
    assert!(
        lines
            .iter()
            .any(|line| line.contains("started again in 200ms")),
        "{lines:?}"
    );
}

#[tokio::test]
async fn success_does_not_restart_what_restarts_on_failure() {
    let world = World::new(&[("done.sh", "#!/bin/sh\nexit 0\n")]);
    world
        .start(1, &web("./done.sh", "restart: on-failure"))
        .await;
    let instance = world.until("web-1", has_exited).await;
    assert_eq!(instance.restarts, 0);
}

#[tokio::test]
async fn a_restarted_instance_has_the_same_port() {
    let world = World::new(&[SERVE]);
    world.start(1, &web("./serve.sh", "restart: always")).await;
    world.until_logged("web-1", "port").await;
    let before = world.instance("web-1").await;
    kill(pid_of(&before), rustix::process::Signal::KILL);
    until_gone(pid_of(&before)).await;
    let after = world
        .until("web-1", |instance| {
            instance.restarts == 1 && matches!(instance.state, State::Running { .. })
        })
        .await;
    assert_ne!(pid_of(&after), pid_of(&before));
    assert_eq!(after.address, before.address);
    let expected = format!("port {}", after.address.unwrap().port());
    let twice = eventually(async || {
        let lines = world.logs("web-1", 100).await;
        let count = lines.iter().filter(|line| **line == expected).count();
        (count == 2).then_some(())
    });
    assert!(twice.await.is_some());
}

#[tokio::test]
async fn an_instance_that_waits_for_its_restart_stops_at_once() {
    let world = World::new(&[("fail.sh", "#!/bin/sh\nexit 1\n")]);
    let more = "deploy: {restart_policy: {condition: any, delay: 1h}}";
    world.start(1, &web("./fail.sh", more)).await;
    let waits = |state: &State| {
        matches!(
            state,
            State::Restarting {
                exit: Exit::Code(1)
            }
        )
    };
    world
        .until("web-1", |instance| waits(&instance.state))
        .await;
    let supervisor = world.supervisor("web-1");
    let stopped = within(world.runtime.stop(&key(), None)).await.unwrap();
    assert_eq!(stopped[0].how, StopHow::WasGone);
    assert!(!is_alive(supervisor));
}

#[tokio::test]
async fn what_ended_for_good_is_started_anew_when_asked() {
    let world = World::new(&[("done.sh", "#!/bin/sh\necho ran\n")]);
    let spec = world.start(1, &web("./done.sh", "")).await;
    let first = world.until("web-1", has_exited).await;
    world.runtime.start(&spec).await.unwrap();
    let second = world.until("web-1", |instance| {
        has_exited(instance) && instance.state != first.state
    });
    assert_eq!(second.await.deployment, first.deployment);
}
