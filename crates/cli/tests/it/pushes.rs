//! Pushes that come by webhooks, and the queue that carries them out.

mod following;
mod queue;
mod webhooks;
mod wishes;

use serde_json::{Value, json};
use shipway_testkit::{Call, Daemon, Sandbox, wait_until};

use crate::common::sandbox;

const SECRET: &str = "It's a Secret to Everybody";

/// A sandbox whose daemon takes webhooks of GitHub.
fn hooked() -> Sandbox {
    let sandbox = sandbox();
    sandbox.set_variable("SHIPWAY_HOOK_SECRET_GITHUB", SECRET);
    sandbox
}

/// What GitHub sends of a push.
fn push(reference: &str, commit: &str, delivery: &str) -> Call {
    let body = json!({
        "ref": reference,
        "before": "0".repeat(40),
        "after": commit,
        "repository": {"full_name": "acme/app"},
        "pusher": {"name": "anna"},
        "sent": delivery,
    });
    Call::post("/v1/hooks/github", body.to_string())
        .with("X-GitHub-Event", "push")
        .with("X-GitHub-Delivery", delivery)
}

/// Waits until a request is over.
fn ended(daemon: &Daemon, id: &str) -> Value {
    wait_until(&format!("{id} to end"), || {
        let request = daemon.get(&format!("/v1/requests/{id}"));
        (request["state"] == "ended").then_some(request)
    })
}
