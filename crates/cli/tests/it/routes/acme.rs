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
    let first = deployed(&sandbox.run_well(["deploy", "testing", "--json"]).json());
    assert_live(&sandbox, "testing", &first);
    let told = wait_until("an attempt to come to nothing", || {
        Some(issued(&sandbox)).filter(|it| it["problem"].is_string())
    });
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

    // Another release is no reason to ask again.
    let counted = authority.counted();
    sandbox.release(Behaviour::Good);
    let second = deployed(&sandbox.run_well(["deploy", "testing", "--json"]).json());
    let answer = authority.get(secure.port, "localhost", "/");
    assert_eq!(answer.expect("it answers").release, second);
    assert_eq!(authority.counted(), counted);
}
