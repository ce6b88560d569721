//! Secrets that stand in a Compose file.

use std::collections::HashMap;

use super::subject::{Subject, View};
use crate::diagnostic::{Code, Diagnostic, SourceKind};
use crate::yaml::{Entry, Mapping, Node, Span};

/// Last words of names whose values are secret.
const SECRET: [&str; 8] = [
    "PASSWORD",
    "PASSWD",
    "PASS",
    "PWD",
    "SECRET",
    "TOKEN",
    "APIKEY",
    "PASSPHRASE",
];

/// Words that make the `KEY` after them a secret one.
const SECRET_KEY: [&str; 8] = [
    "SECRET",
    "API",
    "PRIVATE",
    "ACCESS",
    "ENCRYPTION",
    "SIGNING",
    "AUTH",
    "MASTER",
];

/// A variable that is named like a secret, or a URL with a password, is written out.
pub(super) fn plain(view: &View<'_>) -> Vec<Diagnostic> {
    let variables = variables(view);
    let mut found = Vec::new();
    // An anchor brings the same place in for each service that uses it.
    let mut seen = Vec::new();
    for subject in &view.subjects {
        let environment = subject.node.get("environment").and_then(Node::as_map);
        for (name, entry) in environment.into_iter().flat_map(Mapping::entries) {
            let value = entry.node.as_str().unwrap_or_default();
            let is_secret = is_secret(name, value) || has_password(value);
            let place = entry.key_span;
            if is_secret
                && is_in_compose_file(view, entry)
                && !is_given(&variables, entry.node.span)
                && !seen.contains(&place)
            {
                seen.push(place);
                found.push(diagnostic(subject, name, place));
            }
        }
    }
    found
}

/// The value itself is never repeated: messages end up in logs of others.
fn diagnostic(subject: &Subject<'_>, name: &str, place: Span) -> Diagnostic {
    let message = format!(
        "secret `{name}` of service `{}` stands in the file",
        subject.name()
    );
    let help = format!(
        "change it, as it is in the repository's history, and give it as `${{{name}:?}}` \
         or through `secrets`"
    );
    Diagnostic::new(Code::PlainSecret, message)
        .with_label(place, "")
        .with_help(help)
}

/// Whether a variable is named like a secret, and its value is no setting.
pub(super) fn is_secret(name: &str, value: &str) -> bool {
    let name = name.to_ascii_uppercase();
    let words: Vec<&str> = name.split('_').filter(|word| !word.is_empty()).collect();
    let is_named = match words.as_slice() {
        [.., before, "KEY"] => SECRET_KEY.contains(before),
        [.., last] => SECRET.contains(last),
        [] => false,
    };
    // `yes`, `/run/secrets/x` and `300` say how a secret is handled, not what it is.
    let is_setting = value.parse::<i64>().is_ok()
        || value.starts_with('/')
        || matches!(
            value.to_ascii_lowercase().as_str(),
            "" | "true" | "false" | "yes" | "no" | "on" | "off" | "none" | "null"
        );
    is_named && !is_setting
}

/// Whether it is `scheme://user:password@host`.
fn has_password(value: &str) -> bool {
    password(value).is_some()
}

/// Returns the password of `scheme://user:password@host`.
pub(super) fn password(value: &str) -> Option<&str> {
    let (scheme, rest) = value.split_once("://")?;
    let authority = rest.split(['/', '?', '#']).next()?;
    let (user, _) = authority.rsplit_once('@')?;
    let (_, password) = user.split_once(':')?;
    (!scheme.contains(char::is_whitespace) && !password.is_empty()).then_some(password)
}

fn is_in_compose_file(view: &View<'_>, entry: &Entry) -> bool {
    let source = view.loaded.sources.get(entry.node.span.source);
    source.is_some_and(|source| source.kind == SourceKind::Yaml)
}

/// Where variables stand, by file, in order.
fn variables(view: &View<'_>) -> HashMap<u16, Vec<usize>> {
    let mut starts: HashMap<u16, Vec<usize>> = HashMap::new();
    let spans = view.loaded.variables.values().flat_map(|it| &it.spans);
    for span in spans {
        starts.entry(span.source).or_default().push(span.start);
    }
    for starts in starts.values_mut() {
        starts.sort_unstable();
    }
    starts
}

/// Whether a part of a value comes from outside.
fn is_given(variables: &HashMap<u16, Vec<usize>>, value: Span) -> bool {
    let starts = variables.get(&value.source).map_or(&[][..], Vec::as_slice);
    let next = starts.partition_point(|start| *start < value.start);
    starts.get(next).is_some_and(|start| *start < value.end)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lint::testing::messages;

    fn is_found(variable: &str) -> bool {
        let text = format!("  web:\n    image: a\n    environment:\n      {variable}");
        !messages(plain, &text).is_empty()
    }

    #[test]
    fn written_secrets_are_found() {
        for variable in [
            "SECRET_KEY: django-insecure-1",
            "POSTGRES_PASSWORD: postgres",
            "- RABBITMQ_DEFAULT_PASS=guest",
            "AWS_SECRET_ACCESS_KEY: abc",
            "api_token: abc",
            "DATABASE_URL: postgres://shop:hunter2@db/shop",
        ] {
            assert!(is_found(variable), "{variable}");
        }
    }

    #[test]
    fn what_comes_from_outside_or_is_no_secret_is_none() {
        for variable in [
            "SECRET_KEY: ${SET}",
            "- SECRET_KEY=${SET:-fallback}",
            "RABBITMQ_URL: amqp://shop:${SET}@rabbitmq:5672/",
            "SECRET_KEY:",
            "SECRET_KEY_FILE: /run/secrets/secret_key",
            "DB_PASSWORD: /run/secrets/password",
            "REQUIRE_TOKEN: 'true'",
            "CACHE_KEY: shop",
            "PUBLIC_KEY: abc",
            "PASSWORD_HASHERS: argon2",
            "DATABASE_URL: postgres://shop@db/shop",
            "SITE: https://example.com/a:b@c",
        ] {
            assert!(!is_found(variable), "{variable}");
        }
    }

    #[test]
    fn a_file_of_variables_may_hold_secrets() {
        let text = "  web: {image: a, env_file: .env}";
        assert!(messages(plain, text).is_empty());
    }

    #[test]
    fn one_place_is_told_once_and_the_value_never() {
        let text = "
  web: {image: a, environment: &all {SECRET_KEY: hunter2}}
  worker: {image: a, environment: *all}";
        let found = messages(plain, text);
        assert_eq!(
            found,
            ["secret `SECRET_KEY` of service `web` stands in the file"]
        );
    }
}
