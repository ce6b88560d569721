//! TLS on the clients' side: which certificate answers for which name.
//!
//! ```text
//!   registry ─► keyring ── files ─► certificate (a rustls configuration)
//!                  │ swaps                 │
//!                  ▼                       ▼
//!   worker: handshake ── asks by name ─► site (one per address)
//! ```
//!
//! Keys are known by the paths of their files: neither the state nor a log
//! nor an answer of the control API has anything else of them. The handshake
//! itself is the worker's.

mod certificate;
mod files;
mod keyring;
mod names;
mod site;

use std::path::Path;
use std::time::SystemTime;

use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use shipway_pipeline::route::{Acme, Tls};

use crate::acme::{Place, Validity};

use certificate::Protocol;
use files::Files;

pub use certificate::Error;
pub(crate) use certificate::HTTP2;
pub(crate) use keyring::{Kept, Keyring};
pub(crate) use site::Site;

/// Checks whether a proxy could use a certificate for these hosts, by reading it; of one that is to
/// be issued, whether an authority could be asked for it at all.
///
/// # Errors
/// In one line why not, and the way out.
pub fn check_certificate(tls: &Tls, hosts: &[String]) -> Result<(), String> {
    let checked = || {
        if let Some(acme) = tls.certificate.acme() {
            return check_acme(acme, hosts);
        }
        let files = Files::of(Path::new(""), tls, "");
        let certificate = Protocol::new().load(&files)?;
        certificate.check_time(&files, now())?;
        certificate.check_hosts(&files, hosts)
    };
    checked().map_err(|error: Error| error.to_string())
}

/// What is wrong with a wish for certificates by itself.
fn check_acme(acme: &Acme, hosts: &[String]) -> Result<(), Error> {
    let wrong = |reason: String| Err(Error::Acme { reason });
    if let Some(host) = hosts.iter().find(|host| host.starts_with(['*', '['])) {
        return wrong(format!(
            "no certificate for `{host}` can be had by ACME: name the hosts one by one"
        ));
    }
    if acme.challenges.is_empty() || !acme.directory.starts_with("https://") {
        return wrong("certificates by ACME need an authority by HTTPS and a challenge".into());
    }
    match &acme.ca {
        None => Ok(()),
        Some(path) => read_authorities(path).map(drop),
    }
}

/// The certificates of those that vouch for an authority.
pub(crate) fn read_authorities(path: &str) -> Result<Vec<CertificateDer<'static>>, Error> {
    let text = std::fs::read(path).map_err(|error| Error::Read {
        path: path.to_owned(),
        reason: error.to_string(),
    })?;
    let broken = |reason| Error::NoCertificate {
        path: path.to_owned(),
        reason,
    };
    let found: Vec<_> = CertificateDer::pem_slice_iter(&text)
        .collect::<Result<_, _>>()
        .map_err(|error| broken(Some(error.to_string())))?;
    if found.is_empty() {
        return Err(broken(None));
    }
    Ok(found)
}

/// Whether what an authority gave for a host is a certificate with this key that can be used there;
/// the time that it holds for.
pub(crate) fn check_issued(place: &Place, host: &str, text: &[u8]) -> Result<Validity, String> {
    let files = Files::issued(place);
    let checked = || {
        let certificate = Protocol::new().take(&files, text, || Ok(text.to_vec()))?;
        certificate.check_time(&files, now())?;
        certificate.check_hosts(&files, &[host.to_owned()])?;
        Ok(Validity {
            begins: certificate.begins,
            ends: certificate.ends,
        })
    };
    checked().map_err(|error: Error| error.to_string())
}

/// Seconds since 1970.
pub(crate) fn now() -> i64 {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
    since.map_or(0, |since| since.as_secs() as i64)
}
