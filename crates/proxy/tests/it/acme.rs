//! Certificates that are issued by an authority of the test's own, which really looks.

#[cfg(debug_assertions)]
mod crashes;
mod sharing;
mod taking_over;

use std::net::SocketAddr;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use shipway_pipeline::route::{Acme, Certificate, Challenge, Route, Tls};
use shipway_proxy::control::{Client, Issued};
use shipway_testkit::{AcmeServer, Trouble};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use crate::authority::secured;
use crate::played::*;
use crate::support::*;

const HOST: &str = "shop.org";
const HOUR: Duration = Duration::from_secs(60 * 60);

/// Where a host is reached, and who issues its certificate.
struct Shop {
    plain: SocketAddr,
    secure: SocketAddr,
    authority: AcmeServer,
}

impl Shop {
    fn new() -> Self {
        let (plain, secure) = (free_address(), free_address());
        Self {
            plain,
            secure,
            authority: AcmeServer::start(plain, secure),
        }
    }

    async fn route(&self, challenges: &[Challenge]) -> Route {
        self.route_of(&[HOST], challenges).await
    }

    async fn route_of(&self, hosts: &[&str], challenges: &[Challenge]) -> Route {
        let tls = Tls {
            listen: self.secure,
            certificate: Certificate::Acme {
                acme: Acme {
                    directory: self.authority.directory(),
                    email: "ops@example.org".to_owned(),
                    ca: Some(self.authority.ca().to_string_lossy().into_owned()),
                    challenges: challenges.to_vec(),
                },
            },
            redirect: true,
            hsts: None,
        };
        let backends = vec![backend(1, "web-1", echo("v1").await)];
        secured(self.plain, tls, hosts, backends)
    }

    async fn connect(&self) -> std::io::Result<Wire<TlsStream<TcpStream>>> {
        self.connect_to(HOST).await
    }

    async fn connect_to(&self, host: &str) -> std::io::Result<Wire<TlsStream<TcpStream>>> {
        let mut roots = RootCertStore::empty();
        let root = CertificateDer::from_pem_slice(self.authority.root().as_bytes()).unwrap();
        roots.add(root).unwrap();
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_root_certificates(roots)
            .with_no_client_auth();
        let stream = TcpStream::connect(self.secure).await?;
        let name = ServerName::try_from(host.to_owned()).unwrap();
        let connector = TlsConnector::from(Arc::new(config));
        Ok(Wire::new(connector.connect(name, stream).await?))
    }

    async fn assert_served(&self) {
        let mut wire = self.connect().await.unwrap();
        let answer = wire.get_of(HOST).await.unwrap();
        assert_eq!(answer.header("x-release"), Some("v1"));
    }
}

async fn told(client: &Client) -> Issued {
    let status = client.status().await.unwrap();
    let tls = status.routes.into_iter().find_map(|route| route.tls);
    tls.unwrap().issued.remove(0)
}

/// Waits until the certificate is doing as wanted.
async fn until(client: &Client, wanted: impl Fn(&Issued) -> bool) -> Issued {
    let asked = async {
        loop {
            let told = told(client).await;
            if wanted(&told) {
                return told;
            }
            tokio::task::yield_now().await;
        }
    };
    match tokio::time::timeout(PATIENCE, asked).await {
        Ok(told) => told,
        Err(_) => panic!("{:?}", told(client).await),
    }
}

fn assert_private(directory: &Path) {
    for entry in std::fs::read_dir(directory).unwrap() {
        let entry = entry.unwrap();
        let metadata = entry.metadata().unwrap();
        let mode = metadata.permissions().mode() & 0o777;
        if metadata.is_dir() {
            assert_private(&entry.path());
        } else {
            assert_eq!(mode, 0o600, "{:?}", entry.path());
        }
    }
}

#[tokio::test]
async fn one_is_issued_by_http_and_a_proxy_that_restarts_orders_nothing() {
    let shop = Shop::new();
    let proxy = Proxy::start().await;
    let route = shop.route(&[Challenge::Http]).await;
    proxy.client.put_route(&route).await.unwrap();
    let told = until(&proxy.client, |it| it.ends.is_some()).await;
    assert_eq!(told.issuer.as_deref(), Some("authority of a test"));
    assert_eq!(told.problem, None);
    shop.assert_served().await;
    let counted = shop.authority.counted();
    assert_eq!((counted.accounts, counted.orders), (1, 1));
    assert_eq!((counted.by_http, counted.by_tls), (1, 0));
    assert_private(&proxy.paths.dir().join("acme"));
    let metrics = proxy.client.metrics().await.unwrap();
    let line = format!("shipway_proxy_issue_attempts_total{{host=\"{HOST}\"}} 1");
    assert!(metrics.contains(&line), "{metrics}");

    // Other paths, and tokens of no order, are the route's.
    let mut wire = Wire::connect(shop.plain).await;
    let path = "/.well-known/acme-challenge/other";
    let asked = format!("GET {path} HTTP/1.1\r\nHost: {HOST}\r\n\r\n");
    assert_eq!(wire.ask(asked).await.unwrap().status(), 301);

    let dir = proxy.stop().await;
    let proxy = Proxy::start_in(dir, |_| {}).await;
    shop.assert_served().await;
    until(&proxy.client, |it| it.next.is_some()).await;
    assert_eq!(shop.authority.counted(), counted);
}

