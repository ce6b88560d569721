use serde_json::{Value, json};

use super::*;

fn inspected(state: &Value) -> ContainerInspectResponse {
    let container = json!({
        "RestartCount": 2,
        "State": state,
        "Config": {"Labels": {
            "shipway.instance": "web-1",
            "shipway.release": "r1f3a9c2b4d5e",
            "shipway.deployment": "d7",
            "shipway.port": "8000",
        }},
        "NetworkSettings": {"Networks": {
            "b": {"IPAddress": "172.18.0.9"},
            "a": {"IPAddress": "172.17.0.9"},
            "0": {"IPAddress": ""},
        }},
    });
    serde_json::from_value(container).unwrap()
}

fn made(container: &ContainerInspectResponse) -> Option<Instance> {
    instance(container, identity(container)?)
}

fn state(json: Value) -> State {
    made(&inspected(&json)).unwrap().state
}

#[test]
fn a_running_container_is_an_instance_with_an_address() {
    let found = made(&inspected(&json!({
        "Status": "running",
        "Pid": 42,
        "StartedAt": "1970-01-01T00:00:01.5Z",
        "Health": {"Status": "unhealthy", "Log": [{"Output": "old"}, {"Output": "refused\n"}]},
    })))
    .unwrap();
    assert_eq!(found.id.to_string(), "web-1");
    assert_eq!(found.address, Some("172.17.0.9:8000".parse().unwrap()));
    assert_eq!(found.restarts, 2);
    let since = Timestamp(1_500);
    assert_eq!(found.state, State::Running { since, pid: 42 });
    let health = found.health.unwrap();
    assert_eq!(health.status, HealthStatus::Unhealthy);
    assert_eq!(health.last_output, "refused");
}

#[test]
fn how_it_ended_is_told() {
    let exited = |more: Value| {
        let mut whole = json!({"Status": "exited", "FinishedAt": "1970-01-01T00:00:02Z"});
        whole
            .as_object_mut()
            .unwrap()
            .extend(more.as_object().unwrap().clone());
        match state(whole) {
            State::Exited { exit, at } => (exit, at),
            other => panic!("{other:?}"),
        }
    };
    let at = Timestamp(2_000);
    assert_eq!(exited(json!({"ExitCode": 3})), (Exit::Code(3), at));
    assert_eq!(
        exited(json!({"ExitCode": 137, "OOMKilled": true})),
        (Exit::OutOfMemory, at)
    );
    assert_eq!(
        exited(json!({"ExitCode": 127, "Error": "exec: no such file"})),
        (Exit::NotStarted, at)
    );
}

#[test]
fn containers_on_their_way_are_told_apart() {
    assert_eq!(state(json!({"Status": "created"})), State::Starting);
    assert!(matches!(
        state(json!({"Status": "created", "Error": "port is taken"})),
        State::Exited { .. }
    ));
    let exit = Exit::Code(1);
    assert_eq!(
        state(json!({"Status": "restarting", "ExitCode": 1})),
        State::Restarting { exit }
    );
    assert!(made(&inspected(&json!({"Status": "removing"}))).is_none());
}

#[test]
fn what_is_not_ours_is_no_instance() {
    let mut container = inspected(&json!({"Status": "running"}));
    container.config = None;
    assert!(made(&container).is_none());
}
