//! HTTP/1 as attackers send it.
//!
//! Each case is sent whole and byte by byte. Behind it comes a request for
//! `/evil` that no instance may get where the case is refused, and must get
//! where it is taken: then both ends have read it alike.

mod bodies;
mod corpus;
mod recorder;
mod slow;
mod strict;

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use corpus::{Case, Then};
use recorder::Recorder;

use crate::kit::*;
use crate::support::*;

const LAST: &str = "GET /evil HTTP/1.1\r\nHost: shop\r\nConnection: close\r\n\r\n";

/// Far longer than a case takes, and not so long that several without an end cannot be told.
const SOON: Duration = Duration::from_secs(10);

struct Target {
    proxy: Proxy,
    listen: SocketAddr,
    recorder: Recorder,
}

impl Target {
    async fn start() -> Self {
        let (recorder, address) = Recorder::start().await;
        let (proxy, listen) = proxy_of(address).await;
        Self {
            proxy,
            listen,
            recorder,
        }
    }

    /// Sends bytes in pieces and reads to the end; the statuses of the answers.
    async fn send(&self, bytes: &[u8], piece: usize) -> Vec<u16> {
        let mut wire = Wire::connect(self.listen).await;
        for piece in bytes.chunks(piece) {
            // It may be refused before its end.
            if wire.send(piece).await.is_none() {
                break;
            }
        }
        let mut statuses = vec![];
        while let Some(answer) = wire.read_response().await {
            statuses.push(answer.status());
        }
        statuses
    }

    async fn meets(&self, case: &Case, piece: usize) {
        let name = format!("{} in pieces of {piece}", case.name);
        let bytes = [&case.bytes, LAST.as_bytes()].concat();
        let sent = tokio::time::timeout(SOON, self.send(&bytes, piece)).await;
        let statuses = sent.unwrap_or_else(|_| panic!("{name}: it has no end"));
        self.proxy.until(1, |it| it.in_flight.total() == 0).await;
        let seen = self.recorder.take(&name);
        let seen: Vec<(&str, &[u8])> = seen
            .iter()
            .map(|it| (it.target.as_str(), it.body.as_slice()))
            .collect();
        match case.then {
            Then::Refused(status) => {
                assert_eq!(statuses, [status], "{name}");
                assert_eq!(seen, [], "{name}");
            }
            Then::Passed(body) => {
                assert_eq!(statuses, [200, 200], "{name}");
                let [(target, first), last] = seen[..] else {
                    panic!("{name}: {seen:?}");
                };
                assert_eq!((first, last), (body, ("/evil", &b""[..])), "{name}");
                assert!(target == "*" || target.starts_with('/'), "{name}: {target}");
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_can_be_read_in_two_ways_reaches_no_instance() {
    let target = Arc::new(Target::start().await);
    let mut failed = vec![];
    for case in corpus::cases() {
        let case = Arc::new(case);
        for piece in [usize::MAX, 1] {
            if piece == 1 && case.bytes.len() >= 1000 {
                continue;
            }
            let (target, trying) = (Arc::clone(&target), Arc::clone(&case));
            // A case that fails does not hide the others.
            let tried = tokio::spawn(async move { target.meets(&trying, piece).await });
            if tried.await.is_err() {
                failed.push(format!("{} in pieces of {piece}", case.name));
            }
        }
    }
    assert!(failed.is_empty(), "{failed:#?}");
    // None of it counts against the instance: a release is judged by that.
    let counted = target.proxy.deployment(1).await;
    assert_eq!(counted.counters.failed, 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn behind_an_upgrade_that_is_dropped_nobody_waits() {
    let target = Target::start().await;
    let asked = [
        ("POST", "h2c"),
        ("POST", "websocket"),
        ("GET", "h2c"),
        ("GET", "websocket"),
    ];
    for ((method, protocol), piece) in asked.into_iter().flat_map(|it| [(it, usize::MAX), (it, 1)])
    {
        let name = format!("{method} {protocol} in pieces of {piece}");
        let first = format!(
            "{method} /first HTTP/1.1\r\nHost: shop\r\nConnection: Upgrade\r\n\
             Upgrade: {protocol}\r\nContent-Length: 5\r\n\r\nabcde{LAST}"
        );
        let sent = tokio::time::timeout(SOON, target.send(first.as_bytes(), piece));
        let statuses = sent.await.unwrap_or_else(|_| panic!("{name}: no end"));
        let seen = target.recorder.take(&name);
        // The second is answered, or the connection has ended before it.
        assert_eq!(seen.len(), statuses.len(), "{name}: {seen:?}");
        assert_eq!(statuses.first(), Some(&200), "{name}");
    }
}
