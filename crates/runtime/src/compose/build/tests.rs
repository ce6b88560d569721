use super::super::testing::build_request;
use super::*;

const DOCUMENT: &str = "
name: shop-testing
services:
  web:
    image: shop:dev
    build: {context: /srv/shop/app, dockerfile: Dockerfile, secrets: [{source: pip}]}
    networks: {default: null}
  worker: {image: 'shop:dev', networks: {default: null}}
  db: {image: 'postgres:17', networks: {default: null}}
networks: {default: {name: shop-testing_default}}
secrets: {pip: {name: shop-testing_pip, environment: PIP}}
";

const SERVICES: [&str; 3] = ["web", "worker", "db"];

fn found(document: &str, tree: &str) -> Sources {
    let request = build_request(document, &SERVICES);
    let document = super::document(&request).unwrap();
    sources(&request, &document, tree)
}

#[test]
fn a_service_that_names_a_built_image_runs_it() {
    let sources = found(DOCUMENT, "t1");
    assert_eq!(sources.built["web"], sources.built["worker"]);
    assert!(sources.built["web"].starts_with("shipway/web:"));
    assert_eq!(sources.pulled["db"], "postgres:17");
}

#[test]
fn the_key_follows_from_the_sources_and_the_definitions_alone() {
    let key = |document: &str, tree| found(document, tree).key;
    assert_eq!(key(DOCUMENT, "t1"), key(DOCUMENT, "t1"));
    assert_ne!(key(DOCUMENT, "t1"), key(DOCUMENT, "t2"));
    assert_ne!(
        key(DOCUMENT, "t1"),
        key(&DOCUMENT.replace("Dockerfile", "Other"), "t1")
    );
    // Another environment of the same project.
    let other = DOCUMENT.replace("shop-testing_default", "shop-production_default");
    assert_eq!(key(DOCUMENT, "t1"), key(&other, "t1"));
}

#[test]
fn only_the_export_is_built_from() {
    let request = build_request(DOCUMENT, &SERVICES);
    let document = super::document(&request).unwrap();
    let project = definitions(&request, &document, Path::new("/export"), |name| {
        format!("tag/{name}")
    });
    assert_eq!(
        yaml::render(&project),
        "\
name: shipway-build
services:
  web:
    build:
      context: /export/app
      dockerfile: Dockerfile
      secrets:
        - source: pip
    image: tag/web
secrets:
  pip:
    name: shop-testing_pip
    environment: PIP
"
    );
}
