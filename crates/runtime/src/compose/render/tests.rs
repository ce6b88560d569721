use pretty::assert_renders;
use shipway_pipeline::colour::Slot;

use super::super::testing::spec;
use super::*;

mod pretty {
    use shipway_compose::yaml::{Limits, Node, parse, render};

    /// Compares a project with what a test expects, both as this crate writes them.
    #[track_caller]
    pub(super) fn assert_renders(project: &Node, expected: &str) {
        let expected = parse(expected, 0, Limits::default()).unwrap();
        assert_eq!(render(project), render(&expected));
    }
}

const DOCUMENT: &str = "
name: shop-testing
services:
  web:
    image: shop:dev
    build: {context: /srv/shop, dockerfile: Dockerfile}
    command: [gunicorn]
    environment: {PRICE: '5$'}
    depends_on:
      db: {condition: service_healthy, required: true}
      worker: {condition: service_started, required: true}
    ports: [{mode: ingress, target: 8000, published: '80', protocol: tcp}]
    networks: {default: null, metrics: {aliases: [site]}}
    deploy: {replicas: 2, resources: {limits: {memory: '1073741824'}}}
    volumes: [{type: volume, source: media, target: /media}]
  worker:
    image: shop:dev
    networks: {default: null}
  db:
    image: postgres:17
    networks: {default: null}
    volumes: [{type: volume, source: data, target: /data}]
networks:
  default: {name: shop-testing_default}
  metrics: {name: metrics, external: true}
volumes:
  media: {name: shop-testing_media}
  data: {name: shop-testing_data}
";

/// What runs of it in green.
const GREEN: &str = "
name: shop-testing-green
services:
  web-1:
    image: sha256:web
    command: [gunicorn]
    environment: {PRICE: '5$', RELEASE: r1f3a9c2b4d5e, SHIPWAY_COLOUR: green, SHIPWAY_DEPLOYMENT: d7, SHIPWAY_INSTANCE: web-1}
    networks: {default: {aliases: [web]}, metrics: {aliases: [web, site]}}
    deploy: {replicas: 1, resources: {limits: {memory: '1073741824'}}}
    volumes: [{type: volume, source: media, target: /media}]
    expose: ['8000']
    container_name: shop-testing-green-web-1
    depends_on:
      worker-1: {condition: service_started, required: true}
      worker-2: {condition: service_started, required: true}
    labels:
      shipway.deployment: d7
      shipway.environment: testing
      shipway.epoch: '3'
      shipway.instance: web-1
      shipway.port: '8000'
      shipway.project: shop
      shipway.release: r1f3a9c2b4d5e
      shipway.slot: green
  worker-1:
    image: sha256:worker
    networks: {default: {aliases: [worker]}}
    deploy: {replicas: 1}
    container_name: shop-testing-green-worker-1
    environment: {RELEASE: r1f3a9c2b4d5e, SHIPWAY_COLOUR: green, SHIPWAY_DEPLOYMENT: d7, SHIPWAY_INSTANCE: worker-1}
    labels:
      shipway.deployment: d7
      shipway.environment: testing
      shipway.epoch: '3'
      shipway.instance: worker-1
      shipway.project: shop
      shipway.release: r1f3a9c2b4d5e
      shipway.slot: green
  worker-2:
    image: sha256:worker
    networks: {default: {aliases: [worker]}}
    deploy: {replicas: 1}
    container_name: shop-testing-green-worker-2
    environment: {RELEASE: r1f3a9c2b4d5e, SHIPWAY_COLOUR: green, SHIPWAY_DEPLOYMENT: d7, SHIPWAY_INSTANCE: worker-2}
    labels:
      shipway.deployment: d7
      shipway.environment: testing
      shipway.epoch: '3'
      shipway.instance: worker-2
      shipway.project: shop
      shipway.release: r1f3a9c2b4d5e
      shipway.slot: green
networks:
  default: {name: shop-testing_default_green, external: true}
  metrics: {name: metrics, external: true}
volumes:
  media: {name: shop-testing_media, external: true}
";

fn rendered(slot: Slot, sizes: &[(&str, u32)]) -> Node {
    let spec = spec(DOCUMENT, slot, sizes);
    instances(&spec, &document(&spec).unwrap())
}

#[test]
fn each_instance_of_a_colour_is_a_service_on_the_colours_own_network() {
    assert_renders(&rendered(Slot::Green, &[("web", 1), ("worker", 2)]), GREEN);
}

#[test]
fn shared_services_are_on_the_documents_networks_with_its_volumes() {
    let project = rendered(Slot::Shared, &[("db", 1)]);
    let text = |path: &[&str]| project.at(path).and_then(Node::as_str).map(str::to_owned);
    assert_eq!(text(&["name"]).as_deref(), Some("shop-testing"));
    assert_eq!(
        text(&["networks", "default", "name"]).as_deref(),
        Some("shop-testing_default")
    );
    assert_eq!(
        text(&["services", "db-1", "container_name"]).as_deref(),
        Some("shop-testing-db-1")
    );
    assert_eq!(
        text(&["volumes", "data", "external"]).as_deref(),
        Some("true")
    );
}

#[test]
fn a_task_borrows_a_service_and_is_no_instance() {
    let mut spec = spec(DOCUMENT, Slot::Blue, &[("web", 1)]);
    spec.services[0].command = Some(vec!["migrate".to_owned(), "--plan".to_owned()]);
    let document = document(&spec).unwrap();
    let variables = [("PGOPTIONS".to_owned(), "-c lock_timeout=1s".to_owned())].into();
    let project = task(&spec, &document, "d7-migrate", &variables).unwrap();
    assert_renders(
        &project,
        "
name: shop-testing-blue
services:
  d7-migrate:
    image: sha256:web
    command: [migrate, --plan]
    environment: {PRICE: '5$', RELEASE: r1f3a9c2b4d5e, SHIPWAY_COLOUR: blue, SHIPWAY_DEPLOYMENT: d7, SHIPWAY_INSTANCE: d7-migrate, PGOPTIONS: -c lock_timeout=1s}
    networks: {default: null, metrics: {aliases: [site]}}
    volumes: [{type: volume, source: media, target: /media}]
    restart: 'no'
    container_name: shop-testing-blue-task-d7-migrate
    labels:
      shipway.deployment: d7
      shipway.environment: testing
      shipway.epoch: '3'
      shipway.project: shop
      shipway.release: r1f3a9c2b4d5e
      shipway.slot: blue
      shipway.task: d7-migrate
networks:
  default: {name: shop-testing_default_blue, external: true}
  metrics: {name: metrics, external: true}
volumes:
  media: {name: shop-testing_media, external: true}
",
    );
}

#[test]
fn neighbours_share_a_namespace_with_the_instance_of_their_number() {
    let text = "
services:
  web: {image: a}
  side: {image: b, network_mode: 'service:web'}
";
    let spec = spec(text, Slot::Blue, &[("web", 2), ("side", 3)]);
    let project = instances(&spec, &document(&spec).unwrap());
    let mode = |service: &str| {
        let path = ["services", service, "network_mode"];
        project.at(&path).and_then(Node::as_str).map(str::to_owned)
    };
    assert_eq!(mode("side-2").as_deref(), Some("service:web-2"));
    assert_eq!(mode("side-3").as_deref(), Some("service:web-2"));
}

#[test]
fn a_release_of_another_runtime_is_refused() {
    let mut spec = spec(DOCUMENT, Slot::Blue, &[("web", 1)]);
    spec.model = None;
    assert!(
        document(&spec)
            .unwrap_err()
            .to_string()
            .contains("another runtime")
    );
}
