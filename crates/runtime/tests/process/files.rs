//! Secrets and configs as files.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;

use shipway_pipeline::secret::SecretValue;
use shipway_pipeline::workload::{FileKey, FileKind};
use shipway_runtime::{Error, Exit, FileContents, Runtime as _};
use tokio::sync::mpsc::unbounded_channel;

use crate::support::{World, drained, has_exited, key};

const YAML: &str = r#"
services:
  web:
    image: x
    secrets: [key]
    configs: [app]
    x-shipway:
      process:
        command: [/bin/sh, -c, 'cat "$$KEY_FILE" {config:app}; echo "$$KEY_FILE"']
        environment: {KEY_FILE: '{secret:key}'}
secrets: {key: {external: true}}
configs: {app: {external: true}}
"#;

fn contents() -> FileContents {
    let value = |text: &str| SecretValue::new(text.as_bytes().to_vec());
    let key = |kind, name: &str| FileKey {
        kind,
        name: name.to_owned(),
    };
    FileContents::from([
        (key(FileKind::Secret, "key"), value("hunter2\n")),
        (key(FileKind::Config, "app"), value("listen\n")),
    ])
}

#[tokio::test]
async fn a_process_reads_its_files_and_they_go_with_it() {
    let world = World::new(&[("empty", "")]);
    let mut spec = world.spec(1, YAML).await;
    spec.files = contents();
    world.runtime.start(&spec).await.unwrap();
    world.until("web-1", has_exited).await;
    let lines = world.logs("web-1", 10).await;
    assert_eq!(lines[..2], ["hunter2", "listen"]);
    let path = std::path::Path::new(&lines[2]);
    assert_eq!(fs::read_to_string(path).unwrap(), "hunter2\n");
    let mode = fs::metadata(path).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o400);
    world.runtime.stop(&key(), None).await.unwrap();
    assert!(!path.exists());
}

#[tokio::test]
async fn a_task_reads_them_too_and_leaves_none() {
    let world = World::new(&[("empty", "")]);
    let mut spec = world.spec(1, YAML).await;
    spec.files = contents();
    let task = world.task(&spec, "cat \"$KEY_FILE\"; echo \"$KEY_FILE\"");
    let (sender, lines) = unbounded_channel();
    let exit = world.runtime.run_task(&task, &sender).await.unwrap();
    drop(sender);
    assert_eq!(exit, Exit::Code(0));
    let lines = drained(lines);
    assert_eq!(lines[0].text, "hunter2");
    assert!(!std::path::Path::new(&lines[1].text).exists());
}

#[tokio::test]
async fn without_them_nothing_is_started() {
    let world = World::new(&[("empty", "")]);
    let spec = world.spec(1, YAML).await;
    let error = world.runtime.start(&spec).await.unwrap_err();
    assert!(matches!(error, Error::NotRunnable { .. }), "{error}");
    assert!(
        error.to_string().contains("the secret `key` is missing"),
        "{error}"
    );
}
