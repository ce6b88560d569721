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

/// Gives an environment other hosts at the shared address.
fn move_to(sandbox: &Sandbox, environment: &str, hosts: &str) {
    let port = sandbox.port("testing");
    let route = format!("{{ listen: {port}, host: {hosts} }}");
    sandbox.add(Environment::new(environment).with("route", &route));
}

#[test]
fn two_environments_of_one_file_cannot_have_the_same_host() {
    let sandbox = sandbox_of([
        ("testing", "one.example.org"),
        ("staging", "two.example.org"),
    ]);
    let first = deploy(&sandbox, "testing");
    move_to(&sandbox, "staging", "[two.example.org, One.example.org]");
    let ended = sandbox.run(["deploy", "staging"]).expect_code(2);
    ended.expect_told(&["both answer for `one.example.org`"]);
    assert_eq!(answering(&sandbox, "one.example.org"), first);
}

#[test]
fn a_host_that_another_has_is_refused_before_anything_starts() {
    let sandbox = sandbox_of([
        ("testing", "one.example.org"),
        ("staging", "two.example.org"),
    ]);
    let first = deploy(&sandbox, "testing");
    // The file gives the host to `staging`; the proxy, which is asked, still has it for `testing`.
    move_to(&sandbox, "testing", "other.example.org");
    move_to(&sandbox, "staging", "one.example.org");
    let ended = sandbox.run(["deploy", "staging"]).expect_code(3);
    ended.expect_told(&["one.example.org", "app/testing", "preparing failed"]);
    assert_eq!(answering(&sandbox, "one.example.org"), first);
    sandbox.assert_nothing_is_left();
    // With a host of its own it goes live.
    move_to(&sandbox, "staging", "two.example.org");
    let second = deploy(&sandbox, "staging");
    assert_eq!(answering(&sandbox, "two.example.org"), second);
    assert_eq!(answering(&sandbox, "one.example.org"), first);
}
