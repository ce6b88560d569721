//! A client that holds a stream of events open.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderValue, Response, StatusCode, header};
use http_body_util::BodyExt;
use hyper::body::Incoming;

use crate::client;
use crate::load::Running;
use crate::plan::Plan;
use crate::template::Template;

/// Before the stream is opened again; browsers wait some seconds.
const AGAIN: Duration = Duration::from_millis(100);

/// Reads the stream at `path`, again and again, until the load is stopped.
pub(crate) async fn run(running: Arc<Running>, thread: usize, path: String) {
    let shard = running.recorder.shard(thread);
    let events = HeaderValue::from_static("text/event-stream");
    let template = Template::get(path).with_header(header::ACCEPT, events);
    loop {
        match open(&running.plan, &template).await {
            Some(response) if response.status() != StatusCode::OK => {
                shard.stream(|streams| streams.failed += 1);
            }
            Some(response) => {
                shard.stream(|streams| streams.opened += 1);
                let read = read(response, |_| shard.stream(|streams| streams.pieces += 1));
                let whole = read.await;
                shard.stream(|streams| match whole {
                    Ok(()) => streams.ended += 1,
                    Err(_) => streams.broken += 1,
                });
            }
            None => shard.stream(|streams| streams.refused += 1),
        }
        tokio::time::sleep(AGAIN).await;
    }
}

async fn open(plan: &Plan, template: &Template) -> Option<Response<Incoming>> {
    let opening = async {
        let mut sender = client::connect(plan).await.ok()?;
        sender.send_request(plan.request(template, 0)).await.ok()
    };
    tokio::time::timeout(plan.timeout, opening).await.ok()?
}

async fn read(response: Response<Incoming>, mut piece: impl FnMut(Bytes)) -> hyper::Result<()> {
    let mut body = response.into_body();
    while let Some(frame) = body.frame().await {
        if let Ok(bytes) = frame?.into_data() {
            piece(bytes);
        }
    }
    Ok(())
}
