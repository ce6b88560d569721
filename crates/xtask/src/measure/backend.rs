//! A server that answers everything with the same 1 KiB, but for one path with 64 KiB.

use std::convert::Infallible;
use std::net::SocketAddr;

use anyhow::{Context, Result};
use bytes::Bytes;
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use socket2::{Domain, Protocol, Socket, Type};
use tokio::net::TcpListener;
use tokio::sync::oneshot;

use super::running::free_address;

/// The path of the large body.
pub(crate) const LARGE: &str = "/large";

static SMALL_BODY: [u8; 1024] = [b'x'; 1024];
static LARGE_BODY: [u8; 64 * 1024] = [b'x'; 64 * 1024];

/// A running backend: a thread per core, each with a listener of its own.
#[derive(Debug)]
pub(crate) struct Backend {
    pub(crate) address: SocketAddr,
    /// Dropped, its thread ends.
    _threads: Vec<oneshot::Sender<()>>,
}

// === impl Backend ===

impl Backend {
    pub(crate) fn start() -> Result<Self> {
        let address = free_address()?;
        let count = std::thread::available_parallelism().map_or(1, usize::from);
        let threads = (0..count)
            .map(|_| serve(address))
            .collect::<Result<_>>()
            .context("cannot start the backend")?;
        Ok(Self {
            address,
            _threads: threads,
        })
    }
}

fn serve(address: SocketAddr) -> Result<oneshot::Sender<()>> {
    let socket = Socket::new(Domain::IPV4, Type::STREAM, Some(Protocol::TCP))?;
    socket.set_reuse_port(true)?;
    socket.set_nonblocking(true)?;
    socket.bind(&address.into())?;
    socket.listen(1024)?;
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    let (keep, ended) = oneshot::channel::<()>();
    std::thread::Builder::new()
        .name("backend".to_owned())
        .spawn(move || {
            runtime.block_on(async {
                tokio::select! {
                    // Whether told or dropped: it ends.
                    _ = ended => {}
                    () = accept(socket) => {}
                }
            });
        })?;
    Ok(keep)
}

async fn accept(socket: Socket) {
    let Ok(listener) = TcpListener::from_std(socket.into()) else {
        return;
    };
    loop {
        let Ok((stream, _)) = listener.accept().await else {
            continue;
        };
        drop(stream.set_nodelay(true));
        tokio::spawn(async move {
            let connection = http1::Builder::new()
                .pipeline_flush(true)
                .serve_connection(TokioIo::new(stream), service_fn(answer));
            // A client that leaves is none of the backend's business.
            drop(connection.await);
        });
    }
}

async fn answer(request: Request<Incoming>) -> Result<Response<Full<Bytes>>, Infallible> {
    let body = match request.uri().path() {
        LARGE => Bytes::from_static(&LARGE_BODY),
        _ => Bytes::from_static(&SMALL_BODY),
    };
    Ok(Response::new(Full::new(body)))
}
