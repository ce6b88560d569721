//! Cases of where a body ends: lengths, codings and chunks.

use super::corpus::Then::{Passed, Refused};
use super::corpus::{Case, case, post};

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

pub(super) fn lengths() -> Vec<Case> {
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

pub(super) fn codings() -> Vec<Case> {
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

pub(super) fn chunks() -> Vec<Case> {
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
