//! What happens to a request, as it happens: server-sent events, read from the file that the
//! request's process writes. Who comes back after the daemon was restarted goes on where they were.

use std::fs::File;
use std::io::{self, BufRead as _, BufReader, Seek as _, SeekFrom};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::body::{Body, Bytes};
use axum::extract::Path;
use axum::response::Response;
use futures_util::stream;
use http::{HeaderMap, header};
use shipway_pipeline::access::Action;
use shipway_pipeline::id::RequestId;
use shipway_pipeline::request::State as Stand;

use super::requests::{self, Request};
use crate::caller::Caller;
use crate::problem::Problem;
use crate::shared::{Shared, State};

/// Between two looks at the file: what people see as at once.
const LOOK_AGAIN: Duration = Duration::from_millis(200);

/// Proxies close a connection on which nothing comes.
const ALIVE: Duration = Duration::from_secs(15);

/// As much is read and sent at once.
const PORTION: usize = 64 * 1024;

/// Follows a request to its end, or until it waits for people.
pub(super) async fn follow(
    shared: State,
    caller: Caller,
    Path(text): Path<String>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let request = requests::find(&shared, &caller, Action::View, &text).await?;
    let after = headers.get("last-event-id");
    let after = after.and_then(|value| value.to_str().ok()?.parse().ok());
    let tail = Tail {
        path: shared.runs.events(request.id),
        offset: after.unwrap_or(0),
        id: request.id,
        shared: Arc::clone(&shared),
        said: Instant::now(),
        is_over: false,
    };
    let body = Body::from_stream(stream::unfold(tail, Tail::next));
    let mut response = Response::new(body);
    let headers = response.headers_mut();
    let fixed = header::HeaderValue::from_static;
    headers.insert(header::CONTENT_TYPE, fixed("text/event-stream"));
    headers.insert(header::CACHE_CONTROL, fixed("no-store"));
    Ok(response)
}

/// The end of a file that grows.
struct Tail {
    path: PathBuf,
    offset: u64,
    id: RequestId,
    shared: Arc<Shared>,
    said: Instant,
    is_over: bool,
}

// === impl Tail ===

impl Tail {
    async fn next(mut self) -> Option<(Result<Bytes, io::Error>, Self)> {
        if self.is_over {
            return None;
        }
        loop {
            if *self.shared.closing.borrow() {
                return None;
            }
            // Asked before the file is read: what it wrote by then is read below.
            let ended = match self.ended().await {
                Ok(ended) => ended,
                Err(problem) => return Some((Err(io::Error::other(problem.detail)), self)),
            };
            let text = match self.portion() {
                Ok(text) => text,
                Err(error) => return Some((Err(error), self)),
            };
            if !text.is_empty() {
                self.said = Instant::now();
                return Some((Ok(Bytes::from(text)), self));
            }
            if let Some(request) = ended {
                self.is_over = true;
                let text = serde_json::to_string(&request).unwrap_or_default();
                let last = format!("event: {}\ndata: {text}\n\n", request.state);
                return Some((Ok(Bytes::from(last)), self));
            }
            if self.said.elapsed() > ALIVE {
                self.said = Instant::now();
                return Some((Ok(Bytes::from_static(b":\n\n")), self));
            }
            tokio::time::sleep(LOOK_AGAIN).await;
        }
    }

    /// The request, where nothing more will be written for now.
    async fn ended(&self) -> Result<Option<Request>, Problem> {
        let id = self.id;
        let found = self.shared.ask(move |store| Ok(store.request(id)?)).await?;
        let found = found.ok_or_else(|| Problem::not_found("the request is gone"))?;
        let is_still = matches!(found.state, Stand::Ended { .. } | Stand::Waiting { .. });
        Ok(is_still.then(|| Request::of(&found)))
    }

    /// The whole lines that came since, as events whose ids are where the next line begins.
    fn portion(&mut self) -> io::Result<String> {
        let mut file = match File::open(&self.path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(String::new()),
            file => file?,
        };
        file.seek(SeekFrom::Start(self.offset))?;
        let mut reader = BufReader::new(file);
        let mut events = String::new();
        let mut line = Vec::new();
        while events.len() < PORTION {
            line.clear();
            let length = reader.read_until(b'\n', &mut line)?;
            if !line.ends_with(b"\n") {
                break;
            }
            self.offset += length as u64;
            // What a killed process left without its end is no event.
            let text = String::from_utf8_lossy(&line);
            let text = text.trim_end();
            if serde_json::from_str::<serde::de::IgnoredAny>(text).is_ok() {
                events.push_str(&format!("id: {}\ndata: {text}\n\n", self.offset));
            }
        }
        Ok(events)
    }
}
