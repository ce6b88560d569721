//! Containers that are kept, stopped, for as long as the way back to them is open.

use shipway_pipeline::colour::Slot;
use shipway_pipeline::id::Epoch;
use shipway_runtime::{Foreign, Runtime};

use crate::support::{ENDS_SLOWLY, World, docker, ends_slowly, eventually, is_running};

/// When the engine started a container; it says so only of one that runs.
fn started(container: &str) -> Option<String> {
    let format = "{{.State.Running}} {{.State.StartedAt}}";
    let said = docker(&["inspect", "--format", format, container]);
    let (is_running, at) = said.trim().split_once(' ')?;
    (is_running == "true").then(|| at.to_owned())
}

/// Waits until a container that ends slowly was told to.
async fn is_ending(container: &str) {
    eventually(async || {
        let said = docker(&["logs", container]);
        said.contains("ending").then_some(())
    })
    .await;
}

/// What an environment has taken over, under its lease's epoch.
fn of(world: &World, epoch: u64) -> Foreign {
    Foreign {
        route: world.key(Slot::Shared).route,
        epoch: Epoch(epoch),
        project: world.project.clone(),
        services: vec!["web".parse().unwrap()],
    }
}

#[tokio::test]
#[ignore = "needs a Docker Engine: `cargo xtask test`"]
async fn one_that_nobody_waited_to_have_aside_runs_again_once_it_is_back() {
    let world = World::new();
    let spec = world.spec(1, Slot::Shared, &ends_slowly(), &[("web", 1)]);
    world.runtime.start(&spec).await.unwrap();
    let containers = world.container_ids(Slot::Shared);
    let container = &containers[0];
    let before = started(container).unwrap();
    let only = ["web-1".parse().unwrap()];
    // As if whoever puts it aside were killed: the engine goes on.
    tokio::select! {
        _ = world.runtime.set_aside(&spec.key, Epoch(2), &only) => panic!("it has not ended"),
        () = is_ending(container) => {}
    }
    world
        .runtime
        .bring_back(&spec.key, Epoch(3), &only)
        .await
        .unwrap();
    assert_eq!(world.container_ids(Slot::Shared), containers);
    assert_ne!(started(container).unwrap(), before);
    assert!(world.list(Slot::Shared).await.iter().all(is_running));
    world.runtime.stop(&spec.key, None).await.unwrap();
}

#[tokio::test]
#[ignore = "needs a Docker Engine: `cargo xtask test`"]
async fn one_of_somebody_else_that_nobody_waited_to_have_retired_runs_again_once_it_is_given_back()
{
    let world = World::new();
    let container = world.of_somebody_else("web", ENDS_SLOWLY);
    let before = started(&container).unwrap();
    let first = of(&world, 1);
    tokio::select! {
        _ = world.runtime.retire(&first) => panic!("it has not ended"),
        () = is_ending(&container) => {}
    }
    world.runtime.give_back(&of(&world, 2)).await.unwrap();
    let after = started(&container).unwrap();
    assert_ne!(after, before);
    // It is as it was: there is nothing more to give back.
    world.runtime.give_back(&of(&world, 3)).await.unwrap();
    assert_eq!(started(&container).unwrap(), after);
}
