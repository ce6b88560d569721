//! `shipway deploy`, when all is well.

use shipway_testkit::{Behaviour, Environment};

use crate::common::{assert_live, deployed, sandbox, sandbox_with, text};

#[test]
fn the_first_release_goes_live_and_all_records_agree() {
    let sandbox = sandbox();
    let before = sandbox.status("testing");
    assert!(before["live"].is_null(), "{before:#}");
    assert_eq!(text(&before, "/next"), "shipway deploy testing");

    let told = sandbox.run_well(["deploy", "testing", "--json"]).json();
    let release = deployed(&told);
    assert_live(&sandbox, "testing", &release);

    let status = sandbox.status("testing");
    assert_eq!(status["stable"], true);
    assert_eq!(text(&status, "/live/deployment"), text(&told, "/deployment"));
    let history = sandbox.history();
    assert_eq!(history.len(), 1);
    assert_eq!(text(&history[0], "/requested_by"), "tester");
}
