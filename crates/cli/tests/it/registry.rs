//! Images built once, pushed to a registry of the test's own, and promoted by their digest.

use std::fs;
use std::process::Command;
use std::time::Duration;

use serde_json::Value;
use shipway_testkit::{Behaviour, Environment, Registry, Sandbox};

use crate::common::{PROGRAM, deployed, text};

fn sandbox(registry: &Registry) -> Sandbox {
    let sandbox = plain();
    set(&sandbox, registry);
    sandbox
}

/// Without a registry yet.
fn plain() -> Sandbox {
    Sandbox::with_containers(
        PROGRAM,
        [
            Environment::new("testing"),
            Environment::promoted_from("staging", "testing"),
        ],
    )
}

fn set(sandbox: &Sandbox, registry: &Registry) {
    let setting = format!(
        "registry: {{ repository: {}/app }}\nservices:",
        registry.address()
    );
    sandbox.replace("shipway.yml", "services:", &setting);
}

fn deploy(sandbox: &Sandbox) -> String {
    deployed(&sandbox.run_well(["deploy", "testing", "--json"]).json())
}

fn image(sandbox: &Sandbox, release: &str) -> String {
    let shown = sandbox.run_well(["show", release, "--json"]).json();
    text(&shown, "/artifacts/web").to_owned()
}

/// The images that the project's containers were made from.
fn running(sandbox: &Sandbox) -> Vec<String> {
    let containers = sandbox.containers();
    let inspect = |name: &String| docker(&["inspect", "--format", "{{.Config.Image}}", name]);
    containers.iter().map(inspect).collect()
}

fn docker(words: &[&str]) -> String {
    let output = Command::new("docker").args(words).output();
    let output = output.expect("the Docker CLI is installed");
    String::from_utf8_lossy(&output.stdout).trim().to_owned()
}

fn digest(image: &str) -> &str {
    image.split_once('@').expect("a digest").1
}

fn tagged(registry: &Registry, tag: &str) -> Option<String> {
    registry.manifest("app/web", tag).map(|(digest, _)| digest)
}

#[track_caller]
fn assert_answering(sandbox: &Sandbox, environment: &str, release: &str) {
    let status: Value = sandbox.status(environment);
    assert_eq!(text(&status, "/live/release"), release, "{status:#}");
    assert_eq!(sandbox.answering(environment), release);
}

#[test]
#[ignore = "needs a Docker Engine: `cargo xtask test`"]
fn what_testing_proved_runs_in_staging_digest_for_digest() {
    let registry = Registry::start();
    let sandbox = sandbox(&registry);
    let built = sandbox.run_well(["build", "--json"]).json();
    assert_eq!(text(&built, "/stored"), "registry");
    let release = deploy(&sandbox);
    assert_eq!(release, text(&built, "/release"));
    let image = image(&sandbox, &release);
    assert!(image.starts_with(&format!("{}/app/web@sha256:", registry.address())));
    assert_eq!(tagged(&registry, &release).as_deref(), Some(digest(&image)));
    assert_eq!(
        tagged(&registry, "testing").as_deref(),
        Some(digest(&image))
    );
    assert_eq!(tagged(&registry, "staging"), None);
    sandbox.run_well(["promote", "staging", "--yes"]);
    assert_eq!(
        tagged(&registry, "staging").as_deref(),
        Some(digest(&image))
    );
    assert_eq!(running(&sandbox), [image.clone(), image.clone()]);
    // The next one moves the tag of its own environment alone, and a rollback moves it back.
    sandbox.release(Behaviour::Good);
    let next = deploy(&sandbox);
    assert_ne!(
        tagged(&registry, "testing").as_deref(),
        Some(digest(&image))
    );
    assert_eq!(
        tagged(&registry, "staging").as_deref(),
        Some(digest(&image))
    );
    sandbox.run_well(["rollback", "testing", "--yes"]);
    assert_eq!(
        tagged(&registry, "testing").as_deref(),
        Some(digest(&image))
    );
    assert!(tagged(&registry, &next).is_some());
}

