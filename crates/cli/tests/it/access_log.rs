//! The proxy's access log, by its options.

use shipway_testkit::wait_until;

use crate::common::sandbox;

#[test]
fn a_proxy_writes_requests_down_where_it_is_told() {
    let sandbox = sandbox();
    let path = sandbox.root().join("access.log");
    let place = path.to_str().expect("a path of letters");
    // The deployment starts the proxy, which heeds the variable.
    sandbox.set_variable("SHIPWAY_ACCESS_LOG", place);
    sandbox.run_well(["deploy", "testing"]);
    let release = sandbox.answering("testing");
    let line = wait_until("a line", || {
        let text = std::fs::read_to_string(&path).ok()?;
        text.lines().next().map(str::to_owned)
    });
    assert!(line.contains("\"environment\":\"testing\""), "{line}");
    assert!(line.contains("\"instance\":\"web-1\""), "{line}");
    assert!(!release.is_empty());
    // A file that cannot be written is told at once.
    let told = sandbox.run(["proxy", "--proxy-dir", "elsewhere", "--access-log", "/"]);
    told.expect_code(1).expect_told(&["access log `/`"]);
}
