//! Environments that share an address, each with its own host.

use shipway_testkit::{Behaviour, Environment, Sandbox};

use crate::common::{deployed, sandbox_with, text};

/// Two environments at the address of the first.
fn sandbox_of(hosts: [(&str, &str); 2]) -> Sandbox {
    let sandbox = sandbox_with([Environment::new("testing")]);
    let port = sandbox.port("testing");
    for (name, host) in hosts {
        let route = format!("{{ listen: {port}, host: {host} }}");
        sandbox.add(Environment::new(name).with("route", &route));
    }
    sandbox.release(Behaviour::Good);
    sandbox
}

fn deploy(sandbox: &Sandbox, environment: &str) -> String {
    deployed(&sandbox.run_well(["deploy", environment, "--json"]).json())
}

/// Who answers for a host.
fn answering(sandbox: &Sandbox, host: &str) -> String {
    let answer = sandbox.get_as("testing", host, "/");
    let answer = answer.expect("the proxy answers");
    assert_eq!(answer.status, 200, "{host}: {answer:?}");
    answer.release
}

#[test]
fn each_takes_the_requests_for_its_own_host() {
    let hosts = [
        ("testing", "test.example.org"),
        ("staging", "[stage.example.org, '*.stage.example.org']"),
    ];
    let sandbox = sandbox_of(hosts);
    let first = deploy(&sandbox, "testing");
    sandbox.release(Behaviour::Good);
    let second = deploy(&sandbox, "staging");
    assert_ne!(first, second);
    let port = sandbox.port("testing");
    for host in ["test.example.org", "TEST.example.org"] {
        assert_eq!(answering(&sandbox, host), first);
    }
    assert_eq!(
        answering(&sandbox, &format!("test.example.org:{port}")),
        first
    );
    for host in ["stage.example.org", "shop.stage.example.org"] {
        assert_eq!(answering(&sandbox, host), second);
    }
    for host in [
        "example.org",
        "shop.test.example.org",
        "localhost",
        "127.0.0.1",
    ] {
        let answer = sandbox.get_as("testing", host, "/").expect("an answer");
        assert_eq!(answer.status, 421, "{host}: {answer:?}");
        assert!(
            answer.body.contains("nothing answers for this host"),
            "{answer:?}"
        );
        assert_eq!(answer.release, "");
    }
    // A deployment of one is nothing to the other.
    let third = deploy(&sandbox, "testing");
    assert_eq!(third, second);
    sandbox.release(Behaviour::Good);
    let fourth = deploy(&sandbox, "staging");
    assert_eq!(answering(&sandbox, "test.example.org"), third);
    assert_eq!(answering(&sandbox, "stage.example.org"), fourth);
    for environment in ["testing", "staging"] {
        assert_eq!(text(&sandbox.status(environment), "/routed"), "live");
    }
    let back = sandbox.run_well(["rollback", "staging", "--json"]).json();
    assert_eq!(deployed(&back), second);
    assert_eq!(answering(&sandbox, "stage.example.org"), second);
    sandbox.assert_nothing_is_left();
}

/// A sandbox where `testing` is live, and `staging` wants its host as well.
fn sandbox_that_clashes() -> (Sandbox, String) {
    let hosts = [
        ("testing", "one.example.org"),
        ("staging", "[two.example.org, One.example.org]"),
    ];
    let sandbox = sandbox_of(hosts);
    let first = deploy(&sandbox, "testing");
    (sandbox, first)
}

#[test]
fn two_cannot_have_the_same_host() {
    let (sandbox, first) = sandbox_that_clashes();
    let ended = sandbox.run(["deploy", "staging"]);
    assert_ne!(ended.code, Some(0), "{ended}");
    ended.expect_told(&["`one.example.org` is answered by app/testing on that address already"]);
    assert_eq!(answering(&sandbox, "one.example.org"), first);
    let answer = sandbox.get_as("testing", "two.example.org", "/");
    assert_eq!(answer.expect("an answer").status, 421);
    let status = sandbox.status("staging");
    assert!(status["live"].is_null(), "{status:#}");
}

#[test]
#[ignore = "going back fails as well: the environment is frozen, and what was started stays"]
fn a_host_that_another_has_is_refused_before_anything_starts() {
    let (sandbox, first) = sandbox_that_clashes();
    let ended = sandbox.run(["deploy", "staging"]).expect_code(3);
    ended.expect_told(&["one.example.org", "app/testing", "preparing failed"]);
    sandbox.assert_nothing_is_left();
    // With a host of its own it goes live.
    let port = sandbox.port("testing");
    let route = format!("{{ listen: {port}, host: two.example.org }}");
    sandbox.add(Environment::new("staging").with("route", &route));
    let second = deploy(&sandbox, "staging");
    assert_eq!(answering(&sandbox, "two.example.org"), second);
    assert_eq!(answering(&sandbox, "one.example.org"), first);
}
