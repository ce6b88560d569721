//! A proxy, instances and clients for tests, with the wire at hand.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicU16, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

use shipway_pipeline::colour::Colour;
use shipway_pipeline::id::{DeploymentId, Epoch, Generation};
use shipway_pipeline::route::{Backend, Route, RouteKey, Rules};
use shipway_proxy::control::{Client, DeploymentStatus, Target};
use shipway_proxy::{Error, Options, Paths};
use tempfile::TempDir;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpStream;

/// Far longer than anything takes: a test that reaches it hangs.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);

/// A proxy in this process.
pub(crate) struct Proxy {
    pub(crate) client: Client,
    pub(crate) paths: Paths,
    thread: Option<JoinHandle<Result<(), Error>>>,
    dir: Option<TempDir>,
}

impl Proxy {
    pub(crate) async fn start() -> Self {
        Self::start_with(|_| {}).await
    }

    pub(crate) async fn start_with(change: impl FnOnce(&mut Options)) -> Self {
        Self::start_in(tempfile::tempdir().unwrap(), change).await
    }

    pub(crate) async fn start_in(dir: TempDir, change: impl FnOnce(&mut Options)) -> Self {
        let mut options = Options::new(dir.path());
        options.workers = std::num::NonZeroUsize::new(2);
        options.limits.lame_duck = Duration::from_millis(50);
        options.limits.shutdown = Duration::from_millis(500);
        change(&mut options);
        let paths = options.paths();
        let thread = std::thread::spawn(move || shipway_proxy::run(options));
        let (client, _) = Client::wait_ready(paths.control(), PATIENCE).await.unwrap();
        Self {
            client,
            paths,
            thread: Some(thread),
            dir: Some(dir),
        }
    }

    /// Ends it and leaves its directory.
    pub(crate) async fn stop(mut self) -> TempDir {
        self.client.shutdown().await.unwrap();
        self.join();
        self.dir.take().unwrap()
    }

    fn join(&mut self) {
        let thread = self.thread.take().unwrap();
        thread.join().unwrap().unwrap();
    }

    /// Routes everything on an address to these backends, as the next generation.
    pub(crate) async fn route(&self, listen: SocketAddr, backends: Vec<Backend>) -> Route {
        let generation = self
            .client
            .routes()
            .await
            .unwrap()
            .first()
            .map_or(1, |it| it.generation.0 + 1);
        let route = route(listen, generation, backends);
        self.client.put_route(&route).await.unwrap();
        route
    }

    pub(crate) async fn deployment(&self, number: u64) -> DeploymentStatus {
        let status = self.client.status().await.unwrap();
        let mut all = status
            .routes
            .into_iter()
            .flat_map(|route| route.deployments);
        all.find(|it| it.deployment == DeploymentId(number))
            .unwrap()
    }

    /// Asks for the status until it is as wanted.
    pub(crate) async fn until(&self, number: u64, wanted: impl Fn(&DeploymentStatus) -> bool) {
        let asked = async {
            while !wanted(&self.deployment(number).await) {
                tokio::task::yield_now().await;
            }
        };
        if tokio::time::timeout(PATIENCE, asked).await.is_err() {
            panic!("{:?}", self.deployment(number).await);
        }
    }
}

pub(crate) fn key() -> RouteKey {
    RouteKey {
        project: "shop".parse().unwrap(),
        environment: "production".parse().unwrap(),
    }
}

pub(crate) fn target(epoch: u64) -> Target {
    Target {
        key: key(),
        epoch: Epoch(epoch),
    }
}

pub(crate) fn route(listen: SocketAddr, generation: u64, backends: Vec<Backend>) -> Route {
    Route {
        key: key(),
        epoch: Epoch(1),
        generation: Generation(generation),
        listen,
        hosts: vec![],
        tls: None,
        rules: Rules::default(),
        backends,
    }
}

pub(crate) fn backend(deployment: u64, instance: &str, address: SocketAddr) -> Backend {
    Backend {
        colour: if deployment % 2 == 1 {
            Colour::Blue
        } else {
            Colour::Green
        },
        deployment: DeploymentId(deployment),
        instance: instance.parse().unwrap(),
        address,
        weight: 1,
    }
}

/// An address nobody listens at. Each gets a loopback address of its own, so that tests that run
/// at the same time cannot take it from each other.
pub(crate) fn free_address() -> SocketAddr {
    static NEXT: AtomicU16 = AtomicU16::new(1);
    let [high, low] = NEXT.fetch_add(1, Ordering::Relaxed).to_be_bytes();
    let process = (std::process::id() % 250) as u8;
    let any = SocketAddr::from(([127, process + 1, high, low], 0));
    std::net::TcpListener::bind(any)
        .unwrap()
        .local_addr()
        .unwrap()
}

/// One side of an HTTP/1.1 connection, by hand.
pub(crate) struct Wire<S = TcpStream> {
    pub(crate) stream: S,
    pub(crate) read: Vec<u8>,
}

/// A request or response.
#[derive(Debug, Clone)]
pub(crate) struct Message {
    pub(crate) head: String,
    pub(crate) headers: HashMap<String, String>,
    pub(crate) body: Vec<u8>,
}

impl Message {
    fn parse(head: String) -> Self {
        let headers = head
            .lines()
            .skip(1)
            .filter_map(|line| line.split_once(':'))
            .map(|(name, value)| (name.to_ascii_lowercase(), value.trim().to_owned()))
            .collect();
        Self {
            head,
            headers,
            body: vec![],
        }
    }

