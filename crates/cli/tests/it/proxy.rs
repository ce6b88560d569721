//! The proxy's own life: killed, found again, looked at, stopped.

use shipway_testkit::{Behaviour, Purpose, Sandbox, wait_until};

use crate::common::{assert_live, deployed, sandbox, text, wait_for_step};

fn kill_proxy(sandbox: &Sandbox) {
    let pid = sandbox.proxy_pid();
    shipway_testkit::kill(pid);
    wait_until("the proxy to be gone", || {
        let all = sandbox.processes();
        all.iter().all(|one| one.pid != pid).then_some(())
    });
}

#[test]
fn its_table_survives_its_death_and_the_next_deployment_brings_it_back() {
    let sandbox = sandbox();
    sandbox.run_well(["deploy", "testing"]).expect_told(&["✓"]);
    kill_proxy(&sandbox);
    assert!(sandbox.get("testing", "/").is_err());
    let status = sandbox.status("testing");
    assert_eq!(text(&status, "/routed"), "no_proxy");
    let told = sandbox.run_well(["status", "testing"]).stdout;
    assert!(
        told.contains("the proxy is not running: `shipway proxy` starts it"),
        "{told}"
    );

    sandbox.release(Behaviour::Good);
    let release = deployed(&sandbox.run_well(["deploy", "testing", "--json"]).json());
    assert_live(&sandbox, "testing", &release);
}

#[test]
fn by_itself_it_comes_back_with_what_was_routed() {
    let sandbox = sandbox();
    let release = deployed(&sandbox.run_well(["deploy", "testing", "--json"]).json());
    let before = sandbox.run_well(["proxy", "status"]).json();
    kill_proxy(&sandbox);
    let running = sandbox.start(["proxy"]);
    wait_until("the proxy to answer", || sandbox.get("testing", "/").ok());
    let after = sandbox.run_well(["proxy", "status"]).json();
    let routed = |status: &serde_json::Value| status["routes"][0]["routed"].clone();
    assert_eq!(routed(&after), routed(&before), "epoch and generation");
    assert_eq!(sandbox.answering("testing"), release);
    assert_eq!(text(&sandbox.status("testing"), "/routed"), "live");

    sandbox.run_well(["proxy", "stop"]);
    running.finish().expect_code(0);
    let ended = sandbox.run(["proxy", "status"]);
    ended.expect_code(1).expect_told(&["no proxy is running"]);
}

#[test]
fn a_deployment_goes_on_with_a_new_proxy_whenever_the_old_one_died() {
    let sandbox = sandbox();
    sandbox.run_well(["deploy", "testing"]).expect_told(&["✓"]);
    for step in [
        "check_artifact",
        "start",
        "await_healthy",
        "route",
        "bake",
        "drain",
        "stop",
    ] {
        sandbox.release(Behaviour::Good);
        let running = sandbox.start(["deploy", "testing", "--events"]);
        wait_for_step(&running, step);
        kill_proxy(&sandbox);
        running.finish().expect_code(0);
        // After its last step nobody needs it any more.
        let _ = sandbox.start(["proxy"]);
        wait_until("the proxy to answer", || sandbox.get("testing", "/").ok());
        let release = text(&sandbox.history()[0], "/release").to_owned();
        assert_live(&sandbox, "testing", &release);
    }
}

#[test]
fn it_tells_its_metrics() {
    let sandbox = sandbox();
    sandbox.run_well(["deploy", "testing"]).expect_told(&["✓"]);
    sandbox.answering("testing");
    let metrics = sandbox.run_well(["proxy", "metrics"]).stdout;
    assert!(metrics.contains("environment=\"testing\""), "{metrics}");
    assert!(metrics.contains("# TYPE "), "{metrics}");
    // A second one finds the first and says so.
    let ended = sandbox.run(["proxy"]);
    assert_ne!(ended.code, Some(0), "{ended}");
    let is_proxy = |one: &&shipway_testkit::Process| one.purpose == Purpose::Proxy;
    assert_eq!(sandbox.processes().iter().filter(is_proxy).count(), 1);
}
