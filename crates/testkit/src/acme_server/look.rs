//! Looks whose a host is.

use std::io::{self, Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::sync::Arc;
use std::time::Duration;

use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, ring, verify_tls13_signature_with_raw_key};
use rustls::pki_types::{CertificateDer, ServerName, SubjectPublicKeyInfoDer, UnixTime};
use rustls::{ClientConfig, ClientConnection, DigitallySignedStruct, SignatureScheme};
use sha2::{Digest as _, Sha256};
use x509_parser::prelude::{FromDer as _, GeneralName, X509Certificate};

const PATIENCE: Duration = Duration::from_secs(30);
const PROTOCOL: &[u8] = b"acme-tls/1";
const IDENTIFIER: &str = "1.3.6.1.5.5.7.1.31";

/// Fetches the file (RFC 8555, 8.3).
pub(super) fn by_http(
    address: SocketAddr,
    host: &str,
    token: &str,
    wanted: &str,
) -> Result<(), String> {
    let fetched = || -> io::Result<String> {
        let mut stream = TcpStream::connect_timeout(&address, PATIENCE)?;
        stream.set_read_timeout(Some(PATIENCE))?;
        write!(
            stream,
            "GET /.well-known/acme-challenge/{token} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n"
        )?;
        let mut text = String::new();
        stream.read_to_string(&mut text)?;
        Ok(text)
    };
    let text = fetched().map_err(|error| format!("{host} cannot be fetched from: {error}"))?;
    let (head, body) = text.split_once("\r\n\r\n").unwrap_or((&text, ""));
    if head.starts_with("HTTP/1.1 200 ") && body.trim_end() == wanted {
        Ok(())
    } else {
        Err(format!(
            "{host} has not the file: {}",
            head.lines().next().unwrap_or_default()
        ))
    }
}

/// Shakes hands (RFC 8737, 3).
pub(super) fn by_tls(address: SocketAddr, host: &str, wanted: &str) -> Result<(), String> {
    let certificate = shake(address, host).map_err(|error| format!("{host}: {error}"))?;
    let (_, parsed) = X509Certificate::from_der(&certificate).map_err(|error| error.to_string())?;
    let names = parsed.subject_alternative_name().ok().flatten();
    let is_for_it = names.is_some_and(|names| {
        matches!(names.value.general_names[..], [GeneralName::DNSName(name)] if name == host)
    });
    let digest = Sha256::digest(wanted.as_bytes());
    // An octet string of 32 bytes.
    let value = [&[4, 32][..], &digest].concat();
    let mut extensions = parsed.extensions().iter();
    let has_digest = extensions
        .any(|one| one.oid.to_id_string() == IDENTIFIER && one.critical && one.value == value);
    if is_for_it && has_digest {
        Ok(())
    } else {
        Err(format!("{host} shows another certificate"))
    }
}

fn shake(address: SocketAddr, host: &str) -> io::Result<Vec<u8>> {
    let provider = Arc::new(ring::default_provider());
    let mut config = ClientConfig::builder_with_provider(Arc::clone(&provider))
        .with_protocol_versions(&[&rustls::version::TLS13])
        .map_err(io::Error::other)?
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(Anybody(provider)))
        .with_no_client_auth();
    config.alpn_protocols = vec![PROTOCOL.to_vec()];
    let name = ServerName::try_from(host.to_owned()).map_err(io::Error::other)?;
    let mut client = ClientConnection::new(Arc::new(config), name).map_err(io::Error::other)?;
    let mut stream = TcpStream::connect_timeout(&address, PATIENCE)?;
    stream.set_read_timeout(Some(PATIENCE))?;
    while client.is_handshaking() {
        client.complete_io(&mut stream)?;
    }
    if client.alpn_protocol() != Some(PROTOCOL) {
        return Err(io::Error::other("it speaks something else"));
    }
    let chain = client.peer_certificates().unwrap_or_default();
    Ok(chain.first().map(|one| one.to_vec()).unwrap_or_default())
}

/// Believes every certificate: what it says is looked at afterwards.
#[derive(Debug)]
struct Anybody(Arc<CryptoProvider>);

impl ServerCertVerifier for Anybody {
    fn verify_server_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        _: &[u8],
        _: &CertificateDer<'_>,
        _: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        Err(rustls::Error::General("TLS 1.3 is spoken".to_owned()))
    }

    /// By the bare key: a whole certificate is refused for the extension that makes it one.
    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let (_, parsed) = X509Certificate::from_der(cert)
            .map_err(|error| rustls::Error::General(error.to_string()))?;
        let key = SubjectPublicKeyInfoDer::from(parsed.tbs_certificate.subject_pki.raw);
        let algorithms = &self.0.signature_verification_algorithms;
        verify_tls13_signature_with_raw_key(message, &key, dss, algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.signature_verification_algorithms.supported_schemes()
    }
}
