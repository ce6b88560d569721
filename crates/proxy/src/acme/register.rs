//! An account at an authority, of a key that is on the disk already (RFC 8555, 7.3).
//!
//! `instant-acme` makes an account with somebody to write to of a key that nobody has seen before,
//! or one of a given key with nobody to write to. The first would be lost with a process that is
//! killed, and some authorities refuse the second.

use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use bytes::Bytes;
use http::header::{CONTENT_TYPE, LOCATION};
use http::{HeaderMap, Method, Request, Response};
use instant_acme::{Error, Problem};
use ring::rand::SystemRandom;
use ring::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair as _};
use serde::Deserialize;
use serde_json::{Value, json};

use super::http::Http;
use super::problem::is_of_the_nonce;

/// An authority may refuse a nonce that it has given for no fault of ours.
const ATTEMPTS: u32 = 3;

/// What is needed of a directory.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Directory {
    new_nonce: String,
    new_account: String,
}

/// The account of a key (PKCS #8), made where there is none; what the authority calls it.
pub(super) async fn register(
    http: &Http,
    directory: &str,
    key: &[u8],
    email: &str,
) -> Result<String, Error> {
    let random = SystemRandom::new();
    let key = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, key, &random);
    let key = key.map_err(|_| Error::Crypto)?;
    let directory = http.send(request(Method::GET, directory, Bytes::new())?);
    let directory: Directory = serde_json::from_slice(&good(directory.await?)?)?;
    let wanted = json!({
        "termsOfServiceAgreed": true,
        "contact": [format!("mailto:{email}")],
    });
    let fresh = http.send(request(Method::HEAD, &directory.new_nonce, Bytes::new())?);
    let mut nonce = nonce(fresh.await?.headers())?;
    let url = &directory.new_account;
    let mut attempt = 1;
    loop {
        let body = sign(&key, &random, &header(&key, &nonce, url), &wanted)?;
        let answer = http.send(request(Method::POST, url, body)?).await?;
        if let Some(next) = again(&answer)?.filter(|_| attempt < ATTEMPTS) {
            (nonce, attempt) = (next, attempt + 1);
            continue;
        }
        let name = answer.headers().get(LOCATION);
        let name = name.and_then(|name| name.to_str().ok()).map(str::to_owned);
        good(answer)?;
        return name.ok_or(Error::Str("the authority does not name the account"));
    }
}

/// The nonce to try again with, where the last one was refused.
fn again(answer: &Response<Bytes>) -> Result<Option<String>, Error> {
    if answer.status().is_success() {
        return Ok(None);
    }
    let problem: Problem = serde_json::from_slice(answer.body())?;
    match is_of_the_nonce(&problem) {
        true => nonce(answer.headers()).map(Some),
        false => Ok(None),
    }
}

/// What was answered, unless it is a refusal.
fn good(answer: Response<Bytes>) -> Result<Bytes, Error> {
    if answer.status().is_success() {
        Ok(answer.into_body())
    } else {
        Err(Error::Api(serde_json::from_slice(answer.body())?))
    }
}

fn nonce(headers: &HeaderMap) -> Result<String, Error> {
    let nonce = headers
        .get("Replay-Nonce")
        .and_then(|nonce| nonce.to_str().ok());
    let nonce = nonce.ok_or(Error::Str("the authority gives no nonce"))?;
    Ok(nonce.to_owned())
}

fn request(method: Method, url: &str, body: Bytes) -> Result<Request<Bytes>, Error> {
    let request = Request::builder().method(method).uri(url);
    let request = match body.is_empty() {
        true => request,
        false => request.header(CONTENT_TYPE, "application/jose+json"),
    };
    Ok(request.body(body)?)
}

/// What is signed beside the payload; the key is told whole, since it has no other name yet.
fn header(key: &EcdsaKeyPair, nonce: &str, url: &str) -> Value {
    // A point that is not compressed: a byte that says so, and two numbers.
    let (x, y) = key.public_key().as_ref()[1..].split_at(32);
    json!({
        "alg": "ES256",
        "jwk": {
            "crv": "P-256",
            "kty": "EC",
            "x": BASE64_URL_SAFE_NO_PAD.encode(x),
            "y": BASE64_URL_SAFE_NO_PAD.encode(y),
        },
        "nonce": nonce,
        "url": url,
    })
}

fn sign(
    key: &EcdsaKeyPair,
    random: &SystemRandom,
    header: &Value,
    payload: &Value,
) -> Result<Bytes, Error> {
    let [header, payload] = [header, payload].map(|part| {
        let text = part.to_string();
        BASE64_URL_SAFE_NO_PAD.encode(text)
    });
    let signed = format!("{header}.{payload}");
    let signature = key.sign(random, signed.as_bytes());
    let signature = signature.map_err(|_| Error::Crypto)?;
    let body = json!({
        "protected": header,
        "payload": payload,
        "signature": BASE64_URL_SAFE_NO_PAD.encode(signature),
    });
    Ok(Bytes::from(body.to_string()))
}
