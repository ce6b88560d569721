//! How the hosts of a route are reached by HTTPS.

use std::net::SocketAddr;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// How the hosts of a route are reached by HTTPS.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Written")]
pub struct Tls {
    /// Where the proxy listens for it.
    pub listen: SocketAddr,
    /// Where its certificate comes from.
    #[serde(flatten)]
    pub certificate: Certificate,
    /// Whether requests that come without TLS are sent on to HTTPS.
    pub redirect: bool,
    /// For how many seconds browsers shall come by HTTPS only; `None` says nothing of it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hsts: Option<u64>,
}

/// Where the certificate of a route comes from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(untagged)]
pub enum Certificate {
    /// Somebody puts it there, and the proxy reads it.
    Files {
        /// The file of the certificate and of those between it and its root, in PEM.
        certificate: String,
        /// The file of its key, in PEM. The path is all that is ever kept of it.
        key: String,
    },
    /// The proxy has it issued, one for each host.
    Acme {
        /// By whom, and how.
        acme: Acme,
    },
}

/// Who issues certificates by ACME (RFC 8555), and how it is shown whose the hosts are.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Acme {
    /// Where the authority's directory is: a URL that begins with `https://`.
    pub directory: String,
    /// Whom the authority may write to.
    pub email: String,
    /// The file, in PEM, of those that vouch for the authority's own certificate; `None` where the
    /// machine's do.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ca: Option<String>,
    /// Which challenges it may choose, in the order in which they are tried; at least one.
    pub challenges: Vec<Challenge>,
}

/// A way to show whose a host is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[schemars(inline)]
pub enum Challenge {
    /// The authority fetches a file by HTTP, at port 80.
    #[serde(rename = "http-01")]
    Http,
    /// The authority shakes hands by TLS, at port 443.
    #[serde(rename = "tls-alpn-01")]
    TlsAlpn,
}

/// As it is stored: an older file has the names of two files beside the rest.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    listen: SocketAddr,
    #[serde(default)]
    certificate: Option<String>,
    #[serde(default)]
    key: Option<String>,
    #[serde(default)]
    acme: Option<Acme>,
    redirect: bool,
    #[serde(default)]
    hsts: Option<u64>,
}

// === impl Tls ===

impl TryFrom<Written> for Tls {
    type Error = &'static str;

    fn try_from(written: Written) -> Result<Self, Self::Error> {
        let certificate = match (written.certificate, written.key, written.acme) {
            (Some(certificate), Some(key), None) => Certificate::Files { certificate, key },
            (None, None, Some(acme)) => Certificate::Acme { acme },
            _ => return Err("either `certificate` and `key` or `acme` is needed"),
        };
        Ok(Self {
            listen: written.listen,
            certificate,
            redirect: written.redirect,
            hsts: written.hsts,
        })
    }
}

// === impl Certificate ===

impl Certificate {
    /// Whether a host that two routes have would have the same certificate by either.
    pub fn is_shared_with(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Acme { acme }, Self::Acme { acme: other }) => acme.directory == other.directory,
            (Self::Files { .. }, Self::Files { .. }) => self == other,
            (Self::Files { .. }, Self::Acme { .. }) | (Self::Acme { .. }, Self::Files { .. }) => {
                false
            }
        }
    }

    /// How it is issued; `None` where somebody puts it there.
    pub fn acme(&self) -> Option<&Acme> {
        match self {
            Self::Files { .. } => None,
            Self::Acme { acme } => Some(acme),
        }
    }
}

// === impl Acme ===

impl Acme {
    /// Where Let's Encrypt has its directory.
    pub const LETS_ENCRYPT: &str = "https://acme-v02.api.letsencrypt.org/directory";
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tls(certificate: Certificate) -> Tls {
        Tls {
            listen: "127.0.0.1:8443".parse().unwrap(),
            certificate,
            redirect: true,
            hsts: None,
        }
    }

    fn acme(directory: &str) -> Certificate {
        Certificate::Acme {
            acme: Acme {
                directory: directory.to_owned(),
                email: "ops@example.org".to_owned(),
                ca: None,
                challenges: vec![Challenge::Http, Challenge::TlsAlpn],
            },
        }
    }

    #[test]
    fn what_is_stored_is_what_it_was_before_there_was_acme() {
        let text = r#"{"listen":"127.0.0.1:8443","certificate":"/c","key":"/k","redirect":true}"#;
        let read: Tls = serde_json::from_str(text).unwrap();
        let files = Certificate::Files {
            certificate: "/c".to_owned(),
            key: "/k".to_owned(),
        };
        assert_eq!(read, tls(files));
        assert_eq!(serde_json::to_string(&read).unwrap(), text);
    }

    #[test]
    fn one_of_the_two_is_there_and_nothing_else() {
        let written = serde_json::to_value(tls(acme(Acme::LETS_ENCRYPT))).unwrap();
        assert_eq!(written["acme"]["challenges"][1], "tls-alpn-01");
        let read: Tls = serde_json::from_value(written.clone()).unwrap();
        assert_eq!(read, tls(acme(Acme::LETS_ENCRYPT)));
        for (key, value) in [("certificate", "/c"), ("more", "")] {
            let mut other = written.clone();
            other[key] = value.into();
            assert!(serde_json::from_value::<Tls>(other).is_err(), "{key}");
        }
    }

    #[test]
    fn a_host_has_one_certificate_by_one_authority() {
        let [one, other] = ["https://a/", "https://b/"].map(acme);
        assert!(one.is_shared_with(&one) && !one.is_shared_with(&other));
        let files = Certificate::Files {
            certificate: "/c".to_owned(),
            key: "/k".to_owned(),
        };
        assert!(files.is_shared_with(&files) && !files.is_shared_with(&one));
    }
}
