//! A client: one connection at a time, one request after the other.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::Request;
use http_body_util::{BodyExt, Full};
use hyper::client::conn::http1::{self, SendRequest};
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;

use crate::counts::Cause;
use crate::load::Running;
use crate::plan::Plan;

/// After a connection that could not be made: a target that is down shall not be hammered.
const PAUSE: Duration = Duration::from_millis(10);

pub(crate) type Sender = SendRequest<Full<Bytes>>;

/// Sends until the load is stopped; the request in hand is finished then.
pub(crate) async fn run(running: Arc<Running>, thread: usize) {
    let shard = running.recorder.shard(thread);
    let mut kept: Option<Sender> = None;
    while let Some(number) = running.next().await {
        let plan = &running.plan;
        let template = plan.template(number);
        let request = plan.request(template, number);
        // A good client sees that a connection was closed before it sends.
        // Yielding lets the runtime hear of it, if it happened by now.
        let mut sender = kept.take();
        tokio::task::yield_now().await;
        if let Some(open) = &mut sender
            && open.ready().await.is_err()
        {
            sender = None;
        }
        let pending = shard.send();
        let exchange = exchange(plan, &mut sender, request);
        let outcome = match tokio::time::timeout(plan.timeout, exchange).await {
            Ok(outcome) => outcome,
            Err(_elapsed) => Err(Cause::Timeout),
        };
        match outcome {
            Ok((status, header)) => {
                shard.answer(pending, status, header);
                kept = sender.filter(|_| !template.closes);
            }
            Err(cause) => {
                shard.fail(pending, cause);
                if cause == Cause::Connect {
                    tokio::time::sleep(PAUSE).await;
                }
            }
        }
    }
}

/// Sends a request, once, and reads the whole answer.
async fn exchange(
    plan: &Plan,
    sender: &mut Option<Sender>,
    request: Request<Full<Bytes>>,
) -> Result<(u16, Option<String>), Cause> {
    let sender = match sender {
        Some(sender) => sender,
        none => none.insert(connect(plan).await.map_err(|_| Cause::Connect)?),
    };
    let response = sender.send_request(request).await;
    let response = response.map_err(|_| Cause::Reset)?;
    let status = response.status().as_u16();
    let header = plan.tallied(response.headers());
    let mut body = response.into_body();
    while let Some(frame) = body.frame().await {
        frame.map_err(|_| Cause::Truncated)?;
    }
    Ok((status, header))
}

/// Makes a connection and lets it run.
pub(crate) async fn connect(plan: &Plan) -> io::Result<Sender> {
    let (host, port) = &plan.address;
    let stream = TcpStream::connect((host.as_str(), *port)).await?;
    stream.set_nodelay(true)?;
    let (sender, connection) = http1::handshake(TokioIo::new(stream))
        .await
        .map_err(io::Error::other)?;
    // How it ends shows in the requests on it.
    tokio::spawn(async move { drop(connection.await) });
    Ok(sender)
}
