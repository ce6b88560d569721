//! Where requests come in, as it is written.

use schemars::JsonSchema;
use serde::Deserialize;

use super::super::tree::Placed;
use super::{Listen, OneOrMany, PrefixText, Tls};

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
    /// How the hosts are reached by HTTPS, with a certificate of your own.
    pub(in crate::config) tls: Option<Placed<Tls>>,
}
