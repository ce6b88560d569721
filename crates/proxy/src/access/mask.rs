//! Hides what a query should not have held.

use std::borrow::Cow;

/// Parts of a name that tell a secret.
const PARTS: [&str; 12] = [
    "token",
    "secret",
    "passw",
    "passphrase",
    "credential",
    "private",
    "apikey",
    "accesskey",
    "signature",
    "session",
    "authoriz",
    "assertion",
];

/// Names that tell one as a whole.
const NAMES: [&str; 12] = [
    "key", "sig", "auth", "code", "sid", "pwd", "pass", "pin", "otp", "jwt", "ticket", "hmac",
];

/// What is shown in place of a secret.
const MASK: &str = "***";

/// A path and query, with the values of what looks like a secret hidden.
pub(super) fn target(target: &str) -> Cow<'_, str> {
    let Some((path, query)) = target.split_once('?') else {
        return Cow::Borrowed(target);
    };
    if !query.split(['&', ';']).any(is_secret) {
        return Cow::Borrowed(target);
    }
    let mut shown = String::with_capacity(target.len());
    shown.push_str(path);
    let mut before = '?';
    let mut rest = Some(query);
    while let Some(text) = rest {
        let end = text.find(['&', ';']);
        let part = end.map_or(text, |end| &text[..end]);
        shown.push(before);
        match part.split_once('=') {
            Some((name, _)) if is_secret(part) => {
                shown.push_str(name);
                shown.push('=');
                shown.push_str(MASK);
            }
            _ => shown.push_str(part),
        }
        rest = end.map(|end| {
            before = char::from(text.as_bytes()[end]);
            &text[end + 1..]
        });
    }
    Cow::Owned(shown)
}

fn is_secret(part: &str) -> bool {
    let Some((name, value)) = part.split_once('=') else {
        return false;
    };
    // Written with or without lines between words, in whichever case.
    let name: String = decoded(name)
        .filter(char::is_ascii_alphanumeric)
        .map(|letter| letter.to_ascii_lowercase())
        .collect();
    !value.is_empty()
        && (NAMES.contains(&name.as_str()) || PARTS.iter().any(|part| name.contains(part)))
}

/// The letters of a name that may be encoded.
fn decoded(name: &str) -> impl Iterator<Item = char> + '_ {
    let bytes = name.as_bytes();
    let mut at = 0;
    std::iter::from_fn(move || {
        let byte = *bytes.get(at)?;
        let digit = |place: usize| {
            let byte = *bytes.get(place)?;
            char::from(byte).to_digit(16)
        };
        let encoded = (byte == b'%').then(|| Some(digit(at + 1)? * 16 + digit(at + 2)?));
        match encoded.flatten().and_then(char::from_u32) {
            Some(letter) => {
                at += 3;
                Some(letter)
            }
            None => {
                at += 1;
                Some(char::from(byte))
            }
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_of_what_looks_like_a_secret_are_hidden() {
        for (told, shown) in [
            ("/?token=a", "/?token=***"),
            ("/a?b=c&access_token=x&d", "/a?b=c&access_token=***&d"),
            ("/?Api-Key=x;q=1", "/?Api-Key=***;q=1"),
            ("/?X-Amz-Signature=x", "/?X-Amz-Signature=***"),
            ("/?user[password]=x", "/?user[password]=***"),
            ("/?%74oken=x", "/?%74oken=***"),
            ("/cb?code=x&state=y", "/cb?code=***&state=y"),
            ("/?key=x?y=z", "/?key=***"),
        ] {
            assert_eq!(target(told), shown);
        }
    }

    #[test]
    fn what_is_none_is_shown() {
        for plain in [
            "/",
            "/token/x",
            "/?q=token",
            "/?token",
            "/?token=",
            "/?keyboard=x&zipcode=1&%=2&%zz=3",
            "*",
        ] {
            assert_eq!(target(plain), plain);
        }
    }
}
