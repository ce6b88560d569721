//! An engine of another host, as a socket of this one.
//!
//! ```text
//!  bollard, docker compose ─► engine.sock ─► Bridge ─► forward.sock ─► ssh ═══► the host's engine
//!                                              └ starts ssh where it does not run
//! ```
//!
//! ssh goes there once, for all connections. Where it cannot, the bridge answers in the engine's
//! place, so that whoever asked, Docker Compose included, tells the reason in its own way.

mod complaint;
mod connection;

use std::io;
use std::path::PathBuf;
use std::sync::Arc;

use shipway_pipeline::host::SshHost;
use tempfile::TempDir;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, copy_bidirectional};
use tokio::net::{UnixListener, UnixStream};
use tokio::task::JoinHandle;
use tokio::time::timeout;

use connection::Connection;

/// A question is read that far before it is answered in the engine's place.
const QUESTION: usize = 16 * 1024;

/// How long whoever asks may take for it: they are on this machine.
const ASKING: std::time::Duration = std::time::Duration::from_secs(2);

/// A socket that leads to another host's engine, for as long as it is kept.
#[derive(Debug)]
pub(super) struct Bridge {
    socket: PathBuf,
    listening: JoinHandle<()>,
    /// The sockets' own directory, for this user only.
    _directory: TempDir,
}

// === impl Bridge ===

impl Bridge {
    /// Listens; ssh is started when somebody comes. Within a Tokio runtime only.
    pub(super) fn open(host: SshHost) -> io::Result<Self> {
        // A socket's path has to be short, so not below the state directory.
        let directory = TempDir::with_prefix("shipway-ssh-")?;
        let socket = directory.path().join("engine.sock");
        let listener = UnixListener::bind(&socket)?;
        let connection = Arc::new(Connection::new(host, directory.path()));
        Ok(Self {
            socket,
            listening: tokio::spawn(listen(listener, connection)),
            _directory: directory,
        })
    }

    /// Its address, as for `DOCKER_HOST`.
    pub(super) fn address(&self) -> String {
        format!("unix://{}", self.socket.display())
    }
}

impl Drop for Bridge {
    fn drop(&mut self) {
        self.listening.abort();
    }
}

async fn listen(listener: UnixListener, connection: Arc<Connection>) {
    while let Ok((client, _)) = listener.accept().await {
        tokio::spawn(carry(client, Arc::clone(&connection)));
    }
}

async fn carry(mut client: UnixStream, connection: Arc<Connection>) {
    match connection.dial().await {
        Ok(mut engine) => {
            // Either side may break off; the other one hears of it by its end.
            let _ = copy_bidirectional(&mut client, &mut engine).await;
        }
        Err(reason) => answer(client, &reason).await,
    }
}

/// Answers as an engine does that cannot do what it is asked.
async fn answer(mut client: UnixStream, reason: &str) {
    let mut question = Vec::new();
    let mut buffer = [0; 1024];
    // Some clients give up on an answer that comes before they have asked.
    while !has_headers(&question) && question.len() < QUESTION {
        match timeout(ASKING, client.read(&mut buffer)).await {
            Ok(Ok(count @ 1..)) => question.extend_from_slice(&buffer[..count]),
            Ok(Ok(0) | Err(_)) | Err(_) => break,
        }
    }
    let body = serde_json::json!({ "message": reason }).to_string();
    let head = format!(
        "HTTP/1.1 502 Bad Gateway\r\nContent-Type: application/json\r\n\
         Content-Length: {}\r\nConnection: close\r\n\r\n",
        body.len()
    );
    // Whoever asked may be gone.
    let _ = client.write_all(format!("{head}{body}").as_bytes()).await;
    let _ = client.shutdown().await;
}

fn has_headers(question: &[u8]) -> bool {
    question.windows(4).any(|four| four == b"\r\n\r\n")
}
