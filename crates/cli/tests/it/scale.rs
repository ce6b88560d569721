//! More and fewer instances of what is live, under load, interrupted, and across releases.

use shipway_testkit::{Behaviour, Sandbox, Traffic, wait_until};

use crate::common::{PROGRAM, assert_live, deployed, sandbox, text};

/// The healthy instances, which are all there are.
#[track_caller]
fn instances(sandbox: &Sandbox) -> Vec<String> {
    let status = sandbox.status("testing");
    let instances = status["instances"].as_array().expect("a list");
    instances
        .iter()
        .inspect(|one| assert_eq!(one["healthy"], true, "{status:#}"))
        .map(|one| text(one, "/id").to_owned())
        .collect()
}

/// Lets instances from this number on end at once.
fn ends_from(sandbox: &Sandbox, number: u32) {
    let check = format!(
        "if int(os.environ[\"SHIPWAY_INSTANCE\"].rsplit(\"-\", 1)[-1]) >= {number}:\n    \
         sys.exit(\"too many of us\")\n\nrequests = 0\n"
    );
    sandbox.replace("app.py", "requests = 0\n", &check);
    sandbox.release(Behaviour::Good);
}

fn scales_under_load_without_loss(sandbox: &Sandbox) {
    let release = deployed(&sandbox.run_well(["deploy", "testing", "--json"]).json());
    let traffic = Traffic::start(sandbox, "testing");
    let told = sandbox.run_well(["scale", "testing", "web=3"]);
    told.expect_told(&["web 1 → 3", "web: 3 of 3 healthy"]);
    assert_eq!(instances(sandbox), ["web-1", "web-2", "web-3"]);
    traffic.flow();
    let told = sandbox
        .run_well(["scale", "testing", "web=2", "--json"])
        .json();
    assert_eq!(told["services"][0]["healthy"], 2, "{told:#}");
    assert_eq!(instances(sandbox), ["web-1", "web-2"]);
    traffic.flow();
    traffic.stop(sandbox, "testing").assert_flawless();
    assert_eq!(text(&sandbox.status("testing"), "/live/release"), release);
}

#[test]
fn instances_come_and_go_under_load_without_loss() {
    let sandbox = sandbox();
    scales_under_load_without_loss(&sandbox);
    let release = text(&sandbox.status("testing"), "/live/release").to_owned();
    assert_live(&sandbox, "testing", &release);
}

#[test]
#[ignore = "needs a Docker Engine: `cargo xtask test`"]
fn containers_come_and_go_under_load_without_loss() {
    let sandbox = Sandbox::with_containers(PROGRAM, [shipway_testkit::Environment::new("testing")]);
    scales_under_load_without_loss(&sandbox);
    assert_eq!(sandbox.containers().len(), 2, "{:?}", sandbox.containers());
}

#[test]
fn the_number_outlives_releases_until_the_files_change() {
    let sandbox = sandbox();
    sandbox.run_well(["deploy", "testing"]);
    sandbox.run_well(["scale", "testing", "web=3"]);
    let told = sandbox.run_well(["config", "testing"]);
    assert!(
        told.stdout.contains("scaled:\n  web:\n    size: 3"),
        "{told}"
    );
    sandbox.release(Behaviour::Good);
    let told = sandbox.run_well(["plan", "testing"]);
    assert!(told.stdout.contains("`web` keeps the size 3"), "{told}");
    sandbox.run_well(["deploy", "testing"]);
    assert_eq!(instances(&sandbox).len(), 3);
    let told = sandbox.run_well(["status", "testing"]);
    assert!(told.stdout.contains("web is scaled to 3"), "{told}");
    sandbox.run_well(["rollback", "testing"]);
    assert_eq!(instances(&sandbox).len(), 3);
    sandbox.replace(
        "docker-compose.yml",
        "image: app",
        "image: app\n    scale: 2",
    );
    sandbox.release(Behaviour::Good);
    sandbox.run_well(["deploy", "testing"]);
    assert_eq!(instances(&sandbox).len(), 2);
}

#[test]
fn it_is_recorded_who_changed_what() {
    let sandbox = sandbox();
    sandbox.run_well(["deploy", "testing"]);
    sandbox.run_well(["scale", "testing", "web=2"]);
    let newest = &sandbox.history()[0];
    assert_eq!(newest["kind"], "scale");
    let changes = &newest["changes"][0];
    assert_eq!((&changes["from"], &changes["to"]), (&1.into(), &2.into()));
    assert!(newest["requested_by"].is_string(), "{newest:#}");
    let told = sandbox.run_well(["history", "testing"]);
    assert!(told.stdout.contains("scale web 1 → 2"), "{told}");
    let told = sandbox.run_well(["scale", "testing", "web=2"]);
    told.expect_told(&["web: 2 of 2 healthy"]);
    assert_eq!(sandbox.history().len(), 2, "nothing was done");
}

#[test]
fn those_that_are_healthy_stay_and_the_exit_code_says_so() {
    let sandbox = sandbox();
    ends_from(&sandbox, 3);
    sandbox.run_well(["deploy", "testing"]);
    let ended = sandbox.run(["scale", "testing", "web=4"]);
    let told = ["web-3 ended", "too many of us", "web: 2 of 4 healthy"];
    ended.expect_code(3).expect_told(&told);
    assert_eq!(instances(&sandbox), ["web-1", "web-2"]);
    sandbox.assert_nothing_is_left();
}

#[test]
fn an_interrupted_command_is_finished_by_the_same_one() {
    let sandbox = sandbox();
    sandbox.run_well(["deploy", "testing"]);
    let traffic = Traffic::start(&sandbox, "testing");
    for (step, wanted) in [(1, "web=3"), (3, "web=1"), (5, "web=4"), (2, "web=2")] {
        let running = sandbox.start(["scale", "testing", wanted, "--events"]);
        wait_until(&format!("step {step} of {wanted}"), || {
            let told = running.stdout();
            (told.matches(r#""entry":"intent""#).count() >= step).then_some(())
        });
        running.kill();
        traffic.flow();
        sandbox.run_well(["scale", "testing", wanted]);
        let size: usize = wanted[4..].parse().expect("a number");
        assert_eq!(instances(&sandbox).len(), size);
    }
    traffic.stop(&sandbox, "testing").assert_flawless();
    sandbox.assert_nothing_is_left();
}

#[test]
fn what_cannot_be_scaled_is_refused_with_a_way_out() {
    let sandbox = sandbox();
    let refused = sandbox.run(["scale", "testing", "web=2"]);
    refused
        .expect_code(1)
        .expect_told(&["nothing is live", "shipway deploy testing"]);
    sandbox.run_well(["deploy", "testing"]);
    let refused = sandbox.run(["scale", "testing", "wbe=2"]);
    refused.expect_code(2).expect_told(&["did you mean `web`?"]);
    let refused = sandbox.run(["scale", "testing", "web=0"]);
    refused.expect_code(4).expect_told(&["takes the requests"]);
    let refused = sandbox.run(["scale", "testing", "web"]);
    refused.expect_code(2).expect_told(&["web=3"]);
}
