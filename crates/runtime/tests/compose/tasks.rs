//! One-off tasks.

use std::time::Duration;

use shipway_runtime::{Error, Exit, Runtime as _};
use tokio::sync::mpsc::unbounded_channel;

use crate::support::{World, docker};

const WEB: &str = "
  web:
    image: x
    init: true
    environment: {GREETING: 'a $ sign'}
    networks: {default: null}
    volumes: [{type: volume, source: data, target: /data}]
    stop_grace_period: 1s
";

#[tokio::test]
#[ignore = "needs a Docker Engine: `cargo xtask test`"]
async fn output_is_streamed_and_the_exit_told() {
    let world = World::new();
    let line = "echo \"$GREETING\"; echo oops >&2; exit 3";
    let (exit, mut lines) = world.run(&world.task(1, "t", WEB, line)).await;
    assert_eq!(exit.unwrap(), Exit::Code(3));
    lines.sort();
    assert_eq!(lines, ["a $ sign", "oops"]);
    assert_eq!(
        world.container_ids(shipway_pipeline::colour::Slot::Blue),
        [""; 0]
    );
}

#[tokio::test]
#[ignore = "needs a Docker Engine: `cargo xtask test`"]
async fn a_task_whose_caller_died_is_waited_for_and_not_run_twice() {
    let world = World::new();
    // Says that it began, then waits until it may end.
    let line = "echo begun >>/data/log; echo begun; until [ -e /data/go ]; do sleep 0.05; done; cat /data/log";
    let task = world.task(1, "once", WEB, line);
    {
        let (sender, mut receiver) = unbounded_channel();
        tokio::select! {
            ended = world.runtime.run_task(&task, &sender) => panic!("{ended:?}"),
            first = receiver.recv() => assert_eq!(first.unwrap().text, "begun"),
        }
    }
    let name = format!("{}-testing-blue-task-once", world.project);
    docker(&["exec", &name, "touch", "/data/go"]);
    let (exit, lines) = world.run(&task).await;
    assert_eq!(exit.unwrap(), Exit::Code(0));
    assert_eq!(lines, ["begun", "begun"]);
    let count = world.task(2, "count", WEB, "wc -l </data/log");
    assert_eq!(world.run(&count).await.1, ["1"]);
}

#[tokio::test]
#[ignore = "needs a Docker Engine: `cargo xtask test`"]
async fn a_task_is_killed_at_its_deadline() {
    let world = World::new();
    let mut task = world.task(1, "slow", WEB, "exec sleep 1000");
    task.deadline = Duration::from_secs(3);
    let (exit, _) = world.run(&task).await;
    assert!(matches!(exit, Err(Error::Deadline { .. })), "{exit:?}");
    assert_eq!(
        world.container_ids(shipway_pipeline::colour::Slot::Blue),
        [""; 0]
    );
}

#[tokio::test]
#[ignore = "needs a Docker Engine: `cargo xtask test`"]
async fn another_deployments_task_of_the_same_name_is_another_task() {
    let world = World::new();
    assert_eq!(
        world.run(&world.task(1, "t", WEB, "echo one")).await.1,
        ["one"]
    );
    assert_eq!(
        world.run(&world.task(2, "t", WEB, "echo two")).await.1,
        ["two"]
    );
}
