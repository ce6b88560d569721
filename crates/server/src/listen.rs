//! Where the daemon listens: its unix socket, TCP addresses, and sockets that systemd hands over.

use std::fs::Permissions;
use std::io;
use std::net::SocketAddr;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::sync::Arc;

use rustls::ServerConfig;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use shipway_proxy::control::Address;
use tokio::net::{TcpListener, UnixListener};
use tokio_rustls::TlsAcceptor;

use crate::options::{Options, Tls};

/// Everything that the daemon accepts connections on.
#[derive(Debug, Default)]
pub(crate) struct Listeners {
    pub(crate) unix: Vec<UnixListener>,
    pub(crate) tcp: Vec<TcpListener>,
}

/// Why the daemon cannot listen.
#[derive(Debug, thiserror::Error)]
pub enum ListenError {
    /// The unix socket.
    #[error("cannot listen at `{path}`")]
    Unix {
        /// Where.
        path: String,
        /// Why not.
        #[source]
        source: io::Error,
    },
    /// A TCP address.
    #[error("cannot listen at {address}")]
    Tcp {
        /// Where.
        address: SocketAddr,
        /// Why not.
        #[source]
        source: io::Error,
    },
    /// Tokens would go over the network for all to read.
    #[error("{0} is reached by other machines, and what is said there could be read on the way")]
    Plain(SocketAddr),
    /// What systemd handed over.
    #[error("cannot use the sockets that systemd handed over")]
    Handed(#[source] io::Error),
    /// The certificate or its key.
    #[error("cannot use the certificate `{path}`: {reason}")]
    Certificate {
        /// The file.
        path: String,
        /// What is wrong with it.
        reason: String,
    },
}

// === impl Listeners ===

impl Listeners {
    /// Listens everywhere. The caller holds the daemon's lock: a socket that is there is a dead
    /// daemon's.
    pub(crate) fn open(options: &Options) -> Result<Self, ListenError> {
        let mut all = handed_over().map_err(ListenError::Handed)?;
        if all.unix.is_empty() {
            let path = Options::socket(options.store.directory());
            let listener = listen_unix(&path).map_err(|source| ListenError::Unix {
                path: path.display().to_string(),
                source,
            })?;
            all.unix.push(listener);
        }
        let is_safe = options.tls.is_some() || options.insecure_http;
        for listener in &all.tcp {
            let address = listener.local_addr().map_err(ListenError::Handed)?;
            if !is_safe && !address.ip().is_loopback() {
                return Err(ListenError::Plain(address));
            }
        }
        for address in &options.listen {
            if !is_safe && !address.ip().is_loopback() {
                return Err(ListenError::Plain(*address));
            }
            let listener = listen_tcp(*address).map_err(|source| ListenError::Tcp {
                address: *address,
                source,
            })?;
            all.tcp.push(listener);
        }
        Ok(all)
    }
}

fn listen_unix(path: &Path) -> io::Result<UnixListener> {
    match std::fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let listener = UnixListener::bind(Address::of(path)?.path())?;
    std::fs::set_permissions(path, Permissions::from_mode(0o600))?;
    Ok(listener)
}

fn listen_tcp(address: SocketAddr) -> io::Result<TcpListener> {
    let listener = std::net::TcpListener::bind(address)?;
    listener.set_nonblocking(true)?;
    TcpListener::from_std(listener)
}

/// The sockets of a unit that systemd starts with its first connection.
fn handed_over() -> io::Result<Listeners> {
    let mut all = Listeners::default();
    let mut handed = listenfd::ListenFd::from_env();
    for index in 0..handed.len() {
        if let Ok(Some(listener)) = handed.take_unix_listener(index) {
            listener.set_nonblocking(true)?;
            all.unix.push(UnixListener::from_std(listener)?);
        } else if let Some(listener) = handed.take_tcp_listener(index)? {
            listener.set_nonblocking(true)?;
            all.tcp.push(TcpListener::from_std(listener)?);
        }
    }
    Ok(all)
}

/// What speaks TLS with a certificate.
pub(crate) fn acceptor(tls: &Tls) -> Result<TlsAcceptor, ListenError> {
    let failed = |path: &Path, reason: String| ListenError::Certificate {
        path: path.display().to_string(),
        reason,
    };
    let chain: Vec<_> = CertificateDer::pem_file_iter(&tls.certificate)
        .and_then(Iterator::collect)
        .map_err(|error| failed(&tls.certificate, error.to_string()))?;
    let key = PrivateKeyDer::from_pem_file(&tls.key)
        .map_err(|error| failed(&tls.key, error.to_string()))?;
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .and_then(|builder| builder.with_no_client_auth().with_single_cert(chain, key))
        .map_err(|error| failed(&tls.certificate, error.to_string()))?;
    Ok(TlsAcceptor::from(Arc::new(config)))
}
