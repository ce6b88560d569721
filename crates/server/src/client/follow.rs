//! Follows a request over server-sent events, and goes on where it was when the connection broke or
//! the daemon was started again.

use std::time::{Duration, Instant};

use reqwest::{Method, Response};
use shipway_engine::event::Event;
use shipway_pipeline::id::RequestId;

use super::{Client, ClientError, Request};

/// A daemon that is started again is back by then.
const PATIENCE: Duration = Duration::from_secs(60);

/// Between two attempts.
const PAUSE: Duration = Duration::from_millis(500);

/// What is told of a request.
#[derive(Debug)]
pub enum Told {
    /// Something happened.
    Event(Box<Event>),
    /// It is over, or waits for people: nothing more is told for now.
    Stands(Box<Request>),
}

/// A request that is followed.
pub struct Follow<'a> {
    client: &'a Client,
    id: RequestId,
    stream: Option<Response>,
    lines: Lines,
    /// What was told last.
    last: Option<String>,
    lost: Option<Instant>,
}

// === impl Follow ===

impl<'a> Follow<'a> {
    pub(super) fn new(client: &'a Client, id: RequestId) -> Self {
        Self {
            client,
            id,
            stream: None,
            lines: Lines::default(),
            last: None,
            lost: None,
        }
    }

    /// What comes next.
    ///
    /// # Errors
    /// The daemon refuses, or was away for too long.
    pub async fn next(&mut self) -> Result<Told, ClientError> {
        loop {
            while let Some(message) = self.lines.next() {
                if let Some(told) = self.understand(message)? {
                    return Ok(told);
                }
            }
            if let Err(error) = self.receive().await {
                let lost = *self.lost.get_or_insert_with(Instant::now);
                if !error.is_passing() || lost.elapsed() > PATIENCE {
                    return Err(error);
                }
                self.stream = None;
                self.lines = Lines::default();
                tokio::time::sleep(PAUSE).await;
            }
        }
    }

    fn understand(&mut self, message: Message) -> Result<Option<Told>, ClientError> {
        if message.name.is_some() {
            let request = serde_json::from_str(&message.data);
            let request = request.map_err(|error| self.client.garbled(error))?;
            return Ok(Some(Told::Stands(request)));
        }
        self.last = message.id.or_else(|| self.last.take());
        // The stream's first line is no event, and a newer daemon may tell more than we know.
        Ok(serde_json::from_str(&message.data).ok().map(Told::Event))
    }

    /// Waits for the next bytes, over a new connection where there is none.
    async fn receive(&mut self) -> Result<(), ClientError> {
        let stream = match &mut self.stream {
            Some(stream) => stream,
            none => {
                let path = format!("/v1/requests/{}/events", self.id);
                let mut call = self.client.call(Method::GET, &path);
                if let Some(last) = &self.last {
                    call = call.header("last-event-id", last);
                }
                none.insert(self.client.send(call).await?)
            }
        };
        match stream.chunk().await {
            Ok(Some(bytes)) => {
                self.lost = None;
                self.lines.push(&bytes);
                Ok(())
            }
            // It ends without a last word where the daemon ends.
            Ok(None) => Err(ClientError::Unreachable {
                server: self.client.server.clone(),
                reason: "the daemon ended".to_owned(),
            }),
            Err(error) => Err(ClientError::unreachable(&self.client.server, &error)),
        }
    }
}

/// A message of a stream.
#[derive(Debug, Default, PartialEq, Eq)]
struct Message {
    id: Option<String>,
    name: Option<String>,
    data: String,
}

/// What came of a stream and was not read yet.
#[derive(Debug, Default)]
struct Lines {
    bytes: Vec<u8>,
    message: Message,
}

// === impl Lines ===

impl Lines {
    fn push(&mut self, bytes: &[u8]) {
        self.bytes.extend_from_slice(bytes);
    }

    /// The next whole message.
    fn next(&mut self) -> Option<Message> {
        while let Some(end) = self.bytes.iter().position(|byte| *byte == b'\n') {
            let line: Vec<u8> = self.bytes.drain(..=end).collect();
            let line = String::from_utf8_lossy(&line);
            let line = line.trim_end_matches(['\n', '\r']);
            if line.is_empty() {
                let message = std::mem::take(&mut self.message);
                if !message.data.is_empty() {
                    return Some(message);
                }
            } else if let Some((field, value)) = line.split_once(':') {
                let value = value.strip_prefix(' ').unwrap_or(value).to_owned();
                match field {
                    "id" => self.message.id = Some(value),
                    "event" => self.message.name = Some(value),
                    "data" => self.message.data.push_str(&value),
                    // A comment, by which the connection is kept.
                    _ => {}
                }
            }
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_are_read_however_they_come() {
        let text = "id: 7\ndata: {\"a\":1}\n\n:\n\nevent: ended\ndata: {}\n\nid: 9\ndata";
        let mut found = Vec::new();
        let mut lines = Lines::default();
        for byte in text.bytes() {
            lines.push(&[byte]);
            found.extend(lines.next());
        }
        let message = |id: Option<&str>, name: Option<&str>, data: &str| Message {
            id: id.map(str::to_owned),
            name: name.map(str::to_owned),
            data: data.to_owned(),
        };
        assert_eq!(
            found,
            [
                message(Some("7"), None, "{\"a\":1}"),
                message(None, Some("ended"), "{}"),
            ]
        );
    }
}
