//! Whatever headers come, those of one hop end at the proxy.

use std::net::IpAddr;
use std::task::{Context, Waker};

use http::header::{CONNECTION, CONTENT_LENGTH, HOST, TE, TRANSFER_ENCODING, UPGRADE};
use http::{HeaderMap, HeaderName, HeaderValue, Method, Request, Version};

use super::random::{Random, run};
use super::strict::{Read, read};
use crate::body::RequestBody;
use crate::request::headers::{announced_timeout, to_client, to_instance};
use crate::session::Peer;
use crate::upstream::Outgoing;

/// Each run of the tests tries so many.
const CASES: u64 = 20_000;

const NAMES: &[&str] = &[
    "connection",
    "keep-alive",
    "proxy-connection",
    "proxy-authorization",
    "proxy-authenticate",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
    "http2-settings",
    "expect",
    "host",
    "content-length",
    "cookie",
    "forwarded",
    "x-forwarded-for",
    "x-forwarded-host",
    "x-forwarded-proto",
    "x-forwarded-port",
    "x-forwarded-prefix",
    "x-forwarded-ssl",
    "x-forwarded-server",
    "x_forwarded_for",
    "x-real-ip",
    "x_real_ip",
    "x-secret",
    "x-open",
];

const VALUES: &[&[u8]] = &[
    b"",
    b"close",
    b"keep-alive",
    b"Upgrade",
    b"upgrade, x-secret",
    b"x-secret",
    b"X-SECRET ,\tx-open",
    b", ,",
    b"\"x-secret\"",
    b"te, trailers",
    b"trailers",
    b"gzip, trailers;q=1",
    b"chunked",
    b"gzip, chunked",
    b"websocket",
    b"h2c",
    b"H2C, websocket",
    b"h2c,h2c",
    b"1.1.1.1",
    b"https",
    b"evil",
    b"100-continue",
    b"5",
    b"timeout=5, max=9",
    b"timeout=99999999999999999999",
    b"timeout",
    b"=,=",
    b"\xff\xfe",
    b"host",
    b"content-length, transfer-encoding",
    b"x-forwarded-for, x-real-ip, forwarded",
    b"connection",
    b"for=1.1.1.1;host=\"evil\"",
];

/// What never goes on in either direction.
const HOP: [&str; 4] = [
    "keep-alive",
    "proxy-connection",
    "proxy-authorization",
    "proxy-authenticate",
];

fn any(random: &mut Random) -> HeaderMap {
    let mut headers = HeaderMap::new();
    for _ in 0..random.below(12) {
        let name = HeaderName::from_static(NAMES[random.below(NAMES.len())]);
        let value = HeaderValue::from_bytes(VALUES[random.below(VALUES.len())]).unwrap();
        headers.append(name, value);
    }
    headers
}

/// The names that `Connection` lists.
fn named(headers: &HeaderMap) -> Vec<HeaderName> {
    let values = headers.get_all(CONNECTION).iter();
    values
        .flat_map(|value| value.as_bytes().split(|&byte| byte == b','))
        .filter_map(|name| HeaderName::from_bytes(name.trim_ascii()).ok())
        .collect()
}

#[test]
fn what_is_of_one_hop_ends_here() {
    run(CASES, |random| {
        let sent = any(random);
        a_request(random, &sent);
        a_response(random, &sent);
    });
}

fn a_request(random: &mut Random, sent: &HeaderMap) {
    let peer = Peer {
        is_trusted: random.one_in(2),
        is_secure: random.one_in(2),
        ..Peer::at(IpAddr::from([192, 0, 2, 1]))
    };
    let has_body = random.one_in(2);
    let versions = [Version::HTTP_10, Version::HTTP_11, Version::HTTP_2];
    let mut request = Request::builder()
        .method(random.pick(&[Method::GET, Method::POST]).clone())
        .version(*random.pick(&versions))
        .body(())
        .unwrap();
    *request.headers_mut() = sent.clone();
    let is_upgrade = to_instance(&mut request, &peer, has_body);
    let got = request.headers();
    assert!(!is_upgrade || !has_body, "{sent:?}");
    assert_eq!(got.contains_key(UPGRADE), is_upgrade, "{sent:?}");
    assert_eq!(got.contains_key(CONNECTION), is_upgrade, "{sent:?}");
    goes_on(got, &peer, sent);
    let head = request.map(|()| RequestBody::Empty);
    let is_get = head.method() == Method::GET;
    written(head, &peer, is_get, sent);
}

