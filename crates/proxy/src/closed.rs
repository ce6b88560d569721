//! The answer of a route that is closed for maintenance.

use std::net::IpAddr;

use bytes::Bytes;
use http::header::{CACHE_CONTROL, CONTENT_TYPE, RETRY_AFTER};
use http::{HeaderValue, Response, StatusCode};

use crate::body::ResponseBody;
use crate::control::Closure;

/// What is said where nobody wrote a page.
const PLAIN: &str = "service unavailable: closed for maintenance, try again later\n";

/// A route's maintenance with its answer, made once and given to all.
#[derive(Debug)]
pub(crate) struct Closed {
    pub(crate) closure: Closure,
    kind: HeaderValue,
    text: Bytes,
    retry_after: Option<HeaderValue>,
}

// === impl Closed ===

impl Closed {
    pub(crate) fn new(closure: Closure) -> Self {
        let (kind, text) = match &closure.page {
            Some(page) => (HeaderValue::try_from(&page.kind).ok(), page.text.clone()),
            None => (None, PLAIN.to_owned()),
        };
        Self {
            kind: kind.unwrap_or(HeaderValue::from_static("text/plain; charset=utf-8")),
            text: text.into(),
            retry_after: closure.maintenance.retry_after.map(HeaderValue::from),
            closure,
        }
    }

    pub(crate) fn lets_in(&self, client: impl FnOnce() -> IpAddr) -> bool {
        let maintenance = &self.closure.maintenance;
        !maintenance.allow.is_empty() && maintenance.lets_in(client())
    }

    pub(crate) fn response(&self) -> Response<ResponseBody> {
        let mut response = Response::new(ResponseBody::Text(Some(self.text.clone())));
        *response.status_mut() = StatusCode::SERVICE_UNAVAILABLE;
        let headers = response.headers_mut();
        headers.insert(CONTENT_TYPE, self.kind.clone());
        headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
        if let Some(time) = &self.retry_after {
            headers.insert(RETRY_AFTER, time.clone());
        }
        response
    }
}
