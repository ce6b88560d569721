//! The cases: what is sent, and what must come of it.

use super::bodies;

/// One case.
#[derive(Debug)]
pub(super) struct Case {
    pub(super) name: String,
    pub(super) bytes: Vec<u8>,
    pub(super) then: Then,
}

/// What must come of a case.
#[derive(Debug, Clone, Copy)]
pub(super) enum Then {
    /// This status, the end of the connection, and nothing at an instance.
    Refused(u16),
    /// An instance reads one request with this body.
    Passed(&'static [u8]),
}

use Then::{Passed, Refused};

const BAD_LINES: &[&str] = &[
    "GET /first HTTP/1.1\nHost: shop\n\n",
    "GET /first HTTP/1.1\r\nHost: shop\n\r\n",
    "GET /first HTTP/1.1\r\nHost: shop\r\n\n",
    "GET /first HTTP/1.1\nHost: shop\r\n\r\n",
    "GET /first HTTP/1.1\rHost: shop\r\n\r\n",
    "GET /first HTTP/1.1\r\nHost: shop\r\r\n\r\n",
    "GET /first HTTP/1.1\r\nHost: shop\r\nX: a\rb\r\n\r\n",
    "GET /first HTTP/1.1\r\r\nHost: shop\r\n\r\n",
    "GET /first HTTP/1.1\r\nHost: shop\r\nX: a\r\n b\r\n\r\n",
    "GET /first HTTP/1.1\r\nHost: shop\r\nX: a\r\n\tb\r\n\r\n",
    "GET /first HTTP/1.1\r\n Host: shop\r\n\r\n",
    "GET /first HTTP/1.1\r\n\tX: y\r\nHost: shop\r\n\r\n",
    "GET /first HTTP/1.1\r\nHost: shop\r\nX\r\n\r\n",
    "GET /first HTTP/1.1\r\nHost: shop\r\n: y\r\n\r\n",
    "GET /first HTTP/1.1\r\nHost: shop\r\nX : y\r\n\r\n",
    "GET /first HTTP/1.1\r\nHost: shop\r\nX y: z\r\n\r\n",
    "GET /first HTTP/1.1\r\nHost: shop\r\nX\0: y\r\n\r\n",
    "GET /first HTTP/1.1\r\nHost: shop\r\nX: \0\r\n\r\n",
    "GET /first HTTP/1.1\r\nHost: shop\r\nX: \x7f\r\n\r\n",
    "GET /first HTTP/1.1\r\nHost: shop\r\nX: \x1b[2J\r\n\r\n",
    "GET /first HTTP/1.1\r\nHost: shop\r\n\u{fc}: y\r\n\r\n",
    "GET /first HTTP/1.1\r\nHost: shop\r\nX(y): z\r\n\r\n",
    "GET  /first HTTP/1.1\r\nHost: shop\r\n\r\n",
    "GET /first  HTTP/1.1\r\nHost: shop\r\n\r\n",
    "GET\t/first HTTP/1.1\r\nHost: shop\r\n\r\n",
    "GET /first\tHTTP/1.1\r\nHost: shop\r\n\r\n",
    "GET /first HTTP/1.1 \r\nHost: shop\r\n\r\n",
    " GET /first HTTP/1.1\r\nHost: shop\r\n\r\n",
    "GE T /first HTTP/1.1\r\nHost: shop\r\n\r\n",
    "GET /fi rst HTTP/1.1\r\nHost: shop\r\n\r\n",
    "GET: /first HTTP/1.1\r\nHost: shop\r\n\r\n",
    "G\0T /first HTTP/1.1\r\nHost: shop\r\n\r\n",
    "GET /first\0 HTTP/1.1\r\nHost: shop\r\n\r\n",
    "GET /first\r\nHost: shop\r\n\r\n",
    "GET /first HTTP/1.1\r\nHost: shop\r\nGET /evil HTTP/1.1\r\n\r\n",
];

pub(super) fn cases() -> Vec<Case> {
    [
        bodies::lengths(),
        bodies::codings(),
        bodies::chunks(),
        lines(),
        targets(),
        hosts(),
        sizes(),
        connections(),
        garbage(),
    ]
    .into_iter()
    .flatten()
    .collect()
}

pub(super) fn case(name: impl Into<String>, bytes: impl Into<Vec<u8>>, then: Then) -> Case {
    Case {
        name: name.into(),
        bytes: bytes.into(),
        then,
    }
}

/// A POST with these header lines and this body.
pub(super) fn post(headers: &str, body: &str) -> Vec<u8> {
    format!("POST /first HTTP/1.1\r\nHost: shop\r\n{headers}\r\n{body}").into_bytes()
}

fn get(target: &str) -> Vec<u8> {
    format!("GET {target} HTTP/1.1\r\nHost: shop\r\n\r\n").into_bytes()
}

fn lines() -> Vec<Case> {
    let mut cases = vec![];
    for &bytes in BAD_LINES {
        cases.push(case(format!("{bytes:?}"), bytes, Refused(400)));
    }
    for version in [
        "HTTP/0.9",
        "HTTP/1.2",
        "HTTP/2.0",
        "HTTP/11",
        "http/1.1",
        "HTTP/1.1.1",
        "HTTP/+1.1",
    ] {
        let bytes = format!("GET /first {version}\r\nHost: shop\r\n\r\n");
        cases.push(case(format!("version {version}"), bytes, Refused(400)));
    }
    for bytes in [
        "\r\nGET /first HTTP/1.1\r\nHost: shop\r\n\r\n",
        "\r\n\r\n\r\nGET /first HTTP/1.1\r\nHost: shop\r\n\r\n",
        "GET /first HTTP/1.1\r\nHost: shop\r\nX:\r\n\r\n",
        "GET /first HTTP/1.1\r\nHost: shop\r\nX: \u{fc}\r\n\r\n",
        "GET /first HTTP/1.1\r\nHost: shop\r\nX: a\tb\r\n\r\n",
    ] {
        cases.push(case(format!("{bytes:?}"), bytes, Passed(b"")));
    }
    cases
}

fn targets() -> Vec<Case> {
    let mut cases = vec![];
    for target in [
        "*",
        "first",
        "shop",
        "shop:80",
        "?first",
        "http://evil/",
        "https://shop/",
        "ftp://shop/",
        "http://shop:81/",
        "http://shop@evil/",
        "http://evil@shop/",
        "http:///first",
        "http:/first",
        "http://",
        "http:shop",
        "//",
        "/first#evil\r",
        "/\u{0}",
        "/first\\\r",
    ] {
        let then = if target == "//" {
            Passed(b"" as &[u8])
        } else {
            Refused(400)
        };
        cases.push(case(format!("target {target:?}"), get(target), then));
    }
    for target in [
        "/",
        "/first?a=b&c=%00",
        "//evil/x",
        "/http://evil/",
        "/a|b",
        "http://shop",
        "http://SHOP:80/a",
    ] {
        cases.push(case(format!("target {target}"), get(target), Passed(b"")));
    }
    for (method, target, then) in [
        ("OPTIONS", "*", Passed(b"" as &[u8])),
        ("CONNECT", "shop:80", Refused(405)),
        ("CONNECT", "/", Refused(405)),
        ("CONNECT", "http://shop/", Refused(405)),
        ("PRI", "*", Refused(400)),
    ] {
        let bytes = format!("{method} {target} HTTP/1.1\r\nHost: shop\r\n\r\n");
        cases.push(case(format!("{method} {target}"), bytes, then));
    }
    cases
}

fn hosts() -> Vec<Case> {
    let with = |hosts: &str| format!("GET /first HTTP/1.1\r\n{hosts}\r\n");
    let mut cases = vec![];
    for hosts in [
        "",
        "Host:\r\n",
        "Host: \r\n",
        "Host: shop\r\nHost: shop\r\n",
        "Host: shop\r\nhost: evil\r\n",
        "Host: shop, evil\r\n",
        "Host: shop evil\r\n",
        "Host: shop/evil\r\n",
        "Host: evil@shop\r\n",
        "Host: shop\\evil\r\n",
        "Host: shop?evil\r\n",
        "Host: shop#evil\r\n",
        "Host: \"shop\"\r\n",
        "Host: <evil>\r\n",
        "Host: sh\u{f6}p\r\n",
        "Host: shop\tevil\r\n",
        "Host : shop\r\n",
        "X: y\r\n",
    ] {
        cases.push(case(format!("hosts {hosts:?}"), with(hosts), Refused(400)));
    }
    for hosts in [
        "Host: shop:80\r\n",
        "hOST:SHOP\r\n",
        "Host: [::1]:80\r\n",
        "Host: shop\r\nConnection: host\r\n",
    ] {
        cases.push(case(format!("hosts {hosts:?}"), with(hosts), Passed(b"")));
    }
    cases
}

fn sizes() -> Vec<Case> {
    let long = "x".repeat(70_000);
    let header = |line: &str| format!("GET /first HTTP/1.1\r\nHost: shop\r\n{line}\r\n");
    vec![
        case(
            "a long value",
            header(&format!("X: {long}\r\n")),
            Refused(431),
        ),
        case(
            "a long name",
            header(&format!("{long}: x\r\n")),
            Refused(431),
        ),
        case(
            "many headers",
            header(&"X: y\r\n".repeat(101)),
            Refused(431),
        ),
        case("a bomb", header(&"X: y\r\n".repeat(200_000)), Refused(431)),
        case(
            "a megabyte",
            header(&format!("X: {}\r\n", long.repeat(15))),
            Refused(431),
        ),
        case(
            "a head without end",
            format!("GET /{}", long.repeat(15)),
            Refused(431),
        ),
        case("a long target", get(&format!("/{long}")), Refused(431)),
        case(
            "a long method",
            format!("{long} / HTTP/1.1\r\nHost: shop\r\n\r\n"),
            Refused(431),
        ),
        case(
            "as many headers as fit",
            header(&"X: y\r\n".repeat(90)),
            Passed(b""),
        ),
        case(
            "a value that fits",
            header(&format!("X: {}\r\n", &long[..60_000])),
            Passed(b""),
        ),
    ]
}

fn connections() -> Vec<Case> {
    let mut cases = vec![];
    for headers in [
        "Connection: host, content-length, x-forwarded-for, x-forwarded-host\r\n",
        "Connection: transfer-encoding, content-length\r\n",
        "Connection: keep-alive, te, trailer, upgrade, proxy-authorization\r\nTE: gzip, deflate\r\n\
         Trailer: X\r\nKeep-Alive: timeout=99\r\nProxy-Connection: close\r\nProxy-Authorization: x\r\n",
        "Connection: , ,\r\nConnection: \"\r\n",
        "Expect: 100-continue-evil\r\n",
    ] {
        let bytes = post(&format!("{headers}Content-Length: 5\r\n"), "abcde");
        cases.push(case(headers, bytes, Passed(b"abcde")));
    }
    cases
}

fn garbage() -> Vec<Case> {
    let mut noise = vec![];
    let mut state = 1_u32;
    for _ in 0..5000 {
        state ^= state << 13;
        state ^= state >> 17;
        state ^= state << 5;
        noise.push(state as u8 | 0x80);
    }
    noise.extend(b"\r\n\r\n");
    vec![
        case("noise", noise, Refused(400)),
        // The hello of a TLS client that took the wrong port.
        case(
            "a hello",
            b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03".to_vec(),
            Refused(400),
        ),
        case("mail", "EHLO evil\r\nMAIL FROM:<evil>\r\n", Refused(400)),
        case("a redis command", "*1\r\n$4\r\nPING\r\n", Refused(400)),
        case(
            "another HTTP/2",
            "PRI * HTTP/2.0\r\n\r\nXX\r\n\r\n",
            Refused(400),
        ),
    ]
}
