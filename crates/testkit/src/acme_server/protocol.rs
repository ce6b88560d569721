//! What is asked and answered.

use std::collections::HashSet;
use std::net::SocketAddr;
use std::sync::Mutex;
use std::time::{Duration, SystemTime};

use rcgen::{CertificateParams, CertifiedIssuer, KeyPair, PublicKeyData, SignatureAlgorithm};
use serde_json::{Value, json};
use x509_parser::prelude::{FromDer as _, X509CertificationRequest};

use super::jws::{Key, Signed, decode};
use super::look::{by_http as by_http_at, by_tls as by_tls_at};
use super::message::{Answer, Request};
use super::{Counted, Trouble, lock};

/// What an authority knows.
#[derive(Debug)]
pub(super) struct State {
    base: String,
    pub(super) issuer: CertifiedIssuer<'static, KeyPair>,
    plain: SocketAddr,
    secure: SocketAddr,
    pub(super) trouble: Option<Trouble>,
    pub(super) finds_by_http: bool,
    /// How old a certificate is when it is issued.
    pub(super) age: Duration,
    /// For how long it holds from then on.
    pub(super) left: Duration,
    pub(super) counted: Counted,
    nonces: HashSet<String>,
    given: u64,
    accounts: Vec<Key>,
    orders: Vec<Order>,
}

#[derive(Debug)]
struct Order {
    account: usize,
    host: String,
    status: &'static str,
    problem: Option<String>,
    /// The challenge that it is to look at, whether by TLS, and whose key it is.
    asked: Option<(bool, Key)>,
    chain: Option<String>,
}

/// The key of a request for a certificate.
struct Requested(Vec<u8>);

impl PublicKeyData for Requested {
    fn der_bytes(&self) -> &[u8] {
        &self.0
    }

    fn algorithm(&self) -> &'static SignatureAlgorithm {
        &rcgen::PKCS_ECDSA_P256_SHA256
    }
}

/// Answers a request.
pub(super) fn answer(state: &Mutex<State>, request: &Request) -> Answer {
    let result = match (request.method.as_str(), request.path.as_str()) {
        (_, "/directory") => Ok(lock(state).directory()),
        ("HEAD" | "GET", "/nonce") => Ok(Answer::of(200, Value::Null)),
        ("POST", _) => signed(state, request),
        _ => Err(Answer::problem(404, "malformed", "there is no such thing")),
    };
    let mut answer = result.unwrap_or_else(|problem| problem);
    let nonce = lock(state).nonce();
    answer.headers.push(("Replay-Nonce", nonce));
    answer
}

fn signed(state: &Mutex<State>, request: &Request) -> Result<Answer, Answer> {
    let malformed = || Answer::problem(400, "malformed", "it is not signed as it should be");
    let signed = Signed::read(&request.body).ok_or_else(malformed)?;
    let (account, key) = lock(state).check(request, &signed)?;
    let parts: Vec<&str> = request.path.trim_start_matches('/').split('/').collect();
    if parts == ["account"] {
        return lock(state).account(key, &signed.payload);
    }
    let unknown = || Answer::problem(400, "accountDoesNotExist", "who is that?");
    let account = account.ok_or_else(unknown)?;
    if parts == ["order"] {
        return lock(state).order(account, &signed.payload);
    }
    let number = parts.get(1).and_then(|number| number.parse().ok());
    let number: usize = number.ok_or_else(malformed)?;
    if parts[0] == "account" {
        return Ok(Answer::of(200, json!({ "status": "valid" })));
    }
    let is_theirs = lock(state)
        .orders
        .get(number)
        .is_some_and(|it| it.account == account);
    if !is_theirs {
        return Err(Answer::problem(404, "malformed", "there is no such order"));
    }
    match parts[0] {
        "challenge" => Ok(challenge(state, number, parts.get(2) == Some(&"tls"), key)),
        "finalize" => lock(state).finalize(number, &signed.payload),
        "chain" => Ok(lock(state).chain(number)),
        "authorization" => Ok(lock(state).authorization(number)),
        _ => {
            look(state, number);
            Ok(Answer::of(200, lock(state).shown(number)))
        }
    }
}

fn challenge(state: &Mutex<State>, number: usize, by_tls: bool, key: Key) -> Answer {
    lock(state).orders[number].asked = Some((by_tls, key));
    look(state, number);
    let kind = if by_tls { "tls-alpn-01" } else { "http-01" };
    Answer::of(200, lock(state).challenge(number, kind))
}

