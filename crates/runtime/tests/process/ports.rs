//! Ports of instances.

use std::collections::BTreeSet;
use std::net::TcpListener;

use shipway_runtime::process::PORT_RANGE;
use shipway_runtime::{Error, Runtime};

use crate::support::{World, eventually, web};

const SERVE: (&str, &str) = ("serve.sh", "#!/bin/sh\nexec sleep 1000\n");

const LISTEN: (&str, &str) = (
    "listen.py",
    "import http.server, os\nserver = http.server.HTTPServer(('127.0.0.1', int(os.environ['PORT'])), http.server.BaseHTTPRequestHandler)\nserver.serve_forever()\n",
);

#[tokio::test]
async fn no_two_instances_of_any_state_directory_have_the_same_port() {
    let worlds = [World::new(&[SERVE]), World::new(&[SERVE])];
    let yaml = web("./serve.sh", "scale: 10");
    tokio::join!(worlds[0].start(1, &yaml), worlds[1].start(1, &yaml));
    let mut ports = BTreeSet::new();
    for world in &worlds {
        for instance in world.list().await {
            let port = instance.address.unwrap().port();
            assert!(PORT_RANGE.contains(&port) && ports.insert(port), "{port}");
        }
    }
    assert_eq!(ports.len(), 20);
}

#[tokio::test]
async fn an_instance_takes_connections_at_its_address() {
    let world = World::new(&[LISTEN]);
    let yaml =
        "services: {web: {image: x, command: [python3, listen.py], x-shipway: {process: {}}}}";
    world.start(1, yaml).await;
    let address = world.instance("web-1").await.address.unwrap();
    let connected = eventually(async || tokio::net::TcpStream::connect(address).await.ok());
    assert!(connected.await.is_some());
}

#[tokio::test]
async fn a_service_may_insist_on_a_port() {
    let world = World::new(&[SERVE]);
    // Outside of the ranges that the kernel and the runtime give ports from.
    let taken = (30_000..32_000)
        .find_map(|port| TcpListener::bind(("127.0.0.1", port)).ok())
        .unwrap();
    let port = taken.local_addr().unwrap().port();
    let yaml = format!(
        "services: {{web: {{image: x, command: [./serve.sh], x-shipway: {{process: {{environment: {{PORT: '{port}'}}}}}}}}}}"
    );
    let spec = world.spec(1, &yaml).await;
    let error = world.runtime.start(&spec).await.unwrap_err();
    assert!(matches!(error, Error::Start { .. }));
    assert!(
        error
            .to_string()
            .contains(&format!("port {port} is not free")),
        "{error}"
    );
    drop(taken);
    // A process that another test just forks may have a copy of the listener for a moment.
    let started = eventually(async || world.runtime.start(&spec).await.ok());
    assert!(started.await.is_some());
    assert_eq!(world.instance("web-1").await.address.unwrap().port(), port);
}
