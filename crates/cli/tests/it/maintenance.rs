//! An environment that is closed to visitors.

use shipway_testkit::{Behaviour, kill};

use crate::common::{sandbox, text};

#[test]
fn an_environment_is_closed_until_it_is_opened_whatever_happens_meanwhile() {
    let sandbox = sandbox();
    let told = sandbox.run(["maintenance", "on", "testing"]);
    let told = told.expect_code(1);
    told.expect_told(&["nothing is routed in testing", "shipway deploy testing"]);
    sandbox.run_well(["deploy", "testing"]);
    sandbox.write("closed.html", "<h1>Back soon</h1>");
    sandbox.run_well([
        "maintenance",
        "on",
        "testing",
        "--page",
        "closed.html",
        "--retry-after",
        "10m",
    ]);
    let closed = || {
        let answer = sandbox.get("testing", "/").expect("the proxy answers");
        assert_eq!(
            (answer.status, answer.body.as_str()),
            (503, "<h1>Back soon</h1>")
        );
    };
    closed();
    let status = sandbox.status("testing");
    assert_eq!(status["maintenance"]["retry_after"], 600, "{status:#}");
    assert_eq!(status["instances"][0]["healthy"], true, "{status:#}");
    let told = sandbox.run_well(["status", "testing"]);
    assert!(
        told.stdout.contains("closed for maintenance since"),
        "{told}"
    );

    // Deployments go on underneath, and a killed proxy comes back closed.
    sandbox.release(Behaviour::Good);
    sandbox.run_well(["deploy", "testing"]);
    closed();
    kill(sandbox.proxy_pid());
    sandbox.release(Behaviour::Good);
    sandbox.run_well(["deploy", "testing"]);
    closed();

    sandbox.run_well(["maintenance", "off", "testing"]);
    let answer = sandbox.get("testing", "/").expect("the proxy answers");
    assert_eq!(answer.status, 200);
    let status = sandbox.status("testing");
    assert!(status.get("maintenance").is_none(), "{status:#}");
    let trail = sandbox.run_well(["audit", "list", "--json"]).json();
    let lines = trail.as_array().expect("a list").iter();
    let actions: Vec<&str> = lines.map(|line| text(line, "/action")).collect();
    for action in ["maintenance on", "maintenance off"] {
        assert!(actions.contains(&action), "{actions:?}");
    }
}
