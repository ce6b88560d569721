//! Commit statuses and deployments on a forge, by servers that take what GitHub and GitLab
//! document and refuse everything else.

use std::sync::{Arc, Mutex, PoisonError};

use serde_json::{Value, json};
use shipway_testkit::{Behaviour, Received, Receiver, Response, Sandbox, wait_until};

use crate::common::{sandbox, text};

const TOKEN: &str = "swordfish-swordfish";

/// What a forge knows.
#[derive(Debug, Default)]
struct Hub {
    /// Of commits: context and state.
    statuses: Vec<(String, String)>,
    deployments: Vec<Value>,
    /// Of deployments: their id and state.
    stands: Vec<(u64, String)>,
    /// What it was asked and did not take.
    refused: Vec<String>,
    /// How many changes of a deployment are answered with 502 after they were made.
    losses: u32,
}

type Shared = Arc<Mutex<Hub>>;

fn started(answer: fn(&mut Hub, &Received) -> Result<Response, String>) -> (Receiver, Shared) {
    let hub = Shared::default();
    let shared = Arc::clone(&hub);
    let receiver = Receiver::answering(move |received| {
        let mut hub = shared.lock().unwrap_or_else(PoisonError::into_inner);
        answer(&mut hub, received).unwrap_or_else(|why| {
            hub.refused
                .push(format!("{} {}: {why}", received.method, received.path));
            Response::json(422, &json!({ "message": why }))
        })
    });
    (receiver, hub)
}

fn look<T>(hub: &Shared, look: impl FnOnce(&Hub) -> T) -> T {
    look(&hub.lock().unwrap_or_else(PoisonError::into_inner))
}

fn check(is_good: bool, why: &str) -> Result<(), String> {
    if is_good { Ok(()) } else { Err(why.to_owned()) }
}

/// Keys that are documented, and nothing else.
fn check_keys(body: &Value, known: &[&str]) -> Result<(), String> {
    let keys = body.as_object().ok_or("the body is no object")?;
    for key in keys.keys() {
        check(known.contains(&key.as_str()), &format!("unknown key {key}"))?;
    }
    Ok(())
}

fn one_of<'a>(body: &'a Value, key: &str, known: &[&str]) -> Result<&'a str, String> {
    let found = body[key].as_str().unwrap_or_default();
    check(known.contains(&found), &format!("{key} is {found}"))?;
    Ok(found)
}

fn is_commit(text: &str) -> bool {
    text.len() == 40 && text.bytes().all(|byte| byte.is_ascii_hexdigit())
}

/// The parts of the path below that of the project, and the query.
fn below<'r>(project: &str, received: &'r Received) -> Result<(Vec<&'r str>, &'r str), String> {
    let path = received.path.as_str();
    let (path, query) = path.split_once('?').unwrap_or((path, ""));
    let rest = path.strip_prefix(project).ok_or("no such project")?;
    Ok((rest.split('/').skip(1).collect(), query))
}

// === GitHub ===

fn github(hub: &mut Hub, received: &Received) -> Result<Response, String> {
    let authorization = format!("Bearer {TOKEN}");
    if received.header("authorization") != authorization {
        return Ok(Response::json(
            401,
            &json!({ "message": "Bad credentials" }),
        ));
    }
    check(
        received.header("accept") == "application/vnd.github+json"
            && received.header("x-github-api-version") == "2022-11-28"
            && received.header("user-agent").starts_with("shipway/"),
        "the headers are wrong",
    )?;
    let (parts, query) = below("/repos/acme/shop", received)?;
    match (received.method.as_str(), parts.as_slice()) {
        ("GET", []) => Ok(Response::json(200, &json!({ "full_name": "acme/shop" }))),
        ("POST", ["statuses", sha]) => github_status(hub, sha, &received.json()),
        ("GET", ["deployments"]) => {
            check(
                query.contains("sha=") && query.contains("environment=testing"),
                "the query is wrong",
            )?;
            let newest: Vec<&Value> = hub.deployments.iter().rev().collect();
            Ok(Response::json(200, &json!(newest)))
        }
        ("POST", ["deployments"]) => github_deployment(hub, received.json()),
        ("POST", ["deployments", id, "statuses"]) => {
            github_stand(hub, id.parse().map_err(|_| "no id")?, &received.json())
        }
        _ => Err("there is no such path".to_owned()),
    }
}

fn github_status(hub: &mut Hub, sha: &str, body: &Value) -> Result<Response, String> {
    check(is_commit(sha), "no commit")?;
    check_keys(body, &["state", "target_url", "description", "context"])?;
    let state = one_of(body, "state", &["error", "failure", "pending", "success"])?;
    let description = body["description"].as_str().ok_or("no description")?;
    check(
        description.chars().count() <= 140,
        "the description is too long",
    )?;
    let context = body["context"].as_str().ok_or("no context")?;
    hub.statuses.push((context.to_owned(), state.to_owned()));
    Ok(Response::json(201, &json!({ "state": state })))
}

