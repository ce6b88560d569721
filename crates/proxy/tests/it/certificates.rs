//! What is wrong with certificates, and what becomes of files that change.

use std::os::unix::fs::PermissionsExt;

use shipway_pipeline::id::Generation;
use shipway_proxy::check_certificate;
use shipway_proxy::control::{CheckTls, Error, Refusal, TlsStatus};

use crate::authority::*;
use crate::played::*;
use crate::support::*;

fn problem(files: &Files, hosts: &[&str]) -> String {
    let hosts: Vec<String> = hosts.iter().map(ToString::to_string).collect();
    check_certificate(&files.tls(free_address()), &hosts).unwrap_err()
}

async fn told(proxy: &Proxy) -> TlsStatus {
    let status = proxy.client.status().await.unwrap();
    status.routes.into_iter().find_map(|it| it.tls).unwrap()
}

#[test]
fn a_good_one_is_for_its_names_and_one_label() {
    let authority = Authority::new();
    let files = authority.issue("shop", &["shop.org", "*.shop.org"], 90);
    let check = |hosts: &[&str]| {
        let hosts: Vec<String> = hosts.iter().map(ToString::to_string).collect();
        check_certificate(&files.tls(free_address()), &hosts)
    };
    assert_eq!(check(&["shop.org", "*.shop.org", "cart.shop.org"]), Ok(()));
    let told = check(&["a.cart.shop.org"]).unwrap_err();
    assert!(
        told.contains("is for `shop.org`, `*.shop.org`, and not for `a.cart.shop.org`"),
        "{told}"
    );
}

#[test]
fn what_is_wrong_is_told_with_its_place_and_the_way_out() {
    let authority = Authority::new();
    let good = authority.issue("good", &["shop.org"], 90);
    let (certificate, key) = (good.certificate.display(), good.key.display());

    let other = authority.issue("other", &["shop.org"], 90);
    let mixed = Files {
        key: other.key.clone(),
        ..good.clone()
    };
    let told = problem(&mixed, &["shop.org"]);
    let mismatch = format!(
        "`{}` is not the key of the certificate `{certificate}`",
        other.key.display()
    );
    assert!(told.starts_with(&mismatch), "{told}");

    let ended = authority.issue_between("ended", &["shop.org"], (20_000, 20_001));
    let told = problem(&ended, &["shop.org"]);
    assert!(
        told.ends_with("ended on 2024-10-05: renew it first"),
        "{told}"
    );
    let early = authority.issue_between("early", &["shop.org"], (60_000, 60_001));
    let told = problem(&early, &["shop.org"]);
    assert!(told.contains("is valid from 2134-04-11 on"), "{told}");

    let swapped = Files {
        certificate: good.key.clone(),
        key: good.certificate.clone(),
    };
    let told = problem(&swapped, &["shop.org"]);
    assert_eq!(told, format!("`{key}` is no certificate in PEM"));
    let no_key = Files {
        key: good.certificate.clone(),
        ..good.clone()
    };
    std::fs::set_permissions(&good.certificate, PermissionsExt::from_mode(0o600)).unwrap();
    let told = problem(&no_key, &["shop.org"]);
    assert!(
        told.starts_with(&format!("`{certificate}` is no private key")),
        "{told}"
    );

    let missing = Files {
        certificate: "/nowhere/shop.pem".into(),
        ..good.clone()
    };
    let told = problem(&missing, &["shop.org"]);
    assert!(
        told.starts_with("`/nowhere/shop.pem` cannot be read: "),
        "{told}"
    );

    std::fs::set_permissions(&good.key, PermissionsExt::from_mode(0o644)).unwrap();
    let told = problem(&good, &["shop.org"]);
    assert_eq!(
        told,
        format!("the key `{key}` is open to others (mode 644): `chmod 600 {key}` closes it")
    );
    // A group may read it, as some systems have one for keys.
    std::fs::set_permissions(&good.key, PermissionsExt::from_mode(0o640)).unwrap();
    let tls = good.tls(free_address());
    assert_eq!(check_certificate(&tls, &["shop.org".to_owned()]), Ok(()));
}

