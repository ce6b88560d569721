//! A daemon in a sandbox, and callers of its API that say exactly what they like.

use std::io::{self, BufRead as _, BufReader, Read, Write};
use std::net::{Ipv4Addr, TcpStream};
use std::os::unix::net::UnixStream;
use std::path::PathBuf;

use hmac::{Hmac, KeyInit as _, Mac as _};
use serde_json::Value;
use sha2::Sha256;

use crate::run::{Ended, Running};
use crate::sandbox::Sandbox;
use crate::wait::PATIENCE;

/// A daemon that listens at its socket and at a port of this machine.
#[derive(Debug)]
pub struct Daemon {
    running: Running,
    port: u16,
    socket: PathBuf,
}

/// One call of the API.
#[derive(Debug, Clone)]
pub struct Call {
    method: String,
    path: String,
    headers: Vec<(String, String)>,
    body: Vec<u8>,
}

/// What was answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reply {
    /// The status.
    pub status: u16,
    /// The head, as it came.
    pub head: String,
    /// The body.
    pub body: String,
}

// === impl Daemon ===

impl Daemon {
    /// Starts `shipway serve` with these further words, and waits until it is ready.
    ///
    /// # Panics
    /// When it does not become ready.
    pub fn start<const N: usize>(sandbox: &Sandbox, further: [&str; N]) -> Self {
        let words = [&["serve", "--listen", "127.0.0.1:0"][..], &further].concat();
        let mut running = sandbox.start_words("tester", &words);
        running.wait_for_output("ready");
        let log = running.stderr();
        let port = log.split("127.0.0.1:").nth(1).and_then(|rest| {
            let digits: String = rest.chars().take_while(char::is_ascii_digit).collect();
            digits.parse().ok()
        });
        Self {
            running,
            port: port.expect("it tells where it listens"),
            socket: sandbox.state().join("serve.sock"),
        }
    }

    /// Where its port is called.
    pub fn address(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// What it wrote so far.
    pub fn log(&self) -> String {
        self.running.stderr()
    }

    /// Kills it, which it cannot see coming.
    pub fn kill(self) {
        self.running.kill();
    }

    /// Asks it to end, and waits until it has.
    #[must_use = "it has an exit code"]
    pub fn stop(self) -> Ended {
        self.running.terminate();
        self.running.finish()
    }

    /// Calls at its port.
    ///
    /// # Panics
    /// When there is no answer.
    #[track_caller]
    pub fn call(&self, call: &Call) -> Reply {
        let stream = TcpStream::connect((Ipv4Addr::LOCALHOST, self.port)).expect("it listens");
        let patience = Some(PATIENCE);
        stream.set_read_timeout(patience).expect("it can wait");
        call.send(stream).expect("it answers")
    }

    /// Calls at its socket.
    ///
    /// # Panics
    /// When there is no answer.
    #[track_caller]
    pub fn call_socket(&self, call: &Call) -> Reply {
        let stream = UnixStream::connect(&self.socket).expect("it listens");
        let patience = Some(PATIENCE);
        stream.set_read_timeout(patience).expect("it can wait");
        call.send(stream).expect("it answers")
    }

    /// The lines of an event stream, from its port, for as long as it lasts.
    ///
    /// # Panics
    /// When there is no answer.
    #[track_caller]
    pub fn follow(&self, call: &Call) -> impl Iterator<Item = String> + use<> {
        let mut stream = TcpStream::connect((Ipv4Addr::LOCALHOST, self.port)).expect("it listens");
        let patience = Some(PATIENCE);
        stream.set_read_timeout(patience).expect("it can wait");
        call.write(&mut stream).expect("it reads");
        BufReader::new(stream).lines().map_while(Result::ok)
    }

    /// What is answered at its socket, which has to be a good answer.
    ///
    /// # Panics
    /// When it is another.
    #[track_caller]
    pub fn get(&self, path: &str) -> Value {
        let reply = self.call_socket(&Call::get(path));
        assert_eq!(reply.status, 200, "{reply:?}");
        reply.json()
    }
}

// === impl Call ===

impl Call {
    /// A call with GET.
    pub fn get(path: &str) -> Self {
        Self {
            method: "GET".to_owned(),
            path: path.to_owned(),
            headers: Vec::new(),
            body: Vec::new(),
        }
    }

    /// A call with POST and a body.
    pub fn post(path: &str, body: impl Into<Vec<u8>>) -> Self {
        Self {
            method: "POST".to_owned(),
            body: body.into(),
            ..Self::get(path)
        }
        .with("Content-Type", "application/json")
    }

    /// With a header in place of the one of that name.
    #[must_use]
    pub fn with(mut self, name: &str, value: &str) -> Self {
        self.headers
            .retain(|(known, _)| !known.eq_ignore_ascii_case(name));
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    /// To another path.
    #[must_use]
    pub fn to(self, path: &str) -> Self {
        Self {
            path: path.to_owned(),
            ..self
        }
    }

    /// Signed as GitHub does, with this secret.
    ///
    /// # Panics
    /// Never: every text is a key.
    #[must_use]
    pub fn signed(self, secret: &str) -> Self {
        let mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes());
        let mut mac = mac.expect("a key of any length is taken");
        mac.update(&self.body);
        let digest = mac.finalize().into_bytes();
        let digits: String = digest.iter().map(|byte| format!("{byte:02x}")).collect();
        self.with("X-Hub-Signature-256", &format!("sha256={digits}"))
    }

    /// With a token.
    #[must_use]
    pub fn with_token(self, token: &str) -> Self {
        self.with("Authorization", &format!("Bearer {token}"))
    }

    fn write(&self, stream: &mut impl Write) -> io::Result<()> {
        let Self { method, path, .. } = self;
        let mut head = format!(
            "{method} {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\
             Content-Length: {}\r\n",
            self.body.len()
        );
        for (name, value) in &self.headers {
            head.push_str(&format!("{name}: {value}\r\n"));
        }
        head.push_str("\r\n");
        stream.write_all(head.as_bytes())?;
        // A server that refuses the body early has hung up by now, and its answer is there.
        let _ = stream.write_all(&self.body);
        Ok(())
    }

    fn send(&self, mut stream: impl Read + Write) -> io::Result<Reply> {
        self.write(&mut stream)?;
        let mut text = Vec::new();
        let read = stream.read_to_end(&mut text);
        let text = String::from_utf8_lossy(&text).into_owned();
        let parsed = || {
            let (head, body) = text.split_once("\r\n\r\n")?;
            Some(Reply {
                status: head.split(' ').nth(1)?.parse().ok()?,
                head: head.to_owned(),
                body: body.to_owned(),
            })
        };
        parsed().ok_or_else(|| match read {
            Err(error) => error,
            Ok(_) => io::Error::other(format!("no answer: {text:?}")),
        })
    }
}

// === impl Reply ===

impl Reply {
    /// The body as a JSON document.
    ///
    /// # Panics
    /// When it is none.
    #[track_caller]
    pub fn json(&self) -> Value {
        match serde_json::from_str(&self.body) {
            Ok(value) => value,
            Err(error) => panic!("{error} in {self:?}"),
        }
    }
}
