//! Where requests come in, as it is written.

use schemars::JsonSchema;
use serde::Deserialize;

use super::super::tree::Placed;
use super::{DurationText, Listen, OneOrMany, PrefixText, RangeText, RateText, SizeText, Tls};

/// Where requests come in.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::config) struct Route {
    /// Where the proxy listens: `address:port`, or just a port of 127.0.0.1.
    #[schemars(extend("examples" = [8000, "0.0.0.0:80"]))]
    pub(in crate::config) listen: Placed<Listen>,
    /// Host names that it answers for.
    #[schemars(extend("x-default" = "every host", "examples" = ["shop.example.org"]))]
    pub(in crate::config) host: Option<OneOrMany<String>>,
    /// The parts of the hosts that it answers for: `/api` is `/api` and everything below it.
    ///
    /// Other environments and projects may answer for other parts of the same host; the longest
    /// path has a request.
    #[schemars(extend("x-default" = "the whole of each host", "examples" = [["/api", "/static"]]))]
    pub(in crate::config) paths: Option<Placed<OneOrMany<PrefixText>>>,
    /// Whether the path is taken off before an instance sees the request, and told to it in
    /// `X-Forwarded-Prefix`.
    ///
    /// Needs `paths`.
    #[schemars(extend("default" = false))]
    pub(in crate::config) strip_prefix: Option<Placed<bool>>,
    /// Whether text is compressed on its way to clients that can read it, by Brotli or gzip.
    ///
    /// Not for answers that hold both a secret and what a visitor sent: their length would tell the
    /// secret (BREACH).
    #[schemars(extend("default" = false))]
    pub(in crate::config) compress: Option<bool>,
    /// What the route bears, over all workers of the proxy together.
    pub(in crate::config) limits: Option<Limits>,
    /// Lets a client stay with the instance that answered it first, by a cookie. Applications that
    /// keep nothing in memory do not need it.
    pub(in crate::config) sticky: Option<Sticky>,
    /// How the hosts are reached by HTTPS, with a certificate of your own or one that the proxy has
    /// issued.
    #[schemars(extend("x-default" = "they are not"))]
    pub(in crate::config) tls: Option<Placed<Tls>>,
}

/// What the route bears, over all workers of the proxy together.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::config) struct Limits {
    /// Requests in flight at once; one more is answered 503 with `Retry-After`. WebSockets are not
    /// counted.
    #[schemars(range(min = 1, max = 1_000_000), extend("x-default" = "any number", "examples" = [500]))]
    pub(in crate::config) requests: Option<u32>,
    /// How long the body of a request may be; a longer one is answered 413.
    #[schemars(extend("x-default" = "any length", "examples" = ["100MiB"]))]
    pub(in crate::config) body: Option<Placed<SizeText>>,
    /// How often one client may come, by its address (of IPv6, the network of 64 bits); one that
    /// comes too early is answered 429 with `Retry-After`.
    #[schemars(extend("x-default" = "as often as it likes", "examples" = ["20/s"]))]
    pub(in crate::config) rate: Option<Placed<RateText>>,
    /// How many requests of one client may come at once before `rate` counts.
    ///
    /// Needs `rate`.
    #[schemars(range(min = 1, max = 1_000_000), extend("x-default" = "the number in `rate`", "examples" = [40]))]
    pub(in crate::config) burst: Option<Placed<u32>>,
    /// How many connections one client may have at once, by its address as for `rate`; a request on
    /// one more is answered 429, and the connection closed.
    ///
    /// A connection counts from its first request for the route until it ends, a WebSocket until
    /// it is closed. Those of trusted peers (`shipway proxy --trust`) carry many clients, and are
    /// not counted.
    #[schemars(range(min = 1, max = 1_000_000), extend("x-default" = "any number", "examples" = [100]))]
    pub(in crate::config) connections: Option<u32>,
    /// Clients that `rate`, `requests` and `connections` are not for: addresses, or ranges of them.
    #[schemars(extend("default" = [], "examples" = ["10.0.0.0/8"]))]
    pub(in crate::config) allow: Option<Placed<OneOrMany<RangeText>>>,
}

/// Lets a client stay with the instance that answered it first, by a cookie.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::config) struct Sticky {
    /// The cookie's name: a letter, then letters, digits, `_` and `-`.
    #[schemars(extend("pattern" = "^[A-Za-z][A-Za-z0-9_-]{0,63}$", "x-form" = "a name of a cookie", "examples" = ["shop_route"]))]
    pub(in crate::config) cookie: Placed<String>,
    /// For how long a client keeps it.
    #[schemars(extend("x-default" = "until the browser ends", "examples" = ["1h"]))]
    pub(in crate::config) max_age: Option<Placed<DurationText>>,
}
