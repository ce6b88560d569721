use std::net::IpAddr;
use std::rc::Weak;
use std::time::Duration;

use tokio::io::AsyncReadExt;
use tokio::net::TcpListener;
use tokio::task::LocalSet;

use super::*;
use crate::session::Peer;
use crate::worker::testing::worker;

/// Far longer than anything takes.
const PATIENCE: Duration = Duration::from_secs(60);

/// A client whose connection is served by a worker that routes nothing, so that every request is
/// refused and leaves the connection as it was.
struct Client {
    worker: Rc<Worker>,
    session: Rc<Session>,
    stream: TcpStream,
}

impl Client {
    async fn connect() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let stream = TcpStream::connect(listener.local_addr().unwrap()).await;
        let (served, _) = listener.accept().await.unwrap();
        let worker = worker();
        let peer = Peer::at(IpAddr::from([127, 0, 0, 1]));
        let listen = listener.local_addr().unwrap();
        let session = Session::new(listen, peer, worker.limits.clone(), Instant::now());
        worker.enlist(&session);
        tokio::task::spawn_local(serve(Rc::clone(&worker), Rc::clone(&session), served));
        // Until its task has begun, and holds the session by one more.
        let before = Rc::strong_count(&session);
        while Rc::strong_count(&session) == before {
            tokio::task::yield_now().await;
        }
        Self {
            worker,
            session,
            stream: stream.unwrap(),
        }
    }

    async fn send(&mut self, text: &str) {
        self.stream.write_all(text.as_bytes()).await.unwrap();
    }

    /// Reads so many answers.
    async fn answers(&mut self, count: usize) {
        let mut read = String::new();
        while read.matches("nothing answers for this host here\n").count() < count {
            let mut buffer = [0; 1024];
            let more = self.stream.read(&mut buffer).await.unwrap();
            assert!(more > 0, "{read}");
            read.push_str(std::str::from_utf8(&buffer[..more]).unwrap());
        }
    }

    async fn ask(&mut self) {
        self.send("GET / HTTP/1.1\r\nHost: shop\r\n\r\n").await;
        self.answers(1).await;
    }

    async fn has_ended(&mut self) -> bool {
        self.stream.read(&mut [0]).await.unwrap() == 0
    }

    /// How many hold the session: HTTP is among them while it is kept.
    fn holders(&self) -> usize {
        Rc::strong_count(&self.session)
    }

    /// Lets the time pass until the connection rests.
    async fn rest(&self) {
        let awake = self.holders();
        let now = Instant::now() + self.worker.limits.rest;
        self.worker.sweep(now);
        while self.holders() == awake {
            tokio::task::yield_now().await;
        }
    }
}

async fn of_one_worker(test: impl Future<Output = ()>) {
    let tasks = LocalSet::new();
    let test = tasks.run_until(async { tokio::time::timeout(PATIENCE, test).await });
    test.await.unwrap();
}

#[tokio::test]
async fn an_idle_client_holds_nothing_of_http_until_it_asks_again() {
    of_one_worker(async {
        let mut client = Client::connect().await;
        client.ask().await;
        let awake = client.holders();
        for _ in 0..3 {
            client.rest().await;
            assert!(client.holders() < awake);
            client.ask().await;
            assert_eq!(client.holders(), awake);
        }
        client.rest().await;
        client.send("GET / HTTP/1.1\r\nHo").await;
        client
            .send("st: a\r\n\r\nGET / HTTP/1.1\r\nHost: b\r\n\r\n")
            .await;
        client.answers(2).await;
    })
    .await;
}

#[tokio::test]
async fn a_client_that_never_asked_holds_nothing_of_http() {
    of_one_worker(async {
        let mut client = Client::connect().await;
        let resting = client.holders();
        client.ask().await;
        assert!(client.holders() > resting);
        client.rest().await;
        assert_eq!(client.holders(), resting);
    })
    .await;
}

#[tokio::test]
async fn who_rests_is_ended_when_its_time_is_over_or_the_proxys_is() {
    of_one_worker(async {
        let mut late = Client::connect().await;
        late.ask().await;
        late.rest().await;
        late.worker
            .sweep(Instant::now() + late.worker.limits.keep_alive);
        assert!(late.has_ended().await);

        let mut idle = Client::connect().await;
        idle.ask().await;
        idle.rest().await;
        idle.worker.close(Order::Close);
        assert!(idle.has_ended().await);
        assert!(idle.worker.sessions.borrow().is_empty());
    })
    .await;
}

#[tokio::test]
async fn a_client_that_leaves_while_it_rests_is_forgotten() {
    of_one_worker(async {
        let mut client = Client::connect().await;
        client.ask().await;
        client.rest().await;
        let Client {
            worker,
            session,
            stream,
        } = client;
        let session: Weak<Session> = Rc::downgrade(&{ session });
        drop(stream);
        while session.upgrade().is_some() {
            tokio::task::yield_now().await;
        }
        assert!(worker.sessions.borrow().is_empty());
    })
    .await;
}

#[tokio::test]
async fn who_rests_makes_room_sooner_where_others_wait() {
    of_one_worker(async {
        let mut client = Client::connect().await;
        let worker = Rc::clone(&client.worker);
        let soon = || Instant::now() + worker.limits.crowded_keep_alive;
        client.ask().await;
        client.rest().await;
        worker.sweep(soon());
        client.ask().await;
        client.rest().await;
        let clients = &worker.shared.files.clients;
        let _all: Vec<_> = std::iter::from_fn(|| clients.try_enter()).collect();
        worker.sweep(soon());
        assert!(client.has_ended().await);
    })
    .await;
}
