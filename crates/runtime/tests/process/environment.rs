//! What an instance finds around it.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::PermissionsExt;

use shipway_runtime::{Runtime, Stopped};

use crate::support::{World, has_exited, key, services};

#[tokio::test]
async fn an_instance_has_the_environment_that_its_service_describes() {
    let world = World::new(&[
        ("app/show.sh", "#!/bin/sh\npwd\nenv\n"),
        ("tools/tool.sh", "#!/bin/sh\n"),
    ]);
    let yaml = r#"
services:
  web:
    image: x
    entrypoint: [never]
    environment: {PLAIN: '{port}', GONE: x, RELEASE: mine}
    x-shipway:
      process:
        path: [tools, app]
        directory: app
        command: [show.sh, '{port}']
        environment:
          GONE: null
          LISTEN: '127.0.0.1:{port}'
          ROOT: '{artifact}'
          DATA: '{volume:data}/db'
          JSON: '{"a": {}}'
"#;
    world.start(3, yaml).await;
    let instance = world.until("web-1", has_exited).await;
    let lines = world.logs("web-1", 1000).await;
    let environment: BTreeMap<&str, &str> = lines
        .iter()
        .filter_map(|line| line.split_once('='))
        .collect();
    let artifact = environment["ROOT"];
    let port = instance.address.unwrap().port().to_string();
    assert_eq!(lines[0], format!("{artifact}/app"));
    let data = world.state().join("volumes/shop/production/data");
    for (name, value) in [
        ("PLAIN", "{port}".to_owned()),
        ("LISTEN", format!("127.0.0.1:{port}")),
        ("PORT", port),
        ("DATA", format!("{}/db", data.display())),
        ("JSON", r#"{"a": {}}"#.to_owned()),
        ("RELEASE", "r0123456789ab".to_owned()),
        ("SHIPWAY_COLOUR", "blue".to_owned()),
        ("SHIPWAY_DEPLOYMENT", "d3".to_owned()),
        ("SHIPWAY_INSTANCE", "web-1".to_owned()),
    ] {
        assert_eq!(environment[name], value, "{name}");
    }
    assert!(!environment.contains_key("GONE"));
    // Nothing of the caller's but what is named.
    assert!(!environment.keys().any(|name| name.starts_with("CARGO")));
    let path = environment["PATH"];
    assert!(
        path.starts_with(&format!("{artifact}/tools:{artifact}/app:")),
        "{path}"
    );
    assert_eq!(
        fs::metadata(data).unwrap().permissions().mode() & 0o777,
        0o700
    );
}

#[tokio::test]
async fn a_volume_stays_from_deployment_to_deployment() {
    let script = "#!/bin/sh\necho $SHIPWAY_DEPLOYMENT >> $DATA/seen\nexec cat $DATA/seen\n";
    let world = World::new(&[("note.sh", script)]);
    let yaml = "services: {web: {image: x, command: [./note.sh], x-shipway: {process: {environment: {DATA: '{volume:data}'}}}}}";
    for number in [1, 2] {
        world.start(number, yaml).await;
        world.until("web-1", has_exited).await;
    }
    assert_eq!(world.logs("web-1", 3).await[..2], ["d1", "d2"]);
}

#[tokio::test]
async fn secrets_of_an_instance_are_for_its_user_only() {
    let world = World::new(&[("serve.sh", "#!/bin/sh\nexec sleep 1000\n")]);
    let yaml = "services: {web: {image: x, command: [./serve.sh], environment: {KEY: s3cret}, x-shipway: {process: {}}}}";
    world.start(1, yaml).await;
    let mode = |path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    let directory = world.instance_directory("web-1");
    assert_eq!(mode(directory.join("spec.json")), 0o600);
    assert_eq!(mode(directory.join("log")), 0o600);
    assert_eq!(mode(directory), 0o700);
    assert_eq!(mode(world.state()), 0o700);
}

#[tokio::test]
async fn services_of_a_slot_run_beside_each_other() {
    let world = World::new(&[("serve.sh", "#!/bin/sh\necho I am $0\nexec sleep 1000\n")]);
    let yaml = "
services:
  web: {image: x, command: [./serve.sh], scale: 2, x-shipway: {process: {}}}
  worker: {image: x, command: [./serve.sh], x-shipway: {process: {}}}
";
    let mut spec = world.start(1, yaml).await;
    assert_eq!(world.list().await.len(), 3);
    // A spec of one service leaves the other's instances alone.
    spec.services = services(yaml)
        .into_iter()
        .filter(|service| service.name == "web")
        .collect();
    spec.services[0].replicas = 3;
    world.runtime.start(&spec).await.unwrap();
    assert_eq!(world.list().await.len(), 4);
    let stopped: Vec<Stopped> = world.runtime.stop(&key(), None).await.unwrap();
    assert_eq!(stopped.len(), 4);
}
