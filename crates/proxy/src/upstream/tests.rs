use shipway_pipeline::colour::Colour;
use shipway_pipeline::id::DeploymentId;
use shipway_pipeline::route::RouteKey;

use super::*;
use crate::room::Room;
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

/// An instance that closes each connection, and the side of it that we have, idle.
async fn closed() -> Upstream {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let upstream = Upstream::new(tally(1), 0, address, Arc::default());
    let place = Room::new("instances", 1).enter();
    let lease = upstream.connect(place).await.unwrap();
    drop(listener.accept().unwrap());
    // Nothing is awaited from here on: the kernel knows, and the runtime hears of nothing.
    while lease.is_quiet() {
        std::thread::yield_now();
    }
    upstream.give_back(lease, Instant::now());
    assert_eq!(upstream.idle.borrow().len(), 1);
    upstream
}

#[tokio::test]
async fn a_connection_that_was_closed_unheard_teaches_nothing() {
    let upstream = closed().await;
    let later = Instant::now() + SECOND * 2;
    upstream.sweep(later);
    assert!(upstream.idle.borrow().is_empty());
    assert!(!upstream.habit.borrow().is_trusted(1, Duration::ZERO, later));
}
