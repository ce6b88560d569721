//! What a request looks like before its number is known.

use std::fmt;
use std::sync::Arc;

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, Method, header};

/// The place of the request's number in a path or body: unique within the load.
const NUMBER: &str = "{n}";

/// A kind of request.
#[derive(Debug, Clone)]
pub struct Template {
    pub(crate) method: Method,
    pub(crate) path: String,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Body,
    pub(crate) closes: bool,
}

/// What a request carries.
#[derive(Clone)]
pub enum Body {
    /// Nothing.
    Empty,
    /// A text in which `{n}` stands for the request's number.
    Text(String),
    /// Made for each request from its number.
    Made(Arc<dyn Fn(u64) -> Bytes + Send + Sync>),
}

// === impl Template ===

impl Template {
    /// A request by `method`; `{n}` in the path stands for the request's number.
    pub fn new(method: Method, path: impl Into<String>) -> Self {
        Self {
            method,
            path: path.into(),
            headers: HeaderMap::new(),
            body: Body::Empty,
            closes: false,
        }
    }

    /// A `GET`.
    pub fn get(path: impl Into<String>) -> Self {
        Self::new(Method::GET, path)
    }

    /// A `POST` of JSON in which `{n}` stands for the request's number.
    pub fn post(path: impl Into<String>, json: impl Into<String>) -> Self {
        Self::new(Method::POST, path)
            .with_body(Body::Text(json.into()))
            .with_header(
                header::CONTENT_TYPE,
                HeaderValue::from_static("application/json"),
            )
    }

    /// With this body.
    #[must_use]
    pub fn with_body(mut self, body: Body) -> Self {
        self.body = body;
        self
    }

    /// With this header.
    #[must_use]
    pub fn with_header(mut self, name: HeaderName, value: HeaderValue) -> Self {
        self.headers.append(name, value);
        self
    }

    /// On a connection that ends with it, instead of one that is kept.
    #[must_use]
    pub fn closing(mut self) -> Self {
        self.closes = true;
        self
    }

    pub(crate) fn path(&self, number: u64) -> String {
        numbered(&self.path, number)
    }
}

// === impl Body ===

impl Body {
    pub(crate) fn make(&self, number: u64) -> Bytes {
        match self {
            Self::Empty => Bytes::new(),
            Self::Text(text) => numbered(text, number).into(),
            Self::Made(make) => make(number),
        }
    }
}

impl fmt::Debug for Body {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Empty => f.write_str("Empty"),
            Self::Text(text) => f.debug_tuple("Text").field(text).finish(),
            Self::Made(_) => f.write_str("Made"),
        }
    }
}

fn numbered(text: &str, number: u64) -> String {
    if text.contains(NUMBER) {
        text.replace(NUMBER, &number.to_string())
    } else {
        text.to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_number_is_put_in_path_and_body() {
        let template = Template::post("/orders/{n}", r#"{"order": {n}, "again": {n}}"#);
        assert_eq!(template.path(7), "/orders/7");
        assert_eq!(template.body.make(7), r#"{"order": 7, "again": 7}"#);
        let made = Body::Made(Arc::new(|number| format!("{}", number * 2).into()));
        assert_eq!(made.make(4), "8");
    }
}