fn github_deployment(hub: &mut Hub, mut body: Value) -> Result<Response, String> {
    let known = [
        "ref",
        "task",
        "auto_merge",
        "required_contexts",
        "payload",
        "environment",
        "description",
    ];
    check_keys(&body, &known)?;
    check(
        is_commit(body["ref"].as_str().unwrap_or_default()),
        "no ref",
    )?;
    check(body["auto_merge"] == false, "it would be merged")?;
    check(
        body["required_contexts"] == json!([]),
        "it would be checked",
    )?;
    let id = 100 + hub.deployments.len() as u64;
    body["id"] = json!(id);
    hub.deployments.push(body.clone());
    Ok(Response::json(201, &body))
}

fn github_stand(hub: &mut Hub, id: u64, body: &Value) -> Result<Response, String> {
    check_keys(body, &["state", "log_url", "description", "environment"])?;
    let known = [
        "error",
        "failure",
        "inactive",
        "in_progress",
        "queued",
        "pending",
        "success",
    ];
    let state = one_of(body, "state", &known)?;
    let is_there = hub.deployments.iter().any(|one| one["id"] == id);
    check(is_there, "no such deployment")?;
    if hub.losses > 0 {
        hub.losses -= 1;
        return Ok(Response::new(502, "bad gateway"));
    }
    hub.stands.push((id, state.to_owned()));
    Ok(Response::json(201, &json!({ "state": state })))
}

// === GitLab ===

fn gitlab(hub: &mut Hub, received: &Received) -> Result<Response, String> {
    if received.header("private-token") != TOKEN {
        return Ok(Response::json(
            401,
            &json!({ "message": "401 Unauthorized" }),
        ));
    }
    let (parts, query) = below("/api/v4/projects/acme%2Fshop", received)?;
    match (received.method.as_str(), parts.as_slice()) {
        ("GET", []) => {
            let project = json!({ "path_with_namespace": "acme/shop" });
            Ok(Response::json(200, &project))
        }
        ("POST", ["statuses", sha]) => gitlab_status(hub, sha, &received.json()),
        ("GET", ["deployments"]) => {
            check(query.contains("status=running"), "the query is wrong")?;
            let running = |one: &&Value| one["status"] == "running";
            let running: Vec<&Value> = hub.deployments.iter().rev().filter(running).collect();
            Ok(Response::json(200, &json!(running)))
        }
        ("POST", ["deployments"]) => gitlab_deployment(hub, received.json()),
        ("PUT", ["deployments", id]) => {
            gitlab_change(hub, id.parse().map_err(|_| "no id")?, &received.json())
        }
        _ => Err("there is no such path".to_owned()),
    }
}

const GITLAB_STATES: [&str; 4] = ["running", "success", "failed", "canceled"];

fn gitlab_status(hub: &mut Hub, sha: &str, body: &Value) -> Result<Response, String> {
    check(is_commit(sha), "no commit")?;
    check_keys(body, &["state", "name", "target_url", "description"])?;
    let state = one_of(body, "state", &GITLAB_STATES)?.to_owned();
    let name = body["name"].as_str().ok_or("no name")?;
    let name = format!("{name} {sha}");
    let last = hub.statuses.iter().rev().find(|(known, _)| *known == name);
    if last.is_some_and(|(_, last)| *last == state && state == "running") {
        let told = "Cannot transition status via :run from :running";
        return Ok(Response::json(400, &json!({ "message": told })));
    }
    hub.statuses.push((name, state));
    Ok(Response::json(201, &json!({})))
}

fn gitlab_deployment(hub: &mut Hub, mut body: Value) -> Result<Response, String> {
    check_keys(&body, &["environment", "sha", "ref", "tag", "status"])?;
    one_of(&body, "status", &GITLAB_STATES)?;
    check(
        is_commit(body["sha"].as_str().unwrap_or_default()),
        "no sha",
    )?;
    check(
        body["ref"].is_string() && body["tag"].is_boolean(),
        "no ref",
    )?;
    let id = 100 + hub.deployments.len() as u64;
    body["id"] = json!(id);
    hub.deployments.push(body.clone());
    if hub.losses > 0 {
        hub.losses -= 1;
        return Ok(Response::new(502, "bad gateway"));
    }
    Ok(Response::json(201, &body))
}

fn gitlab_change(hub: &mut Hub, id: u64, body: &Value) -> Result<Response, String> {
    check_keys(body, &["status"])?;
    let state = one_of(body, "status", &GITLAB_STATES)?.to_owned();
    let found = hub.deployments.iter_mut().find(|one| one["id"] == id);
    let found = found.ok_or("no such deployment")?;
    found["status"] = json!(state);
    hub.stands.push((id, state));
    Ok(Response::json(200, &json!({ "id": id })))
}

// === tests ===

