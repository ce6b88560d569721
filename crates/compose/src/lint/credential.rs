//! Secrets that protect nothing: examples, well-known passwords, short ones, committed ones.
//!
//! The value itself is never repeated: messages end up in logs of others.

use std::collections::BTreeSet;

use super::secret::{is_secret, password};
use super::setting::Setting;
use super::subject::View;
use crate::diagnostic::{Code, Diagnostic};

/// Parts of values that somebody was to replace.
const EXAMPLES: [&str; 14] = [
    "changeme",
    "change-me",
    "change_me",
    "changethis",
    "change-this",
    "your-secret",
    "your_secret",
    "your-password",
    "your_password",
    "replaceme",
    "replace-me",
    "replace_me",
    "placeholder",
    "django-insecure-",
];

/// What is tried first.
const COMMON: [&str; 17] = [
    "admin", "default", "example", "guest", "letmein", "mysql", "password", "passw0rd", "postgres",
    "qwerty", "rabbitmq", "redis", "root", "secret", "test", "toor", "user",
];

/// Shorter keys can be searched for on rented hardware, and Django asks for more.
const KEY_LENGTH: usize = 32;
/// Fewer different characters are a pattern.
const KEY_VARIETY: usize = 8;
/// Whoever guesses a password has to ask somebody.
const PASSWORD_LENGTH: usize = 8;
const PASSWORD_VARIETY: usize = 4;

/// A secret can be guessed.
pub(super) fn guessable(view: &View<'_>) -> Vec<Diagnostic> {
    let settings = view.settings();
    let found = settings.iter().filter(|one| !one.is_written);
    found
        .filter_map(|one| Some(judge(view, settings, one)?.with_label(one.place, "")))
        .collect()
}

/// A file of variables that holds a secret is in the repository.
pub(super) fn committed(view: &View<'_>) -> Vec<Diagnostic> {
    let found = view.settings().iter().filter(|one| {
        !one.is_written
            && view.context.committed.contains(&one.place.source)
            && secret_of(one).is_some()
    });
    found
        .map(|one| {
            let message = format!(
                "the secret `{}` stands in a file that is committed",
                one.name
            );
            Diagnostic::new(Code::CommittedSecret, message)
                .with_label(one.place, "")
                .with_help(
                    "change it, as it is in the repository's history, take the file out with \
                     `git rm --cached`, or keep it with `shipway secrets set`",
                )
        })
        .collect()
}

/// What is secret of a variable: its value, or the password of a URL.
fn secret_of<'a>(one: &Setting<'a>) -> Option<&'a str> {
    match password(one.value) {
        Some(password) => Some(password),
        None => is_secret(one.name, one.value).then_some(one.value),
    }
}

fn judge(view: &View<'_>, all: &[Setting<'_>], one: &Setting<'_>) -> Option<Diagnostic> {
    let secret = secret_of(one)?;
    let lower = secret.to_ascii_lowercase();
    let examples = view.context.examples.get(one.name);
    let is_example = examples.is_some_and(|known| known.contains(one.value))
        || EXAMPLES.iter().any(|part| lower.contains(part))
        || (lower.starts_with('<') && lower.ends_with('>'))
        || lower.chars().all(|letter| letter == 'x');
    let (code, message) = if is_example {
        let message = format!("`{}` still has the value of an example", one.name);
        (Code::ExampleValue, message)
    } else if is_default(all, one, &lower) {
        let message = format!("`{}` holds a password that everybody tries first", one.name);
        (Code::DefaultPassword, message)
    } else {
        (Code::WeakSecret, weakness(one, secret)?)
    };
    let help = format!(
        "make another one, such as `openssl rand -base64 36` does, or let \
         `shipway secrets set ENVIRONMENT {} --generate` make and keep it",
        one.name.to_ascii_lowercase()
    );
    Some(Diagnostic::new(code, message).with_help(help))
}

/// A well-known password, or the name of the user that it belongs to.
fn is_default(all: &[Setting<'_>], one: &Setting<'_>, lower: &str) -> bool {
    let bare = lower.trim_end_matches(|letter: char| letter.is_ascii_digit());
    let user = ["PASSWORD", "PASS"]
        .iter()
        .find_map(|ending| one.name.strip_suffix(ending))
        .map(|stem| format!("{stem}USER"));
    let is_user = |other: &Setting<'_>| {
        Some(other.name) == user.as_deref() && other.value.eq_ignore_ascii_case(lower)
    };
    bare.is_empty() || COMMON.contains(&bare) || all.iter().any(is_user)
}

