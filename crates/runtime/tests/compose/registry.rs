//! Images pushed to a registry of the test's own, and pulled from it.

use shipway_runtime::{Artifact, BuildRequest, Error, Refusal, Runtime as _};
use shipway_testkit::Registry;

use crate::support::{World, docker};

const DOCKERFILE: &str = "FROM scratch\nCOPY note /note\nCMD [\"/note\"]\n";

const SERVICES: &str = "
  web:
    build: {context: DIRECTORY, dockerfile: Dockerfile}
    networks: {default: null}
";

/// A request for an image that no other test builds, pushed below `shop`.
fn request(world: &World, registry: &Registry) -> BuildRequest {
    let note = format!("{}\n", registry.address());
    let mut request = world.repository(&[("Dockerfile", DOCKERFILE), ("note", &note)], SERVICES);
    request.registry = Some(format!("{}/shop", registry.address()));
    request
}

fn digest(artifact: &Artifact) -> &str {
    artifact.digests["web"].split_once('@').unwrap().1
}

fn remove(image: &str) {
    docker(&["image", "rm", "--force", image]);
}

#[tokio::test]
#[ignore = "needs a Docker Engine: `cargo xtask test`"]
async fn what_was_pushed_is_found_pulled_and_named_by_its_digest() {
    let world = World::new();
    let registry = Registry::start();
    let request = request(&world, &registry);
    let (artifact, told) = world.build(&request).await;
    let artifact = artifact.unwrap();
    let image = &artifact.digests["web"];
    let place = format!("{}/shop/web@sha256:", registry.address());
    assert!(image.starts_with(&place), "{image}");
    assert!(told.iter().any(|line| line.contains("pushed")), "{told:?}");
    assert_eq!(artifact.platforms.len(), 1);

    // Found, not built: nothing is told, and nothing has to be here.
    remove(image);
    let key = docker(&[
        "image",
        "ls",
        "-q",
        &format!("{}/shop/web", registry.address()),
    ]);
    for id in key.lines() {
        remove(id);
    }
    assert!(!world.runtime.has_artifact(&artifact).await.unwrap());
    let (again, told) = world.build(&request).await;
    assert_eq!(again.unwrap(), artifact);
    assert_eq!(told, [""; 0]);

    assert!(world.fetch(&artifact).await);
    assert!(world.runtime.has_artifact(&artifact).await.unwrap());

    let images = [image.clone()];
    for tag in ["staging", "production", "staging"] {
        world.runtime.tag_images(&images, tag).await.unwrap();
        let (named, _) = registry.manifest("shop/web", tag).unwrap();
        assert_eq!(named, digest(&artifact));
    }
    remove(image);
}

#[tokio::test]
#[ignore = "needs a Docker Engine: `cargo xtask test`"]
async fn a_registry_that_is_gone_is_told_with_the_way_out() {
    let world = World::new();
    let mut registry = Registry::start();
    let request = request(&world, &registry);
    let artifact = world.build(&request).await.0.unwrap();
    registry.stop();
    let image = artifact.digests["web"].clone();
    let tagged = world.runtime.tag_images(std::slice::from_ref(&image), "x");
    assert_unreachable(tagged.await.unwrap_err());
    assert_unreachable(world.build(&request).await.0.unwrap_err());
    // What is here needs no registry.
    assert!(world.fetch(&artifact).await);
    remove(&image);
}

fn assert_unreachable(error: Error) {
    let Error::Registry { ref source, .. } = error else {
        panic!("{error:?}");
    };
    assert!(matches!(source, Refusal::Unreachable { .. }), "{error:?}");
    assert!(error.way_out().is_some());
}

#[tokio::test]
#[ignore = "needs a Docker Engine: `cargo xtask test`"]
async fn a_registry_without_the_right_credentials_is_told_with_the_way_out() {
    let world = World::new();
    let registry = Registry::with_lock();
    let error = world
        .build(&request(&world, &registry))
        .await
        .0
        .unwrap_err();
    let way_out = error.way_out().unwrap();
    let wanted = format!("docker login {}", registry.address());
    assert!(way_out.contains(&wanted), "{error:?}");
}

#[tokio::test]
#[ignore = "needs a Docker Engine: `cargo xtask test`"]
async fn images_of_several_platforms_have_one_digest() {
    let world = World::new();
    let registry = Registry::start();
    let mut request = request(&world, &registry);
    request.platforms = ["linux/amd64", "linux/arm64"].map(str::to_owned).to_vec();
    let artifact = world.build(&request).await.0.unwrap();
    assert_eq!(artifact.platforms, request.platforms);
    let (_, index) = registry.manifest("shop/web", digest(&artifact)).unwrap();
    let of = |number: usize| index["manifests"][number]["platform"]["architecture"].clone();
    assert_eq!((of(0), of(1)), ("amd64".into(), "arm64".into()));
    // A promotion names the index, not one of its parts.
    let image = artifact.digests["web"].clone();
    let images = [image.clone()];
    world
        .runtime
        .tag_images(&images, "production")
        .await
        .unwrap();
    let promoted = registry.manifest("shop/web", "production").unwrap();
    assert_eq!(promoted, (digest(&artifact).to_owned(), index));
    assert!(world.fetch(&artifact).await);
    let format = "{{.Architecture}}";
    let here = docker(&["image", "inspect", "--format", format, &image]);
    let own = docker(&["version", "--format", "{{.Server.Arch}}"]);
    assert_eq!(here, own);
    remove(&image);
}

#[tokio::test]
#[ignore = "needs a Docker Engine: `cargo xtask test`"]
async fn several_platforms_need_a_registry() {
    let world = World::new();
    let registry = Registry::start();
    let mut request = request(&world, &registry);
    request.registry = None;
    request.platforms = ["linux/amd64", "linux/arm64"].map(str::to_owned).to_vec();
    let refused = world.build(&request).await.0.unwrap_err().to_string();
    assert!(
        refused.contains("set `registry` in shipway.yml"),
        "{refused}"
    );
}
