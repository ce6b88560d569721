//! Signed requests (RFC 8555, 6.2): by ECDSA on P-256 only.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::signature::{ECDSA_P256_SHA256_FIXED, UnparsedPublicKey};
use serde_json::Value;
use sha2::{Digest as _, Sha256};

/// A public key, as its two coordinates.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Key {
    x: String,
    y: String,
}

/// A signed request that is not checked yet.
pub(super) struct Signed {
    pub(super) header: Value,
    pub(super) payload: Vec<u8>,
    text: String,
    signature: Vec<u8>,
}

// === impl Signed ===

impl Signed {
    pub(super) fn read(body: &[u8]) -> Option<Self> {
        let body: Value = serde_json::from_slice(body).ok()?;
        let part = |name: &str| body[name].as_str();
        let (protected, payload) = (part("protected")?, part("payload")?);
        Some(Self {
            header: serde_json::from_slice(&decode(protected)?).ok()?,
            payload: decode(payload)?,
            text: format!("{protected}.{payload}"),
            signature: decode(part("signature")?)?,
        })
    }

    pub(super) fn is_by(&self, key: &Key) -> bool {
        let point = || Some([vec![4], decode(&key.x)?, decode(&key.y)?].concat());
        let Some(point) = point() else { return false };
        let key = UnparsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, point);
        self.header["alg"] == "ES256" && key.verify(self.text.as_bytes(), &self.signature).is_ok()
    }
}

// === impl Key ===

impl Key {
    pub(super) fn read(jwk: &Value) -> Option<Self> {
        let part = |name: &str| jwk[name].as_str().map(str::to_owned);
        Some(Self {
            x: part("x")?,
            y: part("y")?,
        })
    }

    /// The key's digest (RFC 7638).
    pub(super) fn print(&self) -> String {
        let Self { x, y } = self;
        let text = format!(r#"{{"crv":"P-256","kty":"EC","x":"{x}","y":"{y}"}}"#);
        URL_SAFE_NO_PAD.encode(Sha256::digest(text.as_bytes()))
    }
}

pub(super) fn decode(text: &str) -> Option<Vec<u8>> {
    URL_SAFE_NO_PAD.decode(text).ok()
}
