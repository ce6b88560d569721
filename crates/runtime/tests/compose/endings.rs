//! How instances end.

use shipway_pipeline::colour::Slot;
use shipway_runtime::{Exit, Instance, Runtime as _, State, StopHow};

use crate::support::World;

fn web(command: &str, more: &str) -> String {
    format!(
        "
  web:
    image: x
    command: [sh, -c, '{command}']
    networks: {{default: null}}
    stop_grace_period: 1s
{more}"
    )
}

fn has_exited(instance: &Instance) -> bool {
    matches!(instance.state, State::Exited { .. })
}

async fn ending(world: &World, services: &str) -> Exit {
    let spec = world.spec(1, Slot::Blue, services, &[("web", 1)]);
    // A container that cannot be started makes Compose fail; that it is there all the same counts.
    let _ = world.runtime.start(&spec).await;
    match world.until(Slot::Blue, "web-1", has_exited).await.state {
        State::Exited { exit, .. } => exit,
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
#[ignore = "needs a Docker Engine: `cargo xtask test`"]
async fn the_exit_code_and_the_last_lines_are_kept() {
    let world = World::new();
    let exit = ending(&world, &web("echo no settings; echo bye >&2; exit 3", "")).await;
    assert_eq!(exit, Exit::Code(3));
    let id = "web-1".parse().unwrap();
    let mut lines = world
        .runtime
        .logs(&world.key(Slot::Blue), &id, 10)
        .await
        .unwrap();
    lines.sort();
    assert_eq!(lines, ["bye", "no settings"]);
}

#[tokio::test]
#[ignore = "needs a Docker Engine: `cargo xtask test`"]
async fn want_of_memory_is_told() {
    let world = World::new();
    let limits =
        "    deploy: {resources: {limits: {memory: '16777216'}}}\n    memswap_limit: '16777216'\n";
    let hungry = web("tail /dev/zero", limits);
    assert_eq!(ending(&world, &hungry).await, Exit::OutOfMemory);
}

#[tokio::test]
#[ignore = "needs a Docker Engine: `cargo xtask test`"]
async fn a_program_that_is_missing_is_told() {
    let world = World::new();
    let services = "
  web: {image: x, command: [/no/such/program], networks: {default: null}}
";
    let spec = world.spec(1, Slot::Blue, services, &[("web", 1)]);
    let refused = world.runtime.start(&spec).await.unwrap_err().to_string();
    assert!(refused.contains("/no/such/program"), "{refused}");
    let found = world.list(Slot::Blue).await;
    assert!(
        matches!(
            &found[0].state,
            State::Exited {
                exit: Exit::NotStarted,
                ..
            }
        ),
        "{found:?}"
    );
}

#[tokio::test]
#[ignore = "needs a Docker Engine: `cargo xtask test`"]
async fn restarts_are_counted() {
    let world = World::new();
    let spec = world.spec(
        1,
        Slot::Blue,
        &web("exit 1", "    restart: always\n"),
        &[("web", 1)],
    );
    world.runtime.start(&spec).await.unwrap();
    world
        .until(Slot::Blue, "web-1", |one| one.restarts >= 2)
        .await;
}

#[tokio::test]
#[ignore = "needs a Docker Engine: `cargo xtask test`"]
async fn who_does_not_go_in_time_is_killed() {
    let world = World::new();
    let deaf = web("trap \"\" TERM; echo ready; while :; do sleep 1; done", "");
    let spec = world.spec(1, Slot::Blue, &deaf, &[("web", 1)]);
    world.runtime.start(&spec).await.unwrap();
    let id = "web-1".parse().unwrap();
    crate::support::eventually(|| async {
        let lines = world.runtime.logs(&spec.key, &id, 10).await.unwrap();
        (!lines.is_empty()).then_some(())
    })
    .await;
    let stopped = world.runtime.stop(&spec.key, None).await.unwrap();
    assert_eq!(stopped[0].how, StopHow::Killed);
}
