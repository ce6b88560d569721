//! A server on the loopback address that takes what is posted to it, and answers as it is told.

use std::collections::VecDeque;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;

use serde_json::Value;

use crate::wait::wait_until;

/// A server that takes what is posted to it. It ends with its process.
#[derive(Debug, Clone)]
pub struct Receiver {
    port: u16,
    shared: Arc<Mutex<Shared>>,
}

/// What was received.
#[derive(Debug, Clone)]
pub struct Received {
    /// The method.
    pub method: String,
    /// The path with its query.
    pub path: String,
    /// The headers, their names in lower case.
    pub headers: Vec<(String, String)>,
    /// The body as it came.
    pub body: Vec<u8>,
}

/// What is answered.
#[derive(Debug, Clone)]
pub struct Response {
    status: u16,
    headers: Vec<(String, String)>,
    body: String,
    is_silent: bool,
}

/// Decides what is answered.
type Answer = Box<dyn FnMut(&Received) -> Response + Send>;

struct Shared {
    received: Vec<Received>,
    next: VecDeque<Response>,
    answer: Option<Answer>,
}

// === impl Receiver ===

impl Receiver {
    /// One that answers 200 as long as nothing else is said.
    ///
    /// # Panics
    /// When it cannot listen.
    pub fn start() -> Self {
        Self::with(None)
    }

    /// One that answers what a function says.
    ///
    /// # Panics
    /// When it cannot listen.
    pub fn answering(answer: impl FnMut(&Received) -> Response + Send + 'static) -> Self {
        Self::with(Some(Box::new(answer)))
    }

    fn with(answer: Option<Answer>) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a port is free");
        let port = listener.local_addr().expect("it listens").port();
        let shared = Arc::new(Mutex::new(Shared {
            received: Vec::new(),
            next: VecDeque::new(),
            answer,
        }));
        let state = Arc::clone(&shared);
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let state = Arc::clone(&state);
                // A caller that goes away is no error of the test.
                thread::spawn(move || serve(stream, &state));
            }
        });
        Self { port, shared }
    }

    /// The URL of a path.
    pub fn url(&self, path: &str) -> String {
        format!("http://{}:{}{path}", Ipv4Addr::LOCALHOST, self.port)
    }

    /// Answers the next requests so, in this order.
    pub fn answer(&self, next: impl IntoIterator<Item = Response>) {
        lock(&self.shared).next.extend(next);
    }

    /// What was received so far.
    pub fn received(&self) -> Vec<Received> {
        lock(&self.shared).received.clone()
    }

    /// Waits until so much was received.
    ///
    /// # Panics
    /// When that does not come.
    #[track_caller]
    pub fn wait_for(&self, count: usize) -> Vec<Received> {
        wait_until(&format!("{count} requests"), || {
            Some(self.received()).filter(|received| received.len() >= count)
        })
    }
}

// === impl Received ===

impl Received {
    /// A header, by its name in lower case; empty where there is none.
    pub fn header(&self, name: &str) -> &str {
        let found = self.headers.iter().find(|(known, _)| known == name);
        found.map_or("", |(_, value)| value)
    }

    /// The body as a JSON document.
    ///
    /// # Panics
    /// When it is none.
    #[track_caller]
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).expect("it is JSON")
    }
}

// === impl Response ===

impl Response {
    /// A status and a text.
    pub fn new(status: u16, body: &str) -> Self {
        Self {
            status,
            headers: Vec::new(),
            body: body.to_owned(),
            is_silent: false,
        }
    }

    /// A JSON document.
    pub fn json(status: u16, body: &Value) -> Self {
        Self::new(status, &body.to_string()).with("Content-Type", "application/json")
    }

    /// None, for as long as the caller waits.
    pub fn silence() -> Self {
        Self {
            is_silent: true,
            ..Self::new(0, "")
        }
    }

    /// With a header.
    #[must_use]
    pub fn with(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }
}

impl std::fmt::Debug for Shared {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Shared")
            .field("received", &self.received)
            .field("next", &self.next)
            .finish_non_exhaustive()
    }
}

/// One request, one answer, and the end of the connection.
fn serve(stream: TcpStream, shared: &Mutex<Shared>) -> Option<()> {
    let mut reader = BufReader::new(stream.try_clone().ok()?);
    let received = read(&mut reader)?;
    let response = {
        let mut shared = lock(shared);
        shared.received.push(received.clone());
        match (shared.next.pop_front(), &mut shared.answer) {
            (Some(next), _) => next,
            (None, Some(answer)) => answer(&received),
            (None, None) => Response::new(200, "ok"),
        }
    };
    if response.is_silent {
        // Ends when the caller gives up.
        let _ = reader.read(&mut [0]);
        return None;
    }
    let mut head = format!("HTTP/1.1 {} Said\r\nConnection: close\r\n", response.status);
    for (name, value) in &response.headers {
        head.push_str(&format!("{name}: {value}\r\n"));
    }
    head.push_str(&format!("Content-Length: {}\r\n\r\n", response.body.len()));
    let mut stream = stream;
    stream.write_all(head.as_bytes()).ok()?;
    stream.write_all(response.body.as_bytes()).ok()
}

fn read(reader: &mut BufReader<TcpStream>) -> Option<Received> {
    let mut line = String::new();
    reader.read_line(&mut line).ok()?;
    let mut words = line.split_whitespace();
    let (method, path) = (words.next()?.to_owned(), words.next()?.to_owned());
    let mut headers = Vec::new();
    loop {
        let mut line = String::new();
        reader.read_line(&mut line).ok()?;
        let Some((name, value)) = line.trim_end().split_once(':') else {
            break;
        };
        headers.push((name.to_ascii_lowercase(), value.trim().to_owned()));
    }
    let length = headers.iter().find(|(name, _)| name == "content-length");
    let length = length.map_or(Some(0), |(_, value)| value.parse().ok())?;
    let mut body = vec![0; length];
    reader.read_exact(&mut body).ok()?;
    Some(Received {
        method,
        path,
        headers,
        body,
    })
}

fn lock(shared: &Mutex<Shared>) -> MutexGuard<'_, Shared> {
    shared.lock().unwrap_or_else(PoisonError::into_inner)
}
