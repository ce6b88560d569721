//! Secrets and configs as files.

use std::fs;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
use std::path::PathBuf;

use shipway_pipeline::colour::Slot;
use shipway_pipeline::secret::SecretValue;
use shipway_pipeline::workload::{FileKey, FileKind};
use shipway_runtime::{ColourSpec, Exit, Runtime as _};

use crate::support::{World, docker, is_running};

const WEB: &str = "
  web:
    image: x
    init: true
    read_only: true
    user: '103:104'
    command: [sleep, '600']
    networks: {default: null}
    stop_grace_period: 1s
    secrets:
      - {source: key, target: /run/secrets/key}
      - {source: tls, target: /etc/tls.pem, uid: '103', gid: '104', mode: 256}
      - {source: roots, target: /run/secrets/roots, uid: '0', gid: '0', mode: 256}
    configs: [{source: app, target: /etc/app.conf}]
secrets:
  key: {external: true, name: secret_key}
  tls: {environment: TLS}
  roots: {external: true}
configs:
  app: {content: listen}
";

const SENTINEL: &str = "sentinel-7d1c";

/// Deployment `number`, whose secrets hold its number.
fn spec(world: &World, number: u64) -> ColourSpec {
    let mut spec = world.spec(number, Slot::Blue, WEB, &[("web", 1)]);
    for (kind, name) in [
        (FileKind::Secret, "key"),
        (FileKind::Secret, "tls"),
        (FileKind::Secret, "roots"),
        (FileKind::Config, "app"),
    ] {
        let key = FileKey {
            kind,
            name: name.to_owned(),
        };
        let value = format!("{SENTINEL} {name} {number}");
        spec.files.insert(key, SecretValue::new(value.into_bytes()));
    }
    spec
}

fn copies(world: &World) -> PathBuf {
    let path = format!("state/run/{}/testing/blue/files", world.project);
    world.home.path().join(path)
}

#[tokio::test]
#[ignore = "needs a Docker Engine: `cargo xtask test`"]
async fn a_container_reads_its_own_copies_and_nobody_else_does() {
    let world = World::new();
    let one = spec(&world, 1);
    world.runtime.start(&one).await.unwrap();
    world.until(Slot::Blue, "web-1", is_running).await;
    let container = format!("{}-testing-blue-web-1", world.project);
    let cat = |path: &str| docker(&["exec", &container, "cat", path]);
    assert_eq!(cat("/run/secrets/key"), format!("{SENTINEL} key 1"));
    assert_eq!(cat("/etc/tls.pem"), format!("{SENTINEL} tls 1"));
    assert_eq!(cat("/etc/app.conf"), format!("{SENTINEL} app 1"));
    let script = "cat /run/secrets/roots 2>/dev/null || echo refused";
    let said = docker(&["exec", &container, "sh", "-c", script]);
    assert_eq!(said.trim(), "refused");

    let inspected = docker(&["inspect", &container]);
    assert!(inspected.contains("/run/secrets/key") && !inspected.contains(SENTINEL));
    let tls = copies(&world).join("d1/secret-tls-400-u103-g104");
    let metadata = fs::metadata(&tls).unwrap();
    assert_eq!((metadata.uid(), metadata.gid()), (103, 104));
    assert_eq!(metadata.permissions().mode() & 0o777, 0o400);
    let folder = fs::metadata(copies(&world).join("d1")).unwrap();
    assert_eq!(folder.permissions().mode() & 0o777, 0o700);

    // Another deployment has copies of its own; those of the first go with its container.
    let two = spec(&world, 2);
    world.runtime.start(&two).await.unwrap();
    world.until(Slot::Blue, "web-1", is_running).await;
    assert_eq!(cat("/run/secrets/key"), format!("{SENTINEL} key 2"));
    world.runtime.stop(&two.key, Some(&[])).await.unwrap();
    let left = || {
        let entries = fs::read_dir(copies(&world)).unwrap().flatten();
        entries.map(|one| one.file_name()).collect::<Vec<_>>()
    };
    assert_eq!(left(), ["d2"]);
    world.runtime.stop(&two.key, None).await.unwrap();
    assert!(left().is_empty());
}

#[tokio::test]
#[ignore = "needs a Docker Engine: `cargo xtask test`"]
async fn a_task_reads_what_its_service_reads() {
    let world = World::new();
    let mut task = world.task(3, "t", WEB, "cat /run/secrets/key");
    task.colour.files = spec(&world, 3).files;
    let (exit, lines) = world.run(&task).await;
    assert_eq!(exit.unwrap(), Exit::Code(0));
    assert_eq!(lines, [format!("{SENTINEL} key 3")]);
    world.runtime.stop(&task.colour.key, None).await.unwrap();
    assert_eq!(fs::read_dir(copies(&world)).unwrap().count(), 0);
}
