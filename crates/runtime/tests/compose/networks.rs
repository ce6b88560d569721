//! Who finds whom: each colour itself, both colours the shared services.

use shipway_pipeline::colour::Slot;
use shipway_runtime::{Exit, Runtime as _};

use crate::support::{World, docker};

const SERVICES: &str = "
  web:
    image: x
    init: true
    command: [sh, -c, 'mkdir -p /w && echo $COLOUR >/w/index.html && exec httpd -f -p 8000 -h /w']
    environment: {COLOUR: unknown}
    networks: {default: null}
  db:
    image: x
    init: true
    command: [sh, -c, 'mkdir -p /w && echo db >/w/index.html && exec httpd -f -p 8000 -h /w']
    networks: {default: {aliases: [database]}}
    volumes: [{type: volume, source: data, target: /data}]
";

fn services(colour: &str) -> String {
    SERVICES.replace("unknown", colour)
}

/// Asks until somebody answers: a container answers a moment after it runs.
fn fetch(host: &str) -> String {
    format!("until wget -q -O - http://{host}:8000/; do sleep 0.1; done")
}

#[tokio::test]
#[ignore = "needs a Docker Engine: `cargo xtask test`"]
async fn each_colour_finds_its_own_instances_and_the_shared_ones() {
    let world = World::new();
    let start = async |number, slot, colour: &str, sizes: &[(&str, u32)]| {
        let spec = world.spec(number, slot, &services(colour), sizes);
        world.runtime.start(&spec).await.unwrap();
    };
    start(1, Slot::Shared, "none", &[("db", 1)]).await;
    start(1, Slot::Blue, "blue", &[("web", 2)]).await;
    start(2, Slot::Green, "green", &[("web", 2)]).await;
    for (number, slot, colour) in [(3, Slot::Blue, "blue"), (4, Slot::Green, "green")] {
        // Often enough that a network of both would be found out.
        let line = format!("for i in 1 2 3 4 5 6; do {}; done", fetch("web"));
        let mut task = world.task(number, "ask", &services(colour), &line);
        task.colour.key.slot = slot;
        let (exit, lines) = world.run(&task).await;
        assert_eq!(exit.unwrap(), Exit::Code(0));
        assert_eq!(lines, [colour; 6]);
        for host in ["db", "database"] {
            let mut task = world.task(number, "ask-db", &services(colour), &fetch(host));
            task.colour.key.slot = slot;
            assert_eq!(world.run(&task).await.1, ["db"]);
        }
    }
}

#[tokio::test]
#[ignore = "needs a Docker Engine: `cargo xtask test`"]
async fn a_shared_container_made_anew_is_found_by_the_next_start() {
    let world = World::new();
    let shared = world.spec(1, Slot::Shared, SERVICES, &[("db", 1)]);
    world.runtime.start(&shared).await.unwrap();
    let network = format!("{}-testing_default_blue", world.project);
    let container = format!("{}-testing-db-1", world.project);
    docker(&["network", "disconnect", &network, &container]);
    let spec = world.spec(1, Slot::Blue, SERVICES, &[("web", 1)]);
    world.runtime.start(&spec).await.unwrap();
    let task = world.task(1, "ask", SERVICES, &fetch("db"));
    assert_eq!(world.run(&task).await.1, ["db"]);
}

#[tokio::test]
#[ignore = "needs a Docker Engine: `cargo xtask test`"]
async fn a_shared_container_that_ended_starts_again_with_its_data() {
    let world = World::new();
    let shared = world.spec(1, Slot::Shared, SERVICES, &[("db", 1)]);
    world.runtime.start(&shared).await.unwrap();
    let before = world.container_ids(Slot::Shared);
    let container = format!("{}-testing-db-1", world.project);
    docker(&["kill", &container]);
    let later = world.spec(2, Slot::Shared, SERVICES, &[("db", 1)]);
    world.runtime.start(&later).await.unwrap();
    world
        .until(Slot::Shared, "db-1", crate::support::is_running)
        .await;
    assert_eq!(world.container_ids(Slot::Shared), before);
}
