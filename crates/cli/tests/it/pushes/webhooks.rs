//! What a webhook brings: deployed once, refused, or ignored with a reason.

use serde_json::json;
use shipway_testkit::{Call, Daemon, Sandbox};

use super::{SECRET, ended, hooked, push};
use crate::common::{assert_live, sandbox, text};

/// One whose repository came from somewhere, so that pushes to others are told from its own.
fn hooked_with_origin() -> Sandbox {
    let sandbox = hooked();
    let origin = "https://git.example.org/acme/app.git";
    sandbox.git(&["remote", "add", "origin", origin]);
    sandbox
}

#[test]
fn a_signed_push_is_deployed_once_and_told_as_it_happens() {
    let sandbox = hooked();
    let commit = sandbox.git(&["rev-parse", "HEAD"]);
    let daemon = Daemon::start(&sandbox, []);
    let call = push("refs/heads/main", &commit, "1").signed(SECRET);
    let reply = daemon.call(&call);
    assert_eq!(reply.status, 202, "{reply:?}");
    assert_eq!(reply.json()["requests"], json!(["q1"]));

    // Again, and again with another number: the number is not signed.
    for number in ["1", "2"] {
        let reply = daemon.call(&call.clone().with("X-GitHub-Delivery", number));
        assert_eq!(
            (reply.status, text(&reply.json(), "/verdict")),
            (200, "replayed")
        );
    }

    let admin = sandbox.run_well(["tokens", "create", "anna", "--role", "viewer"]);
    let follow = Call::get("/v1/requests/q1/events").with_token(admin.stdout.trim());
    let lines: Vec<String> = daemon.follow(&follow).collect();
    let told = |wanted: &str| lines.iter().any(|line| line.contains(wanted));
    assert!(told("lease_taken") && told("event: ended"), "{lines:#?}");
    // Who comes back is told what came after.
    let middle = lines
        .iter()
        .filter_map(|line| line.strip_prefix("id: "))
        .nth(5)
        .unwrap();
    let rest = follow.clone().with("Last-Event-ID", middle);
    let rest: Vec<String> = daemon.follow(&rest).collect();
    assert!(!rest.contains(&format!("id: {middle}")) && rest.len() < lines.len());
    assert!(rest.iter().any(|line| line == "event: ended"));

    let request = ended(&daemon, "q1");
    assert_eq!(text(&request, "/end/outcome"), "succeeded", "{request:#}");
    assert_eq!(text(&request, "/by"), "anna");
    assert_eq!(sandbox.history().len(), 1);
    let release = sandbox.answering("testing");
    let _ = daemon.stop().expect_code(0);
    assert_live(&sandbox, "testing", &release);
}

#[test]
fn hostile_webhooks_are_refused_and_deploy_nothing() {
    let sandbox = hooked_with_origin();
    let commit = sandbox.git(&["rev-parse", "HEAD"]);
    let daemon = Daemon::start(&sandbox, []);
    let good = push("refs/heads/main", &commit, "1");
    let signed = good.clone().signed(SECRET);
    let mut refused = vec![
        (good.clone(), 401),
        (good.clone().signed("another"), 401),
        (good.clone().with("X-Hub-Signature-256", "sha256="), 401),
        (signed.clone().to("/v1/hooks/gitlab"), 404),
        (signed.clone().to("/v1/hooks/../requests"), 404),
        (
            Call::post("/v1/hooks/github", vec![b'x'; 25 * 1024 * 1024 + 1]).signed(SECRET),
            413,
        ),
        (
            Call::post("/v1/hooks/github", "[[[[")
                .with("X-GitHub-Event", "push")
                .signed(SECRET),
            422,
        ),
    ];
    let long = "x".repeat(300);
    for name in [
        "../../etc",
        "a b",
        "a\"b",
        "a'b",
        "größe",
        "$(id)",
        "-x",
        "a..b",
        &long,
    ] {
        let call = push(&format!("refs/heads/{name}"), &commit, name);
        let call = call.with("X-GitHub-Delivery", "9").signed(SECRET);
        refused.push((call, 422));
    }
    for (call, status) in refused {
        let reply = daemon.call(&call);
        assert_eq!(reply.status, status, "{reply:?}");
    }
    assert_eq!(daemon.get("/v1/requests")["requests"], json!([]));
    assert!(sandbox.history().is_empty());
    assert_eq!(daemon.call(&signed).status, 202);
}

#[test]
fn pushes_that_nothing_follows_from_say_why() {
    let sandbox = hooked_with_origin();
    let commit = sandbox.git(&["rev-parse", "HEAD"]);
    let daemon = Daemon::start(&sandbox, []);
    let good = push("refs/heads/main", &commit, "1");
    let other = json!({
        "ref": "refs/heads/main", "before": commit, "after": commit,
        "repository": {"full_name": "acme/other"},
    });
    let other = Call::post("/v1/hooks/github", other.to_string());
    for (call, why) in [
        (other.with("X-GitHub-Event", "push"), "another repository"),
        (
            push("refs/heads/feature", &commit, "3"),
            "no environment takes the branch",
        ),
        (
            push("refs/heads/main", &"0".repeat(40), "4"),
            "the branch was deleted",
        ),
        (push("refs/tags/v1", &commit, "5"), "tags are not deployed"),
        (
            good.with("X-GitHub-Event", "ping"),
            "`ping` sets nothing going",
        ),
    ] {
        let reply = daemon.call(&call.signed(SECRET));
        assert_eq!(
            (reply.status, text(&reply.json(), "/verdict")),
            (200, "ignored")
        );
        assert!(text(&reply.json(), "/reason").contains(why), "{reply:?}");
    }
    assert_eq!(daemon.get("/v1/requests")["requests"], json!([]));
}

#[test]
fn a_hook_s_secret_may_be_kept_by_the_project() {
    let sandbox = sandbox();
    let commit = sandbox.git(&["rev-parse", "HEAD"]);
    let daemon = Daemon::start(&sandbox, []);
    let call = push("refs/heads/main", &commit, "1").signed(SECRET);
    let refused = daemon.call(&call);
    assert_eq!(refused.status, 404, "{refused:?}");
    let hint = refused.json();
    let way_out = "`shipway secrets set ENVIRONMENT SHIPWAY_HOOK_SECRET_GITHUB`";
    assert!(text(&hint, "/hint").starts_with(way_out), "{hint:#}");

    // Set, and changed, while the daemon runs.
    let set = |value: &str| {
        sandbox.write("../hook.txt", value);
        let file = sandbox.root().join("hook.txt");
        let file = file.to_str().unwrap();
        let name = "SHIPWAY_HOOK_SECRET_GITHUB";
        sandbox.run_well(["secrets", "set", "testing", name, "--file", file]);
    };
    set("another");
    assert_eq!(daemon.call(&call).status, 401);
    set(SECRET);
    assert_eq!(daemon.call(&call).status, 202);
    assert_eq!(text(&ended(&daemon, "q1"), "/end/outcome"), "succeeded");
    let _ = daemon.stop().expect_code(0);
}
