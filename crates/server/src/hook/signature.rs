//! Whether a delivery comes from the server that knows the secret. Over the bytes as they came.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit as _, Mac as _};
use http::HeaderMap;
use sha2::Sha256;
use shipway_pipeline::time::Timestamp;
use std::time::Duration;
use subtle::ConstantTimeEq as _;

use super::{HookSecret, Provider, Refused, first};

/// How far the time that is signed may be from ours.
const TOLERANCE: Duration = Duration::from_secs(300);

/// Secrets of this form sign; others are sent as they are.
const SIGNING: &str = "whsec_";

/// Refuses a delivery that is not the server's.
pub(super) fn check(
    provider: Provider,
    headers: &HeaderMap,
    body: &[u8],
    secret: &HookSecret,
    now: Timestamp,
) -> Result<(), Refused> {
    let key = secret.reveal();
    let is_good = match provider {
        Provider::GitHub => {
            let value = first(headers, &["x-hub-signature-256"]).unwrap_or_default();
            let digits = value.strip_prefix("sha256=").unwrap_or_default();
            is_signed(key, &[body], &from_hex(digits))
        }
        Provider::Gitea => {
            let names = ["x-gitea-signature", "x-forgejo-signature"];
            let digits = first(headers, &names).unwrap_or_default();
            is_signed(key, &[body], &from_hex(digits))
        }
        Provider::GitLab => match key.strip_prefix(SIGNING.as_bytes()) {
            Some(key) => return check_standard(key, headers, body, now),
            None => {
                let token = first(headers, &["x-gitlab-token"]).unwrap_or_default();
                token.as_bytes().ct_eq(key).into()
            }
        },
    };
    if is_good {
        Ok(())
    } else {
        Err(Refused::Signature)
    }
}

/// As the Standard Webhooks have it, which GitLab follows: number, time and body are signed.
fn check_standard(
    key: &[u8],
    headers: &HeaderMap,
    body: &[u8],
    now: Timestamp,
) -> Result<(), Refused> {
    let key = STANDARD.decode(key).map_err(|_| Refused::Signature)?;
    let of = |name| first(headers, &[name]).ok_or(Refused::Signature);
    let (id, time) = (of("webhook-id")?, of("webhook-timestamp")?);
    let head = format!("{id}.{time}.");
    let signatures = of("webhook-signature")?.split(' ');
    let mut signatures = signatures.filter_map(|one| one.strip_prefix("v1,"));
    let is_good = signatures.any(|one| {
        let signature = STANDARD.decode(one).unwrap_or_default();
        is_signed(&key, &[head.as_bytes(), body], &signature)
    });
    if !is_good {
        return Err(Refused::Signature);
    }
    let seconds: u64 = time.parse().map_err(|_| Refused::Stale)?;
    let signed = Timestamp(seconds.saturating_mul(1000));
    if now.since(signed).max(signed.since(now)) > TOLERANCE {
        return Err(Refused::Stale);
    }
    Ok(())
}

fn is_signed(key: &[u8], parts: &[&[u8]], signature: &[u8]) -> bool {
    let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(key) else {
        return false;
    };
    for part in parts {
        mac.update(part);
    }
    // Takes the same time wherever they differ.
    mac.verify_slice(signature).is_ok()
}

/// Bytes of hexadecimal digits; none where the text is something else.
fn from_hex(digits: &str) -> Vec<u8> {
    let pair = |pair: &[u8]| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok();
    let digits = digits.as_bytes();
    if digits.len() != 64 || !digits.iter().all(u8::is_ascii_hexdigit) {
        return Vec::new();
    }
    digits.chunks_exact(2).filter_map(pair).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp(1_700_000_000_000);

    fn headers<const N: usize>(all: [(&'static str, &str); N]) -> HeaderMap {
        all.into_iter()
            .map(|(name, value)| (name.parse().unwrap(), value.parse().unwrap()))
            .collect()
    }

    fn ask(
        provider: Provider,
        headers: &HeaderMap,
        body: &[u8],
        secret: &str,
    ) -> Result<(), Refused> {
        check(
            provider,
            headers,
            body,
            &HookSecret::new(secret).unwrap(),
            NOW,
        )
    }

    #[test]
    fn the_example_of_githubs_documentation_is_good() {
        // docs.github.com, "Validating webhook deliveries", "Testing the webhook payload validation".
        let good = "sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17";
        let secret = "It's a Secret to Everybody";
        let signed = headers([("x-hub-signature-256", good)]);
        assert_eq!(
            ask(Provider::GitHub, &signed, b"Hello, World!", secret),
            Ok(())
        );
        assert!(ask(Provider::GitHub, &signed, b"Hello, World?", secret).is_err());
        assert!(ask(Provider::GitHub, &signed, b"Hello, World!", "other").is_err());
        for bad in ["", "sha256=", &good[7..], &good[..70], "sha1=757107"] {
            let signed = headers([("x-hub-signature-256", bad)]);
            let refused = ask(Provider::GitHub, &signed, b"Hello, World!", secret);
            assert_eq!(refused, Err(Refused::Signature), "{bad}");
        }
        assert!(
            ask(
                Provider::GitHub,
                &HeaderMap::new(),
                b"Hello, World!",
                secret
            )
            .is_err()
        );
        let plain = headers([("x-gitea-signature", &good[7..])]);
        assert_eq!(
            ask(Provider::Gitea, &plain, b"Hello, World!", secret),
            Ok(())
        );
    }

    #[test]
    fn gitlab_sends_its_token_or_signs() {
        let token = headers([("x-gitlab-token", "s3cret")]);
        assert_eq!(ask(Provider::GitLab, &token, b"{}", "s3cret"), Ok(()));
        assert!(ask(Provider::GitLab, &token, b"{}", "s3cre").is_err());

        // The example of the Standard Webhooks' specification.
        let secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
        let body = br#"{"test": 2432232314}"#;
        let signed = |time: &str| {
            headers([
                ("webhook-id", "msg_p5jXN8AQM9LWM0D4loKWxJek"),
                ("webhook-timestamp", time),
                (
                    "webhook-signature",
                    "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
                ),
            ])
        };
        let long_ago = ask(Provider::GitLab, &signed("1614265330"), body, secret);
        assert_eq!(long_ago, Err(Refused::Stale));
        let secret_of = HookSecret::new(secret).unwrap();
        let then = Timestamp(1_614_265_331_000);
        let good = check(
            Provider::GitLab,
            &signed("1614265330"),
            body,
            &secret_of,
            then,
        );
        assert_eq!(good, Ok(()));
        let moved = check(
            Provider::GitLab,
            &signed("1614265331"),
            body,
            &secret_of,
            then,
        );
        assert_eq!(moved, Err(Refused::Signature));
        // Whoever only knows the text must not get by with the older way.
        let token = headers([("x-gitlab-token", secret)]);
        assert!(ask(Provider::GitLab, &token, body, secret).is_err());
    }
}
