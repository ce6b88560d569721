//! The signature of a webhook, as Standard Webhooks documents it: HMAC-SHA-256 over the message's
//! id, the time of sending and the body as it is sent.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;

/// Before a secret that is written in base64.
const PREFIX: &str = "whsec_";

/// The value of the header `webhook-signature`.
///
/// A secret `whsec_…` stands for the bytes that it encodes, any other one for its own.
pub(super) fn sign(secret: &str, id: &str, seconds: u64, body: &[u8]) -> Result<String, String> {
    let key = match secret.strip_prefix(PREFIX) {
        Some(encoded) => STANDARD
            .decode(encoded)
            .map_err(|_| format!("the secret begins with `{PREFIX}` and is no base64"))?,
        None => secret.as_bytes().to_vec(),
    };
    let mut mac = Hmac::<Sha256>::new_from_slice(&key).map_err(|error| error.to_string())?;
    mac.update(format!("{id}.{seconds}.").as_bytes());
    mac.update(body);
    let signature = STANDARD.encode(mac.finalize().into_bytes());
    Ok(format!("v1,{signature}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_the_signature_that_the_specification_gives_as_an_example() {
        let secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
        let body = br#"{"test": 2432232314}"#;
        let signed = sign(secret, "msg_p5jXN8AQM9LWM0D4loKWxJek", 1_614_265_330, body);
        let expected = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=";
        assert_eq!(signed.as_deref(), Ok(expected));
    }

    #[test]
    fn any_text_is_a_secret_and_a_broken_one_is_told_without_itself() {
        let [one, other] = ["hunter2", "hunter3"].map(|secret| sign(secret, "m", 1, b"x").unwrap());
        assert_ne!(one, other);
        let refused = sign("whsec_hunter2!", "m", 1, b"x").unwrap_err();
        assert!(!refused.contains("hunter2"), "{refused}");
    }
}
