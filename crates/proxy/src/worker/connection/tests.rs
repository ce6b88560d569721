use std::net::{IpAddr, SocketAddr};
use std::rc::Weak;
use std::sync::Arc;
use std::time::Duration;

use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use rustls::{ClientConfig, RootCertStore, ServerConfig};
use shipway_testkit::Certificates;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite};
use tokio::net::TcpListener;
use tokio::task::LocalSet;
use tokio_rustls::{TlsAcceptor, TlsConnector};

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
    stream: Box<dyn Both>,
}

/// A client's side, with TLS or without.
trait Both: AsyncRead + AsyncWrite + Unpin {}

impl<S: AsyncRead + AsyncWrite + Unpin> Both for S {}

/// Both ends of a connection, and where it was taken.
async fn ends() -> (TcpStream, TcpStream, SocketAddr) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let listen = listener.local_addr().unwrap();
    let stream = TcpStream::connect(listen).await.unwrap();
    let (served, _) = listener.accept().await.unwrap();
    (stream, served, listen)
}

/// Who shakes hands with whom.
fn shakers() -> (TlsConnector, TlsAcceptor) {
    let files = Certificates::of(&["shop"]);
    let read = |path| CertificateDer::from_pem_file(path).unwrap();
    let mut roots = RootCertStore::empty();
    roots.add(read(files.authority())).unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let of_client = ClientConfig::builder_with_provider(Arc::clone(&provider));
    let of_client = of_client.with_safe_default_protocol_versions().unwrap();
    let of_client = of_client
        .with_root_certificates(roots)
        .with_no_client_auth();
    let of_server = ServerConfig::builder_with_provider(provider);
    let of_server = of_server.with_safe_default_protocol_versions().unwrap();
    let of_server = of_server.with_no_client_auth().with_single_cert(
        vec![read(files.certificate())],
        PrivateKeyDer::from_pem_file(files.key()).unwrap(),
    );
    (
        TlsConnector::from(Arc::new(of_client)),
        TlsAcceptor::from(Arc::new(of_server.unwrap())),
    )
}

impl Client {
    async fn connect() -> Self {
        let (stream, served, listen) = ends().await;
        Self::served(Box::new(stream), listen, |worker, session| {
            serve(worker, session, served)
        })
        .await
    }

    /// By TLS; hands are shaken when this returns.
    async fn connect_securely() -> Self {
        let (stream, served, listen) = ends().await;
        let (connector, acceptor) = shakers();
        let name = ServerName::try_from("shop").unwrap();
        let (stream, served) =
            tokio::try_join!(connector.connect(name, stream), acceptor.accept(served)).unwrap();
        Self::served(Box::new(stream), listen, |worker, session| async move {
            let _enlisted = Enlisted(Rc::clone(&worker), Rc::clone(&session));
            serve_http1(&worker, &session, Opened::new(served)).await;
        })
        .await
    }

    async fn served<F: Future<Output = ()> + 'static>(
        stream: Box<dyn Both>,
        listen: SocketAddr,
        serve: impl FnOnce(Rc<Worker>, Rc<Session>) -> F,
    ) -> Self {
        let worker = worker();
        let peer = Peer::at(IpAddr::from([127, 0, 0, 1]));
        let session = Session::new(listen, peer, worker.limits.clone(), Instant::now());
        worker.enlist(&session);
        tokio::task::spawn_local(serve(Rc::clone(&worker), Rc::clone(&session)));
        // Until its task has begun, and holds the session by one more.
        let before = Rc::strong_count(&session);
        while Rc::strong_count(&session) == before {
            tokio::task::yield_now().await;
        }
        Self {
            worker,
            session,
            stream,
        }
    }

    async fn send(&mut self, text: &str) {
        self.stream.write_all(text.as_bytes()).await.unwrap();
        self.stream.flush().await.unwrap();
    }

    /// Reads so many answers.
    async fn answers(&mut self, count: usize) -> String {
        let mut read = String::new();
        while read.matches("nothing answers for this host here\n").count() < count {
            let mut buffer = [0; 1024];
            let more = self.stream.read(&mut buffer).await.unwrap();
            assert!(more > 0, "{read}");
            read.push_str(std::str::from_utf8(&buffer[..more]).unwrap());
        }
        read
    }

    async fn ask(&mut self) -> String {
        self.send("GET / HTTP/1.1\r\nHost: shop\r\n\r\n").await;
        self.answers(1).await
    }

    /// With TLS, its end has to be said: a connection that is cut is an error.
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

#[tokio::test]
async fn one_with_tls_rests_as_well_and_goes_on_in_the_middle_of_a_head() {
    of_one_worker(async {
        let mut client = Client::connect_securely().await;
        let resting = client.holders();
        client.ask().await;
        let awake = client.holders();
        for _ in 0..3 {
            client.rest().await;
            assert_eq!(client.holders(), resting);
            client.ask().await;
            assert_eq!(client.holders(), awake);
        }
        client.rest().await;
        client.send("GET / HTTP/1.1\r\nHo").await;
        let rest = "st: a\r\n\r\nGET / HTTP/1.1\r\nHost: b\r\n\r\n";
        client.send(rest).await;
        client.answers(2).await;
    })
    .await;
}

#[tokio::test]
async fn the_end_is_said_to_one_with_tls_that_rests() {
    of_one_worker(async {
        let mut late = Client::connect_securely().await;
        late.ask().await;
        late.rest().await;
        late.worker
            .sweep(Instant::now() + late.worker.limits.keep_alive);
        assert!(late.has_ended().await);

        let mut idle = Client::connect_securely().await;
        idle.ask().await;
        idle.rest().await;
        idle.worker.close(Order::Close);
        assert!(idle.has_ended().await);
        assert!(idle.worker.sessions.borrow().is_empty());

        // The client's own is answered by ours.
        let mut leaving = Client::connect_securely().await;
        leaving.ask().await;
        leaving.rest().await;
        leaving.stream.shutdown().await.unwrap();
        assert!(leaving.has_ended().await);
    })
    .await;
}

#[tokio::test]
async fn who_rests_when_another_process_takes_over_is_told_with_the_next_answer() {
    of_one_worker(async {
        for is_secure in [false, true] {
            let mut client = match is_secure {
                false => Client::connect().await,
                true => Client::connect_securely().await,
            };
            assert!(!client.ask().await.contains("connection: close"));
            client.rest().await;
            client.worker.announce_close();
            let answer = client.ask().await;
            assert!(answer.contains("connection: close"), "{answer}");
            assert!(client.has_ended().await, "secure: {is_secure}");
        }
    })
    .await;
}
