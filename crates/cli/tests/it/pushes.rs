//! Pushes that come by webhooks, and the queue that carries them out.

use serde_json::{Value, json};
use shipway_testkit::{Behaviour, Call, Daemon, Environment, Sandbox, kill, wait_until};

use crate::common::{assert_live, sandbox, sandbox_with, text};

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

/// The process that carries a request out.
fn carrier(sandbox: &Sandbox, id: &str) -> u32 {
    wait_until("somebody to carry it out", || {
        let words = ["carry-out", id];
        let is_it = |command: &[String]| command.windows(2).any(|pair| pair == words);
        let all = sandbox.processes();
        all.iter()
            .find(|one| is_it(&one.command))
            .map(|one| one.pid)
    })
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
    let sandbox = hooked();
    sandbox.git(&[
        "remote",
        "add",
        "origin",
        "https://git.example.org/acme/app.git",
    ]);
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
    let sandbox = hooked();
    sandbox.git(&[
        "remote",
        "add",
        "origin",
        "https://git.example.org/acme/app.git",
    ]);
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
fn of_a_thousand_pushes_at_once_the_newest_is_deployed() {
    let sandbox = hooked();
    let commit = sandbox.git(&["rev-parse", "HEAD"]);
    let daemon = Daemon::start(&sandbox, []);
    std::thread::scope(|scope| {
        for caller in 0..20 {
            let (daemon, commit) = (&daemon, &commit);
            scope.spawn(move || {
                for number in 0..50 {
                    let delivery = format!("{caller}-{number}");
                    let call = push("refs/heads/main", commit, &delivery).signed(SECRET);
                    let reply = daemon.call(&call);
                    assert_eq!(reply.status, 202, "{reply:?}");
                }
            });
        }
    });
    let newest = daemon.get("/v1/requests?limit=1");
    assert_eq!(text(&newest, "/requests/0/id"), "q1000");
    let request = ended(&daemon, "q1000");
    let how = text(&request, "/end/end");
    assert!(["deployed", "unchanged"].contains(&how), "{request:#}");
    // Those that waited were passed over, and say so.
    assert!(sandbox.history().len() <= 3, "{:#?}", sandbox.history());
    let before = daemon.get("/v1/requests/q500");
    assert_eq!(text(&before, "/end/end"), "superseded", "{before:#}");
}

#[test]
fn a_killed_daemon_loses_nothing_and_nothing_runs_twice() {
    let sandbox = hooked();
    let commit = sandbox.release(Behaviour::SlowStart(4));
    let daemon = Daemon::start(&sandbox, []);
    let call = push("refs/heads/main", &commit, "1").signed(SECRET);
    assert_eq!(daemon.call(&call).status, 202);
    let events = sandbox.state().join("runs/q1.ndjson");
    let wait_for = |wanted: &str| {
        wait_until(wanted, || {
            let text = std::fs::read_to_string(&events).unwrap_or_default();
            text.contains(wanted).then_some(())
        });
    };
    wait_for("lease_taken");
    let first = carrier(&sandbox, "q1");
    daemon.kill();
    // The child goes on, and the next daemon leaves it alone.
    let daemon = Daemon::start(&sandbox, []);
    assert_eq!(carrier(&sandbox, "q1"), first);
    assert_eq!(text(&ended(&daemon, "q1"), "/end/outcome"), "succeeded");
    assert_eq!(sandbox.history().len(), 1);

    // Both are killed: it is carried out again, and goes on with the same deployment.
    let commit = sandbox.release(Behaviour::SlowStart(4));
    let call = push("refs/heads/main", &commit, "2").signed(SECRET);
    assert_eq!(daemon.call(&call).status, 202);
    let events = sandbox.state().join("runs/q2.ndjson");
    wait_until("it to begin", || {
        let text = std::fs::read_to_string(&events).unwrap_or_default();
        text.contains("lease_taken").then_some(())
    });
    let child = carrier(&sandbox, "q2");
    daemon.kill();
    kill(child);
    let daemon = Daemon::start(&sandbox, []);
    assert_eq!(text(&ended(&daemon, "q2"), "/end/outcome"), "succeeded");
    let told = std::fs::read_to_string(&events).unwrap();
    assert!(told.contains("it is carried out again"), "{told}");
    assert_eq!(sandbox.history().len(), 2);
    let release = sandbox.answering("testing");
    let _ = daemon.stop().expect_code(0);
    assert_live(&sandbox, "testing", &release);
}

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

/// The events of a stream that came whole, each with its id.
fn events(lines: impl Iterator<Item = String>, most: usize) -> Vec<(String, String)> {
    let (mut all, mut id, mut data) = (Vec::new(), None, None);
    for line in lines {
        if let Some(text) = line.strip_prefix("id: ") {
            id = Some(text.to_owned());
        } else if let Some(text) = line.strip_prefix("data: ") {
            data = Some(text.to_owned());
        } else if line.is_empty() {
            all.extend(id.take().zip(data.take()));
            if all.len() == most {
                break;
            }
        }
    }
    all
}

#[test]
fn whoever_follows_misses_nothing_and_hears_nothing_twice_over_restarts() {
    let sandbox = hooked();
    let open = sandbox.root().join("open");
    let gate = format!(
        "gates:\n  wait: {{ run: 'for n in 1 2 3 4 5 6; do echo line $n; done; \
         until [ -e {} ]; do sleep 0.05; done; echo the last line' }}\nenvironments:",
        open.display()
    );
    sandbox.replace("shipway.yml", "environments:", &gate);
    let viewer = sandbox.run_well(["tokens", "create", "anna", "--role", "viewer"]);
    let follow = Call::get("/v1/requests/q1/events").with_token(viewer.stdout.trim());
    let after = |seen: &[(String, String)]| match seen.last() {
        Some((id, _)) => follow.clone().with("Last-Event-ID", id),
        None => follow.clone(),
    };

    let commit = sandbox.git(&["rev-parse", "HEAD"]);
    let daemon = Daemon::start(&sandbox, []);
    let pushed = push("refs/heads/main", &commit, "1").signed(SECRET);
    assert_eq!(daemon.call(&pushed).status, 202);
    let mut seen = events(daemon.follow(&after(&[])), 3);
    assert_eq!(seen.len(), 3);
    // The process that carries the request out goes on, with and without a daemon.
    daemon.kill();
    let daemon = Daemon::start(&sandbox, []);
    seen.extend(events(daemon.follow(&after(&seen)), 2));
    let _ = daemon.stop().expect_code(0);
    std::fs::write(&open, "").unwrap();
    let daemon = Daemon::start(&sandbox, []);
    seen.extend(events(daemon.follow(&after(&seen)), usize::MAX));

    let whole = events(daemon.follow(&after(&[])), usize::MAX);
    assert_eq!(seen, whole);
    let told = |wanted: &str| {
        whole
            .iter()
            .filter(|(_, data)| data.contains(wanted))
            .count()
    };
    assert_eq!(told("the last line"), 1, "{whole:#?}");
    assert_eq!(text(&ended(&daemon, "q1"), "/end/outcome"), "succeeded");
    let mut ids: Vec<u64> = whole.iter().map(|(id, _)| id.parse().unwrap()).collect();
    let count = ids.len();
    ids.dedup();
    assert!(ids.is_sorted() && ids.len() == count);
    let _ = daemon.stop().expect_code(0);
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
