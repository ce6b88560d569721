//! An authority for tests: certificates in files, and clients that trust them.

use std::net::SocketAddr;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair};
use rustls::pki_types::ServerName;
use rustls::{ClientConfig, RootCertStore};
use shipway_pipeline::route::{Certificate, Route, Tls};
use tempfile::TempDir;
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use crate::support::*;

const DAY: u64 = 24 * 60 * 60;

/// Issues certificates into files.
pub(crate) struct Authority {
    issuer: CertifiedIssuer<'static, KeyPair>,
    dir: TempDir,
}

/// The files of a certificate.
#[derive(Debug, Clone)]
pub(crate) struct Files {
    pub(crate) certificate: PathBuf,
    pub(crate) key: PathBuf,
}

impl Authority {
    pub(crate) fn new() -> Self {
        let mut params = CertificateParams::new(vec![]).unwrap();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        // Of the same name as what it issues, it would be taken for that.
        let name = &mut params.distinguished_name;
        name.push(DnType::CommonName, "authority");
        let key = KeyPair::generate().unwrap();
        Self {
            issuer: CertifiedIssuer::self_signed(params, key).unwrap(),
            dir: tempfile::tempdir().unwrap(),
        }
    }

    /// A certificate that began yesterday and holds for so many days from now on.
    pub(crate) fn issue(&self, file: &str, names: &[&str], days: u64) -> Files {
        let now = SystemTime::now();
        let now = now.duration_since(SystemTime::UNIX_EPOCH).unwrap();
        let today = now.as_secs() / DAY;
        self.issue_between(file, names, (today - 1, today + days))
    }

    /// One that holds from one day on and until another, counted from 1970.
    pub(crate) fn issue_between(&self, file: &str, names: &[&str], days: (u64, u64)) -> Files {
        let names: Vec<String> = names.iter().map(ToString::to_string).collect();
        let mut params = CertificateParams::new(names).unwrap();
        let epoch = rcgen::date_time_ymd(1970, 1, 1);
        params.not_before = epoch + Duration::from_secs(days.0 * DAY);
        params.not_after = epoch + Duration::from_secs(days.1 * DAY);
        let key = KeyPair::generate().unwrap();
        let certificate = params.signed_by(&key, &self.issuer).unwrap();
        let files = Files {
            certificate: self.dir.path().join(format!("{file}.pem")),
            key: self.dir.path().join(format!("{file}.key")),
        };
        replace(&files.certificate, &certificate.pem());
        replace(&files.key, &key.serialize_pem());
        files
    }

    /// The authority's own certificate, in a file.
    pub(crate) fn file(&self) -> PathBuf {
        let path = self.dir.path().join("authority.pem");
        std::fs::write(&path, self.issuer.pem()).unwrap();
        path
    }

    /// What a client that trusts the authority speaks.
    pub(crate) fn trusted(&self, protocols: &[&[u8]]) -> Arc<ClientConfig> {
        let mut roots = RootCertStore::empty();
        roots.add(self.issuer.der().clone()).unwrap();
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let mut config = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_root_certificates(roots)
            .with_no_client_auth();
        config.alpn_protocols = protocols.iter().map(|name| name.to_vec()).collect();
        Arc::new(config)
    }

    pub(crate) async fn connect(
        &self,
        address: SocketAddr,
        name: &str,
    ) -> Wire<TlsStream<TcpStream>> {
        Wire::new(self.try_connect(address, name).await.unwrap())
    }

    pub(crate) async fn try_connect(
        &self,
        address: SocketAddr,
        name: &str,
    ) -> std::io::Result<TlsStream<TcpStream>> {
        let stream = TcpStream::connect(address).await?;
        stream.set_nodelay(true)?;
        let connector = TlsConnector::from(self.trusted(&[]));
        let name = ServerName::try_from(name.to_owned()).unwrap();
        connector.connect(name, stream).await
    }
}

impl Files {
    pub(crate) fn tls(&self, listen: SocketAddr) -> Tls {
        Tls {
            listen,
            certificate: Certificate::Files {
                certificate: self.certificate.to_str().unwrap().to_owned(),
                key: self.key.to_str().unwrap().to_owned(),
            },
            redirect: true,
            hsts: None,
        }
    }
}

/// Puts a file in the place of another in one step, for its owner alone.
pub(crate) fn replace(path: &Path, text: &str) {
    let new = path.with_extension("new");
    std::fs::write(&new, text).unwrap();
    std::fs::set_permissions(&new, std::fs::Permissions::from_mode(0o600)).unwrap();
    std::fs::rename(&new, path).unwrap();
}

/// A route for hosts with a certificate.
pub(crate) fn secured(
    plain: SocketAddr,
    tls: Tls,
    hosts: &[&str],
    backends: Vec<shipway_pipeline::route::Backend>,
) -> Route {
    Route {
        hosts: hosts.iter().map(ToString::to_string).collect(),
        tls: Some(tls),
        ..route(plain, 1, backends)
    }
}
