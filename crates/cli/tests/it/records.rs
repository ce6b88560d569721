//! What is made of the records: a release's evidence, and how well a team delivers.

use shipway_testkit::{Behaviour, Environment};

use crate::common::{deployed, sandbox, sandbox_with, text};

#[test]
fn a_report_holds_everything_that_is_on_record_of_a_release() {
    let production = Environment::promoted_from("production", "testing")
        .with("confirm", "none")
        .with("policy", "{ approvals: { required: 1 } }");
    let sandbox = sandbox_with([Environment::new("testing"), production]);
    let gates = "gates:\n  lint: { run: echo \"<b>clean</b>\" }\nenvironments:";
    sandbox.replace("shipway.yml", "environments:", gates);
    let release = deployed(&sandbox.run_well(["deploy", "testing", "--json"]).json());
    let words = ["promote", "production", "--reason", "the <sale> begins"];
    sandbox.start_as("anna", words).finish().expect_code(5);
    let words = ["approve", "q1", "--yes"];
    sandbox.start_as("ben", words).finish().expect_code(0);

    let report = sandbox.run_well(["report", &release, "--json"]).json();
    assert_eq!(text(&report, "/release/id"), release);
    assert_eq!(text(&report, "/gates/0/gate"), "lint");
    assert!(
        text(&report, "/gates/0/log_text").contains("clean"),
        "{report:#}"
    );
    assert_eq!(text(&report, "/requests/0/approvals/0/by"), "ben");
    let deployments = report["deployments"].as_array().expect("a list");
    assert_eq!(deployments.len(), 2);
    assert!(deployments.iter().all(|one| one["outcome"] == "succeeded"));
    assert!(text(&report, "/deployments/1/journal/0/entry/by").contains("anna"));
    let audit = report["audit"].as_array().expect("a list");
    assert!(
        audit.iter().any(|line| line["action"] == "approve"),
        "{report:#}"
    );

    let page = sandbox
        .run_well(["report", &release, "--output", "-"])
        .stdout;
    assert!(page.starts_with("<!DOCTYPE html>"));
    assert!(page.contains("the &lt;sale&gt; begins") && !page.contains("<b>clean</b>"));
    assert!(
        !page.contains("http://") && !page.contains("https://"),
        "it needs nothing else"
    );
    sandbox.run_well(["report", &release]);
    assert!(sandbox.project().join(format!("{release}.html")).is_file());
}

#[test]
fn deliveries_are_counted_with_those_that_failed() {
    let sandbox = sandbox();
    sandbox.run_well(["deploy", "testing"]);
    sandbox.release(Behaviour::Crash);
    sandbox.run(["deploy", "testing"]).expect_code(3);
    let all = sandbox.run_well(["dora", "--json"]).json();
    assert_eq!(text(&all, "/0/environment"), "testing");
    let figures = &all[0]["figures"];
    assert_eq!(figures["deployments"], 1);
    assert_eq!(figures["change_failure_rate"], 0.5);
    assert!(figures["lead_time"].is_string(), "{figures:#}");
    assert!(figures["time_to_restore"].is_null());
}
