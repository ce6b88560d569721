//! The daemon: what it answers, and to whom.

use shipway_testkit::{Call, Daemon, Environment, Sandbox, wait_until};

use crate::common::{deployed, sandbox, sandbox_with, text};

/// A token for a person.
fn token(sandbox: &Sandbox, role: &str, environment: Option<&str>) -> String {
    let made = match environment {
        Some(name) => sandbox.run_well(["tokens", "create", "alice", "--role", role, "-e", name]),
        None => sandbox.run_well(["tokens", "create", "alice", "--role", role]),
    };
    made.stdout.trim().to_owned()
}

#[test]
fn what_is_live_is_told_at_once_and_what_runs_soon_after() {
    let sandbox = sandbox();
    let release = deployed(&sandbox.run_well(["deploy", "testing", "--json"]).json());
    let daemon = Daemon::start(&sandbox, []);

    let one = daemon.get("/v1/environments/testing");
    assert_eq!(text(&one, "/live/release"), release);
    assert_eq!(one["live"]["is_stable"], true);
    let seen = wait_until("somebody to look", || {
        let one = daemon.get("/v1/environments/testing");
        one["seen"].is_object().then_some(one)
    });
    assert_eq!(seen["seen"]["is_well"], true, "{seen:#}");
    assert_eq!(text(&seen, "/seen/instances/0/id"), "web-1");

    let listed = daemon.get("/v1/deployments?environment=testing");
    assert_eq!(text(&listed, "/deployments/0/id"), "d1");
    let detail = daemon.get("/v1/deployments/d1");
    assert_eq!(text(&detail, "/outcome"), "succeeded");
    assert!(detail["journal"].as_array().unwrap().len() > 5);
    assert!(detail["plan"].is_object());

    let told = daemon.stop().expect_code(0);
    told.expect_told(&["ending"]);
    assert_eq!(sandbox.answering("testing"), release);
}

#[test]
fn strangers_are_told_nothing() {
    let sandbox = sandbox();
    let daemon = Daemon::start(&sandbox, []);
    assert_eq!(daemon.call(&Call::get("/healthz")).status, 200);
    let good = token(&sandbox, "viewer", None);
    let wrong = format!(
        "{}{}",
        &good[..good.len() - 1],
        if good.ends_with('0') { "1" } else { "0" }
    );
    for call in [
        Call::get("/v1/environments"),
        Call::get("/metrics"),
        Call::get("/v1/environments").with_token(&wrong),
        Call::get("/v1/environments").with_token("shp_99_00"),
        Call::get("/v1/environments").with("Authorization", "Basic YTpi"),
        Call::get("/v1/none"),
    ] {
        let reply = daemon.call(&call);
        assert_eq!(reply.status, 401, "{call:?}: {reply:?}");
        assert_eq!(reply.json()["title"], "Unauthorized");
        let head = reply.head.to_lowercase();
        assert!(head.contains("application/problem+json"), "{head}");
        assert!(head.contains("www-authenticate: bearer"), "{head}");
    }
    assert_eq!(
        daemon
            .call(&Call::get("/v1/environments").with_token(&good))
            .status,
        200
    );

    sandbox.run_well(["tokens", "revoke", "t1"]);
    let reply = daemon.call(&Call::get("/v1/environments").with_token(&good));
    assert_eq!(
        (reply.status, reply.json()["detail"].as_str()),
        (401, Some("the token is revoked"))
    );
}

#[test]
fn a_token_reaches_as_far_as_its_environments() {
    let sandbox = sandbox_with([Environment::new("testing"), Environment::new("staging")]);
    sandbox.run_well(["deploy", "testing"]);
    let daemon = Daemon::start(&sandbox, []);
    let token = token(&sandbox, "admin", Some("staging"));
    let ask = |path: &str| daemon.call(&Call::get(path).with_token(&token));
    let names = ask("/v1/environments").json();
    assert_eq!(names.as_array().unwrap().len(), 1, "{names:#}");
    assert_eq!(text(&names, "/0/name"), "staging");
    assert_eq!(ask("/v1/environments/testing").status, 403);
    // Whether there is one is none of their business either.
    assert_eq!(ask("/v1/environments/secret").status, 403);
    assert_eq!(ask("/v1/environments/..%2Fx").status, 404);
    assert_eq!(ask("/v1/deployments/d1").status, 403);
    let none = ask("/v1/deployments").json();
    assert_eq!(none["deployments"].as_array().unwrap().len(), 0, "{none:#}");
}

#[test]
fn failures_are_recorded_until_nobody_would_read_them() {
    let sandbox = sandbox();
    let daemon = Daemon::start(&sandbox, []);
    let good = token(&sandbox, "viewer", None);
    let wrong = Call::get("/v1/environments").with_token("shp_1_none");
    let answers: Vec<u16> = (0..40).map(|_| daemon.call(&wrong).status).collect();
    assert_eq!(answers[0], 401);
    assert_eq!(answers[39], 429);
    // Whoever has a good one is not kept out by others at the same address.
    assert_eq!(
        daemon
            .call(&Call::get("/v1/environments").with_token(&good))
            .status,
        200
    );

    let text = daemon.call(&Call::get("/metrics").with_token(&good)).body;
    let line = r#"_count{method="GET",route="/v1/environments",status="429"}"#;
    assert!(text.contains(line), "{text}");
}

#[test]
fn pages_of_deployments_follow_one_another() {
    let sandbox = sandbox();
    for _ in 0..3 {
        sandbox.run_well(["deploy", "testing", "--force"]);
    }
    let daemon = Daemon::start(&sandbox, []);
    let first = daemon.get("/v1/deployments?limit=2");
    assert_eq!(text(&first, "/deployments/1/id"), "d2");
    let next = text(&first, "/next");
    let second = daemon.get(&format!("/v1/deployments?limit=2&before={next}"));
    assert_eq!(text(&second, "/deployments/0/id"), "d1");
    assert!(second["next"].is_null());
    for (path, status) in [
        ("/v1/deployments?before=7", 404),
        ("/v1/deployments?limit=x", 400),
        ("/v1/deployments?colour=red", 400),
        ("/v1/deployments/d99", 404),
    ] {
        let reply = daemon.call_socket(&Call::get(path));
        assert_eq!(reply.status, status, "{path}: {reply:?}");
        assert!(reply.json()["detail"].is_string(), "{reply:?}");
    }
}

#[test]
fn one_daemon_runs_on_a_state_and_strangers_need_tls() {
    let sandbox = sandbox();
    let daemon = Daemon::start(&sandbox, []);
    let second = sandbox.run(["serve"]).expect_code(6);
    second.expect_told(&["a daemon runs on"]);
    // A killed one leaves its socket, and is in nobody's way.
    daemon.kill();
    let daemon = Daemon::start(&sandbox, ["--log-format", "json"]);
    assert!(
        daemon.log().lines().all(|line| line.starts_with('{')),
        "{}",
        daemon.log()
    );
    assert_eq!(daemon.get("/healthz")["version"], env!("CARGO_PKG_VERSION"));
    let _ = daemon.stop().expect_code(0);

    let open = sandbox
        .run(["serve", "--listen", "0.0.0.0:0"])
        .expect_code(2);
    open.expect_told(&["is reached by other machines", "hint: give `--tls-cert`"]);
}
