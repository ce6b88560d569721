//! What goes over the control socket about certificates.

use std::net::SocketAddr;

use serde::{Deserialize, Serialize};
use shipway_pipeline::route::{RouteKey, Tls};

/// Whether the proxy could use a certificate; nothing changes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CheckTls {
    /// The certificate.
    pub tls: Tls,
    /// The hosts that it must be for.
    pub hosts: Vec<String>,
}

/// How a route is reached by HTTPS.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TlsStatus {
    /// Where.
    pub listen: SocketAddr,
    /// The certificate's file.
    pub certificate: String,
    /// The names that it is for.
    pub names: Vec<String>,
    /// The day on which it ends; `None` where there is none.
    pub ends: Option<String>,
    /// Whether that is within 14 days.
    pub ends_soon: bool,
    /// Why the files as they are now are not used; the last good certificate goes on.
    pub problem: Option<String>,
}

/// What came of reading the certificate of a route again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Reloaded {
    /// The route.
    pub key: RouteKey,
    /// How it is reached by HTTPS now.
    pub tls: TlsStatus,
}
