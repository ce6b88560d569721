//! What a route bears: requests at once, bodies, and requests of one client.

use std::io::{Read as _, Write as _};
use std::net::{Ipv4Addr, TcpStream};

use shipway_testkit::{Behaviour, Environment, Sandbox, wait_until};

use crate::common::{assert_live, deployed, sandbox_with};

fn sandbox_of(limits: &str) -> Sandbox {
    let sandbox = sandbox_with([Environment::new("testing")]);
    change(&sandbox, limits);
    sandbox.release(Behaviour::Good);
    sandbox
}

fn change(sandbox: &Sandbox, limits: &str) {
    let port = sandbox.port("testing");
    let route = format!("{{ listen: {port}, limits: {limits} }}");
    sandbox.add(Environment::new("testing").with("route", &route));
}

fn deploy(sandbox: &Sandbox) -> String {
    deployed(&sandbox.run_well(["deploy", "testing", "--json"]).json())
}

/// Uploads so many bytes; the head of the answer.
fn upload(sandbox: &Sandbox, bytes: usize) -> String {
    let address = (Ipv4Addr::LOCALHOST, sandbox.port("testing"));
    let mut stream = TcpStream::connect(address).expect("the proxy listens");
    let request = format!(
        "PUT /sink HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\
         Content-Length: {bytes}\r\n\r\n{}",
        "x".repeat(bytes)
    );
    // It may be refused before its end.
    let _ = stream.write_all(request.as_bytes());
    let mut answer = Vec::new();
    let _ = stream.read_to_end(&mut answer);
    String::from_utf8_lossy(&answer).into_owned()
}

/// A connection that was answered and is kept. The proxy may hear of the end of those before it
/// later than we do.
fn kept(sandbox: &Sandbox) -> TcpStream {
    let address = (Ipv4Addr::LOCALHOST, sandbox.port("testing"));
    wait_until("a connection to be taken", || {
        let mut stream = TcpStream::connect(address).expect("the proxy listens");
        stream
            .write_all(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
            .expect("it is taken");
        let mut head = [0; 12];
        stream.read_exact(&mut head).expect("an answer begins");
        (&head == b"HTTP/1.1 200").then_some(stream)
    })
}

fn status(sandbox: &Sandbox) -> u16 {
    let answer = sandbox.get("testing", "/");
    answer.expect("the proxy answers").status
}

#[test]
fn requests_in_flight_are_counted_over_a_switch() {
    let sandbox = sandbox_of("{ requests: 1 }");
    deploy(&sandbox);
    let address = (Ipv4Addr::LOCALHOST, sandbox.port("testing"));
    let mut slow = TcpStream::connect(address).expect("the proxy listens");
    // Far more than sockets hold, so it stays open for as long as nobody reads it.
    slow.write_all(b"GET /large/50000000 HTTP/1.1\r\nHost: localhost\r\n\r\n")
        .expect("it is taken");
    let mut head = [0; 12];
    slow.read_exact(&mut head).expect("an answer begins");
    assert_eq!(&head, b"HTTP/1.1 200");
    assert_eq!(status(&sandbox), 503);
    sandbox.release(Behaviour::Good);
    let mut running = sandbox.start(["deploy", "testing"]);
    running.wait_for_output("still open");
    // The new release has the traffic, and the request of the old one has the place.
    assert_eq!(status(&sandbox), 503);
    drop(slow);
    let _ = running.finish().expect_code(0);
    assert_eq!(status(&sandbox), 200);
}

#[test]
fn bodies_and_clients_have_their_limits_until_they_are_changed() {
    let sandbox = sandbox_of("{ body: 1KiB, rate: 2/h }");
    deploy(&sandbox);
    let (small, large) = (upload(&sandbox, 1024), upload(&sandbox, 1025));
    assert!(small.starts_with("HTTP/1.1 201 "), "{small}");
    assert!(small.ends_with("\r\n\r\n1024"), "{small}");
    // What is refused for its length takes nothing of the client's rate.
    assert!(large.starts_with("HTTP/1.1 413 "), "{large}");
    assert_eq!(status(&sandbox), 200);
    assert_eq!(status(&sandbox), 429);
    // A new release is no new allowance.
    sandbox.release(Behaviour::Good);
    deploy(&sandbox);
    assert_eq!(status(&sandbox), 429);
    // What `shipway.yml` says is what the next deployment brings.
    change(&sandbox, "{ body: 2KiB, connections: 3 }");
    sandbox.release(Behaviour::Good);
    let release = deploy(&sandbox);
    assert_eq!(status(&sandbox), 200);
    let larger = upload(&sandbox, 1025);
    assert!(larger.starts_with("HTTP/1.1 201 "), "{larger}");
    let mut all: Vec<TcpStream> = (0..3).map(|_| kept(&sandbox)).collect();
    assert_eq!(status(&sandbox), 429);
    all.pop();
    wait_until("its place to be free", || {
        (status(&sandbox) == 200).then_some(())
    });
    assert_live(&sandbox, "testing", &release);
}
