//! Certificates that are issued, from `shipway.yml` to a visitor.

use std::net::{Ipv4Addr, SocketAddr};

use serde_json::Value;
use shipway_testkit::{
    AcmeServer, Behaviour, Environment, PortClaim, Sandbox, Trouble, hang_up, wait_until,
};

use crate::common::{assert_live, deployed, sandbox_with, text};

/// The route's certificate as the proxy tells of it.
fn issued(sandbox: &Sandbox) -> Value {
    let status = sandbox.run_well(["proxy", "status"]).json();
    status["routes"][0]["tls"]["issued"][0].clone()
}

/// What is wrong, when it is tried again, and the way out.
#[track_caller]
fn assert_status_tells_of_it(sandbox: &Sandbox) {
    let status = sandbox.status("testing");
    assert_eq!(text(&status, "/certificates/0/host"), "localhost");
    assert_eq!(text(&status, "/certificates/0/state"), "missing");
    let reason = text(&status, "/certificates/0/reason");
    assert_ne!(reason, "it is being asked for");
    assert!(status["certificates"][0]["next"].is_number(), "{status:#}");
    let shown = sandbox.run_well(["status", "testing"]).stdout;
    for part in [
        "✗ there is no certificate for `localhost`: ",
        "(tried again 20",
        "help: `localhost` has to",
    ] {
        assert!(shown.contains(part), "{part} in {shown}");
    }
}

#[test]
fn a_deployment_needs_no_authority_and_has_a_certificate_once_there_is_one() {
    let sandbox = sandbox_with([Environment::new("testing")]);
    let (plain, secure) = (sandbox.port("testing"), PortClaim::any());
    let [http, https] = [plain, secure.port].map(|it| SocketAddr::from((Ipv4Addr::LOCALHOST, it)));
    let authority = AcmeServer::start(http, https);
    let route = format!(
        "{{ listen: {plain}, host: localhost, tls: {{ listen: {}, redirect: false, acme: {{ \
         email: ops@example.org, directory: '{}', ca: '{}', challenges: http-01 }} }} }}",
        secure.port,
        authority.directory(),
        authority.ca().display()
    );
    sandbox.add(Environment::new("testing").with("route", &route));
    sandbox.release(Behaviour::Good);

    authority.trouble(Some(Trouble::Down));
    let ended = sandbox.run_well(["deploy", "testing"]);
    ended.expect_told(&[
        "warning: there is no certificate for `localhost`: ",
        "help: `localhost` has to lead to this proxy at port 80, and the proxy has to get to 127.0",
    ]);
    let first = text(&sandbox.status("testing"), "/live/release").to_owned();
    assert_live(&sandbox, "testing", &first);
    sandbox.run_well(["deploy", "testing"]).expect_told(&[
        "warning: there is no certificate for `localhost`: ",
        "nothing to change",
    ]);
    let asked_again = sandbox.run_well(["proxy", "certificates"]).json();
    assert_eq!(text(&asked_again, "/0/tls/issued/0/host"), "localhost");
    let told = wait_until("an attempt to come to nothing", || {
        Some(issued(&sandbox)).filter(|it| it["problem"].is_string() && it["next"].is_string())
    });
    assert_status_tells_of_it(&sandbox);
    assert!(
        told["ends"].is_null() && !told["next"].is_null(),
        "{told:#}"
    );
    assert!(authority.get(secure.port, "localhost", "/").is_err());

    authority.trouble(None);
    hang_up(sandbox.proxy_pid());
    let answer = wait_until("a certificate", || {
        authority.get(secure.port, "localhost", "/").ok()
    });
    assert_eq!((answer.status, answer.release), (200, first));
    let told = issued(&sandbox);
    assert_eq!(text(&told, "/host"), "localhost");
    assert!(told["problem"].is_null(), "{told:#}");
    let status = sandbox.status("testing");
    assert!(status["certificates"].is_null(), "{status:#}");

    // Another release is no reason to ask again.
    let counted = authority.counted();
    sandbox.release(Behaviour::Good);
    let ended = sandbox.run_well(["deploy", "testing", "--json"]).json();
    assert!(ended["certificates"].is_null(), "{ended:#}");
    let second = deployed(&ended);
    let answer = authority.get(secure.port, "localhost", "/");
    assert_eq!(answer.expect("it answers").release, second);
    assert_eq!(authority.counted(), counted);
}