/// What an instance gets to read.
fn goes_on(got: &HeaderMap, peer: &Peer, sent: &HeaderMap) {
    let wrong = || format!("{sent:?} became {got:?}");
    for name in HOP.into_iter().chain(["expect", "http2-settings"]) {
        // Alone, the latter say nothing.
        let is_meant = name != "http2-settings" || sent.contains_key(CONNECTION);
        assert!(!is_meant || !got.contains_key(name), "{name}: {}", wrong());
    }
    let is_one = |name: HeaderName, value: &str| {
        let values: Vec<_> = got.get_all(&name).iter().collect();
        values.is_empty() || values == [value]
    };
    assert!(
        is_one(CONNECTION, "upgrade") && is_one(TE, "trailers"),
        "{}",
        wrong()
    );
    for upgrade in got.get_all(UPGRADE) {
        let text = upgrade.to_str().unwrap().to_ascii_lowercase();
        assert!(!text.contains("h2c"), "{}", wrong());
    }
    assert!(!got.contains_key(TRANSFER_ENCODING), "{}", wrong());
    for name in named(sent) {
        let is_ours = name.as_str().starts_with("x-forwarded-") || name == "x-real-ip";
        let is_kept = [
            HOST,
            CONTENT_LENGTH,
            TE,
            UPGRADE,
            CONNECTION,
            TRANSFER_ENCODING,
        ]
        .contains(&name);
        let is_ours = is_ours || name == "forwarded";
        assert!(
            is_ours || is_kept || !got.contains_key(&name),
            "{name}: {}",
            wrong()
        );
    }
    for name in got.keys().filter(|_| !peer.is_trusted) {
        let plain = name.as_str().replace('_', "-");
        let is_told =
            plain.starts_with("x-forwarded-") || plain == "x-real-ip" || plain == "forwarded";
        assert!(!is_told, "{name}: {}", wrong());
    }
}

/// What goes over the wire is one request, as the strict reader reads it.
fn written(request: Request<RequestBody>, peer: &Peer, is_get: bool, sent: &HeaderMap) {
    let mut bytes = vec![];
    let mut cx = Context::from_waker(Waker::noop());
    let sending = Outgoing::new(request, peer).poll_send(&mut bytes, &mut cx);
    assert!(sending.is_ready());
    let Read::Whole(request, length) = read(&bytes) else {
        panic!("{sent:?} became {:?}", bytes.escape_ascii().to_string());
    };
    assert_eq!((length, request.body.len()), (bytes.len(), 0));
    let lengths: Vec<_> = request.all("content-length").collect();
    assert!(lengths == [b"0"] || (is_get && lengths.is_empty()));
    let told: Vec<_> = request.all("x-forwarded-for").collect();
    assert!(peer.is_trusted || told == [peer.header.as_bytes()]);
}

fn a_response(random: &mut Random, sent: &HeaderMap) {
    let _ = announced_timeout(sent);
    let is_upgrade = random.one_in(3);
    let mut got = sent.clone();
    to_client(&mut got, is_upgrade);
    let wrong = || format!("{sent:?} became {got:?}");
    for name in HOP.into_iter().chain(["transfer-encoding"]) {
        assert!(!got.contains_key(name), "{name}: {}", wrong());
    }
    for connection in got.get_all(CONNECTION) {
        assert!(is_upgrade && connection == "upgrade", "{}", wrong());
    }
    assert!(is_upgrade || !got.contains_key(UPGRADE), "{}", wrong());
}
