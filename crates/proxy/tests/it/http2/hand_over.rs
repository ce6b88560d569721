//! A new process takes over while clients speak HTTP/2.

use std::net::SocketAddr;

use http::Method;

use super::client::*;
use crate::chain::*;
use crate::kit::*;
use crate::played::*;
use crate::support::*;

/// Asks until told to stop, on a connection that is made anew when the other side says that it
/// ends; those of its requests that were not answered as they should be.
async fn ask_on(listen: SocketAddr, name: usize, counter: Counter) -> Vec<String> {
    let mut client = Http2::connect(listen).await;
    let mut failed = Vec::new();
    let mut number = 0;
    while !counter.is_over() {
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
        counter.count();
    }
    failed
}

#[tokio::test]
async fn clients_come_to_the_new_process_and_lose_nothing() {
    let mut chain = Chain::start().await;
    let listen = free_address();
    let seen = Seen::default();
    let backends = vec![backend(1, "web-1", noting(&seen).await)];
    let first = route(listen, 1, backends);
    chain.client.put_route(&first).await.unwrap();
    let mut clients = Clients::start(12, |name, counter| ask_on(listen, name, counter));
    for _ in 0..4 {
        clients.go_on(200).await;
        chain.hand_over().await;
        // Whoever is told that its connection ends comes again: nobody stays with the old one.
        chain.alone().await;
    }
    clients.end_well().await;
    assert_eq!(seen.repeated(), [""; 0]);
}
