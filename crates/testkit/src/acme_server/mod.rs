//! An authority that issues certificates by ACME (RFC 8555), of the test's own, on this machine.
//!
//! It checks every signature and every nonce, and looks itself whose a host is: at the addresses
//! that the test names, since no name of a test leads anywhere.

mod jws;
mod look;
mod message;
mod protocol;

use std::io::{self, BufReader};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair};
use rustls::crypto::ring;
use rustls::pki_types::PrivateKeyDer;
use rustls::pki_types::pem::PemObject;
use rustls::{ClientConfig, RootCertStore, ServerConfig, ServerConnection, StreamOwned};

use crate::certificates::Certificates;
use crate::client::{self, Answer};
use protocol::State;

/// An authority. It ends with its process.
#[derive(Debug)]
pub struct AcmeServer {
    port: u16,
    own: Certificates,
    state: Arc<Mutex<State>>,
}

/// What an authority does wrong, or what goes wrong around it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Trouble {
    /// It closes every connection.
    Down,
    /// Its next answers to signed requests are that the nonce is none, so many times.
    BadNonce(u32),
    /// It looks at nothing until something else is wrong with it, or nothing.
    Slow,
    /// It issues nothing, and wants to be left alone for so many seconds.
    Limited(u64),
}

/// What it has counted.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counted {
    /// Accounts.
    pub accounts: usize,
    /// Orders.
    pub orders: usize,
    /// Certificates.
    pub certificates: usize,
    /// Looks by HTTP.
    pub by_http: usize,
    /// Looks by TLS.
    pub by_tls: usize,
}

// === impl AcmeServer ===

impl AcmeServer {
    /// Starts one that finds all hosts at these addresses: by HTTP and by TLS.
    ///
    /// # Panics
    /// When it cannot be started.
    pub fn start(plain: SocketAddr, secure: SocketAddr) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a port is free");
        let port = listener.local_addr().expect("it listens").port();
        let mut params = CertificateParams::new(Vec::new()).expect("there are no names");
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let name = &mut params.distinguished_name;
        name.push(DnType::CommonName, "authority of a test");
        let key = KeyPair::generate().expect("a key can be made");
        let issuer = CertifiedIssuer::self_signed(params, key).expect("it can sign itself");
        let own = Certificates::of(&["127.0.0.1"]);
        let state = State::new(format!("https://127.0.0.1:{port}"), issuer, plain, secure);
        let state = Arc::new(Mutex::new(state));
        let config = Arc::new(config(&own));
        let shared = Arc::clone(&state);
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let (config, state) = (Arc::clone(&config), Arc::clone(&shared));
                // A caller that goes away is no error of the test.
                thread::spawn(move || serve(stream, config, &state));
            }
        });
        Self { port, own, state }
    }

    /// Where its directory is.
    pub fn directory(&self) -> String {
        format!("https://127.0.0.1:{}/directory", self.port)
    }

    /// The file of those that vouch for its own certificate.
    pub fn ca(&self) -> PathBuf {
        self.own.authority()
    }

    /// The certificate, in PEM, of those that vouch for what it issues.
    pub fn root(&self) -> String {
        lock(&self.state).issuer.as_ref().pem()
    }

    /// Asks a host by HTTPS for a path, on a port of this machine, and believes only certificates of
    /// this authority's.
    ///
    /// # Errors
    /// There was no answer, or nobody with such a certificate.
    ///
    /// # Panics
    /// When its own certificate cannot be used.
    pub fn get(&self, port: u16, host: &str, path: &str) -> io::Result<Answer> {
        let mut roots = RootCertStore::empty();
        let root = lock(&self.state).issuer.der().clone();
        roots.add(root).expect("it is a certificate");
        let config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()
            .expect("the versions are known")
            .with_root_certificates(roots)
            .with_no_client_auth();
        client::get_securely(Arc::new(config), port, host, path)
    }

    /// From now on this is wrong with it; `None` for nothing.
    pub fn trouble(&self, trouble: Option<Trouble>) {
        lock(&self.state).trouble = trouble;
    }

    /// From now on it does not find what it looks for by HTTP.
    pub fn lose_by_http(&self) {
        lock(&self.state).finds_by_http = false;
    }

    /// From now on its certificates are so old when they are issued, and hold for so long after it.
    pub fn issue(&self, age: Duration, left: Duration) {
        let mut state = lock(&self.state);
        (state.age, state.left) = (age, left);
    }

    /// Whether there is anything that it is to look at and has not yet.
    pub fn is_asked_to_look(&self) -> bool {
        lock(&self.state).is_asked_to_look()
    }

    /// What it has counted.
    pub fn counted(&self) -> Counted {
        lock(&self.state).counted
    }
}

fn config(own: &Certificates) -> ServerConfig {
    let read = |path: PathBuf| std::fs::read(path).expect("it was written");
    let chain = rustls::pki_types::CertificateDer::pem_slice_iter(&read(own.certificate()))
        .collect::<Result<Vec<_>, _>>()
        .expect("it is a certificate");
    let key = PrivateKeyDer::from_pem_slice(&read(own.key())).expect("it is a key");
    ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .expect("the versions are known")
        .with_no_client_auth()
        .with_single_cert(chain, key)
        .expect("the key is the certificate's")
}

fn serve(stream: TcpStream, config: Arc<ServerConfig>, state: &Mutex<State>) -> io::Result<()> {
    if lock(state).trouble == Some(Trouble::Down) {
        return Ok(());
    }
    let connection = ServerConnection::new(config).map_err(io::Error::other)?;
    let mut stream = BufReader::new(StreamOwned::new(connection, stream));
    while let Some(request) = message::read(&mut stream)? {
        let answer = protocol::answer(state, &request);
        answer.write(stream.get_mut())?;
    }
    Ok(())
}

fn lock(state: &Mutex<State>) -> MutexGuard<'_, State> {
    state.lock().unwrap_or_else(PoisonError::into_inner)
}
