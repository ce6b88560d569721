//! How an environment is reached by HTTPS.

use std::net::SocketAddr;
use std::path::Path;
use std::time::Duration;

use serde::Serialize;

use super::quantity;
use crate::route::{self, Certificate};

/// How an environment's hosts are reached by HTTPS.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Tls {
    /// Where the proxy listens for it.
    pub listen: SocketAddr,
    /// Where its certificate comes from.
    #[serde(flatten)]
    pub certificate: Certificate,
    /// Whether requests that come without TLS are sent on to HTTPS.
    pub redirect: bool,
    /// For how long browsers shall come by HTTPS only; `None` says nothing of it.
    #[serde(
        skip_serializing_if = "Option::is_none",
        serialize_with = "quantity::serialize_optional_duration"
    )]
    pub hsts: Option<Duration>,
}

// === impl Tls ===

impl Tls {
    /// Makes the paths those of a folder, where they are not absolute.
    pub(super) fn locate(&mut self, folder: &Path) {
        let paths = match &mut self.certificate {
            Certificate::Files { certificate, key } => vec![certificate, key],
            Certificate::Acme { acme } => acme.ca.iter_mut().collect(),
        };
        for path in paths {
            *path = folder.join(&*path).to_string_lossy().into_owned();
        }
    }
}

impl From<&Tls> for route::Tls {
    fn from(tls: &Tls) -> Self {
        Self {
            listen: tls.listen,
            certificate: tls.certificate.clone(),
            redirect: tls.redirect,
            hsts: tls.hsts.map(|time| time.as_secs()),
        }
    }
}