#[tokio::test]
async fn a_route_with_a_bad_certificate_is_refused_and_changes_nothing() {
    let proxy = Proxy::start().await;
    let authority = Authority::new();
    let (plain, listen) = (free_address(), free_address());
    let good = authority.issue("good", &["shop.org"], 90);
    let ended = authority.issue_between("ended", &["shop.org"], (20_000, 20_001));
    let refused = |error: Error| match error {
        Error::Refused(refusal) => refusal,
        other => panic!("{other:?}"),
    };

    let route = secured(plain, ended.tls(listen), &["shop.org"], vec![]);
    let put = refused(proxy.client.put_route(&route).await.unwrap_err());
    assert!(matches!(put, Refusal::Certificate { .. }), "{put:?}");
    let check = CheckTls {
        tls: ended.tls(listen),
        hosts: vec!["shop.org".to_owned()],
    };
    let checked = refused(proxy.client.check_tls(&check).await.unwrap_err());
    assert_eq!(checked, put);
    assert!(proxy.client.routes().await.unwrap().is_empty());
    assert!(std::net::TcpStream::connect(listen).is_err());

    let nameless = secured(plain, good.tls(listen), &[], vec![]);
    let put = refused(proxy.client.put_route(&nameless).await.unwrap_err());
    assert!(matches!(put, Refusal::Invalid { .. }), "{put:?}");
    let both = secured(plain, good.tls(plain), &["shop.org"], vec![]);
    let put = refused(proxy.client.put_route(&both).await.unwrap_err());
    assert!(matches!(put, Refusal::Invalid { .. }), "{put:?}");

    // An address that is for HTTPS is nobody's for HTTP.
    let good = secured(plain, good.tls(listen), &["shop.org"], vec![]);
    proxy.client.put_route(&good).await.unwrap();
    let mut other = route_at_https(listen);
    other.key.environment = "staging".parse().unwrap();
    let put = refused(proxy.client.put_route(&other).await.unwrap_err());
    assert!(
        put.to_string().contains("is for HTTP and for HTTPS"),
        "{put}"
    );
}

fn route_at_https(listen: std::net::SocketAddr) -> shipway_pipeline::route::Route {
    route(listen, 1, vec![])
}

#[tokio::test]
async fn a_broken_new_file_keeps_the_old_certificate_and_is_told() {
    let proxy = Proxy::start().await;
    let authority = Authority::new();
    let (plain, listen) = (free_address(), free_address());
    let files = authority.issue("shop", &["shop.org"], 10);
    let backends = vec![backend(1, "web-1", echo("v1").await)];
    let route = secured(plain, files.tls(listen), &["shop.org"], backends);
    proxy.client.put_route(&route).await.unwrap();
    let before = told(&proxy).await;
    assert_eq!(before.names, ["shop.org"]);
    assert!(before.ends_soon);
    assert_eq!(before.problem, None);
    let labels = "{project=\"shop\",environment=\"production\"}";
    let metrics = proxy.client.metrics().await.unwrap();
    assert!(metrics.contains(&format!("shipway_proxy_certificate_ends_soon{labels} 1")));
    assert!(metrics.contains(&format!("shipway_proxy_certificate_problem{labels} 0")));

    let good = std::fs::read_to_string(&files.certificate).unwrap();
    let key = std::fs::read_to_string(&files.key).unwrap();
    for broken in [
        "",
        "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n",
    ] {
        replace(&files.certificate, broken);
        let reloaded = proxy.client.reload().await.unwrap();
        let problem = reloaded[0].tls.problem.clone().unwrap();
        assert!(problem.contains("is no certificate in PEM"), "{problem}");
        let mut wire = authority.connect(listen, "shop.org").await;
        assert_eq!(wire.get_of("shop.org").await.unwrap().status(), 200);
    }
    assert_eq!(told(&proxy).await.ends, before.ends);
    let metrics = proxy.client.metrics().await.unwrap();
    assert!(metrics.contains(&format!("shipway_proxy_certificate_problem{labels} 1")));

    // A certificate for others is not taken either, nor one that has ended.
    authority.issue("shop", &["other.org"], 90);
    let reloaded = proxy.client.reload().await.unwrap();
    let problem = reloaded[0].tls.problem.clone().unwrap();
    assert!(problem.contains("and not for `shop.org`"), "{problem}");
    authority.issue_between("shop", &["shop.org"], (20_000, 20_001));
    let reloaded = proxy.client.reload().await.unwrap();
    let problem = reloaded[0].tls.problem.clone().unwrap();
    assert!(problem.contains("ended on 2024-10-05"), "{problem}");

    // A switch is none of its business.
    let next = shipway_pipeline::route::Route {
        generation: Generation(2),
        backends: vec![backend(2, "web-1", echo("v2").await)],
        ..route
    };
    proxy.client.put_route(&next).await.unwrap();
    let mut wire = authority.connect(listen, "shop.org").await;
    let answer = wire.get_of("shop.org").await.unwrap();
    assert_eq!(answer.header("x-release"), Some("v2"));

    replace(&files.certificate, &good);
    replace(&files.key, &key);
    let reloaded = proxy.client.reload().await.unwrap();
    assert_eq!(reloaded[0].tls, before);
}

