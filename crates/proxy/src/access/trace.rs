//! A request under way, until it can be written down.

use std::cell::Cell;
use std::rc::Rc;
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

use http::header::{HOST, HeaderName};
use http::{HeaderValue, Method, Request, StatusCode};

use super::Log;
use super::record::Record;
use crate::session::Peer;
use crate::table::Entry;
use crate::tally::Tally;

const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// How much of a target is kept: more than people write, and nothing that fills the memory.
const TARGET: usize = 2048;

/// The longest host there is.
const HOST_LENGTH: usize = 255;

/// The longest name of a request that is taken from a client.
const ID_LENGTH: usize = 64;

/// Written down when it is dropped, whatever became of the request.
#[derive(Debug)]
pub(crate) struct Trace {
    log: Rc<Log>,
    began: Instant,
    received: Rc<Cell<u64>>,
    /// Always there until the end.
    record: Option<Box<Record>>,
}

// === impl Trace ===

impl Trace {
    /// Begins with a request as it came. It gets a name, which the instance is told as well.
    pub(crate) fn begin<B>(
        log: &Rc<Log>,
        peer: &Peer,
        client: std::net::IpAddr,
        request: &mut Request<B>,
        random: impl Fn() -> u64,
    ) -> Box<Self> {
        let request_id = name(request, random);
        let target = request.uri().path_and_query();
        let host = request.headers().get(HOST);
        let host = host.and_then(|host| host.to_str().ok());
        let host = host.or_else(|| Some(request.uri().authority()?.as_str()));
        let host = host.unwrap_or_default();
        let record = Record {
            began: SystemTime::now(),
            client,
            method: request.method().clone(),
            version: request.version(),
            is_secure: peer.is_secure,
            host: beginning(host, HOST_LENGTH).to_owned(),
            target: beginning(target.map_or("", |it| it.as_str()), TARGET).to_owned(),
            request_id,
            entry: None,
            tally: None,
            status: None,
            received: 0,
            sent: 0,
            duration: Duration::ZERO,
            upstream: None,
            retries: 0,
            is_complete: false,
        };
        Box::new(Self {
            log: Rc::clone(log),
            began: Instant::now(),
            received: Rc::default(),
            record: Some(Box::new(record)),
        })
    }

    /// Counts the bytes of the request's body.
    pub(crate) fn received(&self) -> Rc<Cell<u64>> {
        Rc::clone(&self.received)
    }

    pub(crate) fn routed(&mut self, entry: &Arc<Entry>) {
        self.with(|record| record.entry = Some(Arc::clone(entry)));
    }

    /// An instance gets the request.
    pub(crate) fn handed_to(&mut self, tally: &Arc<Tally>) {
        self.with(|record| {
            if record.tally.is_some() {
                record.retries += 1;
            }
            record.tally = Some(Arc::clone(tally));
        });
    }

    /// The instance has sent its head.
    pub(crate) fn answered(&mut self, latency: Duration) {
        self.with(|record| record.upstream = Some(latency));
    }

    /// The client is answered; without a body of an instance, with all of it.
    pub(crate) fn leaves_with(&mut self, status: StatusCode) {
        self.with(|record| record.status = Some(status.as_u16()));
    }

    pub(crate) fn sent(&mut self, bytes: u64) {
        self.with(|record| record.sent += bytes);
    }

    /// The answer has come to its end.
    pub(crate) fn completed(&mut self) {
        self.with(|record| record.is_complete = true);
    }

    /// Whether the answer has no body, whatever it says.
    pub(crate) fn is_head(&self) -> bool {
        let record = self.record.as_ref();
        record.is_some_and(|record| record.method == Method::HEAD)
    }

    fn with(&mut self, change: impl FnOnce(&mut Record)) {
        if let Some(record) = &mut self.record {
            change(record);
        }
    }
}

impl Drop for Trace {
    fn drop(&mut self) {
        if let Some(mut record) = self.record.take() {
            record.duration = self.began.elapsed();
            record.received = self.received.get();
            self.log.note(record);
        }
    }
}

/// The name that the client gave it, if it is a harmless one; or a new one.
fn name<B>(request: &mut Request<B>, random: impl Fn() -> u64) -> String {
    let is_inner = |byte: u8| byte.is_ascii_alphanumeric() || b"._-".contains(&byte);
    let given = request.headers().get(REQUEST_ID);
    let given = given.and_then(|given| given.to_str().ok());
    if let Some(given) = given
        && (1..=ID_LENGTH).contains(&given.len())
        && given.bytes().all(is_inner)
    {
        return given.to_owned();
    }
    let name = format!("{:016x}{:016x}", random(), random());
    if let Ok(value) = HeaderValue::try_from(&name) {
        request.headers_mut().insert(REQUEST_ID, value);
    }
    name
}

/// So much of a text, at the border of a letter.
fn beginning(text: &str, most: usize) -> &str {
    if text.len() <= most {
        return text;
    }
    let end = (0..=most).rev().find(|&end| text.is_char_boundary(end));
    &text[..end.unwrap_or_default()]
}