/// Looks whose the host is, if it is asked to, without holding up anybody else.
fn look(state: &Mutex<State>, number: usize) {
    let (by_tls, key, host, plain, secure, finds) = {
        let mut state = lock(state);
        if state.trouble == Some(Trouble::Slow) {
            return;
        }
        let Some((by_tls, key)) = state.orders[number].asked.take() else {
            return;
        };
        let counter = match by_tls {
            true => &mut state.counted.by_tls,
            false => &mut state.counted.by_http,
        };
        *counter += 1;
        let host = state.orders[number].host.clone();
        let finds = state.finds_by_http;
        (by_tls, key, host, state.plain, state.secure, finds)
    };
    let token = token(number);
    let wanted = format!("{token}.{}", key.print());
    let looked = match by_tls {
        true => by_tls_at(secure, &host, &wanted),
        false if finds => by_http_at(plain, &host, &token, &wanted),
        false => Err(format!("{host} cannot be reached")),
    };
    let mut state = lock(state);
    let order = &mut state.orders[number];
    order.status = if looked.is_ok() { "ready" } else { "invalid" };
    order.problem = looked.err();
}

fn token(number: usize) -> String {
    format!("token-of-order-{number}")
}

// === impl State ===

impl State {
    pub(super) fn new(
        base: String,
        issuer: CertifiedIssuer<'static, KeyPair>,
        plain: SocketAddr,
        secure: SocketAddr,
    ) -> Self {
        Self {
            base,
            issuer,
            plain,
            secure,
            trouble: None,
            finds_by_http: true,
            age: Duration::ZERO,
            left: Duration::from_secs(90 * 24 * 60 * 60),
            counted: Counted::default(),
            nonces: HashSet::new(),
            given: 0,
            accounts: Vec::new(),
            orders: Vec::new(),
        }
    }

    pub(super) fn is_asked_to_look(&self) -> bool {
        self.orders.iter().any(|order| order.asked.is_some())
    }

    fn nonce(&mut self) -> String {
        self.given += 1;
        let nonce = format!("nonce-{}", self.given);
        self.nonces.insert(nonce.clone());
        nonce
    }

    fn directory(&self) -> Answer {
        let base = &self.base;
        Answer::of(
            200,
            json!({
                "newNonce": format!("{base}/nonce"),
                "newAccount": format!("{base}/account"),
                "newOrder": format!("{base}/order"),
            }),
        )
    }

    /// Checks nonce, address and signature; the account, where it is one that is known, and its key.
    fn check(
        &mut self,
        request: &Request,
        signed: &Signed,
    ) -> Result<(Option<usize>, Key), Answer> {
        let nonce = signed.header["nonce"].as_str().unwrap_or_default();
        let mut is_good = self.nonces.remove(nonce);
        if let Some(Trouble::BadNonce(left @ 1..)) = self.trouble {
            self.trouble = Some(Trouble::BadNonce(left - 1));
            is_good = false;
        }
        if !is_good {
            return Err(Answer::problem(400, "badNonce", "the nonce is none"));
        }
        let prefix = format!("{}/account/", self.base);
        let kid = signed.header["kid"].as_str();
        let account = kid.and_then(|kid| kid.strip_prefix(&prefix)?.parse().ok());
        let known = account.and_then(|number: usize| self.accounts.get(number).cloned());
        let key = known.or_else(|| Key::read(&signed.header["jwk"]));
        let is_here = signed.header["url"] == format!("{}{}", self.base, request.path);
        match key {
            Some(key) if is_here && signed.is_by(&key) => Ok((account, key)),
            _ => Err(Answer::problem(
                401,
                "unauthorized",
                "it is signed by somebody else",
            )),
        }
    }

    fn account(&mut self, key: Key, payload: &[u8]) -> Result<Answer, Answer> {
        let wanted: Value = serde_json::from_slice(payload).unwrap_or_default();
        let contact = wanted["contact"][0].as_str().unwrap_or_default();
        if !contact.starts_with("mailto:") {
            let told = "nobody can be written to";
            return Err(Answer::problem(400, "invalidContact", told));
        }
        if wanted["termsOfServiceAgreed"] != true {
            let told = "the terms are not agreed to";
            return Err(Answer::problem(403, "userActionRequired", told));
        }
        let known = self.accounts.iter().position(|it| *it == key);
        let number = known.unwrap_or_else(|| {
            self.accounts.push(key);
            self.counted.accounts += 1;
            self.accounts.len() - 1
        });
        let status = if known.is_some() { 200 } else { 201 };
        let url = format!("{}/account/{number}", self.base);
        Ok(Answer::of(status, json!({ "status": "valid" })).with("Location", url))
    }

