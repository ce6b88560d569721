//! What connections cost that are open and silent.

use std::net::SocketAddr;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::measure::proportional_bytes_of_tree;

/// Clients that asked once and keep their connection.
pub(super) const CONNECTIONS: usize = 10_000;

const REQUEST: &[u8] = b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n";

/// Lets proxies give back what idle clients do not need.
const SETTLES: Duration = Duration::from_secs(3);

/// Memory of a proxy without clients and with [`CONNECTIONS`] idle ones, in bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Idle {
    pub(super) before: u64,
    pub(super) with: u64,
}

/// Lets this process, and what it starts, have all the files that the system grants.
pub(super) fn allow_many_files() -> Result<()> {
    let limit = getrlimit(Resource::Nofile);
    let all = Rlimit {
        current: limit.maximum,
        ..limit
    };
    setrlimit(Resource::Nofile, all).context("cannot open more files")
}

/// Opens the connections, has each answered once, and looks.
pub(super) async fn measure(id: u32, address: SocketAddr) -> Result<Idle> {
    let before = proportional_bytes_of_tree(id);
    let mut kept = Vec::with_capacity(CONNECTIONS);
    for _ in 0..CONNECTIONS {
        let mut stream = TcpStream::connect(address).await?;
        stream.write_all(REQUEST).await?;
        read_answer(&mut stream).await?;
        kept.push(stream);
    }
    tokio::time::sleep(SETTLES).await;
    let with = proportional_bytes_of_tree(id);
    Ok(Idle { before, with })
}

/// Reads an answer with a length to its end.
async fn read_answer(stream: &mut TcpStream) -> Result<()> {
    let mut answer = Vec::with_capacity(4096);
    loop {
        ensure!(
            stream.read_buf(&mut answer).await? > 0,
            "the proxy closed an idle connection"
        );
        let text = String::from_utf8_lossy(&answer);
        let Some((head, body)) = text.split_once("\r\n\r\n") else {
            continue;
        };
        let length = head
            .lines()
            .filter_map(|line| line.split_once(':'))
            .find(|(name, _)| name.eq_ignore_ascii_case("content-length"))
            .context("the answer has no length")?;
        if body.len() >= length.1.trim().parse::<usize>()? {
            return Ok(());
        }
    }
}

// === impl Idle ===

impl Idle {
    /// For each connection, in KiB.
    pub(super) fn kib_each(self) -> f64 {
        self.with.saturating_sub(self.before) as f64 / CONNECTIONS as f64 / 1024.0
    }

    pub(super) fn mib(self) -> f64 {
        self.with as f64 / f64::from(1 << 20)
    }
}
