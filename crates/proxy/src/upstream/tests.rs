use std::io::Read as _;
use std::net::IpAddr;

use shipway_pipeline::colour::Colour;
use shipway_pipeline::id::DeploymentId;
use shipway_pipeline::route::RouteKey;

use super::*;
use crate::body::RequestBody;
use crate::room::Room;
use crate::session::Peer;
use crate::tally::Owner;

const SECOND: Duration = Duration::from_secs(1);

/// Counts of an instance of a deployment.
pub(super) fn tally(deployment: u64) -> Arc<Tally> {
    let owner = Owner {
        route: RouteKey {
            project: "shop".parse().unwrap(),
            environment: "production".parse().unwrap(),
        },
        colour: Colour::Blue,
        deployment: DeploymentId(deployment),
    };
    Arc::new(Tally::new(owner, "web-1".parse().unwrap(), 1))
}

/// An instance, a connection to it, and its side of that.
async fn connected() -> (Upstream, Box<Lease>, std::net::TcpStream) {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let upstream = Upstream::new(tally(1), 0, address, Arc::default());
    let place = Room::new("instances", 1).enter();
    let lease = upstream.connect(place).await.unwrap();
    let (other, _) = listener.accept().unwrap();
    (upstream, lease, other)
}

#[tokio::test]
async fn an_answer_that_waited_to_be_read_counts_as_idle() {
    let (upstream, mut lease, _other) = connected().await;
    let now = Instant::now();
    upstream.habit.borrow_mut().saw_reuse(1, SECOND);
    // The answer is read now; it may have been there for all of the time since the request.
    lease.asked_at = now.checked_sub(SECOND).unwrap();
    upstream.give_back(lease, now);
    assert!(upstream.reuse(Reuse::Proven, now).is_none());
    upstream.habit.borrow_mut().saw_reuse(1, SECOND * 2);
    assert!(upstream.reuse(Reuse::Proven, now).is_some());
}

#[tokio::test]
async fn a_connection_that_was_closed_unheard_teaches_nothing() {
    let (upstream, lease, other) = connected().await;
    drop(other);
    // Nothing is awaited from here on: the kernel knows, and the runtime hears of nothing.
    while lease.is_quiet() {
        std::thread::yield_now();
    }
    upstream.give_back(lease, Instant::now());
    assert_eq!(upstream.idle.borrow().len(), 1);
    let later = Instant::now() + SECOND * 2;
    upstream.sweep(later);
    assert!(upstream.idle.borrow().is_empty());
    assert!(!upstream.habit.borrow().is_trusted(1, Duration::ZERO, later));
}

#[tokio::test]
async fn a_new_connection_that_waited_to_be_used_may_be_closed() {
    let (_upstream, mut lease, other) = connected().await;
    let now = Instant::now();
    lease.asked_at = now.checked_sub(SECOND).unwrap();
    assert!(lease.is_still_open(now));
    drop(other);
    while lease.is_quiet() {
        std::thread::yield_now();
    }
    assert!(!lease.is_still_open(now));
    // What is sent at once is not worth a question to the kernel.
    lease.asked_at = now;
    assert!(lease.is_still_open(now));
}

/// A request that must not be executed twice.
fn post() -> Outgoing {
    let request = http::Request::post("/").body(RequestBody::Empty).unwrap();
    Outgoing::new(request, &Peer::at(IpAddr::from([192, 0, 2, 1])))
}

#[tokio::test]
async fn what_comes_after_the_instance_closed_was_seen_by_nobody() {
    let (_upstream, mut lease, other) = connected().await;
    drop(other);
    // Nothing is awaited from here on, so the lease is sent on although its end has come.
    let mut request = post();
    let sent = lease.send(&mut request, || false).await;
    assert!(matches!(sent, Err(SendError::Unsent)), "{sent:?}");
    assert!(!request.has_begun());
}

#[tokio::test]
async fn what_came_before_the_instance_closed_may_have_been_seen() {
    for reads in [true, false] {
        let (_upstream, mut lease, mut other) = connected().await;
        let closing = std::thread::spawn(move || {
            let mut byte = [0];
            if reads {
                while !other.peek(&mut [0; 512]).is_ok_and(|count| count > 100) {}
                let _ = other.set_nonblocking(true);
                while other.read(&mut byte).is_ok_and(|count| count > 0) {}
            } else {
                other.peek(&mut byte).unwrap();
            }
        });
        let mut request = post();
        let sent = lease.send(&mut request, || false).await;
        closing.join().unwrap();
        assert!(
            matches!(
                sent,
                Err(SendError::Broken {
                    answered: false,
                    ..
                })
            ),
            "{sent:?}"
        );
    }
}