#[tokio::test]
async fn a_restart_serves_what_it_can_and_keeps_no_key() {
    let proxy = Proxy::start().await;
    let authority = Authority::new();
    let (plain, listen) = (free_address(), free_address());
    let files = authority.issue("shop", &["shop.org"], 90);
    let backends = vec![backend(1, "web-1", echo("v1").await)];
    let mut tls = files.tls(listen);
    tls.redirect = false;
    let route = secured(plain, tls, &["shop.org"], backends);
    proxy.client.put_route(&route).await.unwrap();
    let key = std::fs::read_to_string(&files.key).unwrap();
    let secret = key.lines().nth(1).unwrap().to_owned();
    let stored = std::fs::read_to_string(proxy.paths.routes()).unwrap();
    assert!(stored.contains(files.key.to_str().unwrap()));
    assert!(!stored.contains(&secret));
    let dir = proxy.stop().await;

    let proxy = Proxy::start_in(dir, |_| {}).await;
    let mut wire = authority.connect(listen, "shop.org").await;
    assert_eq!(wire.get_of("shop.org").await.unwrap().status(), 200);
    let dir = proxy.stop().await;

    // Without its key there is no HTTPS, and all else goes on.
    std::fs::remove_file(&files.key).unwrap();
    let proxy = Proxy::start_in(dir, |_| {}).await;
    assert!(
        told(&proxy)
            .await
            .problem
            .unwrap()
            .contains("cannot be read")
    );
    assert!(authority.try_connect(listen, "shop.org").await.is_err());
    let mut wire = Wire::connect(plain).await;
    assert_eq!(wire.get_of("shop.org").await.unwrap().status(), 200);
    // The way back to an older release does not depend on the certificate.
    let next = shipway_pipeline::route::Route {
        generation: Generation(2),
        ..route
    };
    proxy.client.put_route(&next).await.unwrap();
    replace(&files.key, &key);
    proxy.client.reload().await.unwrap();
    let mut wire = authority.connect(listen, "shop.org").await;
    assert_eq!(wire.get_of("shop.org").await.unwrap().status(), 200);
}

#[tokio::test]
async fn changed_files_are_found_without_being_asked() {
    let proxy = Proxy::start_with(|options| {
        options.limits.certificates = std::time::Duration::from_millis(20);
    })
    .await;
    let authority = Authority::new();
    let files = authority.issue("shop", &["shop.org"], 30);
    let route = secured(
        free_address(),
        files.tls(free_address()),
        &["shop.org"],
        vec![],
    );
    proxy.client.put_route(&route).await.unwrap();
    let before = told(&proxy).await.ends;
    authority.issue("shop", &["shop.org"], 90);
    let found = async {
        while told(&proxy).await.ends == before {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(PATIENCE, found).await.unwrap();
}
