//! How an authority is spoken to: HTTPS, by those that the machine trusts or by those that are
//! named.

use std::future::Future;
use std::pin::Pin;
use std::str::FromStr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use http::header::{CONTENT_TYPE, RETRY_AFTER};
use http::{HeaderMap, Request, Response};
use http_body_util::{BodyExt, Collected, Full};
use instant_acme::{BodyWrapper, BytesResponse, Error, HttpClient};
use jiff::fmt::rfc2822;
use rustls::crypto::ring;

use crate::tls;

use super::problem::with_causes;

/// For a connection: an authority is far away, and not that far.
const CONNECTING: Duration = Duration::from_secs(10);

/// For a whole answer: some sign slowly.
const ANSWERING: Duration = Duration::from_secs(30);

/// A chain of certificates is a few kilobytes.
const LARGEST: usize = 1 << 20;

/// Who speaks to an authority.
#[derive(Debug, Clone)]
pub(super) struct Http {
    client: reqwest::Client,
    asked: Asked,
}

/// The second before which the authority wants to hear nothing, as its last refusal says.
#[derive(Debug, Clone, Default)]
pub(super) struct Asked(Arc<Mutex<Option<i64>>>);

// === impl Http ===

impl Http {
    /// One that believes those in this file alone, where one is named; in one line why there can be
    /// none.
    pub(super) fn new(ca: Option<&str>) -> Result<Self, String> {
        // One that was installed before is as good.
        let _ = ring::default_provider().install_default();
        let mut builder = reqwest::Client::builder()
            .connect_timeout(CONNECTING)
            .timeout(ANSWERING)
            .redirect(reqwest::redirect::Policy::none())
            .user_agent(concat!("shipway/", env!("CARGO_PKG_VERSION")));
        if let Some(path) = ca {
            let authorities = tls::read_authorities(path).map_err(|error| error.to_string())?;
            let authorities: Result<Vec<_>, _> = authorities
                .iter()
                .map(|der| reqwest::Certificate::from_der(der))
                .collect();
            let authorities = authorities.map_err(|error| with_causes(&error))?;
            builder = builder.tls_certs_only(authorities);
        }
        let client = builder.build().map_err(|error| with_causes(&error))?;
        Ok(Self {
            client,
            asked: Asked::default(),
        })
    }

    /// Sends a request; an answer that is no success is one that says why.
    pub(super) async fn send(&self, request: Request<Bytes>) -> Result<Response<Bytes>, Error> {
        let request = reqwest::Request::try_from(request).map_err(failed)?;
        let mut answer = self.client.execute(request).await.map_err(failed)?;
        let status = answer.status();
        if !status.is_success() {
            self.asked.note(answer.headers());
            // Whatever stands between says it in its own way.
            let kind = answer.headers().get(CONTENT_TYPE);
            let is_problem = kind.is_some_and(|kind| kind.as_bytes().ends_with(b"json"));
            if !is_problem {
                let told = format!("the authority answers {status}");
                return Err(Error::Other(told.into()));
            }
        }
        let mut bytes = Vec::new();
        while let Some(chunk) = answer.chunk().await.map_err(failed)? {
            bytes.extend_from_slice(&chunk);
            if bytes.len() > LARGEST {
                return Err(Error::Str("an answer of the authority that has an end"));
            }
        }
        let mut response = Response::new(Bytes::from(bytes));
        *response.status_mut() = status;
        std::mem::swap(response.headers_mut(), answer.headers_mut());
        Ok(response)
    }

    /// What its refusals say of when to come again.
    pub(super) fn asked(&self) -> Asked {
        self.asked.clone()
    }
}

impl HttpClient for Http {
    fn request(
        &self,
        request: Request<BodyWrapper<Bytes>>,
    ) -> Pin<Box<dyn Future<Output = Result<BytesResponse, Error>> + Send>> {
        let http = self.clone();
        Box::pin(async move {
            let (parts, body) = request.into_parts();
            let body = body.collect().await.map(Collected::to_bytes);
            let request = Request::from_parts(parts, body.unwrap_or_default());
            let response = http.send(request).await?;
            Ok(BytesResponse::from(response.map(Full::new)))
        })
    }
}

fn failed(error: reqwest::Error) -> Error {
    // Its address is known, and only in the way.
    Error::Other(with_causes(&error.without_url()).into())
}

// === impl Asked ===

impl Asked {
    /// What was said last, once.
    pub(super) fn take(&self) -> Option<i64> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).take()
    }

    fn note(&self, headers: &HeaderMap) {
        let until = headers.get(RETRY_AFTER).and_then(|value| {
            let text = value.to_str().ok()?.trim();
            match i64::from_str(text) {
                Ok(seconds) => Some(tls::now().saturating_add(seconds.max(0))),
                Err(_) => Some(rfc2822::parse(text).ok()?.timestamp().as_second()),
            }
        });
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = until;
    }
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    #[test]
    fn when_to_come_again_is_said_in_two_ways() {
        let said = |text: &'static str| {
            let asked = Asked::default();
            asked.note(&HeaderMap::from_iter([(
                RETRY_AFTER,
                HeaderValue::from_static(text),
            )]));
            asked.take()
        };
        assert_eq!(said("Fri, 31 Dec 1999 23:59:59 GMT"), Some(946_684_799));
        let soon = said("120").unwrap() - tls::now();
        assert!((115..=120).contains(&soon), "{soon}");
        assert_eq!(said("soon"), None);
    }

    #[test]
    fn who_vouches_for_an_authority_must_be_there() {
        let told = Http::new(Some("/nowhere/ca.pem")).unwrap_err();
        assert!(
            told.starts_with("`/nowhere/ca.pem` cannot be read"),
            "{told}"
        );
    }
}
