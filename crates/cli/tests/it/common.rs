//! What the tests share.

use serde_json::Value;
use shipway_testkit::{Environment, Running, Sandbox, wait_until};

/// The binary under test.
pub(crate) const PROGRAM: &str = env!("CARGO_BIN_EXE_shipway");

/// A sandbox with one environment, `testing`: blue-green.
pub(crate) fn sandbox() -> Sandbox {
    Sandbox::new(PROGRAM)
}

/// A sandbox with these environments.
pub(crate) fn sandbox_with(environments: impl IntoIterator<Item = Environment>) -> Sandbox {
    Sandbox::with_environments(PROGRAM, environments)
}

/// An empty folder.
pub(crate) fn empty() -> Sandbox {
    Sandbox::empty(PROGRAM)
}

/// A text of a JSON document.
#[track_caller]
pub(crate) fn text<'a>(value: &'a Value, pointer: &str) -> &'a str {
    let found = value.pointer(pointer).and_then(Value::as_str);
    match found {
        Some(text) => text,
        None => panic!("no text at {pointer} of {value:#}"),
    }
}

/// Checks that `status`, `history` and `show` agree that the newest deployment succeeded and is
/// live, that the proxy says so too, and that nothing is left over.
#[track_caller]
pub(crate) fn assert_live(sandbox: &Sandbox, environment: &str, release: &str) {
    let status = sandbox.status(environment);
    assert_eq!(text(&status, "/live/release"), release, "{status:#}");
    assert_eq!(text(&status, "/release/id"), release, "{status:#}");
    assert_eq!(text(&status, "/routed"), "live", "{status:#}");
    assert!(status["deployment"].is_null(), "{status:#}");
    assert!(status["frozen"].is_null(), "{status:#}");
    for instance in status["instances"].as_array().expect("a list") {
        assert_eq!(instance["healthy"], true, "{status:#}");
    }
    let live = text(&status, "/live/deployment");
    let shown = sandbox.show(live);
    assert_eq!(text(&shown, "/release"), release, "{shown:#}");
    let history = sandbox.history();
    let listed = history.iter().find(|one| one["id"] == *live);
    let listed = listed.expect("history has what is live");
    for key in ["release", "outcome", "state", "kind", "strategy", "created"] {
        assert_eq!(listed[key], shown[key], "{key} of {live}");
    }
    assert_eq!(sandbox.answering(environment), release);
    sandbox.assert_nothing_is_left();
}

/// The release that a command's JSON document is about.
#[track_caller]
pub(crate) fn deployed(document: &Value) -> String {
    assert_eq!(text(document, "/outcome"), "succeeded", "{document:#}");
    text(document, "/release").to_owned()
}

/// Waits until a deployment that tells its events is about to take a step of this kind.
#[track_caller]
pub(crate) fn wait_for_step(running: &Running, action: &str) {
    let intent = format!(r#""action":{{"do":"{action}""#);
    wait_until(&format!("the step {action}"), || {
        let told = running.stdout();
        let mut lines = told.lines();
        lines
            .any(|line| line.contains(r#""entry":"intent""#) && line.contains(&intent))
            .then_some(())
    });
}

/// A file of the volume `data` of `testing`; empty where it is not there.
pub(crate) fn volume(sandbox: &Sandbox, file: &str) -> String {
    let path = sandbox.state().join("volumes/app/testing/data").join(file);
    std::fs::read_to_string(path).unwrap_or_default()
}
