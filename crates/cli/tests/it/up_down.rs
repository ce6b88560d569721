//! Environments as their files are written, and their end.

use shipway_testkit::{Environment, Sandbox, docker};

use crate::common::{PROGRAM, assert_live, deployed, sandbox, text};

fn ends_and_begins_again(sandbox: &Sandbox) {
    sandbox.run_well(["deploy", "testing"]);
    let asked = sandbox.run(["down", "testing"]);
    asked.expect_code(2).expect_told(&["--confirm testing"]);
    assert_eq!(text(&sandbox.status("testing"), "/routed"), "live");
    sandbox.run_well(["down", "testing", "--confirm", "testing"]);
    let status = sandbox.status("testing");
    assert!(status["live"].is_null(), "{status:#}");
    assert_eq!(status["instances"].as_array().map(Vec::len), Some(0));
    let answer = sandbox.get("testing", "/").expect("the proxy answers");
    assert_eq!(answer.status, 503);
    assert_eq!(sandbox.history()[0]["kind"], "down");
    let told = sandbox.run_well(["down", "testing", "--confirm", "testing"]);
    told.expect_told(&["nothing runs in testing"]);
}

#[test]
fn an_environment_ends_and_begins_again_with_its_data() {
    let sandbox = sandbox();
    ends_and_begins_again(&sandbox);
    let data = sandbox.state().join("volumes/app/testing/data");
    assert!(data.is_dir(), "a volume outlives it");
    let release = deployed(&sandbox.run_well(["deploy", "testing", "--json"]).json());
    assert_live(&sandbox, "testing", &release);
    let asked = sandbox.run(["down", "testing", "--volumes"]);
    asked.expect_code(2).expect_told(&["--confirm testing"]);
    sandbox.run_well(["down", "testing", "--volumes", "--confirm", "testing"]);
    assert!(!data.exists());
}

#[test]
#[ignore = "needs a Docker Engine: `cargo xtask test`"]
fn containers_end_and_their_volumes_stay() {
    let sandbox = Sandbox::with_containers(PROGRAM, [Environment::new("testing")]);
    ends_and_begins_again(&sandbox);
    assert_eq!(sandbox.containers(), Vec::<String>::new());
    sandbox.run_well(["deploy", "testing"]);
    let told = sandbox.run_well(["down", "testing", "--volumes", "--confirm", "testing"]);
    told.expect_told(&["removed the volume", "-testing_data"]);
}

#[test]
#[ignore = "needs a Docker Engine: `cargo xtask test`"]
fn the_files_as_written_run_beside_a_deployed_release() {
    let sandbox = Sandbox::with_containers(PROGRAM, [Environment::new("testing")]);
    let release = deployed(&sandbox.run_well(["deploy", "testing", "--json"]).json());
    sandbox.run_well(["up", "testing", "--detach"]);
    let told = sandbox.run_well(["up", "testing", "--detach"]);
    told.expect_told(&["up_app", "shipway down testing"]);
    assert_eq!(text(&sandbox.status("testing"), "/live/release"), release);
    // The deployed release is asked about by name; what `up` started ends with it.
    let told = sandbox.run_well(["down", "testing", "--volumes", "--confirm", "testing"]);
    told.expect_told(&["nothing runs in testing any more"]);
    let told = sandbox.run_well(["down", "testing"]);
    told.expect_told(&["nothing runs in testing"]);
}

#[test]
#[ignore = "needs a Docker Engine: `cargo xtask test`"]
fn in_the_foreground_logs_are_followed_until_ctrl_c_stops_everything() {
    let sandbox = Sandbox::with_containers(PROGRAM, [Environment::new("testing")]);
    let variables = "GREETING: ${GREETING:-hello}";
    let with_release = format!("{variables}\n      RELEASE: written");
    sandbox.replace("docker-compose.yml", variables, &with_release);
    let mut up = sandbox.start(["up", "testing"]);
    up.wait_for_output("starting written");
    up.interrupt();
    up.finish().expect_code(0);
    let name = sandbox.project_name();
    let label = format!("label=com.docker.compose.project=up_{name}_testing");
    assert_eq!(docker(&["ps", "--quiet", "--filter", &label]), "");
    sandbox.run_well(["down", "testing", "--volumes", "--confirm", "testing"]);
}

#[test]
fn up_says_what_it_cannot_do() {
    let refused = sandbox().run(["up", "testing"]);
    refused
        .expect_code(4)
        .expect_told(&["as processes", "shipway deploy testing"]);
}