fn with_forge(sandbox: &Sandbox, kind: &str, api: &str) {
    let section = format!(
        "forge: {{ kind: {kind}, repository: acme/shop, token: \"${{FORGE_TOKEN}}\", \
         api: \"{api}\" }}\nenvironments:"
    );
    sandbox.replace("shipway.yml", "environments:", &section);
    sandbox.set_variable("FORGE_TOKEN", TOKEN);
}

fn states(all: &[(String, String)]) -> Vec<&str> {
    all.iter().map(|(_, state)| state.as_str()).collect()
}

/// Sends what is due until nothing waits.
fn deliver_all(sandbox: &Sandbox) -> Vec<Value> {
    wait_until("everything to be delivered", || {
        sandbox.run_well(["notify", "run-due"]);
        let listed = sandbox.run_well(["notify", "list", "--json"]).json();
        let listed = listed.as_array().expect("a list").clone();
        let is_over = listed.iter().all(|one| one["state"] == "delivered");
        is_over.then_some(listed)
    })
}

#[test]
fn github_shows_what_becomes_of_a_commit() {
    let (receiver, hub) = started(github);
    let sandbox = sandbox();
    with_forge(&sandbox, "github", &receiver.url(""));
    let tried = sandbox.run_well(["notify", "test", "forge"]);
    assert!(
        tried
            .stdout
            .contains("the repository acme/shop can be read"),
        "{}",
        tried.stdout
    );
    sandbox.run_well(["deploy", "testing"]);
    sandbox.release(Behaviour::Crash);
    let _ = sandbox.run(["deploy", "testing"]).expect_code(3);
    look(&hub, |hub| {
        assert_eq!(hub.refused, [""; 0]);
        assert_eq!(
            states(&hub.statuses),
            ["pending", "success", "pending", "failure"]
        );
        assert!(
            hub.statuses
                .iter()
                .all(|(name, _)| name == "shipway/testing")
        );
        let stands: Vec<(u64, &str)> = hub
            .stands
            .iter()
            .map(|(id, state)| (*id, state.as_str()))
            .collect();
        assert_eq!(
            stands,
            [
                (100, "in_progress"),
                (100, "success"),
                (101, "in_progress"),
                (101, "failure")
            ]
        );
        assert_eq!(text(&hub.deployments[0], "/environment"), "testing");
    });
}

#[test]
fn a_deployment_whose_answer_was_lost_is_not_made_twice() {
    let (receiver, hub) = started(github);
    let sandbox = sandbox();
    with_forge(&sandbox, "github", &receiver.url(""));
    hub.lock().unwrap_or_else(PoisonError::into_inner).losses = 1;
    let ended = sandbox.run_well(["deploy", "testing"]);
    ended.expect_told(&["did not reach `forge`: 502"]);
    let messages = deliver_all(&sandbox);
    look(&hub, |hub| {
        assert_eq!(hub.refused, [""; 0]);
        assert_eq!(hub.deployments.len(), 1);
        assert_eq!(hub.stands, [(100, "success".to_owned())]);
        // What began is no news once it is over.
        assert_eq!(states(&hub.statuses), ["pending", "success"]);
    });
    assert!(text(&messages[1], "/answer").contains("later news"));
}

#[test]
fn gitlab_shows_what_becomes_of_a_commit() {
    let (receiver, hub) = started(gitlab);
    let sandbox = sandbox();
    with_forge(&sandbox, "gitlab", &receiver.url("/api/v4"));
    let tried = sandbox.run_well(["notify", "test", "forge"]);
    assert!(
        tried.stdout.contains("the project acme/shop can be read"),
        "{}",
        tried.stdout
    );
    hub.lock().unwrap_or_else(PoisonError::into_inner).losses = 1;
    sandbox.run_well(["deploy", "testing"]);
    deliver_all(&sandbox);
    sandbox.release(Behaviour::Crash);
    let _ = sandbox.run(["deploy", "testing"]).expect_code(3);
    look(&hub, |hub| {
        assert_eq!(hub.refused, [""; 0]);
        assert_eq!(
            states(&hub.statuses),
            ["running", "success", "running", "failed"]
        );
        let now: Vec<&str> = hub
            .deployments
            .iter()
            .map(|one| text(one, "/status"))
            .collect();
        assert_eq!(now, ["success", "failed"]);
    });
}

#[test]
fn a_token_that_is_wrong_is_told_and_not_shown() {
    let (receiver, _hub) = started(github);
    let sandbox = sandbox();
    with_forge(&sandbox, "github", &receiver.url(""));
    sandbox.set_variable("FORGE_TOKEN", "hunter2-hunter2");
    let refused = sandbox.run(["notify", "test"]).expect_code(1);
    assert!(refused.stdout.contains("401"), "{}", refused.stdout);
    assert!(!refused.stdout.contains("hunter2"), "{}", refused.stdout);
    let ended = sandbox.run_well(["deploy", "testing"]);
    ended.expect_told(&["did not reach `forge`: 401", "given up"]);
}
