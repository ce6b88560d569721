//! Images built from a commit.

use shipway_runtime::{Artifact, Form, Runtime as _};

use crate::support::{IMAGE, World, docker, docker_bytes};

const DOCKERFILE: &str = "FROM scratch
COPY busybox /bin/busybox
ARG GREETING=hello
LABEL greeting=${GREETING}
CMD [\"/bin/busybox\", \"true\"]
";

fn services() -> String {
    format!(
        "
  web:
    image: shop:dev
    build: {{context: DIRECTORY, dockerfile: Dockerfile, args: {{GREETING: a $ sign}}}}
    networks: {{default: null}}
  worker: {{image: 'shop:dev', networks: {{default: null}}}}
  db: {{image: '{IMAGE}', networks: {{default: null}}}}
"
    )
}

#[tokio::test]
#[ignore = "needs a Docker Engine: `cargo xtask test`"]
async fn a_commit_is_built_once_and_found_again() {
    let world = World::new();
    let request = world.repository(&[("Dockerfile", DOCKERFILE)], &services());
    let (artifact, _) = world.build(&request).await;
    let artifact = artifact.unwrap();
    let web = &artifact.digests["web"];
    assert!(web.starts_with("sha256:"));
    assert_eq!(&artifact.digests["worker"], web);
    let db = docker(&["image", "inspect", "--format", "{{.Id}}", IMAGE]);
    assert_eq!(artifact.digests["db"], db.trim());
    assert!(world.runtime.has_artifact(&artifact).await.unwrap());
    let label = |name: &str| {
        let format = format!("{{{{index .Config.Labels \"{name}\"}}}}");
        docker(&["image", "inspect", "--format", &format, web])
            .trim()
            .to_owned()
    };
    assert_eq!(label("org.opencontainers.image.revision"), request.commit);
    assert_eq!(label("greeting"), "a $ sign");
    // Nothing is built again, whatever the work tree says by now.
    std::fs::remove_file(request.repository.join("Dockerfile")).unwrap();
    let (again, lines) = world.build(&request).await;
    assert_eq!(again.unwrap(), artifact);
    assert_eq!(lines, [""; 0]);
    docker(&["image", "rm", "--force", web]);
    assert!(!world.runtime.has_artifact(&artifact).await.unwrap());
}

#[tokio::test]
#[ignore = "needs a Docker Engine: `cargo xtask test`"]
async fn a_failing_step_is_told_with_its_last_lines() {
    let world = World::new();
    let dockerfile = format!("FROM {IMAGE}\nRUN echo no compiler && exit 3\n");
    let request = world.repository(&[("Dockerfile", &dockerfile)], &services());
    let (failed, _) = world.build(&request).await;
    let text = format!("{:?}", failed.unwrap_err());
    assert!(text.contains("no compiler"), "{text}");
    assert!(text.contains("docker compose build"), "{text}");
}

#[tokio::test]
#[ignore = "needs a Docker Engine: `cargo xtask test`"]
async fn an_image_that_nobody_has_is_told() {
    let world = World::new();
    let services = "
  web: {image: 'localhost:1/no/such:image', networks: {default: null}}
";
    let request = world.repository(&[], services);
    let (failed, _) = world.build(&request).await;
    let text = failed.unwrap_err().to_string();
    assert!(text.contains("docker compose pull"), "{text}");
    let nothing = Artifact {
        form: Form::Image,
        digests: [("web".to_owned(), format!("sha256:{}", "0".repeat(64)))].into(),
        platforms: vec![],
    };
    assert!(!world.runtime.has_artifact(&nothing).await.unwrap_or(false));
}

#[tokio::test]
#[ignore = "needs a Docker Engine: `cargo xtask test`"]
async fn an_image_says_where_it_comes_from_and_nothing_of_its_secrets() {
    let world = World::new();
    let dockerfile = format!(
        "# syntax\nFROM {IMAGE} AS base\nRUN --mount=type=secret,id=token,target=/token \
         wc -c < /token > /made\nCMD [\"cat\", \"/made\"]\n\
         FROM base AS other\nRUN echo other > /made\n"
    );
    let services = "
  web:
    build:
      context: DIRECTORY
      dockerfile: Dockerfile
      target: base
      network: none
      secrets: [{source: token}]
    networks: {default: null}
secrets: {token: {environment: BUILD_TOKEN}}
";
    let mut request = world.repository(&[("Dockerfile", &dockerfile)], services);
    request.secrets = [("BUILD_TOKEN".to_owned(), "swordfish".to_owned())].into();
    let (artifact, told) = world.build(&request).await;
    let image = artifact
        .unwrap_or_else(|error| panic!("{error:?} {told:#?}"))
        .digests["web"]
        .clone();
    assert_eq!(
        docker(&["run", "--rm", "--network=none", &image]).trim(),
        "9"
    );
    let inspected = docker(&["image", "inspect", &image]);
    for label in [
        "\"org.opencontainers.image.created\": \"2023-11-14T22:13:20Z\"",
        "\"org.opencontainers.image.source\": \"https://example.org/shop.git\"",
        "\"org.opencontainers.image.version\": \"v1\"",
        &format!(
            "\"org.opencontainers.image.revision\": \"{}\"",
            request.commit
        ),
    ] {
        assert!(inspected.contains(label), "{label} in {inspected}");
    }
    let history = docker(&["image", "history", "--no-trunc", &image]);
    let files = docker_bytes(&["image", "save", &image]);
    let is_in = |bytes: &[u8]| bytes.windows(9).any(|part| part == b"swordfish");
    assert!(!is_in(inspected.as_bytes()) && !is_in(history.as_bytes()) && !is_in(&files));
    assert!(!told.iter().any(|line| is_in(line.as_bytes())), "{told:#?}");
    docker(&["image", "rm", "--force", &image]);
}
