//! One process takes over from another, before a certificate is there and after it.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use shipway_pipeline::route::Challenge;
use shipway_testkit::{Counted, Trouble};

use super::*;
use crate::chain::Chain;

/// Looks as an authority does: whether the first order's file is there.
async fn is_found(shop: &Shop) -> bool {
    let path = "/.well-known/acme-challenge/token-of-order-0";
    let asked = format!("GET {path} HTTP/1.1\r\nHost: {HOST}\r\nConnection: close\r\n\r\n");
    let answer = Wire::connect(shop.plain).await.ask(asked).await;
    answer.is_some_and(|it| it.status() == 200 && it.text().starts_with("token-of-order-0."))
}

#[tokio::test]
async fn a_process_that_takes_over_goes_on_with_what_is_there() {
    let shop = Shop::new();
    let mut chain = Chain::start().await;
    let route = shop.route(&[Challenge::Http]).await;
    chain.client.put_route(&route).await.unwrap();
    until(&chain.client, |it| it.ends.is_some()).await;
    let counted = shop.authority.counted();
    chain.hand_over().await;
    shop.assert_served().await;
    until(&chain.client, |it| it.next.is_some()).await;
    assert_eq!(shop.authority.counted(), counted);
}

#[tokio::test]
async fn an_order_is_finished_by_it_and_answered_at_every_moment() {
    let shop = Arc::new(Shop::new());
    shop.authority.trouble(Some(Trouble::Slow));
    let mut chain = Chain::start().await;
    let route = shop.route(&[Challenge::Http]).await;
    chain.client.put_route(&route).await.unwrap();
    crate::kit::until(async || is_found(&shop).await).await;

    let is_over = Arc::new(AtomicBool::new(false));
    let (looked_at, end) = (Arc::clone(&shop), Arc::clone(&is_over));
    let looking = tokio::spawn(async move {
        let (mut found, mut missed) = (0, 0);
        while !end.load(Ordering::Relaxed) {
            match is_found(&looked_at).await {
                true => found += 1,
                false => missed += 1,
            }
        }
        (found, missed)
    });
    chain.hand_over().await;
    // The new one is at it.
    until(&chain.client, |it| it.is_asked_for).await;
    is_over.store(true, Ordering::Relaxed);
    let (found, missed) = looking.await.unwrap();
    assert!(found > 0 && missed == 0, "{missed} of {}", found + missed);

    shop.authority.trouble(None);
    until(&chain.client, |it| it.ends.is_some()).await;
    shop.assert_served().await;
    let once = Counted {
        accounts: 1,
        orders: 1,
        certificates: 1,
        by_http: 1,
        by_tls: 0,
    };
    assert_eq!(shop.authority.counted(), once);
}

#[tokio::test]
async fn an_order_by_tls_is_finished_by_it() {
    let shop = Shop::new();
    shop.authority.trouble(Some(Trouble::Slow));
    let mut chain = Chain::start().await;
    let route = shop.route(&[Challenge::TlsAlpn]).await;
    chain.client.put_route(&route).await.unwrap();
    crate::kit::until(async || shop.authority.is_asked_to_look()).await;
    chain.hand_over().await;
    // It answers without having been told to: what it is to show was written down.
    shop.authority.trouble(None);
    until(&chain.client, |it| it.ends.is_some()).await;
    shop.assert_served().await;
    let counted = shop.authority.counted();
    assert_eq!(
        (counted.accounts, counted.orders, counted.by_tls),
        (1, 1, 1)
    );
}

#[tokio::test]
async fn who_comes_after_a_kill_answers_from_its_first_moment_on() {
    let shop = Shop::new();
    shop.authority.trouble(Some(Trouble::Slow));
    let mut chain = Chain::start().await;
    let route = shop.route(&[Challenge::Http]).await;
    chain.client.put_route(&route).await.unwrap();
    crate::kit::until(async || shop.authority.is_asked_to_look()).await;
    chain.first.kill().unwrap();
    chain.first.wait().unwrap();

    chain.first = crate::chain::spawn(chain.dir.path(), |_| {});
    while std::net::TcpStream::connect(shop.plain).is_err() {
        tokio::task::yield_now().await;
    }
    assert!(is_found(&shop).await);
    shop.authority.trouble(None);
    let control = chain.paths.control();
    let (client, health) = Client::wait_ready(control, PATIENCE).await.unwrap();
    chain.pids.push(health.pid);
    until(&client, |it| it.ends.is_some()).await;
    let counted = shop.authority.counted();
    assert_eq!(
        (counted.accounts, counted.orders, counted.by_http),
        (1, 1, 1)
    );
}
