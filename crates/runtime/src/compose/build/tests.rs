use super::super::testing::build_request;
use super::sources::definitions;
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
    sources(&request, &document, tree, "linux/amd64")
}

#[test]
fn a_service_that_names_a_built_image_runs_it() {
    let sources = found(DOCUMENT, "t1");
    assert_eq!(sources.built["web"], sources.built["worker"]);
    assert!(sources.built["web"].name.starts_with("shipway/web:"));
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
        Some(format!("tag/{name}"))
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

#[test]
fn what_a_build_definition_asks_for_is_kept_and_the_origin_added() {
    let document = "
name: shop-testing
services:
  web:
    build:
      context: /srv/shop
      target: production
      args: {MODE: fast}
      cache_from: ['type=registry,ref=r/cache']
      cache_to: ['type=inline']
      ssh: [default]
      labels: {org.opencontainers.image.version: own}
";
    let mut request = build_request(document, &["web"]);
    request.origin.committed = shipway_pipeline::time::Timestamp(1_700_000_000_000);
    request.origin.source = Some("https://example.org/shop.git".to_owned());
    request.origin.version = Some("v1".to_owned());
    let document = super::document(&request).unwrap();
    let export = Path::new("/export");
    let mut project = definitions(&request, &document, export, |_| Some("tag".to_owned()));
    label::label(&mut project, &request);
    label::target(&mut project, "linux/arm64");
    assert_eq!(
        yaml::render(&project),
        format!(
            "\
name: shipway-build
services:
  web:
    build:
      context: /export
      target: production
      args:
        MODE: fast
        SOURCE_DATE_EPOCH: \"1700000000\"
      cache_from:
        - \"type=registry,ref=r/cache\"
      cache_to:
        - \"type=inline\"
      ssh:
        - default
      labels:
        org.opencontainers.image.version: own
        org.opencontainers.image.created: \"2023-11-14T22:13:20Z\"
        org.opencontainers.image.revision: \"{}\"
        org.opencontainers.image.source: \"https://example.org/shop.git\"
      platforms:
        - linux/arm64
    image: tag
",
            "0".repeat(40)
        )
    );
}

#[test]
fn with_a_registry_the_kind_of_machine_counts_and_names_are_below_the_repository() {
    let of = |registry: Option<&str>, own: &str| {
        let mut request = build_request(DOCUMENT, &SERVICES);
        request.registry = registry.map(str::to_owned);
        let document = super::document(&request).unwrap();
        sources(&request, &document, "t1", own)
    };
    let (amd64, arm64) = ("linux/amd64", "linux/arm64");
    assert_eq!(of(None, amd64).key, of(None, arm64).key);
    let registry = Some("r.example.org/shop");
    assert_ne!(of(registry, amd64).key, of(registry, arm64).key);
    let found = of(registry, amd64);
    let name = &found.built["web"].name;
    assert_eq!(*name, format!("r.example.org/shop/web:{}", found.key));
}

#[test]
fn each_platform_has_a_part_of_an_image_that_is_for_several() {
    let mut target = sources::Target {
        name: "r/web:1".to_owned(),
        platforms: vec!["linux/arm/v7".to_owned()],
    };
    assert_eq!(
        target.parts(),
        [(Some("linux/arm/v7"), "r/web:1".to_owned())]
    );
    target.platforms.push("linux/amd64".to_owned());
    let names: Vec<_> = target.parts().into_iter().map(|(_, name)| name).collect();
    assert_eq!(names, ["r/web:1-arm-v7", "r/web:1-amd64"]);
}

#[test]
fn a_program_of_another_platform_is_explained() {
    let failed = |line: &str| Error::Build {
        step: "docker compose build".to_owned(),
        reason: "exit code: 1".to_owned(),
        last_lines: vec![line.to_owned()],
    };
    let told = explain(
        failed("#9 0.1 exec /bin/sh: exec format error"),
        "linux/arm64",
    );
    assert!(told.to_string().contains("install emulation"), "{told}");
    let told = explain(failed("#9 0.1 no space left"), "linux/arm64");
    assert!(told.to_string().ends_with("exit code: 1"), "{told}");
}
