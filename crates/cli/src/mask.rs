//! Hides secrets from what is printed.

/// Parts of a variable's name that tell a secret.
const SECRET_WORDS: [&str; 8] = [
    "SECRET",
    "PASSWORD",
    "PASSWD",
    "TOKEN",
    "CREDENTIAL",
    "PRIVATE",
    "API_KEY",
    "ACCESS_KEY",
];

/// What is shown in place of a secret.
pub(crate) const MASK: &str = "********";

/// A variable's value as it may be shown.
pub(crate) fn value(name: &str, value: &str) -> String {
    let upper = name.to_ascii_uppercase();
    // `SECRET_KEY_FILE` names a file, which is no secret.
    let is_secret =
        !upper.ends_with("_FILE") && SECRET_WORDS.iter().any(|word| upper.contains(word));
    if is_secret && !value.is_empty() {
        return MASK.to_owned();
    }
    url(value)
}

/// Hides the password of a URL.
fn url(text: &str) -> String {
    let Some((scheme, rest)) = text.split_once("://") else {
        return text.to_owned();
    };
    let authority = rest.split('/').next().unwrap_or(rest);
    match authority
        .rsplit_once('@')
        .and_then(|(user, _)| user.split_once(':'))
    {
        Some((user, password)) if !password.is_empty() => {
            let after = &rest[user.len() + 1 + password.len()..];
            format!("{scheme}://{user}:{MASK}{after}")
        }
        _ => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_are_told_by_their_names_and_urls_by_their_passwords() {
        assert_eq!(value("SECRET_KEY", "x"), MASK);
        assert_eq!(value("POSTGRES_PASSWORD", "x"), MASK);
        assert_eq!(
            value("SECRET_KEY_FILE", "/run/secrets/key"),
            "/run/secrets/key"
        );
        assert_eq!(value("DEBUG", "1"), "1");
        assert_eq!(
            value("RABBITMQ_URL", "amqp://shop:p@ss@mq:5672/x"),
            format!("amqp://shop:{MASK}@mq:5672/x")
        );
        assert_eq!(value("HOME_URL", "http://shop/@a:b"), "http://shop/@a:b");
    }
}
