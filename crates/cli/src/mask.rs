//! Hides secrets from what is printed.
//!
//! A secret is told by the name it goes by: of a variable, of an option in a command line, of an
//! assignment in front of a command. The password of a URL is one wherever the URL stands.

use std::borrow::Cow;

/// Parts of a name that tell a secret.
const SECRET_WORDS: [&str; 10] = [
    "SECRET",
    "PASSWORD",
    "PASSWD",
    "PASSPHRASE",
    "REQUIREPASS",
    "TOKEN",
    "CREDENTIAL",
    "PRIVATE",
    "API_KEY",
    "ACCESS_KEY",
];

/// What is shown in place of a secret.
pub(crate) const MASK: &str = "********";

/// A variable's value as it may be shown.
pub(crate) fn value<'a>(name: &str, value: &'a str) -> Cow<'a, str> {
    if is_secret(name) && !value.is_empty() {
        return Cow::Borrowed(MASK);
    }
    // Neither a URL nor an option, as most values.
    if !value.contains(['=', '-', ':']) {
        return Cow::Borrowed(value);
    }
    Cow::Owned(line(&urls(value)))
}

/// A command as it may be recorded.
pub(crate) fn words(words: &[String]) -> String {
    line(&urls(&words.join(" ")))
}

/// Whether the word of a command after this one is a secret, as after `--password`.
pub(crate) fn is_before_secret(word: &str) -> bool {
    let option = word.strip_prefix('-').map(|rest| rest.trim_matches('-'));
    option.is_some_and(|option| !option.contains('=') && is_secret(option))
}

fn is_secret(name: &str) -> bool {
    let upper = name.to_ascii_uppercase().replace('-', "_");
    // `SECRET_KEY_FILE` names a file, which is no secret.
    !upper.ends_with("_FILE") && SECRET_WORDS.iter().any(|word| upper.contains(word))
}

/// Hides the password of every URL in a text.
fn urls(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("://") {
        shown.push_str(before);
        shown.push_str("://");
        let end = after
            .find(|c: char| c == '/' || c.is_whitespace() || "\"',<>".contains(c))
            .unwrap_or(after.len());
        let (authority, tail) = after.split_at(end);
        let credentials = authority
            .rsplit_once('@')
            .and_then(|(credentials, host)| Some((credentials.split_once(':')?, host)));
        match credentials {
            Some(((user, password), host)) if !password.is_empty() => {
                shown.push_str(&format!("{user}:{MASK}@{host}"));
            }
            _ => shown.push_str(authority),
        }
        rest = tail;
    }
    shown.push_str(rest);
    shown
}

/// Hides what a command line gives to options and variables with the name of a secret.
fn line(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    let mut follows = false;
    // With the white space between the words, so that what is not secret stays as it is.
    for piece in text.split_inclusive(char::is_whitespace) {
        let word = piece.trim_end();
        let space = &piece[word.len()..];
        if word.is_empty() {
            shown.push_str(piece);
            continue;
        }
        shown.push_str(&word_shown(word, follows));
        shown.push_str(space);
        follows = is_before_secret(word.trim_start_matches(QUOTES));
    }
    shown
}

const QUOTES: [char; 2] = ['"', '\''];

fn word_shown(word: &str, follows_option: bool) -> String {
    if follows_option && !word.starts_with('-') {
        return hidden("", word);
    }
    match word.split_once('=') {
        Some((name, given)) if is_name(name) && is_secret(name) => {
            hidden(&format!("{name}="), given)
        }
        _ => word.to_owned(),
    }
}

/// A secret's place in a command: the quotes that close the command stay.
fn hidden(before: &str, given: &str) -> String {
    let secret = given.trim_matches(QUOTES);
    // A reference to a variable is no secret.
    if secret.is_empty() || secret.starts_with('$') {
        return format!("{before}{given}");
    }
    let start = given.len() - given.trim_start_matches(QUOTES).len();
    let end = given.trim_end_matches(QUOTES).len();
    format!("{before}{}{MASK}{}", &given[..start], &given[end..])
}

fn is_name(text: &str) -> bool {
    let name = text.trim_start_matches(QUOTES);
    !name.is_empty()
        && name
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || "-_.".contains(c))
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

    #[test]
    fn every_url_of_a_value_loses_its_password() {
        assert_eq!(
            value(
                "CACHES",
                "redis://:one@a:6379/0,redis://u:two@b:6379/0 http://c:80/"
            ),
            format!("redis://:{MASK}@a:6379/0,redis://u:{MASK}@b:6379/0 http://c:80/")
        );
        assert_eq!(
            value("", r#"{"a": "amqp://u:one@mq", "b": "amqp://u:two@mq"}"#),
            format!(r#"{{"a": "amqp://u:{MASK}@mq", "b": "amqp://u:{MASK}@mq"}}"#)
        );
    }

    #[test]
    fn a_command_line_loses_its_secrets_and_nothing_else() {
        let cases = [
            (
                "redis-server --requirepass x  --save 60",
                "redis-server --requirepass *  --save 60",
            ),
            ("--password=x", "--password=*"),
            (
                "sh -c 'PGPASSWORD=x psql -U shop'",
                "sh -c 'PGPASSWORD=* psql -U shop'",
            ),
            (
                "run --api-key \"x\" --token=x'",
                "run --api-key \"*\" --token=*'",
            ),
            (
                "mysql -px --password=$PASSWORD",
                "mysql -px --password=$PASSWORD",
            ),
            (
                "app --password-file=/run/p --password-file /run/p",
                "app --password-file=/run/p --password-file /run/p",
            ),
            ("app --password --verbose", "app --password --verbose"),
        ];
        for (line, shown) in cases {
            assert_eq!(value("", line), shown.replace('*', MASK), "{line}");
        }
    }

    #[test]
    fn in_a_list_of_words_the_option_tells_what_comes_next() {
        assert!(is_before_secret("--password"));
        assert!(is_before_secret("--secret-key"));
        for other in [
            "--password=x",
            "--password-file",
            "password",
            "--port",
            "-p",
        ] {
            assert!(!is_before_secret(other), "{other}");
        }
    }
}
