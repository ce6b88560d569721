//! A new process takes over while clients speak HTTP/2.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use http::Method;
use tokio::task::JoinSet;

use super::client::*;
use crate::chain::*;
use crate::support::*;

/// Asks until told to stop, on a connection that is made anew when the other side says that it
/// ends; those of its requests that were not answered as they should be.
async fn ask_on(
    listen: SocketAddr,
    name: usize,
    asked: Arc<AtomicU64>,
    is_over: Arc<AtomicBool>,
) -> Vec<String> {
    let mut client = Http2::connect(listen).await;
    let mut failed = Vec::new();
    let mut number = 0;
    while !is_over.load(Ordering::SeqCst) {
        let key = format!("/{name}-{number}");
        let Ok((response, _)) = client.begin(request(Method::POST, &key), true).await else {
            client = Http2::connect(listen).await;
            continue;
        };
        match whole(response).await {
            Ok(answer) if answer.status() == 200 => {}
            // It was not taken: the other side said which were.
            Err(error) if error.is_go_away() && error.is_remote() => {
                client = Http2::connect(listen).await;
                continue;
            }
            other => failed.push(format!("{key}: {other:?}")),
        }
        number += 1;
        asked.fetch_add(1, Ordering::SeqCst);
    }
    failed
}

#[tokio::test]
async fn clients_come_to_the_new_process_and_lose_nothing() {
    let mut chain = Chain::start().await;
    let listen = free_address();
    let seen = Seen::default();
    let noted = seen.clone();
    let counting = instance(move |mut wire, _| {
        let seen = noted.clone();
        async move {
            loop {
                let request = wire.read_request().await?;
                seen.note(request.path());
                wire.answer("v1", b"").await?;
            }
        }
    })
    .await;
    let backends = vec![backend(1, "web-1", counting)];
    let first = route(listen, 1, backends);
    chain.client.put_route(&first).await.unwrap();
    let (asked, is_over) = (
        Arc::new(AtomicU64::new(0)),
        Arc::new(AtomicBool::new(false)),
    );
    let mut clients = JoinSet::new();
    for name in 0..12 {
        clients.spawn(ask_on(listen, name, asked.clone(), is_over.clone()));
    }
    for _ in 0..4 {
        let enough = asked.load(Ordering::SeqCst) + 200;
        while asked.load(Ordering::SeqCst) < enough {
            assert!(clients.try_join_next().is_none(), "a client ended");
            tokio::task::yield_now().await;
        }
        chain.hand_over().await;
        // Whoever is told that its connection ends comes again: nobody stays with the old one.
        chain.alone().await;
    }
    is_over.store(true, Ordering::SeqCst);
    let failed: Vec<String> = clients.join_all().await.concat();
    assert_eq!(failed, [""; 0]);
    assert_eq!(seen.repeated(), [""; 0]);
}
