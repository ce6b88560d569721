//! What people ask for by the API, and what others have to approve.

use serde_json::{Value, json};
use shipway_testkit::{Call, Daemon, Environment, wait_until};

use super::{SECRET, ended, push};
use crate::common::{assert_live, sandbox, sandbox_with, text};

#[test]
fn what_is_asked_for_by_the_api_is_done_or_refused_with_a_reason() {
    let sandbox = sandbox();
    let daemon = Daemon::start(&sandbox, []);
    let ask = |body: Value| daemon.call_socket(&Call::post("/v1/requests", body.to_string()));
    let wish = json!({"environment": "testing", "want": {"kind": "deploy", "commit": "main"}});
    let made = ask(wish.clone());
    assert_eq!(made.status, 201, "{made:?}");
    assert_eq!(text(&ended(&daemon, "q1"), "/end/outcome"), "succeeded");

    let none = json!({"environment": "testing", "want": {"kind": "deploy", "commit": "none"}});
    assert_eq!(ask(none).status, 201);
    let refused = ended(&daemon, "q2");
    assert!(
        text(&refused, "/standing").contains("there is no commit `none`"),
        "{refused:#}"
    );

    for (body, status) in [
        (
            json!({"environment": "other", "want": {"kind": "promote"}}),
            404,
        ),
        (
            json!({"environment": "testing", "want": {"kind": "explode"}}),
            422,
        ),
        (
            json!({"environment": "testing", "want": {"kind": "deploy", "commit": "--x"}}),
            422,
        ),
        (
            json!({"environment": "testing", "want": {"kind": "promote"}, "lane": "break_glass"}),
            422,
        ),
    ] {
        let reply = ask(body);
        assert_eq!(reply.status, status, "{reply:?}");
    }
    let page = Call::post("/v1/requests", wish.to_string());
    let stranger = page.clone().with("Origin", "https://evil.example");
    assert_eq!(daemon.call_socket(&stranger).status, 403);
    let form = page.with("Content-Type", "text/plain");
    assert_eq!(daemon.call_socket(&form).status, 415);
    let cancel = Call::post("/v1/requests/q1/cancel", "{}");
    assert_eq!(daemon.call_socket(&cancel).status, 409);

    let viewer = sandbox.run_well(["tokens", "create", "eve", "--role", "viewer"]);
    let call = Call::post("/v1/requests", wish.to_string()).with_token(viewer.stdout.trim());
    assert_eq!(daemon.call(&call).status, 403);
    assert_eq!(
        daemon.get("/v1/requests")["requests"]
            .as_array()
            .unwrap()
            .len(),
        2
    );
}

#[test]
fn a_push_goes_to_production_when_two_others_approved() {
    let production = Environment::promoted_from("production", "testing")
        .with("policy", "{ approvals: { required: 2, groups: managers } }");
    let sandbox = sandbox_with([Environment::new("testing"), production]);
    let groups = "groups:\n  managers: [anna, ben, carol]\nenvironments:";
    sandbox.replace("shipway.yml", "environments:", groups);
    sandbox.set_variable("SHIPWAY_HOOK_SECRET_GITHUB", SECRET);
    let tokens = ["anna", "ben", "carol", "dora"].map(|name| {
        let made = sandbox.run_well(["tokens", "create", name, "--role", "approver"]);
        made.stdout.trim().to_owned()
    });
    let [anna, ben, carol, dora] = &tokens;
    let commit = sandbox.git(&["rev-parse", "HEAD"]);
    let daemon = Daemon::start(&sandbox, []);
    let pushed = push("refs/heads/main", &commit, "1").signed(SECRET);
    assert_eq!(daemon.call(&pushed).status, 202);
    assert_eq!(text(&ended(&daemon, "q1"), "/end/outcome"), "succeeded");

    let wish = json!({"environment": "production", "want": {"kind": "promote"}, "reason": "sale"});
    let wish = Call::post("/v1/requests", wish.to_string());
    assert_eq!(daemon.call(&wish.with_token(anna)).status, 201);
    let waiting = wait_until("it to wait for people", || {
        let request = daemon.get("/v1/requests/q2");
        (request["state"] == "waiting").then_some(request)
    });
    let plan = text(&waiting, "/plan");
    let approve = |token: &str, plan: &str| {
        let consent = json!({ "plan": plan }).to_string();
        let call = Call::post("/v1/requests/q2/approve", consent).with_token(token);
        daemon.call(&call).status
    };
    assert_eq!(
        approve(anna, plan),
        403,
        "nobody decides about their own request"
    );
    assert_eq!(approve(dora, plan), 403, "she is in no group that decides");
    let last = if plan.ends_with('0') { "1" } else { "0" };
    let other = format!("{}{last}", &plan[..plan.len() - 1]);
    assert_eq!(approve(ben, &other), 412, "it is another plan");
    assert_eq!(approve(ben, plan), 200);
    assert_eq!(approve(ben, plan), 409, "he did already");
    assert_eq!(daemon.get("/v1/requests/q2")["state"], "waiting");
    assert_eq!(approve(carol, plan), 200);
    let request = ended(&daemon, "q2");
    assert_eq!(text(&request, "/end/outcome"), "succeeded", "{request:#}");
    assert_eq!(request["approvals"], json!(["ben", "carol"]));
    assert_eq!(sandbox.history()[0]["requested_by"], "anna");
    let release = sandbox.answering("testing");
    let _ = daemon.stop().expect_code(0);
    assert_live(&sandbox, "production", &release);
    sandbox.run_well(["audit", "verify"]);
}
