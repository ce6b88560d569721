//! Answers of our own, where no instance gives one.

use std::time::Duration;

use bytes::Bytes;
use http::{HeaderValue, Response, StatusCode, header};

use crate::body::ResponseBody;
use crate::table::Missing;
use crate::wire::Violation;

/// Why a request is answered by the proxy itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Refusal {
    /// Its head is one that two servers could read differently.
    Framing(Violation),
    /// No `Host`, several, or one that is no host.
    BadHost,
    /// The target names another host than the `Host` header.
    TwoTargets,
    /// The target is none that goes on in HTTP/1.
    BadTarget,
    /// Its body is not what its head says, or broke off.
    BadBody,
    /// It has more header fields than are taken.
    TooManyFields,
    /// A tunnel is asked for.
    Connect,
    /// No route answers for the host on this address.
    NoRoute,
    /// A route answers for the host, and none for the path.
    NoPath,
    /// The path is one of another route's to whoever reads it in another way.
    DoubtfulPath,
    /// The route has no instances.
    NoInstance,
    /// Its route was held for too long, or too many waited.
    Held,
    /// As many requests of the route are in flight as may be.
    Crowded,
    /// The client came too often; it may come again after this long.
    TooEarly(Duration),
    /// The client has as many connections as it may.
    TooManyConnections,
    /// The body is longer than the route takes.
    TooLarge,
    /// No file is left for a connection to an instance.
    NoFile,
    /// No instance could be reached.
    Unreachable,
    /// The instance gave no usable answer.
    NoAnswer,
    /// The instance's answer took too long.
    Late,
}

/// After how many seconds a client may try again: about what a start takes.
const RETRY_AFTER: HeaderValue = HeaderValue::from_static("5");

// === impl Refusal ===

impl Refusal {
    fn status(self) -> StatusCode {
        match self {
            Self::Framing(_)
            | Self::BadHost
            | Self::TwoTargets
            | Self::BadTarget
            | Self::BadBody
            | Self::DoubtfulPath => StatusCode::BAD_REQUEST,
            Self::TooManyFields => StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE,
            Self::Connect => StatusCode::METHOD_NOT_ALLOWED,
            Self::NoRoute => StatusCode::MISDIRECTED_REQUEST,
            Self::NoPath => StatusCode::NOT_FOUND,
            Self::NoInstance | Self::Held | Self::Crowded | Self::NoFile => {
                StatusCode::SERVICE_UNAVAILABLE
            }
            Self::TooEarly(_) | Self::TooManyConnections => StatusCode::TOO_MANY_REQUESTS,
            Self::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
            Self::Unreachable | Self::NoAnswer => StatusCode::BAD_GATEWAY,
            Self::Late => StatusCode::GATEWAY_TIMEOUT,
        }
    }

    fn text(self) -> &'static str {
        match self {
            Self::Framing(Violation::BareLf) => "bad request: a line ends without CR\n",
            Self::Framing(Violation::TwoLengths) => {
                "bad request: both content-length and transfer-encoding\n"
            }
            Self::Framing(Violation::Coding) => {
                "bad request: the only transfer-encoding that is taken is chunked\n"
            }
            Self::Framing(Violation::Guise) => {
                "bad request: a header name is another's with an underscore\n"
            }
            Self::Framing(Violation::Lost) => "bad request: the request before it has no end\n",
            Self::BadHost => "bad request: exactly one valid host header is needed\n",
            Self::TwoTargets => "bad request: the target and the host header differ\n",
            Self::BadTarget => "bad request: the target is no path\n",
            Self::BadBody => "bad request: the body has no valid end\n",
            Self::TooManyFields => "request header fields too large: too many of them\n",
            Self::Connect => "method not allowed: this proxy opens no tunnels\n",
            Self::NoRoute => "misdirected request: nothing answers for this host here\n",
            Self::NoPath => "not found: nothing answers for this path here\n",
            Self::DoubtfulPath => "bad request: the path can be read in two ways\n",
            Self::NoInstance => "service unavailable: no instance is routed, try again shortly\n",
            Self::Held => "service unavailable: requests are held, try again shortly\n",
            Self::Crowded => "service unavailable: too many requests at once, try again shortly\n",
            Self::NoFile => "service unavailable: too many connections, try again shortly\n",
            Self::TooEarly(_) => "too many requests: try again a little later\n",
            Self::TooManyConnections => {
                "too many connections: use those that are open, or try again a little later\n"
            }
            Self::TooLarge => "content too large: the body is longer than is taken here\n",
            Self::Unreachable => "bad gateway: no instance could be reached\n",
            Self::NoAnswer => "bad gateway: the instance gave no answer\n",
            Self::Late => "gateway timeout: the instance did not answer in time\n",
        }
    }

    /// Whether what follows on the connection cannot be believed.
    fn ends_connection(self) -> bool {
        match self {
            Self::Framing(_)
            | Self::BadHost
            | Self::TwoTargets
            | Self::BadTarget
            | Self::BadBody
            | Self::TooManyFields
            | Self::Connect
            | Self::TooManyConnections
            | Self::TooLarge => true,
            Self::NoRoute
            | Self::NoPath
            | Self::DoubtfulPath
            | Self::NoInstance
            | Self::Held
            | Self::Crowded
            | Self::TooEarly(_)
            | Self::NoFile
            | Self::Unreachable
            | Self::NoAnswer
            | Self::Late => false,
        }
    }

    /// When the client may come again.
    fn retry_after(self) -> Option<HeaderValue> {
        match self {
            Self::NoInstance | Self::Held => Some(RETRY_AFTER),
            // Requests and connections come and go: the next moment may do.
            Self::Crowded | Self::NoFile | Self::TooManyConnections => {
                Some(HeaderValue::from_static("1"))
            }
            // Rounded up: whoever comes back then shall not be sent away again.
            Self::TooEarly(wait) => {
                let seconds = wait.as_secs() + u64::from(wait.subsec_nanos() > 0);
                Some(HeaderValue::from(seconds))
            }
            Self::Framing(_)
            | Self::BadHost
            | Self::TwoTargets
            | Self::BadTarget
            | Self::BadBody
            | Self::TooManyFields
            | Self::Connect
            | Self::NoRoute
            | Self::NoPath
            | Self::DoubtfulPath
            | Self::TooLarge
            | Self::Unreachable
            | Self::NoAnswer
            | Self::Late => None,
        }
    }

    pub(crate) fn response(self) -> Response<ResponseBody> {
        let text = Bytes::from_static(self.text().as_bytes());
        let mut response = Response::new(ResponseBody::Text(Some(text)));
        *response.status_mut() = self.status();
        let headers = response.headers_mut();
        let plain = HeaderValue::from_static("text/plain; charset=utf-8");
        headers.insert(header::CONTENT_TYPE, plain);
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
        if let Some(time) = self.retry_after() {
            headers.insert(header::RETRY_AFTER, time);
        }
        if self.ends_connection() {
            headers.insert(header::CONNECTION, HeaderValue::from_static("close"));
        }
        response
    }
}

impl From<Missing> for Refusal {
    fn from(missing: Missing) -> Self {
        match missing {
            Missing::Host => Self::NoRoute,
            Missing::Path => Self::NoPath,
            Missing::Doubtful => Self::DoubtfulPath,
        }
    }
}

impl From<Violation> for Refusal {
    fn from(violation: Violation) -> Self {
        Self::Framing(violation)
    }
}