#[test]
#[ignore = "needs a Docker Engine: `cargo xtask test`"]
fn a_registry_that_is_gone_stops_a_promotion_before_anything_is_touched() {
    let mut registry = Registry::start();
    let sandbox = sandbox(&registry);
    let old = deploy(&sandbox);
    sandbox.run_well(["promote", "staging", "--yes"]);
    sandbox.release(Behaviour::Good);
    let new = deploy(&sandbox);
    registry.stop();
    let stopped = sandbox.run(["promote", "staging", "--yes"]);
    let told = ["cannot be reached", "hint: make `127.0.0.1:"];
    stopped.expect_code(3).expect_told(&told);
    assert_answering(&sandbox, "staging", &old);
    // A way back needs no registry.
    sandbox.run_well(["rollback", "testing", "--yes"]);
    assert_answering(&sandbox, "testing", &old);
    let told = sandbox.run(["deploy", "testing", "--commit", "HEAD"]);
    told.expect_code(1)
        .expect_told(&["cannot be reached", "hint: make `127.0.0.1:"]);
    assert_answering(&sandbox, "testing", &old);
    registry.start_again();
    assert_eq!(deploy(&sandbox), new);
    sandbox.run_well(["promote", "staging", "--yes"]);
    assert_answering(&sandbox, "staging", &new);
}

#[test]
#[ignore = "needs a Docker Engine: `cargo xtask test`"]
fn a_registry_without_room_stops_a_deployment_before_anything_is_touched() {
    let sandbox = plain();
    let old = deploy(&sandbox);
    let registry = Registry::with_little_room(64);
    set(&sandbox, &registry);
    sandbox.release(Behaviour::Good);
    // The engine sends each layer five times, with pauses of 50 s in all.
    let deploying = sandbox.start(["deploy", "testing"]);
    deploying
        .finish_within(Duration::from_secs(300))
        .expect_code(1)
        .expect_told(&["cannot push", "its disk is full"]);
    assert_answering(&sandbox, "testing", &old);
}

#[test]
#[ignore = "needs a Docker Engine: `cargo xtask test`"]
fn wrong_credentials_stop_a_deployment_and_right_ones_let_it_through() {
    let registry = Registry::with_lock();
    let sandbox = sandbox(&registry);
    let refused = |sandbox: &Sandbox| {
        let login = format!("docker login {}", registry.address());
        let stopped = sandbox.run(["deploy", "testing"]);
        stopped.expect_code(1).expect_told(&["credentials", &login]);
    };
    refused(&sandbox);
    log_in(&sandbox, &registry, "wrong");
    refused(&sandbox);
    let (_, password) = Registry::ACCOUNT;
    log_in(&sandbox, &registry, password);
    let release = deploy(&sandbox);
    assert_answering(&sandbox, "testing", &release);
    let state = fs::read(sandbox.state().join("shipway.db")).unwrap();
    let password = password.as_bytes();
    assert!(!state.windows(password.len()).any(|part| part == password));
}

/// As `docker login` leaves it where a helper keeps the credentials.
fn log_in(sandbox: &Sandbox, registry: &Registry, password: &str) {
    use std::os::unix::fs::PermissionsExt as _;
    let programs = sandbox.root().join("programs");
    let configuration = sandbox.root().join("home/.docker");
    for directory in [&programs, &configuration] {
        fs::create_dir_all(directory).expect("a directory can be made");
    }
    let (name, _) = Registry::ACCOUNT;
    let answer = format!(r#"{{"ServerURL":"","Username":"{name}","Secret":"{password}"}}"#);
    let helper = programs.join("docker-credential-test");
    fs::write(
        &helper,
        format!("#!/bin/sh\ncat >/dev/null\necho '{answer}'\n"),
    )
    .expect("it can be written");
    let mode = fs::Permissions::from_mode(0o755);
    fs::set_permissions(&helper, mode).expect("it is ours");
    let text = format!(r#"{{"credHelpers":{{"{}":"test"}}}}"#, registry.address());
    fs::write(configuration.join("config.json"), text).expect("it can be written");
    let path = std::env::var("PATH").expect("there is one");
    sandbox.set_variable("PATH", &format!("{}:{path}", programs.display()));
}

#[test]
#[ignore = "needs a Docker Engine: `cargo xtask test`"]
fn a_pruned_release_is_gone_from_engine_and_registry() {
    let registry = Registry::start();
    let sandbox = sandbox(&registry);
    let mut images = Vec::new();
    for _ in 0..3 {
        sandbox.release(Behaviour::Good);
        let release = deploy(&sandbox);
        images.push(image(&sandbox, &release));
    }
    let pruned = sandbox
        .run_well(["prune", "--keep", "1", "--yes", "--json"])
        .json();
    assert_eq!(pruned["left"], serde_json::json!([]), "{pruned:#}");
    let is_here =
        |image: &str| !docker(&["image", "inspect", "--format", "{{.Id}}", image]).is_empty();
    let is_there = |image: &str| tagged(&registry, digest(image)).is_some();
    let state = |image: &String| (is_here(image), is_there(image));
    let states: Vec<_> = images.iter().map(state).collect();
    assert_eq!(states, [(false, false), (true, true), (true, true)]);
    sandbox.run_well(["rollback", "testing", "--yes"]);
}
