//! The cases: what is sent, and what must come of it.

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

/// A body that a server which overlooks the coding would read as a request.
const SMUGGLED: &str = "0\r\n\r\nGET /evil HTTP/1.1\r\nHost: shop\r\n\r\n";

const BAD_CODINGS: &[&str] = &[
    // Both, in either order and guise.
    "Content-Length: 4\r\nTransfer-Encoding: chunked\r\n",
    "Transfer-Encoding: chunked\r\nContent-Length: 4\r\n",
    "Transfer-Encoding: chunked\r\nContent-Length: 0\r\n",
    "Content-Length: 44\r\ntransfer-encoding:chunked\r\n",
    "Content-Length: 4\r\nTransfer-Encoding: identity\r\n",
    "Content-Length: 4\r\nTransfer_Encoding: chunked\r\n",
    "Content-Length: 4\r\nTransfer-Encoding: chunked\r\nConnection: content-length\r\n",
    "Content-Length: 4\r\nTransfer-Encoding: chunked\r\nConnection: transfer-encoding\r\n",
    // One that some overlook and others do not.
    "Transfer-Encoding : chunked\r\n",
    "Transfer-Encoding\t: chunked\r\n",
    " Transfer-Encoding: chunked\r\n",
    "X: y\r\n Transfer-Encoding: chunked\r\n",
    "Transfer-Encoding:\r\n chunked\r\n",
    "Transfer-Encoding: \x0bchunked\r\n",
    "Transfer-Encoding: chunked\x0c\r\n",
    "Transfer-Encoding: chunked\0\r\n",
    "Transfer-Encoding: xchunked\r\n",
    "Transfer-Encoding: chunkedx\r\n",
    "Transfer-Encoding: \"chunked\"\r\n",
    "Transfer-Encoding: 'chunked'\r\n",
    "Transfer-Encoding: chunked;q=1\r\n",
    "Transfer-Encoding: chu\tnked\r\n",
    "Transfer-Encoding: cow\r\n",
    "Transfer-Encoding:\r\n",
    "Transfer_Encoding: chunked\r\n",
    "X: y\rTransfer-Encoding: chunked\r\n",
    "X: y\nTransfer-Encoding: chunked\r\n",
    // Several, of which one reads the first and another the last.
    "Transfer-Encoding: chunked, identity\r\n",
    "Transfer-Encoding: identity, chunked\r\n",
    "Transfer-Encoding: gzip, chunked\r\n",
    "Transfer-Encoding: chunked, chunked\r\n",
    "Transfer-Encoding: chunked,\r\n",
    "Transfer-Encoding: ,chunked\r\n",
    "Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n",
    "Transfer-Encoding: identity\r\nTransfer-Encoding: chunked\r\n",
    "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n",
    "Transfer-Encoding: chunked\r\ntransfer-encoding: x\r\n",
];

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

const BAD_CHUNKS: &[&str] = &[
    "g\r\nabcde\r\n0\r\n\r\n",
    "-5\r\nabcde\r\n0\r\n\r\n",
    "+5\r\nabcde\r\n0\r\n\r\n",
    "0x5\r\nabcde\r\n0\r\n\r\n",
    " 5\r\nabcde\r\n0\r\n\r\n",
    "\t5\r\nabcde\r\n0\r\n\r\n",
    "5 5\r\nabcde\r\n0\r\n\r\n",
    "5,5\r\nabcde\r\n0\r\n\r\n",
    "\r\nabcde\r\n0\r\n\r\n",
    ";x\r\nabcde\r\n0\r\n\r\n",
    "5\nabcde\r\n0\r\n\r\n",
    "5\rabcde\r\n0\r\n\r\n",
    "5\r\r\nabcde\r\n0\r\n\r\n",
    "5;x\nabcde\r\n0\r\n\r\n",
    "5;x\ry\r\nabcde\r\n0\r\n\r\n",
    "5\0\r\nabcde\r\n0\r\n\r\n",
    "10000000000000005\r\nabcde\r\n0\r\n\r\n",
    "fffffffffffffffff\r\nabcde\r\n0\r\n\r\n",
    "5\r\nabcdefg\r\n0\r\n\r\n",
    "5\r\nabcde0\r\n\r\n",
    "5\r\nabcde\n0\r\n\r\n",
    "5\r\nabcde\r0\r\n\r\n",
    "5\r\nabc\r\n0\r\n\r\n",
    "5\r\nabcde\r\n0\n\r\n",
    "5\r\nabcde\r\n0\r\nX y: z\r\n\r\n",
    "5\r\nabcde\r\n0\r\nX\r\n\r\n",
    "5\r\nabcde\r\n0\r\nX: \0\r\n\r\n",
    "5\r\nabcde\r\n0\r\nX: y\n\r\n",
    "5\r\nabcde\r\n0\r\nX: y\r\n z\r\n\r\n",
];

