//! From a push to production, with a real git client, in containers of a real engine.

use std::path::Path;

use shipway_testkit::{Environment, Sandbox};

use crate::common::{PROGRAM, text};

fn sandbox() -> Sandbox {
    let sandbox = Sandbox::with_containers(
        PROGRAM,
        [
            Environment::new("development").with("branches", "['feature/*']"),
            Environment::new("testing"),
            Environment::promoted_from("staging", "testing"),
            Environment::promoted_from("production", "staging")
                .with("policy", "{ approvals: { required: 2, groups: managers } }"),
        ],
    );
    let rest = "groups:
  managers: [anna, ben, carol]
gates:
  lint: { run: 'python3 -m py_compile app.py' }
  inside: { in: image, run: 'test -e app.py', needs: [lint] }
environments:";
    sandbox.replace("shipway.yml", "environments:", rest);
    let _ = sandbox.commit("a pipeline");
    sandbox
}

/// Commits a version in somebody's own clone, and pushes it; gives what the pusher was told.
fn push(sandbox: &Sandbox, laptop: &Path, branch: &str, version: &str) -> String {
    let here = laptop.to_str().expect("it is a text");
    std::fs::write(laptop.join("version"), version).expect("it can be written");
    sandbox.git(&["-C", here, "commit", "--quiet", "--all", "-m", version]);
    sandbox.git_told(&["-C", here, "push", "deploy", branch])
}

/// Runs a command on somebody's behalf.
fn run_as(sandbox: &Sandbox, person: &str, words: &[&str]) -> shipway_testkit::Ended {
    sandbox.start_words(person, words).finish()
}

/// The image that an environment's web service runs.
fn image(sandbox: &Sandbox, environment: &str) -> String {
    let colour = sandbox.status(environment);
    let colour = text(&colour, "/live/colour");
    let name = format!("{}-{environment}-{colour}-web-1", sandbox.project_name());
    assert!(sandbox.containers().contains(&name), "{name}");
    shipway_testkit::docker(&["inspect", "--format", "{{.Image}}", &name])
}

/// The same image went all the way, and the records say who sent it.
#[track_caller]
fn assert_what_happened(sandbox: &Sandbox) {
    // One image, built once, and each environment its own container of it.
    let tested = image(sandbox, "testing");
    assert_eq!(image(sandbox, "staging"), tested);
    assert_eq!(image(sandbox, "production"), tested);
    assert_ne!(image(sandbox, "development"), tested);
    let who: Vec<String> = sandbox
        .history()
        .iter()
        .rev()
        .map(|one| {
            let [kind, place, by] =
                ["/kind", "/environment", "/requested_by"].map(|at| text(one, at));
            format!("{kind} {place} {by}")
        })
        .collect();
    assert_eq!(who.len(), 4, "{who:?}");
    assert_eq!(
        who[2..],
        ["promote staging anna", "promote production anna"]
    );
}

#[test]
#[ignore = "needs a Docker Engine: `cargo xtask test`"]
fn a_push_goes_all_the_way_to_production() {
    let sandbox = sandbox();
    let bare = sandbox.run_well(["git", "init"]).stdout.trim().to_owned();
    let laptop = sandbox.root().join("laptop");
    let here = laptop.to_str().unwrap();
    sandbox.git(&["clone", "--quiet", ".", here]);
    sandbox.git(&["-C", here, "remote", "add", "deploy", &bare]);

    sandbox.git(&["-C", here, "switch", "--quiet", "--create", "feature/cart"]);
    let told = push(&sandbox, &laptop, "feature/cart", "cart");
    assert!(told.contains("remote: development: deploy"), "{told}");
    let feature = sandbox.answering("development");
    assert!(sandbox.status("testing")["live"].is_null());

    sandbox.git(&["-C", here, "switch", "--quiet", "main"]);
    sandbox.git(&["-C", here, "merge", "--quiet", "feature/cart"]);
    let told = push(&sandbox, &laptop, "main", "shop");
    assert!(told.contains("remote: testing: deploy"), "{told}");
    let release = sandbox.answering("testing");
    assert_ne!(release, feature);
    assert_eq!(sandbox.answering("development"), feature);

    let _ = run_as(&sandbox, "anna", &["promote", "staging", "--yes"]).expect_code(0);
    assert_eq!(sandbox.answering("staging"), release);

    let asked = run_as(
        &sandbox,
        "anna",
        &["promote", "production", "--confirm", "production"],
    );
    asked
        .expect_code(5)
        .expect_told(&["more approvals of managers"]);
    let requests = sandbox.run_well(["requests", "--json"]).json();
    let id = text(&requests, "/0/id").to_owned();
    let approve = |person: &str| run_as(&sandbox, person, &["approve", &id, "--yes"]);
    approve("anna")
        .expect_code(4)
        .expect_told(&["nobody decides about their own request"]);
    let _ = approve("ben").expect_code(0);
    assert!(sandbox.status("production")["live"].is_null());
    let _ = approve("carol").expect_code(0);
    assert_eq!(sandbox.answering("production"), release);

    assert_what_happened(&sandbox);
    let shown = sandbox.run_well(["show", &id, "--json"]).json();
    assert_eq!(shown["approvals"][0]["by"], "ben", "{shown:#}");
    assert_eq!(shown["approvals"][1]["by"], "carol");
    sandbox.run_well(["audit", "verify"]);
}