    fn order(&mut self, account: usize, payload: &[u8]) -> Result<Answer, Answer> {
        if let Some(Trouble::Limited(seconds)) = self.trouble {
            let problem = Answer::problem(429, "rateLimited", "too many certificates");
            return Err(problem.with("Retry-After", seconds.to_string()));
        }
        let wanted: Value = serde_json::from_slice(payload).unwrap_or_default();
        let host = wanted["identifiers"][0]["value"]
            .as_str()
            .unwrap_or_default();
        self.counted.orders += 1;
        self.orders.push(Order {
            account,
            host: host.to_owned(),
            status: "pending",
            problem: None,
            asked: None,
            chain: None,
        });
        let number = self.orders.len() - 1;
        let url = format!("{}/order/{number}", self.base);
        Ok(Answer::of(201, self.shown(number)).with("Location", url))
    }

    fn shown(&self, number: usize) -> Value {
        let (base, order) = (&self.base, &self.orders[number]);
        let mut shown = json!({
            "status": order.status,
            "identifiers": [{ "type": "dns", "value": order.host }],
            "authorizations": [format!("{base}/authorization/{number}")],
            "finalize": format!("{base}/finalize/{number}"),
        });
        if order.chain.is_some() {
            shown["certificate"] = format!("{base}/chain/{number}").into();
        }
        shown
    }

    fn authorization(&self, number: usize) -> Answer {
        let order = &self.orders[number];
        let status = match order.status {
            "pending" => "pending",
            "invalid" => "invalid",
            _ => "valid",
        };
        let kinds = ["http-01", "tls-alpn-01"];
        Answer::of(
            200,
            json!({
                "status": status,
                "identifier": { "type": "dns", "value": order.host },
                "challenges": kinds.map(|kind| self.challenge(number, kind)),
            }),
        )
    }

    fn challenge(&self, number: usize, kind: &str) -> Value {
        let order = &self.orders[number];
        let path = if kind == "http-01" { "http" } else { "tls" };
        let mut challenge = json!({
            "type": kind,
            "url": format!("{}/challenge/{number}/{path}", self.base),
            "token": token(number),
            "status": match order.status {
                "pending" if order.asked.is_some() => "processing",
                "pending" => "pending",
                "invalid" => "invalid",
                _ => "valid",
            },
        });
        if let Some(problem) = &order.problem {
            challenge["error"] = json!({
                "type": "urn:ietf:params:acme:error:unauthorized",
                "detail": problem,
            });
        }
        challenge
    }

    fn finalize(&mut self, number: usize, payload: &[u8]) -> Result<Answer, Answer> {
        let refuse = || Answer::problem(403, "badCSR", "the request for a certificate is none");
        let wanted: Value = serde_json::from_slice(payload).unwrap_or_default();
        let request = wanted["csr"].as_str().and_then(decode).ok_or_else(refuse)?;
        let (_, request) = X509CertificationRequest::from_der(&request).map_err(|_| refuse())?;
        let key = &request
            .certification_request_info
            .subject_pki
            .subject_public_key;
        let signed = ring::signature::UnparsedPublicKey::new(
            &ring::signature::ECDSA_P256_SHA256_ASN1,
            &key.data,
        );
        let is_signed = signed.verify(
            request.certification_request_info.raw,
            &request.signature_value.data,
        );
        let order = &self.orders[number];
        if is_signed.is_err() || order.status != "ready" {
            return Err(refuse());
        }
        let mut params = CertificateParams::new(vec![order.host.clone()]).map_err(|_| refuse())?;
        let now = SystemTime::now();
        params.not_before = (now - self.age).into();
        params.not_after = (now + self.left).into();
        let issued = params.signed_by(&Requested(key.data.to_vec()), &self.issuer);
        let issued = issued.map_err(|_| refuse())?;
        self.counted.certificates += 1;
        let order = &mut self.orders[number];
        order.chain = Some(issued.pem());
        order.status = "valid";
        Ok(Answer::of(200, self.shown(number)))
    }

    fn chain(&self, number: usize) -> Answer {
        let chain = self.orders[number].chain.clone();
        Answer {
            body: chain.unwrap_or_default(),
            ..Answer::of(200, Value::Null)
        }
    }
}
