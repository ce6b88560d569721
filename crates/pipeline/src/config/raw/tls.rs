//! How an environment is reached by HTTPS, as it is written.

use schemars::JsonSchema;
use serde::Deserialize;

use super::super::default;
use super::super::tree::Placed;
use super::{AddressText, DurationText, Listen, OneOrMany};
use crate::route::Challenge;

/// How the hosts are reached by HTTPS: with a certificate of your own, or with certificates that the
/// proxy has issued.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::config) struct Tls {
    /// Where the proxy listens for HTTPS: `address:port`, or just a port of the address of the
    /// route's own `listen`.
    #[schemars(extend("default" = default::TLS_PORT, "examples" = [8443, "0.0.0.0:443"]))]
    pub(in crate::config) listen: Option<Placed<Listen>>,
    /// The file of the certificate and of those between it and its root, in PEM: its path from
    /// this file, or an absolute one. Needs `key`.
    ///
    /// The proxy reads it, and reads it again when it has changed.
    #[schemars(extend(
        "x-default" = "`acme` is needed",
        "examples" = ["/etc/letsencrypt/live/shop.example.org/fullchain.pem"]
    ))]
    pub(in crate::config) certificate: Option<Placed<String>>,
    /// The file of its key, in PEM, which nobody but its owner and group may read.
    #[schemars(extend(
        "x-default" = "`acme` is needed",
        "examples" = ["/etc/letsencrypt/live/shop.example.org/privkey.pem"]
    ))]
    pub(in crate::config) key: Option<Placed<String>>,
    /// The proxy has a certificate issued for each host by ACME, and renews it, in place of
    /// `certificate` and `key`. Who writes this agrees to the authority's terms of service.
    pub(in crate::config) acme: Option<Placed<Acme>>,
    /// Whether requests that come without TLS are sent on to HTTPS.
    #[schemars(extend("default" = true))]
    pub(in crate::config) redirect: Option<bool>,
    /// For how long browsers shall come by HTTPS only, whatever they are asked for
    /// (`Strict-Transport-Security`).
    #[schemars(extend("x-default" = "nothing is said of it", "examples" = ["180d"]))]
    pub(in crate::config) hsts: Option<Placed<DurationText>>,
}

/// Certificates that the proxy has issued, one for each host, by ACME.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::config) struct Acme {
    /// Whom the authority may write to, such as when a certificate is taken back.
    #[schemars(extend("examples" = ["ops@example.org"]))]
    pub(in crate::config) email: Placed<AddressText>,
    /// The URL of the authority's directory.
    #[schemars(extend(
        "x-default" = "Let's Encrypt",
        "examples" = ["https://acme-staging-v02.api.letsencrypt.org/directory"]
    ))]
    pub(in crate::config) directory: Option<Placed<String>>,
    /// The file, in PEM, of those that vouch for the authority's own certificate: for an authority
    /// of your own.
    #[schemars(extend("x-default" = "those that the machine trusts", "examples" = ["ca.pem"]))]
    pub(in crate::config) ca: Option<Placed<String>>,
    /// How the authority may look whose the hosts are, in the order in which it is tried.
    ///
    /// It comes to port 80 for `http-01` and to port 443 for `tls-alpn-01`. Where the proxy listens
    /// at other ports, behind something that hands connections on to them, say which of the two
    /// arrives.
    #[schemars(extend(
        "x-default" = "`http-01` where the route listens at port 80, and `tls-alpn-01` where it does at port 443",
        "examples" = [["http-01"]]
    ))]
    pub(in crate::config) challenges: Option<Placed<OneOrMany<Challenge>>>,
}
