//! A certificate with its key: read, checked, and ready for handshakes.

use std::sync::Arc;

use jiff::Timestamp;
use rustls::ServerConfig;
use rustls::crypto::CryptoProvider;
use rustls::crypto::ring;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::{NoServerSessionStorage, ProducesTickets};
use rustls::sign::{CertifiedKey, SingleCertAndKey};
use x509_parser::certificate::X509Certificate;
use x509_parser::extensions::GeneralName;
use x509_parser::prelude::FromDer;

use super::files::Files;
use super::names::covers;

/// How long before its end a certificate is told of: what renews it does so long before, so two
/// weeks say that it does not work, and leave time to mend it.
const SOON: i64 = 14 * 24 * 60 * 60;

/// HTTP/2 as TLS names it.
pub(crate) const HTTP2: &[u8] = b"h2";

/// What is spoken over TLS, what we like best first.
const PROTOCOLS: [&[u8]; 2] = [HTTP2, b"http/1.1"];

/// What of TLS is the same for all certificates.
#[derive(Debug)]
pub(super) struct Protocol {
    provider: Arc<CryptoProvider>,
    /// One for all, so that clients resume their sessions also after a reload.
    tickets: Option<Arc<dyn ProducesTickets>>,
}

/// A certificate with its key.
#[derive(Debug)]
pub(crate) struct Certificate {
    pub(super) config: Arc<ServerConfig>,
    /// The names that it is for.
    pub(super) names: Vec<String>,
    /// Who issued it, by name.
    pub(super) issuer: String,
    pub(super) begins: i64,
    pub(super) ends: i64,
}

/// Names, who issued it, and the time that it holds for.
type Described = (Vec<String>, String, (i64, i64));

/// Why a certificate cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// A file cannot be read.
    #[error("`{path}` cannot be read: {reason}")]
    Read {
        /// The file.
        path: String,
        /// What the system says.
        reason: String,
    },
    /// Others could take the key, or put another in its place.
    #[error("the key `{path}` is open to others (mode {mode:o}): `chmod 600 {path}` closes it")]
    Open {
        /// The key's file.
        path: String,
        /// Its permissions.
        mode: u32,
    },
    /// There is no certificate in the file.
    #[error("`{path}` is no certificate in PEM{}", reason.as_deref().map_or(String::new(), |reason| format!(": {reason}")))]
    NoCertificate {
        /// The file.
        path: String,
        /// What is wrong with it, where something like one is there.
        reason: Option<String>,
    },
    /// There is no key in the file.
    #[error(
        "`{path}` is no private key in PEM that can be used: it must be one of RSA, ECDSA or Ed25519, and not encrypted"
    )]
    NoKey {
        /// The file.
        path: String,
    },
    /// The key is that of another certificate.
    #[error(
        "`{key}` is not the key of the certificate `{certificate}`: take both from the same issue"
    )]
    Mismatch {
        /// The certificate's file.
        certificate: String,
        /// The key's file.
        key: String,
    },
    /// It is over.
    #[error("the certificate `{path}` ended on {ended}: renew it first")]
    Ended {
        /// The file.
        path: String,
        /// When.
        ended: String,
    },
    /// It has not begun.
    #[error("the certificate `{path}` is valid from {begins} on: look at this machine's clock")]
    Early {
        /// The file.
        path: String,
        /// When it begins.
        begins: String,
    },
    /// An authority cannot be asked for it.
    #[error("{reason}")]
    Acme {
        /// Why not, and the way out.
        reason: String,
    },
    /// It is for others.
    #[error(
        "the certificate `{path}` is for {names}, and not for `{host}`: name another file, or take the host out of the route"
    )]
    NotFor {
        /// The file.
        path: String,
        /// The names that it is for.
        names: String,
        /// The route's host.
        host: String,
    },
}

// === impl Protocol ===

impl Protocol {
    pub(super) fn new() -> Self {
        Self {
            provider: Arc::new(ring::default_provider()),
            // Without them every handshake is a whole one, and nothing else changes.
            tickets: ring::Ticketer::new().ok(),
        }
    }

    /// Reads a certificate and its key.
    pub(super) fn load(&self, files: &Files) -> Result<Certificate, Error> {
        let certificate = files.read_certificate()?;
        self.take(files, &certificate, || files.read_key())
    }

    /// Takes a certificate and its key, which are or will be in these files.
    pub(super) fn take(
        &self,
        files: &Files,
        certificate: &[u8],
        key: impl FnOnce() -> Result<Vec<u8>, Error>,
    ) -> Result<Certificate, Error> {
        let chain = chain(files, certificate)?;
        let (names, issuer, (begins, ends)) = describe(files, &chain)?;
        let key = PrivateKeyDer::from_pem_slice(&key()?);
        let unusable = || Error::NoKey {
            path: files.key.clone(),
        };
        let key = key.map_err(|_| unusable())?;
        let key =
            CertifiedKey::from_der(chain, key, &self.provider).map_err(|error| match error {
                rustls::Error::InconsistentKeys(_) => Error::Mismatch {
                    certificate: files.certificate.clone(),
                    key: files.key.clone(),
                },
                _ => unusable(),
            })?;
        let config = self.config(key).map_err(|error| Error::NoCertificate {
            path: files.certificate.clone(),
            reason: Some(error.to_string()),
        })?;
        Ok(Certificate {
            config: Arc::new(config),
            names,
            issuer,
            begins,
            ends,
        })
    }

