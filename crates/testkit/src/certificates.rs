//! A certificate authority of a test's own, and a server's certificate by it.

use std::fs::Permissions;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use tempfile::TempDir;

/// Files in PEM, for as long as the value lives.
#[derive(Debug)]
pub struct Certificates {
    directory: TempDir,
}

// === impl Certificates ===

impl Certificates {
    /// For a server that is called by these names or addresses.
    ///
    /// # Panics
    /// When they cannot be made.
    pub fn of(names: &[&str]) -> Self {
        let directory =
            TempDir::with_prefix("shipway-tls-").expect("a temporary directory can be made");
        let key = || KeyPair::generate().expect("a key can be made");
        let params = |names: &[&str]| {
            let names: Vec<String> = names.iter().map(|&name| name.to_owned()).collect();
            CertificateParams::new(names).expect("they are names")
        };
        let mut of_authority = params(&[]);
        of_authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let authority = CertifiedIssuer::self_signed(of_authority, key());
        let authority = authority.expect("it can sign itself");
        let server = key();
        let certificate = params(names).signed_by(&server, &authority);
        let certificate = certificate.expect("it can sign");
        let made = Self { directory };
        for (path, text) in [
            (made.authority(), authority.as_ref().pem()),
            (made.certificate(), certificate.pem()),
            (made.key(), server.serialize_pem()),
        ] {
            std::fs::write(path, text).expect("a file can be written");
        }
        let own = Permissions::from_mode(0o600);
        std::fs::set_permissions(made.key(), own).expect("the file is ours");
        made
    }

    /// The authority's certificate.
    pub fn authority(&self) -> PathBuf {
        self.directory.path().join("authority.pem")
    }

    /// The server's certificate.
    pub fn certificate(&self) -> PathBuf {
        self.directory.path().join("server.pem")
    }

    /// The key of the server's certificate.
    pub fn key(&self) -> PathBuf {
        self.directory.path().join("server.key")
    }
}
