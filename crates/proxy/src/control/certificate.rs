//! What goes over the control socket about certificates.

use std::net::SocketAddr;

use jiff::Timestamp;
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
    /// The certificate's file; `None` where it is issued.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub certificate: Option<String>,
    /// The directory of the authority that issues it; `None` where it is read from a file.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub authority: Option<String>,
    /// The names that it is for.
    pub names: Vec<String>,
    /// The day on which it ends; `None` where there is none.
    pub ends: Option<String>,
    /// Whether that is within 14 days.
    pub ends_soon: bool,
    /// Why the files as they are now are not used; the last good certificate goes on.
    pub problem: Option<String>,
    /// By host, how the certificates are doing that an authority issues.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub issued: Vec<Issued>,
}

/// How a certificate is doing that an authority issues.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Issued {
    /// The host.
    pub host: String,
    /// Who issued it; `None` where there is none yet.
    pub issuer: Option<String>,
    /// When it ends.
    pub ends: Option<Timestamp>,
    /// Whether one is asked for just now.
    pub is_asked_for: bool,
    /// Why the last attempt to have one came to nothing.
    pub problem: Option<String>,
    /// When one is asked for next; `None` where that is due.
    pub next: Option<Timestamp>,
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
