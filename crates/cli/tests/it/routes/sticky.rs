//! Clients that stay with an instance, until its release goes.

use std::collections::BTreeSet;
use std::io::{Read as _, Write as _};
use std::net::{Ipv4Addr, TcpStream};

use shipway_testkit::{Behaviour, Environment, Sandbox};

use crate::common::{assert_live, deployed, sandbox_with};

/// Enough that two instances are both met, unless a client stays.
const TIMES: usize = 40;

/// An answer: the instance, the release, and the cookie that came with it.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Met {
    instance: String,
    release: String,
    given: Option<String>,
}

fn ask(sandbox: &Sandbox, cookie: Option<&str>) -> Met {
    let address = (Ipv4Addr::LOCALHOST, sandbox.port("testing"));
    let mut stream = TcpStream::connect(address).expect("the proxy listens");
    let cookie = cookie.map_or_else(String::new, |cookie| format!("Cookie: {cookie}\r\n"));
    write!(
        stream,
        "GET / HTTP/1.1\r\nHost: localhost\r\n{cookie}Connection: close\r\n\r\n"
    )
    .expect("it is taken");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).expect("an answer");
    assert!(answer.starts_with("HTTP/1.1 200 "), "{answer}");
    let header = |name: &str| {
        let mut lines = answer.lines().filter_map(|line| line.split_once(": "));
        let found = lines.find(|(one, _)| one.eq_ignore_ascii_case(name));
        found.map(|(_, value)| value.to_owned())
    };
    let given = header("set-cookie");
    Met {
        instance: header("x-instance").expect("an instance answers"),
        release: header("x-release").expect("an instance answers"),
        given: given.map(|it| it.split(';').next().unwrap_or_default().to_owned()),
    }
}

fn deploy(sandbox: &Sandbox) -> String {
    deployed(&sandbox.run_well(["deploy", "testing", "--json"]).json())
}

#[test]
fn a_client_stays_with_its_instance_until_its_release_goes() {
    let sandbox = sandbox_with([Environment::new("testing")]);
    let port = sandbox.port("testing");
    let route = format!("{{ listen: {port}, sticky: {{ cookie: stay, max_age: 1h }} }}");
    sandbox.add(Environment::new("testing").with("route", &route));
    let two = "image: app\n    deploy: { replicas: 2 }";
    sandbox.replace("docker-compose.yml", "image: app", two);
    sandbox.release(Behaviour::Good);
    let first = deploy(&sandbox);

    let strangers: BTreeSet<String> = (0..TIMES).map(|_| ask(&sandbox, None).instance).collect();
    assert_eq!(strangers.len(), 2, "{strangers:?}");
    let met = ask(&sandbox, None);
    let cookie = met.given.clone().expect("it is given a cookie");
    assert!(cookie.starts_with("stay="), "{cookie}");
    let stays = Met {
        given: None,
        ..met.clone()
    };
    for _ in 0..TIMES {
        assert_eq!(ask(&sandbox, Some(&cookie)), stays);
    }

    // Its release goes: it is given another cookie, once, and stays again.
    sandbox.release(Behaviour::Good);
    let second = deploy(&sandbox);
    assert_ne!(first, second);
    let moved = ask(&sandbox, Some(&cookie));
    assert_eq!(moved.release, second);
    let cookie = moved.given.clone().expect("it is given another cookie");
    let stays = Met {
        given: None,
        ..moved
    };
    for _ in 0..TIMES {
        assert_eq!(ask(&sandbox, Some(&cookie)), stays);
    }
    assert_live(&sandbox, "testing", &second);
}