    pub(crate) fn status(&self) -> u16 {
        self.head[9..12].parse().unwrap()
    }

    pub(crate) fn text(&self) -> &str {
        std::str::from_utf8(&self.body).unwrap()
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(String::as_str)
    }

    pub(crate) fn method(&self) -> &str {
        self.head.split(' ').next().unwrap()
    }

    pub(crate) fn path(&self) -> &str {
        self.head.split(' ').nth(1).unwrap()
    }
}

impl Wire {
    pub(crate) async fn connect(address: SocketAddr) -> Self {
        let stream = TcpStream::connect(address).await.unwrap();
        stream.set_nodelay(true).unwrap();
        Self::new(stream)
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> Wire<S> {
    pub(crate) fn new(stream: S) -> Self {
        Self {
            stream,
            read: vec![],
        }
    }

    pub(crate) async fn send(&mut self, bytes: impl AsRef<[u8]>) -> Option<()> {
        self.stream.write_all(bytes.as_ref()).await.ok()?;
        // TLS may have taken them and kept them.
        self.stream.flush().await.ok()
    }

    /// Sends and reads the answer.
    pub(crate) async fn ask(&mut self, bytes: impl AsRef<[u8]>) -> Option<Message> {
        let head_only = bytes.as_ref().starts_with(b"HEAD ");
        self.send(bytes).await?;
        self.read_message(head_only).await
    }

    pub(crate) async fn get(&mut self, path: &str) -> Option<Message> {
        self.ask(format!("GET {path} HTTP/1.1\r\nHost: shop\r\n\r\n"))
            .await
    }

    pub(crate) async fn get_of(&mut self, host: &str) -> Option<Message> {
        self.ask(format!("GET / HTTP/1.1\r\nHost: {host}\r\n\r\n"))
            .await
    }

    pub(crate) async fn post(&mut self, path: &str, body: &str) -> Option<Message> {
        let length = body.len();
        self.ask(format!(
            "POST {path} HTTP/1.1\r\nHost: shop\r\nContent-Length: {length}\r\n\r\n{body}"
        ))
        .await
    }

    /// Sends a 200 with a length.
    pub(crate) async fn answer(&mut self, release: &str, body: &[u8]) -> Option<()> {
        let length = body.len();
        let mut bytes =
            format!("HTTP/1.1 200 OK\r\nX-Release: {release}\r\nContent-Length: {length}\r\n\r\n")
                .into_bytes();
        bytes.extend_from_slice(body);
        self.send(bytes).await
    }

    pub(crate) async fn read_request(&mut self) -> Option<Message> {
        self.read_message(false).await
    }

    pub(crate) async fn read_response(&mut self) -> Option<Message> {
        self.read_message(false).await
    }

    async fn read_message(&mut self, head_only: bool) -> Option<Message> {
        let mut message = self.read_head().await?;
        let is_bodiless = head_only || message.head.starts_with("HTTP/1.1 304");
        if is_bodiless || message.head.starts_with("HTTP/1.1 204") {
            return Some(message);
        }
        if let Some(length) = message.header("content-length") {
            let length = length.parse().unwrap();
            message.body = self.take(length).await?;
        } else if message.header("transfer-encoding").is_some() {
            while let Some(chunk) = self.read_chunk().await? {
                message.body.extend(chunk);
            }
        } else if message.head.starts_with("HTTP") && message.status() != 101 {
            while self.more().await.is_some() {}
            message.body = std::mem::take(&mut self.read);
        }
        Some(message)
    }

    pub(crate) async fn read_head(&mut self) -> Option<Message> {
        let end = loop {
            if let Some(end) = self.read.windows(4).position(|it| it == b"\r\n\r\n") {
                break end;
            }
            self.more().await?;
        };
        let head = String::from_utf8(self.read.drain(..end + 4).collect()).unwrap();
        Some(Message::parse(head))
    }

    /// The next chunk; `None` within for the last.
    pub(crate) async fn read_chunk(&mut self) -> Option<Option<Vec<u8>>> {
        let end = loop {
            if let Some(end) = self.read.windows(2).position(|it| it == b"\r\n") {
                break end;
            }
            self.more().await?;
        };
        let line = String::from_utf8(self.read.drain(..end + 2).collect()).unwrap();
        let size = usize::from_str_radix(line.trim(), 16).unwrap();
        let mut chunk = self.take(size + 2).await?;
        chunk.truncate(size);
        Some((size > 0).then_some(chunk))
    }

    pub(crate) async fn take(&mut self, length: usize) -> Option<Vec<u8>> {
        while self.read.len() < length {
            self.more().await?;
        }
        Some(self.read.drain(..length).collect())
    }

    /// Reads more; `None` at the end.
    pub(crate) async fn more(&mut self) -> Option<()> {
        let mut buffer = [0; 16384];
        let reading = self.stream.read(&mut buffer);
        let count = tokio::time::timeout(PATIENCE, reading)
            .await
            .expect("nothing came")
            .ok()
            .filter(|&count| count > 0)?;
        self.read.extend_from_slice(&buffer[..count]);
        Some(())
    }

    /// Whether the other side has closed, with nothing left to read.
    pub(crate) async fn is_closed(&mut self) -> bool {
        self.read.is_empty() && self.more().await.is_none()
    }
}