#[tokio::test]
async fn one_is_issued_by_tls_and_nobody_is_served_before() {
    let shop = Shop::new();
    let proxy = Proxy::start().await;
    shop.authority.trouble(Some(Trouble::Limited(3600)));
    let route = shop.route(&[Challenge::TlsAlpn]).await;
    proxy.client.put_route(&route).await.unwrap();
    // What the authority wants is kept to, whoever asks for more.
    let told = until(&proxy.client, |it| it.problem.is_some()).await;
    assert_eq!(
        told.problem.as_deref(),
        Some("too many certificates (rateLimited)")
    );
    let next = told.next.unwrap().as_second();
    proxy.client.reload().await.unwrap();
    let again = until(&proxy.client, |it| !it.is_asked_for).await;
    assert!(again.next.unwrap().as_second() >= next - 1, "{again:?}");
    assert!(shop.connect().await.is_err());
    assert_eq!(shop.authority.counted().orders, 0);
    drop(proxy);

    let shop = Shop::new();
    shop.authority.trouble(Some(Trouble::BadNonce(1)));
    let proxy = Proxy::start().await;
    let route = shop.route(&[Challenge::TlsAlpn]).await;
    proxy.client.put_route(&route).await.unwrap();
    until(&proxy.client, |it| it.ends.is_some()).await;
    shop.assert_served().await;
    let counted = shop.authority.counted();
    assert_eq!((counted.by_http, counted.by_tls), (0, 1));
    assert_eq!((counted.accounts, counted.certificates), (1, 1));
}

#[tokio::test]
async fn what_one_challenge_does_not_show_the_other_does() {
    let shop = Shop::new();
    shop.authority.lose_by_http();
    let proxy = Proxy::start_with(|options| options.limits.issue_again = Duration::ZERO).await;
    let route = shop.route(&[Challenge::Http, Challenge::TlsAlpn]).await;
    proxy.client.put_route(&route).await.unwrap();
    until(&proxy.client, |it| it.ends.is_some()).await;
    shop.assert_served().await;
    let counted = shop.authority.counted();
    assert_eq!((counted.by_http, counted.by_tls, counted.orders), (1, 1, 2));
}

#[tokio::test]
async fn an_authority_that_is_down_is_asked_again_when_somebody_wants_it() {
    let shop = Shop::new();
    shop.authority.trouble(Some(Trouble::Down));
    let proxy = Proxy::start().await;
    let route = shop.route(&[Challenge::Http]).await;
    proxy.client.put_route(&route).await.unwrap();
    let told = until(&proxy.client, |it| it.problem.is_some()).await;
    assert!(told.next.is_some() && told.ends.is_none(), "{told:?}");
    shop.authority.trouble(None);
    proxy.client.reload().await.unwrap();
    until(&proxy.client, |it| it.ends.is_some()).await;
    shop.assert_served().await;
}

#[tokio::test]
async fn one_that_ends_soon_is_renewed_and_no_connection_is_harmed() {
    let shop = Shop::new();
    // Over two thirds of its time are gone when it comes.
    shop.authority.issue(HOUR * 8, HOUR);
    let proxy = Proxy::start().await;
    let route = shop.route(&[Challenge::Http]).await;
    proxy.client.put_route(&route).await.unwrap();
    let first = until(&proxy.client, |it| it.ends.is_some()).await;
    let mut kept = shop.connect().await.unwrap();
    kept.get_of(HOST).await.unwrap();
    shop.authority.issue(Duration::ZERO, HOUR * 24);
    proxy.client.reload().await.unwrap();
    until(&proxy.client, |it| it.ends > first.ends).await;
    let answer = kept.get_of(HOST).await.unwrap();
    assert_eq!(answer.header("x-release"), Some("v1"));
    shop.assert_served().await;
    assert_eq!(shop.authority.counted().accounts, 1);
}
