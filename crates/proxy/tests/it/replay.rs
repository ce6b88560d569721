//! Where a request goes that is sent again, when the route has changed meanwhile.

use std::collections::HashSet;
use std::net::SocketAddr;
use std::num::NonZeroUsize;
use std::sync::Arc;

use tokio::sync::{Semaphore, mpsc};

use crate::played::*;
use crate::support::*;

/// An instance that breaks off `/last` on its first connection, once it may.
async fn breaking(
    name: &'static str,
    asked: mpsc::UnboundedSender<&'static str>,
    may_break: Arc<Semaphore>,
) -> SocketAddr {
    instance(move |mut wire, number| {
        let (asked, may_break) = (asked.clone(), Arc::clone(&may_break));
        async move {
            loop {
                let request = wire.read_request().await?;
                if number == 0 && request.path() == "/last" {
                    asked.send(name).ok()?;
                    may_break.acquire().await.ok()?.forget();
                    return None;
                }
                wire.answer(name, b"").await?;
            }
        }
    })
    .await
}

/// Breaks off a request at one of two instances once nothing but what `next` says is routed, which
/// gets that instance's address: the answer, and who broke off.
async fn asked(next: impl FnOnce(SocketAddr) -> Vec<SocketAddr>) -> (Message, &'static str) {
    let proxy = Proxy::start_with(|options| options.workers = NonZeroUsize::new(1)).await;
    let listen = free_address();
    let (asked, mut asks) = mpsc::unbounded_channel();
    let may_break = Arc::new(Semaphore::new(0));
    let names = ["web-1", "web-2"];
    let mut addresses = Vec::new();
    for name in names {
        addresses.push(breaking(name, asked.clone(), Arc::clone(&may_break)).await);
    }
    let backends = |addresses: &[SocketAddr], names: &[&str]| {
        let both = names.iter().zip(addresses);
        both.map(|(name, address)| backend(1, name, *address))
            .collect::<Vec<_>>()
    };
    proxy.route(listen, backends(&addresses, &names)).await;
    let mut wire = Wire::connect(listen).await;
    let mut used = HashSet::new();
    while used.len() < names.len() {
        let answer = wire.get("/").await.unwrap();
        used.insert(answer.header("x-release").unwrap().to_owned());
    }
    let (answer, breaks) = tokio::join!(wire.get("/last"), async {
        let breaks = asks.recv().await.unwrap();
        let address = addresses[names.iter().position(|name| *name == breaks).unwrap()];
        let routed = backends(&next(address), &[breaks, "web-3"]);
        proxy.route(listen, routed).await;
        may_break.add_permits(1);
        breaks
    });
    (answer.expect("lost"), breaks)
}

/// Who answers it then, and who broke off.
async fn answered_by(next: impl FnOnce(SocketAddr) -> Vec<SocketAddr>) -> (String, &'static str) {
    let (answer, breaks) = asked(next).await;
    assert_eq!(answer.status(), 200, "{}", answer.text());
    (answer.header("x-release").unwrap().to_owned(), breaks)
}

#[tokio::test]
async fn it_comes_back_to_its_instance_when_the_others_have_left() {
    let (answered, breaks) = answered_by(|address| vec![address]).await;
    assert_eq!(answered, breaks);
}

#[tokio::test]
async fn it_comes_back_to_an_instance_that_is_drained_when_nothing_is_routed() {
    let (answered, breaks) = answered_by(|_| vec![]).await;
    assert_eq!(answered, breaks);
}

#[tokio::test]
async fn it_goes_to_one_that_came_meanwhile() {
    let new = echo("new").await;
    let (answered, _) = answered_by(|_| vec![new]).await;
    assert_eq!(answered, "new");
}

#[tokio::test]
async fn it_comes_back_when_nobody_else_takes_it() {
    let nobody = free_address();
    let (answered, breaks) = answered_by(|address| vec![address, nobody]).await;
    assert_eq!(answered, breaks);
}

#[tokio::test]
async fn it_never_comes_back_to_a_drained_instance_that_let_go_of_it() {
    let nobody = free_address();
    let (answer, _) = asked(|_| vec![nobody]).await;
    assert_eq!(answer.status(), 502);
}
