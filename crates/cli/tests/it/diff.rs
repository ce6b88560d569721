//! `shipway diff`.

use shipway_testkit::{Behaviour, Environment};

use crate::common::{sandbox, sandbox_with};

#[test]
fn environments_differ_in_values_and_settings() {
    let sandbox = sandbox_with([
        Environment::new("testing").with("env_files", "[.env.testing]"),
        Environment::new("staging")
            .with("env_files", "[.env.staging]")
            .with("strategy", "recreate"),
    ]);
    sandbox.write(".env.testing", "SECRET_KEY=one-secret\nGREETING=hello\n");
    sandbox.write(
        ".env.staging",
        "SECRET_KEY=other-secret\nGREETING=good day\n",
    );
    let ended = sandbox.run(["diff", "testing", "staging", "--exit-code"]);
    let told = ended.expect_code(10).stdout;
    for part in [
        "web (web): recreate",
        "environment.SECRET_KEY: changed",
        "strategy: ",
    ] {
        assert!(told.contains(part), "{part} in {told}");
    }
    assert!(!told.contains("-secret"), "{told}");
    let document = sandbox.run_well(["diff", "testing", "staging", "--json"]);
    assert!(!document.stdout.contains("-secret"), "{document}");
    let same = sandbox.run(["diff", "testing", "testing", "--exit-code"]);
    let same = same.expect_code(0).stdout;
    assert!(same.contains("run the same"), "{same}");
}

#[test]
fn what_is_live_differs_from_files_that_changed() {
    let sandbox = sandbox();
    let ended = sandbox.run(["diff", "testing"]).expect_code(2);
    ended.expect_told(&["nothing is live in `testing`"]);
    sandbox.run_well(["deploy", "testing"]).expect_told(&["✓"]);
    let same = sandbox.run_well(["diff", "testing"]).stdout;
    assert!(same.contains("run the same"), "{same}");
    sandbox.set_variable("GREETING", "hello again");
    let told = sandbox.run_well(["diff", "d1", "testing"]).stdout;
    assert!(told.contains("environment.GREETING"), "{told}");
    let ended = sandbox.run(["diff", "tesing"]).expect_code(2);
    ended.expect_told(&["did you mean `testing`?"]);
}

#[test]
fn releases_differ_in_what_was_built() {
    let sandbox = sandbox();
    sandbox.run_well(["deploy", "testing"]);
    sandbox.release(Behaviour::Good);
    sandbox.run_well(["deploy", "testing"]);
    let told = sandbox.run_well(["diff", "d1", "d2"]).stdout;
    assert!(told.contains("web (web): recreate"), "{told}");
    assert!(told.contains("  artifact: \"sha256:"), "{told}");
    let same = sandbox.run_well(["diff", "d2", "d2"]).stdout;
    assert!(same.contains("run the same"), "{same}");
}
