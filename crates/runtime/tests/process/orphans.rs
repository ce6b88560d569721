//! A supervisor that was killed leaves nothing behind for long.

use rustix::process::Signal;
use shipway_runtime::{Exit, Runtime, State, StopHow};

use crate::support::{
    World, has_exited, is_alive, key, kill, number_in, pid_of, until_gone, web, within,
};

/// Has descendants in its group, in a session of its own, and without a trace in the environment.
const FAMILY: (&str, &str) = (
    "family.sh",
    "#!/bin/sh\nsleep 1000 &\necho near $!\nsetsid sleep 1000 &\necho far $!\nenv -i sleep 1000 &\necho bare $!\necho ready\nwhile :; do wait; done\n",
);

/// A world whose supervisor was killed, with the pids that are left.
async fn world_of_orphans() -> (World, [u32; 3]) {
    let world = World::new(&[FAMILY]);
    world.start(1, &web("./family.sh", "restart: always")).await;
    world.until_logged("web-1", "ready").await;
    let main = pid_of(&world.instance("web-1").await);
    let mut descendants = [0; 3];
    for (pid, name) in descendants.iter_mut().zip(["near", "far", "bare"]) {
        *pid = number_in(&world.until_logged("web-1", name).await);
    }
    let supervisor = world.supervisor("web-1");
    kill(supervisor, Signal::KILL);
    until_gone(supervisor).await;
    // The kernel ends the main process itself.
    until_gone(main).await;
    assert!(descendants.into_iter().all(is_alive));
    (world, descendants)
}

#[tokio::test]
async fn list_ends_them_and_tells() {
    let (world, descendants) = world_of_orphans().await;
    let instance = world.instance("web-1").await;
    assert!(!descendants.into_iter().any(is_alive));
    let killed = Exit::Signal(Signal::KILL.as_raw());
    assert!(matches!(instance.state, State::Exited { exit, .. } if exit == killed));
    assert_eq!(world.instance("web-1").await, instance);
}

#[tokio::test]
async fn stop_ends_them_and_removes() {
    let (world, descendants) = world_of_orphans().await;
    let stopped = within(world.runtime.stop(&key(), None)).await.unwrap();
    assert_eq!(stopped[0].how, StopHow::WasGone);
    assert!(!descendants.into_iter().any(is_alive));
    assert!(world.list().await.is_empty());
}

#[tokio::test]
async fn start_ends_them_and_starts_anew() {
    let (world, descendants) = world_of_orphans().await;
    let spec = world.start(1, &web("./family.sh", "restart: always")).await;
    assert!(!descendants.into_iter().any(is_alive));
    let instance = world.instance("web-1").await;
    assert_eq!(instance.deployment, spec.deployment);
    assert!(is_alive(pid_of(&instance)));
}

#[tokio::test]
async fn what_a_service_leaves_behind_when_it_ends_is_ended() {
    let script = "#!/bin/sh\nsetsid sleep 1000 &\necho far $!\nexit 4\n";
    let world = World::new(&[("leave.sh", script)]);
    world.start(1, &web("./leave.sh", "")).await;
    let far = number_in(&world.until_logged("web-1", "far").await);
    let instance = world.until("web-1", has_exited).await;
    assert!(matches!(
        instance.state,
        State::Exited {
            exit: Exit::Code(4),
            ..
        }
    ));
    assert!(!is_alive(far));
}