fn weakness(one: &Setting<'_>, secret: &str) -> Option<String> {
    let is_key = one.value == secret && (one.name.ends_with("KEY") || one.name.ends_with("SECRET"));
    // Keys of other services are as long as those make them.
    let signs = [
        "SECRET_KEY",
        "SIGNING_KEY",
        "JWT_SECRET",
        "ENCRYPTION_KEY",
        "SESSION_SECRET",
    ];
    let signs = is_key && signs.iter().any(|name| one.name.ends_with(name));
    let (length, variety) = if signs {
        (KEY_LENGTH, KEY_VARIETY)
    } else {
        (PASSWORD_LENGTH, PASSWORD_VARIETY)
    };
    let count = secret.chars().count();
    let different = secret.chars().collect::<BTreeSet<_>>().len();
    if count < length {
        Some(format!(
            "`{}` has {count} characters; it needs {length}",
            one.name
        ))
    } else if different < variety {
        Some(format!("`{}` repeats {different} characters", one.name))
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnostic::Code::{DefaultPassword, ExampleValue, WeakSecret};
    use crate::lint::testing::{context, loaded};

    /// The findings of a variable that comes from outside, with this value by default.
    fn codes(name: &str, value: &str) -> Vec<Code> {
        let text = format!(
            "services:\n  db:\n    image: a\n    environment:\n      POSTGRES_USER: shopper\n      \
             {name}: \"${{UNSET:-{value}}}\"\n"
        );
        let loaded = loaded(&text);
        let mut context = context();
        context.examples.insert(
            "API_TOKEN".to_owned(),
            ["0f8c4b1e-from-the-example".to_owned()].into(),
        );
        let found = guessable(&View::new(&loaded, &context));
        for one in &found {
            assert!(!one.message.contains(value), "{one:?}");
        }
        found.iter().map(|one| one.code).collect()
    }

    #[test]
    fn what_can_be_guessed_is_found_by_its_reason() {
        for (name, value, code) in [
            (
                "SECRET_KEY",
                "django-insecure-0g9ua8dfhg98dfhg98dfhg9dfg9",
                ExampleValue,
            ),
            (
                "SECRET_KEY",
                "please-ChangeMe-0g9ua8dfhg98dfhg98dfhg9dfg9",
                ExampleValue,
            ),
            ("API_TOKEN", "0f8c4b1e-from-the-example", ExampleValue),
            ("DB_PASSWORD", "<password>", ExampleValue),
            ("POSTGRES_PASSWORD", "postgres", DefaultPassword),
            ("POSTGRES_PASSWORD", "Password123", DefaultPassword),
            ("POSTGRES_PASSWORD", "shopper", DefaultPassword),
            (
                "DATABASE_URL",
                "postgres://shop:postgres@db/shop",
                DefaultPassword,
            ),
            ("SECRET_KEY", "kdfj3094utjg", WeakSecret),
            (
                "SECRET_KEY",
                "abababababababababababababababababababab",
                WeakSecret,
            ),
            ("DB_PASSWORD", "k3F9x", WeakSecret),
        ] {
            assert_eq!(codes(name, value), [code], "{name}={value}");
        }
    }

    #[test]
    fn what_cannot_be_guessed_or_is_no_secret_is_right() {
        for (name, value) in [
            ("SECRET_KEY", "eT5-0g9ua8dfhg98Qfhg98dfhg9dfg9_kP2"),
            ("DB_PASSWORD", "correct-horse-battery"),
            ("SECRET_KEY_FILE", "/run/secrets/secret_key"),
            ("STRIPE_API_KEY", "sk_live_4eC39Hq"),
            ("DATABASE_URL", "postgres://shop:eT50g9ua8d@db/shop"),
            ("GREETING", "changeme"),
        ] {
            assert!(codes(name, value).is_empty(), "{name}={value}");
        }
    }

    #[test]
    fn what_stands_in_the_compose_file_has_a_finding_of_its_own() {
        let loaded = loaded("services: {db: {image: a, environment: {DB_PASSWORD: postgres}}}\n");
        let context = context();
        assert!(guessable(&View::new(&loaded, &context)).is_empty());
    }

    #[test]
    fn a_committed_file_is_found_at_its_line() {
        let loaded = loaded("services: {db: {image: a, env_file: .env}}\n");
        let mut context = context();
        assert!(committed(&View::new(&loaded, &context)).is_empty());
        let file = loaded
            .sources
            .iter()
            .position(|one| one.name.ends_with(".env"));
        let file = u16::try_from(file.unwrap()).unwrap();
        context.committed.insert(file);
        let found = committed(&View::new(&loaded, &context));
        assert_eq!(found.len(), 1);
        let place = found[0].labels[0].span;
        assert_eq!((place.source, place.line), (file, 1));
    }
}
