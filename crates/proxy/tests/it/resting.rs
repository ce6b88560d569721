//! Clients that ask nothing for a while, over a hand-over.

use crate::authority::{Authority, secured};
use crate::chain::{Chain, REST};
use crate::played::*;
use crate::support::*;

const HOST: &str = "shop.org";

/// As many as there are workers, several times.
const CLIENTS: usize = 16;

#[tokio::test]
async fn those_of_before_are_answered_and_told_to_go_with_tls_and_without() {
    let mut chain = Chain::start_with(|command| {
        command.env(REST, "1");
    })
    .await;
    let authority = Authority::new();
    let (plain, secure) = (free_address(), free_address());
    let files = authority.issue("shop", &[HOST], 90);
    let mut tls = files.tls(secure);
    tls.redirect = false;
    let backends = vec![backend(1, "web-1", echo("v1").await)];
    let route = secured(plain, tls, &[HOST], backends);
    chain.client.put_route(&route).await.unwrap();
    let (mut open, mut closed) = (Vec::new(), Vec::new());
    for _ in 0..CLIENTS {
        let mut wire = Wire::connect(plain).await;
        wire.get_of(HOST).await.unwrap();
        open.push(wire);
        let mut wire = authority.connect(secure, HOST).await;
        wire.get_of(HOST).await.unwrap();
        closed.push(wire);
    }
    // Far longer than they take to rest.
    chain.hand_over().await;
    for (wire, wrapped) in open.iter_mut().zip(&mut closed) {
        for answer in [wire.get_of(HOST).await, wrapped.get_of(HOST).await] {
            let answer = answer.expect("who is connected is answered");
            assert_eq!(answer.header("x-release"), Some("v1"));
            assert_eq!(answer.header("connection"), Some("close"));
        }
        assert!(wire.is_closed().await && wrapped.is_closed().await);
    }
    chain.alone().await;
    // And those of the new one go on.
    let mut wire = Wire::connect(plain).await;
    for _ in 0..3 {
        let answer = wire.get_of(HOST).await.unwrap();
        assert_eq!(answer.header("connection"), None);
    }
}
