//! The service's own health check.

use shipway_runtime::{HealthStatus, Instance};

use crate::support::{World, web};

const SERVE: (&str, &str) = ("serve.sh", "#!/bin/sh\nexec sleep 1000\n");

fn has(status: HealthStatus) -> impl Fn(&Instance) -> bool {
    move |instance| {
        instance
            .health
            .as_ref()
            .is_some_and(|health| health.status == status)
    }
}

fn check(test: &str, more: &str) -> String {
    format!("healthcheck: {{test: {test}, interval: 50ms, retries: 2, {more}}}")
}

#[tokio::test]
async fn a_check_turns_healthy_unhealthy_and_healthy_again() {
    let world = World::new(&[SERVE]);
    let flag = world.home.path().join("flag");
    let test = format!("'cat {}'", flag.display());
    world
        .start(1, &web("./serve.sh", &check(&test, "timeout: 60s")))
        .await;
    let sick = world.until("web-1", has(HealthStatus::Unhealthy)).await;
    let output = sick.health.unwrap().last_output;
    assert!(output.contains("No such file"), "{output}");
    std::fs::write(&flag, "all well").unwrap();
    let well = world.until("web-1", has(HealthStatus::Healthy)).await;
    assert_eq!(well.health.unwrap().last_output, "all well");
    std::fs::remove_file(&flag).unwrap();
    world.until("web-1", has(HealthStatus::Unhealthy)).await;
}

#[tokio::test]
async fn failures_within_the_start_period_leave_it_starting() {
    let world = World::new(&[SERVE]);
    let more = check("'echo no; exit 1'", "timeout: 60s, start_period: 1h");
    world.start(1, &web("./serve.sh", &more)).await;
    let instance = world
        .until("web-1", |instance| {
            instance
                .health
                .as_ref()
                .is_some_and(|health| health.last_output == "no")
        })
        .await;
    assert_eq!(instance.health.unwrap().status, HealthStatus::Starting);
}

#[tokio::test]
async fn a_check_that_takes_too_long_fails() {
    let world = World::new(&[SERVE]);
    let more = check("[CMD, sleep, '1000']", "timeout: 100ms");
    world.start(1, &web("./serve.sh", &more)).await;
    let instance = world.until("web-1", has(HealthStatus::Unhealthy)).await;
    let output = instance.health.unwrap().last_output;
    assert!(output.contains("no result within 100ms"), "{output}");
}

#[tokio::test]
async fn a_check_sees_the_instances_environment() {
    let world = World::new(&[SERVE]);
    let more = check("'echo $$SHIPWAY_INSTANCE $$PORT'", "timeout: 60s");
    world.start(1, &web("./serve.sh", &more)).await;
    let instance = world.until("web-1", has(HealthStatus::Healthy)).await;
    let port = instance.address.unwrap().port();
    assert_eq!(
        instance.health.unwrap().last_output,
        format!("web-1 {port}")
    );
}

#[tokio::test]
async fn a_check_that_cannot_run_fails() {
    let world = World::new(&[SERVE]);
    let more = check("[CMD, no-such-program]", "timeout: 60s");
    world.start(1, &web("./serve.sh", &more)).await;
    let instance = world.until("web-1", has(HealthStatus::Unhealthy)).await;
    let output = instance.health.unwrap().last_output;
    assert!(
        output.contains("cannot execute `no-such-program`"),
        "{output}"
    );
}
