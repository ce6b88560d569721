//! The promise: a switch costs nobody anything.

use shipway_testkit::{Behaviour, Traffic};

use crate::common::{assert_live, deployed, sandbox};

const SWITCHES: usize = 20;

#[test]
fn twenty_switches_under_load_lose_nothing() {
    let sandbox = sandbox();
    sandbox.run_well(["deploy", "testing"]).expect_told(&["✓"]);
    let traffic = Traffic::start(&sandbox, "testing");
    let mut releases = Vec::new();
    for _ in 0..SWITCHES {
        sandbox.release(Behaviour::Good);
        let told = sandbox.run_well(["deploy", "testing", "--json"]).json();
        releases.push(deployed(&told));
    }
    traffic.flow();
    let observed = traffic.stop(&sandbox, "testing");
    println!("{SWITCHES} switches: {observed}");
    for release in &releases {
        let seen = observed.report.total.by_header.get(release);
        assert!(seen.is_some(), "{release} took no traffic");
    }
    assert_live(&sandbox, "testing", &releases[SWITCHES - 1]);
    observed.assert_flawless();
}