pub(super) fn cases() -> Vec<Case> {
    [
        lengths(),
        codings(),
        lines(),
        chunks(),
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

fn case(name: impl Into<String>, bytes: impl Into<Vec<u8>>, then: Then) -> Case {
    Case {
        name: name.into(),
        bytes: bytes.into(),
        then,
    }
}

/// A POST with these header lines and this body.
fn post(headers: &str, body: &str) -> Vec<u8> {
    format!("POST /first HTTP/1.1\r\nHost: shop\r\n{headers}\r\n{body}").into_bytes()
}

fn get(target: &str) -> Vec<u8> {
    format!("GET {target} HTTP/1.1\r\nHost: shop\r\n\r\n").into_bytes()
}

fn lengths() -> Vec<Case> {
    let mut cases = vec![];
    for value in [
        "5, 5",
        "5,6",
        "+5",
        "-5",
        "0x5",
        "5 5",
        "5;",
        "5.0",
        "5e0",
        "",
        "five",
        "\u{665}",
        "\"5\"",
        "18446744073709551616",
        "99999999999999999999999999",
    ] {
        let bytes = post(&format!("Content-Length: {value}\r\n"), "abcde");
        cases.push(case(format!("length `{value}`"), bytes, Refused(400)));
    }
    for headers in [
        "Content-Length: 5\r\nContent-Length: 6\r\n",
        "Content-Length: 6\r\nContent-Length: 5\r\n",
        "Content-Length: 5\r\nContent-Length: +5\r\n",
        "Content-Length: 0\r\nContent-Length: 5\r\n",
        "Content-Length : 5\r\n",
        "Content-Length\t: 5\r\n",
        "Content-Length\r\n: 5\r\n",
        "Content_Length: 5\r\n",
        "Content_Length: 5\r\nContent-Length: 5\r\n",
        "Content-Length: 5\r\nContent_Length: 0\r\n",
        "Content-Length:\x0b5\r\n",
        "Content-Length: 5\x0c\r\n",
    ] {
        cases.push(case(headers, post(headers, "abcde"), Refused(400)));
    }
    for headers in [
        "Content-Length: 5\r\n",
        "content-length:5\r\n",
        "Content-Length: \t5 \t\r\n",
        "Content-Length: 005\r\n",
        "Content-Length: 5\r\nContent-Length: 5\r\n",
    ] {
        cases.push(case(headers, post(headers, "abcde"), Passed(b"abcde")));
    }
    let inner = "GET /evil HTTP/1.1\r\nHost: shop\r\n\r\n";
    let bytes = post(&format!("Content-Length: {}\r\n", inner.len()), inner);
    cases.push(case("a request in a body", bytes, Passed(inner.as_bytes())));
    cases
}

fn codings() -> Vec<Case> {
    let mut cases = vec![];
    for &headers in BAD_CODINGS {
        cases.push(case(headers, post(headers, SMUGGLED), Refused(400)));
    }
    for headers in [
        "Transfer-Encoding: chunked\r\n",
        "transfer-encoding:\tCHUNKED \r\n",
        "Transfer-Encoding: chunked\r\nConnection: transfer-encoding\r\n",
    ] {
        let bytes = post(headers, "5\r\nabcde\r\n0\r\n\r\n");
        cases.push(case(headers, bytes, Passed(b"abcde")));
    }
    let of_get = "GET /first HTTP/1.1\r\nHost: shop\r\nTransfer-Encoding: chunked\r\n\r\n\
                  5\r\nabcde\r\n0\r\n\r\n";
    cases.push(case("a GET with a body", of_get, Passed(b"abcde")));
    let old = "POST /first HTTP/1.0\r\nHost: shop\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n";
    cases.push(case("a coding in HTTP/1.0", old, Refused(400)));
    cases
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

fn chunks() -> Vec<Case> {
    let chunked = |body: &str| post("Transfer-Encoding: chunked\r\n", body);
    let mut cases = vec![];
    for &body in BAD_CHUNKS {
        cases.push(case(
            format!("chunks {body:?}"),
            chunked(body),
            Refused(400),
        ));
    }
    let huge = format!("5;{}\r\nabcde\r\n0\r\n\r\n", "x".repeat(1 << 20));
    cases.push(case("a huge extension", chunked(&huge), Refused(400)));
    let many = format!(
        "{}0\r\n\r\n",
        format!("1;{}\r\na\r\n", "x".repeat(999)).repeat(100)
    );
    cases.push(case("many extensions", chunked(&many), Refused(400)));
    let trailers = format!("0\r\n{}\r\n", "X: y\r\n".repeat(2000));
    cases.push(case("many trailers", chunked(&trailers), Refused(400)));
    let long = format!("0\r\nX: {}\r\n\r\n", "y".repeat(1 << 20));
    cases.push(case("a long trailer", chunked(&long), Refused(400)));
    for body in [
        "5;x=y\r\nabcde\r\n0\r\n\r\n",
        "5 ;x=\"y;z\"\r\nabcde\r\n0;last\r\n\r\n",
        "000005\r\nabcde\r\n00000\r\n\r\n",
        "2\r\nab\r\n3\r\ncde\r\n0\r\n\r\n",
        "5\r\nabcde\r\n0\r\nX: y\r\n\r\n",
        "5\r\nabcde\r\n0\r\nContent-Length: 44\r\nTransfer-Encoding: chunked\r\nHost: evil\r\n\r\n",
        "5\r\nabcde\r\n0\r\nX-Forwarded-For: 1.1.1.1\r\nAuthorization: evil\r\n\r\n",
    ] {
        cases.push(case(
            format!("chunks {body:?}"),
            chunked(body),
            Passed(b"abcde"),
        ));
    }
    let named = post(
        "Transfer-Encoding: chunked\r\nTrailer: Content-Length, Host, Transfer-Encoding\r\n",
        "5\r\nabcde\r\n0\r\nContent-Length: 44\r\nTransfer-Encoding: chunked\r\nHost: evil\r\n\r\n",
    );
    cases.push(case(
        "forbidden trailers, announced",
        named,
        Passed(b"abcde"),
    ));
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