    fn config(&self, key: CertifiedKey) -> Result<ServerConfig, rustls::Error> {
        let mut config = ServerConfig::builder_with_provider(Arc::clone(&self.provider))
            .with_safe_default_protocol_versions()?
            .with_no_client_auth()
            .with_cert_resolver(Arc::new(SingleCertAndKey::from(key)));
        config.alpn_protocols = PROTOCOLS.map(<[u8]>::to_vec).to_vec();
        // Tickets hold the sessions; a store of them would be a lock that all workers share.
        config.session_storage = Arc::new(NoServerSessionStorage {});
        if let Some(tickets) = &self.tickets {
            config.ticketer = Arc::clone(tickets);
        }
        Ok(config)
    }
}

// === impl Certificate ===

impl Certificate {
    /// Checks that it holds at present.
    pub(super) fn check_time(&self, files: &Files, now: i64) -> Result<(), Error> {
        let path = files.certificate.clone();
        if now >= self.ends {
            let ended = day(self.ends);
            return Err(Error::Ended { path, ended });
        }
        if now < self.begins {
            let begins = day(self.begins);
            return Err(Error::Early { path, begins });
        }
        Ok(())
    }

    /// Checks that it is for all of a route's hosts.
    pub(super) fn check_hosts(&self, files: &Files, hosts: &[String]) -> Result<(), Error> {
        let is_covered = |host: &&String| self.names.iter().any(|name| covers(name, host));
        let Some(host) = hosts.iter().find(|host| !is_covered(host)) else {
            return Ok(());
        };
        let names: Vec<String> = self.names.iter().map(|name| format!("`{name}`")).collect();
        Err(Error::NotFor {
            path: files.certificate.clone(),
            host: host.clone(),
            names: if names.is_empty() {
                "no name".to_owned()
            } else {
                names.join(", ")
            },
        })
    }

    /// Whether it ends soon, or has ended.
    pub(super) fn ends_soon(&self, now: i64) -> bool {
        self.ends.saturating_sub(now) <= SOON
    }
}

fn chain(files: &Files, text: &[u8]) -> Result<Vec<CertificateDer<'static>>, Error> {
    let none = |reason: Option<String>| Error::NoCertificate {
        path: files.certificate.clone(),
        reason,
    };
    let chain: Vec<_> = CertificateDer::pem_slice_iter(text)
        .collect::<Result<_, _>>()
        .map_err(|error| none(Some(error.to_string())))?;
    if chain.is_empty() {
        return Err(none(None));
    }
    Ok(chain)
}

/// The names of a chain's own certificate, who issued it, and the time that it holds for.
fn describe(files: &Files, chain: &[CertificateDer<'static>]) -> Result<Described, Error> {
    let broken = |reason: String| Error::NoCertificate {
        path: files.certificate.clone(),
        reason: Some(reason),
    };
    let own = chain.first().map(AsRef::as_ref).unwrap_or_default();
    let (_, parsed) = X509Certificate::from_der(own).map_err(|error| broken(error.to_string()))?;
    let alternatives = parsed.subject_alternative_name();
    let alternatives = alternatives.map_err(|error| broken(error.to_string()))?;
    let general = alternatives
        .iter()
        .flat_map(|extension| &extension.value.general_names);
    let names = general.filter_map(|name| match name {
        GeneralName::DNSName(name) => Some(name.to_ascii_lowercase()),
        _ => None,
    });
    let validity = parsed.validity();
    Ok((
        names.collect(),
        issuer_of(&parsed),
        (
            validity.not_before.timestamp(),
            // It holds through its last second.
            validity.not_after.timestamp().saturating_add(1),
        ),
    ))
}

/// The name of whoever issued a certificate: organisation and common name, as far as it has them.
fn issuer_of(certificate: &X509Certificate<'_>) -> String {
    let issuer = certificate.issuer();
    let organisation = issuer.iter_organization().next();
    let parts = organisation
        .into_iter()
        .chain(issuer.iter_common_name().next());
    let parts: Vec<&str> = parts.filter_map(|part| part.as_str().ok()).collect();
    match parts[..] {
        [] => issuer.to_string(),
        _ => parts.join(", "),
    }
}

/// A point in time as a day.
pub(super) fn day(seconds: i64) -> String {
    let time = Timestamp::from_second(seconds);
    time.map_or_else(
        |_| format!("second {seconds}"),
        |time| time.strftime("%Y-%m-%d").to_string(),
    )
}
